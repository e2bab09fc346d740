/* nanoarrow without memory. It allocates many small pieces, and where one fails it loses others, and in one place crashes (0.9.0). So the library's own
 * malloc is put beneath it (cmake/ThirdParty.cmake), which takes from a reserve when there is no memory any more: nanoarrow goes on, and we find out
 * afterwards.
 *
 *     arrow_enter(&reserve);
 *     code = Arrow...();
 *     if (!arrow_leave()) -> out of memory, whatever the code
 *
 * What nanoarrow has then made may lie in the reserve: it is of no use but to be freed, between arrow_enter() and arrow_leave() again, on any thread.
 * Between the two there is nothing but calls of nanoarrow. */
#ifndef DATA_ARROW_MEMORY_H
#define DATA_ARROW_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Zero is empty. */
struct arrow_reserve {
    unsigned char *bytes;
    size_t size, used;
    bool needed; /* memory was out: stays so */
};

/* Enough for what nanoarrow makes of so many columns: arrays, views and schemas. False: out of memory, or it was already. */
bool arrow_reserve_for(struct arrow_reserve *reserve, size_t columns);
void arrow_reserve_release(struct arrow_reserve *reserve); /* when all that may lie in it is freed */

void arrow_enter(struct arrow_reserve *reserve);
bool arrow_leave(void);

#endif

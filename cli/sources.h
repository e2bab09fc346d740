/* From the SOURCE arguments to tables and their files. One argument is one table; arguments with the same table are joined. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include <spile/spile.h>

/* Files of one table, in the order in which they are read. */
struct source_table {
    char *name;
    char **paths;
    size_t count, capacity;
};

struct sources {
    struct source_table *tables;
    struct spile_part *parts; /* the same for the library */
    size_t count;
};

/* `table`: the table of all arguments; NULL: named after each. Release also after a failure. */
enum spile_status sources_collect(struct sources *out, const char *const *arguments, size_t count, const char *table,
                                  struct spile_error *err);

/* What the library is to load. Points into `sources`. */
struct spile_data sources_data(const struct sources *sources);

void sources_release(struct sources *sources);

#endif

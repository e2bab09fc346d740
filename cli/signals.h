/* Ctrl-C and SIGTERM. The first one asks what is running to stop; it then fails with SPILE_CANCELLED, or succeeds if a commit had begun. The second one ends
 * the process at once, which is safe: the database forgets a transaction that is not committed. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <spile/spile.h>

void signals_catch(void);
void signals_running(struct spile_pipeline *pipeline); /* that is to be stopped; NULL: nothing is */
int signals_came(void); /* the number of the first one; 0: none */

/* A signal that came just before the call began was forgotten by it: it is passed on again. */
void signals_repeat(void);

#endif

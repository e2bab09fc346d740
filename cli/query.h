/* spile query. */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include "options.h"

extern const struct command query_command;

int query_run(char **arguments, size_t count);

#endif

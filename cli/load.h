/* The commands "spile load" and "spile plan": the same arguments, and the same way up to the database. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "options.h"

extern const struct command load_command, plan_command;

int load_run(char **arguments, size_t count);
int plan_run(char **arguments, size_t count);

#endif

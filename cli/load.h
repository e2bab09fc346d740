/* The command "spile load". */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "options.h"

extern const struct command load_command;

int load_run(char **arguments, size_t count);

#endif

/* The command "spile schema": schemas in datasets and in files. */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include "options.h"

extern const struct command schema_command;

int schema_run(char **arguments, size_t count);

#endif

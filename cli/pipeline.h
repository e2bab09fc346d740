/* spile pipeline. */
#ifndef CLI_PIPELINE_H
#define CLI_PIPELINE_H

#include "options.h"

extern const struct command pipeline_command;

int pipeline_run(char **arguments, size_t count);

#endif

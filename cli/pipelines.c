/* The pipeline's name, when none is given: that of the destination's file. */
#include "pipelines.h"

#include <stdbool.h>
#include <string.h>

#include "report.h"

#define PIPELINE_NAME_MAX 64

static bool is_name_character(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

/* Where the file's name in a destination begins, without "duckdb:" and folders. */
static const char *destination_file(const char *destination)
{
    const char *path = strncmp(destination, "duckdb:", 7) == 0 ? destination + 7 : destination, *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* dlt names the DuckDB file after the pipeline; this is the way back. A character of several bytes becomes one "_". */
static enum spile_status pipeline_from_destination(char name[PIPELINE_NAME_MAX + 1], const char *destination,
                                                   struct spile_error *err)
{
    const char *file = destination_file(destination), *dot = strrchr(file, '.'), *end = dot > file ? dot : file + strlen(file);
    enum spile_status status = SPILE_OK;
    size_t length = 0;

    for (; file < end && length <= PIPELINE_NAME_MAX; file++)
        if (((unsigned char)*file & 0xC0) != 0x80)
            name[length++] = is_name_character((unsigned char)*file) ? *file : '_';
    if (length > PIPELINE_NAME_MAX)
        status = fail(err, SPILE_USAGE, "the file name in --to \"%s\" is too long for the name of a pipeline", destination);
    else if (length == 0 || strcmp(destination, "duckdb") == 0)
        status = fail(err, SPILE_USAGE, "--to \"%s\" names no file to name the pipeline after", destination);
    name[status == SPILE_OK ? length : 0] = '\0';
    return hint(err, status, "add --pipeline NAME, of at most %d letters, digits, \"_\" and \"-\"", PIPELINE_NAME_MAX);
}

enum spile_status pipeline_open(struct spile_pipeline **out, const char *name, const struct spile_pipeline_options *options,
                                struct spile_error *err)
{
    char from_destination[PIPELINE_NAME_MAX + 1];
    enum spile_status status = name ? SPILE_OK : pipeline_from_destination(from_destination, options->destination, err);

    return status == SPILE_OK ? spile_pipeline_open(out, name ? name : from_destination, options, err) : status;
}

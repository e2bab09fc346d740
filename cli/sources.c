/* Finds the files that the SOURCE arguments name, and the table each argument is loaded into:
 *
 *   data/events.json.gz    -> events    that file
 *   data/orders/           -> orders    all JSON files below it
 *   'data/clicks-*.jsonl'  -> clicks    the files that match; without a literal beginning the folder's name
 *   -                      -> --table   standard input
 */
#include "sources.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "report.h"

#define WILDCARDS "*?["
#define FOLDER_DEPTH_MAX 128

static const char *const compression_endings[] = { ".gz", ".zst", NULL };
static const char *const json_endings[] = { ".json", ".jsonl", ".ndjson", NULL };

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

/* Length of the name without one of the endings; the whole length when there is none, or nothing else. */
static size_t without_ending(const char *name, size_t length, const char *const *endings)
{
    for (; *endings; endings++) {
        size_t ending = strlen(*endings);

        if (length > ending && strncasecmp(name + length - ending, *endings, ending) == 0)
            return length - ending;
    }
    return length;
}

static bool is_json_name(const char *name)
{
    size_t length = without_ending(name, strlen(name), compression_endings);

    return without_ending(name, length, json_endings) < length;
}

static size_t stem_length(const char *name, size_t length)
{
    return without_ending(name, without_ending(name, length, compression_endings), json_endings);
}

/* Length of the path without slashes at its end (0 for "/"). */
static size_t path_length(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] == '/')
        length--;
    return length;
}

/* Where the last part of a path begins. */
static size_t last_part(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length;
}

/* Name of a folder, also of ".", ".." and "" (here), which have none of their own. The root has none: "". */
static char *folder_name(const char *path, size_t length)
{
    char *given = allocated(strndup(length ? path : ".", length ? length : 1)), *real;
    size_t end = path_length(given, strlen(given)), start = last_part(given, end);

    given[end] = end ? '\0' : given[end];
    if (given[start] == '/' || strcmp(given + start, ".") == 0 || strcmp(given + start, "..") == 0) {
        real = realpath(given, NULL);
        free(given);
        given = real ? real : allocated(strdup(""));
        start = last_part(given, strlen(given));
    }
    memmove(given, given + start, strlen(given + start) + 1);
    return given;
}

/* Name for the files of a pattern: what stands before the first wildcard in the last part, else the same of the part before. */
static char *pattern_name(const char *pattern, size_t length)
{
    size_t end = path_length(pattern, length), start = last_part(pattern, end), literal, kept;

    if (!memchr(pattern, '*', end) && !memchr(pattern, '?', end) && !memchr(pattern, '[', end))
        return folder_name(pattern, length);
    literal = strcspn(pattern + start, WILDCARDS);
    if (start + literal >= end)
        literal = stem_length(pattern + start, end - start);
    for (kept = literal; kept > 0 && strchr("-_.", pattern[start + kept - 1]); kept--)
        ;
    return kept ? allocated(strndup(pattern + start, kept)) : pattern_name(pattern, start);
}

static char *file_name(const char *path)
{
    size_t end = path_length(path, strlen(path)), start = last_part(path, end);

    return allocated(strndup(path + start, stem_length(path + start, end - start)));
}

/* ---- lists of files -------------------------------------------------------------------------------------------------------- */

/* Takes over the path. "-" found in the file system is a file of that name, not standard input. */
static void path_add(struct source_table *table, char *path)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 8;
        table->paths = allocated(reallocarray(table->paths, table->capacity, sizeof(*table->paths)));
    }
    table->paths[table->count++] = path;
}

static char *path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    char *path;

    if (asprintf(&path, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name) < 0)
        path = NULL;
    return allocated(path);
}

static enum spile_status folder_add(struct source_table *table, const char *path, unsigned depth, struct spile_error *err);

/* Links to files are followed, links to folders are not: they could lead in a circle. */
static enum spile_status entry_add(struct source_table *table, const char *folder, const char *name, unsigned depth,
                                   struct spile_error *err)
{
    char *path = path_join(folder, name);
    struct stat link, target;
    enum spile_status status = SPILE_OK;

    if (lstat(path, &link) == 0 && S_ISDIR(link.st_mode)) {
        status = folder_add(table, path, depth + 1, err);
    } else if (is_json_name(name) && (stat(path, &target) != 0 || S_ISREG(target.st_mode))) {
        path_add(table, path); /* what can't be looked at is left for the library to complain about */
        path = NULL;
    }
    free(path);
    return status;
}

static enum spile_status folder_fail(const char *path, struct spile_error *err)
{
    enum spile_status status = fail(err, SPILE_SOURCE, "cannot read folder \"%s\": %s", path, strerror(errno));

    return hint(err, status, "check its permissions, or name the files to load");
}

static enum spile_status folder_add(struct source_table *table, const char *path, unsigned depth, struct spile_error *err)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    enum spile_status status = SPILE_OK;

    if (!folder)
        return folder_fail(path, err);
    if (depth > FOLDER_DEPTH_MAX)
        status = fail(err, SPILE_SOURCE, "folder \"%s\" is nested more than %d levels deep", path, FOLDER_DEPTH_MAX);
    while (status == SPILE_OK && (errno = 0, entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            status = entry_add(table, path, entry->d_name, depth, err);
    if (status == SPILE_OK && errno)
        status = folder_fail(path, err);
    closedir(folder);
    return status;
}

static int path_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The JSON files below a folder, sorted bytewise by path. Maybe none. */
static enum spile_status tree_add(struct source_table *table, const char *path, struct spile_error *err)
{
    size_t before = table->count;
    enum spile_status status = folder_add(table, path, 0, err);

    if (table->count > before)
        qsort(table->paths + before, table->count - before, sizeof(*table->paths), path_compare);
    return status;
}

/* ---- kinds of arguments ---------------------------------------------------------------------------------------------------- */

static enum spile_status folder_argument(struct source_table *table, const char *path, struct spile_error *err)
{
    size_t before = table->count;
    enum spile_status status = tree_add(table, path, err);

    if (status != SPILE_OK || table->count > before)
        return status;
    status = fail(err, SPILE_SOURCE, "there are no JSON files in folder \"%s\"", path);
    return hint(err, status, "files end in .json, .jsonl or .ndjson, with .gz or .zst if compressed, and are not hidden; "
                "name others one by one or with a pattern");
}

/* A pattern may match folders, too. */
static enum spile_status match_add(struct source_table *table, const char *path, struct spile_error *err)
{
    struct stat found;

    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return tree_add(table, path, err);
    path_add(table, strcmp(path, "-") == 0 ? path_join(".", path) : allocated(strdup(path)));
    return SPILE_OK;
}

static enum spile_status pattern_argument(struct source_table *table, const char *pattern, struct spile_error *err)
{
    size_t before = table->count;
    glob_t matches = { 0 };
    int result = glob(pattern, GLOB_ERR | GLOB_NOESCAPE, NULL, &matches);
    enum spile_status status = SPILE_OK;

    if (result == GLOB_NOSPACE)
        allocated(NULL);
    if (result == GLOB_ABORTED)
        status = fail(err, SPILE_SOURCE, "cannot read a folder of the pattern \"%s\": %s", pattern, strerror(errno));
    for (size_t i = 0; i < matches.gl_pathc && status == SPILE_OK; i++)
        status = match_add(table, matches.gl_pathv[i], err);
    globfree(&matches);
    if (status == SPILE_OK && table->count == before)
        status = fail(err, SPILE_SOURCE, "no file matches \"%s\"", pattern);
    return hint(err, status, "check the folder and the pattern; \"*\" does not cross a \"/\", a folder loads all below it");
}

static enum spile_status stdin_argument(struct source_table *table, struct spile_error *err)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->paths[i], "-") == 0)
            return fail(err, SPILE_USAGE, "standard input (\"-\") can be named once");
    path_add(table, allocated(strdup("-")));
    return SPILE_OK;
}

enum source_kind { SOURCE_FILE, SOURCE_FOLDER, SOURCE_PATTERN, SOURCE_STDIN };

/* Whatever exists is taken by its name, even if that has a wildcard in it. */
static enum source_kind source_kind(const char *argument)
{
    struct stat found;

    if (strcmp(argument, "-") == 0)
        return SOURCE_STDIN;
    if (stat(argument, &found) == 0)
        return S_ISDIR(found.st_mode) ? SOURCE_FOLDER : SOURCE_FILE;
    return strpbrk(argument, WILDCARDS) ? SOURCE_PATTERN : SOURCE_FILE;
}

static char *source_name(const char *argument, enum source_kind kind)
{
    switch (kind) {
    case SOURCE_FILE:
        return file_name(argument);
    case SOURCE_FOLDER:
        return folder_name(argument, strlen(argument));
    case SOURCE_PATTERN:
        return pattern_name(argument, strlen(argument));
    case SOURCE_STDIN:
        break;
    }
    return allocated(strdup(""));
}

static enum spile_status source_add(struct source_table *table, const char *argument, enum source_kind kind,
                                    struct spile_error *err)
{
    switch (kind) {
    case SOURCE_FILE:
        path_add(table, allocated(strdup(argument)));
        return SPILE_OK;
    case SOURCE_FOLDER:
        return folder_argument(table, argument, err);
    case SOURCE_PATTERN:
        return pattern_argument(table, argument, err);
    case SOURCE_STDIN:
        break;
    }
    return stdin_argument(table, err);
}

/* ---- tables ---------------------------------------------------------------------------------------------------------------- */

/* Takes over the name. The caller made room for one table per argument. */
static struct source_table *table_of(struct sources *sources, char *name)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (strcmp(sources->tables[i].name, name) == 0) {
            free(name);
            return &sources->tables[i];
        }
    }
    sources->tables[sources->count].name = name;
    return &sources->tables[sources->count++];
}

static enum spile_status no_name(const char *argument, enum source_kind kind, struct spile_error *err)
{
    enum spile_status status;

    if (kind == SOURCE_STDIN)
        status = fail(err, SPILE_USAGE, "standard input (\"-\") has no name for its table");
    else
        status = fail(err, SPILE_USAGE, "\"%s\" has no name for its table", argument);
    return hint(err, status, "add --table NAME");
}

static enum spile_status argument_collect(struct sources *sources, const char *argument, const char *table,
                                          struct spile_error *err)
{
    enum source_kind kind = source_kind(argument);
    char *name;

    if (!*argument)
        return fail(err, SPILE_USAGE, "a SOURCE is empty");
    name = table ? allocated(strdup(table)) : source_name(argument, kind);
    if (!*name) {
        free(name);
        return no_name(argument, kind, err);
    }
    return source_add(table_of(sources, name), argument, kind, err);
}

static void parts_make(struct sources *sources)
{
    sources->parts = allocated(calloc(sources->count, sizeof(*sources->parts)));
    for (size_t i = 0; i < sources->count; i++) {
        const struct source_table *table = &sources->tables[i];

        sources->parts[i].table = table->name;
        sources->parts[i].data = spile_files((const char *const *)table->paths, table->count);
    }
}

enum spile_status sources_collect(struct sources *out, const char *const *arguments, size_t count, const char *table,
                                  struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    memset(out, 0, sizeof(*out));
    out->tables = allocated(calloc(count, sizeof(*out->tables)));
    for (size_t i = 0; i < count && status == SPILE_OK; i++)
        status = argument_collect(out, arguments[i], table, err);
    if (status == SPILE_OK)
        parts_make(out);
    return status;
}

struct spile_data sources_data(const struct sources *sources)
{
    return sources->count == 1 ? sources->parts[0].data : spile_parts(sources->parts, sources->count);
}

void sources_release(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        for (size_t j = 0; j < sources->tables[i].count; j++)
            free(sources->tables[i].paths[j]);
        free(sources->tables[i].paths);
        free(sources->tables[i].name);
    }
    free(sources->tables);
    free(sources->parts);
    memset(sources, 0, sizeof(*sources));
}

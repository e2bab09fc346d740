#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "data/json_text.h"

#define NAME_MAX_CHARS 64
#define MEMORY_DEFAULT_MAX ((uint64_t)2 << 30)
#define RETRY_SECONDS_DEFAULT 60.0
#define MEMORY_MIN ((uint64_t)64 << 20)

const char *spile_version(void)
{
    return SPILE_VERSION;
}

const char *spile_destination_name(size_t index)
{
    const struct destination_ops *ops = destination_at(index);

    return ops ? ops->scheme : NULL;
}

const char *spile_destination_summary(size_t index)
{
    const struct destination_ops *ops = destination_at(index);

    return ops ? ops->summary : NULL;
}

enum spile_status spile_destination_library(const char *destination, char *path, char *version, size_t size, struct spile_error *err)
{
    const struct destination_ops *ops = destination_by_scheme(destination);

    if (!ops)
        return spile_fail(err, SPILE_CONFIG, "unknown destination \"%s\"", destination);
    return ops->locate(path, version, size, err);
}

/* ---- options -------------------------------------------------------------------------------------------------------------------- */

bool pipeline_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length <= NAME_MAX_CHARS && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == length;
}

static enum spile_status check_name(const char *name, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    if (pipeline_name_is_valid(name))
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "\"%s\" can't be the name of a pipeline", shorten(extract, name, strlen(name)));
    return spile_hint(err, SPILE_USAGE, "use 1 to %d letters, digits, underscores and hyphens", NAME_MAX_CHARS);
}

static enum spile_status fail_unnamed(const char *shown, const char *what, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "destination \"%s\" %s", shorten(extract, shown, strlen(shown)), what);
    return spile_hint(err, SPILE_USAGE, "give the pipeline a name of at most %d letters, digits, \"_\" and \"-\" (--pipeline NAME; spile query NAME SQL)",
                      NAME_MAX_CHARS);
}

/* dlt names a file after the pipeline; this is the way back. A character of several bytes becomes one "_". */
static enum spile_status name_after_destination(struct spile_pipeline *p, const char *destination, struct spile_error *err)
{
    char found[NAME_MAX_CHARS + 2];
    const char *end = p->shown + (p->ops->caps.has_path ? strlen(p->shown) : strcspn(p->shown, "?")); /* behind which options may have paths */
    const char *base = end, *dot;
    size_t length = 0;

    while (base > p->shown && base[-1] != '/')
        base--;
    dot = p->ops->caps.has_path ? strrchr(base, '.') : NULL;
    for (end = dot && dot > base ? dot : end; base < end && length <= NAME_MAX_CHARS; base++)
        if (((unsigned char)*base & 0xC0) != 0x80) {
            const char one[] = { *base, 0 };

            found[length++] = pipeline_name_is_valid(one) ? *base : '_';
        }
    if (!length)
        return fail_unnamed(*p->shown ? p->shown : destination, "names nothing to name the pipeline after", err);
    if (length > NAME_MAX_CHARS)
        return fail_unnamed(p->shown, "has too long a name for a pipeline", err);
    p->name = arena_copy(&p->arena, found, length);
    return p->name ? SPILE_OK : spile_fail_nomem(err);
}

/* dlt's rule, with our name: the environment, /var for root, the home folder. */
static const char *default_data_dir(struct arena *arena)
{
    const char *chosen = getenv("SPILE_DATA_DIR"), *home = getenv("HOME");

    if (chosen && *chosen)
        return chosen;
    if (!geteuid())
        return "/var/spile";
    return arena_printf(arena, "%s/.spile", home && *home ? home : "/tmp");
}

const char *pipelines_folder(const char *data_dir, struct arena *arena)
{
    if (!data_dir)
        data_dir = default_data_dir(arena);
    return data_dir ? arena_printf(arena, "%s/pipelines", data_dir) : NULL;
}

static bool set_folders(struct spile_pipeline *p, const char *data_dir)
{
    const char *parent = pipelines_folder(data_dir, &p->arena);

    p->folder = parent ? arena_printf(&p->arena, "%s/%s", parent, p->name) : NULL;
    if (!p->folder)
        return false;
    p->packages_folder = arena_printf(&p->arena, "%s/packages", p->folder);
    p->extracted_folder = arena_printf(&p->arena, "%s/extracted", p->folder);
    p->lock_path = arena_printf(&p->arena, "%s/lock", p->folder);
    p->last_run_path = arena_printf(&p->arena, "%s/" LAST_RUN_FILE, p->folder);
    return p->packages_folder && p->extracted_folder && p->lock_path && p->last_run_path;
}

static uint64_t default_memory(void)
{
    struct sysinfo machine;
    uint64_t quarter = sysinfo(&machine) ? MEMORY_DEFAULT_MAX : (uint64_t)machine.totalram * machine.mem_unit / 4;

    return quarter < MEMORY_DEFAULT_MAX ? quarter : MEMORY_DEFAULT_MAX;
}

static unsigned default_workers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors > 0 ? (unsigned)processors : 1;
}

static enum spile_status set_replace_strategy(struct spile_pipeline *p, const char *given, struct spile_error *err)
{
    static const char *const names[] = { [REPLACE_TRUNCATE_AND_INSERT] = "truncate-and-insert", [REPLACE_INSERT_FROM_STAGING] = "insert-from-staging",
                                         [REPLACE_STAGING_OPTIMIZED] = "staging-optimized" };
    const char *said = given && *given ? given : destination_setting(p->ops, p->name, "replace_strategy");
    enum replace_strategy strategy = REPLACE_TRUNCATE_AND_INSERT;

    if (!said)
        return SPILE_OK;
    while (strategy <= REPLACE_STAGING_OPTIMIZED && strcmp(names[strategy], said))
        strategy++;
    if (strategy > REPLACE_STAGING_OPTIMIZED) {
        spile_fail(err, SPILE_CONFIG, "unknown replace strategy \"%s\"", said);
        return spile_hint(err, SPILE_CONFIG, "use truncate-and-insert, insert-from-staging or staging-optimized");
    }
    if (!(p->ops->caps.replaces & 1u << strategy)) {
        spile_fail(err, SPILE_CONFIG, "%s has no replace strategy %s", p->ops->scheme, said);
        return spile_hint(err, SPILE_CONFIG, "leave it out: tables are replaced in one transaction anyway");
    }
    p->replace_strategy = strategy;
    return SPILE_OK;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcasecmp(word, *words))
        words++;
    return *words;
}

/* Words for true and false that dlt takes. */
static enum spile_status set_unique(struct spile_pipeline *p, enum spile_choice given, struct spile_error *err)
{
    static const char *const yes[] = { "true", "yes", "on", "t", "y", "1", NULL }, *const no[] = { "false", "no", "off", "f", "n", "0", NULL };
    const char *said = given ? NULL : destination_setting(p->ops, p->name, "create_indexes");

    if (given > SPILE_NO)
        return spile_fail(err, SPILE_USAGE, "%d is no choice for create_indexes", (int)given);
    if (!given && !said)
        said = destination_setting(p->ops, p->name, "create_unique_indexes");
    if (said && !is_one_of(said, yes) && !is_one_of(said, no)) {
        spile_fail(err, SPILE_CONFIG, "\"%s\" does not say whether to create indexes", said);
        return spile_hint(err, SPILE_CONFIG, "set DESTINATION__CREATE_INDEXES to true or false");
    }
    if (said)
        given = is_one_of(said, yes) ? SPILE_YES : SPILE_NO;
    if (given == SPILE_YES && p->ops->caps.unique == UNIQUE_NEVER) {
        spile_fail(err, SPILE_CONFIG, "%s has no unique indexes", p->ops->scheme);
        return spile_hint(err, SPILE_CONFIG, "leave them out: a merge keeps keys unique by itself");
    }
    p->unique = given ? given == SPILE_YES : p->ops->caps.unique == UNIQUE_ALWAYS;
    return SPILE_OK;
}

static enum spile_status set_limits(struct spile_pipeline *p, const struct spile_pipeline_options *options, struct spile_error *err)
{
    p->workers = options->workers ? options->workers : default_workers();
    p->max_memory = options->max_memory ? options->max_memory : default_memory();
    p->retry_seconds = options->retry_seconds == 0 ? RETRY_SECONDS_DEFAULT : options->retry_seconds > 0 ? options->retry_seconds : 0;
    if (p->workers > 1024)
        return spile_fail(err, SPILE_USAGE, "%u workers are too many", p->workers), spile_hint(err, SPILE_USAGE, "use 1 to 1024");
    if (options->max_memory && p->max_memory < MEMORY_MIN)
        return spile_fail(err, SPILE_USAGE, "%llu bytes of memory are too few", (unsigned long long)p->max_memory),
               spile_hint(err, SPILE_USAGE, "allow at least %llu MiB", (unsigned long long)(MEMORY_MIN >> 20));
    return SPILE_OK;
}

/* A dataset that nobody has used: as dlt's dev mode, but with hours from 0 to 23, so that two runs half a day apart do not share one. */
static const char *dev_name(struct spile_pipeline *p, const char *name)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];

    gmtime_r(&now, &utc);
    strftime(stamp, sizeof(stamp), "_%Y%m%d%H%M%S", &utc);
    return arena_printf(&p->arena, "%s%s", name, stamp);
}

/* The dataset's name is normalized like a table's, as in dlt; that of the last run, if it was recalled, is normalized already. */
static bool set_dataset(struct spile_pipeline *p, const char *dataset, bool dev_mode)
{
    bool is_given = dataset && *dataset;
    const char *usual = p->ops->caps.default_dataset;
    const char *name = is_given ? dataset : usual ? usual : arena_printf(&p->arena, "%s_dataset", p->name);

    if (p->dataset && !is_given && !dev_mode)
        return true;
    if (name && dev_mode)
        name = dev_name(p, name);
    p->dataset = name ? naming_identifier(&p->arena, &p->naming, slice_of(name)) : NULL;
    return p->dataset;
}

static bool copy_text(struct spile_pipeline *p, const char **out, const char *text)
{
    *out = text && *text ? arena_copy(&p->arena, text, strlen(text)) : NULL;
    return *out || !text || !*text;
}

/* What the caller says of name and destination, as far as it can be wrong in itself. */
static enum spile_status check_given(const char *name, const char *destination, struct spile_error *err)
{
    enum spile_status status = name ? check_name(name, err) : SPILE_OK;

    if (!name && (!destination || !*destination))
        return spile_fail(err, SPILE_USAGE, "the pipeline needs a name");
    if (status || !destination || *destination)
        return status;
    spile_fail(err, SPILE_USAGE, "no destination given");
    return spile_hint(err, SPILE_USAGE, "name one, such as \"events.duckdb\"");
}

static enum spile_status set_name(struct spile_pipeline *p, const char *name, const char *destination, struct spile_error *err)
{
    if (!name)
        return name_after_destination(p, destination, err);
    p->name = arena_copy(&p->arena, name, strlen(name));
    return p->name ? SPILE_OK : spile_fail_nomem(err);
}

/* A destination that names no place has one that is named after the pipeline. */
static enum spile_status set_place(struct spile_pipeline *p, struct spile_error *err)
{
    if (!*p->location)
        p->location = p->shown = arena_printf(&p->arena, "%s%s", p->name, p->ops->extensions[0]);
    return p->location ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status set_naming(struct spile_pipeline *p, const char *naming, struct spile_error *err)
{
    p->naming = (struct naming){ .length_max = p->ops->caps.name_length_max, .bytes_max = p->ops->caps.name_bytes_max, .folds = p->ops->caps.names_fold };
    p->naming_given = naming && *naming;
    if (!p->naming_given || naming_find(slice_of(naming), &p->naming.convention))
        return SPILE_OK;
    return naming_fail_unknown(slice_of(naming), err);
}

/* A caller built with an older header has a shorter struct: what it lacks is the default. */
static struct spile_pipeline_options whole(const struct spile_pipeline_options *options)
{
    struct spile_pipeline_options copy = { 0 };

    if (options)
        memcpy(&copy, options, options->size && options->size < sizeof(copy) ? options->size : sizeof(copy));
    return copy;
}

enum spile_status spile_pipeline_open(struct spile_pipeline **out, const char *name, const struct spile_pipeline_options *given,
                                      struct spile_error *err)
{
    const struct spile_pipeline_options options = whole(given);
    struct spile_pipeline *p;
    enum spile_status status = check_given(name, options.destination, err);

    *out = NULL;
    p = status ? NULL : calloc(1, sizeof(*p));
    if (!p)
        return status ? status : spile_fail_nomem(err);
    if (options.destination)
        status = destination_find(&p->ops, options.destination, name, &p->arena, &p->location, &p->shown, err);
    if (!status)
        status = set_name(p, name, options.destination, err);
    if (!status && !set_folders(p, options.data_dir))
        status = spile_fail_nomem(err);
    if (!status)
        status = options.destination ? set_place(p, err) : last_run_recall(p, err);
    if (!status)
        status = set_naming(p, options.naming, err);
    if (!status && (!set_dataset(p, options.dataset, options.dev_mode) ||
                    !copy_text(p, &p->import_folder, options.import_folder) || !copy_text(p, &p->export_folder, options.export_folder)))
        status = spile_fail_nomem(err);
    if (!status)
        status = set_replace_strategy(p, options.replace_strategy, err);
    if (!status)
        status = set_unique(p, options.create_indexes, err);
    if (!status)
        status = set_limits(p, &options, err);
    if (!status)
        status = folder_make(p->packages_folder, err);
    if (status)
        spile_pipeline_close(p);
    else
        *out = p;
    return status;
}

void spile_pipeline_close(struct spile_pipeline *p)
{
    if (!p)
        return;
    text_release(&p->answer);
    arena_release(&p->arena);
    free(p);
}

const char *spile_pipeline_destination(const struct spile_pipeline *pipeline)
{
    return pipeline->shown;
}

const char *spile_pipeline_dataset(const struct spile_pipeline *pipeline)
{
    return pipeline->dataset;
}

enum spile_status pipeline_answer(struct spile_pipeline *p, yyjson_mut_val *value, const char **json, struct spile_error *err)
{
    text_release(&p->answer);
    json_text_append(&p->answer, value, true);
    *json = p->answer.failed ? NULL : p->answer.text;
    return *json ? SPILE_OK : spile_fail_nomem(err);
}

void spile_pipeline_cancel(struct spile_pipeline *p)
{
    atomic_store(&p->cancelled, true);
}

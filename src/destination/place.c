/* Where a load goes: from the user's text and the environment to a destination and a place in it. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "destination/destination.h"

/* ---- settings ------------------------------------------------------------------------------------------------------------------- */

/* In which sections its settings stand, in dlt's order. */
struct sections {
    const char *names[5];
    char texts[2][64];
};

static const char *const *sections_of(const struct destination_ops *ops, struct sections *sections)
{
    const char *dlt_type = strrchr(ops->caps.dlt_type, '.');
    size_t count = 0;

    snprintf(sections->texts[0], sizeof(sections->texts[0]), "destination.%s", ops->scheme);
    snprintf(sections->texts[1], sizeof(sections->texts[1]), "destination%s", dlt_type ? dlt_type : "");
    sections->names[count++] = sections->texts[0];
    if (strcmp(sections->texts[0], sections->texts[1]))
        sections->names[count++] = sections->texts[1];
    sections->names[count++] = "destination";
    sections->names[count++] = "";
    sections->names[count] = NULL;
    return sections->names;
}

const char *destination_setting(const struct destination_ops *ops, const char *pipeline, const char *setting)
{
    struct sections sections;

    return config_find(&(struct config_key){ pipeline, sections_of(ops, &sections), setting });
}

/* ---- messages ------------------------------------------------------------------------------------------------------------------- */

static bool may_have_password(const char *text)
{
    return strchr(text, '@') || strstr(text, "password");
}

/* Of a URI, or of libpq's words, up to where a password may be. */
static size_t shown_length(const char *text)
{
    const char *uri = strstr(text, "://");

    return uri ? (size_t)(uri - text) : may_have_password(text) || strstr(text, "//") ? strcspn(text, ":/@= ") : strlen(text);
}

static const char *what_is_cut(const char *text, size_t length)
{
    return !text[length] ? "" : strncmp(text + length, "://", 3) ? "..." : "://...";
}

/* ---- paths ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_path(const struct destination_ops *ops, const char *whole, const char *why, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    size_t length = may_have_password(whole) ? shown_length(whole) : strlen(whole);

    spile_fail(err, SPILE_CONFIG, "destination \"%s%s\" %s", shorten(extract, whole, length), what_is_cut(whole, length), why);
    return spile_hint(err, SPILE_CONFIG, "name a file: %s:PATH, or %s:///PATH", ops->scheme, ops->scheme);
}

/* What follows "scheme:": a path, or with "//" a host (which must be empty here) and a path. As in database URLs three slashes begin a
 * path relative to the current folder and four an absolute one. */
static enum spile_status path_of_url(const char *whole, const char *rest, const struct destination_ops *ops, const char **path, struct spile_error *err)
{
    size_t length;

    *path = strncmp(rest, "///", 3) ? rest : rest + 3;
    length = strlen(*path);
    if (!strncmp(*path, "//", 2))
        return fail_path(ops, whole, "names a host", err);
    if (length > 1 && (*path)[0] == ':' && (*path)[length - 1] == ':') /* ":memory:", and dlt's ":pipeline:" */
        return fail_path(ops, whole, "is no file that is there when the command has ended", err);
    return SPILE_OK;
}

const char *destination_behind_scheme(const char *text, const char *scheme)
{
    size_t length = strlen(scheme);

    if (strncmp(text, scheme, length))
        return NULL;
    text += length;
    if (*text == '+')
        text += strcspn(text, ":/?@");
    return *text == ':' ? text + 1 : NULL;
}

/* The text itself is not shown: it may have a password. */
static enum spile_status fail_foreign(const struct destination_ops *ops, const char *variable, struct spile_error *err)
{
    spile_fail(err, SPILE_CONFIG, "environment variable %s holds no %s URL", variable, ops->scheme);
    return spile_hint(err, SPILE_CONFIG, "set it to a path, or to %s:///PATH", ops->scheme);
}

/* What stands in the general sections may be meant for another destination: of that only a URL of this one counts. */
static enum spile_status path_of_setting(const struct destination_ops *ops, const struct config_key *key, const char **path, struct spile_error *err)
{
    struct config_value value;

    for (size_t place = 0; !**path && config_next(key, &place, &value);) {
        const bool is_special = !strncmp(key->sections[value.section], "destination.", strlen("destination."));
        const char *rest = destination_behind_scheme(value.text, ops->scheme);
        enum spile_status status = SPILE_OK;

        if (!rest && is_special && strstr(value.text, "://"))
            return fail_foreign(ops, value.name, err);
        if (rest || is_special)
            status = path_of_url(value.text, rest ? rest : value.text, ops, path, err);
        if (status)
            return spile_within(err, status, "environment variable %s", value.name);
    }
    return SPILE_OK;
}

/* As dlt has it: the credentials of such a destination are its file. */
static enum spile_status path_of_environment(const struct destination_ops *ops, const char *pipeline, const char **path, struct spile_error *err)
{
    struct sections sections;
    struct config_key key = { pipeline, sections_of(ops, &sections), "credentials" };
    enum spile_status status = path_of_setting(ops, &key, path, err);

    key.key = "credentials.database";
    return status || **path ? status : path_of_setting(ops, &key, path, err);
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

static const struct destination_ops *by_extension(const char *text)
{
    const struct destination_ops *ops;
    size_t length = strlen(text);

    for (size_t i = 0; (ops = destination_at(i)); i++)
        for (const char *const *extension = ops->extensions; *extension; extension++) {
            size_t suffix = strlen(*extension);

            if (length > suffix && !strcmp(text + length - suffix, *extension))
                return ops;
        }
    return NULL;
}

static enum spile_status fail_unknown(const char *text, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    size_t length = shown_length(text);
    const struct destination_ops *ops;
    struct text known = { 0 };

    for (size_t i = 0; (ops = destination_at(i)); i++)
        text_printf(&known, "%s%s: %s", i ? "; " : "", ops->scheme, ops->summary);
    spile_fail(err, SPILE_CONFIG, "unknown destination \"%s%s\"", shorten(extract, text, length), what_is_cut(text, length));
    spile_hint(err, SPILE_CONFIG, "known destinations: %s", known.text ? known.text : "");
    text_release(&known);
    return SPILE_CONFIG;
}

/* "postgresql+psycopg2" is how SQLAlchemy writes it. */
static const struct destination_ops *by_any_scheme(const char *scheme)
{
    const struct destination_ops *ops;
    size_t length = strcspn(scheme, "+");

    for (size_t i = 0; (ops = destination_at(i)); i++)
        for (const char *const *other = ops->schemes; other && *other; other++)
            if (strlen(*other) == length && !strncmp(*other, scheme, length))
                return ops;
    return destination_by_scheme(scheme);
}

static enum spile_status find_path(const struct destination_ops *ops, const char *text, const char *rest, const char *pipeline, struct arena *arena,
                                   const char **path, struct spile_error *err)
{
    enum spile_status status = rest == text ? SPILE_OK : path_of_url(text, rest, ops, &rest, err);

    if (!status && !*rest)
        status = path_of_environment(ops, pipeline, &rest, err);
    *path = arena_copy(arena, rest, strlen(rest));
    return status || *path ? status : spile_fail_nomem(err);
}

enum spile_status destination_find(const struct destination_ops **ops, const char *text, const char *pipeline, struct arena *arena, const char **location,
                                   const char **shown, struct spile_error *err)
{
    const char *colon = strchr(text, ':'), *rest = colon ? colon + 1 : "";
    char *scheme = arena_copy(arena, text, colon ? (size_t)(colon - text) : strlen(text));
    enum spile_status status;

    if (!scheme)
        return spile_fail_nomem(err);
    *ops = by_any_scheme(scheme);
    if (!*ops && (*ops = by_extension(text)))
        rest = text;
    if (!*ops)
        return fail_unknown(text, err);
    if ((*ops)->configure)
        return (*ops)->configure(pipeline, rest, arena, location, shown, err);
    status = find_path(*ops, text, rest, pipeline, arena, location, err);
    *shown = *location;
    return status;
}

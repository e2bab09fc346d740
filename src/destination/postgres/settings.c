#include "destination/postgres/settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "destination/destination.h"

/* What libpq knows, in the order that a message lists it. */
static const struct {
    const char *name;
    bool secret;
} options[] = {
    { "host", false }, { "port", false }, { "dbname", false }, { "user", false }, { "password", true },
    { "connect_timeout", false }, { "options", false }, { "application_name", false }, { "client_encoding", false },
    { "sslmode", false }, { "sslrootcert", false }, { "sslcert", false }, { "sslkey", false }, { "sslpassword", true }, { "sslcrl", false },
    { "sslcrldir", false }, { "sslsni", false }, { "sslnegotiation", false }, { "sslcertmode", false },
    { "ssl_min_protocol_version", false }, { "ssl_max_protocol_version", false }, { "channel_binding", false }, { "require_auth", false },
    { "gssencmode", false }, { "krbsrvname", false }, { "gssdelegation", false }, { "requirepeer", false },
    { "passfile", false }, { "service", false }, { "hostaddr", false }, { "target_session_attrs", false }, { "load_balance_hosts", false },
    { "keepalives", false }, { "keepalives_idle", false }, { "keepalives_interval", false },
    { "keepalives_count", false }, { "tcp_user_timeout", false },
};

#define OPTION_COUNT (sizeof(options) / sizeof(*options))

static const char **find_setting(const struct pg_settings *settings, const char *name, size_t length)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == length && !memcmp(options[i].name, name, length))
            return &settings->values[i];
    return NULL;
}

const char *pg_setting(const struct pg_settings *settings, const char *name)
{
    const char **value = find_setting(settings, name, strlen(name));

    return value ? *value : NULL;
}

static enum spile_status begin_settings(struct pg_settings *settings, struct arena *arena, struct spile_error *err)
{
    settings->values = arena_zalloc(arena, OPTION_COUNT * sizeof(*settings->values));
    return settings->values ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- errors --------------------------------------------------------------------------------------------------------------------- */

/* `is_sure`: the name is no piece of a password that was written without the care it needs. */
static enum spile_status fail_option(struct slice name, bool is_sure, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    struct text known = { 0 };

    for (size_t i = 0; i < OPTION_COUNT; i++)
        text_printf(&known, "%s%s", i ? ", " : "", options[i].name);
    if (is_sure)
        spile_fail(err, SPILE_CONFIG, "unknown connection option \"%s\" for Postgres", shorten(extract, name.text, name.length));
    else
        spile_fail(err, SPILE_CONFIG, "unknown connection option for Postgres");
    spile_hint(err, SPILE_CONFIG, "known options: %s", known.text ? known.text : "");
    text_release(&known);
    return SPILE_CONFIG;
}

static enum spile_status fail_uri(const char *what, struct spile_error *err)
{
    spile_fail(err, SPILE_CONFIG, "the Postgres URI %s", what);
    return spile_hint(err, SPILE_CONFIG, "write postgres://user:password@host:port/database?option=value, and in user name and password %s",
                      "%2F for /, %3A for :, %40 for @, %3F for ?, %23 for #, %25 for %");
}

static enum spile_status fail_pairs(const char *what, struct spile_error *err)
{
    spile_fail(err, SPILE_CONFIG, "the text behind \"postgres:\" %s", what);
    return spile_hint(err, SPILE_CONFIG, "write postgres://user:password@host:port/database, or postgres:host=... user=... dbname=...");
}

/* ---- URI ------------------------------------------------------------------------------------------------------------------------ */

static int hex_value(char c)
{
    c = ascii_lower(c);
    return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL in *out for an empty piece: it is as if it were not there. */
static enum spile_status decode(const char **out, struct slice piece, struct arena *arena, struct spile_error *err)
{
    char *text = arena_alloc(arena, piece.length + 1), *at = text;

    if (!text)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < piece.length; i++) {
        int high, low;

        *at++ = piece.text[i];
        if (piece.text[i] != '%')
            continue;
        high = piece.length - i > 2 ? hex_value(piece.text[i + 1]) : -1;
        low = high >= 0 ? hex_value(piece.text[i + 2]) : -1;
        if (low < 0 || !(high | low))
            return fail_uri("has a % that begins no encoded character", err);
        at[-1] = (char)(high << 4 | low);
        i += 2;
    }
    *at = 0;
    *out = at > text ? text : NULL;
    return SPILE_OK;
}

static enum spile_status set_decoded(struct pg_settings *settings, const char *name, struct slice piece, struct arena *arena, struct spile_error *err)
{
    return decode(find_setting(settings, name, strlen(name)), piece, arena, err);
}

/* The piece before the first of these characters is taken off *rest, which then begins with it or is empty. */
static struct slice take_until(struct slice *rest, const char *stops)
{
    struct slice piece = { rest->text, 0 };

    while (piece.length < rest->length && !strchr(stops, rest->text[piece.length]))
        piece.length++;
    *rest = (struct slice){ rest->text + piece.length, rest->length - piece.length };
    return piece;
}

static void drop_first(struct slice *slice)
{
    slice->text++;
    slice->length--;
}

static bool begins_with(struct slice slice, char c)
{
    return slice.length && *slice.text == c;
}

static bool has_at(struct slice slice)
{
    return slice.length && memchr(slice.text, '@', slice.length);
}

static bool is_port(struct slice port)
{
    for (size_t i = 0; i < port.length; i++)
        if (!ascii_is_digit(port.text[i]))
            return false;
    return port.length <= 5;
}

/* One of several, or the only one: "h", "h:5432", "[::1]:5432". */
static enum spile_status add_host(struct slice place, struct text *hosts, struct text *ports, struct spile_error *err)
{
    bool bracketed = begins_with(place, '[');
    struct slice host;

    if (bracketed)
        drop_first(&place);
    host = take_until(&place, bracketed ? "]" : ":");
    if (bracketed && !place.length)
        return fail_uri("has a [ without a ]", err);
    if (bracketed)
        drop_first(&place);
    if (place.length && *place.text != ':')
        return fail_uri("has something between the host and its port", err);
    if (place.length)
        drop_first(&place);
    if (!is_port(place))
        return fail_uri("has a port that is no number", err);
    text_append(hosts, host.text, host.length);
    text_append(ports, place.text, place.length);
    return SPILE_OK;
}

/* "h1:1,h2:2" is host=h1,h2 port=1,2 to libpq. */
static enum spile_status set_hosts(struct pg_settings *settings, struct slice places, struct arena *arena, struct spile_error *err)
{
    struct text hosts = { 0 }, ports = { 0 };
    enum spile_status status;

    for (;;) {
        status = add_host(take_until(&places, ","), &hosts, &ports, err);
        if (status || !places.length)
            break;
        drop_first(&places);
        text_putc(&hosts, ',');
        text_putc(&ports, ',');
    }
    if (!status && (hosts.failed || ports.failed))
        status = spile_fail_nomem(err);
    if (!status)
        status = set_decoded(settings, "host", text_slice(&hosts), arena, err);
    if (!status && ports.length && strspn(ports.text, ",") < ports.length)
        status = set_decoded(settings, "port", text_slice(&ports), arena, err);
    text_release(&hosts);
    text_release(&ports);
    return status;
}

static enum spile_status set_user(struct pg_settings *settings, struct slice who, struct arena *arena, struct spile_error *err)
{
    struct slice user = take_until(&who, ":");
    enum spile_status status = set_decoded(settings, "user", user, arena, err);

    if (!status && who.length) {
        drop_first(&who);
        status = set_decoded(settings, "password", who, arena, err);
    }
    return status;
}

/* JDBC's ssl=true is sslmode=require, as in libpq. */
static enum spile_status set_parameter(struct pg_settings *settings, struct slice parameter, struct arena *arena, struct spile_error *err)
{
    struct slice name = take_until(&parameter, "=");
    const char **value;
    bool is_sure = !has_at(parameter);

    if (!parameter.length)
        return fail_uri("has an option without a value", err);
    drop_first(&parameter);
    if (slice_equal(name, slice_of("ssl")) && slice_equal(parameter, slice_of("true"))) {
        name = slice_of("sslmode");
        parameter = slice_of("require");
    }
    value = find_setting(settings, name.text, name.length);
    return value ? decode(value, parameter, arena, err) : fail_option(name, is_sure, err);
}

/* Where the user ends and the host begins: at the last @, since a password may have one. */
static struct slice take_user(struct slice *authority)
{
    struct slice user = { authority->text, authority->length };

    while (user.length && user.text[user.length - 1] != '@')
        user.length--;
    *authority = (struct slice){ authority->text + user.length, authority->length - user.length };
    if (user.length)
        user.length--;
    return user;
}

static enum spile_status read_uri(struct pg_settings *settings, const char *text, struct arena *arena, struct spile_error *err)
{
    struct slice rest = slice_of(text), authority = take_until(&rest, "/?"), path = { 0 };
    enum spile_status status;

    if (begins_with(rest, '/')) {
        drop_first(&rest);
        path = take_until(&rest, "?");
    }
    if (has_at(path)) /* what we took for the host is the user, and the password has a / */
        return fail_uri("has a / before its @", err);
    status = set_user(settings, take_user(&authority), arena, err);
    if (!status)
        status = set_hosts(settings, authority, arena, err);
    if (!status)
        status = set_decoded(settings, "dbname", path, arena, err);
    while (!status && rest.length) {
        drop_first(&rest);
        if (rest.length)
            status = set_parameter(settings, take_until(&rest, "&"), arena, err);
    }
    return status;
}

/* ---- key=value ------------------------------------------------------------------------------------------------------------------ */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_spaces(const char *at)
{
    while (is_space(*at))
        at++;
    return at;
}

/* A value ends at a space, or at a quote when it began with one; a backslash takes the next character as it is. */
static const char *read_value(const char *at, struct text *value, bool *closed)
{
    bool quoted = *at == '\'';

    for (at += quoted; *at && (quoted ? *at != '\'' : !is_space(*at)); at++) {
        if (*at == '\\' && at[1])
            at++;
        text_putc(value, *at);
    }
    *closed = !quoted || *at == '\'';
    return at + (quoted && *closed);
}

static enum spile_status read_pair(struct pg_settings *settings, const char **at, struct arena *arena, struct spile_error *err)
{
    struct slice name = { *at, 0 };
    struct text text = { 0 };
    const char **value;
    bool closed;

    while (name.text[name.length] && name.text[name.length] != '=' && !is_space(name.text[name.length]))
        name.length++;
    *at = skip_spaces(name.text + name.length);
    if (**at != '=')
        return fail_pairs("has a word without a value", err);
    value = find_setting(settings, name.text, name.length);
    if (!value)
        return fail_option(name, !pg_setting(settings, "password"), err);
    *at = read_value(skip_spaces(*at + 1), &text, &closed);
    *value = text.failed ? NULL : arena_copy(arena, text.text, text.length);
    text_release(&text);
    if (!*value)
        return spile_fail_nomem(err);
    if (!**value)
        *value = NULL;
    return closed ? SPILE_OK : fail_pairs("has a quote without its end", err);
}

enum spile_status pg_settings_read(struct pg_settings *settings, const char *location, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = begin_settings(settings, arena, err);

    for (const char *at = skip_spaces(location); !status && *at; at = skip_spaces(at))
        status = read_pair(settings, &at, arena, err);
    return status;
}

/* ---- environment ---------------------------------------------------------------------------------------------------------------- */

static const char *const sections[] = { "destination.postgres", "destination", "", NULL };

static const struct {
    const char *option, *dlt, *libpq;
} variables[] = {
    { "host", "credentials.host", "PGHOST" },
    { "port", "credentials.port", "PGPORT" },
    { "dbname", "credentials.database", "PGDATABASE" },
    { "user", "credentials.username", "PGUSER" },
    { "password", "credentials.password", NULL },
    { "connect_timeout", "credentials.connect_timeout", "PGCONNECT_TIMEOUT" },
};

static const char *environment(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value ? value : NULL;
}

/* NULL: the URI is none of Postgres. */
static const char *behind_scheme(const char *text)
{
    const char *rest = destination_behind_scheme(text, "postgresql");

    return rest ? rest : destination_behind_scheme(text, "postgres");
}

static enum spile_status read_text(struct pg_settings *settings, const char *text, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = begin_settings(settings, arena, err);

    if (status || !*text)
        return status;
    return strncmp(text, "//", 2) ? pg_settings_read(settings, text, arena, err) : read_uri(settings, text + 2, arena, err);
}

/* What stands in the general sections may be meant for another destination. */
static enum spile_status find_uri(const char *pipeline, const char **uri, struct spile_error *err)
{
    const struct config_key key = { pipeline, sections, "credentials" };
    struct config_value value;

    for (size_t place = 0; config_next(&key, &place, &value);) {
        *uri = behind_scheme(value.text);
        if (*uri)
            return SPILE_OK;
        if (!value.section) {
            spile_fail(err, SPILE_CONFIG, "environment variable %s holds no Postgres URI", value.name);
            return spile_hint(err, SPILE_CONFIG, "set it to postgres://user:password@host:port/database");
        }
    }
    *uri = "";
    return SPILE_OK;
}

static enum spile_status read_environment(struct pg_settings *settings, const char *pipeline, struct arena *arena, struct spile_error *err)
{
    const char *uri;
    enum spile_status status = find_uri(pipeline, &uri, err);

    if (!status)
        status = spile_within(err, read_text(settings, uri, arena, err), "credentials in the environment");
    for (size_t i = 0; !status && i < sizeof(variables) / sizeof(*variables); i++) {
        const char **value = find_setting(settings, variables[i].option, strlen(variables[i].option));

        if (!*value)
            *value = config_find(&(struct config_key){ pipeline, sections, variables[i].dlt });
        if (!arena_copy_text(arena, value))
            status = spile_fail_nomem(err);
    }
    return status;
}

static bool agree(const struct pg_settings *a, const struct pg_settings *b, const char *option)
{
    const char *one = pg_setting(a, option), *other = pg_setting(b, option);

    return !one || !other || !strcmp(one, other);
}

static void complete(struct pg_settings *settings, const struct pg_settings *more)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (!settings->values[i])
            settings->values[i] = more->values[i];
}

/* libpq would read these itself, but then `shown` would not say where the data went. A service names such things for itself. */
static enum spile_status complete_by_libpq(struct pg_settings *settings, struct arena *arena, struct spile_error *err)
{
    if (pg_setting(settings, "service") || environment("PGSERVICE"))
        return SPILE_OK;
    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
        const char **value = find_setting(settings, variables[i].option, strlen(variables[i].option));

        if (!*value && variables[i].libpq)
            *value = environment(variables[i].libpq);
        if (!arena_copy_text(arena, value))
            return spile_fail_nomem(err);
    }
    if (!pg_setting(settings, "connect_timeout"))
        *find_setting(settings, "connect_timeout", strlen("connect_timeout")) = PG_CONNECT_SECONDS;
    return SPILE_OK;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

static const char *take(struct text *text, struct arena *arena)
{
    const char *copy = text->failed ? NULL : arena_copy(arena, text->text, text->length);

    text_release(text);
    return copy;
}

static const char *write_location(const struct pg_settings *settings, struct arena *arena)
{
    struct text text = { 0 };

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!settings->values[i])
            continue;
        text_printf(&text, "%s%s='", text.length ? " " : "", options[i].name);
        for (const char *at = settings->values[i]; *at; at++) {
            if (*at == '\'' || *at == '\\')
                text_putc(&text, '\\');
            text_putc(&text, *at);
        }
        text_putc(&text, '\'');
    }
    return take(&text, arena);
}

static void put_encoded(struct text *text, const char *value, const char *also_plain)
{
    for (; *value; value++) {
        char lower = ascii_lower(*value);

        if ((lower >= 'a' && lower <= 'z') || ascii_is_digit(*value) || strchr("-._~", *value) || strchr(also_plain, *value))
            text_putc(text, *value);
        else
            text_printf(text, "%%%02X", (unsigned char)*value);
    }
}

static bool is_address(const char *host)
{
    return strchr(host, ':') && *host != '/';
}

static size_t piece_length(const char *list)
{
    return strcspn(list, ",");
}

/* host=h1,h2 port=1,2 -> "h1:1,h2:2"; a single port is that of all. */
static void put_hosts(struct text *text, const char *host, const char *port)
{
    bool several = port && strchr(port, ',');

    for (;;) {
        char one[256];
        size_t length = piece_length(host), digits = port ? piece_length(port) : 0;

        if (length >= sizeof(one))
            break;
        memcpy(one, host, length);
        one[length] = 0;
        if (is_address(one))
            text_printf(text, "[%s]", one);
        else
            put_encoded(text, one, "");
        if (digits)
            text_printf(text, ":%.*s", (int)digits, port);
        if (!host[length])
            break;
        text_putc(text, ',');
        host += length + 1;
        if (several)
            port += digits + (port[digits] == ',');
    }
}

static bool stands_before_options(const char *name)
{
    return !strcmp(name, "host") || !strcmp(name, "port") || !strcmp(name, "user") || !strcmp(name, "dbname");
}

const char *pg_settings_shown(const struct pg_settings *settings, struct arena *arena)
{
    const char *user = pg_setting(settings, "user"), *host = pg_setting(settings, "host"), *port = pg_setting(settings, "port");
    const char *database = pg_setting(settings, "dbname"), *separator = "?";
    struct text text = { 0 };

    text_puts(&text, "postgres://");
    if (user) {
        put_encoded(&text, user, "");
        text_putc(&text, '@');
    }
    put_hosts(&text, host ? host : "", port);
    text_putc(&text, '/');
    if (database)
        put_encoded(&text, database, "");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        bool said = !strcmp(options[i].name, "connect_timeout") && settings->values[i] && !strcmp(settings->values[i], PG_CONNECT_SECONDS);

        if (!settings->values[i] || options[i].secret || stands_before_options(options[i].name) || said)
            continue;
        text_printf(&text, "%s%s=", separator, options[i].name);
        put_encoded(&text, settings->values[i], "/:,");
        separator = "&";
    }
    return take(&text, arena);
}

/* ---- all together --------------------------------------------------------------------------------------------------------------- */

/* What the text lacks comes from the environment, unless that speaks of another server or user: a password is shown to nobody but the server it was
 * meant for. */
enum spile_status pg_settings_configure(const char *pipeline, const char *text, struct arena *arena, const char **location, const char **shown,
                                        struct spile_error *err)
{
    struct pg_settings settings, around;
    enum spile_status status;

    status = read_text(&settings, text, arena, err);
    if (!status)
        status = read_environment(&around, pipeline, arena, err);
    if (status)
        return status;
    if (agree(&settings, &around, "host") && agree(&settings, &around, "port") && agree(&settings, &around, "user") && agree(&settings, &around, "hostaddr"))
        complete(&settings, &around);
    status = complete_by_libpq(&settings, arena, err);
    if (status)
        return status;
    *location = write_location(&settings, arena);
    *shown = pg_settings_shown(&settings, arena);
    return *location && *shown ? SPILE_OK : spile_fail_nomem(err);
}

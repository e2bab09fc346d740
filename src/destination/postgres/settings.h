/* Where a Postgres database is and who connects to it: from the user's URI, completed by the environment as dlt reads it.
 *
 * The text that `open` takes is libpq's own ("host='h' user='u' password='p'"), and so is what may stand behind "postgres:". No message here quotes a
 * piece of what the user has written but names of options, since any piece may be a part of the password. */
#ifndef POSTGRES_SETTINGS_H
#define POSTGRES_SETTINGS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#define PG_CONNECT_SECONDS "15" /* dlt's */

struct pg_settings {
    const char **values; /* by option; NULL: not set */
};

enum spile_status pg_settings_configure(const char *pipeline, const char *text, struct arena *arena, const char **location, const char **shown,
                                        struct spile_error *err);

/* A text as `configure` has made it. */
enum spile_status pg_settings_read(struct pg_settings *settings, const char *location, struct arena *arena, struct spile_error *err);

const char *pg_setting(const struct pg_settings *settings, const char *name); /* NULL: not set */

/* "postgres://user@host:port/db?sslmode=require": without secrets. NULL: out of memory. */
const char *pg_settings_shown(const struct pg_settings *settings, struct arena *arena);

#endif

/* What a Postgres URI and the environment come to. Expected values: libpq's rules for URIs, and dlt's order of look-up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "destination/postgres/settings.h"

#define SECRET "s3cr3t"
#define VARIABLES_MAX 4

static const char *const all_variables[] = {
    "DESTINATION__POSTGRES__CREDENTIALS", "DESTINATION__CREDENTIALS", "CREDENTIALS", "DESTINATION__POSTGRES__CREDENTIALS__HOST",
    "DESTINATION__POSTGRES__CREDENTIALS__PORT", "DESTINATION__POSTGRES__CREDENTIALS__DATABASE", "DESTINATION__POSTGRES__CREDENTIALS__USERNAME",
    "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD", "DESTINATION__CREDENTIALS__PASSWORD", "CREDENTIALS__PASSWORD", "CREDENTIALS__HOST",
    "CREDENTIALS__CONNECT_TIMEOUT", "SHOP__DESTINATION__POSTGRES__CREDENTIALS", "SHOP__CREDENTIALS__PASSWORD", "OTHER__CREDENTIALS", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGCONNECT_TIMEOUT",
};

static void clear_environment(void)
{
    for (size_t i = 0; i < sizeof(all_variables) / sizeof(*all_variables); i++)
        unsetenv(all_variables[i]);
}

static const struct {
    const char *what, *text;
    const char *environment[2 * VARIABLES_MAX]; /* name, value, ... */
    const char *location, *shown;
} cases[] = {
    { "all of it", "//u:" SECRET "@h:5433/db?sslmode=require&connect_timeout=3", { NULL },
      "host='h' port='5433' dbname='db' user='u' password='" SECRET "' connect_timeout='3' sslmode='require'",
      "postgres://u@h:5433/db?connect_timeout=3&sslmode=require" },
    { "nothing", "", { NULL }, "connect_timeout='15'", "postgres:///" },
    { "percent signs", "//u%40x:a%2Fb%27%5C@h/d%20b", { NULL }, "host='h' dbname='d b' user='u@x' password='a/b\\'\\\\' connect_timeout='15'",
      "postgres://u%40x@h/d%20b" },
    { "@ in the password", "//u:a@b@h/db", { NULL }, "host='h' dbname='db' user='u' password='a@b' connect_timeout='15'", "postgres://u@h/db" },
    { ": in the password", "//u:a:b@h/db", { NULL }, "host='h' dbname='db' user='u' password='a:b' connect_timeout='15'", "postgres://u@h/db" },
    { "IPv6", "//u@[::1]:5433/db", { NULL }, "host='::1' port='5433' dbname='db' user='u' connect_timeout='15'", "postgres://u@[::1]:5433/db" },
    { "several hosts", "//u@h1:1,h2:2/db?target_session_attrs=read-write", { NULL },
      "host='h1,h2' port='1,2' dbname='db' user='u' connect_timeout='15' target_session_attrs='read-write'",
      "postgres://u@h1:1,h2:2/db?target_session_attrs=read-write" },
    { "several hosts, one with a port", "//u@h1,h2:2/db", { NULL }, "host='h1,h2' port=',2' dbname='db' user='u' connect_timeout='15'",
      "postgres://u@h1,h2:2/db" },
    { "Unix socket in the host", "//u@%2Ftmp%2Fpg:5433/db", { NULL }, "host='/tmp/pg' port='5433' dbname='db' user='u' connect_timeout='15'",
      "postgres://u@%2Ftmp%2Fpg:5433/db" },
    { "Unix socket as an option", "///db?host=/tmp/pg", { NULL }, "host='/tmp/pg' dbname='db' connect_timeout='15'", "postgres://%2Ftmp%2Fpg/db" },
    { "everything as options", "//?user=a%40b&password=" SECRET "&dbname=db", { NULL }, "dbname='db' user='a@b' password='" SECRET "' connect_timeout='15'",
      "postgres://a%40b@/db" },
    { "JDBC's ssl", "//h/db?ssl=true", { NULL }, "host='h' dbname='db' connect_timeout='15' sslmode='require'", "postgres://h/db?sslmode=require" },
    { "options of the server", "//h/db?options=-cstatement_timeout%3D5s%20-c%20a%3Db", { NULL },
      "host='h' dbname='db' connect_timeout='15' options='-cstatement_timeout=5s -c a=b'",
      "postgres://h/db?options=-cstatement_timeout%3D5s%20-c%20a%3Db" },
    { "key and value", "host=h user = u password='a\\'b c' dbname=d\\ b", { NULL },
      "host='h' dbname='d b' user='u' password='a\\'b c' connect_timeout='15'", "postgres://u@h/d%20b" },
    { "secrets of TLS keys", "//h/db?sslkey=/k&sslpassword=" SECRET, { NULL }, "host='h' dbname='db' connect_timeout='15' sslkey='/k' sslpassword='" SECRET "'",
      "postgres://h/db?sslkey=/k" },

    { "URI of the environment", "", { "DESTINATION__POSTGRES__CREDENTIALS", "postgresql://u:" SECRET "@h:1/db" },
      "host='h' port='1' dbname='db' user='u' password='" SECRET "' connect_timeout='15'", "postgres://u@h:1/db" },
    { "with SQLAlchemy's driver", "", { "CREDENTIALS", "postgresql+psycopg2://u@h/db" }, "host='h' dbname='db' user='u' connect_timeout='15'",
      "postgres://u@h/db" },
    { "the special section comes first", "", { "DESTINATION__CREDENTIALS", "postgres://b/b", "CREDENTIALS", "postgres://c/c",
                                               "DESTINATION__POSTGRES__CREDENTIALS", "postgres://a/a" },
      "host='a' dbname='a' connect_timeout='15'", "postgres://a/a" },
    { "general credentials of something else", "//h/db", { "CREDENTIALS", "{\"key\": 1}", "DESTINATION__CREDENTIALS", "bigquery://x" },
      "host='h' dbname='db' connect_timeout='15'", "postgres://h/db" },
    { "the pipeline's own come first", "", { "DESTINATION__POSTGRES__CREDENTIALS", "postgres://a/a", "SHOP__DESTINATION__POSTGRES__CREDENTIALS", "postgres://b/b",
                                             "SHOP__CREDENTIALS__PASSWORD", SECRET, "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD", "other" },
      "host='b' dbname='b' password='" SECRET "' connect_timeout='15'", "postgres://b/b" },
    { "another pipeline's are not taken", "", { "OTHER__CREDENTIALS", "postgres://b/b" }, "connect_timeout='15'", "postgres:///" },
    { "piece by piece", "", { "DESTINATION__POSTGRES__CREDENTIALS__HOST", "h", "DESTINATION__POSTGRES__CREDENTIALS__USERNAME", "u",
                              "CREDENTIALS__PASSWORD", SECRET, "CREDENTIALS__CONNECT_TIMEOUT", "7" },
      "host='h' user='u' password='" SECRET "' connect_timeout='7'", "postgres://u@h/?connect_timeout=7" },
    { "pieces complete the URI of the environment", "", { "CREDENTIALS", "postgres://u@h/db", "CREDENTIALS__HOST", "other", "CREDENTIALS__PASSWORD", SECRET },
      "host='h' dbname='db' user='u' password='" SECRET "' connect_timeout='15'", "postgres://u@h/db" },
    { "a password for the URI", "//u@h/db", { "DESTINATION__CREDENTIALS__PASSWORD", SECRET },
      "host='h' dbname='db' user='u' password='" SECRET "' connect_timeout='15'",
      "postgres://u@h/db" },
    { "another database of that server", "//u@h/other", { "CREDENTIALS", "postgres://u:" SECRET "@h:5433/db" },
      "host='h' port='5433' dbname='other' user='u' password='" SECRET "' connect_timeout='15'", "postgres://u@h:5433/other" },
    { "no password to another host", "//u@evil/db", { "CREDENTIALS", "postgres://u:" SECRET "@h/db" }, "host='evil' dbname='db' user='u' connect_timeout='15'",
      "postgres://u@evil/db" },
    { "no password for another user", "//v@h/db", { "CREDENTIALS", "postgres://u:" SECRET "@h/db" }, "host='h' dbname='db' user='v' connect_timeout='15'",
      "postgres://v@h/db" },
    { "libpq's variables come last", "//h/db", { "PGHOST", "other", "PGUSER", "u", "PGPORT", "7", "PGCONNECT_TIMEOUT", "2" },
      "host='h' port='7' dbname='db' user='u' connect_timeout='2'", "postgres://u@h:7/db?connect_timeout=2" },
    { "a service speaks for itself", "", { "PGSERVICE", "mine", "PGHOST", "other" }, "", "postgres:///" },
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arena arena = { 0 };
        struct spile_error err = { 0 };
        const char *location = "", *shown = "";
        enum spile_status status;

        clear_environment();
        for (size_t j = 0; j < VARIABLES_MAX && cases[i].environment[2 * j]; j++)
            setenv(cases[i].environment[2 * j], cases[i].environment[2 * j + 1], 1);
        status = pg_settings_configure("shop", cases[i].text, &arena, &location, &shown, &err);
        if (status || strcmp(location, cases[i].location) || strcmp(shown, cases[i].shown) || strstr(shown, SECRET))
            fail_msg("%s: %s\n  got  %s\n  and  %s\n  want %s\n  and  %s", cases[i].what, err.message, location, shown, cases[i].location, cases[i].shown);
        arena_release(&arena);
    }
    clear_environment();
}

/* What people see leads to the same server, when the secrets come from elsewhere. */
static void test_shown_again(void **state)
{
    (void)state;
    clear_environment();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arena arena = { 0 };
        const char *location, *shown;

        if (strstr(cases[i].what, "service"))
            continue;
        assert_int_equal(pg_settings_configure(NULL, cases[i].shown + strlen("postgres:"), &arena, &location, &shown, NULL), SPILE_OK);
        assert_string_equal(shown, cases[i].shown);
        arena_release(&arena);
    }
}

static const struct {
    const char *what, *text, *environment, *message, *hint;
} refused[] = {
    { "unknown option", "//u:" SECRET "@h/db?sslmod=require", NULL, "unknown connection option \"sslmod\" for Postgres", "sslmode" },
    { "unknown key", "hots=h", NULL, "unknown connection option \"hots\" for Postgres", "known options: host, port, dbname, user" },
    { "all options are listed", "hots=h", NULL, "unknown connection option \"hots\" for Postgres", ", tcp_user_timeout" },
    { "option without a value", "//h/db?sslmode", NULL, "the Postgres URI has an option without a value", "postgres://user:password@host" },
    { "port in words", "//h:http/db", NULL, "the Postgres URI has a port that is no number", "%3A for :" },
    { "bad percent", "//h/a%zz", NULL, "the Postgres URI has a % that begins no encoded character", "%25 for %" },
    { "percent at the end", "//h/a%4", NULL, "the Postgres URI has a % that begins no encoded character", "%25 for %" },
    { "encoded NUL", "//h/a%00b", NULL, "the Postgres URI has a % that begins no encoded character", "%25 for %" },
    { "open bracket", "//[::1/db", NULL, "the Postgres URI has a [ without a ]", "postgres://" },
    { "behind the bracket", "//[::1]x/db", NULL, "the Postgres URI has something between the host and its port", "postgres://" },
    { "/ in the password", "//u:" SECRET "/" SECRET "@h/db", NULL, "the Postgres URI has a / before its @", "%2F for /" },
    { "? in the password", "//u:" SECRET "?" SECRET "@h/db", NULL, "the Postgres URI has a port that is no number", "%3F for ?" },
    { "? in a password of digits", "//u:12?" SECRET "=x@h/db", NULL, "unknown connection option for Postgres", "known options" },
    { "word without a value", "host=h " SECRET, NULL, "the text behind \"postgres:\" has a word without a value", "postgres:host=" },
    { "space in the password", "password=a " SECRET "=x", NULL, "unknown connection option for Postgres", "known options" },
    { "open quote", "password='" SECRET, NULL, "the text behind \"postgres:\" has a quote without its end", "postgres:host=" },
    { "special section of something else", "//h/db", SECRET, "environment variable DESTINATION__POSTGRES__CREDENTIALS holds no Postgres URI", "set it to" },
    { "bad URI in the environment", "//h/db", "postgres://u:" SECRET "@h:p/db", "the Postgres URI has a port that is no number", "%3A for :" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct arena arena = { 0 };
        struct spile_error err = { 0 };
        const char *location, *shown;

        clear_environment();
        if (refused[i].environment)
            setenv("DESTINATION__POSTGRES__CREDENTIALS", refused[i].environment, 1);
        if (pg_settings_configure(NULL, refused[i].text, &arena, &location, &shown, &err) != SPILE_CONFIG || strcmp(err.message, refused[i].message) ||
            !strstr(err.hint, refused[i].hint))
            fail_msg("%s: \"%s\", hint \"%s\"; want \"%s\"", refused[i].what, err.message, err.hint, refused[i].message);
        if (strstr(err.message, SECRET) || strstr(err.hint, SECRET) || strstr(err.where, SECRET))
            fail_msg("%s: the secret is in the message", refused[i].what);
        arena_release(&arena);
    }
    clear_environment();
}

/* The location is read back as what it was made from. */
static void test_location(void **state)
{
    struct arena arena = { 0 };
    struct pg_settings settings;
    const char *location, *shown;

    (void)state;
    clear_environment();
    assert_int_equal(pg_settings_configure(NULL, "//u:a%27%5C%20b@h/", &arena, &location, &shown, NULL), SPILE_OK);
    assert_int_equal(pg_settings_read(&settings, location, &arena, NULL), SPILE_OK);
    assert_string_equal(pg_setting(&settings, "password"), "a'\\ b");
    assert_string_equal(pg_setting(&settings, "host"), "h");
    assert_null(pg_setting(&settings, "dbname"));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_shown_again), cmocka_unit_test(test_refused), cmocka_unit_test(test_location),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

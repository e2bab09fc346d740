/*
 * generate KIND COUNT [SEED]: writes the benchmarks' input as JSON to stdout.
 *
 *   w1n      flat rows of 7 short columns (~119 bytes each)
 *   w1f      flat rows of 15 columns with long text and nulls (~649 bytes each)
 *   w2       nested events of a code forge (~1.44 kB each): 7 event types, 6 lists, hence 7 tables
 *   array    the rows of w1n as one top-level array, rather than one document per line
 *   lists    documents which hold one list of 100,000 small objects and numbers each
 *   random   documents whose schema changes all the time (input of the determinism test)
 *
 * The bytes depend on KIND, COUNT and SEED only, and the first n lines of a kind do not depend on COUNT ("array" has a line
 * before and after its rows). run.py pins their SHA-256: whoever changes the output here must change it there and throw away
 * every figure measured before.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 20,
    DOCUMENT_BYTES_MAX = 1 << 16, /* room that is made before each document or element; the longest w2 event has ~13 kB */
    LIST_ELEMENTS = 100000,
    SECONDS_PER_DAY = 86400,
};

#define SEED_DEFAULT 42
#define YEAR_2024    1704067200u /* 2024-01-01T00:00:00Z */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct output {
    char *bytes, *at; /* bytes[-1] can be read: the last byte that was flushed */
    uint64_t prng;
};

/* ---- pseudo-random numbers: splitmix64 ---- */

static inline uint64_t next_u64(struct output *o)
{
    uint64_t z = o->prng += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A number in [0, n), without the bias of a modulo and without a division. */
static inline uint32_t rn(struct output *o, uint32_t n)
{
    return (uint32_t)(((next_u64(o) >> 32) * n) >> 32);
}

static inline bool percent(struct output *o, uint32_t chance)
{
    return rn(o, 100) < chance;
}

/* ---- output ---- */

static void flush(struct output *o)
{
    const char *from = o->bytes;

    while (from < o->at) {
        ssize_t written = write(STDOUT_FILENO, from, (size_t)(o->at - from));

        if (written < 0 && errno != EINTR) {
            fprintf(stderr, "generate: cannot write: %s\n", strerror(errno));
            exit(1);
        }
        if (written > 0)
            from += written;
    }
    if (from > o->bytes)
        o->bytes[-1] = from[-1];
    o->at = o->bytes;
}

static inline void make_room(struct output *o)
{
    if (o->at - o->bytes > BUFFER_BYTES - DOCUMENT_BYTES_MAX)
        flush(o);
}

static inline void put(struct output *o, const char *text)
{
    size_t length = strlen(text); /* folded by the compiler for literals */

    memcpy(o->at, text, length);
    o->at += length;
}

static inline void put_char(struct output *o, char c)
{
    *o->at++ = c;
}

static inline void put_integer(struct output *o, uint64_t n)
{
    char digits[20];
    size_t used = 0;

    do
        digits[sizeof digits - ++used] = (char)('0' + n % 10);
    while (n /= 10);
    memcpy(o->at, digits + sizeof digits - used, used);
    o->at += used;
}

static inline void put_two_digits(struct output *o, unsigned n)
{
    put_char(o, (char)('0' + n / 10));
    put_char(o, (char)('0' + n % 10));
}

/* Always with two decimals: "5.00" stays a float, so the column's type does not depend on chance. */
static inline void put_cents(struct output *o, uint32_t cents)
{
    put_integer(o, cents / 100);
    put_char(o, '.');
    put_two_digits(o, cents % 100);
}

static void put_hex(struct output *o, unsigned digits)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < digits; i++, bits >>= 4) {
        if (i % 16 == 0)
            bits = next_u64(o);
        put_char(o, "0123456789abcdef"[bits & 15]);
    }
}

/* ISO-8601 in UTC, whole seconds. Days to a date in the proleptic Gregorian calendar, by eras of 400 years from March on. */
static void put_time(struct output *o, uint32_t seconds)
{
    unsigned day = seconds / SECONDS_PER_DAY + 719468, clock = seconds % SECONDS_PER_DAY;
    unsigned era = day / 146097, of_era = day % 146097;
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned march_month = (5 * of_year + 2) / 153, month = march_month < 10 ? march_month + 3 : march_month - 9;

    put_char(o, '"');
    put_integer(o, year_of_era + era * 400 + (month <= 2));
    put_char(o, '-');
    put_two_digits(o, month);
    put_char(o, '-');
    put_two_digits(o, of_year - (153 * march_month + 2) / 5 + 1);
    put_char(o, 'T');
    put_two_digits(o, clock / 3600);
    put_char(o, ':');
    put_two_digits(o, clock / 60 % 60);
    put_char(o, ':');
    put_two_digits(o, clock % 60);
    put(o, "Z\"");
}

/* ---- JSON; the last byte written tells whether a comma is due ---- */

static inline void member(struct output *o, const char *name)
{
    if (o->at[-1] != '{')
        put_char(o, ',');
    put_char(o, '"');
    put(o, name);
    put(o, "\":");
}

static inline void open_object(struct output *o, const char *name)
{
    member(o, name);
    put_char(o, '{');
}

static inline void open_list(struct output *o, const char *name)
{
    member(o, name);
    put_char(o, '[');
}

static inline void open_element(struct output *o)
{
    if (o->at[-1] != '[')
        put_char(o, ',');
    put_char(o, '{');
}

static inline void member_text(struct output *o, const char *name, const char *text)
{
    member(o, name);
    put_char(o, '"');
    put(o, text);
    put_char(o, '"');
}

static inline void member_integer(struct output *o, const char *name, uint64_t n)
{
    member(o, name);
    put_integer(o, n);
}

static inline void member_bool(struct output *o, const char *name, bool value)
{
    member(o, name);
    put(o, value ? "true" : "false");
}

static inline void member_null(struct output *o, const char *name)
{
    member(o, name);
    put(o, "null");
}

static inline void member_time(struct output *o, const char *name, uint32_t seconds)
{
    member(o, name);
    put_time(o, seconds);
}

static inline void member_hex(struct output *o, const char *name, unsigned digits)
{
    member(o, name);
    put_char(o, '"');
    put_hex(o, digits);
    put_char(o, '"');
}

/* ---- words ---- */

static const char *const words[] = {
    "add", "the", "of", "for", "when", "fix", "test", "update", "remove", "config", "parser", "reader", "column",
    "batch", "stream", "a", "error", "build", "release", "merge", "branch", "and", "schema", "handle", "memory",
    "support", "missing", "option", "table", "in", "broken", "query", "version", "to", "cache", "worker", "docs",
    "default", "value", "with", "number", "large", "please", "crash", "timeout", "is", "server", "client",
};

/* What breaks careless readers: escapes, multibyte text, surrogate pairs, characters outside of the basic plane. */
static const char *const oddities[] = {
    "\\n", "\\n\\n", "\\\"quoted\\\"", "C:\\\\temp\\\\x", "a\\/b", "\\tindented", "\\u00e9t\\u00e9", "\\ud83d\\ude80",
    "naïve", "Größe", "日本語", "données", "\xf0\x9f\x9a\x80", "—", "привет", "\\r\\n", "50 %", "<b>&amp;</b>",
};

static const char *const first_names[] = {
    "ada", "grace", "edsger", "barbara", "donald", "frances", "ken", "radia", "dennis", "margaret", "niklaus", "jean",
    "alan", "hedy", "john", "shafi", "leslie", "katherine", "tony", "lynn", "robin", "sophie", "butler", "anita",
};

static const char *const last_names[] = {
    "Árnason", "Baker", "Çelik", "Dubois", "Eriksson", "Fujita", "García", "Horváth", "Ivanova", "Jensen", "Kowalski",
    "López", "Müller", "Novák", "O'Brien", "Petrov", "Quispe", "Rossi", "Şahin", "Tanaka", "Ünal", "Vogel", "Wójcik",
    "Zhang",
};

static const char *const cities[] = {
    "Zürich", "São Paulo", "Kraków", "Århus", "東京", "Reykjavík", "Lima", "Nairobi", "Oslo", "Málaga", "İzmir",
    "Québec", "Pune", "Wellington", "Göteborg", "Санкт-Петербург",
};

static const char *const topics[] = {
    "database", "etl", "c", "parser", "json", "analytics", "cli", "hacktoberfest", "python", "data-engineering",
    "sql", "arrow",
};

#define pick(o, list) ((list)[rn((o), COUNT_OF(list))])

/* `count` words separated by blanks, one in 16 an oddity; valid as the inside of a JSON string. */
static void put_words(struct output *o, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i)
            put_char(o, ' ');
        if (rn(o, 16) == 0)
            put(o, pick(o, oddities));
        else
            put(o, pick(o, words));
    }
}

static void member_words(struct output *o, const char *name, unsigned count)
{
    member(o, name);
    put_char(o, '"');
    put_words(o, count);
    put_char(o, '"');
}

/* ---- w1n and array ---- */

static void narrow_row(struct output *o, uint64_t row)
{
    put_char(o, '{');
    member_integer(o, "id", row + 1);
    member_integer(o, "user_id", rn(o, 1000000));
    member(o, "amount");
    put_cents(o, rn(o, 1000000));
    member_integer(o, "qty", rn(o, 100));
    member_bool(o, "ok", rn(o, 2));
    member(o, "country");
    put_char(o, '"');
    put_char(o, (char)('A' + rn(o, 26)));
    put_char(o, (char)('A' + rn(o, 26)));
    put_char(o, '"');
    member_time(o, "created_at", YEAR_2024 + rn(o, 366 * SECONDS_PER_DAY));
    put_char(o, '}');
}

/* ---- w1f: orders, with what is known of the customer ---- */

static void order_customer(struct output *o)
{
    const char *first = pick(o, first_names), *last = pick(o, last_names);

    member(o, "customer_name");
    put_char(o, '"');
    put(o, first);
    put_char(o, ' ');
    put(o, last);
    put_char(o, '"');
    member(o, "email");
    put_char(o, '"');
    put(o, first);
    put_char(o, '.');
    put_integer(o, rn(o, 1000000));
    put(o, "@mail.example.com\"");
    if (percent(o, 10)) {
        member_null(o, "phone");
    } else {
        member(o, "phone");
        put(o, "\"+41 ");
        put_integer(o, 100000000 + rn(o, 899999999));
        put_char(o, '"');
    }
}

static void order_address(struct output *o)
{
    member(o, "street");
    put_char(o, '"');
    put_words(o, 3);
    put(o, " street ");
    put_integer(o, 1 + rn(o, 300));
    put_char(o, '"');
    member_text(o, "city", pick(o, cities));
}

static void flat_row(struct output *o, uint64_t row)
{
    uint32_t created = YEAR_2024 + rn(o, 366 * SECONDS_PER_DAY);

    put_char(o, '{');
    member_integer(o, "id", row + 1);
    member_hex(o, "order_key", 32);
    order_customer(o);
    order_address(o);
    member(o, "amount");
    put_cents(o, rn(o, 1000000));
    if (percent(o, 30)) {
        member_null(o, "discount");
    } else {
        member(o, "discount");
        put_cents(o, rn(o, 5000));
    }
    member_integer(o, "quantity", 1 + rn(o, 20));
    member_bool(o, "paid", percent(o, 80));
    member_text(o, "status", percent(o, 70) ? "delivered" : percent(o, 50) ? "shipped" : "cancelled");
    member_time(o, "created_at", created);
    if (percent(o, 15))
        member_null(o, "updated_at");
    else
        member_time(o, "updated_at", created + rn(o, 30 * SECONDS_PER_DAY));
    member_words(o, "notes", 36);
    if (percent(o, 40))
        member_null(o, "internal_comment");
    else
        member_words(o, "internal_comment", 8);
    put_char(o, '}');
}

/* ---- w2: events of a code forge ---- */

#define API "https://api.forge.example/"

struct person {
    uint32_t id;
    const char *first, *second;
};

struct repo {
    uint32_t id;
    struct person owner;
    const char *first, *second;
};

static struct person person_pick(struct output *o)
{
    struct person person = { rn(o, 20000000), NULL, NULL };

    person.first = pick(o, first_names);
    person.second = pick(o, words);
    return person;
}

static void put_login(struct output *o, const struct person *person)
{
    put(o, person->first);
    put_char(o, '-');
    put(o, person->second);
    put_integer(o, person->id % 1000);
}

static void member_login(struct output *o, const char *name, const struct person *person)
{
    member(o, name);
    put_char(o, '"');
    put_login(o, person);
    put_char(o, '"');
}

static void member_user_url(struct output *o, const char *kind, const struct person *person)
{
    member(o, "url");
    put(o, "\"" API);
    put(o, kind);
    put_char(o, '/');
    put_login(o, person);
    put_char(o, '"');
}

static void member_avatar(struct output *o, const struct person *person)
{
    member(o, "avatar_url");
    put(o, "\"https://avatars.forge.example/u/");
    put_integer(o, person->id);
    put(o, "?v=4\"");
}

static void member_node_id(struct output *o, const char *prefix, uint32_t id)
{
    member(o, "node_id");
    put_char(o, '"');
    put(o, prefix);
    put_integer(o, id ^ 0x5A5A5Au);
    put_char(o, '"');
}

/* The user object as far as issues and pull requests carry it; the caller has opened the object and closes it. */
static void user_members(struct output *o, const struct person *person)
{
    member_login(o, "login", person);
    member_integer(o, "id", person->id);
    member_node_id(o, "U_kgDO", person->id);
    member_avatar(o, person);
    member_text(o, "type", rn(o, 20) ? "User" : "Bot");
    member_bool(o, "site_admin", rn(o, 50) == 0);
}

static void user_object(struct output *o, const char *name)
{
    struct person user = person_pick(o);

    open_object(o, name);
    user_members(o, &user);
    put_char(o, '}');
}

static void user_list(struct output *o, const char *name, unsigned count)
{
    open_list(o, name);
    for (unsigned i = 0; i < count; i++) {
        struct person user = person_pick(o);

        open_element(o);
        user_members(o, &user);
        member_user_url(o, "users", &user);
        put_char(o, '}');
    }
    put_char(o, ']');
}

static void put_repo_name(struct output *o, const struct repo *repo)
{
    put_login(o, &repo->owner);
    put_char(o, '/');
    put(o, repo->first);
    put_char(o, '.');
    put(o, repo->second);
}

/* "https://…/repos/OWNER/NAME" and then `path`; leaves the string open. */
static void put_repo_url(struct output *o, const struct repo *repo, const char *path)
{
    put(o, "\"" API "repos/");
    put_repo_name(o, repo);
    put(o, path);
}

static void member_repo_url(struct output *o, const char *name, const struct repo *repo, const char *path, uint32_t number)
{
    member(o, name);
    put_repo_url(o, repo, path);
    put_integer(o, number);
    put_char(o, '"');
}

static void label_list(struct output *o, const struct repo *repo, unsigned count)
{
    open_list(o, "labels");
    for (unsigned i = 0; i < count; i++) {
        const char *name = pick(o, words);
        uint32_t id = rn(o, 2000000000);

        open_element(o);
        member_integer(o, "id", id);
        member_node_id(o, "LA_kwDO", id);
        member(o, "url");
        put_repo_url(o, repo, "/labels/");
        put(o, name);
        put_char(o, '"');
        member_text(o, "name", name);
        member_hex(o, "color", 6);
        member_bool(o, "default", percent(o, 30));
        if (percent(o, 40))
            member_null(o, "description");
        else
            member_words(o, "description", 5);
        put_char(o, '}');
    }
    put_char(o, ']');
}

/* One in two reactions, so that the few who react do not hide the type of the columns. */
static void reactions_object(struct output *o, const char *const *names, size_t count)
{
    open_object(o, "reactions");
    member_integer(o, "total_count", rn(o, 30));
    for (size_t i = 0; i < count; i++)
        member_integer(o, names[i], percent(o, 50) ? rn(o, 10) : 0);
    put_char(o, '}');
}

/* 1 to 12, most often 1 and seldom more than 3: about 2.3 on average. */
static unsigned commit_count(struct output *o)
{
    if (percent(o, 65))
        return 1;
    return percent(o, 61) ? 2 + rn(o, 2) : 4 + rn(o, 9);
}

static void commit_list(struct output *o, const struct repo *repo, unsigned count)
{
    open_list(o, "commits");
    for (unsigned i = 0; i < count; i++) {
        struct person author = person_pick(o);

        open_element(o);
        member_hex(o, "sha", 40);
        open_object(o, "author");
        member(o, "email");
        put_char(o, '"');
        put_login(o, &author);
        put(o, "@users.forge.example\"");
        member(o, "name");
        put_char(o, '"');
        put(o, author.first);
        put_char(o, ' ');
        put(o, pick(o, last_names));
        put(o, "\"}");
        member_words(o, "message", 3 + rn(o, 9));
        member_bool(o, "distinct", percent(o, 90));
        member(o, "url");
        put_repo_url(o, repo, "/commits/");
        put_hex(o, 40);
        put(o, "\"}");
    }
    put_char(o, ']');
}

static void push_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    unsigned commits = commit_count(o);

    (void)when;
    member_integer(o, "repository_id", repo->id);
    member_integer(o, "push_id", 15000000000u + next_u64(o) % 5000000000u);
    member_integer(o, "size", commits);
    member_integer(o, "distinct_size", commits - rn(o, 2) * (commits > 1));
    member_text(o, "ref", percent(o, 70) ? "refs/heads/main" : "refs/heads/dépôt/x-1");
    member_hex(o, "head", 40);
    member_hex(o, "before", 40);
    commit_list(o, repo, commits);
}

static void create_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    bool branch = percent(o, 60);

    (void)repo;
    (void)when;
    if (branch)
        member_words(o, "ref", 1);
    else
        member_null(o, "ref");
    member_text(o, "ref_type", branch ? "branch" : "repository");
    member_text(o, "master_branch", percent(o, 80) ? "main" : "master");
    if (percent(o, 40))
        member_null(o, "description");
    else
        member_words(o, "description", 10);
    member_text(o, "pusher_type", "user");
}

static void watch_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    (void)repo;
    (void)when;
    member_text(o, "action", "started");
}

static void delete_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    (void)repo;
    (void)when;
    member_words(o, "ref", 2);
    member_text(o, "ref_type", percent(o, 80) ? "branch" : "tag");
    member_text(o, "pusher_type", "user");
}

static void milestone_member(struct output *o, uint32_t when)
{
    if (percent(o, 70)) {
        member_null(o, "milestone");
        return;
    }
    open_object(o, "milestone");
    member_integer(o, "id", rn(o, 9000000));
    member_integer(o, "number", 1 + rn(o, 20));
    member_words(o, "title", 2);
    if (percent(o, 50))
        member_null(o, "due_on");
    else
        member_time(o, "due_on", when + rn(o, 90 * SECONDS_PER_DAY));
    put_char(o, '}');
}

static void issue_object(struct output *o, const struct repo *repo, uint32_t when)
{
    static const char *const names[] = { "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes", "thinking" };
    uint32_t number = 1 + rn(o, 9000), id = rn(o, 2000000000);
    bool closed = percent(o, 35);

    open_object(o, "issue");
    member_repo_url(o, "url", repo, "/issues/", number);
    member_repo_url(o, "html_url", repo, "/-/issues/", number);
    member_integer(o, "id", id);
    member_node_id(o, "I_kwDO", id);
    member_integer(o, "number", number);
    member_words(o, "title", 6);
    user_object(o, "user");
    label_list(o, repo, rn(o, 5));
    member_text(o, "state", closed ? "closed" : "open");
    member_bool(o, "locked", rn(o, 10) == 0);
    user_list(o, "assignees", rn(o, 3));
    milestone_member(o, when);
    member_integer(o, "comments", rn(o, 40));
    member_time(o, "created_at", when - rn(o, 90 * SECONDS_PER_DAY));
    member_time(o, "updated_at", when);
    if (closed)
        member_time(o, "closed_at", when);
    else
        member_null(o, "closed_at");
    member_text(o, "author_association", percent(o, 50) ? "NONE" : "CONTRIBUTOR");
    if (percent(o, 80))
        member_null(o, "active_lock_reason");
    else
        member_text(o, "active_lock_reason", "too heated");
    member_words(o, "body", 20 + rn(o, 60));
    reactions_object(o, names, COUNT_OF(names));
    member_null(o, "performed_via_app"); /* never anything else: a key that makes no column */
    put_char(o, '}');
}

static void comment_object(struct output *o, const struct repo *repo, uint32_t when)
{
    static const char *const names[] = { "+1", "-1", "heart" };
    struct person user = person_pick(o);
    uint32_t id = rn(o, 2000000000);

    open_object(o, "comment");
    member_repo_url(o, "url", repo, "/issues/comments/", id);
    member_repo_url(o, "html_url", repo, "/-/comments/", id);
    member_integer(o, "id", id);
    member_node_id(o, "IC_kwDO", id);
    open_object(o, "user");
    member_login(o, "login", &user);
    member_integer(o, "id", user.id);
    member_text(o, "type", "User");
    put_char(o, '}');
    member_time(o, "created_at", when);
    member_time(o, "updated_at", when + rn(o, 3600));
    member_text(o, "author_association", percent(o, 50) ? "MEMBER" : "CONTRIBUTOR");
    member_words(o, "body", 10 + rn(o, 60));
    reactions_object(o, names, COUNT_OF(names));
    put_char(o, '}');
}

static void issue_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    member_text(o, "action", percent(o, 60) ? "opened" : "closed");
    issue_object(o, repo, when);
}

static void comment_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    member_text(o, "action", "created");
    issue_object(o, repo, when);
    comment_object(o, repo, when);
}

static void pull_request_base(struct output *o, const struct repo *repo)
{
    unsigned count = rn(o, 8);

    open_object(o, "base");
    member_text(o, "ref", "main");
    member_hex(o, "sha", 40);
    open_object(o, "repo");
    member_integer(o, "id", repo->id);
    member(o, "full_name");
    put_char(o, '"');
    put_repo_name(o, repo);
    put_char(o, '"');
    if (percent(o, 15))
        member_null(o, "language");
    else
        member_text(o, "language", percent(o, 50) ? "C" : "C++");
    member_integer(o, "stargazers_count", rn(o, 50000));
    open_list(o, "topics");
    for (unsigned i = 0; i < count; i++) {
        put(o, i ? ",\"" : "\"");
        put(o, pick(o, topics));
        put_char(o, '"');
    }
    put(o, "]}}");
}

static void pull_request_object(struct output *o, const struct repo *repo, uint32_t when, uint32_t number)
{
    uint32_t id = rn(o, 2000000000);
    bool closed = percent(o, 50), merged = closed && percent(o, 70);

    open_object(o, "pull_request");
    member_repo_url(o, "url", repo, "/pulls/", number);
    member_integer(o, "id", id);
    member_node_id(o, "PR_kwDO", id);
    member_integer(o, "number", number);
    member_text(o, "state", closed ? "closed" : "open");
    member_bool(o, "locked", false);
    member_words(o, "title", 7);
    user_object(o, "user");
    member_words(o, "body", 20 + rn(o, 80));
    member_time(o, "created_at", when - rn(o, 30 * SECONDS_PER_DAY));
    member_time(o, "updated_at", when);
    if (closed)
        member_time(o, "closed_at", when);
    else
        member_null(o, "closed_at");
    if (merged) {
        member_time(o, "merged_at", when);
        member_hex(o, "merge_commit_sha", 40);
    } else {
        member_null(o, "merged_at");
        member_null(o, "merge_commit_sha");
    }
    user_list(o, "requested_reviewers", rn(o, 4));
    label_list(o, repo, rn(o, 4));
    member_bool(o, "draft", percent(o, 10));
    open_object(o, "head");
    member_words(o, "ref", 2);
    member_hex(o, "sha", 40);
    put_char(o, '}');
    pull_request_base(o, repo);
    member_integer(o, "additions", rn(o, 3000));
    member_integer(o, "deletions", rn(o, 2000));
    member_integer(o, "changed_files", 1 + rn(o, 50));
    put_char(o, '}');
}

static void pull_request_payload(struct output *o, const struct repo *repo, uint32_t when)
{
    uint32_t number = 1 + rn(o, 9000);

    member_text(o, "action", percent(o, 50) ? "opened" : "closed");
    member_integer(o, "number", number);
    pull_request_object(o, repo, when, number);
}

static const struct event_type {
    const char *name;
    unsigned percent;
    void (*payload)(struct output *o, const struct repo *repo, uint32_t when);
} event_types[] = {
    { "PushEvent", 52, push_payload },
    { "CreateEvent", 14, create_payload },
    { "WatchEvent", 8, watch_payload },
    { "IssueCommentEvent", 8, comment_payload },
    { "PullRequestEvent", 8, pull_request_payload },
    { "IssuesEvent", 5, issue_payload },
    { "DeleteEvent", 5, delete_payload },
};

static const struct event_type *event_type_pick(struct output *o)
{
    const struct event_type *type = event_types;
    unsigned left = rn(o, 100);

    while (left >= type->percent)
        left -= (type++)->percent;
    return type;
}

static void actor_object(struct output *o, const char *name, const struct person *actor, bool is_org)
{
    open_object(o, name);
    member_integer(o, "id", actor->id);
    member_login(o, "login", actor);
    if (!is_org)
        member_login(o, "display_login", actor);
    member_text(o, "gravatar_id", "");
    member_user_url(o, is_org ? "orgs" : "users", actor);
    member_avatar(o, actor);
    put_char(o, '}');
}

static void event(struct output *o, uint64_t row)
{
    const struct event_type *type = event_type_pick(o);
    struct person actor = person_pick(o);
    struct repo repo = { rn(o, 700000000), person_pick(o), NULL, NULL };
    uint32_t when = YEAR_2024 + (uint32_t)(row % (700 * SECONDS_PER_DAY)) + rn(o, 3600);

    repo.first = pick(o, words);
    repo.second = pick(o, topics);
    put(o, "{\"id\":\"");
    put_integer(o, 34000000000u + row);
    put_char(o, '"');
    member_text(o, "type", type->name);
    actor_object(o, "actor", &actor, false);
    open_object(o, "repo");
    member_integer(o, "id", repo.id);
    member(o, "name");
    put_char(o, '"');
    put_repo_name(o, &repo);
    put_char(o, '"');
    member(o, "url");
    put_repo_url(o, &repo, "\"");
    put_char(o, '}');
    open_object(o, "payload");
    type->payload(o, &repo, when);
    put_char(o, '}');
    member_bool(o, "public", true);
    member_time(o, "created_at", when);
    if (percent(o, 30))
        actor_object(o, "org", &repo.owner, true);
    put_char(o, '}');
}

/* ---- lists ---- */

/* Three objects, then a number: elements of both kinds go to the same nested table. */
static void list_document(struct output *o, uint64_t row)
{
    put_char(o, '{');
    member_integer(o, "id", row + 1);
    member_words(o, "name", 3);
    open_list(o, "elements");
    for (unsigned i = 0; i < LIST_ELEMENTS; i++) {
        make_room(o);
        if (i % 4 == 3) {
            put_char(o, ',');
            put_integer(o, rn(o, 1000000));
            continue;
        }
        open_element(o);
        member_integer(o, "k", i);
        member_words(o, "v", 2);
        put_char(o, '}');
    }
    put(o, "]}");
}

/* ---- random: a schema that never rests ---- */

/* A new field appears at documents 0, 1, 2, … and then every time their number has grown by a quarter. Its kind goes by its
 * number, and about as many documents later it starts to be of another type, now and then, for the rest of the input. */
struct field {
    unsigned number;
    bool turned;
    uint64_t age;
};

static void scalar_value(struct output *o, unsigned type)
{
    switch (type % 5) {
    case 0: put_integer(o, rn(o, 100000)); break;
    case 1: put_char(o, '"'); put_words(o, 1 + rn(o, 3)); put_char(o, '"'); break;
    case 2: put(o, rn(o, 2) ? "true" : "false"); break;
    case 3: put_cents(o, rn(o, 100000)); break;
    case 4: put_time(o, YEAR_2024 + rn(o, 366 * SECONDS_PER_DAY)); break;
    }
}

/* An object whose set of keys grows with its age and that holds another one. */
static void object_value(struct output *o, const struct field *field)
{
    put_char(o, '{');
    member(o, "a");
    scalar_value(o, field->number);
    if (field->age > 10 && rn(o, 2)) {
        member(o, "addedLater");
        scalar_value(o, field->number + 1);
    }
    if (rn(o, 3) == 0) {
        open_object(o, "deep");
        member(o, "n");
        scalar_value(o, field->number + (field->turned ? 2 : 0));
        put_char(o, '}');
    }
    put_char(o, '}');
}

static void object_list_value(struct output *o, const struct field *field)
{
    unsigned count = rn(o, 4);

    put_char(o, '[');
    for (unsigned i = 0; i < count; i++) {
        if (i)
            put_char(o, ',');
        object_value(o, field);
    }
    put_char(o, ']');
}

/* Scalars of one type; when turned, of any type, and lists within the list. */
static void scalar_list_value(struct output *o, const struct field *field)
{
    unsigned count = rn(o, 4);

    put_char(o, '[');
    for (unsigned i = 0; i < count; i++) {
        if (i)
            put_char(o, ',');
        if (field->turned && rn(o, 3) == 0) {
            put_char(o, '[');
            scalar_value(o, field->number);
            put_char(o, ']');
        } else {
            scalar_value(o, field->turned ? field->number + rn(o, 2) : field->number);
        }
    }
    put_char(o, ']');
}

static void any_value(struct output *o, const struct field *field, unsigned shape)
{
    switch (shape % 4) {
    case 0: scalar_value(o, field->number); break;
    case 1: object_value(o, field); break;
    case 2: object_list_value(o, field); break;
    case 3: scalar_list_value(o, field); break;
    }
}

static void field_value(struct output *o, const struct field *field)
{
    bool turned = field->turned;
    unsigned shape = field->number / 10;

    switch (field->number % 10) {
    case 0: scalar_value(o, field->number / 10); break;                             /* a new column */
    case 1: object_value(o, field); break;                                          /* a new object */
    case 2: object_list_value(o, field); break;                                     /* a new nested table */
    case 3: turned ? any_value(o, field, shape) : put(o, "null"); break;            /* null, then typed */
    case 4: scalar_value(o, turned ? 3 : 0); break;                                 /* integer, then float */
    case 5: scalar_value(o, turned ? 1 : shape % 2 * 3); break;                     /* number, then text */
    case 6: turned ? scalar_value(o, shape) : object_value(o, field); break;        /* object, then scalar */
    case 7: turned ? scalar_value(o, shape) : object_list_value(o, field); break;   /* list, then scalar */
    case 8: turned ? any_value(o, field, 1 + shape) : scalar_value(o, shape); break; /* scalar, then anything */
    case 9: scalar_list_value(o, field); break;
    }
}

static void random_document(struct output *o, uint64_t row)
{
    struct field field = { 0 };

    put_char(o, '{');
    member_integer(o, "id", row + 1);
    for (uint64_t start = 0; start <= row; start += start / 4 + 1, field.number++) {
        field.age = row - start;
        if (field.age > 0 && rn(o, 3))
            continue;
        field.turned = field.age > start / 2 + 3 && rn(o, 2);
        member(o, field.number % 2 ? "fieldNo" : "field ");
        o->at -= 2; /* the name goes on with the number */
        put_integer(o, field.number);
        put(o, "\":");
        if (rn(o, 20) == 0)
            put(o, "null");
        else
            field_value(o, &field);
    }
    put_char(o, '}');
}

/* ---- the command ---- */

static const struct kind {
    const char *name;
    void (*document)(struct output *o, uint64_t row);
    const char *before, *between, *after;
} kinds[] = {
    { "w1n", narrow_row, "", "\n", "\n" },
    { "w1f", flat_row, "", "\n", "\n" },
    { "w2", event, "", "\n", "\n" },
    { "array", narrow_row, "[\n", ",\n", "\n]\n" },
    { "lists", list_document, "", "\n", "\n" },
    { "random", random_document, "", "\n", "\n" },
};

static const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

static bool parse_count(const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    *count = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

static void generate(struct output *o, const struct kind *kind, uint64_t count)
{
    put(o, kind->before);
    for (uint64_t row = 0; row < count; row++) {
        make_room(o);
        if (row)
            put(o, kind->between);
        kind->document(o, row);
    }
    if (count || kind->before[0])
        put(o, kind->after);
    flush(o);
}

int main(int argc, char **argv)
{
    struct output o = { .prng = SEED_DEFAULT };
    char *buffer;
    const struct kind *kind = argc == 3 || argc == 4 ? kind_find(argv[1]) : NULL;
    uint64_t count;

    if (!kind || !parse_count(argv[2], &count) || (argc == 4 && !parse_count(argv[3], &o.prng))) {
        fprintf(stderr, "usage: generate w1n|w1f|w2|array|lists|random COUNT [SEED]\n");
        return 2;
    }
    buffer = calloc(1, 1 + BUFFER_BYTES);
    if (!buffer) {
        fprintf(stderr, "generate: out of memory\n");
        return 1;
    }
    o.at = o.bytes = buffer + 1;
    generate(&o, kind, count);
    free(buffer);
    return 0;
}

#include "destination/sql/placeholders.h"

#include <string.h>

#include "destination/sql/sql.h"

/* ---- tokens --------------------------------------------------------------------------------------------------------------------- */

static bool begins_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_in_word(char c)
{
    return begins_word(c) || ascii_is_digit(c) || c == '$';
}

static const char *word_end(const char *at)
{
    while (is_in_word(*at))
        at++;
    return at;
}

/* A name behind "$": another "$" makes it the tag of a quote. */
static const char *name_end(const char *at)
{
    if (!begins_word(*at))
        return at;
    while (begins_word(*at) || ascii_is_digit(*at))
        at++;
    return at;
}

static const char *digits_end(const char *at)
{
    while (ascii_is_digit(*at))
        at++;
    return at;
}

/* Behind the closing quote; a doubled one is part of what is quoted. What is never closed goes to the end: the database will say so. */
static const char *quote_end(const char *at, bool escapes)
{
    char quote = *at++;

    for (; *at; at++) {
        if (escapes && *at == '\\' && at[1])
            at++;
        else if (*at == quote && at[1] == quote)
            at++;
        else if (*at == quote)
            return at + 1;
    }
    return at;
}

static const char *line_end(const char *at)
{
    return at + strcspn(at, "\r\n");
}

/* Comments nest, as the standard has it. */
static const char *comment_end(const char *at)
{
    size_t depth = 0;

    for (; *at; at++) {
        if (at[0] == '/' && at[1] == '*')
            depth++, at++;
        else if (at[0] == '*' && at[1] == '/' && (at++, --depth == 0))
            return at + 1;
    }
    return at;
}

/* $$...$$ or $tag$...$tag$. NULL: there is no such quote here. */
static const char *dollar_end(const char *at)
{
    const char *tag_end = name_end(at + 1), *end;
    size_t length = (size_t)(tag_end - at) + 1;

    if (*tag_end != '$')
        return NULL;
    for (end = tag_end + 1; *end; end++)
        if (!strncmp(end, at, length))
            return end + length;
    return end;
}

static const char *quoted_end(const char *at)
{
    switch (*at) {
    case '\'':
    case '"':
    case '`':
        return quote_end(at, false);
    case 'e':
    case 'E':
        return at[1] == '\'' ? quote_end(at + 1, true) : NULL;
    case '-':
        return at[1] == '-' ? line_end(at) : NULL;
    case '/':
        return at[1] == '*' ? comment_end(at) : NULL;
    case '$':
        return dollar_end(at);
    default:
        return NULL;
    }
}

static const char *take(struct sql_token *token, enum sql_token_kind kind, const char *name, const char *end_of_name, const char *end)
{
    token->kind = kind;
    token->name = (struct slice){ name, (size_t)(end_of_name - name) };
    return end;
}

static const char *percent_end(const char *at, struct sql_token *token)
{
    const char *close;

    if (at[1] == '%')
        return take(token, SQL_PERCENT_TWICE, at, at, at + 2);
    if (at[1] == 's' && !is_in_word(at[2]))
        return take(token, SQL_PERCENT, at, at, at + 2);
    close = at[1] == '(' ? at + 2 + strcspn(at + 2, "()'\"\r\n") : NULL;
    if (close && close > at + 2 && close[0] == ')' && close[1] == 's' && !is_in_word(close[2]))
        return take(token, SQL_PERCENT_NAME, at + 2, close, close + 2);
    return at + 1;
}

/* The place-holder before "||" is one; "?|" and "?&" are operators. */
static const char *question_end(const char *at, char before, struct sql_token *token)
{
    const char *digits = digits_end(at + 1);

    if (at[1] == '?')
        return take(token, SQL_QUESTION_TWICE, at, at, at + 2);
    if (digits > at + 1)
        return take(token, SQL_NUMBER, at + 1, digits, digits);
    if (before == '@' || at[1] == '&' || (at[1] == '|' && at[2] != '|'))
        return at + 1;
    return take(token, SQL_QUESTION, at, at, at + 1);
}

/* What follows a value at once is a slice's end or a member of a struct: x[1:n], {'a':b}. What a quote follows is the begin of a literal: x[:e'1']. */
static const char *colon_end(const char *at, char before, struct sql_token *token)
{
    const char *end = begins_word(at[1]) ? word_end(at + 1) : at + 1;

    if (at[1] == ':')
        return at + 2;
    if (end == at + 1 || *end == '\'' || is_in_word(before) || (before && strchr("'\"])}", before)))
        return at + 1;
    return take(token, SQL_COLON_NAME, at + 1, end, end);
}

static const char *dollar_holder_end(const char *at, struct sql_token *token)
{
    const char *digits = digits_end(at + 1), *name = name_end(at + 1);

    if (digits > at + 1)
        return take(token, SQL_NUMBER, at + 1, digits, digits);
    return name > at + 1 && *name != '\'' ? take(token, SQL_DOLLAR_NAME, at + 1, name, name) : at + 1;
}

bool sql_token_next(const char *sql, const char *at, struct sql_token *token)
{
    char before = at > sql ? at[-1] : '\0';
    const char *end = quoted_end(at);

    *token = (struct sql_token){ .kind = end ? SQL_QUOTED : SQL_PLAIN, .text = { at, 0 } };
    if (end)
        ;
    else if (begins_word(*at) || ascii_is_digit(*at))
        end = word_end(at);
    else if (*at == '%')
        end = percent_end(at, token);
    else if (*at == '?')
        end = question_end(at, before, token);
    else if (*at == ':')
        end = colon_end(at, before, token);
    else if (*at == '$')
        end = dollar_holder_end(at, token);
    else
        end = at + 1;
    token->text.length = *at ? (size_t)(end - at) : 0;
    return *at;
}

static bool is_comment(const struct sql_token *token)
{
    return token->kind == SQL_QUOTED && (*token->text.text == '-' || *token->text.text == '/');
}

bool sql_is_empty(const char *sql)
{
    struct sql_token token;

    for (const char *at = sql; sql_token_next(sql, at, &token); at += token.text.length)
        if (!is_comment(&token) && !strchr(" \t\r\n\f\v;", *at))
            return false;
    return true;
}

/* ---- errors --------------------------------------------------------------------------------------------------------------------- */

struct translation {
    const char *sql;
    const struct slice *names;
    size_t count;
    size_t uses[SQL_DOLLAR_NAME + 1]; /* tokens by kind */
    size_t *numbers; /* by parameter; 0: not used so far */
    size_t *order;
    size_t used;     /* parameters */
    size_t in_turn;  /* place-holders that take one after the other */
    struct text out;
};

static enum spile_status fail_at(const struct translation *t, const struct sql_token *token, const char *why, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    size_t line = 1;
    const char *begin = t->sql;

    for (const char *at = t->sql; at < token->text.text; at++)
        if (*at == '\n') {
            line++;
            begin = at + 1;
        }
    spile_fail(err, SPILE_USAGE, "place-holder %s %s", shorten(extract, token->text.text, token->text.length), why);
    return spile_within(err, SPILE_USAGE, "line %zu, column %zu of the statement", line, utf8_count(begin, (size_t)(token->text.text - begin)) + 1);
}

static void hint_names(const struct translation *t, struct spile_error *err)
{
    struct text known = { 0 };
    char extract[SHORTEN_BYTES];

    for (size_t i = 0; i < t->count; i++)
        text_printf(&known, "%s%s", i ? ", " : "", shorten(extract, t->names[i].text, t->names[i].length));
    spile_hint(err, SPILE_USAGE, "the parameters are: %s", known.text ? known.text : "");
    text_release(&known);
}

static enum spile_status fail_unused(const struct translation *t, size_t parameter, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    if (t->names) {
        spile_fail(err, SPILE_USAGE, "parameter \"%s\" is not used in the statement", shorten(extract, t->names[parameter].text, t->names[parameter].length));
        return spile_hint(err, SPILE_USAGE, "write %%(name)s, :name or $name where its value belongs, or leave it out");
    }
    spile_fail(err, SPILE_USAGE, "parameter %zu is not used: %zu %s given, and the statement takes %zu", parameter + 1, t->count,
               t->count == 1 ? "is" : "are", t->used);
    return spile_hint(err, SPILE_USAGE, "write %%s, ? or $%zu where its value belongs, or leave it out", parameter + 1);
}

/* ---- translation ---------------------------------------------------------------------------------------------------------------- */

static bool find_name(const struct translation *t, struct slice name, size_t *parameter)
{
    for (*parameter = 0; *parameter < t->count; ++*parameter)
        if (slice_equal(t->names[*parameter], name))
            return true;
    return false;
}

/* Digits without an overflow: beyond any count. */
static size_t number_of(struct slice digits)
{
    size_t number = 0;

    for (size_t i = 0; i < digits.length && number <= UINT32_MAX; i++)
        number = number * 10 + (size_t)(digits.text[i] - '0');
    return number;
}

/* To SQLite "$1::int" and "$1(x)" are names of variables. */
static bool goes_on(const char *at)
{
    return is_in_word(*at) || *at == '(' || (at[0] == ':' && at[1] == ':');
}

/* Neighbours must not become one word with it. */
static void put_number(struct translation *t, const struct sql_token *token, size_t parameter)
{
    char before = t->out.length ? t->out.text[t->out.length - 1] : '\0';

    if (!t->numbers[parameter]) {
        t->order[t->used] = parameter;
        t->numbers[parameter] = ++t->used;
    }
    text_printf(&t->out, "%s$%zu%s", is_in_word(before) ? " " : "", t->numbers[parameter], goes_on(token->text.text + token->text.length) ? " " : "");
}

static enum spile_status put_named(struct translation *t, const struct sql_token *token, struct spile_error *err)
{
    size_t parameter;
    enum spile_status status;

    if (!t->names)
        return fail_at(t, token, "has a name, but the parameters have none", err);
    if (find_name(t, token->name, &parameter)) {
        put_number(t, token, parameter);
        return SPILE_OK;
    }
    status = fail_at(t, token, "has no value", err);
    hint_names(t, err);
    return status;
}

static enum spile_status put_numbered(struct translation *t, const struct sql_token *token, size_t number, struct spile_error *err)
{
    char why[96];

    if (t->names)
        return fail_at(t, token, "has no name, but the parameters have", err);
    if (number >= 1 && number <= t->count) {
        put_number(t, token, number - 1);
        return SPILE_OK;
    }
    snprintf(why, sizeof(why), "has no value: %zu %s given", t->count, t->count == 1 ? "is" : "are");
    return fail_at(t, token, why, err);
}

static bool has_percents(const struct translation *t)
{
    return t->uses[SQL_PERCENT] || t->uses[SQL_PERCENT_NAME];
}

static enum spile_status put_token(struct translation *t, const struct sql_token *token, struct spile_error *err)
{
    size_t keep = token->text.length;

    switch (token->kind) {
    case SQL_PERCENT:
        return put_numbered(t, token, ++t->in_turn, err);
    case SQL_QUESTION:
        if (!t->names && !t->uses[SQL_PERCENT] && !t->uses[SQL_NUMBER])
            return put_numbered(t, token, ++t->in_turn, err);
        break;
    case SQL_NUMBER:
        if (t->uses[SQL_PERCENT])
            return fail_at(t, token, "has a number, but others are %s", err);
        return put_numbered(t, token, number_of(token->name), err);
    case SQL_PERCENT_NAME:
        return put_named(t, token, err);
    case SQL_COLON_NAME:
    case SQL_DOLLAR_NAME:
        if (t->names)
            return put_named(t, token, err);
        break;
    case SQL_PERCENT_TWICE:
        keep = has_percents(t) ? 1 : 2;
        break;
    case SQL_QUESTION_TWICE:
        text_puts(&t->out, ascii_is_digit(token->text.text[2]) ? "? " : "?"); /* ?1 would be a place-holder */
        return SPILE_OK;
    case SQL_PLAIN:
    case SQL_QUOTED:
        break;
    }
    text_append(&t->out, token->text.text, keep);
    return SPILE_OK;
}

static enum spile_status translate(struct translation *t, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    struct sql_token token;

    for (const char *at = t->sql; sql_token_next(t->sql, at, &token); at += token.text.length)
        t->uses[token.kind]++;
    for (const char *at = t->sql; !status && sql_token_next(t->sql, at, &token); at += token.text.length)
        status = put_token(t, &token, err);
    for (size_t i = 0; !status && i < t->count; i++)
        if (!t->numbers[i])
            status = fail_unused(t, i, err);
    return status;
}

enum spile_status placeholders_translate(struct placeholders *out, const char *sql, const struct slice *names, size_t count, struct arena *arena,
                                         struct spile_error *err)
{
    struct translation t = { .sql = sql, .names = names, .count = count };
    enum spile_status status;

    *out = (struct placeholders){ .sql = sql };
    if (!count)
        return SPILE_OK;
    t.numbers = arena_zalloc(arena, count * sizeof(*t.numbers));
    t.order = arena_alloc(arena, count * sizeof(*t.order));
    status = t.numbers && t.order ? translate(&t, err) : spile_fail_nomem(err);
    if (status) {
        text_release(&t.out);
        return status;
    }
    *out = (struct placeholders){ sql_take(&t.out, arena), t.order, t.used };
    return out->sql ? SPILE_OK : spile_fail_nomem(err);
}

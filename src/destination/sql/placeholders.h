/* The place-holders of a user's statement, of any style that is usual, become those that databases have: $1, $2, ... Values are never put into SQL, so what
 * is in a value can't become part of the statement; here it isn't even known.
 *
 *     by their order   %s   ?   $1   ?1
 *     by name          %(name)s   :name   $name
 *
 * What stands in literals, quoted names and comments is no place-holder, and neither are casts (x::text), slices (x[1:n]), and the operators of JSON (?| ?& @?).
 * Where %s is used, or %(name)s, a percent sign may be doubled, as dlt's users do it; where $1 or %s is, a single ? is an operator. Else that is written ??. */
#ifndef SQL_PLACEHOLDERS_H
#define SQL_PLACEHOLDERS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct placeholders {
    const char *sql;     /* with $1, $2, ... in the order of their first use; in the arena */
    const size_t *order; /* which of the parameters given each of them stands for */
    size_t count;
};

/* `names` of the parameters; NULL: they come by their order. Without parameters the statement stays as it is. SPILE_USAGE for a place-holder without a
 * value, and for a value that no place-holder takes. */
enum spile_status placeholders_translate(struct placeholders *out, const char *sql, const struct slice *names, size_t count, struct arena *arena,
                                         struct spile_error *err);

/* Nothing but white space, comments and semicolons. */
bool sql_is_empty(const char *sql);

enum sql_token_kind {
    SQL_PLAIN,        /* a word, white space, a sign */
    SQL_QUOTED,       /* a literal, a quoted name, a comment */
    SQL_PERCENT,      /* %s */
    SQL_PERCENT_NAME, /* %(name)s */
    SQL_PERCENT_TWICE,
    SQL_QUESTION,
    SQL_QUESTION_TWICE,
    SQL_NUMBER,       /* $1, ?1 */
    SQL_COLON_NAME,
    SQL_DOLLAR_NAME,
};

struct sql_token {
    enum sql_token_kind kind;
    struct slice text;
    struct slice name; /* or the digits of SQL_NUMBER */
};

/* The token at `at`, which is in the statement behind whole tokens. False: the statement is at its end. */
bool sql_token_next(const char *sql, const char *at, struct sql_token *token);

#endif

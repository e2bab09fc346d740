/* Errors: the function that fails says what (spile_fail: starts the error afresh, with status and message, and forgets an older where and hint), each
 * caller that knows more adds where (spile_within) and what to do (spile_hint: unless a remedy was given nearer to the fault). spile_fail and spile_hint
 * are public and declared in spile.h. All return the status, take a NULL error, and do nothing for SPILE_OK. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#include <spile/spile.h>

#define PRINTF_LIKE(template_at, values_at) __attribute__((format(printf, template_at, values_at)))

/* As spile_fail, with ": <strerror>" of `error_number` at the end. */
enum spile_status spile_fail_errno(struct spile_error *err, enum spile_status status, int error_number, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* "out of memory" */
enum spile_status spile_fail_nomem(struct spile_error *err);

/* Adds a place, outer than those already there. */
enum spile_status spile_within(struct spile_error *err, enum spile_status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds to the remedy, whether there is one or not. */
enum spile_status spile_hint_also(struct spile_error *err, enum spile_status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* A piece of data for a message: at most 64 bytes, cut at a character's border, control characters and bad UTF-8 as \xNN, "..." when
 * cut. Returns `buffer`. */
#define SHORTEN_BYTES 288
const char *shorten(char buffer[SHORTEN_BYTES], const void *text, size_t length);

#endif

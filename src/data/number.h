/* Numbers from and to text as Python does it, since that is what dlt's coercions show. Pure functions; no locale. */
#ifndef DATA_NUMBER_H
#define DATA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __int128 int128;
typedef unsigned __int128 uint128;

/* Python's int(text) for ASCII digits, after trimming white space, or "0x.." hexadecimal (facts: schema-and-naming.md 1.5):
 * "5", " +5 ", "-5", "1_000", "0x10". False for anything else and out of 64 bits. */
bool integer_from_text(const char *text, size_t length, int64_t *value);

/* Python's float(text) after trimming, or "0x.." hexadecimal integer: "1e5", "1_0.5", ".5", "5.". False for anything else, for nan
 * and inf, and for what exceeds a double. Correctly rounded. */
bool double_from_text(const char *text, size_t length, double *value);

/* A decimal with `precision` digits of which `scale` after the point, as value * 10^scale. Takes Python's Decimal(text) grammar
 * ("12.50", "1E+5", " 3 ", no nan/inf) and "0x.." integers. False when it does not fit exactly. */
bool decimal_from_text(const char *text, size_t length, int precision, int scale, int128 *value);
bool decimal_from_integer(int64_t number, int precision, int scale, int128 *value);
bool decimal_from_double(double number, int precision, int scale, int128 *value); /* by its shortest text, as dlt */

/* The same, rounded to the scale as DuckDB casts: a half goes away from zero. False when the whole part has too many digits. */
bool decimal_round_text(const char *text, size_t length, int precision, int scale, int128 *value);
bool decimal_round_double(double number, int precision, int scale, int128 *value);

/* Text of a decimal with all `scale` digits: "12.500000000". Returns the length. */
#define DECIMAL_CHARS 48
size_t decimal_format(int128 value, int scale, char out[DECIMAL_CHARS]);

/* Python's repr(float) of a finite double: shortest digits that read back, "1.5", "1e+300", "1e-05", "100000.0", "-0.0". */
#define DOUBLE_CHARS 32
size_t double_format(double value, char out[DOUBLE_CHARS]);

/* The same as orjson 3.13 has it, which writes dlt's schemas and states: "1e+300", but "0.00001" and "1e-7". */
size_t double_format_json(double value, char out[DOUBLE_CHARS]);

/* Python's truth words for a bool column: yes,true,t,y,1 / no,false,f,n,0 in any case, not trimmed. */
bool bool_from_text(const char *text, size_t length, bool *value);

#endif

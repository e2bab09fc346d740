/* Hashes that dlt's datasets show, and base64. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* A row id: 10 bytes in standard base64 without padding, 14 characters, no terminator. */
#define ROW_ID_CHARS 14
#define ROW_ID_BYTES 10

/* ids[i] = base64(shake_128(inputs[i]).digest(10)). Several inputs are hashed side by side where the processor can; any length. */
void row_ids_hash(const struct slice *inputs, size_t count, char (*ids)[ROW_ID_CHARS]);

/* The same, `width` (1, 4 or 8) inputs at a time: for tests and measurements. False, and nothing done, when the processor cannot. */
bool row_ids_hash_by(size_t width, const struct slice *inputs, size_t count, char (*ids)[ROW_ID_CHARS]);

void row_id_encode(const uint8_t bytes[ROW_ID_BYTES], char id[ROW_ID_CHARS]);

/* shake_128(input).digest(bytes), bytes <= 168. */
void shake128(const void *input, size_t length, uint8_t *digest, size_t bytes);

/* Standard base64 with padding; `out` holds base64_size(length) bytes with the terminator. Returns the length written. */
#define base64_size(length) (((length) + 2) / 3 * 4 + 1)
size_t base64_encode(const void *bytes, size_t length, char *out);
void base64_append(struct text *out, struct slice bytes);

/* Strict: padded, no white space. `out` holds length / 4 * 3 bytes. False when the text is not base64. */
bool base64_decode(const char *text, size_t length, uint8_t *out, size_t *out_length);

#endif

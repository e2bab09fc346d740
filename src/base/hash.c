/* SHAKE-128 (FIPS 202) for dlt's row ids, and base64.
 *
 * Ids of nested rows are the costliest thing the normalizer computes, and nearly every input is one block. So the permutation is
 * made once per width: one state in 64-bit words, or 4 or 8 states side by side in vectors where the processor has AVX2 or
 * AVX-512. Only the rotation and the two three-way steps are spelled differently per width; compilers do not find the AVX-512
 * instructions themselves. */
#include "base/hash.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_LANES 1
#else
#define HAVE_LANES 0
#endif

#define STATE_WORDS 25
#define BLOCK_BYTES 168
#define BLOCK_WORDS (BLOCK_BYTES / 8)
#define ROUNDS 24
#define SHAKE_PADDING 0x1F
#define LAST_BIT (UINT64_C(1) << 63)

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
    0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800A, 0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* ---- Keccak-f[1600] -------------------------------------------------------------------------------------------------------- */

/* Word x of plane y is state[x + 5 * y]. One row of the new state: five words of the old one, theta's column sums added, rotated
 * (rho), gathered from their diagonals (pi) and mixed (chi). */
#define KECCAK_ROW(to, from, y, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4) \
    b0 = ROTATE(from[i0] ^ d[(i0) % 5], r0);                            \
    b1 = ROTATE(from[i1] ^ d[(i1) % 5], r1);                            \
    b2 = ROTATE(from[i2] ^ d[(i2) % 5], r2);                            \
    b3 = ROTATE(from[i3] ^ d[(i3) % 5], r3);                            \
    b4 = ROTATE(from[i4] ^ d[(i4) % 5], r4);                            \
    to[5 * (y)] = CHI(b0, b1, b2);                                      \
    to[5 * (y) + 1] = CHI(b1, b2, b3);                                  \
    to[5 * (y) + 2] = CHI(b2, b3, b4);                                  \
    to[5 * (y) + 3] = CHI(b3, b4, b0);                                  \
    to[5 * (y) + 4] = CHI(b4, b0, b1);

#define KECCAK_COLUMN(from, x) XOR3(XOR3(from[x], from[(x) + 5], from[(x) + 10]), from[(x) + 15], from[(x) + 20])

#define KECCAK_ROUND(to, from, constant)                                    \
    c0 = KECCAK_COLUMN(from, 0);                                            \
    c1 = KECCAK_COLUMN(from, 1);                                            \
    c2 = KECCAK_COLUMN(from, 2);                                            \
    c3 = KECCAK_COLUMN(from, 3);                                            \
    c4 = KECCAK_COLUMN(from, 4);                                            \
    d[0] = c4 ^ ROTATE(c1, 1);                                              \
    d[1] = c0 ^ ROTATE(c2, 1);                                              \
    d[2] = c1 ^ ROTATE(c3, 1);                                              \
    d[3] = c2 ^ ROTATE(c4, 1);                                              \
    d[4] = c3 ^ ROTATE(c0, 1);                                              \
    KECCAK_ROW(to, from, 0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14)            \
    to[0] ^= constant; /* iota */                                           \
    KECCAK_ROW(to, from, 1, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61)            \
    KECCAK_ROW(to, from, 2, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18)              \
    KECCAK_ROW(to, from, 3, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56)           \
    KECCAK_ROW(to, from, 4, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2)

/* Two rounds a turn, there and back between two copies of the state, so that nothing is moved. */
#define KECCAK_PERMUTE(word)                                         \
    word odd[STATE_WORDS], d[5], b0, b1, b2, b3, b4, c0, c1, c2, c3, c4; \
                                                                     \
    for (int round = 0; round < ROUNDS; round += 2) {                \
        KECCAK_ROUND(odd, state, round_constants[round])             \
        KECCAK_ROUND(state, odd, round_constants[round + 1])         \
    }

#define ROTATE(a, bits) ((a) << (bits) | (a) >> ((64 - (bits)) & 63))
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define CHI(a, b, c) ((a) ^ (~(b) & (c)))

static void permute(uint64_t state[STATE_WORDS])
{
    KECCAK_PERMUTE(uint64_t)
}

#if HAVE_LANES

typedef uint64_t lanes4 __attribute__((vector_size(32)));
typedef uint64_t lanes8 __attribute__((vector_size(64)));

__attribute__((target("avx2"))) static void permute4(lanes4 state[STATE_WORDS])
{
    KECCAK_PERMUTE(lanes4)
}

#undef ROTATE
#undef XOR3
#undef CHI
#define ROTATE(a, bits) ((lanes8)_mm512_rol_epi64((__m512i)(a), bits))
#define XOR3(a, b, c) ((lanes8)_mm512_ternarylogic_epi64((__m512i)(a), (__m512i)(b), (__m512i)(c), 0x96))
#define CHI(a, b, c) ((lanes8)_mm512_ternarylogic_epi64((__m512i)(a), (__m512i)(b), (__m512i)(c), 0xD2))

__attribute__((target("avx512f"))) static void permute8(lanes8 state[STATE_WORDS])
{
    KECCAK_PERMUTE(lanes8)
}

#endif

/* ---- SHAKE-128 ------------------------------------------------------------------------------------------------------------- */

/* A word of the state from or to the bytes of the message, which are little-endian. */
static uint64_t word_load(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The last `rest` (0 to 7) bytes of a message as a word, zeros behind them. A message of a word or more is read back from its
 * end. */
static uint64_t tail_load(const uint8_t *message, size_t length, size_t rest)
{
    uint64_t word = 0;

    if (rest == 0)
        return 0;
    if (length >= 8)
        return word_load(message + length - 8) >> (64 - 8 * rest);
    for (size_t i = 0; i < rest; i++)
        word |= (uint64_t)message[i] << (8 * i);
    return word;
}

/* Adds the last block of a message, less than BLOCK_BYTES, with its padding to a state whose words lie `stride` apart. */
static void absorb_last(uint64_t *state, size_t stride, const uint8_t *message, size_t length)
{
    size_t words = length / 8, rest = length % 8;

    for (size_t i = 0; i < words; i++)
        state[i * stride] ^= word_load(message + 8 * i);
    state[words * stride] ^= tail_load(message, length, rest) ^ (uint64_t)SHAKE_PADDING << (8 * rest);
    state[(BLOCK_WORDS - 1) * stride] ^= LAST_BIT;
}

static void digest_take(const uint64_t *state, size_t stride, uint8_t *digest, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        digest[i] = (uint8_t)(state[i / 8 * stride] >> (8 * (i % 8)));
}

void shake128(const void *input, size_t length, uint8_t *digest, size_t bytes)
{
    uint64_t state[STATE_WORDS] = { 0 };
    const uint8_t *message = input;

    for (; length >= BLOCK_BYTES; message += BLOCK_BYTES, length -= BLOCK_BYTES) {
        for (size_t i = 0; i < BLOCK_WORDS; i++)
            state[i] ^= word_load(message + 8 * i);
        permute(state);
    }
    absorb_last(state, 1, message, length);
    permute(state);
    digest_take(state, 1, digest, bytes);
}

/* ---- row ids --------------------------------------------------------------------------------------------------------------- */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* `high` holds bytes 0 to 7, the first one on top; `low` bytes 8 and 9. */
static void row_id_from_words(uint64_t high, uint64_t low, char id[ROW_ID_CHARS])
{
    for (unsigned i = 0; i < 10; i++)
        id[i] = base64_digits[high >> (58 - 6 * i) & 63];
    low |= (high & 15) << 16; /* the 20 bits that are left */
    id[10] = base64_digits[low >> 14 & 63];
    id[11] = base64_digits[low >> 8 & 63];
    id[12] = base64_digits[low >> 2 & 63];
    id[13] = base64_digits[low << 4 & 63];
}

void row_id_encode(const uint8_t bytes[ROW_ID_BYTES], char id[ROW_ID_CHARS])
{
    row_id_from_words(__builtin_bswap64(word_load(bytes)), (uint64_t)bytes[8] << 8 | bytes[9], id);
}

static void row_id_hash(struct slice input, char id[ROW_ID_CHARS])
{
    uint8_t digest[ROW_ID_BYTES];

    shake128(input.text, input.length, digest, sizeof(digest));
    row_id_encode(digest, id);
}

#define LANES_MOST 8

#if HAVE_LANES

static bool lanes_supported(size_t width)
{
    switch (width) {
    case 8:
        return __builtin_cpu_supports("avx512f");
    case 4:
        return __builtin_cpu_supports("avx2");
    default:
        return width == 1;
    }
}

/* The id of one of the states that lie side by side. */
static void row_id_take(const uint64_t *state, size_t stride, char id[ROW_ID_CHARS])
{
    row_id_from_words(__builtin_bswap64(state[0]), __builtin_bswap64(state[stride]) >> 48, id);
}

/* States side by side. */
union lanes {
    uint64_t words[STATE_WORDS * LANES_MOST];
    lanes4 four[STATE_WORDS];
    lanes8 eight[STATE_WORDS];
};

static void lanes_permute(union lanes *state, size_t width)
{
    if (width == 8)
        permute8(state->eight);
    else
        permute4(state->four);
}

/* Hashes up to `width` inputs of one block, those whose places `chosen` lists. */
static void lanes_hash(size_t width, const struct slice *inputs, const size_t *chosen, size_t count, char (*ids)[ROW_ID_CHARS])
{
    union lanes state;

    memset(&state, 0, STATE_WORDS * width * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++)
        absorb_last(state.words + i, width, (const uint8_t *)inputs[chosen[i]].text, inputs[chosen[i]].length);
    lanes_permute(&state, width);
    for (size_t i = 0; i < count; i++)
        row_id_take(state.words + i, width, ids[chosen[i]]);
}

/* What of an input has not gone into its state yet. */
struct lane {
    const uint8_t *message;
    size_t left;
    char *id;      /* NULL: nothing is in the lane */
    bool is_last;  /* the block that went in now */
};

static void lane_begin(struct lane *lane, uint64_t *state, size_t stride, struct slice input, char *id)
{
    *lane = (struct lane){ .message = (const uint8_t *)input.text, .left = input.length, .id = id };
    for (size_t i = 0; i < STATE_WORDS; i++)
        state[i * stride] = 0;
}

static void lane_absorb(struct lane *lane, uint64_t *state, size_t stride)
{
    lane->is_last = lane->left < BLOCK_BYTES;
    if (lane->is_last) {
        absorb_last(state, stride, lane->message, lane->left);
        return;
    }
    for (size_t i = 0; i < BLOCK_WORDS; i++)
        state[i * stride] ^= word_load(lane->message + 8 * i);
    lane->message += BLOCK_BYTES;
    lane->left -= BLOCK_BYTES;
}

/* Hashes the inputs of more than one block, of any lengths: one that is done makes room for the next. */
static void lanes_hash_long(size_t width, const struct slice *inputs, size_t count, char (*ids)[ROW_ID_CHARS])
{
    union lanes state;
    struct lane lanes[LANES_MOST] = { 0 };
    size_t next = 0, busy = 0;

    memset(&state, 0, sizeof(state));
    do {
        for (size_t i = 0; i < width; i++) {
            while (!lanes[i].id && next < count && inputs[next].length < BLOCK_BYTES)
                next++;
            if (!lanes[i].id && next < count) {
                lane_begin(&lanes[i], state.words + i, width, inputs[next], ids[next]);
                next++;
                busy++;
            }
            if (lanes[i].id)
                lane_absorb(&lanes[i], state.words + i, width);
        }
        if (busy)
            lanes_permute(&state, width);
        for (size_t i = 0; i < width; i++)
            if (lanes[i].id && lanes[i].is_last) {
                row_id_take(state.words + i, width, lanes[i].id);
                lanes[i].id = NULL;
                busy--;
            }
    } while (busy || next < count);
}

#else

static bool lanes_supported(size_t width)
{
    return width == 1;
}

static void lanes_hash(size_t width, const struct slice *inputs, const size_t *chosen, size_t count, char (*ids)[ROW_ID_CHARS])
{
    (void)width;
    for (size_t i = 0; i < count; i++)
        row_id_hash(inputs[chosen[i]], ids[chosen[i]]);
}

static void lanes_hash_long(size_t width, const struct slice *inputs, size_t count, char (*ids)[ROW_ID_CHARS])
{
    (void)width;
    for (size_t i = 0; i < count; i++)
        if (inputs[i].length >= BLOCK_BYTES)
            row_id_hash(inputs[i], ids[i]);
}

#endif

bool row_ids_hash_by(size_t width, const struct slice *inputs, size_t count, char (*ids)[ROW_ID_CHARS])
{
    size_t chosen[LANES_MOST], waiting = 0, longer = 0;

    if (!lanes_supported(width))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool is_long = inputs[i].length >= BLOCK_BYTES;

        longer += is_long;
        if (width == 1)
            row_id_hash(inputs[i], ids[i]);
        if (width == 1 || is_long)
            continue;
        chosen[waiting++] = i;
        if (waiting == width) {
            lanes_hash(width, inputs, chosen, waiting, ids);
            waiting = 0;
        }
    }
    if (waiting)
        lanes_hash(width, inputs, chosen, waiting, ids);
    if (width > 1 && longer)
        lanes_hash_long(width, inputs, count, ids);
    return true;
}

void row_ids_hash(const struct slice *inputs, size_t count, char (*ids)[ROW_ID_CHARS])
{
    static const size_t widths[] = { 8, 4, 1 };

    for (size_t i = count > 1 ? 0 : 2; i < 3 && !row_ids_hash_by(widths[i], inputs, count, ids); i++)
        continue;
}

/* ---- base64 ---------------------------------------------------------------------------------------------------------------- */

static void base64_group(uint32_t three_bytes, char out[4])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = base64_digits[three_bytes >> (18 - 6 * i) & 63];
}

size_t base64_encode(const void *bytes, size_t length, char *out)
{
    const uint8_t *in = bytes;
    char *start = out;

    for (; length >= 3; in += 3, length -= 3, out += 4)
        base64_group((uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2], out);
    if (length > 0) {
        base64_group((uint32_t)in[0] << 16 | (length > 1 ? (uint32_t)in[1] << 8 : 0), out);
        memset(out + length + 1, '=', 3 - length);
        out += 4;
    }
    *out = '\0';
    return (size_t)(out - start);
}

void base64_append(struct text *out, struct slice bytes)
{
    if (text_reserve(out, base64_size(bytes.length)))
        out->length += base64_encode(bytes.text, bytes.length, out->text + out->length);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Reads a group of `digits` (2 to 4) digits into digits - 1 bytes. Bits left over in the last digit are not looked at, as in
 * Python. */
static bool base64_read(const char *text, size_t digits, uint8_t *out)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < digits ? base64_value(text[i]) : 0;

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    for (size_t i = 0; i + 1 < digits; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return true;
}

bool base64_decode(const char *text, size_t length, uint8_t *out, size_t *out_length)
{
    size_t digits = length, used = 0;

    if (length % 4 != 0)
        return false;
    while (digits > 0 && length - digits < 2 && text[digits - 1] == '=')
        digits--;
    for (size_t i = 0; i < digits; i += 4) {
        size_t group = digits - i < 4 ? digits - i : 4;

        if (!base64_read(text + i, group, out + used))
            return false;
        used += group - 1;
    }
    *out_length = used;
    return true;
}

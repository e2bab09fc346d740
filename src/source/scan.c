/* Finds the borders between JSON items. The text goes by in blocks of 64 bytes, a bit per byte:
 *
 *   bytes                {"a":"x]\"y"}        each kind of byte that matters is made a mask,
 *   quotes, escaped out   1 1 1      1        whose prefix xor tells
 *   inside a string       110111111110        which brackets count; then two population counts
 *   brackets outside     1            1       carry the depth over the block.
 *
 * Only a block in which the depth may fall to where a border lies, or one behind the target, is walked bracket by bracket. */
#include "source/scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK 64
#define BATCH 16 /* blocks whose masks are made in one go */

struct masks {
    uint64_t quote, backslash, open, close, newline;
};

/* ---- masks ------------------------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

static inline uint64_t equal_sse2(const __m128i part[4], char c)
{
    __m128i wanted = _mm_set1_epi8(c);
    uint64_t mask = 0;

    for (int i = 0; i < 4; i++)
        mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[i], wanted)) << (16 * i);
    return mask;
}

static void masks_plain(const char *bytes, size_t blocks, struct masks *masks)
{
    const __m128i lower = _mm_set1_epi8(0x20); /* makes [ ] of { }, or rather the other way round */
    __m128i part[4];

    for (; blocks; blocks--, bytes += BLOCK, masks++) {
        for (int i = 0; i < 4; i++)
            part[i] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
        masks->quote = equal_sse2(part, '"');
        masks->backslash = equal_sse2(part, '\\');
        masks->newline = equal_sse2(part, '\n');
        for (int i = 0; i < 4; i++)
            part[i] = _mm_or_si128(part[i], lower);
        masks->open = equal_sse2(part, '{');
        masks->close = equal_sse2(part, '}');
    }
}

#define WIDE __attribute__((target("avx2,popcnt,bmi")))

WIDE static inline uint64_t equal_avx2(__m256i low, __m256i high, char c)
{
    __m256i wanted = _mm256_set1_epi8(c);
    uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));

    return first | (uint64_t)second << 32;
}

WIDE static inline void masks_wide(const char *bytes, size_t blocks, struct masks *masks)
{
    const __m256i lower = _mm256_set1_epi8(0x20);

    for (; blocks; blocks--, bytes += BLOCK, masks++) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));

        masks->quote = equal_avx2(low, high, '"');
        masks->backslash = equal_avx2(low, high, '\\');
        masks->newline = equal_avx2(low, high, '\n');
        low = _mm256_or_si256(low, lower);
        high = _mm256_or_si256(high, lower);
        masks->open = equal_avx2(low, high, '{');
        masks->close = equal_avx2(low, high, '}');
    }
}

static bool processor_is_wide(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

#else

static void masks_plain(const char *bytes, size_t blocks, struct masks *masks)
{
    for (; blocks; blocks--, bytes += BLOCK, masks++) {
        memset(masks, 0, sizeof(*masks));
        for (int i = 0; i < BLOCK; i++) {
            masks->quote |= (uint64_t)(bytes[i] == '"') << i;
            masks->backslash |= (uint64_t)(bytes[i] == '\\') << i;
            masks->newline |= (uint64_t)(bytes[i] == '\n') << i;
            masks->open |= (uint64_t)((bytes[i] | 0x20) == '{') << i;
            masks->close |= (uint64_t)((bytes[i] | 0x20) == '}') << i;
        }
    }
}

static bool processor_is_wide(void)
{
    return false;
}

#endif

/* Bytes that a backslash before them makes literal. A run of backslashes is taken pair by pair. */
static inline uint64_t escaped_by(uint64_t backslash, bool *carry)
{
    uint64_t escaped = *carry;

    *carry = false;
    for (backslash &= ~escaped; backslash;) {
        uint64_t bit = backslash & -backslash;

        escaped |= bit << 1;
        *carry = bit >> 63;
        backslash &= ~(bit | bit << 1);
    }
    return escaped;
}

/* Bit i of the result is the xor of the bits 0 to i. */
static inline uint64_t prefix_xor(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static inline uint64_t bits_below(size_t count)
{
    return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

/* ---- one block, bracket by bracket ------------------------------------------------------------------------------------------- */

static uint64_t comma_mask(const char *block)
{
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i++)
        mask |= (uint64_t)(block[i] == ',') << i;
    return mask;
}

static uint64_t solid_mask(const char *block)
{
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i++)
        mask |= (uint64_t)(block[i] != ' ' && block[i] != '\n' && block[i] != '\r' && block[i] != '\t') << i;
    return mask;
}

static enum scan_found found_at(struct scan *scan, enum scan_found what, uint64_t newline, size_t place)
{
    scan->newlines += (uint64_t)__builtin_popcountll(newline & bits_below(place - scan->at));
    scan->found = place;
    return what;
}

/* Takes one bracket or comma at `place` and judges it. */
static enum scan_found bracket_take(struct scan *scan, bool open, bool close, size_t place)
{
    scan->depth += open - close;
    if (scan->depth < 0)
        return SCAN_BROKEN;
    if (!open && !close) /* a comma: only looked for in an array */
        return scan->depth == 1 && place + 1 >= scan->target ? SCAN_BORDER : SCAN_NOTHING;
    if (!close || scan->depth > 0)
        return SCAN_NOTHING;
    if (scan->array)
        return SCAN_END;
    return place + 1 >= scan->target ? SCAN_BORDER : SCAN_NOTHING;
}

/* `valid`: bytes of the block that belong to the text. `m`: with brackets outside of strings only. */
__attribute__((noinline)) static enum scan_found block_walk(struct scan *scan, const char *block, size_t valid, const struct masks *m,
                                                            uint64_t string)
{
    bool behind = scan->at + BLOCK >= scan->target; /* the target: here text outside of all brackets is noticed as well */
    uint64_t limit = bits_below(valid);
    uint64_t torn = m->newline & string & limit; /* a raw newline can't be inside a string */
    uint64_t events = m->open | m->close | (scan->array && behind ? comma_mask(block) & ~string : 0);
    uint64_t stray = !scan->array && behind ? solid_mask(block) : 0;
    enum scan_found found;

    if (torn)
        limit = (torn & -torn) - 1;
    events &= limit;
    stray &= scan->target > scan->at ? limit & ~bits_below(scan->target - scan->at) : limit;
    for (;;) {
        uint64_t event = events & -events, before = event ? event - 1 : limit;
        size_t place = scan->at + (event ? (size_t)__builtin_ctzll(event) : 0);

        if (scan->depth == 0 && (stray & before))
            return found_at(scan, SCAN_BROKEN, m->newline, scan->at + (size_t)__builtin_ctzll(stray));
        if (!event)
            break;
        found = bracket_take(scan, m->open & event, m->close & event, place);
        if (found != SCAN_NOTHING)
            return found_at(scan, found, m->newline, found == SCAN_BROKEN ? place : place + 1);
        events ^= event;
        stray &= ~(before | event);
    }
    return torn ? found_at(scan, SCAN_BROKEN, m->newline, scan->at + (size_t)__builtin_ctzll(torn)) : SCAN_NOTHING;
}

/* ---- many blocks ------------------------------------------------------------------------------------------------------------- */

/* Bits that are set; `wide`: by an instruction, which the compiler can't take for granted. */
static inline __attribute__((always_inline)) int64_t bits_count(uint64_t bits, bool wide)
{
    if (wide)
        return __builtin_popcountll(bits);
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (int64_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* Does the depth fall below `lowest` at one of the closing brackets? */
static inline __attribute__((always_inline)) bool depth_falls(int64_t depth, int64_t lowest, uint64_t open, uint64_t close, bool wide)
{
    for (; close; close &= close - 1) {
        uint64_t before = (close & -close) - 1;

        if (depth + bits_count(open & before, wide) <= lowest)
            return true;
        depth--;
    }
    return false;
}

/* Inlined into a function per kind of processor. The state is in local variables as long as nothing is found. */
static inline __attribute__((always_inline)) enum scan_found blocks_take(struct scan *scan, const char *bytes, size_t length,
                                                                         struct masks *m, size_t blocks, bool wide)
{
    int64_t lowest = scan->array; /* at a depth below it something ends */
    int64_t depth = scan->depth, deepest = scan->deepest;
    uint64_t inside = scan->string, newlines = scan->newlines;
    size_t at = scan->at;
    bool escape = scan->escape;
    enum scan_found found = SCAN_NOTHING;

    for (; blocks; blocks--, m++) {
        uint64_t string = prefix_xor(m->quote & ~escaped_by(m->backslash, &escape)) ^ inside;
        int64_t opens, closes;

        m->open &= ~string;
        m->close &= ~string;
        opens = bits_count(m->open, wide);
        closes = bits_count(m->close, wide);
        deepest = depth + opens > deepest ? depth + opens : deepest;
        if (at + BLOCK >= scan->target || (m->newline & string) ||
            (depth - closes < lowest && depth_falls(depth, lowest, m->open, m->close, wide))) {
            scan->at = at;
            scan->depth = depth;
            scan->newlines = newlines;
            found = block_walk(scan, bytes + at, length - at, m, string);
            if (found != SCAN_NOTHING)
                break;
        }
        depth += opens - closes;
        newlines += (uint64_t)bits_count(m->newline, wide);
        inside = (uint64_t)((int64_t)string >> 63);
        at += BLOCK;
    }
    scan->deepest = deepest;
    if (found != SCAN_NOTHING)
        return found;
    scan->at = at;
    scan->depth = depth;
    scan->newlines = newlines;
    scan->string = inside;
    scan->escape = escape;
    return SCAN_NOTHING;
}

static enum scan_found batch_plain(struct scan *scan, const char *bytes, size_t length, size_t blocks)
{
    struct masks masks[BATCH];

    masks_plain(bytes + scan->at, blocks, masks);
    return blocks_take(scan, bytes, length, masks, blocks, false);
}

#if defined(__x86_64__)
WIDE static enum scan_found batch_wide(struct scan *scan, const char *bytes, size_t length, size_t blocks)
{
    struct masks masks[BATCH];

    masks_wide(bytes + scan->at, blocks, masks);
    return blocks_take(scan, bytes, length, masks, blocks, true);
}
#else
#define batch_wide batch_plain
#endif

void scan_begin(struct scan *scan, enum chunk_state state, size_t target)
{
    memset(scan, 0, sizeof(*scan));
    scan->array = state != CHUNK_SEQUENCE;
    scan->depth = state == CHUNK_ARRAY_ITEM;
    scan->deepest = scan->depth;
    scan->target = target;
    scan->wide = processor_is_wide();
}

enum scan_found scan_more(struct scan *scan, const char *bytes, size_t length, bool ended)
{
    enum scan_found found = SCAN_NOTHING;

    while (found == SCAN_NOTHING && scan->at < length) {
        size_t blocks = (length - scan->at + (ended ? BLOCK - 1 : 0)) / BLOCK;

        if (blocks == 0)
            break;
        if (blocks > BATCH)
            blocks = BATCH;
        found = scan->wide ? batch_wide(scan, bytes, length, blocks) : batch_plain(scan, bytes, length, blocks);
    }
    return found;
}

/* dlt's naming conventions. A name goes through a few steps of its convention, and is shortened.
 *
 * snake_case: reduce the alphabet, break camel case, mend both ends, collapse underscores. After the first step only [A-Za-z0-9_] and
 * decimal digits of other scripts are left, so the later steps work on bytes; digits of several bytes are to them like any letter
 * without case. sql_ci_v1 and sql_cs_v1 go without the breaking; duck_case and direct only replace a few signs. */
#include "schema/naming.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/nearest.h"

#define TAG_CHARS 6
#define TAG_BYTES 4
#define DISTINCT_CHARS 9 /* "_" and 8 digits */

/* ---- characters ------------------------------------------------------------------------------------------------------------ */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Decimal digits (Unicode 15, category Nd): these and the nine behind each. */
static const uint32_t digit_zeros[] = {
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
};

bool is_decimal_digit(uint32_t character)
{
    size_t low = 0, high = sizeof(digit_zeros) / sizeof(digit_zeros[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (character < digit_zeros[middle])
            high = middle;
        else if (character > digit_zeros[middle] + 9)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

/* ---- steps ----------------------------------------------------------------------------------------------------------------- */

/* The ASCII character that stands for this one; '\0' for one that has no place in a name. */
static char reduced_snake(char c)
{
    switch (c) {
    case '+':
    case '*':
        return 'x';
    case '@':
        return 'a';
    case '|':
        return 'l';
    case '-':
    case '_':
        return '_';
    default:
        return is_upper(c) || is_lower(c) || ascii_is_digit(c) ? c : '\0';
    }
}

static char reduced_sql(char c)
{
    return is_upper(c) || is_lower(c) || ascii_is_digit(c) || c == '_' ? c : '\0';
}

/* Copies the name; each run of characters without a place becomes one "_". */
static size_t reduce_alphabet(struct slice name, char (*reduced)(char), char *out)
{
    size_t used = 0, step;
    uint32_t character;
    bool in_run = false;

    for (size_t i = 0; i < name.length; i += step) {
        char c = reduced(name.text[i]);

        step = utf8_decode(name.text + i, name.length - i, &character);
        if (c) {
            out[used++] = c;
            in_run = false;
        } else if (step > 1 && is_decimal_digit(character)) {
            memcpy(out + used, name.text + i, step);
            used += step;
            in_run = false;
        } else if (!in_run) {
            out[used++] = '_';
            in_run = true;
        }
        step = step ? step : 1;
    }
    return used;
}

/* "_" goes into each ([^_])([A-Z][a-z]+), found left to right and not overlapping: "HTTPServer" -> "HTTP_Server". */
static size_t break_words(const char *in, size_t length, char *out)
{
    size_t used = 0, i = 0;

    while (i < length) {
        bool breaks = i + 2 < length && in[i] != '_' && is_upper(in[i + 1]) && is_lower(in[i + 2]);

        out[used++] = in[i++];
        if (!breaks)
            continue;
        out[used++] = '_';
        out[used++] = in[i++];
        while (i < length && is_lower(in[i]))
            out[used++] = in[i++];
    }
    return used;
}

/* The same for ([a-z0-9])([A-Z]), and all to lower case: "camelCase" -> "camel_case". A match is two characters of which the
 * second cannot start another, so overlaps need no care. */
static size_t break_letters(const char *in, size_t length, char *out)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && is_upper(in[i]) && (is_lower(in[i - 1]) || ascii_is_digit(in[i - 1])))
            out[used++] = '_';
        out[used++] = ascii_lower(in[i]);
    }
    return used;
}

static bool starts_with_digit(const char *text, size_t length)
{
    uint32_t character;

    return utf8_decode(text, length, &character) > 0 && is_decimal_digit(character);
}

/* An underscore before a leading digit. */
static size_t lead_digit(char *name, size_t length)
{
    if (!starts_with_digit(name, length))
        return length;
    memmove(name + 1, name, length);
    name[0] = '_';
    return length + 1;
}

/* Trailing underscores become x, one for one. */
static void mend_end(char *name, size_t length)
{
    while (length > 0 && name[length - 1] == '_')
        name[--length] = 'x';
}

static size_t collapse(char *name, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (name[i] != '_' || used == 0 || name[used - 1] != '_')
            name[used++] = name[i];
    }
    return used;
}

/* ---- shortening ------------------------------------------------------------------------------------------------------------ */

/* Six characters that tell names apart which are alike after shortening: from the hash of the name as it was before
 * normalizing. */
static void tag_make(struct slice original, char tag[TAG_CHARS])
{
    uint8_t digest[TAG_BYTES];
    char text[base64_size(TAG_BYTES)];

    shake128(original.text, original.length, digest, sizeof(digest));
    base64_encode(digest, sizeof(digest), text);
    for (int i = 0; i < TAG_CHARS; i++)
        tag[i] = text[i] == '/' ? 'a' : text[i] == '+' ? 'b' : ascii_lower(text[i]);
}

static bool is_within_character(struct slice name, size_t at)
{
    return at < name.length && ((unsigned char)name.text[at] & 0xC0) == 0x80;
}

/* Bytes of the first `count` characters. */
static size_t bytes_of(struct slice name, size_t count)
{
    size_t at = 0;

    for (; count > 0 && at < name.length; count--) {
        do
            at++;
        while (is_within_character(name, at));
    }
    return at;
}

/* Bytes of the characters that lie within the first `count` bytes. */
static size_t whole_before(struct slice name, size_t count)
{
    if (count >= name.length)
        return name.length;
    while (count > 0 && is_within_character(name, count))
        count--;
    return count;
}

/* Where the first character begins of those that lie behind the first `count` bytes. */
static size_t whole_behind(struct slice name, size_t count)
{
    while (is_within_character(name, count))
        count++;
    return count;
}

static size_t limit_of(size_t max)
{
    return max ? max : SIZE_MAX;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What stays of a name on both sides of a tag. */
struct ends {
    size_t head; /* bytes, from the beginning */
    size_t tail; /* where the end begins */
};

/* By characters, as dlt does; only where that leaves too many bytes, by bytes. */
static struct ends ends_of(struct slice name, size_t count, size_t tag_length, const struct naming *naming)
{
    size_t chars = limit_of(naming->length_max) - tag_length, bytes = limit_of(naming->bytes_max) - tag_length, tail;
    struct ends ends = { bytes_of(name, chars - chars / 2), bytes_of(name, count > chars / 2 ? count - chars / 2 : 0) };

    if (ends.head <= ends.tail && ends.head + (name.length - ends.tail) <= bytes)
        return ends;
    ends.head = smaller(ends.head, whole_before(name, bytes - bytes / 2));
    tail = whole_behind(name, name.length - smaller(name.length, bytes / 2));
    ends.tail = tail > ends.tail ? tail : ends.tail;
    return ends;
}

/* The name if it fits, else its beginning, the tag and its end. A limit with no room for the tag gets what fits of the tag. */
static char *shorten_name(struct arena *arena, struct slice name, struct slice original, const struct naming *naming)
{
    size_t count = utf8_count(name.text, name.length), tag_length;
    char tag[TAG_CHARS], *text;
    struct ends ends;

    if (count <= limit_of(naming->length_max) && name.length <= limit_of(naming->bytes_max))
        return arena_copy(arena, name.text, name.length);
    tag_make(original, tag);
    tag_length = smaller(TAG_CHARS, smaller(limit_of(naming->length_max), limit_of(naming->bytes_max)));
    ends = ends_of(name, count, tag_length, naming);
    text = arena_alloc(arena, ends.head + tag_length + (name.length - ends.tail) + 1);
    if (!text)
        return NULL;
    memcpy(text, name.text, ends.head);
    memcpy(text + ends.head, tag, tag_length);
    memcpy(text + ends.head + tag_length, name.text + ends.tail, name.length - ends.tail);
    text[ends.head + tag_length + (name.length - ends.tail)] = '\0';
    return text;
}

/* ---- conventions ----------------------------------------------------------------------------------------------------------- */

/* Each writes at most 2 * length + 1 bytes: the identifier before it is shortened, maybe empty. `scratch` has as much room. */
static size_t snake_case(struct slice name, char *out, char *scratch)
{
    size_t length = reduce_alphabet(name, reduced_snake, out);

    length = break_words(out, length, scratch);
    length = break_letters(scratch, length, out);
    length = lead_digit(out, length);
    mend_end(out, length);
    return collapse(out, length);
}

static size_t sql_cs(struct slice name, char *out, char *scratch)
{
    size_t length = reduce_alphabet(name, reduced_sql, out);

    (void)scratch;
    length = lead_digit(out, length);
    while (length > 1 && out[length - 1] == '_')
        length--;
    return collapse(out, length);
}

static size_t sql_ci(struct slice name, char *out, char *scratch)
{
    size_t length = sql_cs(name, out, scratch);

    for (size_t i = 0; i < length; i++)
        out[i] = ascii_lower(out[i]);
    return length;
}

static size_t duck_case(struct slice name, char *out, char *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < name.length; i++)
        out[i] = strchr("\n\r\"", name.text[i]) && name.text[i] ? '_' : name.text[i];
    return collapse(out, name.length);
}

#define DIRECT_SEPARATOR "\xE2\x96\xB6"

static size_t direct(struct slice name, char *out, char *scratch)
{
    size_t used = 0, separator = strlen(DIRECT_SEPARATOR);

    (void)scratch;
    for (size_t i = 0; i < name.length; i++) {
        bool is_separator = name.length - i >= separator && !memcmp(name.text + i, DIRECT_SEPARATOR, separator);

        out[used++] = is_separator || (strchr("\n\r'\"", name.text[i]) && name.text[i]) ? '_' : name.text[i];
        i += is_separator ? separator - 1 : 0;
    }
    return used;
}

static const struct {
    const char *name, *separator;
    bool case_sensitive;
    size_t (*apply)(struct slice name, char *out, char *scratch);
} conventions[] = {
    [NAMING_SNAKE_CASE] = { "snake_case", "__", false, snake_case },
    [NAMING_DUCK_CASE] = { "duck_case", "__", true, duck_case },
    [NAMING_DIRECT] = { "direct", DIRECT_SEPARATOR, true, direct },
    [NAMING_SQL_CI] = { "sql_ci_v1", "__", false, sql_ci },
    [NAMING_SQL_CS] = { "sql_cs_v1", "__", true, sql_cs },
};

const char *naming_name(enum naming_convention convention)
{
    return conventions[convention].name;
}

#define MODULE_PREFIX "dlt.common.normalizers.naming."
#define FORMER_SNAKE_CASE "dlt.common.normalizers.names.snake_case" /* in old schemas */

bool naming_find(struct slice name, enum naming_convention *convention)
{
    size_t prefix = strlen(MODULE_PREFIX);

    if (slice_equal(name, slice_of(FORMER_SNAKE_CASE)))
        name = slice_of("snake_case");
    if (name.length > prefix && !memcmp(name.text, MODULE_PREFIX, prefix))
        name = (struct slice){ name.text + prefix, name.length - prefix };
    for (size_t i = 0; i < sizeof(conventions) / sizeof(*conventions); i++)
        if (slice_equal(name, slice_of(conventions[i].name))) {
            *convention = (enum naming_convention)i;
            return true;
        }
    return false;
}

enum spile_status naming_fail_unknown(struct slice name, struct spile_error *err)
{
    static const char *const words[] = { "snake_case", "duck_case", "direct", "sql_ci_v1", "sql_cs_v1", NULL };
    const char *meant = nearest_of(name, words);
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_CONFIG, "unknown naming convention \"%s\"", shorten(extract, name.text, name.length));
    if (meant)
        return spile_hint(err, SPILE_CONFIG, "did you mean \"%s\"?", meant);
    return spile_hint(err, SPILE_CONFIG, "use one of snake_case, duck_case, direct, sql_ci_v1 and sql_cs_v1");
}

const char *naming_separator(const struct naming *naming)
{
    return conventions[naming->convention].separator;
}

bool naming_collides(const struct naming *naming)
{
    return naming->folds && conventions[naming->convention].case_sensitive;
}

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

char *naming_identifier(struct arena *arena, const struct naming *naming, struct slice name)
{
    char *identifier, *scratch;
    size_t length;

    name = slice_strip(name);
    if (name.length == 0)
        return arena_copy(arena, NAMING_EMPTY, strlen(NAMING_EMPTY));
    if (name.length > SIZE_MAX / 4)
        return NULL;
    identifier = arena_alloc(arena, 2 * name.length + 2); /* both passes break before a capital, and each one once at most */
    scratch = arena_alloc(arena, 2 * name.length + 2);
    if (!identifier || !scratch)
        return NULL;
    length = conventions[naming->convention].apply(name, identifier, scratch);
    return shorten_name(arena, (struct slice){ identifier, length }, name, naming);
}

static bool is_blank(struct slice name)
{
    return slice_strip(name).length == 0;
}

/* Appends a part to a path; false when memory is out. */
static bool path_append(struct text *path, const struct naming *naming, struct slice part)
{
    if (path->length > 0)
        text_puts(path, conventions[naming->convention].separator);
    text_append(path, part.text, part.length);
    return !path->failed;
}

static char *path_finish(struct arena *arena, const struct naming *naming, struct text *path, const struct slice *original)
{
    struct slice joined = { path->text, path->length };
    char *name = NULL;

    if (!path->failed && path->length == 0)
        name = arena_copy(arena, NAMING_EMPTY, strlen(NAMING_EMPTY));
    else if (!path->failed)
        name = shorten_name(arena, joined, original ? *original : joined, naming);
    text_release(path);
    return name;
}

char *naming_path(struct arena *arena, const struct naming *naming, struct slice path)
{
    const char *separator = conventions[naming->convention].separator;
    struct text joined = { 0 };
    struct slice rest = path, part;

    if (naming->whole_keys)
        return naming_identifier(arena, naming, path);
    while (rest.length > 0) {
        const char *end = memmem(rest.text, rest.length, separator, strlen(separator));
        size_t skipped;

        part = rest;
        if (end)
            part.length = (size_t)(end - rest.text);
        skipped = part.length + (end ? strlen(separator) : 0);
        rest = (struct slice){ rest.text + skipped, rest.length - skipped };
        if (is_blank(part))
            continue;
        part = slice_of(naming_identifier(arena, naming, part));
        if (!part.text || (part.length && !path_append(&joined, naming, part))) {
            text_release(&joined);
            return NULL;
        }
    }
    return path_finish(arena, naming, &joined, &path);
}

char *naming_join(struct arena *arena, const struct naming *naming, const struct slice *parts, size_t count)
{
    struct text joined = { 0 };

    for (size_t i = 0; i < count; i++) {
        if (!is_blank(parts[i]))
            path_append(&joined, naming, parts[i]);
    }
    return path_finish(arena, naming, &joined, NULL);
}

/* What is left of the name ends in no underscore, so that no separator arises. */
char *naming_distinct(struct arena *arena, const struct naming *naming, struct slice name, struct slice source_path)
{
    size_t chars = limit_of(naming->length_max), bytes = limit_of(naming->bytes_max), room = smaller(DISTINCT_CHARS, smaller(chars, bytes));
    char suffix[DISTINCT_CHARS + 1];
    uint8_t digest[4];

    shake128(source_path.text, source_path.length, digest, sizeof(digest));
    snprintf(suffix, sizeof(suffix), "_%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    name.length = smaller(bytes_of(name, chars - room), whole_before(name, bytes - room));
    while (name.length > 0 && name.text[name.length - 1] == '_')
        name.length--;
    return arena_printf(arena, "%.*s%.*s", (int)name.length, name.text, (int)room, suffix);
}

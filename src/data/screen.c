#include "data/screen.h"

struct range {
    uint32_t first, last;
};

/* Ascending. From Unicode's EastAsianWidth (W and F) and general categories (Mn, Me, Cf), by blocks: an unassigned character among them matters to nobody. */
static const struct range wide[] = {
    { 0x1100, 0x115F },   { 0x231A, 0x231B },   { 0x23E9, 0x23EC },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },   { 0x26AA, 0x26AB },
    { 0x26BD, 0x26BE },   { 0x26C4, 0x26C5 },   { 0x26CE, 0x26CE },   { 0x26D4, 0x26D4 },   { 0x26EA, 0x26EA },   { 0x26F2, 0x26F5 },
    { 0x2705, 0x2705 },   { 0x270A, 0x270B },   { 0x2728, 0x2728 },   { 0x274C, 0x274E },   { 0x2753, 0x2757 },   { 0x2795, 0x2797 },
    { 0x2B1B, 0x2B1C },   { 0x2B50, 0x2B55 },   { 0x2E80, 0x303E },   { 0x3041, 0x33FF },   { 0x3400, 0x4DBF },   { 0x4E00, 0xA4CF },
    { 0xA960, 0xA97F },   { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },   { 0xFF01, 0xFF60 },   { 0xFFE0, 0xFFE6 },
    { 0x16FE0, 0x18CFF }, { 0x1AFF0, 0x1B2FF }, { 0x1F004, 0x1F004 }, { 0x1F0CF, 0x1F0CF }, { 0x1F18E, 0x1F19A }, { 0x1F200, 0x1F320 },
    { 0x1F32D, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F7E0, 0x1F7FF }, { 0x1F90C, 0x1F9FF }, { 0x1FA70, 0x1FAFF }, { 0x20000, 0x3FFFD },
};

static const struct range marks[] = {
    { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x0610, 0x061A },   { 0x064B, 0x065F },   { 0x0900, 0x0902 },
    { 0x093C, 0x093C }, { 0x0941, 0x0948 }, { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A },   { 0x0E47, 0x0E4E },   { 0x1AB0, 0x1AFF },
    { 0x1DC0, 0x1DFF }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0x302A, 0x302D },   { 0x3099, 0x309A },   { 0xFE00, 0xFE0F },
    { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF }, { 0x1F3FB, 0x1F3FF }, { 0xE0100, 0xE01EF },
};

static bool is_in(const struct range *ranges, size_t count, uint32_t character)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = (low + count) / 2;

        if (character < ranges[middle].first)
            count = middle;
        else if (character > ranges[middle].last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

static size_t width_of(uint32_t character)
{
    if (character < 0x300)
        return 1;
    if (is_in(marks, sizeof(marks) / sizeof(*marks), character))
        return 0;
    return is_in(wide, sizeof(wide) / sizeof(*wide), character) ? 2 : 1;
}

size_t screen_prefix(struct slice text, size_t limit, size_t *columns)
{
    size_t length = 0, bytes;
    uint32_t character;

    for (*columns = 0; length < text.length; length += bytes) {
        bytes = utf8_decode(text.text + length, text.length - length, &character);
        if (!bytes || *columns + width_of(character) > limit)
            break;
        *columns += width_of(character);
    }
    return length;
}

size_t screen_columns(struct slice text)
{
    size_t columns;

    screen_prefix(text, SIZE_MAX, &columns);
    return columns;
}

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}

static void put_escaped(struct text *out, uint32_t c)
{
    if (c == '\n')
        text_puts(out, "\\n");
    else if (c == '\r')
        text_puts(out, "\\r");
    else if (c == '\t')
        text_puts(out, "\\t");
    else
        text_printf(out, "\\u{%02X}", (unsigned)c);
}

void screen_put_safe(struct text *out, struct slice text)
{
    size_t start = 0, bytes;
    uint32_t character;

    for (size_t i = 0; i < text.length; i += bytes) {
        bytes = utf8_decode(text.text + i, text.length - i, &character);
        if (bytes && !is_dangerous(character))
            continue;
        text_append(out, text.text + start, i - start);
        put_escaped(out, bytes ? character : 0xFFFD);
        bytes += !bytes;
        start = i + bytes;
    }
    text_append(out, text.text + start, text.length - start);
}

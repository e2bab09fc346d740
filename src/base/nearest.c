#include "base/nearest.h"

#include <string.h>

#define WORD_MAX 63 /* longer words, typed or known, are near to nothing: the work for one word stays small */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Row by row: `now[j]` is the distance between the letters of `a` so far and the first j of `b`. A swap looks two rows back. */
static size_t distance_of(struct slice a, struct slice b)
{
    size_t rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b.length; j++)
        now[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        char letter = ascii_lower(a.text[i - 1]), letter_before = i > 1 ? ascii_lower(a.text[i - 2]) : '\0';
        size_t *spare = before;

        before = last;
        last = now;
        now = spare;
        now[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            char other = ascii_lower(b.text[j - 1]);

            now[j] = least_of(least_of(last[j], now[j - 1]) + 1, last[j - 1] + (letter != other));
            if (i > 1 && j > 1 && letter_before == other && letter == ascii_lower(b.text[j - 2]))
                now[j] = least_of(now[j], before[j - 2] + 1);
        }
    }
    return now[b.length];
}

const char *nearest_of(struct slice typed, const char *const *words)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;

    if (!typed.length || typed.length > WORD_MAX)
        return NULL;
    for (; *words; words++) {
        struct slice word = slice_of(*words);
        size_t distance = word.length <= WORD_MAX ? distance_of(typed, word) : SIZE_MAX;

        if (distance < least && distance <= 1 + word.length / 4 && distance < word.length) {
            nearest = *words;
            least = distance;
        }
    }
    return nearest;
}

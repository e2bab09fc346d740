/* How wide text is on a screen, and text that can't drive it. */
#ifndef DATA_SCREEN_H
#define DATA_SCREEN_H

#include "base/text.h"

/* Columns: two for East Asian characters and emoji, none for combining marks. Of valid UTF-8. */
size_t screen_columns(struct slice text);

/* Appends the text on one line: line ends, tabs and other control characters, and those that turn the direction of writing, as \n, \t and \u{85}. */
void screen_put_safe(struct text *out, struct slice text);

/* Length of the longest beginning that takes at most so many columns; *columns: how many it does take. */
size_t screen_prefix(struct slice text, size_t limit, size_t *columns);

#endif

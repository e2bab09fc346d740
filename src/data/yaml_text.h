/* What scalars stand for: lines joined, quotes, escapes and indentation taken off.
 *
 * libfyaml 0.7.12 does this too, but loses text, or adds some of its memory's: it makes a''' of 'a''''b' (a''b), and drops empty lines in
 * front of indented ones in folded texts. */
#ifndef DATA_YAML_TEXT_H
#define DATA_YAML_TEXT_H

#include "base/text.h"

enum yaml_quotes { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE };

/* Appends what `raw`, the characters between the quotes, stands for. False: at *bad is an escape that is none. */
bool yaml_unquote(struct text *out, struct slice raw, enum yaml_quotes quotes, size_t *bad);

/* The signs behind | and >. */
struct yaml_block {
    bool folded;
    size_t indent; /* of the text; 0: that of its first line, which has at least `least` */
    size_t least;
    char chomp;    /* '-': without the last line's end, '+': with the empty lines behind, ' ': neither */
};

/* Appends what `raw`, the lines of a literal or folded text, stands for. False: a line that is indented too little begins at *bad. */
bool yaml_unindent(struct text *out, struct slice raw, struct yaml_block block, size_t *bad);

/* Bytes of the end of a line at `at`; 0: there is none. */
size_t yaml_line_end(struct slice text, size_t at);

#endif

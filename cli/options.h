/* Arguments of the command line. One table of rows per command drives parsing and --help, so that the two cannot differ. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdio.h>

#include <spile/spile.h>

struct option_row;

/* Reads the value into the field of the row. False when it is not one of those allowed. */
typedef bool option_parse(const struct option_row *row, const char *value, void *field);

struct option_row {
    const char *name;     /* without dashes; NULL ends the table */
    char letter;          /* of the short form; 0: there is none */
    bool final;           /* what stands behind it is not looked at (--help) */
    const char *argument; /* what help calls the value; NULL: a switch */
    const char *help;
    const char *fallback; /* the default, for help; NULL: there is none to tell */
    option_parse *parse;
    size_t offset;        /* of the field in the command's struct */
    const char *allowed;  /* what parse takes, for the error; NULL: a whole number from least to most */
    uint64_t least, most; /* of a number */
    bool list;            /* may come more than once: option_list joins the values with commas */
    const char *const *words; /* of which the value is made, with "," and "=" between them: for "did you mean"; NULL-terminated, or NULL */
};

struct command {
    const char *name; /* as typed: "spile load" */
    const char *summary;
    const char *examples; /* lines; help begins with them */
    const char *usage;    /* what follows the name */
    const char *details;  /* lines; NULL: none */
    const struct option_row *options;
    int (*run)(char **arguments, size_t count); /* returns the exit code */
};

/* Parsers. The field is a const char *, a bool, a uint64_t and a uint64_t; of option_list a char *, which the command frees. */
option_parse option_text, option_switch, option_number, option_size, option_list;

/* Place of a word in a list that ends with NULL; -1: it is none of them. */
int option_word(const char *const *words, const char *word);

#define OPTION_SIZE_ALLOWED "a size such as 512M, 2G or 64MiB, or a number of bytes"

/* Fills `fields`, and `operands` (with room for `count`) with the arguments that are no options, in their order. */
enum spile_status options_parse(const struct command *command, char **arguments, size_t count, void *fields,
                                const char **operands, size_t *operand_count, struct spile_error *err);

void command_help(FILE *out, const struct command *command);

/* Text that goes on at `indent` in the line begun, broken between words. */
void help_paragraph(FILE *out, const char *text, size_t indent);

/* The best of several candidates for a word that was mistyped. Start with zero; `name` stays NULL when none is near. */
struct nearest {
    const char *name;
    size_t distance;
};
void nearest_try(struct nearest *best, const char *typed, const char *candidate);

#endif

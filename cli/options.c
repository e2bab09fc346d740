/* Parses options by the command's table and prints help from it. */
#include "options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "report.h"

#define OPTIONS_MAX 48
#define HELP_COLUMNS 80
#define WORD_MAX 31 /* longest word that is compared with a mistyped one */

/* ---- values ---------------------------------------------------------------------------------------------------------------- */

int option_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

bool option_text(const struct option_row *row, const char *value, void *field)
{
    (void)row;
    *(const char **)field = value;
    return value[0] != '\0';
}

bool option_list(const struct option_row *row, const char *value, void *field)
{
    char **list = field;
    size_t length = *list ? strlen(*list) : 0;

    (void)row;
    *list = allocated(realloc(*list, length + strlen(value) + 2));
    snprintf(*list + length, strlen(value) + 2, "%s%s", length ? "," : "", value);
    return value[0] != '\0';
}

bool option_switch(const struct option_row *row, const char *value, void *field)
{
    (void)row;
    (void)value;
    *(bool *)field = true;
    return true;
}

/* Digits only: no sign, no space, no overflow. Moves *text behind them. */
static bool digits_read(const char **text, uint64_t *value)
{
    const char *at = *text;

    *value = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*value, 10u, value) || __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
            return false;
    if (at == *text)
        return false;
    *text = at;
    return true;
}

bool option_number(const struct option_row *row, const char *value, void *field)
{
    uint64_t number;

    if (!digits_read(&value, &number) || *value || number < row->least || number > row->most)
        return false;
    *(uint64_t *)field = number;
    return true;
}

/* Power of 1024 that a unit stands for, -1 for an unknown one. K, KB and KiB mean the same. */
static int unit_power(const char *unit)
{
    static const char letters[] = "KMGT";
    const char *letter;

    if (!*unit)
        return 0;
    letter = strchr(letters, toupper((unsigned char)*unit));
    if (!letter || (unit[1] && strcasecmp(unit + 1, "B") != 0 && strcasecmp(unit + 1, "iB") != 0))
        return -1;
    return (int)(letter - letters) + 1;
}

bool option_size(const struct option_row *row, const char *value, void *field)
{
    uint64_t size;
    int power;

    if (!digits_read(&value, &size))
        return false;
    power = unit_power(value);
    if (power < 0 || __builtin_mul_overflow(size, UINT64_C(1) << (10 * power), &size))
        return false;
    *(uint64_t *)field = size;
    return size >= row->least && size <= row->most;
}

/* ---- did you mean ---------------------------------------------------------------------------------------------------------- */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to change, add, drop, or swap with their neighbour to make one word of the other. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t cost[WORD_MAX + 1][WORD_MAX + 1];

    for (size_t i = 0; i <= a_length; i++) {
        for (size_t j = 0; j <= b_length; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = least_of(cost[i - 1][j], cost[i][j - 1]) + 1;
            cost[i][j] = least_of(cost[i][j], cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = least_of(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a_length][b_length];
}

/* Near is the beginning of the word, or the word with about every third letter wrong. */
void nearest_try(struct nearest *best, const char *typed, const char *candidate)
{
    size_t length = strlen(typed), wanted = strlen(candidate), distance;

    if (length == 0 || length > WORD_MAX || wanted > WORD_MAX)
        return;
    distance = edit_distance(typed, length, candidate, wanted);
    if (length >= 2 && strncmp(typed, candidate, length) == 0)
        distance = 1;
    if (distance > 1 + wanted / 4 || distance >= wanted || (best->name && distance >= best->distance))
        return;
    best->name = candidate;
    best->distance = distance;
}

/* ---- parsing --------------------------------------------------------------------------------------------------------------- */

struct parser {
    const struct command *command;
    char **arguments;
    size_t count, next;
    void *fields;
    const char *given[OPTIONS_MAX]; /* value of each option that came, "" of a switch */
    bool ended;
    struct spile_error *err;
};

static const struct option_row *row_find(const struct command *command, const char *name, size_t length)
{
    for (const struct option_row *row = command->options; row->name; row++)
        if (strlen(row->name) == length && memcmp(row->name, name, length) == 0)
            return row;
    return NULL;
}

static const struct option_row *row_find_letter(const struct command *command, char letter)
{
    for (const struct option_row *row = command->options; row->name; row++)
        if (letter && row->letter == letter)
            return row;
    return NULL;
}

static enum spile_status unknown_option(const struct parser *parser, const char *argument, size_t length)
{
    struct nearest best = { 0 };
    char *name = strndup(argument, length);
    enum spile_status status = fail(parser->err, SPILE_USAGE, "unknown option \"%s\"", name ? name : argument);

    for (const struct option_row *row = parser->command->options; name && row->name; row++)
        nearest_try(&best, name + strspn(name, "-"), row->name);
    free(name);
    if (best.name)
        return hint(parser->err, status, "did you mean --%s? \"%s --help\" lists the options", best.name, parser->command->name);
    return hint(parser->err, status, "\"%s --help\" lists the options; a file whose name begins with \"-\" is written ./-name, "
                "or after \"--\"", parser->command->name);
}

/* The word that was probably meant by the first one that is none; NULL when none is near. */
static const char *meant_word(const struct option_row *row, const char *value)
{
    while (*value) {
        size_t length = strcspn(value, ",=");
        char *word = allocated(strndup(value, length));
        struct nearest best = { 0 };
        bool known = false;

        for (const char *const *candidate = row->words; *candidate; candidate++) {
            known |= strcmp(word, *candidate) == 0;
            nearest_try(&best, word, *candidate);
        }
        free(word);
        if (!known)
            return best.name;
        value += length + (value[length] != '\0');
    }
    return NULL;
}

static enum spile_status bad_value(const struct option_row *row, const char *value, struct spile_error *err)
{
    const char *meant = row->words ? meant_word(row, value) : NULL;
    enum spile_status status;

    if (row->allowed)
        status = fail(err, SPILE_USAGE, "--%s must be %s, not \"%s\"", row->name, row->allowed, value);
    else
        status = fail(err, SPILE_USAGE, "--%s must be a whole number from %llu to %llu, not \"%s\"", row->name,
                      (unsigned long long)row->least, (unsigned long long)row->most, value);
    return meant ? hint(err, status, "did you mean %s?", meant) : status;
}

static enum spile_status option_take(struct parser *parser, const struct option_row *row, const char *value)
{
    const char **given = &parser->given[row - parser->command->options];
    enum spile_status status;

    if (*given && strcmp(*given, value) != 0 && !row->list) {
        status = fail(parser->err, SPILE_USAGE, "--%s is given twice: \"%s\" and \"%s\"", row->name, *given, value);
        return hint(parser->err, status, "give it once");
    }
    *given = value;
    parser->ended = row->final;
    if (!row->parse(row, value, (char *)parser->fields + row->offset))
        return bad_value(row, value, parser->err);
    return SPILE_OK;
}

/* A value that looks like an option is one: "--to --json" misses a value. */
static enum spile_status value_missing(const struct parser *parser, const struct option_row *row)
{
    const char *next = parser->next < parser->count ? parser->arguments[parser->next] : NULL;
    enum spile_status status = fail(parser->err, SPILE_USAGE, "--%s needs a value: --%s %s", row->name, row->name, row->argument);

    if (next)
        return hint(parser->err, status, "\"%s\" is taken for an option; write --%s=%s if it is the value", next,
                    row->name, next);
    return status;
}

static enum spile_status long_option(struct parser *parser, const char *argument)
{
    size_t length = strcspn(argument + 2, "=");
    const char *value = argument[2 + length] ? argument + 3 + length : NULL;
    const struct option_row *row = row_find(parser->command, argument + 2, length);

    if (!row)
        return unknown_option(parser, argument, 2 + length);
    if (!row->argument && value)
        return fail(parser->err, SPILE_USAGE, "--%s takes no value, \"%s\" is given", row->name, value);
    if (row->argument && !value) {
        if (parser->next >= parser->count || strncmp(parser->arguments[parser->next], "--", 2) == 0)
            return value_missing(parser, row);
        value = parser->arguments[parser->next++];
    }
    return option_take(parser, row, value ? value : "");
}

/* "-q", "-p VALUE", "-pVALUE"; switches are not joined. */
static enum spile_status short_option(struct parser *parser, const char *argument)
{
    const struct option_row *row = row_find_letter(parser->command, argument[1]);

    if (!row || (argument[2] && !row->argument))
        return unknown_option(parser, argument, strlen(argument));
    if (!row->argument || argument[2])
        return option_take(parser, row, argument + 2);
    if (parser->next >= parser->count)
        return value_missing(parser, row);
    return option_take(parser, row, parser->arguments[parser->next++]);
}

enum spile_status options_parse(const struct command *command, char **arguments, size_t count, void *fields,
                                const char **operands, size_t *operand_count, struct spile_error *err)
{
    struct parser parser = { .command = command, .arguments = arguments, .count = count, .fields = fields, .err = err };
    enum spile_status status = SPILE_OK;
    bool only_operands = false;

    *operand_count = 0;
    while (status == SPILE_OK && !parser.ended && parser.next < count) {
        const char *argument = arguments[parser.next++];

        if (only_operands || argument[0] != '-' || !argument[1])
            operands[(*operand_count)++] = argument;
        else if (strcmp(argument, "--") == 0)
            only_operands = true;
        else if (argument[1] == '-')
            status = long_option(&parser, argument);
        else
            status = short_option(&parser, argument);
    }
    return status;
}

/* ---- help ------------------------------------------------------------------------------------------------------------------ */

void help_paragraph(FILE *out, const char *text, size_t indent)
{
    size_t column = indent, length;

    for (; *text; text += length + (text[length] == ' ')) {
        length = strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += length;
    }
    fputc('\n', out);
}

/* "  -q, --quiet", "      --to DESTINATION". Returns its width. */
static size_t option_heading(char *buffer, size_t size, const struct option_row *row)
{
    char letter[] = { '-', row->letter, ',', '\0' };

    return (size_t)snprintf(buffer, size, "  %3s --%s%s%s", row->letter ? letter : "", row->name, row->argument ? " " : "",
                            row->argument ? row->argument : "");
}

static void option_help(FILE *out, const struct option_row *row, size_t indent)
{
    char heading[64], text[512];

    option_heading(heading, sizeof(heading), row);
    fprintf(out, "%-*s", (int)indent, heading);
    if (row->fallback)
        snprintf(text, sizeof(text), "%s (default: %s)", row->help, row->fallback);
    else
        snprintf(text, sizeof(text), "%s", row->help);
    help_paragraph(out, text, indent);
}

void command_help(FILE *out, const struct command *command)
{
    char heading[64];
    size_t indent = 0, width;

    fprintf(out, "%s\n\n", command->examples);
    help_paragraph(out, command->summary, 0);
    fprintf(out, "\nUsage: %s %s\n", command->name, command->usage);
    if (command->details)
        fprintf(out, "\n%s\n", command->details);
    for (const struct option_row *row = command->options; row->name; row++) {
        width = option_heading(heading, sizeof(heading), row) + 2;
        indent = width > indent ? width : indent;
    }
    fputs("\nOptions:\n", out);
    for (const struct option_row *row = command->options; row->name; row++)
        option_help(out, row, indent);
}

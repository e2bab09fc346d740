/* Errors, the table of what was loaded, and the progress line. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMN_NAMES_SHOWN 8
#define UNIT_BYTES 48    /* room for any number with its unit */
#define LINE_BYTES 256
#define LINE_COLUMNS 80  /* of a terminal that does not tell its width */

void *allocated(void *memory)
{
    if (memory)
        return memory;
    fputs("error: out of memory\n", stderr);
    exit(SPILE_FAILED);
}

int exit_code(enum spile_status status, int signal)
{
    switch (status) {
    case SPILE_OK:
    case SPILE_FAILED:
    case SPILE_USAGE:
    case SPILE_CONFIG:
    case SPILE_SOURCE:
    case SPILE_DESTINATION:
    case SPILE_CONTRACT:
    case SPILE_PARTIAL:
    case SPILE_LOCKED:
        return (int)status;
    case SPILE_NOMEM:
        break;
    case SPILE_CANCELLED:
        return 128 + (signal ? signal : SIGINT);
    }
    return SPILE_FAILED;
}

/* ---- errors ---------------------------------------------------------------------------------------------------------------- */

enum spile_status fail(struct spile_error *err, enum spile_status status, const char *format, ...)
{
    va_list arguments;

    memset(err, 0, sizeof(*err));
    err->status = status;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof(err->message), format, arguments);
    va_end(arguments);
    return status;
}

enum spile_status hint(struct spile_error *err, enum spile_status status, const char *format, ...)
{
    va_list arguments;

    if (status == SPILE_OK || err->hint[0])
        return status;
    va_start(arguments, format);
    vsnprintf(err->hint, sizeof(err->hint), format, arguments);
    va_end(arguments);
    return status;
}

static bool is_capable_terminal(int descriptor)
{
    const char *terminal = getenv("TERM");

    return isatty(descriptor) && !(terminal && strcmp(terminal, "dumb") == 0);
}

static bool is_colour_wanted(void)
{
    const char *refused = getenv("NO_COLOR");

    return is_capable_terminal(STDERR_FILENO) && !(refused && *refused);
}

/* Data must not drive the terminal. `line_end`: what a line's end becomes. */
static void put_safe(FILE *file, const char *text, const char *line_end)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs(line_end, file);
        else if ((unsigned char)*text < 0x20 || *text == 0x7F)
            fprintf(file, "\\x%02X", (unsigned)(unsigned char)*text);
        else
            fputc(*text, file);
    }
}

/* One line of an error; lines of a list stand below each other. */
static void error_line(const char *label, const char *text)
{
    fputs(label, stderr);
    put_safe(stderr, text, "\n       ");
    fputc('\n', stderr);
}

void name_print(const char *name)
{
    put_safe(stdout, name, "\\x0A");
}

void name_tell(const char *name)
{
    put_safe(stderr, name, "\\x0A");
}

/* A carriage return before a line's end is part of it. */
void safe_write(const void *text, size_t length)
{
    const char *at = text;

    for (size_t i = 0; i < length; i++) {
        char piece[2] = { at[i], '\0' };

        if (at[i] == '\r' && i + 1 < length && at[i + 1] == '\n')
            continue;
        if (at[i])
            put_safe(stdout, piece, "\n");
        else
            fputs("\\x00", stdout);
    }
}

void text_print(const char *text)
{
    if (isatty(STDOUT_FILENO))
        put_safe(stdout, text, "\n");
    else
        fputs(text, stdout);
}

/* Where the password of "//user:password@host" begins and ends. False: there is none; what is no port is one, too, for its @ may have been cut off. */
static bool find_password(char *slashes, char **begin, char **end)
{
    char *at;

    *begin = slashes + 2 + strcspn(slashes + 2, ":@[/?\" \n");
    if (*(*begin)++ != ':')
        return false;
    *end = *begin + strcspn(*begin, "\" \n");
    for (at = *end; at > *begin && *at != '@'; at--)
        ;
    if (at > *begin)
        *end = at;
    return at > *begin || strspn(*begin, "0123456789") < strcspn(*begin, "/?,\" \n");
}

/* What is longer than the stars goes. */
static void hide(char *begin, char *end)
{
    size_t stars = end - begin < 3 ? (size_t)(end - begin) : 3;

    memset(begin, '*', stars);
    memmove(begin + stars, end, strlen(end) + 1);
}

/* Somebody may have put a URI in the place of something else, and messages show what they are about. */
static void hide_passwords(char *text)
{
    static const char key[] = "password=";
    char *begin, *end;

    for (char *at = text; (at = strstr(at, "//")); at += 2)
        if (find_password(at, &begin, &end))
            hide(begin, end);
    for (char *at = text; (at = strstr(at, key)); at += 1) {
        begin = at + strlen(key);
        hide(begin, begin + strcspn(begin, "& \"\n"));
    }
}

void error_print(const struct spile_error *err)
{
    struct spile_error shown = *err;

    hide_passwords(shown.message);
    hide_passwords(shown.where);
    error_line(is_colour_wanted() ? "\x1b[1;31merror:\x1b[0m " : "error: ", shown.message);
    if (err->where[0])
        error_line("   at: ", shown.where);
    if (err->hint[0])
        error_line(" hint: ", err->hint);
}

enum spile_status output_finish(struct spile_error *err)
{
    bool failed = ferror(stdout);

    errno = 0;
    failed |= fflush(stdout) != 0;
    if (!failed || errno == EPIPE)
        return SPILE_OK;
    return fail(err, SPILE_FAILED, "cannot write to standard output: %s", errno ? strerror(errno) : "a write failed");
}

/* ---- numbers for people ---------------------------------------------------------------------------------------------------- */

/* 1234567 -> "1,234,567" */
static const char *count_text(char buffer[UNIT_BYTES], uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count), used = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    buffer[used] = '\0';
    return buffer;
}

/* 38123456 -> "38.1 MB". Powers of 1000, as file managers and disks count. */
static const char *size_text(char buffer[UNIT_BYTES], uint64_t bytes)
{
    static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
    double size = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(buffer, UNIT_BYTES, "%u B", (unsigned)bytes);
        return buffer;
    }
    for (; size >= 999.95; unit++)
        size /= 1000;
    snprintf(buffer, UNIT_BYTES, "%.1f %s", size, units[unit]);
    return buffer;
}

static const char *duration_text(char buffer[UNIT_BYTES], double seconds)
{
    unsigned long whole = (unsigned long)(seconds + 0.5), minutes = whole / 60;

    if (seconds < 0.9995)
        snprintf(buffer, UNIT_BYTES, "%.0f ms", seconds * 1000);
    else if (seconds < 99.95)
        snprintf(buffer, UNIT_BYTES, "%.1f s", seconds);
    else if (minutes < 60)
        snprintf(buffer, UNIT_BYTES, "%lu min %lu s", minutes, whole % 60);
    else
        snprintf(buffer, UNIT_BYTES, "%lu h %lu min", minutes / 60, minutes % 60);
    return buffer;
}

/* Columns on a screen: characters, not bytes. */
static int text_columns(const char *text)
{
    int columns = 0;

    for (; *text; text++)
        columns += ((unsigned char)*text & 0xC0) != 0x80;
    return columns;
}

static int wider(int a, int b)
{
    return a > b ? a : b;
}

/* ---- the table ------------------------------------------------------------------------------------------------------------- */

struct table_widths {
    int name, rows, columns, note, bytes;
};

static const char *table_note(const struct spile_table_info *table)
{
    return table->created ? " (new table)" : "";
}

/* Every column is as wide as its widest cell, or its heading. */
static struct table_widths table_widths(const struct spile_load_info *info)
{
    struct table_widths widths = { .name = (int)strlen("table"), .rows = (int)strlen("rows"), .bytes = (int)strlen("bytes") };
    const struct spile_table_info *table;
    char text[UNIT_BYTES];

    for (size_t i = 0; (table = spile_load_info_table(info, i)); i++) {
        widths.name = wider(widths.name, text_columns(table->name));
        widths.rows = wider(widths.rows, (int)strlen(count_text(text, table->rows)));
        widths.columns = wider(widths.columns, (int)strlen(count_text(text, table->new_columns)));
        widths.note = wider(widths.note, (int)strlen(table_note(table)));
        widths.bytes = wider(widths.bytes, (int)strlen(size_text(text, table->bytes)));
    }
    widths.note = wider(widths.note, (int)strlen("new columns") - widths.columns);
    return widths;
}

static void table_row(const struct spile_table_info *table, const struct table_widths *widths)
{
    char rows[UNIT_BYTES], columns[UNIT_BYTES], bytes[UNIT_BYTES];

    printf("%s%*s   %*s   %*s%-*s   %*s\n", table->name, widths->name - text_columns(table->name), "",
           widths->rows, count_text(rows, table->rows), widths->columns, count_text(columns, table->new_columns),
           widths->note, table_note(table), widths->bytes, size_text(bytes, table->bytes));
}

static void table_print(const struct spile_load_info *info)
{
    struct table_widths widths = table_widths(info);
    const struct spile_table_info *table;

    printf("%-*s   %*s   %-*s   %*s\n", widths.name, "table", widths.rows, "rows", widths.columns + widths.note, "new columns",
           widths.bytes, "bytes");
    for (size_t i = 0; (table = spile_load_info_table(info, i)); i++)
        table_row(table, &widths);
}

/* Names of columns that were added to a table which existed before; those of a new table are no news. */
static void new_columns_print(const struct spile_table_info *table)
{
    size_t shown = table->new_columns < COLUMN_NAMES_SHOWN ? table->new_columns : COLUMN_NAMES_SHOWN;

    if (table->created || shown == 0)
        return;
    printf("new in %s:", table->name);
    for (size_t i = 0; i < shown; i++)
        printf("%s %s", i ? "," : "", table->new_column_names[i]);
    if (table->new_columns > shown)
        printf(" and %zu more", table->new_columns - shown);
    putchar('\n');
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void total_print(const struct spile_load_info *info)
{
    char rows[UNIT_BYTES], rate[UNIT_BYTES], duration[UNIT_BYTES];
    double seconds = spile_load_info_seconds(info);
    uint64_t count = spile_load_info_rows(info);
    size_t tables = spile_load_info_table_count(info);

    printf("%s row%s in %zu table%s into %s, dataset %s, in %s", count_text(rows, count), plural(count), tables, plural(tables),
           spile_load_info_destination(info), spile_load_info_dataset(info), duration_text(duration, seconds));
    if (seconds > 0)
        printf(" (%s rows/s)", count_text(rate, (uint64_t)((double)count / seconds)));
    putchar('\n');
}

static void discarded_print(const struct spile_table_info *table)
{
    char rows[UNIT_BYTES], values[UNIT_BYTES];

    if (table->discarded_rows || table->discarded_values)
        printf("discarded by the contract in %s: %s row%s, %s value%s\n", table->name, count_text(rows, table->discarded_rows),
               plural(table->discarded_rows), count_text(values, table->discarded_values), plural(table->discarded_values));
}

static void duplicates_print(const struct spile_load_info *info)
{
    uint64_t count = spile_load_info_duplicate_keys(info);
    char text[UNIT_BYTES];

    if (count)
        printf("%s JSON key%s came twice in the same object; the last value was kept\n", count_text(text, count), plural(count));
}

void report_print(const struct spile_load_info *info)
{
    const struct spile_table_info *table;

    if (spile_load_info_already_loaded(info)) {
        printf("load id %s is already in %s, dataset %s; nothing was added\n", spile_load_info_load_id(info),
               spile_load_info_destination(info), spile_load_info_dataset(info));
        return;
    }
    if (spile_load_info_table_count(info))
        table_print(info);
    for (size_t i = 0; (table = spile_load_info_table(info, i)); i++)
        new_columns_print(table);
    total_print(info);
    for (size_t i = 0; (table = spile_load_info_table(info, i)); i++)
        discarded_print(table);
    duplicates_print(info);
    printf("load id %s\n", spile_load_info_load_id(info));
}

void waiting_print(const struct spile_load_info *info, bool raw)
{
    const char *load_id = spile_load_info_load_id(info);

    if (spile_load_info_already_loaded(info)) {
        report_print(info);
        return;
    }
    printf("%s; nothing is loaded yet\n", raw ? "read" : "read and unpacked");
    printf("load id %s waits: \"spile pipeline %s load-pending\" loads it, or the next load\n", load_id, spile_load_info_pipeline(info));
}

/* ---- progress -------------------------------------------------------------------------------------------------------------- */

/* A line that grows to the right and keeps only the pieces that fit. */
struct line {
    char text[LINE_BYTES];
    size_t length, limit;
};

static void line_add(struct line *line, const char *format, ...) PRINTF_LIKE(2);

static void line_add(struct line *line, const char *format, ...)
{
    char piece[LINE_BYTES];
    size_t length, gap = line->length ? 2 : 0;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    length = strlen(piece);
    if (line->length + gap + length > line->limit) {
        line->limit = line->length; /* what comes after a piece that is left out is left out, too */
        return;
    }
    memcpy(line->text + line->length, "  ", gap);
    memcpy(line->text + line->length + gap, piece, length + 1);
    line->length += gap + length;
}

/* The last column is left free: writing to it wraps on some terminals. */
static size_t terminal_columns(void)
{
    struct winsize window;
    size_t columns = LINE_COLUMNS;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        columns = window.ws_col;
    return columns < LINE_BYTES ? columns - 1 : LINE_BYTES - 1;
}

static unsigned percent(uint64_t done, uint64_t total)
{
    return done >= total ? 100 : (unsigned)(100.0 * (double)done / (double)total);
}

/* Time left when the rest goes as fast as what was done since the stage began: "0:07", "1:02:07". */
static void eta_add(struct line *line, double seconds, uint64_t done, uint64_t total)
{
    unsigned long left;

    if (done == 0 || done >= total || seconds <= 0)
        return;
    left = 1 + (unsigned long)(seconds * (double)(total - done) / (double)done);
    if (left < 3600)
        line_add(line, "ETA %lu:%02lu", left / 60, left % 60);
    else
        line_add(line, "ETA %lu:%02lu:%02lu", left / 3600, left / 60 % 60, left % 60);
}

static void reading_line(struct line *line, const struct spile_progress *progress, double seconds)
{
    char done[UNIT_BYTES], total[UNIT_BYTES], rows[UNIT_BYTES], rate[UNIT_BYTES];

    if (progress->bytes_total)
        line_add(line, "%3u%%  %s of %s", percent(progress->bytes_read, progress->bytes_total),
                 size_text(done, progress->bytes_read), size_text(total, progress->bytes_total));
    else
        line_add(line, "%s read", size_text(done, progress->bytes_read));
    line_add(line, "%s rows", count_text(rows, progress->rows));
    if (seconds > 0)
        line_add(line, "%s rows/s", count_text(rate, (uint64_t)((double)progress->rows / seconds)));
    eta_add(line, seconds, progress->bytes_read, progress->bytes_total);
}

/* The table in work goes last: it is the first to be left out. Of one table the row count says all. */
static void table_add(struct line *line, const struct spile_progress *progress)
{
    char name[LINE_BYTES];
    size_t at = 0;

    while (at < progress->table_count && progress->tables[at].rows >= progress->tables[at].rows_total)
        at++;
    if (progress->table_count < 2 || at == progress->table_count)
        return;
    snprintf(name, sizeof(name), "%s", progress->tables[at].name);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?'; /* data must not drive the terminal */
    line_add(line, "into %s", name);
}

static void writing_line(struct line *line, const struct spile_progress *progress, double seconds)
{
    char done[UNIT_BYTES], total[UNIT_BYTES], rate[UNIT_BYTES];

    if (progress->rows >= progress->rows_total) { /* all is handed over: the database is finishing its part */
        line_add(line, "committing");
        return;
    }
    line_add(line, "%3u%%  writing  %s of %s rows", percent(progress->rows, progress->rows_total),
             count_text(done, progress->rows), count_text(total, progress->rows_total));
    if (seconds > 0)
        line_add(line, "%s rows/s", count_text(rate, (uint64_t)((double)progress->rows / seconds)));
    eta_add(line, seconds, progress->rows, progress->rows_total);
    table_add(line, progress);
}

void progress_start(struct progress_line *line, bool wanted)
{
    memset(line, 0, sizeof(*line));
    line->wanted = wanted && is_capable_terminal(STDERR_FILENO);
}

void progress_draw(struct progress_line *line, const struct spile_progress *progress, bool stopping)
{
    struct line text = { .limit = terminal_columns() };

    if (!line->wanted || progress->stage == SPILE_STAGE_DONE)
        return;
    if (progress->stage != line->stage) {
        line->stage = progress->stage;
        line->stage_began = progress->seconds;
    }
    if (stopping)
        line_add(&text, "stopping; ctrl-C again ends at once");
    else if (progress->stage == SPILE_STAGE_NORMALIZE)
        reading_line(&text, progress, progress->seconds);
    else
        writing_line(&text, progress, progress->seconds - line->stage_began);
    fprintf(stderr, "\r%s\x1b[K", text.text);
    fflush(stderr);
    line->drawn = true;
}

void progress_clear(struct progress_line *line)
{
    if (line->drawn)
        fputs("\r\x1b[K", stderr);
    line->drawn = false;
}

/* What the command tells: errors and the progress line on stderr, the figures of a load on stdout. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <spile/spile.h>

#define PRINTF_LIKE(at) __attribute__((format(printf, at, (at) + 1))) /* the arguments follow the format */

/* Ends the program when memory is out: before a load nothing is lost by it, and after it nothing is allocated. */
void *allocated(void *memory);

/* Starts the error afresh. Returns the status. */
enum spile_status fail(struct spile_error *err, enum spile_status status, const char *format, ...) PRINTF_LIKE(3);

/* Adds the remedy, unless there is one or the status is SPILE_OK. Returns the status. */
enum spile_status hint(struct spile_error *err, enum spile_status status, const char *format, ...) PRINTF_LIKE(3);

/* What the command exits with. `signal`: the one that stopped it, 0 for none. */
int exit_code(enum spile_status status, int signal);

void error_print(const struct spile_error *err);

/* To stdout: a name, with control characters escaped; and lines for people and programs alike: a terminal gets them escaped, all else as they are. */
void name_print(const char *name);
void name_tell(const char *name); /* the name on stderr */
void text_print(const char *text);
void safe_write(const void *text, size_t length); /* to stdout, a terminal */

/* Flushes stdout. SPILE_FAILED when something could not be written; a reader that went away is no error. */
enum spile_status output_finish(struct spile_error *err);

/* The figures of a load as a table for people. */
void report_print(const struct spile_load_info *info);
void waiting_print(const struct spile_load_info *info, bool raw); /* of what was not loaded yet; `raw`: nor unpacked */

/* The progress line. Silent unless stderr is a terminal. */
struct progress_line {
    bool wanted, drawn;
    enum spile_stage stage;
    double stage_began;
};
void progress_start(struct progress_line *line, bool wanted);
void progress_draw(struct progress_line *line, const struct spile_progress *progress, bool stopping);
void progress_clear(struct progress_line *line);

#endif

/* What the tests with fault_layer.h share: chance, a folder to work in that can be put back, what an action answered, and how to tell what went wrong. */
#ifndef UNIT_FAULT_WORLD_H
#define UNIT_FAULT_WORLD_H

#include <execinfo.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fault_layer.h"
#include "fault_source.h"

/* ---- chance -------------------------------------------------------------------------------------------------------------------------- */

static inline void seed_random(uint64_t a, uint64_t b)
{
    random_state = (a + 1) * 11400714819323198485u ^ (b + 1) * 14029467366897019727u;
    for (int i = 0; i < 4; i++)
        pick(2);
}

static inline unsigned number_from(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text && *text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* ---- the world: a folder for databases and for the folders of a pipeline ----------------------------------------------------------------- */

static char world[32], kept[48]; /* as it is, and as it was before */

static inline const char *in_world(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", world, name);
    return path;
}

__attribute__((format(printf, 1, 2))) static inline void shell(const char *format, ...)
{
    char command[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    assert_int_equal(system(command), 0);
}

static inline void make_world(void)
{
    const char *parent = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* nothing here needs a real disk */

    snprintf(world, sizeof(world), "%s/spile-faults-XXXXXX", parent);
    assert_non_null(mkdtemp(world));
    snprintf(kept, sizeof(kept), "%s.kept", world);
    assert_int_equal(chdir(world), 0);
}

static inline void empty_world(void)
{
    shell("rm -rf %s/* %s", world, kept);
}

static inline void keep_world(void)
{
    shell("rm -rf %s && cp -a %s %s", kept, world, kept);
}

static inline void restore_world(void)
{
    shell("rm -rf %s/* && cp -a %s/. %s", world, kept, world);
}

static inline void remove_world(void)
{
    assert_int_equal(chdir("/"), 0);
    shell("rm -rf %s %s", world, kept);
}

static inline size_t open_files(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");

    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static inline bool has_entries(const char *path)
{
    DIR *folder = opendir(path);
    size_t entries = 0;

    while (folder && __real_readdir(folder))
        entries++;
    if (folder)
        closedir(folder);
    return entries > 2; /* itself, and its parent */
}

static inline bool same(const struct text *a, const struct text *b)
{
    return a->length == b->length && !memcmp(text_slice(a).text, text_slice(b).text, a->length);
}

static inline void copy_text(struct text *to, const struct text *from)
{
    text_clear(to);
    text_append(to, text_slice(from).text, from->length);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------------ */

/* The answer of an action as text: must be the same whenever it succeeds. */
struct answer {
    uint64_t hash;
    char kind[24];
};

/* By lines, whose order may differ when resources are parallel; a comma at the end belongs to that order. */
static inline void tell(struct answer *answer, const char *text)
{
    while (text && *text) {
        uint64_t hash = 14695981039346656037u;
        size_t length = strcspn(text, "\n"), counted = length && text[length - 1] == ',' ? length - 1 : length;

        for (size_t i = 0; i < counted; i++)
            hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
        answer->hash += hash;
        text += length + (text[length] == '\n');
    }
}

static inline void tell_number(struct answer *answer, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    tell(answer, text);
}

/* ---- which call fails ------------------------------------------------------------------------------------------------------------------------ */

/* Of so many, one at a place that has not failed yet, if there is one. */
static inline long choose_place(enum fault_class class, long count)
{
    long start = 1 + (long)pick((unsigned)count), at = start;

    do {
        if (at < (long)FAULT_RECORDS_MAX && faults.record[class][at] && !faults.record[class][at]->failed)
            return at;
        at = at % count + 1;
    } while (at != start);
    return start;
}

static inline size_t failed_places(void)
{
    size_t failed = 0;

    for (size_t i = 0; i < FAULT_SITES_MAX; i++)
        failed += faults.sites[i].failed > 0;
    return failed;
}

/* ---- what went wrong -------------------------------------------------------------------------------------------------------------------------- */

static bool traces;
static unsigned injected, felt, dispensable;
static char current[240];   /* what fails just now: for a signal's handler, too */
static unsigned complaints; /* the whole is played to its end before it fails */
static bool complained;     /* of this failure: the rest follows from the first */

__attribute__((format(printf, 3, 4))) static inline void begin_failure(const struct fault *fault, long of, const char *subject, ...)
{
    static const char *const words[FAULT_CLASSES] = { "allocation", "call", "database's allocation", "database's call" };
    va_list arguments;
    size_t length;

    va_start(arguments, subject);
    vsnprintf(current, sizeof(current) - 100, subject, arguments);
    va_end(arguments);
    length = strlen(current);
    snprintf(current + length, sizeof(current) - length, ", %s %ld of %ld%s, errno %d", words[fault->class], fault->at, of,
             fault->sticky ? " and all after it" : "", fault->code);
    injected++;
    complained = false;
}

static inline void describe_failure(void)
{
    fprintf(stderr, "%s: ", current);
    if (atomic_load(&faults.hit))
        fault_print_site(atomic_load(&faults.hit));
    else
        fputs("did not come\n", stderr);
}

__attribute__((format(printf, 1, 2))) static inline void complain(const char *format, ...)
{
    va_list arguments;

    if (complained)
        return;
    complained = true;
    complaints++;
    fputs("WRONG: ", stderr);
    describe_failure();
    fputs("    ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

#define EXPECT(condition, ...)     \
    do {                           \
        if (!(condition))          \
            complain(__VA_ARGS__); \
    } while (0)

/* What an action that failed, or did not, must have said. `wanted`: how it ends when nothing fails; `fits`: the status is one that this failure may have. */
static inline void check_answer(enum spile_status wanted, const struct answer *wanted_answer, bool fits, enum spile_status status, const struct answer *answer,
                                const struct spile_error *err)
{
    bool hit = atomic_load(&faults.hits);

    if (traces) {
        describe_failure();
        fprintf(stderr, "    status %d: %s; %s; %s\n", status, err->message, err->where, err->hint);
    }
    felt += status != wanted;
    dispensable += hit && status == wanted;
    EXPECT(status == wanted || fits, "status %d instead of %d: %s; %s", status, wanted, err->message, err->where);
    EXPECT(hit || status == wanted, "nothing failed, but the status is %d instead of %d: %s", status, wanted, err->message);
    EXPECT(!status || (*err->message && err->status == status), "status %d has no message", status);
    EXPECT(status || answer->hash == wanted_answer->hash, "it succeeded, but the answer is another one");
}

/* A crash, or a hang. */
static inline void tell_and_die(int number)
{
    void *frames[40];
    ssize_t ignored = __real_write(STDERR_FILENO, current, strlen(current));

    (void)ignored;
    backtrace_symbols_fd(frames, backtrace(frames, 40), STDERR_FILENO);
    signal(number, SIG_DFL);
    raise(number);
}

static inline void watch_signals(void)
{
    signal(SIGALRM, tell_and_die);
#ifndef __SANITIZE_ADDRESS__
    signal(SIGSEGV, tell_and_die);
    signal(SIGABRT, tell_and_die);
#endif
}

#endif

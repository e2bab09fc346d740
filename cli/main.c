/* The command spile: finds the subcommand, prints help and versions. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "pipeline.h"
#include "query.h"
#include "report.h"
#include "schema.h"

static const struct command *const commands[] = { &load_command, &plan_command, &query_command, &schema_command, &pipeline_command, NULL }; /* a new command adds one line here */

struct main_options {
    bool help, version;
};

static const struct option_row main_rows[] = {
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, .offset = offsetof(struct main_options, help),
      .help = "print this text" },
    { .name = "version", .letter = 'V', .final = true, .parse = option_switch, .offset = offsetof(struct main_options, version),
      .help = "print the versions of spile and of the databases' libraries, and where these are" },
    { .name = NULL },
};

static const struct command main_command = {
    .name = "spile",
    .summary = "Draws data out of JSON, unpacks nested documents into linked tables, and lands them in a database in one atomic "
               "load.",
    .examples = "  spile load events.json --to shop.duckdb",
    .usage = "COMMAND [OPTION...]",
    .options = main_rows,
};

/* The command's own word: "load" of "spile load". */
static const char *command_word(const struct command *command)
{
    return command->name + strlen("spile ");
}

static void main_help(void)
{
    command_help(stdout, &main_command);
    fputs("\nCommands:\n", stdout);
    for (size_t i = 0; commands[i]; i++) {
        printf("  %-8s", command_word(commands[i]));
        help_paragraph(stdout, commands[i]->summary, 10);
    }
    fputs("\n\"spile COMMAND --help\" explains a command.\n", stdout);
}

static void destination_version(const char *destination)
{
    char path[PATH_MAX], version[PATH_MAX];
    struct spile_error err = { 0 };

    if (spile_destination_library(destination, path, version, sizeof(path), &err) != SPILE_OK) {
        printf("%s not found: %s\n", destination, err.message);
        if (err.hint[0])
            printf("  %s\n", err.hint);
        return;
    }
    printf("%s%s%s (%s)\n", destination, version[0] ? " " : "", version, path);
}

static void version_print(void)
{
    printf("spile %s\n", SPILE_VERSION);
    if (strcmp(SPILE_VERSION, spile_version()) != 0)
        printf("libspile %s\n", spile_version());
    for (size_t i = 0; spile_destination_name(i); i++)
        destination_version(spile_destination_name(i));
}

static enum spile_status unknown_command(const char *word, struct spile_error *err)
{
    struct nearest best = { 0 };
    enum spile_status status = fail(err, SPILE_USAGE, "unknown command \"%s\"", word);

    for (size_t i = 0; commands[i]; i++)
        nearest_try(&best, word, command_word(commands[i]));
    if (best.name)
        return hint(err, status, "did you mean \"spile %s\"? \"spile --help\" lists the commands", best.name);
    return hint(err, status, "\"spile --help\" lists the commands");
}

/* "spile --version", or no command at all. */
static enum spile_status main_run(char **arguments, size_t count, struct spile_error *err)
{
    struct main_options options = { 0 };
    const char **operands = allocated(calloc(count + 1, sizeof(*operands)));
    size_t operand_count;
    enum spile_status status = options_parse(&main_command, arguments, count, &options, operands, &operand_count, err);

    if (status == SPILE_OK && options.help)
        main_help();
    else if (status == SPILE_OK && options.version)
        version_print();
    else if (status == SPILE_OK)
        status = hint(err, fail(err, SPILE_USAGE, "no command is given"), "\"spile --help\" lists the commands");
    free(operands);
    return status == SPILE_OK ? output_finish(err) : status;
}

static const struct command *command_find(const char *word)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(command_word(commands[i]), word) == 0)
            return commands[i];
    return NULL;
}

/* A closed standard stream would give its number to the next file that is opened, and our messages would be written into that. */
static void streams_reserve(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            _exit(SPILE_FAILED);
}

int main(int argc, char **argv)
{
    struct spile_error err = { 0 };
    const struct command *command;
    enum spile_status status;

    streams_reserve();
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away must not kill a load */
    if (argc > 1 && argv[1][0] != '-') {
        command = command_find(argv[1]);
        if (command)
            return command->run(argv + 2, (size_t)argc - 2);
        status = unknown_command(argv[1], &err);
    } else {
        status = main_run(argv + 1, argc > 0 ? (size_t)argc - 1 : 0, &err);
    }
    if (status != SPILE_OK)
        error_print(&err);
    return (int)status;
}

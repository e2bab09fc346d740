/* Encodes rows for Postgres' COPY: each argument is a column, "SOURCE OID TYPMOD" ("decimal:38:9 1700 -1"), each line of the input a row of values between
 * tabs, "-" for null. Numbers and times are what Arrow holds (a decimal without its point), doubles are C's hexadecimal, texts are hexadecimal digits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/gather.h"
#include "destination/postgres/copy.h"

#define BATCH_ROWS 1000
#define LINE_BYTES (1 << 20)

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static struct column_type read_type(const char *text)
{
    struct column_type type = { .precision = -1, .scale = -1, .timezone = true };
    struct slice name = { text, strcspn(text, ": ") };

    type.type = data_type_of(name);
    if (text[name.length] == ':')
        sscanf(text + name.length, ":%d:%d", &type.precision, &type.scale);
    return type;
}

static void bind(struct copy_column *column, const char *text)
{
    const struct column_type type = read_type(text);
    uint32_t oid;
    int typmod;

    if (sscanf(strchr(text, ' '), "%u %d", &oid, &typmod) != 2 || !copy_bind(column, &type, oid, typmod))
        fail("no such way");
}

static int128 read_integer(const char *text)
{
    const bool negative = *text == '-';
    uint128 value = 0;

    for (text += negative; *text; text++)
        value = value * 10 + (uint128)(*text - '0');
    return (int128)(negative ? -value : value);
}

static size_t read_hex(char *text)
{
    size_t length = strlen(text) / 2;
    unsigned byte;

    for (size_t i = 0; i < length; i++) {
        sscanf(text + 2 * i, "%2x", &byte);
        text[i] = (char)byte;
    }
    return length;
}

static bool put(struct column_builder *column, uint32_t row, char *text)
{
    switch (column->type.type) {
    case TYPE_BOOL:
        return column_put_bool(column, row, *text == '1');
    case TYPE_DOUBLE:
        return column_put_f64(column, row, strtod(text, NULL));
    case TYPE_DATE:
        return column_put_i32(column, row, (int32_t)read_integer(text));
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return column_put_i128(column, row, read_integer(text));
    case TYPE_TEXT:
    case TYPE_JSON:
    case TYPE_BINARY:
        return column_put_text(column, row, text, read_hex(text));
    default:
        return column_put_i64(column, row, (int64_t)read_integer(text));
    }
}

static void read_row(struct gather *gather, char *line)
{
    for (size_t i = 0; i < gather->count; i++) {
        char *value = strsep(&line, "\t\n");

        if (!value || (strcmp(value, "-") && !put(&gather->columns[i], gather->rows, value)))
            fail("bad row");
    }
    gather->rows++;
}

static void write_batch(struct copy_writer *writer, struct gather *gather)
{
    struct ArrowArray batch;
    size_t faulty;
    int64_t row = 0, rows = gather->rows;

    for (size_t i = 0; i < gather->count; i++)
        if (!column_pad(&gather->columns[i], gather->rows))
            fail("out of memory");
    if (!gather_take(gather, &batch))
        fail("out of memory");
    for (size_t i = 0; i < writer->count; i++)
        copy_take_batch(&writer->columns[i], batch.children[i]);
    while (row < rows) {
        enum copy_fault fault = copy_rows(writer, &row, rows, 4096, &faulty);

        if (fault) {
            struct spile_error err = { 0 };

            copy_fail(&writer->columns[faulty], row, fault, "its type", &err);
            fail(err.message);
        }
        fwrite(writer->bytes, 1, writer->length, stdout);
        writer->length = 0;
    }
    batch.release(&batch);
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES];
    const size_t count = (size_t)argc - 1;
    struct copy_column *columns = calloc(count + 1, sizeof(*columns));
    struct copy_writer writer;
    struct gather gather;

    if (!columns || !gather_init(&gather, count))
        fail("out of memory");
    for (size_t i = 0; i < count; i++) {
        bind(&columns[i], argv[i + 1]);
        gather.columns[i].type = columns[i].source;
    }
    if (!copy_begin(&writer, columns, count))
        fail("out of memory");
    while (fgets(line, sizeof(line), stdin)) {
        read_row(&gather, line);
        if (gather.rows == BATCH_ROWS)
            write_batch(&writer, &gather);
    }
    if (gather.rows)
        write_batch(&writer, &gather);
    if (!copy_end(&writer))
        fail("out of memory");
    fwrite(writer.bytes, 1, writer.length, stdout);
    copy_release(&writer);
    gather_release(&gather);
    free(columns);
    return 0;
}

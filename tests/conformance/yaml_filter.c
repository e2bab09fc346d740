/* Lets test_yaml.py call yaml_read and yaml_write: requests on standard input, answers on standard output, until the input ends.
 *
 *   request  "r" (YAML to JSON) or "w" (JSON to YAML), size in decimal, newline, as many bytes
 *   answer   "+" (done) or "-" (an error: place and message), size in decimal, newline, as many bytes */
#include <stdio.h>
#include <stdlib.h>

#include "data/yaml.h"

static int answer(char sign, const char *bytes, size_t length)
{
    printf("%c%zu\n", sign, length);
    fwrite(bytes, 1, length, stdout);
    return fflush(stdout);
}

static int read_yaml(const char *text, size_t length)
{
    struct spile_error err = { 0 };
    struct text message = { 0 };
    yyjson_mut_doc *doc;
    char *json = NULL;
    int failed;

    if (yaml_read(&doc, text, length, &err)) {
        text_printf(&message, "%s: %s", err.where, err.message);
        failed = message.failed || answer('-', message.text, message.length);
    } else {
        json = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, &length);
        failed = !json || answer('+', json, length);
    }
    free(json);
    text_release(&message);
    yyjson_mut_doc_free(doc);
    return failed;
}

static int write_yaml(char *text, size_t length)
{
    yyjson_doc *parsed = yyjson_read_opts(text, length, YYJSON_READ_ALLOW_INF_AND_NAN, NULL, NULL);
    yyjson_mut_doc *doc = parsed ? yyjson_doc_mut_copy(parsed, NULL) : NULL;
    struct text out = { 0 };
    bool ok = doc && yaml_write(&out, yyjson_mut_doc_get_root(doc));
    int failed = ok ? answer('+', out.text, out.length) : answer('-', "", 0);

    text_release(&out);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(parsed);
    return failed;
}

int main(void)
{
    char kind;
    size_t length;
    int failed = 0;

    while (!failed && scanf("%c%zu", &kind, &length) == 2 && getchar() == '\n') {
        char *bytes = malloc(length + 1);

        failed = !bytes || fread(bytes, 1, length, stdin) != length || (kind == 'r' ? read_yaml(bytes, length) : write_yaml(bytes, length));
        free(bytes);
    }
    return failed;
}

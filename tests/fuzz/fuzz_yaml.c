/* bytes -> yaml_read -> yaml_write -> yaml_read: whatever can be read can be written, and what was written reads as the same, but for what
 * PyYAML's layout, which is ours, loses: U+0085, and spaces in texts that are indented nearly to the end of the line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/yaml.h"
#include "check.h"

/* Compact JSON. Numbers come in their shortest form, so equal texts are equal values. */
static char *json_of(yyjson_mut_doc *doc)
{
    char *json = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);

    check(json, "no JSON of what was read");
    return json;
}

static bool is_lossy(const char *json, const struct text *yaml)
{
    static const char far_right[] = "                                                                      ";

    return strstr(json, "\xC2\x85") || memmem(yaml->text, yaml->length, far_right, sizeof(far_right) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spile_error err = { 0 };
    struct text yaml = { 0 };
    yyjson_mut_doc *doc, *again;
    char *first, *second;

    if (yaml_read(&doc, (const char *)data, size, &err)) {
        check(!doc && err.status == SPILE_CONFIG && strstr(err.where, "line "), "an error without status or place");
        check(err.message[0] && err.hint[0], "an error that says too little");
        return 0;
    }
    first = json_of(doc);
    check(yaml_write(&yaml, yyjson_mut_doc_get_root(doc)), "what was read cannot be written");
    if (!is_lossy(first, &yaml)) {
        check(yaml_read(&again, yaml.text, yaml.length, &err) == SPILE_OK, err.message);
        second = json_of(again);
        check(strcmp(first, second) == 0, "what was written reads differently");
        free(second);
        yyjson_mut_doc_free(again);
    }
    free(first);
    text_release(&yaml);
    yyjson_mut_doc_free(doc);
    return 0;
}

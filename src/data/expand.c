#include "data/expand.h"

#include <errno.h>

bool expand_is_needed(const struct ArrowSchema *schema)
{
    bool needed = schema->dictionary;

    for (int64_t i = 0; !needed && i < schema->n_children; i++)
        needed = expand_is_needed(schema->children[i]);
    return needed;
}

static bool is_text(enum ArrowType type)
{
    return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING || type == NANOARROW_TYPE_STRING_VIEW;
}

static int plain_schema(struct ArrowSchema *schema)
{
    struct ArrowSchemaView values;
    int code = ArrowSchemaViewInit(&values, schema->dictionary, NULL);

    if (!code && !is_text(values.type))
        return ENOTSUP;
    if (!code)
        code = ArrowSchemaSetType(schema, NANOARROW_TYPE_LARGE_STRING); /* together they may be larger than 2 GiB */
    if (code)
        return code;
    ArrowSchemaRelease(schema->dictionary);
    ArrowFree(schema->dictionary);
    schema->dictionary = NULL;
    schema->flags &= ~ARROW_FLAG_DICTIONARY_ORDERED;
    return 0;
}

int expand_schema(struct ArrowSchema *schema)
{
    int code = schema->dictionary ? plain_schema(schema) : 0;

    for (int64_t i = 0; !code && i < schema->n_children; i++)
        code = expand_schema(schema->children[i]);
    return code;
}

static int append_text(struct ArrowArray *out, const struct ArrowArrayView *view, int64_t row)
{
    int64_t index;

    if (ArrowArrayViewIsNull(view, row))
        return ArrowArrayAppendNull(out, 1);
    index = ArrowArrayViewGetIntUnsafe(view, row);
    return ArrowArrayViewIsNull(view->dictionary, index) ? ArrowArrayAppendNull(out, 1)
                                                         : ArrowArrayAppendString(out, ArrowArrayViewGetStringUnsafe(view->dictionary, index));
}

/* From the begin: what was before an offset is left out. */
static int plain_array(struct ArrowArray *out, const struct ArrowArrayView *view)
{
    int code = ArrowArrayInitFromType(out, NANOARROW_TYPE_LARGE_STRING);

    if (!code)
        code = ArrowArrayStartAppending(out);
    for (int64_t i = 0; !code && i < view->length; i++)
        code = append_text(out, view, i);
    return code ? code : ArrowArrayFinishBuildingDefault(out, NULL);
}

int expand_array(struct ArrowArray *array, const struct ArrowArrayView *view)
{
    struct ArrowArray plain = { 0 };
    int code = 0;

    if (!view->dictionary) {
        for (int64_t i = 0; !code && i < array->n_children; i++)
            code = expand_array(array->children[i], view->children[i]);
        return code;
    }
    code = plain_array(&plain, view);
    if (!code) {
        ArrowArrayRelease(array);
        ArrowArrayMove(&plain, array);
    }
    if (plain.release)
        ArrowArrayRelease(&plain);
    return code;
}

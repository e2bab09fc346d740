#include "extract/step.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "data/json_text.h"

/* A step at work on an item. */
struct applying {
    const struct step *step;
    struct step_run *run;
    struct spile_item *item;
    bool kept;
};

struct step_operation {
    const char *name;
    bool pairs;    /* its paths are pairs */
    bool keys;     /* not paths but keys of the item */
    enum spile_status (*apply)(struct applying *a, struct spile_error *err);
};

/* ---- operations ----------------------------------------------------------------------------------------------------------------- */

static enum spile_status apply_map(struct applying *a, struct spile_error *err)
{
    enum spile_status status = a->step->options.map(a->item, a->step->options.user, err);

    return status ? status : item_check(a->item, err);
}

static enum spile_status apply_filter(struct applying *a, struct spile_error *err)
{
    (void)err;
    a->kept = a->step->options.filter(a->item, a->step->options.user);
    return SPILE_OK;
}

static enum spile_status apply_rename(struct applying *a, struct spile_error *err)
{
    for (size_t i = 0; i < a->step->path_count; i += 2)
        item_rename(a->item, a->step->paths[i], a->step->paths[i + 1]);
    return item_check(a->item, err);
}

static enum spile_status apply_remove(struct applying *a, struct spile_error *err)
{
    for (size_t i = 0; i < a->step->path_count; i++)
        item_remove(a->item, a->step->paths[i]);
    return item_check(a->item, err);
}

static bool is_listed(const struct step *step, yyjson_mut_val *key)
{
    for (size_t i = 0; i < step->path_count; i++)
        if (yyjson_mut_equals_strn(key, step->paths[i].text, step->paths[i].length))
            return true;
    return false;
}

static enum spile_status apply_keep(struct applying *a, struct spile_error *err)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(item_open(a->item));
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (!is_listed(a->step, key))
            yyjson_mut_obj_iter_remove(&iter);
    return item_check(a->item, err);
}

/* What is hashed of a value: a text itself, all else as JSON. */
static void append_plain(struct text *out, const struct spile_item *item, struct document value)
{
    if (document_kind(value) == DOCUMENT_TEXT)
        text_append(out, document_text(value).text, document_text(value).length);
    else
        item_write(out, item, value);
}

static bool digest_of(const struct step *step, struct slice plain, unsigned char digest[EVP_MAX_MD_SIZE], unsigned *length)
{
    const char *salt = step->options.salt ? step->options.salt : "";
    EVP_MD_CTX *context;
    bool ok;

    if (step->options.hmac)
        return HMAC(EVP_sha256(), salt, (int)strlen(salt), (const unsigned char *)plain.text, plain.length, digest, length);
    context = EVP_MD_CTX_new();
    ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) && EVP_DigestUpdate(context, salt, strlen(salt)) &&
         EVP_DigestUpdate(context, plain.text, plain.length) && EVP_DigestFinal_ex(context, digest, length);
    EVP_MD_CTX_free(context);
    return ok;
}

static enum spile_status hash_value(const struct step *step, struct spile_item *item, struct slice path, struct document value, struct spile_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE];
    struct text plain = { 0 };
    unsigned length = 0;
    bool ok;

    append_plain(&plain, item, value);
    ok = !plain.failed && digest_of(step, text_slice(&plain), digest, &length);
    text_release(&plain);
    for (unsigned i = 0; i < length; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    if (!ok)
        return spile_fail_nomem(err);
    item_set_text(item, path, (struct slice){ text, 2 * (size_t)length });
    return SPILE_OK;
}

static enum spile_status apply_hash(struct applying *a, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < a->step->path_count; i++) {
        struct document value = item_find(a->item, a->step->paths[i]);

        if (value.value && document_kind(value) != DOCUMENT_NULL)
            status = hash_value(a->step, a->item, a->step->paths[i], value, err);
    }
    return status ? status : item_check(a->item, err);
}

static enum spile_status parse_text(struct spile_item *item, struct slice path, struct slice text, struct spile_error *err)
{
    bool nomem;
    yyjson_doc *parsed = json_text_read(text.text, text.length, &nomem);
    char extract[SHORTEN_BYTES];

    if (nomem)
        return spile_fail_nomem(err);
    if (!parsed) {
        spile_fail(err, SPILE_SOURCE, "the text is no JSON: \"%s\"", shorten(extract, text.text, text.length));
        return spile_within(err, SPILE_SOURCE, "path \"%.*s\"", (int)path.length, path.text);
    }
    item_set_parsed(item, path, yyjson_doc_get_root(parsed));
    yyjson_doc_free(parsed);
    return SPILE_OK;
}

static enum spile_status apply_parse(struct applying *a, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < a->step->path_count; i++) {
        struct document value = item_find(a->item, a->step->paths[i]);

        if (value.value && document_kind(value) == DOCUMENT_TEXT)
            status = parse_text(a->item, a->step->paths[i], document_text(value), err);
    }
    return status ? status : item_check(a->item, err);
}

static enum spile_status apply_constant(struct applying *a, struct spile_error *err)
{
    spile_item_set_json(a->item, a->step->options.constant, a->step->options.value);
    return item_check(a->item, err);
}

static enum spile_status fail_sequence(const struct applying *a, struct document value, struct spile_error *err)
{
    const struct step *step = a->step;
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    if (value.value)
        item_write(&json, a->item, value);
    if (a->run->begun)
        spile_fail(err, SPILE_SOURCE, "%s in the sequence \"%s\" where %lld was expected",
                   value.value ? shorten(extract, json.text ? json.text : "", json.length) : "nothing", step->options.sequence, (long long)a->run->last + 1);
    else
        spile_fail(err, SPILE_SOURCE, "%s in the sequence \"%s\" where an integer was expected",
                   value.value ? shorten(extract, json.text ? json.text : "", json.length) : "nothing", step->options.sequence);
    text_release(&json);
    return spile_hint(err, SPILE_SOURCE, "an item is missing, came twice, or out of order: draw them again");
}

static enum spile_status apply_sequence(struct applying *a, struct spile_error *err)
{
    struct document value = item_find(a->item, a->step->paths[0]);
    bool is_integer = value.value && document_kind(value) == DOCUMENT_INTEGER;
    int64_t number = is_integer ? document_integer(value) : 0;

    if (!is_integer || (a->run->begun && (a->run->last == INT64_MAX || number != a->run->last + 1)))
        return fail_sequence(a, value, err);
    a->run->begun = true;
    a->run->last = number;
    return SPILE_OK;
}

static const struct step_operation map = { .name = "map", .apply = apply_map }, filter = { .name = "filter", .apply = apply_filter },
                                   flat_map = { .name = "flat_map" },
                                   rename_keys = { .name = "rename", .pairs = true, .apply = apply_rename },
                                   remove_paths = { .name = "remove", .apply = apply_remove },
                                   keep_keys = { .name = "keep", .keys = true, .apply = apply_keep },
                                   hash_values = { .name = "hash", .apply = apply_hash }, hmac_values = { .name = "hmac", .apply = apply_hash },
                                   parse_json = { .name = "parse_json", .apply = apply_parse },
                                   constant = { .name = "constant", .apply = apply_constant },
                                   sequence = { .name = "sequence", .apply = apply_sequence };

/* ---- compiling ------------------------------------------------------------------------------------------------------------------ */

/* The operations that the options name, with the text of their arguments. */
static size_t operations_of(const struct spile_step *options, const struct step_operation **first, const char **arguments)
{
    const struct {
        const struct step_operation *operation;
        bool given;
        const char *arguments;
    } all[] = {
        { &map, options->map, NULL },
        { &filter, options->filter, NULL },
        { &flat_map, options->flat_map, NULL },
        { &rename_keys, options->rename, options->rename },
        { &remove_paths, options->remove, options->remove },
        { &keep_keys, options->keep, options->keep },
        { &hash_values, options->hash, options->hash },
        { &hmac_values, options->hmac, options->hmac },
        { &parse_json, options->parse_json, options->parse_json },
        { &constant, options->constant, options->constant },
        { &sequence, options->sequence, options->sequence },
    };
    size_t count = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].given && !count++) {
            *first = all[i].operation;
            *arguments = all[i].arguments;
        }
    return count;
}

static enum spile_status fail_argument(const struct step *step, struct slice argument, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "\"%s\" can't be read in the step \"%s\"", shorten(extract, argument.text, argument.length), step->operation->name);
    return spile_hint(err, SPILE_USAGE, step->operation->pairs ? "write old: new, with commas between" : "write paths with commas between");
}

/* "old: new" */
static enum spile_status read_pair(struct step *step, struct slice pair, struct spile_error *err)
{
    const char *colon = memrchr(pair.text, ':', pair.length);
    struct slice path, key;

    if (!colon)
        return fail_argument(step, pair, err);
    path = slice_strip((struct slice){ pair.text, (size_t)(colon - pair.text) });
    key = slice_strip((struct slice){ colon + 1, pair.length - (size_t)(colon - pair.text) - 1 });
    if (!path.length || !key.length)
        return fail_argument(step, pair, err);
    step->paths[step->path_count++] = path;
    step->paths[step->path_count++] = key;
    return item_check_path(path, err);
}

static enum spile_status read_arguments(struct step *step, struct slice arguments, struct arena *arena, struct spile_error *err)
{
    struct slice rest = arguments, one;
    enum spile_status status = SPILE_OK;

    step->paths = arena_alloc(arena, 2 * text_count(arguments, ',') * sizeof(*step->paths)); /* a piece may be a pair */
    if (!step->paths)
        return spile_fail_nomem(err);
    while (!status && text_next(&rest, ',', &one)) {
        if (!one.length) {
            status = fail_argument(step, arguments, err);
        } else if (step->operation->pairs) {
            status = read_pair(step, one, err);
        } else {
            step->paths[step->path_count++] = one;
            status = step->operation->keys ? SPILE_OK : item_check_path(one, err);
        }
    }
    return !status && !step->path_count ? fail_argument(step, arguments, err) : status;
}

static bool copy_texts(struct spile_step *options, struct arena *arena)
{
    const char **texts[] = { &options->rename, &options->remove, &options->keep,     &options->hash,  &options->hmac,
                             &options->salt,   &options->parse_json, &options->constant, &options->value, &options->sequence };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (*texts[i] && !(*texts[i] = arena_copy(arena, *texts[i], strlen(*texts[i]))))
            return false;
    return true;
}

static enum spile_status check_value(const struct step *step, struct spile_error *err)
{
    const char *value = step->options.value;
    bool nomem = false;
    yyjson_doc *parsed = value ? json_text_read(value, strlen(value), &nomem) : NULL;
    char extract[SHORTEN_BYTES];

    yyjson_doc_free(parsed);
    if (nomem)
        return spile_fail_nomem(err);
    if (step->operation != &constant || parsed)
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "the constant \"%s\" is no JSON: \"%s\"", step->options.constant, value ? shorten(extract, value, strlen(value)) : "");
    return spile_hint(err, SPILE_USAGE, "a text stands in double quotes");
}

enum spile_status step_new(struct step **out, const struct spile_step *options, struct arena *arena, struct spile_error *err)
{
    struct step *step = arena_zalloc(arena, sizeof(*step));
    const char *arguments = NULL;
    size_t count;
    enum spile_status status;

    *out = step;
    if (!step)
        return spile_fail_nomem(err);
    memcpy(&step->options, options, options->size && options->size < sizeof(step->options) ? options->size : sizeof(step->options));
    if (!copy_texts(&step->options, arena))
        return spile_fail_nomem(err);
    count = operations_of(&step->options, &step->operation, &arguments);
    if (count != 1) {
        spile_fail(err, SPILE_USAGE, count ? "a step with %zu operations" : "a step without an operation", count);
        return spile_hint(err, SPILE_USAGE, "give each operation a step of its own");
    }
    status = arguments ? read_arguments(step, slice_of(arguments), arena, err) : SPILE_OK;
    return status ? status : check_value(step, err);
}

struct step *step_copy(const struct step *step, struct arena *arena)
{
    struct step *copy = NULL;

    return step_new(&copy, &step->options, arena, NULL) ? NULL : copy;
}

const char *step_name(const struct step *step)
{
    return step->operation->name;
}

bool step_is_flat(const struct step *step)
{
    return step->operation == &flat_map;
}

enum spile_status step_apply(const struct step *step, struct step_run *run, struct spile_item *item, bool *kept, struct spile_error *err)
{
    struct applying a = { step, run, item, true };
    enum spile_status status = step->operation->apply(&a, err);

    *kept = a.kept;
    return status;
}

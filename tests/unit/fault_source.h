/* A source of resources whose functions do what users' functions do: what the tests with faults draw from. All that is chosen follows from random_state. */
#ifndef TESTS_FAULT_SOURCE_H
#define TESTS_FAULT_SOURCE_H

#include <stdint.h>
#include <stdio.h>

#include <spile/spile.h>

static uint64_t random_state;

static inline unsigned pick(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % below;
}

/* What a generator emits, as far as it is. */
struct series {
    int count, next;
    bool as_items, again, to_tables, keeps;
    enum spile_status (*begin)(struct spile_emitter *out, struct spile_error *err); /* at each call; NULL: nothing */
    enum spile_status (*emit)(struct spile_emitter *out, struct series *series, struct spile_error *err); /* NULL: as items, or text */
};

static inline enum spile_status emit_built(struct spile_emitter *out, struct series *s, struct spile_error *err)
{
    struct spile_item *item;
    enum spile_status status = spile_item_new(&item, err);

    if (status)
        return status;
    spile_item_set_integer(item, "id", s->next);
    spile_item_set_text(item, "a.b", "text");
    spile_item_set_decimal(item, "price", "12.50");
    spile_item_set_timestamp(item, "seen", 1767225600000000 + s->next);
    spile_item_set_binary(item, "raw", "abc", 3);
    spile_item_set_json(item, "lines[].sku", "[1, {\"x\": 2.5}]");
    status = spile_emit_item(out, item, err);
    spile_item_free(item);
    return status;
}

static inline enum spile_status emit_text(struct spile_emitter *out, struct series *s, struct spile_error *err)
{
    char json[256];

    snprintf(json, sizeof(json), "[{\"id\": %d, \"a\": {\"b\": \"%0*d\"}, \"lines\": [{\"sku\": 1}]}, {\"id\": %d, \"a\": {\"b\": \"y\"}, \"kind\": \"k%d\"}]", s->next,
             1 + s->next * 7 % 90, 0, s->next, s->next % 3);
    return spile_emit_json(out, json, 0, err);
}

static inline enum spile_status emit_next(struct spile_emitter *out, struct series *s, struct spile_error *err)
{
    if (s->emit)
        return s->emit(out, s, err);
    return s->as_items ? emit_built(out, s, err) : emit_text(out, s, err);
}

static inline enum spile_status generate(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct series *s = user;
    enum spile_status status = s->begin ? s->begin(out, err) : SPILE_OK;

    if (!status && s->keeps && !s->next && spile_resource_state(out, "n"))
        status = spile_set_source_state(out, "m", "[1]", err);
    if (!status && s->keeps)
        status = spile_set_resource_state(out, "n", "5", err);
    while (!status && s->next < s->count) {
        if (s->to_tables)
            status = spile_emit_to(out, s->next % 2 ? "odd" : NULL, err);
        if (!status)
            status = emit_next(out, s, err);
        s->next++;
        if (s->again && !status && s->next < s->count) {
            spile_again(out);
            break;
        }
    }
    return status;
}

static inline enum spile_status transform(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    const char *json = spile_item_json(item, "lines", NULL);

    (void)user;
    if (!json && spile_item_kind(item, "lines"))
        return spile_fail(err, SPILE_NOMEM, "out of memory");
    spile_item_set_text(item, "seen", json);
    return spile_emit_item(out, item, err);
}

static inline enum spile_status twice(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    enum spile_status status = transform(item, out, user, err);

    return status ? status : spile_emit_json(out, "{\"id\": 1, \"a\": {\"b\": \"z\"}}", 0, err);
}

static inline enum spile_status add_steps(struct spile_source *source, const char *name, struct spile_error *err)
{
    static const struct spile_step steps[] = {
        { .rename = "a.b: c" }, { .remove = "lines" }, { .keep = "id, a" }, { .hash = "id", .salt = "s" }, { .hmac = "a.b", .salt = "s" },
        { .constant = "k", .value = "{\"x\": [1]}" }, { .flat_map = twice },
    };
    enum spile_status status = SPILE_OK;

    for (unsigned i = pick(3); !status && i > 0; i--)
        status = spile_source_step(source, name, &steps[pick(sizeof(steps) / sizeof(*steps))], err);
    return status;
}

#endif

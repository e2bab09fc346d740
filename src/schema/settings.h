/* What a schema's settings say of new columns: which types are detected in values, which types and hints a column has by its name (facts:
 * reference/schema-and-naming.md 1.3 and 6). Compiled once from the stored document; only read afterwards. */
#ifndef SCHEMA_SETTINGS_H
#define SCHEMA_SETTINGS_H

#include <yyjson.h>

#include "base/arena.h"
#include "data/type.h"
#include "schema/pattern.h"

/* Of values of JSON; dlt's other two are about Python types and are known by name only. */
enum detection {
    DETECT_TIMESTAMP,      /* numbers within five years of now are times in seconds */
    DETECT_ISO_TIMESTAMP,  /* texts that are a date with a time */
    DETECT_ISO_DATE,       /* texts that are a date */
    DETECT_LARGE_INTEGER,  /* integers beyond 64 bits: wei, or text when they are beyond that */
    DETECT_HEXBYTES_TO_TEXT,
    DETECT_WEI_TO_DOUBLE,
    DETECTIONS
};

const char *detection_name(enum detection detection);

struct preferred_type {
    struct pattern pattern;
    enum data_type type;
};

/* Hint `name` is set on new columns whose names match any of the patterns. */
struct default_hint {
    const char *name; /* "unique", ...; "not_null" stands for nullable: false */
    struct pattern *patterns;
    size_t count;
};

struct settings {
    enum detection detections[DETECTIONS]; /* in the order in which they are tried */
    size_t detection_count;
    double now; /* seconds since 1970, for DETECT_TIMESTAMP */
    struct preferred_type *preferred;
    size_t preferred_count;
    struct default_hint *hints; /* in the order in which they are stored */
    size_t hint_count;
};

/* `stored` is the member "settings" of a schema, or NULL. Arrays live in the arena; names are borrowed from the document. SPILE_CONFIG for
 * what dlt does not know. Release also after a failure. */
enum spile_status settings_compile(struct settings *out, yyjson_mut_val *stored, struct arena *arena, struct spile_error *err);
void settings_release(struct settings *settings);

/* TYPE_UNKNOWN: none. */
enum data_type settings_preferred_type(const struct settings *settings, struct slice column);

bool default_hint_matches(const struct default_hint *hint, struct slice column);

#endif

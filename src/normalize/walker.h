/* The walk over documents: what one worker knows. Inside of normalize only.
 *
 *   walk.c     one document into rows: flattens objects, visits lists
 *   bind.c     keys to nodes and lists to tables, when they are met for the first time
 *   place.c    values to columns, when their node has none that fits
 *   identify.c row ids that follow from what is in the row
 *   inherit.c  values of a row that the rows below it get, too
 *   rows.c     columns of an Arrow batch, which need no walk
 *   discard.c  what the contract leaves out, for a file
 *   cut.c      rows in builders to row ids and encoded batches
 *
 * A key at a path is a `node`; it remembers its column, its nested table, and which key followed it last time, so that rows of a
 * shape seen before need no look-up at all. */
#ifndef NORMALIZE_WALKER_H
#define NORMALIZE_WALKER_H

#include "base/hash.h"
#include "base/map.h"
#include "data/column.h"
#include "data/document.h"
#include "data/rows.h"
#include "normalize/normalize.h"
#include "normalize/turns.h"
#include "schema/coerce.h"

/* A column as filled by this worker. */
struct slot {
    struct column_builder builder;
    const char *name;
    uint32_t index; /* of the column in its table: the order in batches */
};

/* A row elsewhere: in the builders of a table of this worker, or (rows NULL) among the ids carried over from before the last cut. */
#define NO_PARENT UINT32_MAX

struct row_ref {
    struct table_rows *rows;
    uint32_t row;
};

/* Where a root row comes from. */
struct row_place {
    uint64_t offset; /* of its item in the input */
    uint32_t part;   /* of the item, when the item is a page of rows */
};

/* A value that the rows below a row inherit: what stands in column `from`, as column `as`. */
struct bequest {
    const char *from, *as;
    bool is_id;              /* the row's own id, which is known only at the cut */
    bool given;              /* the row in work has a value: */
    struct document value;
};

/* A column of the primary key, by which rows are known. */
struct key_field {
    const char *name;
    bool given;              /* the row in work has it: */
    struct document value;
};

/* A column with the id of a row further up. */
struct ancestor_column {
    const char *name;
    uint32_t index;          /* of the column in its table */
    struct row_ref *rows;    /* by row; NO_PARENT: null */
    struct column_builder ids; /* filled at the cut */
};

/* The rows of one table since the last cut. */
struct table_rows {
    const char *name;
    struct table *table; /* the shared one: its content is read under the schema's lock only */
    bool root;           /* rows carry the load id, not a link to a parent */
    bool linked;         /* the table has its link columns, and the indexes below are known */
    bool plain;          /* its rows come from Arrow, and the table has no row ids: rows have none */
    uint32_t parent_id_index, list_index_index, row_id_index;
    uint32_t rows;
    struct contract contract;
    bool refused;        /* by the contract: there is no such table, its rows are only counted */
    uint64_t refused_rows, refused_values;
    size_t path_length;  /* of its name before shortening: parents' are shorter than their children's */
    struct slot **slots;
    uint32_t slot_count, slot_capacity;
    struct name_map *slot_map;
    struct slot **required;        /* columns that must not be null */
    uint32_t required_count;
    struct bequest *bequests;
    uint32_t bequest_count;
    enum row_identity identity;
    struct key_field *keys;        /* of ROW_ID_OF_KEY; by name */
    uint32_t key_count;
    struct column_builder identities; /* what ids are the hashes of; a row without is known by its place */
    struct ancestor_column *ancestors;
    uint32_t ancestor_count;
    struct column_builder own_ids; /* `_dlt_id` that came with the data */
    struct column_builder ids, parent_ids; /* filled at the cut */
    struct column_builder list_index;
    struct row_ref *parents;       /* of rows in a list; row NO_PARENT: the row is an item */
    struct row_place *places;      /* of rows that are items */
    uint32_t link_capacity;
};

#define REFUSED_ALL UINT32_MAX /* bits of all natural types */

/* NODE_LINK: what the engine writes itself; a value from the data only claims the column's place in a new table, as in dlt.
 * NODE_BEQUEATHED: data that the rows below get, too, or the row's id is made of. NODE_INHERITED: data that gives way to what comes from a row above. NODE_EXCLUDED: left
 * out by a filter of the schema. */
enum node_role { NODE_DATA, NODE_ROW_ID, NODE_LINK, NODE_BEQUEATHED, NODE_INHERITED, NODE_EXCLUDED };

struct node {
    struct slice key; /* as in the data */
    struct node *parent;
    struct shape *shape;
    struct node **children;
    uint32_t child_count, child_capacity;
    struct name_map *child_map;  /* from CHILD_MAP_MIN children on */
    struct node *first;          /* the child that came first last time */
    struct node *next;           /* the sibling that followed last time */
    uint64_t seen;               /* serial of the last object that had this key */
    uint32_t member;             /* and its place there */
    const char *path;            /* normalized keys from the row down to here, joined, not shortened */
    const char *column_name;
    enum node_role role;
    enum data_type preferred;    /* of a new column, by its name; TYPE_UNKNOWN: what is found in the value */
    bool list_excluded;          /* a filter of the schema leaves out the rows of a list here */
    bool whole;                  /* the user wants objects and lists here kept whole */
    enum { JSON_UNKNOWN, JSON_NO, JSON_YES } json; /* does the column keep objects and lists whole? */
    struct slot *slot;           /* the column, once bound */
    struct slot *variants[TYPE_TIME + 1]; /* by natural type of the value that did not fit the column */
    uint32_t refused_rows, refused_values; /* bits by natural type: what the contract makes of values that want a new column */
    struct slot *apart;          /* the column when another key of the row has taken the first one */
    struct shape *list;          /* rows of the list that stands here */
    struct shape *list_apart;    /* the same when another list of the row has taken the table */
    bool rival;                  /* another key of this shape has a list for the same table */
};

/* The rows of a list at one place, or of the root. */
struct shape {
    struct table_rows *rows;
    const char *table_path;      /* full name of the table before shortening */
    struct node root;
    bool refuses;                /* the contract leaves out rows with certain keys, which are known */
    int level;                   /* nesting levels left: at 0 objects and lists stay json */
    struct shape *inner;         /* rows that stand for a list in the list */
    struct name_map *list_names; /* table names of the nodes with lists */
};

/* An object on the way to be flattened. */
struct open_object {
    struct document object;
    struct node *node;
    int level;
};

struct member {
    struct node *node;
    struct document value;
};

struct pending_list {
    struct node *node;
    struct document list;
};

/* A row whose lists are being visited. */
struct frame {
    struct frame *up;
    struct row_ref ref;
};

/* What the rows being visited have from rows above them. */
struct inherited {
    const char *name;            /* of the column */
    const struct frame *row;     /* the column gets this row's id; NULL: the value */
    struct document value;
    struct node *node;           /* of the value in the row in work */
    bool done;                   /* it has it */
};

struct walker {
    const struct normalize_options *options;
    struct turns *turns;
    pthread_mutex_t *schema_lock;
    bool nesting_limited;        /* new json columns may come up: chunks are then walked one after another */
    uint64_t number;             /* of the chunk in work */
    const char *input_name;
    uint64_t offset;             /* of the item in work */
    struct arena arena;          /* nodes, shapes, names: live as long as the walker */
    struct shape **roots;        /* by part */
    struct table_rows **tables;  /* all, by path_length */
    uint32_t table_count, table_capacity;
    struct name_map *table_map;
    uint64_t serial;
    struct open_object *objects;
    size_t object_count, object_capacity;
    struct member *members;
    size_t member_count, member_capacity;
    struct pending_list *lists;
    size_t list_count, list_capacity;
    bool row_refused;            /* the row in work is left out */
    struct row_in_work {
        struct shape *shape;     /* NULL: a field of its own, no object */
        struct document value;
        bool checked;            /* for keys of which earlier rows were left out, by any worker */
        bool known;              /* it has one: nothing of it may change the schema */
    } row;
    struct frame *frame;         /* innermost */
    struct inherited *inherited;
    size_t inherited_count, inherited_capacity;
    yyjson_val load_id;          /* as a value, for rows that inherit it */
    struct text identity;        /* of the row in work */
    struct text discarded;       /* lines about what was left out since the last hand-over */
    struct refusal {             /* why the row in work is left out */
        const char *column;
        enum contract_entity entity;
    } refusal;
    struct column_builder carried; /* ids of rows that were cut while their lists were being visited */
    size_t weight;               /* of what is in the builders */
    uint64_t rows, duplicate_keys;
    uint64_t id_seed;            /* of the chunk's part */
    uint32_t input;
    struct batch_encoder *encoder;
    struct table_batch *batches; /* cut and not handed over yet */
    size_t batch_count, batch_capacity, batch_bytes;
    struct spile_error *err;
};

#define CHILD_MAP_MIN 12u
#define CUT_WEIGHT ((size_t)16 << 20)
#define WEIGHT_VALUE 16u
#define WEIGHT_ROW 64u

bool walker_init(struct walker *walker, const struct normalize_options *options, struct turns *turns, pthread_mutex_t *schema_lock);
void walker_release(struct walker *walker);

static inline const struct naming *naming_of(const struct walker *w)
{
    return &w->options->schema->naming;
}

/* Room for one more element. False: out of memory. */
bool walker_grow(void **array, size_t count, size_t *capacity, size_t width);
#define GROW(array, count, capacity) walker_grow((void **)&(array), count, &(capacity), sizeof(*(array)))

/* walk.c: the item's rows into the builders. An item that is an element of the top-level array and a list itself is a page of rows. */
enum spile_status walk_item(struct walker *walker, uint32_t part, struct document item, bool element, uint64_t offset);

/* Puts a member of the row in work into its column; objects and lists are remembered for later. */
enum spile_status put_member(struct walker *walker, struct node *node, struct document value, int level);

struct node *find_child(struct walker *walker, struct node *parent, struct slice key); /* NULL: out of memory */
bool grow_links(struct table_rows *rows); /* when there is no room for the links of the row in work */

/* rows.c: the batch into the part's table. *done: rows that are in the builders, when one can't be. */
enum spile_status walk_rows(struct walker *walker, uint32_t part, struct rows *rows, uint64_t offset, uint64_t *done);

/* bind.c */
enum spile_status begin_change(struct walker *walker); /* waits for the right to change the schema, and takes its lock */
void end_change(struct walker *walker);
enum spile_status fail_frozen(struct walker *walker, const struct contract *contract, enum contract_entity entity, const char *table,
                              const char *column, const struct document *value);
enum contract_mode mode_in_force(const struct walker *walker, enum contract_mode mode);
char *distinct_name(struct arena *arena, const struct walker *walker, const struct node *node, struct slice name);
enum spile_status bind_root(struct walker *walker, uint32_t part, struct shape **shape);
struct node *bind_child(struct walker *walker, struct node *parent, struct slice key); /* NULL: out of memory */
enum spile_status bind_list(struct walker *walker, struct node *node, bool apart, struct shape **shape);
enum spile_status bind_inner(struct walker *walker, struct shape *list, struct shape **inner);
enum spile_status check_id_column(struct walker *walker, const struct table *table, const struct column *column); /* can it hold ids? */
enum spile_status bind_links(struct walker *walker, struct table_rows *rows);
enum spile_status bind_link(struct walker *walker, struct table_rows *rows, const char *name); /* makes that link column now */
enum spile_status bind_asked(struct walker *walker, struct table_rows *rows, const char *name); /* likewise, as dlt describes it where it was asked for */

/* place.c
 *
 * Is the node's column of type json, or going to be, so that objects and lists stay whole? */
enum spile_status bind_is_json(struct walker *walker, struct node *node, bool *is_json);

/* Puts a value that found no bound column of its kind: finds or makes the column, or a variant of it. */
enum spile_status bind_value(struct walker *walker, struct node *node, struct document value);

/* The column of that node, made with this type when there is none. *slot NULL: the contract refuses it, *mode says how. */
enum spile_status bind_column(struct walker *walker, struct node *node, const struct column_type *type, bool nullable, struct slot **slot, enum contract_mode *mode);

/* Names the column for which the row is left out: of new ones the first in the document, whatever this worker has seen of others. */
enum spile_status name_refusal(struct walker *walker, struct shape *shape, struct document row);

enum spile_status bind_required(struct walker *walker, struct table_rows *rows); /* the columns that must not be null */
enum spile_status check_required(struct walker *walker, const struct table_rows *rows); /* has the row in work all of them? */
enum spile_status fail_required(struct walker *walker, const struct table_rows *rows, const struct slot *slot);

/* identify.c: what the ids of a table's rows follow from, by its schema; in the schema's lock. */
enum spile_status identify_configure(struct walker *walker, struct table_rows *rows);
void identify_release(struct table_rows *rows);
bool identify_is_key(const struct node *node);                            /* is its column of the key that the row's id follows from? */
void identify_begin(struct walker *walker, struct table_rows *rows);      /* before the members of a row come */
void identify_key(const struct node *node, struct document value);        /* the row in work has it */
enum spile_status identify_row(struct walker *walker, struct table_rows *rows, struct document value, const char *wrap); /* when they have come */
enum spile_status identify_keys(struct walker *walker, struct table_rows *rows, uint32_t row); /* the same of a row from Arrow, by its keys */

/* inherit.c: bequests of a table, by its schema's configuration; in the schema's lock. */
enum spile_status inherit_configure(struct walker *walker, struct table_rows *rows);
void inherit_release(struct table_rows *rows);
void bequeath(struct node *node, struct document value);                                      /* the row in work has it */
bool inherit_push(struct walker *walker, struct table_rows *rows, const struct frame *frame); /* for the rows below that row */
enum spile_status inherit_begin(struct walker *walker, struct shape *shape);                  /* before the row's own members come */
enum spile_status inherit_member(struct walker *walker, struct node *node, bool *inherited);  /* in the place of a member of that name */
enum spile_status inherit(struct walker *walker, struct shape *shape);                        /* what had no place among the members */
bool inherit_grow(struct table_rows *rows, uint32_t capacity);
bool inherit_link(const struct walker *walker, struct table_rows *rows);                      /* at the cut: ids from rows */
void inherit_clear(struct table_rows *rows);
struct slice id_of(const struct walker *walker, struct row_ref ref);                          /* cut.c */

/* discard.c: notes what the contract has left out, if the caller wants to know. */
bool discard_row(struct walker *walker, const struct table_rows *rows, const char *wrap, struct document row);
bool discard_list(struct walker *walker, const struct table_rows *rows, struct document list);
bool discard_value(struct walker *walker, const struct node *node, enum contract_entity entity, struct document value);

/* cut.c: rows to batches. Rows that are still visited keep their ids. */
enum spile_status cut_rows(struct walker *walker);

/* A batch without rows: the table is made all the same. */
enum spile_status cut_nothing(struct walker *walker, const struct table_rows *rows);

/* Gives away the batches cut so far, in turn. */
enum spile_status hand_over(struct walker *walker);

#endif

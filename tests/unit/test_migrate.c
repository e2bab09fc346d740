/* Expected documents: what migrate_schema of dlt 1.31.0 (dlt/common/schema/migrations.py) makes of the same ones, as compact JSON in its
 * order of keys. Where dlt ends with a KeyError, the cases say what we do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema/migrate.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* dlt's version_table() and loads_table(). */
#define VERSION_TABLE \
    "\"_dlt_version\":{\"name\":\"_dlt_version\",\"columns\":{\"version\":{\"name\":\"version\"," \
    "\"data_type\":\"bigint\",\"nullable\":false,\"description\":\"Numeric version of the schema," \
    " incremented on each schema change\"},\"engine_version\":{\"name\":\"engine_version\",\"data_type\":\"bigint\"," \
    "\"nullable\":false,\"description\":\"Version of the dlt schema engine that created this schema\"}," \
    "\"inserted_at\":{\"name\":\"inserted_at\",\"data_type\":\"timestamp\",\"nullable\":false," \
    "\"description\":\"Timestamp when this schema version was stored\"},\"schema_name\":{\"name\":\"schema_name\"," \
    "\"data_type\":\"text\",\"nullable\":false,\"description\":\"Name of the schema\"}," \
    "\"version_hash\":{\"name\":\"version_hash\",\"data_type\":\"text\",\"nullable\":false," \
    "\"description\":\"Unique hash of the schema content, used to detect changes\"},\"schema\":{\"name\":\"schema\"," \
    "\"data_type\":\"text\",\"nullable\":false," \
    "\"description\":\"JSON representation of the complete schema definition\"}},\"write_disposition\":\"skip\"," \
    "\"resource\":\"_dlt_version\",\"description\":\"Created by DLT. Tracks schema updates\"}"
#define LOADS_TABLE \
    "\"_dlt_loads\":{\"name\":\"_dlt_loads\",\"columns\":{\"load_id\":{\"name\":\"load_id\",\"data_type\":\"text\"," \
    "\"nullable\":false,\"precision\":64,\"description\":\"Unique identifier of the load operation\"}," \
    "\"schema_name\":{\"name\":\"schema_name\",\"data_type\":\"text\",\"nullable\":true," \
    "\"description\":\"Name of the schema associated with this load\"},\"status\":{\"name\":\"status\"," \
    "\"data_type\":\"bigint\",\"nullable\":false,\"description\":\"Status of the load operation (0 = success)\"}," \
    "\"inserted_at\":{\"name\":\"inserted_at\",\"data_type\":\"timestamp\",\"nullable\":false," \
    "\"description\":\"Timestamp when the load was completed\"}," \
    "\"schema_version_hash\":{\"name\":\"schema_version_hash\",\"data_type\":\"text\",\"nullable\":true," \
    "\"description\":\"Hash of the schema version used during this load\"}},\"write_disposition\":\"skip\"," \
    "\"resource\":\"_dlt_loads\",\"description\":\"Created by DLT. Tracks completed loads\"}"

static const struct {
    const char *what, *before, *after;
} cases[] = {
    { "1: tables by the parts of their names, hints, preferred types",
      "{\"name\":\"event\",\"engine_version\":1,\"version\":4,\"tables\":{\"events\":{\"id\":{\"name\":\"id\","
      "\"data_type\":\"text\",\"nullable\":false,\"unique\":true},\"data\":{\"name\":\"data\",\"data_type\":\"complex\"}},"
      "\"events__items__sub\":{\"_dlt_parent_id\":{\"name\":\"_dlt_parent_id\",\"data_type\":\"text\","
      "\"foreign_key\":true}},\"events__items\":{\"_dlt_id\":{\"name\":\"_dlt_id\",\"data_type\":\"text\","
      "\"unique\":true},\"_dlt_parent_id\":{\"name\":\"_dlt_parent_id\",\"data_type\":\"text\",\"foreign_key\":true}},"
      "\"events__gone__deep\":{\"value\":{\"name\":\"value\",\"data_type\":\"bigint\"}},\"orphan__x__y\":{},\"a\":{},"
      "\"a____b\":{},\"a___c\":{},\"a_d\":{},\"__lead\":{},\"____\":{},\"event\":{},\"\xC3\xA9__\xC3\xBC\":{},"
      "\"\xC3\xA9\":{}},\"hints\":{\"not_null\":[\"^_dlt_id$\",\"^timestamp$\"],\"foreign_key\":[\"^_dlt_parent_id$\"],"
      "\"unique\":[]},\"preferred_types\":{\"timestamp$\":\"timestamp\",\"^doc\":\"complex\"}}",
      "{\"name\":\"event\",\"engine_version\":11,\"version\":4,\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
      "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
      "\"settings\":{\"default_hints\":{\"not_null\":[\"re:^_dlt_id$\",\"re:^timestamp$\"],\"unique\":[],"
      "\"row_key\":[\"_dlt_id\"],\"parent_key\":[\"_dlt_parent_id\"]},"
      "\"preferred_types\":{\"re:timestamp$\":\"timestamp\",\"re:^doc\":\"json\"}},"
      "\"tables\":{\"events\":{\"name\":\"events\",\"columns\":{\"id\":{\"name\":\"id\",\"data_type\":\"text\","
      "\"nullable\":false,\"unique\":true},\"data\":{\"name\":\"data\",\"data_type\":\"json\"}},"
      "\"write_disposition\":\"append\",\"resource\":\"events\"},\"events__items__sub\":{\"name\":\"events__items__sub\","
      "\"columns\":{\"_dlt_parent_id\":{\"name\":\"_dlt_parent_id\",\"data_type\":\"text\",\"parent_key\":true}},"
      "\"parent\":\"events__items\"},\"events__items\":{\"name\":\"events__items\","
      "\"columns\":{\"_dlt_id\":{\"name\":\"_dlt_id\",\"data_type\":\"text\",\"unique\":true,\"row_key\":true},"
      "\"_dlt_parent_id\":{\"name\":\"_dlt_parent_id\",\"data_type\":\"text\",\"parent_key\":true}},\"parent\":\"events\","
      "\"x-normalizer\":{\"seen-data\":true}},\"events__gone__deep\":{\"name\":\"events__gone__deep\","
      "\"columns\":{\"value\":{\"name\":\"value\",\"data_type\":\"bigint\"}},\"parent\":\"events\"},"
      "\"orphan__x__y\":{\"name\":\"orphan__x__y\",\"columns\":{},\"write_disposition\":\"append\","
      "\"resource\":\"orphan__x__y\"},\"a\":{\"name\":\"a\",\"columns\":{},\"write_disposition\":\"append\","
      "\"resource\":\"a\"},\"a____b\":{\"name\":\"a____b\",\"columns\":{},\"parent\":\"a\"},\"a___c\":{\"name\":\"a___c\","
      "\"columns\":{},\"write_disposition\":\"append\",\"resource\":\"a___c\"},\"a_d\":{\"name\":\"a_d\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"a_d\"},\"__lead\":{\"name\":\"__lead\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"__lead\"},\"____\":{\"name\":\"____\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"____\"},\"event\":{\"name\":\"event\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"event\"},\"\xC3\xA9__\xC3\xBC\":{\"name\":\"\xC3\xA9__\xC3\xBC\","
      "\"columns\":{},\"parent\":\"\xC3\xA9\"},\"\xC3\xA9\":{\"name\":\"\xC3\xA9\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"\xC3\xA9\"},"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "1: nothing but tables",
      "{\"tables\":{},\"engine_version\":1,\"name\":\"s\"}",
      "{\"engine_version\":11,\"name\":\"s\",\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
      "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
      "\"settings\":{\"default_hints\":{},\"preferred_types\":{}},\"tables\":{"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "1: excludes are begun anew",
      "{\"excludes\":[\"^a__b\"],\"engine_version\":1,\"name\":\"s\",\"tables\":{\"a\":{}},\"includes\":[\"^a__c\"]}",
      "{\"engine_version\":11,\"name\":\"s\",\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
      "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
      "\"settings\":{\"default_hints\":{},\"preferred_types\":{}},\"tables\":{\"a\":{\"name\":\"a\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"a\"},"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "2: filters go to their tables",
      "{\"engine_version\":2,\"name\":\"s\",\"tables\":{\"events\":{\"_dlt_id\":{\"name\":\"_dlt_id\",\"unique\":true}},"
      "\"events__list\":{}},\"excludes\":[\"^events__secret\",\"^events__list__x$\",\"^other__path__deep\",\"^nosep\","
      "\"^other__again\"],\"includes\":[\"^events__kept\",\"^only__in\"],\"hints\":{\"primary_key\":[\"^id$\"]},"
      "\"description\":\"d\"}",
      "{\"engine_version\":11,\"name\":\"s\",\"description\":\"d\",\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
      "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
      "\"settings\":{\"default_hints\":{\"primary_key\":[\"re:^id$\"],\"row_key\":[\"_dlt_id\"],"
      "\"parent_key\":[\"_dlt_parent_id\"]},\"preferred_types\":{}},\"tables\":{\"events\":{\"name\":\"events\","
      "\"columns\":{\"_dlt_id\":{\"name\":\"_dlt_id\",\"unique\":true,\"row_key\":true}},\"write_disposition\":\"append\","
      "\"resource\":\"events\",\"filters\":{\"excludes\":[\"re:^secret\",\"re:^list__x$\"],\"includes\":[\"re:^kept\"]},"
      "\"x-normalizer\":{\"seen-data\":true}},\"events__list\":{\"name\":\"events__list\",\"columns\":{},"
      "\"parent\":\"events\"},\"other\":{\"name\":\"other\",\"columns\":{},\"write_disposition\":\"append\","
      "\"resource\":\"other\",\"filters\":{\"excludes\":[\"re:^path__deep\",\"re:^again\"]}},\"nose\":{\"name\":\"nose\","
      "\"columns\":{},\"write_disposition\":\"append\",\"resource\":\"nose\",\"filters\":{\"excludes\":[\"re:^nosep\"]}},"
      "\"only\":{\"name\":\"only\",\"columns\":{},\"write_disposition\":\"append\",\"resource\":\"only\","
      "\"filters\":{\"includes\":[\"re:^in\"]}},"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "2: filters cut oddly",
      "{\"engine_version\":2,\"name\":\"s\",\"tables\":{},\"excludes\":[\"\",\"x\",\"^\",\"__\",\"__a\",\"^__a\","
      "\"\xC3\xA9__b\",\"\xC3\xA9x\",\"a\xC3\xA9\",\"a\xC3\xA9\xC3\xBC\"],\"includes\":[]}",
      "{\"engine_version\":11,\"name\":\"s\",\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
      "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
      "\"settings\":{\"default_hints\":{},\"preferred_types\":{}},\"tables\":{\"\":{\"name\":\"\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"\",\"filters\":{\"excludes\":[\"re:^\",\"re:^\",\"re:^\",\"re:^\","
      "\"re:^a\",\"re:^a\",\"re:^b\",\"re:^x\",\"re:^\xC3\xA9\"]}},\"\xC3\xA9\":{\"name\":\"\xC3\xA9\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"\xC3\xA9\",\"filters\":{\"excludes\":[\"re:^\xC3\xA9\xC3\xBC\"]}},"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "2: settings and normalizers there already stay in place",
      "{\"settings\":{\"x\":1},\"normalizers\":null,\"engine_version\":2,\"name\":\"s\",\"tables\":{\"t\":{}}}",
      "{\"settings\":{\"default_hints\":{},\"preferred_types\":{}},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
      "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
      "\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"name\":\"t\",\"columns\":{},"
      "\"write_disposition\":\"append\",\"resource\":\"t\"},"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "3: a hash",
      "{\"version\":7,\"engine_version\":3,\"name\":\"s\",\"tables\":{\"t\":{\"name\":\"t\","
      "\"columns\":{\"a\":{\"name\":\"a\",\"data_type\":\"complex\",\"foreign_key\":true}}}},"
      "\"settings\":{\"default_hints\":{\"foreign_key\":[\"a\"]}},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"version\":7,\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"name\":\"t\","
      "\"columns\":{\"a\":{\"name\":\"a\",\"data_type\":\"json\"}}},"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"settings\":{\"default_hints\":{\"row_key\":[\"_dlt_id\"],\"parent_key\":[\"_dlt_parent_id\"]}},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},"
      "\"use_break_path_on_normalize\":false},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    { "3: the hash that is there",
      "{\"version_hash\":\"h\",\"engine_version\":3,\"name\":\"s\",\"tables\":{},\"settings\":{},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"version_hash\":\"h\",\"engine_version\":11,\"name\":\"s\",\"tables\":{"
      VERSION_TABLE
      ","
      LOADS_TABLE
      "},\"settings\":{},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},\"use_break_path_on_normalize\":false},"
      "\"previous_hashes\":[]}" },
    { "4: both tables of bookkeeping",
      "{\"version\":1,\"version_hash\":\"\",\"engine_version\":4,\"name\":\"s\","
      "\"tables\":{\"_dlt_loads\":{\"name\":\"_dlt_loads\",\"columns\":{}},\"t\":{\"name\":\"t\",\"columns\":{}}},"
      "\"settings\":{\"preferred_types\":{\"re:^a\":\"complex\",\"b\":\"text\"}},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"version\":1,\"version_hash\":\"\",\"engine_version\":11,\"name\":\"s\",\"tables\":{"
      LOADS_TABLE
      ",\"t\":{\"name\":\"t\",\"columns\":{}},"
      VERSION_TABLE
      "},\"settings\":{\"preferred_types\":{\"re:^a\":\"json\",\"b\":\"text\"}},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},\"use_break_path_on_normalize\":false},"
      "\"previous_hashes\":[]}" },
    { "5: the table of loads",
      "{\"version\":1,\"engine_version\":5,\"name\":\"s\",\"tables\":{\"_dlt_version\":{\"name\":\"_dlt_version\","
      "\"columns\":{\"version\":{\"data_type\":\"bigint\"}}},\"t\":{\"name\":\"t\",\"columns\":{}}},\"settings\":{},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"version\":1,\"engine_version\":11,\"name\":\"s\",\"tables\":{\"_dlt_version\":{\"name\":\"_dlt_version\","
      "\"columns\":{\"version\":{\"data_type\":\"bigint\"}}},\"t\":{\"name\":\"t\",\"columns\":{}},"
      LOADS_TABLE
      "},\"settings\":{},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},\"use_break_path_on_normalize\":false},"
      "\"previous_hashes\":[]}" },
    { "6: no seals",
      "{\"engine_version\":6,\"name\":\"s\",\"tables\":{\"t\":{\"name\":\"t\",\"table_sealed\":true,\"columns\":{},"
      "\"resource\":\"t\"}},\"settings\":{\"schema_sealed\":true,\"detections\":[\"iso_timestamp\"]},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"name\":\"t\",\"columns\":{},\"resource\":\"t\"}},"
      "\"settings\":{\"detections\":[\"iso_timestamp\"]},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},\"use_break_path_on_normalize\":false},"
      "\"previous_hashes\":[]}" },
    { "7: hashes from now on",
      "{\"previous_hashes\":[\"a\"],\"engine_version\":7,\"name\":\"s\",\"tables\":{},\"settings\":{},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"previous_hashes\":[],\"engine_version\":11,\"name\":\"s\",\"tables\":{},\"settings\":{},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},"
      "\"use_break_path_on_normalize\":false}}" },
    { "8: tables with row ids have seen data",
      "{\"engine_version\":8,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"_dlt_id\":{\"name\":\"_dlt_id\","
      "\"data_type\":\"text\",\"unique\":true}}},\"u\":{\"columns\":{}},\"w\":{\"columns\":{\"_dlt_id\":{}},"
      "\"x-normalizer\":{\"max_nesting\":2}}},\"settings\":{},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"_dlt_id\":{\"name\":\"_dlt_id\","
      "\"data_type\":\"text\",\"unique\":true,\"row_key\":true}},\"x-normalizer\":{\"seen-data\":true}},"
      "\"u\":{\"columns\":{}},\"w\":{\"columns\":{\"_dlt_id\":{}},\"x-normalizer\":{\"max_nesting\":2,"
      "\"seen-data\":true}}},\"settings\":{},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},\"use_break_path_on_normalize\":false}}" },
    { "9: row keys and parent keys",
      "{\"engine_version\":9,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"_dlt_id\":{\"name\":\"_dlt_id\","
      "\"data_type\":\"text\",\"unique\":true},\"_dlt_parent_id\":{\"foreign_key\":true,\"data_type\":\"text\","
      "\"parent_key\":null}}},\"u\":{\"columns\":{\"_dlt_id\":{\"row_key\":true,\"unique\":null},\"_dlt_parent_id\":{},"
      "\"other\":{\"foreign_key\":true,\"data_type\":\"complex\"}}}},\"settings\":{\"preferred_types\":{\"a\":\"complex\","
      "\"b\":\"json\"},\"default_hints\":{\"not_null\":[\"_dlt_id\"],\"foreign_key\":[\"_dlt_parent_id\"],"
      "\"row_key\":[\"x\"],\"root_key\":[\"_dlt_root_id\"]}},\"normalizers\":{\"names\":\"sql_cs_v1\","
      "\"json\":{\"module\":\"relational\",\"config\":{\"generate_dlt_id\":true,\"max_nesting\":3}},"
      "\"detections\":[\"timestamp\"]}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"_dlt_id\":{\"name\":\"_dlt_id\","
      "\"data_type\":\"text\",\"unique\":true,\"row_key\":true},\"_dlt_parent_id\":{\"data_type\":\"text\","
      "\"parent_key\":true}}},\"u\":{\"columns\":{\"_dlt_id\":{\"row_key\":null,\"unique\":null},\"_dlt_parent_id\":{},"
      "\"other\":{\"data_type\":\"json\"}}}},\"settings\":{\"preferred_types\":{\"a\":\"json\",\"b\":\"json\"},"
      "\"default_hints\":{\"not_null\":[\"_dlt_id\"],\"row_key\":[\"_dlt_id\"],\"root_key\":[\"_dlt_root_id\"],"
      "\"parent_key\":[\"_dlt_parent_id\"]}},\"normalizers\":{\"names\":\"sql_cs_v1\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\",\"config\":{\"max_nesting\":3}},"
      "\"detections\":[\"timestamp\"],\"use_break_path_on_normalize\":false}}" },
    { "9: no hints, no keys",
      "{\"engine_version\":9,\"name\":\"s\",\"tables\":{},\"settings\":{\"default_hints\":{}},\"normalizers\":{}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{},\"settings\":{\"default_hints\":{}},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},"
      "\"use_break_path_on_normalize\":false}}" },
    { "9: normalizers of nothing",
      "{\"engine_version\":9,\"name\":\"s\",\"tables\":{},\"settings\":{},\"normalizers\":{\"json\":null,\"names\":null}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{},\"settings\":{},"
      "\"normalizers\":{\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},\"names\":\"snake_case\","
      "\"use_break_path_on_normalize\":false}}" },
    { "9: names where they once were",
      "{\"engine_version\":9,\"name\":\"s\",\"tables\":{},\"settings\":{},\"normalizers\":{\"json\":{\"config\":{}},"
      "\"names\":\"dlt.common.normalizers.names.snake_case\"}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{},\"settings\":{},\"normalizers\":{\"json\":{\"config\":{},"
      "\"module\":\"dlt.common.normalizers.json.relational\"},\"names\":\"dlt.common.normalizers.names.snake_case\","
      "\"use_break_path_on_normalize\":false}}" },
    { "10: whole names",
      "{\"engine_version\":10,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"a\":{\"data_type\":\"complex\","
      "\"foreign_key\":true}}}},\"normalizers\":{\"use_break_path_on_normalize\":true,\"names\":\"direct\"}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"a\":{\"data_type\":\"complex\","
      "\"foreign_key\":true}}}},\"normalizers\":{\"use_break_path_on_normalize\":false,\"names\":\"direct\"}}" },
    { "10: columns seen null first",
      "{\"engine_version\":10,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"a\":{\"name\":\"a\","
      "\"x-normalizer\":{\"seen-null-first\":true}},\"b\":{\"name\":\"b\"}}}},\"normalizers\":{\"names\":\"snake_case\","
      "\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"}}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"b\":{\"name\":\"b\"}}}},"
      "\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\"},"
      "\"use_break_path_on_normalize\":false}}" },
    { "11: columns seen null first",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"a\":{\"name\":\"a\",\"nullable\":true,"
      "\"x-normalizer\":{\"seen-null-first\":true}},\"b\":{\"x-normalizer\":{\"seen-null-first\":true},"
      "\"data_type\":\"text\"},\"c\":{\"data_type\":\"text\",\"x-normalizer\":{\"seen-null-first\":true,"
      "\"seen-data\":true}},\"d\":{\"x-normalizer\":{\"seen-null-first\":false}},"
      "\"e\":{\"x-normalizer\":{\"seen-null-first\":0}},\"f\":{\"x-normalizer\":{\"seen-null-first\":[]}},"
      "\"g\":{\"x-normalizer\":{\"seen-null-first\":\"yes\"}},\"h\":{\"x-normalizer\":{\"seen-null-first\":1.5}},"
      "\"i\":{\"data_type\":null,\"x-normalizer\":{\"seen-null-first\":{\"a\":1}}},\"j\":{\"x-normalizer\":{}},"
      "\"k\":{\"x-normalizer\":{\"seen-null-first\":true}}}},\"u\":{}}}",
      "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"b\":{\"data_type\":\"text\"},"
      "\"c\":{\"data_type\":\"text\",\"x-normalizer\":{\"seen-data\":true}},"
      "\"d\":{\"x-normalizer\":{\"seen-null-first\":false}},\"e\":{\"x-normalizer\":{\"seen-null-first\":0}},"
      "\"f\":{\"x-normalizer\":{\"seen-null-first\":[]}},\"i\":{\"data_type\":null},\"j\":{\"x-normalizer\":{}}}},"
      "\"u\":{}}}" },
};

static void check(const char *what, const char *before, const char *after)
{
    yyjson_mut_doc *doc = parse(before, strlen(before));
    struct spile_error err = { 0 };
    char *written;

    if (schema_migrate(doc, &err))
        fail_msg("%s: %s", what, err.message);
    written = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    if (!written || strcmp(written, after))
        fail_msg("%s:\n%s\nis not\n%s", what, written ? written : "nothing", after);
    free(written);
    yyjson_mut_doc_free(doc);
}

static void documents_become_what_dlt_makes_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check(cases[i].what, cases[i].before, cases[i].after);
}

/* A second migration finds nothing to do. */
static void migrated_documents_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check(cases[i].what, cases[i].after, cases[i].after);
}

/* What lacks or is of another form is left to the validation; dlt ends here with a KeyError, or an AttributeError. */
static void incomplete_documents_are_migrated(void **state)
{
    static const struct {
        const char *what, *before, *after;
    } incomplete[] = {
        { "no normalizers, no settings", "{\"engine_version\":9,\"tables\":{\"t\":{}}}",
          "{\"engine_version\":11,\"tables\":{\"t\":{}},\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":"
          "\"dlt.common.normalizers.json.relational\"},\"use_break_path_on_normalize\":false}}" },
        { "no normalizers in 10",
          "{\"engine_version\":10}",
          "{\"engine_version\":11,\"normalizers\":{\"use_break_path_on_normalize\":false}}" },
        { "forms that are none", "{\"engine_version\":4,\"tables\":[],\"settings\":1,\"normalizers\":null}",
          "{\"engine_version\":11,\"tables\":[],\"settings\":1,\"normalizers\":null,\"previous_hashes\":[]}" },
        { "tables that are none",
          "{\"engine_version\":6,\"tables\":{\"t\":1,\"u\":{\"columns\":[]},\"v\":{\"columns\":{\"_dlt_id\":null,\"a\":5}},"
          "\"w\":{\"x-normalizer\":1,\"columns\":{\"_dlt_id\":{\"unique\":{}}}}},\"settings\":{\"default_hints\":[1]},"
          "\"normalizers\":{\"json\":5}}",
          "{\"engine_version\":11,\"tables\":{\"t\":1,\"u\":{\"columns\":[]},\"v\":{\"columns\":{\"_dlt_id\":null,\"a\":5},"
          "\"x-normalizer\":{\"seen-data\":true}},\"w\":{\"x-normalizer\":1,\"columns\":{\"_dlt_id\":{\"unique\":{},\"row_key\":false}}}},"
          "\"settings\":{\"default_hints\":[1]},\"normalizers\":{\"json\":5,\"names\":\"snake_case\","
          "\"use_break_path_on_normalize\":false},\"previous_hashes\":[]}" },
        { "hints that are none", "{\"engine_version\":2,\"hints\":[1],\"preferred_types\":{\"a\":[]},\"normalizers\":{}}",
          "{\"engine_version\":11,\"normalizers\":{\"names\":\"snake_case\",\"json\":{\"module\":\"dlt.common.normalizers.json.relational\","
          "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}},\"use_break_path_on_normalize\":false},"
          "\"settings\":{\"default_hints\":[1],\"preferred_types\":{\"re:a\":[]}},\"version_hash\":\"\",\"previous_hashes\":[]}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(incomplete); i++)
        check(incomplete[i].what, incomplete[i].before, incomplete[i].after);
}

static void documents_are_refused(void **state)
{
    static const struct {
        const char *text, *message, *where, *hint;
    } refused[] = {
        { "[]", "a schema must be an object, not a list", "", "" },
        { "{\"name\":\"s\"}", "the schema has no \"engine_version\"", "", "that of a schema of today is 11" },
        { "{\"engine_version\":\"11\"}", "\"engine_version\" must be a whole number, not \"11\"", "", "write digits, without quotes" },
        { "{\"engine_version\":10.5}", "\"engine_version\" must be a whole number, not 10.5", "", "write digits, without quotes" },
        { "{\"engine_version\":null}", "\"engine_version\" must be a whole number, not null", "", "write digits, without quotes" },
        { "{\"engine_version\":true}", "\"engine_version\" must be a whole number, not true", "", "write digits, without quotes" },
        { "{\"engine_version\":{}}", "\"engine_version\" must be a whole number, not an object", "", "write digits, without quotes" },
        { "{\"engine_version\":123456789012345678901}", "\"engine_version\" must be a whole number, not 123456789012345678901", "", "write digits, without quotes" },
        { "{\"engine_version\":0}", "there is no engine version 0, the first is 1", "", "leave it out of a file written by hand" },
        { "{\"engine_version\":-3}", "there is no engine version -3, the first is 1", "", "leave it out of a file written by hand" },
        { "{\"engine_version\":12}",
          "the schema was written by a newer engine: its version is 12, this program knows 11", "", "use a newer spile" },
        { "{\"engine_version\":18446744073709551615}",
          "the schema was written by a newer engine: its version is 18446744073709551615, this program knows 11", "", "use a newer spile" },
        { "{\"engine_version\":2,\"tables\":{},\"excludes\":{}}", "\"excludes\" must be a list, not an object", "", "" },
        { "{\"engine_version\":2,\"tables\":{},\"includes\":[\"^a__b\",7]}", "entry 2 of \"includes\" must be a text, not 7", "", "" },
        { "{\"engine_version\":9,\"normalizers\":{\"names\":\"mine\"}}", "unknown naming convention \"mine\"", "names, normalizers",
          "use one of snake_case, duck_case, direct, sql_ci_v1 and sql_cs_v1" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        yyjson_mut_doc *doc = parse(refused[i].text, strlen(refused[i].text));
        struct spile_error err = { 0 };

        if (schema_migrate(doc, &err) != SPILE_CONFIG || strcmp(err.message, refused[i].message) || strcmp(err.where, refused[i].where) ||
            strcmp(err.hint, refused[i].hint))
            fail_msg("%s: message \"%s\", where \"%s\", hint \"%s\"", refused[i].text, err.message, err.where, err.hint);
        yyjson_mut_doc_free(doc);
    }
}

/* Seconds, and longer than CTest waits when every name is looked at again for each of its parts. */
static void hostile_documents_take_linear_time(void **state)
{
    const size_t name_length = 2000000, tables = 200000;
    struct text text = { 0 };
    yyjson_mut_doc *doc;

    (void)state;
    text_puts(&text, "{\"engine_version\":1,\"tables\":{\"");
    for (size_t i = 0; i < name_length; i++)
        text_putc(&text, '_');
    text_puts(&text, "\":{},\"a");
    for (size_t i = 0; i < name_length; i++)
        text_putc(&text, '_');
    for (size_t i = 0; i < tables; i++)
        text_printf(&text, "\":{},\"t__%zu__x", i);
    text_puts(&text, "\":{},\"deep\":{\"a\":");
    for (size_t i = 0; i < tables; i++)
        text_putc(&text, '[');
    for (size_t i = 0; i < tables; i++)
        text_putc(&text, ']');
    text_puts(&text, "}}}");
    assert_false(text.failed);
    doc = parse(text.text, text.length);
    assert_int_equal(schema_migrate(doc, NULL), SPILE_OK);
    assert_int_equal(yyjson_mut_obj_size(yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "tables")), tables + 5);
    yyjson_mut_doc_free(doc);
    text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_what_dlt_makes_of_them),
        cmocka_unit_test(migrated_documents_stay),
        cmocka_unit_test(incomplete_documents_are_migrated),
        cmocka_unit_test(documents_are_refused),
        cmocka_unit_test(hostile_documents_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Numbers that Postgres has given to types, and its way of counting time. Its wire is big-endian. */
#ifndef POSTGRES_WIRE_H
#define POSTGRES_WIRE_H

#include <stdint.h>

enum pg_oid {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802,
};

#define PG_EPOCH_DAYS 10957 /* from 1970-01-01 to 2000-01-01 */
#define PG_EPOCH_MICROS (PG_EPOCH_DAYS * INT64_C(86400000000))

/* What typmod adds to lengths and to precision and scale; -1 says that there is none. */
#define PG_TYPMOD_HEADER 4

#endif

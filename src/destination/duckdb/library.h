/* libduckdb, opened at run time: starting up costs nothing, and a user's own version is used. Only calls that DuckDB 1.5 and 2.0 share. */
#ifndef DUCKDB_LIBRARY_H
#define DUCKDB_LIBRARY_H

#include <duckdb.h>

#include "base/error.h"

#define DUCKDB_CALLS(X) \
    X(library_version) X(create_config) X(set_config) X(destroy_config) X(open_ext) X(close) X(connect) X(disconnect) X(interrupt) \
    X(free) X(prepare) X(prepare_error) X(destroy_prepare) X(bind_null) X(bind_boolean) X(bind_double) X(bind_blob) X(bind_varchar_length) X(bind_int64) X(bind_timestamp_tz) \
    X(execute_prepared) X(destroy_result) X(result_error) X(result_error_type) X(rows_changed) X(column_count) X(fetch_chunk) \
    X(destroy_data_chunk) X(data_chunk_get_size) X(data_chunk_get_vector) X(vector_get_data) X(vector_get_validity) \
    X(string_t_length) X(string_t_data) X(arrow_scan) \
    X(prepared_statement_type) X(result_return_type) X(column_name) X(column_logical_type) X(get_type_id) X(destroy_logical_type) \
    X(list_type_child_type) X(array_type_child_type) X(map_type_key_type) X(map_type_value_type) X(struct_type_child_count) X(struct_type_child_type) \
    X(union_type_member_count) X(union_type_member_type) X(result_get_arrow_options) X(destroy_arrow_options) X(to_arrow_schema) X(data_chunk_to_arrow) \
    X(error_data_message) X(destroy_error_data)

/* Calls that a later version may lack; NULL then. */
#define DUCKDB_OPTIONAL_CALLS(X) X(execute_prepared_streaming)

/* The calls, by their names without the prefix. */
struct duckdb_library {
    void *handle;
#define DUCKDB_MEMBER(name) __typeof__(duckdb_##name) *name;
    DUCKDB_CALLS(DUCKDB_MEMBER)
    DUCKDB_OPTIONAL_CALLS(DUCKDB_MEMBER)
#undef DUCKDB_MEMBER
};

/* Finds and opens the library. SPILE_DESTINATION with every place searched when there is none. */
enum spile_status duckdb_library_open(struct duckdb_library *library, struct spile_error *err);
void duckdb_library_close(struct duckdb_library *library);

/* Finds it only; opens it just when its file name does not tell the version. */
enum spile_status duckdb_library_locate(char *path, char *version, size_t size, struct spile_error *err);

#endif

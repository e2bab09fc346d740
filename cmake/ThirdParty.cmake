# Third-party code: system libraries, and what scripts/fetch-deps has unpacked (compiled here, without our warnings).
# Everything comes together in the target spile_thirdparty.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PQ REQUIRED libpq) # its headers only: the library is opened at run time
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)

# fetched_folder(VARIABLE NAME FILE): the folder .deps/NAME-<version>, of which FILE is a part.
function(fetched_folder variable name file)
    file(GLOB found ${SPILE_DEPS}/${name}-[0-9]*/${file})
    list(LENGTH found count)
    if(NOT count EQUAL 1)
        message(FATAL_ERROR "${count} copies of ${name} in ${SPILE_DEPS}, one is needed: run scripts/fetch-deps (make build does)")
    endif()
    string(REGEX REPLACE "/${file}$" "" folder ${found})
    set(${variable} ${folder} PARENT_SCOPE)
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deps/sources.txt)
fetched_folder(yyjson yyjson yyjson.c)
fetched_folder(nanoarrow nanoarrow src/nanoarrow/nanoarrow.h)
fetched_folder(duckdb duckdb include/duckdb.h)
file(GLOB duckdb_library ${duckdb}/lib/libduckdb.so.*)

string(REGEX MATCH "nanoarrow-([0-9]+)\\.([0-9]+)\\.([0-9]+)$" NANOARROW_VERSION ${nanoarrow})
set(NANOARROW_VERSION_MAJOR ${CMAKE_MATCH_1})
set(NANOARROW_VERSION_MINOR ${CMAKE_MATCH_2})
set(NANOARROW_VERSION_PATCH ${CMAKE_MATCH_3})
set(NANOARROW_VERSION ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3})
set(NANOARROW_NAMESPACE_DEFINE "")
configure_file(${nanoarrow}/src/nanoarrow/nanoarrow_config.h.in ${PROJECT_BINARY_DIR}/third-party/nanoarrow/nanoarrow_config.h @ONLY)

add_library(spile_thirdparty STATIC
    ${yyjson}/yyjson.c
    ${nanoarrow}/src/nanoarrow/common/array.c
    ${nanoarrow}/src/nanoarrow/common/array_stream.c
    ${nanoarrow}/src/nanoarrow/common/schema.c
    ${nanoarrow}/src/nanoarrow/common/utils.c
    ${nanoarrow}/src/nanoarrow/ipc/codecs.c
    ${nanoarrow}/src/nanoarrow/ipc/decoder.c
    ${nanoarrow}/src/nanoarrow/ipc/encoder.c
    ${nanoarrow}/src/nanoarrow/ipc/reader.c
    ${nanoarrow}/src/nanoarrow/ipc/writer.c
    ${nanoarrow}/flatcc/src/builder.c
    ${nanoarrow}/flatcc/src/emitter.c
    ${nanoarrow}/flatcc/src/refmap.c
    ${nanoarrow}/flatcc/src/verifier.c
    ${PROJECT_SOURCE_DIR}/src/data/arrow_memory.c)
# All of nanoarrow's memory, and of its builder of messages, comes through this file.
set_source_files_properties(${nanoarrow}/src/nanoarrow/common/utils.c ${nanoarrow}/flatcc/src/builder.c ${nanoarrow}/flatcc/src/emitter.c PROPERTIES
    COMPILE_DEFINITIONS "malloc=spile_arrow_malloc;realloc=spile_arrow_realloc;free=spile_arrow_free")
target_include_directories(spile_thirdparty PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(spile_thirdparty SYSTEM PUBLIC
    ${yyjson} ${nanoarrow}/src ${PROJECT_BINARY_DIR}/third-party ${nanoarrow}/flatcc/include ${duckdb}/include ${PQ_INCLUDE_DIRS} ${XXHASH_INCLUDE_DIR})
target_compile_definitions(spile_thirdparty PRIVATE NDEBUG)
target_compile_options(spile_thirdparty PRIVATE -w -fno-sanitize=undefined)
target_link_libraries(spile_thirdparty PUBLIC OpenSSL::Crypto ZLIB::ZLIB PkgConfig::ZSTD PkgConfig::YAML PkgConfig::PCRE2 PkgConfig::SQLITE Threads::Threads ${CMAKE_DL_LIBS} m)

# libspile, from everything in src/.
#
# Only the part that opens DuckDB knows a folder, so only it is compiled twice: the library of the build tree looks into
# .deps, the one that is installed into its own prefix.

file(GLOB_RECURSE core_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
list(REMOVE_ITEM core_sources ${PROJECT_SOURCE_DIR}/src/data/arrow_memory.c) # stands with nanoarrow, which calls it
set(duckdb_sources ${core_sources})
list(FILTER duckdb_sources INCLUDE REGEX "/src/destination/duckdb/")
list(FILTER core_sources EXCLUDE REGEX "/src/destination/duckdb/")

# core_objects(NAME SOURCE...): object code of a part of src/.
function(core_objects name)
    add_library(${name} OBJECT ${ARGN})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PRIVATE spile_warnings spile_thirdparty)
    if(SPILE_LTO AND CMAKE_C_COMPILER_ID STREQUAL GNU)
        target_compile_options(${name} PRIVATE -flto=auto -ffat-lto-objects)
    endif()
endfunction()

# shared_library(NAME OBJECTS...): libspile.so from these object libraries.
function(shared_library name)
    set(map ${PROJECT_SOURCE_DIR}/cmake/libspile.map)
    list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    add_library(${name} SHARED ${objects})
    set_target_properties(${name} PROPERTIES
        OUTPUT_NAME spile VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${map} INSTALL_RPATH "")
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${name} PRIVATE spile_thirdparty)
    target_link_options(${name} PRIVATE -Wl,--version-script=${map} -Wl,--as-needed)
    if(NOT SPILE_SANITIZE)
        target_link_options(${name} PRIVATE -Wl,-z,defs)
    endif()
    if(SPILE_LTO AND CMAKE_C_COMPILER_ID STREQUAL GNU)
        target_link_options(${name} PRIVATE -flto=auto -O3)
    endif()
endfunction()

set(parts spile_objects)
set(installed_parts spile_objects)
core_objects(spile_objects ${core_sources})
if(duckdb_sources)
    core_objects(spile_duckdb_objects ${duckdb_sources})
    target_compile_definitions(spile_duckdb_objects PRIVATE SPILE_DUCKDB_DIR="${duckdb}/lib")
    list(APPEND parts spile_duckdb_objects)
    core_objects(spile_duckdb_installed_objects ${duckdb_sources})
    target_compile_definitions(spile_duckdb_installed_objects PRIVATE SPILE_DUCKDB_DIR="${CMAKE_INSTALL_FULL_LIBDIR}/spile")
    list(APPEND installed_parts spile_duckdb_installed_objects)
endif()

list(TRANSFORM parts REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE all_objects)
add_library(spile_core STATIC ${all_objects})
target_include_directories(spile_core PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(spile_core PUBLIC spile_thirdparty)
# The tests are many and small: no optimising across files for each of them.
target_link_options(spile_core INTERFACE $<$<C_COMPILER_ID:GNU>:-fno-lto>)

if(NOT SPILE_FUZZ)
    shared_library(libspile ${parts})
    shared_library(libspile_installed ${installed_parts})
    set_target_properties(libspile_installed PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/installed/lib)
endif()

# Registers every test with ctest. A test is called <suite>.<name>; its suite is also its label.
#
#   unit         tests/unit/test_*.c: one cmocka program each, linked with everything in src/
#   check        tests/check/*.sh: what must hold for the sources, the library and the installation
#   cases, conformance, crash   tests/<suite>/test_*.py: pytest on the command and the library as a user has them
#   fuzz         tests/fuzz/fuzz_*.c, in the preset `fuzz` only
#
# A Python file may say in its first line what it needs:   # ctest: labels=conformance;slow timeout=900 serial
# (labels and seconds; serial: not beside another test).
# Tests with the label `slow` are left out by `make test` and run by .ci/run. Those with `engines` or
# `small` are left out with tsan; with clang all but units are (Makefile).

set(results ${PROJECT_BINARY_DIR}/results) # counts of the single cases, read by scripts/count-tests
file(MAKE_DIRECTORY ${results})

# Databases opened with dlopen keep memory until the process ends and are not instrumented.
set(sanitizer_options
    "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/check/lsan.supp:print_suppressions=0"
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/check/tsan.supp:second_deadlock_stack=1")
set(test_environment
    SPILE=${PROJECT_BINARY_DIR}/bin/spile
    SPILE_LIB=${PROJECT_BINARY_DIR}/lib/libspile.so
    SPILE_GENERATE=${PROJECT_BINARY_DIR}/bench/generate
    SPILE_FILTERS=${PROJECT_BINARY_DIR}/tests
    SPILE_EXAMPLES=${PROJECT_BINARY_DIR}/examples
    SPILE_SANITIZE=${SPILE_SANITIZE}
    ${sanitizer_options})

# spile_test(NAME COMMAND...): one test of the suite that its name begins with.
function(spile_test name)
    string(REGEX REPLACE "\\..*" "" suite ${name})
    add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS ${suite} TIMEOUT 120 ENVIRONMENT "${test_environment}")
endfunction()

# apply_marker(NAME FILE): labels and timeout from a Python file's first line.
function(apply_marker name file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} beginning LIMIT 300)
    string(REGEX MATCH "^# ctest:[^\n]*" marker "${beginning}")
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
    if(marker MATCHES "timeout=([0-9]+)")
        set_tests_properties(${name} PROPERTIES TIMEOUT ${CMAKE_MATCH_1})
    endif()
    if(marker MATCHES " serial")
        set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
    if(marker MATCHES "labels=([a-z;]+)")
        set_tests_properties(${name} PROPERTIES LABELS "${CMAKE_MATCH_1}")
    endif()
endfunction()

# What tests/unit/fault_layer.h can make fail.
set(wrapped_calls malloc calloc realloc aligned_alloc strdup strndup free
    open __open_2 openat __openat_2 read __read_chk pread __pread_chk write pwrite fsync close rename ftruncate mkdir unlink unlinkat
    fdopendir readdir scandir mmap eventfd pthread_create)

function(register_unit_tests)
    find_path(CMOCKA_INCLUDE_DIR cmocka.h)
    find_library(CMOCKA_LIBRARY cmocka)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/test_*.c)
    file(GLOB helpers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/*.c)
    list(FILTER helpers EXCLUDE REGEX "/test_[^/]*$")
    if(sources AND NOT (CMOCKA_INCLUDE_DIR AND CMOCKA_LIBRARY))
        message(STATUS "cmocka is not installed: no unit tests")
        return()
    endif()
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM program)
        string(REGEX REPLACE "^test_" "" name ${program})
        add_executable(${program} ${source} ${helpers})
        set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
        target_include_directories(${program} SYSTEM PRIVATE ${CMOCKA_INCLUDE_DIR})
        target_link_libraries(${program} PRIVATE spile_warnings spile_core ${CMOCKA_LIBRARY} m)
        if(name STREQUAL faults) # it decides which allocations fail
            target_link_options(${program} PRIVATE LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup)
        endif()
        if(name MATCHES "^(pipeline|destination)_faults$") # tests/unit/fault_layer.h is between it and the C library
            list(TRANSFORM wrapped_calls PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE wraps)
            target_link_options(${program} PRIVATE ${wraps})
        endif()
        if(name STREQUAL destination_faults) # tests/unit/fault_database.h, too
            target_link_options(${program} PRIVATE LINKER:--wrap=dlsym)
        endif()
        spile_test(unit.${name} ${program})
        if(name MATCHES "^(pipeline|destination)_faults$") # a minute on a quiet machine
            set_tests_properties(unit.${name} PROPERTIES TIMEOUT 900)
        endif()
        if(name STREQUAL destination_faults)
            set_tests_properties(unit.${name} PROPERTIES LABELS "unit;engines")
        endif()
        set_property(TEST unit.${name} APPEND PROPERTY ENVIRONMENT "CMOCKA_XML_FILE=${results}/unit.${name}.%g.xml")
        if(name STREQUAL pipeline_faults AND SPILE_SANITIZE) # so slow there
            set_property(TEST unit.${name} APPEND PROPERTY ENVIRONMENT SPILE_FAULT_SCENARIOS=25)
        endif()
    endforeach()
endfunction()

# common.sh is read by the others; chroot.sh takes long and the network, and is started by hand.
function(register_checks)
    file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/check/*.sh)
    foreach(script IN LISTS scripts)
        cmake_path(GET script STEM name)
        if(NOT name MATCHES "^(common|chroot)$" AND (NOT name STREQUAL hardening OR CMAKE_BUILD_TYPE STREQUAL Release))
            spile_test(check.${name} bash ${script} ${PROJECT_BINARY_DIR})
            if(name STREQUAL destination) # builds a copy of the sources
                set_tests_properties(check.${name} PROPERTIES TIMEOUT 600)
            endif()
        endif()
    endforeach()
endfunction()

function(register_python_tests suite)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${suite}/test_*.py)
    foreach(file IN LISTS files)
        cmake_path(GET file STEM name)
        string(REGEX REPLACE "^test_" "" name ${name})
        spile_test(${suite}.${name} ${PROJECT_SOURCE_DIR}/.venv/bin/python -m pytest -q -p no:cacheprovider
            --junitxml=${results}/${suite}.${name}.xml ${file})
        apply_marker(${suite}.${name} ${file})
    endforeach()
endfunction()

# Programs through which Python tests call functions that the library doesn't show.
function(register_filters)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*_filter.c)
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM program)
        add_executable(${program} ${source})
        set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
        target_link_libraries(${program} PRIVATE spile_warnings spile_core)
    endforeach()
endfunction()

# What tests preload into programs: also into a server, which has no sanitizer.
function(register_preloads)
    foreach(name IN ITEMS cut full)
        add_library(${name} SHARED ${PROJECT_SOURCE_DIR}/tests/crash/${name}.c)
        set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests C_VISIBILITY_PRESET default)
        target_link_libraries(${name} PRIVATE spile_warnings)
        target_compile_options(${name} PRIVATE -fno-sanitize=all)
        target_link_options(${name} PRIVATE -fno-sanitize=all)
    endforeach()
endfunction()

# Each fuzzer runs for $SPILE_FUZZ_SECONDS, from the inputs in tests/fuzz/corpus/<name> when there are some.
function(register_fuzzers)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM program)
        string(REGEX REPLACE "^fuzz_" "" name ${program})
        add_executable(${program} ${source})
        set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
        target_link_libraries(${program} PRIVATE spile_warnings spile_core)
        target_link_options(${program} PRIVATE -fsanitize=fuzzer)
        spile_test(fuzz.${name} bash ${PROJECT_SOURCE_DIR}/scripts/fuzz $<TARGET_FILE:${program}>
            ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name} ${PROJECT_BINARY_DIR}/fuzz/${name})
        set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 3600)
    endforeach()
endfunction()

if(SPILE_FUZZ)
    register_fuzzers()
else()
    register_unit_tests()
    register_filters()
    register_preloads()
    if(NOT SPILE_SANITIZE)
        register_checks()
    endif()
    foreach(suite IN ITEMS cases conformance crash)
        register_python_tests(${suite})
    endforeach()
endif()

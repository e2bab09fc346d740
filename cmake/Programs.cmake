# The command, the benches and the examples: clients of libspile that see only its public header.

# client(NAME FOLDER SOURCE...): an executable FOLDER/NAME in the build tree.
function(client name folder)
    add_executable(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
    target_link_libraries(${name} PRIVATE spile_warnings libspile Threads::Threads)
    target_link_options(${name} PRIVATE -Wl,--as-needed)
endfunction()

# clients_in(FOLDER): an executable for each C file there.
function(clients_in folder)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM name)
        client(${folder}-${name} ${folder} ${source})
        set_target_properties(${folder}-${name} PROPERTIES OUTPUT_NAME ${name})
    endforeach()
endfunction()

file(GLOB cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
if(cli_sources)
    client(spile bin ${cli_sources})
endif()
clients_in(bench)
clients_in(examples)

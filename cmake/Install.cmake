# What `make install` puts where: the library with DuckDB's beside it, the header, the command, pkg-config's file, the licences.

install(PROGRAMS ${PROJECT_BINARY_DIR}/installed/lib/libspile.so.${PROJECT_VERSION} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES
    ${PROJECT_BINARY_DIR}/installed/lib/libspile.so.${PROJECT_VERSION_MAJOR} ${PROJECT_BINARY_DIR}/installed/lib/libspile.so
    DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${duckdb_library} ${duckdb}/lib/libduckdb.so DESTINATION ${CMAKE_INSTALL_LIBDIR}/spile)
install(FILES include/spile/spile.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/spile)
if(TARGET spile)
    install(TARGETS spile RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_file(cmake/spile.pc.in ${PROJECT_BINARY_DIR}/spile.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/spile.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB documents CONFIGURE_DEPENDS README* LICENSE* CHANGELOG* docs/*.md)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${nanoarrow}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/third-party RENAME nanoarrow-flatcc.txt)
install(FILES ${duckdb}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/third-party RENAME duckdb.txt)
install(FILES ${yyjson}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/third-party RENAME yyjson.txt)

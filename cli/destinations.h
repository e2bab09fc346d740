/* Destinations as options name them. */
#ifndef CLI_DESTINATIONS_H
#define CLI_DESTINATIONS_H

#define DESTINATION_FORMS "FILE.duckdb, FILE.db (SQLite), postgres://USER@HOST/DATABASE, or duckdb:PATH and sqlite:PATH"

#endif

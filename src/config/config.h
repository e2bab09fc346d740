/* Settings of the user's under dlt's names, from the environment: DESTINATION__POSTGRES__CREDENTIALS__HOST is the key "credentials.host" in section
 * "destination.postgres". A key may stand in several sections; the pipeline's own settings (SHOP__DESTINATION__...) come before everybody's. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_NAME_SIZE 512

struct config_key {
    const char *pipeline;        /* NULL: it has no name */
    const char *const *sections; /* the most special one first; "": none; NULL-terminated */
    const char *key;
};

struct config_value {
    const char *text;            /* the environment's own; not empty, which is as if it were not set */
    char name[CONFIG_NAME_SIZE]; /* of the variable */
    size_t section;              /* where it was, in the list */
};

/* Goes from value to value in dlt's order; *place is 0 at first. False: there is no further one. */
bool config_next(const struct config_key *key, size_t *place, struct config_value *value);

/* The first one's text; NULL: there is none. */
const char *config_find(const struct config_key *key);

#endif

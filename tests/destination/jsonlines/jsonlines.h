#ifndef JSONLINES_JSONLINES_H
#define JSONLINES_JSONLINES_H

#include "destination/destination.h"

extern const struct destination_ops jsonlines_destination;

#endif

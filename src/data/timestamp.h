/* Dates and times as dlt reads them from text: pendulum's ISO 8601 grammar and its "common" fallback
 * (facts: reference/schema-and-naming.md 1.4). Pure functions; no locale, no time zone of the machine. */
#ifndef DATA_TIMESTAMP_H
#define DATA_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is the text a date with a time? This is dlt's `iso_timestamp` detection: naive texts are UTC, others are converted to UTC.
 * Range: years 1 to 9999 after conversion; an offset of exactly +-24:00 is no timestamp (dlt's accident is not copied). */
bool timestamp_detect(const char *text, size_t length, int64_t *micros);

/* Is the text a date and nothing more? dlt's `iso_date` detection. */
bool date_detect(const char *text, size_t length);

/* Text into a timestamp column: what timestamp_detect takes, dates (midnight UTC), and numbers (Unix seconds). */
bool timestamp_from_text(const char *text, size_t length, int64_t *micros);

/* A timestamp that has kept what its text says of the zone, as Python's datetime does. */
struct timestamp {
    int64_t clock; /* microseconds since 1970 by its own clock */
    int offset;    /* of the clock: seconds east of UTC */
    bool is_aware; /* else it is naive: says nothing of a zone */
};

/* The texts of timestamp_detect() and of dates (midnight, naive); seconds in the offset, too. The clock is within the years 1 to 9999. */
bool timestamp_read(const char *text, size_t length, struct timestamp *timestamp);

#define MICROS_PER_SECOND INT64_C(1000000)
#define MICROS_PER_DAY (86400 * MICROS_PER_SECOND)

bool timestamp_in_years(int64_t micros); /* 1 to 9999 */
bool date_in_years(int64_t days);

static inline bool time_in_day(int64_t micros)
{
    return micros >= 0 && micros < MICROS_PER_DAY;
}

static inline int64_t timestamp_utc(const struct timestamp *timestamp)
{
    return timestamp->clock - timestamp->offset * MICROS_PER_SECOND;
}

int32_t days_from_date(int year, int month, int day); /* since 1970-01-01; year 0 is 1 BC */

/* Unix seconds into a timestamp column. False out of years 1 to 9999 or for NaN. Fractions round half to even at the microsecond. */
bool timestamp_from_integer(int64_t seconds, int64_t *micros);
bool timestamp_from_double(double seconds, int64_t *micros);

/* Text into a date column (days since 1970): dates, timestamps (their day in UTC), numbers (day of the Unix seconds). */
bool date_from_text(const char *text, size_t length, int32_t *days);

/* Text into a time column (microseconds of the day): ISO times only. */
bool time_from_text(const char *text, size_t length, int64_t *micros);

/* As Python's isoformat of a UTC datetime: "2024-01-01T10:00:00[.123456]+00:00". Returns the length; `out` is terminated. */
#define TIMESTAMP_CHARS 40
size_t timestamp_format(int64_t micros, char out[TIMESTAMP_CHARS]);
size_t timestamp_write(const struct timestamp *timestamp, char out[TIMESTAMP_CHARS]); /* with its offset */
size_t date_format(int32_t days, char out[TIMESTAMP_CHARS]);       /* "2024-01-01" */
size_t time_format(int64_t micros, char out[TIMESTAMP_CHARS]);     /* "10:00:00[.123456]" */

#endif

/* Dates and times from text. Three readers, tried in this order:
 *
 *   fixed     YYYY-MM-DDTHH:MM:SS[.f][zone], the form nearly every timestamp has; says nothing about any other
 *   iso       pendulum's ISO 8601: calendar, week and ordinal dates, extended and basic, with times and zones
 *   common    pendulum's fallback: 2024/01/01 10:00, 2024, 9:05
 *
 * A reader fills a moment, whose fields are checked (is there such a day?) before anything is computed from them. */
#include "data/timestamp.h"

#include <string.h>

#include "base/text.h"
#include "data/number.h"

#define MICROS_PER_MINUTE (60 * MICROS_PER_SECOND)
#define SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MICROS_MIN (SECONDS_MIN * MICROS_PER_SECOND)
#define MICROS_MAX (SECONDS_MAX * MICROS_PER_SECOND + MICROS_PER_SECOND - 1)
#define OFFSET_MINUTES_END (24 * 60) /* the first that no zone can have */
#define FRACTION_DIGITS 6

enum moment_kind { MOMENT_DATE, MOMENT_TIME, MOMENT_TIMESTAMP };

struct moment {
    enum moment_kind kind;
    int year, month, day; /* a date given by its week or ordinal day is converted when it is read */
    int hour, minute, second, micros;
    int offset_minutes; /* east of UTC */
    bool has_offset;
};

/* ---- calendar -------------------------------------------------------------------------------------------------------------- */

/* Years start in March, so that the leap day is their last; 400 of them have 146097 days. */
int32_t days_from_date(int year, int month, int day)
{
    int from_march = month > 2 ? month - 3 : month + 9;
    int shifted = month > 2 ? year : year - 1;
    int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int year_of_era = shifted - era * 400;
    int day_of_year = (153 * from_march + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int32_t days, int *year, int *month, int *day)
{
    int64_t shifted = (int64_t)days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int day_of_era = (int)(shifted - era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(era * 400) + year_of_era + (*month <= 2);
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* 1 is Monday, 7 is Sunday; 1970-01-01 was a Thursday. */
static int weekday(int days)
{
    return ((days + 3) % 7 + 7) % 7 + 1;
}

static bool date_valid(const struct moment *moment)
{
    return moment->year >= 1 && moment->year <= 9999 && moment->month >= 1 && moment->month <= 12 && moment->day >= 1 &&
           moment->day <= days_in_month(moment->year, moment->month);
}

static bool time_valid(const struct moment *moment)
{
    return moment->hour < 24 && moment->minute < 60 && moment->second < 60 && moment->offset_minutes < OFFSET_MINUTES_END &&
           moment->offset_minutes > -OFFSET_MINUTES_END;
}

static bool moment_valid(const struct moment *moment)
{
    return (moment->kind == MOMENT_TIME || date_valid(moment)) && (moment->kind == MOMENT_DATE || time_valid(moment));
}

static int64_t time_micros(const struct moment *moment)
{
    int64_t minutes = moment->hour * 60 + moment->minute - moment->offset_minutes;

    return minutes * MICROS_PER_MINUTE + moment->second * MICROS_PER_SECOND + moment->micros;
}

bool timestamp_in_years(int64_t micros)
{
    return micros >= MICROS_MIN && micros <= MICROS_MAX;
}

bool date_in_years(int64_t days)
{
    return days >= MICROS_MIN / MICROS_PER_DAY && days <= MICROS_MAX / MICROS_PER_DAY;
}

/* False when the conversion to UTC leaves the years 1 to 9999. */
static bool moment_micros(const struct moment *moment, int64_t *micros)
{
    *micros = days_from_date(moment->year, moment->month, moment->day) * MICROS_PER_DAY + time_micros(moment);
    return timestamp_in_years(*micros);
}

/* ---- reading --------------------------------------------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

static bool at_end(const struct cursor *cursor)
{
    return cursor->at == cursor->end;
}

static bool next_is(const struct cursor *cursor, char c)
{
    return !at_end(cursor) && *cursor->at == c;
}

static bool next_is_digit(const struct cursor *cursor)
{
    return !at_end(cursor) && ascii_is_digit(*cursor->at);
}

static bool next_is_either(const struct cursor *cursor, char a, char b)
{
    return next_is(cursor, a) || next_is(cursor, b);
}

static bool skip(struct cursor *cursor, char c)
{
    bool found = next_is(cursor, c);

    cursor->at += found;
    return found;
}

static bool skip_either(struct cursor *cursor, char a, char b)
{
    return skip(cursor, a) || skip(cursor, b);
}

/* Exactly `digits` digits. */
static bool read_digits(struct cursor *cursor, int digits, int *value)
{
    *value = 0;
    for (; digits > 0; digits--, cursor->at++) {
        if (!next_is_digit(cursor))
            return false;
        *value = *value * 10 + (*cursor->at - '0');
    }
    return true;
}

/* One digit or two. */
static bool read_one_or_two(struct cursor *cursor, int *value)
{
    int second;

    if (!read_digits(cursor, 1, value))
        return false;
    if (next_is_digit(cursor) && read_digits(cursor, 1, &second))
        *value = *value * 10 + second;
    return true;
}

/* At least one digit; those beyond a microsecond are dropped. Returns how many there were. */
static int read_fraction(struct cursor *cursor, int *micros)
{
    int digits = 0;

    *micros = 0;
    for (; next_is_digit(cursor); cursor->at++, digits += digits <= 9) {
        if (digits < FRACTION_DIGITS)
            *micros = *micros * 10 + (*cursor->at - '0');
    }
    for (int i = digits; i < FRACTION_DIGITS; i++)
        *micros *= 10;
    return digits;
}

/* ---- ISO 8601 -------------------------------------------------------------------------------------------------------------- */

/* Nothing, "Z", or an offset: "+01", "+0130", "+01:30" and, as pendulum, "+01:". Nothing may follow. */
static bool read_zone(struct cursor *cursor, struct moment *moment)
{
    int sign, hours, minutes = 0;

    if (at_end(cursor))
        return true;
    moment->has_offset = true;
    if (skip(cursor, 'Z'))
        return at_end(cursor);
    sign = next_is(cursor, '-') ? -1 : 1;
    if (!skip_either(cursor, '+', '-') || !read_digits(cursor, 2, &hours))
        return false;
    skip(cursor, ':');
    if (!at_end(cursor) && !read_digits(cursor, 2, &minutes))
        return false;
    moment->offset_minutes = sign * (hours * 60 + minutes);
    return at_end(cursor);
}

/* Seconds with their fraction, if there are any. */
static bool read_seconds(struct cursor *cursor, struct moment *moment)
{
    if (!read_digits(cursor, 2, &moment->second))
        return false;
    return !skip_either(cursor, '.', ',') || read_fraction(cursor, &moment->micros) > 0;
}

/* What follows the hour. An extended date takes no basic time; a basic date takes an extended time if it has no seconds. */
static bool read_time_rest(struct cursor *cursor, bool extended_date, struct moment *moment)
{
    if (skip(cursor, ':')) {
        if (!read_digits(cursor, 2, &moment->minute))
            return false;
        if (skip(cursor, ':') && (!extended_date || !read_seconds(cursor, moment)))
            return false;
    } else if (next_is_digit(cursor)) {
        if (extended_date || !read_digits(cursor, 2, &moment->minute))
            return false;
        if (next_is_digit(cursor) && !read_seconds(cursor, moment))
            return false;
    }
    return read_zone(cursor, moment);
}

static bool date_ends(const struct cursor *cursor)
{
    return at_end(cursor) || next_is_either(cursor, 'T', ' ');
}

static bool set_ordinal(struct moment *moment, int ordinal)
{
    int limit = is_leap(moment->year) ? 366 : 365;

    if (moment->year < 1 || ordinal < 1 || ordinal > limit)
        return false;
    date_from_days(days_from_date(moment->year, 1, 1) + ordinal - 1, &moment->year, &moment->month, &moment->day);
    return true;
}

/* Week 1 is the one with January 4th. Week 0 and day 0 are those before, as in pendulum. */
static bool set_week(struct moment *moment, int week, int day)
{
    int fourth = days_from_date(moment->year, 1, 4);
    int next_fourth = days_from_date(moment->year + 1, 1, 4);
    int monday = fourth - (weekday(fourth) - 1), next_monday = next_fourth - (weekday(next_fourth) - 1);

    if (moment->year < 1 || day > 7 || monday + (week - 1) * 7 >= next_monday)
        return false;
    date_from_days(monday + (week - 1) * 7 + day - 1, &moment->year, &moment->month, &moment->day);
    return true;
}

/* Behind "W": "01", "01-1" (extended) or "011" (basic). */
static bool read_week(struct cursor *cursor, bool extended, struct moment *moment)
{
    int week, day = 1;

    if (!read_digits(cursor, 2, &week))
        return false;
    if (!date_ends(cursor) && ((extended && !skip(cursor, '-')) || !read_digits(cursor, 1, &day)))
        return false;
    return set_week(moment, week, day);
}

/* Behind "YYYY-": "01", "01-01", "001" or a week. */
static bool read_extended_date(struct cursor *cursor, struct moment *moment)
{
    int last;

    if (skip(cursor, 'W'))
        return read_week(cursor, true, moment);
    moment->day = 1;
    if (!read_digits(cursor, 2, &moment->month))
        return false;
    if (skip(cursor, '-'))
        return read_digits(cursor, 2, &moment->day);
    if (next_is_digit(cursor) && read_digits(cursor, 1, &last))
        return set_ordinal(moment, moment->month * 10 + last);
    return true;
}

/* Behind "YYYY": "0101", "001" or a week. */
static bool read_basic_date(struct cursor *cursor, struct moment *moment)
{
    int last;

    if (skip(cursor, 'W'))
        return read_week(cursor, false, moment);
    if (!read_digits(cursor, 2, &moment->month) || !read_digits(cursor, 1, &moment->day))
        return false;
    if (date_ends(cursor))
        return set_ordinal(moment, moment->month * 10 + moment->day);
    if (!read_digits(cursor, 1, &last))
        return false;
    moment->day = moment->day * 10 + last;
    return true;
}

/* Times alone are "HH:MM..." or "T" and a basic time. */
static bool read_iso(struct cursor cursor, struct moment *moment)
{
    bool extended;
    int century;

    *moment = (struct moment){ .kind = MOMENT_TIME };
    if (skip(&cursor, 'T'))
        return read_digits(&cursor, 2, &moment->hour) && read_time_rest(&cursor, false, moment);
    if (!read_digits(&cursor, 2, &century))
        return false;
    if (next_is(&cursor, ':')) {
        moment->hour = century;
        return read_time_rest(&cursor, true, moment);
    }
    moment->kind = MOMENT_DATE;
    if (!read_digits(&cursor, 2, &moment->year))
        return false;
    moment->year += century * 100;
    extended = skip(&cursor, '-');
    if (!(extended ? read_extended_date(&cursor, moment) : read_basic_date(&cursor, moment)))
        return false;
    if (at_end(&cursor))
        return true;
    moment->kind = MOMENT_TIMESTAMP;
    return skip_either(&cursor, 'T', ' ') && read_digits(&cursor, 2, &moment->hour) && read_time_rest(&cursor, extended, moment);
}

/* ---- the fallback ---------------------------------------------------------------------------------------------------------- */

/* "H:M", "H:M:S", each of one digit or two, and up to nine digits of a fraction behind either. */
static bool read_common_time(struct cursor *cursor, struct moment *moment)
{
    int digits;

    if (!read_one_or_two(cursor, &moment->hour) || !skip(cursor, ':') || !read_one_or_two(cursor, &moment->minute))
        return false;
    if (skip(cursor, ':') && !read_one_or_two(cursor, &moment->second))
        return false;
    if (skip_either(cursor, '.', ',') || skip(cursor, '|')) {
        digits = read_fraction(cursor, &moment->micros);
        if (digits < 1 || digits > 9)
            return false;
    }
    return at_end(cursor);
}

/* Behind a date: nothing, or a time with or without a blank. */
static bool read_common_rest(struct cursor cursor, struct moment *moment)
{
    moment->kind = MOMENT_DATE;
    if (at_end(&cursor))
        return true;
    moment->kind = MOMENT_TIMESTAMP;
    skip(&cursor, ' ');
    return read_common_time(&cursor, moment);
}

/* A regular expression in pendulum, so the first of three ways to read it counts: with month and day, with a year only, without a
 * date. "202410:30" is a date, "202410:30:15" is the year 2024 and a time. */
static bool read_common(struct cursor cursor, struct moment *moment)
{
    struct cursor rest = cursor;
    int year;

    *moment = (struct moment){ .kind = MOMENT_TIME };
    if (!read_digits(&rest, 4, &year)) {
        skip(&cursor, ' ');
        return read_common_time(&cursor, moment);
    }
    cursor = rest;
    moment->year = year;
    skip_either(&rest, '/', ':');
    if (read_digits(&rest, 2, &moment->month)) {
        skip_either(&rest, '/', ':');
        if (read_digits(&rest, 2, &moment->day) && read_common_rest(rest, moment))
            return true;
    }
    *moment = (struct moment){ .year = year, .month = 1, .day = 1 };
    return read_common_rest(cursor, moment);
}

static bool read_any(const char *text, size_t length, struct moment *moment)
{
    struct cursor cursor = { text, text + length };

    if (read_iso(cursor, moment) && moment_valid(moment))
        return true;
    return read_common(cursor, moment) && moment_valid(moment);
}

/* ---- the fixed form -------------------------------------------------------------------------------------------------------- */

#define FIXED_LENGTH 19

/* Value of two digits; sets *bad when they are none. */
static int pair(const char *text, unsigned *bad)
{
    unsigned tens = (unsigned)(unsigned char)text[0] - '0', ones = (unsigned)(unsigned char)text[1] - '0';

    *bad |= (tens > 9) | (ones > 9); /* what lies before '0' wraps around */
    return (int)(tens * 10 + ones);
}

/* The text is read only up to what this knows; false means nothing but that others have to look at it. */
static bool read_fixed(const char *text, size_t length, struct moment *moment)
{
    struct cursor cursor = { text + FIXED_LENGTH, text + length };
    unsigned bad = 0;

    if (length < FIXED_LENGTH || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':')
        return false;
    moment->kind = MOMENT_TIMESTAMP;
    moment->year = pair(text, &bad) * 100 + pair(text + 2, &bad);
    moment->month = pair(text + 5, &bad);
    moment->day = pair(text + 8, &bad);
    moment->hour = pair(text + 11, &bad);
    moment->minute = pair(text + 14, &bad);
    moment->second = pair(text + 17, &bad);
    moment->micros = moment->offset_minutes = 0;
    moment->has_offset = false;
    if (bad)
        return false;
    if (skip_either(&cursor, '.', ',') && read_fraction(&cursor, &moment->micros) == 0)
        return false;
    return read_zone(&cursor, moment);
}

/* ---- text to values -------------------------------------------------------------------------------------------------------- */

bool timestamp_detect(const char *text, size_t length, int64_t *micros)
{
    struct moment moment;

    if (length == 0 || !ascii_is_digit(text[0]))
        return false;
    if (read_fixed(text, length, &moment))
        return moment_valid(&moment) && moment_micros(&moment, micros);
    return read_any(text, length, &moment) && moment.kind == MOMENT_TIMESTAMP && moment_micros(&moment, micros);
}

bool date_detect(const char *text, size_t length)
{
    struct moment moment;

    return length > 0 && read_any(text, length, &moment) && moment.kind == MOMENT_DATE;
}

/* Python's float(text), which knows no hexadecimal. */
static bool seconds_from_text(const char *text, size_t length, int64_t *micros)
{
    struct slice number = slice_strip((struct slice){ text, length });
    double seconds;

    if (memmem(number.text, number.length, "0x", 2) || !double_from_text(number.text, number.length, &seconds))
        return false;
    return timestamp_from_double(seconds, micros);
}

bool timestamp_from_text(const char *text, size_t length, int64_t *micros)
{
    struct moment moment;

    if (length > 0 && read_fixed(text, length, &moment))
        return moment_valid(&moment) && moment_micros(&moment, micros);
    if (!read_any(text, length, &moment))
        return seconds_from_text(text, length, micros);
    return moment.kind != MOMENT_TIME && moment_micros(&moment, micros);
}

/* An offset may have seconds in Python, as those of the time before zones do: "+00:53:28". They are taken off the text's end. */
#define OFFSET_LENGTH 9

static bool take_offset_seconds(const char *text, size_t *length, int *seconds)
{
    const char *zone;
    unsigned bad = 0;

    *seconds = 0;
    if (*length < FIXED_LENGTH + OFFSET_LENGTH)
        return true;
    zone = text + *length - OFFSET_LENGTH;
    if ((*zone != '+' && *zone != '-') || zone[3] != ':' || zone[6] != ':')
        return true;
    *seconds = (*zone == '-' ? -1 : 1) * pair(zone + 7, &bad);
    *length -= 3;
    return !bad && *seconds > -60 && *seconds < 60;
}

bool timestamp_read(const char *text, size_t length, struct timestamp *timestamp)
{
    struct moment moment;
    int seconds;

    if (!length || !take_offset_seconds(text, &length, &seconds))
        return false;
    if (read_fixed(text, length, &moment) ? !moment_valid(&moment) : !read_any(text, length, &moment) || moment.kind == MOMENT_TIME)
        return false;
    timestamp->is_aware = moment.has_offset;
    timestamp->offset = moment.offset_minutes * 60 + seconds;
    moment.offset_minutes = 0;
    return moment_micros(&moment, &timestamp->clock);
}

bool date_from_text(const char *text, size_t length, int32_t *days)
{
    int64_t micros;

    if (!timestamp_from_text(text, length, &micros))
        return false;
    micros -= MICROS_MIN; /* so that the division rounds down */
    *days = (int32_t)(micros / MICROS_PER_DAY + MICROS_MIN / MICROS_PER_DAY);
    return true;
}

bool time_from_text(const char *text, size_t length, int64_t *micros)
{
    struct moment moment;

    if (!read_any(text, length, &moment) || moment.kind != MOMENT_TIME)
        return false;
    *micros = (time_micros(&moment) + MICROS_PER_DAY) % MICROS_PER_DAY;
    return true;
}

/* ---- numbers to values ----------------------------------------------------------------------------------------------------- */

bool timestamp_from_integer(int64_t seconds, int64_t *micros)
{
    if (seconds < SECONDS_MIN || seconds > SECONDS_MAX)
        return false;
    *micros = seconds * MICROS_PER_SECOND;
    return true;
}

/* To the nearest integer, a half to the even one. */
static int64_t round_half_even(double value)
{
    int64_t whole = (int64_t)value;
    double rest = value - (double)whole;

    if (rest > 0.5 || (rest == 0.5 && whole % 2 != 0))
        return whole + 1;
    if (rest < -0.5 || (rest == -0.5 && whole % 2 != 0))
        return whole - 1;
    return whole;
}

/* Whole seconds and fraction are taken apart before the fraction is rounded, as Python does: it makes a difference. */
bool timestamp_from_double(double seconds, int64_t *micros)
{
    int64_t whole;

    if (!(seconds >= (double)SECONDS_MIN && seconds < (double)(SECONDS_MAX + 1)))
        return false;
    whole = (int64_t)seconds;
    *micros = whole * MICROS_PER_SECOND + round_half_even((seconds - (double)whole) * (double)MICROS_PER_SECOND);
    return *micros <= MICROS_MAX;
}

/* ---- values to text -------------------------------------------------------------------------------------------------------- */

/* With leading zeros. Returns the place behind. */
static char *put_digits(char *out, int number, int digits)
{
    for (char *at = out + digits; at > out; number /= 10)
        *--at = (char)('0' + number % 10);
    return out + digits;
}

/* Of the years that a column may hold four digits; others are only in messages. */
static char *put_year(char *out, int year)
{
    int digits = 4;

    if (year < 0)
        *out++ = '-';
    year = year < 0 ? -year : year;
    for (int rest = year / 10000; rest; rest /= 10)
        digits++;
    return put_digits(out, year, digits);
}

static char *put_date(char *out, int32_t days)
{
    int year, month, day;

    date_from_days(days, &year, &month, &day);
    out = put_year(out, year);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    return put_digits(out, day, 2);
}

/* `micros` of a day. */
static char *put_clock(char *out, int64_t micros)
{
    int seconds = (int)(micros / MICROS_PER_SECOND), fraction = (int)(micros % MICROS_PER_SECOND);

    out = put_digits(out, seconds / 3600, 2);
    *out++ = ':';
    out = put_digits(out, seconds / 60 % 60, 2);
    *out++ = ':';
    out = put_digits(out, seconds % 60, 2);
    if (!fraction)
        return out;
    *out++ = '.';
    return put_digits(out, fraction, 6);
}

static size_t end_text(char *out, const char *end)
{
    out[end - out] = '\0';
    return (size_t)(end - out);
}

size_t date_format(int32_t days, char out[TIMESTAMP_CHARS])
{
    return end_text(out, put_date(out, days));
}

size_t time_format(int64_t micros, char out[TIMESTAMP_CHARS])
{
    return end_text(out, put_clock(out, micros));
}

static char *put_offset(char *out, int offset)
{
    int east = offset < 0 ? -offset : offset;

    *out++ = offset < 0 ? '-' : '+';
    out = put_digits(out, east / 3600, 2);
    *out++ = ':';
    out = put_digits(out, east / 60 % 60, 2);
    if (!(east % 60))
        return out;
    *out++ = ':';
    return put_digits(out, east % 60, 2);
}

size_t timestamp_write(const struct timestamp *timestamp, char out[TIMESTAMP_CHARS])
{
    int64_t days = timestamp->clock / MICROS_PER_DAY, rest = timestamp->clock % MICROS_PER_DAY;
    char *at;

    if (rest < 0) {
        rest += MICROS_PER_DAY;
        days--;
    }
    at = put_date(out, (int32_t)days);
    *at++ = 'T';
    at = put_clock(at, rest);
    return end_text(out, timestamp->is_aware ? put_offset(at, timestamp->offset) : at);
}

size_t timestamp_format(int64_t micros, char out[TIMESTAMP_CHARS])
{
    return timestamp_write(&(struct timestamp){ .clock = micros, .is_aware = true }, out);
}

#include "extract/lag.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/timestamp.h"

#define YEAR_MIN 1
#define YEAR_MAX 9999
#define LAG_DAYS_MAX 4e6 /* more than there are in those years */

/* ---- formats -------------------------------------------------------------------------------------------------------------------- */

/* How texts of times look, as dlt knows them. In `shape` d is a digit, f digits of a fraction, z an offset with and Z one without colon; in `format` the
 * same by parts: Y m d H M S, f, z, Z, and of ISO weeks G V u, the day of the year j. All else stands for itself. */
struct time_format {
    const char *shape, *format;
    bool is_date;
};

static const struct time_format formats[] = {
    { "dddd-dd-ddTdd:dd:dd\1", "Y-m-dTH:M:S\1", false }, /* \1 is the letter Z, for UTC */
    { "dddd-dd-ddTdd:dd:dd.f\1", "Y-m-dTH:M:S.f\1", false },
    { "dddd-dd-ddTdd:dd:ddz", "Y-m-dTH:M:Sz", false },
    { "dddd-dd-ddTdd:dd:ddZ", "Y-m-dTH:M:SZ", false },
    { "dddd-dd-ddTdd:dd:dd.fz", "Y-m-dTH:M:S.fz", false },
    { "dddd-dd-ddTdd:dd:dd.fZ", "Y-m-dTH:M:S.fZ", false },
    { "dddd-dd-ddTdd:dd:dd", "Y-m-dTH:M:S", false },
    { "dddd-dd-ddTdd:dd", "Y-m-dTH:M", false },
    { "dddd-dd-ddTdd", "Y-m-dTH", false },
    { "dddd-dd-dd", "Y-m-d", true },
    { "dddd-dd", "Y-m", false },
    { "dddd", "Y", false },
    { "dddd-Wdd", "G-WV", false },
    { "dddd-Wdd-d", "G-WV-u", false },
    { "dddd-ddd", "Y-j", false },
    { "dddddddd", "Ymd", true },
    { "dddddd", "Ym", false },
};

/* A time taken apart. */
struct moment {
    int64_t micros; /* since 1970, of the wall clock */
    int offset;     /* minutes */
};

/* "+hh:mm", "-hhmm"; the length, or 0. */
static size_t offset_length(const char *text, size_t length, bool colon)
{
    size_t wanted = colon ? 6 : 5;

    if (length != wanted || (text[0] != '+' && text[0] != '-') || (colon && text[3] != ':'))
        return 0;
    for (size_t i = 1; i < wanted; i++)
        if (!(colon && i == 3) && !ascii_is_digit(text[i]))
            return 0;
    return wanted;
}

static bool has_shape(struct slice text, const char *shape)
{
    size_t at = 0;

    for (; *shape; shape++) {
        size_t before = at;

        switch (*shape) {
        case 'd':
            at += at < text.length && ascii_is_digit(text.text[at]);
            break;
        case 'f':
            while (at < text.length && ascii_is_digit(text.text[at]))
                at++;
            break;
        case 'z':
        case 'Z':
            at += offset_length(text.text + at, text.length - at, *shape == 'z');
            break;
        default:
            at += at < text.length && text.text[at] == (*shape == '\1' ? 'Z' : *shape);
        }
        if (at == before)
            return false;
    }
    return at == text.length;
}

static const struct time_format *format_of(struct slice text)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (has_shape(text, formats[i].shape))
            return &formats[i];
    return NULL;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static int read_int(const char **at, int digits)
{
    int number = 0;

    while (digits-- > 0)
        number = number * 10 + (*(*at)++ - '0');
    return number;
}

/* Six digits count. */
static int64_t read_fraction(const char **at, const char *end)
{
    int64_t micros = 0;
    int count = 0;

    for (; *at < end && ascii_is_digit(**at); ++*at, count++)
        if (count < 6)
            micros = micros * 10 + (**at - '0');
    for (; count < 6; count++)
        micros *= 10;
    return micros;
}

static int read_offset(const char **at, bool colon)
{
    int sign = *(*at)++ == '-' ? -1 : 1, hours = read_int(at, 2);

    *at += colon;
    return sign * (hours * 60 + read_int(at, 2));
}

struct fields {
    int year, month, day, hour, minute, second, week, weekday, yearday, offset;
    bool by_week, by_yearday;
    int64_t micros;
};

static void read_fields(struct fields *f, struct slice text, const char *format)
{
    const char *at = text.text, *end = text.text + text.length;

    *f = (struct fields){ .month = 1, .day = 1, .weekday = 1 };
    for (; *format; format++) {
        switch (*format) {
        case 'Y':
            f->year = read_int(&at, 4);
            break;
        case 'G':
            f->year = read_int(&at, 4);
            f->by_week = true;
            break;
        case 'm':
            f->month = read_int(&at, 2);
            break;
        case 'd':
            f->day = read_int(&at, 2);
            break;
        case 'H':
            f->hour = read_int(&at, 2);
            break;
        case 'M':
            f->minute = read_int(&at, 2);
            break;
        case 'S':
            f->second = read_int(&at, 2);
            break;
        case 'V':
            f->week = read_int(&at, 2);
            break;
        case 'u':
            f->weekday = read_int(&at, 1);
            break;
        case 'j':
            f->yearday = read_int(&at, 3);
            f->by_yearday = true;
            break;
        case 'f':
            f->micros = read_fraction(&at, end);
            break;
        case 'z':
        case 'Z':
            f->offset = read_offset(&at, *format == 'z');
            break;
        default:
            at++;
        }
    }
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool are_valid(const struct fields *f)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (f->year < YEAR_MIN || f->hour > 23 || f->minute > 59 || f->second > 59)
        return false;
    if (f->by_week)
        return f->week >= 1 && f->week <= 53 && f->weekday >= 1 && f->weekday <= 7;
    if (f->by_yearday)
        return f->yearday >= 1 && f->yearday <= 365 + is_leap(f->year);
    return f->month >= 1 && f->month <= 12 && f->day >= 1 && f->day <= days[f->month - 1] + (f->month == 2 && is_leap(f->year));
}

static int64_t seconds_of(int year, int month, int day)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };

    return timegm(&tm);
}

/* The Monday of the first ISO week is that of the week with January 4th. */
static int64_t seconds_of_week(int year, int week, int weekday)
{
    int64_t fourth = seconds_of(year, 1, 4) / 86400;
    int64_t since_monday = ((fourth + 3) % 7 + 7) % 7; /* 1970 began on a Thursday */

    return (fourth - since_monday + (week - 1) * 7 + weekday - 1) * 86400;
}

static bool read_moment(struct moment *out, struct slice text, const struct time_format *format)
{
    struct fields f;
    int64_t seconds;

    read_fields(&f, text, format->format);
    if (!are_valid(&f))
        return false;
    if (f.by_week)
        seconds = seconds_of_week(f.year, f.week, f.weekday);
    else
        seconds = f.by_yearday ? seconds_of(f.year, 1, 1) + (f.yearday - 1) * 86400LL : seconds_of(f.year, f.month, f.day);
    seconds += f.hour * 3600 + f.minute * 60 + f.second;
    *out = (struct moment){ seconds * MICROS_PER_SECOND + f.micros, f.offset };
    return true;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void write_part(struct text *out, char part, const struct tm *tm, const struct moment *moment)
{
    int offset = moment->offset < 0 ? -moment->offset : moment->offset;
    char week[8];

    switch (part) {
    case 'Y':
        text_printf(out, "%04d", tm->tm_year + 1900);
        break;
    case 'G':
        strftime(week, sizeof(week), "%G", tm);
        text_printf(out, "%04ld", strtol(week, NULL, 10));
        break;
    case 'V':
        strftime(week, sizeof(week), "%V", tm);
        text_puts(out, week);
        break;
    case 'm':
        text_printf(out, "%02d", tm->tm_mon + 1);
        break;
    case 'd':
        text_printf(out, "%02d", tm->tm_mday);
        break;
    case 'H':
        text_printf(out, "%02d", tm->tm_hour);
        break;
    case 'M':
        text_printf(out, "%02d", tm->tm_min);
        break;
    case 'S':
        text_printf(out, "%02d", tm->tm_sec);
        break;
    case 'u':
        text_printf(out, "%d", tm->tm_wday ? tm->tm_wday : 7);
        break;
    case 'j':
        text_printf(out, "%03d", tm->tm_yday + 1);
        break;
    case 'f':
        text_printf(out, "%06lld", (long long)(moment->micros - floor_divide(moment->micros, MICROS_PER_SECOND) * MICROS_PER_SECOND));
        break;
    case 'z':
    case 'Z':
        text_printf(out, part == 'z' ? "%c%02d:%02d" : "%c%02d%02d", moment->offset < 0 ? '-' : '+', offset / 60, offset % 60);
        break;
    case '\1':
        text_putc(out, 'Z');
        break;
    default:
        text_putc(out, part);
    }
}

/* False beyond years 1 to 9999. */
static bool write_moment(struct text *out, const struct moment *moment, const struct time_format *format)
{
    time_t seconds = (time_t)floor_divide(moment->micros, MICROS_PER_SECOND);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 < YEAR_MIN || tm.tm_year + 1900 > YEAR_MAX)
        return false;
    for (const char *part = format->format; *part; part++)
        write_part(out, *part, &tm, moment);
    return !out->failed;
}

/* ---- applying ------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail(const struct cursor *value, const char *why, struct spile_error *err)
{
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    cursor_describe(&json, value);
    spile_fail(err, SPILE_USAGE, "the last value %s can't have a lag: %s", shorten(extract, json.text ? json.text : "", json.length), why);
    text_release(&json);
    return spile_hint(err, SPILE_USAGE, "a lag is for numbers, and for dates and times such as \"2026-01-31\" and \"2026-01-31T10:00:00Z\"");
}

static enum spile_status fail_long(const struct cursor *value, struct spile_error *err)
{
    return fail(value, "the lag is too long", err);
}

static enum spile_status fail_years(const struct cursor *value, struct spile_error *err)
{
    return fail(value, "it would be beyond the years 1 to 9999", err);
}

/* Python's timedelta of so many units: whole ones exactly, what is left to the nearest microsecond. */
static int64_t lag_micros(double lag, bool upward, int64_t unit)
{
    double whole = trunc(lag);
    int64_t micros = (int64_t)whole * unit + (int64_t)nearbyint((lag - whole) * (double)unit);

    return upward ? micros : -micros;
}

/* A date has no part of a day. */
static int64_t lag_whole_days(double lag, bool upward)
{
    return floor_divide(lag_micros(lag, upward, MICROS_PER_DAY), MICROS_PER_DAY);
}

/* A day in UTC; a time is then that day's begin or end, so that the whole of it is in range. */
static void lag_days(struct moment *moment, double lag, bool upward, bool is_date)
{
    int64_t offset = moment->offset * 60 * MICROS_PER_SECOND;
    int64_t day = floor_divide(moment->micros - offset, MICROS_PER_DAY) + lag_whole_days(lag, upward);

    moment->micros = day * MICROS_PER_DAY + (upward && !is_date ? MICROS_PER_DAY - 1 : 0) + offset;
}

static enum spile_status lag_text(struct cursor *out, struct text *memory, const struct cursor *value, const struct cursor *initial, double lag,
                                  bool upward, struct spile_error *err)
{
    const struct time_format *format = format_of(value->text), *wanted = NULL;
    struct moment moment;
    bool in_days;

    if (!format || !read_moment(&moment, value->text, format))
        return fail(value, "it is no date or time", err);
    wanted = initial->kind == CURSOR_TEXT ? format_of(initial->text) : NULL;
    in_days = (wanted ? wanted : format)->is_date;
    if (fabs(lag) > (in_days ? LAG_DAYS_MAX : LAG_DAYS_MAX * 86400))
        return fail_long(value, err);
    if (in_days)
        lag_days(&moment, lag, upward, format->is_date);
    else
        moment.micros += lag_micros(lag, upward, MICROS_PER_SECOND);
    text_clear(memory);
    if (!write_moment(memory, &moment, format))
        return memory->failed ? spile_fail_nomem(err) : fail_years(value, err);
    *out = (struct cursor){ .kind = CURSOR_TEXT, .text = text_slice(memory) };
    return SPILE_OK;
}

static enum spile_status set_typed(struct cursor *out, struct text *memory, enum cursor_mark mark, const char *iso, size_t length,
                                   struct spile_error *err)
{
    text_clear(memory);
    text_append(memory, iso, length);
    cursor_set_typed(out, memory, mark);
    return memory->failed ? spile_fail_nomem(err) : SPILE_OK;
}

/* The moment is shifted, in UTC; the offset stays. */
static enum spile_status lag_timestamp(struct cursor *out, struct text *memory, const struct cursor *value, double lag, bool upward,
                                       struct spile_error *err)
{
    int64_t before = (int64_t)value->integer, after;
    struct timestamp timestamp;
    char iso[TIMESTAMP_CHARS];

    if (lag > LAG_DAYS_MAX * 86400)
        return fail_long(value, err);
    after = before + lag_micros(lag, upward, MICROS_PER_SECOND);
    if (!timestamp_read(value->text.text, value->text.length, &timestamp) || !timestamp_in_years(before) || !timestamp_in_years(after))
        return fail_years(value, err);
    timestamp.clock += after - before;
    if (!timestamp_in_years(timestamp.clock))
        return fail_years(value, err);
    return set_typed(out, memory, value->mark, iso, timestamp_write(&timestamp, iso), err);
}

/* A date is its midnight where `initial` is a timestamp. */
static enum spile_status lag_midnight(struct cursor *out, struct text *memory, const struct cursor *value, int32_t days, double lag, bool upward,
                                      struct spile_error *err)
{
    struct cursor midnight = { .kind = CURSOR_TIMESTAMP, .mark = MARK_TIMESTAMP, .integer = days * MICROS_PER_DAY, .text = value->text };

    return lag_timestamp(out, memory, &midnight, lag, upward, err);
}

static enum spile_status lag_date(struct cursor *out, struct text *memory, const struct cursor *value, const struct cursor *initial, double lag,
                                  bool upward, struct spile_error *err)
{
    int64_t after;
    int32_t days;
    char iso[TIMESTAMP_CHARS];

    if (!date_from_text(value->text.text, value->text.length, &days))
        return fail_years(value, err);
    if (initial->kind == CURSOR_TIMESTAMP)
        return lag_midnight(out, memory, value, days, lag, upward, err);
    if (lag > LAG_DAYS_MAX)
        return fail_long(value, err);
    after = days + lag_whole_days(lag, upward);
    if (!date_in_years(after))
        return fail_years(value, err);
    return set_typed(out, memory, value->mark, iso, date_format((int32_t)after, iso), err);
}

/* A whole lag is taken off whole numbers without rounding. */
static enum spile_status lag_integer(struct cursor *out, const struct cursor *value, double lag, bool upward, struct spile_error *err)
{
    double lagged;

    if (lag == trunc(lag) && fabs(lag) < 1e18) {
        out->integer = value->integer + (upward ? (int128)lag : -(int128)lag);
    } else {
        lagged = (double)value->integer + (upward ? lag : -lag);
        if (fabs(lagged) >= 1e37)
            return fail(value, "it would be too large", err);
        out->integer = (int128)lagged;
    }
    out->is_bool = false;
    return SPILE_OK;
}

#define WHOLE_DIGITS 37 /* that surely fit 128 bits, with a lag, too */

/* Whole numbers beyond 64 bits come by their digits. */
static enum spile_status lag_digits(struct cursor *out, const struct cursor *value, double lag, bool upward, struct spile_error *err)
{
    struct cursor whole = { .kind = CURSOR_INTEGER };

    if (!decimal_from_text(value->text.text, value->text.length, WHOLE_DIGITS, 0, &whole.integer))
        return fail(value, "it is too large", err);
    *out = whole;
    return lag_integer(out, &whole, lag, upward, err);
}

enum spile_status lag_apply(struct cursor *out, struct text *memory, const struct cursor *value, const struct cursor *initial, double lag, bool upward,
                            struct spile_error *err)
{
    *out = *value;
    switch (value->kind) {
    case CURSOR_INTEGER:
        return lag_integer(out, value, lag, upward, err);
    case CURSOR_DOUBLE:
        out->real += upward ? lag : -lag;
        return isfinite(out->real) ? SPILE_OK : fail(value, "it would be too large", err);
    case CURSOR_TEXT:
        return lag_text(out, memory, value, initial, lag, upward, err);
    case CURSOR_NONE:
        return SPILE_OK;
    case CURSOR_NUMBER:
        return lag_digits(out, value, lag, upward, err);
    case CURSOR_TIMESTAMP:
        return lag_timestamp(out, memory, value, lag, upward, err);
    case CURSOR_DATE:
        return lag_date(out, memory, value, initial, lag, upward, err);
    case CURSOR_DECIMAL:
    case CURSOR_TIME:
    case CURSOR_BINARY:
    case CURSOR_OTHER:
        break;
    }
    return fail(value, "its type has none", err);
}

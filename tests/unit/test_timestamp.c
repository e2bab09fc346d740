/* Expected values are those of dlt 1.31 with pendulum 3.3 (is_iso_timestamp, coerce_value of text, pendulum.from_timestamp) and
 * of datetime.isoformat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/timestamp.h"

#define NONE INT64_MIN
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Microseconds, microseconds, days, microseconds of the day. */
static const struct {
    const char *in;
    int64_t detected, timestamp, date, time;
} texts[] = {
    /* accepted forms */
    { "2024-01-01", NONE, 1704067200000000, 19723, NONE },
    { "2024-01", NONE, 1704067200000000, 19723, NONE },
    { "2024", NONE, 1704067200000000, 19723, NONE },
    { "20240101", NONE, 1704067200000000, 19723, NONE },
    { "2024-W01-1", NONE, 1704067200000000, 19723, NONE },
    { "2024-W01", NONE, 1704067200000000, 19723, NONE },
    { "2024W011", NONE, 1704067200000000, 19723, NONE },
    { "2024W01", NONE, 1704067200000000, 19723, NONE },
    { "2024-001", NONE, 1704067200000000, 19723, NONE },
    { "2024001", NONE, 1704067200000000, 19723, NONE },
    { "2024-01-01T10", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01 10", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01T10:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01 10:00:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01T10:00:00Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01T10:00:00.123456789Z", 1704103200123456, 1704103200123456, 19723, NONE },
    { "2024-01-01T10:00:00.1Z", 1704103200100000, 1704103200100000, 19723, NONE },
    { "2024-01-01T10:00:00.000001", 1704103200000001, 1704103200000001, 19723, NONE },
    { "2024-01-01T10:00:00.0000009Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01T10:00:00,5Z", 1704103200500000, 1704103200500000, 19723, NONE },
    { "2024-01-01T10:00:00.1+0000", 1704103200100000, 1704103200100000, 19723, NONE },
    { "2024-01-01T10:00:00+01", 1704099600000000, 1704099600000000, 19723, NONE },
    { "2024-01-01T10:00:00+0100", 1704099600000000, 1704099600000000, 19723, NONE },
    { "2024-01-01T10:00:00+05:30", 1704083400000000, 1704083400000000, 19723, NONE },
    { "2024-01-01T10:00:00-00:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01T23:30:00-02:00", 1704159000000000, 1704159000000000, 19724, NONE },
    { "2024-01-01T00:30:00+02:00", 1704061800000000, 1704061800000000, 19722, NONE },
    { "2024-01-01T10:00+23:59", 1704016860000000, 1704016860000000, 19722, NONE },
    { "2024-01-01T10:00-23:59", 1704189540000000, 1704189540000000, 19724, NONE },
    { "2024-01-01T10:00+00:99", 1704097260000000, 1704097260000000, 19723, NONE },
    { "2024-01-01T10:00+05:", 1704085200000000, 1704085200000000, 19723, NONE },
    { "2024-01-01T10Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01-01T10+01", 1704099600000000, 1704099600000000, 19723, NONE },
    { "20240101T100000Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101T1000", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101T10", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101T10:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101T10:00Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101 1000", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101T100000.25+0130", 1704097800250000, 1704097800250000, 19723, NONE },
    { "2024-W01-1T10:00:00Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-W01T10", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-001T10:00:00Z", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024-01T10:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024001T10", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024W011T10", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024W01T1000", 1704103200000000, 1704103200000000, 19723, NONE },
    /* refused forms */
    { "2024-01-01T1000", NONE, NONE, NONE, NONE },
    { "2024-01-01T100000", NONE, NONE, NONE, NONE },
    { "20240101T10:00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T1:00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01t10:00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00:00z", NONE, NONE, NONE, NONE },
    { " 2024-01-01T10:00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00:00 ", NONE, NONE, NONE, NONE },
    { "2024-01-01  10:00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01 10:00:00 UTC", NONE, NONE, NONE, NONE },
    { "2024-01-01 10:00:00 +0000", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00:00+1", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00+05:3", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00+053", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00+05:30:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00+24:01", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00+99", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00ZZ", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00Z+01", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00:00.", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00:00.Z", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00.5", NONE, NONE, NONE, NONE },
    { "2024-01-01T10.5", NONE, NONE, NONE, NONE },
    { "2024-01-01T", NONE, NONE, NONE, NONE },
    { "2024-01-01 ", NONE, NONE, NONE, NONE },
    { "2024-01T", NONE, NONE, NONE, NONE },
    { "2024-01-01Z", NONE, NONE, NONE, NONE },
    { "2024-01-01TZ", NONE, NONE, NONE, NONE },
    { "2024-01-01x10:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:0", NONE, NONE, NONE, NONE },
    { "2024-01-01T1", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00:0", NONE, NONE, NONE, NONE },
    { "2024-01-01T-10:00", NONE, NONE, NONE, NONE },
    { "2024T10", NONE, NONE, NONE, NONE },
    { "202401T10", NONE, NONE, NONE, NONE },
    { "20240101T", NONE, NONE, NONE, NONE },
    { "20240101x", NONE, NONE, NONE, NONE },
    { "2024-01-01T10:00 Z", NONE, NONE, NONE, NONE },
    { "+2024-01-01", NONE, NONE, NONE, NONE },
    { "-2024-01-01", NONE, NONE, NONE, NONE },
    { "2024-1-1", NONE, NONE, NONE, NONE },
    { "2024-0101", NONE, NONE, NONE, NONE },
    { "2024-01-1", NONE, NONE, NONE, NONE },
    { "2024-01-", NONE, NONE, NONE, NONE },
    { "2024-", NONE, NONE, NONE, NONE },
    { "2024-W", NONE, NONE, NONE, NONE },
    { "2024-W1", NONE, NONE, NONE, NONE },
    { "2024-W011", NONE, NONE, NONE, NONE },
    { "2024W01-1", NONE, NONE, NONE, NONE },
    { "2024-01-01-01", NONE, NONE, NONE, NONE },
    /* calendar */
    { "2024-02-29T00:00:00Z", 1709164800000000, 1709164800000000, 19782, NONE },
    { "2023-02-29T00:00:00Z", NONE, NONE, NONE, NONE },
    { "1900-02-29T00:00", NONE, NONE, NONE, NONE },
    { "2000-02-29T00:00", 951782400000000, 951782400000000, 11016, NONE },
    { "2024-02-30T00:00", NONE, NONE, NONE, NONE },
    { "2024-04-31T00:00", NONE, NONE, NONE, NONE },
    { "2024-13-01T00:00", NONE, NONE, NONE, NONE },
    { "2024-00-01T00:00", NONE, NONE, NONE, NONE },
    { "2024-01-00T00:00", NONE, NONE, NONE, NONE },
    { "2024-01-32T00:00", NONE, NONE, NONE, NONE },
    { "0000-01-01T00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T24:00:00", NONE, NONE, NONE, NONE },
    { "2024-01-01T23:60", NONE, NONE, NONE, NONE },
    { "2024-01-01T23:59:60Z", NONE, NONE, NONE, NONE },
    { "2024-01-01T23:59:59.999999Z", 1704153599999999, 1704153599999999, 19723, NONE },
    { "2023-366", NONE, NONE, NONE, NONE },
    { "2024-366", NONE, 1735603200000000, 20088, NONE },
    { "2024-367", NONE, NONE, NONE, NONE },
    { "2024-000", NONE, NONE, NONE, NONE },
    { "2023-365T12", 1704024000000000, 1704024000000000, 19722, NONE },
    { "2024-W53", NONE, NONE, NONE, NONE },
    { "2020-W53-7", NONE, 1609632000000000, 18630, NONE },
    { "2024-W00", NONE, 1703462400000000, 19716, NONE },
    { "2024-W01-0", NONE, 1703980800000000, 19722, NONE },
    { "2024-W01-8", NONE, NONE, NONE, NONE },
    { "2020-W54", NONE, NONE, NONE, NONE },
    { "2021-W01-1", NONE, 1609718400000000, 18631, NONE },
    { "1999-W52-6", NONE, 946684800000000, 10957, NONE },
    { "9999-W52-5", NONE, 253402214400000000, 2932896, NONE },
    { "9999-W52-6", NONE, NONE, NONE, NONE },
    { "0001-W01-1", NONE, -62135596800000000, -719162, NONE },
    { "0001-01-01T00:00:00Z", -62135596800000000, -62135596800000000, -719162, NONE },
    { "0001-01-01T00:00:00+00:01", NONE, NONE, NONE, NONE },
    { "0001-01-01T00:00:00-00:01", -62135596740000000, -62135596740000000, -719162, NONE },
    { "9999-12-31T23:59:59.999999Z", 253402300799999999, 253402300799999999, 2932896, NONE },
    { "9999-12-31T23:59:59-00:01", NONE, NONE, NONE, NONE },
    { "9999-12-31T23:59:59+00:01", 253402300739000000, 253402300739000000, 2932896, NONE },
    { "1969-12-31T23:59:59.999999Z", -1, -1, -1, NONE },
    { "1970-01-01T00:00:00Z", 0, 0, 0, NONE },
    { "1969-12-31", NONE, -86400000000, -1, NONE },
    { "1600-03-01T00:00:00Z", -11670912000000000, -11670912000000000, -135080, NONE },
    /* the fallback */
    { "2024/01/01 10:00:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "2024:01:01 9:05", 1704099900000000, 1704099900000000, 19723, NONE },
    { "2024/01/01", NONE, 1704067200000000, 19723, NONE },
    { "2024/0101", NONE, 1704067200000000, 19723, NONE },
    { "202401/01", NONE, 1704067200000000, 19723, NONE },
    { "2024:01/01", NONE, 1704067200000000, 19723, NONE },
    { "2024/01/01 9:5:3", 1704099903000000, 1704099903000000, 19723, NONE },
    { "2024/01/01 9:05.5", 1704099900500000, 1704099900500000, 19723, NONE },
    { "2024/01/01 9:05:07,123456789", 1704099907123456, 1704099907123456, 19723, NONE },
    { "2024/01/01 9:05", 1704099900000000, 1704099900000000, 19723, NONE },
    { "2024/01/0110:30", 1704105000000000, 1704105000000000, 19723, NONE },
    { "2024/01/01 9:05:07.1234567890", NONE, NONE, NONE, NONE },
    { "2024/01/01 9:05:07%1", NONE, NONE, NONE, NONE },
    { "2024/01/01T10:00", NONE, NONE, NONE, NONE },
    { "2024/01/01  10:00", NONE, NONE, NONE, NONE },
    { "2024/01/01 10:", NONE, NONE, NONE, NONE },
    { "2024/01/01 10::5", NONE, NONE, NONE, NONE },
    { "2024/01/01 25:00", NONE, NONE, NONE, NONE },
    { "2024/13/01 10:00", NONE, NONE, NONE, NONE },
    { "2024/02/30", NONE, NONE, NONE, NONE },
    { "2024/01/01 10:00Z", NONE, NONE, NONE, NONE },
    { "20240101 10:00:00", 1704103200000000, 1704103200000000, 19723, NONE },
    { "20240101 9:05", 1704099900000000, 1704099900000000, 19723, NONE },
    { "2024 10:30", 1704105000000000, 1704105000000000, 19723, NONE },
    { "2024 1:2:3", 1704070923000000, 1704070923000000, 19723, NONE },
    { "202410:30", NONE, 1730246400000000, 20026, NONE },
    { "202410:30:15", 1704105015000000, 1704105015000000, 19723, NONE },
    { "202410:3", 1704103380000000, 1704103380000000, 19723, NONE },
    { "10101:30", -30294685800000000, -30294685800000000, -350633, NONE },
    { "2024:10:30", NONE, 1730246400000000, 20026, NONE },
    { "20241301 1:00", NONE, NONE, NONE, NONE },
    { "2024/1/1", NONE, NONE, NONE, NONE },
    { "2024-01/01", NONE, NONE, NONE, NONE },
    { "0000/01/01", NONE, NONE, NONE, NONE },
    { "0000 10:30", NONE, NONE, NONE, NONE },
    { "9999/12/31 23:59:59.999999", 253402300799999999, 253402300799999999, 2932896, NONE },
    /* times */
    { "10:00", NONE, NONE, NONE, 36000000000 },
    { "10:00:00", NONE, NONE, NONE, 36000000000 },
    { "10:00:00.5", NONE, NONE, NONE, 36000500000 },
    { "10:00:00,123456789", NONE, NONE, NONE, 36000123456 },
    { "T10", NONE, NONE, NONE, 36000000000 },
    { "T10:00", NONE, NONE, NONE, 36000000000 },
    { "T1000", NONE, NONE, NONE, 36000000000 },
    { "T100000", NONE, NONE, NONE, 36000000000 },
    { "T100000.5", NONE, NONE, NONE, 36000500000 },
    { "T10:00:00", NONE, NONE, NONE, NONE },
    { "T1", NONE, NONE, NONE, NONE },
    { "T101", NONE, NONE, NONE, NONE },
    { "10:00Z", NONE, NONE, NONE, 36000000000 },
    { "10:00+02:00", NONE, NONE, NONE, 28800000000 },
    { "01:02:03+02:00", NONE, NONE, NONE, 82923000000 },
    { "23:30-01:00", NONE, NONE, NONE, 1800000000 },
    { "10:00:00-0100", NONE, NONE, NONE, 39600000000 },
    { "T10Z", NONE, NONE, NONE, 36000000000 },
    { "T1000+0100", NONE, NONE, NONE, 32400000000 },
    { "9:05", NONE, NONE, NONE, 32700000000 },
    { "9:5:3", NONE, NONE, NONE, 32703000000 },
    { " 9:05", NONE, NONE, NONE, 32700000000 },
    { "1:2:3.75", NONE, NONE, NONE, 3723750000 },
    { "10:", NONE, NONE, NONE, NONE },
    { "10:0", NONE, NONE, NONE, 36000000000 },
    { "10:00:0", NONE, NONE, NONE, 36000000000 },
    { "10:00:000", NONE, NONE, NONE, NONE },
    { "24:00", NONE, NONE, NONE, NONE },
    { "10:60", NONE, NONE, NONE, NONE },
    { "10:00:60", NONE, NONE, NONE, NONE },
    { "10:00+24:01", NONE, NONE, NONE, NONE },
    { ":30", NONE, NONE, NONE, NONE },
    { "T", NONE, NONE, NONE, NONE },
    /* numbers */
    { "10", NONE, 10000000, 0, NONE },
    { "123456", NONE, 123456000000, 1, NONE },
    { "202401", NONE, 202401000000, 2, NONE },
    { "12345678", NONE, 12345678000000, 142, NONE },
    { "1700000000", NONE, 1700000000000000, 19675, NONE },
    { "1700000000.5", NONE, 1700000000500000, 19675, NONE },
    { "1.5", NONE, 1500000, 0, NONE },
    { "-1", NONE, -1000000, -1, NONE },
    { "1e3", NONE, 1000000000, 0, NONE },
    { ".5", NONE, 500000, 0, NONE },
    { "5.", NONE, 5000000, 0, NONE },
    { " 5 ", NONE, 5000000, 0, NONE },
    { "1_000", NONE, 1000000000, 0, NONE },
    { "0x10", NONE, NONE, NONE, NONE },
    { "1e400", NONE, NONE, NONE, NONE },
    { "nan", NONE, NONE, NONE, NONE },
    { "inf", NONE, NONE, NONE, NONE },
    { "20240101100000", NONE, NONE, NONE, NONE },
    { "253402300799", NONE, 253402300799000000, 2932896, NONE },
    { "253402300800", NONE, NONE, NONE, NONE },
    { "-62135596800", NONE, -62135596800000000, -719162, NONE },
    { "-62135596801", NONE, NONE, NONE, NONE },
    { "0.0000005", NONE, 0, 0, NONE },
    { "0.0000015", NONE, 2, 0, NONE },
    { "1700000000.0000005", NONE, 1700000000000000, 19675, NONE },
    { "-0.0000015", NONE, -2, -1, NONE },
    { "1e18", NONE, NONE, NONE, NONE },
    { "9223372036854775807", NONE, NONE, NONE, NONE },
    { "-1.5", NONE, -1500000, -1, NONE },
    { "+5", NONE, 5000000, 0, NONE },
    { "1,5", NONE, NONE, NONE, NONE },
    { "12345", NONE, 12345000000, 0, NONE },
    { "1234567", NONE, 1234567000000, 14, NONE },
    { "20241301", NONE, 20241301000000, 234, NONE },
    /* others */
    { "", NONE, NONE, NONE, NONE },
    { "P1D", NONE, NONE, NONE, NONE },
    { "P", NONE, NONE, NONE, NONE },
    { "1/2", NONE, NONE, NONE, NONE },
    { "2024-01-01/2024-01-02", NONE, NONE, NONE, NONE },
    { "text", NONE, NONE, NONE, NONE },
    { "Z", NONE, NONE, NONE, NONE },
    { "W01", NONE, NONE, NONE, NONE },
    { "12", NONE, 12000000, 0, NONE },
    { "\xC3\xA9", NONE, NONE, NONE, NONE },
    { "12:ab", NONE, NONE, NONE, NONE },
    { "2024-01-01\xC3\xA9", NONE, NONE, NONE, NONE },
};

/* A copy that ends where the text ends, so that the sanitizer sees a read behind it. */
static char *exact_copy(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length ? length : 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static void check(const char *what, const char *in, int64_t got, int64_t want)
{
    if (got != want)
        fail_msg("%s \"%s\": got %" PRId64 ", want %" PRId64 " (%" PRId64 " is none)", what, in, got, want, NONE);
}

static void check_text(const char *in, int64_t detected, int64_t timestamp, int64_t date, int64_t time)
{
    size_t length = strlen(in);
    char *copy = exact_copy(in);
    int64_t micros;
    int32_t days;

    check("detect", in, timestamp_detect(copy, length, &micros) ? micros : NONE, detected);
    check("timestamp", in, timestamp_from_text(copy, length, &micros) ? micros : NONE, timestamp);
    check("date", in, date_from_text(copy, length, &days) ? days : NONE, date);
    check("time", in, time_from_text(copy, length, &micros) ? micros : NONE, time);
    free(copy);
}

static void texts_as_in_dlt(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        check_text(texts[i].in, texts[i].detected, texts[i].timestamp, texts[i].date, texts[i].time);
}

/* Where we differ on purpose: an offset of 24 hours, which dlt detects and then fails on; digits of other scripts; and an
 * accident of CPython 3.11's date.fromisoformat, which takes ten characters of which the last are no date. */
static void texts_not_as_in_dlt(void **state)
{
    static const char *const refused[] = {
        "2024-01-01T10:00+24:00", "2024-01-01T10:00-24", "2024-01-01T10:00+23:60", "20240101 2", "20241030:1",
        "\xEF\xBC\x92\xEF\xBC\x90\xEF\xBC\x92\xEF\xBC\x94/01/01 10:00", "2024/01/01 10:0\xD9\xA3", "10:00+24:00",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        check_text(refused[i], NONE, NONE, NONE, NONE);
}

/* A zero byte is no end of a text. */
static void zero_bytes(void **state)
{
    int64_t micros;

    (void)state;
    assert_false(timestamp_detect("2024-01-01T10:00:00\0Z", 21, &micros));
    assert_false(timestamp_detect("2024-01-01T10:00\0", 17, &micros));
    assert_false(timestamp_from_text("2024-01-01\0", 11, &micros));
    assert_false(timestamp_from_text("5\0", 2, &micros));
    assert_false(timestamp_detect(NULL, 0, &micros));
}

static void numbers(void **state)
{
    static const struct {
        double in;
        int64_t want;
    } cases[] = {
        { 0.0, 0 },
        { -0.0, 0 },
        { 1.5, 1500000 },
        { -1.5, -1500000 },
        { 1e-06, 1 },
        { 5e-07, 0 },
        { 1.5e-06, 2 },
        { 2.5e-06, 2 },
        { -5e-07, 0 },
        { -1.5e-06, -2 },
        { 1700000000.123456, 1700000000123456 },
        { 1700000000.1234565, 1700000000123456 },
        { 1700000001.0, 1700000001000000 },
        { 0.9999996, 1000000 },
        { 1.9999999, 2000000 },
        { -0.9999996, -1000000 },
        { 4294967296.5, 4294967296500000 },
        { 253402300799.0, 253402300799000000 },
        { 253402300799.9999, 253402300799999908 },
        { 253402300799.99997, 253402300799999969 },
        { 253402300800.0, NONE },
        { -62135596800.0, -62135596800000000 },
        { -62135596800.5, NONE },
        { -62135596800.0001, NONE },
        { 1e+18, NONE },
        { -1e+18, NONE },
        { 1e+300, NONE },
    };
    char text[64];
    int64_t micros;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof(text), "%.17g", cases[i].in);
        check("double", text, timestamp_from_double(cases[i].in, &micros) ? micros : NONE, cases[i].want);
    }
    assert_false(timestamp_from_double((double)NAN, &micros));
    assert_false(timestamp_from_double((double)INFINITY, &micros));
    assert_false(timestamp_from_double((double)-INFINITY, &micros));
}

static void integers(void **state)
{
    static const struct {
        const char *what;
        int64_t in, want;
    } cases[] = {
        { "zero", 0, 0 },
        { "negative", -1, -1000000 },
        { "first second", -62135596800, -62135596800000000 },
        { "before the first", -62135596801, NONE },
        { "last second", 253402300799, 253402300799000000 },
        { "behind the last", 253402300800, NONE },
        { "largest", INT64_MAX, NONE },
        { "smallest", INT64_MIN, NONE },
    };
    int64_t micros;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check("integer", cases[i].what, timestamp_from_integer(cases[i].in, &micros) ? micros : NONE, cases[i].want);
}

static void formats(void **state)
{
    static const struct {
        int64_t micros;
        const char *timestamp, *date, *time;
    } cases[] = {
        { 0, "1970-01-01T00:00:00+00:00", "1970-01-01", "00:00:00" },
        { 1704103200000000, "2024-01-01T10:00:00+00:00", "2024-01-01", "10:00:00" },
        { 1704103200123456, "2024-01-01T10:00:00.123456+00:00", "2024-01-01", "10:00:00.123456" },
        { 1709251199000001, "2024-02-29T23:59:59.000001+00:00", "2024-02-29", "23:59:59.000001" },
        { -1, "1969-12-31T23:59:59.999999+00:00", "1969-12-31", "23:59:59.999999" },
        { -62135596800000000, "0001-01-01T00:00:00+00:00", "0001-01-01", "00:00:00" },
        { 253402300799999999, "9999-12-31T23:59:59.999999+00:00", "9999-12-31", "23:59:59.999999" },
        { -11670955200000000, "1600-02-29T12:00:00+00:00", "1600-02-29", "12:00:00" },
        { 951868800000000, "2000-03-01T00:00:00+00:00", "2000-03-01", "00:00:00" },
        { 4133894400500000, "2100-12-31T00:00:00.500000+00:00", "2100-12-31", "00:00:00.500000" },
    };
    const int64_t day = INT64_C(86400000000);
    char out[TIMESTAMP_CHARS];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t time = (cases[i].micros % day + day) % day;

        assert_int_equal(timestamp_format(cases[i].micros, out), strlen(cases[i].timestamp));
        assert_string_equal(out, cases[i].timestamp);
        assert_int_equal(date_format((int32_t)((cases[i].micros - time) / day), out), strlen(cases[i].date));
        assert_string_equal(out, cases[i].date);
        assert_int_equal(time_format(time, out), strlen(cases[i].time));
        assert_string_equal(out, cases[i].time);
    }
}

#define BAD INT64_MIN

/* Timestamps that keep their zone: the clock, its offset, and Python's isoformat() of it. */
static void zones_are_kept(void **state)
{
    static const struct {
        const char *in;
        int64_t clock;
        int offset;
        const char *out; /* NULL: the same */
    } cases[] = {
        { "2024-01-01T10:00:00+00:00", 1704103200000000, 0, NULL },
        { "2024-01-01T10:00:00Z", 1704103200000000, 0, "2024-01-01T10:00:00+00:00" },
        { "2024-01-01T10:00:00.123456-05:30", 1704103200123456, -19800, NULL },
        { "2024-01-01 10:00:00.5+0130", 1704103200500000, 5400, "2024-01-01T10:00:00.500000+01:30" },
        { "1893-04-01T00:00:00+00:53:28", -2422051200000000, 3208, NULL },
        { "1893-04-01T00:00:00.000001-00:53:28", -2422051199999999, -3208, NULL },
        { "0001-01-01T00:00:00+23:59", -62135596800000000, 86340, NULL },
        { "9999-12-31T23:59:59.999999-23:59", 253402300799999999, -86340, NULL },
        { "1893-04-01T00:00:00+00:53:60", BAD, 0, NULL },
        { "1893-04-01T00:00:00+00:53:2x", BAD, 0, NULL },
        { "1893-04-01T00:00:00+24:00", BAD, 0, NULL },
        { "2024-02-30T00:00:00", BAD, 0, NULL },
        { "10:00:00", BAD, 0, NULL },
        { "1704103200", BAD, 0, NULL },
        { "", BAD, 0, NULL },
    };
    static const char *const naive[] = { "2024-01-01T10:00:00", "2024-01-01T10:00:00.000001", "0001-01-01T00:00:00" };
    struct timestamp timestamp;
    char out[TIMESTAMP_CHARS];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *want = cases[i].out ? cases[i].out : cases[i].in;
        bool found = timestamp_read(cases[i].in, strlen(cases[i].in), &timestamp);

        if (found != (cases[i].clock != BAD))
            fail_msg("\"%s\": %sread", cases[i].in, found ? "" : "not ");
        if (!found)
            continue;
        if (timestamp.clock != cases[i].clock || timestamp.offset != cases[i].offset || !timestamp.is_aware)
            fail_msg("\"%s\": got %lld, %d", cases[i].in, (long long)timestamp.clock, timestamp.offset);
        assert_int_equal(timestamp_write(&timestamp, out), strlen(want));
        assert_string_equal(out, want);
    }
    for (size_t i = 0; i < COUNT(naive); i++) {
        assert_true(timestamp_read(naive[i], strlen(naive[i]), &timestamp) && !timestamp.is_aware && !timestamp.offset);
        timestamp_write(&timestamp, out);
        assert_string_equal(out, naive[i]);
    }
    assert_true(timestamp_read("2024-01-01", 10, &timestamp) && !timestamp.is_aware && timestamp.clock == 1704067200000000);
}

/* What lies outside of the years 1 to 9999 has no agreed text, but must fit. */
static void formats_of_extremes_fit(void **state)
{
    char out[TIMESTAMP_CHARS];

    (void)state;
    assert_true(timestamp_format(INT64_MAX, out) < TIMESTAMP_CHARS);
    assert_string_equal(out, "294247-01-10T04:00:54.775807+00:00"); /* numpy.datetime64(2**63 - 1, "us") */
    assert_true(timestamp_format(INT64_MIN, out) < TIMESTAMP_CHARS);
    assert_true(date_format(INT32_MAX, out) < TIMESTAMP_CHARS);
    assert_true(date_format(INT32_MIN, out) < TIMESTAMP_CHARS);
}

/* Every day of the years 1 to 9999, one after another, each read back as the day it was written from. */
static void every_day_reads_back(void **state)
{
    char out[TIMESTAMP_CHARS], before[TIMESTAMP_CHARS] = "";
    int32_t days;

    (void)state;
    for (int32_t day = -719162; day <= 2932896; day++) {
        size_t length = date_format(day, out);

        if (length != 10 || strcmp(before, out) >= 0 || !date_from_text(out, length, &days) || days != day)
            fail_msg("day %d: \"%s\" behind \"%s\"", day, out, before);
        memcpy(before, out, sizeof(before));
    }
    assert_string_equal(out, "9999-12-31");
}

/* dlt's is_iso_date. */
static void dates_are_detected(void **state)
{
    static const struct {
        const char *in;
        bool is_date;
    } cases[] = {
        { "2024-01-01", true }, { "2024-02-29", true }, { "2023-02-29", false }, { "2024-13-01", false }, { "2024-00-10", false },
        { "2024-01-32", false }, { "2024-1-1", false }, { "2024-1", false }, { "2024-01", true }, { "2024", true }, { "20240101", true },
        { "202401", false }, { "2024001", true }, { "2024-001", true }, { "2024-366", true }, { "2023-366", false },
        { "2024-W01-1", true }, { "2024W011", true }, { "2024-W01", true }, { "2024W01", true }, { "2024-W53-1", false },
        { "2020-W53-7", true }, { "2024-W1-1", false }, { "2024-W01-8", false }, { "2024-01-01T10:00:00", false },
        { "2024-01-01 10:00", false }, { "2024-01-01T10", false }, { "2024-01-01T", false }, { "2024-01-01Z", false },
        { "2024-01-01+01:00", false }, { " 2024-01-01", false }, { "2024-01-01 ", false }, { "2024/01/01", true }, { "2024/1/1", false },
        { "2024/01", false }, { "2024:01:01", true }, { "2024.01.01", false }, { "01/02/2024", false }, { "01-02-2024", false },
        { "10:00", false }, { "10:00:00", false }, { "T10:00", false }, { "1700000000", false }, { "123456", false },
        { "12345678", false }, { "99999999", false }, { "1", false }, { "12", false }, { "x", false }, { "", false }, { "P1D", false },
        { "2024-01-01/2024-01-02", false }, { "0001-01-01", true }, { "9999-12-31", true }, { "10000-01-01", false },
        { "-2024-01-01", false }, { "+2024-01-01", false }, { "2024-01-01T00:00:00Z", false }, { "24-01-01", false },
        { "2024-01-01x", false }, { "２０２４-01-01", false }, { "now", false }, { "today", false }, { "2024-01-1", false },
        { "2024-1-01", false }, { "202401011", false }, { "1.5", false }, { "1e5", false }, { "2024-0101", false },
        { "202401-01", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].in);
        char *copy = malloc(length ? length : 1); /* the sanitizer sees a read behind it */

        assert_non_null(copy);
        memcpy(copy, cases[i].in, length);
        if (date_detect(copy, length) != cases[i].is_date)
            fail_msg("\"%s\": want %d", cases[i].in, cases[i].is_date);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_as_in_dlt),         cmocka_unit_test(texts_not_as_in_dlt), cmocka_unit_test(zero_bytes),
        cmocka_unit_test(numbers),                 cmocka_unit_test(integers),            cmocka_unit_test(formats),
        cmocka_unit_test(formats_of_extremes_fit), cmocka_unit_test(every_day_reads_back),
        cmocka_unit_test(dates_are_detected),      cmocka_unit_test(zones_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Expected values are Python's: hashlib.shake_128 and base64 of 3.11; the ids of documents were read from dlt's tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

/* Message number n: n bytes, byte i is (7 * i + n) modulo 256. On the heap and exact, so that the sanitizer sees a read behind
 * it. */
static struct slice message_new(size_t length)
{
    char *bytes = malloc(length ? length : 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(uint8_t)(7 * i + length);
    return (struct slice){ bytes, length };
}

static void message_free(struct slice message)
{
    free((void *)(uintptr_t)message.text);
}

static void hex(const uint8_t *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < length; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
}

static void digests(void **state)
{
    static const char of_nothing[] =
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eac"
        "fa66ef263cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a363"
        "9ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58"
        "d974918835d25e6a435085b2badfd6dfaac359a5efbb7bcc4b59d538"
        "df9a04302e10c8bc1cbf1a0b3a5120ea17cda7cfad765f5623474d36"
        "8ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9";
    uint8_t digest[168];
    char got[2 * sizeof(digest) + 1];

    (void)state;
    shake128("", 0, digest, sizeof(digest));
    hex(digest, sizeof(digest), got);
    assert_string_equal(got, of_nothing);
    shake128("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 100, digest, 4);
    hex(digest, 4, got);
    assert_string_equal(got, "572c4980");
}

static void ids_of_documents(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "{\"b\":\"x\",\"id\":1}", "NERjR2NVtHIbDA" },
        { "{\"b\":\"x\",\"id\":\"1\"}", "JMfp/ZqTRCnrXA" },
        { "{\"B\":\"x\",\"a\":1,\"l\":[1,{\"z\":2}],\"n\":null}", "W0PLo6UzBOOg+A" },
        { "{\"B\":\"x\",\"a\":1,\"l\":[1,{\"z\":2}],\"n\":null,\"ts\":\"\xEF\x80\xA7" "2024-01-01T00:00:00\"}", "Nb1vw26bRO3y9Q" },
        { "lmeDkS0mIwDnrA_t__tup_0", "pn9oXFfVOSiYFQ" },
    };
    struct slice inputs[5];
    char ids[5][ROW_ID_CHARS];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        inputs[i] = slice_of(cases[i].in);
    row_ids_hash(inputs, 5, ids);
    for (size_t i = 0; i < 5; i++) {
        if (memcmp(ids[i], cases[i].want, ROW_ID_CHARS) != 0)
            fail_msg("%s: got %.14s, want %s", cases[i].in, ids[i], cases[i].want);
    }
}

static void ids_by_length(void **state)
{
    static const struct {
        size_t length;
        const char *want;
    } cases[] = {
        { 0, "f5wrpOiPgn1hYA" },
        { 1, "RLm0javplHDKuw" },
        { 7, "TeFlfapwfv4p/g" },
        { 8, "PTMJ8SjN7r9yRw" },
        { 9, "iJwVCaDpvhNETQ" },
        { 15, "X3OA1wPBeiZ1AQ" },
        { 16, "pP9wFw7sh8eLnA" },
        { 31, "g6mmrJJH5Wfcig" },
        { 55, "wjDKbhldxJgFFw" },
        { 56, "KEyQtdnPc592Ow" },
        { 63, "onryb20WzJS75A" },
        { 64, "E8OdpbskoXVsyw" },
        { 135, "N9qOtOsbdJZ/xQ" },
        { 136, "qg2nJtGE7IEaZQ" },
        { 159, "Cav93sLrVS6rDA" },
        { 160, "vwDcmh6vZJk3LA" },
        { 161, "AV47HrhYXehPzA" },
        { 166, "Vw5fsFdgluGtrg" },
        { 167, "psI2znmbWp3JOw" },
        { 168, "pIcFYAUB2G9HrQ" },
        { 169, "9uultPzLL29Nlw" },
        { 175, "/EwRzZw9gBzAyQ" },
        { 176, "ql2WB+ipoys9Hg" },
        { 335, "kTew9XvprOS8TQ" },
        { 336, "dWEMbmJm5CY8Uw" },
        { 337, "IvF6D15RJYQpog" },
        { 400, "+7XWw6emEXxEww" },
        { 1000, "mcjMEJTo52M5fA" },
    };
    enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
    struct slice inputs[COUNT];
    char ids[COUNT][ROW_ID_CHARS];

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        inputs[i] = message_new(cases[i].length);
    for (size_t width = 1; width <= 8; width++) {
        memset(ids, 0, sizeof(ids));
        if (!row_ids_hash_by(width, inputs, COUNT, ids))
            continue;
        for (size_t i = 0; i < COUNT; i++) {
            if (memcmp(ids[i], cases[i].want, ROW_ID_CHARS) != 0)
                fail_msg("%zu bytes, width %zu: got %.14s, want %s", cases[i].length, width, ids[i], cases[i].want);
        }
    }
    for (size_t i = 0; i < COUNT; i++)
        message_free(inputs[i]);
}

/* All lengths from 0 to 600, some of them in several blocks; the ids joined are hashed again, to compare them with one value. */
static void ids_of_all_lengths(void **state)
{
    enum { COUNT = 601 };
    static struct slice inputs[COUNT];
    static char ids[COUNT][ROW_ID_CHARS];
    uint8_t digest[16];
    char got[2 * sizeof(digest) + 1];

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        inputs[i] = message_new(i);
    row_ids_hash(inputs, COUNT, ids);
    shake128(ids, sizeof(ids), digest, sizeof(digest));
    hex(digest, sizeof(digest), got);
    assert_string_equal(got, "8f1efe9dca92d8b148fa08796b63f4df");
    for (size_t i = 0; i < COUNT; i++)
        message_free(inputs[i]);
}

/* However many are hashed at once, each gets the id it gets alone, and nothing behind the last is touched. */
static void ids_of_any_count(void **state)
{
    enum { MOST = 40 };
    struct slice inputs[MOST];
    char alone[MOST][ROW_ID_CHARS], ids[MOST + 1][ROW_ID_CHARS];

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        inputs[i] = message_new(i % 3 == 1 ? 40 * i : 20 + i);
        row_ids_hash(&inputs[i], 1, &alone[i]);
    }
    for (size_t width = 1; width <= 8; width++) {
        for (size_t count = 0; count <= MOST; count++) {
            memset(ids, '#', sizeof(ids));
            if (!row_ids_hash_by(width, inputs, count, ids))
                continue;
            assert_memory_equal(ids, alone, count * ROW_ID_CHARS);
            assert_memory_equal(ids[count], "##############", ROW_ID_CHARS);
        }
    }
    for (size_t i = 0; i < MOST; i++)
        message_free(inputs[i]);
}

static void widths(void **state)
{
    char id[1][ROW_ID_CHARS];
    struct slice input = slice_of("x");

    (void)state;
    assert_true(row_ids_hash_by(1, &input, 1, id));
    assert_false(row_ids_hash_by(0, &input, 1, id));
    assert_false(row_ids_hash_by(2, &input, 1, id));
    assert_false(row_ids_hash_by(16, &input, 1, id));
}

static void base64(void **state)
{
    static const struct {
        const char *text, *bytes;
        size_t length;
    } cases[] = {
        { "", "", 0 },
        { "Zg==", "f", 1 },
        { "Zm8=", "fo", 2 },
        { "Zm9v", "foo", 3 },
        { "Zm9vYg==", "foob", 4 },
        { "Zm9vYmFy", "foobar", 6 },
        { "+/+/", "\xFB\xFF\xBF", 3 },
        { "AAECAwQFBgc=", "\0\1\2\3\4\5\6\7", 8 },
    };
    char text[64];
    uint8_t bytes[64];
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        length = base64_encode(cases[i].bytes, cases[i].length, text);
        if (strcmp(text, cases[i].text) != 0 || length != strlen(text) || length + 1 != base64_size(cases[i].length))
            fail_msg("encode: got \"%s\", want \"%s\"", text, cases[i].text);
        length = 99;
        if (!base64_decode(cases[i].text, strlen(cases[i].text), bytes, &length) || length != cases[i].length ||
            memcmp(bytes, cases[i].bytes, length) != 0)
            fail_msg("decode \"%s\": got %zu bytes, want %zu", cases[i].text, length, cases[i].length);
    }
}

/* As base64.b64decode(text, validate=True), but for "Zm9v====", which Python takes. */
static void base64_refused(void **state)
{
    static const char *const cases[] = { "Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zm9vYg==Zg==", "Zm 9", " Zm9", "Zm9\n",
                                         "Zm-_", "Zg==Zm9v", "AB=C", "A=BC", "Zm9v====", "Zm\xC3\xA9" };
    uint8_t bytes[64];
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (base64_decode(cases[i], strlen(cases[i]), bytes, &length))
            fail_msg("\"%s\" was taken", cases[i]);
    }
    assert_false(base64_decode("AAA\0", 4, bytes, &length));
    assert_true(base64_decode("Zh==", 4, bytes, &length)); /* bits left over, as Python */
}

static void row_id_is_base64(void **state)
{
    static const uint8_t bytes[ROW_ID_BYTES] = { 0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0xFB, 0xEF, 0xBE, 0xFF };
    char id[ROW_ID_CHARS], text[base64_size(ROW_ID_BYTES)];

    (void)state;
    row_id_encode(bytes, id);
    assert_memory_equal(id, "ABCDEFGH++++/w", ROW_ID_CHARS);
    base64_encode(bytes, sizeof(bytes), text);
    assert_memory_equal(text, id, ROW_ID_CHARS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),          cmocka_unit_test(ids_of_documents), cmocka_unit_test(ids_by_length),
        cmocka_unit_test(ids_of_all_lengths), cmocka_unit_test(ids_of_any_count), cmocka_unit_test(widths),
        cmocka_unit_test(base64),           cmocka_unit_test(base64_refused),   cmocka_unit_test(row_id_is_base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

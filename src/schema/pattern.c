#include "schema/pattern.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "schema/naming.h"

#define REGEX_PREFIX "re:"
#define SCHEMA_NAME_CHARS 64

/* Enough for any name, and far from what a hostile expression could burn on one. */
#define MATCH_LIMIT 1000000u

/* ---- regular expressions ------------------------------------------------------------------------------------------------------ */

static pcre2_code *compile(struct slice expression, uint32_t options, int *code, size_t *offset)
{
    return pcre2_compile((PCRE2_SPTR)expression.text, expression.length, options | PCRE2_UTF | PCRE2_UCP, code, offset, NULL);
}

/* \uXXXX is in Python a character, as in JavaScript. */
enum spile_status pattern_compile(struct pattern *out, struct slice text, struct spile_error *err)
{
    size_t prefix = strlen(REGEX_PREFIX), offset = 0;
    struct slice expression = { text.text + prefix, text.length - prefix };
    int code = 0;
    PCRE2_UCHAR reason[128] = "";
    char extract[SHORTEN_BYTES];

    *out = (struct pattern){ .name = text };
    if (text.length < prefix || memcmp(text.text, REGEX_PREFIX, prefix))
        return SPILE_OK;
    out->regex = compile(expression, PCRE2_ALT_BSUX, &code, &offset);
    if (out->regex)
        return SPILE_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return spile_fail_nomem(err);
    pcre2_get_error_message(code, reason, sizeof(reason));
    spile_fail(err, SPILE_CONFIG, "the regular expression \"%s\" does not compile: %s, at character %zu",
               shorten(extract, expression.text, expression.length), (const char *)reason, utf8_count(expression.text, offset) + 1);
    return spile_hint(err, SPILE_CONFIG, "correct it, or write a name without \"" REGEX_PREFIX "\"");
}

void pattern_release(struct pattern *pattern)
{
    pcre2_code_free(pattern->regex);
    pattern->regex = NULL;
}

bool pattern_matches(const struct pattern *pattern, struct slice name)
{
    pcre2_match_data *data;
    pcre2_match_context *context;
    int found = PCRE2_ERROR_NOMATCH;

    if (!pattern->regex)
        return slice_equal(pattern->name, name);
    data = pcre2_match_data_create(1, NULL);
    context = pcre2_match_context_create(NULL);
    if (data && context && !pcre2_set_match_limit(context, MATCH_LIMIT))
        found = pcre2_match(pattern->regex, (PCRE2_SPTR)name.text, name.length, 0, 0, data, context);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    return found >= 0;
}

static bool begins_like_name(struct slice name)
{
    char first = name.length ? ascii_lower(name.text[0]) : '_';
    uint32_t character;

    return (first >= 'a' && first <= 'z') || first == '_' ||
           (utf8_decode(name.text, name.length, &character) > 0 && is_decimal_digit(character));
}

enum spile_status pattern_check(struct slice text, bool any_name, struct spile_error *err)
{
    struct pattern pattern;
    enum spile_status status = pattern_compile(&pattern, text, err);
    bool is_expression = pattern.regex;
    char extract[SHORTEN_BYTES];

    pattern_release(&pattern);
    if (status || is_expression || any_name || begins_like_name(text))
        return status;
    spile_fail(err, SPILE_CONFIG, "\"%s\" looks like a regular expression", shorten(extract, text.text, text.length));
    return spile_hint(err, SPILE_CONFIG, "write \"" REGEX_PREFIX "\" before it");
}

/* ---- identifiers ---------------------------------------------------------------------------------------------------------------- */

/* Python goes by the properties XID_Start and XID_Continue: letters, marks and digits by their categories, but for these (Unicode 14). */
#define NOT_AT_ALL \
    "\\x{37A}\\x{2E2F}\\x{FC5E}-\\x{FC63}\\x{FDFA}\\x{FDFB}\\x{FE70}\\x{FE72}\\x{FE74}\\x{FE76}\\x{FE78}\\x{FE7A}\\x{FE7C}\\x{FE7E}"
#define NOT_FIRST NOT_AT_ALL "\\x{E33}\\x{EB3}\\x{FF9E}\\x{FF9F}"
#define ALSO_FIRST "\\x{1885}\\x{1886}\\x{2118}\\x{212E}"
#define ALSO_LATER "\\x{B7}\\x{387}\\x{1369}-\\x{1371}\\x{19DA}\\x{2118}\\x{212E}"

static const char identifier[] = "\\A(?![" NOT_FIRST "])[\\p{L}\\p{Nl}_" ALSO_FIRST "]"
                                 "(?:(?![" NOT_AT_ALL "])[\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}" ALSO_LATER "])*+\\z";

static enum spile_status match_identifier(bool *matches, struct slice name, struct spile_error *err)
{
    size_t offset;
    int code, found = PCRE2_ERROR_NOMEMORY;
    pcre2_code *compiled = compile((struct slice){ identifier, sizeof(identifier) - 1 }, 0, &code, &offset);
    pcre2_match_data *match = compiled ? pcre2_match_data_create(1, NULL) : NULL;

    if (match)
        found = pcre2_match(compiled, (PCRE2_SPTR)name.text, name.length, 0, 0, match, NULL);
    pcre2_match_data_free(match);
    pcre2_code_free(compiled);
    *matches = found > 0;
    return found == PCRE2_ERROR_NOMEMORY ? spile_fail_nomem(err) : SPILE_OK;
}

enum spile_status schema_name_check(struct slice name, struct spile_error *err)
{
    bool is_valid = utf8_count(name.text, name.length) <= SCHEMA_NAME_CHARS;
    enum spile_status status = is_valid ? match_identifier(&is_valid, name, err) : SPILE_OK;
    char extract[SHORTEN_BYTES];

    if (status || is_valid)
        return status;
    spile_fail(err, SPILE_CONFIG, "\"%s\" cannot be the name of a schema", shorten(extract, name.text, name.length));
    return spile_hint(err, SPILE_CONFIG, "letters, digits and underscores, no digit first, at most %d characters", SCHEMA_NAME_CHARS);
}

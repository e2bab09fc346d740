/* Expected names are those of dlt 1.31 (NamingConvention of snake_case: normalize_identifier, normalize_path, shorten_fragments),
 * with "_empty" where dlt gives an empty name or an error. The names are the ones of dlt's documents, troublesome ones,
 * and random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schema/naming.h"

#define S(text) { text, sizeof(text) - 1 }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LONG 65536

/* In this order: name, as an identifier, as a path (NULL: the same). No limit comes into play. */
static const struct {
    struct slice in;
    const char *identifier, *path;
} names[] = {
    { S("camelCase"), "camel_case", NULL },
    { S("HTTPServer"), "http_server", NULL },
    { S("myURLParser"), "my_url_parser", NULL },
    { S("UserID2Name"), "user_id2_name", NULL },
    { S("A1B2"), "a1_b2", NULL },
    { S("ABc"), "a_bc", NULL },
    { S("1abc"), "_1abc", NULL },
    { S("__init__"), "_initxx", "init" },
    { S("a___b"), "a_b", "a___b" },
    { S("trail__"), "trailxx", "trail" },
    { S("_"), "x", NULL },
    { S("__"), "xx", "_empty" },
    { S("+"), "x", NULL },
    { S("*"), "x", NULL },
    { S("@"), "a", NULL },
    { S("|"), "l", NULL },
    { S("-"), "x", NULL },
    { S("me@home"), "meahome", NULL },
    { S("Small@Big"), "smalla_big", NULL },
    { S("a_%"), "axx", NULL },
    { S("na\xC3\xAFve"), "na_ve", NULL },
    { S("\xC3\xA9v\xC3\xA9nement"), "_v_nement", NULL },
    { S("\xC5\xBB\xC3\xB3\xC5\x82tyKot"), "_ty_kot", NULL },
    { S("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"), "x", NULL },
    { S("\xF0\x9F\x98\x80"), "x", NULL },
    { S("\xD9\xA3" "abc"), "_\xD9\xA3" "abc", NULL },
    { S("--x--"), "_xxx", NULL },
    { S("a\"b"), "a_b", NULL },
    { S("a'b"), "a_b", NULL },
    { S("amount"), "amount", NULL },
    { S("userId"), "user_id", NULL },
    { S("user_id"), "user_id", NULL },
    { S("UserId"), "user_id", NULL },
    { S("userID"), "user_id", NULL },
    { S("USERID"), "userid", NULL },
    { S("User_ID"), "user_id", NULL },
    { S("_id"), "_id", NULL },
    { S("Id"), "id", NULL },
    { S("iD"), "i_d", NULL },
    { S("id2"), "id2", NULL },
    { S("2id"), "_2id", NULL },
    { S("2"), "_2", NULL },
    { S("22"), "_22", NULL },
    { S("2_2"), "_2_2", NULL },
    { S("a.b"), "a_b", NULL },
    { S("a..b"), "a_b", NULL },
    { S("a$b"), "a_b", NULL },
    { S("$a"), "_a", NULL },
    { S("a$"), "ax", NULL },
    { S("a$$"), "ax", NULL },
    { S(".a"), "_a", NULL },
    { S("a."), "ax", NULL },
    { S("a/b"), "a_b", NULL },
    { S("a\\b"), "a_b", NULL },
    { S("#tag"), "_tag", NULL },
    { S("tag#"), "tagx", NULL },
    { S("<b>"), "_bx", NULL },
    { S("{x}"), "_xx", NULL },
    { S("[0]"), "_0x", NULL },
    { S("a[0].b"), "a_0_b", NULL },
    { S("x:y"), "x_y", NULL },
    { S("x;y"), "x_y", NULL },
    { S("a=b"), "a_b", NULL },
    { S("a&b"), "a_b", NULL },
    { S("a?b"), "a_b", NULL },
    { S("a!b"), "a_b", NULL },
    { S("~"), "x", NULL },
    { S("`"), "x", NULL },
    { S("^"), "x", NULL },
    { S("%"), "x", NULL },
    { S("__a"), "_a", "a" },
    { S("__a__"), "_axx", "a" },
    { S("___a"), "_a", NULL },
    { S("a___"), "axxx", "a__x" },
    { S("_a_"), "_ax", NULL },
    { S("a_"), "ax", NULL },
    { S("a__"), "axx", "a" },
    { S("_A"), "_a", NULL },
    { S("A_"), "ax", NULL },
    { S("_1"), "_1", NULL },
    { S("1_"), "_1x", NULL },
    { S("__1"), "_1", NULL },
    { S("AbC"), "ab_c", NULL },
    { S("aBC"), "a_bc", NULL },
    { S("aBc"), "a_bc", NULL },
    { S("aBcD"), "a_bc_d", NULL },
    { S("aBcDe"), "a_bc_de", NULL },
    { S("ABCDe"), "abc_de", NULL },
    { S("ABCd"), "ab_cd", NULL },
    { S("ABC"), "abc", NULL },
    { S("AbCdEfG"), "ab_cd_ef_g", NULL },
    { S("aB1C"), "a_b1_c", NULL },
    { S("a1B1"), "a1_b1", NULL },
    { S("A1"), "a1", NULL },
    { S("A1b"), "a1b", NULL },
    { S("A1B"), "a1_b", NULL },
    { S("1A"), "_1_a", NULL },
    { S("1Ab"), "_1_ab", NULL },
    { S("1AB"), "_1_ab", NULL },
    { S("1aB"), "_1a_b", NULL },
    { S("x1Y2Z3"), "x1_y2_z3", NULL },
    { S("HTTP2Server"), "http2_server", NULL },
    { S("IPv4Addr"), "i_pv4_addr", NULL },
    { S("getHTTPResponseCode"), "get_http_response_code", NULL },
    { S("eTag"), "e_tag", NULL },
    { S("iPhone"), "i_phone", NULL },
    { S("XMLHttpRequest"), "xml_http_request", NULL },
    { S("aAaAaA"), "a_aa_aa_a", NULL },
    { S("AAaaAA"), "a_aaa_aa", NULL },
    { S("aaAAaa"), "aa_a_aaa", NULL },
    { S("OAuth2Token"), "o_auth2_token", NULL },
    { S("GTCCode"), "gtc_code", NULL },
    { S("fooBar_Baz"), "foo_bar_baz", NULL },
    { S("Foo_Bar"), "foo_bar", NULL },
    { S("foo__Bar"), "foo_bar", "foo__bar" },
    { S("FOO_BAR"), "foo_bar", NULL },
    { S("FOO__bar"), "foo_bar", "foo__bar" },
    { S("a_B"), "a_b", NULL },
    { S("a_Bc"), "a_bc", NULL },
    { S("A_Bc"), "a_bc", NULL },
    { S("A_bC"), "a_b_c", NULL },
    { S("a-B"), "a_b", NULL },
    { S("a+B"), "ax_b", NULL },
    { S("a+b"), "axb", NULL },
    { S("a*b"), "axb", NULL },
    { S("C++"), "cxx", NULL },
    { S("C#"), "cx", NULL },
    { S("F#"), "fx", NULL },
    { S("a@b"), "aab", NULL },
    { S("a|b"), "alb", NULL },
    { S("|a|"), "lal", NULL },
    { S("@type"), "atype", NULL },
    { S("$ref"), "_ref", NULL },
    { S("xml:lang"), "xml_lang", NULL },
    { S("xmlns:dc"), "xmlns_dc", NULL },
    { S("+1"), "x1", NULL },
    { S("-1"), "_1", NULL },
    { S("1-1"), "_1_1", NULL },
    { S("1.5"), "_1_5", NULL },
    { S("1e5"), "_1e5", NULL },
    { S("-x-"), "_xx", NULL },
    { S("+x+"), "xxx", NULL },
    { S("*x*"), "xxx", NULL },
    { S("|x|"), "lxl", NULL },
    { S("_dlt_id"), "_dlt_id", NULL },
    { S("_dlt_load_id"), "_dlt_load_id", NULL },
    { S("_DltId"), "_dlt_id", NULL },
    { S("dlt"), "dlt", NULL },
    { S("__dlt"), "_dlt", "dlt" },
    { S("_empty"), "_empty", NULL },
    { S("value"), "value", NULL },
    { S("Value"), "value", NULL },
    { S("VALUE"), "value", NULL },
    { S("value_"), "valuex", NULL },
    { S("value__v_double"), "value_v_double", "value__v_double" },
    { S("a__b"), "a_b", "a__b" },
    { S("a__b__c"), "a_b_c", "a__b__c" },
    { S("a____b"), "a_b", "a__b" },
    { S("a_____b"), "a_b", "a___b" },
    { S("A__bB__1c"), "a_b_b_1c", "a__b_b___1c" },
    { S("a__1"), "a_1", "a___1" },
    { S("__lead"), "_lead", "lead" },
    { S("trail____"), "trailxxxx", "trail" },
    { S("a__B__"), "a_bxx", "a__b" },
    { S("a__$__b"), "a_b", "a__x__b" },
    { S("$__$"), "xxxx", "x__x" },
    { S("a__\xE6\x97\xA5\xE6\x9C\xAC"), "axxx", "a__x" },
    { S("\xE6\x97\xA5__\xE6\x9C\xAC"), "xxxx", "x__x" },
    { S("ID__ID"), "id_id", "id__id" },
    { S("idNumber__ID_Number"), "id_number_id_number", "id_number__id_number" },
    { S("\xC2\xB2x"), "_x", NULL },
    { S("x\xC2\xB2"), "xx", NULL },
    { S("\xE2\x85\xB7"), "x", NULL },
    { S("\xC3\x9F"), "x", NULL },
    { S("\xE1\xBA\x9E"), "x", NULL },
    { S("\xC4\xB0stanbul"), "_stanbul", NULL },
    { S("\xC7\x85"), "x", NULL },
    { S("\xC3\xA9"), "x", NULL },
    { S("\xC3\x89"), "x", NULL },
    { S("a\xC3\x89" "b"), "a_b", NULL },
    { S("A\xC3\x89" "B"), "a_b", NULL },
    { S("\xC3\x89" "a"), "_a", NULL },
    { S("\xC3\x89" "A"), "_a", NULL },
    { S("\xC3\x89" "Ab"), "_ab", NULL },
    { S("\xE0\xA5\xA7\xE0\xA5\xA8"), "_\xE0\xA5\xA7\xE0\xA5\xA8", NULL },
    { S("\xE0\xA5\xA7" "a"), "_\xE0\xA5\xA7" "a", NULL },
    { S("a\xE0\xA5\xA7"), "a\xE0\xA5\xA7", NULL },
    { S("a\xE0\xA5\xA7" "B"), "a\xE0\xA5\xA7" "b", NULL },
    { S("\xF0\x9D\x9F\x97\xF0\x9D\x9F\x97"), "_\xF0\x9D\x9F\x97\xF0\x9D\x9F\x97", NULL },
    { S("\xEF\xBC\x91\xEF\xBC\x92"), "_\xEF\xBC\x91\xEF\xBC\x92", NULL },
    { S("\xEF\xBC\x93" "Ab"), "_\xEF\xBC\x93_ab", NULL },
    { S("Ab\xEF\xBC\x93" "C"), "ab\xEF\xBC\x93" "c", NULL },
    { S("\xEF\xBD\x81\xEF\xBD\x82"), "x", NULL },
    { S("\xC3\x91" "and\xC3\xBA"), "_andx", NULL },
    { S("stra\xC3\x9F" "e"), "stra_e", NULL },
    { S("na\xC3\xAFveCaf\xC3\xA9"), "na_ve_cafx", NULL },
    { S("\xD0\x94\xD0\x94\xD0\xA1"), "x", NULL },
    { S("\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"), "x", NULL },
    { S("\xCE\xB1"), "x", NULL },
    { S("\xCE\x91\xCE\x92"), "x", NULL },
    { S("\xEF\xAC\x81"), "x", NULL },
    { S(" lead"), "lead", NULL },
    { S("\tx\n"), "x", NULL },
    { S("a b"), "a_b", NULL },
    { S("a  b"), "a_b", NULL },
    { S(" a b "), "a_b", NULL },
    { S("Column 1 (x)"), "column_1_xx", NULL },
    { S("First Name"), "first_name", NULL },
    { S("  "), "_empty", NULL },
    { S(""), "_empty", NULL },
    { S("\x1F" "a\x1C"), "a", NULL },
    { S("\xC2\xA0" "a\xE3\x80\x80"), "a", NULL },
    { S("a\xC2\xA0" "b"), "a_b", NULL },
    { S("\xE2\x80\x8B" "a"), "_a", NULL },
    { S("\xE2\x80\x83 __ \xE2\x80\x83"), "xx", "_empty" },
    { S("__ __a"), "_a", "a" },
    { S(" a__b "), "a_b", "a__b" },
    { S("a __ b"), "a_b", "a__b" },
    { S("a\x00" "b"), "a_b", NULL },
    { S("\x00"), "x", NULL },
    { S("\x7F"), "x", NULL },
    { S("a\tb\nc"), "a_b_c", NULL },
    { S("ID (new)"), "id_newx", NULL },
    { S("% of total"), "_of_total", NULL },
    { S("Total, $"), "totalx", NULL },
    { S("a (b) c"), "a_b_c", NULL },
    { S("Gr\xC3\xB6\xC3\x9F" "e (m\xC2\xB2)"), "gr_e_mx", NULL },
    { S("2024-01-01 10:00"), "_2024_01_01_10_00", NULL },
    { S("New York"), "new_york", NULL },
    { S("N/A"), "n_a", NULL },
    { S("?"), "x", NULL },
    { S("#"), "x", NULL },
    { S("\xC2\x85x\xE2\x80\xA8"), "x", NULL },
    { S("ThisIsMoreThan20Characters"), "this_is_more_than20_characters", NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      NULL },
    { S("xxxxxxxxxxxxxxxxxxxx"), "xxxxxxxxxxxxxxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxxx"), "xxxxxxxxxxxxxxxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxx_"), "xxxxxxxxxxxxxxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxx_"), "xxxxxxxxxxxxxxxxxxxxx", NULL },
    { S("\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9"
        "\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3"
        "\xD9\xA3\xD9\xA3\xD9\xA3"),
      "_\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3"
        "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9"
        "\xA3\xD9\xA3\xD9\xA3",
      NULL },
    { S("veryLongParentName__veryLongParentName__veryLongParentName__x"),
      "very_long_parent_name_very_long_parent_name_very_long_parent_name_x",
      "very_long_parent_name__very_long_parent_name__very_long_parent_name__x" },
    { S("111111111111111111111111111111111111111111111111111111111111111"),
      "_111111111111111111111111111111111111111111111111111111111111111",
      NULL },
    { S("1111111111111111111"), "_1111111111111111111", NULL },
    { S("11111111111111111111"), "_11111111111111111111", NULL },
    { S("  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy  "),
      "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
      NULL },
    { S("orders__line_items__discount_codes__applied_to__customer_segments"),
      "orders_line_items_discount_codes_applied_to_customer_segments",
      "orders__line_items__discount_codes__applied_to__customer_segments" },
    { S("*\xC3\xA9  -@BA"), "x_a_ba", NULL },
    { S("+%|\xD9\xA3" "Ax 0y"), "x_l\xD9\xA3_ax_0y", NULL },
    { S("*\xD9\xA3"), "x\xD9\xA3", NULL },
    { S("%a|_ %\t|%A|a"), "_al_l_ala", NULL },
    { S("baaBC|a\xC3\xA9 "), "baa_b_clax", NULL },
    { S(" @\xE6\x97\xA5" "B-C"), "a_b_c", NULL },
    { S("0+a.b %X_*\xE6\x97\xA5"), "_0xa_b_x_xx", NULL },
    { S("$X"), "_x", NULL },
    { S("\xC3\xA9" "C-0ab"), "_c_0ab", NULL },
    { S("\xC3\xA9x_x0_ba.a"), "_x_x0_ba_a", NULL },
    { S("Ba+_"), "baxx", NULL },
    { S("__b@%B\xC3\xA9.X1b0"), "_ba_b_x1b0", "ba_b_x1b0" },
    { S("a_\xC3\xA9xyC"), "a_xy_c", NULL },
    { S("xaa \xD9\xA3+A.*B -"), "xaa_\xD9\xA3x_a_x_bxx", NULL },
    { S("\t\xC3\xA9y_"), "_yx", NULL },
    { S("_x__BaX\xD9\xA3@0a"), "_x_ba_x\xD9\xA3" "a0a", "_x__ba_x\xD9\xA3" "a0a" },
    { S("A_|%"), "a_lx", NULL },
    { S("xayB Xa\xC3\xA9|1"), "xay_b_xa_l1", NULL },
    { S("_bbbB"), "_bbb_b", NULL },
    { S("%Ca|99| y@"), "_cal99l_ya", NULL },
    { S("\xE6\x97\xA5@y_A%y0"), "_ay_a_y0", NULL },
    { S("\xE6\x97\xA5|C\t"), "_l_c", NULL },
    { S("A\t%*"), "a_x", NULL },
    { S("._+|"), "_xl", NULL },
    { S("_a"), "_a", NULL },
    { S("xa"), "xa", NULL },
    { S("XC\t$_X_\xE6\x97\xA5|"), "xc_x_l", NULL },
    { S("0-A\tbyC+"), "_0_a_by_cx", NULL },
    { S("%||bXBB\ta"), "_llb_xbb_a", NULL },
    { S("X_"), "xx", NULL },
    { S("CaaA09-@"), "caa_a09_a", NULL },
    { S("b9y"), "b9y", NULL },
    { S("1.\t$-@y@"), "_1_aya", NULL },
    { S("a"), "a", NULL },
    { S("9$0aa|%b"), "_9_0aal_b", NULL },
    { S("b\t01ybb "), "b_01ybb", NULL },
    { S("9\ta\t\t$y\xD9\xA3" "1"), "_9_a_y\xD9\xA3" "1", NULL },
    { S("b.+b_\xD9\xA3"), "b_xb_\xD9\xA3", NULL },
    { S("a|.__@a|bb"), "al_aalbb", "alx__aalbb" },
    { S("%x"), "_x", NULL },
    { S("_\t1_\t"), "_1x", NULL },
    { S("@   \xE6\x97\xA5*b-\xC3\xA9-a0"), "a_xb_a0", NULL },
    { S("b+aC$x+\xC3\xA9|."), "bxa_c_xx_lx", NULL },
    { S("Xa90y.|B"), "xa90y_l_b", NULL },
    { S("A\xC3\xA9" "1. +C1_"), "a_1_x_c1x", NULL },
    { S("XB%_\xD9\xA3\xD9\xA3\xC3\xA9" "BB_C"), "xb_\xD9\xA3\xD9\xA3_bb_c", NULL },
    { S("1Byy+9\xE6\x97\xA5" "a$b"), "_1_byyx9_a_b", NULL },
    { S("\xE6\x97\xA5" "Ax +"), "_ax_x", NULL },
    { S("B\xE6\x97\xA5__%"), "bxxxx", "bx__x" },
    { S("+.1$\xE6\x97\xA5\xE6\x97\xA5| 1"), "x_1_l_1", NULL },
    { S("\xE6\x97\xA5" "a"), "_a", NULL },
    { S("|a.$X"), "la_x", NULL },
    { S("90%\xD9\xA3@a%y_ "), "_90_\xD9\xA3" "aa_yx", NULL },
    { S("a\xC3\xA9\xE6\x97\xA5X"), "a_x", NULL },
    { S("\xC3\xA9y\xD9\xA3" "a"), "_y\xD9\xA3" "a", NULL },
    { S("x x%*%%\xD9\xA3" "9b."), "x_x_x_\xD9\xA3" "9bx", NULL },
    { S("B\xE6\x97\xA5+X"), "b_x_x", NULL },
    { S("$a\xC3\xA9"), "_ax", NULL },
    { S("*$aACX\xC3\xA9" "9"), "x_a_acx_9", NULL },
    { S("bBBBA_bAa_b_A__Aba_BBbB1_1bAabbbaAA_a1B11ba1Baa_1B_1"),
      "b_bbba_b_aa_b_a_aba_b_bb_b1_1b_aabbba_aa_a1_b11ba1_baa_1_b_1",
      "b_bbba_b_aa_b_a__aba_b_bb_b1_1b_aabbba_aa_a1_b11ba1_baa_1_b_1" },
    { S("aAa_aAB1bA_ABbBbb__BbaA_BB1bBbABBB11b_BA1ABB1B_A_"),
      "a_aa_a_ab1b_a_a_bb_bbb_bba_a_bb1b_bb_abbb11b_ba1_abb1_b_ax",
      "a_aa_a_ab1b_a_a_bb_bbb__bba_a_bb1b_bb_abbb11b_ba1_abb1_b_ax" },
    { S("aBaB_aBaB_BBa_abAaB___1A__A1__B1aA_Ba1AbaaAAAab11b1A"),
      "a_ba_b_a_ba_b_b_ba_ab_aa_b_1_a_a1_b1a_a_ba1_abaa_aa_aab11b1_a",
      "a_ba_b_a_ba_b_b_ba_ab_aa_b___1_a__a1__b1a_a_ba1_abaa_aa_aab11b1_a" },
    { S("_a_bBaBB1bAbB_a_b_BBABAbBbABABBBAAbb1A1B1AAAaAAAba1_a__Bb"),
      "_a_b_ba_bb1b_ab_b_a_b_bbab_ab_bb_ababbba_abb1_a1_b1_aa_aa_aa_aba1_a_bb",
      "_a_b_ba_bb1b_ab_b_a_b_bbab_ab_bb_ababbba_abb1_a1_b1_aa_aa_aa_aba1_a__bb" },
    { S("A_bbaaABb11abBb1BbAa_aaaBB"), "a_bbaa_a_bb11ab_bb1_bb_aa_aaa_bb", NULL },
    { S("B_AAAaAAA1baBaAb_aa1___B1_AB1abbaAA__1b1_ABAaBa1ab"),
      "b_aa_aa_aaa1ba_ba_ab_aa1_b1_ab1abba_aa_1b1_ab_aa_ba1ab",
      "b_aa_aa_aaa1ba_ba_ab_aa1___b1_ab1abba_aa___1b1_ab_aa_ba1ab" },
    { S("11BBB_BBab_baBBba_A__A_BBBa___1B_B"),
      "_11_bbb_b_bab_ba_b_bba_a_a_bb_ba_1_b_b",
      "_11_bbb_b_bab_ba_b_bba_a__a_bb_ba___1_b_b" },
    { S("1B1_b1B1bbb1aaABabA_b_a1b_aBb1aA_b_1A"), "_1_b1_b1_b1bbb1aa_a_bab_a_b_a1b_a_bb1a_a_b_1_a", NULL },
    { S("Bab_AABbaaB__aAa1BAa"), "bab_aa_bbaa_b_a_aa1_b_aa", "bab_aa_bbaa_b__a_aa1_b_aa" },
    { S("_Ab__B1bBb_1bBA1bAA_aB1BB111BbbBbBAb1AAAB"),
      "_ab_b1b_bb_1b_ba1b_aa_a_b1_bb111_bbb_bb_b_ab1_aaab",
      "_ab__b1b_bb_1b_ba1b_aa_a_b1_bb111_bbb_bb_b_ab1_aaab" },
    { S("Ababaa11_aBaaAB1aabABAb1__1A11_bAaa_BA__b1_A1AbB11BbA_b1Ba_"),
      "ababaa11_a_baa_ab1aab_ab_ab1_1_a11_b_aaa_ba_b1_a1_ab_b11_bb_a_b1_bax",
      "ababaa11_a_baa_ab1aab_ab_ab1___1_a11_b_aaa_ba__b1_a1_ab_b11_bb_a_b1_bax" },
    { S("BaBAB1ab_aBB1Ba1a1ba1aabbAabb_Ab"), "ba_bab1ab_a_bb1_ba1a1ba1aabb_aabb_ab", NULL },
    { S("_B1__111bA__BbabBa_b1a_a_BbaB1ba"), "_b1_111b_a_bbab_ba_b1a_a_bba_b1ba", "_b1___111b_a__bbab_ba_b1a_a_bba_b1ba" },
    { S("a__AAbAb_bA1A__B11a_1ba1bAAa_aB_a1aAA1ABABb_BBA_A1_A1bBB_1__1bBa_A_aA"),
      "a_a_ab_ab_b_a1_a_b11a_1ba1b_a_aa_a_b_a1a_aa1_aba_bb_bba_a1_a1b_bb_1_1b_ba_a_a_a",
      "a__a_ab_ab_b_a1_a__b11a_1ba1b_a_aa_a_b_a1a_aa1_aba_bb_bba_a1_a1b_bb_1___1b_ba_a_a_a" },
    { S("_BB1abAa_1_Ab_BA_A1A1BAbbB"), "_bb1ab_aa_1_ab_ba_a1_a1_b_abb_b", NULL },
    { S("BBaABAaAAAa11BbBa_b_abBBB1aA_Aba_Aa"), "b_ba_ab_aa_aa_aa11_bb_ba_b_ab_bbb1a_a_aba_aa", NULL },
    { S("_B_A111_aB1_bba1abAab_b_bab_a_bb_A1Ba_abABA1b_Bb11_B"),
      "_b_a111_a_b1_bba1ab_aab_b_bab_a_bb_a1_ba_ab_aba1b_bb11_b",
      NULL },
    { S("a1AA_ba111B_bb1__aaABaAbbbAAA_a_BbaaAaAa__a1_BAbAAb__1_Bab_B"),
      "a1_aa_ba111_b_bb1_aa_a_ba_abbb_aaa_a_bbaa_aa_aa_a1_b_ab_a_ab_1_bab_b",
      "a1_aa_ba111_b_bb1__aa_a_ba_abbb_aaa_a_bbaa_aa_aa__a1_b_ab_a_ab___1_bab_b" },
};

/* The same with a limit. */
static const struct {
    struct slice in;
    size_t max_length;
    const char *identifier, *path;
} long_names[] = {
    { S("getHTTPResponseCode"), 20, "get_htt3tuulgse_code", NULL },
    { S("idNumber__ID_Number"), 20, "id_number_id_number", "id_number__id_number" },
    { S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
      63, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaavyxjgaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      NULL },
    { S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
      20, "aaaaaaavyxjgaaaaaaaa",
      NULL },
    { S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
      63, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa0vum9gaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      NULL },
    { S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
      20, "aaaaaaa0vum9gaaaaaaa",
      NULL },
    { S("ThisIsMoreThan20Characters"), 20, "this_iswmyy5aracters", NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 20, "xxxxxxxczyt1axxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
      63, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxe0hf6wxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 20, "xxxxxxxe0hf6wxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
      63, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxpcqvegxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      NULL },
    { S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 20, "xxxxxxxpcqvegxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxx"), 20, "xxxxxxxxxxxxxxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxxx"), 20, "xxxxxxxtxy4ywxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxx_"), 20, "xxxxxxxxxxxxxxxxxxxx", NULL },
    { S("xxxxxxxxxxxxxxxxxxxx_"), 20, "xxxxxxxmlljlaxxxxxxx", NULL },
    { S("camelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCase"),
      63, "camel_casecamel_casecamel_casuryvxgmel_casecamel_casecamel_case",
      NULL },
    { S("camelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCasecamelCase"),
      20, "camel_curyvxgel_case",
      NULL },
    { S("\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9"
        "\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3"
        "\xD9\xA3\xD9\xA3\xD9\xA3"),
      20, "_\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3" "fu8x8g\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3",
      NULL },
    { S("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9"),
      63, "x",
      NULL },
    { S("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
        "\xA9\xC3\xA9\xC3\xA9"),
      20, "x",
      NULL },
    { S("______________________________________________________________________"),
      63, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxy1bhiaxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "_empty" },
    { S("______________________________________________________________________"), 20, "xxxxxxxy1bhiaxxxxxxx", "_empty" },
    { S("part0__part1__part2__part3__part4__part5__part6__part7__part8__part9__part10__part11__part12__part13"),
      63, "part0_part1_part2_part3_part4eds7fg_part10_part11_part12_part13",
      "part0__part1__part2__part3__peds7fgrt10__part11__part12__part13" },
    { S("part0__part1__part2__part3__part4__part5__part6__part7__part8__part9__part10__part11__part12__part13"),
      20, "part0_peds7fg_part13",
      "part0__eds7fg_part13" },
    { S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa__bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
      63, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaafdfymqbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      NULL },
    { S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa__bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
      20, "aaaaaaafdfymqbbbbbbb",
      NULL },
    { S("veryLongParentName__veryLongParentName__veryLongParentName__x"), 20, "very_lodujz0w_name_x", "very_lodujz0wname__x" },
    { S("111111111111111111111111111111111111111111111111111111111111111"), 20, "_111111evvhkw1111111", NULL },
    { S("1111111111111111111"), 20, "_1111111111111111111", NULL },
    { S("11111111111111111111"), 20, "_111111pbkh0g1111111", NULL },
    { S("  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy  "),
      63, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyryzkhwyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
      NULL },
    { S("  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy  "), 20, "yyyyyyyryzkhwyyyyyyy", NULL },
    { S("a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__"
        "a__a__a__"),
      63, "a_a_a_a_a_a_a_a_a_a_a_a_a_a_aohvrmw_a_a_a_a_a_a_a_a_a_a_a_a_axx",
      "a__a__a__a__a__a__a__a__a__a_ohvrmwa__a__a__a__a__a__a__a__a__a" },
    { S("a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__a__"
        "a__a__a__"),
      20, "a_a_a_aohvrmwa_a_axx",
      "a__a__aohvrmwa__a__a" },
    { S("orders__line_items__discount_codes__applied_to__customer_segments"),
      63, "orders_line_items_discount_codes_applied_to_customer_segments",
      "orders__line_items__discount_rheuaapplied_to__customer_segments" },
    { S("orders__line_items__discount_codes__applied_to__customer_segments"), 20, "orders_rheuaaegments", NULL },
    { S("bBBBA_bAa_b_A__Aba_BBbB1_1bAabbbaAA_a1B11ba1Baa_1B_1"), 20, "b_bbba_gaxn5wa_1_b_1", NULL },
    { S("aAa_aAB1bA_ABbBbb__BbaA_BB1bBbABBB11b_BA1ABB1B_A_"), 20, "a_aa_a_pjonnab1_b_ax", NULL },
    { S("aBaB_aBaB_BBa_abAaB___1A__A1__B1aA_Ba1AbaaAAAab11b1A"), 20, "a_ba_b_qoco7qb11b1_a", NULL },
    { S("_a_bBaBB1bAbB_a_b_BBABAbBbABABBBAAbb1A1B1AAAaAAAba1_a__Bb"), 20, "_a_b_bahi016qa1_a_bb", "_a_b_bahi016q1_a__bb" },
    { S("A_bbaaABb11abBb1BbAa_aaaBB"), 20, "a_bbaa_ien5tg_aaa_bb", NULL },
    { S("B_AAAaAAA1baBaAb_aa1___B1_AB1abbaAA__1b1_ABAaBa1ab"), 20, "b_aa_aa5pbj3wa_ba1ab", NULL },
    { S("b_BBABB111abbA_A1Bb1_A_AbAa11_aa1bBaA1b11Ab_BABa_B_bAba_BaaBabA1__BaAb_aa1"),
      63, "b_bbabb111abb_a_a1_bb1_a_ab_a9o6xvgb_b_aba_baa_bab_a1_ba_ab_aa1",
      "b_bbabb111abb_a_a1_bb1_a_ab_a9o6xvg_b_aba_baa_bab_a1__ba_ab_aa1" },
    { S("b_BBABB111abbA_A1Bb1_A_AbAa11_aa1bBaA1b11Ab_BABa_B_bAba_BaaBabA1__BaAb_aa1"), 20, "b_bbabb9o6xvg_ab_aa1", NULL },
    { S("11BBB_BBab_baBBba_A__A_BBBa___1B_B"), 20, "_11_bbbbmwkyqa_1_b_b", "_11_bbbbmwkyq__1_b_b" },
    { S("1B1_b1B1bbb1aaABabA_b_a1b_aBb1aA_b_1A"), 20, "_1_b1_b4tybkga_b_1_a", NULL },
    { S("Bab_AABbaaB__aAa1BAa"), 20, "bab_aa_suacwwa1_b_aa", NULL },
    { S("_Ab__B1bBb_1bBA1bAA_aB1BB111BbbBbBAb1AAAB"), 20, "_ab_b1bvb3gdab1_aaab", "_ab__b1vb3gdab1_aaab" },
    { S("Ababaa11_aBaaAB1aabABAb1__1A11_bAaa_BA__b1_A1AbB11BbA_b1Ba_"), 20, "ababaa19go8aw_b1_bax", NULL },
    { S("1aBa_BB_b_1aa1AbBab1_bb11AA1bb11a1b_BBb1_B1_1A_bBAa11a1b_B_AbB1_BABBAAa_1a"),
      63, "_1a_ba_bb_b_1aa1_ab_bab1_bb11cgtkbq_aa11a1b_b_ab_b1_babba_aa_1a",
      NULL },
    { S("1aBa_BB_b_1aa1AbBab1_bb11AA1bb11a1b_BBb1_B1_1A_bBAa11a1b_B_AbB1_BABBAAa_1a"), 20, "_1a_ba_cgtkbqa_aa_1a", NULL },
    { S("BaBAB1ab_aBB1Ba1a1ba1aabbAabb_Ab"), 20, "ba_bab1hwwu5gaabb_ab", NULL },
    { S("_B1__111bA__BbabBa_b1a_a_BbaB1ba"), 20, "_b1_111v8gzfwba_b1ba", "_b1___1v8gzfwba_b1ba" },
    { S("a__AAbAb_bA1A__B11a_1ba1bAAa_aB_a1aAA1ABABb_BBA_A1_A1bBB_1__1bBa_A_aA"),
      63, "a_a_ab_ab_b_a1_a_b11a_1ba1b_awdyzvq_bba_a1_a1b_bb_1_1b_ba_a_a_a",
      "a__a_ab_ab_b_a1_a__b11a_1ba1bwdyzvqba_a1_a1b_bb_1___1b_ba_a_a_a" },
    { S("a__AAbAb_bA1A__B11a_1ba1bAAa_aB_a1aAA1ABABb_BBA_A1_A1bBB_1__1bBa_A_aA"),
      20, "a_a_ab_wdyzvqa_a_a_a",
      "a__a_abwdyzvqa_a_a_a" },
    { S("_BB1abAa_1_Ab_BA_A1A1BAbbB"), 20, "_bb1ab_lgg7tqb_abb_b", NULL },
    { S("BBaABAaAAAa11BbBa_b_abBBB1aA_Aba_Aa"), 20, "b_ba_ab9srfha_aba_aa", NULL },
    { S("_B_A111_aB1_bba1abAab_b_bab_a_bb_A1Ba_abABA1b_Bb11_B"), 20, "_b_a111vujj2g_bb11_b", NULL },
    { S("a1AA_ba111B_bb1__aaABaAbbbAAA_a_BbaaAaAa__a1_BAbAAb__1_Bab_B"), 20, "a1_aa_b2ts40w1_bab_b", NULL },
};

static const struct {
    const char *parts[4];
    size_t count, max_length;
    const char *want;
} joins[] = {
    { { "orders", "line_items" }, 2, 63, "orders__line_items" },
    { { "orders", "line_items" }, 2, 20, "orders__line_items" },
    { { "orders" }, 1, 63, "orders" },
    { { "orders" }, 1, 20, "orders" },
    { { "a", "", "b" }, 3, 63, "a__b" },
    { { "a", "", "b" }, 3, 20, "a__b" },
    { { "", "" }, 2, 63, "_empty" },
    { { "", "" }, 2, 20, "_empty" },
    { { NULL }, 0, 63, "_empty" },
    { { NULL }, 0, 20, "_empty" },
    { { "orders", "nested", "lst" }, 3, 63, "orders__nested__lst" },
    { { "orders", "nested", "lst" }, 3, 20, "orders__nested__lst" },
    { { "t", "list", "list" }, 3, 63, "t__list__list" },
    { { "t", "list", "list" }, 3, 20, "t__list__list" },
    { { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
      2, 63, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaafrj7wbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
    { { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }, 2, 20, "aaaaaaaafrj7wbbbbbbb" },
    { { "veryxveryxveryxveryxveryx", "x" }, 2, 63, "veryxveryxveryxveryxveryx__x" },
    { { "veryxveryxveryxveryxveryx", "x" }, 2, 20, "veryxvedjry7weryx__x" },
    { { "_empty", "_empty" }, 2, 63, "_empty___empty" },
    { { "_empty", "_empty" }, 2, 20, "_empty___empty" },
    { { "a", " ", "b" }, 3, 63, "a__b" },
    { { "a", " ", "b" }, 3, 20, "a__b" },
    { { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "y" },
      2, 63, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx__y" },
    { { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "y" }, 2, 20, "xxxxxxxrorkuwxxxx__y" },
    { { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "yz" },
      2, 63, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxnmujkgxxxxxxxxxxxxxxxxxxxxxxxx__yz" },
    { { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "yz" }, 2, 20, "xxxxxxxnmujkgxxx__yz" },
    { { "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3",
        "aaaaaa",
        "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3" },
      3, 63, "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3__aaaaaa__\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3" },
    { { "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3",
        "aaaaaa",
        "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3" },
      3, 20, "\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3_az2phq_\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3\xD9\xA3" },
};

/* The other conventions with a limit of 40: the name as an identifier and as a path (NULL: the same). Where dlt gives nothing, and would
 * fail, "_" and "_empty". */
static const struct {
    struct slice in;
    struct {
        const char *identifier, *path;
    } want[4];
} other_conventions[] = {
    { S("camelCase"),
      { { "camelCase", NULL },
        { "camelCase", NULL },
        { "camelcase", NULL },
        { "camelCase", NULL } } },
    { S("HTTPServer"),
      { { "HTTPServer", NULL },
        { "HTTPServer", NULL },
        { "httpserver", NULL },
        { "HTTPServer", NULL } } },
    { S("myURLParser"),
      { { "myURLParser", NULL },
        { "myURLParser", NULL },
        { "myurlparser", NULL },
        { "myURLParser", NULL } } },
    { S("UserID2Name"),
      { { "UserID2Name", NULL },
        { "UserID2Name", NULL },
        { "userid2name", NULL },
        { "UserID2Name", NULL } } },
    { S("A1B2"),
      { { "A1B2", NULL },
        { "A1B2", NULL },
        { "a1b2", NULL },
        { "A1B2", NULL } } },
    { S("ABc"),
      { { "ABc", NULL },
        { "ABc", NULL },
        { "abc", NULL },
        { "ABc", NULL } } },
    { S("1abc"),
      { { "1abc", NULL },
        { "1abc", NULL },
        { "_1abc", NULL },
        { "_1abc", NULL } } },
    { S("__init__"),
      { { "_init_", "init" },
        { "__init__", NULL },
        { "_init", "init" },
        { "_init", "init" } } },
    { S("a___b"),
      { { "a_b", "a___b" },
        { "a___b", NULL },
        { "a_b", "a___b" },
        { "a_b", "a___b" } } },
    { S("trail__"),
      { { "trail_", "trail" },
        { "trail__", NULL },
        { "trail", NULL },
        { "trail", NULL } } },
    { S("_"),
      { { "_", NULL },
        { "_", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("__"),
      { { "_", "_empty" },
        { "__", NULL },
        { "_", "_empty" },
        { "_", "_empty" } } },
    { S("___"),
      { { "_", NULL },
        { "___", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("+"),
      { { "+", NULL },
        { "+", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("*"),
      { { "*", NULL },
        { "*", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("@"),
      { { "@", NULL },
        { "@", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("|"),
      { { "|", NULL },
        { "|", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("-"),
      { { "-", NULL },
        { "-", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("me@home"),
      { { "me@home", NULL },
        { "me@home", NULL },
        { "me_home", NULL },
        { "me_home", NULL } } },
    { S("Small@Big"),
      { { "Small@Big", NULL },
        { "Small@Big", NULL },
        { "small_big", NULL },
        { "Small_Big", NULL } } },
    { S("a_%"),
      { { "a_%", NULL },
        { "a_%", NULL },
        { "a", NULL },
        { "a", NULL } } },
    { S("Column 1 (x)"),
      { { "Column 1 (x)", NULL },
        { "Column 1 (x)", NULL },
        { "column_1_x", NULL },
        { "Column_1_x", NULL } } },
    { S("na\xC3\xAFve"),
      { { "na\xC3\xAFve", NULL },
        { "na\xC3\xAFve", NULL },
        { "na_ve", NULL },
        { "na_ve", NULL } } },
    { S("\xC3\xA9v\xC3\xA9nement"),
      { { "\xC3\xA9v\xC3\xA9nement", NULL },
        { "\xC3\xA9v\xC3\xA9nement", NULL },
        { "_v_nement", NULL },
        { "_v_nement", NULL } } },
    { S("\xC5\xBB\xC3\xB3\xC5\x82tyKot"),
      { { "\xC5\xBB\xC3\xB3\xC5\x82tyKot", NULL },
        { "\xC5\xBB\xC3\xB3\xC5\x82tyKot", NULL },
        { "_tykot", NULL },
        { "_tyKot", NULL } } },
    { S("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"),
      { { "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", NULL },
        { "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("\xF0\x9F\x98\x80"),
      { { "\xF0\x9F\x98\x80", NULL },
        { "\xF0\x9F\x98\x80", NULL },
        { "_", NULL },
        { "_", NULL } } },
    { S("\xD9\xA3" "abc"),
      { { "\xD9\xA3" "abc", NULL },
        { "\xD9\xA3" "abc", NULL },
        { "_\xD9\xA3" "abc", NULL },
        { "_\xD9\xA3" "abc", NULL } } },
    { S("--x--"),
      { { "--x--", NULL },
        { "--x--", NULL },
        { "_x", NULL },
        { "_x", NULL } } },
    { S(" lead"),
      { { "lead", NULL },
        { "lead", NULL },
        { "lead", NULL },
        { "lead", NULL } } },
    { S("\x09x\x0A"),
      { { "x", NULL },
        { "x", NULL },
        { "x", NULL },
        { "x", NULL } } },
    { S("a\"b"),
      { { "a_b", NULL },
        { "a_b", NULL },
        { "a_b", NULL },
        { "a_b", NULL } } },
    { S("a'b"),
      { { "a'b", NULL },
        { "a_b", NULL },
        { "a_b", NULL },
        { "a_b", NULL } } },
    { S("A__bB__1c"),
      { { "A_bB_1c", "A__bB__1c" },
        { "A__bB__1c", NULL },
        { "a_bb_1c", "a__bb___1c" },
        { "A_bB_1c", "A__bB___1c" } } },
    { S("a____b"),
      { { "a_b", "a__b" },
        { "a____b", NULL },
        { "a_b", "a__b" },
        { "a_b", "a__b" } } },
    { S("new\x0Aline"),
      { { "new_line", NULL },
        { "new_line", NULL },
        { "new_line", NULL },
        { "new_line", NULL } } },
    { S("cr\x0Dx"),
      { { "cr_x", NULL },
        { "cr_x", NULL },
        { "cr_x", NULL },
        { "cr_x", NULL } } },
    { S("a\xE2\x96\xB6" "b"),
      { { "a\xE2\x96\xB6" "b", NULL },
        { "a_b", "a\xE2\x96\xB6" "b" },
        { "a_b", NULL },
        { "a_b", NULL } } },
    { S("\xE2\x96\xB6"),
      { { "\xE2\x96\xB6", NULL },
        { "_", "_empty" },
        { "_", NULL },
        { "_", NULL } } },
    { S("x\xE2\x96\xB6\xE2\x96\xB6y"),
      { { "x\xE2\x96\xB6\xE2\x96\xB6y", NULL },
        { "x__y", "x\xE2\x96\xB6y" },
        { "x_y", NULL },
        { "x_y", NULL } } },
    { S("50%"),
      { { "50%", NULL },
        { "50%", NULL },
        { "_50", NULL },
        { "_50", NULL } } },
    { S("a.b"),
      { { "a.b", NULL },
        { "a.b", NULL },
        { "a_b", NULL },
        { "a_b", NULL } } },
    { S("_dlt_id"),
      { { "_dlt_id", NULL },
        { "_dlt_id", NULL },
        { "_dlt_id", NULL },
        { "_dlt_id", NULL } } },
    { S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
      { { "AAAAAAAAAAAAAAAAArl1pjqAAAAAAAAAAAAAAAAA", NULL },
        { "AAAAAAAAAAAAAAAAArl1pjqAAAAAAAAAAAAAAAAA", NULL },
        { "aaaaaaaaaaaaaaaaarl1pjqaaaaaaaaaaaaaaaaa", NULL },
        { "AAAAAAAAAAAAAAAAArl1pjqAAAAAAAAAAAAAAAAA", NULL } } },
    { S("Some Very Long Key Some Very Long Key Some Very Long Key Some Very Long Key Some Very Long Key "),
      { { "Some Very Long Keup1qbgome Very Long Key", NULL },
        { "Some Very Long Keup1qbgome Very Long Key", NULL },
        { "some_very_long_keup1qbgome_very_long_key", NULL },
        { "Some_Very_Long_Keup1qbgome_Very_Long_Key", NULL } } },
    { S("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"),
      { { "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9yta0xq\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", NULL },
        { "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9yta0xq\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", NULL },
        { "_", NULL },
        { "_", NULL } } },
};

static void check(const char *what, struct slice in, size_t max_length, const char *got, const char *want)
{
    if (!got || strcmp(got, want) != 0)
        fail_msg("%s \"%.*s\", limit %zu: got \"%s\", want \"%s\"", what, (int)in.length, in.text, max_length, got ? got : "(null)",
                 want);
}

static void check_both(struct slice in, size_t max_length, const char *identifier, const char *path)
{
    struct arena arena = { 0 };

    check("identifier", in, max_length, naming_identifier(&arena, &(const struct naming){ .length_max = max_length }, in), identifier);
    check("path", in, max_length, naming_path(&arena, &(const struct naming){ .length_max = max_length }, in), path ? path : identifier);
    arena_release(&arena);
}

static void names_as_in_dlt(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        check_both(names[i].in, LONG, names[i].identifier, names[i].path);
}

static void long_names_as_in_dlt(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(long_names); i++)
        check_both(long_names[i].in, long_names[i].max_length, long_names[i].identifier, long_names[i].path);
}

static void joins_as_in_dlt(void **state)
{
    struct arena arena = { 0 };
    struct slice parts[4] = { { NULL, 0 } };

    (void)state;
    for (size_t i = 0; i < COUNT(joins); i++) {
        for (size_t part = 0; part < joins[i].count; part++)
            parts[part] = slice_of(joins[i].parts[part]);
        check("join", parts[0], joins[i].max_length, naming_join(&arena, &(const struct naming){ .length_max = joins[i].max_length }, parts, joins[i].count),
              joins[i].want);
    }
    arena_release(&arena);
}

static void bad_utf8_is_replaced(void **state)
{
    (void)state;
    check_both((struct slice)S("a\xFF\xC3(b"), LONG, "a_b", NULL);
    check_both((struct slice)S("\xFF"), LONG, "x", NULL);
    check_both((struct slice)S("a\x80"), LONG, "ax", NULL);
}

static void other_conventions_as_in_dlt(void **state)
{
    static const enum naming_convention conventions[] = { NAMING_DUCK_CASE, NAMING_DIRECT, NAMING_SQL_CI, NAMING_SQL_CS };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(other_conventions); i++)
        for (size_t j = 0; j < COUNT(conventions); j++) {
            const struct naming naming = { .convention = conventions[j], .length_max = 40 };
            const char *identifier = other_conventions[i].want[j].identifier, *path = other_conventions[i].want[j].path;
            struct slice in = other_conventions[i].in;

            check(naming_name(conventions[j]), in, 40, naming_identifier(&arena, &naming, in), identifier);
            check(naming_name(conventions[j]), in, 40, naming_path(&arena, &naming, in), path ? path : identifier);
        }
    arena_release(&arena);
}

static void conventions_have_names(void **state)
{
    static const struct {
        const char *name;
        bool found;
        enum naming_convention convention;
    } cases[] = {
        { "snake_case", true, NAMING_SNAKE_CASE }, { "direct", true, NAMING_DIRECT }, { "sql_ci_v1", true, NAMING_SQL_CI },
        { "dlt.common.normalizers.naming.duck_case", true, NAMING_DUCK_CASE }, { "sql_cs_v1", true, NAMING_SQL_CS },
        { "Direct", false, 0 }, { "", false, 0 }, { "dlt.common.normalizers.naming.", false, 0 }, { "mine.duck_case", false, 0 },
        { "dlt.common.normalizers.names.snake_case", true, NAMING_SNAKE_CASE }, /* as dlt called it before */
        { "dlt.common.normalizers.names.direct", false, 0 },
    };
    enum naming_convention convention;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(naming_find(slice_of(cases[i].name), &convention), cases[i].found);
        if (cases[i].found)
            assert_int_equal(convention, cases[i].convention);
    }
}

/* dlt knows no limit below six; ours gives as much of the tag as fits. The tags are those of dlt. 0 is no limit, as in dlt. */
static void small_limits(void **state)
{
    (void)state;
    check_both((struct slice)S("AAAAAAAAAA"), 6, "zbtm9a", NULL);
    check_both((struct slice)S("AAAAAAAAAA"), 5, "zbtm9", NULL);
    check_both((struct slice)S("AAAAAAAAAA"), 0, "aaaaaaaaaa", NULL);
}

#define E_ACUTE "\xC3\xA9"
#define ARABIC_3 "\xD9\xA3"
#define DUCK "\xF0\x9F\xA6\x86"
#define KANJI "\xE6\x97\xA5"
#define TWICE(text) text text
#define THRICE(text) text text text
#define TEN(text) TWICE(TWICE(text) THRICE(text))

/* What dlt leaves to the database, which cuts such names where it likes. The tags are dlt's (NamingConvention._compute_tag). */
static void long_names_in_bytes(void **state)
{
    static const struct {
        const char *what;
        enum naming_convention convention;
        size_t length_max, bytes_max;
        const char *in, *want;
    } cases[] = {
        { "ASCII, as by characters", NAMING_DIRECT, 20, 20, "abcdefghijklmnopqrstuvwxyz", "abcdefglhyrnatuvwxyz" },
        { "ASCII, bytes alone", NAMING_DIRECT, 0, 20, "abcdefghijklmnopqrstuvwxyz", "abcdefglhyrnatuvwxyz" },
        { "ASCII, fewer characters than bytes", NAMING_DIRECT, 12, 20, "abcdefghijklmnopqrstuvwxyz", "abclhyrnaxyz" },
        { "as many bytes as there may be", NAMING_DIRECT, 20, 20, TEN(E_ACUTE), TEN(E_ACUTE) },
        { "two more", NAMING_DIRECT, 20, 20, TEN(E_ACUTE) E_ACUTE, THRICE(E_ACUTE) "dx6szg" THRICE(E_ACUTE) },
        { "four bytes each", NAMING_DIRECT, 20, 20, TWICE(THRICE(DUCK)), DUCK "xwj1ga" DUCK },
        { "the beginning ends at a border, the end does not", NAMING_DIRECT, 20, 20, "a" THRICE(THRICE(KANJI)), "a" TWICE(KANJI) "vlcbpg" TWICE(KANJI) },
        { "a cut by characters that fits stays dlt's", NAMING_DIRECT, 20, 21, E_ACUTE "aaaaabcdefghijklmnopqrstuvwxyz", E_ACUTE "aaaaabfiwguwtuvwxyz" },
        { "one that does not fit", NAMING_DIRECT, 20, 20, E_ACUTE "aaaaabcdefghijklmnopqrstuvwxyz", E_ACUTE "aaaaafiwguwtuvwxyz" },
        { "digits of other scripts", NAMING_SNAKE_CASE, 20, 20, TEN(ARABIC_3) TWICE(ARABIC_3), "_" THRICE(ARABIC_3) "ye0lew" THRICE(ARABIC_3) },
        { "room for the tag only", NAMING_DIRECT, 20, 7, TWICE(THRICE(DUCK)), "xwj1ga" },
        { "no room for the tag", NAMING_DIRECT, 20, 4, TWICE(THRICE(DUCK)), "xwj1" },
        { "no limit of bytes", NAMING_DIRECT, 20, 0, TWICE(THRICE(DUCK)), TWICE(THRICE(DUCK)) },
    };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct naming naming = { .convention = cases[i].convention, .length_max = cases[i].length_max, .bytes_max = cases[i].bytes_max };
        struct slice in = slice_of(cases[i].in);

        check(cases[i].what, in, cases[i].bytes_max, naming_identifier(&arena, &naming, in), cases[i].want);
        check(cases[i].what, in, cases[i].bytes_max, naming_path(&arena, &naming, in), cases[i].want);
    }
    arena_release(&arena);
}

/* The eight digits are hashlib.shake_128(path).hexdigest(4). */
static void collisions_are_told_apart(void **state)
{
    static const struct {
        const char *what, *name, *path;
        size_t length_max, bytes_max;
        const char *want;
    } cases[] = {
        { "suffix", "a_b", "a.b", 63, 0, "a_b_6ad95dc9" },
        { "another path", "a_b", "A.b", 63, 0, "a_b_d0afc859" },
        { "no limit", "a_b", "a.b", 0, 0, "a_b_6ad95dc9" },
        { "fits exactly", "abc", "a.b", 12, 0, "abc_6ad95dc9" },
        { "name is cut", "abcd", "a.b", 12, 0, "abc_6ad95dc9" },
        { "no underscore before the suffix", "ab_d", "a.b", 12, 0, "ab_6ad95dc9" },
        { "characters, not bytes", "\xD9\xA3\xD9\xA3\xD9\xA3", "a.b", 11, 0, "\xD9\xA3\xD9\xA3_6ad95dc9" },
        { "no room for the name", "abcd", "a.b", 9, 0, "_6ad95dc9" },
        { "no room for the suffix", "abcd", "a.b", 4, 0, "_6ad" },
        { "empty path", "x", "", 63, 0, "x_7f9c2ba4" },
        { "bytes: fits exactly", THRICE(ARABIC_3), "a.b", 63, 15, THRICE(ARABIC_3) "_6ad95dc9" },
        { "bytes: whole characters", THRICE(ARABIC_3), "a.b", 63, 14, TWICE(ARABIC_3) "_6ad95dc9" },
        { "bytes: no room for the name", THRICE(ARABIC_3), "a.b", 63, 9, "_6ad95dc9" },
        { "bytes: no room for the suffix", THRICE(ARABIC_3), "a.b", 63, 4, "_6ad" },
    };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct naming naming = { .length_max = cases[i].length_max, .bytes_max = cases[i].bytes_max };

        check(cases[i].what, slice_of(cases[i].name), cases[i].length_max, naming_distinct(&arena, &naming, slice_of(cases[i].name), slice_of(cases[i].path)),
              cases[i].want);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_as_in_dlt),           cmocka_unit_test(long_names_as_in_dlt),
        cmocka_unit_test(joins_as_in_dlt),           cmocka_unit_test(bad_utf8_is_replaced),
        cmocka_unit_test(small_limits),              cmocka_unit_test(collisions_are_told_apart),
        cmocka_unit_test(other_conventions_as_in_dlt), cmocka_unit_test(conventions_have_names),
        cmocka_unit_test(long_names_in_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

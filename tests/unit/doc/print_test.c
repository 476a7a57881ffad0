#include "doc_test.h"

/* A stream of numbers that is the same in every run (xorshift). */
static uint64_t seed;
static uint64_t next_number(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static void assert_same_again(const json_t *value)
{
    const char *yaml = gt_doc_print_yaml(arena, value);
    struct gt_doc doc = {0};
    gt_diags_rewind(&diags, 0);
    bool good = gt_doc_parse(arena, "printed", yaml, strlen(yaml), &doc, &diags);
    ck_assert_msg(good, "%s\n%s at %u:%u", yaml, good ? "" : diags.list.at[0]->message,
                  good ? 0 : diags.list.at[0]->pos.line, good ? 0 : diags.list.at[0]->pos.column);
    ck_assert_msg(json_equal(doc.root, value) == 1, "%s\nfrom %s\nreads as %s", yaml,
                  as_json(value), as_json(doc.root));
}

static const char *const awkward[] = {
    "",
    " ",
    "  ",
    "\n",
    "\n\n",
    " \n",
    "\t",
    "a ",
    " a",
    "a\n",
    "a\n\n",
    "\na",
    "a\nb",
    "a\n b\n",
    "a\n\nb\n\n\n",
    " a\nb",
    "a\n \nb",
    "a\n  ",
    "a\n\tb",
    "a\tb",
    "a\rb",
    "a\r\nb",
    "null",
    "~",
    "Null",
    "true",
    "False",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "N",
    "0",
    "-1",
    "+1",
    "007",
    "0o17",
    "0x1F",
    "1.5",
    "1e3",
    ".5",
    "5.",
    ".",
    "..",
    "...",
    "... a",
    "---",
    "--- a",
    "-",
    "- a",
    "-a",
    "--",
    "?",
    "? a",
    "?a",
    ":",
    ": a",
    ":a",
    "a:",
    "a: b",
    "a:b",
    "a :b",
    "a #b",
    "#b",
    "a#b",
    "[",
    "]",
    "{",
    "}",
    "[a]",
    "{a: b}",
    ",",
    "a,b",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "|a",
    "'",
    "\"",
    "'a'",
    "\"a\"",
    "it's",
    "say \"x\"",
    "\\",
    "a\\nb",
    "@a",
    "`a",
    "%a",
    "%YAML 1.2",
    "<<",
    "<",
    "=",
    "==",
    ".inf",
    "-.inf",
    ".nan",
    "1_000",
    "12:30",
    "2001-12-14",
    "2001-12-14 21:59:43",
    "9223372036854775808",
    "1e999",
    "${var.x}",
    "$${x}",
    "arn:aws:iam::123456789012:role/x",
    "https://example.com/a?b=c#d",
    "\x01",
    "\x1B[0m",
    "\x7F",
    "\xC2\x80",
    "\xC2\x85",
    "a\xC2\x85"
    "b",
    "\xC2\xA0",
    "\xE2\x80\xA8",
    "a\xE2\x80\xA9"
    "b",
    "\xEF\xBB\xBF",
    "\xEF\xBB\xBFxy",
    "\xEF\xBF\xBE",
    "\xEF\xBF\xBF",
    "\xEF\xBF\xBD",
    "\xC3\xA9",
    "\xF0\x9F\x98\x80",
    "\xF4\x8F\xBF\xBF",
    "\xE2\x82\xAC: 5",
    "a\n---\nb",
    "a\n...\nb",
    "a\n# b\n",
    "# a\nb\n",
    "key: |\n  text\n",
    "trailing \nspace",
    "a\n\n\n b",
    "x\n\n",
    "line one\nline two\n",
    "a\n\xE2\x80\xA8\n",
    "0b1",
    "0.0.0.0",
    "10.0.0.0/16",
    "+",
    "-.",
    "e3",
};

/* A few times the text, to pass the limits on keys. */
static const char *long_text(const char *part, size_t times)
{
    char *text = gt_alloc(arena, strlen(part) * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * strlen(part), part, strlen(part));
    return text;
}

START_TEST(prints_awkward_strings_so_that_they_read_the_same)
{
    for (size_t i = 0; i < GT_COUNT(awkward); i++) {
        const char *s = awkward[i];
        assert_same_again(gt_keep(arena, json_string(s)));
        assert_same_again(gt_pack(arena, "{s:s}", "a", s));
        assert_same_again(gt_pack(arena, "{s:s, s:s}", s, s, "z", "z"));
        assert_same_again(gt_pack(arena, "[s, [s, s], {s:s, s:[s]}]", s, s, s, s, s, "zz", s));
        assert_same_again(
            gt_pack(arena, "{s:{s:[s, {s:{}, s:[]}]}, s:s}", s, s, s, s, "zz", "y", s));
    }
}
END_TEST

START_TEST(prints_long_keys_and_texts)
{
    static const char *const parts[] = {"a", "k\"", "\xE2\x80\xA8", "word ", "a: b\n"};
    for (size_t i = 0; i < GT_COUNT(parts); i++)
        for (size_t times = 100; times <= 3000; times += 290) {
            const char *s = long_text(parts[i], times);
            assert_same_again(
                gt_pack(arena, "{s:[{s:{s:s}, s:s, s:[s]}]}", s, s, s, s, "a", s, "b", s));
        }
}
END_TEST

static json_t *random_string(void)
{
    static const char *const bits[] = {
        "a",        "B",  "0", " ", "  ", "\n", "\t", ":", "#",    "-",        "'",  "\"", "\\",
        "{",        "}",  "[", "]", ",",  "&",  "*",  "!", "|",    ">",        "%",  "@",  "\r",
        "\xC3\xA9", "${", "~", ".", "1",  "e",  "?",  "=", "\x01", "\xC2\x85", ": ", " #", "\n "};
    char text[64] = "";
    for (uint64_t n = next_number(12); n > 0; n--)
        strncat(text, bits[next_number(GT_COUNT(bits))], sizeof(text) - strlen(text) - 1);
    return json_string(text);
}

static json_t *random_value(unsigned depth)
{
    static const double reals[] = {0.0,   -0.0,
                                   1.0,   0.1,
                                   1e20,  -1.5e-7,
                                   1e308, 5e-324,
                                   1e15,  1234567890123456.7,
                                   100.0, 3.141592653589793};
    json_t *value;
    uint64_t kind = next_number(depth == 0 ? 6 : 8);
    if (kind == 0)
        return json_integer((json_int_t)(next_number(UINT64_MAX) - INT64_MAX));
    if (kind == 1)
        return json_real(reals[next_number(GT_COUNT(reals))]);
    if (kind == 2)
        return next_number(3) == 0 ? json_null() : json_boolean(next_number(2) == 0);
    if (kind < 6)
        return random_string();
    value = kind == 6 ? json_array() : json_object();
    for (uint64_t n = next_number(4); n > 0; n--) {
        json_auto_t *key = random_string();
        if (kind == 6)
            json_array_append_new(value, random_value(depth - 1));
        else
            json_object_set_new(value, json_string_value(key), random_value(depth - 1));
    }
    return value;
}

START_TEST(prints_any_document_so_that_it_reads_the_same)
{
    seed = 88172645463325252u;
    for (int i = 0; i < 4000; i++)
        assert_same_again(gt_keep(arena, random_value(5)));
}
END_TEST

START_TEST(prints_what_people_would_write)
{
    json_t *value = gt_pack(
        arena, "{s:i, s:{s:{s:s, s:b, s:[s, {s:s, s:f}], s:[], s:{}}}, s:s, s:s, s:n, s:[[i,i]]}",
        "gantry", 1, "gateways", "tools", "url", "https://example.com/mcp", "on", 1, "list", "a b",
        "k", "no", "v", 1.5, "none", "empty", "account", "012345678901", "text",
        "line one\nline two\n", "nothing", "grid", 1, 2);
    ck_assert_str_eq(gt_doc_print_yaml(arena, value), "gantry: 1\n"
                                                      "gateways:\n"
                                                      "  tools:\n"
                                                      "    url: https://example.com/mcp\n"
                                                      "    \"on\": true\n"
                                                      "    list:\n"
                                                      "      - a b\n"
                                                      "      - k: \"no\"\n"
                                                      "        v: 1.5\n"
                                                      "    none: []\n"
                                                      "    empty: {}\n"
                                                      "account: \"012345678901\"\n"
                                                      "text: |\n"
                                                      "  line one\n"
                                                      "  line two\n"
                                                      "nothing: null\n"
                                                      "grid:\n"
                                                      "  - - 1\n"
                                                      "    - 2\n");
}
END_TEST

Suite *print_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("print", &tcase);
    tcase_add_test(tcase, prints_awkward_strings_so_that_they_read_the_same);
    tcase_add_test(tcase, prints_long_keys_and_texts);
    tcase_add_test(tcase, prints_any_document_so_that_it_reads_the_same);
    tcase_add_test(tcase, prints_what_people_would_write);
    return suite;
}

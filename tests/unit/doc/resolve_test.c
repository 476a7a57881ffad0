#include "doc_test.h"

#include <gantry/doc/template.h>

static const struct known {
    const char *expression, *json;
} known[] = {
    {"var.text", "\"hello\""},  {"var.number", "42"},
    {"var.real", "0.1"},        {"var.yes", "true"},
    {"var.map", "{\"k\":[1]}"}, {"var.list", "[1]"},
    {"var.null", "null"},       {"var.tricky", "\"${x}\""},
    {"var.dollar", "\"a$\""},   {"var.deep", "{\"k\":[\"${x}\"]}"},
};

/* Knows `known`; "bad..." fails; the rest is unknown. */
static enum gt_resolution resolve(void *payload, const char *pointer, const char *expression,
                                  json_t **value, struct gt_diags *sink)
{
    size_t *calls = payload;
    (*calls)++;
    for (size_t i = 0; i < GT_COUNT(known); i++)
        if (strcmp(known[i].expression, expression) == 0) {
            *value = json_loads(known[i].json, JSON_DECODE_ANY, NULL);
            return GT_RESOLVED;
        }
    if (strncmp(expression, "bad", 3) != 0)
        return GT_UNKNOWN;
    gt_error(sink, "test", "bad %s", expression)->subject = pointer;
    return GT_FAILED;
}

static const char *resolved(const char *text, bool final, bool *unknown)
{
    size_t calls = 0;
    json_t *doc = gt_pack(arena, "{s:s}", "a", text);
    json_t *out = gt_keep(arena, gt_resolve(arena, doc, final, resolve, &calls, unknown, &diags));
    ck_assert_msg(out != NULL, "%s: %s", text, out != NULL ? "" : diags.list.at[0]->message);
    return as_json(gt_at(out, "/a"));
}

START_TEST(puts_values_into_texts)
{
    static const struct {
        const char *text, *first, *last;
        bool unknown;
    } rows[] = {
        {"plain", "\"plain\"", "\"plain\"", false},
        {"${var.text}", "\"hello\"", "\"hello\"", false},
        {"${ var.number }", "42", "42", false},
        {"${var.map}", "{\"k\":[1]}", "{\"k\":[1]}", false},
        {"${var.null}", "null", "null", false},
        {"<${var.text} ${var.number} ${var.real} ${var.yes}>", "\"<hello 42 0.1 true>\"",
         "\"<hello 42 0.1 true>\"", false},
        {"$${x}", "\"$${x}\"", "\"${x}\"", false},
        {"$${x} ${var.text}", "\"$${x} hello\"", "\"${x} hello\"", false},
        {"${var.tricky}", "\"$${x}\"", "\"${x}\"", false},
        {"<${var.tricky}>", "\"<$${x}>\"", "\"<${x}>\"", false},
        {"${var.dollar}{x}", "\"a$${x}\"", "\"a${x}\"", false},
        {"${var.deep}", "{\"k\":[\"$${x}\"]}", "{\"k\":[\"${x}\"]}", false},
        {"${gateway.tools.url}", "\"${gateway.tools.url}\"", "\"${gateway.tools.url}\"", true},
        {"${var.text} ${x.y}", "\"hello ${x.y}\"", "\"${var.text} ${x.y}\"", true},
        {"$${a} ${x.y} ${var.tricky}", "\"$${a} ${x.y} $${x}\"", "\"$${a} ${x.y} ${var.tricky}\"",
         true},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        bool unknown = !rows[i].unknown;
        ck_assert_str_eq(resolved(rows[i].text, false, &unknown), rows[i].first);
        ck_assert_msg(unknown == rows[i].unknown, "%s", rows[i].text);
        ck_assert_str_eq(resolved(rows[i].text, true, NULL), rows[i].last);
    }
}
END_TEST

START_TEST(reads_inserted_text_never_again)
{
    bool unknown;
    const char *first = resolved("${var.tricky}${x.y}{", false, &unknown);
    ck_assert_str_eq(first, "\"$${x}${x.y}{\"");
    json_t *text = gt_keep(arena, json_loads(first, JSON_DECODE_ANY, NULL));
    ck_assert_str_eq(resolved(json_string_value(text), false, &unknown), first);
}
END_TEST

START_TEST(leaves_the_document_as_it_was)
{
    struct gt_doc doc = parse("a: [{b: \"${var.text}\"}, 1]\nc: ${var.map}\n");
    const char *before = as_json(doc.root);
    size_t calls = 0;
    json_t *out = gt_keep(arena, gt_resolve(arena, doc.root, true, resolve, &calls, NULL, &diags));
    ck_assert_str_eq(as_json(out), "{\"a\":[{\"b\":\"hello\"},1],\"c\":{\"k\":[1]}}");
    ck_assert_str_eq(as_json(doc.root), before);
    ck_assert_uint_eq(calls, 2);
}
END_TEST

START_TEST(reports_every_failure_in_one_pass)
{
    static const struct {
        const char *message, *subject;
    } expected[] = {
        {"a reference has no closing brace", "/a"},
        {"bad bad.one", "/b/0"},
        {"bad bad.two", "/b/0"},
        {"${var.map} is a map, which cannot be put into a text", "/c"},
        {"${var.list} is a list, which cannot be put into a text", "/d"},
        {"${var.null} is null, which cannot be put into a text", "/e"},
        {"\"$\" stands right before ${x.y}, which would then be read as literal text", "/f"},
    };
    struct gt_doc doc = parse("a: ${open\n"
                              "b: [\"${bad.one} ${bad.two}\"]\n"
                              "c: x ${var.map}\n"
                              "d: x ${var.list}\n"
                              "e: x ${var.null}\n"
                              "f: ${var.dollar}${x.y}\n");
    size_t calls = 0;
    bool unknown = false;
    ck_assert_ptr_null(gt_resolve(arena, doc.root, false, resolve, &calls, &unknown, &diags));
    ck_assert_uint_eq(diags.errors, GT_COUNT(expected));
    for (size_t i = 0; i < GT_COUNT(expected); i++) {
        ck_assert_str_eq(diags.list.at[i]->message, expected[i].message);
        ck_assert_str_eq(diags.list.at[i]->subject, expected[i].subject);
    }
    ck_assert(!unknown);
}
END_TEST

Suite *resolve_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("resolve", &tcase);
    tcase_add_test(tcase, puts_values_into_texts);
    tcase_add_test(tcase, reads_inserted_text_never_again);
    tcase_add_test(tcase, leaves_the_document_as_it_was);
    tcase_add_test(tcase, reports_every_failure_in_one_pass);
    return suite;
}

#include "doc_test.h"

#include <gantry/doc/template.h>

/* Parts as text: literals in <>, expressions in {}, each with its offset. */
static const char *parts(const char *text)
{
    struct gt_template template;
    const char *error = NULL;
    if (!gt_template_parse(arena, text, &template, &error))
        return error;
    const char *all = "";
    for (size_t i = 0; i < template.parts.len; i++) {
        const struct gt_template_part *part = &template.parts.at[i];
        all = gt_printf(arena, part->expression ? "%s%zu{%s}" : "%s%zu<%s>", all, part->offset,
                        part->text);
    }
    return all;
}

START_TEST(splits_texts_at_references)
{
    static const struct {
        const char *text, *parts;
    } rows[] = {
        {"", ""},
        {"abc", "0<abc>"},
        {"${var.x}", "0{var.x}"},
        {"${ var.x }", "0{var.x}"},
        {"a${var.x}b", "0<a>1{var.x}9<b>"},
        {"${a}${b}", "0{a}4{b}"},
        {"$${a}", "0<${a}>"},
        {"x$${a}${b}", "0<x${a}>6{b}"},
        {"$$${a}", "0<$${a}>"},
        {"$", "0<$>"},
        {"$$", "0<$$>"},
        {"$a{b}", "0<$a{b}>"},
        {"${file.a b/c.txt}", "0{file.a b/c.txt}"},
        {"${user_pool_client.mcp.quick-suite.clientId}",
         "0{user_pool_client.mcp.quick-suite.clientId}"},
        {"}{", "0<}{>"},
        {"${a", "a reference has no closing brace"},
        {"x ${", "a reference has no closing brace"},
        {"${}", "a reference is empty"},
        {"${ \t}", "a reference is empty"},
        {"${a${b}}", "a reference cannot stand within a reference"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(parts(rows[i].text), rows[i].parts);
}
END_TEST

START_TEST(escapes_so_that_the_text_reads_as_itself)
{
    static const char *const rows[] = {"", "a", "${a}", "$${a}", "$$${", "${${", "$", "{", "$ {"};
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_template template;
        const char *error;
        const char *escaped = gt_template_escape(arena, rows[i]);
        ck_assert(gt_template_parse(arena, escaped, &template, &error));
        ck_assert_uint_le(template.parts.len, 1);
        ck_assert_str_eq(template.parts.len == 0 ? "" : template.parts.at[0].text, rows[i]);
    }
    ck_assert_str_eq(gt_template_escape(arena, "a${b}"), "a$${b}");
}
END_TEST

START_TEST(tells_whether_a_document_has_references)
{
    static const struct {
        const char *yaml;
        bool has;
    } rows[] = {
        {"a: 1", false},
        {"a: [x, {b: \"${var.x}\"}]", true},
        {"${a}: 1", false},
        {"a: $${var.x}", false},
        {"a: $${x}${y}", true},
        {"a: \"${open\"", true},
        {"a: $x", false},
        {"a: $$${x}", false},
        {"[1, true, ~, 1.5]", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_has_refs(parse(rows[i].yaml).root) == rows[i].has, "%s", rows[i].yaml);
}
END_TEST

static void collect(void *payload, const char *pointer, const char *expression)
{
    const char **all = payload;
    *all = gt_printf(arena, "%s%s=%s ", *all, pointer, expression);
}

START_TEST(visits_references_in_document_order)
{
    struct gt_doc doc =
        parse("z: ${c}\na/b: [x, \"${a} ${ b }\"]\nq: $${no}\nbad: ${open\ny: {~k: \"${d}\"}\n");
    const char *all = "";
    gt_each_ref(arena, doc.root, collect, &all);
    ck_assert_str_eq(all, "/z=c /a~1b/1=a /a~1b/1=b /y/~0k=d ");
}
END_TEST

START_TEST(what_stands_in_a_text)
{
    static const struct {
        const char *text;
        bool is, whole;
        const char *literal;
    } rows[] = {
        {"", false, false, ""},
        {"a", false, false, "a"},
        {"${a.b}", true, true, "${a.b}"},
        {"${a.b}c", true, false, "${a.b}c"},
        {"${a}${b}", true, false, "${a}${b}"},
        {"${a", true, false, "${a"},
        {"$${a}", false, false, "${a}"},
        {"$$${a}", false, false, "$${a}"},
        {"$${a}${b}", true, false, "${a}${b}"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        ck_assert_int_eq(gt_template_is(rows[i].text), rows[i].is);
        ck_assert_int_eq(gt_template_is_whole(rows[i].text), rows[i].whole);
        ck_assert_str_eq(gt_template_unescape(arena, rows[i].text), rows[i].literal);
    }
    ck_assert_ptr_null(gt_template_unescape(arena, NULL));
}
END_TEST

Suite *template_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("template", &tcase);
    tcase_add_test(tcase, what_stands_in_a_text);
    tcase_add_test(tcase, splits_texts_at_references);
    tcase_add_test(tcase, escapes_so_that_the_text_reads_as_itself);
    tcase_add_test(tcase, tells_whether_a_document_has_references);
    tcase_add_test(tcase, visits_references_in_document_order);
    return suite;
}

/* What the tests of documents share: an arena and a sink per test, and parsing of literal texts. */
#ifndef GANTRY_TESTS_DOC_TEST_H
#define GANTRY_TESTS_DOC_TEST_H

#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/doc/doc.h>
#include <gt_test.h>
#include <string.h>

GT_TEST_ARENA

/* Parses a text that must be good. */
static inline struct gt_doc parse(const char *text)
{
    struct gt_doc doc = {0};
    gt_diags_rewind(&diags, 0);
    bool good = gt_doc_parse(arena, "site.yaml", text, strlen(text), &doc, &diags);
    ck_assert_msg(good == (diags.errors == 0), "%.200s: result and errors disagree", text);
    ck_assert_msg(good, "%.200s: %s", text, good ? "" : diags.list.at[0]->message);
    return doc;
}

/* Parses a text that must be bad and returns the first error; the sink is emptied before. */
static inline const struct gt_diag *parse_bad_bytes(const char *text, size_t len)
{
    struct gt_doc doc = {0};
    gt_diags_rewind(&diags, 0);
    ck_assert_msg(!gt_doc_parse(arena, "site.yaml", text, len, &doc, &diags), "%.200s: was taken",
                  text);
    ck_assert_uint_gt(diags.errors, 0);
    ck_assert_ptr_null(doc.root);
    return diags.list.at[0];
}

static inline const struct gt_diag *parse_bad(const char *text)
{
    return parse_bad_bytes(text, strlen(text));
}

/* The document as canonical JSON. */
static inline const char *as_json(const json_t *value)
{
    return gt_json_canonical(arena, value);
}

/* A suite with one case that has the arena as its fixture. */
static inline Suite *arena_suite(const char *name, TCase **tcase)
{
    Suite *suite = suite_create(name);
    *tcase = tcase_create(name);
    tcase_add_checked_fixture(*tcase, arena_setup, arena_teardown);
    suite_add_tcase(suite, *tcase);
    return suite;
}

#endif

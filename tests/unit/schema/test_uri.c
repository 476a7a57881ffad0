#include "schema_suites.h"

#include <uri.h>

GT_TEST_ARENA

/* RFC 3986, sections 5.4.1 and 5.4.2, and bases that the RFC's examples have not. */
static const struct row {
    const char *base, *reference, *wanted;
} rows[] = {
    {NULL, "g:h", "g:h"},
    {NULL, "g", "http://a/b/c/g"},
    {NULL, "./g", "http://a/b/c/g"},
    {NULL, "g/", "http://a/b/c/g/"},
    {NULL, "/g", "http://a/g"},
    {NULL, "//g", "http://g"},
    {NULL, "?y", "http://a/b/c/d;p?y"},
    {NULL, "g?y", "http://a/b/c/g?y"},
    {NULL, "#s", "http://a/b/c/d;p?q"},
    {NULL, "g#s", "http://a/b/c/g"},
    {NULL, ";x", "http://a/b/c/;x"},
    {NULL, "", "http://a/b/c/d;p?q"},
    {NULL, ".", "http://a/b/c/"},
    {NULL, "./", "http://a/b/c/"},
    {NULL, "..", "http://a/b/"},
    {NULL, "../", "http://a/b/"},
    {NULL, "../g", "http://a/b/g"},
    {NULL, "../..", "http://a/"},
    {NULL, "../../g", "http://a/g"},
    {NULL, "../../../g", "http://a/g"},
    {NULL, "/./g", "http://a/g"},
    {NULL, "/../g", "http://a/g"},
    {NULL, "g.", "http://a/b/c/g."},
    {NULL, "..g", "http://a/b/c/..g"},
    {NULL, "./../g", "http://a/b/g"},
    {NULL, "g/./h", "http://a/b/c/g/h"},
    {NULL, "g/../h", "http://a/b/c/h"},
    {NULL, "g;x=1/../y", "http://a/b/c/y"},
    {NULL, "g?y/../x", "http://a/b/c/g?y/../x"},
    {"", "", ""},
    {"", "a/b", "a/b"},
    {"a/b", "c", "a/c"},
    {"a/b", "../../../c", "c"},
    {"http://a", "b", "http://a/b"},
    {"urn:uuid:1", "#/x", "urn:uuid:1"},
    {"urn:uuid:1", "urn:uuid:2", "urn:uuid:2"},
    {"HTTP://a/", "b", "http://a/b"},
    {"file:///c:/d/e", "f", "file:///c:/d/f"},
};

START_TEST(resolves_references)
{
    const char *base = rows[_i].base == NULL ? "http://a/b/c/d;p?q" : rows[_i].base;
    ck_assert_str_eq(gt_uri_resolve(arena, base, rows[_i].reference), rows[_i].wanted);
}
END_TEST

START_TEST(finds_the_fragment)
{
    ck_assert_str_eq(gt_uri_fragment(arena, "a?b#/c%25%20d"), "/c% d");
    ck_assert_str_eq(gt_uri_fragment(arena, "a#"), "");
    ck_assert_str_eq(gt_uri_fragment(arena, "a"), "");
}
END_TEST

Suite *uri_suite(void)
{
    Suite *suite = suite_create("uri");
    TCase *tcase = tcase_create("uri");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, resolves_references, 0, GT_COUNT(rows));
    tcase_add_test(tcase, finds_the_fragment);
    suite_add_tcase(suite, tcase);
    return suite;
}

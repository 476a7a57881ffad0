/* How tokens are read, and what refusals and metadata say. */
#include "auth_suites.h"

#include <gantry/auth/bearer.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>

GT_TEST_ARENA

START_TEST(reads_bearer_tokens)
{
    static const struct {
        const char *header, *token;
    } rows[] = {
        {"Bearer abc", "abc"}, {"bearer  abc ", "abc"}, {"BEARER a.b.c", "a.b.c"}, {"Bearer", NULL},
        {"Bearer ", NULL},     {"Bearerabc", NULL},     {"Basic dXNlcg==", NULL},  {"", NULL},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_streq(gt_bearer_token(arena, rows[i].header), rows[i].token), "%s",
                      rows[i].header);
    ck_assert_ptr_null(gt_bearer_token(arena, NULL));
}
END_TEST

START_TEST(challenges_name_the_metadata_and_what_is_missing)
{
    static const struct {
        struct gt_refusal refusal;
        const char *challenge;
    } rows[] = {
        {{.status = 401}, "Bearer resource_metadata=\"http://h/m\""},
        {{.status = 401, .scope = "a b"}, "Bearer resource_metadata=\"http://h/m\", scope=\"a b\""},
        {{.status = 401, .error = "invalid_token", .description = "the token has expired"},
         "Bearer resource_metadata=\"http://h/m\", error=\"invalid_token\", "
         "error_description=\"the token has expired\""},
        {{.status = 403,
          .error = "insufficient_scope",
          .description = "wants \"a\\b\"\r\nX: y",
          .scope = "a b"},
         "Bearer resource_metadata=\"http://h/m\", error=\"insufficient_scope\", "
         "error_description=\"wants 'a'b'  X: y\", scope=\"a b\""},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(gt_bearer_challenge(arena, "http://h/m", &rows[i].refusal),
                         rows[i].challenge);
}
END_TEST

START_TEST(metadata_names_resource_issuer_and_scopes)
{
    const json_t *scopes = gt_pack(arena, "[s, s]", "a", "b");
    const struct {
        json_t *document;
        const char *text;
    } rows[] = {
        {gt_resource_metadata("http://r/mcp", "https://i", scopes),
         "{\"authorization_servers\":[\"https://i\"],\"bearer_methods_supported\":[\"header\"],"
         "\"resource\":\"http://r/mcp\",\"scopes_supported\":[\"a\",\"b\"]}"},
        {gt_resource_metadata("http://r/mcp", NULL, NULL),
         "{\"bearer_methods_supported\":[\"header\"],\"resource\":\"http://r/mcp\"}"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(gt_json_canonical(arena, gt_keep(arena, rows[i].document)), rows[i].text);
}
END_TEST

Suite *wording_suite(void)
{
    Suite *suite = suite_create("wording");
    TCase *tcase = tcase_create("wording");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, reads_bearer_tokens);
    tcase_add_test(tcase, challenges_name_the_metadata_and_what_is_missing);
    tcase_add_test(tcase, metadata_names_resource_issuer_and_scopes);
    suite_add_tcase(suite, tcase);
    return suite;
}

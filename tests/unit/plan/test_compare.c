#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <gantry/plan/plan.h>
#include <string.h>

GT_TEST_ARENA

static json_t *doc(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(value != NULL, "%s in %s", error.text, text);
    return gt_keep(arena, value);
}

struct vector {
    const char *name, *type;
    const char *wanted, *last, *live;
    const char *ignore;
    /* The changes as "pointer cause[!]": '!' where it replaces, '~' where it is ignored. */
    const char *changes;
};

static const struct vector vectors[] = {
    {"nothing_when_live_has_more_members", "gateway", "{\"name\":\"a\",\"description\":\"d\"}",
     "{\"name\":\"a\",\"description\":\"d\"}",
     "{\"name\":\"a\",\"description\":\"d\",\"gatewayUrl\":\"u\",\"futureMember\":1}", NULL, ""},
    {"manifest_change", "gateway", "{\"description\":\"new\"}", "{\"description\":\"old\"}",
     "{\"description\":\"old\"}", NULL, "/description manifest"},
    {"drift_is_told_apart", "gateway", "{\"description\":\"mine\"}", "{\"description\":\"mine\"}",
     "{\"description\":\"theirs\"}", NULL, "/description drift"},
    {"removed_member_that_is_still_live", "gateway", "{}", "{\"description\":\"old\"}",
     "{\"description\":\"old\"}", NULL, "/description removed"},
    {"removed_member_that_is_gone_already", "gateway", "{}", "{\"description\":\"old\"}", "{}",
     NULL, ""},
    {"member_that_nobody_ever_named_is_left_alone", "gateway", "{}", "{}",
     "{\"description\":\"somebody's\"}", NULL, ""},
    {"replaces_gateway_when_name_changes", "gateway", "{\"name\":\"b\"}", "{\"name\":\"a\"}",
     "{\"name\":\"a\"}", NULL, "/name manifest!"},
    {"sets_have_no_order", "gateway",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"a\",\"b\"]}}}",
     NULL,
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"b\",\"a\"]}}}",
     NULL, ""},
    {"set_lost_an_entry", "gateway",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"a\",\"b\"]}}}",
     NULL, "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"b\"]}}}",
     NULL, "/authorizerConfiguration/customJWTAuthorizer/allowedClients manifest"},
    {"set_gained_an_entry", "gateway",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"b\"]}}}",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"b\"]}}}",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"b\",\"x\"]}}}",
     NULL, "/authorizerConfiguration/customJWTAuthorizer/allowedClients drift"},
    {"doubles_in_a_set_are_not_taken_twice", "gateway",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"a\",\"a\"]}}}",
     NULL,
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"a\",\"b\"]}}}",
     NULL, "/authorizerConfiguration/customJWTAuthorizer/allowedClients manifest"},
    {"empty_is_absent", "gateway", "{\"description\":\"\",\"tags\":{}}", NULL, "{}", NULL, ""},
    {"empty_map_is_absent_for_runtimes", "runtime", "{\"environmentVariables\":{}}", NULL, "{}",
     NULL, ""},
    {"policies_are_compared_as_policies", "role",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
     "\"Allow\",\"Action\":[\"sts:AssumeRole\"],\"Principal\":{\"Service\":"
     "\"bedrock-agentcore.amazonaws.com\"}}]}}",
     NULL,
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":{\"Action\":"
     "\"sts:AssumeRole\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":["
     "\"bedrock-agentcore.amazonaws.com\"]}}}}",
     NULL, ""},
    {"tags_of_others_are_left_alone", "gateway", "{\"tags\":{\"team\":\"a\"}}", NULL,
     "{\"tags\":{\"team\":\"a\",\"aws:x\":\"y\"}}", NULL, ""},
    {"tags_compare_key_by_key_in_list_form", "role",
     "{\"Tags\":[{\"Key\":\"team\",\"Value\":\"a\"},{\"Key\":\"b\",\"Value\":\"2\"}]}", NULL,
     "{\"Tags\":[{\"Key\":\"b\",\"Value\":\"1\"},{\"Key\":\"team\",\"Value\":\"a\"}]}", NULL,
     "/Tags/b manifest"},
    {"tag_that_is_no_longer_wanted", "gateway", "{}", "{\"tags\":{\"old\":\"x\"}}",
     "{\"tags\":{\"old\":\"x\",\"other\":\"y\"}}", NULL, "/tags/old removed"},
    {"another_kind_of_target_replaces", "target",
     "{\"targetConfiguration\":{\"mcp\":{\"mcpServer\":{\"endpoint\":\"https://e\"}}}}", NULL,
     "{\"targetConfiguration\":{\"mcp\":{\"lambda\":{\"lambdaArn\":\"x\"}}}}", NULL,
     "/targetConfiguration/mcp manifest!"},
    {"other_endpoint_of_the_same_kind_updates", "target",
     "{\"targetConfiguration\":{\"mcp\":{\"mcpServer\":{\"endpoint\":\"https://e\"}}}}", NULL,
     "{\"targetConfiguration\":{\"mcp\":{\"mcpServer\":{\"endpoint\":\"https://f\"}}}}", NULL,
     "/targetConfiguration/mcp/mcpServer/endpoint manifest"},
    {"unknown_reference", "gateway", "{\"roleArn\":\"${role.gateway.tools.Arn}\"}",
     "{\"roleArn\":\"arn:x\"}", "{\"roleArn\":\"arn:x\"}", NULL, "/roleArn upstream"},
    {"unknown_reference_in_an_immutable_member_replaces", "target",
     "{\"gatewayIdentifier\":\"${gateway.tools.gatewayId}\"}", NULL,
     "{\"gatewayIdentifier\":\"g\"}", NULL, "/gatewayIdentifier upstream!"},
    {"ignored_paths_are_shown_and_do_not_count", "gateway", "{\"description\":\"a\"}", NULL,
     "{\"description\":\"b\"}", "/description", "/description manifest~"},
    {"variables_of_iam_are_no_references", "role_policy",
     "{\"PolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/${aws:PrincipalTag/team}\"}]}}",
     NULL,
     "{\"PolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
     "\"Action\":[\"s3:GetObject\"],\"Resource\":\"arn:aws:s3:::b/${aws:PrincipalTag/team}\"}}}",
     NULL, ""},
    {"braces_in_a_value_are_no_references", "runtime",
     "{\"environmentVariables\":{\"PATH\":\"${HOME}/bin\"}}", NULL,
     "{\"environmentVariables\":{\"PATH\":\"${HOME}/bin\"}}", NULL, ""},
    {"client_that_was_imported_has_the_secret_it_should", "user_pool_client",
     "{\"GenerateSecret\":true}", "{}", "{\"GenerateSecret\":true}", NULL, ""},
    {"client_without_the_secret_it_should_have", "user_pool_client", "{\"GenerateSecret\":true}",
     "{\"GenerateSecret\":true}", "{\"GenerateSecret\":false}", NULL, "/GenerateSecret drift!"},
    {"unknown_reference_in_a_set", "gateway",
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"a\","
     "\"${user_pool_client.m.c.ClientId}\"]}}}",
     NULL,
     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":{\"allowedClients\":[\"a\",\"b\"]}}}",
     NULL, "/authorizerConfiguration/customJWTAuthorizer/allowedClients upstream"},
    {"immutable_member_goes_with_what_holds_it", "gateway", "{}",
     "{\"protocolConfiguration\":{\"mcp\":{\"searchType\":\"SEMANTIC\"}}}",
     "{\"protocolConfiguration\":{\"mcp\":{\"searchType\":\"SEMANTIC\"}}}", NULL,
     "/protocolConfiguration removed!"},
    {"secret_values_that_the_service_gives_back_are_compared", "runtime",
     "{\"environmentVariables\":{\"A\":\"1\",\"B\":\"2\"}}", NULL,
     "{\"environmentVariables\":{\"A\":\"1\",\"B\":\"3\"}}", NULL,
     "/environmentVariables/B manifest"},
};

static char *summary(const struct gt_changes *changes)
{
    char *text = gt_strdup(arena, "");
    for (size_t i = 0; i < changes->list.len; i++) {
        const struct gt_change *change = &changes->list.at[i];
        text = gt_printf(arena, "%s%s%s %s%s%s", text, i == 0 ? "" : ", ", change->pointer,
                         gt_cause_names[change->cause], change->replaces ? "!" : "",
                         change->ignored ? "~" : "");
    }
    return text;
}

/* References of the vectors that are open: those to resources. Others are mere text by the time of a
 * comparison. */
static void note_open(void *payload, const char *pointer, const char *expression)
{
    if (strchr(expression, '.') != NULL && strchr(expression, ':') == NULL)
        json_object_set_new(payload, pointer, json_true());
}

START_TEST(compares_as_the_table_says)
{
    const struct vector *v = &vectors[_i];
    const char *ignore[] = {v->ignore, NULL};
    struct gt_compare what = {.type = gt_type_find(v->type),
                              .wanted = doc(v->wanted),
                              .last = v->last == NULL ? NULL : doc(v->last),
                              .live = doc(v->live),
                              .unknown = gt_keep(arena, json_object()),
                              .ignore = v->ignore == NULL ? NULL : ignore};
    gt_each_ref(arena, what.wanted, note_open, gt_iterable(what.unknown));
    struct gt_changes changes = gt_compare(arena, &what);
    char *got = summary(&changes);
    ck_assert_msg(gt_streq(got, v->changes), "%s: got \"%s\", wanted \"%s\"", v->name, got,
                  v->changes);
    bool counts = *v->changes != '\0' && !gt_ends_with(v->changes, "~");
    ck_assert_msg(changes.any == counts, "%s: any", v->name);
    ck_assert_msg(changes.replaces == gt_ends_with(v->changes, "!"), "%s: replaces", v->name);
}
END_TEST

START_TEST(a_document_and_itself_never_differ)
{
    const struct vector *v = &vectors[_i];
    struct gt_compare what = {.type = gt_type_find(v->type),
                              .wanted = doc(v->live),
                              .last = doc(v->live),
                              .live = doc(v->live)};
    struct gt_changes changes = gt_compare(arena, &what);
    ck_assert_msg(changes.list.len == 0, "%s: %s", v->name, summary(&changes));
}
END_TEST

START_TEST(shows_no_secret)
{
    struct gt_compare what = {.type = gt_type_find("runtime"),
                              .wanted = doc("{\"environmentVariables\":{\"KEY\":\"hush-1\"}}"),
                              .live = doc("{\"environmentVariables\":{\"KEY\":\"hush-2\"}}")};
    struct gt_changes changes = gt_compare(arena, &what);
    ck_assert_uint_eq(changes.list.len, 1);
    ck_assert(changes.list.at[0].secret);
    ck_assert_str_eq(json_string_value(changes.list.at[0].before), "(secret)");
    ck_assert_str_eq(json_string_value(changes.list.at[0].after), "(secret)");
}
END_TEST

START_TEST(shows_no_secret_of_what_goes_as_a_whole)
{
    struct gt_compare what = {.type = gt_type_find("runtime"),
                              .wanted = doc("{}"),
                              .last = doc("{\"environmentVariables\":{}}"),
                              .live = doc("{\"environmentVariables\":{\"KEY\":\"hush\"}}")};
    struct gt_changes changes = gt_compare(arena, &what);
    ck_assert_uint_eq(changes.list.len, 1);
    ck_assert_str_eq(gt_json_canonical(arena, changes.list.at[0].before), "{\"KEY\":\"(secret)\"}");
}
END_TEST

Suite *compare_suite(void)
{
    Suite *suite = suite_create("compare");
    TCase *tests = tcase_create("compare");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, compares_as_the_table_says, 0, GT_COUNT(vectors));
    tcase_add_loop_test(tests, a_document_and_itself_never_differ, 0, GT_COUNT(vectors));
    tcase_add_test(tests, shows_no_secret);
    tcase_add_test(tests, shows_no_secret_of_what_goes_as_a_whole);
    suite_add_tcase(suite, tests);
    return suite;
}

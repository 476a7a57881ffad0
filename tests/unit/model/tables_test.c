/* Walks every shape of the generated tables and checks what the code takes for granted. */
#include "suites.h"


#include <gantry/base/map.h>
#include <gantry/base/pattern.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <gt_test.h>
#include <string.h>

GT_TEST_ARENA

typedef void shape_fn(const struct gt_shape *shape);

static char *address_key(const void *address)
{
    return gt_printf(arena, "%p", address);
}

static void visit(struct gt_map *seen, const struct gt_shape *shape, shape_fn *fn)
{
    if (shape == NULL || gt_map_get(seen, address_key(shape)) != NULL)
        return;
    gt_map_set(seen, address_key(shape), seen);
    fn(shape);
    visit(seen, shape->element, fn);
    visit(seen, shape->key, fn);
    for (size_t i = 0; i < shape->member_count; i++)
        visit(seen, shape->members[i].shape, fn);
}

static size_t visit_all(shape_fn *fn)
{
    struct gt_map seen = gt_map_init(arena);
    for (const struct gt_service *const *s = gt_services; *s != NULL; s++) {
        for (const struct gt_operation *const *o = (*s)->operations; *o != NULL; o++) {
            visit(&seen, (*o)->input, fn);
            visit(&seen, (*o)->output, fn);
            for (const struct gt_shape *const *e = (*o)->errors; *e != NULL; e++)
                visit(&seen, *e, fn);
        }
    }
    return seen.entries.len;
}

static void is_sound(const struct gt_shape *shape)
{
    ck_assert_ptr_nonnull(shape->name);
    ck_assert_msg(shape->min <= shape->max, "%s: limits", shape->name);
    for (size_t i = 0; i < shape->member_count; i++) {
        ck_assert_msg(shape->members[i].shape != NULL, "%s: no shape", shape->members[i].name);
        ck_assert_msg(gt_member_find(shape, shape->members[i].name) == &shape->members[i],
                      "%s: %s is not found", shape->name, shape->members[i].name);
        ck_assert_msg(i == 0 || strcmp(shape->members[i - 1].name, shape->members[i].name) < 0,
                      "%s: members are not sorted at %s", shape->name, shape->members[i].name);
    }
    bool holder = shape->kind == GT_SHAPE_LIST || shape->kind == GT_SHAPE_MAP;
    ck_assert_msg(holder == (shape->element != NULL), "%s: element", shape->name);
    ck_assert_msg((shape->kind == GT_SHAPE_MAP) == (shape->key != NULL), "%s: key", shape->name);
    ck_assert_msg(shape->kind == GT_SHAPE_STRUCTURE || shape->member_count == 0, "%s: members",
                  shape->name);
    if (shape->flags & GT_SHAPE_UNION)
        ck_assert_msg(shape->kind == GT_SHAPE_STRUCTURE && shape->member_count > 0, "%s: union",
                      shape->name);
}

static void pattern_is_understood(const struct gt_shape *shape)
{
    if (shape->pattern != NULL)
        ck_assert_msg(gt_pattern_understood(shape->pattern), "%s: %s", shape->name, shape->pattern);
}

START_TEST(every_shape_is_sound)
{
    ck_assert_uint_gt(visit_all(is_sound), 1500);
}
END_TEST

START_TEST(every_pattern_compiles)
{
    visit_all(pattern_is_understood);
}
END_TEST

START_TEST(operations_are_sorted_and_belong_to_their_service)
{
    for (const struct gt_service *const *s = gt_services; *s != NULL; s++) {
        const char *before = "";
        for (const struct gt_operation *const *o = (*s)->operations; *o != NULL; o++) {
            ck_assert_str_lt(before, (*o)->name);
            ck_assert_ptr_eq((*o)->service, *s);
            ck_assert_ptr_nonnull((*o)->errors);
            ck_assert_int_ge((*o)->response_code, 200);
            before = (*o)->name;
        }
    }
}
END_TEST

START_TEST(payloads_tokens_and_pages_name_members)
{
    for (const struct gt_service *const *s = gt_services; *s != NULL; s++) {
        for (const struct gt_operation *const *o = (*s)->operations; *o != NULL; o++) {
            const struct gt_operation *op = *o;
            if (op->input_payload != NULL)
                ck_assert_ptr_nonnull(gt_member_find(op->input, op->input_payload));
            if (op->output_payload != NULL)
                ck_assert_ptr_nonnull(gt_member_find(op->output, op->output_payload));
            const struct gt_paginator *page = op->paginator;
            if (page == NULL)
                continue;
            ck_assert_ptr_nonnull(gt_member_find(op->input, page->input_token));
            ck_assert_ptr_nonnull(gt_member_find(op->output, page->output_token));
            ck_assert_ptr_nonnull(gt_member_find(op->output, page->items));
            if (page->limit != NULL)
                ck_assert_ptr_nonnull(gt_member_find(op->input, page->limit));
            if (page->more != NULL)
                ck_assert_ptr_nonnull(gt_member_find(op->output, page->more));
        }
    }
}
END_TEST

/* Every {label} of a URI is a member that goes into the URI, and the other way round. */
static void labels_are_bound(const struct gt_operation *op)
{
    for (size_t i = 0; op->input != NULL && i < op->input->member_count; i++) {
        const struct gt_member *member = &op->input->members[i];
        if (member->location != GT_LOCATION_URI)
            continue;
        const char *name = member->location_name != NULL ? member->location_name : member->name;
        ck_assert_msg(strstr(op->uri, gt_printf(arena, "{%s}", name)) != NULL ||
                          strstr(op->uri, gt_printf(arena, "{%s+}", name)) != NULL,
                      "%s: %s is not in %s", op->name, name, op->uri);
        ck_assert(member->flags & GT_MEMBER_REQUIRED);
    }
}

START_TEST(labels_of_uris_are_members)
{
    for (const struct gt_service *const *s = gt_services; *s != NULL; s++)
        for (const struct gt_operation *const *o = (*s)->operations; *o != NULL; o++)
            labels_are_bound(*o);
}
END_TEST

START_TEST(services_speak_the_protocols_of_their_models)
{
    static const struct {
        const struct gt_service *service;
        enum gt_protocol protocol;
        const char *version, *target, *signing, *env;
    } rows[] = {
        {&gt_service_bedrock_agentcore_control, GT_PROTOCOL_REST_JSON, NULL, NULL,
         "bedrock-agentcore", "BEDROCK_AGENTCORE_CONTROL"},
        {&gt_service_bedrock_agentcore, GT_PROTOCOL_REST_JSON, NULL, NULL, "bedrock-agentcore",
         "BEDROCK_AGENTCORE"},
        {&gt_service_cognito_idp, GT_PROTOCOL_AWS_JSON, "1.1", "AWSCognitoIdentityProviderService",
         "cognito-idp", "COGNITO_IDENTITY_PROVIDER"},
        {&gt_service_iam, GT_PROTOCOL_QUERY, NULL, NULL, "iam", "IAM"},
        {&gt_service_sts, GT_PROTOCOL_QUERY, NULL, NULL, "sts", "STS"},
        {&gt_service_ecr, GT_PROTOCOL_AWS_JSON, "1.1", "AmazonEC2ContainerRegistry_V20150921",
         "ecr", "ECR"},
        {&gt_service_cloudwatch, GT_PROTOCOL_AWS_JSON, "1.0", "GraniteServiceVersion20100801",
         "monitoring", "CLOUDWATCH"},
        {&gt_service_logs, GT_PROTOCOL_AWS_JSON, "1.1", "Logs_20140328", "logs", "CLOUDWATCH_LOGS"},
        {&gt_service_s3, GT_PROTOCOL_REST_XML, NULL, NULL, "s3", "S3"},
        {&gt_service_secretsmanager, GT_PROTOCOL_AWS_JSON, "1.1", "secretsmanager",
         "secretsmanager", "SECRETS_MANAGER"},
        {&gt_service_lambda, GT_PROTOCOL_REST_JSON, NULL, NULL, "lambda", "LAMBDA"},
        {&gt_service_rds_data, GT_PROTOCOL_REST_JSON, NULL, NULL, "rds-data", "RDS_DATA"},
        {&gt_service_rds, GT_PROTOCOL_QUERY, NULL, NULL, "rds", "RDS"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_service *service = rows[i].service;
        ck_assert_msg(service->protocol == rows[i].protocol, "%s", service->name);
        ck_assert_msg(gt_streq(service->json_version, rows[i].version), "%s", service->name);
        ck_assert_msg(gt_streq(service->target_prefix, rows[i].target), "%s", service->name);
        ck_assert_str_eq(service->signing_name, rows[i].signing);
        ck_assert_str_eq(service->endpoint_env, rows[i].env);
    }
}
END_TEST

START_TEST(traits_of_members_are_kept)
{
    const struct gt_operation *op = &gt_op_bedrock_agentcore_InvokeAgentRuntime;
    ck_assert_str_eq(op->input_payload, "payload");
    const struct gt_member *session = gt_member_find(op->input, "runtimeSessionId");
    ck_assert_int_eq(session->location, GT_LOCATION_HEADER);
    ck_assert_str_eq(session->location_name, "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id");
    ck_assert(gt_member_find(op->output, op->output_payload)->shape->flags & GT_SHAPE_STREAMING);
    const struct gt_shape *value =
        gt_shape_at(gt_op_secretsmanager_GetSecretValue.output, "/SecretString");
    ck_assert(value->flags & GT_SHAPE_SENSITIVE);
    ck_assert(gt_op_sts_AssumeRoleWithWebIdentity.unsigned_request);
    ck_assert(!gt_op_sts_AssumeRole.unsigned_request);
    ck_assert_str_eq(gt_op_sts_AssumeRole.result_wrapper, "AssumeRoleResult");
    ck_assert_int_eq(gt_op_bedrock_agentcore_control_CreateGateway.response_code, 202);
}
END_TEST

Suite *tables_suite(void)
{
    Suite *suite = suite_create("tables");
    TCase *test = tcase_create("tables");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, every_shape_is_sound);
    tcase_add_test(test, every_pattern_compiles);
    tcase_add_test(test, operations_are_sorted_and_belong_to_their_service);
    tcase_add_test(test, payloads_tokens_and_pages_name_members);
    tcase_add_test(test, labels_of_uris_are_members);
    tcase_add_test(test, services_speak_the_protocols_of_their_models);
    tcase_add_test(test, traits_of_members_are_kept);
    suite_add_tcase(suite, test);
    return suite;
}

#include "suites.h"

#include <gantry/model/operations.h>
#include <gantry/model/validate.h>
#include <gt_test.h>
#include <string.h>

GT_TEST_ARENA

#define ROLE "\"arn:aws:iam::123456789012:role/gantry/gateway\""
#define GATEWAY "\"name\": \"tools\", \"roleArn\": " ROLE ", \"authorizerType\": \"NONE\""
#define CLIENT "\"UserPoolId\": \"us-east-1_abc\", \"ClientName\": \"quick suite\""

/* All diagnostics as lines "code: message (hint)". */
static const char *said(void)
{
    const char *lines = "";
    for (size_t i = 0; i < diags.list.len; i++) {
        const struct gt_diag *diag = diags.list.at[i];
        lines = gt_printf(arena, "%s%s%s: %s%s%s%s", lines, i == 0 ? "" : "\n", diag->code,
                          diag->message, diag->hint == NULL ? "" : " (",
                          diag->hint == NULL ? "" : diag->hint, diag->hint == NULL ? "" : ")");
    }
    return lines;
}

static json_t *parsed(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    ck_assert_msg(value != NULL, "%s: %s", text, error.text);
    return gt_keep(arena, value);
}

static const char *verdict(const struct gt_shape *shape, const char *text,
                           const struct gt_validation *how)
{
    diags = gt_diags_init(arena);
    bool ok = gt_validate(shape, parsed(text), how, &diags);
    ck_assert(ok == (diags.errors == 0));
    return said();
}

struct row {
    const struct gt_operation *operation;
    const char *json, *said;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = verdict(rows[i].operation->input, rows[i].json, NULL);
        ck_assert_msg(strcmp(got, rows[i].said) == 0, "%s\ngave\n%s\nnot\n%s", rows[i].json, got,
                      rows[i].said);
    }
}

START_TEST(accepts_what_fits)
{
    static const struct row rows[] = {
        {&gt_op_bedrock_agentcore_control_CreateGateway, "{" GATEWAY "}", ""},
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{" GATEWAY ", \"description\": null, \"tags\": {}}", ""},
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{" GATEWAY ", \"authorizerConfiguration\": {\"customJWTAuthorizer\": {"
         "\"discoveryUrl\": \"https://x/.well-known/openid-configuration\","
         "\"allowedClients\": [\"abc\"]}}}",
         ""},
        {&gt_op_cognito_idp_CreateUserPoolClient,
         "{" CLIENT ", \"GenerateSecret\": true, \"RefreshTokenValidity\": 30}", ""},
        {&gt_op_rds_data_ExecuteStatement,
         "{\"resourceArn\": \"arn:aws:rds:us-east-1:123456789012:cluster:c\", \"secretArn\":"
         "\"arn:aws:secretsmanager:us-east-1:123456789012:secret:s\", \"sql\": \"select 1\","
         "\"parameters\": [{\"name\": \"a\", \"value\": {\"arrayValue\":"
         "{\"longValues\": [1, null]}}}]}",
         ""},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(reports_missing_and_unknown_members)
{
    static const struct row rows[] = {
        {&gt_op_bedrock_agentcore_control_CreateGateway, "{\"name\": \"tools\"}",
         "missing-member: authorizerType: required, but missing\n"
         "missing-member: roleArn: required, but missing"},
        {&gt_op_bedrock_agentcore_control_CreateGateway, "{" GATEWAY ", \"roleARNs\": \"x\"}",
         "unknown-member: roleARNs: unknown member (did you mean \"roleArn\"?)"},
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{" GATEWAY ", \"authorizerConfiguration\": {\"customJWTAuthorizer\": {"
         "\"allowedClient\": [\"abc\"]}}}",
         "unknown-member: authorizerConfiguration.customJWTAuthorizer.allowedClient: "
         "unknown member (did you mean \"allowedClients\"?)\n"
         "missing-member: authorizerConfiguration.customJWTAuthorizer.discoveryUrl: "
         "required, but missing"},
        {&gt_op_iam_TagRole, "{\"RoleName\": \"r\", \"Tags\": [{\"Key\": \"a\", \"Wert\": \"b\"}]}",
         "unknown-member: Tags[0].Wert: unknown member (known members: Key, Value)\n"
         "missing-member: Tags[0].Value: required, but missing"},
        {&gt_op_sts_GetCallerIdentity, "{\"a\": 1}",
         "unknown-member: a: unknown member (there are no members here)"},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(reports_wrong_types)
{
    static const struct row rows[] = {
        {&gt_op_bedrock_agentcore_control_CreateGateway, "[]",
         "wrong-type: must be a map, not a list"},
        {&gt_op_cognito_idp_CreateUserPoolClient,
         "{" CLIENT ", \"GenerateSecret\": \"yes\", \"RefreshTokenValidity\": 1.5,"
         "\"AllowedOAuthScopes\": \"a\", \"DefaultRedirectURI\": {}}",
         "wrong-type: GenerateSecret: must be true or false, not text\n"
         "wrong-type: RefreshTokenValidity: must be a whole number, not a number with a fraction\n"
         "wrong-type: AllowedOAuthScopes: must be a list, not text\n"
         "wrong-type: DefaultRedirectURI: must be text, not a map"},
        {&gt_op_cognito_idp_CreateUserPoolClient,
         "{" CLIENT ", \"AllowedOAuthScopes\": [\"a/b\", null]}",
         "wrong-type: AllowedOAuthScopes[1]: must be text, not null"},
        {&gt_op_logs_FilterLogEvents, "{\"startTime\": \"soon\"}",
         "wrong-type: startTime: must be a whole number, not text"},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(reports_patterns_lengths_and_ranges)
{
    static const struct row rows[] = {
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{\"name\": \"my_tools\", \"roleArn\": " ROLE ", \"authorizerType\": \"NONE\"}",
         "pattern-mismatch: name: does not match ([0-9a-zA-Z][-]?){1,48}"},
        {&gt_op_bedrock_agentcore_control_CreateGateway, "{" GATEWAY ", \"description\": \"\"}",
         "bad-length: description: length is 0, 1 to 200 allowed"},
        {&gt_op_sts_AssumeRole,
         "{\"RoleArn\": " ROLE ", \"RoleSessionName\": \"s\", \"DurationSeconds\": 60}",
         "bad-length: RoleSessionName: length is 1, 2 to 64 allowed\n"
         "out-of-range: DurationSeconds: must be 900 to 43200, not 60"},
        {&gt_op_cognito_idp_CreateUserPoolClient,
         "{" CLIENT ", \"AllowedOAuthFlows\": [\"code\", \"code\", \"code\", \"code\"]}",
         "bad-length: AllowedOAuthFlows: number of entries is 4, at most 3 allowed"},
        {&gt_op_iam_TagRole,
         "{\"RoleName\": \"r\", \"Tags\": [{\"Key\": \"a#\", \"Value\": \"b\"}]}",
         "pattern-mismatch: Tags[0].Key: does not match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"},
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{" GATEWAY ", \"tags\": {\"a#\": \"b\", \"\": \"c\"}}",
         "pattern-mismatch: tags[\"a#\"]: the key does not match [a-zA-Z0-9\\s._:/=+@-]*\n"
         "bad-length: tags[\"\"]: length of the key is 0, 1 to 128 allowed"},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(counts_code_points)
{
    json_t *value = parsed("{" GATEWAY "}");
    char accents[401];
    for (size_t i = 0; i < 400; i += 2)
        memcpy(accents + i, "\xC3\xA9", 2);
    accents[400] = '\0';
    json_object_set_new(value, "description", json_string(accents));
    ck_assert(
        gt_validate(gt_op_bedrock_agentcore_control_CreateGateway.input, value, NULL, &diags));
}
END_TEST

START_TEST(warns_of_enum_values_it_does_not_know)
{
    static const struct row rows[] = {
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{\"name\": \"tools\", \"roleArn\": " ROLE ", \"authorizerType\": \"CUSTOM_JTW\"}",
         "unknown-value: authorizerType: unknown value \"CUSTOM_JTW\" (did you mean "
         "\"CUSTOM_JWT\"?)"},
    };
    check_rows(rows, GT_COUNT(rows));
    ck_assert_uint_eq(diags.warnings, 1);
    ck_assert_uint_eq(diags.errors, 0);
}
END_TEST

START_TEST(wants_exactly_one_alternative_of_a_union)
{
    static const char *const rows[][2] = {
        {"{}", "not-one-of: value: none of the alternatives is given (give exactly one of: "
               "arrayValue, blobValue, booleanValue, doubleValue, isNull, longValue, "
               "stringValue)"},
        {"{\"isNull\": true, \"longValue\": 1}",
         "not-one-of: value: more than one alternative is given (give exactly one of: "
         "arrayValue, blobValue, booleanValue, doubleValue, isNull, longValue, stringValue)"},
        {"{\"isNull\": null, \"longValue\": 1}", ""},
        {"{\"longVallue\": 1}",
         "unknown-member: value.longVallue: unknown member (did you mean \"longValue\"?)"},
    };
    const struct gt_shape *shape =
        gt_shape_at(gt_op_rds_data_ExecuteStatement.input, "/parameters/0");
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(verdict(shape, gt_printf(arena, "{\"value\": %s}", rows[i][0]), NULL),
                         rows[i][1]);
}
END_TEST

START_TEST(leaves_unresolved_references_alone)
{
    static const struct row rows[] = {
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{\"name\": \"a_${var.name}\", \"roleArn\": \"${role.gateway.Arn}\","
         "\"authorizerType\": \"${var.type}\", \"tags\": \"${var.tags}\"}",
         ""},
        {&gt_op_bedrock_agentcore_control_CreateGateway, "{" GATEWAY ", \"tags\": \"a${var.x}\"}",
         "wrong-type: tags: must be a map, not text"},
        {&gt_op_bedrock_agentcore_control_CreateGateway,
         "{\"name\": \"$${x}\", \"roleArn\": " ROLE ", \"authorizerType\": \"NONE\"}",
         "pattern-mismatch: name: does not match ([0-9a-zA-Z][-]?){1,48}"},
        {&gt_op_cognito_idp_CreateUserPoolClient,
         "{" CLIENT ", \"GenerateSecret\": \"${var.on}\", \"RefreshTokenValidity\": \"${var.n}\"}",
         ""},
        {&gt_op_bedrock_agentcore_control_CreateGateway, "{" GATEWAY ", \"nme\": \"${var.x}\"}",
         "unknown-member: nme: unknown member (did you mean \"name\"?)"},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(passes_what_is_to_be_left_unchecked)
{
    static const char *const unchecked[] = {"/newMember", "/tags/*", NULL};
    static const char *const skipped[] = {"roleArn", NULL};
    struct gt_validation how = {.unchecked = unchecked, .skip_members = skipped};
    const struct gt_shape *shape = gt_op_bedrock_agentcore_control_CreateGateway.input;
    ck_assert_str_eq(verdict(shape,
                             "{\"name\": \"n\", \"authorizerType\": \"NONE\","
                             "\"newMember\": {\"x\": 1}, \"tags\": {\"a#\": 1}}",
                             &how),
                     "");
    ck_assert_str_eq(verdict(shape, "{\"name\": \"n\"}", &how),
                     "missing-member: authorizerType: required, but missing");
    how = (struct gt_validation){.partial = true};
    ck_assert_str_eq(
        verdict(shape, "{\"authorizerConfiguration\": {\"customJWTAuthorizer\": {}}}", &how),
        "missing-member: authorizerConfiguration.customJWTAuthorizer.discoveryUrl: "
        "required, but missing");
}
END_TEST

START_TEST(never_asks_for_an_idempotency_token)
{
    static const struct gt_shape text = {
        .name = "Text", .kind = GT_SHAPE_STRING, .min = INT64_MIN, .max = INT64_MAX};
    static const struct gt_member members[] = {
        {.name = "name", .shape = &text, .flags = GT_MEMBER_REQUIRED},
        {.name = "token",
         .shape = &text,
         .flags = GT_MEMBER_REQUIRED | GT_MEMBER_IDEMPOTENCY_TOKEN},
    };
    static const struct gt_shape input = {
        .name = "Input", .kind = GT_SHAPE_STRUCTURE, .members = members, .member_count = 2};
    ck_assert_str_eq(verdict(&input, "{}", NULL), "missing-member: name: required, but missing");
}
END_TEST

START_TEST(shows_no_sensitive_value)
{
    static const char *const values[] = {"HIGH", "LOW", NULL};
    static const struct gt_shape level = {.name = "Level",
                                          .kind = GT_SHAPE_STRING,
                                          .values = values,
                                          .min = INT64_MIN,
                                          .max = INT64_MAX};
    static const struct gt_shape list = {.name = "Levels",
                                         .kind = GT_SHAPE_LIST,
                                         .flags = GT_SHAPE_SENSITIVE,
                                         .element = &level,
                                         .min = INT64_MIN,
                                         .max = INT64_MAX};
    ck_assert_str_eq(verdict(&list, "[\"s3cret\"]", NULL),
                     "unknown-value: [0]: unknown value (known values: HIGH, LOW)");
    ck_assert_str_eq(verdict(gt_op_cognito_idp_AddUserPoolClientSecret.input,
                             "{\"UserPoolId\": \"us-east-1_abc\", \"ClientId\": \"abc\","
                             "\"ClientSecret\": \"s3 cret\"}",
                             NULL),
                     "bad-length: ClientSecret: length is 7, 24 to 64 allowed\n"
                     "pattern-mismatch: ClientSecret: does not match [\\w+]+");
}
END_TEST

START_TEST(gives_positions_and_the_subject)
{
    static const char source[] = "name: my_tools\n"
                                 "roleArn: arn:aws:iam::123456789012:role/x\n"
                                 "authorizerConfiguration:\n"
                                 "  customJWTAuthorizer:\n"
                                 "    allowedClient: [a]\n"
                                 "tags:\n"
                                 "  a#: b\n";
    struct gt_doc doc;
    ck_assert(gt_doc_parse(arena, "site.yaml", source, sizeof(source) - 1, &doc, &diags));
    struct gt_validation how = {.marks = doc.marks, .subject = "gateway.tools"};
    ck_assert(
        !gt_validate(gt_op_bedrock_agentcore_control_CreateGateway.input, doc.root, &how, &diags));
    static const struct {
        const char *code;
        unsigned line, column;
    } rows[] = {
        {"pattern-mismatch", 1, 7}, {"unknown-member", 5, 5}, {"missing-member", 4, 3},
        {"pattern-mismatch", 7, 3}, {"missing-member", 1, 1},
    };
    ck_assert_uint_eq(diags.list.len, GT_COUNT(rows));
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_diag *diag = diags.list.at[i];
        ck_assert_str_eq(diag->code, rows[i].code);
        ck_assert_str_eq(diag->subject, "gateway.tools");
        ck_assert_str_eq(diag->pos.file, "site.yaml");
        ck_assert_msg(diag->pos.line == rows[i].line && diag->pos.column == rows[i].column,
                      "%s at %u:%u", diag->message, diag->pos.line, diag->pos.column);
    }
}
END_TEST

START_TEST(checks_times_and_numbers)
{
    static const struct gt_shape time = {.name = "Time", .kind = GT_SHAPE_TIMESTAMP};
    static const struct gt_shape rate = {
        .name = "Rate", .kind = GT_SHAPE_DOUBLE, .min = 0, .max = 10};
    static const struct gt_shape count = {
        .name = "Count", .kind = GT_SHAPE_INTEGER, .min = INT64_MIN, .max = INT64_MAX};
    static const struct {
        const struct gt_shape *shape;
        const char *json;
        bool fits;
    } rows[] = {
        {&time, "\"2026-08-07T12:00:00Z\"", true},
        {&time, "\"2026-08-07T12:00:00.123+02:00\"", true},
        {&time, "1786000000", true},
        {&time, "\"tomorrow\"", false},
        {&time, "true", false},
        {&rate, "1.5", true},
        {&rate, "10", true},
        {&rate, "10.5", false},
        {&rate, "-1", false},
        {&rate, "\"1\"", false},
        {&rate, "\"NaN\"", true},
        {&count, "2147483647", true},
        {&count, "2147483648", false},
        {&count, "\"1\"", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg((verdict(rows[i].shape, rows[i].json, NULL)[0] == '\0') == rows[i].fits,
                      "%s %s", rows[i].shape->name, rows[i].json);
}
END_TEST

Suite *validate_suite(void)
{
    Suite *suite = suite_create("validate");
    TCase *test = tcase_create("validate");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, accepts_what_fits);
    tcase_add_test(test, reports_missing_and_unknown_members);
    tcase_add_test(test, reports_wrong_types);
    tcase_add_test(test, reports_patterns_lengths_and_ranges);
    tcase_add_test(test, counts_code_points);
    tcase_add_test(test, warns_of_enum_values_it_does_not_know);
    tcase_add_test(test, wants_exactly_one_alternative_of_a_union);
    tcase_add_test(test, leaves_unresolved_references_alone);
    tcase_add_test(test, passes_what_is_to_be_left_unchecked);
    tcase_add_test(test, never_asks_for_an_idempotency_token);
    tcase_add_test(test, shows_no_sensitive_value);
    tcase_add_test(test, gives_positions_and_the_subject);
    tcase_add_test(test, checks_times_and_numbers);
    suite_add_tcase(suite, test);
    return suite;
}

/*
 * Manifests with mistakes (manifests/broken): for each all that is reported, in order, with its
 * place and a part of the message or hint. Nothing else may be reported.
 */
#include "support.h"

static struct gt_arena *arena;

static void setup(void)
{
    arena = gt_arena_new();
}

static void teardown(void)
{
    gt_arena_free(arena);
}

static const struct mistake {
    const char *file, *code;
    unsigned line, column;
    const char *part; /* of the message or the hint */
} mistakes[] = {
    {"after", "self-reference", 4, 77, "log_group.a cannot wait for itself"},
    {"after", "unknown-address", 4, 90, "did you mean \"log_group.a\"?"},
    {"assume-role", "bad-name", 4, 25, "use the ARN of an IAM role"},
    {"assume-role", "out-of-range", 4, 50, "durationSeconds must be 900 to 43200, not 60"},
    {"attribute", "unknown-attribute", 12, 8, "did you mean \"gatewayUrl\"?"},
    {"audience-elsewhere", "audience-without-claim", 6, 22,
     "Cognito's client-credentials tokens have no au"},
    {"audience", "audience-without-claim", 6, 22, "Cognito's client-credentials tokens have no au"},
    {"cycle", "dependency-cycle", 4, 3, "log_group.a (gantry.yaml:4:3) -> log_group.b ("},
    {"dangling-in-properties", "dangling-reference", 13, 18, "did you mean \"runtime.lark\"?"},
    {"dangling", "dangling-reference", 12, 8, "did you mean \"gateway.tools\"?"},
    {"entry-name", "bad-name", 6, 3, "\"to.ols\" is not allowed here"},
    {"environment-key", "environment-required", 3, 1, "which one is not said"},
    {"environment-key", "unknown-key", 6, 5, "did you mean \"gateways\"?"},
    {"environment-needed", "environment-required", 3, 1, "which one is not said"},
    {"everything-at-once", "bad-name", 2, 8, "\"S\" is not allowed here"},
    {"everything-at-once", "unknown-key", 3, 1, "did you mean \"identity\"?"},
    {"everything-at-once", "wrong-type", 9, 12, "runtimes.lark.image must be text, not a list"},
    {"everything-at-once", "unknown-scope", 4, 32, "no resource server defines the scope \"none\""},
    {"everything-at-once", "unknown-identity", 6, 21, "did you mean \"mcp\"?"},
    {"everything-at-once", "unknown-gateway", 11, 19, "did you mean \"tools\"?"},
    {"everything-at-once", "dangling-reference", 13, 8, "did you mean \"gateway.tools\"?"},
    {"existing-runtime", "unknown-identity", 6, 53, "there is none yet"},
    {"existing-runtime", "unknown-provider", 8, 48, "there is none yet"},
    {"existing", "idle-keys", 6, 5, "nothing is made of identity, tags"},
    {"existing", "idle-keys", 11, 27, "log_group.logs exists already: nothing is made of protect"},
    {"filter", "unknown-filter", 12, 8, "did you mean \"percent-encode\"?"},
    {"http-endpoint", "bad-endpoint", 8, 36, "the endpoint must be an https URL"},
    {"iam-variable", "dangling-reference", 10, 21,
     "${aws:username} refers to nothing in this stac"},
    {"ignore", "bad-ignore", 17, 31, "AssumeRolePolicyDocument is compared as a whole"},
    {"ignore", "unknown-property", 9, 9, "did you mean \"description\"?"},
    {"ignore", "bad-ignore", 11, 9, "customJWTAuthorizer/allowedClients is compared as a whole"},
    {"lambda", "pattern-mismatch", 8, 13, "lambdaArn"},
    {"moved", "unknown-address", 13, 9, "did you mean \"target.lark\"?"},
    {"newer-version", "unknown-version", 1, 9, "this manifest has version 2, and this Gantry k"},
    {"no-attribute", "unknown-attribute", 12, 8, "${gateway.tools} names no attribute"},
    {"no-stack", "missing-key", 1, 1, "the manifest has no \"stack\""},
    {"no-targets", "no-targets", 6, 3, "gateway tools has no targets"},
    {"open-brace", "bad-reference", 13, 18, "a reference has no closing brace"},
    {"open-gateway", "missing-key", 4, 3, "gateway tools does not say who may call it"},
    {"policy", "bad-policy", 7, 7, "Effect must be Allow or Deny"},
    {"property", "unknown-member", 8, 7, "did you mean \"retentionInDays\"?"},
    {"provider-literal", "secret-literal", 16, 25, "a secret must not stand in the manifest"},
    {"role-for-jwt-runtime", "wrong-credential", 12, 35,
     "the gateway's role is no credential for runtim"},
    {"role", "unknown-role", 4, 38, "did you mean \"deploy\"?"},
    {"role", "unknown-role", 5, 52, "there is deploy"},
    {"runtime-without-image", "missing-key", 4, 3, "runtime lark has no image"},
    {"same-identity", "duplicate-name", 5, 47, "role.deploy has the name of role.Deploy"},
    {"same-identity", "duplicate-name", 8, 51, "log_group.b has the name of log_group.a: /a"},
    {"same-name", "duplicate-name", 11, 48, "lark"},
    {"scope", "unknown-scope", 8, 28, "did you mean \"invoke\"?"},
    {"secret-in-environment", "secret-in-environment", 12, 21,
     "LARK_API_KEY looks like a secret, and environm"},
    {"secret-in-environment", "secret-in-environment", 13, 17,
     "DATABASE looks like a secret, and environment "},
    {"secret-reference", "secret-in-the-open", 8, 18, "description is kept and shown"},
    {"secret-value", "secret-literal", 10, 20, "secret KEY is not the ARN of a secret"},
    {"section-is-a-list", "wrong-type", 3, 1, "gateways must be a map, not a list"},
    {"self", "self-reference", 6, 32, "${log_group.a.arn} refers to the resource itse"},
    {"service-name", "bad-name", 8, 11, "\"my_tools\" cannot be the name of a gateway"},
    {"stack-name", "bad-name", 2, 8, "\"Lark Tools\" is not allowed here"},
    {"tag-reserved", "bad-tag", 5, 21, "tags that start with \"gantry:\" are reserved"},
    {"tag", "bad-tag", 5, 11, "tag \"team\" has characters that are not allowed"},
    {"tool-name", "tool-name-too-long", 15, 15, "tool a-target-with-a-rather-long-name___a_tool"},
    {"two-kinds", "conflicting-keys", 10, 51, "target lark has both runtime and endpoint"},
    {"type", "unknown-type", 5, 11, "did you mean \"log_group\"?"},
    {"unknown-entry-key", "unknown-key", 8, 5, "did you mean \"description\"?"},
    {"unknown-gateway", "unknown-gateway", 10, 19, "did you mean \"tools\"?"},
    {"unknown-root-key", "unknown-key", 3, 1, "did you mean \"gateways\"?"},
    {"unknown-runtime", "unknown-runtime", 10, 35, "did you mean \"lark\"?"},
    {"unset-environment", "unset-environment", 13, 18, "environment variable NOT_SET is not set"},
    {"variable-without-value", "missing-variable", 4, 3, "variable \"image\" has no value"},
    {"variable", "unknown-variable", 10, 17, "did you mean \"image\"?"},
    {"wrong-type", "wrong-type", 10, 15, "targets.docs.endpoint must be text, not a list"},
};

static bool says(const struct gt_diag *diag, const char *part)
{
    return strstr(diag->message, part) != NULL ||
           (diag->hint != NULL && strstr(diag->hint, part) != NULL);
}

/* Builds the file of row `first` and compares with this row and those that follow it for the same
 * file. */
static void check_file(size_t first)
{
    const char *file = mistakes[first].file;
    struct stack_test test = stack_test(arena);
    build_file(&test, gt_printf(arena, "tests/unit/stack/manifests/broken/%s.yaml", file));
    size_t count = 0;
    for (size_t i = first; i < GT_COUNT(mistakes) && strcmp(mistakes[i].file, file) == 0; i++) {
        const struct mistake *row = &mistakes[i];
        ck_assert_msg(count < test.diags.list.len, "%s: %s is missing among:%s", file, row->code,
                      diags_text(&test));
        const struct gt_diag *diag = test.diags.list.at[count++];
        ck_assert_msg(strcmp(diag->code, row->code) == 0 && diag->pos.line == row->line &&
                          diag->pos.column == row->column && says(diag, row->part),
                      "%s: wanted %u:%u %s (%s), got:%s", file, row->line, row->column, row->code,
                      row->part, diags_text(&test));
        ck_assert_str_eq(diag->pos.file, "gantry.yaml");
    }
    ck_assert_msg(count == test.diags.list.len, "%s: more than wanted:%s", file, diags_text(&test));
    ck_assert_int_eq(test.built, test.diags.errors == 0);
}

START_TEST(reports_every_mistake_of_a_broken_manifest_at_its_place)
{
    size_t row = (size_t)_i;
    if (row == 0 || strcmp(mistakes[row].file, mistakes[row - 1].file) != 0)
        check_file(row);
}
END_TEST

START_TEST(survives_manifests_that_are_no_manifests)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "just text",
                                        "gantry: [",
                                        "12",
                                        "null",
                                        "gantry: 1\nstack: s\nidentity: {mcp: 3}\n",
                                        "gantry: 1\nstack: s\nidentity: {mcp: {clients: [a]}}\n",
                                        "gantry: 1\nstack: s\nvariables: [a]\n",
                                        "gantry: 1\nstack: s\nenvironments: [a]\n",
                                        "gantry: 1\nstack: s\nprovider: {region: [a]}\n",
                                        "gantry: 1\nstack: s\nmoved: {a: b}\n",
                                        "gantry: 1\nstack: s\noutputs: [a]\n",
                                        "gantry: 1\nstack: s\nroles: {a: {trust: 3}}\n",
                                        "gantry: 1\nstack: s\nroles: {a: {trust: [3]}}\n",
                                        "gantry: 1\nstack: s\ntargets: {a: {}}\n"};
    struct stack_test test = stack_test(arena);
    ck_assert_msg(!build_text(&test, texts[_i]), "%s was built", texts[_i]);
    ck_assert_uint_gt(test.diags.errors, 0);
}
END_TEST

Suite *broken_suite(void)
{
    Suite *suite = suite_create("broken");
    TCase *tcase = tcase_create("broken");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, reports_every_mistake_of_a_broken_manifest_at_its_place, 0,
                        (int)GT_COUNT(mistakes));
    tcase_add_loop_test(tcase, survives_manifests_that_are_no_manifests, 0, 16);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* What needs consent or is forbidden makes no call. */
#include "world.h"

WORLD

static const char *renamed(void)
{
    return manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: other-tools}}\n"
                           "targets: {docs: {gateway: tools, endpoint: "
                           "\"https://example.com/mcp\"}}\n");
}

static void check_refused(const char *yaml, const char *code)
{
    tiny_forget(world->cloud);
    const char *before = world_file(world, "default.json");
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_FAILED);
    ASSERT_DIAG(world, code);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    ck_assert_str_eq(world_file(world, "default.json"), before);
}

START_TEST(replacing_a_gateway_needs_consent)
{
    world_done(world, manifest(world, small_stack));
    check_refused(renamed(), "needs-consent");
    const struct gt_diag *diag = diag_of(world, "needs-consent");
    ck_assert_str_eq(diag->subject, "gateway.tools");
    ck_assert_ptr_nonnull(strstr(diag->message, "URL"));
    ck_assert_str_eq(diag->hint, "if that is meant: --allow-replace gateway.tools");
}
END_TEST

START_TEST(deleting_a_gateway_needs_consent_except_by_destroy)
{
    world_done(world, manifest(world, small_stack));
    check_refused(manifest(world, ""), "needs-consent");
    ASSERT_RESULT(world, world_destroy(world, manifest(world, small_stack)), GT_APPLY_DONE);
}
END_TEST

START_TEST(what_is_denied_is_not_done)
{
    const char *const all[] = {"*", NULL};
    world_done(world, manifest(world, small_stack));
    world->options.allow_replace = all;
    world->options.deny_replace = true;
    check_refused(renamed(), "denied");
    world->options.deny_replace = false;
    world->options.deny_delete = true;
    check_refused(renamed(), "denied");
    check_refused(manifest(world, ""), "denied");
}
END_TEST

START_TEST(no_more_is_deleted_than_is_allowed)
{
    const char *const all[] = {"*", NULL};
    world_done(world, manifest(world, small_stack));
    world->options.allow_replace = all;
    world->options.max_delete = 1;
    check_refused(renamed(), "max-delete");
    world->options.max_delete = 2;
    world_done(world, renamed());
}
END_TEST

START_TEST(what_is_protected_is_not_deleted)
{
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM, protect: true}}\n");
    const char *const all[] = {"*", NULL};
    world->options.allow_replace = all;
    world_done(world, yaml);
    check_refused(manifest(world, ""), "protected");
    check_refused(manifest(world, "gateways: {tools: {authorizer: AWS_IAM, protect: true,"
                                  " name: other}}\n"),
                  "protected");
    world->options.destroy = true;
    check_refused(yaml, "protected");
}
END_TEST

START_TEST(an_address_that_is_not_there_is_an_error_with_a_suggestion)
{
    const char *const wrong[] = {"gateway.toolz", NULL};
    world->options.targets = wrong;
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ASSERT_DIAG(world, "unknown-address");
    ck_assert_str_eq(diag_of(world, "unknown-address")->hint, "did you mean gateway.tools?");
}
END_TEST

SUITE(guards, replacing_a_gateway_needs_consent, deleting_a_gateway_needs_consent_except_by_destroy,
      what_is_denied_is_not_done, no_more_is_deleted_than_is_allowed,
      what_is_protected_is_not_deleted, an_address_that_is_not_there_is_an_error_with_a_suggestion)

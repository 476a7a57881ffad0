#include "suites.h"

#include "saved_plan.h"

#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

GT_TEST_ARENA

static struct gt_context context;
static struct gt_plan saved, fresh;

static struct gt_plan_step *add(struct gt_plan *plan, const char *address, enum gt_action action,
                                const char *digest)
{
    struct gt_plan_step *step = GT_PUSH(arena, &plan->steps);
    step->address = address;
    step->type = gt_type_find("gateway");
    step->action = action;
    step->digest = digest;
    return step;
}

static struct gt_plan plan_of(void)
{
    struct gt_plan plan = {.stack = "s",
                           .environment = "prod",
                           .version = "1",
                           .partition = "aws",
                           .account = "123456789012",
                           .region = "us-east-1",
                           .endpoint = "aws",
                           .lineage = "l",
                           .serial = 4,
                           .manifest_digest = "m"};
    add(&plan, "gateway.a", GT_ACTION_CREATE, "d1");
    add(&plan, "gateway.b", GT_ACTION_NOOP, "d2");
    return plan;
}

static void setup(void)
{
    arena_setup();
    context = (struct gt_context){.arena = arena, .diags = &diags};
    saved = plan_of();
    fresh = plan_of();
}

static bool matches(void)
{
    return gt_saved_plan_matches(&context, &saved, &fresh);
}

START_TEST(a_plan_matches_itself)
{
    ck_assert(matches());
    ck_assert_uint_eq(diags.list.len, 0);
}
END_TEST

START_TEST(what_neither_plan_touches_may_differ)
{
    fresh.steps.at[1].digest = "other";
    ck_assert(matches());
}
END_TEST

static void other_version(void)
{
    fresh.version = "2";
}
static void other_account(void)
{
    fresh.account = "210987654321";
}
static void other_region(void)
{
    fresh.region = "us-west-2";
}
static void other_endpoint(void)
{
    fresh.endpoint = "http://localhost:5000";
}
static void other_environment(void)
{
    fresh.environment = "dev";
}
static void other_lineage(void)
{
    fresh.lineage = "k";
}
static void other_serial(void)
{
    fresh.serial = 5;
}
static void other_manifest(void)
{
    fresh.manifest_digest = "n";
}
static void other_digest(void)
{
    fresh.steps.at[0].digest = "d9";
}
static void other_action(void)
{
    fresh.steps.at[0].action = GT_ACTION_UPDATE;
}
static void step_more(void)
{
    add(&fresh, "gateway.c", GT_ACTION_DELETE, "d3");
}
static void step_less(void)
{
    fresh.steps.at[0].address = "gateway.b";
    fresh.steps.at[0].action = GT_ACTION_NOOP;
    fresh.steps.len = 1;
}
static void step_wakes(void)
{
    fresh.steps.at[1].action = GT_ACTION_UPDATE;
}

static const struct {
    void (*change)(void);
    const char *message, *subject;
} changes[] = {
    {other_version, "the plan is for gantry 1, this is 2", NULL},
    {other_account, "the plan is for account 123456789012, this is 210987654321", NULL},
    {other_region, "the plan is for region us-east-1, this is us-west-2", NULL},
    {other_endpoint, "the plan is for endpoint aws, this is http://localhost:5000", NULL},
    {other_environment, "the plan is for environment prod, this is dev", NULL},
    {other_lineage, "the plan was made from another state", NULL},
    {other_serial, "the state changed since the plan was made: its serial was 4, now it is 5",
     NULL},
    {other_manifest,
     "the manifest, or a variable or file that it reads, changed since the plan was made", NULL},
    {other_digest, "what is planned for it changed since", "gateway.a"},
    {other_action, "planned to create, now it would be to update", "gateway.a"},
    {step_more, "it is not in the plan", "gateway.c"},
    {step_less, "it is planned but no longer known", "gateway.a"},
    {step_wakes, "planned to none, now it would be to update", "gateway.b"},
};

START_TEST(each_difference_is_a_reason_to_refuse)
{
    changes[_i].change();
    ck_assert(!matches());
    ck_assert_uint_eq(diags.list.len, 1);
    ck_assert_str_eq(diags.list.at[0]->message, changes[_i].message);
    ck_assert(gt_streq(diags.list.at[0]->subject, changes[_i].subject));
    ck_assert_ptr_nonnull(diags.list.at[0]->hint);
}
END_TEST

static char *file_of(const struct gt_plan *plan)
{
    static char path[] = "/tmp/gantry-plan-XXXXXX";
    memset(path + strlen(path) - 6, 'X', 6);
    close(mkstemp(path));
    ck_assert(gt_saved_plan_write(&context, path, plan));
    return path;
}

START_TEST(a_plan_file_that_was_changed_is_refused)
{
    struct gt_plan read;
    for (size_t i = 0; i < saved.steps.len; i++)
        saved.steps.at[i].digest = gt_plan_step_digest(arena, &saved.steps.at[i]);
    char *path = file_of(&saved);
    ck_assert_ptr_nonnull(gt_saved_plan_read(&context, path, &read));
    ck_assert_uint_eq(read.steps.len, 2);
    unlink(path);
    saved.steps.at[0].reason = "because it was told so";
    path = file_of(&saved);
    ck_assert_ptr_null(gt_saved_plan_read(&context, path, &read));
    ck_assert_str_eq(diags.list.at[0]->subject, "gateway.a");
    unlink(path);
}
END_TEST

START_TEST(options_come_back_as_they_were_and_consent_adds_up)
{
    static const char *const targets[] = {"gateway.a", NULL}, *const none[] = {NULL},
                             *const allow[] = {"gateway.b", NULL},
                             *const more[] = {"gateway.c", NULL};
    struct gt_engine_options made = {.targets = targets,
                                     .excludes = none,
                                     .replaces = none,
                                     .allow_replace = allow,
                                     .deny_delete = true,
                                     .max_delete = 2};
    saved.options = gt_keep(arena, gt_saved_plan_options_document(&made));
    struct gt_engine_options options = {.allow_replace = more, .max_delete = -1};
    gt_saved_plan_options(&context, &saved, &options);
    ck_assert_str_eq(options.targets[0], "gateway.a");
    ck_assert_ptr_null(options.targets[1]);
    ck_assert_str_eq(options.allow_replace[0], "gateway.b");
    ck_assert_str_eq(options.allow_replace[1], "gateway.c");
    ck_assert(options.deny_delete);
    ck_assert(!options.deny_replace);
    ck_assert_int_eq(options.max_delete, 2);
}
END_TEST

START_TEST(counts_are_said_in_words)
{
    ck_assert_str_eq(gt_plan_counts_text(arena, &saved), "1 to create; 1 unchanged\n");
    saved.steps.at[0].action = GT_ACTION_NOOP;
    ck_assert_str_eq(gt_plan_counts_text(arena, &saved), "no changes; 2 unchanged\n");
}
END_TEST

Suite *saved_plan_suite(void)
{
    Suite *suite = suite_create("saved_plan");
    TCase *tcase = tcase_create("saved_plan");
    tcase_add_checked_fixture(tcase, setup, arena_teardown);
    tcase_add_test(tcase, a_plan_matches_itself);
    tcase_add_test(tcase, what_neither_plan_touches_may_differ);
    tcase_add_loop_test(tcase, each_difference_is_a_reason_to_refuse, 0, (int)GT_COUNT(changes));
    tcase_add_test(tcase, a_plan_file_that_was_changed_is_refused);
    tcase_add_test(tcase, options_come_back_as_they_were_and_consent_adds_up);
    tcase_add_test(tcase, counts_are_said_in_words);
    suite_add_tcase(suite, tcase);
    return suite;
}

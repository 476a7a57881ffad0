/* The journal comes before the call; what is saved holds no secret. */
#include "world.h"

WORLD

START_TEST(the_intent_is_durable_before_the_call_leaves)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    ck_assert(!world->unannounced);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert(!world->unannounced);
    ck_assert_uint_gt(tiny_mutations(world->cloud), 20);
}
END_TEST

START_TEST(nothing_is_sent_when_the_journal_cannot_be_written)
{
    world->appends = 0;
    ASSERT_RESULT(world, world_apply(world, manifest(world, full_stack)), GT_APPLY_FAILED);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    ASSERT_DIAG(world, "disk");
    ASSERT_DIAG(world, "journal");
}
END_TEST

START_TEST(a_journal_that_fails_in_the_middle_stops_the_run)
{
    world->appends = 3;
    const char *yaml = manifest(world, full_stack);
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    ck_assert(!world->unannounced);
    world->appends = -1;
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "role"), 2);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
}
END_TEST

START_TEST(what_is_saved_holds_no_secret)
{
    const char *yaml = manifest(world, full_stack);
    world->kill_at = "CreateGatewayTarget";
    world_apply(world, yaml);
    const char *files[] = {world_file(world, "default.journal"), NULL, world->journal};
    world_done(world, yaml);
    files[1] = world_file(world, "default.json");
    for (size_t i = 0; i < GT_COUNT(files); i++) {
        ck_assert_ptr_nonnull(files[i]);
        ck_assert_ptr_null(strstr(files[i], "the-client-secret-of-the-cloud"));
        ck_assert_ptr_null(strstr(files[i], "a-very-private-value"));
        ck_assert_ptr_nonnull(strstr(files[i], "MODE"));
    }
    json_auto_t *plan = gt_plan_document(world->plan);
    const char *text = gt_json_canonical(arena, plan);
    ck_assert_ptr_null(strstr(text, "a-very-private-value"));
}
END_TEST

START_TEST(a_secret_that_changes_is_an_update)
{
    const char *one = manifest(
        world, "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1\","
               " environment: {KEY: first}}}\n");
    const char *two = manifest(
        world, "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1\","
               " environment: {KEY: second}}}\n");
    world_done(world, one);
    world_done(world, two);
    ck_assert_int_eq(action_of(world, "runtime.lark"), GT_ACTION_UPDATE);
    ck_assert_str_eq(
        gt_text_at(tiny_only(world->cloud, "runtime")->doc, "/environmentVariables/KEY"), "second");
    ck_assert_ptr_null(strstr(world->journal, "second"));
}
END_TEST

START_TEST(a_type_that_the_state_has_and_gantry_does_not_is_an_error)
{
    struct gt_session *session = world_session(world);
    gt_state_add(session->state, "wonder.a", "wonder")->identity =
        gt_pack(arena, "{s:s}", "id", "1");
    ck_assert(gt_session_save(session, &world->diags));
    gt_session_close(session);
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ASSERT_DIAG(world, "unknown-type");
    ck_assert_str_eq(diag_of(world, "unknown-type")->subject, "wonder.a");
    ck_assert_uint_eq(world->cloud->calls.len, 0);
}
END_TEST

SUITE(journal, the_intent_is_durable_before_the_call_leaves,
      nothing_is_sent_when_the_journal_cannot_be_written,
      a_journal_that_fails_in_the_middle_stops_the_run, what_is_saved_holds_no_secret,
      a_secret_that_changes_is_an_update, a_type_that_the_state_has_and_gantry_does_not_is_an_error)

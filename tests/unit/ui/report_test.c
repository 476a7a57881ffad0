#include "suites.h"

#include "golden.h"

#include <string.h>
#include <gantry/base/json.h>
#include <gantry/ui/report.h>

GT_TEST_ARENA

static void fill(void)
{
    struct gt_diag *diag = gt_error(&diags, "unknown-key", "unknown key \"regoin\"");
    diag->pos = (struct gt_pos){"b.yaml", 4, 3};
    diag->hint = "did you mean region?";
    gt_warning(&diags, "loose", "without a place")->subject = "gateway.tools";
    diag = gt_error(&diags, "wrong-type", "must be text");
    diag->pos = (struct gt_pos){"a.yaml", 12, 1};
    diag->subject = "runtime.lark: environment";
    diag = gt_note(&diags, "hint", "second on the line");
    diag->pos = (struct gt_pos){"a.yaml", 2, 9};
    diag = gt_error(&diags, "bad", "first on the line");
    diag->pos = (struct gt_pos){"a.yaml", 2, 1};
}

static struct gt_diag *fail_remotely(void)
{
    struct gt_diag *diag = gt_error(&diags, "create-failed", "cannot be created");
    diag->subject = "gateway.tools";
    diag->remote = (struct gt_remote){.service = "bedrock-agentcore-control",
                                      .operation = "CreateGateway",
                                      .http_status = 409,
                                      .code = "ConflictException",
                                      .request_id = "1f2e-33",
                                      .reason = "a gateway of that name exists"};
    diag->hint = "import it: gantry import gateway.tools ID";
    struct gt_diag *cause = GT_NEW(arena, struct gt_diag);
    *cause = (struct gt_diag){
        .message = "the role is not visible yet", .subject = "role.gateway.tools", .hint = "wait"};
    diag->cause = cause;
    return diag;
}

static char *report(bool colour, bool quiet)
{
    struct gt_stream out = gt_stream_memory();
    out.colour = colour;
    gt_report(&out, &diags, quiet);
    return stream_take(arena, &out);
}

START_TEST(diagnostics_are_printed_in_the_order_of_their_positions)
{
    fill();
    ck_assert_str_eq(report(false, false),
                     "a.yaml:2:1: error: first on the line\n"
                     "a.yaml:2:9: note: second on the line\n"
                     "a.yaml:12:1: error: runtime.lark: environment: must be text\n"
                     "b.yaml:4:3: error: unknown key \"regoin\"\n"
                     "  hint: did you mean region?\n"
                     "warning: gateway.tools: without a place\n");
}
END_TEST

START_TEST(quiet_leaves_the_errors)
{
    fill();
    ck_assert_str_eq(report(false, true),
                     "a.yaml:2:1: error: first on the line\n"
                     "a.yaml:12:1: error: runtime.lark: environment: must be text\n"
                     "b.yaml:4:3: error: unknown key \"regoin\"\n"
                     "  hint: did you mean region?\n");
}
END_TEST

START_TEST(the_remote_side_and_the_causes_are_said)
{
    fail_remotely();
    ck_assert_str_eq(report(false, false),
                     "error: gateway.tools: cannot be created\n"
                     "  bedrock-agentcore-control CreateGateway: HTTP 409, ConflictException, "
                     "request 1f2e-33: a gateway of that name exists\n"
                     "  hint: import it: gantry import gateway.tools ID\n"
                     "  because: role.gateway.tools: the role is not visible yet\n"
                     "  hint: wait\n");
}
END_TEST

START_TEST(what_the_message_says_is_not_said_again)
{
    struct gt_diag *diag = gt_error(&diags, "aws", "CreateGateway was refused: it is there");
    diag->remote = (struct gt_remote){.operation = "CreateGateway", .reason = "it is there"};
    ck_assert_str_eq(report(false, false), "error: CreateGateway was refused: it is there\n");
    diag->remote.http_status = 409;
    ck_assert_str_eq(report(false, false),
                     "error: CreateGateway was refused: it is there\n  HTTP 409\n");
    diag->remote.service = "bedrock";
    diag->remote.code = "HTTP 409";
    diag->remote.request_id = "1f2e";
    ck_assert_str_eq(report(false, false), "error: CreateGateway was refused: it is there\n"
                                           "  bedrock: HTTP 409, request 1f2e\n");
}
END_TEST

static bool same(const struct gt_diag *a, const struct gt_diag *b)
{
    return strcmp(gt_report_key(arena, a), gt_report_key(arena, b)) == 0;
}

START_TEST(two_diagnostics_are_the_same_when_a_reader_cannot_tell_them_apart)
{
    struct gt_diag *a = gt_warning(&diags, "old", "it is old");
    struct gt_diag *b = gt_warning(&diags, "old", "it is old");
    ck_assert(same(a, b));
    b->pos = (struct gt_pos){"a.yaml", 2, 9};
    ck_assert(!same(a, b));
    a->pos = b->pos;
    ck_assert(same(a, b));
    b->subject = "gateway.tools";
    ck_assert(!same(a, b));
    a->subject = "gateway.lark";
    ck_assert(!same(a, b));
}
END_TEST

START_TEST(colour_is_only_where_it_is_wanted)
{
    gt_error(&diags, "bad", "it is bad");
    ck_assert_str_eq(report(true, false), "\033[1;31merror\033[0m: it is bad\n");
}
END_TEST

START_TEST(control_characters_from_outside_do_not_reach_a_terminal)
{
    gt_error(&diags, "bad",
             "a\033[2Jb\nc\x7f \xc2\x9b"
             "d");
    ck_assert_str_eq(report(false, false), "error: a\\x1b[2Jb c\\x7f \\x9bd\n");
}
END_TEST

START_TEST(the_document_has_all_that_is_known)
{
    struct gt_diag *diag = fail_remotely();
    diag->pos = (struct gt_pos){"a.yaml", 2, 9};
    json_auto_t *document = gt_report_document(diag);
    ck_assert_str_eq(gt_text_at(document, "/severity"), "error");
    ck_assert_str_eq(gt_text_at(document, "/code"), "create-failed");
    ck_assert_int_eq(json_integer_value(gt_at(document, "/line")), 2);
    ck_assert_str_eq(gt_text_at(document, "/remote/requestId"), "1f2e-33");
    ck_assert_str_eq(gt_text_at(document, "/cause/message"), "the role is not visible yet");
    ck_assert_ptr_null(gt_at(document, "/cause/remote"));
}
END_TEST

START_TEST(bytes_that_are_no_utf8_still_make_a_document)
{
    gt_error(&diags, "bad", "name \xff");
    json_auto_t *document = gt_report_document(diags.list.at[0]);
    ck_assert_str_eq(gt_text_at(document, "/message"), "name ?");
}
END_TEST

Suite *report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *tcase = tcase_create("report");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, diagnostics_are_printed_in_the_order_of_their_positions);
    tcase_add_test(tcase, quiet_leaves_the_errors);
    tcase_add_test(tcase, the_remote_side_and_the_causes_are_said);
    tcase_add_test(tcase, what_the_message_says_is_not_said_again);
    tcase_add_test(tcase, two_diagnostics_are_the_same_when_a_reader_cannot_tell_them_apart);
    tcase_add_test(tcase, colour_is_only_where_it_is_wanted);
    tcase_add_test(tcase, control_characters_from_outside_do_not_reach_a_terminal);
    tcase_add_test(tcase, the_document_has_all_that_is_known);
    tcase_add_test(tcase, bytes_that_are_no_utf8_still_make_a_document);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* The program itself, in what it does without a network. */
#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/sys/process.h>
#include <string.h>
#include <unistd.h>

GT_TEST_ARENA

static char folder[] = "/tmp/gantry-cli-XXXXXX";
static struct gt_process_result result;

static void setup(void)
{
    arena_setup();
    memset(folder + strlen(folder) - 6, 'X', 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

/* Runs a shell command in which $G is the program, in the test's folder, without AWS settings. */
static int run(const char *command)
{
    char *script = gt_printf(arena, "G=%s; %s", GT_GANTRY, command);
    char *argv[] = {gt_strdup(arena, "/bin/sh"), gt_strdup(arena, "-c"), script, NULL};
    char *env[] = {gt_strdup(arena, "PATH=/usr/bin:/bin"), gt_printf(arena, "HOME=%s", folder),
                   NULL};
    struct gt_process process = {
        .argv = argv, .env = env, .max_out = 1 << 20, .max_err = 1 << 20, .timeout_ms = 30000};
    ck_assert_msg(gt_process_run(arena, &process, &result, &diags), "%s",
                  diags.list.len > 0 ? diags.list.at[0]->message : "");
    return result.exit_status;
}

static void teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(run(gt_printf(arena, "rm -rf %s", folder)), 0);
    arena_teardown();
}

static void write_file(const char *name, const char *text)
{
    ck_assert(gt_file_write(name, text, strlen(text), 0600, NULL, &diags));
}

static const char minimal[] =
    "gantry: 1\nstack: s\nprovider: {region: us-east-1}\n"
    "identity: {mcp: {clients: {a: {}}}}\n"
    "gateways: {tools: {identity: mcp}}\n"
    "targets: {t: {gateway: tools, endpoint: \"https://x.example/mcp\"}}\n";

START_TEST(usage_errors_end_with_64)
{
    static const char *const commands[] = {
        "$G",       "$G aply",         "$G apply --nope",    "$G diff x",
        "$G state", "$G help nothing", "$G validate --var x"};
    for (size_t i = 0; i < GT_COUNT(commands); i++) {
        write_file("gantry.yaml", minimal);
        ck_assert_msg(run(commands[i]) == 64, "%s: %d", commands[i], result.exit_status);
        ck_assert_str_eq(result.out, "");
        ck_assert_str_ne(result.err, "");
    }
}
END_TEST

START_TEST(without_a_terminal_nothing_is_asked_and_nothing_done)
{
    static const char *const commands[] = {"$G apply", "$G destroy", "$G import gateway.tools x",
                                           "$G state forget gateway.tools"};
    write_file("gantry.yaml", minimal);
    for (size_t i = 0; i < GT_COUNT(commands); i++) {
        ck_assert_msg(run(commands[i]) == 64, "%s: %d", commands[i], result.exit_status);
        ck_assert(strstr(result.err, "--yes") != NULL);
        ck_assert_int_ne(access(".gantry", F_OK), 0);
    }
}
END_TEST

START_TEST(a_result_that_cannot_be_written_is_a_failure)
{
    ck_assert_int_eq(run("$G version >/dev/full"), 1);
    ck_assert(strstr(result.err, "cannot write to standard output") != NULL);
    ck_assert_int_eq(run("$G version >&-"), 1);
    ck_assert_int_eq(run("$G version --json >/dev/full"), 1);
}
END_TEST

START_TEST(a_missing_manifest_says_how_to_make_one)
{
    ck_assert_int_eq(run("$G validate"), 1);
    ck_assert(strstr(result.err, "gantry init") != NULL);
}
END_TEST

START_TEST(init_writes_once_and_keeps_the_state_out_of_git)
{
    ck_assert_int_eq(run("mkdir .git; printf 'x' >.gitignore; $G init --name my-stack"), 0);
    ck_assert_int_eq(run("$G init"), 1);
    ck_assert_int_eq(run("$G init --force --name my-stack"), 0);
    ck_assert_int_eq(run("cat .gitignore"), 0);
    ck_assert_str_eq(result.out, "x\n.gantry/\n");
    ck_assert_int_eq(run("grep '^stack:' gantry.yaml"), 0);
    ck_assert(gt_starts_with(result.out, "stack: my-stack"));
    ck_assert_int_eq(run("$G validate"), 0);
}
END_TEST

START_TEST(validate_checks_every_environment)
{
    write_file("gantry.yaml",
               "gantry: 1\nstack: s\nprovider: {region: us-east-1}\n"
               "environments:\n  dev: {}\n  prod: {gateways: {tools: {descripton: x}}}\n"
               "identity: {mcp: {clients: {a: {}}}}\n"
               "gateways: {tools: {identity: mcp}}\n"
               "targets: {t: {gateway: tools, endpoint: \"https://x.example/mcp\"}}\n");
    ck_assert_int_eq(run("$G validate"), 1);
    ck_assert(strstr(result.err, "gantry.yaml:6:29: error: unknown key \"descripton\"") != NULL);
    ck_assert_int_eq(run("$G validate -e prod"), 1);
}
END_TEST

START_TEST(with_json_standard_output_is_events_alone)
{
    write_file("gantry.yaml", "gantry: 1\nstack: s\nnope: 1\n");
    ck_assert_int_eq(run("$G validate --json"), 1);
    size_t lines = 0;
    for (char *at = result.out; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        json_auto_t *event = json_loadb(at, len, 0, NULL);
        ck_assert_msg(event != NULL, "%.*s", (int)len, at);
        ck_assert_int_eq(json_integer_value(gt_at(event, "/format")), 1);
        ck_assert_ptr_nonnull(gt_text_at(event, "/event"));
        ck_assert_ptr_nonnull(gt_text_at(event, "/time"));
        lines++;
        at += len + 1;
    }
    ck_assert_uint_ge(lines, 2);
}
END_TEST

START_TEST(with_json_a_wrong_command_line_is_an_event_too)
{
    ck_assert_int_eq(run("$G diff --nope --json"), 64);
    json_auto_t *event = json_loads(result.out, 0, NULL);
    ck_assert_str_eq(gt_text_at(event, "/event"), "diagnostic");
    ck_assert_str_eq(gt_text_at(event, "/code"), "usage");
}
END_TEST

START_TEST(no_output_takes_the_place_of_the_manifest)
{
    static const char *const commands[] = {"$G diff -o gantry.yaml",
                                           "$G diff --events ./gantry.yaml",
                                           "ln gantry.yaml b; $G output --write b"};
    for (size_t i = 0; i < GT_COUNT(commands); i++) {
        write_file("gantry.yaml", minimal);
        ck_assert_msg(run(commands[i]) == 64, "%s: %d", commands[i], result.exit_status);
        ck_assert(strstr(result.err, "would overwrite the manifest") != NULL);
        ck_assert_int_eq(run("cat gantry.yaml"), 0);
        ck_assert_str_eq(result.out, minimal);
    }
}
END_TEST

START_TEST(a_file_that_a_manifest_reads_is_named_when_it_is_absent)
{
    write_file("gantry.yaml", "gantry: 1\nstack: s\noutputs: {a: \"${file.no/such}\"}\n");
    ck_assert_int_eq(run("$G validate"), 1);
    ck_assert(strstr(result.err, "gantry.yaml:3:14: error: there is no file no/such\n") != NULL);
}
END_TEST

START_TEST(an_entry_moves_to_an_address_of_its_type)
{
    static const char state[] =
        "{\"format\":1,\"gantry\":\"0\",\"stack\":\"s\",\"environment\":\"default\","
        "\"lineage\":\"ea609f66-a717-48c8-8bbb-ca327156c18f\",\"serial\":1,\"outputs\":{},"
        "\"cloud\":{\"partition\":\"aws\",\"account\":\"123456789012\","
        "\"region\":\"us-east-1\",\"endpoint\":\"aws\"},\"entries\":{\"gateway.a\":{"
        "\"type\":\"gateway\",\"status\":\"ready\",\"identity\":{\"gatewayId\":\"a-1\"},"
        "\"applied\":{},\"secrets\":[],\"outputs\":{},\"depends\":[]}}}";
    static const char *const refused[] = {"role.a",        "gateway.",    "gateway",
                                          "'gateway.a b'", "gateway.a/b", "''"};
    ck_assert_int_eq(run("mkdir -p .gantry/s"), 0);
    write_file(".gantry/s/default.json", state);
    for (size_t i = 0; i < GT_COUNT(refused); i++) {
        char *command = gt_printf(arena, "$G state move gateway.a %s --stack s", refused[i]);
        ck_assert_msg(run(command) == 1, "%s: %d %s", command, result.exit_status, result.err);
    }
    ck_assert_int_eq(run("$G state move gateway.a gateway.b_2-x --stack s"), 0);
    ck_assert_int_eq(run("$G state list --stack s"), 0);
    ck_assert(strstr(result.out, "gateway.b_2-x") != NULL);
}
END_TEST

START_TEST(a_format_for_clients_is_not_for_a_single_output)
{
    write_file("gantry.yaml", minimal);
    ck_assert_int_eq(run("$G output url --format quick-suite"), 64);
    ck_assert_int_eq(run("$G output url --format mcp-json"), 64);
}
END_TEST

START_TEST(an_output_before_the_first_apply_is_an_error)
{
    write_file("gantry.yaml", minimal);
    ck_assert_int_eq(run("$G output"), 1);
    ck_assert(strstr(result.err, "gantry apply") != NULL);
    ck_assert_int_ne(access(".gantry", F_OK), 0);
}
END_TEST

START_TEST(the_state_is_beside_the_manifest_and_named_by_the_environment)
{
    ck_assert_int_eq(run("mkdir -p a/.gantry/s; printf '{' >a/.gantry/s/default.json"), 0);
    write_file("a/gantry.yaml", minimal);
    ck_assert_int_eq(run("$G state list -f a/gantry.yaml"), 1);
    ck_assert(strstr(result.err, "a/.gantry/s/default.json") != NULL);
    ck_assert_int_eq(run("$G state list --stack s -f a/gantry.yaml"), 1);
    ck_assert_int_eq(run("$G state list --stack s -e prod -f a/gantry.yaml"), 0);
}
END_TEST

START_TEST(names_cannot_lead_out_of_the_state_folder)
{
    ck_assert_int_eq(run("$G state list --stack ../s"), 64);
    ck_assert_int_eq(run("$G state list --stack s -e ../prod"), 64);
}
END_TEST

Suite *cli_suite(void)
{
    Suite *suite = suite_create("cli");
    TCase *tcase = tcase_create("cli");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, usage_errors_end_with_64);
    tcase_add_test(tcase, without_a_terminal_nothing_is_asked_and_nothing_done);
    tcase_add_test(tcase, a_result_that_cannot_be_written_is_a_failure);
    tcase_add_test(tcase, a_missing_manifest_says_how_to_make_one);
    tcase_add_test(tcase, init_writes_once_and_keeps_the_state_out_of_git);
    tcase_add_test(tcase, validate_checks_every_environment);
    tcase_add_test(tcase, with_json_standard_output_is_events_alone);
    tcase_add_test(tcase, with_json_a_wrong_command_line_is_an_event_too);
    tcase_add_test(tcase, no_output_takes_the_place_of_the_manifest);
    tcase_add_test(tcase, a_file_that_a_manifest_reads_is_named_when_it_is_absent);
    tcase_add_test(tcase, an_entry_moves_to_an_address_of_its_type);
    tcase_add_test(tcase, a_format_for_clients_is_not_for_a_single_output);
    tcase_add_test(tcase, an_output_before_the_first_apply_is_an_error);
    tcase_add_test(tcase, the_state_is_beside_the_manifest_and_named_by_the_environment);
    tcase_add_test(tcase, names_cannot_lead_out_of_the_state_folder);
    suite_add_tcase(suite, tcase);
    return suite;
}

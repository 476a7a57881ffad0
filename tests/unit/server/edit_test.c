#include "config_support.h"

#include <gantry/server/edit.h>

GT_TEST_ARENA

static const json_t *settings_of(const char *text)
{
    return gt_keep(arena, json_loads(text, 0, NULL));
}

static struct gt_edit begin(const char *text)
{
    struct gt_edit edit;
    gt_diags_rewind(&diags, 0);
    ck_assert(gt_edit_begin(arena, "gantry-mcp.yaml", text, strlen(text), &edit, &diags));
    return edit;
}

static bool judge(const char *before, const struct gt_edit *after)
{
    return gt_config_judge(gt_sys_real(), before, strlen(before), after, &diags);
}

START_TEST(a_new_file_is_valid_and_holds_no_password)
{
    const json_t *sources =
        settings_of("{\"db\": {\"type\": \"postgres\", \"database\": \"d\","
                    " \"user\": \"u\", \"password\": \"${env.NOT_SET_HERE}\"}}");
    const json_t *tools =
        settings_of("{\"q\": {\"type\": \"postgres-query\", \"source\": \"db\"}}");
    const char *text = gt_config_new_text(arena, "mine", sources, tools);
    struct gt_edit edit = begin(text);
    ck_assert_msg(judge("", &edit), "%s\n%s", text, reported(arena, &diags));
    ck_assert_uint_eq(diags.list.len, 0);
    ck_assert_ptr_nonnull(strstr(text, "password: ${env.NOT_SET_HERE}"));
}
END_TEST

START_TEST(adds_where_the_section_is_however_it_is_written)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"# c\n", "# c\ntools:\n  t:\n    type: file-list\n"},
        {"tools:\n", "tools:\n  t:\n    type: file-list\n"},
        {"tools: []\n", "tools:\n  t:\n    type: file-list\n"},
        {"tools:\n  a: {} # x\n", "tools:\n  a: {} # x\n  t:\n    type: file-list\n"},
        {"tools:\n- name: a\n", "tools:\n- name: a\n- name: t\n  type: file-list\n"},
        {"tools: {a: {}}", "tools: {a: {}, \"t\": {\"type\": \"file-list\"}}"},
        {"tools: [{name: a}]\r\n",
         "tools: [{name: a}, {\"name\": \"t\", \"type\": \"file-list\"}]\r\n"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_edit edit = begin(rows[i].before);
        ck_assert(
            gt_config_add(&edit, "tools", "t", settings_of("{\"type\": \"file-list\"}"), &diags));
        ck_assert_str_eq(edit.text, rows[i].after);
        ck_assert(!gt_config_add(&edit, "tools", "t", settings_of("{}"), &diags));
        ck_assert_str_eq(diags.list.at[0]->code, "exists");
    }
}
END_TEST

START_TEST(takes_a_tool_out_of_its_toolsets_too)
{
    struct gt_edit edit = begin("tools:\n  a: {type: x} # one\n  # two\n  b: {type: y}\n"
                                "toolsets:\n  s: {tools: [a, b, a]}\n  t:\n    tools:\n    - a\n");
    ck_assert(gt_config_remove_tool(&edit, "a", &diags));
    ck_assert_str_eq(edit.text, "tools:\n  # two\n  b: {type: y}\n"
                                "toolsets:\n  s: {tools: [b]}\n  t:\n    tools: []\n");
    ck_assert(!gt_config_remove_tool(&edit, "bb", &diags));
    ck_assert_str_eq(diags.list.at[0]->hint, "did you mean \"b\"?");
    edit = begin("tools:\n- {name: a}\n- {name: b}\ntoolsets:\n- name: s\n  tools: [b, a]\n");
    ck_assert(gt_config_remove_tool(&edit, "a", &diags));
    ck_assert_str_eq(edit.text, "tools:\n- {name: b}\ntoolsets:\n- name: s\n  tools: [b]\n");
}
END_TEST

START_TEST(adds_to_a_toolset_and_makes_it)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"a: 1\n", "a: 1\ntoolsets:\n  s:\n    tools:\n      - t\n"},
        {"toolsets:\n  r: {tools: [x]}\n",
         "toolsets:\n  r: {tools: [x]}\n  s:\n    tools:\n      - t\n"},
        {"toolsets:\n  s: {tools: [x]} # c\n", "toolsets:\n  s: {tools: [x, \"t\"]} # c\n"},
        {"toolsets:\n  s:\n    description: d\n",
         "toolsets:\n  s:\n    description: d\n    tools:\n      - t\n"},
        {"toolsets:\n- name: s\n  tools:\n  - x\n",
         "toolsets:\n- name: s\n  tools:\n  - x\n  - t\n"},
        {"toolsets: {s: {tools: [t]}}\n", "toolsets: {s: {tools: [t]}}\n"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_edit edit = begin(rows[i].before);
        ck_assert_msg(gt_config_add_to_toolset(&edit, "s", "t", &diags), "%s: %s", rows[i].before,
                      reported(arena, &diags));
        ck_assert_str_eq(edit.text, rows[i].after);
    }
}
END_TEST

START_TEST(judges_the_change_and_not_what_was_wrong_before)
{
    static const char before[] = "sources:\n  files: {type: filesystem, allowed_paths: [/data]}\n"
                                 "tools:\n  old: {type: file-list, nonsense: 1}\n"
                                 "  more: {type: file-list, timeout_ms: \"${env.NOT_SET_HERE}\"}\n";
    struct gt_edit edit = begin(before);
    ck_assert(gt_config_add(&edit, "tools", "t", settings_of("{\"type\": \"file-list\"}"), &diags));
    ck_assert_msg(judge(before, &edit), "%s", reported(arena, &diags));
    ck_assert_uint_eq(diags.list.len, 0);
    ck_assert(gt_config_add(&edit, "tools", "u",
                            settings_of("{\"type\": \"file-list\", \"source\": \"file\"}"),
                            &diags));
    ck_assert(!judge(before, &edit));
    ck_assert_uint_eq(diags.list.len, 1);
    ck_assert_str_eq(diags.list.at[0]->hint, "did you mean \"files\"?");
}
END_TEST

Suite *edit_suite(void)
{
    Suite *suite = suite_create("edit");
    TCase *test = tcase_create("edit");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, a_new_file_is_valid_and_holds_no_password);
    tcase_add_test(test, adds_where_the_section_is_however_it_is_written);
    tcase_add_test(test, takes_a_tool_out_of_its_toolsets_too);
    tcase_add_test(test, adds_to_a_toolset_and_makes_it);
    tcase_add_test(test, judges_the_change_and_not_what_was_wrong_before);
    suite_add_tcase(suite, test);
    return suite;
}

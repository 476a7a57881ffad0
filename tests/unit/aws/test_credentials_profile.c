#include "credentials_fixture.h"
#include "credentials_suites.h"
#include <string.h>

static struct gt_profile *load(const char *name)
{
    struct gt_profile *profile = NULL;
    bool loaded = gt_profile_load(fixture.arena, &fixture.sys, name, &profile, &fixture.diags);
    ck_assert_msg(loaded, "%s", messages());
    return profile;
}

static void refuse(const char *name)
{
    struct gt_profile *profile = NULL;
    ck_assert(!gt_profile_load(fixture.arena, &fixture.sys, name, &profile, &fixture.diags));
    ck_assert_uint_gt(fixture.diags.errors, 0);
}

START_TEST(no_files_at_all_is_an_empty_profile)
{
    struct gt_profile *profile = load(NULL);
    ck_assert_ptr_null(gt_profile_get(profile, "region"));
    ck_assert_ptr_null(gt_region_configured(&fixture.sys, profile));
    ck_assert_ptr_null(gt_region_configured(&fixture.sys, NULL));
}
END_TEST

START_TEST(the_syntax_is_read_as_the_aws_tools_read_it)
{
    home_file(".aws/config", "\xEF\xBB\xBF# a comment\r\n"
                             "; another\r\n"
                             "[default]   # behind a section\r\n"
                             "Region = us-east-1   \r\n"
                             "  # a comment in the middle\r\n"
                             "output=json ; behind a value\r\n"
                             "ca_bundle = /a/b#c\r\n"
                             "long = first\r\n"
                             "   second\r\n"
                             "twice = 1\r\n"
                             "twice = 2\r\n"
                             "empty =\r\n"
                             "\r\n"
                             "[profile dev]\r\n"
                             "region = eu-west-1\r\n"
                             "services = mine\r\n"
                             "s3 =\r\n"
                             "  addressing_style = path\r\n"
                             "\tmax = 1\r\n"
                             "[profile   \"two words\"]\r\n"
                             "region = ap-south-1\r\n"
                             "[not a profile]\r\n"
                             "region = nowhere\r\n"
                             "[services   mine]\r\n"
                             "iam =\r\n"
                             "  endpoint_url = http://localhost:1\r\n"
                             "sts =\r\n"
                             "  endpoint_url = http://localhost:2\r\n"
                             "[default]\r\n"
                             "more = merged");
    struct gt_profile *profile = load(NULL);
    ck_assert_str_eq(gt_profile_get(profile, "region"), "us-east-1");
    ck_assert_str_eq(gt_profile_get(profile, "output"), "json");
    ck_assert_str_eq(gt_profile_get(profile, "ca_bundle"), "/a/b#c");
    ck_assert_str_eq(gt_profile_get(profile, "long"), "first\nsecond");
    ck_assert_str_eq(gt_profile_get(profile, "twice"), "2");
    ck_assert_str_eq(gt_profile_get(profile, "more"), "merged");
    ck_assert_ptr_null(gt_profile_get(profile, "empty"));

    profile = load("dev");
    ck_assert_str_eq(gt_profile_get(profile, "services"), "mine");
    ck_assert_ptr_null(gt_profile_get(profile, "s3"));
    ck_assert_ptr_null(gt_profile_get(profile, "max"));
    ck_assert_str_eq(gt_profile_section(profile, "services mine", "iam", "endpoint_url"),
                     "http://localhost:1");
    ck_assert_str_eq(gt_profile_section(profile, "services mine", "sts", "endpoint_url"),
                     "http://localhost:2");
    ck_assert_ptr_null(gt_profile_section(profile, "services mine", "s3", "endpoint_url"));
    ck_assert_ptr_null(gt_profile_section(profile, "services other", "s3", "endpoint_url"));
    ck_assert_str_eq(gt_profile_get(load("two words"), "region"), "ap-south-1");
    refuse("not a profile");
}
END_TEST

static const struct {
    const char *name, *text;
    unsigned line;
} malformed[] = {
    {"no equals sign", "[default]\nregion us-east-1\n", 2},
    {"no section", "region = us-east-1\n", 1},
    {"open bracket", "[default\nregion = x\n", 1},
    {"text after a section", "[default] x\n", 1},
    {"no name", "[]\n", 1},
    {"no key", "[default]\n = HUSH\n", 2},
    {"nested without equals sign", "[default]\ns3 =\n  path\n", 3},
};

START_TEST(a_malformed_line_is_an_error_with_its_place_and_without_its_text)
{
    const char *path = home_file(".aws/credentials", malformed[_i].text);
    refuse(NULL);
    const struct gt_diag *diag = fixture.diags.list.at[0];
    ck_assert_msg(diag->pos.line == malformed[_i].line, "%s: line %u", malformed[_i].name,
                  diag->pos.line);
    ck_assert_str_eq(diag->pos.file, path);
    ck_assert_ptr_null(strstr(messages(), "HUSH"));
    ck_assert_ptr_null(strstr(messages(), "us-east-1"));
}
END_TEST

START_TEST(all_malformed_lines_are_reported_at_once)
{
    home_file(".aws/config", "[default]\nbad\nregion = x\nworse\n");
    home_file(".aws/credentials", "nowhere = 1\n");
    refuse(NULL);
    ck_assert_uint_eq(fixture.diags.errors, 3);
}
END_TEST

START_TEST(the_profile_is_chosen_by_name_then_variable_then_default)
{
    home_file(".aws/config", "[default]\nregion = r0\n[profile a]\nregion = r1\n[profile b]\n"
                             "region = r2\n[profile c]\nregion = r3\n");
    ck_assert_str_eq(gt_profile_get(load(NULL), "region"), "r0");
    set_env("AWS_DEFAULT_PROFILE", "c");
    ck_assert_str_eq(gt_profile_get(load(NULL), "region"), "r3");
    set_env("AWS_PROFILE", "a");
    ck_assert_str_eq(gt_profile_get(load(NULL), "region"), "r1");
    ck_assert_str_eq(gt_profile_get(load("b"), "region"), "r2");
}
END_TEST

START_TEST(a_profile_that_does_not_exist_is_an_error_with_a_suggestion)
{
    home_file(".aws/config", "[profile staging]\nregion = r0\n");
    refuse("stagng");
    ck_assert_str_eq(fixture.diags.list.at[0]->code, "unknown-profile");
    ck_assert_str_eq(fixture.diags.list.at[0]->hint, "did you mean \"staging\"?");
    set_env("AWS_PROFILE", "other");
    refuse(NULL);
    ck_assert_ptr_nonnull(strstr(messages(), "AWS_PROFILE"));
}
END_TEST

START_TEST(the_credentials_file_wins_and_the_files_can_be_elsewhere)
{
    set_env("AWS_CONFIG_FILE", home_file("elsewhere/c", "[profile dev]\nregion = config\n"
                                                        "output = text\n"));
    home_file("elsewhere/s", "[dev]\nregion = shared\n");
    set_env("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere/s");
    struct gt_profile *profile = load("dev");
    ck_assert_str_eq(gt_profile_get(profile, "region"), "shared");
    ck_assert_str_eq(gt_profile_get(profile, "output"), "text");
}
END_TEST

START_TEST(profile_default_wins_over_default)
{
    home_file(".aws/config", "[profile default]\nregion = r1\n[default]\nregion = r0\n");
    ck_assert_str_eq(gt_profile_get(load(NULL), "region"), "r1");
}
END_TEST

START_TEST(the_region_comes_from_variables_before_the_profile)
{
    home_file(".aws/config", "[default]\nregion = r0\n");
    struct gt_profile *profile = load(NULL);
    ck_assert_str_eq(gt_region_configured(&fixture.sys, profile), "r0");
    set_env("AWS_DEFAULT_REGION", "r1");
    ck_assert_str_eq(gt_region_configured(&fixture.sys, profile), "r1");
    set_env("AWS_REGION", "r2");
    ck_assert_str_eq(gt_region_configured(&fixture.sys, profile), "r2");
}
END_TEST

Suite *profile_suite(void)
{
    Suite *suite = suite_create("profile");
    TCase *tests = tcase_create("profile");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, no_files_at_all_is_an_empty_profile);
    tcase_add_test(tests, the_syntax_is_read_as_the_aws_tools_read_it);
    tcase_add_loop_test(tests, a_malformed_line_is_an_error_with_its_place_and_without_its_text, 0,
                        (int)GT_COUNT(malformed));
    tcase_add_test(tests, all_malformed_lines_are_reported_at_once);
    tcase_add_test(tests, the_profile_is_chosen_by_name_then_variable_then_default);
    tcase_add_test(tests, a_profile_that_does_not_exist_is_an_error_with_a_suggestion);
    tcase_add_test(tests, the_credentials_file_wins_and_the_files_can_be_elsewhere);
    tcase_add_test(tests, profile_default_wins_over_default);
    tcase_add_test(tests, the_region_comes_from_variables_before_the_profile);
    suite_add_tcase(suite, tests);
    return suite;
}

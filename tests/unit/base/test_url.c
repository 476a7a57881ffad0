/* Taking URLs apart, and telling this machine's addresses from others. */
#include "suites.h"

#include <gantry/base/str.h>
#include <gantry/base/url.h>

GT_TEST_ARENA

START_TEST(takes_addresses_apart)
{
    static const struct {
        const char *text, *scheme, *host, *authority, *path, *query;
        int port;
    } rows[] = {
        {"https://Example.COM", "https", "example.com", "example.com", "/", NULL, 443},
        {"http://127.0.0.1:80/a", "http", "127.0.0.1", "127.0.0.1", "/a", NULL, 80},
        {"http://[::1]:8080/x/y?q=1#f", "http", "[::1]", "[::1]:8080", "/x/y", "q=1", 8080},
        {"https://a.b:444?x", "https", "a.b", "a.b:444", "/", "x", 444},
        {"HTTP://h/%2F%3a", "http", "h", "h", "/%2F%3a", NULL, 80},
        {"https://h#frag/ment", "https", "h", "h", "/", NULL, 443},
        {"https://h:/", "https", "h", "h", "/", NULL, 443},
        {"http://[FE80::1%25eth0]/", "http", "[fe80::1%25eth0]", "[fe80::1%25eth0]", "/", NULL, 80},
        {"https://h/a@b?c=d@e", "https", "h", "h", "/a@b", "c=d@e", 443},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_url url;
        ck_assert_msg(gt_url_split(arena, rows[i].text, &url), "%s", rows[i].text);
        ck_assert_str_eq(url.scheme, rows[i].scheme);
        ck_assert_str_eq(url.host, rows[i].host);
        ck_assert_str_eq(url.authority, rows[i].authority);
        ck_assert_str_eq(url.path, rows[i].path);
        ck_assert_msg(gt_streq(url.query, rows[i].query), "%s", rows[i].text);
        ck_assert_int_eq(url.port, rows[i].port);
    }
}
END_TEST

START_TEST(refuses_what_is_no_address)
{
    static const char *const texts[] = {
        "",
        "example.com",
        "ftp://example.com",
        "file:///x",
        "https://",
        "https://:1",
        "https://u:p@h/",
        "https://u@h/",
        "https://h:0/",
        "https://h:65536/",
        "https://h:123456/",
        "https://h:1x/",
        "https://h:+1/",
        "https://[::1/",
        "https://[]/",
        "https://[::1]x/",
        "https://[a@b]/",
        "http://127.0.0.1\\@h/",
        "http://127.0.0.1%2eh/",
        "http://a b/",
        "http://h\x7f/",
        "http://h\n/",
        NULL,
    };
    struct gt_url url;
    for (size_t i = 0; i < GT_COUNT(texts); i++)
        ck_assert_msg(!gt_url_split(arena, texts[i], &url), "%s", texts[i]);
}
END_TEST

static const char *const near[] = {
    "localhost",         "LOCALHOST", "127.0.0.1", "127.255.0.9",        "[::1]",
    "[0:0:0:0:0:0:0:1]", "[0::1]",    "[::0001]",  "[::ffff:127.0.0.1]",
};

static const char *const far[] = {
    "127.0.0.1.example",
    "localhost.example",
    "localhost.",
    "127.0.0",
    "127.0.0.256",
    "127.0.0.01",
    "128.0.0.1",
    "0.0.0.0",
    "10.0.0.1",
    "[::]",
    "[::2]",
    "[::ffff:10.0.0.1]",
    "[::1%25lo]",
    "h",
};

static bool loopback_url(const char *host)
{
    struct gt_url url;
    ck_assert_msg(gt_url_split(arena, gt_printf(arena, "http://%s:81/", host), &url), "%s", host);
    return gt_url_is_loopback(&url);
}

START_TEST(knows_this_machine)
{
    for (size_t i = 0; i < GT_COUNT(near); i++) {
        ck_assert_msg(loopback_url(near[i]), "%s", near[i]);
        ck_assert_msg(gt_authority_is_loopback(near[i]), "%s", near[i]);
        const char *with_port = gt_printf(arena, "%s:4599", near[i]);
        ck_assert_msg(gt_authority_is_loopback(with_port), "%s", with_port);
    }
    for (size_t i = 0; i < GT_COUNT(far); i++) {
        ck_assert_msg(!loopback_url(far[i]), "%s", far[i]);
        ck_assert_msg(!gt_authority_is_loopback(far[i]), "%s", far[i]);
    }
}
END_TEST

START_TEST(nobody_reads_along_on_the_way_to_https_and_to_this_machine)
{
    static const struct {
        const char *url;
        bool safe;
    } rows[] = {
        {"https://h.example/", true},         {"http://h.example/", false},
        {"http://127.0.0.1:8000/a", true},    {"HTTP://LocalHost/", true},
        {"http://127.0.0.1.example/", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_url url;
        ck_assert(gt_url_split(arena, rows[i].url, &url));
        ck_assert_msg(gt_url_is_safe(&url) == rows[i].safe, "%s", rows[i].url);
    }
}
END_TEST

START_TEST(an_authority_is_a_host_and_a_port)
{
    static const char *const bad[] = {
        "",
        "localhost:",
        "127.0.0.1:",
        ":80",
        "localhost:x",
        "localhost:0",
        "localhost:65536",
        "localhost/",
        "[::1",
        "[::1]x",
        "::1",
        "u@localhost",
        "localhost ",
        "localhost,h",
        "localhost:1/",
        "localhost:80:80",
    };
    for (size_t i = 0; i < GT_COUNT(bad); i++)
        ck_assert_msg(!gt_authority_is_loopback(bad[i]), "%s", bad[i]);
}
END_TEST

Suite *url_suite(void)
{
    Suite *suite = suite_create("url");
    TCase *tcase = tcase_create("url");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, takes_addresses_apart);
    tcase_add_test(tcase, refuses_what_is_no_address);
    tcase_add_test(tcase, knows_this_machine);
    tcase_add_test(tcase, nobody_reads_along_on_the_way_to_https_and_to_this_machine);
    tcase_add_test(tcase, an_authority_is_a_host_and_a_port);
    suite_add_tcase(suite, tcase);
    return suite;
}

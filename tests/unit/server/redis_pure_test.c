/* What Redis' tools decide without a server: patterns, words, replies, what the file may say. */
#include "config_support.h"

#include <redis/commands.h>
#include <redis/glob.h>
#include <redis/reply.h>
#include <redis/words.h>

GT_TEST_ARENA

/* -- patterns -- */

static struct gt_redis_glob glob_of(const char *text)
{
    struct gt_redis_glob glob;
    const char *problem;
    bool good = gt_redis_glob_parse(arena, text, strlen(text), &glob, &problem);
    ck_assert_msg(good, "%s: %s", text, problem);
    return glob;
}

START_TEST(a_pattern_inside_of_another_is_known)
{
    static const struct {
        const char *outer, *inner;
        bool inside;
    } rows[] = {
        {"session:*", "session:*", true},
        {"session:*", "session:42:*", true},
        {"session:*", "session:42", true},
        {"session:*", "session:", true},
        {"session:*", "session:[0-9]*", true},
        {"session:*", "session:*/../", true},
        {"session:*", "session:**", true},
        {"session:*", "*", false},
        {"session:*", "**", false},
        {"session:*", "s*", false},
        {"session:*", "session*", false},
        {"session:*", "[s]ession:*", false},
        {"session:*", "?ession:*", false},
        {"session:*", "*session:*", false},
        {"session:*", "Session:*", false},
        {"session:*", "\\session:*", true},
        {"session:*", "session\\:*", true},
        {"session:*", "sessio\\n:*", true},
        {"session:*", "sessions:*", false},
        {"session:\\*", "session:*", false},
        {"session:\\*", "session:\\*", true},
        {"session:?", "session:*", false},
        {"session:?", "session:a", true},
        {"session:?", "session:[a-z]", true},
        {"session:?", "session:??", false},
        {"session:[a-f]", "session:[b-d]", true},
        {"session:[a-f]", "session:[a-g]", false},
        {"session:[a-f]", "session:c", true},
        {"session:[^a]", "session:?", false},
        {"session:[^a]", "session:[^ab]", true},
        {"session:[^a]", "session:[^b]", false},
        {"a*c*e", "abcde", true},
        {"a*c*e", "a*c*c*e", true},
        {"a*c*e", "a*e", false},
        {"exact", "exact", true},
        {"exact", "exac?", false},
        {"exact", "exact*", false},
        {"*", "anything[x]*", true},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_redis_glob outer = glob_of(rows[i].outer), inner = glob_of(rows[i].inner);
        ck_assert_msg(gt_redis_glob_contains(&outer, &inner) == rows[i].inside, "%s in %s",
                      rows[i].inner, rows[i].outer);
    }
}
END_TEST

/* Over all short patterns and keys of a small alphabet: what is said to be inside is inside. */
START_TEST(no_pattern_is_said_to_be_inside_and_is_not)
{
    static const char *const parts[] = {"a", "b", "?", "*", "[a]", "[^a]", "[ab]"};
    static const char *const keys[] = {"",   "a",  "b",   "c",   "aa",  "ab",  "ba",
                                       "bb", "ac", "abc", "aab", "bab", "cab", "aaaa"};
    struct gt_redis_glob globs[7 * 7 * 7];
    size_t count = 0, inside = 0;
    for (size_t i = 0; i < 7 * 7 * 7; i++)
        globs[count++] =
            glob_of(gt_printf(arena, "%s%s%s", parts[i / 49], parts[i / 7 % 7], parts[i % 7]));
    for (size_t o = 0; o < count; o++)
        for (size_t i = 0; i < count; i++) {
            if (!gt_redis_glob_contains(&globs[o], &globs[i]))
                continue;
            inside++;
            for (size_t k = 0; k < GT_COUNT(keys); k++)
                ck_assert_msg(!gt_redis_glob_matches(&globs[i], keys[k], strlen(keys[k])) ||
                                  gt_redis_glob_matches(&globs[o], keys[k], strlen(keys[k])),
                              "%s is not in %s: %s", globs[i].text, globs[o].text, keys[k]);
        }
    ck_assert_uint_gt(inside, count);
}
END_TEST

START_TEST(patterns_are_written_in_one_way)
{
    static const struct {
        const char *given, *written;
    } rows[] = {
        {"a**b", "a*b"},  {"\\a", "a"},       {"[b-a]", "[ab]"}, {"[a\\]]", "[\\]a]"},
        {"a\\", "a\\\\"}, {"[a-]", "[\\-a]"}, {"]", "\\]"},      {"-^", "\\-\\^"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(glob_of(rows[i].given).text, rows[i].written);
}
END_TEST

START_TEST(patterns_that_are_none_are_refused)
{
    static const char *const rows[] = {"", "[a", "[", "a[^", "[\\]", "*a*a*a*a*a*a*a*a*"};
    struct gt_redis_glob glob;
    const char *problem;
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(!gt_redis_glob_parse(arena, rows[i], strlen(rows[i]), &glob, &problem), "%s",
                      rows[i]);
    char *longer = gt_alloc(arena, GT_REDIS_GLOB_MAX + 2);
    memset(longer, 'a', GT_REDIS_GLOB_MAX + 1);
    ck_assert(!gt_redis_glob_parse(arena, longer, GT_REDIS_GLOB_MAX + 1, &glob, &problem));
}
END_TEST

START_TEST(keys_match_as_bytes)
{
    struct gt_redis_glob glob = glob_of("k?y*");
    ck_assert(gt_redis_glob_matches(&glob, "k\0y", 3));
    ck_assert(gt_redis_glob_matches(&glob, "k\xffy\xff", 4));
    ck_assert(!gt_redis_glob_matches(&glob, "ky", 2));
}
END_TEST

/* -- words -- */

/* The words of a command, between angle brackets; "-" and the name where one is missing. */
static const char *filled(const char *text, const char *arguments)
{
    struct gt_redis_template word;
    struct gt_redis_words words = {0};
    const char *missing = NULL, *out = "";
    if (!gt_redis_template_parse(arena, text, &word))
        return "bad";
    json_t *values = gt_keep(arena, json_loads(arguments, JSON_ALLOW_NUL, NULL));
    ck_assert_msg(values != NULL, "%s", arguments);
    if (!gt_redis_template_fill(arena, &word, values, &words, &missing))
        return gt_printf(arena, "-%s", missing);
    for (size_t i = 0; i < words.count; i++)
        out = gt_printf(arena, "%s<%s:%zu>", out, words.at[i], words.lens[i]);
    return out;
}

START_TEST(parameters_stand_for_themselves)
{
    static const struct {
        const char *word, *arguments, *filled;
    } rows[] = {
        {"GET", "{}", "<GET:3>"},
        {"", "{}", "<:0>"},
        {"cart:$c", "{\"c\": \"7\"}", "<cart:7:6>"},
        {"${c}x", "{\"c\": \"7\"}", "<7x:2>"},
        {"$c$d", "{\"c\": 1, \"d\": true}", "<1true:5>"},
        {"$c", "{\"c\": \"a b\\r\\nDEL x\"}", "<a b\r\nDEL x:10>"},
        {"$c", "{\"c\": \"a\\u0000b\"}", "<a:3>"},
        {"k:$c", "{\"c\": \"$d\", \"d\": 1}", "<k:$d:4>"},
        {"$c", "{\"c\": [\"a b\", 1, \"\"]}", "<a b:3><1:1><:0>"},
        {"$c", "{\"c\": []}", ""},
        {"$c", "{}", ""},
        {"k:$c", "{}", "-c"},
        {"$c", "{\"c\": 0.1}", "<0.1:3>"},
        {"$c", "{\"c\": {\"a\": 1}}", "<{\"a\":1}:7>"},
        {"$$c", "{\"c\": 1}", "<$c:2>"},
        {"$$$c", "{\"c\": 1}", "<$1:2>"},
        {"5$", "{}", "<5$:2>"},
        {"$5", "{}", "<$5:2>"},
        {"${", "{}", "bad"},
        {"${c", "{}", "bad"},
        {"${5}", "{}", "bad"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(filled(rows[i].word, rows[i].arguments), rows[i].filled);
}
END_TEST

/* -- replies -- */

static const struct gt_redis_caps wide = {1 << 20, 1000};

/* Feeds the bytes in pieces; the reply as JSON, with "!" behind it when something was left out. */
static const char *read_in(const char *bytes, size_t len, size_t piece,
                           const struct gt_redis_caps *caps)
{
    struct gt_redis_reader *reader = gt_redis_reader_new();
    const char *out = "nothing", *problem = NULL;
    for (size_t i = 0; i < len && problem == NULL; i += piece) {
        ck_assert(gt_redis_reader_feed(reader, bytes + i, len - i < piece ? len - i : piece));
        struct gt_redis_reply *reply = gt_redis_reader_next(reader, caps, &problem);
        if (reply == NULL)
            continue;
        json_t *json = gt_keep(arena, gt_redis_json(reply));
        out = gt_printf(arena, "%s%s", gt_json_canonical(arena, json), reply->cut ? "!" : "");
        gt_redis_reply_free(reply);
    }
    gt_redis_reader_free(reader);
    return problem != NULL ? "problem" : out;
}

START_TEST(replies_become_json)
{
    static const struct {
        const char *bytes, *json;
    } rows[] = {
        {"+OK\r\n", "\"OK\""},
        {":-42\r\n", "-42"},
        {"$5\r\nhello\r\n", "\"hello\""},
        {"$0\r\n\r\n", "\"\""},
        {"$-1\r\n", "null"},
        {"*-1\r\n", "null"},
        {"*0\r\n", "[]"},
        {"$2\r\n\xff\xfe\r\n", "{\"base64\":\"//4=\"}"},
        {"*2\r\n$1\r\na\r\n*2\r\n:1\r\n-ERR x\r\n", "[\"a\",[1,{\"error\":\"ERR x\"}]]"},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n", "[[[[[]]]]]"},
        {"$5\r\nhel", "nothing"},
        {"HTTP/1.1 400 Bad Request\r\n", "problem"},
        {"$abc\r\n", "problem"},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "problem"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        for (size_t piece = 1; piece < 40; piece += 6)
            ck_assert_str_eq(read_in(rows[i].bytes, strlen(rows[i].bytes), piece, &wide),
                             rows[i].json);
}
END_TEST

START_TEST(what_is_beyond_the_caps_is_left_out)
{
    static const struct {
        const char *bytes;
        struct gt_redis_caps caps;
        const char *json;
    } rows[] = {
        {"$5\r\nhello\r\n", {3, 10}, "\"hel\"!"},
        {"$4\r\n\xc3\xa4\xc3\xa4\r\n", {3, 10}, "\"\xc3\xa4\"!"},
        {"*3\r\n:1\r\n:2\r\n:3\r\n", {1000, 2}, "[1,2]!"},
        {"*3\r\n:1\r\n:2\r\n:3\r\n", {1000, 3}, "[1,2,3]"},
        {"*3\r\n:1\r\n:2\r\n:3\r\n", {20, 10}, "[1]!"},
        {"*2\r\n*2\r\n:1\r\n:2\r\n*2\r\n:3\r\n:4\r\n", {1000, 1}, "[[1,2]]!"},
        {"*1\r\n*3\r\n:1\r\n:2\r\n:3\r\n", {40, 10}, "[[1]]!"},
        {"*2\r\n$4\r\nabcd\r\n$1\r\nx\r\n", {18, 10}, "[\"ab\"]!"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(read_in(rows[i].bytes, strlen(rows[i].bytes), 3, &rows[i].caps),
                         rows[i].json);
}
END_TEST

START_TEST(a_list_that_says_it_is_huge_takes_no_memory)
{
    static const char bytes[] = "*2000000000\r\n:1\r\n:2\r\n";
    ck_assert_str_eq(read_in(bytes, sizeof(bytes) - 1, 5, &wide), "nothing");
}
END_TEST

START_TEST(pairs_become_an_object_where_they_can)
{
    static const struct {
        const char *bytes, *json;
    } rows[] = {
        {"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n", "{\"a\":\"1\",\"b\":\"2\"}"},
        {"*0\r\n", "{}"},
        {"*1\r\n$1\r\na\r\n", "[\"a\"]"},
        {"*2\r\n$1\r\n\xff\r\n$1\r\n1\r\n", "[{\"base64\":\"/w==\"},\"1\"]"},
        {"*4\r\n$1\r\na\r\n:1\r\n$1\r\na\r\n:2\r\n", "[\"a\",1,\"a\",2]"},
        {":1\r\n", "1"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_redis_reader *reader = gt_redis_reader_new();
        const char *problem;
        gt_redis_reader_feed(reader, rows[i].bytes, strlen(rows[i].bytes));
        struct gt_redis_reply *reply = gt_redis_reader_next(reader, &wide, &problem);
        ck_assert_ptr_nonnull(reply);
        json_t *json = gt_keep(arena, gt_redis_json_pairs(reply));
        ck_assert_str_eq(gt_json_canonical(arena, json), rows[i].json);
        gt_redis_reply_free(reply);
        gt_redis_reader_free(reader);
    }
}
END_TEST

/* -- what the file may say -- */

static const char *told(const char *tool)
{
    struct gt_config *config = config_of(
        gt_printf(arena, "sources: {c: {type: redis}}\ntools:\n  t: {%s}\n", tool), &diags);
    gt_config_free(config);
    return reported(arena, &diags);
}

START_TEST(commands_that_cannot_share_a_connection_are_refused)
{
    static const char *const commands[] = {
        "BLPOP, a, 0",
        "subscribe, x",
        "MONITOR",
        "WAIT, 1, 0",
        "MULTI",
        "SELECT, 1",
        "CLIENT, REPLY, OFF",
        "CLIENT",
        "HELLO, 3",
        "XREAD, block, 0",
        "script, debug, yes",
        "QUIT",
        "auth, a, b",
    };
    for (size_t i = 0; i < GT_COUNT(commands); i++) {
        diags = gt_diags_init(arena);
        const char *text =
            told(gt_printf(arena, "type: redis-command, command: [%s]", commands[i]));
        ck_assert_msg(strstr(text, "command-not-possible") != NULL, "%s: %s", commands[i], text);
    }
}
END_TEST

START_TEST(mistakes_in_a_command_are_told)
{
    static const struct {
        const char *tool, *code;
    } rows[] = {
        {"type: redis-command, command: []", "no-command"},
        {"type: redis-command, command: [$c], parameters: [{name: c}]", "no-command"},
        {"type: redis-command, command: [CONFIG, $c], parameters: [{name: c}]", "no-command"},
        {"type: redis-command, command: [GET, $d], parameters: [{name: dd}]", "unknown-parameter"},
        {"type: redis-command, command: [GET, k$d], parameters: [{name: d, type: array}]",
         "does-not-fit"},
        {"type: redis-invalidate, patterns: []", "no-pattern"},
        {"type: redis-invalidate, patterns: [\"a[\"]", "bad-pattern"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        diags = gt_diags_init(arena);
        const char *text = told(rows[i].tool);
        ck_assert_msg(diags.errors == 1 && strstr(text, rows[i].code) != NULL, "%s: %s",
                      rows[i].tool, text);
    }
}
END_TEST

START_TEST(settings_of_a_source_that_do_not_fit_are_told)
{
    static const struct {
        const char *settings, *code;
    } rows[] = {
        {"tls: true", "not-possible"},
        {"socket: /run/redis.sock, host: localhost", "does-not-fit"},
        {"socket: redis.sock", "does-not-fit"},
        {"username: u", "does-not-fit"},
        {"port: 0", "out-of-range"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        diags = gt_diags_init(arena);
        gt_config_free(config_of(
            gt_printf(arena, "sources: {c: {type: redis, %s}}\n", rows[i].settings), &diags));
        const char *text = reported(arena, &diags);
        ck_assert_msg(diags.errors == 1 && strstr(text, rows[i].code) != NULL, "%s: %s",
                      rows[i].settings, text);
    }
}
END_TEST

START_TEST(annotations_are_true)
{
    static const struct {
        const char *settings;
        struct gt_annotations hints;
    } rows[] = {
        {"type: redis-command, command: [hgetall, x]", {true, false, true, false}},
        {"type: redis-command, command: [MGET, x]", {true, false, true, false}},
        {"type: redis-command, command: [SORT, x]", {false, true, false, false}},
        {"type: redis-command, command: [INCR, x]", {false, true, false, false}},
        {"type: redis-command, command: [SADD, x, y]", {false, true, true, false}},
        {"type: redis-command, command: [EVAL, x, 0]", {false, true, false, false}},
        {"type: redis-command, command: [CONFIG, GET, x]", {true, false, true, false}},
        {"type: redis-command, command: [CONFIG, SET, x, y]", {false, true, false, false}},
        {"type: redis-command, command: [NEW.MODULE, x]", {false, true, false, false}},
        {"type: redis-invalidate, patterns: [a]", {false, true, true, false}},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_config *config =
            good_config(arena, gt_printf(arena, "sources: {c: {type: redis}}\ntools: {t: {%s}}\n",
                                         rows[i].settings));
        const struct gt_annotations *got = &gt_config_tool(config, "t")->annotations;
        ck_assert_msg(got->read_only == rows[i].hints.read_only &&
                          got->destructive == rows[i].hints.destructive &&
                          got->idempotent == rows[i].hints.idempotent &&
                          got->open_world == rows[i].hints.open_world,
                      "%s", rows[i].settings);
        gt_config_free(config);
    }
}
END_TEST

Suite *redis_pure_suite(void)
{
    Suite *suite = suite_create("redis_pure");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, a_pattern_inside_of_another_is_known);
    tcase_add_test(tcase, no_pattern_is_said_to_be_inside_and_is_not);
    tcase_add_test(tcase, patterns_are_written_in_one_way);
    tcase_add_test(tcase, patterns_that_are_none_are_refused);
    tcase_add_test(tcase, keys_match_as_bytes);
    tcase_add_test(tcase, parameters_stand_for_themselves);
    tcase_add_test(tcase, replies_become_json);
    tcase_add_test(tcase, what_is_beyond_the_caps_is_left_out);
    tcase_add_test(tcase, a_list_that_says_it_is_huge_takes_no_memory);
    tcase_add_test(tcase, pairs_become_an_object_where_they_can);
    tcase_add_test(tcase, commands_that_cannot_share_a_connection_are_refused);
    tcase_add_test(tcase, mistakes_in_a_command_are_told);
    tcase_add_test(tcase, settings_of_a_source_that_do_not_fit_are_told);
    tcase_add_test(tcase, annotations_are_true);
    suite_add_tcase(suite, tcase);
    return suite;
}

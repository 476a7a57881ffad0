/* The bounded memory of verified tokens. */
#include "auth_suites.h"
#include "issuers.h"

#include <gantry/base/hash.h>
#include <string.h>

GT_TEST_ARENA

static struct gt_tokens *tokens;

static void tokens_setup(void)
{
    arena_setup();
    tokens = gt_tokens_new(arena);
}

static void tokens_teardown(void)
{
    gt_tokens_clear(tokens);
    arena_teardown();
}

static const char *digest(size_t number)
{
    return gt_sha256_hex(arena, &number, sizeof(number));
}

static void add(size_t number, uint64_t generation, size_t size, int64_t now_ms)
{
    json_auto_t *claims = json_pack("{s:I}", "n", (json_int_t)number);
    gt_tokens_add(tokens, digest(number), generation, claims, size, now_ms);
}

static bool finds(size_t number, uint64_t generation, int64_t now_ms)
{
    const json_t *claims = gt_tokens_find(tokens, digest(number), generation, now_ms);
    if (claims == NULL)
        return false;
    ck_assert_int_eq(json_integer_value(json_object_get(claims, "n")), (json_int_t)number);
    return true;
}

START_TEST(finds_what_was_added_of_the_same_keys_for_a_minute)
{
    ck_assert(!finds(1, 7, 0));
    add(1, 7, 100, 1000);
    ck_assert(finds(1, 7, 1000));
    ck_assert(finds(1, 7, 1000 + GT_TOKENS_KEEP_MS - 1));
    ck_assert(!finds(1, 7, 1000 + GT_TOKENS_KEEP_MS));
    ck_assert(!finds(1, 8, 1000));
    ck_assert(!finds(2, 7, 1000));
    add(1, 7, 100, 50000);
    ck_assert(finds(1, 7, 1000 + GT_TOKENS_KEEP_MS));
}
END_TEST

START_TEST(drops_what_belongs_to_keys_that_are_gone)
{
    for (size_t i = 0; i < 100; i++)
        add(i, 1 + i % 2, 100, 0);
    gt_tokens_drop(tokens, 1);
    for (size_t i = 0; i < 100; i++)
        ck_assert_int_eq(finds(i, 1 + i % 2, 1), i % 2 == 1);
}
END_TEST

static size_t count(size_t among)
{
    size_t found = 0;
    for (size_t i = 0; i < among; i++)
        found += finds(i, 1, 1);
    return found;
}

START_TEST(keeps_no_more_than_it_may)
{
    enum { MANY = GT_TOKENS_MAX * 3 };
    for (size_t i = 0; i < MANY; i++) {
        add(i, 1, 100, (int64_t)0);
        ck_assert(finds(i, 1, 1)); /* the newest is always there */
    }
    ck_assert_uint_le(count(MANY), GT_TOKENS_MAX);
    ck_assert_uint_ge(count(MANY), GT_TOKENS_MAX / 2);
}
END_TEST

START_TEST(keeps_no_more_bytes_than_it_may)
{
    enum { SIZE = 16 * 1024, MANY = 3 * GT_TOKENS_BYTES / SIZE };
    for (size_t i = 0; i < MANY; i++)
        add(i, 1, SIZE, 0);
    ck_assert_uint_le(count(MANY), GT_TOKENS_BYTES / SIZE);
    ck_assert_uint_gt(count(MANY), 0);
}
END_TEST

Suite *tokens_suite(void)
{
    Suite *suite = suite_create("tokens");
    TCase *tcase = tcase_create("tokens");
    tcase_add_checked_fixture(tcase, tokens_setup, tokens_teardown);
    tcase_add_test(tcase, finds_what_was_added_of_the_same_keys_for_a_minute);
    tcase_add_test(tcase, drops_what_belongs_to_keys_that_are_gone);
    tcase_add_test(tcase, keeps_no_more_than_it_may);
    tcase_add_test(tcase, keeps_no_more_bytes_than_it_may);
    suite_add_tcase(suite, tcase);
    return suite;
}

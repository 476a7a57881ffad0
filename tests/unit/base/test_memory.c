#include "suites.h"

#include <gantry/base/buf.h>
#include <gantry/base/map.h>
#include <stdint.h>
#include <string.h>

GT_TEST_ARENA

START_TEST(memory_is_zeroed_and_aligned)
{
    for (size_t size = 0; size < 20000; size = size * 2 + 1) {
        unsigned char *memory = gt_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(memory[i], 0);
        memset(memory, 0xAA, size);
    }
}
END_TEST

static int fired[3], fired_count;

static void fire(void *arg)
{
    fired[fired_count++] = *(int *)arg;
}

START_TEST(deferred_functions_run_last_first)
{
    static int one = 1, two = 2, three = 3;
    struct gt_arena *own = gt_arena_new();
    fired_count = 0;
    gt_arena_defer(own, fire, &one);
    gt_arena_defer(own, fire, &two);
    gt_arena_defer(own, fire, &three);
    gt_arena_free(own);
    ck_assert_int_eq(fired_count, 3);
    ck_assert_int_eq(fired[0], 3);
    ck_assert_int_eq(fired[2], 1);
}
END_TEST

START_TEST(kept_documents_are_released_with_the_arena)
{
    json_t *value = json_array();
    struct gt_arena *own = gt_arena_new();
    gt_keep(own, json_incref(value));
    ck_assert_uint_eq(value->refcount, 2);
    gt_arena_free(own);
    ck_assert_uint_eq(value->refcount, 1);
    json_decref(value);
}
END_TEST

/* Every character of one byte, and some of more, come back as they were. */
START_TEST(quoted_text_is_read_back)
{
    char text[160];
    size_t len = 0;
    for (int c = 0; c < 0x80; c++)
        text[len++] = (char)c;
    memcpy(text + len, "\xc3\xbc\xf0\x9f\x8c\xb1", 6);
    len += 6;
    struct gt_buf buf = gt_buf_init(4096);
    gt_buf_add_quoted(&buf, text, len);
    json_t *value = json_loadb(buf.ptr, buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(value);
    ck_assert_uint_eq(json_string_length(value), len);
    ck_assert_mem_eq(json_string_value(value), text, len);
    json_decref(value);
    buf.len = 0;
    gt_buf_add_quoted(&buf, "", 0);
    gt_buf_add_quoted(&buf, "\"\\\n\x1f/", 5);
    ck_assert_str_eq(gt_buf_text(&buf), "\"\"\"\\\"\\\\\\n\\u001f/\"");
    gt_buf_done(&buf);
}
END_TEST

START_TEST(vectors_keep_their_elements_when_they_grow)
{
    GT_VEC(size_t) vec = {0};
    for (size_t i = 0; i < 1000; i++)
        *GT_PUSH(arena, &vec) = i;
    ck_assert_uint_eq(vec.len, 1000);
    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(vec.at[i], i);
}
END_TEST

START_TEST(buffer_stops_at_its_maximum)
{
    struct gt_buf buf = gt_buf_init(10);
    gt_buf_adds(&buf, "0123456");
    gt_buf_addf(&buf, "%d", 789);
    ck_assert(!buf.overflow);
    gt_buf_addc(&buf, 'x');
    ck_assert(buf.overflow);
    gt_buf_adds(&buf, "");
    ck_assert_str_eq(gt_buf_text(&buf), "0123456789");
    gt_buf_wipe(&buf);
    ck_assert_str_eq(gt_buf_text(&buf), "");
}
END_TEST

START_TEST(map_keeps_order_and_replaces_values)
{
    struct gt_map map = gt_map_init(arena);
    static int values[500];
    ck_assert_ptr_null(gt_map_get(&map, "k0"));
    for (int i = 0; i < 500; i++)
        gt_map_set(&map, gt_printf(arena, "k%d", i), &values[i]);
    gt_map_set(&map, "k7", &values[0]);
    ck_assert_uint_eq(map.entries.len, 500);
    ck_assert_str_eq(map.entries.at[7].key, "k7");
    ck_assert_ptr_eq(gt_map_get(&map, "k7"), &values[0]);
    ck_assert_ptr_eq(gt_map_get(&map, "k499"), &values[499]);
    ck_assert_ptr_null(gt_map_get(&map, "k500"));
}
END_TEST

START_TEST(diagnostics_rewind_with_their_counts)
{
    gt_warning(&diags, "w", "first");
    size_t mark = gt_diags_mark(&diags);
    gt_error(&diags, "e", "number %d", 2);
    ck_assert_uint_eq(diags.errors, 1);
    gt_diags_rewind(&diags, mark);
    ck_assert_uint_eq(diags.errors, 0);
    ck_assert_uint_eq(diags.warnings, 1);
    ck_assert_uint_eq(diags.list.len, 1);
}
END_TEST

START_TEST(copied_diagnostics_outlive_their_source)
{
    struct gt_arena *own = gt_arena_new();
    struct gt_diags source = gt_diags_init(own);
    struct gt_diag *diag = gt_error(&source, "e", "message %d", 1);
    diag->remote.reason = gt_strdup(own, "reason");
    diag->cause = gt_error(&source, "c", "cause");
    gt_diags_copy(&diags, diag);
    gt_arena_free(own);
    ck_assert_str_eq(diags.list.at[0]->message, "message 1");
    ck_assert_str_eq(diags.list.at[0]->remote.reason, "reason");
    ck_assert_str_eq(diags.list.at[0]->cause->message, "cause");
}
END_TEST

Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_test(tests, memory_is_zeroed_and_aligned);
    tcase_add_test(tests, deferred_functions_run_last_first);
    tcase_add_test(tests, kept_documents_are_released_with_the_arena);
    tcase_add_test(tests, quoted_text_is_read_back);
    tcase_add_test(tests, vectors_keep_their_elements_when_they_grow);
    tcase_add_test(tests, buffer_stops_at_its_maximum);
    tcase_add_test(tests, map_keeps_order_and_replaces_values);
    tcase_add_test(tests, diagnostics_rewind_with_their_counts);
    tcase_add_test(tests, copied_diagnostics_outlive_their_source);
    suite_add_tcase(suite, tests);
    return suite;
}

/* Finding tools among many. */
#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <search.h>
#include <string.h>
#include <time.h>

GT_TEST_ARENA

enum { MANY = 1000 };

static const struct gt_tool shop[] = {
    {.name = "orders_by_customer",
     .title = "Orders",
     .description = "Lists the orders of a customer, newest first.",
     .tier = "local",
     .category = "database"},
    {.name = "order_cancel",
     .description = "Cancels an order that was not shipped.",
     .tier = "local",
     .category = "database"},
    {.name = "customer_find",
     .description = "Finds customers by name, city or order number.",
     .tier = "local",
     .category = "database"},
    {.name = "file_read",
     .description = "Reads a file, for example a report about orders.",
     .tier = "local",
     .category = "files"},
    {.name = "cache_invalidate",
     .description = "Forgets cached pages of categories.",
     .tier = "edge",
     .category = "cache"},
};

/* The names found, with spaces between them. */
static const char *found(const struct gt_tool *tools, size_t count, const char *query,
                         const char *category, size_t most)
{
    const struct gt_tool **list = gt_calloc(arena, count + 1, sizeof(*list));
    struct gt_found *out = gt_calloc(arena, most + 1, sizeof(*out));
    for (size_t i = 0; i < count; i++)
        list[i] = &tools[i];
    const struct gt_search *search = gt_search_new(arena, list, count);
    size_t len = gt_search_find(search, arena, query, category, out, most);
    const char *names = "";
    for (size_t i = 0; i < len; i++) {
        ck_assert(i == 0 || out[i].score <= out[i - 1].score);
        ck_assert(out[i].score > 0);
        names = gt_printf(arena, "%s%s%s", names, i > 0 ? " " : "", out[i].tool->name);
    }
    return names;
}

static const char *in_shop(const char *query, const char *category, size_t most)
{
    return found(shop, GT_COUNT(shop), query, category, most);
}

START_TEST(names_weigh_more_than_descriptions)
{
    ck_assert_str_eq(in_shop("cancel an order", NULL, 1), "order_cancel");
    ck_assert_str_eq(in_shop("read a file", NULL, 1), "file_read");
    ck_assert_str_eq(in_shop("customer", NULL, 2), "customer_find orders_by_customer");
}
END_TEST

START_TEST(finds_singular_and_plural_in_any_case)
{
    const char *one = in_shop("order", NULL, 9);
    ck_assert_str_eq(in_shop("ORDERS", NULL, 9), one);
    ck_assert_str_eq(in_shop("orders!!", NULL, 9), one);
    ck_assert_ptr_nonnull(strstr(one, "file_read"));
    ck_assert_str_eq(in_shop("category", NULL, 9), "cache_invalidate");
    ck_assert_str_eq(in_shop("categories", NULL, 9), "cache_invalidate");
}
END_TEST

START_TEST(keeps_to_the_category)
{
    ck_assert_str_eq(in_shop("orders", "files", 9), "file_read");
    ck_assert_str_eq(in_shop("orders", "none", 9), "");
    ck_assert_str_eq(in_shop("database", "files", 9), "");
}
END_TEST

START_TEST(bears_any_query)
{
    static const char *const queries[] = {"",
                                          " ",
                                          "---",
                                          "\xff\xfe",
                                          "\xc3\xbc",
                                          "zebra",
                                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < GT_COUNT(queries); i++)
        ck_assert_str_eq(in_shop(queries[i], NULL, 9), "");
    ck_assert_str_eq(found(shop, 0, "order", NULL, 9), "");
    ck_assert_str_eq(in_shop("order", NULL, 0), "");
}
END_TEST

static const struct gt_tool *many_tools(void)
{
    struct gt_tool *tools = gt_calloc(arena, MANY, sizeof(*tools));
    for (size_t i = 0; i < MANY; i++)
        tools[i] =
            (struct gt_tool){.name = gt_printf(arena, "tool_%04zu", i),
                             .description = gt_printf(
                                 arena, "Does thing %zu of group %zu for everybody.", i, i % 10),
                             .tier = i % 2 == 0 ? "local" : "edge",
                             .category = gt_printf(arena, "c%zu", i % 7)};
    return tools;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(a_thousand_tools_are_as_well_as_ten)
{
    enum { TIMES = 20 };
    const struct gt_tool *tools = many_tools();
    double begin = seconds();
    for (int i = 0; i < TIMES; i++)
        ck_assert_str_eq(found(tools, MANY, "thing 777", NULL, 1), "tool_0777");
    ck_assert_double_lt(seconds() - begin, 100);
    ck_assert_str_eq(found(tools, MANY, "everybody", NULL, 3), "tool_0000 tool_0001 tool_0002");
}
END_TEST

START_TEST(counts_by_tier_and_category)
{
    const struct gt_tool *tools = many_tools(), **list = gt_calloc(arena, MANY, sizeof(*list));
    for (size_t i = 0; i < MANY; i++)
        list[i] = &tools[i];
    const json_t *all = gt_keep(arena, gt_tool_hierarchy(list, MANY, 100));
    ck_assert_int_eq(json_integer_value(gt_at(all, "/total")), MANY);
    ck_assert_uint_eq(json_array_size(gt_at(all, "/tiers")), 2);
    json_int_t total = 0;
    for (size_t t = 0; t < 2; t++) {
        const json_t *tier = json_array_get(gt_at(all, "/tiers"), t), *category;
        ck_assert_int_eq(json_integer_value(gt_at(tier, "/total")), MANY / 2);
        size_t i;
        json_array_foreach(gt_at(tier, "/categories"), i, category)
        {
            total += json_integer_value(gt_at(category, "/total"));
            ck_assert_ptr_null(gt_at(category, "/tools"));
        }
    }
    ck_assert_int_eq(total, MANY);
    const json_t *few = gt_keep(arena, gt_tool_hierarchy(list, 3, 100));
    ck_assert_str_eq(gt_text_at(few, "/tiers/0/categories/0/tools/0"), "tool_0000");
    ck_assert_str_eq(gt_text_at(few, "/tiers/0/categories/1/name"), "c2");
    const json_t *none = gt_keep(arena, gt_tool_hierarchy(list, 0, 100));
    ck_assert_uint_eq(json_array_size(gt_at(none, "/tiers")), 0);
}
END_TEST

Suite *search_suite(void)
{
    Suite *suite = suite_create("search");
    TCase *cases = tcase_create("search");
    tcase_add_checked_fixture(cases, arena_setup, arena_teardown);
    tcase_add_test(cases, names_weigh_more_than_descriptions);
    tcase_add_test(cases, finds_singular_and_plural_in_any_case);
    tcase_add_test(cases, keeps_to_the_category);
    tcase_add_test(cases, bears_any_query);
    tcase_add_test(cases, a_thousand_tools_are_as_well_as_ten);
    tcase_add_test(cases, counts_by_tier_and_category);
    suite_add_tcase(suite, cases);
    return suite;
}

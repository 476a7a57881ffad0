/* The suites of the types layer, one per module, and what they share. */
#ifndef GANTRY_TESTS_TYPES_SUITES_H
#define GANTRY_TESTS_TYPES_SUITES_H

#include <gantry/base/json.h>
#include <gantry/types/type.h>
#include <gt_test.h>
#include <string.h>

Suite *registry_suite(void);
Suite *attributes_suite(void);
Suite *validate_suite(void);
Suite *input_suite(void);
Suite *step_suite(void);
Suite *live_suite(void);
Suite *identity_suite(void);
Suite *meaning_suite(void);

/* A document written with ' for ", kept by the arena. */
static inline json_t *doc(struct gt_arena *keeper, const char *text)
{
    char *json = gt_strdup(keeper, text);
    for (char *at = json; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json_error_t error;
    json_t *value = json_loads(json, JSON_DECODE_ANY, &error);
    ck_assert_msg(value != NULL, "%s: %s", error.text, text);
    return gt_keep(keeper, value);
}

/* Fails unless `actual`, whose reference it takes, is the document `expected` (as of doc). */
static inline void same(struct gt_arena *keeper, json_t *actual, const char *expected)
{
    ck_assert_msg(actual != NULL, "nothing, not %s", expected);
    gt_keep(keeper, actual);
    const json_t *wanted = doc(keeper, expected);
    ck_assert_msg(json_equal(actual, wanted), "%s\nis not\n%s", gt_json_canonical(keeper, actual),
                  gt_json_canonical(keeper, wanted));
}

/* The codes of all diagnostics, separated by spaces. */
static inline const char *codes(struct gt_arena *keeper, const struct gt_diags *sink)
{
    const char *list = "";
    for (size_t i = 0; i < sink->list.len; i++)
        list = gt_printf(keeper, "%s%s%s", list, i == 0 ? "" : " ", sink->list.at[i]->code);
    return list;
}

static inline const struct gt_type *type_of(const char *name)
{
    const struct gt_type *type = gt_type_find(name);
    ck_assert_msg(type != NULL, "no type %s", name);
    return type;
}

#endif

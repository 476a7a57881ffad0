#include "schema_suites.h"

#include <string.h>
#include <time.h>

json_t *json_of(struct gt_arena *arena, const char *text)
{
    char *json = gt_strdup(arena, text);
    json_error_t error;
    for (char *at = json; (at = strchr(at, '\'')) != NULL;)
        *at = '"';
    json_t *value = json_loads(json, JSON_DECODE_ANY, &error);
    ck_assert_msg(value != NULL, "no JSON: %s: %s", error.text, text);
    return gt_keep(arena, value);
}

const struct gt_schema *schema_of(struct gt_arena *arena, const char *text)
{
    struct gt_schema_problem problem;
    const struct gt_schema *schema = gt_schema_compile(arena, json_of(arena, text), &problem);
    ck_assert_msg(schema != NULL, "%s: %s", problem.pointer, problem.message);
    return schema;
}

const char *problems_of(struct gt_arena *arena, const struct gt_schema *schema, const json_t *value)
{
    struct gt_schema_problems problems;
    const char *text = "";
    bool ok = gt_schema_check(schema, arena, value, &problems);
    ck_assert_int_eq(ok, problems.len == 0);
    ck_assert_int_eq(ok, gt_schema_check(schema, arena, value, NULL));
    for (size_t i = 0; i < problems.len; i++)
        text = gt_printf(arena, "%s%s%s: %s", text, i == 0 ? "" : "\n", problems.at[i].pointer,
                         problems.at[i].message);
    return text;
}

char *repeated(struct gt_arena *arena, const char *unit, size_t times)
{
    size_t len = strlen(unit);
    char *text = gt_alloc(arena, len * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, unit, len);
    return text;
}

double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

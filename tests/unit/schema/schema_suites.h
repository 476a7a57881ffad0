/* The suites of the schema layer, one per module, and what they share. */
#ifndef GANTRY_TESTS_SCHEMA_SUITES_H
#define GANTRY_TESTS_SCHEMA_SUITES_H

#include <gantry/schema/schema.h>
#include <gt_test.h>

Suite *compile_suite(void);
Suite *cost_suite(void);
Suite *limit_suite(void);
Suite *message_suite(void);
Suite *number_suite(void);
Suite *regex_suite(void);
Suite *uri_suite(void);

/* Any JSON value, with ' for ". Kept by the arena. */
json_t *json_of(struct gt_arena *arena, const char *text);

/* A schema that must compile. */
const struct gt_schema *schema_of(struct gt_arena *arena, const char *text);

/* "" for a valid value, else a line for each problem: "/pointer: message". */
const char *problems_of(struct gt_arena *arena, const struct gt_schema *schema,
                        const json_t *value);

/* `unit` so many times. */
char *repeated(struct gt_arena *arena, const char *unit, size_t times);

double now_ms(void);

#endif

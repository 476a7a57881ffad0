/* Schemas and values (src/schema): a schema on the first line, a value behind it. Either may be
 * anything; problems are told if and only if there are any, short and on one line. */
#include "fuzz.h"

#include <gantry/base/str.h>
#include <gantry/schema/schema.h>
#include <string.h>

enum { TEXT_MAX = 4200 }; /* of a pointer, which is the longest */

static void check_problem(const struct gt_schema_problem *problem)
{
    const char *const texts[] = {problem->pointer, problem->message};
    fuzz_check(*problem->pointer == '\0' || *problem->pointer == '/');
    fuzz_check(*problem->message != '\0');
    for (size_t i = 0; i < GT_COUNT(texts); i++) {
        fuzz_check(strlen(texts[i]) < TEXT_MAX);
        fuzz_check(gt_utf8_length(texts[i]) >= 0);
        fuzz_check(strpbrk(texts[i], "\n\r\t") == NULL);
    }
}

static void check_value(const struct gt_schema *schema, const json_t *value)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_schema_problems problems;
    bool ok = gt_schema_check(schema, arena, value, &problems);
    fuzz_check(ok == (problems.len == 0) && problems.len <= GT_SCHEMA_PROBLEMS_MAX);
    for (size_t i = 0; i < problems.len; i++)
        check_problem(&problems.at[i]);
    gt_schema_check(schema, arena, value, NULL);
    gt_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    const char *text = fuzz_text(arena, data, size);
    const char *end = strchr(text, '\n');
    size_t len = end == NULL ? strlen(text) : (size_t)(end - text);
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *document = gt_keep(arena, json_loadb(text, len, flags, NULL));
    json_t *value = end == NULL ? NULL : gt_keep(arena, json_loads(end, flags, NULL));
    if (document != NULL) {
        struct gt_schema_problem problem;
        const struct gt_schema *schema = gt_schema_compile(arena, document, &problem);
        if (schema == NULL) {
            check_problem(&problem);
        } else {
            check_value(schema, document);
            if (value != NULL)
                check_value(schema, value);
        }
    }
    gt_arena_free(arena);
    return 0;
}

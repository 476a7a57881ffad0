/*
 * Runs the cases of the official JSON Schema test suite against src/schema:
 *
 *   schema_suite FILE...
 *
 * A file is a list of {description, schema, tests: [{description, data, valid}]}. A line for each
 * case that fails, with tabs: file, group, case, what came instead. Then "N cases, N failed". Each
 * file is read twice, the second time with integers as reals, which must make no difference; files
 * with integers that are too large for jansson only then.
 */
#include <gantry/schema/schema.h>
#include <stdio.h>
#include <string.h>

static size_t cases, failed;

struct group {
    const char *file, *name;
    const char *reading; /* "", or how numbers were read */
};

static void report(const struct group *group, const json_t *test, const char *instead)
{
    failed++;
    printf("%s\t%s\t%s\t%s%s\n", group->file, group->name,
           json_string_value(json_object_get(test, "description")), instead, group->reading);
}

static void run_group(struct group *group, const json_t *in)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_schema_problem problem;
    const struct gt_schema *schema =
        gt_schema_compile(arena, json_object_get(in, "schema"), &problem);
    json_t *test;
    size_t index;
    group->name = json_string_value(json_object_get(in, "description"));
    json_array_foreach(json_object_get(in, "tests"), index, test)
    {
        struct gt_schema_problems problems;
        const json_t *data = json_object_get(test, "data");
        bool wanted = json_is_true(json_object_get(test, "valid"));
        cases++;
        if (schema == NULL) {
            report(group, test,
                   gt_printf(arena, "no schema: %s: %s", problem.pointer, problem.message));
            continue;
        }
        bool valid = gt_schema_check(schema, arena, data, &problems);
        if (valid != gt_schema_check(schema, arena, data, NULL))
            report(group, test, "another answer when nobody asks for problems");
        else if (valid != (problems.len == 0))
            report(group, test, "problems do not go with the answer");
        else if (valid != wanted)
            report(group, test, valid ? "valid" : problems.at[0].message);
    }
    gt_arena_free(arena);
}

static bool run_file(const char *path, size_t flags)
{
    json_error_t error;
    json_t *groups = json_load_file(path, flags | JSON_ALLOW_NUL, &error), *in;
    size_t index;
    bool too_large = strstr(error.text, "too big") != NULL;
    if (groups == NULL && (flags != 0 || !too_large)) {
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
        return false;
    }
    struct group group = {path, NULL, flags == 0 ? "" : " (integers read as reals)"};
    json_array_foreach(groups, index, in)
    {
        run_group(&group, in);
    }
    json_decref(groups);
    return true;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!run_file(argv[i], 0) || !run_file(argv[i], JSON_DECODE_INT_AS_REAL))
            return 1;
    printf("%zu cases, %zu failed\n", cases, failed);
    return 0;
}

/* Builds stacks for tests: from text or a file, with an environment and files of the test's own. */
#ifndef GANTRY_TESTS_STACK_SUPPORT_H
#define GANTRY_TESTS_STACK_SUPPORT_H

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/stack/stack.h>
#include <gt_test.h>
#include <string.h>

/* What a built stack needs; region us-east-1 and account 123456789012 unless the test says
 * otherwise. */
struct stack_test {
    struct gt_arena *arena;
    struct gt_diags diags;
    struct gt_stack_options options;
    struct gt_stack stack;
    bool built;
};

/* A test with the usual options. */
struct stack_test stack_test(struct gt_arena *arena);

/* Builds from text; environment: HOME_REGION=eu-west-1, TOKEN=s3cret, JSON={"a": 1}; files:
 * greeting (two lines) and odd (holds ${var.x}). */
bool build_text(struct stack_test *test, const char *text);

/* Builds from a file below the repository. */
bool build_file(struct stack_test *test, const char *path);

/* The text of a file below the repository. */
const char *read_text(struct gt_arena *arena, const char *path);

/* A resource that must be there, and the value at a pointer of its properties. */
struct gt_resource *resource_of(struct stack_test *test, const char *address);
const json_t *property_of(struct stack_test *test, const char *address, const char *pointer);

/* Compares with JSON text (single quotes stand for double ones). */
void assert_property(struct stack_test *test, const char *address, const char *pointer,
                     const char *expected);

bool depends_on(struct stack_test *test, const char *address, const char *other);

/* The first diagnostic with this code, or NULL. */
const struct gt_diag *diag_of(const struct stack_test *test, const char *code);

/* All diagnostics as text, for failure messages. */
const char *diags_text(const struct stack_test *test);

#define ASSERT_BUILT(test, text) ck_assert_msg(build_text(test, text), "%s", diags_text(test))
#define ASSERT_DIAG(test, code)                                                                    \
    ck_assert_msg(diag_of(test, code) != NULL, "no %s among: %s", code, diags_text(test))

/* Every file of tests has one. */
Suite *broken_suite(void);
Suite *environment_suite(void);
Suite *expression_suite(void);
Suite *graph_suite(void);
Suite *identity_suite(void);
Suite *names_suite(void);
Suite *quick_suite_suite(void);
Suite *reference_suite(void);
Suite *roles_suite(void);
Suite *runtimes_suite(void);
Suite *targets_suite(void);

#endif

#include "support.h"

#include <gantry/base/buf.h>
#include <stdio.h>

static const char *test_env(void *self, const char *name)
{
    static const char *const rows[][2] = {
        {"HOME_REGION", "eu-west-1"}, {"TOKEN", "s3cret"}, {"JSON", "{\"a\": 1}"}};
    (void)self;
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        if (strcmp(rows[i][0], name) == 0)
            return rows[i][1];
    }
    return NULL;
}

static const char *test_file(void *self, const char *path, struct gt_diags *diags)
{
    (void)self;
    if (strcmp(path, "greeting.txt") == 0)
        return "hello\nthere\n";
    if (strcmp(path, "odd.txt") == 0)
        return "${var.x}";
    gt_error(diags, "no-file", "%s: no such file", path);
    return NULL;
}

struct stack_test stack_test(struct gt_arena *arena)
{
    return (struct stack_test){
        .arena = arena,
        .diags = gt_diags_init(arena),
        .options = {.region = "us-east-1", .account = "123456789012"},
    };
}

static bool build(struct stack_test *test, const char *name, const char *text)
{
    static const struct gt_resolver resolver = {.env = test_env, .file = test_file};
    struct gt_doc doc;
    test->built =
        gt_doc_parse(test->arena, name, text, strlen(text), &doc, &test->diags) &&
        gt_stack_build(test->arena, &doc, &resolver, &test->options, &test->stack, &test->diags);
    return test->built;
}

bool build_text(struct stack_test *test, const char *text)
{
    return build(test, "gantry.yaml", text);
}

const char *read_text(struct gt_arena *arena, const char *path)
{
    enum { MAX = 1 << 20 };
    FILE *file = fopen(gt_printf(arena, "%s/%s", GT_SOURCE_DIR, path), "rb");
    ck_assert_msg(file != NULL, "%s cannot be read", path);
    char *text = gt_alloc(arena, MAX);
    size_t len = fread(text, 1, MAX - 1, file);
    fclose(file);
    text[len] = '\0';
    return text;
}

bool build_file(struct stack_test *test, const char *path)
{
    return build(test, "gantry.yaml", read_text(test->arena, path));
}

struct gt_resource *resource_of(struct stack_test *test, const char *address)
{
    struct gt_resource *resource = gt_stack_find(&test->stack, address);
    ck_assert_msg(resource != NULL, "no %s", address);
    return resource;
}

const json_t *property_of(struct stack_test *test, const char *address, const char *pointer)
{
    return gt_at(resource_of(test, address)->properties, pointer);
}

void assert_property(struct stack_test *test, const char *address, const char *pointer,
                     const char *expected)
{
    char *text = gt_strdup(test->arena, expected);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json_error_t error;
    json_auto_t *wanted = json_loads(text, JSON_DECODE_ANY, &error);
    ck_assert_msg(wanted != NULL, "%s: %s", text, error.text);
    const json_t *found = property_of(test, address, pointer);
    ck_assert_msg(found != NULL, "%s has no %s", address, pointer);
    ck_assert_str_eq(gt_json_canonical(test->arena, found), gt_json_canonical(test->arena, wanted));
}

bool depends_on(struct stack_test *test, const char *address, const char *other)
{
    const struct gt_resource *resource = resource_of(test, address);
    resource_of(test, other);
    for (size_t i = 0; i < resource->depends.len; i++) {
        if (strcmp(test->stack.resources.at[resource->depends.at[i]].address, other) == 0)
            return true;
    }
    return false;
}

const struct gt_diag *diag_of(const struct stack_test *test, const char *code)
{
    for (size_t i = 0; i < test->diags.list.len; i++) {
        if (strcmp(test->diags.list.at[i]->code, code) == 0)
            return test->diags.list.at[i];
    }
    return NULL;
}

const char *diags_text(const struct stack_test *test)
{
    const char *text = "\n";
    for (size_t i = 0; i < test->diags.list.len; i++) {
        const struct gt_diag *diag = test->diags.list.at[i];
        text = gt_printf(
            test->arena, "%s%u:%u %s: %s%s%s [%s] (%s)\n", text, diag->pos.line, diag->pos.column,
            diag->severity == GT_SEVERITY_ERROR     ? "error"
            : diag->severity == GT_SEVERITY_WARNING ? "warning"
                                                    : "note",
            diag->subject != NULL ? diag->subject : "", diag->subject != NULL ? ": " : "",
            diag->message, diag->code, diag->hint != NULL ? diag->hint : "");
    }
    return text;
}

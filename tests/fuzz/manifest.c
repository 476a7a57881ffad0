/* A whole manifest: parsed and lowered to a stack (src/doc, src/stack, src/types, src/policy), and
 * shown as a document when it is well. */
#include "fuzz.h"

#include <gantry/base/str.h>
#include <gantry/stack/stack.h>
#include <string.h>

static const char *env(void *self, const char *name)
{
    (void)self;
    return gt_starts_with(name, "NO") ? NULL : "from-the-environment";
}

static const char *file(void *self, const char *path, struct gt_diags *diags)
{
    (void)self;
    if (strchr(path, '!') == NULL)
        return "[]";
    gt_error(diags, "no-file", "there is no such file");
    return NULL;
}

static void build(struct gt_arena *arena, const struct gt_doc *doc, bool local)
{
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_resolver resolver = {.env = env, .file = file};
    struct gt_stack_options options = {
        .region_default = "us-east-1", .account = local ? NULL : "111122223333", .local = local};
    struct gt_stack stack;
    bool ok = gt_stack_build(arena, doc, &resolver, &options, &stack, &diags);
    fuzz_check_told(ok, &diags);
    if (ok)
        json_decref(gt_stack_document(arena, &stack, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_doc doc;
    if (gt_doc_parse(arena, "gantry.yaml", (const char *)data, size, &doc, &diags))
        build(arena, &doc, size % 2 == 0);
    gt_arena_free(arena);
    return 0;
}

/* YAML to a document and back (src/doc): what is printed reads back as the same document, and the
 * marks name a place for every node. */
#include "fuzz.h"

#include <gantry/base/json.h>
#include <gantry/doc/doc.h>
#include <string.h>

/* Printing leaves out what parsing refuses. */
static bool has_nul(const json_t *value)
{
    const char *key;
    size_t i;
    json_t *item;
    if (json_is_string(value))
        return strlen(json_string_value(value)) != json_string_length(value);
    json_object_foreach(gt_iterable(value), key, item) if (has_nul(item)) return true;
    json_array_foreach(value, i, item) if (has_nul(item)) return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_doc doc, again;
    bool ok = gt_doc_parse(arena, "a.yaml", (const char *)data, size, &doc, &diags);
    fuzz_check_told(ok, &diags);
    for (size_t i = 0; i < diags.list.len; i++)
        fuzz_check(strchr(diags.list.at[i]->message, '\n') == NULL);
    if (ok && !has_nul(doc.root)) {
        const char *text = gt_doc_print_yaml(arena, doc.root);
        fuzz_check(gt_doc_parse(arena, "b.yaml", text, strlen(text), &again, &diags));
        fuzz_check(json_equal(doc.root, again.root));
        fuzz_check(gt_marks_pos(doc.marks, "").line > 0 || json_object_size(doc.root) == 0);
    }
    gt_arena_free(arena);
    return 0;
}

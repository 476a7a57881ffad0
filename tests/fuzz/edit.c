/* Edits of a YAML text (src/doc): an addition is made exactly or refused, and what was added can be
 * taken away again. */
#include "fuzz.h"

#include <gantry/base/json.h>
#include <gantry/doc/edit.h>
#include <string.h>

enum { PLACES_MAX = 6 };

struct places {
    GT_VEC(const char *) list;
};

static void collect(struct gt_arena *arena, const json_t *value, const char *pointer,
                    struct places *out)
{
    const char *key;
    size_t i;
    json_t *item;
    if (out->list.len >= PLACES_MAX)
        return;
    *GT_PUSH(arena, &out->list) = pointer;
    json_object_foreach(gt_iterable(value), key, item)
        collect(arena, item, gt_pointer_join(arena, pointer, key), out);
    json_array_foreach(value, i, item)
        collect(arena, item, gt_pointer_index(arena, pointer, i), out);
}

static void try_place(struct gt_arena *arena, const struct gt_edit *start, const char *pointer)
{
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_edit edit = *start;
    const json_t *value = gt_pack(arena, "{s:[s,i]}", "of", "it: # all", 1);
    bool list = json_is_array(gt_at(start->root, pointer));
    bool ok = gt_edit_add(&edit, pointer, list ? NULL : "zz", value, &diags);
    fuzz_check_told(ok, &diags);
    if (!ok) {
        fuzz_check(edit.text == start->text);
        return;
    }
    size_t last = json_array_size(gt_at(edit.root, pointer)) - 1;
    const char *added =
        list ? gt_pointer_index(arena, pointer, last) : gt_pointer_join(arena, pointer, "zz");
    fuzz_check(json_equal(gt_at(edit.root, added), gt_iterable(value)));
    ok = gt_edit_remove(&edit, added, &diags);
    fuzz_check_told(ok, &diags);
}

static void try_removal(struct gt_arena *arena, const struct gt_edit *start, const char *pointer)
{
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_edit edit = *start;
    bool ok = gt_edit_remove(&edit, pointer, &diags);
    fuzz_check_told(ok, &diags);
    fuzz_check(ok ? edit.len != start->len || edit.text != start->text : edit.text == start->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_edit edit;
    const char *text = fuzz_text(arena, data, size);
    bool ok = gt_edit_begin(arena, "a.yaml", text, size, &edit, &diags);
    fuzz_check_told(ok, &diags);
    struct places places = {0};
    if (ok)
        collect(arena, edit.root, "", &places);
    for (size_t i = 0; i < places.list.len; i++) {
        try_place(arena, &edit, places.list.at[i]);
        try_removal(arena, &edit, places.list.at[i]);
    }
    gt_arena_free(arena);
    return 0;
}

/* The state document (src/state): what is read is written again as it was. */
#include "fuzz.h"

#include <gantry/state/state.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_state *state, *again;
    json_auto_t *document = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (document != NULL) {
        bool ok = gt_state_parse(arena, document, "state.json", &state, &diags);
        fuzz_check_told(ok, &diags);
        if (ok) {
            json_auto_t *written = gt_state_document(state);
            fuzz_check(gt_state_parse(arena, written, "again.json", &again, &diags));
            json_auto_t *twice = gt_state_document(again);
            fuzz_check(json_equal(written, twice));
        }
    }
    gt_arena_free(arena);
    return 0;
}

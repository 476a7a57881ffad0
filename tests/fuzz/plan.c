/* A saved plan (src/plan): what is read is written again as it was, and can be shown. */
#include "fuzz.h"

#include <gantry/plan/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_plan plan, again;
    json_t *document =
        gt_keep(arena, json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL));
    if (document != NULL) {
        bool ok = gt_plan_parse(arena, document, &plan, &diags);
        fuzz_check_told(ok, &diags);
        if (ok) {
            gt_plan_text(arena, &plan, true, true);
            gt_plan_markdown(arena, &plan);
            for (size_t i = 0; i < plan.steps.len; i++)
                gt_plan_step_digest(arena, &plan.steps.at[i]);
            json_auto_t *written = gt_plan_document(&plan);
            fuzz_check(gt_plan_parse(arena, written, &again, &diags));
            json_auto_t *twice = gt_plan_document(&again);
            fuzz_check(json_equal(written, twice));
        }
    }
    gt_arena_free(arena);
    return 0;
}

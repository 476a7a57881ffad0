/* Replaying a journal over a state (src/state): the lines are the input. What comes out can be
 * written, and a journal that is cut in its last line replays as far as before. */
#include "journal.h"
#include "fixed_sys.h"
#include "fuzz.h"

static void replay(const char *lines, size_t len, bool has_snapshot)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_fixed_sys fixed;
    gt_fixed_sys_init(&fixed, 1768653296000);
    struct gt_state *state = gt_state_new(arena, &fixed.sys, "tools", "prod");
    if (has_snapshot) {
        state->lineage = "3e8f0c1a-0000-4000-8000-000000000000";
        state->serial = 3;
        gt_state_add(state, "gateway.a", "gateway");
    }
    const struct gt_journal journal = {
        .name = "prod.journal", .state_name = "prod.json", .lines = lines, .len = len};
    struct gt_replay out;
    bool ok = gt_journal_replay(state, has_snapshot, &journal, &out, &diags);
    fuzz_check_told(ok, &diags);
    if (ok) {
        json_auto_t *document = gt_state_document(state);
        fuzz_check(document != NULL);
        struct gt_buf text = gt_buf_init(64 << 20);
        for (size_t i = 0; i < out.open.len; i++)
            gt_journal_write(&text, &out.open.at[i]);
        gt_buf_done(&text);
    }
    gt_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    replay((const char *)data, size, false);
    replay((const char *)data, size, true);
    return 0;
}

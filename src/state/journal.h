/* The journal's lines: writing them into a buffer, and replaying them over a snapshot. */
#ifndef GANTRY_STATE_JOURNAL_H
#define GANTRY_STATE_JOURNAL_H

#include <gantry/base/buf.h>
#include <gantry/state/state.h>

/* Appends one line with its newline. */
void gt_journal_write_begin(struct gt_buf *out, const struct gt_state *state, const char *command,
                            int64_t time_ms);
void gt_journal_write(struct gt_buf *out, const struct gt_record *record);

/* What a journal leaves besides the state. */
struct gt_replay {
    GT_VEC(struct gt_record) open; /* intents without an answer, oldest first */
    json_int_t next_id;
    bool changed; /* the state is not the snapshot's any more */
    bool begun;   /* there is a beginning in it */
};

/*
 * Replays `lines` over `state`. A last line without its newline is what a crash in mid-write
 * leaves; it was never acted upon and is passed over. `has_snapshot` false: the state is an empty
 * one, and takes the journal's lineage. `name` is for messages.
 */
struct gt_journal {
    const char *name, *state_name;
    const char *lines;
    size_t len;
};
bool gt_journal_replay(struct gt_state *state, bool has_snapshot, const struct gt_journal *journal,
                       struct gt_replay *out, struct gt_diags *diags);

#endif

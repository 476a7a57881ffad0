#include "document.h"
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <string.h>

struct gt_state *gt_state_new(struct gt_arena *arena, const struct gt_sys *sys, const char *stack,
                              const char *environment)
{
    struct gt_state *state = GT_NEW(arena, struct gt_state);
    state->arena = arena;
    state->stack = gt_strdup(arena, stack);
    state->environment = gt_strdup(arena, environment == NULL ? "default" : environment);
    state->lineage = gt_uuid(sys, arena);
    state->entries = gt_map_init(arena);
    return state;
}

struct gt_entry *gt_state_find(const struct gt_state *state, const char *address)
{
    return gt_map_get(&state->entries, address);
}

struct gt_entry *gt_state_add(struct gt_state *state, const char *address, const char *type)
{
    struct gt_entry *entry = gt_state_find(state, address);
    if (entry != NULL)
        return entry;
    entry = GT_NEW(state->arena, struct gt_entry);
    entry->address = gt_strdup(state->arena, address);
    entry->type = gt_strdup(state->arena, type);
    entry->status = "creating";
    gt_map_set(&state->entries, address, entry);
    return entry;
}

void gt_state_remove(struct gt_state *state, const char *address)
{
    if (gt_state_find(state, address) != NULL)
        gt_map_set(&state->entries, address, NULL);
}

static void rename_in_depends(struct gt_entry *entry, const char *from, const char *to)
{
    for (size_t i = 0; i < entry->depends.len; i++)
        if (strcmp(entry->depends.at[i], from) == 0)
            entry->depends.at[i] = to;
}

bool gt_state_rename(struct gt_state *state, const char *from, const char *to,
                     struct gt_diags *diags)
{
    struct gt_entry *entry = gt_state_find(state, from);
    if (entry == NULL) {
        gt_error(diags, "move-source-absent", "the state has no %s to move", from)->subject =
            gt_strdup(diags->arena, from);
        return false;
    }
    if (gt_state_find(state, to) != NULL) {
        struct gt_diag *diag = gt_error(diags, "move-target-exists",
                                        "%s cannot become %s: the state has both", from, to);
        diag->subject = gt_strdup(diags->arena, from);
        diag->hint = "remove the move, or make gantry forget one of the two";
        return false;
    }
    gt_state_remove(state, from);
    entry->address = gt_strdup(state->arena, to);
    gt_map_set(&state->entries, to, entry);
    for (size_t i = 0; i < state->entries.entries.len; i++)
        if (state->entries.entries.at[i].value != NULL)
            rename_in_depends(state->entries.entries.at[i].value, from, entry->address);
    *GT_PUSH(state->arena, &state->renames) =
        (struct gt_rename){gt_strdup(state->arena, from), entry->address};
    return true;
}

static const char *endpoint_name(const char *endpoint)
{
    return gt_streq(endpoint, "aws") ? "the official endpoints" : endpoint;
}

bool gt_state_check_cloud(const struct gt_state *state, const struct gt_cloud *cloud,
                          struct gt_diags *diags)
{
    const struct {
        const char *what, *mine, *theirs, *hint;
    } rows[] = {
        {"partition ", state->cloud.partition, cloud->partition,
         "use credentials and a region of that partition, or another environment"},
        {"account ", state->cloud.account, cloud->account,
         "use credentials of that account (--profile), or another environment"},
        {"region ", state->cloud.region, cloud->region,
         "use that region (--region), or another environment"},
        {"", endpoint_name(state->cloud.endpoint), endpoint_name(cloud->endpoint),
         "use that endpoint (--endpoint-url), or another environment"},
    };
    struct gt_buf mine = gt_buf_init(4096), theirs = gt_buf_init(4096);
    const char *hint = NULL;
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        if (rows[i].mine == NULL || rows[i].theirs == NULL ||
            gt_streq(rows[i].mine, rows[i].theirs))
            continue;
        const char *comma = hint == NULL ? "" : ", ";
        gt_buf_addf(&mine, "%s%s%s", comma, rows[i].what, rows[i].mine);
        gt_buf_addf(&theirs, "%s%s%s", comma, rows[i].what, rows[i].theirs);
        if (hint == NULL)
            hint = rows[i].hint;
    }
    if (hint != NULL)
        gt_error(diags, "wrong-cloud", "the state of %s/%s belongs to %s, but this run is for %s",
                 state->stack, state->environment, gt_buf_text(&mine), gt_buf_text(&theirs))
            ->hint = hint;
    gt_buf_done(&mine);
    gt_buf_done(&theirs);
    return hint == NULL;
}

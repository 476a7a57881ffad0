/*
 * What a killed run left: intents without an answer. An intent to create is settled by a look for
 * the object (by natural key, then lineage); a change or a removal is settled by the plan that
 * follows, which reads the object anyway. Where nothing is found and the killed request may still
 * be running, it looks again.
 */
#include "internal.h"

enum {
    LOOK_PAUSE_MS = 1000,
    SETTLE_MS = 10000 /* an intent older than this has no request running any more */
};

struct recovery {
    struct gt_engine *engine;
    const struct gt_record *record;
    struct gt_item *item;
    json_t *properties;
};

static void look(struct recovery *recovery);

static void settled(struct recovery *recovery, const char *how)
{
    struct gt_engine *engine = recovery->engine;
    struct gt_session *session = engine->o.session;
    const char *address = recovery->record->address;
    gt_session_answer(session, recovery->record->id, address,
                      gt_state_find(session->state, address));
    const struct gt_item *item = recovery->item;
    gt_emit(engine, GT_EVENT_RECOVERED, item, GT_ACTION_ADOPT, engine->started_ms,
            gt_printf(engine->arena, "%s: %s", recovery->record->operation, how));
    gt_read_end(engine);
}

/* What it depends on: the manifest's word, else the killed run's. */
static void set_depends(const struct recovery *recovery)
{
    struct gt_item *item = recovery->item;
    struct gt_arena *arena = recovery->engine->o.session->state->arena;
    gt_entry_depends(item);
    size_t i;
    json_t *address;
    json_array_foreach(json_object_get(recovery->record->key, "depends"), i, address)
    {
        if (item->resource == NULL && json_is_string(address))
            *GT_PUSH(arena, &item->entry->depends) = gt_strdup(arena, json_string_value(address));
    }
}

/* What the call was given is what was applied. */
static json_t *created_with(const struct recovery *recovery)
{
    const struct gt_operation *create = recovery->item->type->create.operation;
    json_t *applied = json_object(), *value;
    const char *name;
    json_object_foreach(recovery->properties, name, value)
    {
        if (gt_member_find(create->input, name) != NULL)
            json_object_set(applied, name, value);
    }
    return applied;
}

static void adopt(struct recovery *recovery, const struct gt_candidate *candidate)
{
    struct gt_item *item = recovery->item;
    struct gt_state *state = recovery->engine->o.session->state;
    item->entry = gt_state_add(state, item->address, item->type->name);
    gt_entry_depose(item); /* its successor was made: it is still to be removed */
    item->entry->identity = gt_keep(state->arena, json_deep_copy(candidate->identity));
    item->entry->applied = gt_keep(state->arena, created_with(recovery));
    item->entry->secrets = gt_keep(state->arena, json_array());
    item->entry->status = "creating";
    item->entry->existing = false;
    set_depends(recovery);
    *GT_PUSH(recovery->engine->arena, &recovery->engine->spent) = recovery->record->id;
    settled(recovery, "it was made, and is adopted");
}

static int64_t age_ms(const struct recovery *recovery)
{
    return gt_now_ms(gt_loop_sys(recovery->engine->o.loop)) - recovery->record->time_ms;
}

/* A unique name or a token makes a second create harmless; without either, and where no second one
 * follows that would find what the first made, only time does. */
static bool may_still_run(const struct recovery *recovery)
{
    const struct gt_item *item = recovery->item;
    bool harmless = !item->type->lookup.ambiguous || recovery->record->token != NULL;
    bool follows = item->resource != NULL && !recovery->engine->o.destroy;
    return !(harmless && follows) && age_ms(recovery) >= 0 && age_ms(recovery) < SETTLE_MS;
}

static void again(void *payload)
{
    look(payload);
}

/* The object that the entry had before the call. */
static bool is_known(const struct gt_item *item, const struct gt_candidate *candidate)
{
    return item->entry != NULL && json_equal(item->entry->identity, candidate->identity);
}

static void on_look(void *payload, const struct gt_finding *finding)
{
    struct recovery *recovery = payload;
    struct gt_engine *engine = recovery->engine;
    struct gt_item *item = recovery->item;
    if (!finding->ok) {
        gt_diags_copy(engine->diags, finding->error);
        gt_read_end(engine);
        return;
    }
    for (size_t i = 0; i < finding->count; i++) {
        const struct gt_candidate *candidate = &finding->candidates[i];
        enum gt_owner owner = gt_owner_of(item, recovery->properties, candidate->live);
        if ((owner == GT_OWNER_US || owner == GT_OWNER_NOBODY) &&
            !gt_identity_in_state(item, candidate->identity) && !is_known(item, candidate)) {
            adopt(recovery, candidate);
            return;
        }
    }
    if (may_still_run(recovery) && !engine->interrupted)
        gt_timer_start(engine->o.loop, LOOK_PAUSE_MS, again, recovery);
    else
        settled(recovery, "it was not made");
}

static void look(struct recovery *recovery)
{
    recovery->item->claimed = true;
    struct gt_object object = {.type = recovery->item->type,
                               .address = recovery->item->address,
                               .properties = recovery->properties,
                               .with_tags = true};
    gt_find_objects(recovery->engine, &object, on_look, recovery);
}

/* The item of the intent; one that the manifest no longer has exists only for this look. */
static struct gt_item *item_of(struct gt_engine *engine, const struct gt_record *record)
{
    struct gt_item *item = gt_item_find(engine, record->address);
    const struct gt_type *type = gt_type_find(record->type == NULL ? "" : record->type);
    if (item != NULL || type == NULL)
        return item;
    item = GT_NEW(engine->arena, struct gt_item);
    item->engine = engine;
    item->address = record->address;
    item->type = type;
    return item;
}

static void unknown_type(struct gt_engine *engine, const struct gt_record *record)
{
    struct gt_diag *diag = gt_error(
        engine->diags, "unknown-type",
        "an earlier run left %s open, of a type that this gantry does not know", record->operation);
    diag->subject = record->address;
    diag->hint = "use the newer gantry that began it";
}

static void begin(struct gt_engine *engine, const struct gt_record *record)
{
    struct recovery *recovery = GT_NEW(engine->arena, struct recovery);
    *recovery =
        (struct recovery){.engine = engine, .record = record, .item = item_of(engine, record)};
    if (recovery->item == NULL || recovery->item->type == NULL) {
        unknown_type(engine, record);
        return;
    }
    recovery->properties = gt_at(record->key, "/properties");
    gt_read_begin(engine);
    bool creates = record->creates && recovery->properties != NULL;
    if (creates && gt_can_find(recovery->item->type, recovery->properties, NULL))
        look(recovery);
    else
        settled(recovery, "what it left is read now");
}

bool gt_engine_recover(struct gt_engine *engine, struct gt_diags *diags)
{
    struct gt_session *session = engine->o.session;
    size_t errors = diags->errors;
    if (session->open.len == 0)
        return true;
    engine->diags = diags;
    engine->started_ms = gt_engine_now(engine);
    gt_items_collect(engine);
    gt_read_begin(engine);
    for (size_t i = 0; i < session->open.len; i++)
        begin(engine, &session->open.at[i]);
    if (--engine->open_reads > 0)
        gt_loop_run(engine->o.loop);
    if (engine->interrupted && diags->errors == errors)
        gt_error(diags, "interrupted", "interrupted while settling what the last run left");
    if (diags->errors > errors)
        return false;
    return !session->writable || gt_session_commit(session, diags);
}

/* Taking an object that exists into the state. Nothing is changed; the next apply tags it as ours.
 */
#include "internal.h"

struct import {
    struct gt_engine *engine;
    struct gt_item *item;
    const char *text;
    bool found;
};

static void on_found(void *payload, const struct gt_finding *finding)
{
    struct import *import = payload;
    struct gt_item *item = import->item;
    if (!finding->ok)
        gt_diags_copy(import->engine->diags, finding->error);
    import->found = finding->count == 1;
    if (finding->count > 1)
        gt_error(import->engine->diags, "ambiguous", "%s: %zu objects have that name", import->text,
                 finding->count)
            ->hint = "give the id or ARN of the one";
    if (import->found) {
        gt_set_json(&item->identity, json_incref(finding->candidates[0].identity));
        gt_set_json(&item->live, json_incref(finding->candidates[0].live));
    }
    gt_read_end(import->engine);
}

static void on_read(void *payload, const struct gt_reading *reading)
{
    struct import *import = payload;
    struct gt_item *item = import->item;
    json_t *named =
        reading->found == GT_FOUND ? NULL : gt_type_named(item->type, import->text, item->wanted);
    if (named != NULL) {
        struct gt_object object = {
            .type = item->type, .address = item->address, .properties = named, .with_tags = true};
        gt_find_objects(import->engine, &object, on_found, import);
        json_decref(named);
        return;
    }
    if (reading->found == GT_READ_ERROR)
        gt_diags_copy(import->engine->diags, reading->error);
    import->found = reading->found == GT_FOUND;
    gt_set_json(&item->live, json_incref(gt_iterable(reading->live)));
    gt_read_end(import->engine);
}

static bool take(struct import *import, struct gt_diags *diags)
{
    struct gt_item *item = import->item;
    struct gt_state *state = import->engine->o.session->state;
    if (!import->found) {
        struct gt_diag *diag = gt_error(diags, "import-absent", "%s: there is no such %s",
                                        import->text, item->type->name);
        diag->subject = item->address;
        diag->hint = "give its id or ARN, in the account and region of this stack";
        return false;
    }
    if (gt_identity_in_state(item, item->identity)) {
        gt_error(diags, "import", "%s is in the state already, under another address", import->text)
            ->subject = item->address;
        return false;
    }
    struct gt_entry *entry = gt_state_add(state, item->address, item->type->name);
    entry->identity = gt_keep(state->arena, json_deep_copy(item->identity));
    entry->status = "ready";
    entry->adopted = true;
    entry->existing = false;
    entry->applied = gt_keep(state->arena, json_object());
    entry->outputs = gt_keep(state->arena, gt_item_outputs(item));
    return true;
}

bool gt_engine_import(struct gt_engine *engine, const char *address, const char *id,
                      struct gt_diags *diags)
{
    struct gt_plan *plan;
    size_t errors = diags->errors;
    engine->diags = diags;
    engine->lenient = true; /* what is to be imported is "not ours" until it is */
    bool planned = gt_engine_plan(engine, &plan, diags);
    engine->lenient = false;
    struct gt_item *item = gt_item_find(engine, address);
    if (!planned)
        return false;
    if (item == NULL || item->resource == NULL || item->entry != NULL) {
        gt_error(diags, "import",
                 item == NULL || item->resource == NULL ? "the manifest has no resource %s"
                                                        : "%s is in the state already",
                 address);
        return false;
    }
    json_t *identity = gt_type_identity_parse(item->type, id, item->wanted, diags);
    if (identity == NULL)
        return false;
    gt_set_json(&item->identity, identity);
    struct import import = {.engine = engine, .item = item, .text = id};
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = identity,
                               .properties = item->wanted,
                               .with_tags = true};
    gt_read_begin(engine);
    gt_read_object(engine, &object, on_read, &import);
    gt_loop_run(engine->o.loop);
    if (diags->errors > errors || !take(&import, diags))
        return false;
    gt_bind_state(engine);
    return gt_session_save(engine->o.session, diags);
}

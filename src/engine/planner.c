/*
 * Planning: first everything that has an identity is read at once; then, wave by wave along the
 * graph, what has none yet is resolved and looked up; then the decisions are made (decide.c).
 */
#include "internal.h"

#include <string.h>

enum { APPEAR_PAUSE_MS = 1000 };

void gt_read_begin(struct gt_engine *engine)
{
    engine->open_reads++;
}

void gt_read_end(struct gt_engine *engine)
{
    if (--engine->open_reads == 0)
        gt_loop_stop(engine->o.loop);
}

static void run_reads(struct gt_engine *engine)
{
    if (engine->open_reads > 0)
        gt_loop_run(engine->o.loop);
}

static void report(struct gt_item *item, const struct gt_diag *error)
{
    gt_diags_copy(item->engine->diags, error);
    item->failed = true;
}

/* What an earlier run made and did not see settle may be so new that it is not shown yet: to take
 * it for gone would make it twice, or leave it behind. */
static bool may_appear(const struct gt_item *item)
{
    const struct gt_engine *engine = item->engine;
    return item->entry != NULL && gt_streq(item->entry->status, "creating") &&
           !engine->interrupted &&
           gt_engine_now(engine) - engine->started_ms < item->type->appear_ms;
}

static void start_read(void *payload);

static void on_read(void *payload, const struct gt_reading *reading)
{
    struct gt_item *item = payload;
    if (reading->found == GT_ABSENT && may_appear(item)) {
        gt_timer_start(item->engine->o.loop, APPEAR_PAUSE_MS, start_read, item);
        return;
    }
    item->read = true;
    if (reading->found == GT_READ_ERROR)
        report(item, reading->error);
    else
        gt_set_json(&item->live, json_incref(gt_iterable(reading->live)));
    if (item->live != NULL)
        gt_list_foreign(item);
    gt_read_end(item->engine);
}

static const json_t *known_properties(const struct gt_item *item)
{
    return item->wanted != NULL ? item->wanted : item->entry != NULL ? item->entry->applied : NULL;
}

static void start_read(void *payload)
{
    struct gt_item *item = payload;
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = item->identity,
                               .properties = known_properties(item),
                               .with_tags = true};
    gt_read_object(item->engine, &object, on_read, item);
}

static void read_item(struct gt_item *item)
{
    gt_read_begin(item->engine);
    start_read(item);
}

static void too_many(struct gt_item *item, size_t count)
{
    struct gt_diag *diag = gt_error(item->engine->diags, "ambiguous",
                                    "%zu objects fit, and nothing tells which one is meant", count);
    diag->subject = item->address;
    diag->hint = gt_printf(item->engine->arena, "name the one: gantry import %s ID", item->address);
    item->failed = true;
}

static void take(struct gt_item *item, const struct gt_candidate *candidate)
{
    gt_set_json(&item->identity, json_incref(candidate->identity));
    gt_set_json(&item->live, json_incref(candidate->live));
}

/* An image whose tag is still to be resolved; once, since the answer may be that it cannot be. */
static bool needs_pin(const struct gt_item *item)
{
    const struct gt_engine *engine = item->engine;
    return item->resource->image_pin != NULL && item->pinned == NULL && item->selected &&
           !engine->o.destroy && engine->images_asked != NULL &&
           gt_map_get(engine->images_asked, item->address) == NULL;
}

/* What was found by name: ours is adopted; another's is an error where names are unique, and none
 * of our business where they are not, unless it says that it is this very resource of another
 * state. */
static void on_found(void *payload, const struct gt_finding *finding)
{
    struct gt_item *item = payload;
    struct gt_engine *engine = item->engine;
    bool ambiguous = item->type->lookup.ambiguous;
    size_t ours = 0;
    if (!finding->ok)
        report(item, finding->error);
    for (size_t i = 0; i < finding->count; i++) {
        const struct gt_candidate *candidate = &finding->candidates[i];
        enum gt_owner owner = gt_owner_of(item, item->wanted, candidate->live);
        if (gt_identity_in_state(item, candidate->identity))
            continue;
        if (owner == GT_OWNER_US || owner == GT_OWNER_NOBODY) {
            take(item, candidate);
            ours++;
        } else if ((!ambiguous || owner == GT_OWNER_SAME_STACK) && !engine->lenient) {
            gt_report_taken(item, owner, candidate->identity, candidate->live, engine->diags);
            item->failed = true;
        }
    }
    if (ours > 1)
        too_many(item, ours);
    item->read = true;
    item->settled_here = item->failed || !needs_pin(item); /* else the next wave goes on */
    gt_read_end(engine);
}

static void look_up(struct gt_item *item)
{
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .properties = item->wanted,
                               .with_tags = true};
    gt_read_begin(item->engine);
    gt_find_objects(item->engine, &object, on_found, item);
}

/* -- existing things -- */

static void on_existing_named(void *payload, const struct gt_finding *finding)
{
    struct gt_item *item = payload;
    if (!finding->ok)
        report(item, finding->error);
    else if (finding->count > 1)
        too_many(item, finding->count);
    else if (finding->count == 1)
        take(item, &finding->candidates[0]);
    item->read = true;
    item->settled_here = true;
    gt_read_end(item->engine);
}

/* Read by what was given as an id; where nothing has that id it may be a name. */
static void on_existing_read(void *payload, const struct gt_reading *reading)
{
    struct gt_item *item = payload;
    json_t *named = gt_type_named(item->type, item->resource->existing, item->wanted);
    if (reading->found == GT_FOUND || named == NULL) {
        json_decref(named);
        item->settled_here = true;
        on_read(item, reading);
        return;
    }
    struct gt_object object = {
        .type = item->type, .address = item->address, .properties = named, .with_tags = false};
    gt_find_objects(item->engine, &object, on_existing_named, item);
    json_decref(named);
}

static void read_existing(struct gt_item *item)
{
    struct gt_diags scratch = gt_diags_init(item->engine->arena);
    json_t *identity =
        gt_type_identity_parse(item->type, item->resource->existing, item->wanted, &scratch);
    if (identity == NULL) {
        struct gt_diag *diag = scratch.list.at[0];
        diag->subject = item->address;
        diag->pos = item->resource->pos;
        report(item, diag);
        item->settled_here = true;
        return;
    }
    gt_set_json(&item->identity, identity);
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = identity,
                               .properties = item->wanted,
                               .with_tags = true};
    gt_read_begin(item->engine);
    gt_read_object(item->engine, &object, on_existing_read, item);
}

/* -- waves -- */

static bool dependencies_settled(const struct gt_item *item)
{
    const struct gt_resource *resource = item->resource;
    for (size_t i = 0; i < resource->depends.len; i++) {
        if (!gt_item_find(item->engine, gt_item_needs(item, i))->settled_here)
            return false;
    }
    return true;
}

static void after_pin(struct gt_item *item)
{
    bool unknown;
    if (item->pinned != NULL && !gt_item_resolve(item, &unknown, item->engine->diags))
        item->failed = true;
    item->settled_here = true;
    gt_read_end(item->engine);
}

/* Resolves an item whose dependencies are settled and starts what is still to be asked about it. */
static void settle_item(struct gt_item *item)
{
    struct gt_engine *engine = item->engine;
    bool unknown;
    if (item->failed || !gt_item_resolve(item, &unknown, engine->diags)) {
        item->failed = item->settled_here = true;
    } else if (item->resource->existing != NULL && !item->read) {
        read_existing(item);
    } else if (item->entry == NULL && !engine->o.destroy &&
               gt_can_find(item->type, item->wanted, item->unknown) && !item->read &&
               item->selected) {
        look_up(item);
    } else if (needs_pin(item)) {
        gt_map_set(engine->images_asked, item->address, item);
        gt_read_begin(engine);
        gt_pin_image(item, after_pin);
    } else {
        item->settled_here = true;
    }
    /* What has no live object will be made anew; its outputs are unknown to those that follow. */
    item->renews = item->live == NULL;
}

static void settle_waves(struct gt_engine *engine)
{
    for (bool moved = true; moved && !engine->interrupted;) {
        moved = false;
        for (size_t i = 0; i < engine->items.len; i++) {
            struct gt_item *item = engine->items.at[i];
            if (item->resource == NULL || item->settled_here || !dependencies_settled(item))
                continue;
            settle_item(item);
            moved = true;
        }
        run_reads(engine);
        for (size_t i = 0; i < engine->items.len; i++)
            engine->items.at[i]->renews = engine->items.at[i]->live == NULL;
    }
}

/* -- the plan -- */

static void apply_moves(struct gt_engine *engine)
{
    const struct gt_stack *stack = engine->o.stack;
    struct gt_state *state = engine->o.session->state;
    for (size_t i = 0; stack != NULL && i < stack->moved.len; i++) {
        const struct gt_move *move = &stack->moved.at[i];
        if (gt_state_find(state, move->from) != NULL && gt_state_find(state, move->to) == NULL)
            gt_state_rename(state, move->from, move->to, engine->diags);
    }
}

static bool known_types(struct gt_engine *engine)
{
    for (size_t i = 0; i < engine->items.len; i++) {
        const struct gt_item *item = engine->items.at[i];
        if (item->type != NULL)
            continue;
        struct gt_diag *diag = gt_error(engine->diags, "unknown-type",
                                        "the state has a resource of type %s, which this gantry "
                                        "does not know",
                                        item->entry->type);
        diag->subject = item->address;
        diag->hint = "use the newer gantry that made it";
        return false;
    }
    return true;
}

static void read_everything(struct gt_engine *engine)
{
    for (size_t i = 0; i < engine->items.len; i++) {
        struct gt_item *item = engine->items.at[i];
        if (item->entry != NULL && item->identity != NULL &&
            (item->resource == NULL || item->resource->existing == NULL))
            read_item(item);
    }
    run_reads(engine);
}

static void collect_live(struct gt_engine *engine)
{
    engine->live = gt_keep(engine->arena, json_object());
    for (size_t i = 0; i < engine->items.len; i++) {
        const struct gt_item *item = engine->items.at[i];
        if (item->live != NULL)
            json_object_set_new(engine->live, item->address,
                                gt_without_secrets(item->type, item->live, NULL));
    }
}

static struct gt_plan *plan_new(struct gt_engine *engine)
{
    const struct gt_engine_options *o = &engine->o;
    const struct gt_state *state = o->session->state;
    struct gt_plan *plan = GT_NEW(engine->arena, struct gt_plan);
    *plan = (struct gt_plan){
        .stack = state->stack,
        .environment = state->environment,
        .version = o->version,
        .partition = o->cloud.partition,
        .account = o->cloud.account,
        .region = o->cloud.region,
        .endpoint = o->cloud.endpoint,
        .lineage = state->lineage,
        .serial = state->serial,
        .manifest_digest = o->stack == NULL ? NULL : o->stack->manifest_digest,
        .destroy = o->destroy,
    };
    return plan;
}

bool gt_engine_plan(struct gt_engine *engine, struct gt_plan **plan, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    engine->diags = diags;
    engine->started_ms = gt_engine_now(engine);
    engine->lists = gt_map_init(engine->arena);
    struct gt_map images = gt_map_init(engine->arena);
    engine->images_asked = &images;
    engine->caching = true;
    apply_moves(engine);
    gt_items_collect(engine);
    if (known_types(engine) && gt_items_select(engine)) {
        read_everything(engine);
        settle_waves(engine);
    }
    engine->caching = false;
    engine->images_asked = NULL;
    if (engine->interrupted && diags->errors == errors)
        gt_error(diags, "interrupted", "interrupted while reading");
    if (diags->errors > errors)
        return false;
    struct gt_plan *made = plan_new(engine);
    gt_decide(engine, made);
    collect_live(engine);
    if (diags->errors > errors)
        return false;
    if (engine->o.stack != NULL && engine->o.stack->outputs != NULL &&
        !gt_engine_resolve(engine, engine->o.stack->outputs, &made->outputs, diags))
        return false;
    gt_emit(engine, GT_EVENT_PLANNED, NULL, GT_ACTION_NOOP, engine->started_ms, NULL);
    *plan = made;
    return true;
}

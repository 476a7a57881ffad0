/* Bringing an object about that is not there. */
#include "internal.h"

enum {
    LOOK_LIMIT_MS = 15000,   /* a lost call may still be running for so long */
    TAKEN_LIMIT_MS = 120000, /* a name may be held for so long by an object that is going */
    LOOK_PAUSE_MS = 1000
};

static void send_create(struct gt_task *task);
static void look(struct gt_task *task);
static void next_step(struct gt_task *task);

/* -- steps and tags after the create -- */

static void on_step(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    (void)output;
    if (result == GT_MUTATED) {
        gt_entry_applied(task, task->item->type->steps[task->step].use.operation);
        task->step++;
        gt_wait_settled(task, next_step);
    } else if (result == GT_MUTATION_LOST && task->repeats++ < 3) {
        gt_settle_lost(task);
        gt_wait_settled(task, next_step); /* the same step again: what it writes is the same */
    } else {
        gt_task_fail(task);
    }
}

static void tags_after_create(struct gt_task *task)
{
    const struct gt_type *type = task->item->type;
    const char *property = type->tags.property;
    if (property == NULL || gt_member_find(type->create.operation->input, property) != NULL) {
        gt_task_finish(task);
        return;
    }
    json_t *tags = gt_type_tags_map(type, json_object_get(task->item->wanted, property));
    gt_run_tags(task, gt_keep(task->arena, tags), NULL, gt_task_finish);
}

static void next_step(struct gt_task *task)
{
    struct gt_item *item = task->item;
    const struct gt_step *steps = item->type->steps;
    while (steps != NULL && steps[task->step].use.operation != NULL) {
        const struct gt_step *step = &steps[task->step];
        if (gt_type_step_after_create(item->type, step, item->wanted)) {
            struct gt_input_sources from = {item->identity, item->wanted, item->live};
            gt_mutate(task, step->use.operation, gt_type_step_input(item->type, step, &from, NULL),
                      GT_MUTATION_CHANGE, on_step);
            return;
        }
        task->step++;
    }
    tags_after_create(task);
}

/* The identity of the new object, in the entry's former place; new reference. */
static void take_identity(struct gt_task *task, json_t *identity)
{
    if (task->action == GT_ACTION_REPLACE)
        gt_entry_depose(task->item);
    gt_set_json(&task->item->identity, identity);
    gt_item_enter(task->item, "creating");
    task->was_seen = true;
}

static void made(struct gt_task *task, json_t *identity)
{
    task->mutated = true;
    task->step = 0;
    take_identity(task, identity);
    gt_entry_applied(task, task->item->type->create.operation);
    gt_wait_settled(task, next_step);
}

/* -- the name is taken, or the answer was lost: what is there? -- */

static void adopt(struct gt_task *task, const struct gt_candidate *candidate)
{
    struct gt_item *item = task->item;
    take_identity(task, json_incref(candidate->identity));
    gt_set_json(&item->live, json_incref(candidate->live));
    item->entry->applied = item->entry->secrets = NULL; /* they were the former object's */
    gt_set_json(&task->last, gt_item_last(item));
    gt_settle_lost(task);
    gt_diags_rewind(&task->diags, 0);
    /* It was made by an earlier attempt, maybe with other properties: compare, then go on. */
    gt_task_update(task);
}

/* The object that is to be replaced has the name, too, where names are not unique. */
static bool is_former(const struct gt_task *task, const struct gt_candidate *candidate)
{
    const struct gt_entry *entry = task->item->entry;
    return task->action == GT_ACTION_REPLACE && entry != NULL &&
           json_equal(entry->identity, candidate->identity);
}

static const struct gt_candidate *ours(struct gt_task *task, const struct gt_finding *finding,
                                       const struct gt_candidate **taken, enum gt_owner *whose)
{
    struct gt_item *item = task->item;
    for (size_t i = 0; i < finding->count; i++) {
        const struct gt_candidate *candidate = &finding->candidates[i];
        enum gt_owner owner = gt_owner_of(item, item->wanted, candidate->live);
        if (gt_identity_in_state(item, candidate->identity) || is_former(task, candidate))
            continue;
        if (owner == GT_OWNER_US || owner == GT_OWNER_NOBODY)
            return candidate;
        *taken = candidate;
        *whose = owner;
    }
    return NULL;
}

/* Nothing is there: an object of that name may be going, or the lost call may still be running. */
static void look_again(struct gt_task *task, int64_t limit_ms)
{
    int64_t now = gt_engine_now(task->engine);
    if (task->engine->interrupted) {
        gt_task_interrupted(task);
    } else if (now - task->look_since_ms < limit_ms && task->lost_intent != 0) {
        gt_task_later(task, LOOK_PAUSE_MS, look);
    } else if (now - task->look_since_ms < limit_ms || task->lost_intent != 0) {
        if (task->lost_intent != 0 && ++task->repeats > 3) {
            gt_task_fail(task);
            return;
        }
        if (task->lost_intent != 0)
            task->look_since_ms = 0; /* should the next one get lost, too, it has its own time */
        gt_settle_lost(task);
        gt_task_later(task, LOOK_PAUSE_MS, send_create);
    } else {
        gt_task_fail(task);
    }
}

static void on_look(void *payload, const struct gt_finding *finding)
{
    struct gt_task *task = payload;
    struct gt_item *item = task->item;
    const struct gt_candidate *taken = NULL;
    enum gt_owner whose = GT_OWNER_STRANGER;
    const struct gt_candidate *found = ours(task, finding, &taken, &whose);
    bool lost = task->lost_intent != 0;
    bool going = taken != NULL &&
                 gt_status_standing(&item->type->status, taken->live) == GT_STANDING_DELETING;
    if (!finding->ok) {
        gt_diags_copy(&task->diags, finding->error);
        gt_task_fail(task);
    } else if (found != NULL &&
               gt_status_standing(&item->type->status, found->live) != GT_STANDING_DELETING) {
        adopt(task, found);
    } else if (taken != NULL && !going && !(lost && item->type->lookup.ambiguous)) {
        gt_diags_rewind(&task->diags, 0);
        gt_report_taken(item, whose, taken->identity, taken->live, &task->diags);
        gt_settle_lost(task);
        gt_task_fail(task);
    } else {
        look_again(task, lost ? LOOK_LIMIT_MS : TAKEN_LIMIT_MS);
    }
}

static void look(struct gt_task *task)
{
    struct gt_item *item = task->item;
    item->claimed |= task->lost_intent != 0;
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .properties = item->wanted,
                               .with_tags = true};
    gt_find_objects(task->engine, &object, on_look, task);
}

static void begin_look(struct gt_task *task)
{
    if (task->look_since_ms == 0)
        task->look_since_ms = gt_engine_now(task->engine);
    look(task);
}

/* -- the call -- */

static void on_created(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    struct gt_item *item = task->item;
    json_t *identity;
    switch (result) {
    case GT_MUTATED:
        identity = gt_type_identity_created(item->type, item->wanted, output);
        if (identity != NULL) {
            made(task, identity);
            return;
        }
        gt_error(&task->diags, "no-identity", "%s was answered without an id",
                 item->type->create.operation->name)
            ->subject = item->address;
        gt_task_fail(task);
        break;
    case GT_MUTATION_TAKEN:
    case GT_MUTATION_LOST:
        begin_look(task);
        break;
    case GT_MUTATION_GONE:
    case GT_MUTATION_FAILED:
        gt_task_fail(task);
        break;
    }
}

static void send_create(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_input_sources from = {NULL, item->wanted, NULL};
    gt_diags_rewind(&task->diags, 0);
    gt_mutate(task, item->type->create.operation,
              gt_type_input(item->type, &item->type->create, &from, true), GT_MUTATION_CREATE,
              on_created);
}

void gt_task_create(struct gt_task *task)
{
    struct gt_item *item = task->item;
    gt_set_json(&item->live, NULL);
    item->renews = true;
    if (!gt_task_resolve(task)) {
        gt_task_fail(task);
        return;
    }
    send_create(task);
}

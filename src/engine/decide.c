/* What has to happen to each item, from what was read. No calls. */
#include "internal.h"

#include <string.h>

static struct gt_plan_step *add_step(struct gt_plan *plan, struct gt_item *item,
                                     enum gt_action action, const char *reason)
{
    struct gt_engine *engine = item->engine;
    struct gt_plan_step *step = GT_PUSH(engine->arena, &plan->steps);
    step->address = item->address;
    step->type = item->type;
    step->action = action;
    step->reason = reason;
    if (item->identity != NULL && item->live != NULL)
        step->identity = gt_keep(engine->arena, json_deep_copy(item->identity));
    for (size_t i = 0; i < item->foreign.len; i++)
        *GT_PUSH(engine->arena, &step->foreign) = item->foreign.at[i];
    return step;
}

static struct gt_pos position(const struct gt_item *item)
{
    return item->resource == NULL ? (struct gt_pos){.file = NULL} : item->resource->pos;
}

/* -- removal -- */

static bool is_protected(struct gt_item *item)
{
    bool protect = item->resource != NULL ? item->resource->protect
                                          : item->entry != NULL && item->entry->protect;
    if (!protect)
        return false;
    struct gt_diag *diag =
        gt_error(item->engine->diags, "protected", "it is protected and would be deleted");
    diag->subject = item->address;
    diag->pos = position(item);
    diag->hint = "take protect: true out of the manifest and apply that first";
    return true;
}

static void decide_removal(struct gt_plan *plan, struct gt_item *item, const char *reason)
{
    bool retain = item->resource != NULL ? item->resource->retain
                                         : item->entry != NULL && item->entry->retain;
    if (item->entry->existing) {
        add_step(plan, item, GT_ACTION_FORGET, "it was only referred to");
    } else if (item->live == NULL) {
        add_step(plan, item, GT_ACTION_FORGET, "it is gone already");
    } else if (retain) {
        add_step(plan, item, GT_ACTION_FORGET, "retain: it stays")->retained = true;
    } else if (gt_is_taken_over(item, item->live)) {
        gt_report_taken_over(item, item->live, item->engine->diags);
    } else if (!is_protected(item)) {
        struct gt_plan_step *step = add_step(plan, item, GT_ACTION_DELETE, reason);
        if (item->type->breaks_callers && !plan->destroy) {
            step->breaks = item->type->breaks_words;
            step->needs_consent = true;
        }
    }
}

/* -- creation -- */

static void add_wanted(struct gt_item *item, struct gt_changes *changes)
{
    struct gt_compare all = {.type = item->type, .wanted = item->wanted, .unknown = item->unknown};
    *changes = gt_compare(item->engine->arena, &all);
    for (size_t i = 0; i < changes->list.len; i++)
        changes->list.at[i].replaces = false;
    changes->replaces = false;
}

static struct gt_plan_step *decide_create(struct gt_plan *plan, struct gt_item *item)
{
    bool was = item->entry != NULL && item->entry->identity != NULL;
    struct gt_plan_step *step = add_step(plan, item, GT_ACTION_CREATE,
                                         was ? "it is gone from the account" : "not there yet");
    add_wanted(item, &step->changes);
    item->renews = true;
    return step;
}

/* -- what is there -- */

static const char *count_reason(struct gt_arena *arena, const struct gt_changes *changes)
{
    size_t by_cause[GT_CAUSE_UPSTREAM + 1] = {0};
    for (size_t i = 0; i < changes->list.len; i++)
        by_cause[changes->list.at[i].cause] += !changes->list.at[i].ignored;
    const char *text = "";
    const struct {
        enum gt_cause cause;
        const char *words;
    } table[] = {
        {GT_CAUSE_MANIFEST, "the manifest changed"},
        {GT_CAUSE_REMOVED, "the manifest no longer says it"},
        {GT_CAUSE_DRIFT, "it was changed outside gantry"},
        {GT_CAUSE_UPSTREAM, "what it refers to changes"},
    };
    for (size_t i = 0; i < GT_COUNT(table); i++) {
        if (by_cause[table[i].cause] > 0)
            text = gt_printf(arena, "%s%s%s", text, *text == '\0' ? "" : ", ", table[i].words);
    }
    return text;
}

static const char *replacing_words(const struct gt_changes *changes)
{
    for (size_t i = 0; i < changes->list.len; i++) {
        const struct gt_change *change = &changes->list.at[i];
        if (change->replaces && !change->ignored && change->words != NULL)
            return change->words;
    }
    return NULL;
}

static bool is_asked_to_replace(const struct gt_item *item)
{
    const char *const *address = item->engine->o.replaces;
    for (; address != NULL && *address != NULL; address++) {
        if (strcmp(*address, item->address) == 0)
            return true;
    }
    return false;
}

static struct gt_plan_step *decide_replace(struct gt_plan *plan, struct gt_item *item,
                                           const char *reason, bool worked)
{
    struct gt_plan_step *step = add_step(plan, item, GT_ACTION_REPLACE, reason);
    item->renews = true;
    if (item->type->breaks_callers && worked) {
        step->breaks = item->type->breaks_words;
        step->needs_consent = true;
    }
    is_protected(item);
    return step;
}

/* The reason to act on an object that is as the manifest says, or NULL. */
static const char *unsettled_reason(const struct gt_item *item, enum gt_standing standing)
{
    if (standing == GT_STANDING_PENDING)
        return "it has not settled yet";
    if (standing == GT_STANDING_DELETING)
        return "it is being deleted by somebody";
    if (gt_item_has_deposed(item))
        return "an object that it replaced is still to be removed";
    if (!item->entry->existing && !gt_streq(item->entry->status, "ready"))
        return "the last run did not finish it";
    return NULL;
}

/* Found by what an object had that this plan replaces: it belonged to the former one. */
static bool goes_with_former(const struct gt_item *item)
{
    return item->entry == NULL && !gt_can_find(item->type, item->wanted, item->unknown);
}

static struct gt_plan_step *decide_present(struct gt_plan *plan, struct gt_item *item)
{
    struct gt_arena *arena = item->engine->arena;
    json_auto_t *last = gt_item_last(item);
    struct gt_compare what = {.type = item->type,
                              .wanted = item->wanted,
                              .last = last,
                              .live = item->live,
                              .unknown = item->unknown,
                              .ignore = item->resource->ignore};
    struct gt_changes changes = gt_compare(arena, &what);
    enum gt_standing standing = gt_status_standing(&item->type->status, item->live);
    bool failed = standing == GT_STANDING_FAILED || standing == GT_STANDING_UNDELETABLE;
    struct gt_plan_step *step;
    if (goes_with_former(item) && changes.replaces) {
        const char *words = replacing_words(&changes);
        step = decide_replace(plan, item, words != NULL ? words : "what it belongs to is replaced",
                              true);
    } else if (item->entry == NULL) {
        step = add_step(plan, item, GT_ACTION_ADOPT, "it is this stack's, but not in the state");
    } else if (is_asked_to_replace(item)) {
        step = decide_replace(plan, item, "asked for by --replace", true);
    } else if (changes.replaces) {
        const char *words = replacing_words(&changes);
        step = decide_replace(plan, item,
                              words != NULL ? words : "a change that needs a new object", true);
    } else if (failed && item->type->redrives == NULL && gt_streq(item->entry->status, "failed")) {
        step = decide_replace(plan, item, "it failed to be made", false);
    } else if (failed) {
        step = add_step(plan, item, GT_ACTION_UPDATE, "its status is failed: it is driven again");
    } else if (changes.any) {
        step = add_step(plan, item, GT_ACTION_UPDATE, count_reason(arena, &changes));
    } else {
        const char *reason = unsettled_reason(item, standing);
        step = add_step(plan, item, reason == NULL ? GT_ACTION_NOOP : GT_ACTION_UPDATE, reason);
    }
    step->changes = changes;
    item->updates = step->action == GT_ACTION_UPDATE && changes.any;
    return step;
}

/* An object that we made must not drop out of the state because the manifest refers to another. */
static bool owns_another(const struct gt_item *item)
{
    const struct gt_entry *entry = item->entry;
    if (entry == NULL || entry->existing || json_equal(entry->identity, item->identity))
        return false;
    struct gt_diag *diag = gt_error(item->engine->diags, "still-owned",
                                    "the state has an object of its own under this address");
    diag->subject = item->address;
    diag->pos = item->resource->pos;
    diag->hint = gt_printf(item->engine->arena,
                           "give the existing one another name in the manifest, and the own one is "
                           "removed; or let it go: gantry state forget %s",
                           item->address);
    return true;
}

static void decide_existing(struct gt_plan *plan, struct gt_item *item)
{
    if (owns_another(item))
        return;
    if (item->live != NULL) {
        add_step(plan, item, GT_ACTION_READ, NULL);
        return;
    }
    struct gt_diag *diag = gt_error(item->engine->diags, "existing-absent", "%s does not exist",
                                    item->resource->existing);
    diag->subject = item->address;
    diag->pos = item->resource->pos;
    diag->hint = gt_printf(item->engine->arena, "looked in account %s, region %s",
                           item->engine->o.cloud.account, item->engine->o.cloud.region);
}

static void decide_wanted(struct gt_plan *plan, struct gt_item *item)
{
    bool unknown;
    if (!gt_item_resolve(item, &unknown, item->engine->diags))
        return;
    if (item->resource->existing != NULL) {
        decide_existing(plan, item);
    } else if (!item->selected) {
        if (item->entry != NULL)
            add_step(plan, item, GT_ACTION_NOOP, "not selected");
    } else if (item->live == NULL) {
        decide_create(plan, item);
    } else if (gt_is_taken_over(item, item->live)) {
        gt_report_taken_over(item, item->live, item->engine->diags);
    } else {
        decide_present(plan, item);
    }
}

static void digest_steps(struct gt_plan *plan, struct gt_arena *arena)
{
    for (size_t i = 0; i < plan->steps.len; i++)
        plan->steps.at[i].digest = gt_plan_step_digest(arena, &plan->steps.at[i]);
}

void gt_decide(struct gt_engine *engine, struct gt_plan *plan)
{
    for (size_t i = 0; i < engine->items.len; i++) {
        struct gt_item *item = engine->items.at[i];
        if (item->resource != NULL && !plan->destroy)
            decide_wanted(plan, item);
    }
    for (size_t i = engine->items.len; i-- > 0;) {
        struct gt_item *item = engine->items.at[i];
        if (item->entry == NULL || !item->selected)
            continue;
        if (plan->destroy)
            decide_removal(plan, item, "destroy");
        else if (item->resource == NULL)
            decide_removal(plan, item, "the manifest no longer has it");
    }
    digest_steps(plan, engine->arena);
}

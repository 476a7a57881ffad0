/*
 * What the engine's modules share. An item is one address of the stack or the state during a run; a
 * node is one thing to do with an item (bring it about, remove it); a task is the state machine
 * that does it, by continuations: each step starts a call or a timer and names the function that
 * goes on.
 */
#ifndef GANTRY_ENGINE_INTERNAL_H
#define GANTRY_ENGINE_INTERNAL_H

#include <gantry/engine/engine.h>

#include <gantry/base/json.h>
#include <gantry/base/str.h>

struct gt_item {
    struct gt_engine *engine;
    const char *address;
    const struct gt_type *type;
    struct gt_resource *resource; /* NULL: only in the state */
    struct gt_entry *entry;       /* NULL: not in the state */
    json_t *wanted;     /* properties with tags, references resolved as far as known; owned */
    json_t *unknown;    /* an object: the pointers in wanted that hold references still; owned */
    json_t *identity;   /* owned; NULL until known */
    json_t *live;       /* owned; NULL: absent or not read */
    bool read;          /* live is what the service says now */
    bool renews;        /* a new object will be made: what only the service knows is unknown */
    bool updates;       /* volatile outputs are unknown */
    bool selected;      /* by --target and --exclude */
    bool claimed;       /* a create of ours may have made what is found under its name */
    bool failed;        /* reading it failed: diagnosed */
    bool settled_here;  /* planning: what can be known of it is known */
    const char *pinned; /* the image by its digest, or NULL: as the manifest has it */
    GT_VEC(const char *) foreign; /* what others added to it */
};

struct gt_engine {
    struct gt_arena *arena;
    struct gt_engine_options o;
    struct gt_map by_address;       /* address -> struct gt_item * */
    GT_VEC(struct gt_item *) items; /* stack's order first, then what is only in the state */
    struct gt_map lists;            /* cached listings of one planning run */
    bool caching;
    struct gt_map *images_asked; /* planning: addresses whose image was looked up */
    size_t open_reads;
    struct gt_diags *diags; /* of the current run */
    json_t *live;           /* address -> live without secrets */
    int64_t started_ms;
    bool interrupted, broken, timed_out;
    bool lenient;             /* planning reports nothing that is not ours (import) */
    struct gt_run *run;       /* while applying */
    GT_VEC(json_int_t) spent; /* open intents whose object recovery found */
};

/* -- items.c -- */
void gt_items_collect(struct gt_engine *engine);
void gt_items_free(struct gt_engine *engine);
struct gt_item *gt_item_find(const struct gt_engine *engine, const char *address);

/* The address of the i-th thing that the item's resource depends on. */
const char *gt_item_needs(const struct gt_item *item, size_t i);

/* Whether objects that it replaced are still to be removed. */
bool gt_item_has_deposed(const struct gt_item *item);

/* Sets `selected` of all items by --target and --exclude; false: an address that is none.
 * (select.c) */
bool gt_items_select(struct gt_engine *engine);

/* Replaces an owned document; steals `value`. */
void gt_set_json(json_t **slot, json_t *value);

/* -- resolve.c -- */

/* Resolves the item's properties with tags into item->wanted; false when a reference cannot be
 * resolved (diagnosed). `*unknown` tells whether references are left. */
bool gt_item_resolve(struct gt_item *item, bool *unknown, struct gt_diags *diags);

/* -- secrets.c -- */

/* The properties without the values of secrets, and the list of their pointers; new references. */
json_t *gt_without_secrets(const struct gt_type *type, const json_t *properties, json_t **pointers);

/* What was last applied, with "(secret)" in the place of each secret; of an object that was taken
 * over only what has to be assumed. New reference. */
json_t *gt_item_last(const struct gt_item *item);

/* The members of live that references and the state need, without secrets; new reference. */
json_t *gt_item_outputs(const struct gt_item *item);

/* -- call.c: a read that waits out what passes by itself (throttling above all) -- */
void gt_read_call(struct gt_engine *engine, const struct gt_operation *operation,
                  const json_t *input, gt_aws_fn *fn, void *payload);

/* -- pages.c: all pages of a list -- */
struct gt_listing {
    bool ok, gone;                      /* gone: the list's owner does not exist */
    const json_t *items;                /* borrowed during the call */
    const struct gt_aws_answer *answer; /* of the failed page */
};
typedef void gt_listing_fn(void *payload, const struct gt_listing *listing);
void gt_list_all(struct gt_engine *engine, const struct gt_operation *operation, json_t *input,
                 const char *items, gt_listing_fn *fn, void *payload);

/* -- read.c: one object -- */
enum gt_found { GT_FOUND, GT_ABSENT, GT_READ_ERROR };
struct gt_reading {
    enum gt_found found;
    const json_t *live;          /* borrowed; with tags when they were asked for */
    const struct gt_diag *error; /* GT_READ_ERROR */
    bool passing;                /* the error may pass by itself */
};
typedef void gt_reading_fn(void *payload, const struct gt_reading *reading);
struct gt_object {
    const struct gt_type *type;
    const char *address;
    const json_t *identity, *properties;
    bool with_tags;
};
void gt_read_object(struct gt_engine *engine, const struct gt_object *object, gt_reading_fn *fn,
                    void *payload);

/* -- find.c: objects by natural key -- */
struct gt_candidate {
    json_t *identity, *live; /* borrowed during the call */
};
struct gt_finding {
    bool ok;
    const struct gt_diag *error;
    const struct gt_candidate *candidates;
    size_t count;
};
typedef void gt_finding_fn(void *payload, const struct gt_finding *finding);
void gt_find_objects(struct gt_engine *engine, const struct gt_object *object, gt_finding_fn *fn,
                     void *payload);

/* The object with this identity, by the listing of the look-up: no candidate or one, without live.
 */
void gt_find_by_identity(struct gt_engine *engine, const struct gt_object *object,
                         gt_finding_fn *fn, void *payload);

/* Whether look-up is possible: every property it needs is known. */
bool gt_can_find(const struct gt_type *type, const json_t *properties, const json_t *unknown);

/* -- own.c -- */
enum gt_owner {
    GT_OWNER_US,         /* our lineage, or below a parent that is ours */
    GT_OWNER_NOBODY,     /* no tags of Gantry's, and the type may adopt such */
    GT_OWNER_SAME_STACK, /* another lineage, but the same stack, environment and address */
    GT_OWNER_STRANGER
};
enum gt_owner gt_owner_of(const struct gt_item *item, const json_t *properties, const json_t *live);
/* Whether the state has this identity under another address, or as one that was replaced. */
bool gt_identity_in_state(const struct gt_item *item, const json_t *identity);

/* Whether an object that the state has, and that was tagged as ours, carries another lineage now:
 * it was taken over, or is another one of the same name. It is neither changed nor removed. */
bool gt_is_taken_over(const struct gt_item *item, const json_t *live);
void gt_report_taken_over(const struct gt_item *item, const json_t *live, struct gt_diags *diags);

/* Appends the error for an object that is there and not ours. */
void gt_report_taken(const struct gt_item *item, enum gt_owner owner, const json_t *identity,
                     const json_t *live, struct gt_diags *diags);

/* -- image.c: tags of images become digests -- */
void gt_pin_image(struct gt_item *item, void (*fn)(struct gt_item *item));

/* -- foreign.c: what others added to an object of ours -- */
void gt_list_foreign(struct gt_item *item);

/* -- planner.c -- */
void gt_read_begin(struct gt_engine *engine); /* one more thing that planning waits for */
void gt_read_end(struct gt_engine *engine);

/* -- decide.c -- */
void gt_decide(struct gt_engine *engine, struct gt_plan *plan);

/* -- events.c -- */
void gt_emit(struct gt_engine *engine, enum gt_event_kind kind, const struct gt_item *item,
             enum gt_action action, int64_t since_ms, const char *message);
int64_t gt_engine_now(const struct gt_engine *engine); /* monotonic */

struct gt_run;
struct gt_task;

/* -- run.c -- */
struct gt_node {
    struct gt_run *run;
    struct gt_item *item;
    bool removes; /* else: brings about */
    enum gt_action action;
    bool deposed; /* removes what a replacement left, not the item's own object */
    enum { GT_NODE_WAITING, GT_NODE_RUNNING, GT_NODE_DONE, GT_NODE_FAILED, GT_NODE_SKIPPED } state;
    size_t waits_for; /* nodes that are not done */
    bool wakes;       /* something that will connect to the object waits for it */
    size_t mark;      /* of a search */
    GT_VEC(struct gt_node *) next;
    struct gt_task *task;
    struct gt_node *other; /* the other half of a replacement, or NULL */
};

struct gt_run {
    struct gt_engine *engine;
    const struct gt_plan *plan;
    struct gt_node *nodes;
    size_t node_count;
    size_t left, failed;
    size_t changed; /* mutating calls that were done, or may have been */
    GT_VEC(struct gt_node *) ready;
    bool starting;
    GT_VEC(struct gt_mutation *) queued; /* calls that wait for their intents to be durable */
    struct gt_timer *deadline;
};

void gt_graph_build(struct gt_run *run);
void gt_bind_state(struct gt_engine *engine); /* the state says which cloud it belongs to */

/* A task tells how it ended. */
enum gt_end { GT_END_DONE, GT_END_FAILED, GT_END_INTERRUPTED };
void gt_node_end(struct gt_node *node, enum gt_end end);

/* -- task.c and its parts -- */
struct gt_task;
typedef void gt_task_fn(struct gt_task *task);

struct gt_task {
    struct gt_engine *engine;
    struct gt_node *node;
    struct gt_item *item;
    struct gt_arena *arena; /* of the task */
    struct gt_diags diags;  /* its own sink; copied to the run's when it fails */
    enum gt_action action;
    int64_t started_ms;
    json_t *last; /* owned */
    struct gt_changes changes;

    struct gt_mutation *mutation; /* the call in hand */
    gt_task_fn *then;             /* after the wait in hand */
    gt_task_fn *later;            /* when the timer fires */
    struct gt_timer *timer;
    int64_t wait_started_ms, error_since_ms, redrive_since_ms, also_since_ms, probe_since_ms;
    int sightings;
    const char *seen_status;
    bool was_seen; /* this task made the object or read it: when it is absent, that is doubted */
    bool mutated;  /* something was changed by this task */
    size_t step;   /* index into the type's steps */
    const struct gt_also_settled *also;
    json_t *changed, *dropped; /* pointers of what differs; kept by the task's arena */
    int repeats;               /* of a call whose answer was lost */
    json_int_t lost_intent;    /* of the call whose answer was lost; 0: none */
    int64_t look_since_ms;
    gt_task_fn *resend;     /* a removal whose answer was lost, when the object is still there */
    const json_t *identity; /* what is removed: the item's own, or one that was replaced */
    bool deposed;
    const json_t *untag_keys; /* while tags are written */
};

void gt_task_start(struct gt_node *node);
void gt_task_fail(struct gt_task *task); /* its diags say why */
void gt_task_done(struct gt_task *task);
void gt_task_interrupted(struct gt_task *task);
void gt_task_later(struct gt_task *task, int64_t delay_ms, gt_task_fn *fn);

/* mutate.c: one mutating call, with its intent before and its answer after. */
enum gt_mutation_kind { GT_MUTATION_CREATE, GT_MUTATION_CHANGE, GT_MUTATION_REMOVE };
enum gt_mutated {
    GT_MUTATED,        /* answered: done */
    GT_MUTATION_TAKEN, /* the name is taken */
    GT_MUTATION_GONE,  /* the object is not there (any more) */
    GT_MUTATION_LOST,  /* an attempt may have been done: look before sending again */
    GT_MUTATION_FAILED /* the task's diags say why */
};
/* `output` is the call's output when it was answered, else NULL. The intent is answered with the
 * item's entry as it is when fn returns (but for LOST, which leaves it open). */
typedef void gt_mutated_fn(struct gt_task *task, enum gt_mutated result, const json_t *output);
void gt_mutate(struct gt_task *task, const struct gt_operation *operation, json_t *input,
               enum gt_mutation_kind kind, gt_mutated_fn *fn);
void gt_mutations_flush(struct gt_run *run); /* at the end of each turn */
/* The call in hand, which waits to be repeated, is not repeated. What may have been done stays open
 * in the journal. */
void gt_mutation_abandon(struct gt_task *task);

/* wait.c */
void gt_wait_settled(struct gt_task *task, gt_task_fn *then);
void gt_wait_absent(struct gt_task *task, gt_task_fn *then);

/* settle.c: looking after a call whose answer was lost, or whose name is taken. */
void gt_settle_lost(
    struct gt_task *task); /* the intent of the lost call is answered by the entry */

/* create.c, update.c, remove.c, finish.c */
void gt_task_create(struct gt_task *task);
void gt_task_update(struct gt_task *task);
void gt_task_remove(struct gt_task *task);
void gt_task_finish(struct gt_task *task); /* probe, entry, event */

/* Resolves and validates what is wanted, now that all it refers to is known; false: diagnosed. */
bool gt_task_resolve(struct gt_task *task);

/* The entry of the task's item, made when it is not there yet; identity and status are set. */
struct gt_entry *gt_item_enter(struct gt_item *item, const char *status);

/* What was applied by now: the properties that `operation` has a member for, and with them those
 * that were applied before. NULL: all. */
void gt_entry_applied(struct gt_task *task, const struct gt_operation *operation);
/* The addresses that the item depends on, as removal needs them. */
void gt_entry_depends(struct gt_item *item);
/* The entry's object gets a successor: it is removed after its users moved. Only of types that are
 * made before the old one goes. */
void gt_entry_depose(struct gt_item *item);
void gt_entry_complete(
    struct gt_item *item); /* identity, applied, outputs, ARN, graph: status ready */

/* The first merging step of the type once more, or the type's own redrive call; false: it has
 * neither. */
bool gt_drive_again(struct gt_task *task, gt_mutated_fn *fn);

/* The wanted properties as an update sends them: ignored paths keep what is live. */
const json_t *gt_task_properties(struct gt_task *task);

/* Drives an object again that stands in a failed status, then waits; `then` follows when it
 * settled. */
void gt_drive_failed(struct gt_task *task, gt_task_fn *then);

/* Writes and removes tags (`set` a map, `removed` a list of keys; either may be empty). When an
 * answer is lost the object is compared anew. */
void gt_run_tags(struct gt_task *task, const json_t *set, const json_t *removed, gt_task_fn *then);

void gt_run_interrupt(struct gt_run *run);

/* Why no new call is made: "interrupted", the deadline, a journal that cannot be written. */
const char *gt_stop_reason(const struct gt_engine *engine);

#endif

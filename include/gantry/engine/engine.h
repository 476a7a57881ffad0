/*
 * The engine: reads what is live, makes the plan, carries it out, settles what a killed run left.
 * One loop, a state machine per resource that is written once; types are known only through their
 * tables. It reports through its event sink and never prints.
 */
#ifndef GANTRY_ENGINE_ENGINE_H
#define GANTRY_ENGINE_ENGINE_H

#include <gantry/aws/aws.h>
#include <gantry/plan/plan.h>
#include <gantry/stack/stack.h>
#include <gantry/state/state.h>

enum gt_event_kind {
    GT_EVENT_PLANNED,   /* detail: counts */
    GT_EVENT_RECOVERED, /* an open intent was settled; message says how */
    GT_EVENT_STARTED,   /* an action on a resource begins */
    GT_EVENT_WAITING,   /* the status changed while it settles; message: the status */
    GT_EVENT_RETRYING,  /* a passing failure; message: why */
    GT_EVENT_DONE,      /* the action is done */
    GT_EVENT_FAILED,    /* message: why; diag has the details */
    GT_EVENT_SKIPPED,   /* not tried, since what it depends on failed, or on interruption */
    GT_EVENT_SAVED,     /* the state was saved */
    GT_EVENT_FINISHED
};

struct gt_event {
    enum gt_event_kind kind;
    int64_t time_ms, elapsed_ms; /* elapsed of the resource, or of the run */
    const char *address, *type;
    enum gt_action action;
    const char *message;  /* or NULL */
    const json_t *detail; /* or NULL; no secrets */
};

/* Events are valid during the call. */
typedef void gt_event_fn(void *payload, const struct gt_event *event);

struct gt_engine_options {
    struct gt_loop *loop;
    struct gt_aws *aws;
    const struct gt_stack *stack; /* NULL for a destroy by state alone */
    struct gt_session *session;
    const char *version;   /* Gantry's own */
    struct gt_cloud cloud; /* what the credentials and endpoints turned out to be */
    gt_event_fn *event;
    void *event_payload;
    int64_t deadline_ms; /* of the whole run; 0: none */
    const char *const *targets, *const *excludes,
                                    *const *replaces; /* addresses; end with NULL; may be NULL */
    const char *const *allow_replace;                 /* addresses, "*" for all */
    bool deny_replace, deny_delete;
    long max_delete; /* -1: no limit */
    bool destroy;
    int64_t poll_min_ms, poll_max_ms; /* 0: 250 and 10,000 */
};

struct gt_engine;
struct gt_engine *gt_engine_new(struct gt_arena *arena, const struct gt_engine_options *options);
void gt_engine_free(struct gt_engine *engine);

/* Settles the intents that a killed run left open. Writes through the session. */
bool gt_engine_recover(struct gt_engine *engine, struct gt_diags *diags);

/* Reads what is live and plans. Sends no mutating call, writes nothing. */
bool gt_engine_plan(struct gt_engine *engine, struct gt_plan **plan, struct gt_diags *diags);

/* Whether the options let the plan be carried out: consent to what breaks callers, --deny,
 * --max-delete. For asking before a person is asked; gt_engine_apply asks again. */
bool gt_engine_guards(struct gt_engine *engine, const struct gt_plan *plan, struct gt_diags *diags);

enum gt_apply_result {
    GT_APPLY_DONE,
    GT_APPLY_FAILED /* nothing was changed */,
    GT_APPLY_PARTLY,
    GT_APPLY_INTERRUPTED
};

/* Carries the plan out. Guards (consent, deny, max-delete) are checked before the first call. */
enum gt_apply_result gt_engine_apply(struct gt_engine *engine, const struct gt_plan *plan,
                                     struct gt_diags *diags);

/* Takes an existing object (id, ARN or name) into the state under an address of the manifest that
 * the state does not have yet. The object itself is not changed: the next apply tags it. Saves the
 * state. */
bool gt_engine_import(struct gt_engine *engine, const char *address, const char *id,
                      struct gt_diags *diags);

/* No new calls; running ones finish. Safe to call from a signal-driven callback on the loop. */
void gt_engine_interrupt(struct gt_engine *engine);

/* The live documents of the last plan: address -> live object without secrets; borrowed. */
const json_t *gt_engine_live(const struct gt_engine *engine);

/* Resolves a document (outputs) with the state's outputs; references that are not known yet stay.
 * Kept by the arena. */
bool gt_engine_resolve(struct gt_engine *engine, const json_t *value, json_t **out,
                       struct gt_diags *diags);

#endif

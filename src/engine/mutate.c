/*
 * One mutating call: its intent is durable before it is sent, its answer is recorded after.
 * Failures that pass by themselves are waited out here; what was sent and not answered is given
 * back, since only its caller knows how to look.
 */
#include "internal.h"

#include <gantry/base/hash.h>
#include <string.h>

enum { RETRY_MIN_MS = 500, RETRY_MAX_MS = 10000, STORM_LIMIT_MS = 120000, LOST_LIMIT_MS = 60000 };

struct gt_mutation {
    struct gt_task *task;
    const struct gt_operation *operation;
    const struct gt_member *token;
    json_t *input; /* kept by the task's arena */
    enum gt_mutation_kind kind;
    gt_mutated_fn *fn;
    json_int_t intent;
    int attempts;
    int64_t passing_since_ms; /* the first sighting of the error that passes */
    const struct gt_transient *passing;
    int64_t storm_since_ms; /* no real answer came since: throttled, unreachable, lost */
    bool lost_once;         /* an attempt may have been done */
};

static void finish(struct gt_mutation *mutation, enum gt_mutated result, const json_t *output)
{
    struct gt_task *task = mutation->task;
    struct gt_session *session = task->engine->o.session;
    const char *address = task->item->address;
    json_int_t intent = mutation->intent;
    task->mutation = NULL;
    task->node->run->changed += result == GT_MUTATED || result == GT_MUTATION_LOST;
    if (result == GT_MUTATION_LOST)
        task->lost_intent = intent;
    mutation->fn(task, result, output);
    /* A lost call stays open in the journal until the look that follows, or the next run, settles
     * it. */
    if (result != GT_MUTATION_LOST)
        gt_session_answer(session, intent, address, gt_state_find(session->state, address));
}

/* Whatever the last attempt was told: one before it may have been done, and only a look can say. */
static void fail_with(struct gt_mutation *mutation, const struct gt_aws_answer *answer)
{
    struct gt_task *task = mutation->task;
    struct gt_diag *diag = gt_aws_error(&task->diags, mutation->operation, answer);
    diag->subject = task->item->address;
    if (task->item->resource != NULL)
        diag->pos = task->item->resource->pos;
    finish(mutation, mutation->lost_once ? GT_MUTATION_LOST : GT_MUTATION_FAILED, NULL);
}

void gt_mutation_abandon(struct gt_task *task)
{
    const struct gt_mutation *mutation = task->mutation;
    struct gt_session *session = task->engine->o.session;
    const char *address = task->item->address;
    task->mutation = NULL;
    if (mutation != NULL && !mutation->lost_once)
        gt_session_answer(session, mutation->intent, address,
                          gt_state_find(session->state, address));
}

static void queue(struct gt_mutation *mutation)
{
    struct gt_run *run = mutation->task->node->run;
    *GT_PUSH(run->engine->arena, &run->queued) = mutation;
}

static void send_again(struct gt_task *task)
{
    if (task->engine->interrupted && !task->mutation->lost_once) {
        struct gt_mutation *mutation = task->mutation;
        gt_error(&task->diags, "interrupted", "interrupted before %s was repeated",
                 mutation->operation->name)
            ->subject = task->item->address;
        finish(mutation, GT_MUTATION_FAILED, NULL);
        return;
    }
    queue(task->mutation);
}

static int64_t pause_ms(const struct gt_mutation *mutation)
{
    int64_t ms = RETRY_MIN_MS;
    for (int i = 1; i < mutation->attempts && ms < RETRY_MAX_MS; i++)
        ms = ms * 3 / 2;
    return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

/* Waits a failure out that passes by itself; false when its time is over. A storm (no row) has its
 * own time: it neither uses up nor lengthens that of an error. */
static bool wait_out(struct gt_mutation *mutation, const struct gt_transient *row, int64_t limit_ms,
                     const char *why)
{
    struct gt_task *task = mutation->task;
    int64_t now = gt_engine_now(task->engine);
    int64_t *since = row == NULL ? &mutation->storm_since_ms : &mutation->passing_since_ms;
    if (*since == 0 || (row != NULL && mutation->passing != row))
        *since = now;
    if (row != NULL) {
        mutation->passing = row;
        mutation->storm_since_ms = 0;
    }
    if (now - *since >= limit_ms || task->engine->interrupted)
        return false;
    gt_emit(task->engine, GT_EVENT_RETRYING, task->item, task->action, task->started_ms, why);
    gt_task_later(task, pause_ms(mutation), send_again);
    return true;
}

static void on_refused(struct gt_mutation *mutation, const struct gt_aws_answer *answer)
{
    struct gt_task *task = mutation->task;
    const struct gt_type *type = task->item->type;
    const struct gt_transient *row =
        gt_type_transient(type, mutation->operation, answer->code, answer->message);
    if (mutation->kind == GT_MUTATION_CREATE &&
        gt_type_says_exists(type, answer->code, answer->message)) {
        gt_diags_rewind(&task->diags, 0);
        gt_aws_error(&task->diags, mutation->operation, answer)->subject = task->item->address;
        finish(mutation, mutation->lost_once ? GT_MUTATION_LOST : GT_MUTATION_TAKEN, NULL);
    } else if (row != NULL && wait_out(mutation, row, row->limit_ms, answer->message)) {
        return;
    } else if (mutation->kind != GT_MUTATION_CREATE &&
               gt_absence_find(type->absent, answer->code, answer->message) != NULL) {
        gt_aws_error(&task->diags, mutation->operation, answer)->subject = task->item->address;
        finish(mutation, GT_MUTATION_GONE, NULL);
    } else {
        fail_with(mutation, answer);
    }
}

static void on_answer(void *payload, const struct gt_aws_answer *answer)
{
    struct gt_mutation *mutation = payload;
    /* A token makes the same call once more harmless. */
    bool harmless = answer->throttled || answer->failure == GT_AWS_UNREACHABLE ||
                    (answer->maybe_done && mutation->token != NULL);
    mutation->attempts++;
    mutation->lost_once |= answer->maybe_done;
    if (answer->failure == GT_AWS_OK) {
        finish(mutation, GT_MUTATED, answer->output);
    } else if (harmless) {
        if (!wait_out(mutation, NULL, answer->throttled ? STORM_LIMIT_MS : LOST_LIMIT_MS,
                      answer->message))
            fail_with(mutation, answer);
    } else if (answer->failure == GT_AWS_REFUSED && !answer->maybe_done) {
        on_refused(mutation, answer);
    } else {
        fail_with(mutation, answer);
    }
}

static void submit(struct gt_mutation *mutation)
{
    struct gt_call call = {.operation = mutation->operation,
                           .input = mutation->input,
                           .repeatable = mutation->token != NULL};
    gt_aws_submit(mutation->task->engine->o.aws, &call, on_answer, mutation);
}

/* All intents of the turn become durable together, then their calls go out. */
void gt_mutations_flush(struct gt_run *run)
{
    struct gt_engine *engine = run->engine;
    bool durable = !engine->broken && gt_session_commit(engine->o.session, engine->diags);
    if (!durable && !engine->broken) {
        engine->broken = engine->interrupted = true;
        gt_run_interrupt(run);
    }
    for (size_t i = 0; i < run->queued.len; i++) {
        struct gt_mutation *mutation = run->queued.at[i];
        if (durable) {
            submit(mutation);
        } else {
            gt_error(&mutation->task->diags, "journal",
                     "%s was not sent, since its intent could "
                     "not be written down",
                     mutation->operation->name)
                ->subject = mutation->task->item->address;
            finish(mutation, GT_MUTATION_FAILED, NULL);
        }
    }
    run->queued.len = 0;
}

/* What finds the object again: its identity, and the properties that look-up and identity need; and
 * what it depends on, should the manifest not have it any more when it is found. Nothing of it may
 * be secret. */
static json_t *natural_key(const struct gt_task *task)
{
    const struct gt_item *item = task->item;
    json_t *key = json_object();
    if (item->identity != NULL)
        json_object_set(key, "identity", item->identity);
    if (item->wanted != NULL)
        json_object_set_new(key, "properties", gt_without_secrets(item->type, item->wanted, NULL));
    json_t *depends = json_array();
    for (size_t i = 0; item->resource != NULL && i < item->resource->depends.len; i++)
        json_array_append_new(depends, json_string(gt_item_needs(item, i)));
    json_object_set_new(key, "depends", depends);
    return key;
}

/* The token made the object that recovery found: the service would not make another by it. */
static bool is_spent(const struct gt_engine *engine, json_int_t intent)
{
    for (size_t i = 0; i < engine->spent.len; i++) {
        if (engine->spent.at[i] == intent)
            return true;
    }
    return false;
}

/* The token of the same call that a killed run left open, else a new one. Where the body holds
 * secrets the digest, which leaves them out, cannot say that it is the same: then the look for the
 * object, which recovery made, has to do. */
static const char *token_for(struct gt_task *task, const struct gt_record *intent,
                             const json_t *input)
{
    const struct gt_session *session = task->engine->o.session;
    json_auto_t *secrets = gt_type_secrets(task->item->type, input);
    bool comparable = json_object_size(secrets) == 0;
    for (size_t i = 0; comparable && i < session->open.len; i++) {
        const struct gt_record *record = &session->open.at[i];
        if (record->token != NULL && !is_spent(task->engine, record->id) &&
            gt_streq(record->address, intent->address) &&
            gt_streq(record->operation, intent->operation) &&
            gt_streq(record->digest, intent->digest))
            return record->token;
    }
    return gt_uuid(gt_loop_sys(task->engine->o.loop), task->arena);
}

/* A digest of the body with nothing secret in it: the secrets' values do not go in. */
static const char *body_digest(const struct gt_task *task, const json_t *input)
{
    json_auto_t *plain = gt_without_secrets(task->item->type, input, NULL);
    const char *text = gt_json_canonical(task->arena, plain);
    return gt_sha256_hex(task->arena, text, strlen(text));
}

void gt_mutate(struct gt_task *task, const struct gt_operation *operation, json_t *input,
               enum gt_mutation_kind kind, gt_mutated_fn *fn)
{
    if (task->engine->interrupted) {
        json_decref(input);
        gt_task_interrupted(task);
        return;
    }
    struct gt_mutation *mutation = GT_NEW(task->arena, struct gt_mutation);
    *mutation = (struct gt_mutation){.task = task,
                                     .operation = operation,
                                     .token = gt_operation_token(operation),
                                     .input = gt_keep(task->arena, input),
                                     .kind = kind,
                                     .fn = fn};
    struct gt_record intent = {.kind = GT_RECORD_INTENT,
                               .address = task->item->address,
                               .type = task->item->type->name,
                               .operation = operation->name,
                               .digest = body_digest(task, input),
                               .key = gt_keep(task->arena, natural_key(task)),
                               .creates = kind == GT_MUTATION_CREATE,
                               .removes = kind == GT_MUTATION_REMOVE};
    if (mutation->token != NULL) {
        intent.token = token_for(task, &intent, input);
        json_object_set_new(input, mutation->token->name, json_string(intent.token));
    }
    mutation->intent = gt_session_intent(task->engine->o.session, &intent);
    task->mutation = mutation;
    queue(mutation);
}

/*
 * Waiting by doing: reads at growing intervals until the object has settled, or is gone. The
 * interval is a share of the time waited so far, so that the overshoot stays small beside the wait
 * itself.
 */
#include "internal.h"

enum {
    WAIT_SHARE = 40,        /* the interval is 1/40 of the time waited */
    ERROR_LIMIT_MS = 60000, /* reads may fail in a row for so long */
    APPEAR_MS = 60000,      /* a new object may be invisible for so long, unless its type says */
    WAIT_LIMIT_MS = 30 * 60000,
    REDRIVE_PAUSE_MS = 2000
};

static void poll(struct gt_task *task);
static void also_settled(struct gt_task *task);

static int64_t waited(const struct gt_task *task)
{
    return gt_engine_now(task->engine) - task->wait_started_ms;
}

static void poll_later(struct gt_task *task, gt_task_fn *fn)
{
    /* A settled value that must be seen again is looked for soon. */
    int64_t interval = task->sightings > 0 ? 0 : waited(task) / WAIT_SHARE;
    if (interval < task->engine->o.poll_min_ms)
        interval = task->engine->o.poll_min_ms;
    if (interval > task->engine->o.poll_max_ms)
        interval = task->engine->o.poll_max_ms;
    if (task->engine->interrupted)
        gt_task_interrupted(task);
    else
        gt_task_later(task, interval, fn);
}

static bool too_long(struct gt_task *task, const char *what)
{
    int64_t limit = task->item->type->status.limit_ms;
    if (waited(task) < (limit == 0 ? WAIT_LIMIT_MS : limit))
        return false;
    struct gt_diag *diag = gt_error(&task->diags, "wait-timeout", "%s within %lld s", what,
                                    (long long)(waited(task) / 1000));
    diag->subject = task->item->address;
    diag->hint = "look at it with gantry status, then run gantry apply again: it goes on from here";
    return true;
}

/* A read that gives no tags must not make those forget that an earlier one gave. */
static void set_live(struct gt_item *item, const json_t *live)
{
    const char *tags = item->type->tags.property;
    json_t *copy = json_deep_copy(live);
    json_t *known = tags == NULL || item->live == NULL ? NULL : json_object_get(item->live, tags);
    if (known != NULL && !item->type->tags.in_read)
        json_object_set(copy, tags, known);
    gt_set_json(&item->live, copy);
}

static void show_status(struct gt_task *task)
{
    const struct gt_status *status = &task->item->type->status;
    const char *text = status->path == NULL ? NULL : gt_text_at(task->item->live, status->path);
    if (text == NULL || gt_streq(text, task->seen_status))
        return;
    task->seen_status = gt_strdup(task->arena, text);
    gt_emit(task->engine, GT_EVENT_WAITING, task->item, task->action, task->started_ms, text);
}

/* Whether a failing read is waited out; when not, the task has failed. */
static bool tolerate(struct gt_task *task, const struct gt_reading *reading)
{
    int64_t now = gt_engine_now(task->engine);
    if (task->error_since_ms == 0)
        task->error_since_ms = now;
    if (reading->passing && now - task->error_since_ms < ERROR_LIMIT_MS)
        return true;
    gt_diags_copy(&task->diags, reading->error);
    gt_task_fail(task);
    return false;
}

/* -- failed statuses -- */

static void fail_by_status(struct gt_task *task)
{
    struct gt_item *item = task->item;
    const char *reason = gt_status_reason(task->arena, &item->type->status, item->live);
    struct gt_diag *diag = gt_error(&task->diags, "resource-failed", "its status is %s%s%s",
                                    task->seen_status == NULL ? "failed" : task->seen_status,
                                    reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
    diag->subject = item->address;
    diag->hint = "mend the cause, then run gantry apply again";
    if (item->entry != NULL)
        item->entry->status = "failed";
    gt_task_fail(task);
}

static void on_driven(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    (void)output;
    if (result == GT_MUTATION_FAILED || result == GT_MUTATION_GONE) {
        gt_task_fail(task);
        return;
    }
    gt_settle_lost(task);
    poll_later(task, poll);
}

static void drive(struct gt_task *task)
{
    if (!gt_drive_again(task, on_driven))
        fail_by_status(task);
}

static void on_failed(struct gt_task *task)
{
    struct gt_item *item = task->item;
    const char *reason = gt_status_reason(task->arena, &item->type->status, item->live);
    const struct gt_redrive *row = gt_type_redrive(item->type, reason);
    int64_t now = gt_engine_now(task->engine);
    if (task->redrive_since_ms == 0)
        task->redrive_since_ms = now;
    if (row == NULL || now - task->redrive_since_ms >= row->limit_ms || task->engine->interrupted) {
        fail_by_status(task);
        return;
    }
    gt_emit(task->engine, GT_EVENT_RETRYING, item, task->action, task->started_ms, reason);
    gt_task_later(task, REDRIVE_PAUSE_MS, drive);
}

/* -- settling -- */

static void settled(struct gt_task *task)
{
    if (++task->sightings < task->item->type->status.sightings) {
        poll_later(task, poll);
        return;
    }
    task->also = task->item->type->also_settled;
    task->also_since_ms = gt_engine_now(task->engine);
    also_settled(task);
}

static void waits_for_person(struct gt_task *task)
{
    const struct gt_status *status = &task->item->type->status;
    const char *url =
        status->person_url == NULL ? NULL : gt_text_at(task->item->live, status->person_url);
    struct gt_diag *diag =
        gt_warning(&task->diags, "needs-consent", "it waits for a person's consent%s%s",
                   url == NULL ? "" : ": ", url == NULL ? "" : url);
    diag->subject = task->item->address;
    task->then(task);
}

static void on_found(struct gt_task *task)
{
    enum gt_standing standing = gt_status_standing(&task->item->type->status, task->item->live);
    show_status(task);
    if (standing != GT_STANDING_SETTLED)
        task->sightings = 0;
    switch (standing) {
    case GT_STANDING_SETTLED:
        settled(task);
        break;
    case GT_STANDING_FAILED:
        on_failed(task);
        break;
    case GT_STANDING_UNDELETABLE:
        fail_by_status(task);
        break;
    case GT_STANDING_PERSON:
        waits_for_person(task);
        break;
    case GT_STANDING_PENDING:
    case GT_STANDING_DELETING:
        if (too_long(task, "it did not settle"))
            gt_task_fail(task);
        else
            poll_later(task, poll);
        break;
    }
}

/* A new object may be invisible at first; one that was seen and is not any more has vanished. */
static void on_absent(struct gt_task *task)
{
    int64_t appear = task->item->type->appear_ms;
    if (waited(task) < (appear == 0 ? APPEAR_MS : appear)) {
        poll_later(task, poll);
        return;
    }
    struct gt_diag *diag =
        gt_error(&task->diags, "vanished", "it was %s, and the service does not show it",
                 task->mutated ? "made" : "there");
    diag->subject = task->item->address;
    gt_task_fail(task);
}

static void on_poll(void *payload, const struct gt_reading *reading)
{
    struct gt_task *task = payload;
    if (reading->found == GT_READ_ERROR) {
        if (tolerate(task, reading))
            poll_later(task, poll);
        return;
    }
    task->error_since_ms = 0;
    if (reading->found == GT_ABSENT) {
        on_absent(task);
        return;
    }
    set_live(task->item, reading->live);
    on_found(task);
}

static void poll(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = item->identity,
                               .properties = item->wanted};
    gt_read_object(task->engine, &object, on_poll, task);
}

void gt_wait_settled(struct gt_task *task, gt_task_fn *then)
{
    task->then = then;
    task->wait_started_ms = gt_engine_now(task->engine);
    task->sightings = 0;
    task->error_since_ms = task->redrive_since_ms = 0;
    poll(task);
}

/* -- what else must hold -- */

static bool also_holds(const struct gt_task *task, const json_t *object)
{
    const struct gt_also_settled *also = task->also;
    const char *const *pair = also->live_equal;
    return gt_status_standing(&also->status, object) == GT_STANDING_SETTLED &&
           (pair[0] == NULL ||
            json_equal(gt_at(object, pair[0]), gt_at(task->item->live, pair[1])));
}

static void next_also(struct gt_task *task)
{
    task->also++;
    task->also_since_ms = gt_engine_now(task->engine);
    also_settled(task);
}

static void on_also_absent(struct gt_task *task)
{
    const struct gt_also_settled *also = task->also;
    int64_t since = gt_engine_now(task->engine) - task->also_since_ms;
    if (also->absent_limit_ms == 0 || since < also->absent_limit_ms) {
        poll_later(task, also_settled);
        return;
    }
    struct gt_diag *diag =
        gt_warning(&task->diags, "not-seen", "%s did not show what belongs to it within %lld s",
                   also->read.operation->name, (long long)(since / 1000));
    diag->subject = task->item->address;
    next_also(task);
}

static void on_also(void *payload, const struct gt_aws_answer *answer)
{
    struct gt_task *task = payload;
    const struct gt_also_settled *also = task->also;
    if (answer->failure == GT_AWS_OK) {
        const json_t *object = gt_at(answer->output, also->read.out == NULL ? "" : also->read.out);
        if (also_holds(task, object)) {
            next_also(task);
        } else if (gt_status_standing(&also->status, object) == GT_STANDING_FAILED ||
                   too_long(task, "what belongs to it did not settle")) {
            const char *status =
                also->status.path == NULL ? NULL : gt_text_at(object, also->status.path);
            gt_error(&task->diags, "resource-failed", "%s shows status %s",
                     also->read.operation->name, status == NULL ? "(none)" : status)
                ->subject = task->item->address;
            gt_task_fail(task);
        } else {
            poll_later(task, also_settled);
        }
    } else if (answer->failure == GT_AWS_REFUSED &&
               gt_absence_find(also->absent, answer->code, answer->message) != NULL) {
        on_also_absent(task);
    } else if ((answer->throttled || answer->maybe_done) && !too_long(task, "it did not settle")) {
        poll_later(task, also_settled);
    } else {
        gt_aws_error(&task->diags, also->read.operation, answer)->subject = task->item->address;
        gt_task_fail(task);
    }
}

static void also_settled(struct gt_task *task)
{
    if (task->also == NULL || task->also->read.operation == NULL) {
        task->then(task);
        return;
    }
    struct gt_item *item = task->item;
    struct gt_input_sources from = {item->identity, item->wanted, item->live};
    json_auto_t *input = gt_type_input(item->type, &task->also->read, &from, false);
    gt_read_call(task->engine, task->also->read.operation, input, on_also, task);
}

/* -- absence -- */

static void poll_absent(struct gt_task *task);

static void on_absence_poll(void *payload, const struct gt_reading *reading)
{
    struct gt_task *task = payload;
    struct gt_item *item = task->item;
    if (reading->found == GT_READ_ERROR) {
        if (tolerate(task, reading))
            poll_later(task, poll_absent);
        return;
    }
    task->error_since_ms = 0;
    if (reading->found == GT_ABSENT) {
        task->then(task);
        return;
    }
    if (!task->deposed) {
        set_live(item, reading->live);
        show_status(task);
    }
    enum gt_standing standing = gt_status_standing(&item->type->status, reading->live);
    if (standing == GT_STANDING_UNDELETABLE)
        fail_by_status(task);
    else if (task->lost_intent != 0 && standing != GT_STANDING_DELETING)
        task->resend(task);
    else if (too_long(task, "it was not gone"))
        gt_task_fail(task);
    else
        poll_later(task, poll_absent);
}

static void poll_absent(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = task->identity,
                               .properties = item->wanted != NULL  ? item->wanted
                                             : item->entry != NULL ? item->entry->applied
                                                                   : NULL};
    gt_read_object(task->engine, &object, on_absence_poll, task);
}

void gt_wait_absent(struct gt_task *task, gt_task_fn *then)
{
    task->then = then;
    task->wait_started_ms = gt_engine_now(task->engine);
    task->error_since_ms = 0;
    poll_absent(task);
}

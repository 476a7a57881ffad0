/* Reading one object: the read call, the doubt about an absence, the tags. */
#include "internal.h"

#include <string.h>

struct reading {
    struct gt_engine *engine;
    struct gt_arena *arena;
    struct gt_object object;
    json_t *live;
    gt_reading_fn *fn;
    void *payload;
    struct gt_diags diags;
};

static void finish(struct reading *reading, enum gt_found found, const struct gt_diag *error,
                   bool passing)
{
    struct gt_reading result = {
        .found = found, .live = reading->live, .error = error, .passing = passing};
    reading->fn(reading->payload, &result);
    gt_set_json(&reading->live, NULL);
    gt_arena_free(reading->arena);
}

static bool may_pass(const struct gt_aws_answer *answer)
{
    return answer->throttled || answer->maybe_done || answer->failure == GT_AWS_UNREACHABLE;
}

static void fail(struct reading *reading, const struct gt_operation *operation,
                 const struct gt_aws_answer *answer)
{
    struct gt_diag *diag = gt_aws_error(&reading->diags, operation, answer);
    diag->subject = reading->object.address;
    finish(reading, GT_READ_ERROR, diag, may_pass(answer));
}

static void on_tags(void *payload, const struct gt_aws_answer *answer)
{
    struct reading *reading = payload;
    const struct gt_tagging *tags = &reading->object.type->tags;
    if (answer->failure == GT_AWS_OK) {
        json_t *found = gt_at(answer->output, tags->list.out == NULL ? "" : tags->list.out);
        if (found != NULL)
            json_object_set(reading->live, tags->property, found);
    } else if (!(answer->failure == GT_AWS_REFUSED && answer->http_status == 404)) {
        fail(reading, tags->list.operation, answer);
        return;
    }
    finish(reading, GT_FOUND, NULL, false);
}

static void read_tags(struct reading *reading)
{
    const struct gt_tagging *tags = &reading->object.type->tags;
    if (!reading->object.with_tags || tags->property == NULL || tags->in_read ||
        tags->list.operation == NULL) {
        finish(reading, GT_FOUND, NULL, false);
        return;
    }
    struct gt_input_sources from = {reading->object.identity, reading->object.properties,
                                    reading->live};
    json_auto_t *input = gt_type_input(reading->object.type, &tags->list, &from, false);
    gt_read_call(reading->engine, tags->list.operation, input, on_tags, reading);
}

/* An error that only looks like an absence: the list decides. */
static void on_confirmed(void *payload, const struct gt_finding *finding)
{
    struct reading *reading = payload;
    if (!finding->ok) {
        gt_diags_copy(&reading->diags, finding->error);
        finish(reading, GT_READ_ERROR, finding->error, false);
        return;
    }
    if (finding->count > 0)
        finish(reading, GT_READ_ERROR, reading->diags.list.at[0], false);
    else
        finish(reading, GT_ABSENT, NULL, false);
}

static void on_object(struct reading *reading, const json_t *output)
{
    reading->live = gt_type_live(reading->object.type, reading->object.identity, output);
    if (reading->live == NULL)
        finish(reading, GT_ABSENT, NULL, false);
    else
        read_tags(reading);
}

static void on_read(void *payload, const struct gt_aws_answer *answer)
{
    struct reading *reading = payload;
    const struct gt_type *type = reading->object.type;
    if (answer->failure == GT_AWS_OK) {
        on_object(reading, answer->output);
        return;
    }
    const struct gt_absence *row =
        answer->failure != GT_AWS_REFUSED
            ? NULL
            : gt_absence_find(type->absent, answer->code, answer->message);
    if (row == NULL) {
        fail(reading, type->read.operation, answer);
    } else if (row->confirm && type->lookup.list.operation != NULL) {
        gt_aws_error(&reading->diags, type->read.operation, answer)->subject =
            reading->object.address;
        struct gt_object object = reading->object;
        gt_find_by_identity(reading->engine, &object, on_confirmed, reading);
    } else {
        finish(reading, GT_ABSENT, NULL, false);
    }
}

/* Types without a call for one object are read from a list. */
static void on_listed(void *payload, const struct gt_listing *listing)
{
    struct reading *reading = payload;
    const struct gt_type *type = reading->object.type;
    if (!listing->ok) {
        on_read(reading, listing->answer);
        return;
    }
    json_auto_t *page = json_object();
    gt_put_at(page, type->read_items, json_incref(gt_iterable(listing->items)));
    const json_t *item = gt_type_read_item(type, reading->object.identity, page);
    if (item == NULL)
        finish(reading, GT_ABSENT, NULL, false);
    else
        on_object(reading, item);
}

void gt_read_object(struct gt_engine *engine, const struct gt_object *object, gt_reading_fn *fn,
                    void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct reading *reading = GT_NEW(arena, struct reading);
    *reading = (struct reading){
        .engine = engine, .arena = arena, .object = *object, .fn = fn, .payload = payload};
    reading->diags = gt_diags_init(arena);
    reading->object.identity = gt_keep(arena, json_deep_copy(object->identity));
    reading->object.properties = gt_keep(arena, json_deep_copy(object->properties));
    struct gt_input_sources from = {reading->object.identity, reading->object.properties, NULL};
    json_t *input = gt_keep(arena, gt_type_input(object->type, &object->type->read, &from, false));
    if (object->type->read_items != NULL) {
        gt_list_all(engine, object->type->read.operation, json_incref(input),
                    object->type->read_items, on_listed, reading);
        return;
    }
    gt_read_call(engine, object->type->read.operation, input, on_read, reading);
}

#include "leftover.h"

#include <gantry/base/json.h>

enum { ROUNDS = 6, FIRST_DELAY_MS = 500 };

struct check {
    struct proof *proof;
    const struct gt_removed *removed;
    enum { UNKNOWN, GONE, THERE } found;
    struct gt_diags diags; /* of the last answer */
};

struct proof {
    struct gt_context *context;
    struct check *checks;
    size_t count, open;
};

struct gt_removals gt_removals_of(struct gt_arena *arena, const struct gt_plan *plan)
{
    struct gt_removals removals = {0};
    for (size_t i = 0; i < plan->steps.len; i++) {
        const struct gt_plan_step *step = &plan->steps.at[i];
        if (step->action == GT_ACTION_DELETE && step->identity != NULL)
            *GT_PUSH(arena, &removals.list) = (struct gt_removed){
                step->address, step->type, gt_keep(arena, json_deep_copy(step->identity))};
    }
    return removals;
}

static void ask(struct check *check, const char *token);

/* The token of the next page, or NULL. */
static const char *next_page(const struct gt_operation *operation, const json_t *output)
{
    const struct gt_paginator *pages = operation->paginator;
    if (pages == NULL || pages->output_token == NULL)
        return NULL;
    if (pages->more != NULL && !json_is_true(json_object_get(output, pages->more)))
        return NULL;
    return json_string_value(json_object_get(output, pages->output_token));
}

static bool is_there(const struct gt_removed *removed, const json_t *output)
{
    if (removed->type->read_items != NULL)
        return gt_type_read_item(removed->type, removed->identity, output) != NULL;
    json_auto_t *live = gt_type_live(removed->type, removed->identity, output);
    return live != NULL;
}

static void on_answer(void *payload, const struct gt_aws_answer *answer)
{
    struct check *check = payload;
    const struct gt_type *type = check->removed->type;
    if (answer->failure == GT_AWS_OK && is_there(check->removed, answer->output)) {
        check->found = THERE;
    } else if (answer->failure == GT_AWS_OK) {
        const char *token =
            type->read_items == NULL ? NULL : next_page(type->read.operation, answer->output);
        if (token != NULL) {
            ask(check, token);
            return;
        }
        check->found = GONE;
    } else if (gt_absence_find(type->absent, answer->code, answer->message) != NULL) {
        check->found = GONE;
    } else {
        gt_aws_error(&check->diags, type->read.operation, answer);
    }
    if (--check->proof->open == 0)
        gt_loop_stop(check->proof->context->loop);
}

static void ask(struct check *check, const char *token)
{
    const struct gt_type *type = check->removed->type;
    struct gt_input_sources from = {.identity = check->removed->identity};
    json_auto_t *input = gt_type_input(type, &type->read, &from, false);
    if (token != NULL)
        json_object_set_new(input, type->read.operation->paginator->input_token,
                            json_string(token));
    struct gt_call call = {.operation = type->read.operation, .input = input, .repeatable = true};
    gt_aws_submit(check->proof->context->aws, &call, on_answer, check);
}

/* One round over what is not known to be gone; how many that leaves. */
static size_t ask_all(struct proof *proof)
{
    for (size_t i = 0; i < proof->count; i++)
        proof->open += proof->checks[i].found != GONE;
    if (proof->open == 0)
        return 0;
    for (size_t i = 0; i < proof->count; i++) {
        struct check *check = &proof->checks[i];
        if (check->found == GONE)
            continue;
        check->found = UNKNOWN;
        check->diags = gt_diags_init(proof->context->arena);
        ask(check, NULL);
    }
    gt_loop_run(proof->context->loop);
    size_t left = 0;
    for (size_t i = 0; i < proof->count; i++)
        left += proof->checks[i].found != GONE;
    return left;
}

static void stop(void *loop)
{
    gt_loop_stop(loop);
}

static void wait_ms(struct gt_loop *loop, int64_t ms)
{
    gt_timer_start(loop, ms, stop, loop);
    gt_loop_run(loop);
}

static void report(struct gt_context *context, const struct check *check)
{
    struct gt_diag *diag;
    if (check->found == THERE) {
        diag = gt_error(context->diags, "left-over", "it was deleted, but it is still there");
        diag->hint = "run `gantry status`, and destroy again";
    } else {
        diag = gt_error(context->diags, "left-over", "whether it is gone could not be read");
        diag->cause = check->diags.list.len > 0 ? check->diags.list.at[0] : NULL;
    }
    diag->subject = check->removed->address;
}

bool gt_removals_prove(struct gt_context *context, const struct gt_removals *removals)
{
    struct proof proof = {.context = context, .count = removals->list.len};
    proof.checks = gt_calloc(context->arena, proof.count + 1, sizeof(struct check));
    for (size_t i = 0; i < proof.count; i++)
        proof.checks[i] = (struct check){.proof = &proof, .removed = &removals->list.at[i]};
    size_t left = ask_all(&proof);
    for (int round = 0; left > 0 && round < ROUNDS; round++) {
        wait_ms(context->loop, (int64_t)FIRST_DELAY_MS << round);
        left = ask_all(&proof);
    }
    for (size_t i = 0; left > 0 && i < proof.count; i++)
        if (proof.checks[i].found != GONE)
            report(context, &proof.checks[i]);
    return left == 0;
}

/* Reading a saved plan back. A plan file comes from outside: nothing in it is taken on trust. */
#include <gantry/plan/plan.h>

#include <gantry/base/json.h>
#include <gantry/base/str.h>

static struct gt_diag *damaged(struct gt_diags *diags, const char *what)
{
    struct gt_diag *diag = gt_error(diags, "plan-damaged", "the plan file is damaged: %s", what);
    diag->hint = "make a new one with gantry diff --out FILE";
    return diag;
}

static const char *text(struct gt_arena *arena, const json_t *object, const char *key)
{
    return gt_strdup(arena, json_string_value(json_object_get(object, key)));
}

static const json_t *value(struct gt_arena *arena, const json_t *object, const char *key)
{
    return gt_keep(arena, json_incref(json_object_get(object, key)));
}

static bool parse_change(struct gt_arena *arena, const json_t *document, struct gt_changes *out)
{
    struct gt_change *change = GT_PUSH(arena, &out->list);
    change->pointer = text(arena, document, "path");
    change->before = value(arena, document, "before");
    change->after = value(arena, document, "after");
    change->unknown = json_is_true(json_object_get(document, "unknown"));
    change->secret = json_is_true(json_object_get(document, "secret"));
    change->replaces = json_is_true(json_object_get(document, "replaces"));
    change->ignored = json_is_true(json_object_get(document, "ignored"));
    change->words = text(arena, document, "words");
    const char *cause = json_string_value(json_object_get(document, "cause"));
    for (int i = GT_CAUSE_MANIFEST; i <= GT_CAUSE_UPSTREAM; i++) {
        if (gt_streq(gt_cause_names[i], cause))
            change->cause = (enum gt_cause)i;
    }
    out->any |= !change->ignored;
    out->replaces |= change->replaces && !change->ignored;
    return change->pointer != NULL && cause != NULL;
}

static bool parse_step(struct gt_arena *arena, const json_t *document, struct gt_plan *plan,
                       struct gt_diags *diags)
{
    struct gt_plan_step *step = GT_PUSH(arena, &plan->steps);
    const char *type = json_string_value(json_object_get(document, "type"));
    step->address = text(arena, document, "address");
    step->type = type == NULL ? NULL : gt_type_find(type);
    step->reason = text(arena, document, "reason");
    step->identity = gt_iterable(value(arena, document, "identity"));
    step->breaks = text(arena, document, "breaks");
    step->needs_consent = json_is_true(json_object_get(document, "needsConsent"));
    step->retained = json_is_true(json_object_get(document, "retained"));
    step->digest = text(arena, document, "digest");
    size_t i;
    json_t *item;
    const char *action = json_string_value(json_object_get(document, "action"));
    bool good = step->address != NULL && step->type != NULL && step->digest != NULL &&
                gt_action_parse(action, &step->action);
    json_array_foreach(json_object_get(document, "foreign"), i, item)
    {
        *GT_PUSH(arena, &step->foreign) = gt_strdup(arena, json_string_value(item));
        good = json_is_string(item) && good;
    }
    json_array_foreach(json_object_get(document, "changes"), i, item) good =
        parse_change(arena, item, &step->changes) && good;
    if (!good)
        damaged(diags, gt_printf(arena, "step %zu is incomplete", plan->steps.len));
    return good;
}

/* What kind of file it is, and whether this version reads it. */
static bool check_format(const json_t *document, struct gt_diags *diags)
{
    json_int_t format = json_integer_value(json_object_get(document, "format"));
    if (!gt_streq(gt_text_at(document, "/kind"), "gantry-plan")) {
        damaged(diags, "it is no plan of gantry");
        return false;
    }
    if (format != 1) {
        gt_error(diags, "plan-format", "the plan file has format %lld, this gantry reads format 1",
                 (long long)format)
            ->hint = "use the version of gantry that made it, or make a new plan";
        return false;
    }
    return true;
}

bool gt_plan_parse(struct gt_arena *arena, const json_t *document, struct gt_plan *out,
                   struct gt_diags *diags)
{
    struct gt_plan plan = {.serial = json_integer_value(json_object_get(document, "serial"))};
    if (!check_format(document, diags))
        return false;
    const json_t *cloud = json_object_get(document, "cloud");
    plan.version = text(arena, document, "gantry");
    plan.stack = text(arena, document, "stack");
    plan.environment = text(arena, document, "environment");
    plan.partition = text(arena, cloud, "partition");
    plan.account = text(arena, cloud, "account");
    plan.region = text(arena, cloud, "region");
    plan.endpoint = text(arena, cloud, "endpoint");
    plan.lineage = text(arena, document, "lineage");
    plan.manifest_digest = text(arena, document, "manifestDigest");
    plan.secrets_digest = text(arena, document, "secretsDigest");
    plan.destroy = json_is_true(json_object_get(document, "destroy"));
    plan.options = gt_iterable(value(arena, document, "options"));
    plan.outputs = gt_iterable(value(arena, document, "outputs"));
    if (plan.stack == NULL || plan.environment == NULL || plan.lineage == NULL ||
        !json_is_array(json_object_get(document, "steps"))) {
        damaged(diags, "it lacks stack, environment, lineage or steps");
        return false;
    }
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(document, "steps"), i, step)
    {
        if (!parse_step(arena, step, &plan, diags))
            return false;
    }
    *out = plan;
    return true;
}

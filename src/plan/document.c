/* The plan as a document: what --json prints and a saved plan file holds. */
#include <gantry/plan/plan.h>

#include <gantry/base/json.h>
#include <gantry/base/str.h>

const char *const gt_cause_names[] = {
    [GT_CAUSE_MANIFEST] = "manifest",
    [GT_CAUSE_DRIFT] = "drift",
    [GT_CAUSE_REMOVED] = "removed",
    [GT_CAUSE_UPSTREAM] = "upstream",
};

static void set_text(json_t *object, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(object, key, json_string(value));
}

static void set_flag(json_t *object, const char *key, bool value)
{
    if (value)
        json_object_set_new(object, key, json_true());
}

static void set_value(json_t *object, const char *key, const json_t *value)
{
    if (value != NULL)
        json_object_set(object, key, gt_iterable(value));
}

static json_t *change_document(const struct gt_change *change)
{
    json_t *out = json_object();
    set_text(out, "path", change->pointer);
    set_value(out, "before", change->before);
    set_value(out, "after", change->after);
    set_text(out, "cause", gt_cause_names[change->cause]);
    set_flag(out, "unknown", change->unknown);
    set_flag(out, "secret", change->secret);
    set_flag(out, "replaces", change->replaces);
    set_flag(out, "ignored", change->ignored);
    set_text(out, "words", change->words);
    return out;
}

json_t *gt_plan_step_document(const struct gt_plan_step *step)
{
    json_t *out = json_object();
    set_text(out, "address", step->address);
    set_text(out, "type", step->type->name);
    set_text(out, "action", gt_action_name(step->action));
    set_text(out, "reason", step->reason);
    set_value(out, "identity", step->identity);
    set_text(out, "breaks", step->breaks);
    set_flag(out, "needsConsent", step->needs_consent);
    set_flag(out, "retained", step->retained);
    json_t *changes = json_array();
    for (size_t i = 0; i < step->changes.list.len; i++)
        json_array_append_new(changes, change_document(&step->changes.list.at[i]));
    json_object_set_new(out, "changes", changes);
    if (step->foreign.len > 0) {
        json_t *foreign = json_array();
        for (size_t i = 0; i < step->foreign.len; i++)
            json_array_append_new(foreign, json_string(step->foreign.at[i]));
        json_object_set_new(out, "foreign", foreign);
    }
    set_text(out, "digest", step->digest);
    return out;
}

static json_t *counts_document(const struct gt_plan *plan)
{
    struct gt_plan_counts counts = gt_plan_count(plan);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "create",
                     (json_int_t)counts.create, "update", (json_int_t)counts.update, "replace",
                     (json_int_t)counts.replace, "delete", (json_int_t)counts.remove, "adopt",
                     (json_int_t)counts.adopt, "none", (json_int_t)counts.noop, "read",
                     (json_int_t)counts.read, "forget", (json_int_t)counts.forget);
}

json_t *gt_plan_document(const struct gt_plan *plan)
{
    json_t *out = json_object();
    json_object_set_new(out, "format", json_integer(1));
    set_text(out, "kind", "gantry-plan");
    set_text(out, "gantry", plan->version);
    set_text(out, "stack", plan->stack);
    set_text(out, "environment", plan->environment);
    json_t *cloud = json_object();
    set_text(cloud, "partition", plan->partition);
    set_text(cloud, "account", plan->account);
    set_text(cloud, "region", plan->region);
    set_text(cloud, "endpoint", plan->endpoint);
    json_object_set_new(out, "cloud", cloud);
    set_text(out, "lineage", plan->lineage);
    json_object_set_new(out, "serial", json_integer(plan->serial));
    set_text(out, "manifestDigest", plan->manifest_digest);
    set_text(out, "secretsDigest", plan->secrets_digest);
    json_object_set_new(out, "destroy", json_boolean(plan->destroy));
    set_value(out, "options", plan->options);
    json_object_set_new(out, "counts", counts_document(plan));
    json_t *steps = json_array();
    for (size_t i = 0; i < plan->steps.len; i++)
        json_array_append_new(steps, gt_plan_step_document(&plan->steps.at[i]));
    json_object_set_new(out, "steps", steps);
    set_value(out, "outputs", plan->outputs);
    return out;
}

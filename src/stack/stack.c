/* gt_stack_build: the steps from a manifest to a stack, in their order. */
#include "lower.h"

#include "grants.h"
#include "manifest.h"
#include "variables.h"
#include <gantry/base/hash.h>
#include <gantry/doc/template.h>
#include <string.h>

/* The merged document against the tables; afterwards lowering can rely on what it finds. */
static void check_grammar(struct gt_low *low)
{
    enum { VERSION = 1 };
    struct gt_keys_run run = gt_manifest_run(low->arena, low->marks, low->diags);
    run.corrected = low->marks;
    low->doc = gt_keep(low->arena, gt_keys_check(&run, &gt_manifest, low->doc, ""));
    const json_t *version = json_object_get(low->doc, "gantry");
    if (json_is_integer(version) && json_integer_value(version) != VERSION)
        gt_low_error(low, "/gantry", "unknown-version",
                     "this manifest has version %" JSON_INTEGER_FORMAT ", and this Gantry knows 1",
                     json_integer_value(version))
            ->hint = "use a newer Gantry, or gantry: 1";
}

/* https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
enum { SESSION_MIN = 900, SESSION_MAX = 43200 };

static void fill_provider(struct gt_low *low)
{
    struct gt_provider *provider = &low->stack->provider;
    const json_t *given = json_object_get(low->doc, "provider");
    struct gt_item item = {
        .section = "provider", .name = "provider", .pointer = "/provider", .value = given};
    provider->region = low->region;
    provider->account = gt_template_unescape(low->arena, gt_item_text(&item, "account"));
    provider->profile = gt_template_unescape(low->arena, gt_item_text(&item, "profile"));
    provider->endpoint_url = gt_template_unescape(low->arena, gt_item_text(&item, "endpointUrl"));
    provider->assume_role = json_object_get(given, "assumeRole");
    provider->web_identity = json_object_get(given, "webIdentity");
    const json_t *seconds = json_object_get(provider->assume_role, "durationSeconds");
    if (json_is_integer(seconds) &&
        (json_integer_value(seconds) < SESSION_MIN || json_integer_value(seconds) > SESSION_MAX))
        gt_low_error(low, "/provider/assumeRole/durationSeconds", "out-of-range",
                     "durationSeconds must be %d to %d, not %" JSON_INTEGER_FORMAT, SESSION_MIN,
                     SESSION_MAX, json_integer_value(seconds));
    const json_t *web = provider->web_identity;
    if (json_is_string(web) && !gt_is_reported(json_string_value(web)) &&
        strcmp(json_string_value(web), "github") != 0)
        gt_low_error(low, "/provider/webIdentity", "unknown-value", "webIdentity cannot be \"%s\"",
                     json_string_value(web))
            ->hint = "use github, {env: NAME} or {file: PATH}";
}

static void lower_sections(struct gt_low *low)
{
    gt_lower_identity(low);
    gt_lower_providers(low);
    gt_lower_roles(low);
    gt_lower_runtimes(low);
    gt_lower_gateways(low);
    gt_lower_targets(low);
    gt_lower_target_policies(low);
    gt_lower_resources(low);
    gt_lower_outputs(low);
    gt_lower_moved(low);
}

/* What was lowered, without where it came from: moving a line is no change. A hash of a secret
 * would tell it to who tries values, so none goes in. */
static const char *digest(struct gt_low *low)
{
    const struct gt_stack *stack = low->stack;
    json_auto_t *all = json_pack("{ss,ss,sO,s{}}", "stack", stack->name, "environment",
                                 stack->environment, "outputs", stack->outputs, "resources");
    json_t *resources = json_object_get(all, "resources");
    for (size_t i = 0; i < stack->resources.len; i++) {
        const struct gt_resource *resource = &stack->resources.at[i];
        json_t *one = json_pack("{ss,so,sO*,ss*,sb,sb}", "type", resource->type->name, "properties",
                                gt_type_redact(resource->type, resource->properties), "tags",
                                resource->tags, "existing", resource->existing, "protect",
                                resource->protect, "retain", resource->retain);
        json_object_set_new(resources, resource->address, one);
    }
    const char *text = gt_json_canonical(low->arena, all);
    return gt_sha256_hex(low->arena, text, strlen(text));
}

bool gt_stack_build(struct gt_arena *arena, const struct gt_doc *manifest,
                    const struct gt_resolver *resolver, const struct gt_stack_options *options,
                    struct gt_stack *out, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    struct gt_stack stack = {0};
    struct gt_low low = {.arena = arena,
                         .options = options,
                         .stack = &stack,
                         .diags = diags,
                         .by_address = gt_map_init(arena),
                         .identities = gt_map_init(arena),
                         .runtimes = gt_map_init(arena),
                         .providers = gt_map_init(arena),
                         .gateways = gt_map_init(arena),
                         .roles = gt_map_init(arena),
                         .attributes = gt_map_init(arena)};
    struct gt_map variables = gt_map_init(arena);
    if (!json_is_object(manifest->root)) {
        struct gt_diag *diag = gt_error(diags, "wrong-type", "a manifest must be a map");
        diag->pos = gt_marks_pos(manifest->marks, "");
        diag->hint = "begin with gantry: 1 and stack: NAME";
        return false;
    }
    bool chosen = gt_choose_environment(&low, manifest, &variables);
    if (chosen)
        gt_resolve_outside(&low, &variables, resolver);
    check_grammar(&low);
    /* Without an environment the values are not known: only the grammar can be judged. */
    if (!chosen)
        return false;
    const char *name = gt_text_at(low.doc, "/stack");
    stack.name = name == NULL || gt_is_reported(name) ? "stack" : name;
    stack.manifest = low.doc;
    fill_provider(&low);
    lower_sections(&low);
    gt_low_check(&low);
    gt_low_graph(&low);
    if (diags->errors != errors)
        return false;
    stack.manifest_digest = digest(&low);
    *out = stack;
    return true;
}

/* References in properties and outputs: to other resources, and to the cloud itself. */
#include "internal.h"

#include <string.h>

struct scope {
    struct gt_engine *engine;
    struct gt_arena *arena;
    const char *subject; /* the address whose properties are resolved, or NULL */
    bool mask_secrets;
};

static json_t *text_value(const char *text)
{
    return text == NULL ? NULL : json_string(text);
}

/* ${aws.account} and the like; NULL: no such name, or not known. */
static json_t *cloud_value(const struct gt_engine *engine, const char *name)
{
    const char *endpoint = "endpoint.";
    if (gt_starts_with(name, endpoint)) {
        const struct gt_service *service = gt_service_find(name + strlen(endpoint));
        return service == NULL ? NULL : text_value(gt_aws_endpoint(engine->o.aws, service));
    }
    const struct gt_cloud *cloud = &engine->o.cloud;
    const struct {
        const char *name, *value;
    } table[] = {
        {"account", cloud->account},
        {"region", cloud->region},
        {"partition", cloud->partition},
        {"dnsSuffix", gt_aws_dns_suffix(cloud->region)},
    };
    for (size_t i = 0; i < GT_COUNT(table); i++) {
        if (strcmp(table[i].name, name) == 0)
            return text_value(table[i].value);
    }
    return NULL;
}

static bool is_volatile(const struct gt_type *type, const char *pointer)
{
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    return attr != NULL && attr->flags & GT_ATTR_VOLATILE;
}

static bool is_unknown(const struct gt_item *item, const char *pointer)
{
    size_t len = strlen(pointer);
    const char *unknown;
    json_t *value;
    json_object_foreach(item->unknown, unknown, value)
    {
        if (strncmp(unknown, pointer, len) == 0 && (unknown[len] == '\0' || unknown[len] == '/'))
            return true;
    }
    return false;
}

/* A value that the manifest itself gives, known before the object is made. */
static json_t *wanted_value(const struct gt_item *item, const char *pointer)
{
    return item->wanted == NULL || is_unknown(item, pointer) ? NULL : gt_at(item->wanted, pointer);
}

static json_t *known_value(const struct gt_item *item, const char *pointer)
{
    if (item->renews)
        return wanted_value(item, pointer);
    if (item->updates && is_volatile(item->type, pointer))
        return NULL;
    json_t *value = item->live == NULL ? NULL : gt_at(item->live, pointer);
    if (value == NULL && item->identity != NULL)
        value = gt_at(item->identity, pointer);
    if (value == NULL && item->entry != NULL && item->entry->outputs != NULL)
        value = gt_at(item->entry->outputs, pointer);
    return value == NULL ? wanted_value(item, pointer) : value;
}

/* The value of a reference to a resource; NULL: not known yet. Borrowed. */
static enum gt_resolution resource_value(const struct scope *scope, const char *expression,
                                         json_t **value, struct gt_diags *diags)
{
    const char *pointer;
    const struct gt_stack *stack = scope->engine->o.stack;
    struct gt_resource *resource =
        stack == NULL ? NULL : gt_stack_reference(stack, scope->arena, expression, &pointer);
    const struct gt_item *item =
        resource == NULL ? NULL : gt_item_find(scope->engine, resource->address);
    if (item == NULL) {
        gt_error(diags, "unknown-reference", "${%s} refers to nothing", expression)->subject =
            scope->subject;
        return GT_FAILED;
    }
    json_t *known = known_value(item, pointer);
    if (known == NULL)
        return GT_UNKNOWN;
    *value = scope->mask_secrets && gt_type_secret(item->type, pointer) ? json_string("(secret)")
                                                                        : json_deep_copy(known);
    return GT_RESOLVED;
}

static enum gt_resolution resolve_name(const struct scope *scope, const char *name, json_t **value,
                                       struct gt_diags *diags)
{
    if (!gt_starts_with(name, "aws."))
        return resource_value(scope, name, value, diags);
    *value = cloud_value(scope->engine, name + strlen("aws."));
    return *value == NULL ? GT_UNKNOWN : GT_RESOLVED;
}

static enum gt_resolution resolve_expression(void *payload, const char *pointer,
                                             const char *expression, json_t **value,
                                             struct gt_diags *diags)
{
    (void)pointer;
    const struct scope *scope = payload;
    json_t *plain;
    const char *name = gt_stack_unfiltered(scope->arena, expression);
    enum gt_resolution result = resolve_name(scope, name, &plain, diags);
    if (result != GT_RESOLVED)
        return result;
    bool good = gt_stack_filtered(scope->arena, expression, plain, value, diags);
    json_decref(plain);
    return good ? GT_RESOLVED : GT_FAILED;
}

/* Gantry's own tags and the user's, in the type's form, over what the properties have. */
static void put_tags(const struct gt_item *item, json_t *properties)
{
    const struct gt_tagging *tags = &item->type->tags;
    if (tags->property == NULL || item->resource->tags == NULL || item->resource->existing != NULL)
        return;
    json_t *given = json_object_get(properties, tags->property);
    json_auto_t *map = given == NULL ? json_object() : gt_type_tags_map(item->type, given);
    json_object_update(map, item->resource->tags);
    json_object_set_new(map, "gantry:lineage",
                        json_string(item->engine->o.session->state->lineage));
    json_object_set_new(properties, tags->property, gt_type_tags_form(item->type, map));
}

static void note_unknown(void *payload, const char *pointer, const char *expression)
{
    (void)expression;
    json_object_set_new(payload, pointer, json_true());
}

static enum gt_resolution leave(void *payload, const char *pointer, const char *expression,
                                json_t **value, struct gt_diags *diags)
{
    (void)payload, (void)pointer, (void)expression, (void)value, (void)diags;
    return GT_UNKNOWN;
}

/*
 * In two passes: after the first the references that are left are those that are not known, since
 * inserted text is escaped; the second takes the escapes away, and "${" in the result may be mere
 * text (a policy variable of IAM).
 */
bool gt_item_resolve(struct gt_item *item, bool *unknown, struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct scope scope = {item->engine, scratch, item->address, false};
    json_auto_t *properties = json_deep_copy(item->resource->properties);
    put_tags(item, properties);
    json_auto_t *escaped =
        gt_resolve(scratch, properties, false, resolve_expression, &scope, unknown, diags);
    if (escaped == NULL)
        return false;
    gt_set_json(&item->unknown, json_object());
    gt_each_ref(scratch, escaped, note_unknown, item->unknown);
    json_t *resolved = gt_resolve(scratch, escaped, true, leave, NULL, NULL, diags);
    if (resolved == NULL)
        return false;
    gt_set_json(&item->wanted, resolved);
    if (item->pinned != NULL)
        gt_put_at(item->wanted, item->resource->image_pin, json_string(item->pinned));
    return true;
}

bool gt_engine_resolve(struct gt_engine *engine, const json_t *value, json_t **out,
                       struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct scope scope = {engine, scratch, NULL, true};
    json_t *resolved = gt_resolve(scratch, value, true, resolve_expression, &scope, NULL, diags);
    if (resolved == NULL)
        return false;
    *out = gt_keep(engine->arena, resolved);
    return true;
}

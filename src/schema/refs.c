/* Identifiers and references, which lead to places of the same document. Source: JSON Schema Core,
 * sections 8.2 and 9. */
#include "compile.h"
#include "uri.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static struct gt_resource *resource_new(struct gt_compile *compile, const char *uri,
                                        const struct gt_rules *root)
{
    struct gt_resource *resource = GT_NEW(compile->arena, struct gt_resource);
    *resource = (struct gt_resource){.uri = uri,
                                     .pointer = root->pointer,
                                     .root = root,
                                     .anchors = gt_map_init(compile->arena),
                                     .dynamic_anchors = gt_map_init(compile->arena)};
    gt_map_set(&compile->resources, uri, resource);
    return resource;
}

static bool is_anchor(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char others[] = "-.0123456789";
    if (*text == '\0' || strchr(letters, *text) == NULL)
        return false;
    for (; *text != '\0'; text++)
        if (strchr(letters, *text) == NULL && strchr(others, *text) == NULL)
            return false;
    return true;
}

static bool set_anchor(struct gt_compile *compile, struct gt_rules *rules, const char *keyword,
                       struct gt_resource *resource)
{
    const json_t *value = json_object_get(rules->document, keyword);
    const char *name = json_string_value(value);
    if (value == NULL)
        return true;
    if (name == NULL || !is_anchor(name))
        return gt_compile_refuse(
            compile, rules->pointer, keyword,
            "must be a name of letters, digits, \"-\", \".\" and \"_\" that begins with a letter");
    const struct gt_rules *other = gt_map_get(&resource->anchors, name);
    if (other != NULL && other != rules)
        return gt_compile_refuse(compile, rules->pointer, keyword,
                                 "is the anchor of another schema, too: %s", other->pointer);
    gt_map_set(&resource->anchors, name, rules);
    return true;
}

static bool set_id(struct gt_compile *compile, struct gt_rules *rules,
                   struct gt_resource **resource)
{
    const json_t *value = json_object_get(rules->document, "$id");
    const char *id = json_string_value(value), *base = *resource == NULL ? "" : (*resource)->uri;
    if (value != NULL && id == NULL)
        return gt_compile_refuse(compile, rules->pointer, "$id", "must be a string");
    if (id != NULL && *gt_uri_fragment(compile->arena, id) != '\0')
        return gt_compile_refuse(compile, rules->pointer, "$id", "must have no fragment");
    if (id == NULL && *resource != NULL)
        return true;
    const char *uri = gt_uri_resolve(compile->arena, base, id == NULL ? "" : id);
    const struct gt_resource *other = gt_map_get(&compile->resources, uri);
    if (other != NULL)
        return gt_compile_refuse(compile, rules->pointer, "$id",
                                 "is the identifier of another schema, too: \"%s\"",
                                 other->pointer);
    *resource = resource_new(compile, uri, rules);
    return true;
}

bool gt_compile_identify(struct gt_compile *compile, struct gt_rules *rules,
                         struct gt_resource **resource)
{
    if (!set_id(compile, rules, resource) || !set_anchor(compile, rules, "$anchor", *resource) ||
        !set_anchor(compile, rules, "$dynamicAnchor", *resource))
        return false;
    rules->dynamic_anchor = json_string_value(json_object_get(rules->document, "$dynamicAnchor"));
    if (rules->dynamic_anchor != NULL)
        gt_map_set(&(*resource)->dynamic_anchors, rules->dynamic_anchor, rules);
    return true;
}

/* The schema at a pointer, which may be in a place that no keyword has schemas in. */
static const struct gt_rules *at_pointer(struct gt_compile *compile, struct gt_resource *resource,
                                         const char *fragment)
{
    const char *pointer = gt_printf(compile->arena, "%s%s", resource->pointer, fragment);
    const struct gt_rules *rules = gt_map_get(&compile->places, pointer);
    if (rules != NULL)
        return rules;
    const json_t *document = gt_at(compile->document, pointer);
    return document == NULL ? NULL : gt_compile_find(compile, document, pointer, resource);
}

/* NULL after gt_compile_refuse. */
static const struct gt_rules *resolve(struct gt_compile *compile, const struct gt_rules *rules,
                                      const char *keyword, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL) {
        gt_compile_refuse(compile, rules->pointer, keyword, "must be a string");
        return NULL;
    }
    const char *uri = gt_uri_resolve(compile->arena, rules->resource->uri, text);
    const char *fragment = gt_uri_fragment(compile->arena, text);
    struct gt_resource *resource = gt_map_get(&compile->resources, uri);
    if (resource == NULL) {
        gt_compile_refuse(compile, rules->pointer, keyword,
                          "leads out of the document, and nothing is fetched: \"%s\"", text);
        return NULL;
    }
    const struct gt_rules *target = *fragment == '\0'  ? resource->root
                                    : *fragment == '/' ? at_pointer(compile, resource, fragment)
                                                       : gt_map_get(&resource->anchors, fragment);
    if (target == NULL && compile->problem->message == NULL)
        gt_compile_refuse(compile, rules->pointer, keyword, "leads nowhere: \"%s\"", text);
    return target;
}

bool gt_keyword_ref(struct gt_compile *compile, struct gt_rules *rules,
                    const struct gt_keyword *keyword, const json_t *value)
{
    const struct gt_rules *target = resolve(compile, rules, keyword->name, value);
    if (target != NULL)
        gt_rules_logic(compile, rules)->ref = target;
    return target != NULL;
}

bool gt_keyword_dynamic_ref(struct gt_compile *compile, struct gt_rules *rules,
                            const struct gt_keyword *keyword, const json_t *value)
{
    const struct gt_rules *target = resolve(compile, rules, keyword->name, value);
    if (target == NULL)
        return false;
    struct gt_logic *logic = gt_rules_logic(compile, rules);
    logic->dynamic_ref = target;
    /* Only a reference by name to a dynamic anchor of that name depends on the way. */
    const char *fragment = gt_uri_fragment(compile->arena, json_string_value(value));
    if (*fragment != '\0' && gt_streq(fragment, target->dynamic_anchor)) {
        logic->dynamic_anchor = target->dynamic_anchor;
        compile->dynamic = true;
    }
    return true;
}

#include "user_pool_schema.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

/* Cognito quotas, "Custom attributes per user pool". */
enum { MAX_CUSTOM = 50 };

static const struct standard {
    const char *name, *type, *min, *max;
} standard[] = {
    {"profile", "String", "0", "2048"},
    {"address", "String", "0", "2048"},
    {"birthdate", "String", "10", "10"},
    {"gender", "String", "0", "2048"},
    {"preferred_username", "String", "0", "2048"},
    {"updated_at", "Number", "0", NULL},
    {"website", "String", "0", "2048"},
    {"picture", "String", "0", "2048"},
    {"identities", "String", NULL, NULL},
    {"sub", "String", "1", "2048"},
    {"phone_number", "String", "0", "2048"},
    {"phone_number_verified", "Boolean", NULL, NULL},
    {"zoneinfo", "String", "0", "2048"},
    {"locale", "String", "0", "2048"},
    {"email", "String", "0", "2048"},
    {"email_verified", "Boolean", NULL, NULL},
    {"given_name", "String", "0", "2048"},
    {"family_name", "String", "0", "2048"},
    {"middle_name", "String", "0", "2048"},
    {"name", "String", "0", "2048"},
    {"nickname", "String", "0", "2048"},
};

static json_t *attribute(const struct standard *row)
{
    bool subject = gt_streq(row->name, "sub");
    json_t *made =
        json_pack("{s:s, s:s, s:b, s:b, s:b}", "Name", row->name, "AttributeDataType", row->type,
                  "DeveloperOnlyAttribute", 0, "Mutable", !subject, "Required", subject);
    if (gt_streq(row->type, "Number")) {
        json_object_set_new(made, "NumberAttributeConstraints",
                            json_pack("{s:s}", "MinValue", row->min));
    } else if (gt_streq(row->type, "String")) {
        json_t *limits = json_object();
        if (row->min != NULL)
            json_object_set_new(limits, "MinLength", json_string(row->min));
        if (row->max != NULL)
            json_object_set_new(limits, "MaxLength", json_string(row->max));
        json_object_set_new(made, "StringAttributeConstraints", limits);
    }
    return made;
}

static json_t *find(const json_t *attributes, const char *name)
{
    for (size_t i = 0; i < json_array_size(attributes); i++)
        if (gt_streq(gt_text_at(json_array_get(attributes, i), "/Name"), name))
            return json_array_get(attributes, i);
    return NULL;
}

static bool add_custom(struct gt_serve *call, json_t *attributes, const json_t *given)
{
    bool developer = json_is_true(json_object_get(given, "DeveloperOnlyAttribute"));
    const char *own = gt_text_at(given, "/Name");
    const char *name = gt_printf(call->arena, "%s%s",
                                 developer ? "dev:custom:" : "custom:", own == NULL ? "" : own);
    const char *problem = NULL;
    if (own == NULL)
        problem = "The name of a custom attribute is missing.";
    else if (json_is_true(json_object_get(given, "Required")))
        problem = "Required custom attributes are not supported currently.";
    else if (find(attributes, name) != NULL)
        problem = gt_printf(call->arena, "%s: Existing attribute already has name %s.", name, name);
    else if (json_array_size(attributes) >= GT_COUNT(standard) + MAX_CUSTOM)
        problem = "The number of custom attributes exceeds the limit of 50.";
    if (problem != NULL) {
        gt_serve_fail(call, "InvalidParameterException", "%s", problem);
        return false;
    }
    json_t *made = json_pack("{s:s, s:b, s:b, s:b}", "AttributeDataType", "String",
                             "DeveloperOnlyAttribute", 0, "Mutable", 1, "Required", 0);
    json_object_update(made, gt_iterable(given));
    json_object_set_new(made, "Name", json_string(name));
    const char *type = gt_text_at(made, "/AttributeDataType");
    if (gt_streq(type, "String") && json_object_get(made, "StringAttributeConstraints") == NULL)
        json_object_set_new(made, "StringAttributeConstraints", json_object());
    if (gt_streq(type, "Number") && json_object_get(made, "NumberAttributeConstraints") == NULL)
        json_object_set_new(made, "NumberAttributeConstraints", json_object());
    json_array_append_new(attributes, made);
    return true;
}

bool gt_pool_schema_add(struct gt_serve *call, json_t *attributes, const json_t *custom)
{
    for (size_t i = 0; i < json_array_size(custom); i++)
        if (!add_custom(call, attributes, json_array_get(custom, i)))
            return false;
    return true;
}

json_t *gt_pool_schema(struct gt_serve *call)
{
    json_t *attributes = json_array();
    for (size_t i = 0; i < GT_COUNT(standard); i++)
        json_array_append_new(attributes, attribute(&standard[i]));
    const json_t *schema = json_object_get(call->input, "Schema");
    for (size_t i = 0; i < json_array_size(schema); i++) {
        const json_t *given = json_array_get(schema, i);
        json_t *known = find(attributes, gt_text_at(given, "/Name"));
        if (known != NULL) {
            json_object_update(known, gt_iterable(given));
        } else if (!add_custom(call, attributes, given)) {
            json_decref(attributes);
            return NULL;
        }
    }
    return attributes;
}

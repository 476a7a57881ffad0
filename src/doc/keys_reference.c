/* What the tables of keys.h say to editors (JSON Schema) and to people (the manual). */
#include <gantry/doc/keys.h>

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>

/* A value that is a reference, where the schema would want a number or boolean. */
static json_t *reference_schema(void)
{
    return json_pack("{ss,ss}", "type", "string", "pattern", "^\\$\\{.+\\}$");
}

static json_t *texts(const char *const *values)
{
    json_t *out = json_array();
    for (; *values != NULL; values++)
        json_array_append_new(out, json_string(*values));
    return out;
}

static json_t *text_schema(const struct gt_key *key)
{
    if (key->values != NULL)
        return json_pack("{so}", "enum", texts(key->values));
    bool ruled = key->rule != NULL && !(key->takes & GT_TAKES_MAP);
    if (!ruled) /* texts are taken as they are typed, so a bare number is one too */
        return json_pack("{s[sss]}", "type", "string", "number", "boolean");
    json_t *out = json_pack("{s[ss]}", "type", "string", "integer");
    json_t *pattern = json_sprintf("^(%s|.*\\$\\{.*)$", key->rule->pattern);
    json_object_set_new(out, "pattern", pattern);
    return out;
}

json_t *gt_fields_schema(const struct gt_key *fields)
{
    json_t *properties = json_object(), *required = json_array();
    for (const struct gt_key *k = fields; k->name != NULL; k++) {
        json_object_set_new(properties, k->name, gt_keys_schema(k));
        if (k->flags & GT_KEY_REQUIRED)
            json_array_append_new(required, json_string(k->name));
    }
    json_t *out = json_pack("{ss,so,sb}", "type", "object", "properties", properties,
                            "additionalProperties", 0);
    if (json_array_size(required) > 0)
        json_object_set(out, "required", required);
    json_decref(required);
    return out;
}

static json_t *map_schema(const struct gt_key *key)
{
    json_t *out = json_pack("{ss,so}", "type", "object", "additionalProperties",
                            gt_keys_schema(key->element));
    if (key->rule != NULL)
        json_object_set_new(out, "propertyNames",
                            json_pack("{so}", "pattern", json_sprintf("^%s$", key->rule->pattern)));
    return out;
}

static json_t *simple(const char *type)
{
    return json_pack("{ss}", "type", type);
}

static json_t *number_schema(const struct gt_key *key)
{
    json_t *out = simple(key->takes & GT_TAKES_NUMBER ? "number" : "integer");
    if (key->min != 0 || key->max != 0)
        json_object_set_new(out, "minimum", json_integer(key->min));
    if (key->max != 0)
        json_object_set_new(out, "maximum", json_integer(key->max));
    return out;
}

json_t *gt_keys_schema(const struct gt_key *key)
{
    json_t *forms = json_array(), *out;
    unsigned takes = key->takes;
    if (takes & GT_TAKES_TEXT)
        json_array_append_new(forms, text_schema(key));
    if (takes & (GT_TAKES_INTEGER | GT_TAKES_NUMBER))
        json_array_append_new(forms, number_schema(key));
    if (takes & GT_TAKES_BOOLEAN)
        json_array_append_new(forms, simple("boolean"));
    if (takes & (GT_TAKES_INTEGER | GT_TAKES_NUMBER | GT_TAKES_BOOLEAN) && !(takes & GT_TAKES_TEXT))
        json_array_append_new(forms, reference_schema());
    if (takes & GT_TAKES_LIST)
        json_array_append_new(
            forms, json_pack("{ss,so}", "type", "array", "items", gt_keys_schema(key->element)));
    if (takes & GT_TAKES_FIELDS)
        json_array_append_new(forms, gt_fields_schema(key->fields));
    else if (takes & GT_TAKES_MAP)
        json_array_append_new(forms, map_schema(key));
    if (takes & (GT_TAKES_FIELDS | GT_TAKES_MAP))
        json_array_append_new(forms, simple("null"));
    if (takes & GT_TAKES_ANY) {
        out = json_object();
        json_decref(forms);
    } else if (json_array_size(forms) == 1) {
        out = json_incref(json_array_get(forms, 0));
        json_decref(forms);
    } else {
        out = json_pack("{so}", "anyOf", forms);
    }
    if (key->summary != NULL)
        json_object_set_new(out, "description", json_string(key->summary));
    return out;
}

static const char *kinds(const struct gt_key *key, struct gt_arena *arena)
{
    static const struct {
        unsigned takes;
        const char *words;
    } rows[] = {
        {GT_TAKES_TEXT, "text"},           {GT_TAKES_INTEGER, "number"},
        {GT_TAKES_NUMBER, "number"},       {GT_TAKES_BOOLEAN, "true or false"},
        {GT_TAKES_LIST, "list"},           {GT_TAKES_FIELDS, "map"},
        {GT_TAKES_MAP, "names to values"}, {GT_TAKES_ANY, "any"},
    };
    const char *out = "";
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        if (key->takes & rows[i].takes)
            out = gt_printf(arena, "%s%s%s", out, *out != '\0' ? ", " : "", rows[i].words);
    }
    return out;
}

static void print_fields(struct gt_arena *arena, struct gt_buf *out, const struct gt_key *fields,
                         const char *again, int indent)
{
    enum { STEP = 2 };
    for (const struct gt_key *key = fields; key->name != NULL; key++) {
        gt_buf_addf(out, "%*s%s  (%s%s)\n%*s%s\n", indent, "", key->name, kinds(key, arena),
                    key->flags & GT_KEY_REQUIRED ? "; required" : "", indent + 2 * STEP, "",
                    key->summary);
        if (key->values != NULL) {
            gt_buf_addf(out, "%*sone of", indent + 2 * STEP, "");
            for (const char *const *value = key->values; *value != NULL; value++)
                gt_buf_addf(out, "%s %s", value == key->values ? "" : ",", *value);
            gt_buf_adds(out, "\n");
        }
        if (key->fields != NULL)
            print_fields(arena, out, key->fields, again, indent + STEP);
        if (key->element == NULL || key->element->fields == NULL || gt_streq(key->name, again))
            continue;
        gt_buf_addf(out, "%*s%s\n", indent + STEP, "", key->takes & GT_TAKES_MAP ? "NAME:" : "-");
        print_fields(arena, out, key->element->fields, again, indent + 2 * STEP);
    }
}

char *gt_keys_manual(struct gt_arena *arena, const struct gt_key *fields, const char *again)
{
    enum { MAX = 1 << 20 };
    struct gt_buf out = gt_buf_init(MAX);
    print_fields(arena, &out, fields, again, 0);
    char *text = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return text;
}

/* `parameters:` of a tool as JSON Schema: those of the author's choice, and what an author says
 * about those of the type. */
#include <gantry/server/tool.h>

#include "reading.h"

#include <gantry/base/json.h>
#include <gantry/base/pattern.h>
#include <gantry/base/str.h>
#include <string.h>

static const char *const type_words[] = {"string", "integer", "number", "boolean",
                                         "array",  "object",  NULL};

#define ANY(key, about)                                                                            \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_ANY, .summary = about                                       \
    }
#define TYPE(words)                                                                                \
    {                                                                                              \
        .name = "type", .takes = GT_TAKES_TEXT, .values = type_words, .summary = words             \
    }
#define BOUNDS                                                                                     \
    {.name = "allowed_values",                                                                     \
     .takes = GT_TAKES_LIST,                                                                       \
     .element = &any_value,                                                                        \
     .summary = "the only values"},                                                                \
        {.name = "min_value", .takes = GT_TAKES_NUMBER, .summary = "the smallest number"},         \
        {.name = "max_value", .takes = GT_TAKES_NUMBER, .summary = "the largest number"},          \
        {.name = "max_length",                                                                     \
         .takes = GT_TAKES_INTEGER,                                                                \
         .max = INT32_MAX,                                                                         \
         .summary = "how many characters, or elements of an array"},                               \
    {                                                                                              \
        .name = "pattern", .takes = GT_TAKES_TEXT,                                                 \
        .summary = "a regular expression that the text must match (ECMA-262, not anchored)"        \
    }

static const struct gt_key any_value = {.takes = GT_TAKES_ANY, .summary = "a value"};

static const struct gt_key item_keys[] = {
    TYPE("the elements' type (string)"), BOUNDS, {.name = NULL}};

static const struct gt_key parameter_keys[] = {
    {.name = "name", .takes = GT_TAKES_TEXT, .summary = "its name, where parameters are a list"},
    TYPE("its type (string)"),
    {.name = "description", .takes = GT_TAKES_TEXT, .summary = "what a caller should give"},
    ANY("default", "its value where a caller gives none"),
    {.name = "required",
     .takes = GT_TAKES_BOOLEAN,
     .summary = "must be given (true where there is no default)"},
    BOUNDS,
    {.name = "items",
     .takes = GT_TAKES_FIELDS | GT_TAKES_TEXT,
     .fields = item_keys,
     .values = type_words,
     .summary = "the elements of an array: a type, or a type with bounds"},
    {.name = NULL},
};

const struct gt_key gt_parameter_key = {
    .takes = GT_TAKES_FIELDS, .fields = parameter_keys, .summary = "a parameter"};

/* A name that is a key of arguments and fits into statements as $NAME. */
static const struct gt_rule parameter_name = {
    "[A-Za-z_][A-Za-z0-9_]{0,63}", "a letter or '_', then up to 63 letters, digits and '_'"};

struct work {
    const struct gt_config *config;
    const struct gt_tool *tool;
    struct gt_diags *diags;
};

struct parameter {
    const char *name, *pointer;
    const json_t *value;
};

struct parameters {
    GT_VEC(struct parameter) list;
};

static void add(const struct work *work, struct parameters *out, struct gt_map *names,
                const struct parameter *parameter)
{
    struct gt_arena *arena = work->config->arena;
    if (parameter->name == NULL) {
        gt_config_error(work->config, work->diags, parameter->pointer, "missing-key",
                        "a parameter in a list needs a name")
            ->hint = "add name: NAME";
        return;
    }
    const char *at = gt_printf(arena, "%s/name", parameter->pointer);
    const char *shown =
        gt_one_line(arena, gt_marks_shown(work->config->marks, at, parameter->name), 64);
    if (gt_map_get(names, parameter->name) != NULL)
        gt_config_error(work->config, work->diags, parameter->pointer, "duplicate-name",
                        "there are two parameters named \"%s\"", shown)
            ->hint = "rename one of them";
    else if (!gt_pattern_matches(parameter_name.pattern, parameter->name))
        gt_config_error(work->config, work->diags, parameter->pointer, "bad-name",
                        "\"%s\" cannot name a parameter", shown)
            ->hint = gt_printf(arena, "use %s", parameter_name.words);
    gt_map_set(names, parameter->name, out);
    *GT_PUSH(arena, &out->list) = *parameter;
}

/* The parameters in the order of the file. */
static struct parameters list_of(const struct work *work)
{
    struct gt_arena *arena = work->config->arena;
    const json_t *all = json_object_get(work->tool->settings, "parameters");
    const char *base = gt_printf(arena, "%s/parameters", work->tool->pointer), *name;
    struct gt_map names = gt_map_init(arena);
    struct parameters out = {0};
    json_t *value;
    size_t i;
    json_array_foreach(all, i, value)
    {
        const struct parameter parameter = {.name = gt_text_at(value, "/name"),
                                            .pointer = gt_pointer_index(arena, base, i),
                                            .value = value};
        add(work, &out, &names, &parameter);
    }
    json_object_foreach(gt_iterable(all), name, value)
    {
        const struct parameter parameter = {.name = gt_strdup(arena, name),
                                            .pointer = gt_pointer_join(arena, base, name),
                                            .value = value};
        add(work, &out, &names, &parameter);
    }
    return out;
}

/* A value as the type has it: text as it was typed, numbers also from text (a reference gives
 * text). What does not fit is left to the check. New reference. */
static json_t *typed(const struct work *work, const char *type, const json_t *value,
                     const char *pointer)
{
    const char *text = json_string_value(value);
    const struct gt_mark *mark = gt_marks_get(work->config->marks, pointer);
    bool scalar = value != NULL && !json_is_object(value) && !json_is_array(value);
    if (gt_streq(type, "string"))
        return text == NULL && scalar && mark != NULL && mark->raw != NULL
                   ? json_string(mark->raw)
                   : json_incref(gt_iterable(value));
    if (text == NULL)
        return json_incref(gt_iterable(value));
    json_t *parsed = json_loads(text, JSON_DECODE_ANY, NULL);
    bool fits =
        (json_is_number(parsed) && (gt_streq(type, "integer") || gt_streq(type, "number"))) ||
        (json_is_boolean(parsed) && gt_streq(type, "boolean"));
    if (fits)
        return parsed;
    json_decref(parsed);
    return json_incref(gt_iterable(value));
}

/* Which types a bound is for, and how JSON Schema calls it there. */
static const struct bound {
    const char *key, *type, *keyword;
    bool lower; /* of two the larger one is the narrower */
} bounds[] = {
    {"min_value", "integer", "minimum", true},    {"min_value", "number", "minimum", true},
    {"max_value", "integer", "maximum", false},   {"max_value", "number", "maximum", false},
    {"max_length", "string", "maxLength", false}, {"max_length", "array", "maxItems", false},
    {"pattern", "string", "pattern", false},
};

static bool put_bound(const struct work *work, const struct parameter *parameter, const char *key,
                      const char *type, json_t *out)
{
    const json_t *value = json_object_get(parameter->value, key);
    if (value == NULL)
        return true;
    for (size_t i = 0; i < GT_COUNT(bounds); i++) {
        const struct bound *bound = &bounds[i];
        if (!gt_streq(bound->key, key) || !gt_streq(bound->type, type))
            continue;
        const json_t *before = json_object_get(out, bound->keyword);
        double old = json_number_value(before), new = json_number_value(value);
        if (!json_is_number(before) || (bound->lower ? new > old : new < old))
            json_object_set(out, bound->keyword, gt_iterable(value));
        return true;
    }
    gt_config_error(work->config, work->diags,
                    gt_printf(work->config->arena, "%s/%s", parameter->pointer, key),
                    "does-not-fit", "%s is not for values of type %s", key, type)
        ->hint = "leave it out, or change the type";
    return false;
}

static void put_allowed(const struct work *work, const struct parameter *parameter,
                        const char *type, json_t *out)
{
    const json_t *values = json_object_get(parameter->value, "allowed_values"), *value;
    const char *base = gt_printf(work->config->arena, "%s/allowed_values", parameter->pointer);
    json_t *list = json_array();
    size_t i;
    json_array_foreach(values, i, value) json_array_append_new(
        list, typed(work, type, value, gt_pointer_index(work->config->arena, base, i)));
    if (values != NULL)
        json_object_set(out, "enum", list);
    json_decref(list);
}

static void put_bounds(const struct work *work, const struct parameter *parameter, const char *type,
                       json_t *out)
{
    static const char *const keys[] = {"min_value", "max_value", "max_length", "pattern"};
    for (size_t i = 0; i < GT_COUNT(keys); i++)
        put_bound(work, parameter, keys[i], type, out);
    const json_t *least = json_object_get(out, "minimum"), *most = json_object_get(out, "maximum");
    if (json_is_number(least) && json_is_number(most) &&
        json_number_value(least) > json_number_value(most))
        gt_config_error(work->config, work->diags, parameter->pointer, "does-not-fit",
                        "no value of \"%s\" fits: the smallest number is above the largest",
                        parameter->name)
            ->hint = "look at min_value and max_value";
    put_allowed(work, parameter, type, out);
}

static void put_items(const struct work *work, const struct parameter *parameter, const char *type,
                      json_t *out)
{
    const json_t *items = json_object_get(parameter->value, "items");
    const char *at = gt_printf(work->config->arena, "%s/items", parameter->pointer);
    if (items == NULL)
        return;
    if (!gt_streq(type, "array")) {
        gt_config_error(work->config, work->diags, at, "does-not-fit",
                        "items is not for values of type %s", type)
            ->hint = "leave it out, or change the type";
        return;
    }
    const char *element =
        json_is_string(items) ? json_string_value(items) : gt_text_at(items, "/type");
    element = element != NULL ? element : "string";
    json_t *schema = json_pack("{s:s}", "type", element);
    if (json_is_object(items)) {
        const struct parameter inner = {.name = "items", .pointer = at, .value = items};
        put_bounds(work, &inner, element, schema);
    }
    json_object_set_new(out, "items", schema);
}

static bool is_reference(const struct work *work, const char *pointer, const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && gt_marks_shown(work->config->marks, pointer, text) != text;
}

/* Whether what a value must be was written as a reference: messages quote that. */
static bool has_hidden_bounds(const struct work *work, const struct parameter *parameter)
{
    struct gt_arena *arena = work->config->arena;
    const json_t *values = json_object_get(parameter->value, "allowed_values"), *value;
    const char *base = gt_pointer_join(arena, parameter->pointer, "allowed_values");
    bool hidden = is_reference(work, gt_pointer_join(arena, parameter->pointer, "pattern"),
                               json_object_get(parameter->value, "pattern"));
    size_t i;
    json_array_foreach(values, i, value) hidden =
        hidden || is_reference(work, gt_pointer_index(arena, base, i), value);
    return hidden;
}

/* The default goes into the schema when it is valid by it. */
static void put_default(const struct work *work, const struct parameter *parameter,
                        const char *type, json_t *out)
{
    const json_t *given = json_object_get(parameter->value, "default");
    struct gt_arena *arena = work->config->arena;
    const char *at = gt_printf(arena, "%s/default", parameter->pointer);
    struct gt_schema_problem problem = {0};
    struct gt_schema_problems problems = {0};
    const struct gt_schema *schema =
        gt_schema_compile(arena, gt_keep(arena, json_incref(out)), &problem);
    if (schema == NULL) {
        gt_config_error(work->config, work->diags, parameter->pointer, "bad-schema",
                        "parameter \"%s\" is not usable: %s", parameter->name, problem.message);
        return;
    }
    if (given == NULL)
        return;
    json_t *value = gt_keep(arena, typed(work, type, given, at));
    if (gt_schema_check(schema, arena, value, &problems)) {
        json_object_set(out, "default", value);
        return;
    }
    bool told = problems.len > 0 && !has_hidden_bounds(work, parameter);
    gt_config_error(work->config, work->diags, at, "bad-default",
                    "the default of \"%s\" does not fit: %s", parameter->name,
                    told ? problems.at[0].message : "it is not valid")
        ->hint = "give another default, or change what values may be";
}

static json_t *property_of(const struct work *work, const struct parameter *parameter)
{
    const char *type = gt_text_at(parameter->value, "/type");
    type = type != NULL ? type : "string";
    json_t *out = json_pack("{s:s, s:O*}", "type", type, "description",
                            json_object_get(parameter->value, "description"));
    put_bounds(work, parameter, type, out);
    put_items(work, parameter, type, out);
    put_default(work, parameter, type, out);
    return out;
}

static void check_required(const struct work *work, const struct parameter *parameter)
{
    if (!gt_flag_at(parameter->value, "/required", false) ||
        json_object_get(parameter->value, "default") == NULL)
        return;
    gt_config_error(work->config, work->diags,
                    gt_printf(work->config->arena, "%s/required", parameter->pointer), "conflict",
                    "parameter \"%s\" has a default and is required", parameter->name)
        ->hint = "leave one of them out";
}

json_t *gt_parameters_schema(const struct gt_config *config, const struct gt_tool *tool,
                             struct gt_diags *diags)
{
    const struct work work = {.config = config, .tool = tool, .diags = diags};
    size_t errors = diags->errors;
    struct parameters parameters = list_of(&work);
    json_auto_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < parameters.list.len; i++) {
        const struct parameter *parameter = &parameters.list.at[i];
        check_required(&work, parameter);
        json_object_set_new(properties, parameter->name, property_of(&work, parameter));
        bool optional = json_object_get(parameter->value, "default") != NULL;
        if (gt_flag_at(parameter->value, "/required", !optional))
            json_array_append_new(required, json_string(parameter->name));
    }
    if (diags->errors != errors)
        return NULL;
    json_t *out = json_pack("{s:s, s:O, s:b}", "type", "object", "properties", properties,
                            "additionalProperties", false);
    if (json_array_size(required) > 0)
        json_object_set(out, "required", required);
    return out;
}

/* Whether a caller must give it, as the schema's `required` says. */
static void set_required(json_t *schema, const char *name, bool required)
{
    json_t *list = json_object_get(schema, "required"), *item;
    size_t i;
    json_array_foreach(list, i, item)
    {
        if (gt_streq(json_string_value(item), name)) {
            if (!required)
                json_array_remove(list, i);
            return;
        }
    }
    if (required && list == NULL)
        json_object_set_new(schema, "required", list = json_array());
    if (required)
        json_array_append_new(list, json_string(name));
}

static void refine(const struct work *work, const struct parameter *parameter, json_t *schema)
{
    struct gt_arena *arena = work->config->arena;
    json_t *properties = json_object_get(schema, "properties"), *ignored;
    json_t *property = json_object_get(properties, parameter->name);
    const char *name, *type = gt_text_at(parameter->value, "/type");
    if (property == NULL) {
        GT_VEC(const char *) names = {0};
        json_object_foreach(properties, name, ignored) * GT_PUSH(arena, &names) = name;
        *GT_PUSH(arena, &names) = NULL;
        const char *near = gt_nearest(parameter->name, names.at);
        gt_config_error(work->config, work->diags, parameter->pointer, "unknown-parameter",
                        "a %s tool has no parameter \"%s\"", work->tool->type->name,
                        parameter->name)
            ->hint = near != NULL ? gt_printf(arena, "did you mean \"%s\"?", near) : NULL;
        return;
    }
    const char *own = gt_text_at(property, "/type");
    if (type != NULL && own != NULL && !gt_streq(type, own)) {
        gt_config_error(work->config, work->diags, gt_printf(arena, "%s/type", parameter->pointer),
                        "does-not-fit", "parameter \"%s\" of a %s tool is of type %s",
                        parameter->name, work->tool->type->name, own)
            ->hint = "leave type out";
        return;
    }
    check_required(work, parameter);
    const json_t *description = json_object_get(parameter->value, "description");
    if (description != NULL)
        json_object_set(property, "description", gt_iterable(description));
    put_bounds(work, parameter, own != NULL ? own : "string", property);
    put_default(work, parameter, own != NULL ? own : "string", property);
    if (json_object_get(property, "default") != NULL)
        set_required(schema, parameter->name, false);
    if (gt_flag_at(parameter->value, "/required", false))
        set_required(schema, parameter->name, true);
}

bool gt_parameters_refine(const struct gt_config *config, struct gt_tool *tool,
                          struct gt_diags *diags)
{
    const struct work work = {.config = config, .tool = tool, .diags = diags};
    size_t errors = diags->errors;
    if (gt_key_find(tool->type->keys, "parameters") != NULL)
        return true; /* prepare has made the schema of them */
    struct parameters parameters = list_of(&work);
    for (size_t i = 0; i < parameters.list.len; i++)
        refine(&work, &parameters.list.at[i], tool->input_schema);
    return diags->errors == errors;
}

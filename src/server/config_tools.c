/* Tools: each by the table of its type, from its settings to what clients see of it. */
#include "reading.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* A gateway shows TARGET___NAME and allows 64 characters in all. */
    GATEWAY_NAME_MAX = 36,
    RETRY_ATTEMPTS = 3,
    RETRY_BASE_MS = 1000
};

static struct gt_types_of tool_types(struct gt_arena *arena)
{
    struct gt_types_of types = {.common = gt_tool_common_keys};
    while (gt_tool_types[types.count] != NULL)
        types.count++;
    const char **names = gt_calloc(arena, types.count + 1, sizeof(*names));
    const struct gt_key **keys = gt_calloc(arena, types.count + 1, sizeof(*keys));
    for (size_t i = 0; i < types.count; i++) {
        names[i] = gt_tool_types[i]->name;
        keys[i] = gt_tool_types[i]->keys;
    }
    types.names = names;
    types.keys = keys;
    return types;
}

/* The source of a tool that does not name one: the only one of the kind. */
static const char *only_source(const struct gt_reading *reading, const struct gt_source_type *type)
{
    const struct gt_source_config *found = NULL;
    for (size_t i = 0; i < reading->config->sources.len; i++) {
        const struct gt_source_config *source = &reading->config->sources.at[i];
        if (source->type != type || gt_map_get(&reading->sources.by_name, source->name) == NULL)
            continue;
        if (found != NULL)
            return NULL;
        found = source;
    }
    /* One with mistakes might be the other one. */
    return found != NULL && !reading->sources_broken ? found->name : NULL;
}

/* A source of the tool's own, made of security.allowed_paths; its name is none that a file can
 * have. */
static const char *own_source(struct gt_reading *reading, const struct gt_tool *tool)
{
    struct gt_arena *arena = reading->arena;
    json_t *paths = gt_at(tool->settings, "/security/allowed_paths");
    const struct gt_entry entry = {.name = gt_printf(arena, "%s:", tool->name),
                                   .pointer = gt_printf(arena, "%s/security", tool->pointer),
                                   .value = gt_pack(arena, "{s:O}", "allowed_paths", paths)};
    bool good;
    const json_t *settings = gt_reading_check(reading, &entry, tool->type->source->keys, &good);
    if (!good)
        return NULL;
    struct gt_source_config *source = GT_PUSH(arena, &reading->config->sources);
    *source = (struct gt_source_config){.name = entry.name,
                                        .type = tool->type->source,
                                        .settings = settings,
                                        .pointer = entry.pointer};
    bool checked =
        source->type->check == NULL || source->type->check(reading->config, source, reading->diags);
    return checked ? entry.name : NULL;
}

static void no_source(const struct gt_reading *reading, const struct gt_tool *tool)
{
    const char *kind = tool->type->source->name;
    if (reading->sources_broken)
        return; /* it may be the one that was meant */
    struct gt_diag *diag = gt_reading_error(reading, tool->pointer, "missing-key",
                                            "tool \"%s\" has no \"source\"", tool->name);
    diag->pos = gt_marks_key_pos(reading->doc.marks, tool->pointer);
    diag->hint = gt_printf(reading->arena, "add source: with the name of a %s source%s", kind,
                           tool->type->own_source ? ", or security: {allowed_paths: [...]}" : "");
}

/* Whether the source that a tool names is there and of the right kind. */
static bool check_source(const struct gt_reading *reading, const struct gt_tool *tool)
{
    const struct gt_source_type *wanted = tool->type->source;
    const char *at = gt_printf(reading->arena, "%s/source", tool->pointer);
    const struct gt_source_config *source = gt_config_source(reading->config, tool->source);
    if (gt_map_get(&reading->sources.by_name, tool->source) == NULL) {
        gt_reading_unknown(reading, at, "source", tool->source, &reading->sources);
        return false;
    }
    if (source == NULL || source->type == wanted)
        return source != NULL;
    gt_reading_error(reading, at, "wrong-source", "a %s tool needs a %s source, and \"%s\" is %s",
                     tool->type->name, wanted->name, source->name, source->type->name)
        ->hint = gt_printf(reading->arena, "name a %s source", wanted->name);
    return false;
}

/* Folders that would be passed over are an error: who wrote them relies on them. */
static bool check_paths(const struct gt_reading *reading, const struct gt_tool *tool)
{
    const char *at = gt_printf(reading->arena, "%s/security/allowed_paths", tool->pointer);
    if (gt_at(tool->settings, "/security/allowed_paths") == NULL)
        return true;
    if (!tool->type->own_source)
        gt_reading_error(reading, at, "unused-paths", "a %s tool looks into no folders",
                         tool->type->name)
            ->hint = "leave allowed_paths out";
    else if (gt_at(tool->settings, "/source") != NULL)
        gt_reading_error(reading, at, "conflict",
                         "tool \"%s\" has a source, and folders of its own", tool->name)
            ->hint = "leave one of them out: a source has folders itself";
    else
        return true;
    return false;
}

/* False when the tool cannot be worked with, for a reason that has been reported. */
static bool find_source(struct gt_reading *reading, struct gt_tool *tool)
{
    const struct gt_source_type *wanted = tool->type->source;
    const char *at = gt_printf(reading->arena, "%s/source", tool->pointer);
    if (wanted == NULL && tool->source != NULL) {
        gt_reading_error(reading, at, "unused-source", "a %s tool works on no source",
                         tool->type->name)
            ->hint = "leave source out";
        return false;
    }
    if (wanted == NULL)
        return true;
    if (gt_was_reported(gt_text_at(tool->settings, "/source")))
        return false;
    if (tool->source != NULL)
        return check_source(reading, tool);
    if (tool->type->own_source && gt_at(tool->settings, "/security/allowed_paths") != NULL) {
        tool->source = own_source(reading, tool);
        return tool->source != NULL;
    }
    tool->source = only_source(reading, wanted);
    if (tool->source == NULL)
        no_source(reading, tool);
    return tool->source != NULL;
}

/* The tier of a tool; NULL after an error. */
static const char *find_tier(const struct gt_reading *reading, const struct gt_entry *entry,
                             const json_t *value)
{
    const char *given = gt_text_of(value, "/tier");
    const struct gt_entries *tiers = &reading->tiers;
    const char *at = gt_printf(reading->arena, "%s/tier", entry->pointer);
    bool none = tiers->list.len == 0;
    if (given != NULL &&
        (gt_map_get(&tiers->by_name, given) != NULL || (none && strcmp(given, "local") == 0)))
        return given;
    if (given != NULL) {
        gt_reading_unknown(reading, at, "tier", given, tiers);
        return NULL;
    }
    if (gt_was_reported(gt_text_at(value, "/tier")))
        return NULL;
    if (none || gt_map_get(&tiers->by_name, "local") != NULL)
        return "local";
    if (tiers->list.len == 1)
        return tiers->list.at[0].name;
    gt_reading_error(reading, entry->pointer, "missing-key", "tool \"%s\" has no \"tier\"",
                     entry->name)
        ->hint = "add tier: with the name of one of the tiers";
    return NULL;
}

static const struct gt_tier *tier_of(const struct gt_reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->config->tiers.len; i++)
        if (gt_streq(reading->config->tiers.at[i].name, name))
            return &reading->config->tiers.at[i];
    return NULL;
}

/* Hints of the file go over those of the type, also where the type knows better. */
static void override_annotations(const struct gt_reading *reading, struct gt_tool *tool)
{
    struct gt_annotations *hints = &tool->annotations;
    const json_t *over = gt_at(tool->settings, "/annotations");
    struct gt_annotations own = *hints;
    hints->read_only = gt_flag_at(over, "/read_only", own.read_only);
    hints->destructive = gt_flag_at(over, "/destructive", own.destructive && !hints->read_only);
    hints->idempotent = gt_flag_at(over, "/idempotent", own.idempotent || hints->read_only);
    hints->open_world = gt_flag_at(over, "/open_world", own.open_world);
    if (hints->read_only && !own.read_only)
        gt_reading_warning(
            reading, gt_printf(reading->arena, "%s/annotations/read_only", tool->pointer),
            "untrue-annotation",
            "tool \"%s\" is announced as read-only, and its settings let it write", tool->name)
            ->hint = "clients call read-only tools without asking";
}

/* MCP specification, "Tools", data types. */
static json_t *definition_of(const struct gt_tool *tool)
{
    const struct gt_annotations *hints = &tool->annotations;
    json_t *annotations = json_pack("{s:b, s:b, s:b, s:b}", "readOnlyHint", hints->read_only,
                                    "destructiveHint", hints->destructive, "idempotentHint",
                                    hints->idempotent, "openWorldHint", hints->open_world);
    const char *title = gt_text_at(tool->settings, "/annotations/title");
    if (title != NULL)
        json_object_set_new(annotations, "title", json_string(title));
    return json_pack("{s:s, s:s*, s:s, s:O, s:O*, s:o, s:{s:s, s:s}}", "name", tool->name, "title",
                     tool->title, "description", tool->description, "inputSchema",
                     tool->input_schema, "outputSchema", tool->output_schema, "annotations",
                     annotations, "_meta", "gantry/tier", tool->tier, "gantry/category",
                     tool->category);
}

static void finish(const struct gt_reading *reading, struct gt_tool *tool)
{
    struct gt_schema_problem problem = {0};
    tool->validator = gt_schema_compile(reading->arena, tool->input_schema, &problem);
    if (tool->validator == NULL) {
        gt_reading_error(reading, tool->pointer, "bad-schema",
                         "the input schema of \"%s\" is not usable: %s", tool->name,
                         problem.message)
            ->hint = gt_printf(reading->arena, "look at %s", problem.pointer);
        return;
    }
    override_annotations(reading, tool);
    tool->definition = gt_keep(reading->arena, definition_of(tool));
}

static struct gt_tool *new_tool(const struct gt_reading *reading, const struct gt_entry *entry,
                                const struct gt_tool_type *type, const json_t *value)
{
    struct gt_tool *tool = GT_NEW(reading->arena, struct gt_tool);
    const char *category = gt_text_at(value, "/category"),
               *description = gt_text_at(value, "/description");
    *tool = (struct gt_tool){
        .name = entry->name,
        .title = gt_text_at(value, "/title"),
        .description = description != NULL ? description : type->summary,
        .type = type,
        .category = category != NULL ? category : type->category,
        .source = gt_text_of(value, "/source"),
        .settings = value,
        .pointer = entry->pointer,
        .limits = gt_limits_at(value, "/limits"),
        .retry = {.attempts = (int)gt_number_at(value, "/retry/attempts", RETRY_ATTEMPTS),
                  .base_ms = gt_number_at(value, "/retry/base_ms", RETRY_BASE_MS)},
        .scopes = gt_texts_at(reading->arena, value, "/security/scopes"),
        .requires_auth = gt_flag_at(value, "/security/requires_auth", false),
    };
    if (tool->scopes == NULL)
        tool->scopes = gt_calloc(reading->arena, 1, sizeof(*tool->scopes));
    return tool;
}

/* A tool's own time, else its tier's, else the default. */
static void set_timeout(const struct gt_reading *reading, struct gt_tool *tool)
{
    const struct gt_tier *tier = tier_of(reading, tool->tier);
    int64_t own = gt_number_at(tool->settings, "/timeout_ms", tool->limits.timeout_ms);
    int64_t tiers = tier != NULL ? tier->limits.timeout_ms : 0;
    tool->limits.timeout_ms = own > 0 ? own : tiers > 0 ? tiers : GT_TIMEOUT_DEFAULT_MS;
}

static void read_tool(struct gt_reading *reading, const struct gt_entry *entry,
                      const struct gt_types_of *types)
{
    size_t row;
    bool good;
    if (strlen(entry->name) > GATEWAY_NAME_MAX) {
        struct gt_diag *diag = gt_reading_warning(
            reading, entry->pointer, "long-name", "the name \"%s\" is longer than %d characters",
            gt_one_line(reading->arena, entry->name, 64), GATEWAY_NAME_MAX);
        diag->pos = gt_marks_key_pos(reading->doc.marks, entry->pointer);
        diag->hint = "a gateway puts its target's name and ___ before it, and allows 64 in all";
    }
    const json_t *value = gt_reading_check_typed(reading, entry, types, &row, &good);
    const char *tier = find_tier(reading, entry, value);
    if (row == types->count)
        return;
    struct gt_tool *tool = new_tool(reading, entry, gt_tool_types[row], value);
    bool has_source = check_paths(reading, tool) && find_source(reading, tool);
    if (good && (tier == NULL || !has_source) &&
        gt_key_find(tool->type->keys, "parameters") != NULL)
        json_decref(gt_parameters_schema(reading->config, tool, reading->diags)); /* its mistakes */
    if (tier == NULL || !has_source || !good)
        return;
    tool->tier = tier;
    set_timeout(reading, tool);
    if (!tool->type->prepare(reading->config, tool, reading->diags) ||
        !gt_parameters_refine(reading->config, tool, reading->diags))
        return;
    finish(reading, tool);
    *GT_PUSH(reading->arena, &reading->config->tools) = tool;
}

static int by_name(const void *a, const void *b)
{
    const struct gt_tool *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

void gt_tools_sort(const struct gt_tool **tools, size_t count)
{
    if (count > 1)
        qsort(tools, count, sizeof(*tools), by_name);
}

void gt_read_tools(struct gt_reading *reading)
{
    static const struct gt_section_of section = {"tools", "tool", &gt_tool_name};
    struct gt_config *config = reading->config;
    const struct gt_types_of types = tool_types(reading->arena);
    gt_reading_entries(reading, &section, &reading->tools);
    for (size_t i = 0; i < reading->tools.list.len; i++)
        read_tool(reading, &reading->tools.list.at[i], &types);
    gt_tools_sort(config->tools.at, config->tools.len);
    if (reading->tools.list.len == 0)
        gt_reading_warning(reading, "/tools", "no-tools", "the configuration has no tools")->hint =
            "add one under tools, or with `gantry-mcp register`";
}

const struct gt_tool *gt_config_tool(const struct gt_config *config, const char *name)
{
    const struct gt_tool key = {.name = name}, *wanted = &key;
    const struct gt_tool **found = NULL;
    if (name != NULL && config->tools.len > 0)
        found = bsearch(&wanted, config->tools.at, config->tools.len, sizeof(*config->tools.at),
                        by_name);
    return found != NULL ? *found : NULL;
}

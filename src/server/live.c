/* A configuration at work: what each path offers. */
#include "parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/authorizer.h>

/* The two tools that stand for all others where `discovery: search` is set: their input schemas. */
static const char search_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"query\":{\"type\":\"string\",\"description\":\"what the tool should do\"},"
    "\"category\":{\"type\":\"string\",\"description\":\"only tools of this category\"},"
    "\"limit\":{\"type\":\"integer\",\"description\":\"how many at the most\",\"minimum\":1,"
    "\"maximum\":50,\"default\":10}},\"additionalProperties\":false}";
static const char call_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\",\"description\":\"the tool's name\"},"
    "\"arguments\":{\"type\":\"object\",\"description\":\"its arguments, by its input schema\"}},"
    "\"required\":[\"name\"],\"additionalProperties\":false}";

static json_t *hints_json(const struct gt_annotations *hints)
{
    return json_pack("{s:b, s:b, s:b, s:b}", "readOnlyHint", hints->read_only, "destructiveHint",
                     hints->destructive, "idempotentHint", hints->idempotent, "openWorldHint",
                     hints->open_world);
}

/* A call can do what any of the tools can. */
static struct gt_annotations hints_of_all(const struct gt_shelf *shelf)
{
    struct gt_annotations all = {.read_only = true, .idempotent = true};
    for (size_t i = 0; i < shelf->count; i++) {
        const struct gt_annotations *one = &shelf->tools[i]->annotations;
        all.read_only &= one->read_only;
        all.idempotent &= one->idempotent;
        all.destructive |= one->destructive;
        all.open_world |= one->open_world;
    }
    return all;
}

static const struct gt_schema *compiled(struct gt_arena *arena, const char *text, json_t **schema)
{
    struct gt_schema_problem problem = {0};
    *schema = gt_keep(arena, json_loads(text, 0, NULL));
    return gt_schema_compile(arena, *schema, &problem);
}

static void show_pair(struct gt_arena *arena, struct gt_shelf *shelf)
{
    const struct gt_annotations looks = {.read_only = true, .idempotent = true},
                                calls = hints_of_all(shelf);
    json_t *search, *call;
    shelf->search_arguments = compiled(arena, search_schema, &search);
    shelf->call_arguments = compiled(arena, call_schema, &call);
    /* The same for every caller, so it does not say how many tools there are. */
    static const char about[] =
        "Finds tools by what they do, with their input schemas; without a query: the categories "
        "of all tools. Use call_tool to call one.";
    shelf->listed =
        gt_keep(arena, json_pack("[{s:s, s:s, s:s, s:O, s:o}, {s:s, s:s, s:s, s:O, s:o}]", "name",
                                 "search_tools", "title", "Search tools", "description", about,
                                 "inputSchema", search, "annotations", hints_json(&looks), "name",
                                 "call_tool", "title", "Call a tool", "description",
                                 "Calls a tool that search_tools found.", "inputSchema", call,
                                 "annotations", hints_json(&calls)));
}

/* The usual answer is written once. */
static void write_list(struct gt_arena *arena, struct gt_shelf *shelf)
{
    if (json_array_size(shelf->listed) > GT_TOOLS_PAGE)
        return;
    json_auto_t *result = json_pack("{s:O}", "tools", shelf->listed);
    struct gt_buf text = gt_buf_init((size_t)64 * 1024 * 1024);
    gt_buf_add_json(&text, result, JSON_COMPACT);
    if (!text.overflow) {
        shelf->text = gt_strndup(arena, text.ptr, text.len);
        shelf->text_len = text.len;
    }
    gt_buf_done(&text);
}

static void add_shelf(struct gt_live *live, const struct gt_tier *tier,
                      const struct gt_toolset *toolset)
{
    struct gt_shelf *shelf = GT_PUSH(live->arena, &live->shelves);
    *shelf = (struct gt_shelf){.tier = tier, .toolset = toolset};
    shelf->tools = toolset != NULL ? toolset->tools.at : tier->tools.at;
    size_t count = toolset != NULL ? toolset->tools.len : tier->tools.len;
    /* A toolset may name tools of several tiers: a listener serves those of its own alone. */
    const struct gt_tool **own = gt_calloc(live->arena, count + 1, sizeof(*own));
    shelf->by_name = gt_map_init(live->arena);
    for (size_t i = 0; i < count; i++) {
        if (!gt_streq(shelf->tools[i]->tier, tier->name))
            continue;
        own[shelf->count] = shelf->tools[i];
        gt_map_set(&shelf->by_name, shelf->tools[i]->name, &own[shelf->count++]);
    }
    shelf->tools = own;
    shelf->search = gt_search_new(live->arena, own, shelf->count);
    if (tier->search) {
        show_pair(live->arena, shelf);
    } else {
        shelf->listed = gt_keep(live->arena, json_array());
        for (size_t i = 0; i < shelf->count; i++)
            json_array_append(shelf->listed, own[i]->definition);
    }
    write_list(live->arena, shelf);
}

struct gt_live *gt_live_new(struct gt_config *config)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_live *live = GT_NEW(arena, struct gt_live);
    *live = (struct gt_live){.config = config, .arena = arena, .refs = 1};
    for (size_t i = 0; i < config->tiers.len; i++) {
        const struct gt_tier *tier = &config->tiers.at[i];
        add_shelf(live, tier, NULL);
        for (size_t k = 0; k < tier->toolsets.len; k++)
            add_shelf(live, tier, tier->toolsets.at[k]);
    }
    return live;
}

void gt_live_hold(struct gt_live *live)
{
    live->refs++;
}

void gt_live_release(struct gt_live *live)
{
    if (live == NULL || --live->refs > 0)
        return;
    gt_config_free(live->config);
    gt_arena_free(live->arena);
}

const struct gt_tier *gt_live_tier(const struct gt_live *live, const char *name)
{
    for (size_t i = 0; i < live->config->tiers.len; i++)
        if (name == NULL || gt_streq(live->config->tiers.at[i].name, name))
            return &live->config->tiers.at[i];
    return NULL;
}

struct gt_shelf *gt_live_shelf(struct gt_live *live, const char *tier, const char *toolset)
{
    for (size_t i = 0; i < live->shelves.len; i++) {
        struct gt_shelf *shelf = &live->shelves.at[i];
        bool same = toolset == NULL
                        ? shelf->toolset == NULL
                        : shelf->toolset != NULL && gt_streq(shelf->toolset->name, toolset);
        if (same && gt_streq(shelf->tier->name, tier))
            return shelf;
    }
    return NULL;
}

const struct gt_tool *gt_shelf_tool(const struct gt_shelf *shelf, const char *name)
{
    const struct gt_tool *const *place = gt_map_get(&shelf->by_name, name);
    return place != NULL ? *place : NULL;
}

bool gt_tool_allowed(const struct gt_tool *tool, const struct gt_visit *visit)
{
    for (const char *const *scope = tool->scopes; scope != NULL && *scope != NULL; scope++)
        if (!visit->trusted && !gt_claims_have_scope(visit->claims, *scope))
            return false;
    return true;
}

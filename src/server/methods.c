/* What the server does of MCP beside what every server does: tools, and where the list is long, the
 * pair of tools that finds and calls the others. */
#include "parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { FOUND_USUAL = 10, NAMED = 100 };

static struct gt_shelf *shelf_of(const struct gt_mcp_call *call)
{
    const struct gt_visit *visit = call->endpoint;
    return gt_live_shelf(visit->listener->service->live, visit->listener->tier, visit->toolset);
}

/* Whether the tier's limits let this request in. A POST was counted when it came, and with it the
 * first message of a batch; the others of a batch, and those over pipes, count here. */
static bool may_enter(const struct gt_mcp_call *call)
{
    struct gt_visit *visit = call->endpoint;
    struct gt_listener *listener = visit->listener;
    const struct gt_tier *tier = gt_live_tier(listener->service->live, listener->tier);
    bool admitted = visit->admitted;
    visit->admitted = false;
    return admitted || tier == NULL ||
           (gt_gate_has_room(&listener->gate, &tier->limits) &&
            gt_gate_take(&listener->gate, &tier->limits,
                         gt_monotonic_ms(gt_loop_sys(listener->service->loop))) == 0);
}

/* The tools of a shelf that this caller may use. New reference. */
static json_t *allowed_tools(const struct gt_shelf *shelf, const struct gt_visit *visit)
{
    bool all = true;
    for (size_t i = 0; all && i < shelf->count; i++)
        all = gt_tool_allowed(shelf->tools[i], visit);
    if (all || shelf->tier->search)
        return json_incref(shelf->listed);
    json_t *tools = json_array();
    for (size_t i = 0; i < shelf->count; i++)
        if (gt_tool_allowed(shelf->tools[i], visit))
            json_array_append(tools, shelf->tools[i]->definition);
    return tools;
}

static void tools_list(void *self, struct gt_mcp_call *call)
{
    const struct gt_visit *visit = call->endpoint;
    const struct gt_shelf *shelf = shelf_of(call);
    (void)self;
    if (!may_enter(call)) {
        gt_mcp_error(call, GT_SERVER_OVERLOADED, "too many requests: try again soon", NULL);
        return;
    }
    json_auto_t *tools = shelf != NULL ? allowed_tools(shelf, visit) : json_array();
    if (shelf != NULL && tools == shelf->listed && shelf->text != NULL &&
        json_object_get(call->params, "cursor") == NULL) {
        gt_mcp_result_text(call, shelf->text, shelf->text_len);
        return;
    }
    json_t *page = gt_mcp_page(call, "tools", tools, GT_TOOLS_PAGE);
    if (page != NULL)
        gt_mcp_result(call, page);
}

static void text_result(struct gt_mcp_call *call, json_t *structured)
{
    const char *text = gt_json_canonical(call->arena, structured);
    gt_mcp_result(call, json_pack("{s:[{s:s, s:s}], s:o}", "content", "type", "text", "text", text,
                                  "structuredContent", structured));
}

/* The first of the found tools, and how many there are in all. New reference. */
static json_t *found_tools(const struct gt_visit *visit, const struct gt_found *found, size_t count,
                           size_t most)
{
    json_t *tools = json_array();
    size_t total = 0; /* of what this caller may know of */
    for (size_t i = 0; i < count; i++) {
        const struct gt_tool *tool = found[i].tool;
        if (!gt_tool_allowed(tool, visit) || ++total > most)
            continue;
        json_t *item = json_copy(tool->definition);
        json_object_set_new(item, "tier", json_string(tool->tier));
        json_object_set_new(item, "category", json_string(tool->category));
        json_array_append_new(tools, item);
    }
    return json_pack("{s:o, s:i}", "tools", tools, "total", (int)total);
}

/* Whether the arguments of one of the pair are valid; else answers. */
static bool fits(struct gt_mcp_call *call, const struct gt_schema *schema, const json_t *arguments)
{
    struct gt_schema_problems problems = {0};
    if (gt_schema_check(schema, call->arena, arguments, &problems))
        return true;
    gt_mcp_result(call, gt_call_misfit(call->arena, &problems));
    return false;
}

static void search_tools(struct gt_mcp_call *call, const struct gt_shelf *shelf,
                         const json_t *arguments)
{
    const struct gt_visit *visit = call->endpoint;
    if (!fits(call, shelf->search_arguments, arguments))
        return;
    const char *query = gt_text_at(arguments, "/query");
    const char *category = gt_text_at(arguments, "/category");
    const json_t *limit = json_object_get(arguments, "limit");
    size_t most = limit != NULL ? (size_t)json_number_value(limit) : FOUND_USUAL;
    struct gt_found *found = gt_calloc(call->arena, shelf->count + 1, sizeof(*found));
    size_t count = 0;
    if (query != NULL && *query != '\0') {
        count = gt_search_find(shelf->search, call->arena, query, category, found, shelf->count);
    } else if (category != NULL) {
        for (size_t i = 0; i < shelf->count; i++)
            if (gt_streq(shelf->tools[i]->category, category))
                found[count++].tool = shelf->tools[i];
    } else {
        const struct gt_tool **tools = gt_calloc(call->arena, shelf->count + 1, sizeof(*tools));
        for (size_t i = 0; i < shelf->count; i++)
            if (gt_tool_allowed(shelf->tools[i], visit))
                tools[count++] = shelf->tools[i];
        text_result(call, gt_tool_hierarchy(tools, count, NAMED));
        return;
    }
    text_result(call, found_tools(visit, found, count, most));
}

static void start(struct gt_mcp_call *call, const struct gt_shelf *shelf, const char *name,
                  const json_t *arguments)
{
    struct gt_visit *visit = call->endpoint;
    struct gt_listener *listener = visit->listener;
    const struct gt_tool *tool = shelf != NULL && name != NULL ? gt_shelf_tool(shelf, name) : NULL;
    if (tool == NULL || !gt_tool_allowed(tool, visit)) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS,
                     name == NULL ? "the tool's name is missing"
                                  : gt_printf(call->arena, "unknown tool \"%s\"",
                                              gt_one_line(call->arena, name, 128)),
                     NULL);
        return;
    }
    const struct gt_call_order order = {.listener = listener,
                                        .tool = tool,
                                        .arguments = arguments,
                                        .caller = visit->caller,
                                        .checked = visit->claims != NULL || visit->trusted ||
                                                   shelf->tier->trust != GT_TRUST_NONE,
                                        .mcp = call};
    gt_call_start(listener->service, &order);
}

/* A name that is none is the model's mistake here, and for it to read. */
static void call_tool(struct gt_mcp_call *call, const struct gt_shelf *shelf,
                      const json_t *arguments)
{
    if (!fits(call, shelf->call_arguments, arguments))
        return;
    const char *name = gt_text_at(arguments, "/name");
    const struct gt_tool *tool = gt_shelf_tool(shelf, name);
    if (tool != NULL && gt_tool_allowed(tool, call->endpoint))
        start(call, shelf, name, json_object_get(arguments, "arguments"));
    else
        gt_mcp_result(call, gt_call_failure(GT_FAILURE_ARGUMENTS,
                                            gt_printf(call->arena,
                                                      "unknown tool \"%s\": search_tools finds "
                                                      "those that there are",
                                                      gt_one_line(call->arena, name, 128))));
}

static void tools_call(void *self, struct gt_mcp_call *call)
{
    const struct gt_shelf *shelf = shelf_of(call);
    const char *name = json_string_value(json_object_get(call->params, "name"));
    const json_t *arguments = json_object_get(call->params, "arguments");
    (void)self;
    if (arguments == NULL)
        arguments = gt_keep(call->arena, json_object());
    if (!may_enter(call))
        gt_mcp_result(call,
                      gt_call_failure(GT_FAILURE_LIMIT, "the server is busy: try again soon"));
    else if (shelf == NULL || !shelf->tier->search || name == NULL)
        start(call, shelf, name, arguments);
    else if (gt_streq(name, "search_tools"))
        search_tools(call, shelf, arguments);
    else if (gt_streq(name, "call_tool"))
        call_tool(call, shelf, arguments);
    else /* who knows a tool need not search for it */
        start(call, shelf, name, arguments);
}

const struct gt_mcp_method gt_server_methods[] = {
    {"tools/list", GT_MCP_LIST, tools_list},
    {"tools/call", GT_MCP_NAMED, tools_call},
    {NULL, 0, NULL},
};

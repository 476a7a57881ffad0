/*
 * The tools, prompts and resources that the official MCP conformance suite asks of a server under
 * test, as data in conformance.json and, where they do something, here. Served with --conformance
 * and never otherwise.
 */
#include "conformance.h"

#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct gt_loop *loop;
    json_t *data, *tools, *prompts; /* the file; what the lists show */
    json_t *mirrored;               /* {tool: {argument: header}} */
};

typedef void tool_fn(struct fixture *fixture, struct gt_mcp_call *call);

/* -- tools that take time -- */

struct pace {
    struct gt_mcp_call *call;
    struct gt_loop *loop;
    int step;
    void (*say)(struct gt_mcp_call *call, int step);
};

static void go_on(void *payload)
{
    struct pace *pace = payload;
    pace->say(pace->call, pace->step++);
    if (pace->step == 3)
        gt_mcp_result(pace->call, gt_conformance_text("done in three steps"));
    else
        gt_timer_start(pace->loop, 50, go_on, pace);
}

static void in_steps(struct fixture *fixture, struct gt_mcp_call *call,
                     void (*say)(struct gt_mcp_call *call, int step))
{
    struct pace *pace = GT_NEW(call->arena, struct pace);
    *pace = (struct pace){.call = call, .loop = fixture->loop, .say = say};
    go_on(pace);
}

static void say_log(struct gt_mcp_call *call, int step)
{
    static const char *const texts[] = {"Tool execution started", "Tool processing data",
                                        "Tool execution completed"};
    gt_mcp_notify(call, "notifications/message",
                  json_pack("{s:s, s:s}", "level", "info", "data", texts[step]));
}

static void say_progress(struct gt_mcp_call *call, int step)
{
    gt_mcp_progress(call, step * 50, 100, NULL);
}

static void with_logging(struct fixture *fixture, struct gt_mcp_call *call)
{
    in_steps(fixture, call, say_log);
}

static void with_progress(struct fixture *fixture, struct gt_mcp_call *call)
{
    in_steps(fixture, call, say_progress);
}

/* -- other tools -- */

static void always_fails(struct fixture *fixture, struct gt_mcp_call *call)
{
    (void)fixture;
    gt_mcp_tool_error(call, "This tool intentionally returns an error for testing");
}

static void needs_sampling(struct fixture *fixture, struct gt_mcp_call *call)
{
    (void)fixture;
    if (json_is_object(json_object_get(call->client_capabilities, "sampling")))
        gt_mcp_result(call, gt_conformance_text("the client can sample"));
    else
        gt_mcp_error(call, GT_MCP_MISSING_CAPABILITY, "the client cannot sample",
                     json_pack("{s:{s:{}}}", "requiredCapabilities", "sampling"));
}

static void logs_once(struct fixture *fixture, struct gt_mcp_call *call)
{
    (void)fixture;
    say_log(call, 0);
    gt_mcp_result(call, gt_conformance_text("logged"));
}

static void changes_tools(struct fixture *fixture, struct gt_mcp_call *call)
{
    (void)fixture;
    gt_mcp_list_changed(call->server, "tools");
    gt_mcp_result(call, gt_conformance_text("changed"));
}

static void changes_prompts(struct fixture *fixture, struct gt_mcp_call *call)
{
    (void)fixture;
    gt_mcp_list_changed(call->server, "prompts");
    gt_mcp_result(call, gt_conformance_text("changed"));
}

static const struct {
    const char *name;
    tool_fn *run;
} tools[] = {
    {"test_error_handling", always_fails},
    {"test_tool_with_logging", with_logging},
    {"test_logging_tool", logs_once},
    {"test_tool_with_progress", with_progress},
    {"test_missing_capability", needs_sampling},
    {"test_trigger_tool_change", changes_tools},
    {"test_trigger_prompt_change", changes_prompts},
};

/* -- methods -- */

static void tools_list(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    json_t *page = gt_mcp_page(call, "tools", fixture->tools, 100);
    if (page != NULL)
        gt_mcp_result(call, page);
}

static void tools_call(void *self, struct gt_mcp_call *call)
{
    struct fixture *fixture = self;
    const char *name = gt_text_at(call->params, "/name");
    const json_t *tool = json_object_get(json_object_get(fixture->data, "tools"), name);
    if (name == NULL || tool == NULL) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "unknown tool", NULL);
        return;
    }
    json_t *result = json_object_get(tool, "result");
    if (result != NULL) {
        gt_mcp_result(call, json_incref(result));
    } else if (json_object_get(tool, "ask") != NULL) {
        gt_conformance_ask(call, json_object_get(tool, "ask"));
    } else if (json_object_get(tool, "rounds") != NULL) {
        if (!gt_conformance_ask_by_result(call, tool))
            gt_mcp_result(call, gt_conformance_text(gt_conformance_heard(call)));
    } else {
        for (size_t i = 0; i < GT_COUNT(tools); i++)
            if (strcmp(tools[i].name, name) == 0) {
                tools[i].run(fixture, call);
                return;
            }
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, "the tool does nothing", NULL);
    }
}

static void prompts_list(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    json_t *page = gt_mcp_page(call, "prompts", fixture->prompts, 100);
    if (page != NULL)
        gt_mcp_result(call, page);
}

/* A copy in which each "{name}" in a text is the argument of that name. */
static json_t *filled(struct gt_arena *arena, const json_t *value, const json_t *arguments)
{
    json_t *copy = json_is_array(value) ? json_array() : json_object(), *item;
    const char *key;
    size_t i;
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        json_object_foreach(gt_iterable(arguments), key, item)
        {
            const char *at = strstr(text, gt_printf(arena, "{%s}", key));
            if (at != NULL && json_is_string(item))
                text = gt_printf(arena, "%.*s%s%s", (int)(at - text), text, json_string_value(item),
                                 at + strlen(key) + 2);
        }
        json_decref(copy);
        return json_string(text);
    }
    json_array_foreach(value, i, item) json_array_append_new(copy, filled(arena, item, arguments));
    json_object_foreach(gt_iterable(value), key, item)
        json_object_set_new(copy, key, filled(arena, item, arguments));
    return copy;
}

static void prompts_get(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    const char *name = gt_text_at(call->params, "/name");
    const json_t *prompt = json_object_get(json_object_get(fixture->data, "prompts"), name);
    json_t *argument;
    size_t i;
    if (name == NULL || prompt == NULL) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "unknown prompt", NULL);
        return;
    }
    json_array_foreach(json_object_get(prompt, "arguments"), i, argument)
    {
        if (json_object_get(gt_conformance_arguments(call), gt_text_at(argument, "/name")) ==
            NULL) {
            gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "an argument of the prompt is missing", NULL);
            return;
        }
    }
    const json_t *result = json_object_get(prompt, "result");
    if (result != NULL)
        gt_mcp_result(call, filled(call->arena, result, gt_conformance_arguments(call)));
    else if (!gt_conformance_ask_by_result(call, prompt))
        gt_mcp_result(call,
                      json_pack("{s:[{s:s, s:{s:s, s:s}}]}", "messages", "role", "user", "content",
                                "type", "text", "text", gt_conformance_heard(call)));
}

static void resources_list(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    json_t *page = gt_mcp_page(call, "resources", json_object_get(fixture->data, "resources"), 100);
    if (page != NULL)
        gt_mcp_result(call, page);
}

static void templates_list(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    json_t *page =
        gt_mcp_page(call, "resourceTemplates", json_object_get(fixture->data, "templates"), 100);
    if (page != NULL)
        gt_mcp_result(call, page);
}

static json_t *from_template(struct gt_arena *arena, const char *uri)
{
    static const char before[] = "test://template/", behind[] = "/data";
    if (!gt_starts_with(uri, before) || !gt_ends_with(uri, behind))
        return NULL;
    const char *id = uri + strlen(before);
    if (strlen(id) < strlen(behind)) /* both share a slash */
        return NULL;
    size_t len = strlen(id) - strlen(behind);
    const char *text =
        gt_printf(arena, "{\"id\":\"%.*s\",\"templateTest\":true,\"data\":\"Data for ID: %.*s\"}",
                  (int)len, id, (int)len, id);
    return json_pack("{s:s, s:s, s:s}", "uri", uri, "mimeType", "application/json", "text", text);
}

static void resources_read(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    const char *uri = gt_text_at(call->params, "/uri");
    if (uri == NULL) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "uri is missing", NULL);
        return;
    }
    json_t *content =
               json_deep_copy(json_object_get(json_object_get(fixture->data, "contents"), uri)),
           *item;
    size_t i;
    json_array_foreach(json_object_get(fixture->data, "resources"), i, item)
    {
        if (content == NULL || !gt_streq(gt_text_at(item, "/uri"), uri))
            continue;
        json_object_set(content, "uri", json_object_get(item, "uri"));
        json_object_set(content, "mimeType", json_object_get(item, "mimeType"));
    }
    if (content == NULL)
        content = from_template(call->arena, uri);
    if (content == NULL)
        gt_mcp_error(call, GT_MCP_RESOURCE_NOT_FOUND, "Resource not found",
                     json_pack("{s:s}", "uri", uri));
    else
        gt_mcp_result(call, json_pack("{s:[o]}", "contents", content));
}

static void accept_all(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_result(call, NULL);
}

static void complete(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_result(call, json_pack("{s:{s:[s, s, s], s:i, s:b}}", "completion", "values", "paris",
                                  "park", "party", "total", 3, "hasMore", 0));
}

static const struct gt_mcp_method methods[] = {
    {"tools/list", GT_MCP_LIST, tools_list},
    {"tools/call", GT_MCP_NAMED, tools_call},
    {"prompts/list", GT_MCP_LIST, prompts_list},
    {"prompts/get", GT_MCP_NAMED, prompts_get},
    {"resources/list", GT_MCP_LIST, resources_list},
    {"resources/templates/list", GT_MCP_LIST, templates_list},
    {"resources/read", GT_MCP_LIST | GT_MCP_NAMED, resources_read},
    {"resources/subscribe", GT_MCP_LEGACY, accept_all},
    {"resources/unsubscribe", GT_MCP_LEGACY, accept_all},
    {"completion/complete", 0, complete},
    {NULL, 0, NULL},
};

static const json_t *mirrored(void *self, struct gt_mcp_call *call)
{
    const struct fixture *fixture = self;
    const char *name = gt_text_at(call->params, "/name");
    return name != NULL ? json_object_get(fixture->mirrored, name) : NULL;
}

/* -- start -- */

static void list_tools(struct fixture *fixture)
{
    const char *name, *argument;
    json_t *tool, *property;
    json_object_foreach(json_object_get(fixture->data, "tools"), name, tool)
    {
        json_t *schema = json_object_get(tool, "inputSchema");
        json_t *headers = json_object();
        json_array_append_new(fixture->tools,
                              json_pack("{s:s, s:O, s:o}", "name", name, "description",
                                        json_object_get(tool, "description"), "inputSchema",
                                        schema != NULL ? json_incref(schema)
                                                       : json_pack("{s:s, s:b}", "type", "object",
                                                                   "additionalProperties", 0)));
        json_object_foreach(json_object_get(schema, "properties"), argument,
                            property) if (json_object_get(property, "x-mcp-header") != NULL)
            json_object_set(headers, argument, json_object_get(property, "x-mcp-header"));
        json_object_set_new(fixture->mirrored, name, headers);
    }
}

static void list_prompts(struct fixture *fixture)
{
    const char *name;
    json_t *prompt;
    json_object_foreach(json_object_get(fixture->data, "prompts"), name, prompt)
        json_array_append_new(fixture->prompts,
                              json_pack("{s:s, s:O, s:O*}", "name", name, "description",
                                        json_object_get(prompt, "description"), "arguments",
                                        json_object_get(prompt, "arguments")));
}

const struct gt_mcp_server_options *gt_conformance(struct gt_arena *arena, struct gt_loop *loop)
{
    struct fixture *fixture = GT_NEW(arena, struct fixture);
    fixture->loop = loop;
    fixture->data = gt_keep(arena, json_loads(gt_conformance_json, 0, NULL));
    fixture->tools = gt_keep(arena, json_array());
    fixture->prompts = gt_keep(arena, json_array());
    fixture->mirrored = gt_keep(arena, json_object());
    list_tools(fixture);
    list_prompts(fixture);
    struct gt_mcp_server_options *options = GT_NEW(arena, struct gt_mcp_server_options);
    *options = (struct gt_mcp_server_options){
        .loop = loop,
        .server_info = gt_pack(arena, "{s:s, s:s}", "name", "gantry-mcp-conformance", "version",
                               GANTRY_VERSION),
        .capabilities = json_object_get(fixture->data, "capabilities"),
        .methods = methods,
        .self = fixture,
        .ttl_ms = 60 * 1000,
        .mirrored = mirrored,
    };
    return options;
}

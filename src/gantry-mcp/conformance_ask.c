/*
 * How the conformance suite's fixtures ask the client for something in the middle of a call: before
 * 2026-07-28 by a request of the server's, from then on by a result that lists what is wanted.
 */
#include "conformance.h"

#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

json_t *gt_conformance_text(const char *text)
{
    return json_pack("{s:[{s:s, s:s}]}", "content", "type", "text", "text", text);
}

const json_t *gt_conformance_arguments(const struct gt_mcp_call *call)
{
    return json_object_get(call->params, "arguments");
}

/* -- by a request -- */

struct asking {
    struct gt_mcp_call *call;
    const char *says;
};

static void asked(void *payload, const json_t *result, const json_t *error)
{
    struct asking *asking = payload;
    struct gt_arena *arena = asking->call->arena;
    if (result == NULL) {
        gt_mcp_tool_error(asking->call, "the client did not answer: %s",
                          error != NULL ? gt_json_canonical(arena, error) : "no reason");
        return;
    }
    const char *said = gt_text_at(result, "/content/text");
    if (said == NULL)
        said = gt_printf(arena, "action=%s, content=%s", gt_text_at(result, "/action"),
                         gt_json_canonical(arena, gt_pack(arena, "O?", gt_at(result, "/content"))));
    gt_mcp_result(asking->call, gt_conformance_text(gt_printf(arena, "%s%s", asking->says, said)));
}

void gt_conformance_ask(struct gt_mcp_call *call, const json_t *what)
{
    struct asking *asking = GT_NEW(call->arena, struct asking);
    asking->call = call;
    asking->says = gt_text_at(what, "/says");
    json_t *params = json_deep_copy(json_object_get(what, "params"));
    const char *message = gt_text_at(gt_conformance_arguments(call), "/message");
    if (params == NULL)
        params = json_pack("{s:[{s:s, s:{s:s, s:s}}], s:i}", "messages", "role", "user", "content",
                           "type", "text", "text",
                           gt_text_at(gt_conformance_arguments(call), "/prompt"), "maxTokens", 100);
    else if (message != NULL)
        json_object_set_new(params, "message", json_string(message));
    gt_mcp_ask(call, gt_text_at(what, "/method"), params, 10000, asked, asking);
}

/* -- by a result -- */

/* The state of a round, sealed so that the client cannot change it. */
static const char *sealed(struct gt_arena *arena, int64_t round)
{
    const char *text = gt_printf(arena, "fixture's key:%lld", (long long)round);
    return gt_printf(arena, "%lld.%s", (long long)round, gt_sha256_hex(arena, text, strlen(text)));
}

static bool round_of(struct gt_mcp_call *call, const json_t *item, size_t *round)
{
    const json_t *state = json_object_get(call->params, "requestState");
    *round = 0;
    if (state == NULL || !json_is_true(json_object_get(item, "state")))
        return true;
    const char *text = json_string_value(state);
    *round = text != NULL ? strtoul(text, NULL, 10) : 0;
    return gt_streq(text, sealed(call->arena, (int64_t)*round));
}

static bool can(const struct gt_mcp_call *call, const json_t *request)
{
    const char *method = gt_text_at(request, "/method");
    char capability[32] = "";
    memcpy(capability, method, strcspn(method, "/"));
    return json_is_object(json_object_get(call->client_capabilities, capability));
}

static bool answers(const json_t *response, const json_t *request)
{
    const char *method = gt_text_at(request, "/method");
    if (strcmp(method, "elicitation/create") == 0)
        return gt_text_at(response, "/action") != NULL;
    if (strcmp(method, "roots/list") == 0)
        return json_is_array(gt_at(response, "/roots"));
    return gt_at(response, "/content") != NULL;
}

/* What of the round is still to be asked; new reference. */
static json_t *still_open(const struct gt_mcp_call *call, json_t *requests)
{
    json_t *open = json_object(), *request;
    const char *key;
    json_object_foreach(requests, key, request)
    {
        const json_t *response =
            json_object_get(json_object_get(call->params, "inputResponses"), key);
        if (can(call, request) && !answers(response, request))
            json_object_set(open, key, request);
    }
    return open;
}

bool gt_conformance_ask_by_result(struct gt_mcp_call *call, const json_t *item)
{
    const json_t *rounds = json_object_get(item, "rounds");
    bool stateful = json_is_true(json_object_get(item, "state"));
    size_t round;
    if (!round_of(call, item, &round) || round >= json_array_size(rounds)) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "the requestState is none of ours", NULL);
        return true;
    }
    json_t *open = still_open(call, json_array_get(rounds, round));
    bool started = json_object_get(call->params, "inputResponses") != NULL;
    if (json_object_size(open) == 0 && started && round + 1 < json_array_size(rounds)) {
        json_decref(open);
        open = json_incref(json_array_get(rounds, ++round));
    }
    if (json_object_size(open) == 0 && started) {
        json_decref(open);
        return false;
    }
    json_t *result = json_pack("{s:s, s:o}", "resultType", "input_required", "inputRequests", open);
    if (stateful)
        json_object_set_new(result, "requestState",
                            json_string(sealed(call->arena, (int64_t)round)));
    gt_mcp_result(call, result);
    return true;
}

const char *gt_conformance_heard(struct gt_mcp_call *call)
{
    return gt_printf(
        call->arena, "state-ok, heard %s",
        gt_json_canonical(call->arena, json_object_get(call->params, "inputResponses")));
}

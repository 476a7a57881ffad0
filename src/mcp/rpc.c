#include <gantry/mcp/protocol.h>

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static bool valid_id(const json_t *id)
{
    return json_is_string(id) || json_is_integer(id);
}

static void read_call(struct gt_rpc *rpc, const json_t *message, const json_t *method)
{
    const json_t *id = json_object_get(message, "id");
    rpc->method = json_string_value(method);
    rpc->params = json_object_get(message, "params");
    if (rpc->method == NULL || *rpc->method == '\0')
        rpc->problem = "the method is not a string";
    else if (id != NULL && rpc->id == NULL)
        rpc->problem = "the id is neither a string nor an integer";
    else if (rpc->params != NULL && !json_is_object(rpc->params))
        rpc->problem = "the params are not an object";
    else
        rpc->kind = id == NULL ? GT_RPC_NOTIFICATION : GT_RPC_REQUEST;
}

static void read_response(struct gt_rpc *rpc, const json_t *message)
{
    rpc->result = json_object_get(message, "result");
    rpc->error = json_object_get(message, "error");
    if (rpc->result == NULL && rpc->error == NULL)
        rpc->problem = "the message has no method, no result and no error";
    else if (rpc->result != NULL && rpc->error != NULL)
        rpc->problem = "the message has a result and an error";
    else if (rpc->error != NULL && (!json_is_integer(json_object_get(rpc->error, "code")) ||
                                    !json_is_string(json_object_get(rpc->error, "message"))))
        rpc->problem = "the error has no code or no message";
    else if (rpc->result != NULL && rpc->id == NULL)
        rpc->problem = "the result has no id";
    else
        rpc->kind = GT_RPC_RESPONSE;
}

struct gt_rpc gt_rpc_read(const json_t *message)
{
    struct gt_rpc rpc = {.kind = GT_RPC_INVALID};
    if (!json_is_object(message)) {
        rpc.problem = json_is_array(message) ? "batches are not served here"
                                             : "the message is not a JSON object";
        return rpc;
    }
    const json_t *id = json_object_get(message, "id");
    rpc.id = valid_id(id) ? id : NULL;
    const json_t *method = json_object_get(message, "method");
    if (!gt_streq(json_string_value(json_object_get(message, "jsonrpc")), "2.0"))
        rpc.problem = "jsonrpc is not \"2.0\"";
    else if (method != NULL)
        read_call(&rpc, message, method);
    else
        read_response(&rpc, message);
    return rpc;
}

/* How deep brackets nest, without regard to whether they match: that is the parser's business,
 * which would recurse before it could be asked. */
static bool too_deep(const char *bytes, size_t len, size_t max_depth)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if ((c == '{' || c == '[') && ++depth > max_depth) {
            return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *gt_rpc_parse(struct gt_arena *arena, const char *bytes, size_t len, size_t max_depth,
                     const char **problem)
{
    if (too_deep(bytes, len, max_depth)) {
        *problem = gt_printf(arena, "the document is nested deeper than %zu levels", max_depth);
        return NULL;
    }
    json_error_t error;
    json_t *message = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (message == NULL && json_error_code(&error) == json_error_null_character)
        *problem = gt_printf(arena, "a text holds \\u0000, at byte %d, which nothing here takes",
                             error.position);
    else if (message == NULL) /* the parser's text quotes the input near the error */
        *problem = gt_printf(arena, "no JSON at byte %d: %s", error.position,
                             gt_one_line(arena, error.text, 100));
    return message;
}

static json_t *must(json_t *value)
{
    if (value == NULL)
        gt_die("cannot build a message");
    return value;
}

static json_t *envelope(void)
{
    json_t *message = must(json_object());
    json_object_set_new(message, "jsonrpc", must(json_string("2.0")));
    return message;
}

static json_t *call(json_t *id, const char *method, json_t *params)
{
    json_t *message = envelope();
    if (id != NULL)
        json_object_set(message, "id", id);
    json_object_set_new(message, "method", must(json_string(method)));
    if (params != NULL)
        json_object_set_new(message, "params", params);
    return message;
}

json_t *gt_rpc_request(json_t *id, const char *method, json_t *params)
{
    return call(id, method, params);
}

json_t *gt_rpc_notification(const char *method, json_t *params)
{
    return call(NULL, method, params);
}

json_t *gt_rpc_result(const json_t *id, json_t *result)
{
    json_t *message = envelope();
    json_object_set(message, "id", gt_iterable(id));
    json_object_set_new(message, "result", result != NULL ? result : must(json_object()));
    return message;
}

/* Messages may quote what a peer sent, which need not be UTF-8. */
static json_t *readable(const char *message)
{
    json_t *text = json_string(message);
    if (text == NULL) {
        struct gt_arena *arena = gt_arena_new();
        text = json_string(gt_one_line(arena, message, strlen(message)));
        gt_arena_free(arena);
    }
    return must(text);
}

json_t *gt_rpc_error(const json_t *id, bool legacy, int code, const char *message, json_t *data)
{
    json_t *error = must(json_pack("{s:i, s:o}", "code", code, "message", readable(message)));
    if (data != NULL)
        json_object_set_new(error, "data", data);
    json_t *answer = envelope();
    if (id != NULL)
        json_object_set(answer, "id", gt_iterable(id));
    else if (legacy)
        json_object_set_new(answer, "id", json_null());
    json_object_set_new(answer, "error", error);
    return answer;
}

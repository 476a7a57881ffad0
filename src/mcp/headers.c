/*
 * Headers that mirror the body at 2026-07-28, so that whoever routes by them and whoever works on
 * the body see the same. Source: MCP specification 2026-07-28, "Streamable HTTP", Request Metadata.
 */
#include "work.h"

#include <errno.h>
#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/net/server.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char prefix[] = "=?base64?", suffix[] = "?=";

static const char *decoded(struct gt_arena *arena, const char *digits, size_t len)
{
    char *bytes;
    size_t size;
    if (!gt_base64_decode(arena, gt_strndup(arena, digits, len), &bytes, &size) ||
        strlen(bytes) != size || gt_utf8_length(bytes) < 0)
        return NULL;
    return bytes;
}

const char *gt_mcp_header_trim(struct gt_arena *arena, const char *value)
{
    size_t len;
    value += strspn(value, " \t");
    for (len = strlen(value); len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t');)
        len--;
    for (size_t i = 0; i < len; i++)
        if ((value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
            return NULL; /* control characters, and what is no ASCII */
    return gt_strndup(arena, value, len);
}

const char *gt_mcp_header_text(struct gt_arena *arena, const char *value)
{
    const char *text = gt_mcp_header_trim(arena, value);
    const size_t before = sizeof(prefix) - 1, behind = sizeof(suffix) - 1;
    size_t len = text == NULL ? 0 : strlen(text);
    if (len >= before + behind && gt_starts_with(text, prefix) && gt_ends_with(text, suffix))
        return decoded(arena, text + before, len - before - behind);
    return text;
}

const char *gt_mcp_header_only(const struct gt_request *request, const char *before,
                               const char *name, bool *twice)
{
    const char *value = NULL;
    size_t len = strlen(before);
    *twice = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct gt_header *header = &request->headers[i];
        if (strncmp(header->name, before, len) != 0 || strcasecmp(header->name + len, name) != 0)
            continue;
        *twice = value != NULL;
        value = header->value;
        if (*twice)
            break;
    }
    return value;
}

static bool mismatch(struct gt_mcp_work *work, const char *header, const char *what)
{
    gt_mcp_refuse(work, 400, GT_MCP_HEADER_MISMATCH,
                  gt_printf(work->call.arena, "the %s header %s", header, what), NULL);
    return false;
}

typedef const char *text_fn(struct gt_arena *arena, const char *value);

/* A standard header against the text of the body; `body` NULL: the body has none. */
static bool check(struct gt_mcp_work *work, const struct gt_request *request, const char *header,
                  text_fn *text_of, const char *body)
{
    bool twice;
    const char *value = gt_mcp_header_only(request, "", header, &twice);
    if (twice)
        return mismatch(work, header, "came more than once");
    if (value == NULL)
        return body == NULL || mismatch(work, header, "is missing");
    const char *text = text_of(work->call.arena, value);
    if (text == NULL)
        return mismatch(work, header, "has invalid characters");
    return gt_streq(text, body) || mismatch(work, header, "is not what the body says");
}

bool gt_mcp_headers_match(struct gt_mcp_work *work, const struct gt_request *request)
{
    const struct gt_mcp_call *call = &work->call;
    if (!check(work, request, "Mcp-Method", gt_mcp_header_trim, call->method))
        return false;
    if (work->method == NULL || (work->method->flags & GT_MCP_NAMED) == 0)
        return true;
    bool resource = strncmp(call->method, "resources/", strlen("resources/")) == 0;
    return check(work, request, "Mcp-Name", gt_mcp_header_text,
                 json_string_value(json_object_get(call->params, resource ? "uri" : "name")));
}

static bool number_of(const char *text, double *number)
{
    char *end;
    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

static bool says(const char *text, const json_t *value)
{
    double number;
    if (json_is_string(value))
        return gt_streq(text, json_string_value(value));
    if (json_is_boolean(value))
        return strcmp(text, json_is_true(value) ? "true" : "false") == 0;
    if (json_is_integer(value)) {
        char *end;
        errno = 0;
        long long whole = strtoll(text, &end, 10);
        if (end != text && *end == '\0' && text[0] != ' ' && errno == 0)
            return whole == json_integer_value(value);
    }
    return json_is_number(value) && number_of(text, &number) &&
           fabs(number - json_number_value(value)) <= 0;
}

static bool check_mirror(struct gt_mcp_work *work, const struct gt_request *request,
                         const char *name, const json_t *value)
{
    bool twice;
    struct gt_arena *arena = work->call.arena;
    const char *header = gt_printf(arena, "Mcp-Param-%s", name);
    const char *given = gt_mcp_header_only(request, "mcp-param-", name, &twice);
    bool expected = value != NULL && !json_is_null(value);
    if (twice)
        return mismatch(work, header, "came more than once");
    if (given == NULL) /* what is no scalar is refused by the schema, and has no header */
        return !expected || json_is_object(value) || json_is_array(value) ||
               mismatch(work, header, "is missing");
    const char *text = gt_mcp_header_text(arena, given);
    if (text == NULL)
        return mismatch(work, header, "has invalid characters");
    return (expected && says(text, value)) || mismatch(work, header, "is not what the body says");
}

bool gt_mcp_mirrors_match(struct gt_mcp_work *work, const struct gt_request *request)
{
    struct gt_mcp_call *call = &work->call;
    const struct gt_mcp_server_options *options = &call->server->options;
    if (options->mirrored == NULL || work->method == NULL ||
        strcmp(call->method, "tools/call") != 0)
        return true;
    const json_t *arguments = json_object_get(call->params, "arguments");
    const char *argument;
    json_t *header;
    json_object_foreach(gt_iterable(options->mirrored(options->self, call)), argument, header)
    {
        const json_t *value =
            *argument == '/' ? gt_at(arguments, argument) : json_object_get(arguments, argument);
        if (!check_mirror(work, request, json_string_value(header), value))
            return false;
    }
    return true;
}

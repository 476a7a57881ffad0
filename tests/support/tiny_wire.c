#include "tiny_wire.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { BODY_MAX = 1 << 22 };

static const char *wire_name(const struct gt_member *member)
{
    return member->location_name != NULL ? member->location_name : member->name;
}

static json_t *scalar(const struct gt_shape *shape, const char *text)
{
    switch (shape->kind) {
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
        return json_integer(strtoll(text, NULL, 10));
    case GT_SHAPE_BOOLEAN:
        return json_boolean(strcmp(text, "true") == 0);
    case GT_SHAPE_STRUCTURE:
    case GT_SHAPE_LIST:
    case GT_SHAPE_MAP:
    case GT_SHAPE_STRING:
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
    case GT_SHAPE_TIMESTAMP:
    case GT_SHAPE_BLOB:
    case GT_SHAPE_DOCUMENT:
        break;
    }
    return json_string(text);
}

/* -- "a=b&c=d" -- */

static char *form_decode(struct gt_arena *arena, const char *text, size_t len)
{
    char *copy = gt_strndup(arena, text, len);
    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '+' ? ' ' : *c;
    return gt_percent_decode(arena, copy);
}

static json_t *form(struct gt_arena *arena, const char *text)
{
    json_t *pairs = gt_keep(arena, json_object());
    while (*text != '\0') {
        size_t len = strcspn(text, "&"), key = strcspn(text, "=&");
        const char *value = key < len ? form_decode(arena, text + key + 1, len - key - 1) : "";
        json_object_set_new(pairs, form_decode(arena, text, key), json_string(value));
        text += len + (text[len] == '&');
    }
    return pairs;
}

/* -- query protocol: Tags.member.1.Key=... -- */

static bool any_below(const json_t *pairs, const char *prefix)
{
    const char *key;
    json_t *value;
    size_t len = strlen(prefix);
    json_object_foreach(gt_iterable(pairs), key, value)
    {
        if (strncmp(key, prefix, len) == 0 && (key[len] == '\0' || key[len] == '.'))
            return true;
    }
    return false;
}

static json_t *from_query(struct gt_arena *arena, const struct gt_shape *shape, const json_t *pairs,
                          const char *prefix)
{
    if (shape->kind == GT_SHAPE_STRUCTURE) {
        json_t *object = json_object();
        for (size_t i = 0; i < shape->member_count; i++) {
            const struct gt_member *member = &shape->members[i];
            const char *name =
                gt_printf(arena, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", wire_name(member));
            if (any_below(pairs, name))
                json_object_set_new(object, member->name,
                                    from_query(arena, member->shape, pairs, name));
        }
        return object;
    }
    if (shape->kind == GT_SHAPE_LIST) {
        json_t *list = json_array();
        for (int i = 1;; i++) {
            const char *name = gt_printf(arena, "%s.member.%d", prefix, i);
            if (!any_below(pairs, name))
                return list;
            json_array_append_new(list, from_query(arena, shape->element, pairs, name));
        }
    }
    const char *text = json_string_value(json_object_get(pairs, prefix));
    return scalar(shape, text == NULL ? "" : text);
}

static bool decode_query(struct gt_arena *arena, const struct gt_scripted_request *request,
                         const struct gt_operation **operation, json_t **input)
{
    const json_t *pairs = form(arena, request->body);
    const char *action = json_string_value(json_object_get(pairs, "Action"));
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++) {
        if ((*service)->protocol != GT_PROTOCOL_QUERY || action == NULL)
            continue;
        *operation = gt_operation_find(*service, action);
        if (*operation == NULL)
            continue;
        *input = gt_keep(arena, (*operation)->input == NULL
                                    ? json_object()
                                    : from_query(arena, (*operation)->input, pairs, ""));
        return true;
    }
    return false;
}

/* -- X-Amz-Target: PREFIX.OPERATION -- */

static bool decode_target(struct gt_arena *arena, const struct gt_scripted_request *request,
                          const char *target, const struct gt_operation **operation, json_t **input)
{
    const char *dot = strrchr(target, '.');
    const char *prefix = dot == NULL ? "" : gt_strndup(arena, target, (size_t)(dot - target));
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++) {
        if (!gt_streq((*service)->target_prefix, prefix))
            continue;
        *operation = gt_operation_find(*service, dot + 1);
        *input = gt_keep(arena, json_loads(request->body, 0, NULL));
        if (*input == NULL)
            *input = gt_keep(arena, json_object());
        return *operation != NULL;
    }
    return false;
}

/* -- method and path -- */

static const struct gt_member *member_at(const struct gt_operation *operation,
                                         enum gt_location location, const char *name)
{
    const struct gt_shape *shape = operation->input;
    for (size_t i = 0; shape != NULL && i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        if (member->location == location && strcmp(wire_name(member), name) == 0)
            return member;
    }
    return NULL;
}

/* Matches a path with a template such as "/gateways/{gatewayIdentifier}/" and takes the members. */
static bool path_fits(struct gt_arena *arena, const struct gt_operation *operation,
                      const char *path, json_t *input)
{
    const char *form_ = operation->uri;
    while (*form_ != '\0' && *form_ != '?') {
        if (*form_ != '{') {
            if (*form_++ != *path++)
                return false;
            continue;
        }
        size_t len = strcspn(form_ + 1, "+}");
        const char *name = gt_strndup(arena, form_ + 1, len);
        bool greedy = form_[1 + len] == '+';
        form_ = strchr(form_, '}') + 1;
        size_t taken = greedy ? strlen(path) : strcspn(path, "/");
        const struct gt_member *member = member_at(operation, GT_LOCATION_URI, name);
        if (taken == 0 || member == NULL)
            return false;
        const char *value = gt_percent_decode(arena, gt_strndup(arena, path, taken));
        json_object_set_new(input, member->name, json_string(value));
        path += taken;
    }
    return *path == '\0';
}

static void take_query(struct gt_arena *arena, const struct gt_operation *operation,
                       const char *query, json_t *input)
{
    const char *key;
    json_t *value, *pairs = form(arena, query);
    json_object_foreach(pairs, key, value)
    {
        const struct gt_member *member = member_at(operation, GT_LOCATION_QUERY, key);
        if (member != NULL && member->shape->kind == GT_SHAPE_LIST)
            json_object_set_new(input, member->name, json_pack("[O]", value));
        else if (member != NULL)
            json_object_set_new(input, member->name,
                                scalar(member->shape, json_string_value(value)));
    }
}

static bool decode_path(struct gt_arena *arena, const struct gt_scripted_request *request,
                        const struct gt_operation **operation, json_t **input)
{
    const char *host = strstr(request->url, "://");
    const char *path = host == NULL ? NULL : strchr(host + 3, '/');
    if (path == NULL)
        return false;
    bool control = gt_starts_with(host + 3, "bedrock-agentcore-control.");
    const struct gt_service *service =
        gt_service_find(control ? "bedrock-agentcore-control" : "bedrock-agentcore");
    size_t len = strcspn(path, "?");
    const char *query = path[len] == '?' ? path + len + 1 : "";
    const char *plain = gt_strndup(arena, path, len);
    for (size_t i = 0; service->operations[i] != NULL; i++) {
        *operation = service->operations[i];
        *input = gt_keep(arena, json_object());
        if (strcmp((*operation)->method, request->method) != 0 ||
            !path_fits(arena, *operation, plain, *input))
            continue;
        take_query(arena, *operation, query, *input);
        json_auto_t *body = json_loads(request->body, 0, NULL);
        if (json_is_object(body) && (*operation)->input_payload == NULL)
            json_object_update(*input, body);
        return true;
    }
    return false;
}

bool tiny_decode(struct gt_arena *arena, const struct gt_scripted_request *request,
                 const struct gt_operation **operation, json_t **input)
{
    const char *target = gt_scripted_header(request, "x-amz-target");
    if (target != NULL)
        return decode_target(arena, request, target, operation, input);
    if (strstr(request->body, "Action=") != NULL)
        return decode_query(arena, request, operation, input);
    return decode_path(arena, request, operation, input);
}

/* -- answers -- */

static void add_escaped(struct gt_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            gt_buf_adds(out, "&lt;");
        else if (*text == '&')
            gt_buf_adds(out, "&amp;");
        else
            gt_buf_addc(out, *text);
    }
}

static void add_xml(struct gt_buf *out, const struct gt_shape *shape, const json_t *value)
{
    if (shape->kind == GT_SHAPE_STRUCTURE) {
        for (size_t i = 0; i < shape->member_count; i++) {
            const struct gt_member *member = &shape->members[i];
            const json_t *below = json_object_get(value, member->name);
            if (below == NULL)
                continue;
            gt_buf_addf(out, "<%s>", wire_name(member));
            add_xml(out, member->shape, below);
            gt_buf_addf(out, "</%s>", wire_name(member));
        }
    } else if (shape->kind == GT_SHAPE_LIST) {
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item)
        {
            gt_buf_adds(out, "<member>");
            add_xml(out, shape->element, item);
            gt_buf_adds(out, "</member>");
        }
    } else if (json_is_string(value)) {
        add_escaped(out, json_string_value(value));
    } else if (json_is_integer(value)) {
        gt_buf_addf(out, "%lld", (long long)json_integer_value(value));
    } else {
        gt_buf_adds(out, json_is_true(value) ? "true" : "false");
    }
}

static const char *xml_body(struct gt_arena *arena, const struct gt_operation *operation,
                            const json_t *output)
{
    struct gt_buf out = gt_buf_init(BODY_MAX);
    gt_buf_addf(&out, "<%sResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><%sResult>",
                operation->name, operation->name);
    if (operation->output != NULL)
        add_xml(&out, operation->output, output);
    gt_buf_addf(&out,
                "</%sResult><ResponseMetadata><RequestId>tiny</RequestId>"
                "</ResponseMetadata></%sResponse>",
                operation->name, operation->name);
    const char *body = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return body;
}

void tiny_encode(struct gt_arena *arena, const struct gt_operation *operation, const json_t *output,
                 struct gt_scripted_answer *answer)
{
    bool xml = operation->service->protocol == GT_PROTOCOL_QUERY;
    answer->status = operation->response_code == 0 ? 200 : operation->response_code;
    answer->body = xml                                 ? xml_body(arena, operation, output)
                   : operation->output_payload != NULL ? "{}"
                                                       : gt_json_canonical(arena, output);
    answer->headers[0] = (struct gt_header){"content-type", xml ? "text/xml" : "application/json"};
}

void tiny_encode_error(struct gt_arena *arena, const struct gt_operation *operation, int status,
                       const char *code, const char *message, struct gt_scripted_answer *answer)
{
    enum gt_protocol protocol = operation->service->protocol;
    answer->status = status;
    if (protocol == GT_PROTOCOL_QUERY) {
        answer->headers[0] = (struct gt_header){"content-type", "text/xml"};
        answer->body = gt_printf(arena,
                                 "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>"
                                 "<Message>%s</Message></Error><RequestId>tiny</RequestId>"
                                 "</ErrorResponse>",
                                 code, message);
        return;
    }
    const char *member = protocol == GT_PROTOCOL_AWS_JSON ? "__type" : "code";
    answer->headers[0] = (struct gt_header){"content-type", "application/json"};
    answer->headers[1] = (struct gt_header){"x-amzn-errortype", code};
    answer->body =
        gt_json_canonical(arena, gt_pack(arena, "{s:s, s:s}", member, code, "message", message));
}

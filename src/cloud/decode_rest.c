/* REST protocols: labels of the path, query parameters, headers, and a body of members or bytes. */
#include "call.h"

#include <gantry/base/base64.h>
#include <string.h>

struct parameter {
    const char *name, *value;
    bool taken;
};

struct reading {
    struct gt_call *call;
    json_t *input;
    GT_VEC(struct parameter) query;
};

static const char *wire_name(const struct gt_member *member)
{
    return member->location_name != NULL ? member->location_name : member->name;
}

static bool read_query(struct reading *reading)
{
    struct gt_arena *arena = reading->call->serve.arena;
    const char *at = gt_exchange_request(reading->call->serve.exchange)->query;
    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        const char *value = at + name_len + (at[name_len] == '=');
        struct parameter *parameter = GT_PUSH(arena, &reading->query);
        parameter->name = gt_decode_percent(arena, at, name_len, false);
        parameter->value = gt_decode_percent(arena, value, (size_t)(at + len - value), false);
        if (parameter->name == NULL || parameter->value == NULL) {
            gt_fail_parse(reading->call, "a query parameter is not UTF-8");
            return false;
        }
        at += len + (at[len] == '&');
    }
    return true;
}

static json_t *scalar(struct reading *reading, const struct gt_member *member,
                      const struct gt_shape *shape, const char *text)
{
    return gt_decode_text(reading->call, member->name, shape, member->timestamp_format, text);
}

static json_t *from_label(struct reading *reading, const struct gt_member *member)
{
    for (size_t i = 0; i < reading->call->labels.len; i++)
        if (gt_streq(reading->call->labels.at[i].name, wire_name(member)))
            return scalar(reading, member, member->shape, reading->call->labels.at[i].value);
    return NULL;
}

static json_t *from_query(struct reading *reading, const struct gt_member *member)
{
    json_t *value = NULL;
    bool list = member->shape->kind == GT_SHAPE_LIST;
    for (size_t i = 0; i < reading->query.len && reading->call->failed == NULL; i++) {
        struct parameter *parameter = &reading->query.at[i];
        if (!gt_streq(parameter->name, wire_name(member)))
            continue;
        parameter->taken = true;
        if (value != NULL && !list) {
            gt_fail_field(reading->call, member->name, "Member is given twice");
            break;
        }
        json_t *item = scalar(reading, member, list ? member->shape->element : member->shape,
                              parameter->value);
        if (list && value == NULL)
            value = json_array();
        if (list && item != NULL)
            json_array_append_new(value, item);
        else if (!list)
            value = item;
    }
    return value;
}

static json_t *from_headers(struct reading *reading, const struct gt_member *member)
{
    const struct gt_request *request = gt_exchange_request(reading->call->serve.exchange);
    const char *prefix = gt_lower(reading->call->serve.arena, wire_name(member));
    json_t *map = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct gt_header *header = &request->headers[i];
        if (!gt_starts_with(header->name, prefix) || gt_utf8_length(header->value) < 0)
            continue;
        if (map == NULL)
            map = json_object();
        json_object_set_new(map, header->name + strlen(prefix), json_string(header->value));
    }
    return map;
}

static json_t *from_header(struct reading *reading, const struct gt_member *member)
{
    const struct gt_request *request = gt_exchange_request(reading->call->serve.exchange);
    const char *text =
        gt_request_header(request, gt_lower(reading->call->serve.arena, wire_name(member)));
    if (text == NULL)
        return NULL;
    if (gt_utf8_length(text) < 0) {
        gt_fail_field(reading->call, member->name, "Member must be UTF-8");
        return NULL;
    }
    /* Every HTTP library sends these two of its own accord. */
    if (gt_streq(text, "*/*") && gt_streq(wire_name(member), "Accept"))
        return NULL;
    return scalar(reading, member, member->shape, text);
}

static json_t *read_member(struct reading *reading, const struct gt_member *member)
{
    switch (member->location) {
    case GT_LOCATION_URI:
        return from_label(reading, member);
    case GT_LOCATION_QUERY:
        return from_query(reading, member);
    case GT_LOCATION_HEADER:
        return from_header(reading, member);
    case GT_LOCATION_HEADERS:
        return from_headers(reading, member);
    case GT_LOCATION_BODY:
    case GT_LOCATION_STATUS:
        break;
    }
    return NULL;
}

/* Bytes as a document has them: text where they are text. */
static json_t *bytes_of(struct gt_arena *arena, const char *bytes, size_t len)
{
    if (strlen(bytes) == len && gt_utf8_length(bytes) >= 0)
        return json_stringn(bytes, len);
    return json_pack("{s:s}", "base64", gt_base64(arena, bytes, len));
}

static bool read_payload(struct reading *reading, const struct gt_member *member)
{
    struct gt_call *call = reading->call;
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    if (member->shape->kind != GT_SHAPE_STRUCTURE) {
        json_object_set_new(reading->input, member->name,
                            bytes_of(call->serve.arena, request->body, request->body_len));
        return true;
    }
    if (request->body_len == 0)
        return true;
    json_auto_t *body =
        gt_decode_content_type(call, "application/json") ? gt_decode_body(call) : NULL;
    if (body == NULL)
        return false;
    json_object_set_new(reading->input, member->name, gt_decode_wire(member->shape, body));
    return true;
}

static bool read_body(struct reading *reading)
{
    struct gt_call *call = reading->call;
    const struct gt_operation *operation = call->serve.operation;
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    if (operation->input_payload != NULL)
        return read_payload(reading, gt_member_find(operation->input, operation->input_payload));
    if (request->body_len == 0)
        return true;
    if (operation->service->protocol == GT_PROTOCOL_REST_XML) {
        gt_fail_front(call, 400, "MalformedXML", "%s has no body", operation->name);
        return false;
    }
    json_auto_t *body =
        gt_decode_content_type(call, "application/json") ? gt_decode_body(call) : NULL;
    if (body == NULL)
        return false;
    json_auto_t *members =
        operation->input == NULL ? json_incref(body) : gt_decode_wire(operation->input, body);
    const char *name;
    json_t *item;
    json_object_foreach(members, name, item)
    {
        const struct gt_member *member = gt_member_find(operation->input, name);
        if (member != NULL && member->location != GT_LOCATION_BODY) {
            gt_fail_field(call, name, "Member does not belong into the body");
            return false;
        }
        json_object_set(reading->input, name, item);
    }
    return true;
}

static bool all_taken(struct reading *reading)
{
    /* Of S3's query only what routed the request is left: see s3_knows_query. */
    if (reading->call->service->protocol == GT_PROTOCOL_REST_XML)
        return true;
    for (size_t i = 0; i < reading->query.len; i++)
        if (!reading->query.at[i].taken) {
            gt_fail_field(reading->call,
                          gt_one_line(reading->call->serve.arena, reading->query.at[i].name, 100),
                          "Member is unknown");
            return false;
        }
    return true;
}

json_t *gt_decode_rest(struct gt_call *call)
{
    const struct gt_shape *shape = call->serve.operation->input;
    struct reading reading = {.call = call, .input = json_object()};
    bool good = read_query(&reading);
    for (size_t i = 0; good && shape != NULL && i < shape->member_count; i++) {
        json_t *value = read_member(&reading, &shape->members[i]);
        if (value != NULL)
            json_object_set_new(reading.input, shape->members[i].name, value);
        good = call->failed == NULL;
    }
    if (good && all_taken(&reading) && read_body(&reading))
        return reading.input;
    json_decref(reading.input);
    return NULL;
}

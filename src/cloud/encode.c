/* The answer of an operation that worked: status, headers, body, by protocol. */
#include "call.h"

#include <gantry/base/base64.h>
#include <inttypes.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024 * 1024 };

void gt_answer_header(struct gt_call *call, struct gt_answer *answer, const char *name,
                      const char *value)
{
    *GT_PUSH(call->serve.arena, &answer->headers) = (struct gt_header){
        .name = gt_strdup(call->serve.arena, name), .value = gt_strdup(call->serve.arena, value)};
}

static void set_body(struct gt_call *call, struct gt_answer *answer, struct gt_buf *body)
{
    answer->body = gt_strndup(call->serve.arena, gt_buf_text(body), body->len);
    answer->body_len = body->len;
    if (body->overflow)
        gt_fail_internal(call, "the answer is too large");
    gt_buf_done(body);
}

static const char *scalar_text(struct gt_call *call, const struct gt_member *member,
                               const json_t *value)
{
    struct gt_arena *arena = call->serve.arena;
    if (member->shape->kind == GT_SHAPE_TIMESTAMP) {
        enum gt_timestamp_format format = member->timestamp_format;
        if (format == GT_TIME_DEFAULT)
            format = member->shape->timestamp_format;
        return gt_encode_time(arena, value, format == GT_TIME_DEFAULT ? GT_TIME_HTTP : format);
    }
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        return gt_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_string_value(value);
}

/* Header and status members of REST answers. */
static void place_members(struct gt_call *call, const json_t *output, struct gt_answer *answer)
{
    const struct gt_shape *shape = call->serve.operation->output;
    for (size_t i = 0; shape != NULL && i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const json_t *value = json_object_get(output, member->name);
        const char *wire = member->location_name ? member->location_name : member->name, *name;
        json_t *item;
        if (value == NULL || json_is_null(value))
            continue;
        if (member->location == GT_LOCATION_STATUS)
            answer->status = (int)json_integer_value(value);
        /* The server says the length itself. */
        if (member->location == GT_LOCATION_HEADER && !gt_streq(wire, "Content-Length")) {
            const char *text = scalar_text(call, member, value);
            if (text != NULL)
                gt_answer_header(call, answer, wire, text);
        }
        if (member->location == GT_LOCATION_HEADERS)
            json_object_foreach(gt_iterable(value), name, item)
                gt_answer_header(call, answer, gt_printf(call->serve.arena, "%s%s", wire, name),
                                 json_string_value(item) ? json_string_value(item) : "");
    }
}

static bool has_header(const struct gt_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->headers.len; i++)
        if (gt_streq(answer->headers.at[i].name, name))
            return true;
    return false;
}

/* A payload of bytes: as it is. */
static void payload(struct gt_call *call, const json_t *value, struct gt_answer *answer)
{
    const char *encoded = gt_text_at(value, "/base64");
    answer->body = json_is_string(value) ? json_string_value(value) : "";
    answer->body_len = json_is_string(value) ? json_string_length(value) : 0;
    char *bytes;
    if (encoded != NULL && gt_base64_decode(call->serve.arena, encoded, &bytes, &answer->body_len))
        answer->body = bytes;
    else
        answer->body = gt_strndup(call->serve.arena, answer->body, answer->body_len);
    if (!has_header(answer, "Content-Type"))
        gt_answer_header(call, answer, "Content-Type", "application/octet-stream");
}

static void json_body(struct gt_call *call, const struct gt_shape *shape, const json_t *output,
                      struct gt_answer *answer)
{
    json_auto_t *body = shape == NULL ? json_object() : gt_encode_json(call, shape, output, "");
    struct gt_buf text = gt_buf_init(BODY_MAX);
    if (body != NULL)
        gt_buf_add_json(&text, body, JSON_COMPACT);
    set_body(call, answer, &text);
}

/* The answer to a HEAD request tells the length of a body that does not follow: the server takes it
 * from the body that it is given, and sends none. */
static void body_of_head(struct gt_call *call, const json_t *output, struct gt_answer *answer)
{
    const struct gt_member *length = gt_member_find(call->serve.operation->output, "ContentLength");
    json_int_t len = json_integer_value(json_object_get(output, "ContentLength"));
    if (length != NULL && gt_streq(call->serve.operation->method, "HEAD") && len > 0 &&
        len <= BODY_MAX) {
        answer->body = gt_alloc(call->serve.arena, (size_t)len);
        answer->body_len = (size_t)len;
    }
}

static void encode_rest(struct gt_call *call, const json_t *output, struct gt_answer *answer)
{
    const struct gt_operation *operation = call->serve.operation;
    bool xml = operation->service->protocol == GT_PROTOCOL_REST_XML;
    place_members(call, output, answer);
    const json_t *value = operation->output_payload == NULL
                              ? NULL
                              : json_object_get(output, operation->output_payload);
    const struct gt_member *member =
        operation->output_payload == NULL
            ? NULL
            : gt_member_find(operation->output, operation->output_payload);
    if (member != NULL && member->shape->kind != GT_SHAPE_STRUCTURE &&
        member->shape->kind != GT_SHAPE_DOCUMENT) {
        payload(call, value, answer);
        return;
    }
    const struct gt_shape *shape = member != NULL ? member->shape : operation->output;
    bool in_body = member != NULL;
    for (size_t i = 0; shape != NULL && i < shape->member_count; i++)
        in_body = in_body || shape->members[i].location == GT_LOCATION_BODY;
    if (answer->status == 204 || shape == NULL || (xml && !in_body)) {
        body_of_head(call, output, answer);
        return;
    }
    if (!xml) {
        gt_answer_header(call, answer, "Content-Type", "application/json");
        json_body(call, shape, member != NULL ? value : output, answer);
        return;
    }
    /* The model does not have the name of this one element. */
    bool listing = gt_streq(operation->name, "ListObjectsV2");
    struct gt_buf text = gt_buf_init(BODY_MAX);
    gt_buf_adds(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    gt_encode_xml(call, listing ? "ListBucketResult" : shape->name, shape, output, &text);
    gt_answer_header(call, answer, "Content-Type", "application/xml");
    set_body(call, answer, &text);
}

static void encode_query(struct gt_call *call, const json_t *output, struct gt_answer *answer)
{
    const struct gt_operation *operation = call->serve.operation;
    struct gt_buf text = gt_buf_init(BODY_MAX);
    gt_buf_addf(&text, "<%sResponse xmlns=\"%s\">", operation->name,
                operation->service->xml_namespace);
    if (operation->output != NULL && operation->result_wrapper != NULL)
        gt_encode_xml(call, operation->result_wrapper, operation->output, output, &text);
    gt_buf_adds(&text, "<ResponseMetadata><RequestId>");
    gt_encode_xml_text(&text, call->serve.request_id);
    gt_buf_addf(&text, "</RequestId></ResponseMetadata></%sResponse>", operation->name);
    gt_answer_header(call, answer, "Content-Type", "text/xml");
    set_body(call, answer, &text);
}

static void encode_aws_json(struct gt_call *call, const json_t *output, struct gt_answer *answer)
{
    const struct gt_operation *operation = call->serve.operation;
    gt_answer_header(call, answer, "Content-Type",
                     gt_printf(call->serve.arena, "application/x-amz-json-%s",
                               operation->service->json_version));
    if (operation->output != NULL)
        json_body(call, operation->output, output, answer);
}

bool gt_answer_encode(struct gt_call *call, const json_t *output, struct gt_answer *answer)
{
    const struct gt_operation *operation = call->serve.operation;
    bool s3 = operation->service->protocol == GT_PROTOCOL_REST_XML;
    *answer = (struct gt_answer){
        .status = operation->response_code == 0 ? 200 : operation->response_code, .body = ""};
    gt_answer_header(call, answer, s3 ? "x-amz-request-id" : "x-amzn-RequestId",
                     call->serve.request_id);
    if (s3)
        gt_answer_header(call, answer, "x-amz-id-2", call->serve.request_id);
    switch (operation->service->protocol) {
    case GT_PROTOCOL_QUERY:
        encode_query(call, output, answer);
        break;
    case GT_PROTOCOL_AWS_JSON:
        encode_aws_json(call, output, answer);
        break;
    case GT_PROTOCOL_REST_JSON:
    case GT_PROTOCOL_REST_XML:
        encode_rest(call, output, answer);
        break;
    }
    return call->failed == NULL;
}

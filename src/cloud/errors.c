/* Failures in the form and the words of each service. */
#include "call.h"

#include <string.h>

struct words {
    const char *service;
    const char *invalid;   /* code for an input that breaks a constraint */
    const char *parse;     /* code for an input of wrong types; NULL: as invalid */
    const char *throttled; /* too many calls */
    const char *internal;
    int throttled_status; /* 0: 400 */
    bool lists_fields;    /* the reason and the members that are wrong stand beside the message */
    const char *message;  /* the member with the text; NULL: "message" */
};

static const struct words words[] = {
    {.service = "bedrock-agentcore-control",
     .invalid = "ValidationException",
     .throttled = "ThrottlingException",
     .internal = "InternalServerException",
     .throttled_status = 429,
     .lists_fields = true},
    {.service = "bedrock-agentcore",
     .invalid = "ValidationException",
     .throttled = "ThrottlingException",
     .internal = "InternalServerException",
     .throttled_status = 429,
     .lists_fields = true},
    {.service = "cognito-idp",
     .invalid = "InvalidParameterException",
     .parse = "SerializationException",
     .throttled = "TooManyRequestsException",
     .internal = "InternalErrorException"},
    {.service = "logs",
     .invalid = "InvalidParameterException",
     .parse = "SerializationException",
     .throttled = "ThrottlingException",
     .internal = "ServiceUnavailableException"},
    {.service = "ecr",
     .invalid = "InvalidParameterException",
     .parse = "SerializationException",
     .throttled = "ThrottlingException",
     .internal = "ServerException"},
    {.service = "secretsmanager",
     .invalid = "InvalidParameterException",
     .parse = "SerializationException",
     .throttled = "ThrottlingException",
     .internal = "InternalServiceError",
     .message = "Message"},
    {.service = "cloudwatch",
     .invalid = "InvalidParameterValueException",
     .parse = "SerializationException",
     .throttled = "ThrottlingException",
     .internal = "InternalServiceFault"},
    {.service = "iam",
     .invalid = "ValidationError",
     .throttled = "Throttling",
     .internal = "ServiceFailure"},
    {.service = "sts",
     .invalid = "ValidationError",
     .throttled = "Throttling",
     .internal = "InternalFailure"},
    {.service = "rds",
     .invalid = "InvalidParameterValue",
     .throttled = "Throttling",
     .internal = "InternalFailure"},
    {.service = "lambda",
     .invalid = "ValidationException",
     .parse = "InvalidRequestContentException",
     .throttled = "TooManyRequestsException",
     .internal = "ServiceException",
     .throttled_status = 429},
    {.service = "rds-data",
     .invalid = "BadRequestException",
     .throttled = "ThrottlingException",
     .internal = "InternalServerErrorException"},
    {.service = "s3",
     .invalid = "InvalidArgument",
     .parse = "InvalidRequest",
     .throttled = "SlowDown",
     .internal = "InternalError",
     .throttled_status = 503},
};
static const struct words other_words = {.service = "",
                                         .invalid = "ValidationException",
                                         .parse = "SerializationException",
                                         .throttled = "ThrottlingException",
                                         .internal = "InternalFailure"};

/* What the layer in front of the services calls things where it speaks XML. */
static const struct {
    const char *code, *query, *s3;
} front_codes[] = {
    {"InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"},
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"},
    {"ExpiredTokenException", "ExpiredToken", "ExpiredToken"},
    {"IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed"},
    {"MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"},
    {"RequestExpired", "SignatureDoesNotMatch", "RequestTimeTooSkewed"},
    {"AccessDeniedException", "AccessDenied", "AccessDenied"},
    {"SerializationException", "MalformedInput", "InvalidRequest"},
    {"UnsupportedMediaTypeException", "MalformedInput", "InvalidRequest"},
};

static const struct words *words_of(const struct gt_call *call)
{
    for (size_t i = 0; call->service != NULL && i < GT_COUNT(words); i++)
        if (gt_streq(words[i].service, call->service->name))
            return &words[i];
    return &other_words;
}

static enum gt_protocol protocol_of(const struct gt_call *call)
{
    return call->service != NULL ? call->service->protocol : call->looks_like;
}

static void fail(struct gt_call *call, enum gt_failure_layer layer, int status, const char *code,
                 const char *message)
{
    call->failed = code;
    call->message = message;
    call->failed_status = status;
    call->layer = layer;
    call->failed_members = gt_keep(call->serve.arena, json_object());
}

void gt_fail_front(struct gt_call *call, int status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(call, GT_LAYER_FRONT, status, code, gt_vprintf(call->serve.arena, format, args));
    va_end(args);
}

void gt_fail_parse(struct gt_call *call, const char *format, ...)
{
    const struct words *own = words_of(call);
    va_list args;
    va_start(args, format);
    const char *message = gt_vprintf(call->serve.arena, format, args);
    va_end(args);
    if (own->parse != NULL) {
        fail(call,
             gt_streq(own->parse, "SerializationException") ? GT_LAYER_FRONT : GT_LAYER_HANDLER,
             400, own->parse, message);
        return;
    }
    fail(call, GT_LAYER_HANDLER, 400, own->invalid, message);
    if (protocol_of(call) == GT_PROTOCOL_REST_JSON)
        gt_serve_fail_member(&call->serve, "reason", json_string("CannotParse"));
}

void gt_fail_fields(struct gt_call *call, const struct gt_field_problem *problems, size_t count)
{
    struct gt_buf text = gt_buf_init(64 * 1024);
    json_t *list = json_array();
    gt_buf_addf(&text, "%zu validation error%s detected: ", count, gt_plural(count));
    for (size_t i = 0; i < count; i++) {
        gt_buf_addf(&text, "%s%s", i == 0 ? "" : "; ", problems[i].text);
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "name", problems[i].path, "message", problems[i].text));
    }
    fail(call, GT_LAYER_HANDLER, 400, words_of(call)->invalid,
         gt_strdup(call->serve.arena, gt_buf_text(&text)));
    gt_buf_done(&text);
    if (words_of(call)->lists_fields) {
        gt_serve_fail_member(&call->serve, "reason", json_string("FieldValidationFailed"));
        gt_serve_fail_member(&call->serve, "fieldList", json_incref(list));
    }
    json_decref(list);
}

void gt_fail_field(struct gt_call *call, const char *path, const char *format, ...)
{
    struct gt_arena *arena = call->serve.arena;
    va_list args;
    va_start(args, format);
    const char *why = gt_vprintf(arena, format, args);
    va_end(args);
    const struct gt_field_problem problem = {
        .path = path,
        .text = gt_printf(arena, "Value at '%s' failed to satisfy constraint: %s", path, why)};
    gt_fail_fields(call, &problem, 1);
}

void gt_fail_throttled(struct gt_call *call)
{
    const struct words *own = words_of(call);
    fail(call, GT_LAYER_HANDLER, own->throttled_status != 0 ? own->throttled_status : 400,
         own->throttled, "Rate exceeded");
}

void gt_fail_internal(struct gt_call *call, const char *message)
{
    fail(call, GT_LAYER_HANDLER, 500, words_of(call)->internal, message);
}

void gt_fail_denied(struct gt_call *call, const char *action, const char *resource, const char *why)
{
    const char *message = gt_printf(
        call->serve.arena, "User: %s is not authorized to perform: %s on resource: %s%s%s",
        call->caller.arn, action, resource, why == NULL ? "" : " because ", why == NULL ? "" : why);
    fail(call, GT_LAYER_FRONT, 403, "AccessDeniedException", message);
}

/* -- encoding -- */

static const struct gt_shape *error_shape(const struct gt_call *call)
{
    if (call->serve.operation == NULL)
        return NULL;
    return gt_operation_error(call->serve.operation, call->failed);
}

static int status_of(const struct gt_call *call, const struct gt_shape *shape)
{
    if (call->failed_status != 0)
        return call->failed_status;
    if (shape != NULL && shape->http_status != 0)
        return shape->http_status;
    if (shape != NULL && (shape->flags & GT_SHAPE_FAULT))
        return 500;
    bool denied = gt_starts_with(call->failed, "AccessDenied");
    return denied && protocol_of(call) != GT_PROTOCOL_AWS_JSON         ? 403
           : gt_starts_with(call->failed, "Internal") && shape == NULL ? 500
                                                                       : 400;
}

static const char *xml_code(const struct gt_call *call, const struct gt_shape *shape, bool s3)
{
    for (size_t i = 0; i < GT_COUNT(front_codes); i++)
        if (gt_streq(front_codes[i].code, call->failed) && shape == NULL)
            return s3 ? front_codes[i].s3 : front_codes[i].query;
    return shape != NULL && shape->error_code != NULL ? shape->error_code : call->failed;
}

static void add_element(struct gt_buf *out, const char *name, const char *text)
{
    gt_buf_addf(out, "<%s>", name);
    gt_encode_xml_text(out, text);
    gt_buf_addf(out, "</%s>", name);
}

static void set_body(struct gt_call *call, struct gt_answer *answer, struct gt_buf *body,
                     const char *type)
{
    answer->body = gt_strndup(call->serve.arena, gt_buf_text(body), body->len);
    answer->body_len = body->len;
    gt_buf_done(body);
    gt_answer_header(call, answer, "Content-Type", type);
}

static void encode_query(struct gt_call *call, const struct gt_shape *shape,
                         struct gt_answer *answer)
{
    const char *namespace = call->service == NULL ? NULL : call->service->xml_namespace;
    struct gt_buf body = gt_buf_init(1 << 20);
    gt_buf_addf(&body, "<ErrorResponse xmlns=\"%s\"><Error>",
                namespace == NULL ? "http://webservices.amazon.com/AWSFault/2005-15-09"
                                  : namespace);
    add_element(&body, "Type", answer->status >= 500 ? "Receiver" : "Sender");
    add_element(&body, "Code", xml_code(call, shape, false));
    add_element(&body, "Message", call->message);
    gt_buf_adds(&body, "</Error>");
    add_element(&body, "RequestId", call->serve.request_id);
    gt_buf_adds(&body, "</ErrorResponse>");
    set_body(call, answer, &body, "text/xml");
}

static void encode_s3(struct gt_call *call, const struct gt_shape *shape, struct gt_answer *answer)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    struct gt_buf body = gt_buf_init(1 << 20);
    gt_buf_adds(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    add_element(&body, "Code", xml_code(call, shape, true));
    add_element(&body, "Message", call->message);
    const char *name;
    json_t *value;
    json_object_foreach(call->failed_members, name, value)
    {
        if (json_is_string(value))
            add_element(&body, name, json_string_value(value));
    }
    add_element(&body, "RequestId", call->serve.request_id);
    add_element(&body, "HostId", call->serve.request_id);
    /* The answer to a HEAD request has no body to say it in. */
    const char *region = gt_text_at(call->failed_members, "/Region");
    if (region != NULL)
        gt_answer_header(call, answer, "x-amz-bucket-region", region);
    gt_buf_adds(&body, "</Error>");
    enum { NOT_MODIFIED = 304 };
    if (gt_streq(request->method, "HEAD") || answer->status == NOT_MODIFIED)
        body.len = 0;
    set_body(call, answer, &body, "application/xml");
}

static json_t *json_error(struct gt_call *call, const char *message_name)
{
    json_t *body = json_object();
    const char *name;
    json_t *value;
    json_object_set_new(body, message_name, json_string(call->message));
    json_object_foreach(call->failed_members, name, value) json_object_set(body, name, value);
    return body;
}

static void encode_aws_json(struct gt_call *call, const struct gt_shape *shape,
                            struct gt_answer *answer)
{
    struct gt_arena *arena = call->serve.arena;
    bool front = call->layer == GT_LAYER_FRONT;
    const char *member = words_of(call)->message;
    const char *version = call->service == NULL ? "1.1" : call->service->json_version;
    const char *code = shape != NULL ? shape->name : call->failed;
    if (gt_streq(code, "RequestExpired"))
        code = "InvalidSignatureException";
    json_auto_t *body = json_error(call, member != NULL ? member : "message");
    json_object_set_new(
        body, "__type",
        json_string(gt_printf(arena, "%s%s", front ? "com.amazon.coral.service#" : "", code)));
    /* This protocol has no other status for what the client did wrong. */
    if (front && answer->status < 500)
        answer->status = 400;
    if (call->service != NULL && call->service->query_compatible) {
        const struct gt_request *request = gt_exchange_request(call->serve.exchange);
        if (gt_streq(gt_request_header(request, "x-amzn-query-mode"), "true"))
            gt_answer_header(call, answer, "x-amzn-query-error",
                             gt_printf(arena, "%s;%s", xml_code(call, shape, false),
                                       answer->status >= 500 ? "Receiver" : "Sender"));
    }
    struct gt_buf text = gt_buf_init(1 << 20);
    gt_buf_add_json(&text, body, JSON_COMPACT);
    set_body(call, answer, &text, gt_printf(arena, "application/x-amz-json-%s", version));
}

static void encode_rest_json(struct gt_call *call, const struct gt_shape *shape,
                             struct gt_answer *answer)
{
    const char *code = shape != NULL ? shape->name : call->failed;
    if (gt_streq(code, "RequestExpired"))
        code = "InvalidSignatureException";
    bool front = call->layer == GT_LAYER_FRONT;
    gt_answer_header(
        call, answer, "x-amzn-ErrorType",
        gt_printf(call->serve.arena, "%s%s", code,
                  front ? ":http://internal.amazon.com/coral/com.amazon.coral.service/" : ""));
    json_auto_t *body = json_error(call, "message");
    struct gt_buf text = gt_buf_init(1 << 20);
    gt_buf_add_json(&text, body, JSON_COMPACT);
    set_body(call, answer, &text, "application/json");
}

void gt_encode_failure(struct gt_call *call, struct gt_answer *answer)
{
    const struct gt_shape *shape = error_shape(call);
    *answer = (struct gt_answer){.status = status_of(call, shape)};
    switch (protocol_of(call)) {
    case GT_PROTOCOL_QUERY:
        encode_query(call, shape, answer);
        break;
    case GT_PROTOCOL_REST_XML:
        encode_s3(call, shape, answer);
        break;
    case GT_PROTOCOL_AWS_JSON:
        encode_aws_json(call, shape, answer);
        break;
    case GT_PROTOCOL_REST_JSON:
        encode_rest_json(call, shape, answer);
        break;
    }
    bool s3 = protocol_of(call) == GT_PROTOCOL_REST_XML;
    gt_answer_header(call, answer, s3 ? "x-amz-request-id" : "x-amzn-RequestId",
                     call->serve.request_id);
    if (s3)
        gt_answer_header(call, answer, "x-amz-id-2", call->serve.request_id);
}

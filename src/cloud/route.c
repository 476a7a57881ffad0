/* Which operation a request is for: by X-Amz-Target, Action and Version, or method and path. */
#include "call.h"

#include <string.h>

const char *gt_route_form(const struct gt_call *call)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    const char *type = gt_request_header(request, "content-type");
    if (gt_streq(request->method, "GET"))
        return request->query;
    return type != NULL && gt_starts_with(type, "application/x-www-form-urlencoded") ? request->body
                                                                                     : NULL;
}

/* The first value of a parameter of a form. */
static const char *form_value(struct gt_arena *arena, const char *form, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = form; at != NULL; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return gt_decode_percent(arena, at + len + 1, strcspn(at + len + 1, "&"), true);
    }
    return NULL;
}

const char *gt_route_action(struct gt_call *call, const char **version)
{
    const char *form = gt_route_form(call);
    if (form == NULL)
        return NULL;
    *version = form_value(call->serve.arena, form, "Version");
    return form_value(call->serve.arena, form, "Action");
}

/* Matches a path, as sent, with a template such as /gateways/{id}/ or /{Bucket}/{Key+}. */
static bool match_path(struct gt_call *call, const char *template, const char *path)
{
    call->labels.len = 0;
    while (*template != '\0' && *template != '?') {
        if (*template != '{') {
            if (*template ++ != *path++)
                return false;
            continue;
        }
        size_t len = strcspn(template, "}"), name_len = len - 1;
        bool greedy = template[name_len] == '+';
        size_t value_len = greedy ? strlen(path) : strcspn(path, "/");
        if (value_len == 0)
            return false;
        struct gt_label *label = GT_PUSH(call->serve.arena, &call->labels);
        label->name = gt_strndup(call->serve.arena, template + 1, name_len - greedy);
        label->value = gt_strndup(call->serve.arena, path, value_len);
        template += len + 1;
        path += value_len;
    }
    return *path == '\0';
}

/* Decodes the labels of the path that matched. */
static bool decode_labels(struct gt_call *call)
{
    for (size_t i = 0; i < call->labels.len; i++) {
        struct gt_label *label = &call->labels.at[i];
        label->value =
            gt_decode_percent(call->serve.arena, label->value, strlen(label->value), false);
        if (label->value == NULL) {
            gt_fail_front(call, 400, "ValidationException", "a label of the path is not UTF-8");
            return false;
        }
    }
    return true;
}

static size_t label_count(const char *uri)
{
    size_t count = 0;
    for (; *uri != '\0'; uri++)
        count += *uri == '{';
    return count;
}

/* The literal part of a query that a template asks for ("list-type=2") is in the request's. */
static bool has_query(const char *uri, const char *query)
{
    const char *wanted = strchr(uri, '?');
    return wanted == NULL || (query != NULL && strstr(query, wanted + 1) != NULL);
}

/* S3 tells operations apart by sub-resources in the query. */
static bool s3_knows_query(const struct gt_operation *operation, const char *query)
{
    for (const char *at = query; at != NULL && *at != '\0';) {
        size_t name_len = strcspn(at, "=&"), len = strcspn(at, "&");
        bool known = (name_len == 4 && strncmp(at, "x-id", 4) == 0) ||
                     (name_len == 9 && strncmp(at, "list-type", 9) == 0);
        for (size_t i = 0; !known && i < operation->input->member_count; i++) {
            const struct gt_member *member = &operation->input->members[i];
            const char *wire = member->location_name ? member->location_name : member->name;
            known = member->location == GT_LOCATION_QUERY && strlen(wire) == name_len &&
                    strncmp(wire, at, name_len) == 0;
        }
        if (!known)
            return false;
        at += len + (at[len] == '&');
    }
    return true;
}

static const struct gt_operation *match_rest(struct gt_call *call, const struct gt_service *service)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    const char *path = request->path;
    bool s3 = service->protocol == GT_PROTOCOL_REST_XML;
    size_t len = strlen(path);
    /* "/bucket/" is the bucket. */
    if (s3 && len > 2 && strchr(path + 1, '/') == path + len - 1)
        path = gt_strndup(call->serve.arena, path, len - 1);
    /* A template without a label at some place is meant before one with. */
    for (size_t labels = 0; labels < 8; labels++)
        for (const struct gt_operation *const *at = service->operations; *at != NULL; at++)
            if (label_count((*at)->uri) == labels && gt_streq((*at)->method, request->method) &&
                match_path(call, (*at)->uri, path) && has_query((*at)->uri, request->query) &&
                (!s3 || s3_knows_query(*at, request->query)))
                return *at;
    return NULL;
}

static const struct gt_operation *match_target(struct gt_call *call,
                                               const struct gt_service *service)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    const char *target = gt_request_header(request, "x-amz-target");
    const char *dot = target == NULL ? NULL : strrchr(target, '.');
    if (dot == NULL || strlen(service->target_prefix) != (size_t)(dot - target) ||
        strncmp(service->target_prefix, target, (size_t)(dot - target)) != 0 ||
        !gt_streq(request->method, "POST") || !gt_streq(request->path, "/"))
        return NULL;
    return gt_operation_find(service, dot + 1);
}

static const struct gt_operation *match_action(struct gt_call *call,
                                               const struct gt_service *service)
{
    const char *version = NULL, *action = gt_route_action(call, &version);
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    if (action == NULL || !gt_streq(version, service->api_version) || !gt_streq(request->path, "/"))
        return NULL;
    return gt_operation_find(service, action);
}

static const struct gt_operation *match(struct gt_call *call, const struct gt_service *service)
{
    switch (service->protocol) {
    case GT_PROTOCOL_REST_JSON:
    case GT_PROTOCOL_REST_XML:
        return match_rest(call, service);
    case GT_PROTOCOL_AWS_JSON:
        return match_target(call, service);
    case GT_PROTOCOL_QUERY:
        return match_action(call, service);
    }
    return NULL;
}

static bool unknown(struct gt_call *call)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    struct gt_arena *arena = call->serve.arena;
    const char *version, *target = gt_request_header(request, "x-amz-target");
    switch (call->service->protocol) {
    case GT_PROTOCOL_QUERY:
        target = gt_route_action(call, &version);
        gt_fail_front(call, 400, "InvalidAction", "Could not find operation %s of %s",
                      target == NULL ? "(none)" : gt_one_line(arena, target, 100),
                      call->service->name);
        break;
    case GT_PROTOCOL_AWS_JSON:
        gt_fail_front(call, 400, "UnknownOperationException", "%s has no operation %s here",
                      call->service->name,
                      target == NULL ? "without X-Amz-Target" : gt_one_line(arena, target, 100));
        break;
    case GT_PROTOCOL_REST_JSON:
        gt_fail_front(call, 404, "UnknownOperationException", "no operation for %s %s",
                      request->method, gt_one_line(arena, request->path, 200));
        break;
    case GT_PROTOCOL_REST_XML:
        gt_fail_front(call, 501, "NotImplemented",
                      "the embedded cloud has no operation of S3 for %s",
                      gt_request_shown(arena, request));
        break;
    }
    return false;
}

/* The one unsigned operation: its name says which service it belongs to. */
static bool route_unsigned(struct gt_call *call)
{
    const char *version = NULL, *action = gt_route_action(call, &version);
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++) {
        if ((*service)->protocol != GT_PROTOCOL_QUERY || action == NULL)
            continue;
        const struct gt_operation *operation = gt_operation_find(*service, action);
        if (operation != NULL && operation->unsigned_request &&
            gt_streq(version, (*service)->api_version)) {
            call->service = *service;
            call->serve.operation = operation;
            return true;
        }
    }
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    call->looks_like = action != NULL                                       ? GT_PROTOCOL_QUERY
                       : gt_request_header(request, "x-amz-target") != NULL ? GT_PROTOCOL_AWS_JSON
                                                                            : GT_PROTOCOL_REST_JSON;
    gt_fail_front(call, 403, "MissingAuthenticationTokenException", "Missing Authentication Token");
    return false;
}

/* The service name of the credential scope, without a look at the signature. */
static const char *scope_service(struct gt_call *call)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    const char *at = gt_request_header(request, "authorization");
    at = at == NULL ? NULL : strstr(at, "Credential=");
    for (int slashes = 0; at != NULL && slashes < 3; slashes++) {
        at = strpbrk(at, "/,");
        at = at == NULL || *at == ',' ? NULL : at + 1;
    }
    return at == NULL ? NULL : gt_strndup(call->serve.arena, at, strcspn(at, "/, "));
}

bool gt_route(struct gt_call *call)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    if (gt_request_header(request, "authorization") == NULL)
        return route_unsigned(call);
    const char *name = scope_service(call);
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++) {
        if (!gt_streq((*service)->signing_name, name))
            continue;
        if (call->service == NULL)
            call->service = *service;
        const struct gt_operation *operation = match(call, *service);
        if (operation == NULL)
            continue;
        call->service = *service;
        call->serve.operation = operation;
        return decode_labels(call);
    }
    if (call->service != NULL)
        return unknown(call);
    const char *version;
    call->looks_like = gt_route_action(call, &version) != NULL              ? GT_PROTOCOL_QUERY
                       : gt_request_header(request, "x-amz-target") != NULL ? GT_PROTOCOL_AWS_JSON
                                                                            : GT_PROTOCOL_REST_JSON;
    if (name == NULL)
        gt_fail_front(call, 403, "IncompleteSignatureException",
                      "Authorization header requires 'Credential', 'SignedHeaders' and "
                      "'Signature' parameters of algorithm AWS4-HMAC-SHA256");
    else
        gt_fail_front(call, 501, "NotImplementedByEmbeddedCloud",
                      "the embedded cloud does not have the service %s",
                      gt_one_line(call->serve.arena, name, 60));
    return false;
}

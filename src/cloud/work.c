/* What is done for an AWS call, in the order of the services: signature, operation, input,
 * permission, client token, handler. */
#include "call.h"

#include "identity.h"

#include <gantry/model/endpoints.h>
#include <gantry/sys/sys.h>
#include <inttypes.h>
#include <string.h>

static const char *fill(struct gt_call *call, const char *template)
{
    struct gt_serve *serve = &call->serve;
    struct gt_buf out = gt_buf_init(16 * 1024);
    for (const char *at = template; *at != '\0';) {
        if (*at != '{') {
            gt_buf_addc(&out, *at++);
            continue;
        }
        size_t len = strcspn(at, "}");
        const char *name = gt_strndup(serve->arena, at + 1, len - 1), *value;
        if (gt_streq(name, "account"))
            value = serve->account;
        else if (gt_streq(name, "region"))
            value = serve->region;
        else if (gt_streq(name, "partition"))
            value = serve->partition;
        else
            value = json_string_value(json_object_get(serve->input, name));
        gt_buf_adds(&out, value == NULL ? "*" : value);
        at += len + (at[len] == '}');
    }
    const char *text = gt_strdup(serve->arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return text;
}

json_t *gt_caller_context(struct gt_local *local, struct gt_arena *arena,
                          const struct gt_caller *caller)
{
    int64_t now_ms = gt_local_now_ms(local);
    enum { MS = 1000 };
    /* With the services themselves every call comes over TLS. */
    json_t *context =
        gt_pack(arena, "{s:s, s:s, s:s, s:s, s:s}", "aws:CurrentTime", gt_time_iso(arena, now_ms),
                "aws:EpochTime", gt_printf(arena, "%" PRId64, now_ms / MS), "aws:SecureTransport",
                "true", "aws:SourceIp", "127.0.0.1", "aws:RequestedRegion", caller->region);
    if (*caller->account == '\0')
        return context;
    bool session = caller->role_arn != NULL;
    json_auto_t *principal =
        json_pack("{s:s, s:s, s:s, s:s}", "aws:PrincipalAccount", caller->account,
                  "aws:PrincipalArn", session ? caller->role_arn : caller->arn, "aws:PrincipalType",
                  session ? "AssumedRole" : "User", "aws:userid", caller->id);
    json_object_update(context, principal);
    return context;
}

json_t *gt_serve_context(struct gt_serve *serve)
{
    return gt_caller_context(serve->local, serve->arena, &((struct gt_call *)serve)->caller);
}

bool gt_serve_allowed(struct gt_serve *serve, const struct gt_access *access, const char **why)
{
    const struct gt_caller *caller = &((struct gt_call *)serve)->caller;
    struct gt_access whole = *access;
    if (caller->role_arn == NULL)
        return true;
    json_t *context = gt_serve_context(serve);
    json_object_update(context, gt_iterable(access->context));
    whole.context = context;
    return gt_iam_allows(serve->local, caller->role_arn, caller->session_policy, &whole, why,
                         serve->arena);
}

/* The ARN that the permission is looked up for; "*": it is of no one. */
static const char *resource_of(struct gt_call *call)
{
    const struct gt_handler *handler = call->handler;
    const char *resource = handler->resource != NULL      ? fill(call, handler->resource)
                           : handler->resource_of != NULL ? handler->resource_of(&call->serve)
                                                          : NULL;
    return resource != NULL ? resource : "*";
}

static bool permitted(struct gt_call *call)
{
    struct gt_serve *serve = &call->serve;
    const struct gt_handler *handler = call->handler;
    if (handler->action != NULL && *handler->action == '\0')
        return true;
    const char *action =
        handler->action != NULL
            ? handler->action
            : gt_printf(serve->arena, "%s:%s", call->service->signing_name, serve->operation->name);
    const char *resource = resource_of(call);
    const char *why = NULL;
    struct gt_access access = {.action = action, .resource = resource};
    if (handler->key.name != NULL)
        access.context = gt_pack(serve->arena, "{s:s*}", handler->key.name,
                                 gt_input_text(serve, handler->key.member));
    if (gt_serve_allowed(serve, &access, &why))
        return true;
    gt_fail_denied(call, action, resource, why);
    return false;
}

static bool throttled(struct gt_call *call)
{
    struct gt_local *local = call->serve.local;
    const struct gt_knobs *knobs = gt_local_knob(local);
    bool out = knobs->throttle_every > 0 && ++local->calls % (uint64_t)knobs->throttle_every == 0;
    if (!out && knobs->rate > 0) {
        json_int_t second = gt_monotonic_ms(local->sys) / 1000;
        const char *name =
            gt_printf(call->serve.arena, "%s.%s", call->service->name, call->serve.operation->name);
        const json_t *known = json_object_get(local->rates, name);
        json_int_t count = 1;
        if (json_integer_value(json_array_get(known, 0)) == second)
            count += json_integer_value(json_array_get(known, 1));
        json_object_set_new(local->rates, name, json_pack("[I, I]", second, count));
        out = count > knobs->rate;
    }
    if (out)
        gt_fail_throttled(call);
    return out;
}

/* Any name that a region could have is one: which ones there are is nowhere said. */
static bool is_region(const char *name)
{
    enum { REGION_MAX = 32 };
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len <= REGION_MAX && name[len] == '\0';
}

/* The service's region in the scope must be one where it is; IAM has one region. */
static bool region_good(struct gt_call *call)
{
    const struct gt_host host =
        gt_service_host(call->serve.arena, call->service,
                        is_region(call->caller.region) ? call->caller.region : GT_LOCAL_REGION);
    if (gt_streq(host.signing_region, call->caller.region))
        return true;
    gt_fail_front(call, 403, "InvalidSignatureException",
                  "Credential should be scoped to a valid region: %s", host.signing_region);
    return false;
}

static bool authenticate(struct gt_call *call)
{
    struct gt_serve *serve = &call->serve;
    const char *code, *message;
    if (serve->operation != NULL && serve->operation->unsigned_request)
        call->caller = (struct gt_caller){.account = "",
                                          .arn = "anonymous",
                                          .id = "",
                                          .region = GT_LOCAL_REGION,
                                          .service = call->service->signing_name};
    else if (gt_request_header(gt_exchange_request(serve->exchange), "authorization") == NULL)
        return false; /* route.c said so */
    else if (!gt_caller_verify(serve->local, serve->exchange, &call->caller, &code, &message)) {
        call->handler = NULL;
        gt_fail_front(call, 403, code, "%s", message);
        return false;
    }
    serve->account = call->caller.account;
    serve->region = call->caller.region;
    serve->partition = gt_partition_of_region(serve->region)->id;
    serve->caller_arn = call->caller.arn;
    serve->caller_id = call->caller.id;
    serve->role_arn = call->caller.role_arn;
    return call->failed == NULL && region_good(call);
}

static json_t *decode(struct gt_call *call)
{
    switch (call->service->protocol) {
    case GT_PROTOCOL_QUERY:
        return gt_decode_query(call);
    case GT_PROTOCOL_AWS_JSON:
        return gt_decode_json(call);
    case GT_PROTOCOL_REST_JSON:
    case GT_PROTOCOL_REST_XML:
        break;
    }
    return gt_decode_rest(call);
}

static bool present(struct gt_call *call)
{
    if (call->handler != NULL && call->handler->fidelity != GT_ABSENT)
        return true;
    call->handler = NULL;
    gt_fail_front(call, 501, "NotImplementedByEmbeddedCloud",
                  "the embedded cloud does not have %s of %s; `gantry local --fidelity` lists "
                  "what it has",
                  call->serve.operation->name, call->service->name);
    return false;
}

/* What a service refuses before it looks at the input as a whole. */
static bool may_look(struct gt_call *call)
{
    return call->handler->check_first == NULL || call->handler->check_first(&call->serve);
}

/* Output of the handler, or of the first call with this client token; NULL after failing. */
static json_t *run(struct gt_call *call)
{
    const json_t *recorded;
    switch (gt_token_look(call, &recorded)) {
    case GT_TOKEN_OTHER:
        gt_token_refuse(call);
        return NULL;
    case GT_TOKEN_SAME:
        return call->handler->again != NULL ? call->handler->again(&call->serve)
                                            : json_deep_copy(recorded);
    case GT_TOKEN_NEW:
        break;
    }
    struct gt_local *local = call->serve.local;
    if (gt_streq(gt_fault_name(call), "land"))
        local->landing = call->fault;
    json_t *output = call->handler->run(&call->serve);
    local->landing = NULL;
    if (output != NULL)
        gt_token_keep(call, output);
    else if (call->failed == NULL)
        gt_fail_internal(call, "the handler gave no answer");
    return output;
}

static void finish(struct gt_call *call, json_t *output)
{
    if (output != NULL && call->failed == NULL) {
        if (call->entry != NULL)
            gt_entry_ids(call, output);
        gt_answer_encode(call, output, &call->answer);
    }
    json_decref(output);
    if (call->failed != NULL)
        gt_encode_failure(call, &call->answer);
    gt_deliver(call);
}

void gt_work(struct gt_call *call)
{
    json_t *input = NULL;
    if (authenticate(call) && !throttled(call) && present(call))
        input = gt_keep(call->serve.arena, decode(call));
    if (input != NULL) {
        gt_entry_ids(call, input);
        call->serve.input = input;
    }
    if (input == NULL || !may_look(call) || !gt_input_check(call, input) || !permitted(call)) {
        finish(call, NULL);
        return;
    }
    if (call->handler->take != NULL)
        call->handler->take(&call->serve);
    else
        finish(call, run(call));
}

void gt_serve_answer(struct gt_serve *serve, json_t *output)
{
    struct gt_call *call = (struct gt_call *)serve;
    if (output == NULL && call->failed == NULL)
        gt_fail_internal(call, "the handler gave no answer");
    finish(call, output);
}

void gt_serve_answers(struct gt_serve *serve, int status)
{
    gt_entry_write((struct gt_call *)serve, status);
}

/* -- without a request -- */

json_t *gt_dispatch_unsigned(struct gt_local *local, struct gt_arena *arena,
                             const struct gt_unsigned_call *given, const char **code,
                             const char **message)
{
    struct gt_call *call = GT_NEW(arena, struct gt_call);
    call->service = gt_service_find(given->service);
    const struct gt_operation *operation =
        call->service == NULL ? NULL : gt_operation_find(call->service, given->operation);
    const char *account = given->account != NULL ? given->account : GT_LOCAL_ACCOUNT;
    const char *region = given->region != NULL ? given->region : GT_LOCAL_REGION;
    const char *partition = gt_partition_of_region(region)->id;
    call->handler = operation == NULL ? NULL : gt_handler_find(operation);
    *code = "UnknownOperation";
    *message = "the embedded cloud does not have this operation, or it answers with a stream";
    if (call->handler == NULL || call->handler->run == NULL)
        return NULL;
    if (operation->service->protocol == GT_PROTOCOL_QUERY)
        region = gt_service_host(arena, call->service, region).signing_region;
    json_t *params =
        gt_keep(arena, given->params != NULL ? json_deep_copy(given->params) : json_object());
    call->caller = (struct gt_caller){
        .account = account,
        .arn = gt_printf(arena, "arn:%s:iam::%s:user/gantry", partition, account),
        .id = "AIDASEEDSEEDSEEDSEED",
        .region = region,
        .service = call->service->signing_name};
    call->serve = (struct gt_serve){.arena = arena,
                                    .local = local,
                                    .operation = operation,
                                    .input = params,
                                    .account = account,
                                    .region = region,
                                    .partition = partition,
                                    .caller_arn = call->caller.arn,
                                    .caller_id = call->caller.id,
                                    .base_url = gt_local_url(local),
                                    .request_id = gt_uuid(local->sys, arena)};
    json_t *output = may_look(call) && gt_input_check(call, params) ? run(call) : NULL;
    *code = call->failed;
    *message = call->message;
    return output;
}

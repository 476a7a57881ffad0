#include "scripted_transport.h"

#include <string.h>
#include <strings.h>

struct rule {
    const char *method, *part;
    size_t times; /* left; 0: always */
    bool used_up;
    struct gt_scripted_answer answer;
};

struct gt_scripted_script {
    struct gt_arena *arena;
    struct gt_loop *loop;
    GT_VEC(struct rule) rules;
    gt_scripted_fn *fn;
    void *payload;
};

struct exchange {
    struct gt_scripted *scripted;
    struct gt_scripted_request request;
    struct gt_scripted_answer answer;
    gt_http_fn *fn;
    void *payload;
};

const char *gt_scripted_header(const struct gt_scripted_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static bool holds(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

static bool matches(const struct rule *rule, const struct gt_scripted_request *request)
{
    if (rule->used_up || (rule->method != NULL && strcmp(rule->method, request->method) != 0))
        return false;
    return rule->part == NULL || holds(request->url, rule->part) ||
           holds(gt_scripted_header(request, "x-amz-target"), rule->part) ||
           holds(request->body, rule->part);
}

static bool find_answer(struct gt_scripted *scripted, const struct gt_scripted_request *request,
                        struct gt_scripted_answer *answer)
{
    struct gt_scripted_script *script = scripted->script;
    for (size_t i = 0; i < script->rules.len; i++) {
        struct rule *rule = &script->rules.at[i];
        if (!matches(rule, request))
            continue;
        *answer = rule->answer;
        if (rule->times > 0)
            rule->used_up = --rule->times == 0;
        return true;
    }
    return script->fn != NULL && script->fn(script->payload, request, answer);
}

static void reply(void *payload)
{
    struct exchange *exchange = payload;
    const struct gt_scripted_answer *answer = &exchange->answer;
    size_t count = 0;
    while (count < GT_COUNT(answer->headers) && answer->headers[count].name != NULL)
        count++;
    bool answered = answer->outcome == GT_HTTP_ANSWERED;
    const char *body = answer->body != NULL ? answer->body : "";
    struct gt_http_response response = {
        .outcome = answer->outcome,
        .status = answer->status == 0 && answered ? 200 : answer->status,
        .headers = answer->headers,
        .header_count = count,
        .body = body,
        .body_len = answer->body_len > 0 ? answer->body_len : strlen(body),
        .error = answered                ? NULL
                 : answer->error != NULL ? answer->error
                                         : "scripted failure",
        .timed_out = answer->timed_out,
        .too_large = answer->too_large,
    };
    exchange->fn(exchange->payload, &response);
}

static void arrive(void *payload)
{
    struct exchange *exchange = payload;
    struct gt_scripted *scripted = exchange->scripted;
    struct gt_scripted_script *script = scripted->script;
    exchange->request.at_ms = gt_monotonic_ms(gt_loop_sys(script->loop));
    *GT_PUSH(script->arena, &scripted->requests) = exchange->request;
    exchange->answer = (struct gt_scripted_answer){0};
    if (!find_answer(scripted, &exchange->request, &exchange->answer)) {
        scripted->unexpected++;
        exchange->answer = (struct gt_scripted_answer){.status = 599, .body = "unexpected request"};
    }
    gt_timer_start(script->loop, exchange->answer.delay_ms, reply, exchange);
}

static void send_scripted(void *self, const struct gt_http_request *wanted, gt_http_fn *fn,
                          void *payload)
{
    struct gt_scripted *scripted = self;
    struct gt_arena *arena = scripted->script->arena;
    struct gt_header *headers = gt_calloc(arena, wanted->header_count, sizeof(*headers));
    for (size_t i = 0; i < wanted->header_count; i++)
        headers[i] = (struct gt_header){gt_strdup(arena, wanted->headers[i].name),
                                        gt_strdup(arena, wanted->headers[i].value)};
    struct exchange *exchange = GT_NEW(arena, struct exchange);
    *exchange = (struct exchange){
        .scripted = scripted,
        .request = {.method = gt_strdup(arena, wanted->method),
                    .url = gt_strdup(arena, wanted->url),
                    .headers = headers,
                    .header_count = wanted->header_count,
                    .body = gt_strndup(arena, wanted->body, wanted->body_len),
                    .body_len = wanted->body_len,
                    .no_proxy = wanted->no_proxy,
                    .secret = wanted->secret,
                    .timeout_ms = wanted->timeout_ms},
        .fn = fn,
        .payload = payload,
    };
    gt_timer_start(scripted->script->loop, 0, arrive, exchange);
}

struct gt_scripted *gt_scripted_new(struct gt_arena *arena, struct gt_loop *loop)
{
    struct gt_scripted *scripted = GT_NEW(arena, struct gt_scripted);
    scripted->script = GT_NEW(arena, struct gt_scripted_script);
    scripted->script->arena = arena;
    scripted->script->loop = loop;
    scripted->transport = (struct gt_transport){.send = send_scripted, .self = scripted};
    return scripted;
}

void gt_scripted_when(struct gt_scripted *scripted, const char *method, const char *part,
                      size_t times, struct gt_scripted_answer answer)
{
    *GT_PUSH(scripted->script->arena, &scripted->script->rules) =
        (struct rule){.method = method, .part = part, .times = times, .answer = answer};
}

void gt_scripted_next(struct gt_scripted *scripted, struct gt_scripted_answer answer)
{
    gt_scripted_when(scripted, NULL, NULL, 1, answer);
}

void gt_scripted_by(struct gt_scripted *scripted, gt_scripted_fn *fn, void *payload)
{
    scripted->script->fn = fn;
    scripted->script->payload = payload;
}

#include "embedded.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

#include <stdlib.h>
#include <string.h>

enum { ASK_TIMEOUT_MS = 10000, PORT_MAX = 65535 };

static bool check_options(struct gt_context *context)
{
    static const struct {
        enum option option;
        const char *name;
    } others[] = {{OPTION_ENDPOINT_URL, "--endpoint-url"}, {OPTION_PROFILE, "--profile"}};
    for (size_t i = 0; i < GT_COUNT(others); i++) {
        if (!gt_asked(context->program, others[i].option))
            continue;
        gt_error(context->diags, "usage", "%s cannot be given with --local", others[i].name)->hint =
            "--local uses the address and the keys of the embedded cloud";
        return false;
    }
    return true;
}

/* GANTRY_LOCAL: the port of one of several embedded clouds; 0: none named. */
static bool port_wanted(struct gt_context *context, int *port)
{
    const char *text = gt_env(context->program->sys, "GANTRY_LOCAL");
    *port = 0;
    if (text == NULL)
        return true;
    char *end;
    long value = strtol(text, &end, 10);
    if (*end == '\0' && value > 0 && value <= PORT_MAX) {
        *port = (int)value;
        return true;
    }
    gt_error(context->diags, "usage", "GANTRY_LOCAL is \"%s\", which is no port", text)->hint =
        "set it to the port that `gantry local` listens on: GANTRY_LOCAL=4599";
    return false;
}

bool gt_embedded_find_at(struct gt_context *context, int port)
{
    const char *folder;
    struct gt_local_place *place = GT_NEW(context->arena, struct gt_local_place);
    if (!gt_local_run_folder(context->arena, context->program->sys, &folder, context->diags) ||
        !gt_local_find(context->arena, folder, port, place, context->diags))
        return false;
    context->place = place;
    return true;
}

bool gt_embedded_find(struct gt_context *context)
{
    int port;
    if (!context->local || context->place != NULL)
        return true;
    return check_options(context) && port_wanted(context, &port) &&
           gt_embedded_find_at(context, port);
}

struct ask {
    struct gt_context *context;
    const char *what;
    const json_t *answer;
    bool done, ok;
};

static void on_answer(void *payload, const struct gt_http_response *response)
{
    struct ask *ask = payload;
    struct gt_context *context = ask->context;
    json_t *document = response->outcome == GT_HTTP_ANSWERED && response->body_len > 0
                           ? json_loadb(response->body, response->body_len, 0, NULL)
                           : NULL;
    ask->answer = gt_keep(context->arena, document);
    ask->ok = response->outcome == GT_HTTP_ANSWERED && response->status / 100 == 2;
    ask->done = true;
    if (!ask->ok) {
        const char *said = gt_text_at(document, "/message");
        if (said == NULL)
            said = response->outcome == GT_HTTP_ANSWERED
                       ? gt_printf(context->arena, "HTTP %d", response->status)
                       : response->error;
        gt_error(context->diags, "embedded-cloud", "the embedded cloud refused %s: %s", ask->what,
                 gt_one_line(context->arena, said, 400));
    }
    gt_loop_stop(context->loop);
}

bool gt_embedded_ask(struct gt_context *context, const char *method, const char *path,
                     const json_t *body, const json_t **answer)
{
    struct gt_buf text = gt_buf_init((size_t)1 << 20);
    if (body != NULL)
        gt_buf_add_json(&text, body, JSON_COMPACT);
    const struct gt_header headers[] = {{"content-type", "application/json"}};
    struct gt_http_request request = {
        .method = method,
        .url = gt_printf(context->arena, "http://localhost%s", path),
        .headers = headers,
        .header_count = body == NULL ? 0 : GT_COUNT(headers),
        .body = body == NULL ? NULL : gt_buf_text(&text),
        .body_len = text.len,
        .timeout_ms = ASK_TIMEOUT_MS,
        .secret = true,
        .unix_socket = context->place->socket,
    };
    struct ask ask = {.context = context, .what = path};
    gt_http_send(context->http, &request, on_answer, &ask);
    while (!ask.done)
        gt_loop_run(context->loop);
    gt_buf_wipe(&text);
    if (answer != NULL)
        *answer = ask.answer;
    return ask.ok;
}

const struct gt_keys *gt_embedded_keys(struct gt_context *context)
{
    const struct gt_local_place *place = context->place;
    const char *account = context->has_stack ? context->stack.provider.account : NULL;
    struct gt_keys *keys = GT_NEW(context->arena, struct gt_keys);
    const char *id = place->access_key_id, *secret = place->secret_access_key;
    if (account != NULL && !gt_streq(account, place->account)) {
        const json_t *answer;
        json_t *body = gt_pack(context->arena, "{s:s}", "account", account);
        if (!gt_embedded_ask(context, "POST", "/keys", body, &answer))
            return NULL;
        id = gt_text_at(answer, "/accessKeyId");
        secret = gt_text_at(answer, "/secretAccessKey");
    }
    *keys = (struct gt_keys){
        .access_key_id = id == NULL ? "" : id,
        .secret_access_key = {.bytes = secret == NULL ? "" : secret,
                              .len = secret == NULL ? 0 : strlen(secret)},
        .account_id = account == NULL ? place->account : account,
        .source = "embedded cloud",
    };
    return keys;
}

static const char *absolute_folder(struct gt_context *context)
{
    const char *real = gt_path_real(context->arena, context->folder);
    return real == NULL ? context->folder : real;
}

/* The folder in which a command runs: that of the manifest, or one named from there. */
static const char *folder_of(struct gt_context *context, const json_t *local)
{
    const char *given = gt_text_at(local, "/directory");
    if (given != NULL && given[0] == '/')
        return given;
    const char *base = absolute_folder(context);
    return given == NULL ? base : gt_printf(context->arena, "%s/%s", base, given);
}

static bool send_command(struct gt_context *context, const struct gt_resource *resource)
{
    static const char *const taken[] = {"command", "environment", "transport"};
    json_t *name;
    if (!gt_engine_resolve(context->engine,
                           json_object_get(resource->properties, "agentRuntimeName"), &name,
                           context->diags))
        return false;
    json_t *body =
        gt_pack(context->arena, "{s:s, s:s, s:O, s:s}", "account", context->cloud.account, "region",
                context->cloud.region, "name", name, "folder", folder_of(context, resource->local));
    for (size_t i = 0; i < GT_COUNT(taken); i++) {
        json_t *value = json_object_get(resource->local, taken[i]), *resolved;
        if (value == NULL)
            continue;
        if (!gt_engine_resolve(context->engine, value, &resolved, context->diags))
            return false;
        json_object_set(body, taken[i], resolved);
    }
    return gt_embedded_ask(context, "PUT", "/commands", body, NULL);
}

const char *gt_embedded_folder(struct gt_context *context)
{
    return gt_printf(context->arena, "%s/.gantry/local/%s", absolute_folder(context),
                     context->place->id);
}

/* The state is worth nothing when a cloud is gone that kept everything in memory: it removes it. */
bool gt_embedded_tell_folder(struct gt_context *context)
{
    if (context->place == NULL || context->place->kept)
        return true;
    gt_context_loop(context);
    json_t *body = gt_pack(context->arena, "{s:s}", "path", gt_embedded_folder(context));
    return gt_embedded_ask(context, "PUT", "/folders", body, NULL);
}

bool gt_embedded_tell_commands(struct gt_context *context)
{
    if (context->place == NULL || !context->has_stack)
        return true;
    for (size_t i = 0; i < context->stack.resources.len; i++) {
        const struct gt_resource *resource = &context->stack.resources.at[i];
        if (resource->local != NULL && !send_command(context, resource))
            return false;
    }
    return true;
}

/* What output asks for: token URLs from discovery documents, secrets from Cognito. */
#include "invocation.h"
#include "output.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <gantry/sys/file.h>

enum { FETCH_TIMEOUT_MS = 5000, FETCH_MAX = 1 << 20 };

struct fetch {
    struct gt_context *context;
    const char *pool_id, *token_url, *error;
    size_t *open;
};

static bool is_wanted(const struct gt_client_info *client, const char *only)
{
    return only == NULL || gt_streq(only, client->name);
}

static void on_document(void *payload, const struct gt_http_response *response)
{
    struct fetch *fetch = payload;
    struct gt_arena *arena = fetch->context->arena;
    json_auto_t *document = response->outcome == GT_HTTP_ANSWERED && response->status == 200
                                ? json_loadb(response->body, response->body_len, 0, NULL)
                                : NULL;
    fetch->token_url = gt_strdup(arena, gt_text_at(document, "/token_endpoint"));
    if (fetch->token_url == NULL)
        fetch->error = response->outcome != GT_HTTP_ANSWERED
                           ? gt_strdup(arena, response->error)
                           : gt_printf(arena, "HTTP %d without a token_endpoint", response->status);
    if (--*fetch->open == 0)
        gt_loop_stop(fetch->context->loop);
}

static void send(struct fetch *fetch)
{
    struct gt_context *context = fetch->context;
    const char *endpoint = gt_aws_endpoint(context->aws, &gt_service_cognito_idp);
    struct gt_http_request request = {
        .method = "GET",
        .url = gt_printf(context->arena, "%s/%s/.well-known/openid-configuration", endpoint,
                         fetch->pool_id),
        .timeout_ms = FETCH_TIMEOUT_MS,
        .max_body = FETCH_MAX,
    };
    ++*fetch->open;
    context->transport.send(context->transport.self, &request, on_document, fetch);
}

/* The state's cloud must be the one that the endpoints in force lead to. */
static bool same_cloud(struct gt_context *context)
{
    const char *recorded = context->session->state->cloud.endpoint;
    if (!gt_context_client(context))
        return false;
    return recorded == NULL || gt_streq(recorded, gt_context_endpoint_name(context));
}

void gt_fetch_token_urls(struct gt_context *context, struct gt_client_facts *facts,
                         const char *only)
{
    const struct gt_state *state = context->session->state;
    size_t count = context->stack.clients.len, open = 0;
    struct fetch *fetches = gt_calloc(context->arena, count + 1, sizeof(*fetches));
    struct gt_map pools = gt_map_init(context->arena);
    bool reachable = count > 0 && same_cloud(context);
    for (size_t i = 0; i < count; i++) {
        const struct gt_client_info *client = &context->stack.clients.at[i];
        const char *pool = gt_client_place(state, client).pool_id;
        if (pool == NULL || !is_wanted(client, only) || gt_map_get(&pools, pool) != NULL)
            continue;
        fetches[i] = (struct fetch){.context = context, .pool_id = pool, .open = &open};
        gt_map_set(&pools, pool, &fetches[i]);
        if (reachable)
            send(&fetches[i]);
        else
            fetches[i].error = "the state belongs to another endpoint than the one in force";
    }
    while (open > 0)
        gt_loop_run(context->loop);
    for (size_t i = 0; i < count; i++) {
        const char *pool = gt_client_place(state, &context->stack.clients.at[i]).pool_id;
        const struct fetch *fetch = pool == NULL ? NULL : gt_map_get(&pools, pool);
        facts[i].token_url = fetch == NULL ? NULL : fetch->token_url;
    }
    for (size_t i = 0; i < pools.entries.len; i++) {
        const struct fetch *fetch = pools.entries.at[i].value;
        if (fetch->token_url == NULL)
            gt_note(context->diags, "token-url",
                    "the token URL of user pool %s is made from its domain, since its discovery "
                    "document could not be read: %s",
                    fetch->pool_id, fetch->error);
    }
}

bool gt_fetch_secrets(struct gt_context *context, struct gt_client_facts *facts, const char *only)
{
    bool ok = true;
    for (size_t i = 0; i < context->stack.clients.len; i++) {
        const struct gt_client_info *client = &context->stack.clients.at[i];
        struct gt_client_place place = gt_client_place(context->session->state, client);
        if (place.client_id == NULL || place.pool_id == NULL || !is_wanted(client, only))
            continue;
        json_auto_t *input =
            json_pack("{s:s, s:s}", "UserPoolId", place.pool_id, "ClientId", place.client_id);
        json_t *output;
        if (!gt_aws_call(context->aws, context->arena, &gt_op_cognito_idp_DescribeUserPoolClient,
                         input, &output, context->diags)) {
            context->diags->list.at[context->diags->list.len - 1]->subject = client->client;
            ok = false;
            continue;
        }
        facts[i].secret = gt_text_at(output, "/UserPoolClient/ClientSecret");
    }
    return ok;
}

void gt_output_invocation(struct gt_context *context, struct gt_output *out)
{
    const char *real = gt_path_real(context->arena, context->path);
    out->manifest = real == NULL ? context->path : real;
    out->program = gt_invocation_program(context);
    out->options = gt_invocation_options(context);
    out->variables = gt_invocation_environment(context);
}

void gt_output_values(struct gt_context *context)
{
    const json_t *outputs = context->session->state->outputs;
    if (json_object_size(outputs) == 0)
        return;
    struct gt_program *program = context->program;
    const char *name;
    json_t *value;
    json_t *copy = json_deep_copy(outputs);
    json_object_foreach(copy, name, value)
    {
        const char *text = json_is_string(value) ? json_string_value(value)
                                                 : gt_json_canonical(context->arena, value);
        gt_program_print(program, gt_printf(context->arena, "%s = %s\n", name,
                                            gt_safe_text(context->arena, text)));
    }
    gt_program_event(program, "outputs", json_pack("{s:o}", "outputs", copy));
}

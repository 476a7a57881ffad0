/* The connection to the cloud: credentials, endpoints, and whose account it turned out to be. */
#include "embedded.h"
#include "watch.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

#include <string.h>

enum { IDENTITY_DEADLINE_MS = 60000 };

static struct gt_assume_role *assume_role(struct gt_context *context)
{
    const json_t *given = context->has_stack ? context->stack.provider.assume_role : NULL;
    if (!json_is_object(given) || context->place != NULL)
        return NULL;
    struct gt_assume_role *role = GT_NEW(context->arena, struct gt_assume_role);
    const char *session = gt_text_at(given, "/sessionName");
    role->role_arn = gt_text_at(given, "/roleArn");
    role->external_id = gt_text_at(given, "/externalId");
    role->session_name =
        session != NULL ? session : gt_printf(context->arena, "gantry-%s", context->stack_name);
    role->duration_s = (int)json_integer_value(gt_at(given, "/durationSeconds"));
    return role;
}

static bool web_identity(struct gt_context *context, struct gt_web_identity **out)
{
    const json_t *given = context->has_stack ? context->stack.provider.web_identity : NULL;
    *out = NULL;
    if (given == NULL || json_is_null(given) || context->place != NULL)
        return true;
    struct gt_web_identity *web = GT_NEW(context->arena, struct gt_web_identity);
    const char *role = gt_text_at(given, "/roleArn");
    const char *kind = gt_text_at(given, "");
    web->env = gt_text_at(given, "/env");
    web->file = gt_text_at(given, "/file");
    web->github = gt_streq(kind, "github") || (web->env == NULL && web->file == NULL);
    web->role_arn = role != NULL ? role : gt_env(context->program->sys, "AWS_ROLE_ARN");
    web->audience = gt_text_at(given, "/audience");
    web->session_name = gt_printf(context->arena, "gantry-%s", context->stack_name);
    if (web->role_arn == NULL || (kind != NULL && !web->github)) {
        struct gt_diag *diag =
            gt_error(context->diags, "web-identity",
                     kind != NULL && !web->github
                         ? "provider.webIdentity is \"github\", {env: NAME} or {file: PATH}"
                         : "provider.webIdentity does not say which role to assume");
        diag->pos = gt_marks_pos(context->manifest.marks, "/provider/webIdentity");
        diag->hint = "set webIdentity.roleArn or AWS_ROLE_ARN";
        return false;
    }
    *out = web;
    return true;
}

/* The endpoint for all services: the command line's, else the manifest's; else the environment and
 * the profile decide for each service. */
static const char *endpoint_url(const struct gt_context *context)
{
    const char *given = context->place != NULL
                            ? context->place->url
                            : gt_option_text(context->program, OPTION_ENDPOINT_URL);
    if (given != NULL)
        return given;
    return context->has_stack ? context->stack.provider.endpoint_url : NULL;
}

static bool choose_region(struct gt_context *context)
{
    const char *given = gt_option_text(context->program, OPTION_REGION);
    if (given == NULL && context->session != NULL &&
        (context->follows_state || !context->has_stack))
        given = context->session->state->cloud.region;
    if (given == NULL && context->has_stack)
        given = context->stack.provider.region;
    if (given == NULL)
        given = gt_region_configured(context->program->sys, context->profile);
    if (given == NULL && context->place != NULL)
        given = GT_EMBEDDED_REGION;
    if (given == NULL) {
        gt_error(context->diags, "no-region", "no region is given")->hint =
            "set provider.region, --region or AWS_REGION";
        return false;
    }
    context->region = given;
    return true;
}

static bool check_url(struct gt_context *context, const char *url)
{
    if (url == NULL || gt_starts_with(url, "https://") || gt_starts_with(url, "http://"))
        return true;
    gt_error(context->diags, "endpoint", "the endpoint is no http or https URL")->hint =
        "write --endpoint-url http://localhost:5000";
    return false;
}

void gt_context_loop(struct gt_context *context)
{
    const struct gt_sys *sys = context->program->sys;
    if (context->loop != NULL)
        return;
    const char *bundle = gt_env(sys, "AWS_CA_BUNDLE");
    if (bundle == NULL && context->profile != NULL)
        bundle = gt_profile_get(context->profile, "ca_bundle");
    context->loop = gt_loop_new(sys);
    context->http = gt_http_new(
        context->loop,
        &(struct gt_http_options){.ca_bundle = bundle, .user_agent = "gantry/" GANTRY_VERSION});
    context->transport = gt_http_transport(context->http);
}

bool gt_context_client(struct gt_context *context)
{
    if (context->aws != NULL)
        return true;
    if (!gt_embedded_find(context))
        return false;
    const struct gt_sys *sys = context->program->sys;
    struct gt_web_identity *web;
    context->endpoint_url = endpoint_url(context);
    if (!choose_region(context) || !check_url(context, context->endpoint_url) ||
        !web_identity(context, &web))
        return false;
    gt_context_loop(context);
    const struct gt_keys *keys = context->place == NULL ? NULL : gt_embedded_keys(context);
    if (context->place != NULL && keys == NULL)
        return false;
    context->credentials = gt_credentials_new(&(struct gt_credentials_options){
        .sys = sys,
        .loop = context->loop,
        .transport = context->transport,
        .profile = context->profile,
        .profile_explicit = gt_asked(context->program, OPTION_PROFILE),
        .region = context->region,
        .endpoint_url = context->endpoint_url,
        .assume_role = assume_role(context),
        .web_identity = web,
        .fixed = keys,
    });
    context->aws = gt_aws_new(&(struct gt_aws_options){
        .loop = context->loop,
        .transport = context->transport,
        .credentials = context->credentials,
        .region = context->region,
        .endpoint_url = context->endpoint_url,
        .profile = context->profile,
    });
    return true;
}

/* The services whose endpoints make a cloud this one and no other: those of the resource types. */
static size_t services_of_types(const struct gt_service **services, size_t max)
{
    size_t count = 0;
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++) {
        size_t i = 0;
        while (i < count && services[i] != (*type)->service)
            i++;
        if (i == count && count < max)
            services[count++] = (*type)->service;
    }
    return count;
}

const char *gt_context_endpoint_name(struct gt_context *context)
{
    if (context->place != NULL)
        return gt_printf(context->arena, "embedded cloud %s", context->place->id);
    enum { SERVICES_MAX = 32 };
    const struct gt_service *services[SERVICES_MAX];
    size_t count = services_of_types(services, SERVICES_MAX), overridden = 0;
    struct gt_aws *official = gt_aws_new(&(struct gt_aws_options){
        .loop = context->loop,
        .transport = context->transport,
        .region = context->region,
        .ignore_configured_endpoints = true,
    });
    const char *first = NULL, *list = "";
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        const char *url = gt_aws_endpoint(context->aws, services[i]);
        if (gt_streq(url, gt_aws_endpoint(official, services[i])))
            continue;
        overridden++;
        first = first == NULL ? gt_strdup(context->arena, url) : first;
        same &= gt_streq(url, first);
        list = gt_printf(context->arena, "%s%s%s=%s", list, *list == '\0' ? "" : ",",
                         services[i]->name, url);
    }
    gt_aws_free(official);
    if (overridden == 0)
        return "aws";
    return overridden == count && same ? first : list;
}

/* The manifest's word on the account, in the environment where there is one. */
static bool check_account(struct gt_context *context)
{
    const char *wanted = context->has_stack ? context->stack.provider.account : NULL;
    if (wanted == NULL || gt_streq(wanted, context->cloud.account))
        return true;
    struct gt_diag *diag = gt_error(context->diags, "wrong-account",
                                    "the credentials belong to account %s, the manifest is for %s",
                                    context->cloud.account, wanted);
    char *inner =
        gt_printf(context->arena, "%s/provider/account",
                  gt_pointer_join(context->arena, "/environments", context->stack_environment));
    bool in_environment = gt_marks_get(context->manifest.marks, inner) != NULL;
    diag->pos = gt_marks_pos(context->manifest.marks, in_environment ? inner : "/provider/account");
    diag->hint = "use credentials of that account, or choose another environment with -e";
    return false;
}

struct caller {
    struct gt_context *context;
    const json_t *output; /* NULL: there was an error */
    bool answered;
};

static void on_caller(void *payload, const struct gt_aws_answer *answer)
{
    struct caller *caller = payload;
    caller->answered = true;
    if (answer->failure == GT_AWS_OK)
        caller->output = gt_keep(caller->context->arena, json_incref(answer->output));
    else
        gt_aws_error(caller->context->diags, &gt_op_sts_GetCallerIdentity, answer);
    gt_loop_stop(caller->context->loop);
}

/* Whose credentials these are; the first call of a run, and within its deadline. */
static const json_t *ask_caller(struct gt_context *context)
{
    const struct gt_value *values = context->program->args->values;
    int64_t deadline_ms = values[OPTION_DEADLINE].number;
    if (deadline_ms == 0)
        deadline_ms = values[OPTION_CALLER_DEADLINE].number;
    bool short_of_time = deadline_ms > 0 && deadline_ms < IDENTITY_DEADLINE_MS;
    struct gt_call call = {
        .operation = &gt_op_sts_GetCallerIdentity,
        .repeatable = true,
        .deadline_ms = short_of_time ? deadline_ms : IDENTITY_DEADLINE_MS,
    };
    struct caller caller = {.context = context};
    gt_watch_begin(context, "connecting", 0);
    gt_aws_submit(context->aws, &call, on_caller, &caller);
    while (!caller.answered)
        gt_loop_run(context->loop);
    gt_watch_end(context);
    return caller.output;
}

bool gt_context_connect(struct gt_context *context)
{
    if (!gt_context_client(context))
        return false;
    const json_t *output = ask_caller(context);
    if (output == NULL)
        return false;
    context->cloud = (struct gt_cloud){
        .partition = gt_aws_partition(context->region),
        .account = gt_text_at(output, "/Account"),
        .region = context->region,
        .endpoint = gt_context_endpoint_name(context),
    };
    if (context->cloud.account == NULL) {
        gt_error(context->diags, "garbled-answer", "GetCallerIdentity did not name an account");
        return false;
    }
    if (context->program->verbosity == GT_VERBOSE)
        gt_program_say(context->program, "account %s as %s, region %s, endpoint %s",
                       context->cloud.account, gt_text_at(output, "/Arn"), context->region,
                       context->cloud.endpoint);
    if (!check_account(context))
        return false;
    return context->session == NULL ||
           gt_state_check_cloud(context->session->state, &context->cloud, context->diags);
}

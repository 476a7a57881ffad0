/*
 * AssumeRole and AssumeRoleWithWebIdentity: query protocol, POST to the regional endpoint. It has
 * its own few lines for that, since the AWS client needs credentials before it can send anything.
 * Source: AWS Security Token Service API Reference.
 */
#include "providers.h"
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <gantry/model/operations.h>
#include <gantry/net/loop.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

enum { ATTEMPTS = 3, PAUSE_MS = 500, TIMEOUT_MS = 20000, MAX_BODY = 256 * 1024 };

struct call {
    struct gt_fetch *fetch;
    const struct gt_operation *operation;
    struct gt_role_request request;
    const struct gt_keys *signer;
    const char *region, *base;
    int attempts;
};

/* What to do about the service's own codes. */
static const struct {
    const char *code, *hint;
} hints[] = {
    {"AccessDenied", "the role's trust policy has to name who calls, with the external id and the "
                     "claims that it asks for"},
    {"ExpiredToken", "the keys that the role is assumed with have expired: renew them"},
    {"ExpiredTokenException", "the token has expired: get a new one"},
    {"InvalidIdentityToken", "look at the identity provider in IAM: its URL, audience and keys"},
    {"IDPRejectedClaim", "look at the token's claims and the identity provider in IAM"},
    {"InvalidClientTokenId", "the access key does not exist, or is switched off"},
    {"SignatureDoesNotMatch", "the secret key does not belong to the access key, or this machine's "
                              "clock is wrong"},
    {"RequestExpired", "this machine's clock is wrong"},
    {"RegionDisabledException", "switch STS on for that region, or use another one"},
    {"ValidationError", "look at the role's ARN, the session's name and the duration"},
};

/* Codes after which the same request can be sent again. */
static const char *const passing_codes[] = {"Throttling",           "ThrottlingException",
                                            "RequestLimitExceeded", "IDPCommunicationError",
                                            "ServiceUnavailable",   "InternalFailure"};

static void add_parameter(struct gt_arena *arena, struct gt_buf *body, const char *name,
                          const char *value)
{
    if (value == NULL)
        return;
    char *encoded = gt_percent_encode(arena, value, "");
    gt_buf_addf(body, "%s%s=%s", body->len > 0 ? "&" : "", name, encoded);
    gt_wipe(encoded, strlen(encoded));
}

static void write_body(struct call *call, struct gt_buf *body)
{
    struct gt_run *run = call->fetch->run;
    const struct gt_role_request *request = &call->request;
    const char *session = request->session_name;
    if (session == NULL)
        session = gt_printf(run->arena, "gantry-%lld", (long long)(gt_now_ms(run->sys) / 1000));
    const char *duration =
        request->duration_s == 0 ? NULL : gt_printf(run->arena, "%d", request->duration_s);
    add_parameter(run->arena, body, "Action", call->operation->name);
    add_parameter(run->arena, body, "Version", gt_service_sts.api_version);
    add_parameter(run->arena, body, "RoleArn", request->role_arn);
    add_parameter(run->arena, body, "RoleSessionName", session);
    add_parameter(run->arena, body, "ExternalId", request->external_id);
    add_parameter(run->arena, body, "DurationSeconds", duration);
    add_parameter(run->arena, body, "WebIdentityToken", request->web_token);
}

/* The texts of an element's children, by their names: the first element called `name`. New
 * reference; an empty object when there is none. */
static json_t *children_of(const xmlNode *node, const char *name)
{
    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (strcmp((const char *)node->name, name) != 0) {
            json_t *found = children_of(node->children, name);
            if (json_object_size(found) > 0)
                return found;
            json_decref(found);
            continue;
        }
        json_t *members = json_object();
        for (const xmlNode *child = node->children; child != NULL; child = child->next) {
            const xmlNode *text = child->children;
            if (child->type == XML_ELEMENT_NODE && text != NULL && text->type == XML_TEXT_NODE)
                json_object_set_new(members, (const char *)child->name,
                                    json_string((const char *)text->content));
        }
        return members;
    }
    return json_object();
}

/* What an answer says in the element called `name`; kept by the run's arena. */
static json_t *read_answer(struct gt_arena *arena, const struct gt_http_response *response,
                           const char *name)
{
    xmlDoc *document = xmlReadMemory(response->body, (int)response->body_len, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    json_t *members = children_of(document == NULL ? NULL : xmlDocGetRootElement(document), name);
    xmlFreeDoc(document);
    return gt_keep(arena, members);
}

static void use_answer(struct call *call, const struct gt_http_response *response)
{
    static const struct gt_keys_form form = {
        .access_key_id = "AccessKeyId",
        .secret_access_key = "SecretAccessKey",
        .session_token = "SessionToken",
        .expiration = "Expiration",
        .token_required = true,
    };
    struct gt_arena *arena = call->fetch->run->arena;
    const char *why = NULL;
    const struct gt_keys *keys = gt_keys_parse(arena, read_answer(arena, response, "Credentials"),
                                               &form, call->request.source, &why);
    if (keys == NULL) {
        gt_fetch_fail(call->fetch, "something between here and STS answers in its place",
                      "%s at %s: %s", call->operation->name, call->base, why);
        return;
    }
    /* arn:PARTITION:iam::ACCOUNT:role/NAME */
    struct gt_keys *complete = GT_NEW(arena, struct gt_keys);
    *complete = *keys;
    const char *account = call->request.role_arn;
    for (int i = 0; i < 4 && account != NULL; i++)
        account = (account = strchr(account, ':')) == NULL ? NULL : account + 1;
    if (account != NULL)
        complete->account_id = gt_strndup(arena, account, strcspn(account, ":"));
    gt_fetch_give(call->fetch, complete);
}

static const char *hint_for(const char *code)
{
    for (size_t i = 0; i < GT_COUNT(hints); i++)
        if (gt_streq(hints[i].code, code))
            return hints[i].hint;
    return "look at the role and at who may assume it";
}

static void refused(struct call *call, const struct gt_http_response *response, const char *code,
                    const char *message)
{
    struct gt_fetch *fetch = call->fetch;
    struct gt_arena *arena = fetch->run->arena;
    const char *id = gt_http_header(response, "x-amzn-requestid");
    struct gt_diag *diag =
        gt_error(&fetch->run->diags, "credentials-failed", "%s: %s of %s was refused: %s%s%s",
                 fetch->provider->name, call->operation->name, call->request.role_arn, code,
                 *message != '\0' ? ": " : "", message);
    diag->hint = hint_for(code);
    diag->remote = (struct gt_remote){.service = "sts",
                                      .operation = call->operation->name,
                                      .http_status = response->status,
                                      .code = code,
                                      .request_id = gt_strdup(arena, id),
                                      .reason = message};
    gt_fetch_failed(fetch);
}

static bool is_passing(const struct gt_http_response *response, const char *code)
{
    for (size_t i = 0; i < GT_COUNT(passing_codes); i++)
        if (gt_streq(passing_codes[i], code))
            return true;
    return response->outcome != GT_HTTP_ANSWERED || response->status >= 500;
}

static void send_call(void *payload);

static void answered(void *payload, const struct gt_http_response *response)
{
    struct call *call = payload;
    struct gt_fetch *fetch = call->fetch;
    struct gt_arena *arena = fetch->run->arena;
    const char *problem = gt_answer_problem(arena, response);
    if (problem == NULL) {
        use_answer(call, response);
        return;
    }
    const json_t *error =
        response->outcome == GT_HTTP_ANSWERED ? read_answer(arena, response, "Error") : NULL;
    const char *code = json_string_value(json_object_get(error, "Code"));
    const char *message = json_string_value(json_object_get(error, "Message"));
    if (is_passing(response, code) && call->attempts < ATTEMPTS)
        fetch->run->timer =
            gt_timer_start(fetch->run->options->loop, PAUSE_MS << call->attempts, send_call, call);
    else if (response->outcome == GT_HTTP_ANSWERED)
        /* The first line only: that of a wrong signature goes on with the signed headers. */
        refused(call, response, code != NULL ? code : problem,
                gt_one_line(arena, message != NULL ? message : ""));
    else
        gt_fetch_fail(fetch, "look at the network, the region and the proxy", "%s at %s: %s",
                      call->operation->name, call->base, problem);
}

/* The authority without a port that is the scheme's own, as the Host header has it, and the path.
 */
static const char *host_header(struct gt_arena *arena, const char *url, const char **path)
{
    const char *start = strstr(url, "://");
    start = start == NULL ? url : start + 3;
    size_t len = strcspn(start, "/");
    *path = start + len;
    const char *host = gt_strndup(arena, start, len);
    const char *usual = gt_starts_with(url, "https:") ? ":443" : ":80";
    return gt_ends_with(host, usual) ? gt_strndup(arena, host, len - strlen(usual)) : host;
}

static void send_call(void *payload)
{
    struct call *call = payload;
    struct gt_run *run = call->fetch->run;
    struct gt_arena *arena = run->arena;
    run->timer = NULL;
    call->attempts++;
    struct gt_buf body = gt_buf_init(MAX_BODY);
    write_body(call, &body);
    const char *path;
    const struct gt_sign_header own[] = {
        {"Host", host_header(arena, call->base, &path)},
        {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    path = gt_printf(arena, "%s/", path);
    struct gt_signature signature = {0};
    if (call->signer != NULL) {
        const struct gt_sign_request request = {.method = "POST",
                                                .path = path,
                                                .headers = own,
                                                .header_count = GT_COUNT(own),
                                                .body = gt_buf_text(&body),
                                                .body_len = body.len};
        const struct gt_sign_options options = {.access_key_id = call->signer->access_key_id,
                                                .secret_access_key =
                                                    call->signer->secret_access_key,
                                                .session_token = call->signer->session_token,
                                                .region = call->region,
                                                .service = gt_service_sts.signing_name,
                                                .unix_ms = gt_now_ms(run->sys)};
        signature = gt_sigv4_sign(arena, &request, &options);
    }
    GT_VEC(struct gt_header) headers = {0};
    *GT_PUSH(arena, &headers) = (struct gt_header){own[1].name, own[1].value};
    for (size_t i = 0; i < signature.added_count; i++)
        *GT_PUSH(arena, &headers) =
            (struct gt_header){signature.added[i].name, signature.added[i].value};
    const struct gt_http_request request = {.method = "POST",
                                            .url = gt_printf(arena, "%s/", call->base),
                                            .headers = headers.at,
                                            .header_count = headers.len,
                                            .body = gt_buf_text(&body),
                                            .body_len = body.len,
                                            .timeout_ms = TIMEOUT_MS};
    gt_run_send(run, &request, answered, call);
    gt_buf_wipe(&body);
}

void gt_sts_fetch(struct gt_fetch *fetch, const struct gt_role_request *request,
                  const struct gt_keys *signer)
{
    struct gt_run *run = fetch->run;
    const struct gt_credentials_options *options = run->options;
    struct call *call = GT_NEW(run->arena, struct call);
    const char *region = options->region != NULL ? options->region
                                                 : gt_region_configured(run->sys, options->profile);
    struct gt_host host =
        gt_service_host(run->arena, &gt_service_sts, region != NULL ? region : "us-east-1");
    const char *usual = gt_printf(run->arena, "https://%s", host.host);
    *call = (struct call){
        .fetch = fetch,
        .operation = request->web_token != NULL ? &gt_op_sts_AssumeRoleWithWebIdentity
                                                : &gt_op_sts_AssumeRole,
        .request = *request,
        .signer = signer,
        .region = host.signing_region,
        .base = gt_run_endpoint(run, "STS", options->endpoint_url, usual),
    };
    send_call(call);
}

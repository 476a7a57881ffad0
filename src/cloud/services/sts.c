/*
 * STS. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
 * API_AssumeRoleWithWebIdentity.html.
 */
#include "../identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/jose.h>
#include <gantry/sys/sys.h>
#include <string.h>

enum {
    DEFAULT_SECONDS = 3600,
    MAX_CHAINED_SECONDS = 3600, /* a role that was assumed by a role */
    MAX_SESSION_POLICY = 2048,
    MAX_TAGS = 50
};

struct assumption {
    struct gt_serve *call;
    const char *arn;
    const struct gt_object *role;
    json_t *context;      /* kept by the arena */
    const json_t *policy; /* of the session; NULL: none */
    int64_t seconds;
    size_t packed; /* characters of session policies and tags */
};

static json_t *get_caller_identity(struct gt_serve *call)
{
    return json_pack("{s:s, s:s, s:s}", "Account", call->account, "Arn", call->caller_arn, "UserId",
                     call->caller_id);
}

static bool fail(struct gt_serve *call, const char *code, const char *message)
{
    gt_serve_fail(call, code, "%s", message);
    return false;
}

/* "000000000000" of "arn:aws:iam::000000000000:role/x"; NULL when it is no role's ARN. */
static const char *account_of(struct gt_arena *arena, const char *arn)
{
    const char *at = gt_starts_with(arn, "arn:") ? strstr(arn, ":iam::") : NULL;
    if (at == NULL)
        return NULL;
    at += strlen(":iam::");
    size_t len = strcspn(at, ":");
    return gt_starts_with(at + len, ":role/") ? gt_strndup(arena, at, len) : NULL;
}

static bool read_role(struct assumption *assumption)
{
    struct gt_serve *call = assumption->call;
    assumption->arn = gt_input_text(call, "/RoleArn");
    if (account_of(call->arena, assumption->arn) == NULL) {
        gt_serve_fail(call, "ValidationError", "%s is invalid", assumption->arn);
        return false;
    }
    assumption->role = gt_iam_role(call->local, assumption->arn);
    return true;
}

/* The policy of the session: the inline one and managed ones together. */
static bool read_policy(struct assumption *assumption)
{
    struct gt_serve *call = assumption->call;
    const json_t *documents[11] = {NULL};
    size_t count = 0;
    const char *text = gt_input_text(call, "/Policy");
    if (text != NULL) {
        json_t *document = gt_iam_document(call, text, false);
        if (document == NULL)
            return false;
        assumption->packed += gt_policy_size(document);
        documents[count++] = gt_keep(call->arena, document);
    }
    const json_t *arns = json_object_get(call->input, "PolicyArns");
    if (json_array_size(arns) > GT_COUNT(documents) - 1)
        return fail(call, "ValidationError", "Cannot exceed 10 managed session policies.");
    for (size_t i = 0; i < json_array_size(arns); i++) {
        const char *arn = gt_text_at(json_array_get(arns, i), "/arn");
        documents[count] = arn == NULL ? NULL : gt_iam_managed(call->local, arn, call->arena);
        if (documents[count++] == NULL) {
            gt_serve_fail(call, "ValidationError", "PolicyArn %s is not known",
                          arn == NULL ? "" : arn);
            return false;
        }
    }
    if (assumption->packed > MAX_SESSION_POLICY)
        return fail(call, "PackedPolicyTooLarge", "The session policy exceeds 2048 characters");
    if (count > 0)
        assumption->policy = gt_keep(call->arena, gt_iam_joined(documents, count));
    return true;
}

static void put_text(struct assumption *assumption, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(assumption->context, key, json_string(value));
}

static void begin_context(struct assumption *assumption)
{
    struct gt_serve *call = assumption->call;
    assumption->context = gt_serve_context(call);
    put_text(assumption, "sts:RoleSessionName", gt_input_text(call, "/RoleSessionName"));
    if (assumption->role == NULL)
        return;
    const char *key;
    json_t *value;
    json_object_foreach(assumption->role->tags, key, value)
    {
        put_text(assumption, gt_printf(call->arena, "aws:ResourceTag/%s", key),
                 json_string_value(value));
    }
}

/* The limit of the role itself, and of a role chain. */
static bool read_duration(struct assumption *assumption, bool chained)
{
    struct gt_serve *call = assumption->call;
    const json_t *given = json_object_get(call->input, "DurationSeconds");
    assumption->seconds = gt_input_number(call, "/DurationSeconds", DEFAULT_SECONDS);
    if (chained && assumption->seconds > MAX_CHAINED_SECONDS)
        return fail(call, "ValidationError",
                    "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                    "assumed by role chaining");
    json_int_t most =
        json_integer_value(json_object_get(assumption->role->data, "MaxSessionDuration"));
    if (given != NULL && most > 0 && assumption->seconds > most)
        return fail(call, "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                    "role.");
    return true;
}

/* The answer's members that both ways share. */
static json_t *issue(struct assumption *assumption)
{
    struct gt_serve *call = assumption->call;
    struct gt_issued issued;
    enum { MS = 1000 };
    gt_keys_issue(call->local, call->arena, assumption->role,
                  gt_input_text(call, "/RoleSessionName"), assumption->seconds * MS,
                  assumption->policy, &issued);
    json_t *output =
        json_pack("{s:{s:s, s:s, s:s, s:o}, s:{s:s, s:s}}", "Credentials", "AccessKeyId",
                  issued.access_key_id, "SecretAccessKey", issued.secret_access_key, "SessionToken",
                  issued.session_token, "Expiration", gt_json_time(issued.expires_ms),
                  "AssumedRoleUser", "AssumedRoleId", issued.id, "Arn", issued.arn);
    if (assumption->packed > 0)
        json_object_set_new(
            output, "PackedPolicySize",
            json_integer((json_int_t)(assumption->packed * 100 / MAX_SESSION_POLICY)));
    return output;
}

/* Session tags and the source identity are actions of their own in the trust policy. */
static bool read_tags(struct assumption *assumption)
{
    struct gt_serve *call = assumption->call;
    const json_t *tags = json_object_get(call->input, "Tags");
    if (json_array_size(tags) > MAX_TAGS)
        return fail(call, "ValidationError", "There are more than 50 session tags.");
    json_t *keys = gt_keep(call->arena, json_array());
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *key = gt_text_at(json_array_get(tags, i), "/Key");
        const char *value = gt_text_at(json_array_get(tags, i), "/Value");
        put_text(assumption, gt_printf(call->arena, "aws:RequestTag/%s", key), value);
        json_array_append_new(keys, json_string(key));
        assumption->packed += strlen(key) + strlen(value);
    }
    if (json_array_size(keys) > 0)
        json_object_set(assumption->context, "aws:TagKeys", keys);
    put_text(assumption, "sts:SourceIdentity", gt_input_text(call, "/SourceIdentity"));
    put_text(assumption, "sts:ExternalId", gt_input_text(call, "/ExternalId"));
    return true;
}

/* The trust policy must allow it in any case, the caller's own policies unless it names the caller,
 * and not only the account, in which both are (IAM User Guide, "IAM roles: trust policies"). */
static bool may_assume(struct assumption *assumption, const char *action)
{
    struct gt_serve *call = assumption->call;
    const struct gt_access trust = {.action = action,
                                    .resource = assumption->arn,
                                    .principal_kind = "AWS",
                                    .principal = call->caller_arn,
                                    .context = assumption->context};
    bool at_home = gt_streq(account_of(call->arena, assumption->arn), call->account);
    const struct gt_access own = {
        .action = action,
        .resource = assumption->arn,
        .naming = at_home ? gt_iam_named(call->local, assumption->arn, &trust) : GT_NAMED_ANYHOW,
        .context = assumption->context};
    const char *why = NULL;
    return gt_iam_trusts(call->local, assumption->arn, &trust, &why, call->arena) &&
           gt_serve_allowed(call, &own, &why);
}

static bool caller_may(struct assumption *assumption)
{
    struct gt_serve *call = assumption->call;
    static const struct {
        const char *member, *action;
    } rows[] = {
        {NULL, "sts:AssumeRole"},
        {"Tags", "sts:TagSession"},
        {"SourceIdentity", "sts:SetSourceIdentity"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        if (rows[i].member != NULL && json_object_get(call->input, rows[i].member) == NULL)
            continue;
        if (!may_assume(assumption, rows[i].action)) {
            gt_serve_fail(call, "AccessDenied",
                          "User: %s is not authorized to perform: %s on resource: %s",
                          call->caller_arn, rows[i].action, assumption->arn);
            return false;
        }
    }
    return true;
}

static json_t *assume_role(struct gt_serve *call)
{
    struct assumption assumption = {.call = call};
    if (json_object_get(call->input, "TokenCode") != NULL)
        return gt_serve_fail(
            call, "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.");
    if (json_object_get(call->input, "ProvidedContexts") != NULL)
        return gt_serve_fail(call, "ValidationError",
                             "The embedded cloud does not know context providers.");
    if (!read_role(&assumption) || !read_policy(&assumption))
        return NULL;
    begin_context(&assumption);
    if (!read_tags(&assumption) || !caller_may(&assumption) ||
        !read_duration(&assumption, call->role_arn != NULL))
        return NULL;
    json_t *output = issue(&assumption);
    const char *source = gt_input_text(call, "/SourceIdentity");
    if (source != NULL)
        json_object_set_new(output, "SourceIdentity", json_string(source));
    return output;
}

/* The claims of a token: verified when one of our own pools issued it, else as they are. */
static json_t *read_claims(struct gt_serve *call)
{
    const char *token = gt_input_text(call, "/WebIdentityToken");
    json_t *claims = NULL;
    if (!gt_jwt_decode(token, NULL, &claims))
        return gt_serve_fail(call, "InvalidIdentityToken",
                             "The ID Token provided is not a valid JWT. (You may see this error if "
                             "you sent an Access Token)");
    gt_keep(call->arena, claims);
    const char *issuer = gt_text_at(claims, "/iss");
    if (issuer == NULL)
        return gt_serve_fail(call, "InvalidIdentityToken", "Missing a required claim: iss");
    json_auto_t *keys = gt_oauth_own_jwks(
        call->local, gt_printf(call->arena, "%s/.well-known/openid-configuration", issuer));
    json_t *verified = NULL;
    if (keys == NULL)
        return claims;
    if (gt_jwt_verify(token, keys, &verified) != GT_JWT_OK)
        return gt_serve_fail(call, "InvalidIdentityToken",
                             "Couldn't retrieve verification key from your identity provider,  "
                             "please reference AssumeRoleWithWebIdentity documentation for "
                             "requirements");
    return gt_keep(call->arena, verified);
}

static const char *audience_of(const json_t *claims)
{
    const json_t *audience = json_object_get(claims, "aud");
    if (json_is_array(audience))
        audience = json_array_get(audience, 0);
    return json_string_value(audience);
}

static bool check_claims(struct gt_serve *call, const json_t *claims)
{
    const json_t *expires = json_object_get(claims, "exp");
    enum { MS = 1000 };
    if (!json_is_number(expires))
        return fail(call, "InvalidIdentityToken", "Missing a required claim: exp");
    if (json_number_value(expires) * MS < (double)gt_local_now_ms(call->local))
        return fail(call, "ExpiredTokenException",
                    "Token expired: current date/time must be before the expiration date/time");
    if (audience_of(claims) == NULL)
        return fail(call, "InvalidIdentityToken", "Missing a required claim: aud");
    if (gt_text_at(claims, "/sub") == NULL)
        return fail(call, "InvalidIdentityToken", "Missing a required claim: sub");
    return true;
}

/* The condition keys of an OpenID Connect provider: "ISSUER:aud" and so on. A token with `azp` has
 * that as aud, and its own aud as oaud. */
static void put_claims(struct assumption *assumption, const char *issuer, const json_t *claims)
{
    struct gt_arena *arena = assumption->call->arena;
    static const char *const names[] = {"sub", "email", "amr", NULL};
    for (const char *const *name = names; *name != NULL; name++) {
        json_t *value = json_object_get(claims, *name);
        if (json_is_string(value) || json_is_array(value))
            json_object_set(assumption->context, gt_printf(arena, "%s:%s", issuer, *name), value);
    }
    const char *party = gt_text_at(claims, "/azp");
    put_text(assumption, gt_printf(arena, "%s:aud", issuer),
             party != NULL ? party : audience_of(claims));
    if (party != NULL)
        put_text(assumption, gt_printf(arena, "%s:oaud", issuer), audience_of(claims));
}

static json_t *assume_role_with_web_identity(struct gt_serve *call)
{
    struct assumption assumption = {.call = call};
    if (json_object_get(call->input, "ProviderId") != NULL)
        return gt_serve_fail(call, "ValidationError",
                             "The embedded cloud does not know OAuth 2.0 providers.");
    if (!read_role(&assumption) || !read_policy(&assumption))
        return NULL;
    const json_t *claims = read_claims(call);
    if (claims == NULL || !check_claims(call, claims))
        return NULL;
    const char *url = gt_text_at(claims, "/iss"), *scheme = strstr(url, "://");
    const char *issuer = scheme == NULL ? url : scheme + strlen("://");
    const char *partition = gt_strndup(call->arena, assumption.arn + strlen("arn:"),
                                       strcspn(assumption.arn + strlen("arn:"), ":"));
    const char *provider = gt_printf(call->arena, "arn:%s:iam::%s:oidc-provider/%s", partition,
                                     account_of(call->arena, assumption.arn), issuer);
    begin_context(&assumption);
    put_claims(&assumption, issuer, claims);
    put_text(&assumption, "aws:FederatedProvider", provider);
    const struct gt_access access = {.action = "sts:AssumeRoleWithWebIdentity",
                                     .resource = assumption.arn,
                                     .principal_kind = "Federated",
                                     .principal = provider,
                                     .context = assumption.context};
    const char *why = NULL;
    if (!gt_iam_trusts(call->local, assumption.arn, &access, &why, call->arena))
        return gt_serve_fail(call, "AccessDenied",
                             "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    if (!read_duration(&assumption, false))
        return NULL;
    json_t *output = issue(&assumption);
    json_object_set_new(output, "SubjectFromWebIdentityToken",
                        json_string(gt_text_at(claims, "/sub")));
    json_object_set_new(output, "Audience", json_string(audience_of(claims)));
    json_object_set_new(output, "Provider", json_string(provider));
    return output;
}

const struct gt_handler gt_sts_handlers[] = {
    {.operation = &gt_op_sts_GetCallerIdentity,
     .run = get_caller_identity,
     .fidelity = GT_MODELLED,
     .action = ""}, /* needs no permission */
    {.operation = &gt_op_sts_AssumeRole,
     .run = assume_role,
     .fidelity = GT_MODELLED,
     .note = "session tags and the source identity are judged and then forgotten; no MFA, no "
             "provided contexts; a role's session must be allowed by its own policies too, unless "
             "the trust policy of the same account names it or its role",
     .action = ""}, /* of which the trust policy is a part */
    {.operation = &gt_op_sts_AssumeRoleWithWebIdentity,
     .run = assume_role_with_web_identity,
     .fidelity = GT_GUESSED,
     .note = "the signature of a token is verified only when one of the cloud's own pools issued "
             "it; the trust policy is judged by its claims, and no provider need be registered",
     .resource = "{RoleArn}"},
    {.operation = NULL},
};

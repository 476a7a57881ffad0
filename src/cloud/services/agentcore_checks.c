/* What AgentCore checks before it makes or changes a gateway or a runtime. */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static const char service_principal[] = "bedrock-agentcore.amazonaws.com";

bool gt_check_tags(struct gt_serve *call)
{
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(json_object_get(call->input, "tags")), key, value)
    {
        if (gt_starts_with(gt_lower(call->arena, key), "aws:")) {
            gt_serve_fail(call, "ValidationException",
                          "Tag keys beginning with aws: are reserved: %s", key);
            return false;
        }
    }
    return true;
}

bool gt_check_quota(struct gt_serve *call, const struct gt_kind *kind, const char *parent,
                    size_t most)
{
    struct gt_object *at = NULL;
    size_t count = 0;
    while ((at = gt_object_next(call->local, kind, call->account, call->region, parent, at)) !=
           NULL)
        count++;
    if (count < most)
        return true;
    gt_serve_fail(call, "ServiceQuotaExceededException",
                  "%s would exceed the quota of %zu for this account or resource",
                  call->operation->name, most);
    return false;
}

/* The account of "arn:aws:iam::ACCOUNT:role/NAME". */
static const char *arn_account(struct gt_arena *arena, const char *arn)
{
    for (int colons = 0; colons < 4; colons++) {
        arn = strchr(arn, ':');
        if (arn == NULL)
            return "";
        arn++;
    }
    return gt_strndup(arena, arn, strcspn(arn, ":"));
}

/* A caller that is a role itself must be allowed to hand the role on (IAM User Guide, "Grant a user
 * permissions to pass a role to an AWS service"). */
static bool may_pass(struct gt_serve *call, const char *role_arn)
{
    const struct gt_access access = {
        .action = "iam:PassRole",
        .resource = role_arn,
        .context = gt_pack(call->arena, "{s:s}", "iam:PassedToService", service_principal),
    };
    const char *why;
    if (gt_serve_allowed(call, &access, &why))
        return true;
    gt_serve_fail(call, "AccessDeniedException",
                  "User: %s is not authorized to perform: iam:PassRole on resource: %s: %s",
                  call->caller_arn, role_arn, why);
    return false;
}

bool gt_check_role(struct gt_serve *call, const char *role_arn, const char *source_arn)
{
    if (!gt_streq(arn_account(call->arena, role_arn), call->account)) {
        gt_serve_fail(call, "ValidationException", "Cross-account pass role is not allowed: %s",
                      role_arn);
        return false;
    }
    if (!may_pass(call, role_arn))
        return false;
    struct gt_access access = {.action = "sts:AssumeRole",
                               .resource = role_arn,
                               .principal_kind = "Service",
                               .principal = service_principal,
                               .context = gt_pack(call->arena, "{s:s, s:s}", "aws:SourceArn",
                                                  source_arn, "aws:SourceAccount", call->account)};
    const char *why;
    if (gt_iam_trusts(call->local, role_arn, &access, &why, call->arena))
        return true;
    gt_serve_fail(call, "ValidationException",
                  "Role validation failed for '%s'. Please verify that the role exists and its "
                  "trust policy allows assumption by this service (%s)",
                  role_arn, why);
    return false;
}

/* An authorizer that restricts nothing is refused (a guess). */
bool gt_check_jwt(struct gt_serve *call)
{
    static const char *const restricting[] = {"allowedAudience", "allowedClients", "allowedScopes",
                                              "customClaims", "allowedWorkloadConfiguration"};
    const json_t *jwt = gt_at(call->input, "/authorizerConfiguration/customJWTAuthorizer");
    if (jwt == NULL)
        return true;
    bool restricted = false;
    for (size_t i = 0; i < GT_COUNT(restricting); i++)
        restricted = restricted || !gt_json_empty(json_object_get(jwt, restricting[i]));
    if (!restricted) {
        gt_serve_fail(call, "ValidationException",
                      "customJWTAuthorizer needs allowedAudience, allowedClients, allowedScopes or "
                      "customClaims");
        return false;
    }
    size_t index;
    json_t *claim;
    json_array_foreach(gt_iterable(json_object_get(jwt, "customClaims")), index, claim)
    {
        if (gt_streq(gt_text_at(claim, "/inboundTokenClaimName"), "client_id")) {
            gt_serve_fail(call, "ValidationException", "client_id is a reserved claim name");
            return false;
        }
    }
    return true;
}

json_t *gt_shown_authorizer(const json_t *configuration)
{
    if (configuration == NULL)
        return NULL;
    json_t *shown = json_deep_copy(configuration);
    gt_remove_at(shown, "/customJWTAuthorizer/privateEndpoint");
    gt_remove_at(shown, "/customJWTAuthorizer/privateEndpointOverrides");
    return shown;
}

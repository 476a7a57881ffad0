#include <gantry/aws/aws.h>

#include <gantry/base/str.h>
#include <string.h>

/* Texts and codes of the services that users stumble over, and what to do. The first row that fits
 * counts; NULL fits all. */
struct known {
    enum gt_aws_failure failure;
    const char *service, *code, *text; /* text: a part of the message */
    const char *hint;
};

/* Hints of more than one row. */
static const char permission_hint[] =
    "the identity that makes this call lacks the permission: check its policies, permission "
    "boundary and the organization's service control policies";
static const char unknown_key_hint[] =
    "the access key is not known here: check the profile, and that key, session token, region "
    "and endpoint belong together";
static const char signature_hint[] =
    "the secret access key does not belong to the access key, or this machine's clock is wrong";
static const char quota_hint[] =
    "a quota of the account is used up: remove what is not needed, or ask for more in Service "
    "Quotas";
static const char exists_hint[] =
    "something of that name is there that this stack does not own: import it, or choose another "
    "name";
static const char proxy_login_hint[] =
    "the proxy wants a user and password: put them into https_proxy";

#define AGENTCORE "bedrock-agentcore-control"

static const struct known known[] = {
    {GT_AWS_REFUSED, AGENTCORE, "ValidationException", "Role validation failed",
     "the service could not assume the role: its trust policy must allow "
     "bedrock-agentcore.amazonaws.com, and a new role takes some seconds to be known"},
    {GT_AWS_REFUSED, AGENTCORE, NULL, "validating ECR URI",
     "the runtime's role may not pull the image: it needs ecr:BatchGetImage and "
     "ecr:GetDownloadUrlForLayer on the repository, and ecr:GetAuthorizationToken"},
    {GT_AWS_REFUSED, AGENTCORE, NULL, "Gateway execution role lacks permission",
     "the gateway's role may not call the target; a policy that was just written takes some "
     "seconds to count"},
    {GT_AWS_REFUSED, AGENTCORE, NULL, "Policy Engine",
     "the gateway's role needs the policy engine's permissions; a policy that was just written "
     "takes some seconds to count"},
    {GT_AWS_REFUSED, AGENTCORE, NULL, "when gateway is in",
     "the gateway is busy; wait until its status is READY and try again"},
    {GT_AWS_REFUSED, AGENTCORE, NULL, "has targets associated",
     "the gateway's targets must be gone before the gateway"},
    {GT_AWS_REFUSED, AGENTCORE, NULL, "IdempotentParameterMismatch",
     "the client token was used for another request; the object may exist: look it up by name"},
    {GT_AWS_REFUSED, AGENTCORE, "AccessDeniedException", "was not found",
     "the service says so of objects that do not exist, and of an ARN given in place of an id"},
    {GT_AWS_REFUSED, AGENTCORE, "ServiceQuotaExceededException", NULL,
     "a quota of AgentCore is used up in this account and region: remove what is not needed, or "
     "ask for more in Service Quotas"},
    {GT_AWS_REFUSED, "cognito-idp", "ScopeDoesNotExistException", NULL,
     "the resource server with these scopes must exist before the client"},
    {GT_AWS_REFUSED, "cognito-idp", "InvalidParameterException", "omain already",
     "domain prefixes are unique in a region over all accounts: choose another prefix"},
    {GT_AWS_REFUSED, "cognito-idp", "InvalidParameterException", "eletion protection",
     "turn the user pool's deletion protection off first"},
    {GT_AWS_REFUSED, "cognito-idp", "InvalidParameterException", "domain configured",
     "delete the user pool's domain first"},
    {GT_AWS_REFUSED, "iam", "DeleteConflict", NULL,
     "inline policies, attached policies and instance profiles must be gone before the role"},
    {GT_AWS_REFUSED, "iam", "MalformedPolicyDocument", "rincipal",
     "a principal of the policy does not exist, or not yet; check its ARN and account"},
    {GT_AWS_REFUSED, "iam", "EntityTemporarilyUnmodifiable", NULL,
     "IAM is still busy with the last change; try again in some seconds"},
    {GT_AWS_REFUSED, "sts", "RegionDisabledException", NULL,
     "STS or the region is switched off in this account; switch it on in the account's settings"},
    {GT_AWS_REFUSED, "ecr", "RepositoryNotEmptyException", NULL,
     "delete the images first, or set the repository to be deleted with them"},
    {GT_AWS_REFUSED, "s3", "PermanentRedirect", NULL, "the bucket is in another region"},
    {GT_AWS_REFUSED, "s3", "AuthorizationHeaderMalformed", NULL, "the bucket is in another region"},
    {GT_AWS_REFUSED, "secretsmanager", "InvalidRequestException", "scheduled for deletion",
     "restore the secret, or wait until it is deleted"},

    {GT_AWS_REFUSED, NULL, "AccessDeniedException", NULL, permission_hint},
    {GT_AWS_REFUSED, NULL, "AccessDenied", NULL, permission_hint},
    {GT_AWS_REFUSED, NULL, "UnrecognizedClientException", NULL, unknown_key_hint},
    {GT_AWS_REFUSED, NULL, "InvalidClientTokenId", NULL, unknown_key_hint},
    {GT_AWS_REFUSED, NULL, "InvalidAccessKeyId", NULL, unknown_key_hint},
    {GT_AWS_REFUSED, NULL, "InvalidSignatureException", NULL, signature_hint},
    {GT_AWS_REFUSED, NULL, "SignatureDoesNotMatch", NULL, signature_hint},
    {GT_AWS_REFUSED, NULL, "RequestTimeTooSkewed", NULL, "put this machine's clock right"},
    {GT_AWS_REFUSED, NULL, "MissingAuthenticationToken", NULL,
     "a proxy or the endpoint dropped the signature; check the endpoint"},
    {GT_AWS_REFUSED, NULL, "OptInRequired", NULL,
     "the account is not signed up for this service, or the region is not switched on"},
    {GT_AWS_REFUSED, NULL, "SubscriptionRequiredException", NULL,
     "the account is not signed up for this service"},
    {GT_AWS_REFUSED, NULL, "LimitExceededException", NULL, quota_hint},
    {GT_AWS_REFUSED, NULL, "LimitExceeded", NULL, quota_hint},
    {GT_AWS_REFUSED, NULL, "ServiceQuotaExceededException", NULL, quota_hint},
    {GT_AWS_REFUSED, NULL, "EntityAlreadyExists", NULL, exists_hint},
    {GT_AWS_REFUSED, NULL, "ResourceAlreadyExistsException", NULL, exists_hint},
    {GT_AWS_REFUSED, NULL, "RepositoryAlreadyExistsException", NULL, exists_hint},
    {GT_AWS_REFUSED, NULL, "HTTP 407", NULL, proxy_login_hint},

    {GT_AWS_UNREACHABLE, NULL, NULL, "resolve",
     "check the network, the region and the endpoint: the service may not exist in this region"},
    {GT_AWS_UNREACHABLE, NULL, NULL, "certificate",
     "where a proxy inspects TLS, name its CA bundle in AWS_CA_BUNDLE"},
    {GT_AWS_UNREACHABLE, NULL, NULL, NULL,
     "check the network, the proxy (https_proxy, no_proxy) and the endpoint"},
    {GT_AWS_NO_ANSWER, NULL, NULL, NULL,
     "the request may have been carried out; run the command again, it looks before it acts"},
    {GT_AWS_GARBLED, NULL, "HTTP 407", NULL, proxy_login_hint},
    {GT_AWS_GARBLED, NULL, NULL, NULL,
     "something between here and the service answered, such as a proxy or a captive portal: check "
     "the proxy (https_proxy, no_proxy) and the endpoint"},
    {GT_AWS_INVALID, NULL, NULL, "the endpoint from",
     "an endpoint is a URL such as https://iam.amazonaws.com or http://127.0.0.1:5000"},
    {GT_AWS_INVALID, NULL, NULL, "no region",
     "a region is set with --region, AWS_REGION or provider.region"},
    {GT_AWS_CREDENTIALS, NULL, NULL, "expired",
     "log in again (aws sso login), or renew the session's keys or token"},
    {GT_AWS_CREDENTIALS, NULL, NULL, NULL,
     "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (aws sso login)"},
};

static bool fits(const char *wanted, const char *actual)
{
    return wanted == NULL || gt_streq(wanted, actual);
}

static const char *hint_of(const struct gt_operation *operation, const struct gt_aws_answer *answer)
{
    if (answer->failure == GT_AWS_REFUSED && answer->throttled)
        return "the service limits the rate of calls; try again in a while";
    for (size_t i = 0; i < GT_COUNT(known); i++) {
        const struct known *row = &known[i];
        if (row->failure == answer->failure && fits(row->service, operation->service->name) &&
            fits(row->code, answer->code) &&
            (row->text == NULL ||
             (answer->message != NULL && strstr(answer->message, row->text) != NULL)))
            return row->hint;
    }
    return NULL;
}

static const struct {
    const char *code, *what;
} failures[] = {
    [GT_AWS_OK] = {"aws", "worked"},
    [GT_AWS_REFUSED] = {"aws-refused", "was refused"},
    [GT_AWS_UNREACHABLE] = {"aws-unreachable", "could not be sent"},
    [GT_AWS_NO_ANSWER] = {"aws-no-answer", "got no answer"},
    [GT_AWS_GARBLED] = {"aws-garbled", "got no answer of the service"},
    [GT_AWS_CREDENTIALS] = {"aws-credentials", "has no valid credentials"},
    [GT_AWS_INVALID] = {"aws-invalid", "cannot be called"},
};

struct gt_diag *gt_aws_error(struct gt_diags *diags, const struct gt_operation *operation,
                             const struct gt_aws_answer *answer)
{
    struct gt_arena *arena = diags->arena;
    const char *reason = answer->message != NULL ? answer->message : "no reason given";
    bool refused = answer->failure == GT_AWS_REFUSED && answer->code != NULL;
    struct gt_diag *diag = gt_error(diags, failures[answer->failure].code, "%s %s%s%s: %s",
                                    operation->name, failures[answer->failure].what,
                                    refused ? " with " : "", refused ? answer->code : "", reason);
    diag->hint = hint_of(operation, answer);
    diag->remote = (struct gt_remote){.service = operation->service->name,
                                      .operation = operation->name,
                                      .http_status = answer->http_status,
                                      .code = gt_strdup(arena, answer->code),
                                      .request_id = gt_strdup(arena, answer->request_id),
                                      .reason = gt_strdup(arena, answer->message)};
    return diag;
}

/* The pure parts of the end-to-end check: what an answer probably means, and what to try. */
#include "verify_internal.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/client.h>

#include <string.h>

enum { ANY = -1 };

/* The first row that fits. What the authorizer says comes as bare status or as JSON-RPC error. */
static const struct {
    int failure, status;
    const char *text, *cause; /* text: part of the message; NULL: any */
} causes[] = {
    {ANY, 401, NULL, "the gateway's authorizer does not accept the token"},
    {ANY, 403, NULL, "the token lacks a scope that the gateway asks for"},
    {ANY, 404, NULL, "the gateway is gone, or the URL is that of another one"},
    {ANY, 429, NULL, "the gateway is overloaded, or its limit of calls is reached"},
    {GT_MCP_OK, ANY, "cannot be reached", "the server behind the gateway is not running"},
    {GT_MCP_OK, ANY, "MCP server", "the server behind the gateway ended, hangs or fails"},
    {GT_MCP_OK, ANY, "nternal error", "the server behind the gateway ended, hangs or fails"},
    {GT_MCP_OK, ANY, NULL, "the arguments do not suit the tool, or what it works with fails"},
    {GT_MCP_REFUSED, ANY, "nknown tool",
     "no tool has this name (TARGET___TOOL), or the target's changed"},
    {GT_MCP_REFUSED, ANY, NULL, "the gateway reached its target, and the server refused"},
    {GT_MCP_UNREACHABLE, ANY, NULL, "the gateway's host cannot be reached from here"},
    {GT_MCP_NO_ANSWER, ANY, NULL, "the server behind the gateway is slow to start, or hangs"},
    {GT_MCP_GARBLED, ANY, NULL, "what answers at this URL is no MCP server"},
    {GT_MCP_HTTP_STATUS, ANY, NULL, "the gateway, or the server behind it, is failing"},
};

const char *gt_gateway_cause(int failure, int status, const char *message)
{
    for (size_t i = 0; i < GT_COUNT(causes); i++)
        if ((causes[i].failure == ANY || causes[i].failure == failure) &&
            (causes[i].status == ANY || causes[i].status == status) &&
            (causes[i].text == NULL ||
             (message != NULL && strstr(message, causes[i].text) != NULL)))
            return causes[i].cause;
    return NULL;
}

/* By a word of the refusal's description (jose/authorizer.h); the first row that fits. */
static const struct {
    const char *text, *cause;
} claims_causes[] = {
    {"aud", "tokens by client credentials of Cognito carry no aud claim: use allowedClients in "
            "place of allowedAudience"},
    {"client", "the authorizer's allowedClients was changed by other means: `gantry diff` shows "
               "it, `gantry apply` puts it right"},
    {"claim iss", "the token is of another issuer than the authorizer's discoveryUrl"},
    {"expired", "the clocks of this machine and of the issuer differ"},
    {"not valid yet", "the clocks of this machine and of the issuer differ"},
};

const char *gt_claims_cause(const struct gt_refusal *refusal)
{
    if (refusal->scope != NULL)
        return "the client's scopes and the gateway's allowedScopes do not meet";
    for (size_t i = 0; i < GT_COUNT(claims_causes); i++)
        if (strstr(refusal->description, claims_causes[i].text) != NULL)
            return claims_causes[i].cause;
    return "the gateway's authorizer asks for claims that this token does not have";
}

const char *gt_tampered(struct gt_arena *arena, const char *token)
{
    char *copy = gt_strdup(arena, token);
    char *dot = strrchr(copy, '.');
    size_t len = dot == NULL ? 0 : strlen(dot);
    if (len <= 2)
        return NULL;
    /* The last character of base64url may carry bits that say nothing; one in the middle does not.
     */
    dot[len / 2] = dot[len / 2] == 'A' ? 'B' : 'A';
    return copy;
}

static bool is_named(const json_t *list, const char *text, size_t len)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (json_string_length(one) == len && strncmp(json_string_value(one), text, len) == 0)
            return true;
    }
    return false;
}

/* A scope of the client that the gateway does not allow; NULL: none. */
static const char *foreign_scope(struct gt_arena *arena, const json_t *allowed, const char *scopes)
{
    for (const char *at = scopes == NULL ? "" : scopes; *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len > 0 && !is_named(allowed, at, len))
            return gt_strndup(arena, at, len);
        at += len + strspn(at + len, " ");
    }
    return NULL;
}

/* The own client is the best: nothing but the scope is wrong then. One that the authorizer does not
 * name is the worst: it is refused whatever its scope. */
static int rank(const struct gt_verify_options *options, const struct gt_verify_client *other)
{
    const json_t *clients = json_object_get(options->gateway->authorizer, "allowedClients");
    if (gt_streq(other->client_id, options->client->client_id))
        return 3;
    if (json_array_size(clients) == 0)
        return 2;
    return is_named(clients, other->client_id, strlen(other->client_id)) ? 2 : 1;
}

bool gt_find_wrong_scope(struct gt_arena *arena, const struct gt_verify_options *options,
                         struct gt_wrong_scope *out)
{
    const json_t *allowed = json_object_get(options->gateway->authorizer, "allowedScopes");
    int best = 0;
    for (size_t i = 0; i < options->client_count; i++) {
        const struct gt_verify_client *other = &options->clients[i];
        if (other->secret == NULL ||
            !gt_streq(other->discovery_url, options->client->discovery_url) ||
            rank(options, other) <= best)
            continue;
        const char *scope = foreign_scope(arena, allowed, other->scope);
        if (scope == NULL)
            continue;
        *out = (struct gt_wrong_scope){other, scope};
        best = rank(options, other);
    }
    return best > 0;
}

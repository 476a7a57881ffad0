#include <gantry/jose/authorizer.h>

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { LEEWAY_S = 60, SCOPES_MAX = 64 * 1024 };

struct judgement {
    struct gt_arena *arena;
    const json_t *authorizer;
    const char *issuer;
    const json_t *claims;
    double now_s;
    struct gt_refusal *refusal;
};

static bool refuse(const struct judgement *judgement, const char *description)
{
    *judgement->refusal =
        (struct gt_refusal){.status = 401, .error = "invalid_token", .description = description};
    return false;
}

/* What the authorizer says under a name; null is as good as absent. */
static const json_t *rule(const struct judgement *judgement, const char *name)
{
    const json_t *value = json_object_get(judgement->authorizer, name);
    return json_is_null(value) ? NULL : value;
}

static bool names(const json_t *list, const char *text, size_t len)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (json_string_length(entry) == len && len > 0 &&
            memcmp(json_string_value(entry), text, len) == 0)
            return true;
    }
    return false;
}

/* A string that the list names, or a list with one of those. */
static bool names_any(const json_t *list, const json_t *value)
{
    if (json_is_string(value))
        return names(list, json_string_value(value), json_string_length(value));
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *entry = json_array_get(value, i);
        if (json_is_string(entry) &&
            names(list, json_string_value(entry), json_string_length(entry)))
            return true;
    }
    return false;
}

static bool check_issuer(const struct judgement *judgement)
{
    const char *iss = json_string_value(json_object_get(judgement->claims, "iss"));
    if (iss == NULL || !gt_streq(iss, judgement->issuer))
        return refuse(judgement, "the claim iss is not the issuer of the discovery document");
    return true;
}

static bool check_time(const struct judgement *judgement)
{
    const json_t *exp = json_object_get(judgement->claims, "exp");
    const json_t *nbf = json_object_get(judgement->claims, "nbf");
    if (!json_is_number(exp))
        return refuse(judgement, "the claim exp is missing or no number");
    if (judgement->now_s >= json_number_value(exp) + LEEWAY_S)
        return refuse(judgement, "the token has expired");
    if (nbf != NULL && !json_is_number(nbf))
        return refuse(judgement, "the claim nbf is no number");
    if (nbf != NULL && judgement->now_s < json_number_value(nbf) - LEEWAY_S)
        return refuse(judgement, "the token is not valid yet");
    return true;
}

static bool check_client(const struct judgement *judgement)
{
    const json_t *allowed = rule(judgement, "allowedClients");
    const json_t *client = json_object_get(judgement->claims, "client_id");
    if (client == NULL)
        client = json_object_get(judgement->claims, "azp");
    if (allowed == NULL || (json_is_string(client) && names_any(allowed, client)))
        return true;
    return refuse(judgement, client == NULL ? "the token has no claim client_id"
                                            : "allowedClients does not name the token's client");
}

static bool check_audience(const struct judgement *judgement)
{
    const json_t *allowed = rule(judgement, "allowedAudience");
    const json_t *audience = json_object_get(judgement->claims, "aud");
    if (allowed == NULL || names_any(allowed, audience))
        return true;
    return refuse(judgement, audience == NULL
                                 ? "the token has no claim aud"
                                 : "allowedAudience does not name the token's audience");
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t here = strcspn(at, " ");
        if (here == len && len > 0 && memcmp(at, word, len) == 0)
            return true;
        at += here;
    }
    return false;
}

bool gt_claims_have_scope(const json_t *claims, const char *scope)
{
    const json_t *given = json_object_get(claims, "scope"), *item;
    size_t i;
    if (given == NULL)
        given = json_object_get(claims, "scp");
    if (json_is_string(given))
        return has_word(json_string_value(given), scope);
    json_array_foreach(given, i, item)
    {
        if (gt_streq(json_string_value(item), scope))
            return true;
    }
    return false;
}

static bool has_any_scope(const json_t *claims, const json_t *allowed)
{
    for (size_t i = 0; i < json_array_size(allowed); i++) {
        const char *scope = json_string_value(json_array_get(allowed, i));
        if (scope != NULL && gt_claims_have_scope(claims, scope))
            return true;
    }
    return false;
}

/* The scopes by the names under which clients know them. */
static const char *advertised(const struct judgement *judgement, const json_t *allowed)
{
    const json_t *mapping = rule(judgement, "advertisedScopeMapping");
    struct gt_buf text = gt_buf_init(SCOPES_MAX);
    for (size_t i = 0; i < json_array_size(allowed); i++) {
        const char *scope = json_string_value(json_array_get(allowed, i));
        const char *other =
            scope == NULL ? NULL : json_string_value(json_object_get(mapping, scope));
        if (scope != NULL)
            gt_buf_addf(&text, "%s%s", text.len == 0 ? "" : " ", other == NULL ? scope : other);
    }
    const char *copy = gt_strdup(judgement->arena, gt_buf_text(&text));
    gt_buf_done(&text);
    return copy;
}

static bool check_scope(const struct judgement *judgement)
{
    const json_t *allowed = rule(judgement, "allowedScopes");
    if (allowed == NULL || has_any_scope(judgement->claims, allowed))
        return true;
    *judgement->refusal =
        (struct gt_refusal){.status = 403,
                            .error = "insufficient_scope",
                            .description = "the token has none of the scopes in allowedScopes",
                            .scope = advertised(judgement, allowed)};
    return false;
}

static bool equals(const json_t *claim, const json_t *wanted)
{
    return json_is_string(claim) && json_equal(claim, wanted);
}

static bool contains(const json_t *claim, const json_t *wanted)
{
    for (size_t i = 0; i < json_array_size(claim); i++)
        if (json_equal(json_array_get(claim, i), wanted))
            return true;
    return false;
}

static bool contains_any(const json_t *claim, const json_t *wanted)
{
    return json_is_array(claim) && names_any(wanted, claim);
}

/* The kinds of rules that the service accepts; any other refuses. */
static const struct claim_rule {
    const char *operation, *type, *member;
    bool (*holds)(const json_t *claim, const json_t *wanted);
} claim_rules[] = {
    {"EQUALS", "STRING", "matchValueString", equals},
    {"CONTAINS", "STRING_ARRAY", "matchValueString", contains},
    {"CONTAINS_ANY", "STRING_ARRAY", "matchValueStringList", contains_any},
};

static const struct claim_rule *claim_rule_of(const json_t *entry, const json_t **wanted)
{
    const char *type = gt_text_at(entry, "/inboundTokenClaimValueType");
    const char *operation = gt_text_at(entry, "/authorizingClaimMatchValue/claimMatchOperator");
    const json_t *value = gt_at(entry, "/authorizingClaimMatchValue/claimMatchValue");
    for (size_t i = 0; i < GT_COUNT(claim_rules); i++) {
        *wanted = json_object_get(value, claim_rules[i].member);
        if (gt_streq(claim_rules[i].operation, operation) && gt_streq(claim_rules[i].type, type) &&
            *wanted != NULL && json_object_size(value) == 1)
            return &claim_rules[i];
    }
    return NULL;
}

static bool check_custom(const struct judgement *judgement)
{
    const json_t *entries = rule(judgement, "customClaims");
    if (entries != NULL && !json_is_array(entries))
        return refuse(judgement, "customClaims is no list");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i), *wanted;
        const char *name = gt_text_at(entry, "/inboundTokenClaimName");
        const struct claim_rule *known = claim_rule_of(entry, &wanted);
        if (known == NULL || name == NULL)
            return refuse(judgement, "a rule of customClaims is not understood");
        const json_t *claim = json_object_get(judgement->claims, name);
        if (!known->holds(claim, wanted))
            return refuse(
                judgement,
                gt_printf(judgement->arena, "the claim %s %s", name,
                          claim == NULL ? "is missing" : "is not what customClaims asks for"));
    }
    return true;
}

/* Workloads are no part of a token, so nothing here can tell whether one is allowed. */
static bool check_workload(const struct judgement *judgement)
{
    if (rule(judgement, "allowedWorkloadConfiguration") == NULL)
        return true;
    return refuse(judgement, "allowedWorkloadConfiguration cannot be judged by a token's claims");
}

bool gt_authorizer_allows(struct gt_arena *arena, const json_t *authorizer, const char *issuer,
                          const json_t *claims, int64_t now_ms, struct gt_refusal *refusal)
{
    static bool (*const checks[])(const struct judgement *) = {
        check_issuer, check_time,     check_client, check_audience,
        check_custom, check_workload, check_scope,
    };
    const struct judgement judgement = {.arena = arena,
                                        .authorizer = authorizer,
                                        .issuer = issuer,
                                        .claims = claims,
                                        .now_s = (double)now_ms / 1000.0,
                                        .refusal = refusal};
    for (size_t i = 0; i < GT_COUNT(checks); i++)
        if (!checks[i](&judgement))
            return false;
    return true;
}

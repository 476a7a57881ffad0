/* A client's token: where its issuer is, that it gives one, and what is in it. */
#include "verify_check.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/authorizer.h>
#include <gantry/jose/jose.h>

bool gt_hop_discovery(struct gt_check *check)
{
    struct gt_token_failure why;
    gt_hop_begin(check, "discovery");
    if (!gt_discover(check->arena, &check->fetch, check->options->client->discovery_url,
                     &check->discovery, &why))
        return gt_hop_failed(check, "discovery", &why);
    check->out->token_url = gt_text_at(check->discovery, "/token_endpoint");
    return gt_hop_passed(
        check, "discovery",
        gt_printf(check->arena, "issuer %s", gt_text_at(check->discovery, "/issuer")));
}

static const char *kept(struct gt_check *check, const char *text)
{
    return gt_strdup(check->arena, text);
}

bool gt_check_token(struct gt_check *check, const struct gt_verify_client *client,
                    const char *scope, struct gt_token *token, struct gt_token_failure *why)
{
    int64_t left_ms = check->fetch.end_ms - gt_check_now_ms(check);
    struct gt_token_options options = {
        .loop = check->options->loop,
        .http = check->options->http,
        .client = client,
        .scope = scope,
        .deadline_ms = left_ms > 0 ? left_ms : 1,
        .is_over = check->options->is_over,
        .payload = check->options->payload,
    };
    struct gt_token_failure failure;
    if (gt_token_fetch(check->secret, &options, &check->out->token_url, token, &failure))
        return true;
    *why = (struct gt_token_failure){kept(check, failure.message), kept(check, failure.sent),
                                     kept(check, failure.received), failure.cause};
    return false;
}

bool gt_hop_token(struct gt_check *check)
{
    struct gt_token_failure why;
    gt_hop_begin(check, "token");
    if (!gt_check_token(check, check->options->client, NULL, &check->token, &why))
        return gt_hop_failed(check, "token", &why);
    const char *type = check->token.type;
    return gt_hop_passed(
        check, "token",
        gt_printf(check->arena, "%s, expires in %lld s",
                  type == NULL ? "of no type" : gt_one_line(check->arena, type, GT_HOP_SHOWN),
                  (long long)check->token.expires_in_s));
}

static const char *signature_problem(struct gt_check *check, const json_t *jwks, json_t **claims)
{
    static const char *const problems[] = {
        [GT_JWT_OK] = NULL,
        [GT_JWT_MALFORMED] = "the token is no JSON Web Token",
        [GT_JWT_UNKNOWN_KEY] = "the token is signed with a key that the issuer does not show",
        [GT_JWT_BAD_ALGORITHM] = "the token is signed with an algorithm that is not accepted",
        [GT_JWT_BAD_SIGNATURE] = "the token's signature does not hold",
    };
    return problems[gt_jwt_verify(check->token.access_token, jwks, claims)];
}

/* The names of what an authorizer looks at, of a token; none of them is secret. */
static const char *shown_claims(struct gt_arena *arena, const json_t *claims)
{
    static const char *const names[] = {"iss", "client_id", "aud", "scope", "token_use"};
    json_auto_t *shown = json_object();
    for (size_t i = 0; i < GT_COUNT(names); i++)
        json_object_set(shown, names[i], json_object_get(claims, names[i]));
    return gt_json_canonical(arena, shown);
}

bool gt_hop_claims(struct gt_check *check)
{
    struct gt_fetched keys = {0};
    const char *url = gt_text_at(check->discovery, "/jwks_uri");
    struct gt_token_failure why = {.cause = "the issuer's keys changed, or it is another issuer"};
    struct gt_refusal refusal;
    json_auto_t *claims = NULL;
    gt_hop_begin(check, "claims");
    why.sent = gt_printf(check->arena, "GET %s", url == NULL ? "(no jwks_uri)" : url);
    if (url != NULL)
        gt_fetch(check->arena, &check->fetch,
                 &(struct gt_http_request){.method = "GET", .url = url}, &keys);
    why.received =
        url == NULL ? "a discovery document without jwks_uri" : gt_received(check->arena, &keys);
    why.message = keys.document == NULL ? "the issuer's keys cannot be read"
                                        : signature_problem(check, keys.document, &claims);
    if (why.message != NULL)
        return gt_hop_failed(check, "claims", &why);
    if (!gt_authorizer_allows(check->arena, check->options->gateway->authorizer,
                              gt_text_at(check->discovery, "/issuer"), claims,
                              gt_now_ms(gt_loop_sys(check->options->loop)), &refusal))
        return gt_hop_failed(
            check, "claims",
            &(struct gt_token_failure){
                .sent = gt_printf(check->arena, "POST %s as client %s", check->out->token_url,
                                  check->options->client->client_id),
                .message = gt_printf(check->arena, "the gateway would refuse the token: %s",
                                     refusal.description),
                .received =
                    gt_printf(check->arena, "a token with %s, where the gateway asks for %s",
                              shown_claims(check->arena, claims),
                              gt_one_line(check->arena,
                                          gt_json_canonical(check->arena,
                                                            check->options->gateway->authorizer),
                                          2 * GT_HOP_SHOWN)),
                .cause = gt_claims_cause(&refusal)});
    return gt_hop_passed(check, "claims", shown_claims(check->arena, claims));
}

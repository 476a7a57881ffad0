#include "world.h"

#include <verify_internal.h>

GT_TEST_ARENA

#include <gantry/mcp/client.h>

static const json_t *parsed(const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    ck_assert_msg(document != NULL, "%s", text);
    return gt_keep(arena, document);
}

/* -- why a gateway answered like this -- */

static const struct {
    int failure, status;
    const char *message, *cause; /* cause: a part of it */
} answers[] = {
    {GT_MCP_HTTP_STATUS, 401, "HTTP status 401", "authorizer does not accept the token"},
    {GT_MCP_REFUSED, 401, "Invalid Bearer token: expired", "authorizer does not accept the token"},
    {GT_MCP_HTTP_STATUS, 403, "HTTP status 403", "lacks a scope"},
    {GT_MCP_REFUSED, 403, "Insufficient scope: none of them", "lacks a scope"},
    {GT_MCP_HTTP_STATUS, 404, "HTTP status 404", "gateway is gone"},
    {GT_MCP_HTTP_STATUS, 429, "HTTP status 429", "overloaded"},
    {GT_MCP_REFUSED, 200, "Unknown tool: a___b", "no tool has this name"},
    {GT_MCP_REFUSED, 200, "target a: it would not", "the server refused"},
    {GT_MCP_UNREACHABLE, 0, "connection refused", "cannot be reached from here"},
    {GT_MCP_NO_ANSWER, 0, "timeout", "slow to start, or hangs"},
    {GT_MCP_GARBLED, 200, "no JSON", "is no MCP server"},
    {GT_MCP_HTTP_STATUS, 500, "HTTP status 500", "is failing"},
    {GT_MCP_HTTP_STATUS, 502, NULL, "is failing"},
    {GT_MCP_OK, 0, "the MCP server cannot be reached", "is not running"},
    {GT_MCP_OK, 0, "the MCP server gave no whole answer", "ended, hangs or fails"},
    {GT_MCP_OK, 0, "An internal error occurred", "ended, hangs or fails"},
    {GT_MCP_OK, 0, "division by zero", "arguments do not suit the tool"},
};

START_TEST(the_cause_of_a_gateways_answer)
{
    const char *cause =
        gt_gateway_cause(answers[_i].failure, answers[_i].status, answers[_i].message);
    ck_assert_msg(cause != NULL && strstr(cause, answers[_i].cause) != NULL, "%s: %s",
                  answers[_i].message, cause);
}
END_TEST

/* -- why the authorizer would refuse -- */

static const struct {
    const char *authorizer, *claims, *cause;
} refused[] = {
    {"{\"allowedClients\": [\"other\"]}", "{}", "allowedClients was changed"},
    {"{\"allowedAudience\": [\"me\"]}", "{}", "carry no aud claim"},
    {"{\"allowedScopes\": [\"a/b\"]}", "{}", "allowedScopes do not meet"},
    {"{}", "{\"iss\": \"https://elsewhere\"}", "another issuer"},
    {"{}", "{\"exp\": 1}", "clocks"},
    {"{}", "{\"nbf\": 9999999999}", "clocks"},
    {"{\"customClaims\": [{\"inboundTokenClaimName\": \"team\", \"inboundTokenClaimValueType\": "
     "\"STRING\", \"authorizingClaimMatchValue\": {\"claimMatchOperator\": \"EQUALS\", "
     "\"claimMatchValue\": {\"matchValueString\": \"a\"}}}]}",
     "{}", "asks for claims"},
};

START_TEST(the_cause_of_a_refusal)
{
    json_auto_t *claims = json_pack("{s:s, s:I, s:s, s:s}", "iss", "https://issuer", "exp",
                                    (json_int_t)5000, "client_id", "me", "scope", "x/y");
    json_object_update(claims, gt_iterable(parsed(refused[_i].claims)));
    struct gt_refusal refusal;
    ck_assert(!gt_authorizer_allows(arena, parsed(refused[_i].authorizer), "https://issuer", claims,
                                    1000 * 1000, &refusal));
    const char *cause = gt_claims_cause(&refusal);
    ck_assert_msg(strstr(cause, refused[_i].cause) != NULL, "%s: %s", refusal.description, cause);
}
END_TEST

/* -- why there is no token -- */

static const struct {
    enum gt_http_outcome outcome;
    int status;
    const char *body, *cause;
} tokens[] = {
    {GT_HTTP_NOT_SENT, 0, "", "not there (yet)"},
    {GT_HTTP_ANSWERED, 400, "{\"error\": \"invalid_client\"}", "id or the secret is wrong"},
    {GT_HTTP_ANSWERED, 400, "{\"error\": \"invalid_scope\"}", "may not ask for that scope"},
    {GT_HTTP_ANSWERED, 400, "{\"error\": \"unauthorized_client\"}", "not allowed the flow"},
    {GT_HTTP_ANSWERED, 404, "nothing", "no domain"},
    {GT_HTTP_ANSWERED, 503, "later", "overloaded or failing"},
    {GT_HTTP_ANSWERED, 200, "<html>", "is no token endpoint"},
};

START_TEST(the_cause_of_a_missing_token)
{
    struct gt_http_response response = {.outcome = tokens[_i].outcome,
                                        .status = tokens[_i].status,
                                        .body = tokens[_i].body,
                                        .body_len = strlen(tokens[_i].body)};
    struct gt_fetched fetched;
    struct gt_token token;
    gt_fetched_read(arena, &response, &fetched);
    ck_assert(!gt_token_read(&fetched, &token));
    const char *cause = gt_token_cause(&fetched);
    ck_assert_msg(strstr(cause, tokens[_i].cause) != NULL, "%d: %s", tokens[_i].status, cause);
}
END_TEST

/* -- the life of a token: what comes from the network is not reckoned with as it stands -- */

static const struct {
    const char *expires_in;
    int64_t life_s;
} lives[] = {
    {"3600", 3600}, {"0", 300},    {"-5", 300}, {"\"60\"", 300}, {"9223372036854775807", 86400},
    {"1e300", 300}, {"null", 300},
};

START_TEST(the_life_of_a_token_is_within_bounds)
{
    const char *body =
        gt_printf(arena, "{\"access_token\": \"t\", \"expires_in\": %s}", lives[_i].expires_in);
    struct gt_http_response response = {
        .outcome = GT_HTTP_ANSWERED, .status = 200, .body = body, .body_len = strlen(body)};
    struct gt_fetched fetched;
    struct gt_token token;
    gt_fetched_read(arena, &response, &fetched);
    ck_assert(gt_token_read(&fetched, &token));
    ck_assert_int_eq(token.expires_in_s, lives[_i].life_s);
}
END_TEST

START_TEST(a_token_without_expires_in_has_a_short_life)
{
    struct gt_http_response response = {.outcome = GT_HTTP_ANSWERED,
                                        .status = 200,
                                        .body = "{\"access_token\": \"t\"}",
                                        .body_len = 21};
    struct gt_fetched fetched;
    struct gt_token token;
    gt_fetched_read(arena, &response, &fetched);
    ck_assert(gt_token_read(&fetched, &token));
    ck_assert_int_eq(token.expires_in_s, 300);
}
END_TEST

START_TEST(a_token_request_names_the_client_by_basic_and_the_scope_in_the_form)
{
    const struct gt_verify_client client = {.client_id = "id", .secret = "s", .scope = "a/b c/d"};
    struct gt_token_request request;
    gt_token_request(arena, "https://x/oauth2/token", &client, NULL, &request);
    ck_assert_str_eq(request.headers[0].value, "Basic aWQ6cw==");
    ck_assert_str_eq(request.http.body, "grant_type=client_credentials&scope=a%2Fb%20c%2Fd");
    ck_assert(request.http.secret);
    gt_token_request(arena, "https://x/oauth2/token", &client, "a/b", &request);
    ck_assert_str_eq(request.http.body, "grant_type=client_credentials&scope=a%2Fb");
    gt_token_request(arena, "https://x/oauth2/token", &client, "", &request);
    ck_assert_str_eq(request.http.body, "grant_type=client_credentials");
}
END_TEST

/* -- tampering -- */

START_TEST(a_tampered_token_differs_in_its_signature_alone)
{
    const char *token = "head.body.signature";
    const char *tampered = gt_tampered(arena, token);
    ck_assert_uint_eq(strlen(tampered), strlen(token));
    ck_assert(strncmp(tampered, token, strlen("head.body.")) == 0);
    ck_assert_str_ne(tampered, token);
    ck_assert_str_ne(gt_tampered(arena, "h.b.AAAAAA"), "h.b.AAAAAA");
}
END_TEST

START_TEST(what_has_no_signature_is_not_tampered_with)
{
    ck_assert_ptr_null(gt_tampered(arena, "opaque"));
    ck_assert_ptr_null(gt_tampered(arena, "a.b."));
    ck_assert_ptr_null(gt_tampered(arena, ""));
}
END_TEST

/* -- whose scope is wrong -- */

static const struct gt_verify_client everybody[] = {
    {.name = "own", .client_id = "1", .secret = "s", .scope = "a b", .discovery_url = "u"},
    {.name = "stranger", .client_id = "2", .secret = "s", .scope = "c", .discovery_url = "u"},
    {.name = "friend", .client_id = "3", .secret = "s", .scope = "a d", .discovery_url = "u"},
    {.name = "elsewhere", .client_id = "4", .secret = "s", .scope = "e", .discovery_url = "v"},
    {.name = "mute", .client_id = "5", .secret = NULL, .scope = "f", .discovery_url = "u"},
};

static const struct {
    const char *authorizer, *client, *scope; /* client NULL: nobody */
    size_t count;                            /* how many of everybody there are */
} wrong[] = {
    {"{\"allowedScopes\": [\"a\"]}", "own", "b", 5},
    {"{\"allowedScopes\": [\"a\", \"b\"], \"allowedClients\": [\"1\", \"3\"]}", "friend", "d", 5},
    {"{\"allowedScopes\": [\"a\", \"b\"], \"allowedClients\": [\"1\"]}", "stranger", "c", 5},
    {"{\"allowedScopes\": [\"a\", \"b\"]}", "stranger", "c", 5},
    {"{\"allowedScopes\": [\"a\", \"b\"]}", NULL, NULL, 1},
    {"{\"allowedScopes\": [\"a\", \"b\", \"c\", \"d\"]}", NULL, NULL, 5},
};

START_TEST(a_wrong_scope_is_that_of_the_client_for_which_it_says_most)
{
    const struct gt_verify_gateway gateway = {.authorizer = parsed(wrong[_i].authorizer)};
    const struct gt_verify_options options = {.client = &everybody[0],
                                              .gateway = &gateway,
                                              .clients = everybody,
                                              .client_count = wrong[_i].count};
    struct gt_wrong_scope found;
    ck_assert_int_eq(gt_find_wrong_scope(arena, &options, &found), wrong[_i].client != NULL);
    if (wrong[_i].client == NULL)
        return;
    ck_assert_str_eq(found.client->name, wrong[_i].client);
    ck_assert_str_eq(found.scope, wrong[_i].scope);
}
END_TEST

Suite *verify_suite(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("judging");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, the_cause_of_a_gateways_answer, 0, (int)GT_COUNT(answers));
    tcase_add_loop_test(tcase, the_cause_of_a_refusal, 0, (int)GT_COUNT(refused));
    tcase_add_loop_test(tcase, the_cause_of_a_missing_token, 0, (int)GT_COUNT(tokens));
    tcase_add_loop_test(tcase, the_life_of_a_token_is_within_bounds, 0, (int)GT_COUNT(lives));
    tcase_add_test(tcase, a_token_without_expires_in_has_a_short_life);
    tcase_add_test(tcase, a_token_request_names_the_client_by_basic_and_the_scope_in_the_form);
    tcase_add_test(tcase, a_tampered_token_differs_in_its_signature_alone);
    tcase_add_test(tcase, what_has_no_signature_is_not_tampered_with);
    tcase_add_loop_test(tcase, a_wrong_scope_is_that_of_the_client_for_which_it_says_most, 0,
                        (int)GT_COUNT(wrong));
    suite_add_tcase(suite, tcase);
    return suite;
}

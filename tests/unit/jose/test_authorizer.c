#include "jose_suites.h"

#include <gantry/base/str.h>
#include <gantry/jose/authorizer.h>
#include <string.h>

GT_TEST_ARENA

#define ISSUER "https://issuer.example/pool"
#define NOW_S 1768653296

static const char token[] =
    "{'iss':'" ISSUER "','exp':1768656896,'nbf':1768653200,'client_id':'quick','scope':'a/read "
    "a/write','aud':['one','two'],'team':'blue','groups':['dev','ops']}";

#define CLAIM(name, type, operator, value)                                                         \
    "{'customClaims':[{'inboundTokenClaimName':'" name "','inboundTokenClaimValueType':'" type     \
    "','authorizingClaimMatchValue':{'claimMatchOperator':'"                                       \
    operator"','claimMatchValue':{" value "}}}]}"

static const struct row {
    const char *name;
    const char *authorizer;
    const char *change; /* members of the token; null: taken out */
    int status;         /* 0: it passes */
    const char *part;   /* of the description, or of the scope for a 403 */
} rows[] = {
    {"no rule but the issuer's", "{}", "{}", 0, NULL},
    {"another issuer", "{}", "{'iss':'" ISSUER "/'}", 401, "iss"},
    {"no issuer", "{}", "{'iss':null}", 401, "iss"},
    {"an issuer that is no text", "{}", "{'iss':['" ISSUER "']}", 401, "iss"},
    {"expired", "{}", "{'exp':1768653236}", 401, "expired"},
    {"expired within the leeway", "{}", "{'exp':1768653237}", 0, NULL},
    {"a fraction of a second", "{}", "{'exp':1768653236.5}", 0, NULL},
    {"no exp", "{}", "{'exp':null}", 401, "exp"},
    {"exp as text", "{}", "{'exp':'1768656896'}", 401, "exp"},
    {"a huge exp", "{}", "{'exp':9e300}", 0, NULL},
    {"not yet", "{}", "{'nbf':1768653357}", 401, "not valid yet"},
    {"not yet within the leeway", "{}", "{'nbf':1768653356}", 0, NULL},
    {"nbf as text", "{}", "{'nbf':'x'}", 401, "nbf"},
    {"no nbf", "{}", "{'nbf':null}", 0, NULL},
    {"an allowed client", "{'allowedClients':['x','quick']}", "{}", 0, NULL},
    {"another client", "{'allowedClients':['x','quic','quickly']}", "{}", 401, "allowedClients"},
    {"azp in place of client_id", "{'allowedClients':['quick']}",
     "{'client_id':null,'azp':'quick'}", 0, NULL},
    {"azp does not help another client_id", "{'allowedClients':['quick']}",
     "{'client_id':'x','azp':'quick'}", 401, "allowedClients"},
    {"no client", "{'allowedClients':['quick']}", "{'client_id':null}", 401, "client_id"},
    {"a list of clients", "{'allowedClients':['quick']}", "{'client_id':['quick']}", 401,
     "allowedClients"},
    {"an empty list of clients", "{'allowedClients':[]}", "{}", 401, "allowedClients"},
    {"null is no rule", "{'allowedClients':null}", "{'client_id':null}", 0, NULL},
    {"an audience of the list", "{'allowedAudience':['two']}", "{}", 0, NULL},
    {"an audience that is a text", "{'allowedAudience':['two']}", "{'aud':'two'}", 0, NULL},
    {"another audience", "{'allowedAudience':['three']}", "{}", 401, "allowedAudience"},
    {"no audience", "{'allowedAudience':['two']}", "{'aud':null}", 401, "aud"},
    {"a scope", "{'allowedScopes':['x','a/write']}", "{}", 0, NULL},
    {"a list of scopes", "{'allowedScopes':['x','y']}", "{'scope':['y']}", 0, NULL},
    {"scopes as scp", "{'allowedScopes':['x','y']}", "{'scope':null,'scp':'a y'}", 0, NULL},
    {"a list as scp", "{'allowedScopes':['x','y']}", "{'scope':null,'scp':['a','y']}", 0, NULL},
    {"scp beside scope", "{'allowedScopes':['x']}", "{'scp':'x'}", 403, "x"},
    {"another scope", "{'allowedScopes':['a/rea','a/writes']}", "{}", 403, "a/rea a/writes"},
    {"no scope", "{'allowedScopes':['x']}", "{'scope':null}", 403, "x"},
    {"an empty scope", "{'allowedScopes':['']}", "{'scope':' '}", 403, ""},
    {"advertised names", "{'allowedScopes':['x','y'],'advertisedScopeMapping':{'x':'api://x'}}",
     "{}", 403, "api://x y"},
    {"another client without scope", "{'allowedClients':['x'],'allowedScopes':['x']}", "{}", 401,
     "allowedClients"},
    {"EQUALS", CLAIM("team", "STRING", "EQUALS", "'matchValueString':'blue'"), "{}", 0, NULL},
    {"EQUALS another", CLAIM("team", "STRING", "EQUALS", "'matchValueString':'red'"), "{}", 401,
     "team is not"},
    {"EQUALS nothing", CLAIM("crew", "STRING", "EQUALS", "'matchValueString':'red'"), "{}", 401,
     "crew is missing"},
    {"EQUALS a list", CLAIM("groups", "STRING", "EQUALS", "'matchValueString':'dev'"), "{}", 401,
     "groups"},
    {"EQUALS a number", CLAIM("team", "STRING", "EQUALS", "'matchValueString':7"), "{'team':7}",
     401, "team"},
    {"CONTAINS", CLAIM("groups", "STRING_ARRAY", "CONTAINS", "'matchValueString':'ops'"), "{}", 0,
     NULL},
    {"CONTAINS another", CLAIM("groups", "STRING_ARRAY", "CONTAINS", "'matchValueString':'o'"),
     "{}", 401, "groups"},
    {"CONTAINS in a text", CLAIM("team", "STRING_ARRAY", "CONTAINS", "'matchValueString':'blue'"),
     "{}", 401, "team"},
    {"CONTAINS_ANY",
     CLAIM("groups", "STRING_ARRAY", "CONTAINS_ANY", "'matchValueStringList':['x','dev']"), "{}", 0,
     NULL},
    {"CONTAINS_ANY of others",
     CLAIM("groups", "STRING_ARRAY", "CONTAINS_ANY", "'matchValueStringList':['x']"), "{}", 401,
     "groups"},
    {"CONTAINS_ANY of none",
     CLAIM("groups", "STRING_ARRAY", "CONTAINS_ANY", "'matchValueStringList':[]"), "{}", 401,
     "groups"},
    {"an unknown operator", CLAIM("team", "STRING", "STARTS_WITH", "'matchValueString':'b'"), "{}",
     401, "not understood"},
    {"an operator for another type", CLAIM("team", "STRING", "CONTAINS", "'matchValueString':'b'"),
     "{}", 401, "not understood"},
    {"a list for EQUALS", CLAIM("team", "STRING", "EQUALS", "'matchValueStringList':['blue']"),
     "{}", 401, "not understood"},
    {"both values",
     CLAIM("team", "STRING", "EQUALS", "'matchValueString':'blue','matchValueStringList':['x']"),
     "{}", 401, "not understood"},
    {"a rule that is no object", "{'customClaims':[7]}", "{}", 401, "not understood"},
    {"rules that are no list", "{'customClaims':{}}", "{}", 401, "customClaims"},
    {"workloads", "{'allowedWorkloadConfiguration':{'workloadIdentities':['abc']}}", "{}", 401,
     "allowedWorkloadConfiguration"},
};

static json_t *parse(const char *text)
{
    char *json = gt_strdup(arena, text);
    for (char *at = json; (at = strchr(at, '\'')) != NULL;)
        *at = '"';
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    ck_assert_msg(value != NULL, "no JSON: %s", json);
    return gt_keep(arena, value);
}

static json_t *changed(const char *change)
{
    json_t *claims = parse(token), *changes = parse(change), *value;
    const char *name;
    json_object_foreach(changes, name, value)
    {
        if (json_is_null(value))
            json_object_del(claims, name);
        else
            json_object_set(claims, name, value);
    }
    return claims;
}

START_TEST(claims_are_judged_by_the_rules)
{
    const struct row *row = &rows[_i];
    struct gt_refusal refusal = {0};
    bool passes = gt_authorizer_allows(arena, parse(row->authorizer), ISSUER, changed(row->change),
                                       (int64_t)NOW_S * 1000, &refusal);
    ck_assert_msg(passes == (row->status == 0), "%s: %s", row->name,
                  passes ? "passes" : refusal.description);
    ck_assert_msg(refusal.status == row->status, "%s: %d", row->name, refusal.status);
    if (passes)
        return;
    ck_assert_str_eq(refusal.error, row->status == 403 ? "insufficient_scope" : "invalid_token");
    ck_assert_int_eq(refusal.scope != NULL, row->status == 403);
    ck_assert_ptr_nonnull(refusal.description);
    if (refusal.scope != NULL)
        ck_assert_str_eq(refusal.scope, row->part);
    else
        ck_assert_msg(strstr(refusal.description, row->part) != NULL, "%s: %s", row->name,
                      refusal.description);
    /* It goes into a quoted string (RFC 6750, section 3). */
    ck_assert_ptr_null(strpbrk(refusal.description, "\"\\\r\n"));
}
END_TEST

START_TEST(without_an_issuer_nothing_passes)
{
    struct gt_refusal refusal;
    ck_assert(!gt_authorizer_allows(arena, parse("{}"), NULL, parse(token), 0, &refusal));
    ck_assert_int_eq(refusal.status, 401);
}
END_TEST

Suite *authorizer_suite(void)
{
    Suite *suite = suite_create("authorizer");
    TCase *tcase = tcase_create("authorizer");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, claims_are_judged_by_the_rules, 0, (int)GT_COUNT(rows));
    tcase_add_test(tcase, without_an_issuer_nothing_passes);
    suite_add_tcase(suite, tcase);
    return suite;
}

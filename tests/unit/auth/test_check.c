/* Which tokens may pass. */
#include "auth_fixture.h"

#include <gantry/jose/jose.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static void refused(const char *token, int status, const char *error, const char *part)
{
    const struct answer *answer = fixture_ask(token);
    ck_assert_msg(answer->status == status, "%d for %s: %s", answer->status, part, answer->body);
    ck_assert_ptr_nonnull(
        strstr(answer->challenge, gt_printf(fixture.arena, "error=\"%s\"", error)));
    ck_assert_msg(strstr(answer->challenge, part) != NULL, "%s: %s", part, answer->challenge);
    ck_assert_ptr_nonnull(
        strstr(answer->challenge, "resource_metadata=\"http://resource/metadata\""));
    ck_assert_ptr_null(answer->retry_after);
}

static void invalid(const char *token, const char *part)
{
    refused(token, 401, "invalid_token", part);
    ck_assert_uint_eq(fixture.passed, 0);
}

START_TEST(a_good_token_passes_with_its_claims)
{
    const struct answer *answer = fixture_ask(fixture_token(0, fixture_claims("\"sub\":\"me\",")));
    ck_assert_int_eq(answer->status, 200);
    ck_assert_ptr_nonnull(strstr(answer->body, "\"sub\":\"me\""));
    ck_assert_uint_eq(fixture.passed, 1);
    ck_assert_uint_eq(fixture.discoveries, 1);
    ck_assert_uint_eq(fixture.key_sets, 1);
}
END_TEST

START_TEST(without_a_token_nobody_asks_the_issuer)
{
    const struct answer *answer = fixture_ask(NULL);
    ck_assert_int_eq(answer->status, 401);
    ck_assert_str_eq(answer->challenge,
                     "Bearer resource_metadata=\"http://resource/metadata\", scope=\"call admin\"");
    ck_assert_ptr_nonnull(strstr(answer->body, "\"error\""));
    invalid(gt_printf(fixture.arena, "%0*d", 16385, 1), "too long");
    ck_assert_uint_eq(fixture.discoveries, 0);
    fixture.rule.scopes = NULL;
    ck_assert_str_eq(fixture_ask(NULL)->challenge,
                     "Bearer resource_metadata=\"http://resource/metadata\"");
}
END_TEST

START_TEST(claims_that_do_not_fit_are_refused)
{
    static const struct {
        const char *claims; /* $I: the issuer; $F, $P: ten minutes from now, and past */
        const char *part;
    } rows[] = {
        {"'iss':'https://else.where','aud':'tools','client_id':'agent','scope':'call','exp':$F",
         "iss"},
        {"'iss':'$I/','aud':'tools','client_id':'agent','scope':'call','exp':$F", "iss"},
        {"'aud':'tools','client_id':'agent','scope':'call','exp':$F", "iss"},
        {"'iss':'$I','aud':'toolss','client_id':'agent','scope':'call','exp':$F", "audience"},
        {"'iss':'$I','client_id':'agent','scope':'call','exp':$F", "aud"},
        {"'iss':'$I','aud':'tools','client_id':'Agent','scope':'call','exp':$F", "client"},
        {"'iss':'$I','aud':'tools','client_id':'agent','scope':'call','exp':$P", "expired"},
        {"'iss':'$I','aud':'tools','client_id':'agent','scope':'call'", "exp"},
        {"'iss':'$I','aud':'tools','client_id':'agent','scope':'call','exp':$F,'nbf':$F",
         "not valid yet"},
    };
    long long now_s = (long long)(gt_now_ms(&fixture.sys) / 1000);
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *text = "{";
        for (const char *at = rows[i].claims; *at != '\0'; at++) {
            bool mark = *at == '$';
            at += mark;
            if (!mark)
                text = gt_printf(fixture.arena, "%s%c", text, *at == '\'' ? '"' : *at);
            else if (*at == 'I')
                text = gt_printf(fixture.arena, "%s%s", text, fixture.name);
            else
                text = gt_printf(fixture.arena, "%s%lld", text, now_s + (*at == 'F' ? 600 : -600));
        }
        invalid(fixture_token(0, gt_printf(fixture.arena, "%s}", text)), rows[i].part);
    }
    ck_assert_uint_eq(fixture.discoveries, 1);
}
END_TEST

START_TEST(a_token_without_a_scope_is_told_which_would_do)
{
    static const char claims[] = "\"scope\":\"read callx\",";
    const char *text = fixture_claims("");
    const char *cut = strstr(text, "\"scope\"");
    const char *rest = strstr(cut, "\"exp\"");
    refused(fixture_token(
                0, gt_printf(fixture.arena, "%.*s%s%s", (int)(cut - text), text, claims, rest)),
            403, "insufficient_scope", "scope=\"call admin\"");
}
END_TEST

/* Another header before claims that would pass. */
static const char *forged(const char *header, const char *signature)
{
    const char *claims = fixture_claims("");
    return gt_printf(fixture.arena, "%s.%s.%s", fixture_base64url(header, strlen(header)),
                     fixture_base64url(claims, strlen(claims)), signature);
}

START_TEST(tokens_without_a_real_signature_are_refused)
{
    const char *kid = gt_text_at(fixture_keys[0], "/kid");
    const char *none = gt_printf(fixture.arena, "{\"alg\":\"none\",\"kid\":\"%s\"}", kid);
    const char *good = fixture_good(0);
    invalid(forged(none, ""), "algorithm");
    invalid(forged(none, strrchr(good, '.') + 1), "algorithm");
    invalid(forged("{\"alg\":\"none\"}", ""), "algorithm");
    invalid("abc", "no signed JSON Web Token");
    invalid("a.b.c", "no signed JSON Web Token");
    invalid(gt_strndup(fixture.arena, good, strlen(good) - 10), "signature");
    invalid(gt_strndup(fixture.arena, good, (size_t)(strrchr(good, '.') - good)), "no signed");
    ck_assert_uint_eq(fixture.passed, 0);
}
END_TEST

/* The secret of an HMAC is what everybody can read: the modulus as the key set has it. */
START_TEST(a_public_key_is_no_secret_of_an_hmac)
{
    const char *header = gt_printf(fixture.arena, "{\"alg\":\"HS256\",\"kid\":\"%s\"}",
                                   gt_text_at(fixture_keys[0], "/kid"));
    const char *secret = gt_text_at(fixture_keys[0], "/n");
    const char *unsigned_token = forged(header, "");
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)unsigned_token,
         strlen(unsigned_token) - 1, mac, &size);
    invalid(gt_printf(fixture.arena, "%s%s", unsigned_token, fixture_base64url(mac, size)),
            "algorithm");
}
END_TEST

START_TEST(a_changed_token_is_refused_also_when_the_real_one_is_known)
{
    char *good = fixture_good(0);
    ck_assert_int_eq(fixture_ask(good)->status, 200);
    fixture.passed = 0;
    char *claims = gt_strdup(fixture.arena, good), *signature = gt_strdup(fixture.arena, good);
    char *at = strchr(claims, '.') + 20;
    *at = *at == 'a' ? 'b' : 'a';
    at = strrchr(signature, '.') + 20;
    *at = *at == 'a' ? 'b' : 'a';
    ck_assert_int_eq(fixture_ask(claims)->status, 401);
    invalid(signature, "signature");
    ck_assert_int_eq(fixture_ask(good)->status, 200);
}
END_TEST

static char *without_kid(size_t key)
{
    json_auto_t *bare = json_copy(fixture_keys[key]);
    json_auto_t *claims = json_loads(fixture_claims(""), 0, NULL);
    json_object_del(bare, "kid");
    return gt_jwt_sign(fixture.arena, bare, claims);
}

START_TEST(a_token_may_name_no_key)
{
    fixture.shown[1] = true;
    ck_assert_int_eq(fixture_ask(without_kid(1))->status, 200);
    ck_assert_int_eq(fixture_ask(without_kid(0))->status, 200);
    ck_assert_int_eq(fixture_ask(without_kid(2))->status, 401);
    fixture.shown[2] = true; /* none of the known ones fits: there may be a new one */
    fixture.skew_ms += 6000;
    ck_assert_int_eq(fixture_ask(without_kid(2))->status, 200);
    ck_assert_uint_eq(fixture.discoveries, 2);
}
END_TEST

/* -- what is remembered -- */

START_TEST(a_signature_is_looked_at_once_and_the_claims_each_time)
{
    const char *token = fixture_good(0);
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.issuers->verified, 1);
    fixture.rule.authorizer = gt_pack(fixture.arena, "{s:[s]}", "allowedScopes", "admin");
    refused(token, 403, "insufficient_scope", "scope=\"admin\"");
    fixture.rule.authorizer = NULL;
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.issuers->verified, 1);
    fixture.skew_ms += GT_TOKENS_KEEP_MS;
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.issuers->verified, 2);
}
END_TEST

START_TEST(a_known_token_expires)
{
    long long now_s = (long long)(gt_now_ms(&fixture.sys) / 1000);
    const char *text = fixture_claims("");
    const char *token = fixture_token(0, gt_printf(fixture.arena, "%.*s\"exp\":%lld}",
                                                   (int)(strstr(text, "\"exp\"") - text), text,
                                                   now_s - 30)); /* within the leeway */
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    fixture.skew_ms += 31 * 1000;
    refused(token, 401, "invalid_token", "expired");
    ck_assert_uint_eq(fixture.issuers->verified, 1);
}
END_TEST

START_TEST(a_known_token_goes_with_its_key)
{
    const char *token = fixture_good(0);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    fixture.shown[0] = false;
    fixture.shown[1] = true;
    fixture.skew_ms += 6000;
    ck_assert_int_eq(fixture_ask(token)->status, 200); /* nothing said that there are new keys */
    ck_assert_int_eq(fixture_ask(fixture_good(1))->status, 200);
    refused(token, 401, "invalid_token", "does not show");
}
END_TEST

START_TEST(known_tokens_stay_while_the_keys_are_the_same)
{
    const char *token = fixture_good(0);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    fixture.skew_ms += 6000;
    refused(fixture_good(1), 401, "invalid_token", "does not show");
    ck_assert_uint_eq(fixture.key_sets, 2);
    ck_assert_uint_eq(fixture.issuers->verified, 3); /* the other one by both key sets */
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.issuers->verified, 3);
}
END_TEST

START_TEST(a_token_that_one_issuer_made_is_not_known_to_another)
{
    const char *token = fixture_good(0);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    fixture.shown[0] = false;
    fixture.shown[1] = true;
    fixture.rule.discovery_url = gt_printf(fixture.arena, "%s/second", fixture.name);
    fixture.passed = 0;
    invalid(token, "does not show");
}
END_TEST

Suite *check_suite(void)
{
    static const struct TTest *const *const tests[] = {
        &a_good_token_passes_with_its_claims,
        &without_a_token_nobody_asks_the_issuer,
        &claims_that_do_not_fit_are_refused,
        &a_token_without_a_scope_is_told_which_would_do,
        &tokens_without_a_real_signature_are_refused,
        &a_public_key_is_no_secret_of_an_hmac,
        &a_changed_token_is_refused_also_when_the_real_one_is_known,
        &a_token_may_name_no_key,
        &a_signature_is_looked_at_once_and_the_claims_each_time,
        &a_known_token_expires,
        &a_known_token_goes_with_its_key,
        &known_tokens_stay_while_the_keys_are_the_same,
        &a_token_that_one_issuer_made_is_not_known_to_another,
    };
    Suite *suite = suite_create("check");
    TCase *tcase = tcase_create("check");
    tcase_add_unchecked_fixture(tcase, fixture_keys_setup, fixture_keys_teardown);
    tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
    for (size_t i = 0; i < GT_COUNT(tests); i++)
        tcase_add_test(tcase, *tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}

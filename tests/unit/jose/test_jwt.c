#include "jose_suites.h"
#include "vectors.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/jose.h>
#include <string.h>

GT_TEST_ARENA

/* A private key of gt_jwk_generate and what shows of it; one for all tests, since RSA is slow. */
static json_t *own_key, *own_keys;

static void key_setup(void)
{
    own_key = gt_jwk_generate();
    own_keys = json_pack("{s:[o]}", "keys", gt_jwk_public(own_key));
}

static void key_teardown(void)
{
    json_decref(own_key);
    json_decref(own_keys);
}

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_msg(value != NULL, "no JSON: %s", text);
    return gt_keep(arena, value);
}

static enum gt_jwt_outcome verify(const char *token, const json_t *keys)
{
    json_t *claims = NULL;
    enum gt_jwt_outcome outcome = gt_jwt_verify(token, keys, &claims);
    ck_assert_int_eq(claims != NULL, outcome == GT_JWT_OK);
    json_decref(claims);
    return outcome;
}

static char *encode(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(text), at = 0;
    char *out = gt_alloc(arena, len * 2 + 4);
    for (size_t i = 0; i < len; i += 3) {
        unsigned long bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < len ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4 && i + j <= len; j++)
            out[at++] = digits[bits >> (18 - 6 * j) & 63];
    }
    return out;
}

/* The token with another header before the dot. */
static char *with_header(const char *token, const char *header)
{
    return gt_printf(arena, "%s%s", encode(header), strchr(token, '.'));
}

static char *own_token(void)
{
    char *token = gt_jwt_sign(arena, own_key, parse("{\"iss\":\"me\",\"n\":[1,2]}"));
    ck_assert_ptr_nonnull(token);
    return token;
}

START_TEST(tokens_of_another_implementation_hold)
{
    const struct vector *vector = &good_vectors[_i];
    json_t *claims = NULL;
    ck_assert_msg(gt_jwt_verify(vector->token, parse(vector_keys), &claims) == GT_JWT_OK, "%s",
                  vector->alg);
    ck_assert_str_eq(gt_text_at(claims, "/iss"), "joe");
    json_decref(claims);
}
END_TEST

START_TEST(a_key_of_the_set_is_found_without_kid)
{
    json_t *keys = parse(vector_keys);
    for (size_t i = 0; i < json_array_size(json_object_get(keys, "keys")); i++)
        json_object_del(json_array_get(json_object_get(keys, "keys"), i), "kid");
    ck_assert_int_eq(verify(good_vectors[_i].token, keys), GT_JWT_UNKNOWN_KEY);
    const char *first = "{\"alg\":\"RS256\"}";
    ck_assert_int_eq(verify(with_header(good_vectors[0].token, first), keys), GT_JWT_BAD_SIGNATURE);
}
END_TEST

START_TEST(a_changed_character_breaks_the_signature)
{
    char *token = gt_strdup(arena, good_vectors[_i].token);
    json_t *keys = parse(vector_keys);
    char *signature = strrchr(token, '.') + 1;
    *signature = *signature == 'A' ? 'B' : 'A';
    ck_assert_int_eq(verify(token, keys), GT_JWT_BAD_SIGNATURE);
    token = gt_strdup(arena, good_vectors[_i].token);
    *strrchr(token, '.') = '\0';
    ck_assert_int_eq(verify(gt_printf(arena, "%s.", token), keys), GT_JWT_BAD_SIGNATURE);
    ck_assert_int_eq(verify(gt_printf(arena, "%s.AAAA", token), keys), GT_JWT_BAD_SIGNATURE);
    ck_assert_int_eq(verify(token, keys), GT_JWT_MALFORMED);
    const char *claims = strchr(good_vectors[_i].token, '.');
    const char *other = gt_printf(arena, "%.*s.%s%s", (int)(claims - good_vectors[_i].token),
                                  good_vectors[_i].token, encode("{\"iss\":\"jim\"}"),
                                  strrchr(good_vectors[_i].token, '.'));
    ck_assert_int_eq(verify(other, keys), GT_JWT_BAD_SIGNATURE);
}
END_TEST

START_TEST(a_longer_ecdsa_signature_does_not_hold)
{
    const char *token = gt_printf(arena, "%sAAAA", good_vectors[4].token);
    ck_assert_str_eq(good_vectors[4].alg, "ES256");
    ck_assert_int_eq(verify(token, parse(vector_keys)), GT_JWT_BAD_SIGNATURE);
    ck_assert_int_eq(verify(stretched_token, parse(vector_keys)), GT_JWT_BAD_SIGNATURE);
}
END_TEST

static const struct {
    const char *header;
    enum gt_jwt_outcome wanted;
} headers[] = {
    {"{\"alg\":\"none\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"None\",\"kid\":\"rsa\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"HS512\",\"kid\":\"rsa\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"rs256\",\"kid\":\"rsa\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"RSA-OAEP\",\"kid\":\"rsa\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"ES256\",\"kid\":\"rsa\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"RS256\",\"kid\":\"p256\"}", GT_JWT_BAD_ALGORITHM},
    {"{\"alg\":\"RS256\",\"kid\":\"other\"}", GT_JWT_UNKNOWN_KEY},
    {"{\"alg\":\"PS256\",\"kid\":\"rsa\"}", GT_JWT_BAD_SIGNATURE},
    {"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"exp\"]}", GT_JWT_MALFORMED},
    {"{\"alg\":\"RS256\",\"kid\":1}", GT_JWT_MALFORMED},
    {"{\"alg\":[\"RS256\"],\"kid\":\"rsa\"}", GT_JWT_MALFORMED},
    {"{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"rsa\"}", GT_JWT_MALFORMED},
    {"{\"kid\":\"rsa\"}", GT_JWT_MALFORMED},
    {"[]", GT_JWT_MALFORMED},
    {"RS256", GT_JWT_MALFORMED},
    {"", GT_JWT_MALFORMED},
};

START_TEST(headers_that_lie_are_refused)
{
    const char *token = with_header(good_vectors[0].token, headers[_i].header);
    enum gt_jwt_outcome outcome = verify(token, parse(vector_keys));
    ck_assert_msg(outcome == headers[_i].wanted, "%s: %d", headers[_i].header, outcome);
}
END_TEST

START_TEST(weak_and_foreign_signatures_are_refused)
{
    json_t *keys = parse(vector_keys);
    ck_assert_int_eq(verify(hmac_token, keys), GT_JWT_BAD_ALGORITHM);
    ck_assert_int_eq(verify(ps384_token, keys), GT_JWT_BAD_ALGORITHM);
    ck_assert_int_eq(verify(wrong_curve_token, keys), GT_JWT_BAD_ALGORITHM);
    ck_assert_int_eq(verify(small_key_token, keys), GT_JWT_UNKNOWN_KEY);
}
END_TEST

static const char *const no_tokens[] = {
    "",          ".",          "..",        "...",       "a.b.c",       "e30.e30",
    "e30.e30.",  ".e30.e30",   "e30.W10.x", "e31.e30.",  "e3 0.e30.",   "e30=.e30.",
    "e30.e30+.", "e30.e30.x.", "e30.e.e30", "\x80.e30.", "e30.bnVsbA.",
};

START_TEST(what_is_no_token_is_malformed)
{
    ck_assert_int_eq(verify(no_tokens[_i], parse(vector_keys)), GT_JWT_MALFORMED);
}
END_TEST

START_TEST(a_token_of_many_bytes_is_malformed)
{
    char *text = gt_alloc(arena, 1 << 20);
    memset(text, 'e', (1 << 20) - 1);
    memcpy(text, "e30.", 4);
    ck_assert_int_eq(verify(text, parse(vector_keys)), GT_JWT_MALFORMED);
    ck_assert(!gt_jwt_decode(text, NULL, NULL));
    ck_assert(!gt_jwt_decode(NULL, NULL, NULL));
}
END_TEST

static const struct {
    const char *name, *value;
} damages[] = {
    {"n", "\"\""},        {"n", "\"AA\""},    {"n", "1"},
    {"n", "\"****\""},    {"e", "\"\""},      {"e", "null"},
    {"kty", "\"EC\""},    {"kty", "\"oct\""}, {"alg", "\"PS256\""},
    {"alg", "\"HS256\""}, {"use", "\"enc\""}, {"key_ops", "[\"sign\"]"},
    {"alg", "7"},         {"kid", "\"x\""},   {"e", "\"AQABAQAB\""},
};

START_TEST(a_damaged_key_verifies_nothing)
{
    json_t *keys = parse(vector_keys);
    json_object_set(json_array_get(json_object_get(keys, "keys"), 0), damages[_i].name,
                    parse(damages[_i].value));
    enum gt_jwt_outcome outcome = verify(good_vectors[0].token, keys);
    ck_assert(outcome == GT_JWT_UNKNOWN_KEY || outcome == GT_JWT_BAD_ALGORITHM);
}
END_TEST

START_TEST(a_point_that_is_not_on_the_curve_verifies_nothing)
{
    json_t *keys = parse(vector_keys);
    json_t *key = json_array_get(json_object_get(keys, "keys"), 1);
    json_object_set(key, "x", json_object_get(key, "y"));
    ck_assert_int_eq(verify(good_vectors[4].token, keys), GT_JWT_BAD_SIGNATURE);
}
END_TEST

static const char *const no_sets[] = {
    "{}",           "[]",       "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[1,null,[],{}]}",
    "{\"keys\":7}", "\"keys\"",
};

START_TEST(a_set_without_keys_knows_no_key)
{
    ck_assert_int_eq(verify(good_vectors[0].token, parse(no_sets[_i])), GT_JWT_UNKNOWN_KEY);
}
END_TEST

START_TEST(what_is_signed_is_verified_and_decoded)
{
    const char *token = own_token();
    json_t *claims = NULL, *header = NULL;
    ck_assert_int_eq(gt_jwt_verify(token, own_keys, &claims), GT_JWT_OK);
    ck_assert(json_equal(claims, parse("{\"iss\":\"me\",\"n\":[1,2]}")));
    json_decref(claims);
    ck_assert(gt_jwt_decode(token, &header, &claims));
    ck_assert_str_eq(gt_text_at(header, "/alg"), "RS256");
    ck_assert_str_eq(gt_text_at(header, "/typ"), "JWT");
    ck_assert_str_eq(gt_text_at(header, "/kid"), gt_text_at(own_key, "/kid"));
    ck_assert_str_eq(gt_text_at(claims, "/iss"), "me");
    json_decref(header);
    json_decref(claims);
    ck_assert_int_eq(verify(token, parse(vector_keys)), GT_JWT_UNKNOWN_KEY);
}
END_TEST

START_TEST(the_public_part_has_no_secret)
{
    json_t *shown = json_array_get(json_object_get(own_keys, "keys"), 0);
    ck_assert_uint_eq(json_object_size(shown), 6);
    static const char *const names[] = {"kty", "kid", "use", "alg", "n", "e"};
    for (size_t i = 0; i < GT_COUNT(names); i++)
        ck_assert_ptr_nonnull(json_object_get(shown, names[i]));
    ck_assert_ptr_nonnull(json_object_get(own_key, "d"));
    ck_assert_ptr_null(gt_jwk_public(parse("{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}")));
    ck_assert_ptr_null(gt_jwk_public(parse("[]")));
}
END_TEST

START_TEST(an_unusable_key_signs_nothing)
{
    json_t *claims = parse("{}");
    ck_assert_ptr_null(
        gt_jwt_sign(arena, json_array_get(json_object_get(own_keys, "keys"), 0), claims));
    ck_assert_ptr_null(gt_jwt_sign(arena, parse("{}"), claims));
    json_t *key = gt_keep(arena, json_copy(own_key));
    json_object_set_new(key, "p", json_string("!"));
    ck_assert_ptr_null(gt_jwt_sign(arena, key, claims));
    ck_assert_ptr_null(gt_jwt_sign(arena, own_key, parse("[]")));
}
END_TEST

Suite *jwt_suite(void)
{
    Suite *suite = suite_create("jwt");
    TCase *tcase = tcase_create("vectors");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, tokens_of_another_implementation_hold, 0,
                        (int)GT_COUNT(good_vectors));
    tcase_add_test(tcase, a_key_of_the_set_is_found_without_kid);
    tcase_add_loop_test(tcase, a_changed_character_breaks_the_signature, 0,
                        (int)GT_COUNT(good_vectors));
    tcase_add_test(tcase, a_longer_ecdsa_signature_does_not_hold);
    tcase_add_loop_test(tcase, headers_that_lie_are_refused, 0, (int)GT_COUNT(headers));
    tcase_add_test(tcase, weak_and_foreign_signatures_are_refused);
    tcase_add_loop_test(tcase, what_is_no_token_is_malformed, 0, (int)GT_COUNT(no_tokens));
    tcase_add_test(tcase, a_token_of_many_bytes_is_malformed);
    tcase_add_loop_test(tcase, a_damaged_key_verifies_nothing, 0, (int)GT_COUNT(damages));
    tcase_add_test(tcase, a_point_that_is_not_on_the_curve_verifies_nothing);
    tcase_add_loop_test(tcase, a_set_without_keys_knows_no_key, 0, (int)GT_COUNT(no_sets));
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("own key");
    tcase_add_unchecked_fixture(tcase, key_setup, key_teardown);
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, what_is_signed_is_verified_and_decoded);
    tcase_add_test(tcase, the_public_part_has_no_secret);
    tcase_add_test(tcase, an_unusable_key_signs_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

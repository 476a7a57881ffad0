#include "key.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum {
    TOKEN_MAX = 64 * 1024,
    TRIES_MAX = 8 /* keys that one token is tried with: each costs a public-key operation */
};

struct segment {
    const char *at;
    size_t len;
};

enum { HEADER, CLAIMS, SIGNATURE, SEGMENTS };

/* A compact JWS (RFC 7515, section 7.1): three parts with two dots between them. */
static bool split(const char *token, struct segment parts[SEGMENTS])
{
    if (token == NULL || strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX)
        return false;
    for (size_t i = 0; i < SEGMENTS; i++) {
        parts[i] = (struct segment){token, strcspn(token, ".")};
        token += parts[i].len;
        if (*token != (i + 1 < SEGMENTS ? '.' : '\0'))
            return false;
        token++;
    }
    return true;
}

static json_t *object_of(const struct segment *part)
{
    size_t len;
    unsigned char *bytes = gt_base64url_decode(part->at, part->len, &len);
    if (bytes == NULL)
        return NULL;
    json_t *value = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    cjose_get_dealloc()(bytes);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

bool gt_jwt_decode(const char *token, json_t **header, json_t **claims)
{
    struct segment parts[SEGMENTS];
    if (!split(token, parts))
        return false;
    json_auto_t *head = object_of(&parts[HEADER]);
    json_auto_t *body = head == NULL ? NULL : object_of(&parts[CLAIMS]);
    if (body == NULL)
        return false;
    if (header != NULL)
        *header = json_incref(head);
    if (claims != NULL)
        *claims = json_incref(body);
    return true;
}

char *gt_jwt_sign(struct gt_arena *arena, const json_t *jwk, const json_t *claims)
{
    const struct gt_jose_algorithm *algorithm = gt_jose_algorithm("RS256");
    const char *kid = gt_text_at(jwk, "/kid"), *compact = NULL;
    cjose_jwk_t *key =
        json_is_object(claims) && gt_jwk_fits(jwk, algorithm) ? gt_jwk_import_private(jwk) : NULL;
    if (key == NULL)
        return NULL;
    json_auto_t *header =
        json_pack("{s:s, s:s, s:s*}", "alg", algorithm->name, "typ", "JWT", "kid", kid);
    struct gt_buf text = gt_buf_init(TOKEN_MAX);
    gt_buf_add_json(&text, claims, JSON_COMPACT);
    cjose_jws_t *jws = NULL;
    if (!text.overflow)
        jws = cjose_jws_sign(key, header, (const uint8_t *)gt_buf_text(&text), text.len, NULL);
    char *token = jws != NULL && cjose_jws_export(jws, &compact, NULL) && compact != NULL
                      ? gt_strdup(arena, compact)
                      : NULL;
    cjose_jws_release(jws);
    cjose_jwk_release(key);
    gt_buf_done(&text);
    return token;
}

static bool signature_holds(const char *token, const struct segment *signature, const json_t *jwk)
{
    size_t len;
    unsigned char *bytes = gt_base64url_decode(signature->at, signature->len, &len);
    if (bytes == NULL)
        return false;
    cjose_get_dealloc()(bytes);
    if (len != gt_jwk_signature_len(jwk))
        return false;
    cjose_jwk_t *key = gt_jwk_import_public(jwk);
    cjose_jws_t *jws = key == NULL ? NULL : cjose_jws_import(token, strlen(token), NULL);
    bool holds = jws != NULL && cjose_jws_verify(jws, key, NULL);
    cjose_jws_release(jws);
    if (key != NULL)
        cjose_jwk_release(key);
    return holds;
}

/* Tries the keys that the header may mean. */
static enum gt_jwt_outcome try_keys(const char *token, const struct segment *signature,
                                    const json_t *header, const json_t *jwks)
{
    const struct gt_jose_algorithm *algorithm = gt_jose_algorithm(gt_text_at(header, "/alg"));
    const char *kid = gt_text_at(header, "/kid");
    const json_t *keys = json_object_get(jwks, "keys");
    bool named = false;
    size_t tries = 0;
    for (size_t i = 0; i < json_array_size(keys) && tries < TRIES_MAX; i++) {
        const json_t *jwk = json_array_get(keys, i);
        if ((kid != NULL && !gt_streq(kid, gt_text_at(jwk, "/kid"))) ||
            gt_jwk_signature_len(jwk) == 0)
            continue;
        named = kid != NULL;
        if (!gt_jwk_fits(jwk, algorithm))
            continue;
        tries++;
        if (signature_holds(token, signature, jwk))
            return GT_JWT_OK;
    }
    if (tries > 0)
        return GT_JWT_BAD_SIGNATURE;
    return named ? GT_JWT_BAD_ALGORITHM : GT_JWT_UNKNOWN_KEY;
}

static bool is_text_or_absent(const json_t *header, const char *name)
{
    const json_t *value = json_object_get(header, name);
    return value == NULL || json_is_string(value);
}

enum gt_jwt_outcome gt_jwt_verify(const char *token, const json_t *jwks, json_t **claims)
{
    struct segment parts[SEGMENTS];
    json_t *raw_header = NULL, *raw_body = NULL;
    if (!gt_jwt_decode(token, &raw_header, &raw_body) || !split(token, parts))
        return GT_JWT_MALFORMED;
    json_auto_t *header = raw_header, *body = raw_body;
    /* We know no extension, so one that must be understood is refused (RFC 7515, 4.1.11). */
    if (!json_is_string(json_object_get(header, "alg")) || !is_text_or_absent(header, "kid") ||
        json_object_get(header, "crit") != NULL)
        return GT_JWT_MALFORMED;
    if (gt_jose_algorithm(gt_text_at(header, "/alg")) == NULL)
        return GT_JWT_BAD_ALGORITHM;
    enum gt_jwt_outcome outcome = try_keys(token, &parts[SIGNATURE], header, jwks);
    if (outcome == GT_JWT_OK)
        *claims = json_incref(body);
    return outcome;
}

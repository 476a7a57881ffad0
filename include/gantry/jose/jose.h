/*
 * JSON Web Tokens and keys through libcjose, the only module that includes it. Only asymmetric
 * signatures (RS256/384/512, PS256, ES256/384) are accepted; never "none", never HMAC.
 * Source: RFC 7515, RFC 7517, RFC 7519, RFC 8725.
 */
#ifndef GANTRY_JOSE_JOSE_H
#define GANTRY_JOSE_JOSE_H

#include <gantry/base/diag.h>
#include <stdint.h>

/* A new RSA key of 2,048 bits as a private JWK with kid, use and alg. Secret. New reference. */
json_t *gt_jwk_generate(void);
/* The public part of a private JWK: what a JWKS shows. New reference; NULL when it is no RSA or EC
 * key. */
json_t *gt_jwk_public(const json_t *jwk);

/* A compact JWS of the claims, RS256 with the key's kid, typ JWT. NULL when the key is unusable. */
char *gt_jwt_sign(struct gt_arena *arena, const json_t *jwk, const json_t *claims);

/* Header and claims without a check of the signature (for showing what came). New references;
 * false when the text is no compact JWS with a JSON object in it; outputs may be NULL. */
bool gt_jwt_decode(const char *token, json_t **header, json_t **claims);

enum gt_jwt_outcome {
    GT_JWT_OK,
    GT_JWT_MALFORMED,   /* no compact JWS */
    GT_JWT_UNKNOWN_KEY, /* no key of that kid (fetch the set again), or a kid-less one that fits
                           none */
    GT_JWT_BAD_ALGORITHM,
    GT_JWT_BAD_SIGNATURE
};
/* Checks the signature by a JWKS document {"keys": [...]}; the algorithm must fit the key's type
 * and its own "alg". Claims are not judged. *claims (new reference) is written on OK. */
enum gt_jwt_outcome gt_jwt_verify(const char *token, const json_t *jwks, json_t **claims);

#endif

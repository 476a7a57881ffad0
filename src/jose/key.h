/*
 * Keys and algorithms as signing and verifying share them. libcjose 0.6 leaks or reads past a short
 * signature on some malformed inputs, so everything is looked at here before it gets there.
 */
#ifndef GANTRY_SRC_JOSE_KEY_H
#define GANTRY_SRC_JOSE_KEY_H

#include <cjose/cjose.h>
#include <gantry/jose/jose.h>

/* One signature algorithm and the only kind of key that it may be used with (RFC 7518, 3.1). */
struct gt_jose_algorithm {
    const char *name; /* "ES256" */
    const char *kty;  /* "EC" */
    const char *crv;  /* "P-256"; NULL: keys of this type have none */
};

/* NULL when it is none that we accept; also for NULL. */
const struct gt_jose_algorithm *gt_jose_algorithm(const char *name);

/* Whether a key's type, curve, alg, use and key_ops let it verify signatures of the algorithm. */
bool gt_jwk_fits(const json_t *jwk, const struct gt_jose_algorithm *algorithm);

/* The length in bytes of this key's signatures; 0 when its public part is malformed or an RSA
 * modulus is below 2,048 (RFC 7518, 3.3) or above 8,192 bits. */
size_t gt_jwk_signature_len(const json_t *jwk);

/* A key for libcjose, released with cjose_jwk_release; NULL when it is unusable. */
cjose_jwk_t *gt_jwk_import_public(const json_t *jwk);
cjose_jwk_t *gt_jwk_import_private(const json_t *jwk);

/*
 * Unpadded base64url (RFC 7515, section 2) of exactly these characters; freed with
 * cjose_get_dealloc(). NULL when the text is none, or ends with bits that are not zero.
 */
unsigned char *gt_base64url_decode(const char *text, size_t text_len, size_t *len);

#endif

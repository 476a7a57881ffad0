#include "key.h"

#include <gantry/base/buf.h>
#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { RSA_BITS = 2048, RSA_MIN_LEN = 256, RSA_MAX_LEN = 1024, EXPONENT_MAX_LEN = 4 };

static const struct gt_jose_algorithm algorithms[] = {
    {.name = "RS256", .kty = "RSA"}, {.name = "RS384", .kty = "RSA"},
    {.name = "RS512", .kty = "RSA"}, {.name = "PS256", .kty = "RSA"},
    {"ES256", "EC", "P-256"},        {"ES384", "EC", "P-384"},
};

static const struct curve {
    const char *name;
    size_t coordinate_len;
} curves[] = {{"P-256", 32}, {"P-384", 48}};

static const char *const rsa_public[] = {"n", "e", NULL};
static const char *const rsa_private[] = {"n", "e", "d", "p", "q", "dp", "dq", "qi", NULL};
static const char *const ec_public[] = {"crv", "x", "y", NULL};
static const char *const described[] = {"kty", "kid", "use", "alg", NULL};

const struct gt_jose_algorithm *gt_jose_algorithm(const char *name)
{
    for (size_t i = 0; i < GT_COUNT(algorithms); i++)
        if (gt_streq(algorithms[i].name, name))
            return &algorithms[i];
    return NULL;
}

static const char *text_of(const json_t *jwk, const char *name)
{
    return json_string_value(json_object_get(jwk, name));
}

static bool is_absent_or(const json_t *jwk, const char *name, const char *wanted)
{
    return json_object_get(jwk, name) == NULL || gt_streq(text_of(jwk, name), wanted);
}

static bool may_verify(const json_t *jwk)
{
    const json_t *uses = json_object_get(jwk, "key_ops");
    if (uses == NULL)
        return true;
    for (size_t i = 0; i < json_array_size(uses); i++)
        if (gt_streq(json_string_value(json_array_get(uses, i)), "verify"))
            return true;
    return false;
}

bool gt_jwk_fits(const json_t *jwk, const struct gt_jose_algorithm *algorithm)
{
    return gt_streq(text_of(jwk, "kty"), algorithm->kty) &&
           (algorithm->crv == NULL || gt_streq(text_of(jwk, "crv"), algorithm->crv)) &&
           is_absent_or(jwk, "alg", algorithm->name) && is_absent_or(jwk, "use", "sig") &&
           may_verify(jwk);
}

/* The value of a digit, or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

unsigned char *gt_base64url_decode(const char *text, size_t text_len, size_t *len)
{
    size_t rest = text_len % 4;
    for (size_t i = 0; i < text_len; i++)
        if (digit(text[i]) < 0)
            return NULL;
    if (rest == 1)
        return NULL;
    if (rest > 1 && digit(text[text_len - 1]) % (rest == 2 ? 16 : 4) != 0)
        return NULL;
    unsigned char *bytes = NULL;
    return cjose_base64url_decode(text, text_len, &bytes, len, NULL) ? bytes : NULL;
}

/* How many bytes a member holds; 0: absent, no base64url, or a number with leading zeros. */
static size_t member_len(const json_t *jwk, const char *name, bool is_number)
{
    const char *text = text_of(jwk, name);
    size_t len = 0;
    unsigned char *bytes = text == NULL ? NULL : gt_base64url_decode(text, strlen(text), &len);
    if (bytes == NULL)
        return 0;
    bool good = len > 0 && (!is_number || bytes[0] != 0);
    gt_wipe(bytes, len);
    cjose_get_dealloc()(bytes);
    return good ? len : 0;
}

static size_t ec_signature_len(const json_t *jwk)
{
    for (size_t i = 0; i < GT_COUNT(curves); i++)
        if (gt_streq(curves[i].name, text_of(jwk, "crv")) &&
            member_len(jwk, "x", false) == curves[i].coordinate_len &&
            member_len(jwk, "y", false) == curves[i].coordinate_len)
            return 2 * curves[i].coordinate_len;
    return 0;
}

size_t gt_jwk_signature_len(const json_t *jwk)
{
    if (gt_streq(text_of(jwk, "kty"), "EC"))
        return ec_signature_len(jwk);
    size_t modulus = member_len(jwk, "n", true), exponent = member_len(jwk, "e", true);
    bool good = gt_streq(text_of(jwk, "kty"), "RSA") && modulus >= RSA_MIN_LEN &&
                modulus <= RSA_MAX_LEN && exponent > 0 && exponent <= EXPONENT_MAX_LEN;
    return good ? modulus : 0;
}

static void copy_members(json_t *to, const json_t *from, const char *const *names)
{
    for (; *names != NULL; names++)
        if (text_of(from, *names) != NULL)
            json_object_set(to, *names, json_object_get(from, *names));
}

json_t *gt_jwk_public(const json_t *jwk)
{
    if (gt_jwk_signature_len(jwk) == 0)
        return NULL;
    json_t *out = json_object();
    copy_members(out, jwk, described);
    copy_members(out, jwk, gt_streq(text_of(jwk, "kty"), "RSA") ? rsa_public : ec_public);
    return out;
}

cjose_jwk_t *gt_jwk_import_public(const json_t *jwk)
{
    json_auto_t *part = gt_jwk_public(jwk);
    return part == NULL ? NULL : cjose_jwk_import_json(part, NULL);
}

cjose_jwk_t *gt_jwk_import_private(const json_t *jwk)
{
    json_auto_t *part = gt_jwk_public(jwk);
    if (part == NULL || !gt_streq(text_of(jwk, "kty"), "RSA"))
        return NULL;
    for (size_t i = 0; rsa_private[i] != NULL; i++)
        if (member_len(jwk, rsa_private[i], true) == 0)
            return NULL;
    copy_members(part, jwk, rsa_private);
    return cjose_jwk_import_json(part, NULL);
}

/* The thumbprint of RFC 7638, as hexadecimal digits. */
static json_t *thumbprint(const json_t *jwk)
{
    json_auto_t *part = json_object();
    struct gt_arena *arena = gt_arena_new();
    copy_members(part, jwk, rsa_public);
    json_object_set(part, "kty", json_object_get(jwk, "kty"));
    const char *text = gt_json_canonical(arena, part);
    json_t *kid = json_string(gt_sha256_hex(arena, text, strlen(text)));
    gt_arena_free(arena);
    return kid;
}

json_t *gt_jwk_generate(void)
{
    static const unsigned char exponent[] = {1, 0, 1};
    cjose_jwk_t *key = cjose_jwk_create_RSA_random(RSA_BITS, exponent, sizeof(exponent), NULL);
    char *text = key == NULL ? NULL : cjose_jwk_to_json(key, true, NULL);
    json_t *jwk = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (jwk == NULL)
        gt_die("cannot make an RSA key");
    gt_wipe(text, strlen(text));
    cjose_get_dealloc()(text);
    cjose_jwk_release(key);
    json_object_set_new(jwk, "kid", thumbprint(jwk));
    json_object_set_new(jwk, "use", json_string("sig"));
    json_object_set_new(jwk, "alg", json_string("RS256"));
    return jwk;
}

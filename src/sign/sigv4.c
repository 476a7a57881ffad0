#include <gantry/sign/sigv4.h>

#include "canonical.h"

#include <gantry/base/buf.h>
#include <gantry/base/hash.h>
#include <gantry/base/str.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SHA256_LEN = 32, ADDED_MAX = 4 };

/* "20150830T123600Z" */
char *gt_sigv4_amz_date(struct gt_arena *arena, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    char *text = gt_alloc(arena, sizeof("20150830T123600Z"));
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof("20150830T123600Z"), "%Y%m%dT%H%M%SZ", &tm) == 0)
        gt_die("the time of a signature is out of range");
    return text;
}

/* "20150830/us-east-1/iam/aws4_request" */
static char *scope(struct gt_arena *arena, const struct gt_sign_options *options)
{
    return gt_printf(arena, "%.8s/%s/%s/aws4_request", gt_sigv4_amz_date(arena, options->unix_ms),
                     options->region, options->service);
}

/* What proxies and HTTP libraries change on the way. */
static bool is_signed(const char *name)
{
    static const char *const unsigned_names[] = {"authorization",
                                                 "connection",
                                                 "expect",
                                                 "keep-alive",
                                                 "proxy-authenticate",
                                                 "proxy-authorization",
                                                 "te",
                                                 "trailer",
                                                 "transfer-encoding",
                                                 "upgrade",
                                                 "user-agent",
                                                 "x-amzn-trace-id"};
    for (size_t i = 0; i < GT_COUNT(unsigned_names); i++)
        if (strcmp(name, unsigned_names[i]) == 0)
            return false;
    return true;
}

static bool has_header(const struct gt_sign_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

struct added {
    struct gt_sign_header headers[ADDED_MAX];
    size_t count;
};

static void add(struct added *added, const struct gt_sign_request *request, const char *name,
                const char *value)
{
    if (!has_header(request, name))
        added->headers[added->count++] = (struct gt_sign_header){name, value};
}

/* The headers that signing adds and signs. */
static struct added signed_additions(struct gt_arena *arena, const struct gt_sign_request *request,
                                     const struct gt_sign_options *options)
{
    struct added added = {0};
    add(&added, request, "X-Amz-Date", gt_sigv4_amz_date(arena, options->unix_ms));
    if (options->session_token != NULL)
        add(&added, request, "X-Amz-Security-Token", options->session_token);
    if (options->add_content_sha256)
        add(&added, request, "X-Amz-Content-Sha256",
            gt_sha256_hex(arena, request->body, request->body_len));
    return added;
}

static size_t collect_headers(struct gt_arena *arena, struct gt_sign_header *to,
                              const struct gt_sign_header *headers, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = gt_lower(arena, headers[i].name);
        if (is_signed(name))
            to[kept++] = (struct gt_sign_header){name, headers[i].value};
    }
    return kept;
}

char *gt_sigv4_canonical_request(struct gt_arena *arena, const struct gt_sign_request *request,
                                 const struct gt_sign_options *options, char **signed_headers)
{
    struct added added = signed_additions(arena, request, options);
    struct gt_sign_header *headers =
        gt_calloc(arena, request->header_count + added.count, sizeof(*headers));
    size_t count = collect_headers(arena, headers, request->headers, request->header_count);
    count += collect_headers(arena, headers + count, added.headers, added.count);
    const struct gt_canonical canonical = {
        .request = request,
        .headers = headers,
        .header_count = count,
        .s3_path = options->s3_path,
        .payload_hash = gt_sha256_hex(arena, request->body, request->body_len)};
    return gt_sigv4_canonical(arena, &canonical, signed_headers);
}

char *gt_sigv4_string_to_sign(struct gt_arena *arena, const char *canonical_request,
                              const struct gt_sign_options *options)
{
    return gt_printf(arena, "%s\n%s\n%s\n%s", GT_SIGV4_ALGORITHM,
                     gt_sigv4_amz_date(arena, options->unix_ms), scope(arena, options),
                     gt_sha256_hex(arena, canonical_request, strlen(canonical_request)));
}

static void hmac(const void *key, size_t key_len, const char *text, unsigned char *out)
{
    if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out,
             NULL) == NULL)
        gt_die("HMAC-SHA-256 failed");
}

char *gt_sigv4_signature(struct gt_arena *arena, const char *string_to_sign,
                         const struct gt_sign_options *options)
{
    unsigned char keys[2][SHA256_LEN];
    char date[9] = {0};
    memcpy(date, gt_sigv4_amz_date(arena, options->unix_ms), 8);
    struct gt_buf secret = gt_buf_init(options->secret_access_key.len + 4);
    gt_buf_adds(&secret, "AWS4");
    gt_buf_add(&secret, options->secret_access_key.bytes, options->secret_access_key.len);
    hmac(secret.ptr, secret.len, date, keys[0]);
    gt_buf_wipe(&secret);
    hmac(keys[0], SHA256_LEN, options->region, keys[1]);
    hmac(keys[1], SHA256_LEN, options->service, keys[0]);
    hmac(keys[0], SHA256_LEN, "aws4_request", keys[1]);
    hmac(keys[1], SHA256_LEN, string_to_sign, keys[0]);
    char *signature = gt_hex(arena, keys[0], SHA256_LEN);
    gt_wipe(keys, sizeof(keys));
    return signature;
}

struct gt_signature gt_sigv4_sign(struct gt_arena *arena, const struct gt_sign_request *request,
                                  const struct gt_sign_options *options)
{
    struct gt_signature result = {.amz_date = gt_sigv4_amz_date(arena, options->unix_ms)};
    char *names;
    result.canonical_request = gt_sigv4_canonical_request(arena, request, options, &names);
    result.signed_headers = names;
    result.string_to_sign = gt_sigv4_string_to_sign(arena, result.canonical_request, options);
    result.signature = gt_sigv4_signature(arena, result.string_to_sign, options);
    result.authorization =
        gt_printf(arena, "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", GT_SIGV4_ALGORITHM,
                  options->access_key_id, scope(arena, options), names, result.signature);
    struct added *added = GT_NEW(arena, struct added);
    *added = signed_additions(arena, request, options);
    added->headers[added->count++] = (struct gt_sign_header){"Authorization", result.authorization};
    result.added = added->headers;
    result.added_count = added->count;
    return result;
}

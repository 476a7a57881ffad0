#include <gantry/sign/sigv4.h>

#include <gantry/base/buf.h>
#include <gantry/base/hash.h>
#include <gantry/base/str.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SHA256_LEN = 32, ADDED_MAX = 4 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* "20150830T123600Z" */
static const char *amz_date(struct gt_arena *arena, int64_t unix_ms)
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
    return gt_printf(arena, "%.8s/%s/%s/aws4_request", amz_date(arena, options->unix_ms),
                     options->region, options->service);
}

/* Removes "." and ".." segments and empty ones (RFC 3986 section 5.2.4, and "//" is "/"). */
static char *normal_path(struct gt_arena *arena, const char *path)
{
    char *out = gt_alloc(arena, strlen(path) + 2), *end = out;
    *end++ = '/';
    for (const char *segment = path; *segment != '\0';) {
        size_t len = strcspn(segment, "/");
        const char *next = segment + len + (segment[len] == '/');
        if (len == 2 && memcmp(segment, "..", 2) == 0) {
            for (end -= end - out > 1; end - out > 1 && end[-1] != '/'; end--) {
            }
        } else if (len > 0 && !(len == 1 && *segment == '.')) {
            memcpy(end, segment, (size_t)(next - segment));
            end += next - segment;
        }
        segment = next;
    }
    *end = '\0';
    return out;
}

static char *canonical_path(struct gt_arena *arena, const char *path, bool s3_path)
{
    /* S3's path is canonical as sent; elsewhere an escape in it is encoded once more. */
    if (s3_path)
        return gt_percent_encode(arena, path, "/%");
    return gt_percent_encode(arena, normal_path(arena, path), "/");
}

struct pair {
    const char *name, *value;
    size_t place; /* keeps the order of equal names */
};

typedef GT_VEC(struct pair) pair_vec;

static int by_name_then_value(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->value, b->value);
}

static int by_name_then_place(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* Every byte decoded and encoded again, so that it does not matter what the sender encoded. */
static const char *recoded(struct gt_arena *arena, const char *text, size_t len)
{
    return gt_percent_encode(arena, gt_percent_decode(arena, gt_strndup(arena, text, len)), "");
}

static const char *canonical_query(struct gt_arena *arena, const char *query)
{
    pair_vec pairs = {0};
    for (const char *at = query == NULL ? "" : query; *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        size_t value_at = name_len < len ? name_len + 1 : len;
        if (len > 0)
            *GT_PUSH(arena, &pairs) =
                (struct pair){.name = recoded(arena, at, name_len),
                              .value = recoded(arena, at + value_at, len - value_at)};
        at += len + (at[len] == '&');
    }
    if (pairs.len > 0)
        qsort(pairs.at, pairs.len, sizeof(*pairs.at), by_name_then_value);
    struct gt_buf out = gt_buf_init(SIZE_MAX / 2);
    for (size_t i = 0; i < pairs.len; i++)
        gt_buf_addf(&out, "%s%s=%s", i == 0 ? "" : "&", pairs.at[i].name, pairs.at[i].value);
    const char *text = gt_strndup(arena, gt_buf_text(&out), out.len);
    gt_buf_done(&out);
    return text;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, and each run of white space one space. */
static char *canonical_value(struct gt_arena *arena, const char *value)
{
    char *out = gt_alloc(arena, strlen(value) + 1), *end = out;
    for (; *value != '\0'; value++) {
        if (!is_space(*value))
            *end++ = *value;
        else if (end > out && end[-1] != ' ')
            *end++ = ' ';
    }
    if (end > out && end[-1] == ' ')
        end--;
    *end = '\0';
    return out;
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
    add(&added, request, "X-Amz-Date", amz_date(arena, options->unix_ms));
    if (options->session_token != NULL)
        add(&added, request, "X-Amz-Security-Token", options->session_token);
    if (options->add_content_sha256)
        add(&added, request, "X-Amz-Content-Sha256",
            gt_sha256_hex(arena, request->body, request->body_len));
    return added;
}

static void collect_headers(struct gt_arena *arena, pair_vec *pairs,
                            const struct gt_sign_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = gt_lower(arena, headers[i].name);
        if (!is_signed(name))
            continue;
        *GT_PUSH(arena, pairs) = (struct pair){
            .name = name, .value = canonical_value(arena, headers[i].value), .place = pairs->len};
    }
}

char *gt_sigv4_canonical_request(struct gt_arena *arena, const struct gt_sign_request *request,
                                 const struct gt_sign_options *options, char **signed_headers)
{
    struct added added = signed_additions(arena, request, options);
    pair_vec pairs = {0};
    collect_headers(arena, &pairs, request->headers, request->header_count);
    collect_headers(arena, &pairs, added.headers, added.count);
    qsort(pairs.at, pairs.len, sizeof(*pairs.at), by_name_then_place);
    struct gt_buf lines = gt_buf_init(SIZE_MAX / 2), names = gt_buf_init(SIZE_MAX / 2);
    for (size_t i = 0; i < pairs.len; i++) {
        const struct pair *pair = &pairs.at[i];
        if (i > 0 && strcmp(pair->name, pairs.at[i - 1].name) == 0) {
            gt_buf_addf(&lines, ",%s", pair->value);
            continue;
        }
        gt_buf_addf(&lines, "%s%s:%s", i == 0 ? "" : "\n", pair->name, pair->value);
        gt_buf_addf(&names, "%s%s", i == 0 ? "" : ";", pair->name);
    }
    *signed_headers = gt_strndup(arena, gt_buf_text(&names), names.len);
    char *canonical =
        gt_printf(arena, "%s\n%s\n%s\n%s\n\n%s\n%s", request->method,
                  canonical_path(arena, request->path, options->s3_path),
                  canonical_query(arena, request->query), gt_buf_text(&lines), *signed_headers,
                  gt_sha256_hex(arena, request->body, request->body_len));
    gt_buf_wipe(&lines); /* the session token is one of them */
    gt_buf_done(&names);
    return canonical;
}

char *gt_sigv4_string_to_sign(struct gt_arena *arena, const char *canonical_request,
                              const struct gt_sign_options *options)
{
    return gt_printf(arena, "%s\n%s\n%s\n%s", algorithm, amz_date(arena, options->unix_ms),
                     scope(arena, options),
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
    memcpy(date, amz_date(arena, options->unix_ms), 8);
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
    struct gt_signature result = {.amz_date = amz_date(arena, options->unix_ms)};
    char *names;
    result.canonical_request = gt_sigv4_canonical_request(arena, request, options, &names);
    result.signed_headers = names;
    result.string_to_sign = gt_sigv4_string_to_sign(arena, result.canonical_request, options);
    result.signature = gt_sigv4_signature(arena, result.string_to_sign, options);
    result.authorization =
        gt_printf(arena, "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", algorithm,
                  options->access_key_id, scope(arena, options), names, result.signature);
    struct added *added = GT_NEW(arena, struct added);
    *added = signed_additions(arena, request, options);
    added->headers[added->count++] = (struct gt_sign_header){"Authorization", result.authorization};
    result.added = added->headers;
    result.added_count = added->count;
    return result;
}

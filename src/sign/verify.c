#include <gantry/sign/verify.h>

#include "canonical.h"

#include <gantry/base/buf.h>
#include <gantry/base/hash.h>
#include <gantry/base/str.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

enum { SKEW_MINUTES = 15, SKEW_MS = SKEW_MINUTES * 60 * 1000, SCOPE_PARTS = 5 };

static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";

struct span {
    const char *at;
    size_t len;
};

static enum gt_sigv4_outcome fail(enum gt_sigv4_outcome outcome, const char *text,
                                  const char **message)
{
    *message = text;
    return outcome;
}

/* The first header of a name, and how many there are. */
static const char *header_of(const struct gt_sign_request *request, const char *name, size_t *count)
{
    const char *first = NULL;
    *count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0 && (*count)++ == 0)
            first = request->headers[i].value;
    return first;
}

static struct span trimmed(const char *at, size_t len)
{
    while (len > 0 && (*at == ' ' || *at == '\t'))
        at++, len--;
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    return (struct span){at, len};
}

static char *copy(struct gt_arena *arena, const char *text)
{
    struct span span = trimmed(text, strlen(text));
    return gt_strndup(arena, span.at, span.len);
}

/* What follows the algorithm, or NULL when the header is of another one. */
static const char *parameters_of(const char *authorization)
{
    struct span all = trimmed(authorization, strlen(authorization));
    size_t len = strlen(GT_SIGV4_ALGORITHM);
    if (all.len < len || memcmp(all.at, GT_SIGV4_ALGORITHM, len) != 0)
        return NULL;
    return all.at[len] == '\0' || all.at[len] == ' ' || all.at[len] == '\t' ? all.at + len : NULL;
}

enum { CREDENTIAL, SIGNATURE, SIGNED_HEADERS, PARAMETERS };
static const char *const parameter_names[PARAMETERS] = {"Credential", "Signature", "SignedHeaders"};

/* Takes one "Name=value"; names that we do not know are passed over. */
static bool take_parameter(struct gt_arena *arena, struct span part, char *values[PARAMETERS],
                           const char **message)
{
    const char *equals = memchr(part.at, '=', part.len);
    if (equals == NULL) {
        *message = gt_printf(arena,
                             "'%s' not a valid key=value pair (missing equal-sign) in "
                             "Authorization header.",
                             gt_one_line(arena, gt_strndup(arena, part.at, part.len), 80));
        return false;
    }
    size_t name_len = (size_t)(equals - part.at);
    for (size_t i = 0; i < PARAMETERS; i++) {
        if (strlen(parameter_names[i]) != name_len ||
            memcmp(part.at, parameter_names[i], name_len) != 0)
            continue;
        if (values[i] != NULL) {
            *message = gt_printf(arena, "Authorization header has more than one '%s' parameter.",
                                 parameter_names[i]);
            return false;
        }
        values[i] = gt_strndup(arena, equals + 1, part.len - name_len - 1);
    }
    return true;
}

static bool take_parameters(struct gt_arena *arena, const char *text, char *values[PARAMETERS],
                            const char **message)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        struct span part = trimmed(text, len);
        if (part.len > 0 && !take_parameter(arena, part, values, message))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

/* All that is missing, in one text; NULL when nothing is. */
static const char *what_is_missing(struct gt_arena *arena, char *const values[PARAMETERS],
                                   const char *date)
{
    const char *text = NULL;
    for (size_t i = 0; i < PARAMETERS; i++)
        if (values[i] == NULL || *values[i] == '\0')
            text = gt_printf(arena, "%s%sAuthorization header requires '%s' parameter.",
                             text == NULL ? "" : text, text == NULL ? "" : " ", parameter_names[i]);
    if (date == NULL)
        text = gt_printf(arena,
                         "%s%sAuthorization header requires existence of either a 'X-Amz-Date' or "
                         "a 'Date' header.",
                         text == NULL ? "" : text, text == NULL ? "" : " ");
    return text;
}

/* keyid/date/region/service/aws4_request */
static bool take_credential(struct gt_arena *arena, const char *text, struct gt_sigv4_claim *claim,
                            const char **message)
{
    const char *parts[SCOPE_PARTS] = {0};
    size_t count = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, "/");
        if (count < SCOPE_PARTS && len > 0)
            parts[count] = gt_strndup(arena, at, len);
        count++;
        at += len;
        if (*at == '\0')
            break;
    }
    bool whole = count == SCOPE_PARTS;
    for (size_t i = 0; i < SCOPE_PARTS; i++)
        whole = whole && parts[i] != NULL;
    if (!whole) {
        *message = gt_printf(arena,
                             "Credential must have exactly 5 slash-delimited elements, e.g. "
                             "keyid/date/region/service/term, got '%s'",
                             gt_one_line(arena, text, 200));
        return false;
    }
    if (strcmp(parts[4], "aws4_request") != 0) {
        *message = gt_printf(
            arena, "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.",
            gt_one_line(arena, parts[4], 80));
        return false;
    }
    claim->access_key_id = parts[0];
    claim->date = parts[1];
    claim->region = parts[2];
    claim->service = parts[3];
    return true;
}

static int number_of(const char *digits, size_t len)
{
    int number = 0;
    for (size_t i = 0; i < len; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

/* Days from 1970-01-01 in the Gregorian calendar, counted from a 1 March of year 0. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* Exactly "20150830T123600Z", and a moment that there is. */
static bool parse_amz_date(struct gt_arena *arena, const char *text, int64_t *unix_ms)
{
    static const char shape[] = "00000000T000000Z";
    if (strlen(text) != strlen(shape))
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    int month = number_of(text + 4, 2);
    if (month < 1 || month > 12)
        return false;
    int64_t days = days_of(number_of(text, 4), month, number_of(text + 6, 2));
    int64_t minutes = (days * 24 + number_of(text + 9, 2)) * 60 + number_of(text + 11, 2);
    *unix_ms = (minutes * 60 + number_of(text + 13, 2)) * 1000;
    return strcmp(gt_sigv4_amz_date(arena, *unix_ms), text) == 0;
}

static const char *date_header(const struct gt_sign_request *request, size_t *count)
{
    const char *date = header_of(request, "x-amz-date", count);
    return date != NULL ? date : header_of(request, "date", count);
}

enum gt_sigv4_outcome gt_sigv4_claim(struct gt_arena *arena, const struct gt_sign_request *request,
                                     struct gt_sigv4_claim *claim, const char **message)
{
    size_t count, date_count;
    const char *parameters = NULL, *date = date_header(request, &date_count);
    for (size_t i = 0; i < request->header_count && parameters == NULL; i++)
        if (strcasecmp(request->headers[i].name, "authorization") == 0)
            parameters = parameters_of(request->headers[i].value);
    if (parameters == NULL)
        return GT_SIGV4_ABSENT;
    header_of(request, "authorization", &count);
    if (count > 1)
        return fail(GT_SIGV4_INCOMPLETE, "The request has more than one Authorization header.",
                    message);
    char *values[PARAMETERS] = {0};
    struct gt_sigv4_claim out = {0};
    int64_t ignored;
    if (!take_parameters(arena, parameters, values, message))
        return GT_SIGV4_INCOMPLETE;
    const char *missing = what_is_missing(arena, values, date);
    if (missing != NULL)
        return fail(GT_SIGV4_INCOMPLETE, missing, message);
    if (!take_credential(arena, values[CREDENTIAL], &out, message))
        return GT_SIGV4_INCOMPLETE;
    out.amz_date = copy(arena, date);
    if (date_count > 1 || !parse_amz_date(arena, out.amz_date, &ignored))
        return fail(GT_SIGV4_INCOMPLETE,
                    gt_printf(arena,
                              "Date must be in ISO-8601 'basic format'. Got '%s'. See "
                              "http://en.wikipedia.org/wiki/ISO_8601",
                              gt_one_line(arena, out.amz_date, 80)),
                    message);
    const char *token = header_of(request, "x-amz-security-token", &count);
    out.session_token = token == NULL ? NULL : copy(arena, token);
    out.signed_headers = values[SIGNED_HEADERS];
    out.signature = values[SIGNATURE];
    *claim = out;
    return GT_SIGV4_OK;
}

/* Whether a list of names with ';' between them has this one. */
static bool lists(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = names;; at++) {
        size_t span = strcspn(at, ";");
        if (span == len && memcmp(at, name, len) == 0)
            return true;
        at += span;
        if (*at == '\0')
            return false;
    }
}

/* The headers that the claim names, in the request's order; NULL with a message when one that must
 * be signed is not. */
static struct gt_sign_header *claimed_headers(struct gt_arena *arena,
                                              const struct gt_sign_request *request,
                                              const char *names, size_t *count,
                                              const char **message)
{
    struct gt_sign_header *headers = gt_calloc(arena, request->header_count + 1, sizeof(*headers));
    *count = 0;
    if (!lists(names, "host")) {
        *message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return NULL;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        const char *name = gt_lower(arena, request->headers[i].name);
        if (lists(names, name)) {
            headers[(*count)++] = (struct gt_sign_header){name, request->headers[i].value};
        } else if (gt_starts_with(name, "x-amz-") || strcmp(name, "content-type") == 0) {
            *message = gt_printf(arena, "'%s' must be a 'SignedHeader' in the AWS Authorization.",
                                 gt_one_line(arena, name, 80));
            return NULL;
        }
    }
    return headers;
}

static enum gt_sigv4_outcome check_time(struct gt_arena *arena, const struct gt_sigv4_claim *claim,
                                        int64_t now_ms, int64_t *unix_ms, const char **message)
{
    if (claim->amz_date == NULL || !parse_amz_date(arena, claim->amz_date, unix_ms))
        return fail(GT_SIGV4_INCOMPLETE, "Date must be in ISO-8601 'basic format'.", message);
    if (strncmp(claim->date, claim->amz_date, 8) != 0 || strlen(claim->date) != 8)
        return fail(GT_SIGV4_MISMATCH,
                    gt_printf(arena,
                              "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                              "version of date from HTTP: '%s' != '%.8s', from '%s'.",
                              gt_one_line(arena, claim->date, 80), claim->amz_date,
                              claim->amz_date),
                    message);
    int64_t behind_ms = now_ms - *unix_ms;
    if (behind_ms <= SKEW_MS && behind_ms >= -SKEW_MS)
        return GT_SIGV4_OK;
    bool expired = behind_ms > 0;
    return fail(GT_SIGV4_SKEWED,
                gt_printf(arena, "Signature %s: %s is %s than %s (%s %s %d min.)",
                          expired ? "expired" : "not yet current", claim->amz_date,
                          expired ? "now earlier" : "still later",
                          gt_sigv4_amz_date(arena, now_ms + (expired ? -SKEW_MS : SKEW_MS)),
                          gt_sigv4_amz_date(arena, now_ms), expired ? "-" : "+", SKEW_MINUTES),
                message);
}

/* The payload hash that the signature must be over. */
static enum gt_sigv4_outcome payload_hash(struct gt_arena *arena,
                                          const struct gt_sign_request *request, bool s3,
                                          const char **hash, const char **message)
{
    size_t count;
    const char *header = header_of(request, "x-amz-content-sha256", &count);
    *hash = gt_sha256_hex(arena, request->body, request->body_len);
    if (header == NULL && s3)
        return fail(GT_SIGV4_INCOMPLETE,
                    "Missing required header for this request: x-amz-content-sha256", message);
    if (header == NULL)
        return GT_SIGV4_OK;
    const char *given = copy(arena, header);
    if (count == 1 && strcmp(given, unsigned_payload) == 0)
        *hash = unsigned_payload;
    else if (count > 1 || strcmp(given, *hash) != 0)
        return fail(GT_SIGV4_MISMATCH,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    message);
    return GT_SIGV4_OK;
}

/* The signature that the secret makes of the request, or NULL when the list of names is not the one
 * that the headers give: an absent header, upper case, another order. */
static const char *expected_signature(struct gt_arena *arena, const struct gt_canonical *canonical,
                                      const struct gt_sigv4_claim *claim, struct gt_secret secret,
                                      int64_t unix_ms)
{
    const struct gt_sign_options options = {.secret_access_key = secret,
                                            .region = claim->region,
                                            .service = claim->service,
                                            .unix_ms = unix_ms};
    char *names;
    const char *text = gt_sigv4_canonical(arena, canonical, &names);
    if (strcmp(names, claim->signed_headers) != 0)
        return NULL;
    return gt_sigv4_signature(arena, gt_sigv4_string_to_sign(arena, text, &options), &options);
}

enum gt_sigv4_outcome gt_sigv4_verify(struct gt_arena *arena, const struct gt_sign_request *request,
                                      const struct gt_sigv4_claim *claim, struct gt_secret secret,
                                      bool s3, int64_t now_ms, const char **message)
{
    struct gt_canonical canonical = {.request = request, .s3_path = s3};
    int64_t unix_ms;
    canonical.headers =
        claimed_headers(arena, request, claim->signed_headers, &canonical.header_count, message);
    if (canonical.headers == NULL)
        return GT_SIGV4_MISMATCH;
    enum gt_sigv4_outcome outcome = check_time(arena, claim, now_ms, &unix_ms, message);
    if (outcome == GT_SIGV4_OK)
        outcome = payload_hash(arena, request, s3, &canonical.payload_hash, message);
    if (outcome != GT_SIGV4_OK)
        return outcome;
    const char *expected = expected_signature(arena, &canonical, claim, secret, unix_ms);
    size_t len = expected == NULL ? 0 : strlen(expected);
    if (len > 0 && strlen(claim->signature) == len &&
        CRYPTO_memcmp(expected, claim->signature, len) == 0)
        return GT_SIGV4_OK;
    return fail(GT_SIGV4_MISMATCH,
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details.",
                message);
}

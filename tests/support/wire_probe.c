/*
 * What tests/integration/test_wire.py compares with botocore: one JSON object per line in, one out.
 *
 *   {"do": "tables"}                                   services, their protocols and operations
 *   {"do": "encode", service, operation, input}        method, path, query, headers, body
 *   {"do": "decode", service, operation, status, headers, body}      output, or code and message
 *   {"do": "sign", method, path, query, headers, body, options}      the stages of the signature
 *   {"do": "verify", method, path, query, headers, body, options}    a signed request's outcome
 *
 * Headers are lists of [name, value], bodies hexadecimal. A request that is refused: {"error":
 * message}.
 */
#include "codec.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sign/verify.h>
#include <stdio.h>
#include <string.h>

static const char *const protocol_names[] = {
    [GT_PROTOCOL_REST_JSON] = "rest-json",
    [GT_PROTOCOL_AWS_JSON] = "json",
    [GT_PROTOCOL_QUERY] = "query",
    [GT_PROTOCOL_REST_XML] = "rest-xml",
};

static const char hex_digits[] = "0123456789abcdef";

/* Bodies cross as hexadecimal digits: no codec of ours stands between the two sides. */
static char *to_hex(struct gt_arena *arena, const char *bytes, size_t len)
{
    return gt_hex(arena, (const unsigned char *)bytes, len);
}

static char *from_hex(struct gt_arena *arena, const char *text, size_t *len)
{
    *len = text == NULL ? 0 : strlen(text) / 2;
    char *bytes = gt_alloc(arena, *len + 1);
    for (size_t i = 0; i < *len; i++) {
        const char *high = strchr(hex_digits, text[2 * i]);
        const char *low = strchr(hex_digits, text[2 * i + 1]);
        if (high == NULL || low == NULL)
            gt_die("a body is not hexadecimal");
        bytes[i] = (char)((high - hex_digits) * 16 + (low - hex_digits));
    }
    return bytes;
}

static json_t *tables(void)
{
    json_t *out = json_object();
    for (size_t i = 0; gt_services[i] != NULL; i++) {
        json_t *names = json_array();
        for (size_t j = 0; gt_services[i]->operations[j] != NULL; j++)
            json_array_append_new(names, json_string(gt_services[i]->operations[j]->name));
        json_object_set_new(out, gt_services[i]->name,
                            json_pack("{s:s, s:o}", "protocol",
                                      protocol_names[gt_services[i]->protocol], "operations",
                                      names));
    }
    return out;
}

static const struct gt_operation *find(const json_t *request)
{
    const struct gt_service *service = gt_service_find(gt_text_at(request, "/service"));
    const struct gt_operation *operation =
        service == NULL ? NULL : gt_operation_find(service, gt_text_at(request, "/operation"));
    if (operation == NULL)
        gt_die("no such operation");
    return operation;
}

static json_t *encode(struct gt_arena *arena, const json_t *request)
{
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_wire wire;
    const struct gt_operation *operation = find(request);
    if (!gt_encode(arena, operation, json_object_get(request, "input"), &wire, &diags))
        return json_pack("{s:s}", "error", diags.list.at[0]->message);
    json_t *headers = json_array();
    for (size_t i = 0; i < wire.headers.len; i++)
        json_array_append_new(
            headers, json_pack("[s, s]", wire.headers.at[i].name, wire.headers.at[i].value));
    return json_pack("{s:s, s:s, s:s, s:o, s:s}", "method", operation->method, "path", wire.path,
                     "query", wire.query, "headers", headers, "body",
                     to_hex(arena, wire.body, wire.body_len));
}

static size_t pairs_of(struct gt_arena *arena, const json_t *headers, struct gt_header **out)
{
    size_t count = json_array_size(headers);
    *out = gt_calloc(arena, count + 1, sizeof(**out));
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(headers, i);
        (*out)[i] = (struct gt_header){json_string_value(json_array_get(pair, 0)),
                                       json_string_value(json_array_get(pair, 1))};
    }
    return count;
}

static json_t *decode(struct gt_arena *arena, const json_t *request)
{
    struct gt_http_response response = {
        .outcome = GT_HTTP_ANSWERED,
        .status = (int)json_integer_value(json_object_get(request, "status"))};
    struct gt_header *headers;
    response.header_count = pairs_of(arena, json_object_get(request, "headers"), &headers);
    for (size_t i = 0; i < response.header_count; i++)
        headers[i].name = gt_lower(arena, headers[i].name);
    response.headers = headers;
    response.body = from_hex(arena, gt_text_at(request, "/body"), &response.body_len);
    struct gt_decoded decoded = gt_decode(arena, find(request), &response);
    if (decoded.failure == GT_AWS_OK)
        return json_pack("{s:O}", "output", decoded.output);
    return json_pack("{s:s, s:s, s:b}", "code", decoded.code, "message", decoded.message, "garbled",
                     decoded.failure == GT_AWS_GARBLED);
}

static struct gt_sign_request sign_request_of(struct gt_arena *arena, const json_t *request)
{
    struct gt_header *pairs;
    size_t count = pairs_of(arena, json_object_get(request, "headers"), &pairs);
    struct gt_sign_header *headers = gt_calloc(arena, count + 1, sizeof(*headers));
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct gt_sign_header){pairs[i].name, pairs[i].value};
    struct gt_sign_request out = {.method = gt_text_at(request, "/method"),
                                  .path = gt_text_at(request, "/path"),
                                  .query = gt_text_at(request, "/query"),
                                  .headers = headers,
                                  .header_count = count};
    out.body = from_hex(arena, gt_text_at(request, "/body"), &out.body_len);
    return out;
}

static json_t *verify(struct gt_arena *arena, const json_t *request)
{
    struct gt_sign_request what = sign_request_of(arena, request);
    const json_t *given = json_object_get(request, "options");
    const char *secret = gt_text_at(given, "/secret"), *message = "";
    struct gt_sigv4_claim claim;
    enum gt_sigv4_outcome outcome = gt_sigv4_claim(arena, &what, &claim, &message);
    if (outcome == GT_SIGV4_OK)
        outcome = gt_sigv4_verify(arena, &what, &claim, (struct gt_secret){secret, strlen(secret)},
                                  json_is_true(json_object_get(given, "s3")),
                                  json_integer_value(json_object_get(given, "unix_ms")), &message);
    return json_pack("{s:b, s:s}", "holds", outcome == GT_SIGV4_OK, "message", message);
}

static json_t *sign(struct gt_arena *arena, const json_t *request)
{
    struct gt_sign_request what = sign_request_of(arena, request);
    const json_t *given = json_object_get(request, "options");
    const char *secret = gt_text_at(given, "/secret");
    const struct gt_sign_options options = {
        .access_key_id = gt_text_at(given, "/key"),
        .secret_access_key = {secret, strlen(secret)},
        .session_token = gt_text_at(given, "/token"),
        .region = gt_text_at(given, "/region"),
        .service = gt_text_at(given, "/service"),
        .unix_ms = json_integer_value(json_object_get(given, "unix_ms")),
        .s3_path = json_is_true(json_object_get(given, "s3")),
        .add_content_sha256 = json_is_true(json_object_get(given, "s3"))};
    struct gt_signature signature = gt_sigv4_sign(arena, &what, &options);
    return json_pack("{s:s, s:s, s:s}", "canonical_request", signature.canonical_request,
                     "string_to_sign", signature.string_to_sign, "authorization",
                     signature.authorization);
}

static json_t *answer(struct gt_arena *arena, const json_t *request)
{
    const char *what = gt_text_at(request, "/do");
    if (gt_streq(what, "tables"))
        return tables();
    if (gt_streq(what, "encode"))
        return encode(arena, request);
    if (gt_streq(what, "decode"))
        return decode(arena, request);
    if (gt_streq(what, "sign"))
        return sign(arena, request);
    if (gt_streq(what, "verify"))
        return verify(arena, request);
    gt_die("no such request");
}

int main(void)
{
    json_error_t error;
    json_t *request;
    while ((request = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
        struct gt_arena *arena = gt_arena_new();
        json_t *out = answer(arena, gt_keep(arena, request));
        if (out == NULL)
            gt_die("an answer is not UTF-8");
        json_dumpf(gt_keep(arena, out), stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        gt_arena_free(arena);
    }
    if (!feof(stdin))
        gt_die("a line is no JSON: %s", error.text);
    return 0;
}

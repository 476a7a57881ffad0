#include "codec.h"

#include "scalar.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

static const struct gt_codec *const codecs[] = {
    [GT_PROTOCOL_REST_JSON] = &gt_codec_rest_json,
    [GT_PROTOCOL_AWS_JSON] = &gt_codec_aws_json,
    [GT_PROTOCOL_QUERY] = &gt_codec_query,
    [GT_PROTOCOL_REST_XML] = &gt_codec_rest_xml,
};

void gt_wire_header(struct gt_arena *arena, struct gt_wire *wire, const char *name,
                    const char *value)
{
    *GT_PUSH(arena, &wire->headers) = (struct gt_header){name, gt_strdup(arena, value)};
}

void gt_wire_content_type(struct gt_arena *arena, struct gt_wire *wire, const char *type)
{
    for (size_t i = 0; i < wire->headers.len; i++)
        if (strcasecmp(wire->headers.at[i].name, "content-type") == 0)
            return;
    gt_wire_header(arena, wire, "Content-Type", type);
}

const char *gt_wire_name(const struct gt_member *member)
{
    return member->location_name != NULL ? member->location_name : member->name;
}

bool gt_has_body_members(const struct gt_shape *shape)
{
    for (size_t i = 0; shape != NULL && i < shape->member_count; i++)
        if (shape->members[i].location == GT_LOCATION_BODY)
            return true;
    return false;
}

bool gt_input_error(struct gt_diags *diags, const struct gt_operation *operation,
                    const char *member, const char *what)
{
    gt_error(diags, "invalid-input", "%s: %s %s", operation->name, member, what);
    return false;
}

bool gt_encode(struct gt_arena *arena, const struct gt_operation *operation, const json_t *input,
               struct gt_wire *wire, struct gt_diags *diags)
{
    json_auto_t *none = json_object();
    if (input == NULL)
        input = none;
    if (!json_is_object(input))
        return gt_input_error(diags, operation, "the input", "is no object");
    *wire = (struct gt_wire){.path = "/", .query = ""};
    return codecs[operation->service->protocol]->encode(arena, operation, input, wire, diags);
}

static const char *request_id(struct gt_arena *arena, const struct gt_http_response *response)
{
    static const char *const names[] = {"x-amzn-requestid", "x-amzn-request-id",
                                        "x-amz-request-id"};
    for (size_t i = 0; i < GT_COUNT(names); i++) {
        const char *id = gt_http_header(response, names[i]);
        if (id != NULL && *id != '\0')
            return gt_one_line(arena, id, 200);
    }
    return NULL;
}

/* "text/html, 512 bytes" */
static const char *description(struct gt_arena *arena, const struct gt_http_response *response)
{
    const char *type = gt_http_header(response, "content-type");
    if (response->body_len == 0)
        return "an empty body";
    return gt_printf(arena, "%s, %zu bytes",
                     type == NULL ? "no content type" : gt_one_line(arena, type, 80),
                     response->body_len);
}

static struct gt_decoded decode_success(struct gt_arena *arena,
                                        const struct gt_operation *operation,
                                        const struct gt_http_response *response)
{
    struct gt_decoded decoded = {.request_id = request_id(arena, response)};
    json_t *output = gt_keep(arena, json_object());
    const char *flaw =
        codecs[operation->service->protocol]->decode(arena, operation, response, output);
    if (flaw == NULL) {
        decoded.output = output;
        return decoded;
    }
    decoded.failure = GT_AWS_GARBLED;
    decoded.code = gt_printf(arena, "HTTP %d", response->status);
    decoded.message = gt_printf(arena, "the answer (HTTP %d, %s) %s", response->status,
                                description(arena, response), flaw);
    return decoded;
}

/* "aws.protocoltests#FooError:http://internal.amazon.com/" is FooError. */
static const char *bare_code(struct gt_arena *arena, const char *code)
{
    char *bare = gt_strndup(arena, code, strcspn(code, ":"));
    char *hash = strrchr(bare, '#');
    return gt_one_line(arena, hash != NULL ? hash + 1 : bare, 128);
}

/* What some services quote in a signature error: it holds the session token. */
static void drop_canonical_string(char *message)
{
    char *quoted = strstr(message, "The Canonical String for this request");
    if (quoted != NULL)
        *quoted = '\0';
}

static struct gt_decoded decode_failure(struct gt_arena *arena,
                                        const struct gt_operation *operation,
                                        const struct gt_http_response *response)
{
    struct gt_fault fault = {0};
    bool understood = codecs[operation->service->protocol]->fault(arena, response, &fault);
    struct gt_decoded decoded = {.request_id = request_id(arena, response)};
    if (decoded.request_id == NULL && fault.request_id != NULL)
        decoded.request_id = gt_one_line(arena, fault.request_id, 200);
    if (fault.code != NULL && *fault.code != '\0')
        decoded.code = bare_code(arena, fault.code);
    decoded.failure = understood || decoded.code != NULL ? GT_AWS_REFUSED : GT_AWS_GARBLED;
    if (decoded.code == NULL || *decoded.code == '\0')
        decoded.code = gt_printf(arena, "HTTP %d", response->status);
    if (fault.message != NULL && *fault.message != '\0') {
        char *message = gt_strdup(arena, fault.message);
        drop_canonical_string(message);
        decoded.message = gt_one_line(arena, message, SIZE_MAX);
    } else if (decoded.failure == GT_AWS_GARBLED) {
        decoded.message = gt_printf(arena, "HTTP %d with %s, not the service's own answer",
                                    response->status, description(arena, response));
    } else {
        decoded.message = gt_printf(arena, "HTTP %d without a reason", response->status);
    }
    return decoded;
}

struct gt_decoded gt_decode(struct gt_arena *arena, const struct gt_operation *operation,
                            const struct gt_http_response *response)
{
    if (response->status >= 200 && response->status < 300)
        return decode_success(arena, operation, response);
    return decode_failure(arena, operation, response);
}

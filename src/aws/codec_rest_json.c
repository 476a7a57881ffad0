#include "codec_json.h"
#include "scalar.h"

static bool encode(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags)
{
    if (!gt_rest_encode(arena, operation, input, wire, diags))
        return false;
    const struct gt_shape *shape = operation->input;
    const json_t *body = input;
    if (operation->input_payload != NULL) {
        const struct gt_member *payload = gt_member_find(shape, operation->input_payload);
        body = json_object_get(input, payload->name);
        if (body == NULL || json_is_null(body))
            return true;
        if (gt_payload_is_bytes(payload))
            return gt_payload_encode(arena, payload, body, wire, diags);
        shape = payload->shape;
    } else if (!gt_has_body_members(shape)) {
        return true;
    }
    json_auto_t *document = gt_json_to_wire(arena, operation, shape, body, diags);
    return document != NULL &&
           gt_json_body(arena, operation, document, "application/json", wire, diags);
}

static const char *decode_body(struct gt_arena *arena, const struct gt_shape *shape,
                               const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    bool expected = gt_has_body_members(shape) && response->status != 204;
    if (response->body_len == 0)
        return expected ? "is not of the operation" : NULL;
    json_t *body = gt_json_parse(arena, response, &flaw);
    if (body == NULL)
        return flaw;
    if (shape != NULL) {
        json_auto_t *members = gt_json_from_wire(arena, shape, body);
        json_object_update(output, members);
    }
    return NULL;
}

static const char *decode(struct gt_arena *arena, const struct gt_operation *operation,
                          const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    if (operation->output_payload == NULL) {
        flaw = decode_body(arena, operation->output, response, output);
    } else {
        const struct gt_member *payload =
            gt_member_find(operation->output, operation->output_payload);
        json_t *value;
        if (gt_payload_is_bytes(payload)) {
            value = gt_bytes_value(arena, response->body, response->body_len);
        } else {
            value = json_object();
            flaw = decode_body(arena, payload->shape, response, value);
        }
        json_object_set_new(output, payload->name, value);
    }
    gt_rest_decode(arena, operation->output, response, output);
    return flaw;
}

const struct gt_codec gt_codec_rest_json = {
    .encode = encode, .decode = decode, .fault = gt_json_fault};

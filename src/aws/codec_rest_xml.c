#include "scalar.h"
#include "xml.h"

#include <string.h>

static bool encode(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags)
{
    if (!gt_rest_encode(arena, operation, input, wire, diags))
        return false;
    const struct gt_shape *shape = operation->input;
    const char *name = operation->name;
    const json_t *body = input;
    if (operation->input_payload != NULL) {
        const struct gt_member *payload = gt_member_find(shape, operation->input_payload);
        body = json_object_get(input, payload->name);
        if (body == NULL || json_is_null(body))
            return true;
        if (gt_payload_is_bytes(payload))
            return gt_payload_encode(arena, payload, body, wire, diags);
        shape = payload->shape;
        name = gt_wire_name(payload);
    } else if (!gt_has_body_members(shape)) {
        return true;
    }
    wire->body = gt_xml_write(arena, operation, shape, name, body, diags);
    if (wire->body == NULL)
        return false;
    wire->body_len = strlen(wire->body);
    gt_wire_content_type(arena, wire, "application/xml");
    return true;
}

static const char *decode_body(struct gt_arena *arena, const struct gt_shape *shape,
                               const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    bool expected = gt_has_body_members(shape) && response->status != 204;
    if (response->body_len == 0)
        return expected ? "is not of the operation" : NULL;
    const xmlNode *root = gt_xml_parse(arena, response, &flaw);
    if (root != NULL && shape != NULL)
        gt_xml_members(arena, shape, root, output);
    return flaw;
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

const struct gt_codec gt_codec_rest_xml = {
    .encode = encode, .decode = decode, .fault = gt_xml_fault};

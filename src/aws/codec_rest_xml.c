#include "xml.h"

#include <string.h>

static bool write_body(struct gt_arena *arena, const struct gt_operation *operation,
                       const struct gt_shape *shape, const json_t *value, struct gt_wire *wire,
                       struct gt_diags *diags)
{
    const char *root = operation->name;
    if (operation->input_payload != NULL)
        root = gt_wire_name(gt_member_find(operation->input, operation->input_payload));
    wire->body = gt_xml_write(arena, operation, shape, root, value, diags);
    if (wire->body == NULL)
        return false;
    wire->body_len = strlen(wire->body);
    gt_wire_content_type(arena, wire, "application/xml");
    return true;
}

static const char *read_body(struct gt_arena *arena, const struct gt_shape *shape,
                             const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    const xmlNode *root = gt_xml_parse(arena, response, &flaw);
    if (root != NULL && shape != NULL)
        gt_xml_members(arena, shape, root, output);
    return flaw;
}

static const struct gt_rest_body xml_body = {.write = write_body, .read = read_body};

static bool encode(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags)
{
    return gt_rest_encode(&xml_body, arena, operation, input, wire, diags);
}

static const char *decode(struct gt_arena *arena, const struct gt_operation *operation,
                          const struct gt_http_response *response, json_t *output)
{
    return gt_rest_decode(&xml_body, arena, operation, response, output);
}

const struct gt_codec gt_codec_rest_xml = {
    .encode = encode, .decode = decode, .fault = gt_xml_fault};

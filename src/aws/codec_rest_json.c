#include "codec_json.h"

static bool write_body(struct gt_arena *arena, const struct gt_operation *operation,
                       const struct gt_shape *shape, const json_t *value, struct gt_wire *wire,
                       struct gt_diags *diags)
{
    json_auto_t *document = gt_json_to_wire(arena, operation, shape, value, diags);
    return document != NULL &&
           gt_json_body(arena, operation, document, "application/json", wire, diags);
}

static const char *read_body(struct gt_arena *arena, const struct gt_shape *shape,
                             const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    json_t *body = gt_json_parse(arena, response, &flaw);
    if (body != NULL && shape != NULL) {
        json_auto_t *members = gt_json_from_wire(arena, shape, body);
        json_object_update(output, members);
    }
    return flaw;
}

static const struct gt_rest_body json_body = {.write = write_body, .read = read_body};

static bool encode(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags)
{
    return gt_rest_encode(&json_body, arena, operation, input, wire, diags);
}

static const char *decode(struct gt_arena *arena, const struct gt_operation *operation,
                          const struct gt_http_response *response, json_t *output)
{
    return gt_rest_decode(&json_body, arena, operation, response, output);
}

const struct gt_codec gt_codec_rest_json = {
    .encode = encode, .decode = decode, .fault = gt_json_fault};

#include "codec_json.h"

static bool encode(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags)
{
    const struct gt_service *service = operation->service;
    json_auto_t *document = operation->input == NULL
                                ? json_object()
                                : gt_json_to_wire(arena, operation, operation->input, input, diags);
    if (document == NULL)
        return false;
    gt_wire_header(arena, wire, "X-Amz-Target",
                   gt_printf(arena, "%s.%s", service->target_prefix, operation->name));
    if (service->query_compatible)
        gt_wire_header(arena, wire, "x-amzn-query-mode", "true");
    return gt_json_body(arena, operation, document,
                        gt_printf(arena, "application/x-amz-json-%s", service->json_version), wire,
                        diags);
}

static const char *decode(struct gt_arena *arena, const struct gt_operation *operation,
                          const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    if (response->body_len == 0)
        return gt_has_body_members(operation->output) ? "is not of the operation" : NULL;
    json_t *body = gt_json_parse(arena, response, &flaw);
    if (body == NULL || operation->output == NULL)
        return flaw;
    json_auto_t *members = gt_json_from_wire(arena, operation->output, body);
    json_object_update(output, members);
    return NULL;
}

const struct gt_codec gt_codec_aws_json = {
    .encode = encode, .decode = decode, .fault = gt_json_fault};

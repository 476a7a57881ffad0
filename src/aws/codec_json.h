/* JSON bodies by shapes, for the two JSON protocols. */
#ifndef GANTRY_AWS_CODEC_JSON_H
#define GANTRY_AWS_CODEC_JSON_H

#include "codec.h"

/* `value` as it stands on the wire: members renamed, timestamps written, nulls left out. Members
 * that the shape does not know pass as they are. NULL, with an error, when it does not fit. New
 * reference. */
json_t *gt_json_to_wire(struct gt_arena *arena, const struct gt_operation *operation,
                        const struct gt_shape *shape, const json_t *value, struct gt_diags *diags);

/* The reverse. New reference. */
json_t *gt_json_from_wire(struct gt_arena *arena, const struct gt_shape *shape, json_t *value);

/* The body's document, kept by the arena, or NULL and what is wrong with it. */
json_t *gt_json_parse(struct gt_arena *arena, const struct gt_http_response *response,
                      const char **flaw);

/* Sets `document` as the body of a request. */
bool gt_json_body(struct gt_arena *arena, const struct gt_operation *operation,
                  const json_t *document, const char *content_type, struct gt_wire *wire,
                  struct gt_diags *diags);

/* The error of either JSON protocol. */
bool gt_json_fault(struct gt_arena *arena, const struct gt_http_response *response,
                   struct gt_fault *fault);

#endif

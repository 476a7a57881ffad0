/*
 * The four wire protocols behind one interface: a document becomes a request, an answer a document
 * or a typed error. Pure functions over the model's tables.
 */
#ifndef GANTRY_AWS_CODEC_H
#define GANTRY_AWS_CODEC_H

#include <gantry/aws/aws.h>
#include <gantry/base/buf.h>

/* A request before it has an endpoint and a signature. Lives in the arena. */
struct gt_wire {
    const char *path;  /* percent-encoded, starts with '/' */
    const char *query; /* percent-encoded, without '?'; "" where there is none */
    GT_VEC(struct gt_header) headers;
    char *body;
    size_t body_len;
};

enum { GT_BODY_MAX = 64 * 1024 * 1024 /* of a request */ };

/* False, with an error, when the input does not fit the operation. `input` NULL is an empty one. */
bool gt_encode(struct gt_arena *arena, const struct gt_operation *operation, const json_t *input,
               struct gt_wire *wire, struct gt_diags *diags);

enum { GT_MESSAGE_MAX = 600 /* of a service's message, when it is told to people */ };

/* What an answer amounts to. Strings live in the arena; `output` is kept by it. The message is one
 * line and whole: who tells it cuts it. */
struct gt_decoded {
    enum gt_aws_failure failure; /* OK, REFUSED or GARBLED */
    json_t *output;
    const char *code, *message, *request_id;
};

/* `response` has outcome ANSWERED. */
struct gt_decoded gt_decode(struct gt_arena *arena, const struct gt_operation *operation,
                            const struct gt_http_response *response);

/* The code and message that an error answer carries; both NULL where it carries none. */
struct gt_fault {
    const char *code, *message;
    const char *request_id;
};

struct gt_codec {
    bool (*encode)(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags);

    /* Sets members of `output`. Returns NULL, or what is wrong with the body: "is no JSON". */
    const char *(*decode)(struct gt_arena *arena, const struct gt_operation *operation,
                          const struct gt_http_response *response, json_t *output);

    /* Reads an error answer; false when the body is not of the protocol. */
    bool (*fault)(struct gt_arena *arena, const struct gt_http_response *response,
                  struct gt_fault *fault);
};

extern const struct gt_codec gt_codec_rest_json, gt_codec_aws_json, gt_codec_query,
    gt_codec_rest_xml;

/* What more than one codec uses. */

void gt_wire_header(struct gt_arena *arena, struct gt_wire *wire, const char *name,
                    const char *value);

/* Unless a member of the input said it. */
void gt_wire_content_type(struct gt_arena *arena, struct gt_wire *wire, const char *type);

/* The name of a member on the wire. */
const char *gt_wire_name(const struct gt_member *member);

/* True when a structure has members in the body. */
bool gt_has_body_members(const struct gt_shape *shape);

/* In what the REST protocols differ: how a structure stands in a body. */
struct gt_rest_body {
    bool (*write)(struct gt_arena *arena, const struct gt_operation *operation,
                  const struct gt_shape *shape, const json_t *value, struct gt_wire *wire,
                  struct gt_diags *diags);
    /* NULL, or what is wrong with the body, which is not empty; `shape` may be NULL. */
    const char *(*read)(struct gt_arena *arena, const struct gt_shape *shape,
                        const struct gt_http_response *response, json_t *output);
};

/* Labels, query parameters, headers and body of a REST request. */
bool gt_rest_encode(const struct gt_rest_body *body, struct gt_arena *arena,
                    const struct gt_operation *operation, const json_t *input, struct gt_wire *wire,
                    struct gt_diags *diags);

/* Body, headers and status of a REST answer. NULL, or what is wrong with the body. */
const char *gt_rest_decode(const struct gt_rest_body *body, struct gt_arena *arena,
                           const struct gt_operation *operation,
                           const struct gt_http_response *response, json_t *output);

/* "operation: member: what is wrong". Returns false. */
bool gt_input_error(struct gt_diags *diags, const struct gt_operation *operation,
                    const char *member, const char *what);

#endif

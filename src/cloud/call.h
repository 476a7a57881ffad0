/*
 * One request on its way through the embedded cloud: found (route.c), read (decode_*.c), checked
 * (input.c), worked on (dispatch.c), answered (encode_*.c, errors.c).
 */
#ifndef GANTRY_CLOUD_CALL_H
#define GANTRY_CLOUD_CALL_H

#include "cloud.h"

struct gt_label {
    const char *name, *value; /* of the path; decoded */
};

/* Which layer says no: the services word these in different ways. */
enum gt_failure_layer {
    GT_LAYER_HANDLER, /* the operation itself */
    GT_LAYER_FRONT,   /* signature, unknown operation, rate: before the service proper */
};

struct gt_call {
    struct gt_serve serve; /* first: handlers get this */
    const struct gt_handler *handler;
    const struct gt_service *service; /* also without an operation: by the signature's scope */
    enum gt_protocol looks_like;      /* when no service is known */
    GT_VEC(struct gt_label) labels;

    const char *failed; /* code; NULL: all is well */
    const char *message;
    int failed_status; /* 0: the model's */
    enum gt_failure_layer layer;
    json_t *failed_members; /* borrowed: the arena's */

    struct gt_caller caller;
    bool data_plane; /* no AWS call: issuer, gateway, runtime */
    const json_t *fault;
    json_t *entry; /* of the request log */
    int64_t arrived_ms;
    struct gt_answer answer;

    struct gt_timer *timer;
    void (*next)(struct gt_call *call); /* when the timer fires */
    struct gt_call *waiting_next, **waiting_link;
    bool held; /* until it is released; waits for no timer */
    int tries;
};

/* -- route.c: service and operation of a request; fails the call when there is none -- */
bool gt_route(struct gt_call *call);
/* The name and version that a request of the query protocol asks for; NULL: it is none. */
const char *gt_route_action(struct gt_call *call, const char **version);
/* The parameters of a request in the query protocol: body, or query of a GET. */
const char *gt_route_form(const struct gt_call *call);

/* -- decode_*.c: the input as a document; NULL after failing. New references -- */
json_t *gt_decode_rest(struct gt_call *call);
json_t *gt_decode_json(struct gt_call *call);
json_t *gt_decode_query(struct gt_call *call);
/* A scalar that travels as text; NULL after failing. */
json_t *gt_decode_text(struct gt_call *call, const char *path, const struct gt_shape *shape,
                       enum gt_timestamp_format format, const char *text);
/* Percent-decoded UTF-8 without NUL; NULL when it is none. */
char *gt_decode_percent(struct gt_arena *arena, const char *text, size_t len, bool plus);
/* The body as JSON; NULL after failing. */
json_t *gt_decode_body(struct gt_call *call);
/* A document with the names and forms of the wire as documents of this program have it. */
json_t *gt_decode_wire(const struct gt_shape *shape, const json_t *value);
bool gt_decode_content_type(struct gt_call *call, const char *wanted);

/* -- input.c: checks an input by the shapes; fails the call in the service's words -- */
bool gt_input_check(struct gt_call *call, const json_t *input);

/* -- errors.c -- */
/* The call fails before it reaches its operation; `status` 0: by the code. */
void gt_fail_front(struct gt_call *call, int status, const char *code, const char *format, ...)
    GT_PRINTF(4, 5);
/* The body cannot be read at all. */
void gt_fail_parse(struct gt_call *call, const char *format, ...) GT_PRINTF(2, 3);
/* One member is wrong. */
void gt_fail_field(struct gt_call *call, const char *path, const char *format, ...) GT_PRINTF(3, 4);
struct gt_field_problem {
    const char *path, *text;
};
void gt_fail_fields(struct gt_call *call, const struct gt_field_problem *problems, size_t count);
/* The service's own throttling error, and its internal error. */
void gt_fail_throttled(struct gt_call *call);
void gt_fail_internal(struct gt_call *call, const char *message);
/* Denied to a role's session. */
void gt_fail_denied(struct gt_call *call, const char *action, const char *resource,
                    const char *why);
void gt_encode_failure(struct gt_call *call, struct gt_answer *answer);

/* -- encode*.c: fails the call where the output does not fit its shape -- */
bool gt_answer_encode(struct gt_call *call, const json_t *output, struct gt_answer *answer);
json_t *gt_encode_json(struct gt_call *call, const struct gt_shape *shape, const json_t *value,
                       const char *path);
void gt_encode_xml(struct gt_call *call, const char *name, const struct gt_shape *shape,
                   const json_t *value, struct gt_buf *out);
void gt_encode_xml_text(struct gt_buf *out, const char *text);
void gt_answer_header(struct gt_call *call, struct gt_answer *answer, const char *name,
                      const char *value);
/* A time in one of the three forms; texts are ISO 8601. */
char *gt_encode_time(struct gt_arena *arena, const json_t *value, enum gt_timestamp_format format);
/* Whether the knob `shuffle` may turn a list of this name round. */
bool gt_encode_shuffled(const struct gt_call *call, const char *name);

/* -- entry.c: the call's entry in the request log -- */
void gt_entry_begin(struct gt_call *call, const struct gt_arrival *arrival);
/* Members of the input or output that say which object the call is about. */
void gt_entry_ids(struct gt_call *call, const json_t *document);
/* Once; `status` 0: nothing is known of the answer. */
void gt_entry_write(struct gt_call *call, int status);
/* Method, path and the names of the query's parameters on one line: a signed URL has its signature
 * and its session token among their values. */
const char *gt_request_shown(struct gt_arena *arena, const struct gt_request *request);

/* -- mishap.c -- */
void gt_call_later(struct gt_call *call, int64_t delay_ms, void (*next)(struct gt_call *call));
/* Waits for gt_calls_release. */
void gt_call_hold(struct gt_call *call, void (*next)(struct gt_call *call));
const char *gt_fault_name(const struct gt_call *call); /* "": none */
/* Answers, or does not, instead of the work. */
void gt_mishap_before(struct gt_call *call);
/* Writes the log and sends call->answer, or what the fault makes of it. */
void gt_deliver(struct gt_call *call);

/* -- work.c -- */
void gt_work(struct gt_call *call);

#endif

/*
 * gt_aws_submit is the only way to AWS. An operation is a row of the model's tables; a codec per
 * protocol turns a document into a request and an answer into a document or a typed error. Retries
 * what is safe to repeat; reports the rest to its caller, who looks before it sends again.
 *
 * In documents timestamps are ISO 8601 texts and blobs base64 texts. A payload member (the body of
 * an S3 object, of an invocation) is its bytes as text, or {"base64": "..."} where they are no
 * UTF-8. Members that the tables do not know pass as they are.
 */
#ifndef GANTRY_AWS_AWS_H
#define GANTRY_AWS_AWS_H

#include <gantry/aws/credentials.h>
#include <gantry/model/model.h>
#include <gantry/net/http.h>

struct gt_aws;

struct gt_aws_options {
    struct gt_loop *loop;
    struct gt_transport transport;
    struct gt_credentials *credentials; /* borrowed; NULL: every request is unsigned */
    const char *region;
    const char
        *endpoint_url; /* for all services (--endpoint-url); NULL: environment, profile, rules */
    const struct gt_profile *profile; /* for endpoints and attempts; may be NULL */
    int max_attempts;                 /* 0: AWS_MAX_ATTEMPTS, the profile's max_attempts, 3 */
    int64_t attempt_timeout_ms;       /* 0: 60,000 */
    bool ignore_configured_endpoints;
};

struct gt_aws *gt_aws_new(const struct gt_aws_options *options);

/* Open calls get no completion; with open calls, the loop must not run again before transport and
 * credentials are freed too. Not from inside a completion. */
void gt_aws_free(struct gt_aws *aws);

/* The endpoint in force for a service, without a final slash: "https://iam.amazonaws.com". One that
 * cannot be used comes back as it was configured. Valid as long as the client. */
const char *gt_aws_endpoint(struct gt_aws *aws, const struct gt_service *service);

/* Partition, DNS suffix of the region: "aws", "amazonaws.com". */
const char *gt_aws_partition(const char *region);
const char *gt_aws_dns_suffix(const char *region);

enum gt_aws_failure {
    GT_AWS_OK,
    GT_AWS_REFUSED,     /* the service answered with an error of its own: code, message */
    GT_AWS_UNREACHABLE, /* nothing was sent: no address, no connection, no TLS */
    GT_AWS_NO_ANSWER,   /* sent, or maybe sent, and no whole answer */
    GT_AWS_GARBLED, /* an answer that is none of the service's: HTML, truncated, junk, too large */
    GT_AWS_CREDENTIALS, /* no credentials, or expired beyond refreshing */
    GT_AWS_INVALID      /* the input does not fit the operation; nothing was sent */
};

/* Valid during the completion. */
struct gt_aws_answer {
    enum gt_aws_failure failure;
    json_t
        *output; /* borrowed; an object, empty where the operation has no output; NULL on failure */
    int http_status;
    const char *code; /* the service's error code, "HTTP 503" where there is none; NULL when ok or
                         unanswered */
    const char *message; /* one line, never a secret */
    const char *request_id;
    bool maybe_done; /* a failure after which the work may have been done all the same, by this
                      * attempt or one before it */
    bool throttled;
    int attempts;
    int64_t date_ms; /* the service's Date header; 0: none */
};

/* Called exactly once for each call, from the loop, never inside gt_aws_submit. */
typedef void gt_aws_fn(void *payload, const struct gt_aws_answer *answer);

struct gt_call {
    const struct gt_operation *operation;
    const json_t *input; /* members by their model names; not used after gt_aws_submit; NULL: {} */
    bool repeatable; /* may be sent again after a failure with maybe_done: reads, calls with a token
                      */
    int64_t deadline_ms; /* overall, from now; 0: 120,000 */
};

void gt_aws_submit(struct gt_aws *aws, const struct gt_call *call, gt_aws_fn *fn, void *payload);

/* Appends an error for a failed answer: operation, HTTP status, AWS code, request id, reason, and a
 * hint from the table of known texts. */
struct gt_diag *gt_aws_error(struct gt_diags *diags, const struct gt_operation *operation,
                             const struct gt_aws_answer *answer);

/* Requests sent so far (attempts), and those of them that were answered with throttling. */
struct gt_aws_counts {
    size_t requests, throttled, retries;
};
struct gt_aws_counts gt_aws_counts(const struct gt_aws *aws);

/* Blocking: submits and runs the loop until the answer is there. For commands, not for the engine,
 * and not from inside a callback of the loop. What may have been done is only repeated when it is a
 * read (by its name) or has a client token in its input. *output (kept by the arena) is written on
 * success; may be NULL. */
bool gt_aws_call(struct gt_aws *aws, struct gt_arena *arena, const struct gt_operation *operation,
                 const json_t *input, json_t **output, struct gt_diags *diags);

#endif

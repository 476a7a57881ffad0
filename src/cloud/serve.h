/*
 * One AWS call as a handler sees it: the operation of the tables, an input that fits its shape, who
 * calls; and the ways to answer. Signature, shapes, permissions, client tokens, faults and the wire
 * are dealt with before and after (dispatch.c).
 */
#ifndef GANTRY_CLOUD_SERVE_H
#define GANTRY_CLOUD_SERVE_H

#include "store.h"

#include <gantry/model/operations.h>
#include <gantry/net/server.h>
#include <gantry/policy/policy.h>

struct gt_serve {
    struct gt_arena *arena;
    struct gt_local *local;
    const struct gt_operation *operation;
    /* Validated; an object. Timestamps are ISO 8601 texts, blobs base64 texts; a payload member is
     * its bytes as text or {"base64": "..."}, as in aws/aws.h. Borrowed. */
    const json_t *input;
    const char *account, *region, *partition; /* of the caller's key and the signature's scope */
    const char *caller_arn, *caller_id;       /* user, or assumed-role session */
    const char *role_arn; /* of the role behind a session; NULL for the account's own keys */
    const char *base_url; /* by which the client reached us: "http://127.0.0.1:4599" */
    const char *request_id;
    struct gt_exchange *exchange; /* for handlers that `take` the exchange and nothing else */
};

/* Returns the output (new reference, an object; the members of the output shape), or NULL after
 * gt_serve_fail. Output members that are no members of the shape are a bug. */
typedef json_t *gt_serve_fn(struct gt_serve *call);

enum gt_fidelity { GT_ABSENT, GT_GUESSED, GT_MODELLED };

struct gt_handler {
    const struct gt_operation *operation;
    gt_serve_fn *run;
    /* Instead of run: answers now or in a later turn, by gt_serve_answer, or by gt_serve_answers
     * and the exchange itself (streams). The call lives as long as its exchange. */
    void (*take)(struct gt_serve *call);
    /* What the service looks at before the shape of the input; false after gt_serve_fail. May be
     * NULL. */
    bool (*check_first)(struct gt_serve *call);
    enum gt_fidelity fidelity;
    const char *note; /* what is a guess or left out; for the fidelity table */
    /* The resource whose ARN the caller's policies must allow the action on, with {member} of the
     * input and {account}, {region}, {partition}: "arn:{partition}:s3:::{Bucket}". Where the input
     * does not say all of it, `resource_of` finds it. Both NULL: any resource will do. */
    const char *resource;
    const char *(*resource_of)(struct gt_serve *call);
    /* "bedrock-agentcore:InvokeAgentRuntime"; NULL: IAM's name of the service:operation; "": no
     * permission is needed, or the handler asks itself. */
    const char *action;
    /* A condition key of the service, and the member of the input that it tells; or NULL. */
    struct {
        const char *name, *member;
    } key;
    /* The output that repeats a call with the same client token; NULL: the recorded one. */
    gt_serve_fn *again;
};

/* One table per file of services/, ends with a row without operation; listed in handlers.c. */
extern const struct gt_handler *const gt_handler_tables[]; /* ends with NULL */

/* Fails the call with a code of the operation's errors (or a common one: AccessDeniedException,
 * ValidationException, ...; the HTTP status is that of the model's shape, else 400). NULL. */
json_t *gt_serve_fail(struct gt_serve *call, const char *code, const char *format, ...)
    GT_PRINTF(3, 4);
/* The same with a status of its own, for errors that the model does not have. */
json_t *gt_serve_fail_status(struct gt_serve *call, int status, const char *code,
                             const char *message);
/* More members of the error's body (fieldList, ...); stolen. After gt_serve_fail. */
void gt_serve_fail_member(struct gt_serve *call, const char *name, json_t *value);

/* gt_caller_context of the call; may be added to. Kept by the call's arena. */
json_t *gt_serve_context(struct gt_serve *call);
/* Whether the caller may do this too: a role's session as gt_iam_allows, the account's own keys may
 * do all. The access has no principal, and of the context only what stands in gt_serve_context not
 * yet (NULL: nothing). */
bool gt_serve_allowed(struct gt_serve *call, const struct gt_access *access, const char **why);

/* The answer of a handler that takes: its output (stolen), or NULL after gt_serve_fail. Once. */
void gt_serve_answer(struct gt_serve *call, json_t *output);
/* The handler answers the exchange itself with this status: noted in the request log. */
void gt_serve_answers(struct gt_serve *call, int status);

/* Input members by pointer; NULL, or `otherwise`, when absent. */
const char *gt_input_text(const struct gt_serve *call, const char *pointer);
int64_t gt_input_number(const struct gt_serve *call, const char *pointer, int64_t otherwise);

/*
 * A page of `items` (borrowed, an array, all of them in order): slices by the operation's
 * paginator, the input's limit and token and the knobs, and returns an output object with the items
 * and the next token. NULL after failing for a token that is none of ours. A token stays good when
 * items before it go: it names the last item's `key` member (NULL: the position).
 */
json_t *gt_serve_page(struct gt_serve *call, const json_t *items, const char *key);

/* A copy of the members of `from` that `shape` has. New reference. */
json_t *gt_pick(const struct gt_shape *shape, const json_t *from);

/* "arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/x" of service and resource part. */
char *gt_serve_arn(const struct gt_serve *call, const char *service, const char *resource);

/* ISO 8601 text of Unix milliseconds, with milliseconds. New reference. */
json_t *gt_json_time(int64_t unix_ms);

/* Tags in both forms: a map {k: v}, and lists [{Key, Value}] or [{key, value}]. New references. */
json_t *gt_tags_list(const json_t *map, const char *key, const char *value);
json_t *gt_tags_map(const json_t *list, const char *key, const char *value);

/* -- keys.c: who calls -- */

struct gt_caller {
    const char *account, *arn, *id, *role_arn; /* role_arn NULL: the account's own keys */
    const char *region, *service;              /* of the signature's scope */
    const json_t *session_policy;              /* that AssumeRole was given, or NULL; borrowed */
};
/* Verifies a request's signature. False with the error's code and message. */
bool gt_caller_verify(struct gt_local *local, struct gt_exchange *exchange,
                      struct gt_caller *caller, const char **code, const char **message);
/* The condition keys of every call that it makes (time, region, principal, ...); kept by the
 * arena. */
json_t *gt_caller_context(struct gt_local *local, struct gt_arena *arena,
                          const struct gt_caller *caller);

struct gt_issued { /* temporary keys; strings in the given arena */
    const char *access_key_id, *secret_access_key, *session_token;
    int64_t expires_ms;
    const char *arn, *id; /* of the session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION */
};
/* Issues keys for a session of a role (its trust is the caller's business). `policy` may be NULL.
 */
void gt_keys_issue(struct gt_local *local, struct gt_arena *arena, const struct gt_object *role,
                   const char *session, int64_t life_ms, const json_t *policy,
                   struct gt_issued *issued);

/* -- what other modules of the cloud offer -- */

/*
 * iam.c. Trust and permissions as services see them: with the lag of the knob iam_lag_ms behind
 * what IAM itself answers. `why` gets one line for refusals ("the role does not exist", "the trust
 * policy does not allow ..."); never NULL then.
 */
const struct gt_object *gt_iam_role(struct gt_local *local, const char *role_arn);
bool gt_iam_trusts(struct gt_local *local, const char *role_arn, const struct gt_access *access,
                   const char **why, struct gt_arena *arena);
/* How closely the trust policy names a principal whom it trusts. */
enum gt_naming gt_iam_named(struct gt_local *local, const char *role_arn,
                            const struct gt_access *access);
/*
 * Inline policies, attached policies, boundary and session policy together. access->naming: how
 * closely the resource's own policy, of the same account, allows it; what it gives to the role
 * needs no identity-based policy, and what it gives to the session no boundary and no session
 * policy either. Each of them may deny it all the same. Source: IAM User Guide, "Policy evaluation
 * for requests within a single account".
 */
bool gt_iam_allows(struct gt_local *local, const char *role_arn, const json_t *session_policy,
                   const struct gt_access *access, const char **why, struct gt_arena *arena);
/* The same for what a service does as the role in `region`, with the condition keys of that; the
 * access has no context. */
bool gt_iam_role_may(struct gt_local *local, const char *role_arn, const char *region,
                     const struct gt_access *access, const char **why, struct gt_arena *arena);

/* cognito_oauth.c: /POOL/.well-known/..., /cognito/DOMAIN/oauth2/token. True when the path is one
 * of these and the exchange was taken. */
bool gt_oauth_take(struct gt_local *local, struct gt_exchange *exchange, const char *base_url);
/* The JWKS document of a user pool by its discovery URL, when it is one of ours; new reference. */
json_t *gt_oauth_own_discovery(struct gt_local *local, const char *discovery_url);
json_t *gt_oauth_own_jwks(struct gt_local *local, const char *discovery_url);

/* gateway_mcp.c: /gateway/ID/mcp and its metadata below /.well-known/oauth-protected-resource. */
bool gt_gateway_take(struct gt_local *local, struct gt_exchange *exchange, const char *base_url);
/* runtime_invoke.c: a request to /runtimes/ARN/invocations with a bearer token. */
bool gt_runtime_take_bearer(struct gt_local *local, struct gt_exchange *exchange,
                            const char *base_url);

/*
 * gateway_list.c. Connects to a target's server as the gateway (its role, its credential provider)
 * and lists what it offers; the completion comes from the loop, never when the object is removed
 * first. `reason`: NULL, or the service's status reason. On success `tools` is what was listed.
 */
typedef void gt_listed_fn(struct gt_local *local, struct gt_object *target, const char *reason,
                          const json_t *tools);
void gt_target_list(struct gt_local *local, struct gt_object *target, gt_listed_fn *fn);

/* runtime_process.c. Why this runtime version cannot run here (no command, no docker or podman), as
 * a failureReason; NULL: it can. */
const char *gt_runtime_obstacle(struct gt_local *local, struct gt_object *runtime,
                                struct gt_arena *arena);
/* The versions of a runtime that endpoints point to changed, or the runtime goes: ends processes
 * that nobody needs any more. */
void gt_runtime_changed(struct gt_local *local, struct gt_object *runtime);
/* A command for a runtime's name arrived over the socket; `given`: {account, region, name, command:
 * [...], folder, transport?: "http" | "stdio", environment?}. False with one line. */
bool gt_runtime_command(struct gt_local *local, const json_t *given, const char **problem,
                        struct gt_arena *arena);
/* [{runtime, arn, version, state, restarts, port?, lastExit?}]. New reference. */
json_t *gt_runtime_list(struct gt_local *local);

/* Where an official URL of the invocation API (any region's host) is served here: the same path
 * below base_url; other URLs come back as they are. */
const char *gt_local_map_url(struct gt_local *local, struct gt_arena *arena, const char *url);

#endif

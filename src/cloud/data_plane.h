/*
 * What runs behind the control plane's objects, shared by the files of the data plane: one plane
 * for each cloud, with the gateways' MCP servers, the connections to targets, issuers' keys and the
 * runtimes' servers. All of it is thrown away and made again when what it was made from changes.
 */
#ifndef GANTRY_CLOUD_DATA_PLANE_H
#define GANTRY_CLOUD_DATA_PLANE_H

#include "agentcore.h"

#include <gantry/auth/bearer.h>
#include <gantry/base/buf.h>
#include <gantry/base/url.h>
#include <gantry/mcp/client.h>
#include <gantry/mcp/http.h>
#include <gantry/mcp/relay.h>

/* Objects of the data plane: the plane itself (nothing of it is saved), and the commands that came
 * over the socket (id: the runtime's name; data: as given). */
extern const struct gt_kind gt_kind_data_plane;
extern const struct gt_kind gt_kind_command;

struct gt_plane {
    struct gt_local *local;
    struct gt_issuers *issuers;        /* gateway_auth.c */
    struct gt_door *doors, *old_doors; /* gateway_mcp.c; old: with calls that are not answered */
    struct gt_upstream *links;         /* gateway_target.c */
    struct gt_backend *backends;       /* runtime_process.c */
    struct gt_runtime_log *logs;       /* runtime_logs.c */
    struct gt_invocation *invocations; /* runtime_http.c */
    struct gt_job *jobs;
    const char *no_supervisor; /* why nothing can be started any more; NULL: it can */
    bool watching;             /* the supervisor's descriptor */
    bool closing;
};

/* The plane of this cloud, made at its first use; NULL while the cloud ends. */
struct gt_plane *gt_plane_of(struct gt_local *local);
struct gt_plane *gt_plane_find(struct gt_local *local); /* without making it */

/* Calls fn(what) in a later turn, where things may be freed that are still in use in this one. A
 * plane that closes does it at once. */
void gt_plane_later(struct gt_plane *plane, gt_timer_fn *fn, void *what);

/* Work under way whose memory is its own: in the plane's list until it is done, given up (`drop`,
 * may be NULL) when the cloud ends. The first member of a larger struct. */
struct gt_job {
    struct gt_job *next, **link;
    struct gt_arena *arena;
    void (*drop)(void *job);
};
/* `size` bytes that begin with a struct gt_job, in a new secret arena. */
void *gt_job_new(struct gt_plane *plane, size_t size, void (*drop)(void *job));
void gt_job_free(void *job);

/* By which an object is found again in a later turn: the object may be gone by then. */
struct gt_object_key {
    const struct gt_kind *kind;
    const char *account, *region, *parent, *id;
    uint64_t order;
};
struct gt_object_key gt_object_key_of(struct gt_arena *arena, const struct gt_object *object);
struct gt_object *gt_object_again(struct gt_local *local, const struct gt_object_key *key);

/* -- gateway_url.c: where a gateway may call, pure -- */

/* Whether a gateway may call this address: https, or http on this machine. The cloud's own port
 * (`own`) only for runtimes. NULL: it may; else one line. */
const char *gt_url_obstacle(const struct gt_url *url, const struct gt_url *own);

/* -- gateway_tools.c: names and lists of tools, pure -- */

/* "lark___read" into "lark" and "read"; false without three underscores or with an empty part. */
bool gt_tool_split(struct gt_arena *arena, const char *name, const char **target,
                   const char **tool);
/* Appends the tools of `listed` to `tools` as TARGET___NAME. */
void gt_tools_add(struct gt_arena *arena, json_t *tools, const char *target, const json_t *listed);
/* The tools of a Lambda target's inline schema as MCP tools. New reference. */
json_t *gt_tools_of_schema(const json_t *inline_payload);
/* The built-in search tool's definition; new reference. */
#define GT_SEARCH_TOOL "x_amz_bedrock_agentcore_search"
json_t *gt_search_tool(void);
/* The best `most` of `tools` for a query, best first; those that share no word with it are left
 * out. New reference. */
json_t *gt_search_rank(struct gt_arena *arena, const json_t *tools, const char *query, size_t most);

/* -- gateway_auth.c: bearer tokens -- */

struct gt_issuers *gt_plane_issuers_new(struct gt_local *local);
/* gt_bearer_check by a customJWTAuthorizer, whose issuer may be a user pool of this cloud. */
void gt_inbound_check(struct gt_local *local, struct gt_exchange *exchange,
                      const json_t *authorizer, gt_bearer_fn *fn, void *payload);
/* gt_resource_metadata for a resource with this authorizer (may be NULL). New reference. */
json_t *gt_inbound_metadata(struct gt_local *local, const char *resource, const json_t *authorizer);

/* -- gateway_token.c: tokens by client credentials -- */

struct gt_grant_ask {
    const struct gt_object *provider;
    const json_t *scopes;     /* an array, or NULL */
    const json_t *parameters; /* {name: value}, or NULL */
};
/* `token` NULL: `problem` says why. life_ms: how long it may be kept. Called from the loop. */
typedef void gt_grant_fn(void *payload, const char *token, int64_t life_ms, const char *problem);
struct gt_job *gt_grant_fetch(struct gt_plane *plane, const struct gt_grant_ask *ask,
                              gt_grant_fn *fn, void *payload);
void gt_grant_cancel(struct gt_job *fetch); /* fn is not called */

/* -- gateway_credentials.c: how a gateway shows who it is -- */

struct gt_upstream;
/* Completes a request to a target's server: gt_mcp_authorise_fn with the link as payload. */
void gt_upstream_authorise(void *payload, struct gt_mcp_sending *sending,
                           const struct gt_http_request *request);
/* Why requests with this configuration cannot be made here; NULL: they can. */
const char *gt_credential_obstacle(const json_t *configuration);
bool gt_credential_passes(const json_t *configuration); /* the client's token goes on */
/* "name=value" of an API key that travels in the URL; NULL: there is none. */
const char *gt_credential_query(struct gt_local *local, struct gt_arena *arena,
                                const json_t *configuration);
/* Headers of a key or a token, pure: "Authorization", prefix, value. */
struct gt_header gt_credential_header(struct gt_arena *arena, const json_t *provider,
                                      const char *key);

/* -- gateway_target.c: connections to the servers of targets -- */

struct gt_upstream { /* one for each target that was called */
    struct gt_upstream *next;
    struct gt_plane *plane;
    struct gt_arena *arena; /* secret */
    struct gt_object_key gateway, target;
    json_t *basis;      /* what it was made from */
    const char *url;    /* as called */
    const char *passed; /* the client's token, which goes on to the server; NULL: none does */
    struct gt_mcp_client *client;
    struct gt_issued keys; /* of the gateway's role; access_key_id NULL: none yet */
    uint64_t keys_of;      /* order of the role */
    struct gt_arena *keys_arena;
    const char *token; /* of the OAuth provider, in keys_arena; NULL: none */
    int64_t token_until_ms;
    struct gt_grant_wait *waiting; /* for a token that is on its way; in wait_arena */
    struct gt_arena *wait_arena;
    const char *trouble; /* why authorization failed last, in trouble_arena; NULL: it did not */
    struct gt_arena *trouble_arena;
    unsigned uses; /* by requests under way */
    bool dropped;  /* no longer in the list; freed with its last use */
};
/* The connection for a target, as its configuration is now; NULL with one line. `request`: of the
 * client for whom it is, where the target gets the client's token; NULL: nobody's. */
struct gt_upstream *gt_upstream_of(struct gt_plane *plane, struct gt_object *gateway,
                                   struct gt_object *target, const struct gt_request *request,
                                   const char **problem);
void gt_upstream_hold(struct gt_upstream *link);
void gt_upstream_release(struct gt_upstream *link);
/* The next request connects anew, with new credentials. */
void gt_upstream_forget(struct gt_upstream *link);
void gt_upstream_drop_all(struct gt_plane *plane);
/* What went wrong with a target's server, as the service words status reasons. */
const char *gt_upstream_reason(struct gt_arena *arena, const struct gt_upstream *link,
                               const struct gt_mcp_outcome *outcome);

/* -- gateway_headers.c: HTTP headers and parameters that pass through -- */

/* Of those that no target may name for propagation. Any case. */
bool gt_header_is_restricted(const char *name);
struct gt_passing {
    struct gt_header *headers;
    size_t header_count;
    const char *query;  /* or NULL */
    const json_t *back; /* names of headers of the answer */
};
struct gt_passing gt_passing_of(struct gt_arena *arena, const struct gt_object *target,
                                const struct gt_request *request);
/* Gives headers of a server's answer to that to the client; before the call is answered. */
void gt_passing_back(struct gt_mcp_call *call, const struct gt_passing *passing,
                     const struct gt_mcp_outcome *outcome);

/* -- gateway_list.c, gateway_gather.c, gateway_call.c, gateway_resources.c: the methods -- */

/* What a server can offer: the method that lists it, the result's member, the capability, and the
 * member by which items are told apart where they have no name of the target before theirs. */
struct gt_offer {
    const char *method, *member, *capability, *key;
};
enum { GT_OFFER_TOOLS, GT_OFFER_PROMPTS, GT_OFFER_RESOURCES, GT_OFFER_TEMPLATES, GT_OFFERS };
extern const struct gt_offer gt_offers[];
const struct gt_offer *gt_offer_of(const char *method);

struct gt_door {
    struct gt_door *next;
    struct gt_plane *plane;
    struct gt_arena *arena;
    struct gt_object_key gateway;
    json_t *basis;
    struct gt_mcp_server *server;
    struct gt_visit *visits;   /* calls that are not answered yet */
    struct gt_exchange *guest; /* while its request is taken in */
    bool streams;              /* what servers say before they answer is passed on */
    bool dropped;
};
/* One call of a client while it is under way. */
struct gt_visit {
    struct gt_visit *next;
    struct gt_door *door;
    struct gt_exchange *exchange; /* there until the call is answered */
    struct gt_mcp_call *call;
    void (*end)(struct gt_visit *visit, const char *why); /* gives up: answers with an error */
    void *work;
};
void gt_visit_begin(struct gt_door *door, struct gt_mcp_call *call, struct gt_visit *visit);
void gt_visit_done(struct gt_visit *visit); /* before the call is answered */
void gt_gateway_list(void *self, struct gt_mcp_call *call);
void gt_gateway_call_tool(void *self, struct gt_mcp_call *call);
void gt_gateway_get_prompt(void *self, struct gt_mcp_call *call);
void gt_gateway_read_resource(void *self, struct gt_mcp_call *call);
bool gt_target_is_dynamic(const struct gt_object *target);
bool gt_gateway_searches(const struct gt_object *gateway); /* has the search tool; NULL: no */
/* The target of this name that is READY, or NULL. */
struct gt_object *gt_gateway_target(struct gt_local *local, const struct gt_object *gateway,
                                    const char *name);
/* What was listed of a target, or is declared with it; new reference, or NULL. */
json_t *gt_target_offers(struct gt_local *local, struct gt_arena *arena,
                         const struct gt_object *target, const struct gt_offer *offer);
/* What all READY targets offer, DYNAMIC ones asked; fn gets {target: [item]} (borrowed), by name,
 * or by resourcePriority where items have no prefix. */
typedef void gt_gathered_fn(struct gt_visit *visit, const json_t *found);
void gt_gateway_gather(struct gt_visit *visit, const struct gt_offer *offer, gt_gathered_fn *fn);
/* The items of all targets with the target's name before theirs; new reference. */
json_t *gt_names_merged(struct gt_arena *arena, const json_t *found);
/* Asks the target's server what the client asked, with `name` (NULL: the client's params as they
 * are), and answers the call. */
void gt_gateway_forward(struct gt_visit *visit, struct gt_object *gateway, struct gt_object *target,
                        const char *name);
/* Whether an address can come of a URI template, by the texts between its expressions. */
bool gt_template_fits(const char *template, const char *uri);
void gt_door_drop_all(struct gt_plane *plane);

/* -- runtime_commands.c: what is run for a runtime, mostly pure -- */

enum gt_transport_kind { GT_OVER_HTTP, GT_OVER_STDIO };
struct gt_server_program {
    char *const *argv, *const *env;
    char *const *after; /* what is run when it has ended; or NULL */
    const char *folder; /* or NULL */
    enum gt_transport_kind transport;
    int64_t start_ms; /* that it may take to answer */
};
/* The program of a runtime version (`data` as GetAgentRuntime) for a port and with an environment
 * of gt_program_environment. NULL with one line when nothing can be run. */
struct gt_server_program *gt_program_of(struct gt_local *local, struct gt_arena *arena,
                                        const struct gt_object *runtime, const json_t *data,
                                        const json_t *env, int port, const char **problem);
/* {NAME: VALUE} for the program; kept by the arena. */
json_t *gt_program_environment(struct gt_local *local, struct gt_arena *arena,
                               const struct gt_object *runtime, const json_t *data, int port);
char **gt_environment_list(struct gt_arena *arena, const json_t *env);
/* The command for a runtime's name, or NULL. */
struct gt_object *gt_command_of(struct gt_local *local, const struct gt_object *runtime);
/* As GetAgentRuntime had it for a version, or NULL. Borrowed. */
const json_t *gt_runtime_version(const struct gt_object *runtime, const char *version);

/* -- runtime_container.c: its image -- */

enum { GT_CONTAINER_PORT = 8000 }; /* on which a server listens in its container */
typedef GT_VEC(char *) gt_argument_vec;
/* Why the image of a runtime version cannot be run here, as a failureReason; NULL: it can. */
const char *gt_container_obstacle(struct gt_local *local, struct gt_arena *arena,
                                  const json_t *data);
/* argv, env and after of the engine's client; `env` is the server's. */
void gt_container_fill(struct gt_local *local, struct gt_arena *arena, const json_t *data,
                       const json_t *env, int port, struct gt_server_program *program);

/* -- runtime_logs.c: what servers print -- */

/* Takes in bytes of a stream ("stdout", "stderr") and cuts them into lines. */
struct gt_log_feed;
struct gt_log_feed *gt_log_feed_new(struct gt_plane *plane, struct gt_arena *arena,
                                    const struct gt_object *runtime, const char *stream);
void gt_log_feed_bytes(struct gt_log_feed *feed, const char *bytes, size_t len);
void gt_log_feed_end(struct gt_log_feed *feed);
/* The last whole line, or NULL. Valid until the next bytes. */
const char *gt_log_feed_last(const struct gt_log_feed *feed);
void gt_log_free_all(struct gt_plane *plane);
/*
 * What a runtime's servers printed, the last 1,000 lines of it, oldest first: [{timestamp,
 * message, stream}], timestamp in Unix milliseconds. The log group is
 * /aws/bedrock-agentcore/runtimes/ID-ENDPOINT. New reference; empty when there is nothing.
 */
json_t *gt_runtime_log_lines(struct gt_local *local, const char *account, const char *region,
                             const char *runtime_id);

/* -- runtime_process.c: the server of one runtime version -- */

enum gt_backend_state {
    GT_BACKEND_STARTING, /* runs, and is not known to answer yet */
    GT_BACKEND_READY,
    GT_BACKEND_DOWN, /* ended; started again after a while, or when somebody asks */
    GT_BACKEND_ENDING
};

struct gt_backend {
    struct gt_backend *next;
    struct gt_plane *plane;
    struct gt_arena *arena; /* of the backend; `run` is of one process */
    struct gt_arena *run;
    struct gt_object_key runtime;
    const char *version, *arn, *name;
    enum gt_backend_state state;
    enum gt_transport_kind transport;
    bool alive;     /* a process runs */
    bool stale;     /* nobody new is to come here */
    bool forgotten; /* no longer in the list; freed when the last request has left */
    uint64_t child;
    int out, err, port; /* out -1: it is the relay's */
    struct gt_log_feed *out_feed, *err_feed;
    struct gt_mcp_client *client;
    struct gt_mcp_relay *relay;
    struct gt_http_open *probe;
    struct gt_timer *timer;       /* next probe; of one that is down: next start */
    struct gt_timer *drain_timer; /* a stale one ends when it fires */
    struct gt_arena *exit_arena;
    const char *last_exit; /* one line, in exit_arena */
    struct gt_arena *probe_arena;
    const char *last_probe; /* one line, in probe_arena */
    int64_t started_ms, backoff_ms, next_start_ms;
    int64_t probed_ms; /* since when it is looked for */
    int64_t start_ms;  /* that it may take to answer */
    bool late;         /* it took longer, and is being ended */
    unsigned restarts, probes;
    bool mcp;    /* the server's protocol */
    bool pinged; /* of this probe: the next step is the POST */
    bool was_ready;
    size_t busy; /* requests under way; over stdio not known */
    struct gt_backend_wait *waits;
};
/* One who waits for a server to be ready, at most 30 s; memory of the caller until fn was called.
 */
struct gt_backend_wait {
    void (*fn)(struct gt_backend_wait *wait, struct gt_backend *backend, const char *problem);
    void *payload;
    struct gt_backend_wait *next;
    struct gt_backend *backend;
    struct gt_timer *timer;
};
/* Starts it; what its timer calls. */
void gt_backend_restart(void *backend);
extern const char *const gt_backend_state_names[];

/* -- runtime_versions.c: which server, and who waits for it -- */

enum {
    /* That a request waits for a server to answer, and that a server has for it: what the platform
     * gives (AgentCore developer guide, "Troubleshoot AgentCore Runtime"). */
    GT_BACKEND_WAIT_MS = 30 * 1000,
    GT_BACKEND_NEAR_MS = 4 * 1000 /* and until it is started again */
};
struct gt_backend *gt_backend_of(struct gt_plane *plane, const struct gt_object *runtime,
                                 const char *version);
/* Calls wait->fn now or later; it starts a server that is down. */
void gt_backend_await(struct gt_backend *backend, struct gt_backend_wait *wait);
void gt_backend_await_cancel(struct gt_backend_wait *wait);
/* `problem` NULL: it is ready. */
void gt_backend_answer_all(struct gt_backend *backend, const char *problem);
/* Nothing listens there though it was ready: it is looked at again. */
void gt_backend_suspect(struct gt_backend *backend);
void gt_backend_enter(struct gt_backend *backend); /* a request begins, */
void gt_backend_leave(struct gt_backend *backend); /* and ends */
/* Nobody new is to come here; it is ended when nothing is under way and nobody waits for it. */
void gt_backend_retire(struct gt_backend *backend);
void gt_backend_drain(struct gt_backend *backend); /* looks whether that is so now */
void gt_backend_free_all(struct gt_plane *plane);

/* -- runtime_output.c: what it prints -- */

/* Reads it from now on, into the feeds; `out` -1: it is the relay's. */
void gt_output_watch(struct gt_backend *backend);
/* Takes what is left and closes the ends. */
void gt_output_drain(struct gt_backend *backend);
/* Over stdio: one of its ends has ended, mostly with the server, of which the supervisor is about
 * to tell. It is not ready meanwhile. */
void gt_output_doubt(struct gt_backend *backend);

/* -- runtime_probe.c: is it there yet -- */

void gt_probe_start(struct gt_backend *backend);
void gt_probe_stop(struct gt_backend *backend);
/* What it calls: the server answers; or it did not in the time that it has, for the reason that
 * last_probe says, and is ended. */
void gt_backend_ready(struct gt_backend *backend);
void gt_backend_late(struct gt_backend *backend);

/* The path of a server protocol ("MCP": "/mcp"; NULL: MCP). */
const char *gt_protocol_path(const char *protocol);

/* -- runtime_http.c: a request to a server of its own port -- */

struct gt_invocation {                  /* in its exchange's arena */
    struct gt_invocation *next, **link; /* of those under way; link NULL: it is not among them */
    struct gt_exchange *exchange;
    struct gt_serve *call; /* NULL: it came with a bearer token */
    struct gt_plane *plane;
    struct gt_object_key runtime;
    struct gt_backend *backend;
    struct gt_backend_wait wait;
    struct gt_http_open *open;
    struct gt_timer *cut_timer;
    const char *request_id, *session, *mcp_session, *path;
    const json_t *allowed; /* requestHeaderAllowlist */
    bool waiting, entered, streaming, again;
    struct gt_buf body; /* of an answer that is small enough to be sent in one piece */
};
/* Waits for the backend and passes the request on; answers it in any case. */
void gt_runtime_proxy(struct gt_invocation *invocation);
void gt_invocation_drop_all(struct gt_plane *plane);
/* Answers with an error of the service. */
void gt_invocation_fail(struct gt_invocation *invocation, const char *code, const char *message);
/* The same for a request that came without a signature. */
void gt_runtime_fail(struct gt_exchange *exchange, const char *request_id, const char *code,
                     const char *message);
/* runtime_invoke.c: the handler of InvokeAgentRuntime. */
void gt_runtime_invoke(struct gt_serve *call);
extern const struct gt_handler gt_data_plane_handlers[]; /* services/data_plane.c */
/* Headers of the client that a server gets; `allowed` is the runtime's requestHeaderAllowlist. */
bool gt_runtime_header_passes(const char *name, const json_t *allowed);

#endif

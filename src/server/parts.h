/*
 * What the files of the running server share: the service, its listeners and sources, the
 * configuration that is live, and one call.
 */
#ifndef GANTRY_SERVER_PARTS_H
#define GANTRY_SERVER_PARTS_H

#include "gate.h"
#include "search.h"

#include <gantry/auth/bearer.h>
#include <gantry/base/buf.h>
#include <gantry/base/map.h>
#include <gantry/mcp/http.h>
#include <gantry/mcp/stdio.h>
#include <gantry/server/service.h>

enum { GT_SERVER_OVERLOADED = -33004 }; /* of JSON-RPC errors, beside 429 and 503 */

/* Of a list. Many clients ask for the first page alone. */
enum { GT_TOOLS_PAGE = 500 };

/* What one path offers: a tier (/mcp) or one of its toolsets (/mcp/NAME). */
struct gt_shelf {
    const struct gt_tier *tier;
    const struct gt_toolset *toolset;   /* NULL: all of the tier */
    const struct gt_tool *const *tools; /* by name */
    size_t count;
    struct gt_map by_name; /* places in `tools` */
    json_t *listed;        /* what tools/list shows */
    const char *text;      /* of the result that has all of it; NULL: it has several pages */
    size_t text_len;
    struct gt_search *search;
    const struct gt_schema *search_arguments, *call_arguments; /* of the pair, where it is shown */
};

/* A configuration at work, and what was made from it. Freed when another one holds and its last
 * call has ended. */
struct gt_live {
    struct gt_config *config;
    struct gt_arena *arena;
    size_t refs;
    GT_VEC(struct gt_shelf) shelves;
};

/* A source that is open; those whose settings did not change live on when the configuration does.
 */
struct gt_open_source {
    struct gt_open_source *next;
    struct gt_arena *arena;
    struct gt_source *source;
    const struct gt_source_type *type;
    json_t *settings;
    size_t users; /* calls that run, and probes */
    bool retired; /* not in the live configuration: ends with its last user */
    bool closing; /* its calls end, nothing else of it */
    bool down;    /* as it was noted last */
};

struct gt_running;

struct gt_listener {
    struct gt_listener *next;
    struct gt_service *service;
    struct gt_arena *arena, *told; /* told: what clients are told about the server */
    const char *tier;              /* its name: the tier itself belongs to the live configuration */
    const char *host;
    int port;        /* as configured: 0 is any free one */
    const char *url; /* NULL: not listening */
    struct gt_server *http;
    struct gt_mcp_server *mcp;
    json_t *capabilities;
    struct gt_mcp_stdio *stdio;
    struct gt_visit *stdio_visit;
    const char *asked; /* the tier that stdio speaks for; NULL: whichever is the first */
    struct gt_gate gate;
    struct gt_running *waiting, **waiting_end; /* for max_concurrent, first come first served */
    bool admitting;                            /* calls are being started just now */
    bool closing, closed;                      /* no new requests; no connections any more */
};

struct gt_service {
    struct gt_arena *arena;
    struct gt_service_options options;
    struct gt_loop *loop;
    struct gt_http *http;
    struct gt_workers *workers;
    struct gt_issuers *issuers;
    struct gt_live *live;
    struct gt_listener *listeners;
    struct gt_open_source *sources;
    struct gt_readiness *readiness; /* as it was found last, or is being found out; or NULL */
    struct gt_running *calls;       /* all that have not ended */
    struct gt_map gates; /* struct gt_gate of each tool that was called, by name: what a tool has
                            used up holds over reloads */
    struct gt_buf text;  /* of the result that is being written; kept for the next */
    struct gt_timer *drain_timer, *turn;
    int64_t drain_until_ms;
    gt_timer_fn *drained;
    void *drained_payload;
    bool draining, cut;
};

/* Who asks, and for what: the endpoint of the MCP server's calls. Valid until the call is answered.
 */
struct gt_visit {
    struct gt_listener *listener;
    const char *toolset; /* of /mcp/NAME; NULL: all */
    const json_t *claims;
    const char *caller;
    bool admitted; /* the tier's rate and room were looked at */
    bool trusted;  /* who started the program, over pipes */
};

/* -- live.c -- */
struct gt_live *gt_live_new(struct gt_config *config);
void gt_live_hold(struct gt_live *live);
void gt_live_release(struct gt_live *live);
const struct gt_tier *gt_live_tier(const struct gt_live *live, const char *name);
/* What a visit sees; NULL when the configuration has no such tier or toolset any more. */
struct gt_shelf *gt_live_shelf(struct gt_live *live, const char *tier, const char *toolset);
const struct gt_tool *gt_shelf_tool(const struct gt_shelf *shelf, const char *name);
/* Whether the caller's scopes allow a tool; without claims only tools that ask for none, unless the
 * caller is trusted. */
bool gt_tool_allowed(const struct gt_tool *tool, const struct gt_visit *visit);

/* -- source.c -- */
struct gt_open_source *gt_source_of(struct gt_service *service, const char *name);
void gt_source_use(struct gt_open_source *open);
void gt_source_leave(struct gt_service *service, struct gt_open_source *open);
/* Opens what the live configuration has and is not open, retires what it has not. */
void gt_sources_follow(struct gt_service *service);
/* Closes those that retired and have no user. */
void gt_sources_tidy(struct gt_service *service);
void gt_sources_close(struct gt_service *service);

/* -- arguments.c -- */

enum { GT_CALL_MESSAGE_MAX = 2000 }; /* of a text for the model, in bytes */

/* The result of a call whose arguments do not fit. New reference. */
json_t *gt_call_misfit(struct gt_arena *arena, const struct gt_schema_problems *problems);
/* Puts the defaults of a tool's schema into a caller's arguments, writes integers as such, and
 * checks them. NULL where they fit; else the result that says what is wrong, a new reference. */
json_t *gt_arguments_settle(const struct gt_tool *tool, struct gt_arena *arena, json_t *arguments);

/* -- call.c -- */
struct gt_call_order {
    struct gt_listener *listener; /* NULL: the command line */
    const struct gt_tool *tool;
    const json_t *arguments; /* NULL: {} */
    const char *caller;
    bool checked;            /* a token was checked, or what is in front is trusted */
    struct gt_mcp_call *mcp; /* who waits: this, or fn */
    gt_service_called_fn *fn;
    void *payload;
};
void gt_call_start(struct gt_service *service, const struct gt_call_order *order);
/* The result of a call that failed, or was not begun. New reference. */
json_t *gt_call_failure(enum gt_failure kind, const char *text);
/* Cancels all that have not ended; they end in this turn or the next ones. */
void gt_calls_cancel(struct gt_service *service);
/* Starts waiting calls of a listener while there is room. */
void gt_calls_admit(struct gt_listener *listener);

/* -- methods.c -- */
extern const struct gt_mcp_method gt_server_methods[];

/* -- tier.c -- */
bool gt_listener_open(struct gt_service *service, const struct gt_tier *tier,
                      struct gt_listener **out, struct gt_diags *diags);
struct gt_listener *gt_listener_find(const struct gt_service *service, const char *tier);
/* A listener's struct without its socket: for stdio. */
struct gt_listener *gt_listener_new(struct gt_service *service, const struct gt_tier *tier);
/* Tells clients what the live configuration says about the server. */
void gt_listener_follow(struct gt_listener *listener);
void gt_listener_free(struct gt_listener *listener);

/* -- ready.c -- */
/* Whether the sources of a tier's tools answer. */
void gt_ready_answer(struct gt_listener *listener, struct gt_exchange *exchange);
/* What is known holds no more. */
void gt_ready_forget(struct gt_service *service);

/* -- service.c -- */
void gt_service_event(struct gt_service *service, json_t *event); /* steals it */
/* Frees in a turn of its own what is over: listeners that close, sources that retired. Nothing is
 * freed inside of its own work. */
void gt_service_tidy(struct gt_service *service);

#endif

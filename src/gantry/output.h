/*
 * What a stack offers to its users: outputs, gateways, runtimes, clients. Collected from the state
 * (output_document.c, pure), completed by what has to be asked for (tokens.c), printed in the
 * formats of `gantry output` (output_format.c, pure).
 */
#ifndef GANTRY_PROGRAM_OUTPUT_H
#define GANTRY_PROGRAM_OUTPUT_H

#include "context.h"

#define GT_MASKED "********"

struct gt_client_facts { /* what is known of a client beside the state; NULL: not asked for */
    const char *token_url, *secret;
};

struct gt_integration {           /* a client that may call a gateway */
    const char *gateway, *client; /* "tools", "mcp.quick-suite" */
    const char *name, *description, *url;
};

struct gt_output {
    const char *stack, *environment;
    /* For programs that start elsewhere: the manifest's absolute path, this program ("gantry" when
     * NULL), more options (end with NULL; may be NULL) and variables ({NAME: value} or NULL). */
    const char *manifest, *program;
    const char *const *options;
    json_t *variables;
    json_t *document;     /* {outputs, gateways, runtimes, clients}; kept by the arena */
    GT_VEC(struct gt_integration) integrations;
    bool single; /* one output by its name and nothing else */
};

/* Where a client's pool and domain are; strings of the state. */
struct gt_client_place {
    const char *client_id, *pool_id, *domain;
};
struct gt_client_place gt_client_place(const struct gt_state *state,
                                       const struct gt_client_info *client);

/* The scopes as they were applied, else as the manifest says, separated by spaces. */
const char *gt_client_scope(struct gt_arena *arena, const struct gt_state *state,
                            const struct gt_client_info *client);

/*
 * Collects it. `facts` has a row for each client of the stack; `only`: one client's name, or NULL
 * for all. Clients that are not applied yet are left out. Secrets that are not in `facts` are
 * masked.
 */
void gt_output_collect(struct gt_arena *arena, const struct gt_stack *stack,
                       const struct gt_state *state, const struct gt_client_facts *facts,
                       const char *only, struct gt_output *out);

/* Leaves the one output `name`. False when there is none. */
bool gt_output_select(struct gt_arena *arena, struct gt_output *output, const char *name);

/* The token URL as Cognito forms it from a domain: a prefix, or a host of one's own. */
const char *gt_token_url(struct gt_arena *arena, const char *domain, const char *region);

/* The name under which the format "env" exports a member ("client_secret") of a client. */
const char *gt_output_variable(struct gt_arena *arena, const char *client, const char *member);

/* Prints in one of the formats "table", "json", "yaml", "env", "quick-suite", "mcp-json", "github".
 * `delimiter` is a text that no value has, for values of several lines in "github". */
struct gt_format_options {
    const char *format, *delimiter;
};
void gt_output_print(struct gt_stream *stream, struct gt_arena *arena,
                     const struct gt_output *output, const struct gt_format_options *options);

/* The workflow commands that make GitHub mask the secrets in its log. */
void gt_output_masks(struct gt_stream *stream, const struct gt_output *output);

/* -- tokens.c -- */

/* Asks for token URLs (public documents) of all clients; falls back to the domain with a note. */
void gt_fetch_token_urls(struct gt_context *context, struct gt_client_facts *facts,
                         const char *only);

/* Reads client secrets from Cognito. */
bool gt_fetch_secrets(struct gt_context *context, struct gt_client_facts *facts, const char *only);

/* How other programs get here: manifest, program, options, variables. */
void gt_output_invocation(struct gt_context *context, struct gt_output *out);

/* The outputs after an apply: "name = value" lines, and an event. */
void gt_output_values(struct gt_context *context);

#endif

/*
 * What the commands that work on a stack share, in the order in which they need it: the manifest,
 * the stack, the state, the connection to the cloud, the engine. Each step is taken once; a command
 * takes those that it needs. No call is made before gt_context_connect.
 */
#ifndef GANTRY_PROGRAM_CONTEXT_H
#define GANTRY_PROGRAM_CONTEXT_H

#include "program.h"

#include <gantry/cloud/local.h>
#include <gantry/engine/engine.h>

struct gt_context {
    struct gt_program *program;
    struct gt_arena *arena;
    struct gt_diags *diags;

    /* load.c */
    const char *path;   /* of the manifest, as given */
    const char *folder; /* that it lies in: "." or "a/b" */
    struct gt_doc manifest;
    bool has_manifest;
    const json_t *variables;
    const char *environment; /* -e or GANTRY_ENV; else what was here before loading, or NULL */
    struct gt_resolver resolver;
    struct gt_profile *profile; /* may be NULL */
    struct gt_stack stack;
    bool has_stack;
    const char *stack_name, *stack_environment; /* also without a manifest (--stack) */

    /* session.c */
    struct gt_session *session;
    struct gt_engine *engine;

    /* embedded.c */
    bool local;                         /* the embedded cloud is used */
    bool fleeting;                      /* it goes with this command, and all that is in it */
    const struct gt_local_place *place; /* of it, when it was found; NULL: AWS */

    /* connect.c */
    struct gt_loop *loop;
    struct gt_http *http;
    struct gt_transport transport;
    struct gt_credentials *credentials;
    struct gt_aws *aws;
    const char *region, *endpoint_url;
    bool follows_state; /* the region is that of the state: for what only looks at it */
    struct gt_cloud cloud;

    /* watch.c */
    struct gt_progress *progress;
    bool watching; /* a phase is being shown */
    struct gt_timer *tick;
    size_t done[GT_ACTION_COUNT], failed, skipped; /* resources, by the engine's events */
    struct gt_aws_counts counted;                  /* requests that belong to an earlier run */
};

struct gt_context gt_context_new(struct gt_program *program);
void gt_context_done(struct gt_context *context);

/* -- load.c -- */

/* Reads the manifest, the variable files and --var. */
bool gt_context_load(struct gt_context *context);

/* Chooses the profile and builds the stack; `offline`: a profile that cannot be read and a region
 * that is not known are no errors. Loads what is not loaded yet. */
bool gt_context_build(struct gt_context *context, bool offline);

/* The stack's name and environment, from --stack or the manifest, without lowering it: enough for
 * what only needs the state. */
bool gt_context_names(struct gt_context *context);

/* The profile of the command line or the environment, for what works without a manifest. */
bool gt_context_profile(struct gt_context *context);

/* Builds the stack of one environment into `out`, for commands that look at several. */
bool gt_context_build_environment(struct gt_context *context, const char *environment,
                                  struct gt_stack *out, struct gt_diags *diags);

/* A path that the user gave relative to where the program runs, "~" not expanded; the bytes of a
 * file of at most `max` bytes. NULL with an error, absent files too. */
const char *gt_context_read(struct gt_context *context, const char *path, size_t max, size_t *len);

/* -- connect.c -- */

/* The loop and HTTP, without credentials. */
void gt_context_loop(struct gt_context *context);

/* Loop, HTTP, credentials and client. No call is made. */
bool gt_context_client(struct gt_context *context);

/* GetCallerIdentity; refuses another account than the manifest's, and another cloud than that of
 * the state, where a session is open. */
bool gt_context_connect(struct gt_context *context);

/* Where the official endpoint of no service is overridden "aws", else what it is instead. */
const char *gt_context_endpoint_name(struct gt_context *context);

/* -- session.c -- */

/* Where the state is kept; needs the names. */
struct gt_backend *gt_context_backend(struct gt_context *context);

/* Opens the state; DONE, LOCKED or FAILED (diagnosed). */
enum gt_exit gt_context_open(struct gt_context *context, bool writable);

/* The same for reading, of a stack that was applied: one that never was is an error. The region is
 * that of the state from here on. */
enum gt_exit gt_context_open_applied(struct gt_context *context);

/* Whether the addresses of --target and the like are those of resources; before any call is made.
 */
bool gt_context_addresses(struct gt_context *context);

/* The engine with the options of the command line; `options` has what they are changed to. */
struct gt_engine_options gt_context_engine_options(struct gt_context *context);
void gt_context_engine(struct gt_context *context, const struct gt_engine_options *options);

/* All of it, for commands that compare: build, open, connect, engine. DONE or the exit code.
 * Signals end the process from here on. */
enum gt_exit gt_context_prepare(struct gt_context *context, bool writable);

#endif

/*
 * The embedded cloud: a development and test double of the AWS services that Gantry drives, on one
 * port of the loopback interface, with the OAuth issuer, the gateways and the runtimes behind it.
 * Requests are verified against the models and signatures; see docs/embedded-cloud.md for what is
 * modelled, guessed and absent.
 */
#ifndef GANTRY_CLOUD_LOCAL_H
#define GANTRY_CLOUD_LOCAL_H

#include <gantry/net/loop.h>
#include <gantry/sys/supervisor.h>

struct gt_local;

#define GT_LOCAL_ACCOUNT "000000000000" /* of the key pair in the key file */

struct gt_local_options {
    struct gt_loop *loop;
    struct gt_supervisor *supervisor;
    const char *host;         /* a loopback address; any other is refused */
    int port;                 /* 0: any free one */
    const char *run_folder;   /* where key file and Unix socket are made; gt_local_run_folder */
    const char *state_folder; /* kept there and read at start; NULL: in memory only */
    const json_t *knobs;      /* {name: value}, see gt_local_knobs; NULL: defaults */
    const char *request_log;  /* file for a line of JSON for each request; NULL: none */
    const char *programs;     /* folder that goes before PATH for servers' commands; NULL: none */
    /* What happens, for people and machines: {"event": "request" | "status" | "runtime" | "log",
     * ...}; borrowed. May be NULL. */
    void (*event)(void *payload, const json_t *event);
    void *payload;
};

/* False with errors: an address in use, a state folder in use or not readable, an unknown knob. */
bool gt_local_start(struct gt_arena *arena, const struct gt_local_options *options,
                    struct gt_local **local, struct gt_diags *diags);
const char *gt_local_url(const struct gt_local *local); /* "http://127.0.0.1:4599" */
const char *gt_local_id(const struct gt_local *local);
/* Set when somebody asked the cloud to stop (POST /stop on the socket): called once, from the loop.
 */
void gt_local_on_stop(struct gt_local *local, gt_timer_fn *fn, void *payload);
/* Ends servers, saves, removes key file and socket. NULL is allowed. Not from inside a callback. */
void gt_local_free(struct gt_local *local);

/* The table of operations: [{service, operation, fidelity: "modelled" | "guessed" | "absent",
 * note?}], sorted. New reference. */
json_t *gt_local_fidelity(void);

/* The knobs: [{name, type, default, unit?, help}]. New reference. */
json_t *gt_local_knobs(void);

/* Whether these could be given to gt_local_start: {name: value}. False with errors. */
bool gt_local_check_knobs(const json_t *knobs, struct gt_diags *diags);

/* -- finding a running one (for --local); used by the same programs -- */

struct gt_local_place {                   /* the contents of a key file */
    const char *url, *id, *socket, *path; /* path: of the key file itself */
    const char *access_key_id, *secret_access_key, *account;
    bool kept; /* its state survives it */
    int port;
};
/* $XDG_RUNTIME_DIR/gantry, else /tmp/gantry-UID; made with mode 0700 when absent; another owner's
 * or a wider mode is refused. */
bool gt_local_run_folder(struct gt_arena *arena, const struct gt_sys *sys, const char **folder,
                         struct gt_diags *diags);
/*
 * The running cloud at `port` (0: the only one, or the one at 4599). Key files whose socket nobody
 * answers are passed over. False with an error: none, or several and none at 4599.
 */
bool gt_local_find(struct gt_arena *arena, const char *run_folder, int port,
                   struct gt_local_place *place, struct gt_diags *diags);

#endif

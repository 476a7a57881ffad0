/*
 * --local: the running embedded cloud instead of AWS. Its address, its own key pairs and its own
 * state folder; nothing of the user's credential chain, profile or endpoint variables is read.
 */
#ifndef GANTRY_PROGRAM_EMBEDDED_H
#define GANTRY_PROGRAM_EMBEDDED_H

#include "context.h"

#define GT_EMBEDDED_REGION "us-east-1" /* where nothing names one */

/* With --local: finds the running cloud and fills context->place. True without --local, and when
 * the place is known already. */
bool gt_embedded_find(struct gt_context *context);

/* The one at a port; 0: the only one. */
bool gt_embedded_find_at(struct gt_context *context, int port);

/* Keys of the account that the manifest names, else of the cloud's own; needs context->http. NULL
 * with an error. */
const struct gt_keys *gt_embedded_keys(struct gt_context *context);

/* The folder of the stack's state that belongs to this cloud: absolute. A cloud that keeps nothing
 * removes it when it ends, its supervisor when it is killed (gt_embedded_tell_folder). */
const char *gt_embedded_folder(struct gt_context *context);

/* What is given to the embedded cloud over its Unix socket, never over its port: a request and its
 * JSON answer (kept by the arena; NULL: none). False with an error. */
bool gt_embedded_ask(struct gt_context *context, const char *method, const char *path,
                     const json_t *body, const json_t **answer);

/* Tells the cloud which folder goes with it. True without --local. Before the folder is made: it
 * is removed whatever happens. */
bool gt_embedded_tell_folder(struct gt_context *context);

/* Tells the cloud what no call of AWS tells: which commands run in place of the images of this
 * stack's runtimes. True without --local. Before the first call that may need a command, and only
 * by commands that change things. */
bool gt_embedded_tell_commands(struct gt_context *context);

#endif

/*
 * Who may call the stack's gateways, as the services tell it now: clients with their secrets, and
 * gateways with their authorizers. For verify, token and connect.
 */
#ifndef GANTRY_PROGRAM_CALLERS_H
#define GANTRY_PROGRAM_CALLERS_H

#include "context.h"

#include <gantry/engine/verify.h>

struct gt_callers {
    struct gt_verify_client *clients; /* those that were applied */
    size_t count;
};

/* Opens an applied stack and connects: DONE or the exit code. Nothing is changed. */
enum gt_exit gt_callers_open(struct gt_context *context);

/* Collects the clients that were applied; reads the secret of `only` ("IDENTITY.CLIENT"), of all
 * when NULL. */
bool gt_callers_collect(struct gt_context *context, const char *only, struct gt_callers *callers);

const struct gt_verify_client *gt_callers_find(const struct gt_callers *callers, const char *name);

/* Whether the client that is named exists and may call the gateway (NULL: any). The error lists
 * those that may. Names come from the manifest alone. */
bool gt_callers_check(struct gt_context *context, const char *name, const char *gateway);

/* The client of --client, else the only one (that may call `gateway`, where one is given), with its
 * secret. NULL with an error. */
const struct gt_verify_client *gt_callers_one(struct gt_context *context, const char *gateway);

/* The logical name of a gateway of the stack; NULL: another kind of resource. */
const char *gt_gateway_name(const struct gt_resource *resource);
/* Those of all, ending with NULL; `listed` gets them on one line. */
const char *const *gt_gateway_names(struct gt_context *context, const char **listed);
/* Whether the manifest has the gateway. The error names those that it has. */
bool gt_callers_check_gateway(struct gt_context *context, const char *wanted);

/* A gateway by its logical name, read with GetGateway. */
bool gt_callers_gateway(struct gt_context *context, const char *name,
                        struct gt_verify_gateway *gateway);

/* Until when a caller's command waits: --deadline, else two minutes. */
int64_t gt_callers_deadline_ms(const struct gt_context *context);

#endif

/*
 * The running server: tiers with their listeners, sources, limits; the configuration that holds and
 * the one that replaces it.
 */
#ifndef GANTRY_SERVER_SERVICE_H
#define GANTRY_SERVER_SERVICE_H

#include <gantry/mcp/server.h>
#include <gantry/server/tool.h>

struct gt_service;

struct gt_service_options {
    struct gt_loop *loop;
    /* A line for people and logs (one line, no secrets): a listener, a source that went or came
     * back, a reload. May be NULL. Steals the event: {event, ...}. */
    void (*event)(void *payload, json_t *event);
    void *payload;
    /* Methods and tools of the conformance suite instead of a configuration's; NULL in production.
     * See conformance.h of the program. */
    const struct gt_mcp_server_options *conformance;
};

/* Takes over the configuration. Nothing listens yet. */
struct gt_service *gt_service_new(const struct gt_service_options *options,
                                  struct gt_config *config);

/* Opens the listeners of all tiers. False with an error: address in use, or a listener that is not
 * loopback and neither checks tokens nor is told to trust AgentCore. */
bool gt_service_listen(struct gt_service *service, struct gt_diags *diags);
/* The address of a tier's listener ("http://127.0.0.1:8000/mcp"), after listen; NULL: none. */
const char *gt_service_url(const struct gt_service *service, const char *tier);

/* Serves one tier (NULL: the first) over descriptors instead; fn(payload) when the input ended. */
void gt_service_stdio(struct gt_service *service, const char *tier, int in, int out,
                      gt_timer_fn *fn, void *payload);

/* From now on this configuration (taken over) holds; calls under way end with theirs, sources whose
 * settings are the same stay open. Listeners of tiers that are new are opened, of those that went
 * are closed. False with errors and everything as before (the configuration is freed) when a
 * listener cannot be opened. Tells clients (list_changed) where the list of tools changed. */
bool gt_service_replace(struct gt_service *service, struct gt_config *config,
                        struct gt_diags *diags);

/* Calls a tool as a client of that tier would (limits and schema apply): fn gets the result
 * (borrowed: {content, structuredContent?, isError?}), or NULL with a protocol error's message. */
typedef void gt_service_called_fn(void *payload, const json_t *result, const char *error);
void gt_service_call(struct gt_service *service, const char *tool, const json_t *arguments,
                     gt_service_called_fn *fn, void *payload);

/* No new requests (503); fn(payload) when the last call has been answered, or the configuration's
 * shutdown_ms have passed and the rest was cancelled. */
void gt_service_drain(struct gt_service *service, gt_timer_fn *fn, void *payload);
void gt_service_free(struct gt_service *service); /* NULL is allowed */

#endif

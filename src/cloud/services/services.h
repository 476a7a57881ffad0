/*
 * What the handlers of AgentCore's control plane and of the services beside it share: kinds,
 * statuses that change by themselves, checks of roles, authorizers and tags.
 */
#ifndef GANTRY_CLOUD_SERVICES_H
#define GANTRY_CLOUD_SERVICES_H

#include "../agentcore.h"

/* id: the group's name; data: as DescribeLogGroups, without what is computed. */
extern const struct gt_kind gt_kind_log_group;
/* id: repositoryName; data: as DescribeRepositories; hidden: {images: [{digest, tags, manifest,
 * mediaType, size, pushed}], policy, lifecycle}. */
extern const struct gt_kind gt_kind_repository;
/* id: name; data: as DescribeSecret; hidden: {versions: {ID: {SecretString | SecretBinary, made}},
 * current, previous}. */
extern const struct gt_kind gt_kind_secret;
/* id: name; region: of its first use. */
extern const struct gt_kind gt_kind_bucket;
/* id: key; parent: bucket; account and region of the bucket; data: as GetObject; hidden: {Body}. */
extern const struct gt_kind gt_kind_s3_object;
extern const struct gt_kind gt_kind_alarm;
extern const struct gt_kind gt_kind_dashboard;
extern const struct gt_kind gt_kind_token_vault;

extern const struct gt_handler gt_gateway_handlers[], gt_target_handlers[], gt_runtime_handlers[],
    gt_runtime_endpoint_handlers[], gt_credential_provider_handlers[],
    gt_workload_identity_handlers[], gt_agentcore_tag_handlers[], gt_log_handlers[],
    gt_ecr_handlers[], gt_ecr_image_handlers[], gt_secret_handlers[], gt_s3_handlers[],
    gt_cloudwatch_handlers[], gt_absent_handlers[];

/* -- documents -- */

/* Copies the members that are named (ends with NULL) and present. */
void gt_members_copy(json_t *to, const json_t *from, const char *const *names);
/* The operation's output with what its shape has of `from` (stolen). */
json_t *gt_answer(struct gt_serve *call, json_t *from);
/* Sets or, with NULL, removes a member. */
void gt_set_text(json_t *object, const char *name, const char *value);

/* Tags changed: to be saved, and no change of the object. */
void gt_tags_touch(struct gt_local *local, struct gt_object *object);
/* Adds {name: value}, or removes the names of a list; false, with nothing changed, when there would
 * be more than 50. */
bool gt_tags_add(struct gt_local *local, struct gt_object *object, const json_t *tags);
void gt_tags_remove(struct gt_local *local, struct gt_object *object, const json_t *names);

/* -- AgentCore objects: statuses (agentcore_status.c) -- */

/* data.status is `pending` now, and `settled` after delay_ms, when the kind's due function gets
 * GT_DUE_SETTLE; reasons of before are gone. */
#define GT_DUE_SETTLE "settle"
void gt_status_move(struct gt_local *local, struct gt_object *object, const char *pending,
                    const char *settled, int64_t delay_ms);
/* For due functions: data.status becomes what gt_status_move said. */
void gt_status_settle(struct gt_local *local, struct gt_object *object);
/* data.status now, with nothing to come. */
void gt_status_set(struct gt_local *local, struct gt_object *object, const char *status);
/* DELETING now, GT_DUE_REMOVE after the knob's delete_ms. */
#define GT_DUE_REMOVE "remove"
void gt_status_delete(struct gt_local *local, struct gt_object *object);
const char *gt_status(const struct gt_object *object);

/* Fails with ConflictException while something is going on with the object; `what`: "Gateway". */
bool gt_refuse_busy(struct gt_serve *call, const struct gt_object *object, const char *what);
/* Whether reads find the object yet (knob hidden_ms). */
bool gt_visible(const struct gt_local *local, const struct gt_object *object);

/* -- AgentCore objects: checks (agentcore_checks.c); false after failing the call -- */

bool gt_check_tags(struct gt_serve *call);
/* The role exists, trusts the service for `source_arn`, and may be passed to it by the caller. */
bool gt_check_role(struct gt_serve *call, const char *role_arn, const char *source_arn);
bool gt_check_jwt(struct gt_serve *call);
/* There are fewer than `most` objects of the kind in the account and region, with that parent
 * (NULL: any). */
bool gt_check_quota(struct gt_serve *call, const struct gt_kind *kind, const char *parent,
                    size_t most);
/* The authorizer's configuration as reads show it; new reference, or NULL for NULL. */
json_t *gt_shown_authorizer(const json_t *configuration);

/* An ARN instead of the gateway's id is refused as something that the caller has no right to,
 * before its form is looked at. */
bool gt_gateway_check_first(struct gt_serve *call);
/* The gateway that a call names; NULL after failing it. `reading`: the knob hidden_ms counts. */
struct gt_object *gt_gateway_of(struct gt_serve *call, bool reading);

/* -- workload_identities.c -- */

/* The identity that a gateway or a runtime makes for itself; its ARN, which lives with it. */
const char *gt_workload_identity_add(struct gt_local *local, const struct gt_object *owner);
void gt_workload_identity_remove(struct gt_local *local, const struct gt_object *owner);

/* -- runtime_endpoints.c -- */

void gt_endpoint_add(struct gt_local *local, struct gt_object *runtime, const char *name,
                     const char *version, int64_t delay_ms);
/* DEFAULT is to move to the runtime's newest version. */
void gt_endpoint_follow(struct gt_local *local, struct gt_object *runtime);
/* The newest version cannot run: DEFAULT stays where it is, or fails when it was nowhere. */
void gt_endpoint_stay(struct gt_local *local, struct gt_object *runtime, const char *reason);
/* Whether an endpoint serves or is to serve this version. */
bool gt_endpoint_uses(struct gt_local *local, const struct gt_object *runtime, const char *version);

/* -- logs.c -- */

/* Makes the log group unless there is one of this name. */
struct gt_object *gt_log_group_ensure(struct gt_local *local, const char *account,
                                      const char *region, const char *name);

/* -- ecr_images.c -- */

/* Fails with the service's message when the role may not read an image of ECR, or, with the knob
 * check_images, when an image of an account of this cloud is not there. */
bool gt_check_image(struct gt_serve *call, const char *role_arn, const char *uri, bool must_exist);

/* -- secrets.c -- */

/* By name, ARN, or ARN without its random ending; not when it is to be deleted. */
struct gt_object *gt_secret_find(struct gt_local *local, const char *account, const char *region,
                                 const char *id);
/* A secret that belongs to another service: made, or given a new value. */
struct gt_object *gt_secret_put(struct gt_local *local, const char *account, const char *region,
                                const char *name, const char *owner, const char *text);
/* The current value as text, or NULL; borrowed from the secret. */
const char *gt_secret_value(const struct gt_object *secret);

/* -- provider_secrets.c -- */

struct gt_provider_secret { /* where a credential provider's secret comes from */
    const char *kind;       /* "oauth2", "apikey": in the secret's name */
    const char *member;     /* of hidden: "clientSecret", "apiKey" */
    const char *text, *source;
    const json_t *reference; /* {secretId, jsonKey} */
    const char *prefix;      /* of the output's members: "clientSecret", "apiKeySecret" */
};
/* Writes the provider's hidden secret and the members that tell where it is. */
bool gt_provider_secret_set(struct gt_serve *call, struct gt_object *provider,
                            const struct gt_provider_secret *secret);
/* Checks before anything is made. */
bool gt_provider_secret_check(struct gt_serve *call, const struct gt_provider_secret *secret);
void gt_provider_secret_remove(struct gt_local *local, const struct gt_object *provider);
/* A secret has a new value: providers that point to it follow. */
void gt_provider_secret_changed(struct gt_local *local, const struct gt_object *secret);

#endif

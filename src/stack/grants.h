/*
 * Permissions from the graph: which statements a role needs for what a gateway or runtime does. One
 * table (roles_policy.c): what is needed it for -> actions, resources, condition.
 */
#ifndef GANTRY_STACK_GRANTS_H
#define GANTRY_STACK_GRANTS_H

#include "lower.h"

enum gt_need {
    GT_NEED_GATEWAY,       /* every gateway */
    GT_NEED_POLICY_ENGINE, /* {engine} */
    GT_NEED_KEY,           /* {key}: a KMS key */
    GT_NEED_INTERCEPTOR,   /* {lambda} */
    GT_NEED_CALL_RUNTIME,  /* {runtime} */
    GT_NEED_CALL_LAMBDA,   /* {lambda} */
    GT_NEED_READ_OBJECT,   /* {object}: an S3 object's ARN */
    GT_NEED_OAUTH,         /* {provider}, {secret} */
    GT_NEED_API_KEY,       /* {provider}, {secret} */
    GT_NEED_RUNTIME,       /* every runtime */
    GT_NEED_IMAGE,         /* {repository} */
    GT_NEED_SECRET         /* {secret} */
};

/* A word of a resource: "{runtime}" -> its ARN. */
struct gt_word {
    const char *name, *value;
};

struct gt_grants; /* statements so far */
struct gt_grants *gt_grants_new(struct gt_arena *arena);

/* Adds what a need asks for. `words` ends with a NULL name; {self} is the lower-case or plain name
 * that the own ids start with. */
void gt_grants_add(struct gt_low *low, struct gt_grants *grants, enum gt_need need,
                   const struct gt_word *words);

/* The policy document; NULL when nothing was asked for. New reference. */
json_t *gt_grants_document(const struct gt_grants *grants);

/* Says what a role of one's own lacks: of an entry of roles: as a warning after evaluating its
 * policies, of one that exists as a note on what it must allow. `role` is an ARN or a reference. */
void gt_grants_note(struct gt_low *low, const struct gt_grants *grants, const struct gt_item *item,
                    const char *role);

/* A policy document in which references are as they will about be: for counting and evaluating. New
 * reference. */
json_t *gt_guessed(struct gt_low *low, const json_t *document);

/* The policies of the gateways' targets, when all targets are lowered. */
void gt_lower_target_policies(struct gt_low *low);

#endif

/* Reading policy documents: IAM writes one thing where a list of one would do. */
#ifndef GANTRY_POLICY_DOCUMENT_H
#define GANTRY_POLICY_DOCUMENT_H

#include <gantry/base/arena.h>
#include <stdbool.h>

/* The document as an object: `policy` itself, or parsed from its text, which may be URL-encoded as
 * IAM returns it. New reference; NULL when it is no object with statements. */
json_t *gt_policy_parse(const json_t *policy);

/* A list, or a single value that stands for a list of one; NULL is an empty list. */
size_t gt_policy_count(const json_t *one_or_many);
json_t *gt_policy_item(const json_t *one_or_many, size_t index);

/* The text of a string, number or boolean; NULL for anything else. */
const char *gt_policy_text(struct gt_arena *arena, const json_t *scalar);

/* The account of an account principal, "123456789012" or "arn:aws:iam::123456789012:root"; else
 * NULL. */
const char *gt_policy_account(struct gt_arena *arena, const char *principal);

#endif

/*
 * Checking and typing documents by the models, before anything goes over the wire.
 */
#ifndef GANTRY_MODEL_VALIDATE_H
#define GANTRY_MODEL_VALIDATE_H

#include <gantry/doc/doc.h>
#include <gantry/model/model.h>

struct gt_validation {
    const struct gt_marks *marks; /* for positions, by pointer; may be NULL */
    const char *subject;          /* resource address for messages; may be NULL */
    /* Pointers that pass unseen ("*" is any token), ends with NULL; may be NULL. */
    const char *const *unchecked;
    const char *const *skip_members; /* top-level members that must not be asked for; may be NULL */
    bool partial;                    /* required members may be missing at the top level */
};

/*
 * Reports every mistake: missing member, unknown member (with the nearest one), wrong type,
 * pattern, length in code points, range, union with none or several members, unknown enum value (a
 * warning: services grow). Strings that still hold ${...} are only checked for being allowed where
 * they stand; one that is a reference and nothing else may stand for anything. $${ counts as ${.
 * null is absent; idempotency tokens are never asked for. Paths in messages read like
 * authorizerConfiguration.customJWTAuthorizer.allowedClients[0]; values of sensitive shapes are not
 * printed. Codes: missing-member, unknown-member, wrong-type, pattern-mismatch, bad-length,
 * out-of-range, not-one-of, unknown-value.
 */
bool gt_validate(const struct gt_shape *shape, const json_t *value, const struct gt_validation *how,
                 struct gt_diags *diags);

/*
 * A copy of `value` with scalars typed by the shape: where a string is wanted, the text as typed in
 * the source (from the mark's raw); where a number or boolean is wanted and a quoted one was given
 * (environment variables, --var), that. What cannot be typed stays for gt_validate to report.
 * New reference.
 */
json_t *gt_coerce(const struct gt_shape *shape, const json_t *value, const struct gt_marks *marks);

/*
 * A copy of `value` in which every string is "(sensitive)" that stands in a shape or member marked
 * sensitive. New reference. `shape` NULL masks nothing.
 */
json_t *gt_mask_sensitive(const struct gt_shape *shape, const json_t *value);

#endif

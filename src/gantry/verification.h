/* Runs the end-to-end check for every client and gateway of a stack and reports it: for people as
 * it happens, for machines as one document, for CI as JUnit XML. */
#ifndef GANTRY_PROGRAM_VERIFICATION_H
#define GANTRY_PROGRAM_VERIFICATION_H

#include "callers.h"

struct gt_verified_pair {
    const char *client; /* NULL: none may call the gateway */
    const char *gateway, *url;
    struct gt_verification result;
};

struct gt_verification_report {
    GT_VEC(struct gt_verified_pair) pairs;
    size_t passed, failed, skipped; /* hops */
    int64_t elapsed_ms;
};

struct gt_verification_options {
    const char *client, *gateway; /* only these; NULL: all */
    const char *call;             /* a tool; NULL: none */
    const json_t *arguments;
    int64_t deadline_ms;            /* of all of it; 0: two minutes */
    bool say;                       /* lines for people as it happens */
    bool (*is_over)(void *payload); /* of gt_verify_options; may be NULL */
    void *payload;
};

/* Verifies every pair of client and gateway, and gateways without a client. The stack must be open
 * and connected. DONE, UNVERIFIED, or FAILED with errors. Where nothing could be tried it is DONE
 * with no hop passed. */
enum gt_exit gt_verification_run(struct gt_context *context,
                                 const struct gt_verification_options *options,
                                 struct gt_verification_report *report);

/* The counts, as a line for people. */
void gt_verification_say(struct gt_context *context, const struct gt_verification_report *report);

/* {stack, environment, outcome, passed, failed, skipped, elapsedMs, pairs: [{client, gateway, url,
 * tools, hops: [...]}]}. New reference. */
json_t *gt_verification_document(const struct gt_context *context,
                                 const struct gt_verification_report *report);

/* A test suite for each pair, a test case for each hop; in the arena. */
const char *gt_verification_junit(const struct gt_context *context,
                                  const struct gt_verification_report *report);

#endif

/*
 * Signature Version 4 in three pure stages: canonical request, string to sign, authorization. Time
 * is an input; derived keys are wiped. Source: AWS General Reference, "Create a signed AWS API
 * request".
 */
#ifndef GANTRY_SIGN_SIGV4_H
#define GANTRY_SIGN_SIGV4_H

#include <gantry/base/arena.h>
#include <stdbool.h>
#include <stdint.h>

/* The secret type: no format function takes it. */
struct gt_secret {
    const char *bytes;
    size_t len;
};

struct gt_sign_header {
    const char *name, *value;
};

struct gt_sign_request {
    const char *method;
    const char *path;  /* as sent, percent-encoded; starts with '/' */
    const char *query; /* as sent, without '?', may be NULL */
    /* As sent, in order, "host" among them; repeated names allowed. All are signed but those that
     * proxies and HTTP libraries change on the way (user-agent, connection, expect, ...). */
    const struct gt_sign_header *headers;
    size_t header_count;
    const char *body;
    size_t body_len;
};

struct gt_sign_options {
    const char *access_key_id;
    struct gt_secret secret_access_key;
    const char *session_token; /* or NULL */
    const char *region, *service;
    int64_t unix_ms;
    bool s3_path;            /* the path is encoded once and not normalised */
    bool add_content_sha256; /* add and sign x-amz-content-sha256 */
};

struct gt_signature {
    const char *amz_date, *canonical_request, *string_to_sign, *signed_headers, *signature;
    const char *authorization;
    /* What to send besides the request's own headers, Authorization last. */
    const struct gt_sign_header *added;
    size_t added_count;
};

/*
 * Stage one: the canonical request of the request with the headers that the options ask for (date,
 * token, content hash; those that it has already are not added). *signed_headers gets the list.
 */
char *gt_sigv4_canonical_request(struct gt_arena *arena, const struct gt_sign_request *request,
                                 const struct gt_sign_options *options, char **signed_headers);
/* Stage two. */
char *gt_sigv4_string_to_sign(struct gt_arena *arena, const char *canonical_request,
                              const struct gt_sign_options *options);
/* Stage three: 64 hex digits. */
char *gt_sigv4_signature(struct gt_arena *arena, const char *string_to_sign,
                         const struct gt_sign_options *options);

/* All three: what to add to the request. */
struct gt_signature gt_sigv4_sign(struct gt_arena *arena, const struct gt_sign_request *request,
                                  const struct gt_sign_options *options);

#endif

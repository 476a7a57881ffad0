/* What signing and verifying share: the canonical request of chosen headers, and the date. */
#ifndef GANTRY_SRC_SIGN_CANONICAL_H
#define GANTRY_SRC_SIGN_CANONICAL_H

#include <gantry/sign/sigv4.h>

#define GT_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"

struct gt_canonical {
    const struct gt_sign_request *request; /* its own headers are not looked at */
    const struct gt_sign_header *headers;  /* to be signed; names in lower case */
    size_t header_count;
    bool s3_path;
    const char *payload_hash;
};

/* *signed_headers gets the names, sorted and with ';' between them. */
char *gt_sigv4_canonical(struct gt_arena *arena, const struct gt_canonical *canonical,
                         char **signed_headers);

/* "20150830T123600Z" */
char *gt_sigv4_amz_date(struct gt_arena *arena, int64_t unix_ms);

#endif

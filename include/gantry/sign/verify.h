/*
 * The server's side of Signature Version 4: which key a request claims, and whether its signature
 * holds. Source: AWS General Reference, "Create a signed AWS API request"; error texts as the
 * services word them.
 */
#ifndef GANTRY_SIGN_VERIFY_H
#define GANTRY_SIGN_VERIFY_H

#include <gantry/sign/sigv4.h>

struct gt_sigv4_claim { /* the Authorization header, taken apart; strings in the arena */
    const char *access_key_id, *date, *region, *service; /* of the credential scope */
    const char *signed_headers, *signature;
    const char *amz_date;      /* of X-Amz-Date (or Date): "20150830T123600Z" */
    const char *session_token; /* of X-Amz-Security-Token; NULL: none */
};

enum gt_sigv4_outcome {
    GT_SIGV4_OK,
    GT_SIGV4_ABSENT,     /* no Authorization header of this algorithm */
    GT_SIGV4_INCOMPLETE, /* a part is missing or malformed: IncompleteSignature */
    GT_SIGV4_MISMATCH,   /* SignatureDoesNotMatch */
    GT_SIGV4_SKEWED      /* the time is more than 15 minutes off: expired or not yet current */
};

/* Reads the claim without checking it; *message gets the reason of INCOMPLETE. Two Authorization
 * headers, one of them of this algorithm, are INCOMPLETE. */
enum gt_sigv4_outcome gt_sigv4_claim(struct gt_arena *arena, const struct gt_sign_request *request,
                                     struct gt_sigv4_claim *claim, const char **message);

/*
 * Checks the signature with the claimed key's secret at the time `now_ms`: host must be signed, and
 * every x-amz-* header and content-type too where they are sent; x-amz-content-sha256 must be that
 * of the body (or UNSIGNED-PAYLOAD). `s3`: the path is encoded once, and that header is required.
 * The message (one line, in the arena) is set with every outcome but OK, and holds no secret and no
 * signature. Compared in constant time.
 */
enum gt_sigv4_outcome gt_sigv4_verify(struct gt_arena *arena, const struct gt_sign_request *request,
                                      const struct gt_sigv4_claim *claim, struct gt_secret secret,
                                      bool s3, int64_t now_ms, const char **message);

#endif

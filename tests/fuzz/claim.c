/* Signed requests as a server reads them (src/sign): headers as "name: value" on each line. None of
 * them was signed with the secret, so none may hold. */
#include "fuzz.h"

#include <gantry/sign/verify.h>
#include <string.h>

enum { HEADERS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_sign_header headers[HEADERS_MAX];
    size_t count = 0;
    for (char *line = fuzz_text(arena, data, size); *line != '\0' && count < HEADERS_MAX;) {
        size_t len = strcspn(line, "\n");
        char *next = line + len + (line[len] == '\n');
        line[len] = '\0';
        char *colon = strchr(line, ':');
        if (colon != NULL)
            *colon++ = '\0';
        headers[count++] = (struct gt_sign_header){line, colon == NULL ? "" : colon};
        line = next;
    }
    const struct gt_sign_request request = {"POST", "/a/../b", "x=1&x=%2", headers, count, "{}", 2};
    struct gt_sigv4_claim claim = {0};
    const char *message = NULL;
    enum gt_sigv4_outcome outcome = gt_sigv4_claim(arena, &request, &claim, &message);
    fuzz_check(outcome == GT_SIGV4_OK || outcome == GT_SIGV4_ABSENT ||
               outcome == GT_SIGV4_INCOMPLETE);
    fuzz_check((message != NULL) == (outcome == GT_SIGV4_INCOMPLETE));
    for (int s3 = 0; s3 < 2 && outcome == GT_SIGV4_OK; s3++) {
        message = NULL;
        fuzz_check(gt_sigv4_verify(arena, &request, &claim, (struct gt_secret){"secret", 6},
                                   s3 != 0, 1768653296000, &message) != GT_SIGV4_OK);
        fuzz_check(message != NULL);
    }
    gt_arena_free(arena);
    return 0;
}

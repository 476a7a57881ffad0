/* Tokens, key sets and authorizers (src/jose), one on each line. What verifies must be what was
 * signed, whatever became of the rest. */
#include "fuzz.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/authorizer.h>
#include <gantry/jose/jose.h>
#include <string.h>

static char *cut_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    *at = end == NULL ? line + strlen(line) : end + 1;
    if (end != NULL)
        *end = '\0';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    char *text = fuzz_text(arena, data, size), *at = text;
    const char *token = cut_line(&at);
    json_t *keys = gt_keep(arena, json_loads(cut_line(&at), JSON_DECODE_ANY, NULL));
    json_t *authorizer = gt_keep(arena, json_loads(at, JSON_DECODE_ANY, NULL));
    json_t *header = NULL, *claims = NULL;
    if (gt_jwt_decode(token, &header, &claims)) {
        gt_keep(arena, header);
        gt_keep(arena, claims);
        fuzz_check(json_is_object(header) && json_is_object(claims));
        struct gt_refusal refusal = {0};
        const char *issuer = gt_text_at(claims, "/iss");
        if (!gt_authorizer_allows(arena, authorizer, issuer, claims, 1768653296000, &refusal))
            fuzz_check(refusal.status == (refusal.scope == NULL ? 401 : 403) &&
                       refusal.description != NULL);
    }
    json_t *verified = NULL;
    if (gt_jwt_verify(token, keys, &verified) == GT_JWT_OK) {
        fuzz_check(json_equal(verified, claims));
        fuzz_check(gt_streq(gt_text_at(verified, "/iss"), "joe"));
        fuzz_check(gt_streq(gt_text_at(verified, "/sub"), "who"));
        json_decref(verified);
    } else {
        fuzz_check(verified == NULL);
    }
    gt_arena_free(arena);
    return 0;
}

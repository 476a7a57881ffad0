/* Signature Version 4 (src/sign). Lines: a byte of options before the path, the query, headers as
 * "name: value", an empty line, the body. */
#include "fuzz.h"

#include <gantry/base/str.h>
#include <gantry/sign/sigv4.h>
#include <string.h>

enum { HEADERS_MAX = 32 };

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
    if (size < 1)
        return 0;
    struct gt_arena *arena = gt_arena_new();
    char *text = fuzz_text(arena, data + 1, size - 1), *at = text;
    struct gt_sign_header headers[HEADERS_MAX] = {{"Host", "a.example"}};
    size_t count = 1;
    const char *path = gt_printf(arena, "/%s", cut_line(&at)), *query = cut_line(&at);
    for (char *line = cut_line(&at); *line != '\0' && count < HEADERS_MAX; line = cut_line(&at)) {
        char *colon = strchr(line, ':');
        if (colon != NULL)
            *colon++ = '\0';
        headers[count++] = (struct gt_sign_header){line, colon == NULL ? "" : colon};
    }
    const struct gt_sign_request request = {"POST", path, query, headers, count, at, strlen(at)};
    const struct gt_sign_options options = {.access_key_id = "AKIDEXAMPLE",
                                            .secret_access_key = {"secret", 6},
                                            .session_token = data[0] & 1 ? "token" : NULL,
                                            .region = "us-east-1",
                                            .service = "s3",
                                            .unix_ms = 1768653296000,
                                            .s3_path = (data[0] & 2) != 0,
                                            .add_content_sha256 = (data[0] & 4) != 0};
    struct gt_signature signature = gt_sigv4_sign(arena, &request, &options);
    fuzz_check(strlen(signature.signature) == 64);
    fuzz_check(gt_ends_with(signature.authorization, signature.signature));
    fuzz_check(strstr(signature.signed_headers, "host") != NULL);
    fuzz_check(gt_starts_with(signature.canonical_request, "POST\n/"));
    gt_arena_free(arena);
    return 0;
}

#include "verify_internal.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/engine/token_source.h>

enum { TIMEOUT_MS = 10000, EARLY_S = 60 };

struct asker {
    gt_token_fn *fn;
    void *payload;
};

struct gt_token_source {
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct gt_http *http;
    const struct gt_verify_client *client;
    const char *token_url;
    struct gt_arena *kept; /* what the token lives in; goes when it is replaced */
    const char *token;
    int64_t good_until_ms;
    GT_VEC(struct asker) askers;
    bool fetching;
};

struct gt_token_source *gt_token_source_new(struct gt_loop *loop, struct gt_http *http,
                                            const struct gt_verify_client *client,
                                            const char *token_url)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_token_source *source = GT_NEW(arena, struct gt_token_source);
    *source = (struct gt_token_source){
        .arena = arena, .loop = loop, .http = http, .client = client, .token_url = token_url};
    return source;
}

void gt_token_source_free(struct gt_token_source *source)
{
    if (source == NULL)
        return;
    gt_arena_free(source->kept);
    gt_arena_free(source->arena);
}

static void drop(struct gt_token_source *source)
{
    gt_arena_free(source->kept);
    source->kept = NULL;
    source->token = NULL;
}

/* An asker may ask again at once: it then waits for the next answer. */
static void answer(struct gt_token_source *source, const char *reason)
{
    size_t count = source->askers.len;
    for (size_t i = 0; i < count; i++) {
        struct asker asker = source->askers.at[i];
        asker.fn(asker.payload, source->token, reason);
    }
    for (size_t i = count; i < source->askers.len; i++)
        source->askers.at[i - count] = source->askers.at[i];
    source->askers.len -= count;
}

static void on_token(void *payload, const struct gt_http_response *response)
{
    struct gt_token_source *source = payload;
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_fetched fetched;
    struct gt_token token;
    drop(source);
    source->fetching = false;
    source->kept = arena;
    gt_fetched_read(arena, response, &fetched);
    if (gt_token_read(&fetched, &token)) {
        int64_t life_s = token.expires_in_s > 2 * EARLY_S ? token.expires_in_s - EARLY_S
                                                          : token.expires_in_s / 2;
        source->token = token.access_token;
        source->good_until_ms = gt_monotonic_ms(gt_loop_sys(source->loop)) + life_s * 1000;
        answer(source, NULL);
        return;
    }
    answer(source, gt_printf(arena, "no token from %s: %s", source->token_url,
                             fetched.status == 200 ? "HTTP 200 without an access_token"
                                                   : gt_received(arena, &fetched)));
}

void gt_token_source_get(struct gt_token_source *source, gt_token_fn *fn, void *payload)
{
    if (source->token != NULL &&
        gt_monotonic_ms(gt_loop_sys(source->loop)) < source->good_until_ms) {
        fn(payload, source->token, NULL);
        return;
    }
    *GT_PUSH(source->arena, &source->askers) = (struct asker){fn, payload};
    if (source->fetching)
        return;
    struct gt_arena *scratch = gt_arena_new_secret();
    struct gt_token_request request;
    gt_token_request(scratch, source->token_url, source->client, NULL, &request);
    request.http.timeout_ms = TIMEOUT_MS;
    source->fetching = true;
    gt_http_send(source->http, &request.http, on_token, source);
    gt_arena_free(scratch);
}

void gt_token_source_refused(struct gt_token_source *source, const char *token)
{
    if (!source->fetching && gt_streq(token, source->token))
        drop(source);
}

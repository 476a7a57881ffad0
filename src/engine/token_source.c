#include "verify_internal.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/engine/token_source.h>

enum { TIMEOUT_MS = 10000, PATIENCE_MS = 20000, EARLY_S = 60 };

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
    /* Of the fetch under way: one of the two is there. */
    struct gt_http_open *open;
    struct gt_timer *pause;
    int64_t patient_until_ms, pause_ms;
};

static int64_t now_ms(const struct gt_token_source *source)
{
    return gt_monotonic_ms(gt_loop_sys(source->loop));
}

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
    gt_http_cancel(source->open);
    gt_timer_cancel(source->pause);
    gt_arena_free(source->kept);
    gt_arena_free(source->arena);
}

static void drop(struct gt_token_source *source)
{
    gt_arena_free(source->kept);
    source->kept = NULL;
    source->token = NULL;
}

/* The askers of this answer; one of them may ask again at once, and then waits for the next. */
static void answer(struct gt_token_source *source, const char *token, const char *reason)
{
    size_t count = source->askers.len;
    for (size_t i = 0; i < count; i++) {
        struct asker asker = source->askers.at[i];
        asker.fn(asker.payload, token, reason);
    }
    for (size_t i = count; i < source->askers.len; i++)
        source->askers.at[i - count] = source->askers.at[i];
    source->askers.len -= count;
}

static void send(void *payload);

/* The name of a domain that is new resolves a while after the domain is there. */
static bool may_pass(struct gt_token_source *source, const struct gt_fetched *fetched)
{
    if (!gt_is_passing(fetched) || now_ms(source) + source->pause_ms > source->patient_until_ms)
        return false;
    source->pause = gt_timer_start(source->loop, source->pause_ms, send, source);
    source->pause_ms = gt_longer_pause(source->pause_ms);
    return true;
}

static void keep(struct gt_token_source *source, struct gt_arena *arena,
                 const struct gt_token *token)
{
    /* A short life is not all taken by asking early. */
    int64_t life_s =
        token->expires_in_s > 2 * EARLY_S ? token->expires_in_s - EARLY_S : token->expires_in_s / 2;
    source->kept = arena;
    source->token = token->access_token;
    source->good_until_ms = now_ms(source) + life_s * 1000;
}

static void on_token(void *payload, const struct gt_http_response *response)
{
    struct gt_token_source *source = payload;
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_fetched fetched;
    struct gt_token token;
    source->open = NULL;
    gt_fetched_read(arena, response, &fetched);
    if (gt_token_read(&fetched, &token)) {
        keep(source, arena, &token);
        answer(source, source->token, NULL);
        return;
    }
    if (!may_pass(source, &fetched))
        answer(source, NULL,
               gt_printf(arena, "no token from %s: %s", source->token_url,
                         fetched.status / 100 == 2
                             ? gt_printf(arena, "HTTP %d without an access_token", fetched.status)
                             : gt_received(arena, &fetched)));
    gt_arena_free(arena);
}

static void send(void *payload)
{
    struct gt_token_source *source = payload;
    struct gt_arena *scratch = gt_arena_new_secret();
    struct gt_token_request request;
    source->pause = NULL;
    gt_token_request(scratch, source->token_url, source->client, NULL, &request);
    request.http.timeout_ms = TIMEOUT_MS;
    source->open = gt_http_start(source->http, &request.http, on_token, source);
    gt_arena_free(scratch);
}

void gt_token_source_get(struct gt_token_source *source, gt_token_fn *fn, void *payload)
{
    if (source->token != NULL && now_ms(source) < source->good_until_ms) {
        fn(payload, source->token, NULL);
        return;
    }
    *GT_PUSH(source->arena, &source->askers) = (struct asker){fn, payload};
    if (source->open != NULL || source->pause != NULL)
        return;
    drop(source);
    source->patient_until_ms = now_ms(source) + PATIENCE_MS;
    source->pause_ms = GT_FIRST_PAUSE_MS;
    send(source);
}

void gt_token_source_refused(struct gt_token_source *source, const char *token)
{
    if (token != NULL && gt_streq(token, source->token))
        drop(source);
}

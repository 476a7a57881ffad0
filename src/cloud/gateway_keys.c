/*
 * Keys of token issuers: the discovery document and the JWKS it names, fetched without blocking,
 * kept, and fetched again when a token names a key that is not among them.
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum {
    KEEP_MS = 10 * 60 * 1000,   /* good keys */
    KEEP_TROUBLE_MS = 5 * 1000, /* a failure, before it is tried again */
    AGAIN_MS = 30 * 1000,       /* between two fetches because of an unknown key */
    FETCH_TIMEOUT_MS = 10 * 1000,
    DOCUMENT_MAX = 1 << 20,
    ISSUERS_MAX = 256
};

struct gt_issuer {
    struct gt_issuer *next;
    struct gt_plane *plane;
    struct gt_arena *arena;
    const char *discovery_url;
    const char *issuer, *problem; /* in `kept` */
    struct gt_arena *kept;
    json_t *jwks;
    const char *new_issuer; /* in `work`: of the fetch under way */
    struct gt_arena *work;
    int64_t fetched_ms;
    struct gt_http_open *open;
    struct gt_issuer_wait *waits;
};

static int64_t now_of(const struct gt_issuer *issuer)
{
    return gt_monotonic_ms(gt_loop_sys(gt_local_loop(issuer->plane->local)));
}

static void issuer_free(struct gt_issuer *issuer)
{
    gt_http_cancel(issuer->open);
    json_decref(issuer->jwks);
    gt_arena_free(issuer->kept);
    gt_arena_free(issuer->work);
    gt_arena_free(issuer->arena);
}

static void answer_all(struct gt_issuer *issuer)
{
    struct gt_issuer_wait *waits = issuer->waits;
    issuer->waits = NULL;
    json_t *jwks = json_incref(issuer->jwks);
    struct gt_arena *arena = gt_arena_new();
    const char *name = gt_strdup(arena, issuer->issuer);
    const char *problem = gt_strdup(arena, issuer->problem);
    while (waits != NULL) {
        struct gt_issuer_wait *wait = waits;
        waits = wait->next;
        wait->fn(wait, problem == NULL ? name : NULL, problem == NULL ? jwks : NULL, problem);
    }
    json_decref(jwks);
    gt_arena_free(arena);
}

/* The fetch ended. Keys that were there stay good when a later fetch fails. */
static void finish(struct gt_issuer *issuer, json_t *jwks, const char *problem)
{
    struct gt_arena *old = issuer->work;
    issuer->fetched_ms = now_of(issuer);
    if (jwks != NULL || issuer->jwks == NULL) {
        old = issuer->kept;
        issuer->kept = issuer->work;
        json_decref(issuer->jwks);
        issuer->jwks = jwks;
        issuer->issuer = issuer->new_issuer;
        issuer->problem = jwks != NULL ? NULL : gt_strdup(issuer->kept, problem);
    }
    issuer->work = NULL;
    gt_arena_free(old);
    answer_all(issuer);
}

static json_t *document_of(struct gt_arena *arena, const char *what,
                           const struct gt_http_response *response, const char **problem)
{
    if (response->outcome != GT_HTTP_ANSWERED) {
        *problem = gt_printf(arena, "%s cannot be fetched: %s", what, response->error);
        return NULL;
    }
    if (response->status != 200) {
        *problem = gt_printf(arena, "%s: HTTP %d", what, response->status);
        return NULL;
    }
    json_t *document = gt_rpc_parse(arena, response->body, response->body_len, 32, problem);
    if (!json_is_object(document)) {
        json_decref(document);
        *problem = gt_printf(arena, "%s is no JSON object", what);
        return NULL;
    }
    return document;
}

static void on_jwks(void *payload, const struct gt_http_response *response)
{
    struct gt_issuer *issuer = payload;
    const char *problem = NULL;
    issuer->open = NULL;
    json_t *jwks = document_of(issuer->work, "the issuer's key set", response, &problem);
    if (jwks != NULL && !json_is_array(json_object_get(jwks, "keys"))) {
        json_decref(jwks);
        jwks = NULL;
        problem = "the issuer's key set has no keys";
    }
    finish(issuer, jwks, problem);
}

static bool fetch(struct gt_issuer *issuer, const char *url, gt_http_fn *fn)
{
    struct gt_url parts;
    if (!gt_url_split(issuer->work, url, &parts) || gt_url_obstacle(&parts, NULL) != NULL)
        return false;
    const struct gt_header headers[] = {{"accept", "application/json"}};
    const struct gt_http_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = GT_COUNT(headers),
        .timeout_ms = FETCH_TIMEOUT_MS,
        .max_body = DOCUMENT_MAX,
        .no_proxy = gt_url_is_loopback(&parts),
    };
    issuer->open = gt_http_start(gt_local_http(issuer->plane->local), &request, fn, issuer);
    return true;
}

static void on_discovery(void *payload, const struct gt_http_response *response)
{
    struct gt_issuer *issuer = payload;
    const char *problem = NULL;
    issuer->open = NULL;
    json_auto_t *document =
        document_of(issuer->work, "the issuer's discovery document", response, &problem);
    if (document == NULL) {
        finish(issuer, NULL, problem);
        return;
    }
    const char *name = gt_text_at(document, "/issuer"), *jwks = gt_text_at(document, "/jwks_uri");
    if (name == NULL || jwks == NULL) {
        finish(issuer, NULL, "the issuer's discovery document names no issuer and key set");
        return;
    }
    issuer->new_issuer = gt_strdup(issuer->work, name);
    if (!fetch(issuer, jwks, on_jwks))
        finish(issuer, NULL, "the issuer's jwks_uri is no https URL");
}

static struct gt_issuer *issuer_of(struct gt_plane *plane, const char *discovery_url)
{
    size_t count = 0;
    struct gt_issuer **at = &plane->issuers;
    for (; *at != NULL; at = &(*at)->next, count++)
        if (gt_streq((*at)->discovery_url, discovery_url))
            return *at;
    if (count >= ISSUERS_MAX) { /* the oldest that is not at work */
        for (at = &plane->issuers; *at != NULL; at = &(*at)->next) {
            struct gt_issuer *old = *at;
            if (old->open == NULL) {
                *at = old->next;
                issuer_free(old);
                break;
            }
        }
        for (at = &plane->issuers; *at != NULL;)
            at = &(*at)->next;
    }
    struct gt_arena *arena = gt_arena_new();
    struct gt_issuer *issuer = GT_NEW(arena, struct gt_issuer);
    issuer->plane = plane;
    issuer->arena = arena;
    issuer->discovery_url = gt_strdup(arena, discovery_url);
    *at = issuer;
    return issuer;
}

/* The cloud's own pools are asked directly: their keys are always the present ones. */
static bool own_keys(struct gt_plane *plane, const char *discovery_url, struct gt_issuer_wait *wait)
{
    json_auto_t *document = gt_oauth_own_discovery(plane->local, discovery_url);
    if (document == NULL)
        return false;
    json_auto_t *jwks = gt_oauth_own_jwks(plane->local, discovery_url);
    const char *issuer = gt_text_at(document, "/issuer");
    bool good = jwks != NULL && issuer != NULL;
    wait->fn(wait, good ? issuer : NULL, good ? jwks : NULL,
             good ? NULL : "the user pool has no keys");
    return true;
}

void gt_issuer_keys(struct gt_plane *plane, const char *discovery_url, bool again,
                    struct gt_issuer_wait *wait)
{
    if (own_keys(plane, discovery_url, wait))
        return;
    struct gt_issuer *issuer = issuer_of(plane, discovery_url);
    wait->next = issuer->waits;
    issuer->waits = wait;
    if (issuer->open != NULL)
        return;
    int64_t keep = issuer->jwks == NULL ? KEEP_TROUBLE_MS : again ? AGAIN_MS : KEEP_MS;
    if (issuer->kept != NULL && now_of(issuer) - issuer->fetched_ms < keep) {
        answer_all(issuer);
        return;
    }
    issuer->work = gt_arena_new();
    issuer->new_issuer = NULL;
    if (!fetch(issuer, discovery_url, on_discovery))
        finish(issuer, NULL, "the authorizer's discoveryUrl is no https URL");
}

void gt_issuer_free_all(struct gt_plane *plane, bool forsaken)
{
    while (plane->issuers != NULL) {
        struct gt_issuer *issuer = plane->issuers;
        plane->issuers = issuer->next;
        if (!forsaken) {
            issuer->problem = "the gateway is gone";
            answer_all(issuer);
        }
        issuer_free(issuer);
    }
}

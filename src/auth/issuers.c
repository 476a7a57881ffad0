#include "issuers.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <gantry/mcp/protocol.h>

enum {
    FRESH_MS = 10 * 60 * 1000,     /* younger keys are not asked for again */
    STALE_MS = 60 * 60 * 1000,     /* with older ones a request waits until that was done */
    KEEP_MS = 24 * 60 * 60 * 1000, /* older ones are good no more, whoever cannot be reached */
    REST_MS = 5 * 1000, /* after a fetch, whatever comes: anybody can make up names of keys */
    FETCH_TIMEOUT_MS = 5 * 1000, /* of each of the two documents */
    DOCUMENT_MAX = 512 * 1024,
    DEPTH_MAX = 32,
    KEYS_MAX = 256,
    NAME_MAX_LEN = 2048,
    PROBLEM_MAX = 300,
    ISSUERS_MAX = 256
};

struct gt_issuer {
    struct gt_issuer *next;
    struct gt_issuers *issuers;
    struct gt_arena *arena;
    const char *discovery_url;
    json_t *name, *jwks; /* both or none */
    uint64_t generation;
    const char *problem; /* in `trouble` */
    struct gt_arena *trouble;
    bool own, tried;
    int64_t good_ms, tried_ms; /* when the keys came, and when a fetch ended last */
    struct gt_http_open *open; /* the fetch that is under way */
    json_t *new_name;
    bool loopback; /* it is this machine's own issuer */
    unsigned busy; /* those who waited are being told */
    struct gt_keys_wait *waits, **waits_end;
};

static int64_t now_of(const struct gt_issuer *issuer)
{
    return gt_monotonic_ms(gt_loop_sys(issuer->issuers->options.loop));
}

static struct gt_keys keys_of(const struct gt_issuer *issuer)
{
    return (struct gt_keys){.issuer = json_string_value(issuer->name),
                            .jwks = issuer->jwks,
                            .generation = issuer->generation,
                            .problem = issuer->problem};
}

static void set_problem(struct gt_issuer *issuer, const char *problem)
{
    struct gt_arena *old = issuer->trouble;
    issuer->trouble = problem == NULL ? NULL : gt_arena_new();
    issuer->problem = problem == NULL ? NULL : gt_one_line(issuer->trouble, problem, PROBLEM_MAX);
    gt_arena_free(old);
}

/* Steals both; NULL: there are no keys any more. */
static void set_keys(struct gt_issuer *issuer, json_t *name, json_t *jwks)
{
    bool same = jwks != NULL && issuer->jwks != NULL && json_equal(name, issuer->name) &&
                json_equal(jwks, issuer->jwks);
    if (!same && issuer->jwks != NULL)
        gt_tokens_drop(issuer->issuers->tokens, issuer->generation);
    if (!same)
        issuer->generation = ++issuer->issuers->generation;
    json_decref(issuer->name);
    json_decref(issuer->jwks);
    issuer->name = name;
    issuer->jwks = jwks;
}

static void issuer_free(struct gt_issuer *issuer)
{
    gt_http_cancel(issuer->open);
    set_keys(issuer, NULL, NULL);
    json_decref(issuer->new_name);
    gt_arena_free(issuer->trouble);
    gt_arena_free(issuer->arena);
}

/* -- fetching -- */

static void answer_all(struct gt_issuer *issuer)
{
    struct gt_keys_wait *waits = issuer->waits;
    issuer->waits = NULL;
    issuer->waits_end = &issuer->waits;
    issuer->busy++;
    while (waits != NULL) {
        struct gt_keys_wait *wait = waits;
        const struct gt_keys keys = keys_of(issuer);
        waits = wait->next;
        wait->fn(wait, &keys);
    }
    issuer->busy--;
}

/* The fetch ended; keys that were there stay good when a later fetch fails. Steals jwks. */
static void finish(struct gt_issuer *issuer, json_t *jwks, const char *problem)
{
    json_t *name = issuer->new_name;
    issuer->new_name = NULL;
    issuer->tried = true;
    issuer->tried_ms = now_of(issuer);
    set_problem(issuer, jwks != NULL ? NULL : problem);
    if (jwks != NULL) {
        set_keys(issuer, name, jwks);
        issuer->good_ms = issuer->tried_ms;
    } else {
        json_decref(name);
        if (issuer->tried_ms - issuer->good_ms >= KEEP_MS)
            set_keys(issuer, NULL, NULL);
    }
    answer_all(issuer);
}

static json_t *document_of(struct gt_arena *arena, const char *what,
                           const struct gt_http_response *response, const char **problem)
{
    if (response->too_large) {
        *problem = gt_printf(arena, "%s is too large", what);
        return NULL;
    }
    if (response->outcome != GT_HTTP_ANSWERED) {
        *problem = gt_printf(arena, "%s cannot be fetched: %s", what, response->error);
        return NULL;
    }
    if (response->status != 200) {
        *problem = gt_printf(arena, "%s: HTTP %d", what, response->status);
        return NULL;
    }
    const char *why = NULL;
    json_t *document = gt_rpc_parse(arena, response->body, response->body_len, DEPTH_MAX, &why);
    if (json_is_object(document))
        return document;
    json_decref(document);
    *problem = gt_printf(arena, "%s is no JSON object", what);
    return NULL;
}

static void on_jwks(void *payload, const struct gt_http_response *response)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct gt_issuer *issuer = payload;
    const char *problem = NULL;
    issuer->open = NULL;
    json_t *jwks = document_of(scratch, "the issuer's key set", response, &problem);
    const json_t *keys = json_object_get(jwks, "keys");
    if (jwks != NULL && !json_is_array(keys))
        problem = "the issuer's key set has no keys";
    else if (json_array_size(keys) > KEYS_MAX)
        problem = "the issuer's key set has too many keys";
    if (problem != NULL) {
        json_decref(jwks);
        jwks = NULL;
    }
    finish(issuer, jwks, problem);
}

/* False when it is no address that keys may come from. An issuer elsewhere does not send us to
 * addresses of this machine. */
static bool fetch(struct gt_issuer *issuer, const char *text, gt_http_fn *fn)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct gt_url url;
    if (!gt_url_split(scratch, text, &url) || !gt_url_is_safe(&url) ||
        (gt_url_is_loopback(&url) && !issuer->loopback))
        return false;
    static const struct gt_header headers[] = {{"accept", "application/json"}};
    const struct gt_http_request request = {
        .method = "GET",
        .url = text,
        .headers = headers,
        .header_count = GT_COUNT(headers),
        .timeout_ms = FETCH_TIMEOUT_MS,
        .max_body = DOCUMENT_MAX,
    };
    issuer->open = gt_http_start(issuer->issuers->options.http, &request, fn, issuer);
    return true;
}

static void on_discovery(void *payload, const struct gt_http_response *response)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct gt_issuer *issuer = payload;
    const char *problem = NULL;
    issuer->open = NULL;
    json_auto_t *document =
        document_of(scratch, "the issuer's discovery document", response, &problem);
    json_t *name = json_object_get(document, "issuer");
    const char *jwks = gt_text_at(document, "/jwks_uri");
    if (document == NULL) {
        finish(issuer, NULL, problem);
    } else if (!json_is_string(name) || json_string_length(name) > NAME_MAX_LEN || jwks == NULL) {
        finish(issuer, NULL, "the issuer's discovery document names no issuer and key set");
    } else {
        issuer->new_name = json_incref(name);
        if (!fetch(issuer, jwks, on_jwks))
            finish(issuer, NULL, "the issuer's jwks_uri is no https URL");
    }
}

/* Begins a fetch unless one is under way or has ended a moment ago. */
static void begin(struct gt_issuer *issuer)
{
    if (issuer->open != NULL || issuer->issuers->closing ||
        (issuer->tried && now_of(issuer) - issuer->tried_ms < REST_MS))
        return;
    issuer->issuers->fetches++;
    if (!fetch(issuer, issuer->discovery_url, on_discovery))
        finish(issuer, NULL, "the issuer's discovery URL is no https URL");
}

/* -- finding -- */

static bool forget_oldest(struct gt_issuers *issuers)
{
    for (struct gt_issuer **at = &issuers->first; *at != NULL; at = &(*at)->next) {
        struct gt_issuer *old = *at;
        if (old->open == NULL && old->busy == 0) {
            *at = old->next;
            issuer_free(old);
            return true;
        }
    }
    return false;
}

static struct gt_issuer *issuer_of(struct gt_issuers *issuers, const char *discovery_url)
{
    size_t count = 0;
    struct gt_issuer **at = &issuers->first;
    for (; *at != NULL; at = &(*at)->next, count++)
        if (gt_streq((*at)->discovery_url, discovery_url))
            return *at;
    while (count >= ISSUERS_MAX && forget_oldest(issuers))
        count--;
    for (at = &issuers->first; *at != NULL;)
        at = &(*at)->next;
    struct gt_url url;
    struct gt_arena *arena = gt_arena_new();
    struct gt_issuer *issuer = GT_NEW(arena, struct gt_issuer);
    *issuer = (struct gt_issuer){.issuers = issuers,
                                 .arena = arena,
                                 .discovery_url = gt_strdup(arena, discovery_url),
                                 .loopback = gt_url_split(arena, discovery_url, &url) &&
                                             gt_url_is_loopback(&url)};
    issuer->waits_end = &issuer->waits;
    *at = issuer;
    return issuer;
}

/* An issuer of this program is asked each time: its keys are always the present ones. */
static bool ask_own(struct gt_issuer *issuer)
{
    const struct gt_issuers_options *options = &issuer->issuers->options;
    json_t *document = NULL, *jwks = NULL;
    bool own = options->own != NULL &&
               options->own(options->payload, issuer->discovery_url, &document, &jwks);
    if (!own && issuer->own) { /* it is gone */
        set_keys(issuer, NULL, NULL);
        set_problem(issuer, NULL);
        issuer->tried = false;
    }
    issuer->own = own;
    if (!own)
        return false;
    json_t *name = json_incref(json_object_get(document, "issuer"));
    bool good = json_is_string(name) && jwks != NULL;
    if (good) {
        set_keys(issuer, name, jwks);
    } else {
        json_decref(name);
        json_decref(jwks);
        set_keys(issuer, NULL, NULL);
    }
    set_problem(issuer, good ? NULL : "the issuer has no keys");
    json_decref(document);
    return true;
}

bool gt_keys_get(struct gt_issuers *issuers, const char *discovery_url, struct gt_keys *keys)
{
    struct gt_issuer *issuer = issuer_of(issuers, discovery_url);
    if (!ask_own(issuer)) {
        int64_t age = now_of(issuer) - issuer->good_ms;
        if (issuer->jwks == NULL || age >= FRESH_MS)
            begin(issuer);
        bool stale = age >= STALE_MS && issuer->problem == NULL;
        if (issuer->open != NULL && (issuer->jwks == NULL || stale))
            return false;
    }
    *keys = keys_of(issuer);
    return true;
}

bool gt_keys_again(struct gt_issuers *issuers, const char *discovery_url)
{
    struct gt_issuer *issuer = issuer_of(issuers, discovery_url);
    if (issuer->own)
        return false;
    begin(issuer);
    return issuer->open != NULL;
}

void gt_keys_wait(struct gt_issuers *issuers, const char *discovery_url, struct gt_keys_wait *wait)
{
    struct gt_issuer *issuer = issuer_of(issuers, discovery_url);
    wait->next = NULL;
    *issuer->waits_end = wait;
    issuer->waits_end = &wait->next;
}

struct gt_issuers *gt_issuers_new(const struct gt_issuers_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_issuers *issuers = GT_NEW(arena, struct gt_issuers);
    issuers->arena = arena;
    issuers->options = *options;
    issuers->tokens = gt_tokens_new(arena);
    return issuers;
}

void gt_issuers_free(struct gt_issuers *issuers)
{
    if (issuers == NULL)
        return;
    issuers->closing = true;
    for (struct gt_issuer *issuer = issuers->first; issuer != NULL; issuer = issuer->next) {
        set_keys(issuer, NULL, NULL);
        set_problem(issuer, "the server is ending");
        answer_all(issuer);
    }
    while (issuers->first != NULL) {
        struct gt_issuer *issuer = issuers->first;
        issuers->first = issuer->next;
        issuer_free(issuer);
    }
    gt_tokens_clear(issuers->tokens);
    gt_arena_free(issuers->arena);
}

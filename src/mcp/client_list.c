/* Lists of many pages. */
#include "client_parts.h"

#include <gantry/base/str.h>

enum { PAGES_MAX = 1000 };

struct listing {
    struct gt_arena *arena;
    struct gt_mcp_client *client;
    const char *method, *member;
    json_t *items; /* all so far */
    json_t *seen;  /* {cursor: true} */
    int pages;
    int64_t elapsed_ms;
    gt_mcp_done_fn *fn;
    void *payload;
};

static void drop(void *payload)
{
    struct listing *listing = payload;
    gt_arena_free(listing->arena);
}

static void ask(struct listing *listing, const char *cursor);

static void finish(struct listing *listing, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_outcome told = *outcome;
    told.elapsed_ms = listing->elapsed_ms;
    listing->fn(listing->payload, &told);
    gt_arena_free(listing->arena);
}

static void finish_garbled(struct listing *listing, const struct gt_mcp_outcome *outcome,
                           const char *message)
{
    struct gt_mcp_outcome told = *outcome;
    told.failure = GT_MCP_GARBLED;
    told.result = NULL;
    told.message = gt_printf(listing->arena, "%s: %s", listing->method, message);
    finish(listing, &told);
}

static void finish_complete(struct listing *listing, const struct gt_mcp_outcome *outcome)
{
    json_auto_t *result =
        json_pack("{s:O, s:i}", listing->member, listing->items, "pages", listing->pages);
    struct gt_mcp_outcome told = *outcome;
    told.result = result;
    finish(listing, &told);
}

static void on_page(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct listing *listing = payload;
    listing->elapsed_ms += outcome->elapsed_ms;
    if (outcome->failure != GT_MCP_OK) {
        finish(listing, outcome);
        return;
    }
    const json_t *items = json_object_get(outcome->result, listing->member);
    const json_t *next = json_object_get(outcome->result, "nextCursor");
    if (!json_is_array(items)) {
        finish_garbled(listing, outcome, "a page without its list");
        return;
    }
    json_array_extend(listing->items, json_object_get(outcome->result, listing->member));
    listing->pages++;
    if (next == NULL || json_is_null(next))
        finish_complete(listing, outcome);
    else if (!json_is_string(next))
        finish_garbled(listing, outcome, "a cursor that is no text");
    else if (json_object_get(listing->seen, json_string_value(next)) != NULL)
        finish_garbled(listing, outcome, "the same cursor came twice");
    else if (listing->pages >= PAGES_MAX)
        finish_garbled(listing, outcome, "the list does not end");
    else
        ask(listing, json_string_value(next));
}

static void ask(struct listing *listing, const char *cursor)
{
    json_auto_t *params = json_object();
    if (cursor != NULL) {
        json_object_set_new(listing->seen, cursor, json_true());
        json_object_set_new(params, "cursor", json_string(cursor));
    }
    struct gt_client_ask request = {
        .ask = {.method = listing->method, .params = params},
        .drop = drop,
    };
    gt_client_ask(listing->client, &request, on_page, listing);
}

void gt_mcp_list(struct gt_mcp_client *client, const char *method, const char *member,
                 gt_mcp_done_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct listing *listing = GT_NEW(arena, struct listing);
    *listing = (struct listing){
        .arena = arena,
        .client = client,
        .method = gt_strdup(arena, method),
        .member = gt_strdup(arena, member),
        .items = gt_keep(arena, json_array()),
        .seen = gt_keep(arena, json_object()),
        .fn = fn,
        .payload = payload,
    };
    ask(listing, NULL);
}

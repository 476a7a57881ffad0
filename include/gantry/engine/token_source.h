/* Tokens for one client, fetched when they are needed and again before they run out; asynchronous.
 */
#ifndef GANTRY_ENGINE_TOKEN_SOURCE_H
#define GANTRY_ENGINE_TOKEN_SOURCE_H

#include <gantry/engine/verify.h>

struct gt_token_source;

/* `client` and `token_url` are borrowed for as long as it lives. */
struct gt_token_source *gt_token_source_new(struct gt_loop *loop, struct gt_http *http,
                                            const struct gt_verify_client *client,
                                            const char *token_url);
/* Askers that wait get no answer. Wipes. NULL is allowed; not from inside a gt_token_fn. */
void gt_token_source_free(struct gt_token_source *source);

/*
 * A token that is good for another minute (for half its life when that is short), or NULL with the
 * reason on one line. Concurrent askers share one request; one that fails for a reason that may
 * pass is repeated for 20 seconds. Called once, from the loop, or at once when the token is there;
 * `token` is valid during the call.
 */
typedef void gt_token_fn(void *payload, const char *token, const char *reason);
void gt_token_source_get(struct gt_token_source *source, gt_token_fn *fn, void *payload);

/* This token was refused: the next asker gets another one. One that is not in use any more, and
 * NULL, changes nothing. Not from inside a gt_token_fn. */
void gt_token_source_refused(struct gt_token_source *source, const char *token);

#endif

/* The order in which places are asked for keys, and what a provider may say. */
#include "providers.h"
#include <gantry/base/buf.h>
#include <gantry/net/loop.h>
#include <gantry/sys/file.h>

const struct gt_provider *const gt_profile_providers[] = {
    &gt_provider_web_identity,
    &gt_provider_sso,
    &gt_provider_shared_file,
    &gt_provider_login,
    &gt_provider_process,
    &gt_provider_config_file,
    NULL,
};

struct chain {
    struct gt_fetch fetch; /* of the provider at work */
    const struct gt_provider *const *next;
    gt_found_fn *done;
    void *payload;
};

static void ask_next(struct chain *chain);

static void provider_done(void *payload, enum gt_found found, const struct gt_keys *keys)
{
    struct chain *chain = payload;
    if (found == GT_FOUND_NONE)
        ask_next(chain);
    else
        chain->done(chain->payload, found, keys);
}

static void ask_next(struct chain *chain)
{
    const struct gt_provider *provider = *chain->next;
    if (provider == NULL) {
        chain->done(chain->payload, GT_FOUND_NONE, NULL);
        return;
    }
    chain->next++;
    /* A fetch of its own for each provider: one that is done must not see the next one's. */
    struct gt_fetch *fetch = GT_NEW(chain->fetch.run->arena, struct gt_fetch);
    *fetch = chain->fetch;
    fetch->provider = provider;
    provider->fetch(fetch);
}

void gt_chain_fetch(const struct gt_provider *const *providers, const struct gt_fetch *fetch)
{
    struct chain *chain = GT_NEW(fetch->run->arena, struct chain);
    chain->fetch = *fetch;
    chain->fetch.done = provider_done;
    chain->fetch.payload = chain;
    chain->next = providers;
    chain->done = fetch->done;
    chain->payload = fetch->payload;
    ask_next(chain);
}

/* A line break that came along with a key would break the header that the key goes into. */
static bool is_plain(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

static const char *flaw_of(const struct gt_keys *keys)
{
    if (!is_plain(keys->access_key_id))
        return "the access key id";
    if (!is_plain(keys->secret_access_key.bytes))
        return "the secret access key";
    return is_plain(keys->session_token) ? NULL : "the session token";
}

void gt_fetch_give(struct gt_fetch *fetch, const struct gt_keys *keys)
{
    struct gt_run *run = fetch->run;
    if (keys->expires_ms != 0 && keys->expires_ms <= gt_now_ms(run->sys)) {
        gt_fetch_fail(fetch, "sign in again, or get new ones from where they came from",
                      "the keys expired at %s", gt_time_iso(run->arena, keys->expires_ms));
        return;
    }
    const char *flaw = flaw_of(keys);
    if (flaw != NULL) {
        gt_fetch_fail(fetch, "look for a space or a line break around it",
                      "%s holds a character that no key has", flaw);
        return;
    }
    fetch->done(fetch->payload, GT_FOUND_KEYS, keys);
}

void gt_fetch_none(struct gt_fetch *fetch, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *why = gt_vprintf(fetch->run->arena, format, args);
    va_end(args);
    gt_note(&fetch->run->diags, "credentials-none", "%s: %s", fetch->provider->name, why);
    fetch->done(fetch->payload, GT_FOUND_NONE, NULL);
}

void gt_fetch_fail(struct gt_fetch *fetch, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *why = gt_vprintf(fetch->run->arena, format, args);
    va_end(args);
    gt_error(&fetch->run->diags, "credentials-failed", "%s: %s", fetch->provider->name, why)->hint =
        gt_strdup(fetch->run->arena, hint);
    gt_fetch_failed(fetch);
}

void gt_fetch_failed(struct gt_fetch *fetch)
{
    fetch->done(fetch->payload, GT_FOUND_FAILED, NULL);
}

const char *gt_fetch_setting(const struct gt_fetch *fetch, const char *key)
{
    return gt_profile_of(fetch->run->options->profile, fetch->profile, key);
}

void gt_run_send(struct gt_run *run, const struct gt_http_request *request, gt_http_fn *fn,
                 void *payload)
{
    struct gt_http_request sent = *request;
    sent.secret = true;
    if (sent.max_body == 0)
        sent.max_body = (size_t)1 << 20;
    run->options->transport.send(run->options->transport.self, &sent, fn, payload);
}

struct repeated {
    struct gt_run *run;
    const struct gt_http_request *request;
    gt_http_fn *fn;
    void *payload;
    int attempts;
};

static void send_repeated(void *payload);

static void repeated_answered(void *payload, const struct gt_http_response *response)
{
    enum { ATTEMPTS = 3, PAUSE_MS = 500 };
    struct repeated *self = payload;
    bool passing =
        response->outcome != GT_HTTP_ANSWERED || response->status == 429 || response->status >= 500;
    if (passing && self->attempts < ATTEMPTS)
        self->run->timer = gt_timer_start(self->run->options->loop, PAUSE_MS << self->attempts,
                                          send_repeated, self);
    else
        self->fn(self->payload, response);
}

static void send_repeated(void *payload)
{
    struct repeated *self = payload;
    self->run->timer = NULL;
    self->attempts++;
    gt_run_send(self->run, self->request, repeated_answered, self);
}

void gt_run_get(struct gt_run *run, const struct gt_http_request *request, gt_http_fn *fn,
                void *payload)
{
    struct repeated *self = GT_NEW(run->arena, struct repeated);
    *self = (struct repeated){.run = run, .request = request, .fn = fn, .payload = payload};
    send_repeated(self);
}

const char *gt_fetch_token_file(struct gt_fetch *fetch, const char *path)
{
    enum { MAX_TOKEN = 64 * 1024 };
    struct gt_run *run = fetch->run;
    char *text = NULL;
    size_t len = 0;
    switch (gt_file_read(run->arena, gt_home_path(run->arena, run->sys, path), MAX_TOKEN, &text,
                         &len, &run->diags)) {
    case GT_READ_FAILED:
        gt_fetch_failed(fetch);
        return NULL;
    case GT_READ_ABSENT:
        gt_fetch_fail(fetch, "whoever hands out tokens has to write it before gantry runs",
                      "the token file %s does not exist", path);
        return NULL;
    case GT_READ_OK:
        break;
    }
    const char *token = gt_secret_text(run->arena, text, len);
    gt_wipe(text, len);
    return token;
}

const char *gt_answer_problem(struct gt_arena *arena, const struct gt_http_response *response)
{
    if (response->outcome != GT_HTTP_ANSWERED)
        return gt_strdup(arena, response->error != NULL ? response->error : "no answer");
    if (response->status != 200)
        return gt_printf(arena, "HTTP status %d", response->status);
    return NULL;
}

/* The public face: a cache of keys, one run of the chain at a time, and who waits for it. */
#include <gantry/aws/credentials.h>
#include <gantry/net/loop.h>

#include "providers.h"
#include <gantry/base/str.h>

enum {
    ADVISORY_MS = 15 * 60 * 1000,
    MANDATORY_MS = 10 * 60 * 1000,
    RETRY_MS = 60 * 1000, /* between two advisory refreshes, when the first one failed */
};

struct waiter {
    gt_keys_fn *fn;
    void *payload;
    bool takes_old; /* is content with the keys of before a refresh */
};

struct gt_credentials {
    struct gt_arena *arena;
    struct gt_credentials_options options;
    struct gt_arena *key_arena; /* of keys; wiped with it */
    const struct gt_keys *keys; /* NULL: none yet */
    int64_t fetched_ms;
    bool expired; /* the service said so */
    int64_t next_advisory_ms;
    struct gt_run *run; /* under way, or ended and not yet delivered */
    bool ended;
    const struct gt_keys *found; /* what the ended run gave; NULL: it failed */
    struct gt_timer *delivery;
    GT_VEC(struct waiter) waiters;
};

static const struct gt_provider *const whole_chain[] = {
    &gt_provider_environment,
    &gt_provider_role,
    &gt_provider_web_identity,
    &gt_provider_sso,
    &gt_provider_shared_file,
    &gt_provider_login,
    &gt_provider_process,
    &gt_provider_config_file,
    &gt_provider_container,
    &gt_provider_imds,
    NULL,
};
static const struct gt_provider *const pipeline_only[] = {&gt_provider_pipeline, NULL};
static const struct gt_provider on_top = {"provider.assumeRole", NULL};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long the keys last, in comparison with how long they lasted when they came: keys that live
 * for less than half an hour are refreshed later than the rule says, not at every call. */
static bool is_within(const struct gt_credentials *self, int64_t window_ms, int64_t divisor)
{
    if (self->keys->expires_ms == 0)
        return false;
    int64_t lifetime_ms = self->keys->expires_ms - self->fetched_ms;
    int64_t left_ms = self->keys->expires_ms - gt_now_ms(self->options.sys);
    return left_ms <= least(window_ms, lifetime_ms / divisor);
}

static bool must_refresh(const struct gt_credentials *self)
{
    return self->keys == NULL || self->expired || is_within(self, MANDATORY_MS, 3);
}

static bool should_refresh(const struct gt_credentials *self)
{
    return is_within(self, ADVISORY_MS, 2) &&
           gt_now_ms(self->options.sys) >= self->next_advisory_ms;
}

static void keep_keys(struct gt_credentials *self, const struct gt_keys *keys)
{
    struct gt_arena *arena = gt_arena_new_secret();
    self->keys = gt_keys_copy(arena, keys);
    gt_arena_free(self->key_arena);
    self->key_arena = arena;
    self->fetched_ms = gt_now_ms(self->options.sys);
    self->expired = false;
}

static void deliver(void *payload);

static void deliver_soon(struct gt_credentials *self)
{
    if (self->delivery == NULL)
        self->delivery = gt_timer_start(self->options.loop, 0, deliver, self);
}

static void summarize(struct gt_credentials *self, enum gt_found found)
{
    struct gt_run *run = self->run;
    struct gt_diag *diag = gt_error(&run->diags, "no-credentials", "no credentials found for AWS");
    diag->hint = found == GT_FOUND_NONE
                     ? "set AWS_PROFILE or give --profile, set AWS_ACCESS_KEY_ID and "
                       "AWS_SECRET_ACCESS_KEY, or sign in with aws sso login"
                     : "mend what is said above: a source that is configured is not passed over";
}

static void top_found(void *payload, enum gt_found found, const struct gt_keys *keys)
{
    struct gt_credentials *self = payload;
    if (found != GT_FOUND_KEYS) {
        summarize(self, found);
        self->next_advisory_ms = gt_now_ms(self->options.sys) + RETRY_MS;
    }
    self->found = keys;
    self->ended = true;
    deliver_soon(self);
}

static void chain_found(void *payload, enum gt_found found, const struct gt_keys *keys)
{
    struct gt_credentials *self = payload;
    if (found != GT_FOUND_KEYS || self->options.assume_role == NULL) {
        top_found(self, found, keys);
        return;
    }
    struct gt_fetch *fetch = GT_NEW(self->run->arena, struct gt_fetch);
    *fetch = (struct gt_fetch){.run = self->run,
                               .provider = &on_top,
                               .profile = gt_profile_name(self->options.profile),
                               .done = top_found,
                               .payload = self};
    gt_assume_on_top(fetch, keys);
}

static void start_run(struct gt_credentials *self)
{
    struct gt_arena *arena = gt_arena_new_secret();
    self->run = GT_NEW(arena, struct gt_run);
    *self->run = (struct gt_run){.arena = arena,
                                 .diags = gt_diags_init(arena),
                                 .options = &self->options,
                                 .sys = self->options.sys};
    self->ended = false;
    if (self->options.fixed != NULL) {
        chain_found(self, GT_FOUND_KEYS, gt_keys_copy(arena, self->options.fixed));
        return;
    }
    const struct gt_fetch fetch = {.run = self->run,
                                   .profile = gt_profile_name(self->options.profile),
                                   .done = chain_found,
                                   .payload = self};
    gt_chain_fetch(self->options.web_identity != NULL ? pipeline_only : whole_chain, &fetch);
}

static void free_run(struct gt_credentials *self)
{
    if (self->run == NULL)
        return;
    gt_timer_cancel(self->run->timer);
    gt_arena_free(self->run->arena);
    self->run = NULL;
}

/* Answers who can be answered; who waits for a run that is under way stays. Their functions may ask
 * again, which starts the next run, so the ended one is taken away first and freed last; and keys
 * are replaced only here, so that those of an answer last as long as its function. */
static void deliver(void *payload)
{
    struct gt_credentials *self = payload;
    self->delivery = NULL;
    bool ended = self->ended;
    struct gt_run *run = ended ? self->run : NULL;
    bool failed = ended && self->found == NULL;
    if (ended) {
        if (!failed)
            keep_keys(self, self->found);
        self->run = NULL;
        self->ended = false;
    }
    struct gt_arena *scratch GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    struct gt_diags none = gt_diags_init(scratch);
    GT_VEC(struct waiter) served = {0};
    size_t kept = 0;
    for (size_t i = 0; i < self->waiters.len; i++) {
        if (ended || self->waiters.at[i].takes_old)
            *GT_PUSH(scratch, &served) = self->waiters.at[i];
        else
            self->waiters.at[kept++] = self->waiters.at[i];
    }
    self->waiters.len = kept;
    for (size_t i = 0; i < served.len; i++) {
        bool refused = failed && !served.at[i].takes_old;
        served.at[i].fn(served.at[i].payload, refused ? NULL : self->keys,
                        run != NULL ? &run->diags : &none);
    }
    if (run != NULL)
        gt_arena_free(run->arena);
}

struct gt_credentials *gt_credentials_new(const struct gt_credentials_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_credentials *self = GT_NEW(arena, struct gt_credentials);
    self->arena = arena;
    self->options = *options;
    return self;
}

void gt_credentials_free(struct gt_credentials *self)
{
    if (self == NULL)
        return;
    gt_timer_cancel(self->delivery);
    free_run(self);
    gt_arena_free(self->key_arena);
    gt_arena_free(self->arena);
}

void gt_credentials_get(struct gt_credentials *self, gt_keys_fn *fn, void *payload)
{
    bool must = must_refresh(self);
    *GT_PUSH(self->arena, &self->waiters) =
        (struct waiter){.fn = fn, .payload = payload, .takes_old = !must};
    if (!must)
        deliver_soon(self);
    if (self->run == NULL && (must || should_refresh(self)))
        start_run(self);
}

void gt_credentials_expire(struct gt_credentials *self, const char *access_key_id)
{
    if (self->keys != NULL && gt_streq(self->keys->access_key_id, access_key_id))
        self->expired = true;
}

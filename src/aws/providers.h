/*
 * Credential providers: each is a row with a function that looks in one place and says exactly once
 * what it found, at once or later from the loop. A run asks them in order until one gives keys or
 * fails; "none" means that it is not configured here, and the next one is asked.
 */
#ifndef GANTRY_AWS_PROVIDERS_H
#define GANTRY_AWS_PROVIDERS_H

#include "profile.h"

/* One run: what it allocates and says lives until its outcome was delivered. */
struct gt_run {
    struct gt_arena *arena;
    struct gt_diags diags;
    const struct gt_credentials_options *options;
    const struct gt_sys *sys;
    struct gt_timer *timer; /* of a provider that waits; NULL: none */
};

enum gt_found { GT_FOUND_KEYS, GT_FOUND_NONE, GT_FOUND_FAILED };

struct gt_fetch;

/* keys: only with GT_FOUND_KEYS; they live in the run's arena. */
typedef void gt_found_fn(void *payload, enum gt_found found, const struct gt_keys *keys);

struct gt_provider {
    const char *name; /* for people: "environment" */
    /* Calls one of gt_fetch_give, gt_fetch_none and gt_fetch_fail exactly once, as the last thing.
     */
    void (*fetch)(struct gt_fetch *fetch);
};

/* Profiles whose roles are being assumed, the innermost first: what a loop is detected by. */
struct gt_visit {
    const char *profile;
    const struct gt_visit *outer;
};

/* One provider at work. */
struct gt_fetch {
    struct gt_run *run;
    const struct gt_provider *provider;
    const char *profile; /* whose settings count */
    bool without_env;    /* for a source profile: variables do not count */
    const struct gt_visit *visited;
    gt_found_fn *done;
    void *payload;
};

/* Keys that have expired already, or hold what no key does, become a failure. */
void gt_fetch_give(struct gt_fetch *fetch, const struct gt_keys *keys);

/* Not configured; the note says why: "environment: AWS_ACCESS_KEY_ID is not set". */
void gt_fetch_none(struct gt_fetch *fetch, const char *format, ...) GT_PRINTF(2, 3);

/* Configured, and no keys: an error with a hint, both in the message's words; ends the chain. */
void gt_fetch_fail(struct gt_fetch *fetch, const char *hint, const char *format, ...)
    GT_PRINTF(3, 4);

/* For a failure whose diagnostic was appended to run->diags already. */
void gt_fetch_failed(struct gt_fetch *fetch);

/* Asks the providers (ends with NULL) in order. `fetch` says for which profile and whom to tell;
 * its provider is ignored. A single NONE at the end means that none was configured. */
void gt_chain_fetch(const struct gt_provider *const *providers, const struct gt_fetch *fetch);

/* In the order of the AWS SDKs. */
extern const struct gt_provider gt_provider_environment, gt_provider_role, gt_provider_web_identity,
    gt_provider_sso, gt_provider_shared_file, gt_provider_login, gt_provider_process,
    gt_provider_config_file, gt_provider_container, gt_provider_imds;

/* What a source profile may use: all that reads profiles but roles. Ends with NULL. */
extern const struct gt_provider *const gt_profile_providers[];

/* provider.webIdentity and provider.assumeRole of the manifest. */
extern const struct gt_provider gt_provider_pipeline;
void gt_assume_on_top(struct gt_fetch *fetch, const struct gt_keys *source);

/* A setting of the profile that counts, or NULL. */
const char *gt_fetch_setting(const struct gt_fetch *fetch, const char *key);

/* A copy in `arena` that is wiped when the arena is freed. */
char *gt_secret_text(struct gt_arena *arena, const char *text, size_t len);
const struct gt_keys *gt_keys_copy(struct gt_arena *arena, const struct gt_keys *keys);

/* How a document spells keys. */
struct gt_keys_form {
    const char *access_key_id, *secret_access_key, *session_token, *expiration, *account_id;
    bool token_required;
};

/*
 * Keys of a document, copied; then the document's texts are wiped. The expiration is a time in ISO
 * 8601 or in Unix milliseconds. NULL with *why (never a value) when a member is missing or wrong.
 */
const struct gt_keys *gt_keys_parse(struct gt_arena *arena, json_t *document,
                                    const struct gt_keys_form *form, const char *source,
                                    const char **why);

/* Overwrite a text that is somebody's own memory, and all texts of a document that nobody shares.
 */
void gt_text_wipe(const char *text, size_t len);
void gt_json_wipe(json_t *document);

/* Sends with the run's transport; secret, and url must live in the run's arena. */
void gt_run_send(struct gt_run *run, const struct gt_http_request *request, gt_http_fn *fn,
                 void *payload);

/* The same for a GET, which is sent up to three times when no answer comes, or one that says
 * "later" (429, 5xx). The request and what it points at must live in the run's arena. */
void gt_run_get(struct gt_run *run, const struct gt_http_request *request, gt_http_fn *fn,
                void *payload);

/* The text of a token file, wiped with the run; NULL: there is none, and the fetch is finished. */
const char *gt_fetch_token_file(struct gt_fetch *fetch, const char *path);

/* What is wrong with an answer, in a few words; NULL: it is a 200. */
const char *gt_answer_problem(struct gt_arena *arena, const struct gt_http_response *response);

struct gt_role_request {
    const char *role_arn, *session_name; /* session_name NULL: "gantry-" and the time */
    const char *external_id;             /* may be NULL */
    int duration_s;                      /* 0: the service's default */
    const char *web_token;               /* AssumeRoleWithWebIdentity; NULL: AssumeRole */
    const char *source;                  /* of the keys, for people */
};

/* Calls STS, signed with `signer` (NULL: unsigned), and finishes `fetch`. */
void gt_sts_fetch(struct gt_fetch *fetch, const struct gt_role_request *request,
                  const struct gt_keys *signer);

#endif

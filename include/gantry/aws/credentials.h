/*
 * Credentials by the chain of the AWS SDKs, in their order; refreshed in the middle of a run.
 * Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
 */
#ifndef GANTRY_AWS_CREDENTIALS_H
#define GANTRY_AWS_CREDENTIALS_H

#include <gantry/net/http.h>
#include <gantry/sign/sigv4.h>

struct gt_profile; /* the shared config and credentials files, as one */

/*
 * Reads ~/.aws/config and ~/.aws/credentials (or AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE).
 * `name` NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". A profile that was asked for (by name
 * or variable) and does not exist is an error, and so is every malformed line; no files at all is
 * none. What the files say is wiped when the arena is freed.
 */
bool gt_profile_load(struct gt_arena *arena, const struct gt_sys *sys, const char *name,
                     struct gt_profile **out, struct gt_diags *diags);

/* A setting of the selected profile ("region"), or NULL; the credentials file wins. `profile` may
 * be NULL, here and below. */
const char *gt_profile_get(const struct gt_profile *profile, const char *key);

/* A setting of `section` of the config file ("services my-services", sub-section "iam": key
 * "endpoint_url"), or NULL. */
const char *gt_profile_section(const struct gt_profile *profile, const char *section,
                               const char *sub, const char *key);

/* The region: AWS_REGION, AWS_DEFAULT_REGION, the profile's; or NULL. */
const char *gt_region_configured(const struct gt_sys *sys, const struct gt_profile *profile);

struct gt_keys {
    const char *access_key_id;
    struct gt_secret secret_access_key;
    const char *session_token; /* NULL: none */
    const char *account_id;    /* NULL: unknown */
    int64_t expires_ms;        /* Unix time; 0: never */
    const char *source;        /* for people: "environment", "profile dev (assume role)" */
};

struct gt_assume_role {
    const char *role_arn, *external_id, *session_name; /* the last two may be NULL */
    int duration_s;                                    /* 0: 3600 */
};

struct gt_web_identity {    /* provider.webIdentity: where a pipeline's OIDC token comes from */
    bool github;            /* ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN */
    const char *env, *file; /* a variable, or a file, that holds it */
    const char *role_arn, *session_name, *audience;
};

/* All pointers are borrowed for as long as the credentials live. */
struct gt_credentials_options {
    const struct gt_sys *sys;
    struct gt_loop *loop;
    struct gt_transport transport;
    const struct gt_profile *profile;
    bool profile_explicit;    /* given on the command line: the environment's keys are skipped */
    const char *region;       /* for STS */
    const char *endpoint_url; /* for STS, as in gt_aws_options */
    const struct gt_assume_role *assume_role;   /* on top of the chain; may be NULL */
    const struct gt_web_identity *web_identity; /* instead of the chain; may be NULL */
    const struct gt_keys *fixed; /* instead of the chain (the embedded cloud, tests); may be NULL */
};

struct gt_credentials;
struct gt_credentials *gt_credentials_new(const struct gt_credentials_options *options);

/* Wipes the keys; askers that wait get no answer. When a run may be under way, the transport goes
 * first, or the loop does not run again: a request has no way back. NULL is allowed. */
void gt_credentials_free(struct gt_credentials *credentials);

/*
 * Gives keys that are valid for some minutes, from the cache or by running the chain; concurrent
 * askers share one run. From 15 minutes before they expire who asks gets the old ones while new
 * ones are fetched, and that may fail; from 10 minutes before, everybody waits. (Of keys that live
 * for less than half an hour: half and a third of their life.)
 *
 * `keys` is NULL on failure, and diags then tell for every provider tried why it gave none: a note
 * for each that is not configured, an error for the one that is and failed, and at last
 * "no-credentials". keys and diags are valid during the call. Called exactly once, from the loop,
 * never inside gt_credentials_get. credential_process blocks the loop while its program runs.
 */
typedef void gt_keys_fn(void *payload, const struct gt_keys *keys, const struct gt_diags *diags);
void gt_credentials_get(struct gt_credentials *credentials, gt_keys_fn *fn, void *payload);

/* The service said that these keys expired: the next get fetches new ones, unless they have been
 * replaced already, as is usual when several requests were under way. */
void gt_credentials_expire(struct gt_credentials *credentials, const char *access_key_id);

#endif

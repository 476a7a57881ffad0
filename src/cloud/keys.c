/*
 * Access keys: a random pair for each account, and what the cloud's own STS issues. They belong to
 * the state, so that programs that were given some still work after a restart.
 */
#include "cloud.h"

#include <gantry/model/endpoints.h>
#include <gantry/sign/verify.h>
#include <string.h>

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char mixed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* `len` random characters of an alphabet whose size divides 256. */
static char *letters(const struct gt_local *local, struct gt_arena *arena, const char *alphabet,
                     size_t len)
{
    size_t size = strlen(alphabet);
    unsigned char *bytes = gt_alloc(arena, len + 1);
    char *text = gt_alloc(arena, len + 1);
    local->sys->random(local->sys->self, bytes, len);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[bytes[i] % size];
    gt_wipe(bytes, len);
    return text;
}

static char *key_id(const struct gt_local *local, struct gt_arena *arena, const char *prefix)
{
    return gt_printf(arena, "%s%s", prefix, letters(local, arena, upper, 16));
}

/* The account's own pair has no role. */
static const char *find_pair(const struct gt_local *local, const char *account)
{
    const char *id;
    json_t *key;
    json_object_foreach(local->keys, id,
                        key) if (json_object_get(key, "role") == NULL &&
                                 gt_streq(gt_text_at(key, "/account"), account)) return id;
    return NULL;
}

struct gt_key_pair gt_keys_of_account(struct gt_local *local, struct gt_arena *arena,
                                      const char *account)
{
    const char *id = find_pair(local, account);
    if (id == NULL) {
        char *made = key_id(local, arena, "AKIA"), *secret = letters(local, arena, mixed, 40);
        char *user = key_id(local, arena, "AIDA");
        json_object_set_new(
            local->keys, made,
            json_pack("{s:s, s:s, s:s}", "account", account, "secret", secret, "user", user));
        gt_state_note(local, "keys", made);
        id = made;
    }
    const json_t *key = json_object_get(local->keys, id);
    return (struct gt_key_pair){.access_key_id = gt_strdup(arena, id),
                                .secret_access_key = gt_strdup(arena, gt_text_at(key, "/secret")),
                                .account = gt_strdup(arena, account)};
}

enum { SWEEP_EVERY = 256 };

/* Another role may have its name and its ARN later, never this. */
static const char *unique_id(const struct gt_object *role)
{
    const char *id = gt_text_at(role->data, "/RoleId");
    return id == NULL ? role->id : id;
}

/* Whether the role of a session is still there, and the same one. */
static bool has_role(struct gt_local *local, const json_t *key)
{
    const char *arn = gt_text_at(key, "/role"), *user = gt_text_at(key, "/user");
    if (arn == NULL)
        return true;
    const struct gt_object *role = gt_object_find_arn(local, arn);
    const char *id = role == NULL ? NULL : unique_id(role);
    return id != NULL && gt_starts_with(user, id) && user[strlen(id)] == ':';
}

void gt_keys_issue(struct gt_local *local, struct gt_arena *arena, const struct gt_object *role,
                   const char *session, int64_t life_ms, const json_t *policy,
                   struct gt_issued *issued)
{
    const char *name = gt_text_at(role->data, "/RoleName");
    const char *partition = gt_strndup(arena, role->arn,
                                       strcspn(role->arn, ":") + 1 +
                                           strcspn(role->arn + strcspn(role->arn, ":") + 1, ":"));
    const char *user = gt_printf(arena, "%s:%s", unique_id(role), session);
    *issued = (struct gt_issued){
        .access_key_id = key_id(local, arena, "ASIA"),
        .secret_access_key = letters(local, arena, mixed, 40),
        .session_token = letters(local, arena, mixed, 200),
        .expires_ms = gt_local_now_ms(local) + life_ms,
        .arn = gt_printf(arena, "%s:sts::%s:assumed-role/%s/%s", partition, role->account,
                         name == NULL ? role->id : name, session),
        .id = user,
    };
    json_t *key =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "account", role->account, "secret",
                  issued->secret_access_key, "token", issued->session_token, "role", role->arn,
                  "arn", issued->arn, "user", user, "expires", (json_int_t)issued->expires_ms);
    if (policy != NULL)
        json_object_set_new(key, "policy", json_deep_copy(policy));
    json_object_set_new(local->keys, issued->access_key_id, key);
    gt_state_note(local, "keys", issued->access_key_id);
    if (json_object_size(local->keys) % SWEEP_EVERY == 0)
        gt_keys_expire(local);
}

void gt_keys_forget_sessions(struct gt_local *local)
{
    const char *id;
    json_t *key;
    void *next;
    json_object_foreach_safe(local->keys, next, id, key) if (json_object_get(key, "role") != NULL)
        json_object_del(local->keys, id);
}

/* Expired keys are told apart from unknown ones for an hour. */
enum { REMEMBERED_MS = 3600 * 1000 };

void gt_keys_expire(struct gt_local *local)
{
    int64_t now_ms = gt_local_now_ms(local);
    const char *id;
    json_t *key;
    void *next;
    json_object_foreach_safe(local->keys, next, id, key)
    {
        const json_t *expires = json_object_get(key, "expires");
        if (expires == NULL || json_integer_value(expires) + REMEMBERED_MS >= now_ms)
            continue;
        gt_state_note(local, "keys", id);
        json_object_del(local->keys, id);
    }
}

static bool refuse(const char *the_code, const char *the_message, const char **code,
                   const char **message)
{
    *code = the_code;
    *message = the_message;
    return false;
}

static const struct gt_sign_header *sign_headers(struct gt_arena *arena,
                                                 const struct gt_request *request)
{
    struct gt_sign_header *headers = gt_calloc(arena, request->header_count + 1, sizeof(*headers));
    for (size_t i = 0; i < request->header_count; i++)
        headers[i] = (struct gt_sign_header){.name = request->headers[i].name,
                                             .value = request->headers[i].value};
    return headers;
}

/* An outcome of the signature as the services' error. */
static bool outcome_error(enum gt_sigv4_outcome outcome, const char *why, const char **code,
                          const char **message)
{
    switch (outcome) {
    case GT_SIGV4_OK:
        break;
    case GT_SIGV4_ABSENT:
        return refuse("MissingAuthenticationTokenException", "Missing Authentication Token", code,
                      message);
    case GT_SIGV4_INCOMPLETE:
        return refuse("IncompleteSignatureException", why, code, message);
    case GT_SIGV4_MISMATCH:
        return refuse("InvalidSignatureException", why, code, message);
    case GT_SIGV4_SKEWED:
        return refuse("RequestExpired", why, code, message);
    }
    return true;
}

bool gt_caller_verify(struct gt_local *local, struct gt_exchange *exchange,
                      struct gt_caller *caller, const char **code, const char **message)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const struct gt_request *request = gt_exchange_request(exchange);
    const struct gt_sign_request sign = {.method = request->method,
                                         .path = request->path,
                                         .query = request->query,
                                         .headers = sign_headers(arena, request),
                                         .header_count = request->header_count,
                                         .body = request->body,
                                         .body_len = request->body_len};
    struct gt_sigv4_claim claim;
    const char *why = "";
    enum gt_sigv4_outcome outcome = gt_sigv4_claim(arena, &sign, &claim, &why);
    if (!outcome_error(outcome, why, code, message))
        return false;
    const json_t *key = json_object_get(local->keys, claim.access_key_id);
    const char *token = gt_text_at(key, "/token");
    if (key == NULL || !gt_streq(token, claim.session_token) || !has_role(local, key))
        return refuse("UnrecognizedClientException",
                      "The security token included in the request is invalid.", code, message);
    const char *bytes = gt_text_at(key, "/secret");
    struct gt_secret secret = {.bytes = bytes, .len = strlen(bytes)};
    int64_t now_ms = gt_local_now_ms(local);
    outcome =
        gt_sigv4_verify(arena, &sign, &claim, secret, gt_streq(claim.service, "s3"), now_ms, &why);
    if (!outcome_error(outcome, why, code, message))
        return false;
    const json_t *expires = json_object_get(key, "expires");
    if (expires != NULL && json_integer_value(expires) < now_ms)
        return refuse("ExpiredTokenException",
                      "The security token included in the request is expired", code, message);
    /* The key may go while the caller is still in use. */
    const json_t *kept = gt_keep(arena, json_deep_copy(key));
    const char *account = gt_text_at(kept, "/account"), *arn = gt_text_at(kept, "/arn");
    if (arn == NULL)
        arn = gt_printf(arena, "arn:%s:iam::%s:user/gantry",
                        gt_partition_of_region(claim.region)->id, account);
    *caller = (struct gt_caller){.account = account,
                                 .arn = arn,
                                 .id = gt_text_at(kept, "/user"),
                                 .role_arn = gt_text_at(kept, "/role"),
                                 .region = claim.region,
                                 .service = claim.service,
                                 .session_policy = json_object_get(kept, "policy")};
    return true;
}

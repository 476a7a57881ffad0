/* The secrets of credential providers: kept in Secrets Manager by the service itself, or pointed to
 * there by the user. */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

static const char owner[] = "bedrock-agentcore-identity";

static const char *secret_name(struct gt_arena *arena, const char *kind, const char *provider)
{
    return gt_printf(arena, "%s!default/%s/%s", owner, kind, provider);
}

/* The text behind `key` in a secret that holds a JSON object, or NULL. */
static const char *read_key(struct gt_arena *arena, const struct gt_object *secret, const char *key)
{
    const char *text = gt_secret_value(secret);
    json_t *parsed = text != NULL ? gt_keep(arena, json_loads(text, 0, NULL)) : NULL;
    return json_string_value(json_object_get(parsed, key));
}

static struct gt_object *referred(struct gt_serve *call, const struct gt_provider_secret *secret)
{
    return gt_secret_find(call->local, call->account, call->region,
                          gt_text_at(secret->reference, "/secretId"));
}

bool gt_provider_secret_check(struct gt_serve *call, const struct gt_provider_secret *secret)
{
    bool external = gt_streq(secret->source, "EXTERNAL");
    const char *problem = NULL;
    if (external != (secret->reference != NULL) || (external && secret->text != NULL))
        problem = "EXTERNAL secrets need a secret reference, and no secret value";
    else if (!external && (secret->text == NULL || *secret->text == '\0'))
        problem = "A secret value is required";
    if (problem != NULL) {
        gt_serve_fail(call, "ValidationException", "%s", problem);
        return false;
    }
    if (!external)
        return true;
    const struct gt_object *found = referred(call, secret);
    const char *key = gt_text_at(secret->reference, "/jsonKey");
    if (found == NULL)
        gt_serve_fail(call, "ValidationException", "Secret %s does not exist",
                      gt_text_at(secret->reference, "/secretId"));
    else if (read_key(call->arena, found, key) == NULL)
        gt_serve_fail(call, "ValidationException", "Secret %s has no key %s", found->arn, key);
    else
        return true;
    return false;
}

static void tell(struct gt_object *provider, const char *prefix, const char *arn,
                 const char *json_key, const char *source)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    json_object_set_new(provider->data, gt_printf(arena, "%sArn", prefix),
                        json_pack("{s:s}", "secretArn", arn));
    gt_set_text(provider->data, gt_printf(arena, "%sJsonKey", prefix), json_key);
    gt_set_text(provider->data, gt_printf(arena, "%sSource", prefix), source);
}

bool gt_provider_secret_set(struct gt_serve *call, struct gt_object *provider,
                            const struct gt_provider_secret *secret)
{
    if (!gt_provider_secret_check(call, secret))
        return false;
    gt_set_text(provider->hidden, "kind", secret->kind);
    if (secret->reference == NULL) {
        struct gt_object *own = gt_secret_put(call->local, call->account, call->region,
                                              secret_name(call->arena, secret->kind, provider->id),
                                              owner, secret->text);
        gt_set_text(provider->hidden, secret->member, secret->text);
        json_object_del(provider->hidden, "external");
        tell(provider, secret->prefix, own->arn, NULL, "MANAGED");
        return true;
    }
    gt_provider_secret_remove(call->local, provider);
    const struct gt_object *found = referred(call, secret);
    const char *key = gt_text_at(secret->reference, "/jsonKey");
    gt_set_text(provider->hidden, secret->member, read_key(call->arena, found, key));
    json_object_set_new(
        provider->hidden, "external",
        json_pack("{s:s, s:s, s:s}", "arn", found->arn, "jsonKey", key, "member", secret->member));
    tell(provider, secret->prefix, found->arn, key, "EXTERNAL");
    return true;
}

void gt_provider_secret_remove(struct gt_local *local, const struct gt_object *provider)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    const char *kind = gt_text_at(provider->hidden, "/kind");
    struct gt_object *own =
        kind == NULL ? NULL
                     : gt_object_find(local, &gt_kind_secret, provider->account, provider->region,
                                      "", secret_name(arena, kind, provider->id));
    if (own != NULL)
        gt_object_remove(local, own);
}

void gt_provider_secret_changed(struct gt_local *local, const struct gt_object *secret)
{
    static const struct gt_kind *const kinds[] = {&gt_kind_oauth_provider,
                                                  &gt_kind_api_key_provider};
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    for (size_t i = 0; i < GT_COUNT(kinds); i++) {
        struct gt_object *at = NULL;
        while ((at = gt_object_next(local, kinds[i], secret->account, secret->region, NULL, at)) !=
               NULL) {
            const json_t *external = json_object_get(at->hidden, "external");
            if (!gt_streq(gt_text_at(external, "/arn"), secret->arn))
                continue;
            gt_set_text(at->hidden, gt_text_at(external, "/member"),
                        read_key(arena, secret, gt_text_at(external, "/jsonKey")));
            gt_object_changed(local, at);
        }
    }
}

/* Keys as values: copies that are wiped, and the documents that they come in. */
#include "providers.h"
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <string.h>

struct secret_text {
    char *text;
    size_t len;
};

static void wipe_text(void *arg)
{
    struct secret_text *secret = arg;
    gt_wipe(secret->text, secret->len);
}

char *gt_secret_text(struct gt_arena *arena, const char *text, size_t len)
{
    struct secret_text *secret = GT_NEW(arena, struct secret_text);
    secret->text = gt_strndup(arena, text, len);
    secret->len = len;
    gt_arena_defer(arena, wipe_text, secret);
    return secret->text;
}

const struct gt_keys *gt_keys_copy(struct gt_arena *arena, const struct gt_keys *keys)
{
    struct gt_keys *copy = GT_NEW(arena, struct gt_keys);
    *copy = *keys;
    copy->access_key_id = gt_strdup(arena, keys->access_key_id);
    copy->secret_access_key.bytes =
        gt_secret_text(arena, keys->secret_access_key.bytes, keys->secret_access_key.len);
    if (keys->session_token != NULL)
        copy->session_token =
            gt_secret_text(arena, keys->session_token, strlen(keys->session_token));
    copy->account_id = gt_strdup(arena, keys->account_id);
    copy->source = gt_strdup(arena, keys->source);
    return copy;
}

void gt_text_wipe(const char *text, size_t len)
{
    union {
        const char *in;
        char *out;
    } cast = {.in = text};
    gt_wipe(cast.out, len);
}

void gt_json_wipe(json_t *document)
{
    const char *key;
    size_t index;
    json_t *value;
    if (json_is_string(document))
        gt_text_wipe(json_string_value(document), json_string_length(document));
    json_object_foreach(document, key, value) gt_json_wipe(value);
    json_array_foreach(document, index, value) gt_json_wipe(value);
}

static const char *member(const json_t *document, const char *name)
{
    const char *text = name == NULL ? NULL : json_string_value(json_object_get(document, name));
    return text == NULL || *text == '\0' ? NULL : text;
}

static bool parse_expiration(const json_t *document, const char *name, int64_t *expires_ms)
{
    const json_t *value = json_object_get(document, name);
    *expires_ms = 0;
    if (value == NULL || json_is_null(value))
        return true;
    if (json_is_integer(value)) {
        *expires_ms = (int64_t)json_integer_value(value);
        return *expires_ms > 0;
    }
    return json_is_string(value) && gt_time_parse(json_string_value(value), expires_ms);
}

static const struct gt_keys *parse(struct gt_arena *arena, const json_t *document,
                                   const struct gt_keys_form *form, const char **why)
{
    const char *access = member(document, form->access_key_id);
    const char *secret = member(document, form->secret_access_key);
    const char *token = member(document, form->session_token);
    int64_t expires_ms = 0;
    const char *missing = access == NULL                          ? form->access_key_id
                          : secret == NULL                        ? form->secret_access_key
                          : form->token_required && token == NULL ? form->session_token
                                                                  : NULL;
    if (missing != NULL) {
        *why = gt_printf(arena, "the answer has no %s", missing);
        return NULL;
    }
    if (!parse_expiration(document, form->expiration, &expires_ms)) {
        *why = gt_printf(arena, "%s is no time", form->expiration);
        return NULL;
    }
    struct gt_keys keys = {.access_key_id = access,
                           .secret_access_key = {secret, strlen(secret)},
                           .session_token = token,
                           .account_id = member(document, form->account_id),
                           .expires_ms = expires_ms};
    return gt_keys_copy(arena, &keys);
}

const struct gt_keys *gt_keys_parse(struct gt_arena *arena, json_t *document,
                                    const struct gt_keys_form *form, const char *source,
                                    const char **why)
{
    const struct gt_keys *parsed = parse(arena, document, form, why);
    gt_json_wipe(document);
    if (parsed == NULL)
        return NULL;
    struct gt_keys *keys = GT_NEW(arena, struct gt_keys);
    *keys = *parsed;
    keys->source = gt_strdup(arena, source);
    return keys;
}

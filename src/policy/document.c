#include "document.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/policy/policy.h>
#include <string.h>

static json_t *load(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (value != NULL || strchr(text, '%') == NULL)
        return value;
    struct gt_arena *arena = gt_arena_new();
    value = json_loads(gt_percent_decode(arena, text), JSON_REJECT_DUPLICATES, NULL);
    gt_arena_free(arena);
    return value;
}

json_t *gt_policy_parse(const json_t *policy)
{
    json_t *document =
        json_is_string(policy) ? load(json_string_value(policy)) : json_incref(gt_iterable(policy));
    const json_t *statements = json_object_get(document, "Statement");
    bool sound = json_is_object(statements) || json_is_array(statements);
    for (size_t i = 0; sound && i < gt_policy_count(statements); i++)
        sound = json_is_object(gt_policy_item(statements, i));
    if (sound)
        return document;
    json_decref(document);
    return NULL;
}

size_t gt_policy_count(const json_t *one_or_many)
{
    if (json_is_array(one_or_many))
        return json_array_size(one_or_many);
    return one_or_many != NULL;
}

json_t *gt_policy_item(const json_t *one_or_many, size_t index)
{
    if (json_is_array(one_or_many))
        return json_array_get(one_or_many, index);
    return gt_iterable(one_or_many);
}

const char *gt_policy_text(struct gt_arena *arena, const json_t *scalar)
{
    if (json_is_string(scalar))
        return json_string_value(scalar);
    if (json_is_boolean(scalar))
        return json_is_true(scalar) ? "true" : "false";
    if (json_is_integer(scalar))
        return gt_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(scalar));
    if (json_is_real(scalar))
        return gt_printf(arena, "%.15g", json_real_value(scalar));
    return NULL;
}

enum { ACCOUNT_DIGITS = 12 };

static bool is_account(const char *text, size_t len)
{
    return len == ACCOUNT_DIGITS && strspn(text, "0123456789") >= ACCOUNT_DIGITS;
}

const char *gt_policy_account(struct gt_arena *arena, const char *principal)
{
    if (is_account(principal, strlen(principal)))
        return gt_strdup(arena, principal);
    if (!gt_starts_with(principal, "arn:"))
        return NULL;
    const char *service = strchr(principal + 4, ':');
    if (service == NULL || !gt_starts_with(service, ":iam::"))
        return NULL;
    const char *account = service + strlen(":iam::");
    size_t len = strcspn(account, ":");
    if (!is_account(account, len) || !gt_streq(account + len, ":root"))
        return NULL;
    return gt_strndup(arena, account, len);
}

size_t gt_policy_size(const json_t *policy)
{
    struct gt_arena *arena = gt_arena_new();
    const char *text =
        json_is_string(policy) ? json_string_value(policy) : gt_json_canonical(arena, policy);
    size_t size = 0;
    bool in_string = false;
    for (; *text != '\0'; text++) {
        bool space = !in_string && strchr(" \t\r\n", *text) != NULL;
        bool continued = ((unsigned char)*text & 0xC0) == 0x80;
        size += !space && !continued;
        if (in_string && *text == '\\' && text[1] != '\0') {
            text++;
            size++;
        } else if (*text == '"') {
            in_string = !in_string;
        }
    }
    gt_arena_free(arena);
    return size;
}

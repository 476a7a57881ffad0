/*
 * IAM as the services see it: some time behind what IAM itself answers (knob iam_lag_ms), each
 * change by itself. A role that was deleted is gone for services at once; one that was made again
 * under its name is not seen before its time.
 */
#include "identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

char *gt_identity_random(struct gt_local *local, struct gt_arena *arena, const char *alphabet,
                         size_t len)
{
    const struct gt_sys *sys = gt_loop_sys(gt_local_loop(local));
    size_t count = strlen(alphabet);
    /* Bytes at or above this would make the first letters likelier than the others. */
    unsigned limit = 256 - (unsigned)(256 % count);
    char *text = gt_alloc(arena, len + 1);
    for (size_t i = 0; i < len;) {
        unsigned char byte = 0;
        sys->random(sys->self, &byte, 1);
        if (byte < limit)
            text[i++] = alphabet[byte % count];
    }
    return text;
}

struct gt_object *gt_role_find(struct gt_local *local, const char *account, const char *name)
{
    struct gt_object *role = gt_object_find(local, &gt_kind_role, account, "", "", name);
    if (role != NULL)
        return role;
    while ((role = gt_object_next(local, &gt_kind_role, account, "", NULL, role)) != NULL)
        if (strcasecmp(role->id, name) == 0)
            return role;
    return NULL;
}

const char *gt_iam_role_arn(struct gt_serve *serve)
{
    const char *name = gt_input_text(serve, "/RoleName"), *path = gt_input_text(serve, "/Path");
    const struct gt_object *role =
        name == NULL ? NULL : gt_role_find(serve->local, serve->account, name);
    return role != NULL
               ? role->arn
               : gt_printf(serve->arena, "arn:%s:iam::%s:role%s%s", serve->partition,
                           serve->account, path == NULL ? "/" : path, name == NULL ? "*" : name);
}

void gt_role_set(struct gt_local *local, struct gt_object *role, const char *member, json_t *value)
{
    int64_t now = gt_local_now_ms(local), horizon = now - gt_local_knob(local)->iam_lag_ms;
    json_t *past = json_object_get(role->hidden, "past");
    if (past == NULL) {
        past = json_array();
        json_object_set_new(role->hidden, "past", past);
    }
    while (json_array_size(past) > 0 &&
           json_integer_value(json_object_get(json_array_get(past, 0), "at")) <= horizon)
        json_array_remove(past, 0);
    json_t *was = json_object_get(role->hidden, member);
    json_array_append_new(
        past, json_pack("{s:I, s:s, s:O?}", "at", (json_int_t)now, "member", member, "was", was));
    if (value == NULL)
        json_object_del(role->hidden, member);
    else
        json_object_set_new(role->hidden, member, value);
    gt_object_touch(local, role);
}

/* The member of hidden as it was `lag_ms` ago; borrowed, NULL when there was none. */
static const json_t *member_at(struct gt_local *local, const struct gt_object *role,
                               const char *member, int64_t lag_ms)
{
    int64_t horizon = gt_local_now_ms(local) - lag_ms;
    const json_t *value = json_object_get(role->hidden, member);
    const json_t *past = json_object_get(role->hidden, "past");
    for (size_t i = json_array_size(past); i > 0; i--) {
        const json_t *change = json_array_get(past, i - 1);
        if (json_integer_value(json_object_get(change, "at")) <= horizon)
            break;
        if (gt_streq(json_string_value(json_object_get(change, "member")), member))
            value = json_object_get(change, "was");
    }
    return value;
}

static const json_t *managed_or_nothing(struct gt_local *local, const char *arn,
                                        struct gt_arena *arena)
{
    const json_t *document = gt_iam_managed(local, arn, arena);
    return document != NULL ? document : gt_pack(arena, "{s:[]}", "Statement");
}

struct gt_iam_grants gt_iam_grants(struct gt_local *local, const struct gt_object *role,
                                   int64_t lag_ms, struct gt_arena *arena)
{
    struct gt_iam_grants grants = {.bounded = false};
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(member_at(local, role, "inline", lag_ms)), name, value)
    {
        *GT_PUSH(arena, &grants.policies) = gt_keep(arena, json_incref(value));
        *GT_PUSH(arena, &grants.names) = gt_strdup(arena, name);
    }
    json_object_foreach(gt_iterable(member_at(local, role, "attached", lag_ms)), name, value)
    {
        *GT_PUSH(arena, &grants.policies) = managed_or_nothing(local, name, arena);
        *GT_PUSH(arena, &grants.names) = gt_strdup(arena, name);
    }
    const char *boundary = json_string_value(member_at(local, role, "boundary", lag_ms));
    grants.bounded = boundary != NULL;
    if (boundary != NULL)
        grants.boundary = gt_iam_managed(local, boundary, arena);
    /* Without the relaxation a boundary that nobody knows allows nothing. */
    if (boundary != NULL && grants.boundary == NULL && !gt_local_knob(local)->assume_policies)
        grants.boundary = gt_pack(arena, "{s:[]}", "Statement");
    return grants;
}

json_t *gt_iam_joined(const json_t *const *documents, size_t count)
{
    json_t *statements = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *own = json_object_get(documents[i], "Statement");
        if (json_is_array(own))
            json_array_extend(statements, own);
        else if (own != NULL)
            json_array_append(statements, own);
    }
    return json_pack("{s:s, s:o}", "Version", "2012-10-17", "Statement", statements);
}

static struct gt_object *seen(struct gt_local *local, const char *role_arn)
{
    struct gt_object *role = role_arn == NULL ? NULL : gt_object_find_arn(local, role_arn);
    if (role == NULL || role->kind != &gt_kind_role)
        return NULL;
    int64_t horizon = gt_local_now_ms(local) - gt_local_knob(local)->iam_lag_ms;
    return role->created_ms <= horizon ? role : NULL;
}

const struct gt_object *gt_iam_role(struct gt_local *local, const char *role_arn)
{
    return seen(local, role_arn);
}

bool gt_iam_trusts(struct gt_local *local, const char *role_arn, const struct gt_access *access,
                   const char **why, struct gt_arena *arena)
{
    const struct gt_object *role = seen(local, role_arn);
    if (role == NULL) {
        *why = gt_printf(arena, "the role %s does not exist", role_arn == NULL ? "" : role_arn);
        return false;
    }
    const json_t *trust = member_at(local, role, "trust", gt_local_knob(local)->iam_lag_ms);
    enum gt_decision decision = gt_policy_evaluate(&trust, 1, access);
    if (decision == GT_ALLOW)
        return true;
    *why = gt_printf(arena, "the trust policy of %s %s %s to %s", role->id,
                     decision == GT_EXPLICIT_DENY ? "denies" : "does not allow",
                     access->principal == NULL ? "the caller" : access->principal, access->action);
    return false;
}

enum gt_naming gt_iam_named(struct gt_local *local, const char *role_arn,
                            const struct gt_access *access)
{
    const struct gt_object *role = seen(local, role_arn);
    const json_t *trust =
        role == NULL ? NULL : member_at(local, role, "trust", gt_local_knob(local)->iam_lag_ms);
    struct gt_access closer = *access;
    for (closer.naming = GT_NAMED_ITSELF; closer.naming > GT_NAMED_ANYHOW; closer.naming--)
        if (gt_policy_evaluate(&trust, 1, &closer) == GT_ALLOW)
            break;
    return closer.naming;
}

/* One of the layers that must all allow; `granted`: it need not, and may deny all the same. */
static bool layer_allows(const json_t *const *policies, size_t count, const char *layer,
                         bool granted, const struct gt_access *access, const char **why,
                         struct gt_arena *arena)
{
    enum gt_decision decision = gt_policy_evaluate(policies, count, access);
    if (decision == GT_IMPLICIT_DENY && granted)
        return true;
    if (decision == GT_EXPLICIT_DENY)
        *why = gt_printf(arena, "an explicit deny in %s %s",
                         strchr("aeiou", *layer) == NULL ? "a" : "an", layer);
    else if (decision == GT_IMPLICIT_DENY)
        *why = gt_printf(arena, "no %s allows the %s action", layer, access->action);
    return decision == GT_ALLOW;
}

bool gt_iam_allows(struct gt_local *local, const char *role_arn, const json_t *session_policy,
                   const struct gt_access *access, const char **why, struct gt_arena *arena)
{
    const struct gt_object *role = seen(local, role_arn);
    if (role == NULL) {
        *why = gt_printf(arena, "the role %s does not exist", role_arn == NULL ? "" : role_arn);
        return false;
    }
    struct gt_iam_grants grants =
        gt_iam_grants(local, role, gt_local_knob(local)->iam_lag_ms, arena);
    bool to_role = access->naming >= GT_NAMED_ROLE, to_session = access->naming == GT_NAMED_ITSELF;
    return layer_allows(grants.policies.at, grants.policies.len, "identity-based policy", to_role,
                        access, why, arena) &&
           (grants.boundary == NULL || layer_allows(&grants.boundary, 1, "permissions boundary",
                                                    to_session, access, why, arena)) &&
           (session_policy == NULL ||
            layer_allows(&session_policy, 1, "session policy", to_session, access, why, arena));
}

bool gt_iam_role_may(struct gt_local *local, const char *role_arn, const char *region,
                     const struct gt_access *access, const char **why, struct gt_arena *arena)
{
    const struct gt_object *role = seen(local, role_arn);
    struct gt_access whole = *access;
    if (role != NULL) {
        const char *id = gt_text_at(role->data, "/RoleId");
        const struct gt_caller caller = {
            .account = role->account,
            .arn = role_arn,
            .id = gt_printf(arena, "%s:bedrock-agentcore", id == NULL ? role->id : id),
            .role_arn = role_arn,
            .region = region};
        whole.context = gt_caller_context(local, arena, &caller);
    }
    return gt_iam_allows(local, role_arn, NULL, &whole, why, arena);
}

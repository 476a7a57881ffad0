#include "principal.h"

#include "document.h"

#include <gantry/base/str.h>
#include <string.h>

/* The account of any principal's ARN, or of the account itself. */
static const char *account_of(struct gt_arena *arena, const char *principal)
{
    const char *account = gt_policy_account(arena, principal);
    if (account != NULL || !gt_starts_with(principal, "arn:"))
        return account;
    const char *at = principal;
    for (size_t colons = 0; colons < 4 && at != NULL; colons++) {
        at = strchr(at, ':');
        at = at == NULL ? NULL : at + 1;
    }
    return at == NULL ? NULL : gt_strndup(arena, at, strcspn(at, ":"));
}

/* The name of the role of "arn:aws:iam::1:role/path/NAME" or "arn:aws:sts::1:assumed-role/NAME/x",
 * since a session's ARN does not have the role's path; else NULL. */
static const char *role_of(struct gt_arena *arena, const char *arn, const char *kind)
{
    const char *at = strstr(arn, kind);
    if (at == NULL)
        return NULL;
    at += strlen(kind);
    if (gt_streq(kind, ":assumed-role/"))
        return gt_strndup(arena, at, strcspn(at, "/"));
    const char *slash = strrchr(at, '/');
    return slash == NULL ? at : slash + 1;
}

static bool same_account(struct gt_arena *arena, const char *a, const char *b)
{
    const char *account = account_of(arena, a);
    return account != NULL && gt_streq(account, account_of(arena, b));
}

/* Two spellings of one account, or one ARN. */
static bool is_same(struct gt_arena *arena, const char *listed, const char *principal)
{
    const char *account = gt_policy_account(arena, listed);
    return gt_streq(listed, principal) ||
           (account != NULL && gt_streq(account, gt_policy_account(arena, principal)));
}

static bool is_role_of(struct gt_arena *arena, const char *listed, const char *principal)
{
    const char *role = role_of(arena, listed, ":role/");
    const char *session = role_of(arena, principal, ":assumed-role/");
    return role != NULL && gt_streq(role, session) && same_account(arena, listed, principal);
}

static bool stands_for(struct gt_arena *arena, const char *listed, const char *principal)
{
    if (is_same(arena, listed, principal))
        return true;
    return gt_policy_account(arena, listed) != NULL ? same_account(arena, listed, principal)
                                                    : is_role_of(arena, listed, principal);
}

static bool is_nobody_else(struct gt_arena *arena, const char *listed, const char *principal)
{
    (void)arena, (void)listed, (void)principal;
    return false; /* the very ARN is looked at before */
}

typedef bool same_fn(struct gt_arena *arena, const char *listed, const char *principal);

static bool lists(struct gt_arena *arena, const json_t *principal, const struct gt_access *access,
                  same_fn *same)
{
    /* Everyone, also who is known by no AWS account. {"AWS": "*"} is every principal of every
     * account, which neither services nor users of other identity providers are. */
    bool anybody = access->naming != GT_NAMED_ITSELF;
    if (gt_streq(json_string_value(principal), "*"))
        return anybody;
    const json_t *names = json_object_get(principal, access->principal_kind);
    for (size_t i = 0; access->principal != NULL && i < gt_policy_count(names); i++) {
        const char *listed = json_string_value(gt_policy_item(names, i));
        if (listed == NULL)
            continue;
        if (gt_streq(listed, access->principal) || (anybody && gt_streq(listed, "*")))
            return true;
        if (gt_streq(access->principal_kind, "AWS") && same(arena, listed, access->principal))
            return true;
    }
    return false;
}

bool gt_policy_principal_in(struct gt_arena *arena, const json_t *principal,
                            const struct gt_access *access)
{
    static same_fn *const by_naming[] = {[GT_NAMED_ANYHOW] = stands_for,
                                         [GT_NAMED_ROLE] = is_role_of,
                                         [GT_NAMED_ITSELF] = is_nobody_else};
    return lists(arena, principal, access, by_naming[access->naming]);
}

bool gt_policy_principal_named(struct gt_arena *arena, const json_t *principal,
                               const struct gt_access *access)
{
    return lists(arena, principal, access, is_same);
}

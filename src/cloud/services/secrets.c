/* Secrets Manager.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html
 */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <string.h>

enum { ARN_TAIL = 6, VERSION_ID = 32, DAYS_DEFAULT = 30, DAY_MS = 24 * 3600 * 1000 };

static void due(struct gt_local *local, struct gt_object *secret, const char *what)
{
    (void)what;
    gt_object_remove(local, secret);
}

const struct gt_kind gt_kind_secret = {.name = "secret", .due = due};

static bool is_deleted(const struct gt_object *secret)
{
    return json_object_get(secret->data, "DeletedDate") != NULL;
}

/* -- versions -- */

static const char *current_id(const struct gt_object *secret)
{
    return gt_text_at(secret->hidden, "/stages/AWSCURRENT");
}

static json_t *version_of(const struct gt_object *secret, const char *id)
{
    return id != NULL ? json_object_get(json_object_get(secret->hidden, "versions"), id) : NULL;
}

/* `value`: {SecretString | SecretBinary}, stolen. It is AWSCURRENT; the one before is AWSPREVIOUS
 * and the others are gone. */
static void add_version(struct gt_local *local, struct gt_object *secret, const char *id,
                        json_t *value)
{
    const char *previous = current_id(secret);
    json_t *versions = json_object(), *stages = json_object();
    json_object_set_new(value, "made", json_integer(gt_local_now_ms(local)));
    json_object_set_new(versions, id, value);
    gt_set_text(stages, "AWSCURRENT", id);
    if (previous != NULL && !gt_streq(previous, id)) {
        json_object_set(versions, previous, version_of(secret, previous));
        gt_set_text(stages, "AWSPREVIOUS", previous);
    }
    json_object_set_new(secret->hidden, "versions", versions);
    json_object_set_new(secret->hidden, "stages", stages);
    gt_object_touch(local, secret);
    gt_provider_secret_changed(local, secret);
}

const char *gt_secret_value(const struct gt_object *secret)
{
    return gt_text_at(version_of(secret, current_id(secret)), "/SecretString");
}

/* -- for other services -- */

static struct gt_object *find_any(struct gt_local *local, const char *account, const char *region,
                                  const char *id)
{
    struct gt_object *at = NULL;
    while (id != NULL &&
           (at = gt_object_next(local, &gt_kind_secret, account, region, NULL, at)) != NULL) {
        size_t len = strlen(at->arn) - (ARN_TAIL + 1);
        if (gt_streq(at->id, id) || gt_streq(at->arn, id) ||
            (strlen(id) == len && strncmp(at->arn, id, len) == 0))
            return at;
    }
    return NULL;
}

struct gt_object *gt_secret_find(struct gt_local *local, const char *account, const char *region,
                                 const char *id)
{
    struct gt_object *secret = find_any(local, account, region, id);
    return secret != NULL && !is_deleted(secret) ? secret : NULL;
}

static struct gt_object *add_secret(struct gt_local *local, const char *account, const char *region,
                                    const char *name)
{
    struct gt_object *secret = gt_object_new(local, &gt_kind_secret, account, region, "", name,
                                             json_pack("{s:s}", "Name", name));
    gt_object_set_arn(secret, gt_printf(secret->arena, "arn:%s:secretsmanager:%s:%s:secret:%s-%s",
                                        gt_partition_of_region(region)->id, region, account, name,
                                        gt_random_id(local, secret->arena, ARN_TAIL)));
    return secret;
}

struct gt_object *gt_secret_put(struct gt_local *local, const char *account, const char *region,
                                const char *name, const char *owner, const char *text)
{
    struct gt_object *secret = gt_object_find(local, &gt_kind_secret, account, region, "", name);
    if (secret == NULL)
        secret = add_secret(local, account, region, name);
    gt_set_text(secret->data, "OwningService", owner);
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    add_version(local, secret, gt_random_id(local, arena, VERSION_ID),
                json_pack("{s:s}", "SecretString", text));
    return secret;
}

/* Of the secret that SecretId or Name names, as far as it is known: one that is not there has no
 * random ending. */
static const char *secret_arn(struct gt_serve *call)
{
    const char *id = gt_input_text(call, "/SecretId");
    if (id == NULL)
        id = gt_input_text(call, "/Name");
    const struct gt_object *secret = find_any(call->local, call->account, call->region, id);
    if (secret != NULL)
        return secret->arn;
    return id == NULL || gt_starts_with(id, "arn:")
               ? id
               : gt_serve_arn(call, "secretsmanager", gt_printf(call->arena, "secret:%s", id));
}

/* -- calls -- */

/* The secret of the input; NULL after failing. `deleted`: also one that is to be deleted. */
static struct gt_object *find(struct gt_serve *call, bool deleted)
{
    struct gt_object *secret =
        find_any(call->local, call->account, call->region, gt_input_text(call, "/SecretId"));
    if (secret == NULL) {
        gt_serve_fail(call, "ResourceNotFoundException",
                      "Secrets Manager can't find the specified secret.");
        return NULL;
    }
    if (!deleted && is_deleted(secret)) {
        gt_serve_fail(call, "InvalidRequestException",
                      "You can't perform this operation on the secret because it was marked for "
                      "deletion.");
        return NULL;
    }
    return secret;
}

/* The secret, unless another service owns it. */
static struct gt_object *find_own(struct gt_serve *call, bool deleted)
{
    struct gt_object *secret = find(call, deleted);
    const char *owner = secret != NULL ? gt_text_at(secret->data, "/OwningService") : NULL;
    if (owner == NULL)
        return secret;
    gt_serve_fail(call, "InvalidRequestException",
                  "You can't change this secret because it is owned by the service %s", owner);
    return NULL;
}

/* {SecretString | SecretBinary} of the input; NULL when there is none. False after failing. */
static bool given_value(struct gt_serve *call, json_t **value)
{
    json_t *text = json_object_get(call->input, "SecretString"),
           *binary = json_object_get(call->input, "SecretBinary");
    *value = NULL;
    if (text != NULL && binary != NULL) {
        gt_serve_fail(call, "InvalidParameterException",
                      "You can't specify both a binary secret value and a string secret value in "
                      "the same secret.");
        return false;
    }
    if (text != NULL)
        *value = json_pack("{s:O}", "SecretString", text);
    else if (binary != NULL)
        *value = json_pack("{s:O}", "SecretBinary", binary);
    return true;
}

/* The id of the version that the call makes, which raw clients must give; NULL after failing. */
static const char *version_id(struct gt_serve *call)
{
    const char *token = gt_input_text(call, "/ClientRequestToken");
    if (token == NULL && call->exchange == NULL) /* called from inside */
        token = gt_random_id(call->local, call->arena, VERSION_ID);
    if (token == NULL)
        gt_serve_fail(call, "InvalidRequestException",
                      "You must provide a ClientRequestToken value. We recommend a UUID-type "
                      "value.");
    return token;
}

/* Adds the value (stolen; NULL: none) as the version of the call's token. A version never changes:
 * the same contents again are no error, others are. */
static bool set_version(struct gt_serve *call, struct gt_object *secret, json_t *value)
{
    if (value == NULL)
        return true;
    const char *id = version_id(call);
    json_auto_t *same = id == NULL ? NULL : json_copy(version_of(secret, id));
    json_object_del(same, "made");
    bool known = same != NULL, equal = known && json_equal(same, value);
    if (id != NULL && !known) {
        add_version(call->local, secret, id, value);
        return true;
    }
    json_decref(value);
    if (known && !equal)
        gt_serve_fail(call, "ResourceExistsException",
                      "You can't use ClientRequestToken %s because that value is already in use "
                      "for a version of secret %s.",
                      id, secret->arn);
    return equal;
}

/* {ARN, Name} and, where it has a value, VersionId. */
static json_t *named(const struct gt_object *secret, bool version)
{
    json_t *output = json_pack("{s:s, s:s}", "ARN", secret->arn, "Name", secret->id);
    if (version)
        gt_set_text(output, "VersionId", current_id(secret));
    return output;
}

static json_t *create(struct gt_serve *call)
{
    static const char *const members[] = {"Description", "KmsKeyId", "Type", NULL};
    const char *name = gt_input_text(call, "/Name");
    struct gt_object *old =
        gt_object_find(call->local, &gt_kind_secret, call->account, call->region, "", name);
    if (old != NULL && is_deleted(old))
        return gt_serve_fail(call, "InvalidRequestException",
                             "You can't create this secret because a secret with this name is "
                             "already scheduled for deletion.");
    if (old != NULL)
        return gt_serve_fail(call, "ResourceExistsException",
                             "The operation failed because the secret %s already exists.", name);
    json_t *value;
    if (version_id(call) == NULL || !given_value(call, &value))
        return NULL;
    struct gt_object *secret = add_secret(call->local, call->account, call->region, name);
    gt_members_copy(secret->data, call->input, members);
    json_decref(secret->tags);
    secret->tags = gt_tags_map(gt_at(call->input, "/Tags"), "Key", "Value");
    set_version(call, secret, value);
    return named(secret, true);
}

/* A token stands for the version that it made, and for nothing when that is gone. */
static json_t *create_again(struct gt_serve *call)
{
    const struct gt_object *secret = gt_object_find(call->local, &gt_kind_secret, call->account,
                                                    call->region, "", gt_input_text(call, "/Name"));
    const char *id = gt_input_text(call, "/ClientRequestToken");
    if (secret == NULL || is_deleted(secret) || version_of(secret, id) == NULL)
        return create(call);
    json_t *output = named(secret, false);
    gt_set_text(output, "VersionId", id);
    return output;
}

static json_t *describe(struct gt_serve *call)
{
    struct gt_object *secret = find(call, true);
    if (secret == NULL)
        return NULL;
    json_t *doc = json_copy(secret->data);
    gt_set_text(doc, "ARN", secret->arn);
    json_object_set_new(doc, "CreatedDate", gt_json_time(secret->created_ms));
    json_object_set_new(doc, "LastChangedDate", gt_json_time(secret->updated_ms));
    json_object_set_new(doc, "Tags", gt_tags_list(secret->tags, "Key", "Value"));
    const char *stage;
    json_t *id, *versions = json_object();
    json_object_foreach(json_object_get(secret->hidden, "stages"), stage, id)
        json_object_set_new(versions, json_string_value(id), json_pack("[s]", stage));
    json_object_set_new(doc, "VersionIdsToStages", versions);
    return gt_answer(call, doc);
}

static const char *stage_of(const struct gt_object *secret, const char *id)
{
    const char *stage;
    json_t *value;
    json_object_foreach(json_object_get(secret->hidden, "stages"), stage, value)
    {
        if (gt_streq(json_string_value(value), id))
            return stage;
    }
    return NULL;
}

static json_t *get_value(struct gt_serve *call)
{
    struct gt_object *secret = find(call, false);
    if (secret == NULL)
        return NULL;
    const char *id = gt_input_text(call, "/VersionId"),
               *stage = gt_input_text(call, "/VersionStage");
    if (id == NULL)
        id = json_string_value(json_object_get(json_object_get(secret->hidden, "stages"),
                                               stage != NULL ? stage : "AWSCURRENT"));
    const json_t *version = version_of(secret, id);
    if (version == NULL || (stage != NULL && !gt_streq(stage, stage_of(secret, id))))
        return gt_serve_fail(call, "ResourceNotFoundException",
                             "Secrets Manager can't find the specified secret value for staging "
                             "label: %s",
                             stage != NULL ? stage : "AWSCURRENT");
    json_t *doc = json_copy(gt_iterable(version));
    json_object_del(doc, "made");
    json_object_update_new(
        doc, json_pack("{s:s, s:s, s:s, s:[s], s:o}", "ARN", secret->arn, "Name", secret->id,
                       "VersionId", id, "VersionStages", stage_of(secret, id), "CreatedDate",
                       gt_json_time(json_integer_value(json_object_get(version, "made")))));
    return doc;
}

static json_t *put_value(struct gt_serve *call)
{
    struct gt_object *secret = find_own(call, false);
    json_t *value;
    if (secret == NULL || !given_value(call, &value))
        return NULL;
    if (value == NULL)
        return gt_serve_fail(call, "InvalidRequestException",
                             "You must provide either SecretString or SecretBinary.");
    if (!set_version(call, secret, value))
        return NULL;
    json_t *output = named(secret, true);
    json_object_set_new(output, "VersionStages", json_pack("[s]", "AWSCURRENT"));
    return output;
}

static json_t *update(struct gt_serve *call)
{
    static const char *const members[] = {"Description", "KmsKeyId", "Type", NULL};
    struct gt_object *secret = find_own(call, false);
    json_t *value;
    if (secret == NULL || !given_value(call, &value))
        return NULL;
    bool valued = value != NULL;
    if (!set_version(call, secret, value))
        return NULL;
    gt_members_copy(secret->data, call->input, members);
    gt_object_touch(call->local, secret);
    return named(secret, valued);
}

static json_t *delete (struct gt_serve *call)
{
    struct gt_object *secret = find_own(call, false);
    if (secret == NULL)
        return NULL;
    bool force = json_is_true(json_object_get(call->input, "ForceDeleteWithoutRecovery")),
         windowed = gt_at(call->input, "/RecoveryWindowInDays") != NULL;
    int64_t days = gt_input_number(call, "/RecoveryWindowInDays", DAYS_DEFAULT);
    if (force && windowed)
        return gt_serve_fail(call, "InvalidParameterException",
                             "You can't use ForceDeleteWithoutRecovery in conjunction with "
                             "RecoveryWindowInDays.");
    if (days < 7 || days > 30)
        return gt_serve_fail(call, "InvalidParameterException",
                             "The RecoveryWindowInDays value must be between 7 and 30 days "
                             "(inclusive).");
    int64_t delay_ms = force ? gt_local_knob(call->local)->delete_ms : days * DAY_MS;
    json_object_set_new(secret->data, "DeletedDate", gt_json_time(gt_local_now_ms(call->local)));
    gt_object_touch(call->local, secret);
    gt_object_due(call->local, secret, GT_DUE_REMOVE, delay_ms);
    json_t *output = named(secret, false);
    json_object_set_new(output, "DeletionDate",
                        gt_json_time(gt_local_now_ms(call->local) + (force ? 0 : delay_ms)));
    return output;
}

static json_t *restore(struct gt_serve *call)
{
    struct gt_object *secret = find_own(call, true);
    if (secret == NULL)
        return NULL;
    json_object_del(secret->data, "DeletedDate");
    gt_object_due_cancel(call->local, secret, GT_DUE_REMOVE);
    gt_object_touch(call->local, secret);
    return named(secret, false);
}

static json_t *tag(struct gt_serve *call)
{
    struct gt_object *secret = find(call, false);
    if (secret == NULL)
        return NULL;
    json_auto_t *tags = gt_tags_map(gt_at(call->input, "/Tags"), "Key", "Value");
    if (!gt_tags_add(call->local, secret, tags))
        return gt_serve_fail(call, "InvalidParameterException", "A secret has at most 50 tags.");
    return json_object();
}

static json_t *untag(struct gt_serve *call)
{
    struct gt_object *secret = find(call, false);
    if (secret == NULL)
        return NULL;
    gt_tags_remove(call->local, secret, gt_at(call->input, "/TagKeys"));
    return json_object();
}

#define ROW(op, fn, more, what)                                                                    \
    {                                                                                              \
        .operation = &gt_op_secretsmanager_##op, .run = fn, .fidelity = GT_MODELLED, .note = what, \
        .resource_of = secret_arn, .again = more                                                   \
    }
#define CREATED "no replicas, no rotation"
#define CURRENT "the new value is AWSCURRENT whatever VersionStages says; two versions are kept"

const struct gt_handler gt_secret_handlers[] = {
    ROW(CreateSecret, create, create_again, CREATED),
    ROW(DescribeSecret, describe, NULL, NULL),
    ROW(GetSecretValue, get_value, NULL, NULL),
    ROW(PutSecretValue, put_value, put_value, CURRENT),
    ROW(UpdateSecret, update, update, NULL),
    ROW(DeleteSecret, delete, NULL, NULL),
    ROW(RestoreSecret, restore, NULL, NULL),
    ROW(TagResource, tag, NULL, NULL),
    ROW(UntagResource, untag, NULL, NULL),
    {.operation = NULL},
};

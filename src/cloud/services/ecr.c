/* ECR repositories. Images are put there from outside (there is no registry to push to).
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
 */
#include "ecr.h"

#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <string.h>

enum { TOKEN_LIFE_MS = 12 * 3600 * 1000 };

const struct gt_kind gt_kind_repository = {.name = "repository"};

const char *gt_registry_host(struct gt_arena *arena, const char *account, const char *region)
{
    return gt_printf(arena, "%s.dkr.ecr.%s.%s", account, region,
                     gt_partition_of_region(region)->dns_suffix);
}

struct gt_object *gt_repository_of(struct gt_serve *call, const char *name)
{
    const char *registry = gt_input_text(call, "/registryId");
    if (registry == NULL)
        registry = call->account;
    struct gt_object *repository =
        gt_object_find(call->local, &gt_kind_repository, registry, call->region, "", name);
    if (repository == NULL)
        gt_serve_fail(call, "RepositoryNotFoundException",
                      "The repository with name '%s' does not exist in the registry with id '%s'",
                      name, registry);
    return repository;
}

static json_t *shape(const struct gt_serve *call, const struct gt_object *repository)
{
    json_t *doc = json_copy(repository->data);
    gt_set_text(doc, "repositoryName", repository->id);
    gt_set_text(doc, "registryId", repository->account);
    gt_set_text(doc, "repositoryArn",
                gt_printf(call->arena, "arn:%s:ecr:%s:%s:repository/%s", call->partition,
                          repository->region, repository->account, repository->id));
    gt_set_text(doc, "repositoryUri",
                gt_printf(call->arena, "%s/%s",
                          gt_registry_host(call->arena, repository->account, repository->region),
                          repository->id));
    json_object_set_new(doc, "createdAt", gt_json_time(repository->created_ms));
    static const struct {
        const char *pointer, *value;
    } defaults[] = {{"/imageTagMutability", "MUTABLE"},
                    {"/encryptionConfiguration/encryptionType", "AES256"}};
    for (size_t i = 0; i < GT_COUNT(defaults); i++) {
        if (gt_at(doc, defaults[i].pointer) == NULL)
            gt_put_at(doc, defaults[i].pointer, json_string(defaults[i].value));
    }
    if (gt_at(doc, "/imageScanningConfiguration/scanOnPush") == NULL)
        gt_put_at(doc, "/imageScanningConfiguration/scanOnPush", json_false());
    return doc;
}

static json_t *create(struct gt_serve *call)
{
    static const char *const members[] = {
        "imageTagMutability", "imageTagMutabilityExclusionFilters", "imageScanningConfiguration",
        "encryptionConfiguration", NULL};
    const char *name = gt_input_text(call, "/repositoryName"),
               *registry = gt_input_text(call, "/registryId");
    if (registry != NULL && !gt_streq(registry, call->account))
        return gt_serve_fail(call, "InvalidParameterException",
                             "Invalid parameter at 'registryId': it is not that of the account");
    if (gt_object_find(call->local, &gt_kind_repository, call->account, call->region, "", name) !=
        NULL)
        return gt_serve_fail(call, "RepositoryAlreadyExistsException",
                             "The repository with name '%s' already exists in the registry with id "
                             "'%s'",
                             name, call->account);
    struct gt_object *repository = gt_object_new(call->local, &gt_kind_repository, call->account,
                                                 call->region, "", name, NULL);
    gt_object_set_arn(repository,
                      gt_serve_arn(call, "ecr", gt_printf(call->arena, "repository/%s", name)));
    gt_members_copy(repository->data, call->input, members);
    json_decref(repository->tags);
    repository->tags = gt_tags_map(gt_at(call->input, "/tags"), "Key", "Value");
    return json_pack("{s:o}", "repository", shape(call, repository));
}

static json_t *delete (struct gt_serve *call)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    if (!json_is_true(json_object_get(call->input, "force")) &&
        json_array_size(json_object_get(repository->hidden, "images")) > 0)
        return gt_serve_fail(call, "RepositoryNotEmptyException",
                             "The repository with name '%s' in registry with id '%s' cannot be "
                             "deleted because it still contains images",
                             repository->id, repository->account);
    json_t *output = json_pack("{s:o}", "repository", shape(call, repository));
    gt_object_remove(call->local, repository);
    return output;
}

static json_t *describe_named(struct gt_serve *call, const json_t *names)
{
    size_t index;
    json_t *name;
    if (gt_at(call->input, "/nextToken") != NULL || gt_at(call->input, "/maxResults") != NULL)
        return gt_serve_fail(call, "InvalidParameterException",
                             "repositoryNames excludes nextToken and maxResults");
    json_t *output = json_pack("{s:[]}", "repositories");
    json_array_foreach(gt_iterable(names), index, name)
    {
        struct gt_object *repository = gt_repository_of(call, json_string_value(name));
        if (repository == NULL) {
            json_decref(output);
            return NULL;
        }
        json_array_append_new(json_object_get(output, "repositories"), shape(call, repository));
    }
    return output;
}

static json_t *describe(struct gt_serve *call)
{
    const json_t *names = gt_at(call->input, "/repositoryNames");
    if (names != NULL)
        return describe_named(call, names);
    const char *registry = gt_input_text(call, "/registryId");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_repository,
                                registry != NULL ? registry : call->account, call->region, NULL,
                                at)) != NULL)
        json_array_append_new(items, shape(call, at));
    return gt_serve_page(call, items, "repositoryName");
}

/* -- settings -- */

/* {registryId, repositoryName} and one more member. */
static json_t *answer_with(const struct gt_object *repository, const char *member, json_t *value)
{
    json_t *output = json_pack("{s:s, s:s}", "registryId", repository->account, "repositoryName",
                               repository->id);
    if (value != NULL)
        json_object_set_new(output, member, value);
    return output;
}

static json_t *set_member(struct gt_serve *call, const char *member)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    json_t *value = json_deep_copy(json_object_get(call->input, member));
    json_object_set_new(repository->data, member, value);
    gt_object_touch(call->local, repository);
    return answer_with(repository, member, json_deep_copy(value));
}

static json_t *put_mutability(struct gt_serve *call)
{
    static const char filters[] = "imageTagMutabilityExclusionFilters";
    json_t *output = set_member(call, "imageTagMutability");
    if (output == NULL)
        return NULL;
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    json_t *given = json_object_get(call->input, filters);
    json_object_del(repository->data, filters);
    if (given != NULL) {
        json_object_set_new(repository->data, filters, json_deep_copy(given));
        json_object_set(output, filters, given);
    }
    return output;
}

static json_t *put_scanning(struct gt_serve *call)
{
    return set_member(call, "imageScanningConfiguration");
}

/* The two policies of a repository: what is kept, its member, and what its absence is called. */
struct policy {
    const char *kept, *member, *absent, *what;
};
static const struct policy permissions = {"policy", "policyText",
                                          "RepositoryPolicyNotFoundException", "Repository policy"};
static const struct policy lifecycle = {"lifecycle", "lifecyclePolicyText",
                                        "LifecyclePolicyNotFoundException", "Lifecycle policy"};

static json_t *put_policy(struct gt_serve *call, const struct policy *policy)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    json_t *text = json_object_get(call->input, policy->member);
    json_auto_t *parsed = json_loads(json_string_value(text), JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(parsed))
        return gt_serve_fail(call, "InvalidParameterException",
                             "Invalid parameter at '%s': it is no JSON object", policy->member);
    json_object_set(repository->hidden, policy->kept, text);
    gt_object_touch(call->local, repository);
    return answer_with(repository, policy->member, json_incref(text));
}

static json_t *read_policy(struct gt_serve *call, const struct policy *policy, bool away)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    json_t *text = json_object_get(repository->hidden, policy->kept);
    if (text == NULL)
        return gt_serve_fail(call, policy->absent,
                             "%s does not exist for the repository with name '%s' in the registry "
                             "with id '%s'",
                             policy->what, repository->id, repository->account);
    json_t *output = answer_with(repository, policy->member, json_incref(text));
    if (away) {
        json_object_del(repository->hidden, policy->kept);
        gt_object_touch(call->local, repository);
    }
    return output;
}

static json_t *set_permissions(struct gt_serve *call)
{
    return put_policy(call, &permissions);
}

static json_t *get_permissions(struct gt_serve *call)
{
    return read_policy(call, &permissions, false);
}

static json_t *delete_permissions(struct gt_serve *call)
{
    return read_policy(call, &permissions, true);
}

static json_t *put_lifecycle(struct gt_serve *call)
{
    return put_policy(call, &lifecycle);
}

static json_t *get_lifecycle(struct gt_serve *call)
{
    return read_policy(call, &lifecycle, false);
}

static json_t *delete_lifecycle(struct gt_serve *call)
{
    return read_policy(call, &lifecycle, true);
}

/* -- tags and tokens -- */

static struct gt_object *tagged(struct gt_serve *call)
{
    const char *arn = gt_input_text(call, "/resourceArn");
    struct gt_object *repository = gt_object_find_arn(call->local, arn);
    if (repository != NULL && repository->kind == &gt_kind_repository &&
        gt_streq(repository->account, call->account))
        return repository;
    gt_serve_fail(call, "RepositoryNotFoundException", "The repository %s does not exist", arn);
    return NULL;
}

static json_t *tag(struct gt_serve *call)
{
    struct gt_object *repository = tagged(call);
    if (repository == NULL)
        return NULL;
    json_auto_t *tags = gt_tags_map(gt_at(call->input, "/tags"), "Key", "Value");
    if (!gt_tags_add(call->local, repository, tags))
        return gt_serve_fail(call, "TooManyTagsException", "A repository has at most 50 tags");
    return json_object();
}

static json_t *untag(struct gt_serve *call)
{
    struct gt_object *repository = tagged(call);
    if (repository == NULL)
        return NULL;
    gt_tags_remove(call->local, repository, gt_at(call->input, "/tagKeys"));
    return json_object();
}

static json_t *list_tags(struct gt_serve *call)
{
    struct gt_object *repository = tagged(call);
    if (repository == NULL)
        return NULL;
    return json_pack("{s:o}", "tags", gt_tags_list(repository->tags, "Key", "Value"));
}

/* Base64 of "AWS:password", for twelve hours. */
static json_t *authorize(struct gt_serve *call)
{
    const char *plain =
        gt_printf(call->arena, "AWS:%s", gt_random_id(call->local, call->arena, 40));
    const char *host = gt_registry_host(call->arena, call->account, call->region);
    return json_pack("{s:[{s:s, s:o, s:s}]}", "authorizationData", "authorizationToken",
                     gt_base64(call->arena, plain, strlen(plain)), "expiresAt",
                     gt_json_time(gt_local_now_ms(call->local) + TOKEN_LIFE_MS), "proxyEndpoint",
                     gt_printf(call->arena, "https://%s", host));
}

#define REPOSITORY "arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}"
#define ROW(op, fn, where)                                                                         \
    {                                                                                              \
        .operation = &gt_op_ecr_##op, .run = fn, .fidelity = GT_MODELLED, .resource = where        \
    }

const struct gt_handler gt_ecr_handlers[] = {
    ROW(CreateRepository, create, REPOSITORY),
    ROW(DeleteRepository, delete, REPOSITORY),
    ROW(DescribeRepositories, describe, NULL),
    ROW(PutImageTagMutability, put_mutability, REPOSITORY),
    ROW(PutImageScanningConfiguration, put_scanning, REPOSITORY),
    {.operation = &gt_op_ecr_SetRepositoryPolicy,
     .run = set_permissions,
     .fidelity = GT_MODELLED,
     .note = "kept and not evaluated",
     .resource = REPOSITORY},
    ROW(GetRepositoryPolicy, get_permissions, REPOSITORY),
    ROW(DeleteRepositoryPolicy, delete_permissions, REPOSITORY),
    {.operation = &gt_op_ecr_PutLifecyclePolicy,
     .run = put_lifecycle,
     .fidelity = GT_MODELLED,
     .note = "kept and not carried out",
     .resource = REPOSITORY},
    ROW(GetLifecyclePolicy, get_lifecycle, REPOSITORY),
    ROW(DeleteLifecyclePolicy, delete_lifecycle, REPOSITORY),
    ROW(TagResource, tag, "{resourceArn}"),
    ROW(UntagResource, untag, "{resourceArn}"),
    ROW(ListTagsForResource, list_tags, "{resourceArn}"),
    {.operation = &gt_op_ecr_GetAuthorizationToken,
     .run = authorize,
     .fidelity = GT_MODELLED,
     .note = "there is no registry behind it"},
    {.operation = NULL},
};

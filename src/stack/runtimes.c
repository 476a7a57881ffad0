/*
 * runtimes: MCP servers on AgentCore Runtime, with role, log groups and named endpoints.
 */
#include "lower.h"

#include "grants.h"
#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <string.h>

static const char IMAGE[] = "/agentRuntimeArtifact/containerConfiguration/containerUri";

/* The parts of a private ECR image's URI: ACCOUNT.dkr.ecr.REGION.SUFFIX/REPOSITORY[:TAG][@DIGEST].
 */
struct image {
    const char *account, *region, *repository;
    bool digest;
};

static bool parse_image(struct gt_arena *arena, const char *uri, struct image *out)
{
    static const char infix[] = ".dkr.ecr.";
    size_t account = strspn(uri, "0123456789");
    const char *slash = strchr(uri, '/');
    if (account != 12 || !gt_starts_with(uri + account, infix) || slash == NULL ||
        strstr(uri, "${") != NULL)
        return false;
    const char *region = uri + account + strlen(infix);
    out->account = gt_strndup(arena, uri, account);
    out->region = gt_strndup(arena, region, strcspn(region, "."));
    out->repository = gt_strndup(arena, slash + 1, strcspn(slash + 1, ":@"));
    out->digest = strchr(uri, '@') != NULL;
    return true;
}

static void lower_artifact(struct gt_low *low, struct gt_resource *runtime,
                           const struct gt_item *item)
{
    const json_t *code = json_object_get(item->value, "code");
    bool raw = gt_at(item->value, "/properties/agentRuntimeArtifact") != NULL;
    if (json_object_get(item->value, "image") != NULL) {
        gt_low_copy(low, runtime, IMAGE, item, "image");
        if (code != NULL)
            gt_low_error(low, gt_item_pointer(low, item, "code"), "conflicting-keys",
                         "runtime %s has both image and code", item->name);
    } else if (json_is_object(code)) {
        static const char base[] = "/agentRuntimeArtifact/codeConfiguration";
        struct gt_item inner = {.pointer = gt_item_pointer(low, item, "code"), .value = code};
        static const char *const copied[][2] = {
            {"bucket", "code/s3/bucket"},       {"prefix", "code/s3/prefix"},
            {"versionId", "code/s3/versionId"}, {"runtime", "runtime"},
            {"entryPoint", "entryPoint"},
        };
        for (size_t i = 0; i < GT_COUNT(copied); i++)
            gt_low_copy(low, runtime, gt_printf(low->arena, "%s/%s", base, copied[i][1]), &inner,
                        copied[i][0]);
    } else if (low->options->local && runtime->local != NULL) {
        /* The embedded cloud runs the command; the API wants an image all the same. */
        gt_low_put_text(low, runtime, IMAGE,
                        gt_printf(low->arena, "000000000000.dkr.ecr.%s.%s/local:latest",
                                  low->region, low->partition->dns_suffix));
    } else if (!raw && code == NULL) {
        gt_low_error(low, item->pointer, "missing-key", "runtime %s has no image", item->name)
            ->hint = "add image: with an ECR URI, or code:";
        gt_low_put_text(low, runtime, IMAGE, GT_REPORTED);
    }
}

static void lower_environment(struct gt_low *low, struct gt_resource *runtime,
                              const struct gt_item *item, struct gt_grants *grants)
{
    const char *name, *pointer = gt_item_pointer(low, item, "secrets");
    json_t *value;
    gt_low_copy(low, runtime, "/environmentVariables", item, "environment");
    json_t *variables = json_object_get(runtime->properties, "environmentVariables");
    if (variables != NULL) /* what is added must not get into the manifest */
        json_object_set_new(runtime->properties, "environmentVariables", json_copy(variables));
    json_object_foreach(json_object_get(item->value, "secrets"), name, value)
    {
        const char *arn = json_string_value(value),
                   *at = gt_pointer_join(low->arena, pointer, name);
        if (json_object_get(json_object_get(item->value, "environment"), name) != NULL)
            gt_low_error(low, at, "conflicting-keys", "%s is both in environment and in secrets",
                         name);
        if (!gt_has_refs(value) && !gt_starts_with(arn, "arn:")) {
            gt_low_error(low, at, "secret-literal", "secret %s is not the ARN of a secret", name)
                ->hint = "put it into Secrets Manager and write its ARN here";
            continue;
        }
        gt_low_put(low, runtime, gt_pointer_join(low->arena, "/environmentVariables", name),
                   json_string(arn), at);
        const struct gt_word words[] = {{"secret", arn}, {0}};
        gt_grants_add(low, grants, GT_NEED_SECRET, words);
    }
}

static void lower_network(struct gt_low *low, struct gt_resource *runtime,
                          const struct gt_item *item)
{
    const json_t *network = json_object_get(item->value, "network");
    struct gt_item inner = {.pointer = gt_item_pointer(low, item, "network"), .value = network};
    bool vpc = json_object_get(network, "subnets") != NULL ||
               json_object_get(network, "securityGroups") != NULL;
    const char *mode = gt_item_text(&inner, "mode");
    if (mode != NULL)
        gt_low_copy(low, runtime, "/networkConfiguration/networkMode", &inner, "mode");
    else
        gt_low_put_text(low, runtime, "/networkConfiguration/networkMode", vpc ? "VPC" : "PUBLIC");
    if (gt_streq(mode, "PUBLIC") && vpc)
        gt_low_error(low, inner.pointer, "conflicting-keys",
                     "a public network has no subnets and security groups")
            ->hint = "use mode: VPC";
    if (gt_streq(mode, "VPC") && (json_object_get(network, "subnets") == NULL ||
                                  json_object_get(network, "securityGroups") == NULL))
        gt_low_error(low, inner.pointer, "missing-key",
                     "a VPC network needs subnets and securityGroups");
    gt_low_copy(low, runtime, "/networkConfiguration/networkModeConfig/subnets", &inner, "subnets");
    gt_low_copy(low, runtime, "/networkConfiguration/networkModeConfig/securityGroups", &inner,
                "securityGroups");
}

/* Runtimes are arm64 machines; a tag often says what an image is for. */
static void check_architecture(struct gt_low *low, const struct gt_resource *runtime,
                               const char *uri)
{
    static const char *const others[] = {"amd64", "x86_64", "x86-64"};
    const char *slash = strrchr(uri, '/');
    const char *tag = strchr(slash != NULL ? slash : uri, ':');
    for (size_t i = 0; tag != NULL && i < GT_COUNT(others); i++) {
        if (strstr(tag, others[i]) == NULL)
            continue;
        struct gt_diag *diag =
            gt_warning(low->diags, "wrong-architecture", "the image's tag says %s", others[i]);
        diag->pos = gt_marks_pos(runtime->marks, IMAGE);
        diag->subject = runtime->address;
        diag->hint = "AgentCore Runtime takes linux/arm64 images only";
    }
}

static void note_foreign(struct gt_low *low, const struct gt_resource *runtime,
                         const struct image *image)
{
    struct gt_diag *diag =
        gt_note(low->diags, "foreign-repository", "the image is in account %s", image->account);
    diag->pos = gt_marks_pos(runtime->marks, IMAGE);
    diag->subject = runtime->address;
    diag->hint = gt_printf(low->arena,
                           "the policy of repository %s must allow ecr:BatchGetImage and "
                           "ecr:GetDownloadUrlForLayer to account %s",
                           image->repository, low->account);
}

/* What the role needs for the image, and whether the image is one to pin. */
static void lower_image(struct gt_low *low, struct gt_resource *runtime, const struct gt_item *item,
                        struct gt_grants *grants)
{
    struct image image;
    const char *uri = gt_text_at(runtime->properties, IMAGE);
    bool runs_here = low->options->local && runtime->local != NULL;
    if (uri == NULL || gt_is_reported(uri))
        return;
    check_architecture(low, runtime, uri);
    const char *repository = NULL;
    if (parse_image(low->arena, uri, &image)) {
        if (!runs_here && !image.digest && gt_item_true(item, "pin", true))
            runtime->image_pin = IMAGE;
        if (*low->account != '$' && strcmp(image.account, low->account) != 0 && !runs_here)
            note_foreign(low, runtime, &image);
        repository = gt_printf(low->arena, "arn:%s:ecr:%s:%s:repository/%s",
                               gt_partition_of_region(image.region)->id, image.region,
                               image.account, image.repository);
    } else if (strstr(uri, "${") != NULL) { /* known only when it is made */
        repository = gt_low_arn(low, "ecr", "repository/*");
    }
    const struct gt_word words[] = {{"repository", repository}, {0}};
    if (repository != NULL)
        gt_grants_add(low, grants, GT_NEED_IMAGE, words);
}

static void lower_code(struct gt_low *low, const struct gt_resource *runtime,
                       struct gt_grants *grants)
{
    const json_t *s3 =
        gt_at(runtime->properties, "/agentRuntimeArtifact/codeConfiguration/code/s3");
    const char *bucket = gt_text_at(s3, "/bucket"), *key = gt_text_at(s3, "/prefix");
    if (bucket == NULL || key == NULL)
        return;
    const struct gt_word words[] = {
        {"object", gt_printf(low->arena, "arn:%s:s3:::%s/%s", low->partition->id, bucket, key)},
        {0}};
    gt_grants_add(low, grants, GT_NEED_READ_OBJECT, words);
}

static void lower_log_group(struct gt_low *low, const struct gt_item *item,
                            const struct gt_runtime_facts *facts, const char *endpoint,
                            const char *logical)
{
    if (!gt_item_true(item, "logs", true))
        return;
    struct gt_resource *group =
        logical == NULL
            ? gt_low_add(low, item, "log_group", "log_group.runtime.%s", item->name)
            : gt_low_add(low, item, "log_group", "log_group.runtime.%s.%s", item->name, logical);
    gt_low_put_text(low, group, "/logGroupName",
                    gt_printf(low->arena, "/aws/bedrock-agentcore/runtimes/${%s.agentRuntimeId}-%s",
                              facts->address, endpoint));
    gt_low_copy(low, group, "/retentionInDays", item, "logRetention");
    gt_low_tags(low, group, item);
}

static void lower_endpoints(struct gt_low *low, const struct gt_item *item,
                            const struct gt_runtime_facts *facts)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(item->value, "endpoints"), name, value)
    {
        if (!json_is_object(value))
            continue;
        struct gt_item inner = gt_item_child(low, item, name, value, "endpoints");
        struct gt_resource *endpoint =
            gt_low_add(low, &inner, "runtime_endpoint", "runtime_endpoint.%s.%s", item->name, name);
        const char *at_service = gt_low_name(low, endpoint, "/name", &inner, GT_NAME_ENDPOINT);
        if (strcmp(at_service, "DEFAULT") == 0)
            gt_low_error(low, inner.pointer, "bad-name", "the endpoint DEFAULT exists by itself")
                ->hint = "use another name";
        gt_low_put_text(low, endpoint, "/agentRuntimeId",
                        gt_ref(low->arena, facts->address, "agentRuntimeId"));
        gt_low_copy(low, endpoint, "/agentRuntimeVersion", &inner, "version");
        gt_low_copy(low, endpoint, "/description", &inner, "description");
        gt_low_common(low, endpoint, &inner);
        endpoint->retain = endpoint->retain || gt_item_true(item, "retain", false);
        lower_log_group(low, item, facts, at_service, inner.name);
    }
}

static void lower_role(struct gt_low *low, struct gt_resource *runtime, const struct gt_item *item,
                       const char *name, struct gt_grants *grants)
{
    const char *made;
    const struct gt_word words[] = {{"self", name}, {0}};
    gt_low_service_role(low, runtime, item, "runtime", gt_printf(low->arena, "runtime/%s-*", name),
                        &made);
    gt_grants_add(low, grants, GT_NEED_RUNTIME, words);
    if (made == NULL) {
        gt_grants_note(low, grants, item, gt_text_at(runtime->properties, "/roleArn"));
        return;
    }
    const char *prefix = gt_printf(low->arena, "runtime.%s", item->name);
    gt_low_role_policy(low, item, made, prefix, "runtime", gt_grants_document(grants));
    gt_low_role_extras(low, item, made, prefix);
}

static void lower_made(struct gt_low *low, struct gt_resource *runtime, const struct gt_item *item)
{
    struct gt_grants *grants = gt_grants_new(low->arena);
    const char *name = gt_low_name(low, runtime, "/agentRuntimeName", item, GT_NAME_RUNTIME);
    runtime->local = json_object_get(item->value, "local");
    gt_low_copy(low, runtime, "/description", item, "description");
    lower_artifact(low, runtime, item);
    lower_network(low, runtime, item);
    gt_low_put_text(low, runtime, "/protocolConfiguration/serverProtocol", "MCP");
    gt_low_copy(low, runtime, "/protocolConfiguration/serverProtocol", item, "protocol");
    lower_environment(low, runtime, item, grants);
    gt_low_authorizer(low, runtime, item);
    gt_low_copy(low, runtime, "/requestHeaderConfiguration/requestHeaderAllowlist", item,
                "headers");
    gt_low_copy(low, runtime, "/lifecycleConfiguration", item, "lifecycle");
    gt_low_common(low, runtime, item);
    lower_image(low, runtime, item, grants);
    lower_code(low, runtime, grants);
    lower_role(low, runtime, item, name, grants);
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    static const char *const beside[] = {"identity", NULL}; /* how to call it */
    struct gt_resource *runtime = gt_low_add(low, item, "runtime", "runtime.%s", item->name);
    struct gt_runtime_facts *facts = GT_NEW(low->arena, struct gt_runtime_facts);
    facts->item = *item;
    facts->address = runtime->address;
    facts->foreign = gt_low_existing(low, runtime, item, beside);
    gt_map_set(&low->runtimes, item->name, facts);
    if (facts->foreign) {
        if (gt_item_text(item, "identity") != NULL)
            gt_low_identity(low, item);
    } else {
        lower_made(low, runtime, item);
        lower_log_group(low, item, facts, "DEFAULT", NULL);
        lower_endpoints(low, item, facts);
    }
    facts->jwt = gt_item_text(item, "identity") != NULL ||
                 json_object_get(runtime->properties, "authorizerConfiguration") != NULL;
}

void gt_lower_runtimes(struct gt_low *low)
{
    gt_each_item(low, "runtimes", lower_one);
}

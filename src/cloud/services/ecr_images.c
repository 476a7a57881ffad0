/* Images in ECR repositories, and what AgentCore looks at before it runs one. */
#include "ecr.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

struct wanted_image {
    const char *tag, *digest; /* either may be NULL: any */
};

static bool has_tag(const json_t *image, const char *tag)
{
    size_t index;
    json_t *item;
    json_array_foreach(gt_iterable(json_object_get(image, "tags")), index, item)
    {
        if (gt_streq(json_string_value(item), tag))
            return true;
    }
    return false;
}

static json_t *find_image(const struct gt_object *repository, struct wanted_image wanted)
{
    size_t index;
    json_t *image;
    json_array_foreach(json_object_get(repository->hidden, "images"), index, image)
    {
        if ((wanted.tag == NULL || has_tag(image, wanted.tag)) &&
            (wanted.digest == NULL || gt_streq(gt_text_at(image, "/digest"), wanted.digest)))
            return image;
    }
    return NULL;
}

static struct wanted_image wanted_of(const json_t *id)
{
    return (struct wanted_image){gt_text_at(id, "/imageTag"), gt_text_at(id, "/imageDigest")};
}

/* -- calls -- */

static json_t *detail(const struct gt_object *repository, const json_t *image)
{
    json_t *doc = json_pack(
        "{s:s, s:s, s:s, s:O, s:O, s:O, s:s}", "registryId", repository->account, "repositoryName",
        repository->id, "imageDigest", gt_text_at(image, "/digest"), "imageSizeInBytes",
        json_object_get(image, "size"), "imagePushedAt", json_object_get(image, "pushed"),
        "imageManifestMediaType", json_object_get(image, "mediaType"), "imageStatus", "ACTIVE");
    json_t *tags = json_object_get(image, "tags");
    if (json_array_size(tags) > 0)
        json_object_set_new(doc, "imageTags", json_deep_copy(tags));
    return doc;
}

static bool fits_filter(const struct gt_serve *call, const json_t *image)
{
    const char *status = gt_input_text(call, "/filter/tagStatus"),
               *state = gt_input_text(call, "/filter/imageStatus");
    bool is_tagged = json_array_size(json_object_get(image, "tags")) > 0;
    return (status == NULL || gt_streq(status, "ANY") || gt_streq(status, "TAGGED") == is_tagged) &&
           (state == NULL || gt_streq(state, "ANY") || gt_streq(state, "ACTIVE"));
}

static json_t *describe_wanted(struct gt_serve *call, const struct gt_object *repository)
{
    json_t *output = json_pack("{s:[]}", "imageDetails"), *id;
    size_t index;
    json_array_foreach(gt_iterable(gt_at(call->input, "/imageIds")), index, id)
    {
        struct wanted_image wanted = wanted_of(id);
        bool named = wanted.tag != NULL || wanted.digest != NULL;
        const json_t *image = named ? find_image(repository, wanted) : NULL;
        if (image == NULL) {
            json_decref(output);
            return named
                       ? gt_serve_fail(call, "ImageNotFoundException",
                                       "The image with imageId {imageDigest:'%s', imageTag:'%s'} "
                                       "does not exist within the repository with name '%s' in the "
                                       "registry with id '%s'",
                                       wanted.digest != NULL ? wanted.digest : "null",
                                       wanted.tag != NULL ? wanted.tag : "null", repository->id,
                                       repository->account)
                       : gt_serve_fail(call, "InvalidParameterException",
                                       "Invalid parameter at 'imageIds': an image identifier needs "
                                       "a tag or a digest");
        }
        json_array_append_new(json_object_get(output, "imageDetails"), detail(repository, image));
    }
    return output;
}

static json_t *describe(struct gt_serve *call)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    if (gt_at(call->input, "/imageIds") != NULL)
        return describe_wanted(call, repository);
    json_auto_t *items = json_array();
    size_t index;
    json_t *image;
    json_array_foreach(json_object_get(repository->hidden, "images"), index, image)
    {
        if (fits_filter(call, image))
            json_array_append_new(items, detail(repository, image));
    }
    return gt_serve_page(call, items, "imageDigest");
}

static json_t *list(struct gt_serve *call)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    json_auto_t *items = json_array();
    size_t index, at;
    json_t *image, *tag;
    json_array_foreach(json_object_get(repository->hidden, "images"), index, image)
    {
        const char *digest = gt_text_at(image, "/digest");
        const json_t *tags = json_object_get(image, "tags");
        if (!fits_filter(call, image))
            continue;
        json_array_foreach(gt_iterable(tags), at, tag) json_array_append_new(
            items, json_pack("{s:s, s:O}", "imageDigest", digest, "imageTag", tag));
        if (json_array_size(tags) == 0)
            json_array_append_new(items, json_pack("{s:s}", "imageDigest", digest));
    }
    return gt_serve_page(call, items, NULL);
}

static void add_failure(json_t *output, json_t *id)
{
    bool empty = json_object_size(id) == 0;
    json_array_append_new(
        json_object_get(output, "failures"),
        json_pack("{s:O, s:s, s:s}", "imageId", id, "failureCode",
                  empty ? "MissingDigestAndTag" : "ImageNotFound", "failureReason",
                  empty ? "Missing digest and tag" : "Requested image not found"));
}

/* Images that are not there are failures of a successful answer. */
static json_t *get(struct gt_serve *call)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    json_t *output = json_pack("{s:[], s:[]}", "images", "failures"), *id;
    size_t index;
    json_array_foreach(gt_iterable(gt_at(call->input, "/imageIds")), index, id)
    {
        const json_t *image =
            json_object_size(id) > 0 ? find_image(repository, wanted_of(id)) : NULL;
        if (image == NULL) {
            add_failure(output, id);
            continue;
        }
        json_t *full = json_copy(id);
        json_object_set(full, "imageDigest", json_object_get(image, "digest"));
        json_array_append_new(
            json_object_get(output, "images"),
            json_pack("{s:s, s:s, s:o, s:O, s:O}", "registryId", repository->account,
                      "repositoryName", repository->id, "imageId", full, "imageManifest",
                      json_object_get(image, "manifest"), "imageManifestMediaType",
                      json_object_get(image, "mediaType")));
    }
    return output;
}

static void remove_value(json_t *list, const char *text)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        if (gt_streq(json_string_value(json_array_get(list, i)), text))
            json_array_remove(list, i);
    }
}

/* By digest the image goes; by tag the tag, and the image with its last one. */
static json_t *delete (struct gt_serve *call)
{
    struct gt_object *repository = gt_repository_of(call, gt_input_text(call, "/repositoryName"));
    if (repository == NULL)
        return NULL;
    json_t *output = json_pack("{s:[], s:[]}", "imageIds", "failures"), *id;
    json_t *images = json_object_get(repository->hidden, "images");
    size_t index;
    json_array_foreach(gt_iterable(gt_at(call->input, "/imageIds")), index, id)
    {
        struct wanted_image wanted = wanted_of(id);
        json_t *image = json_object_size(id) > 0 ? find_image(repository, wanted) : NULL;
        if (image == NULL) {
            add_failure(output, id);
            continue;
        }
        json_t *full = json_copy(id);
        json_object_set(full, "imageDigest", json_object_get(image, "digest"));
        json_array_append_new(json_object_get(output, "imageIds"), full);
        if (wanted.tag != NULL)
            remove_value(json_object_get(image, "tags"), wanted.tag);
        for (size_t i = json_array_size(images); i-- > 0;) {
            if (json_array_get(images, i) == image &&
                (wanted.tag == NULL || json_array_size(json_object_get(image, "tags")) == 0))
                json_array_remove(images, i);
        }
    }
    gt_object_touch(call->local, repository);
    return output;
}

/* -- what AgentCore looks at -- */

struct image_uri {
    const char *account, *region, *repository;
    struct wanted_image image;
};

/* "ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME[:TAG][@DIGEST]"; false for other registries. */
static bool parse_uri(struct gt_arena *arena, const char *uri, struct image_uri *parsed)
{
    static const char middle[] = ".dkr.ecr.";
    const char *dot = strstr(uri, middle), *slash = strchr(uri, '/');
    if (dot == NULL || slash == NULL || dot > slash)
        return false;
    const char *region = dot + strlen(middle);
    parsed->account = gt_strndup(arena, uri, (size_t)(dot - uri));
    parsed->region = gt_strndup(arena, region, strcspn(region, "./"));
    const char *name = slash + 1, *at = strchr(name, '@');
    size_t len = at != NULL ? (size_t)(at - name) : strlen(name);
    const char *whole = gt_strndup(arena, name, len), *colon = strchr(whole, ':');
    parsed->repository = colon != NULL ? gt_strndup(arena, whole, (size_t)(colon - whole)) : whole;
    parsed->image.digest = at != NULL ? gt_strdup(arena, at + 1) : NULL;
    parsed->image.tag = colon != NULL ? gt_strdup(arena, colon + 1) : NULL;
    if (parsed->image.tag == NULL && parsed->image.digest == NULL)
        parsed->image.tag = "latest";
    return true;
}

static bool may_pull(struct gt_serve *call, const char *role_arn, const struct image_uri *uri)
{
    static const char *const actions[] = {"ecr:GetAuthorizationToken", "ecr:BatchGetImage",
                                          "ecr:GetDownloadUrlForLayer"};
    const char *arn = gt_printf(call->arena, "arn:%s:ecr:%s:%s:repository/%s", call->partition,
                                uri->region, uri->account, uri->repository);
    for (size_t i = 0; i < GT_COUNT(actions); i++) {
        const char *why;
        struct gt_access access = {.action = actions[i], .resource = i == 0 ? "*" : arn};
        if (!gt_iam_role_may(call->local, role_arn, uri->region, &access, &why, call->arena))
            return false;
    }
    return true;
}

/* The service reads the image with the execution role before it accepts a runtime. */
bool gt_check_image(struct gt_serve *call, const char *role_arn, const char *uri, bool must_exist)
{
    struct image_uri parsed;
    if (!parse_uri(call->arena, uri, &parsed))
        return true;
    if (!may_pull(call, role_arn, &parsed)) {
        gt_serve_fail(call, "ValidationException",
                      "Access denied while validating ECR URI '%s'. The execution role requires "
                      "permissions for ecr:GetAuthorizationToken, ecr:BatchGetImage, and "
                      "ecr:GetDownloadUrlForLayer operations.",
                      uri);
        return false;
    }
    bool known =
        gt_streq(parsed.account, call->account) ||
        gt_object_next(call->local, &gt_kind_repository, parsed.account, NULL, NULL, NULL) != NULL;
    if (!must_exist || !known || !gt_local_knob(call->local)->check_images)
        return true;
    struct gt_object *repository = gt_object_find(call->local, &gt_kind_repository, parsed.account,
                                                  parsed.region, "", parsed.repository);
    if (repository != NULL && find_image(repository, parsed.image) != NULL)
        return true;
    gt_serve_fail(
        call, "ValidationException",
        "The specified image identifier does not exist in the repository for ECR URI '%s'", uri);
    return false;
}

#define REPOSITORY "arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}"

const struct gt_handler gt_ecr_image_handlers[] = {
    {.operation = &gt_op_ecr_DescribeImages,
     .run = describe,
     .fidelity = GT_MODELLED,
     .note = "images are those that were seeded",
     .resource = REPOSITORY},
    {.operation = &gt_op_ecr_ListImages,
     .run = list,
     .fidelity = GT_MODELLED,
     .resource = REPOSITORY},
    {.operation = &gt_op_ecr_BatchGetImage,
     .run = get,
     .fidelity = GT_MODELLED,
     .note = "acceptedMediaTypes is not looked at",
     .resource = REPOSITORY},
    {.operation = &gt_op_ecr_BatchDeleteImage,
     .run = delete,
     .fidelity = GT_MODELLED,
     .resource = REPOSITORY},
    {.operation = NULL},
};

/*
 * Image pinning: at plan time the tag of an image in a private ECR repository becomes its digest,
 * so that a pushed `latest` shows as a change. Source: Amazon ECR API Reference, DescribeImages and
 * BatchGetImage.
 */
#include "internal.h"

#include <gantry/model/operations.h>
#include <string.h>

struct pinning {
    struct gt_item *item;
    const char *registry, *repository, *tag, *uri;
    const char *digest;
    void (*fn)(struct gt_item *item);
};

static void finish(struct pinning *pinning)
{
    pinning->fn(pinning->item);
}

static struct gt_diag *about(struct pinning *pinning, struct gt_diag *diag)
{
    const struct gt_resource *resource = pinning->item->resource;
    diag->subject = resource->address;
    diag->pos = gt_marks_pos(resource->marks, resource->image_pin);
    return diag;
}

/* "ACCOUNT.dkr.ecr.REGION.SUFFIX/REPOSITORY[:TAG]"; false for every other form, and for a digest.
 */
static bool parse_uri(struct gt_arena *arena, const char *uri, struct pinning *out, char **region)
{
    const char *host_mark = ".dkr.ecr.", *slash = strchr(uri, '/');
    const char *mark = strstr(uri, host_mark);
    if (slash == NULL || mark == NULL || mark > slash || strchr(uri, '@') != NULL)
        return false;
    const char *from = mark + strlen(host_mark), *dot = strchr(from, '.');
    const char *colon = strrchr(slash, ':');
    if (dot == NULL || dot > slash)
        return false;
    out->registry = gt_strndup(arena, uri, (size_t)(mark - uri));
    *region = gt_strndup(arena, from, (size_t)(dot - from));
    size_t len = colon == NULL ? strlen(slash + 1) : (size_t)(colon - slash - 1);
    out->repository = gt_strndup(arena, slash + 1, len);
    out->tag = colon == NULL ? "latest" : gt_strdup(arena, colon + 1);
    out->uri = gt_strndup(arena, uri, (size_t)(slash - uri) + 1 + len);
    return true;
}

/* Whether an image index offers a platform that AgentCore Runtime runs (linux/arm64 only). A
 * manifest of one image does not say. */
static bool lacks_arm64(const char *manifest)
{
    json_auto_t *document = manifest == NULL ? NULL : json_loads(manifest, 0, NULL);
    const json_t *manifests = json_object_get(document, "manifests");
    size_t i;
    json_t *entry;
    json_array_foreach(manifests, i, entry)
    {
        if (gt_streq(gt_text_at(entry, "/platform/architecture"), "arm64"))
            return false;
    }
    return json_array_size(manifests) > 0;
}

static void on_manifest(void *payload, const struct gt_aws_answer *answer)
{
    struct pinning *pinning = payload;
    if (answer->failure == GT_AWS_OK &&
        lacks_arm64(gt_text_at(answer->output, "/images/0/imageManifest"))) {
        about(pinning,
              gt_error(pinning->item->engine->diags, "image-platform",
                       "image %s:%s has no variant for linux/arm64", pinning->uri, pinning->tag))
            ->hint = "AgentCore Runtime runs arm64 only: build with --platform linux/arm64";
        pinning->item->failed = true;
    }
    finish(pinning);
}

static json_t *image_input(const struct pinning *pinning)
{
    return json_pack("{s:s, s:s, s:[{s:s}]}", "registryId", pinning->registry, "repositoryName",
                     pinning->repository, "imageIds", "imageTag", pinning->tag);
}

static void check_platform(struct pinning *pinning)
{
    json_auto_t *input = image_input(pinning);
    gt_read_call(pinning->item->engine, &gt_op_ecr_BatchGetImage, input, on_manifest, pinning);
}

static bool is_missing(const struct gt_aws_answer *answer)
{
    return answer->failure == GT_AWS_REFUSED &&
           (gt_streq(answer->code, "ImageNotFoundException") ||
            gt_streq(answer->code, "RepositoryNotFoundException"));
}

static void on_described(void *payload, const struct gt_aws_answer *answer)
{
    struct pinning *pinning = payload;
    struct gt_item *item = pinning->item;
    struct gt_diags *diags = item->engine->diags;
    const char *digest = answer->failure != GT_AWS_OK
                             ? NULL
                             : gt_text_at(answer->output, "/imageDetails/0/imageDigest");
    if (is_missing(answer)) {
        about(pinning, gt_aws_error(diags, &gt_op_ecr_DescribeImages, answer))->hint =
            "push the image first, or set pin: false; with `local: {command: [...]}` the embedded "
            "cloud needs no image";
        item->failed = true;
    } else if (digest == NULL) {
        about(pinning, gt_warning(diags, "image-not-pinned",
                                  "the tag of image %s:%s could not be resolved to a digest%s%s",
                                  pinning->uri, pinning->tag, answer->code == NULL ? "" : ": ",
                                  answer->code == NULL ? "" : answer->code))
            ->hint = "allow ecr:DescribeImages, or set pin: false; the tag is sent as it is";
    } else {
        item->pinned = gt_printf(item->engine->arena, "%s@%s", pinning->uri, digest);
        const char *last = item->entry == NULL || item->entry->applied == NULL
                               ? NULL
                               : gt_text_at(item->entry->applied, item->resource->image_pin);
        if (!gt_streq(last, item->pinned)) {
            check_platform(pinning);
            return;
        }
    }
    finish(pinning);
}

void gt_pin_image(struct gt_item *item, void (*fn)(struct gt_item *item))
{
    struct gt_engine *engine = item->engine;
    struct pinning *pinning = GT_NEW(engine->arena, struct pinning);
    *pinning = (struct pinning){.item = item, .fn = fn};
    char *region = NULL;
    const char *uri = gt_text_at(item->wanted, item->resource->image_pin);
    if (uri == NULL || json_object_get(item->unknown, item->resource->image_pin) != NULL ||
        !parse_uri(engine->arena, uri, pinning, &region)) {
        finish(pinning);
        return;
    }
    if (!gt_streq(region, engine->o.cloud.region)) {
        about(pinning, gt_warning(engine->diags, "image-not-pinned",
                                  "image %s:%s is in another region, its tag is sent as it is",
                                  pinning->uri, pinning->tag));
        finish(pinning);
        return;
    }
    json_auto_t *input = image_input(pinning);
    gt_read_call(engine, &gt_op_ecr_DescribeImages, input, on_described, pinning);
}

/* What tests put into the cloud behind the services' backs: calls, changed and removed objects. */
#include "seed.h"

#include "identity.h"
#include "services/services.h"

#include <string.h>

struct seeding { /* one admin call */
    struct gt_local *local;
    struct gt_arena *arena;
    json_t *results;
    const char *problem; /* one line; NULL: none */
};

static bool refuse(struct seeding *seeding, const char *format, ...) GT_PRINTF(2, 3);

static bool refuse(struct seeding *seeding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    seeding->problem = gt_vprintf(seeding->arena, format, args);
    va_end(args);
    return false;
}

static bool seed_call(struct seeding *seeding, const json_t *entry)
{
    struct gt_local *local = seeding->local;
    struct gt_arena *arena = seeding->arena;
    const struct gt_unsigned_call given = {.service = gt_text_at(entry, "/service"),
                                           .operation = gt_text_at(entry, "/operation"),
                                           .account = gt_text_at(entry, "/account"),
                                           .region = gt_text_at(entry, "/region"),
                                           .params = json_object_get(entry, "params")};
    if (given.service == NULL || given.operation == NULL)
        return refuse(seeding, "a call wants service and operation");
    const char *code, *message;
    json_t *output = gt_dispatch_unsigned(local, arena, &given, &code, &message);
    if (output == NULL)
        return refuse(seeding, "%s: %s: %s", given.operation, code, message);
    json_array_append_new(json_object_get(seeding->results, "calls"), output);
    return true;
}

/* The object that an entry names: by arn, or by kind and id with account, region and parent. */
static struct gt_object *find(struct gt_local *local, const json_t *entry)
{
    const char *arn = gt_text_at(entry, "/arn"), *name = gt_text_at(entry, "/kind");
    if (arn != NULL && name == NULL)
        return gt_object_find_arn(local, arn);
    const struct gt_kind *kind = name == NULL ? NULL : gt_kind_find(name);
    struct gt_object *object = NULL;
    while (kind != NULL && (object = gt_object_next(local, kind, gt_text_at(entry, "/account"),
                                                    gt_text_at(entry, "/region"),
                                                    gt_text_at(entry, "/parent"), object)) != NULL)
        if (gt_streq(object->id, gt_text_at(entry, "/id")))
            return object;
    return NULL;
}

static void set_status(struct gt_object *object, json_t *status, json_t *reasons)
{
    bool capital = json_object_get(object->data, "Status") != NULL;
    json_object_set(object->data, capital ? "Status" : "status", status);
    bool runtime = gt_starts_with(object->kind->name, "runtime");
    const char *name = runtime ? "failureReason" : "statusReasons";
    json_object_del(object->data, name);
    if (json_array_size(reasons) > 0)
        json_object_set(object->data, name, runtime ? json_array_get(reasons, 0) : reasons);
}

static bool poke(struct seeding *seeding, const json_t *entry)
{
    struct gt_local *local = seeding->local;
    struct gt_object *object = find(local, entry);
    if (object == NULL)
        return refuse(seeding, "there is no such object");
    if (json_is_true(json_object_get(entry, "remove"))) {
        gt_object_remove(local, object);
        return true;
    }
    json_t *data = json_object_get(entry, "data"), *hidden = json_object_get(entry, "hidden");
    json_t *tags = json_object_get(entry, "tags"), *name, *status;
    size_t index;
    if (json_is_object(data))
        json_object_update(object->data, data);
    if (json_is_object(hidden))
        json_object_update(object->hidden, hidden);
    json_array_foreach(json_object_get(entry, "unset"), index, name) if (json_is_string(name))
        json_object_del(object->data, json_string_value(name));
    if (json_is_object(tags)) {
        json_object_clear(object->tags);
        json_object_update(object->tags, tags);
    }
    status = json_object_get(entry, "status");
    if (json_is_string(status))
        set_status(object, status, json_object_get(entry, "reasons"));
    gt_object_touch(local, object);
    return true;
}

static bool seed_object(struct seeding *seeding, const json_t *entry)
{
    struct gt_local *local = seeding->local;
    struct gt_arena *arena = seeding->arena;
    const char *name = gt_text_at(entry, "/kind"), *id = gt_text_at(entry, "/id");
    const struct gt_kind *kind = name == NULL ? NULL : gt_kind_find(name);
    if (kind == NULL || id == NULL)
        return refuse(seeding, "an object wants kind and id");
    const char *account = gt_text_at(entry, "/account"), *region = gt_text_at(entry, "/region");
    const char *parent = gt_text_at(entry, "/parent"), *arn = gt_text_at(entry, "/arn");
    account = account == NULL ? GT_LOCAL_ACCOUNT : account;
    region = region == NULL ? GT_LOCAL_REGION : region;
    parent = parent == NULL ? "" : parent;
    if (gt_object_find(local, kind, account, region, parent, id) != NULL)
        return refuse(seeding, "there is a %s %s already", name, id);
    const json_t *data = json_object_get(entry, "data"), *hidden = json_object_get(entry, "hidden");
    const json_t *tags = json_object_get(entry, "tags");
    struct gt_object *object = gt_object_new(local, kind, account, region, parent, id,
                                             json_is_object(data) ? json_deep_copy(data) : NULL);
    if (json_is_object(hidden))
        json_object_update(object->hidden, gt_keep(arena, json_deep_copy(hidden)));
    if (json_is_object(tags))
        json_object_update(object->tags, gt_keep(arena, json_deep_copy(tags)));
    if (arn != NULL)
        gt_object_set_arn(object, arn);
    return true;
}

/* -- things that no modelled call makes, or not with a name that is known beforehand -- */

static const char *or_else(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

/* The output of a call in the seed's account and region; NULL with a problem. */
static json_t *run(struct seeding *seeding, const json_t *entry, const char *service,
                   const char *operation, const json_t *params)
{
    struct gt_arena *arena = seeding->arena;
    const struct gt_unsigned_call given = {.service = service,
                                           .operation = operation,
                                           .account = gt_text_at(entry, "/account"),
                                           .region = gt_text_at(entry, "/region"),
                                           .params = params};
    const char *code, *message;
    json_t *output = gt_dispatch_unsigned(seeding->local, arena, &given, &code, &message);
    if (output == NULL)
        refuse(seeding, "%s: %s: %s", operation, code, message);
    return gt_keep(arena, output);
}

static json_t *image_of(struct gt_local *local, const json_t *given, struct gt_arena *arena)
{
    const char *type = "application/vnd.oci.image.manifest.v1+json";
    json_t *manifest = json_object_get(given, "manifest"), *tags = json_object_get(given, "tags");
    if (manifest == NULL)
        manifest = gt_pack(arena, "{s:i, s:s, s:{s:s, s:i, s:s}, s:[], s:{s:s}}", "schemaVersion",
                           2, "mediaType", type, "config", "mediaType",
                           "application/vnd.oci.image.config.v1+json", "size", 100, "digest",
                           gt_printf(arena, "sha256:%064d", 0), "layers", "annotations",
                           "architecture", or_else(gt_text_at(given, "/architecture"), "arm64"));
    json_t *size = json_object_get(given, "size");
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o}", "digest",
                     or_else(gt_text_at(given, "/digest"), gt_printf(arena, "sha256:%064d", 1)),
                     "tags", tags == NULL ? json_array() : json_deep_copy(tags), "manifest",
                     gt_json_canonical(arena, manifest), "mediaType",
                     or_else(gt_text_at(manifest, "/mediaType"), type), "size",
                     size == NULL ? json_integer(1000000) : json_incref(size), "pushed",
                     gt_json_time(gt_local_now_ms(local)));
}

/* A tag is on one image: the newest that was pushed with it. */
static void push_image(json_t *images, json_t *image)
{
    size_t index, at;
    json_t *earlier, *tag;
    json_array_foreach(images, index, earlier)
    {
        json_t *tags = json_object_get(earlier, "tags");
        json_array_foreach(json_object_get(image, "tags"), at, tag)
        {
            for (size_t i = json_array_size(tags); i > 0; i--)
                if (json_equal(json_array_get(tags, i - 1), tag))
                    json_array_remove(tags, i - 1);
        }
    }
    json_array_append_new(images, image);
}

/* {"repository", "images": [{"tags", "digest", "architecture", "size", "manifest"}]} */
static bool seed_ecr(struct seeding *seeding, const json_t *entry)
{
    struct gt_local *local = seeding->local;
    struct gt_arena *arena = seeding->arena;
    const char *name = or_else(gt_text_at(entry, "/repository"), "");
    const char *account = or_else(gt_text_at(entry, "/account"), GT_LOCAL_ACCOUNT);
    const char *region = or_else(gt_text_at(entry, "/region"), GT_LOCAL_REGION);
    struct gt_object *repository =
        gt_object_find(local, &gt_kind_repository, account, region, "", name);
    if (repository == NULL) {
        json_t *params = gt_pack(arena, "{s:s}", "repositoryName", name);
        if (run(seeding, entry, "ecr", "CreateRepository", params) == NULL)
            return false;
        repository = gt_object_find(local, &gt_kind_repository, account, region, "", name);
    }
    json_t *images = json_object_get(repository->hidden, "images"), *image;
    size_t index;
    if (images == NULL) {
        images = json_array();
        json_object_set_new(repository->hidden, "images", images);
    }
    json_array_foreach(json_object_get(entry, "images"), index, image)
        push_image(images, image_of(local, image, arena));
    gt_object_touch(local, repository);
    return true;
}

/* {"name", "string", "suffix", "tags": {}} */
static bool seed_secret(struct seeding *seeding, const json_t *entry)
{
    struct gt_local *local = seeding->local;
    struct gt_arena *arena = seeding->arena;
    const char *name = or_else(gt_text_at(entry, "/name"), "");
    const char *suffix = gt_text_at(entry, "/suffix");
    json_t *params = gt_pack(arena, "{s:s, s:s}", "Name", name, "SecretString",
                             or_else(gt_text_at(entry, "/string"), "{}"));
    const json_t *tags = json_object_get(entry, "tags");
    if (tags != NULL)
        json_object_set_new(params, "Tags", gt_tags_list(tags, "Key", "Value"));
    const json_t *output = run(seeding, entry, "secretsmanager", "CreateSecret", params);
    const char *arn = gt_text_at(output, "/ARN");
    struct gt_object *secret = gt_object_find_arn(local, arn);
    if (secret == NULL)
        return false;
    if (suffix != NULL)
        gt_object_set_arn(secret,
                          gt_printf(arena, "%.*s-%s", (int)(strrchr(arn, '-') - arn), arn, suffix));
    json_array_append_new(json_object_get(seeding->results, "secrets"), json_string(secret->arn));
    return true;
}

/* {"name", "path", "document"}: a managed policy of the account. */
static bool seed_policy(struct seeding *seeding, const json_t *entry)
{
    struct gt_local *local = seeding->local;
    struct gt_arena *arena = seeding->arena;
    const char *name = gt_text_at(entry, "/name"), *path = or_else(gt_text_at(entry, "/path"), "/");
    const char *account = or_else(gt_text_at(entry, "/account"), GT_LOCAL_ACCOUNT);
    json_t *document = json_object_get(entry, "document");
    if (name == NULL || !json_is_object(document))
        return refuse(seeding, "a policy wants name and document");
    const char *arn = gt_printf(arena, "arn:aws:iam::%s:policy%s%s", account, path, name);
    struct gt_object *policy = gt_object_find(local, &gt_kind_managed_policy, account, "", "", arn);
    if (policy == NULL)
        policy = gt_object_new(
            local, &gt_kind_managed_policy, account, "", "", arn,
            json_pack("{s:s, s:s, s:s}", "PolicyName", name, "Arn", arn, "Path", path));
    gt_object_set_arn(policy, arn);
    json_object_set_new(policy->hidden, "document", json_deep_copy(document));
    gt_object_touch(local, policy);
    return true;
}

bool gt_seed_poke(struct gt_local *local, const json_t *entries, const char **problem,
                  struct gt_arena *arena)
{
    struct seeding given = {.local = local, .arena = arena}, *seeding = &given;
    size_t index;
    json_t *entry;
    bool good = json_is_object(entries) || json_is_array(entries) ||
                refuse(seeding, "an object or a list of them is wanted");
    if (json_is_object(entries))
        good = poke(seeding, entries);
    json_array_foreach(gt_iterable(entries), index, entry) good = good && poke(seeding, entry);
    *problem = given.problem;
    return good;
}

/* In this order: what calls need is there before them. */
static const struct {
    const char *name;
    bool (*run)(struct seeding *seeding, const json_t *entry);
} seeds[] = {
    {"objects", seed_object},  {"ecr", seed_ecr},    {"secrets", seed_secret},
    {"policies", seed_policy}, {"calls", seed_call}, {"poke", poke},
};

static bool names_known(struct seeding *seeding, const json_t *given)
{
    const char *name;
    json_t *ignored;
    json_object_foreach(gt_iterable(given), name, ignored)
    {
        size_t i = 0;
        while (i < GT_COUNT(seeds) && !gt_streq(seeds[i].name, name))
            i++;
        if (i == GT_COUNT(seeds))
            return refuse(seeding, "there are no seeds \"%s\"",
                          gt_one_line(seeding->arena, name, 60));
    }
    return true;
}

json_t *gt_seed(struct gt_local *local, const json_t *given, const char **problem,
                struct gt_arena *arena)
{
    struct seeding one = {
        .local = local, .arena = arena, .results = json_pack("{s:[], s:[]}", "calls", "secrets")};
    json_t *entry;
    size_t index;
    bool good =
        (json_is_object(given) || refuse(&one, "an object is wanted")) && names_known(&one, given);
    for (size_t i = 0; i < GT_COUNT(seeds); i++)
        json_array_foreach(gt_iterable(json_object_get(given, seeds[i].name)), index, entry) good =
            good && seeds[i].run(&one, entry);
    *problem = one.problem;
    if (good)
        return one.results;
    json_decref(one.results);
    return NULL;
}

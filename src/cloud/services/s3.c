/* S3, as much as a state needs: objects with conditions. A bucket is there from its first use, and
 * belongs to the account and region of that.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
#include "services.h"

#include <gantry/base/base64.h>
#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { ETAG = 32, BUCKET_MIN = 3, BUCKET_MAX = 63 };

const struct gt_kind gt_kind_bucket = {.name = "bucket"};
const struct gt_kind gt_kind_s3_object = {.name = "s3_object", .parent = &gt_kind_bucket};

/* -- buckets -- */

static bool is_bucket_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t len = strlen(name);
    return len >= BUCKET_MIN && len <= BUCKET_MAX && name[strspn(name, allowed)] == '\0' &&
           strchr(".-", name[0]) == NULL && strchr(".-", name[len - 1]) == NULL;
}

/* The bucket of the call, made when it is new; NULL after failing. Names are the world's. */
static struct gt_object *bucket_of(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/Bucket"),
               *owner = gt_input_text(call, "/ExpectedBucketOwner");
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_bucket, NULL, NULL, NULL, at)) != NULL &&
           !gt_streq(at->id, name))
        ;
    if (at == NULL && !is_bucket_name(name)) {
        gt_serve_fail_status(call, 400, "InvalidBucketName", "The specified bucket is not valid.");
        return NULL;
    }
    if (at == NULL) {
        at = gt_object_new(call->local, &gt_kind_bucket, call->account, call->region, "", name,
                           NULL);
        gt_object_set_arn(at, gt_printf(call->arena, "arn:%s:s3:::%s", call->partition, name));
    }
    if (!gt_streq(at->account, call->account) || (owner != NULL && !gt_streq(owner, at->account))) {
        gt_serve_fail_status(call, 403, "AccessDenied", "Access Denied");
        return NULL;
    }
    if (!gt_streq(at->region, call->region)) {
        gt_serve_fail(call, "AuthorizationHeaderMalformed",
                      "The authorization header is malformed; the region '%s' is wrong; expecting "
                      "'%s'",
                      call->region, at->region);
        gt_serve_fail_member(call, "Region", json_string(at->region));
        return NULL;
    }
    return at;
}

static struct gt_object *object_of(struct gt_serve *call, const struct gt_object *bucket)
{
    return gt_object_find(call->local, &gt_kind_s3_object, bucket->account, bucket->region,
                          bucket->id, gt_input_text(call, "/Key"));
}

static json_t *head_bucket(struct gt_serve *call)
{
    struct gt_object *bucket = bucket_of(call);
    return bucket != NULL ? json_pack("{s:s}", "BucketRegion", bucket->region) : NULL;
}

/* -- conditions -- */

/* Whether an If-Match or If-None-Match names this ETag; quotes are optional, "*" is any. */
static bool names_etag(const char *condition, const struct gt_object *object)
{
    const char *etag = gt_text_at(object->data, "/ETag"); /* in quotes */
    size_t len = strlen(etag);
    if (gt_streq(condition, "*") || gt_streq(condition, etag))
        return true;
    return strlen(condition) == len - 2 && strncmp(condition, etag + 1, len - 2) == 0;
}

static json_t *precondition_failed(struct gt_serve *call, const char *condition)
{
    gt_serve_fail_status(call, 412, "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold");
    gt_serve_fail_member(call, "Condition", json_string(condition));
    return NULL;
}

/* Whether a key is there is told only to those who may list the bucket. */
static json_t *no_such_key(struct gt_serve *call)
{
    const struct gt_access access = {
        .action = "s3:ListBucket",
        .resource = gt_printf(call->arena, "arn:%s:s3:::%s", call->partition,
                              gt_input_text(call, "/Bucket")),
    };
    const char *why;
    if (!gt_serve_allowed(call, &access, &why))
        return gt_serve_fail_status(call, 403, "AccessDenied", "Access Denied");
    gt_serve_fail_status(call, 404, "NoSuchKey", "The specified key does not exist.");
    gt_serve_fail_member(call, "Key", json_copy(json_object_get(call->input, "Key")));
    return NULL;
}

/* What a write asks of the object that is there; false after failing. */
static bool check_write(struct gt_serve *call, const struct gt_object *old)
{
    const char *match = gt_input_text(call, "/IfMatch"),
               *none_match = gt_input_text(call, "/IfNoneMatch");
    if (none_match != NULL && !gt_streq(none_match, "*")) { /* S3 takes no other value, either */
        gt_serve_fail_status(call, 501, "NotImplemented",
                             "A header you provided implies functionality that is not implemented");
        gt_serve_fail_member(call, "Header", json_string("If-None-Match"));
        return false;
    }
    if (none_match != NULL && old != NULL)
        precondition_failed(call, "If-None-Match");
    else if (match != NULL && old == NULL)
        no_such_key(call);
    else if (match != NULL && !names_etag(match, old))
        precondition_failed(call, "If-Match");
    else
        return true;
    return false;
}

/* -- objects -- */

/* The bytes of a payload: text, or {"base64": ...}. */
static const char *bytes_of(struct gt_arena *arena, const json_t *body, size_t *len)
{
    const char *encoded = gt_text_at(body, "/base64");
    char *bytes;
    if (json_is_string(body)) {
        *len = json_string_length(body);
        return json_string_value(body);
    }
    if (encoded != NULL && gt_base64_decode(arena, encoded, &bytes, len))
        return bytes;
    *len = 0;
    return "";
}

/* A quoted ETag: opaque, the same for the same bytes. */
static const char *etag_of(struct gt_arena *arena, const char *bytes, size_t len)
{
    return gt_printf(arena, "\"%.*s\"", ETAG, gt_sha256_hex(arena, bytes, len));
}

static const char *const checksums[] = {"ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME",
                                        "ChecksumSHA1",  "ChecksumSHA256", NULL};

static json_t *put(struct gt_serve *call)
{
    static const char *const members[] = {"CacheControl",
                                          "ContentDisposition",
                                          "ContentEncoding",
                                          "ContentLanguage",
                                          "ContentType",
                                          "Expires",
                                          "Metadata",
                                          "SSEKMSKeyId",
                                          "ServerSideEncryption",
                                          "StorageClass",
                                          "WebsiteRedirectLocation",
                                          NULL};
    struct gt_object *bucket = bucket_of(call);
    if (bucket == NULL)
        return NULL;
    struct gt_object *object = object_of(call, bucket);
    if (!check_write(call, object))
        return NULL;
    if (object == NULL)
        object = gt_object_new(call->local, &gt_kind_s3_object, bucket->account, bucket->region,
                               bucket->id, gt_input_text(call, "/Key"), NULL);
    json_t *body = json_object_get(call->input, "Body"), *data = json_object();
    size_t len;
    const char *bytes = bytes_of(call->arena, body, &len);
    gt_set_text(data, "ContentType", "binary/octet-stream");
    gt_set_text(data, "ServerSideEncryption", "AES256");
    gt_members_copy(data, call->input, members);
    gt_members_copy(data, call->input, checksums);
    gt_set_text(data, "ETag", etag_of(call->arena, bytes, len));
    json_object_set_new(data, "ContentLength", json_integer((json_int_t)len));
    json_decref(object->data);
    object->data = data;
    json_object_set_new(object->hidden, "Body",
                        body != NULL ? json_deep_copy(body) : json_string(""));
    gt_object_touch(call->local, object);
    return gt_answer(call, json_copy(data));
}

/* The object of a read, whose conditions hold; NULL after failing. */
static struct gt_object *read_object(struct gt_serve *call)
{
    struct gt_object *bucket = bucket_of(call);
    if (bucket == NULL)
        return NULL;
    struct gt_object *object = object_of(call, bucket);
    const char *match = gt_input_text(call, "/IfMatch"),
               *none_match = gt_input_text(call, "/IfNoneMatch");
    if (object == NULL)
        no_such_key(call);
    else if (match != NULL && !names_etag(match, object))
        precondition_failed(call, "If-Match");
    else if (none_match != NULL && names_etag(none_match, object))
        gt_serve_fail_status(call, 304, "NotModified", "Not Modified");
    else
        return object;
    return NULL;
}

static json_t *head(struct gt_serve *call)
{
    struct gt_object *object = read_object(call);
    if (object == NULL)
        return NULL;
    json_t *doc = json_copy(object->data);
    json_object_set_new(doc, "LastModified", gt_json_time(object->updated_ms));
    gt_set_text(doc, "AcceptRanges", "bytes");
    return gt_answer(call, doc);
}

static json_t *get(struct gt_serve *call)
{
    json_t *output = head(call);
    if (output == NULL)
        return NULL;
    struct gt_object *object = read_object(call);
    json_object_set_new(output, "Body", json_deep_copy(json_object_get(object->hidden, "Body")));
    return output;
}

/* An object that is not there is no error, unless the call says what it wants gone. */
static json_t *delete (struct gt_serve *call)
{
    struct gt_object *bucket = bucket_of(call);
    if (bucket == NULL)
        return NULL;
    struct gt_object *object = object_of(call, bucket);
    const char *match = gt_input_text(call, "/IfMatch");
    if (match != NULL && object == NULL)
        return no_such_key(call);
    if (match != NULL && !names_etag(match, object))
        return precondition_failed(call, "If-Match");
    if (object != NULL)
        gt_object_remove(call->local, object);
    return json_object();
}

/* -- lists -- */

static int by_key(const void *a, const void *b)
{
    const struct gt_object *const *left = a, *const *right = b;
    return strcmp((*left)->id, (*right)->id);
}

struct listing {
    GT_VEC(struct gt_object *) objects;
};

/* Objects of a bucket whose keys begin with the prefix and come behind `start`, by key. */
static struct listing objects_of(struct gt_serve *call, const struct gt_object *bucket,
                                 const char *prefix, const char *start)
{
    struct listing list = {0};
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_s3_object, bucket->account, bucket->region,
                                bucket->id, at)) != NULL) {
        if (gt_starts_with(at->id, prefix) && strcmp(at->id, start) > 0)
            *GT_PUSH(call->arena, &list.objects) = at;
    }
    if (list.objects.len > 1)
        qsort(list.objects.at, list.objects.len, sizeof(*list.objects.at), by_key);
    return list;
}

/* [{Key, ...}], and {Key: prefix, common: true} where the delimiter cuts. */
static json_t *entries_of(struct gt_serve *call, const struct listing *list, const char *prefix)
{
    const char *delimiter = gt_input_text(call, "/Delimiter"), *last = "";
    json_t *items = json_array();
    for (size_t i = 0; i < list->objects.len; i++) {
        const struct gt_object *object = list->objects.at[i];
        const char *rest = object->id + strlen(prefix),
                   *cut = delimiter != NULL && *delimiter != '\0' ? strstr(rest, delimiter) : NULL;
        if (cut != NULL) {
            size_t len = (size_t)(cut - object->id) + strlen(delimiter);
            const char *common = gt_strndup(call->arena, object->id, len);
            if (!gt_streq(common, last))
                json_array_append_new(items,
                                      json_pack("{s:s, s:b}", "Key", common, "common", true));
            last = common;
            continue;
        }
        json_array_append_new(items,
                              json_pack("{s:s, s:o, s:O, s:O, s:s}", "Key", object->id,
                                        "LastModified", gt_json_time(object->updated_ms), "ETag",
                                        json_object_get(object->data, "ETag"), "Size",
                                        json_object_get(object->data, "ContentLength"),
                                        "StorageClass", "STANDARD"));
    }
    return items;
}

static const char *encode_key(struct gt_serve *call, const char *key)
{
    bool encoded = gt_streq(gt_input_text(call, "/EncodingType"), "url");
    return encoded ? gt_percent_encode(call->arena, key, "/") : key;
}

/* Tells objects and common prefixes of a page apart. */
static void split_page(struct gt_serve *call, json_t *output)
{
    json_t *page = json_object_get(output, "Contents"), *contents = json_array(),
           *prefixes = json_array(), *item;
    size_t index, count = json_array_size(page);
    json_array_foreach(page, index, item)
    {
        const char *key = encode_key(call, gt_text_at(item, "/Key"));
        if (json_object_get(item, "common") != NULL) {
            json_array_append_new(prefixes, json_pack("{s:s}", "Prefix", key));
        } else {
            json_object_set_new(item, "Key", json_string(key));
            json_array_append(contents, item);
        }
    }
    json_object_set_new(output, "Contents", contents);
    if (json_array_size(prefixes) > 0)
        json_object_set_new(output, "CommonPrefixes", prefixes);
    else
        json_decref(prefixes);
    json_object_set_new(output, "KeyCount", json_integer((json_int_t)count));
}

static json_t *list(struct gt_serve *call)
{
    static const char *const echoed[] = {"ContinuationToken", "Delimiter", "EncodingType",
                                         "StartAfter", NULL};
    struct gt_object *bucket = bucket_of(call);
    if (bucket == NULL)
        return NULL;
    const char *prefix = gt_input_text(call, "/Prefix"),
               *start = gt_input_text(call, "/StartAfter");
    prefix = prefix != NULL ? prefix : "";
    struct listing objects = objects_of(call, bucket, prefix, start != NULL ? start : "");
    json_auto_t *items = entries_of(call, &objects, prefix);
    json_t *output = gt_serve_page(call, items, "Key");
    if (output == NULL)
        return NULL;
    split_page(call, output);
    gt_members_copy(output, call->input, echoed);
    gt_set_text(output, "Name", bucket->id);
    gt_set_text(output, "Prefix", encode_key(call, prefix));
    json_object_set_new(output, "MaxKeys", json_integer(gt_input_number(call, "/MaxKeys", 1000)));
    return output;
}

#define BUCKET "arn:{partition}:s3:::{Bucket}"
#define OBJECT "arn:{partition}:s3:::{Bucket}/{Key}"

const struct gt_handler gt_s3_handlers[] = {
    {.operation = &gt_op_s3_HeadBucket,
     .run = head_bucket,
     .fidelity = GT_GUESSED,
     .note = "a bucket is there from its first use and belongs to the account and region of that",
     .resource = BUCKET,
     .action = "s3:ListBucket"},
    {.operation = &gt_op_s3_ListObjectsV2,
     .run = list,
     .fidelity = GT_MODELLED,
     .resource = BUCKET,
     .action = "s3:ListBucket"},
    {.operation = &gt_op_s3_PutObject,
     .run = put,
     .fidelity = GT_MODELLED,
     .note = "no versions, no ACLs; checksums are kept and not verified; two writers never meet, "
             "so that ConditionalRequestConflict comes from a fault script only",
     .resource = OBJECT},
    {.operation = &gt_op_s3_GetObject,
     .run = get,
     .fidelity = GT_MODELLED,
     .note = "the whole object whatever Range says; conditions by date are not looked at",
     .resource = OBJECT},
    {.operation = &gt_op_s3_HeadObject,
     .run = head,
     .fidelity = GT_MODELLED,
     .resource = OBJECT,
     .action = "s3:GetObject"},
    {.operation = &gt_op_s3_DeleteObject,
     .run = delete,
     .fidelity = GT_MODELLED,
     .note = "that If-Match on a missing object is NoSuchKey is a guess",
     .resource = OBJECT},
    {.operation = NULL},
};

/* What handlers use to read their input and to make their output. */
#include "call.h"

#include <gantry/model/endpoints.h>

json_t *gt_serve_fail(struct gt_serve *serve, const char *code, const char *format, ...)
{
    struct gt_call *call = (struct gt_call *)serve;
    va_list args;
    va_start(args, format);
    call->message = gt_vprintf(serve->arena, format, args);
    va_end(args);
    call->failed = gt_strdup(serve->arena, code);
    call->failed_status = 0;
    call->layer = GT_LAYER_HANDLER;
    call->failed_members = gt_keep(serve->arena, json_object());
    return NULL;
}

json_t *gt_serve_fail_status(struct gt_serve *serve, int status, const char *code,
                             const char *message)
{
    gt_serve_fail(serve, code, "%s", message);
    ((struct gt_call *)serve)->failed_status = status;
    return NULL;
}

void gt_serve_fail_member(struct gt_serve *serve, const char *name, json_t *value)
{
    struct gt_call *call = (struct gt_call *)serve;
    json_object_set_new(call->failed_members, name, value);
}

const char *gt_input_text(const struct gt_serve *call, const char *pointer)
{
    return gt_text_at(call->input, pointer);
}

int64_t gt_input_number(const struct gt_serve *call, const char *pointer, int64_t otherwise)
{
    const json_t *value = gt_at(call->input, pointer);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

json_t *gt_pick(const struct gt_shape *shape, const json_t *from)
{
    json_t *picked, *item;
    size_t index;
    const char *name;
    if (shape->kind == GT_SHAPE_LIST && json_is_array(from)) {
        picked = json_array();
        json_array_foreach(gt_iterable(from), index, item)
            json_array_append_new(picked, gt_pick(shape->element, item));
        return picked;
    }
    if (shape->kind == GT_SHAPE_MAP && json_is_object(from)) {
        picked = json_object();
        json_object_foreach(gt_iterable(from), name, item)
            json_object_set_new(picked, name, gt_pick(shape->element, item));
        return picked;
    }
    if (shape->kind != GT_SHAPE_STRUCTURE || !json_is_object(from))
        return json_deep_copy(from);
    picked = json_object();
    json_object_foreach(gt_iterable(from), name, item)
    {
        const struct gt_member *member = gt_member_find(shape, name);
        if (member != NULL && !json_is_null(item))
            json_object_set_new(picked, name, gt_pick(member->shape, item));
    }
    return picked;
}

char *gt_serve_arn(const struct gt_serve *call, const char *service, const char *resource)
{
    /* IAM's ARNs have no region, S3's neither region nor account. */
    bool global = gt_streq(service, "iam"), bare = gt_streq(service, "s3");
    return gt_printf(call->arena, "arn:%s:%s:%s:%s:%s", call->partition, service,
                     global || bare ? "" : call->region, bare ? "" : call->account, resource);
}

json_t *gt_json_time(int64_t unix_ms)
{
    struct gt_arena *arena = gt_arena_new();
    const char *whole = gt_time_iso(arena, unix_ms);
    int64_t ms = unix_ms % 1000;
    json_t *text = json_string(gt_printf(arena, "%.19s.%03dZ", whole, (int)(ms < 0 ? 0 : ms)));
    gt_arena_free(arena);
    return text;
}

json_t *gt_tags_list(const json_t *map, const char *key, const char *value)
{
    json_t *list = json_array(), *item;
    const char *name;
    json_object_foreach(gt_iterable(map), name, item)
        json_array_append_new(list, json_pack("{s:s, s:O}", key, name, value, item));
    return list;
}

json_t *gt_tags_map(const json_t *list, const char *key, const char *value)
{
    json_t *map = json_object(), *item;
    size_t index;
    json_array_foreach(gt_iterable(list), index, item)
    {
        const char *name = json_string_value(json_object_get(item, key));
        json_t *given = json_object_get(item, value);
        if (name != NULL)
            json_object_set_new(map, name, given == NULL ? json_string("") : json_incref(given));
    }
    return map;
}

const char *gt_local_map_url(struct gt_local *local, struct gt_arena *arena, const char *url)
{
    static const char scheme[] = "https://", host[] = "bedrock-agentcore.";
    if (!gt_starts_with(url, scheme) || !gt_starts_with(url + sizeof(scheme) - 1, host))
        return url;
    const char *region = url + sizeof(scheme) - 1 + sizeof(host) - 1;
    const char *path = region;
    while (*path != '\0' && *path != '/')
        path++;
    const char *dot = region;
    while (dot < path && *dot != '.')
        dot++;
    const char *name = gt_strndup(arena, region, (size_t)(dot - region));
    const char *suffix = gt_partition_of_region(name)->dns_suffix;
    const char *rest = gt_strndup(arena, dot, (size_t)(path - dot));
    if (*name == '\0' || !gt_starts_with(rest, ".") || !gt_streq(rest + 1, suffix))
        return url;
    return gt_printf(arena, "%s%s", gt_local_url(local), path);
}

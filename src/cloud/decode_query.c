/* The query protocol: a form whose names spell the way into the input. */
#include "call.h"

#include <gantry/base/map.h>
#include <string.h>

enum { PARAMETERS_MOST = 5000 };

struct parameter {
    const char *name, *value;
    bool taken;
};

struct form {
    struct gt_call *call;
    struct gt_map map;
    size_t left;
};

static bool malformed(struct gt_call *call, const char *why)
{
    gt_fail_front(call, 400, "MalformedQueryString", "%s", why);
    return false;
}

static bool read_form(struct form *form, const char *text)
{
    struct gt_arena *arena = form->call->serve.arena;
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        const char *value_at = at + name_len + (at[name_len] == '=');
        struct parameter *parameter = GT_NEW(arena, struct parameter);
        parameter->name = gt_decode_percent(arena, at, name_len, true);
        parameter->value = gt_decode_percent(arena, value_at, (size_t)(at + len - value_at), true);
        if (parameter->name == NULL || parameter->value == NULL)
            return malformed(form->call, "a parameter is not UTF-8");
        if (gt_map_get(&form->map, parameter->name) != NULL)
            return malformed(form->call, "a parameter is given twice");
        if (++form->left > PARAMETERS_MOST)
            return malformed(form->call, "there are too many parameters");
        gt_map_set(&form->map, parameter->name, parameter);
        at += len + (at[len] == '&');
    }
    return true;
}

static const char *take_text(struct form *form, const char *name)
{
    struct parameter *parameter = gt_map_get(&form->map, name);
    if (parameter == NULL || parameter->taken)
        return NULL;
    parameter->taken = true;
    form->left--;
    return parameter->value;
}

static bool has_below(const struct form *form, const char *prefix)
{
    for (size_t i = 0; i < form->map.entries.len; i++) {
        const struct parameter *parameter = form->map.entries.at[i].value;
        if (!parameter->taken && gt_starts_with(parameter->name, prefix))
            return true;
    }
    return false;
}

static json_t *take(struct form *form, const struct gt_shape *shape, unsigned flags,
                    const char *name);

static json_t *take_structure(struct form *form, const struct gt_shape *shape, const char *prefix)
{
    if (*prefix != '\0' && !has_below(form, prefix))
        return NULL;
    json_t *value = json_object();
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const char *wire = member->location_name != NULL ? member->location_name : member->name;
        json_t *item = take(form, member->shape, member->flags,
                            gt_printf(form->call->serve.arena, "%s%s", prefix, wire));
        if (item != NULL)
            json_object_set_new(value, member->name, item);
    }
    return value;
}

static json_t *take_list(struct form *form, const struct gt_shape *shape, unsigned flags,
                         const char *name)
{
    struct gt_arena *arena = form->call->serve.arena;
    const struct parameter *bare = gt_map_get(&form->map, name);
    if (bare != NULL && *bare->value == '\0') {
        take_text(form, name);
        return json_array();
    }
    if (!(shape->flags & GT_SHAPE_FLATTENED) && !(flags & GT_MEMBER_FLATTENED))
        name = gt_printf(arena, "%s.%s", name,
                         shape->element_name != NULL ? shape->element_name : "member");
    json_t *list = NULL;
    for (size_t n = 1; form->call->failed == NULL; n++) {
        json_t *item = take(form, shape->element, 0, gt_printf(arena, "%s.%zu", name, n));
        if (item == NULL)
            break;
        if (list == NULL)
            list = json_array();
        json_array_append_new(list, item);
    }
    return list;
}

/* Takes a value's parameters out of the form; NULL where there are none. */
static json_t *take(struct form *form, const struct gt_shape *shape, unsigned flags,
                    const char *name)
{
    if (form->call->failed != NULL)
        return NULL;
    if (shape->kind == GT_SHAPE_STRUCTURE)
        return take_structure(form, shape, gt_printf(form->call->serve.arena, "%s.", name));
    if (shape->kind == GT_SHAPE_LIST)
        return take_list(form, shape, flags, name);
    const char *text = take_text(form, name);
    return text == NULL ? NULL : gt_decode_text(form->call, name, shape, GT_TIME_DEFAULT, text);
}

static void refuse_rest(struct form *form)
{
    for (size_t i = 0; i < form->map.entries.len; i++) {
        const struct parameter *parameter = form->map.entries.at[i].value;
        if (parameter->taken)
            continue;
        gt_fail_field(form->call, gt_one_line(form->call->serve.arena, parameter->name, 100),
                      "Member is unknown");
        return;
    }
}

json_t *gt_decode_query(struct gt_call *call)
{
    const struct gt_shape *shape = call->serve.operation->input;
    struct form form = {.call = call, .map = gt_map_init(call->serve.arena)};
    if (!read_form(&form, gt_route_form(call)))
        return NULL;
    take_text(&form, "Action");
    take_text(&form, "Version");
    json_t *input = shape == NULL ? json_object() : take_structure(&form, shape, "");
    if (call->failed == NULL && form.left > 0)
        refuse_rest(&form);
    if (call->failed == NULL)
        return input;
    json_decref(input);
    return NULL;
}

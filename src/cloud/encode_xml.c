/* XML of answers: the query protocol and REST-XML. */
#include "call.h"

#include <inttypes.h>
#include <string.h>

void gt_encode_xml_text(struct gt_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            gt_buf_adds(out, "&amp;");
        else if (c == '<')
            gt_buf_adds(out, "&lt;");
        else if (c == '>')
            gt_buf_adds(out, "&gt;");
        else if (c == '"')
            gt_buf_adds(out, "&quot;");
        else if (c == '\r')
            gt_buf_adds(out, "&#13;");
        else if (c < 0x20 && c != '\n' && c != '\t')
            gt_buf_addc(out, '?'); /* XML 1.0 has no way to say it */
        else
            gt_buf_addc(out, (char)c);
    }
}

static void bug(struct gt_call *call, const char *name, const char *what)
{
    gt_fail_internal(call,
                     gt_printf(call->serve.arena, "the embedded cloud has a bug: %s of %s: %s",
                               name, call->serve.operation->name, what));
}

static void element(struct gt_buf *out, const char *name, const char *text)
{
    gt_buf_addf(out, "<%s>", name);
    gt_encode_xml_text(out, text);
    gt_buf_addf(out, "</%s>", name);
}

/* `name` is the member's; a flattened list repeats it. */
static void list(struct gt_call *call, const char *name, const struct gt_shape *shape,
                 const json_t *value, bool flattened, struct gt_buf *out)
{
    const char *inner = flattened ? name : shape->element_name ? shape->element_name : "member";
    size_t count = json_array_size(value);
    bool turned = gt_encode_shuffled(call, name);
    if (!flattened)
        gt_buf_addf(out, "<%s>", name);
    for (size_t i = 0; i < count; i++)
        gt_encode_xml(call, inner, shape->element,
                      json_array_get(value, turned ? count - 1 - i : i), out);
    if (!flattened)
        gt_buf_addf(out, "</%s>", name);
}

static void map(struct gt_call *call, const char *name, const struct gt_shape *shape,
                const json_t *value, struct gt_buf *out)
{
    const char *key;
    json_t *item;
    gt_buf_addf(out, "<%s>", name);
    json_object_foreach(gt_iterable(value), key, item)
    {
        gt_buf_adds(out, "<entry>");
        element(out, shape->key_name ? shape->key_name : "key", key);
        gt_encode_xml(call, shape->element_name ? shape->element_name : "value", shape->element,
                      item, out);
        gt_buf_adds(out, "</entry>");
    }
    gt_buf_addf(out, "</%s>", name);
}

static void members(struct gt_call *call, const struct gt_shape *shape, const json_t *value,
                    struct gt_buf *out)
{
    const char *given;
    json_t *item;
    json_object_foreach(gt_iterable(value), given, item) if (gt_member_find(shape, given) == NULL)
        bug(call, given, "no member of the shape");
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const char *wire = member->location_name ? member->location_name : member->name;
        item = json_object_get(value, member->name);
        if (member->location != GT_LOCATION_BODY)
            continue;
        if (item == NULL || json_is_null(item)) {
            if (member->flags & GT_MEMBER_REQUIRED)
                bug(call, member->name, "required, but missing");
        } else if (member->shape->kind == GT_SHAPE_LIST) {
            list(call, wire, member->shape, item,
                 (member->shape->flags & GT_SHAPE_FLATTENED) ||
                     (member->flags & GT_MEMBER_FLATTENED),
                 out);
        } else {
            gt_encode_xml(call, wire, member->shape, item, out);
        }
    }
    if (gt_local_knob(call->serve.local)->extra_members)
        gt_buf_adds(out, "<FutureMember>no model has this</FutureMember>");
}

static void scalar(struct gt_call *call, const char *name, const struct gt_shape *shape,
                   const json_t *value, struct gt_buf *out)
{
    struct gt_arena *arena = call->serve.arena;
    const char *text = NULL;
    if (shape->kind == GT_SHAPE_TIMESTAMP)
        text = gt_encode_time(arena, value, shape->timestamp_format);
    else if (json_is_string(value))
        text = json_string_value(value);
    else if (json_is_boolean(value))
        text = json_is_true(value) ? "true" : "false";
    else if (json_is_integer(value))
        text = gt_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        text = gt_printf(arena, "%.17g", json_real_value(value));
    if (text == NULL)
        bug(call, name, "no scalar");
    else
        element(out, name, text);
}

void gt_encode_xml(struct gt_call *call, const char *name, const struct gt_shape *shape,
                   const json_t *value, struct gt_buf *out)
{
    switch (shape->kind) {
    case GT_SHAPE_STRUCTURE:
        if (!json_is_object(value))
            bug(call, name, "no object");
        gt_buf_addf(out, "<%s>", name);
        members(call, shape, value, out);
        gt_buf_addf(out, "</%s>", name);
        break;
    case GT_SHAPE_LIST:
        list(call, name, shape, value, false, out);
        break;
    case GT_SHAPE_MAP:
        map(call, name, shape, value, out);
        break;
    case GT_SHAPE_STRING:
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
    case GT_SHAPE_BOOLEAN:
    case GT_SHAPE_TIMESTAMP:
    case GT_SHAPE_BLOB:
    case GT_SHAPE_DOCUMENT:
        scalar(call, name, shape, value, out);
        break;
    }
}

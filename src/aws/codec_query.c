/* The query protocol: a form with dotted names, an answer in XML. */
#include "scalar.h"
#include "xml.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

struct form {
    struct gt_arena *arena;
    const struct gt_operation *operation;
    struct gt_diags *diags;
    struct gt_buf text;
};

static void add(struct form *form, const char *name, const char *value)
{
    if (form->text.len > 0)
        gt_buf_addc(&form->text, '&');
    gt_buf_adds(&form->text, gt_percent_encode(form->arena, name, ""));
    gt_buf_addc(&form->text, '=');
    gt_buf_adds(&form->text, gt_percent_encode(form->arena, value, ""));
}

static bool add_value(struct form *form, struct gt_wire_type type, bool flattened, const char *name,
                      const json_t *value);

static bool add_structure(struct form *form, const struct gt_shape *shape, const char *prefix,
                          const json_t *value)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const json_t *item = json_object_get(value, member->name);
        if (item == NULL || json_is_null(item))
            continue;
        bool flattened = (member->flags & GT_MEMBER_FLATTENED) != 0 ||
                         (member->shape->flags & GT_SHAPE_FLATTENED) != 0;
        const char *name = *prefix == '\0'
                               ? gt_wire_name(member)
                               : gt_printf(form->arena, "%s.%s", prefix, gt_wire_name(member));
        if (!add_value(form, gt_wire_type(member, GT_TIME_ISO8601), flattened, name, item))
            return false;
    }
    return true;
}

/* Flattened, a locationName of the element replaces the last part of the list's own name. */
static const char *list_name(struct form *form, const struct gt_shape *shape, bool flattened,
                             const char *name)
{
    if (!flattened)
        return gt_printf(form->arena, "%s.%s", name,
                         shape->element_name != NULL ? shape->element_name : "member");
    if (shape->element_name == NULL)
        return name;
    const char *dot = strrchr(name, '.');
    return gt_printf(form->arena, "%.*s%s", dot == NULL ? 0 : (int)(dot + 1 - name), name,
                     shape->element_name);
}

static bool add_list(struct form *form, const struct gt_shape *shape, bool flattened,
                     const char *name, const json_t *value)
{
    struct gt_wire_type element = {shape->element, GT_TIME_DEFAULT, GT_TIME_ISO8601};
    if (json_array_size(value) == 0) {
        add(form, name, "");
        return true;
    }
    const char *prefix = list_name(form, shape, flattened, name);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *place = gt_printf(form->arena, "%s.%zu", prefix, i + 1);
        if (!add_value(form, element, false, place, json_array_get(value, i)))
            return false;
    }
    return true;
}

static bool add_map(struct form *form, const struct gt_shape *shape, bool flattened,
                    const char *name, const json_t *value)
{
    struct gt_wire_type element = {shape->element, GT_TIME_DEFAULT, GT_TIME_ISO8601};
    const char *key_name = shape->key_name != NULL ? shape->key_name : "key";
    const char *value_name = shape->element_name != NULL ? shape->element_name : "value";
    size_t i = 0;
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        const char *entry =
            gt_printf(form->arena, "%s%s.%zu", name, flattened ? "" : ".entry", ++i);
        add(form, gt_printf(form->arena, "%s.%s", entry, key_name), key);
        if (!add_value(form, element, false, gt_printf(form->arena, "%s.%s", entry, value_name),
                       item))
            return false;
    }
    return true;
}

static bool add_value(struct form *form, struct gt_wire_type type, bool flattened, const char *name,
                      const json_t *value)
{
    const struct gt_shape *shape = type.shape;
    if (shape->kind == GT_SHAPE_STRUCTURE && json_is_object(value))
        return add_structure(form, shape, name, value);
    if (shape->kind == GT_SHAPE_LIST && json_is_array(value))
        return add_list(form, shape, flattened, name, value);
    if (shape->kind == GT_SHAPE_MAP && json_is_object(value))
        return add_map(form, shape, flattened, name, value);
    const char *text = gt_wire_text(form->arena, type, value);
    if (text == NULL)
        return gt_input_error(form->diags, form->operation, name, "is not of its type");
    add(form, name, text);
    return true;
}

/* Members that the tables do not know pass when they are scalars. */
static bool add_unknown(struct form *form, const json_t *input)
{
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(input), key, item)
    {
        static const struct gt_shape any = {.kind = GT_SHAPE_STRING};
        if (json_is_null(item) || gt_member_find(form->operation->input, key) != NULL)
            continue;
        if (!add_value(form, (struct gt_wire_type){.shape = &any}, false, key, item))
            return false;
    }
    return true;
}

static bool encode(struct gt_arena *arena, const struct gt_operation *operation,
                   const json_t *input, struct gt_wire *wire, struct gt_diags *diags)
{
    struct form form = {arena, operation, diags, gt_buf_init(GT_BODY_MAX)};
    add(&form, "Action", operation->name);
    add(&form, "Version", operation->service->api_version);
    bool ok = (operation->input == NULL || add_structure(&form, operation->input, "", input)) &&
              add_unknown(&form, input);
    if (ok && form.text.overflow)
        ok = gt_input_error(diags, operation, "the input", "is too large");
    wire->body = gt_strndup(arena, gt_buf_text(&form.text), form.text.len);
    wire->body_len = form.text.len;
    gt_buf_wipe(&form.text);
    gt_wire_content_type(arena, wire, "application/x-www-form-urlencoded; charset=utf-8");
    return ok;
}

static const char *decode(struct gt_arena *arena, const struct gt_operation *operation,
                          const struct gt_http_response *response, json_t *output)
{
    const char *flaw = "is not of the operation";
    if (response->body_len == 0)
        return flaw;
    const xmlNode *root = gt_xml_parse(arena, response, &flaw);
    if (root == NULL)
        return flaw;
    if (!gt_streq((const char *)root->name, gt_printf(arena, "%sResponse", operation->name)))
        return "is not of the operation";
    if (operation->result_wrapper != NULL)
        root = gt_xml_child(root, operation->result_wrapper);
    if (root == NULL)
        return "is not of the operation";
    if (operation->output != NULL)
        gt_xml_members(arena, operation->output, root, output);
    return NULL;
}

const struct gt_codec gt_codec_query = {.encode = encode, .decode = decode, .fault = gt_xml_fault};

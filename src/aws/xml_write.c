#include "scalar.h"
#include "xml.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

struct writer {
    struct gt_arena *arena;
    const struct gt_operation *operation;
    struct gt_diags *diags;
};

static bool write_value(const struct writer *writer, struct gt_wire_type type, xmlNode *node,
                        const json_t *value);

static xmlNode *add_child(xmlNode *node, const char *name)
{
    return xmlNewChild(node, NULL, (const xmlChar *)name, NULL);
}

static bool write_list(const struct writer *writer, const struct gt_shape *shape, xmlNode *node,
                       const char *name, const json_t *value)
{
    struct gt_wire_type element = {shape->element, GT_TIME_DEFAULT, GT_TIME_ISO8601};
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!write_value(writer, element, add_child(node, name), json_array_get(value, i)))
            return false;
    return true;
}

static bool write_map(const struct writer *writer, const struct gt_shape *shape, xmlNode *node,
                      const char *name, const json_t *value)
{
    struct gt_wire_type element = {shape->element, GT_TIME_DEFAULT, GT_TIME_ISO8601};
    const char *key_name = shape->key_name != NULL ? shape->key_name : "key";
    const char *value_name = shape->element_name != NULL ? shape->element_name : "value";
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        xmlNode *entry = add_child(node, name);
        xmlNewTextChild(entry, NULL, (const xmlChar *)key_name, (const xmlChar *)key);
        if (!write_value(writer, element, add_child(entry, value_name), item))
            return false;
    }
    return true;
}

static bool write_member(const struct writer *writer, const struct gt_member *member, xmlNode *node,
                         const json_t *value)
{
    const struct gt_shape *shape = member->shape;
    const char *name = gt_wire_name(member);
    bool flattened =
        (member->flags & GT_MEMBER_FLATTENED) != 0 || (shape->flags & GT_SHAPE_FLATTENED) != 0;
    if (flattened && shape->kind == GT_SHAPE_LIST && json_is_array(value))
        return write_list(writer, shape, node,
                          shape->element_name != NULL ? shape->element_name : name, value);
    if (flattened && shape->kind == GT_SHAPE_MAP && json_is_object(value))
        return write_map(writer, shape, node, name, value);
    return write_value(writer, gt_wire_type(member, GT_TIME_ISO8601), add_child(node, name), value);
}

static bool write_structure(const struct writer *writer, const struct gt_shape *shape,
                            xmlNode *node, const json_t *value)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const json_t *item = json_object_get(value, member->name);
        if (member->location == GT_LOCATION_BODY && item != NULL && !json_is_null(item) &&
            !write_member(writer, member, node, item))
            return false;
    }
    return true;
}

static bool write_value(const struct writer *writer, struct gt_wire_type type, xmlNode *node,
                        const json_t *value)
{
    const struct gt_shape *shape = type.shape;
    if (shape->kind == GT_SHAPE_STRUCTURE && json_is_object(value))
        return write_structure(writer, shape, node, value);
    if (shape->kind == GT_SHAPE_LIST && json_is_array(value))
        return write_list(writer, shape, node,
                          shape->element_name != NULL ? shape->element_name : "member", value);
    if (shape->kind == GT_SHAPE_MAP && json_is_object(value))
        return write_map(writer, shape, node, "entry", value);
    const char *text = gt_wire_text(writer->arena, type, value);
    if (text == NULL)
        return gt_input_error(writer->diags, writer->operation, (const char *)node->name,
                              "is not of its type");
    xmlNodeAddContent(node, (const xmlChar *)text);
    return true;
}

char *gt_xml_write(struct gt_arena *arena, const struct gt_operation *operation,
                   const struct gt_shape *shape, const char *name, const json_t *value,
                   struct gt_diags *diags)
{
    struct writer writer = {arena, operation, diags};
    xmlDoc *document = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *root = xmlNewNode(NULL, (const xmlChar *)name);
    xmlDocSetRootElement(document, root);
    if (operation->service->xml_namespace != NULL)
        xmlNewProp(root, (const xmlChar *)"xmlns",
                   (const xmlChar *)operation->service->xml_namespace);
    char *text = NULL;
    if (write_value(&writer, (struct gt_wire_type){shape, GT_TIME_DEFAULT, GT_TIME_ISO8601}, root,
                    value)) {
        xmlChar *written = NULL;
        int len = 0;
        xmlDocDumpMemoryEnc(document, &written, &len, "UTF-8");
        text = gt_strndup(arena, (const char *)written, (size_t)len);
        xmlFree(written);
    }
    xmlFreeDoc(document);
    return text;
}

#include "xml.h"

#include "scalar.h"

#include <gantry/base/str.h>
#include <libxml/parser.h>
#include <string.h>

enum { XML_MAX = 8 * 1024 * 1024 };

static void free_document(void *document)
{
    xmlFreeDoc(document);
}

static const char *name_of(const xmlNode *node)
{
    return (const char *)node->name;
}

static const xmlNode *next_element(const xmlNode *node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

const xmlNode *gt_xml_parse(struct gt_arena *arena, const struct gt_http_response *response,
                            const char **flaw)
{
    /* A service sends no document type, HTML pages do; entities need one. */
    if (response->body_len > XML_MAX || strstr(response->body, "<!DOCTYPE") != NULL ||
        strstr(response->body, "<!doctype") != NULL) {
        *flaw = response->body_len > XML_MAX ? "is too large" : "is no XML of a service";
        return NULL;
    }
    xmlDoc *document = xmlReadMemory(response->body, (int)response->body_len, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                         XML_PARSE_NOCDATA);
    const xmlNode *root = document == NULL ? NULL : xmlDocGetRootElement(document);
    if (root == NULL || document->intSubset != NULL || gt_streq(name_of(root), "html")) {
        *flaw = root == NULL ? "is no XML" : "is no XML of a service";
        xmlFreeDoc(document);
        return NULL;
    }
    gt_arena_defer(arena, free_document, document);
    return root;
}

static const xmlNode *same_name(const xmlNode *node, const char *name)
{
    for (node = next_element(node); node != NULL; node = next_element(node->next))
        if (gt_streq(name_of(node), name))
            return node;
    return NULL;
}

const xmlNode *gt_xml_child(const xmlNode *node, const char *name)
{
    return node == NULL ? NULL : same_name(node->children, name);
}

const char *gt_xml_text(struct gt_arena *arena, const xmlNode *node)
{
    if (node == NULL)
        return NULL;
    struct gt_buf text = gt_buf_init(XML_MAX);
    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        if ((child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) &&
            child->content != NULL)
            gt_buf_adds(&text, (const char *)child->content);
    const char *copy = gt_strdup(arena, gt_buf_text(&text));
    gt_buf_done(&text);
    return copy;
}

static json_t *decode(struct gt_arena *arena, const struct gt_shape *shape, const xmlNode *node);

static void add_entry(struct gt_arena *arena, const struct gt_shape *shape, const xmlNode *entry,
                      json_t *map)
{
    const xmlNode *key = gt_xml_child(entry, shape->key_name != NULL ? shape->key_name : "key");
    const xmlNode *value =
        gt_xml_child(entry, shape->element_name != NULL ? shape->element_name : "value");
    if (key != NULL && value != NULL)
        json_object_set_new(map, gt_xml_text(arena, key), decode(arena, shape->element, value));
}

/* A list or map whose elements stand without one around them. */
static json_t *decode_flattened(struct gt_arena *arena, const struct gt_shape *shape,
                                const xmlNode *first, const char *name)
{
    json_t *out = shape->kind == GT_SHAPE_LIST ? json_array() : json_object();
    for (const xmlNode *node = first; node != NULL; node = same_name(node->next, name)) {
        if (shape->kind == GT_SHAPE_LIST)
            json_array_append_new(out, decode(arena, shape->element, node));
        else
            add_entry(arena, shape, node, out);
    }
    return out;
}

void gt_xml_members(struct gt_arena *arena, const struct gt_shape *shape, const xmlNode *node,
                    json_t *output)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        if (member->location != GT_LOCATION_BODY)
            continue;
        bool flattened =
            ((member->flags & GT_MEMBER_FLATTENED) != 0 ||
             (member->shape->flags & GT_SHAPE_FLATTENED) != 0) &&
            (member->shape->kind == GT_SHAPE_LIST || member->shape->kind == GT_SHAPE_MAP);
        const char *name = gt_wire_name(member);
        if (flattened && member->shape->kind == GT_SHAPE_LIST &&
            member->shape->element_name != NULL)
            name = member->shape->element_name;
        const xmlNode *child = gt_xml_child(node, name);
        if (child != NULL)
            json_object_set_new(output, member->name,
                                flattened ? decode_flattened(arena, member->shape, child, name)
                                          : decode(arena, member->shape, child));
    }
}

static json_t *decode(struct gt_arena *arena, const struct gt_shape *shape, const xmlNode *node)
{
    const xmlNode *child = next_element(node->children);
    if (shape->kind == GT_SHAPE_STRUCTURE) {
        json_t *structure = json_object();
        gt_xml_members(arena, shape, node, structure);
        return structure;
    }
    if (shape->kind == GT_SHAPE_LIST) { /* whatever the elements are called */
        json_t *list = json_array();
        for (; child != NULL; child = next_element(child->next))
            json_array_append_new(list, decode(arena, shape->element, child));
        return list;
    }
    if (shape->kind == GT_SHAPE_MAP) {
        json_t *map = json_object();
        for (; child != NULL; child = next_element(child->next))
            add_entry(arena, shape, child, map);
        return map;
    }
    return gt_wire_value(arena, shape, gt_xml_text(arena, node));
}

bool gt_xml_fault(struct gt_arena *arena, const struct gt_http_response *response,
                  struct gt_fault *fault)
{
    const char *flaw;
    if (response->body_len == 0)
        return true;
    const xmlNode *root = gt_xml_parse(arena, response, &flaw);
    if (root == NULL)
        return false;
    const xmlNode *error = gt_streq(name_of(root), "Error") ? root : gt_xml_child(root, "Error");
    if (error == NULL)
        error = gt_xml_child(gt_xml_child(root, "Errors"), "Error");
    fault->code = gt_xml_text(arena, gt_xml_child(error, "Code"));
    fault->message = gt_xml_text(arena, gt_xml_child(error, "Message"));
    fault->request_id = gt_xml_text(arena, gt_xml_child(root, "RequestId"));
    if (fault->request_id == NULL)
        fault->request_id = gt_xml_text(arena, gt_xml_child(root, "RequestID"));
    return error != NULL;
}

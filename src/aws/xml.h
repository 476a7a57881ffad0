/*
 * XML by the model's shapes, over libxml2: no network, no entities, no document type, limited in
 * depth and size.
 */
#ifndef GANTRY_AWS_XML_H
#define GANTRY_AWS_XML_H

#include "codec.h"

#include <libxml/tree.h>

/* The root element, which lives as long as the arena; or NULL and what is wrong with the body. */
const xmlNode *gt_xml_parse(struct gt_arena *arena, const struct gt_http_response *response,
                            const char **flaw);

/* The first child element of that name, or NULL; `node` NULL gives NULL. */
const xmlNode *gt_xml_child(const xmlNode *node, const char *name);

/* The text of an element, trimmed of nothing; NULL for NULL. */
const char *gt_xml_text(struct gt_arena *arena, const xmlNode *node);

/* Sets the members of a structure that are children of `node`. */
void gt_xml_members(struct gt_arena *arena, const struct gt_shape *shape, const xmlNode *node,
                    json_t *output);

/* <ErrorResponse><Error>, <Response><Errors><Error> and S3's bare <Error>. */
bool gt_xml_fault(struct gt_arena *arena, const struct gt_http_response *response,
                  struct gt_fault *fault);

/* Writes `value` as element `name` with the children of its shape; NULL, with an error, when it
 * does not fit. The text lives in the arena. */
char *gt_xml_write(struct gt_arena *arena, const struct gt_operation *operation,
                   const struct gt_shape *shape, const char *name, const json_t *value,
                   struct gt_diags *diags);

#endif

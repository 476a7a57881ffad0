/* Iterating over a document that is not to be changed: jansson's iterators take no const pointer.
 */
#ifndef GANTRY_SRC_DOC_MEMBERS_H
#define GANTRY_SRC_DOC_MEMBERS_H

#include <jansson.h>
#include <stdint.h>

/* The same object for json_object_iter and its like, which change nothing. */
static inline json_t *gt_members(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

#endif

/* Entries and clouds as documents: what the state document and the journal's answers are made of.
 */
#ifndef GANTRY_STATE_DOCUMENT_H
#define GANTRY_STATE_DOCUMENT_H

#include <gantry/state/state.h>

/* New references; an entry whose `applied` has a secret's value fails an assertion. */
json_t *gt_entry_document(const struct gt_entry *entry);
json_t *gt_cloud_document(const struct gt_cloud *cloud);

/* NULL when all is well, else what is wrong. The documents inside are borrowed from `document`. */
const char *gt_entry_parse(struct gt_arena *arena, const char *address, const json_t *document,
                           struct gt_entry **out);
const char *gt_cloud_parse(struct gt_arena *arena, const json_t *document, struct gt_cloud *out);

/* Whether two clouds say the same. */
bool gt_cloud_equal(const struct gt_cloud *a, const struct gt_cloud *b);

#endif

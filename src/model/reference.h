/* Strings that still hold references of the manifest: ${...}; $${ is a literal ${. */
#ifndef GANTRY_MODEL_REFERENCE_H
#define GANTRY_MODEL_REFERENCE_H

#include <gantry/base/arena.h>
#include <stdbool.h>

bool gt_model_reference_in(const char *text);

/* Whether the text is one reference and nothing else, so that it may stand for any kind of value.
 */
bool gt_model_reference_whole(const char *text);

/* The text that is meant when there is no reference in it: $${ becomes ${. Returns `text` itself
 * when nothing is to be done. */
const char *gt_model_reference_literal(struct gt_arena *arena, const char *text);

#endif

/*
 * JSON writes a character outside the basic plane as two escapes (\ud83d\ude00, RFC 8259 section
 * 7), which YAML does not know, so that not all JSON is YAML to libyaml.
 */
#ifndef GANTRY_SRC_DOC_SURROGATES_H
#define GANTRY_SRC_DOC_SURROGATES_H

#include "node.h"

/*
 * Where the text is JSON and has such pairs: the same text with YAML's escape (\U0001f600) in their
 * place, in `arena`; else the text as it is. What follows on the line moves two columns to the
 * left.
 */
struct gt_source gt_join_surrogates(struct gt_arena *arena, struct gt_source source);

#endif

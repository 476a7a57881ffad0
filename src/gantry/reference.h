/* The reference of the resource types, from their tables and the service models. */
#ifndef GANTRY_PROGRAM_REFERENCE_H
#define GANTRY_PROGRAM_REFERENCE_H

#include <gantry/types/type.h>
#include <gantry/ui/stream.h>

/* One line for each type. */
void gt_reference_list(struct gt_stream *stream, struct gt_arena *arena);

/* One type: its properties with their shapes and rules, what references may read, what it does. */
void gt_reference_type(struct gt_stream *stream, struct gt_arena *arena,
                       const struct gt_type *type);

#endif

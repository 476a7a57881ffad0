/* Comparison with a file of tests/unit/ui/golden; GT_UPDATE_GOLDEN=1 writes the files instead. */
#ifndef GANTRY_TESTS_GOLDEN_H
#define GANTRY_TESTS_GOLDEN_H

#include <gantry/ui/stream.h>

/* Fails the test when the text of a memory stream is not the golden file's; frees the stream. */
void golden_check(struct gt_stream *stream, const char *name);

/* The text of a memory stream, as an arena string; frees the stream. */
char *stream_take(struct gt_arena *arena, struct gt_stream *stream);

#endif

/* Requests into operations and inputs, and outputs into answers, by the model's tables. */
#ifndef GANTRY_TESTS_TINY_WIRE_H
#define GANTRY_TESTS_TINY_WIRE_H

#include "scripted_transport.h"

#include <gantry/model/model.h>

/* The operation and the input (kept by the arena) of a request; false: none of the tables'. */
bool tiny_decode(struct gt_arena *arena, const struct gt_scripted_request *request,
                 const struct gt_operation **operation, json_t **input);

void tiny_encode(struct gt_arena *arena, const struct gt_operation *operation, const json_t *output,
                 struct gt_scripted_answer *answer);
void tiny_encode_error(struct gt_arena *arena, const struct gt_operation *operation, int status,
                       const char *code, const char *message, struct gt_scripted_answer *answer);

#endif

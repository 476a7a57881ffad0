/* The knobs of the embedded cloud on the command line. */
#ifndef GANTRY_PROGRAM_KNOBS_GIVEN_H
#define GANTRY_PROGRAM_KNOBS_GIVEN_H

#include "program.h"

/* {name: value} of the options --knob, kept by the program's arena. False with errors where one is
 * malformed, unknown or has a value that it does not take. */
bool gt_knobs_given(struct gt_program *program, json_t **knobs);

#endif

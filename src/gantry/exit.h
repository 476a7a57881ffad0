/* Exit codes of the program, as a table that the help shows. They are part of the interface. */
#ifndef GANTRY_PROGRAM_EXIT_H
#define GANTRY_PROGRAM_EXIT_H

#include <gantry/ui/program.h>

/* Code and meaning, for the help; ends with a NULL term. */
extern const struct gt_term_text gt_exit_codes[];

#endif

/* Exit codes of the program, as a table that the help shows. They are part of the interface. */
#ifndef GANTRY_PROGRAM_EXIT_H
#define GANTRY_PROGRAM_EXIT_H

#include <gantry/ui/options.h>

enum gt_exit {
    GT_EXIT_DONE = 0,
    GT_EXIT_FAILED = 1,
    GT_EXIT_CHANGES = 2,
    GT_EXIT_PARTLY = 3,
    GT_EXIT_LOCKED = 4,
    GT_EXIT_UNVERIFIED = 5,
    GT_EXIT_USAGE = 64,
    GT_EXIT_INTERRUPTED = 130
};

/* Code and meaning, for the help; ends with a NULL term. */
extern const struct gt_term_text gt_exit_codes[];

#endif

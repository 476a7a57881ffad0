/* gantry-mcp: its command line. */
#include "grammar.h"

#include <gantry/ui/program.h>

int main(int argc, char **argv)
{
    static const struct gt_program_kind kind = {
        .grammar = &gt_mcp_grammar,
        .help = OPTION_HELP,
        .quiet = OPTION_QUIET,
        .verbose = OPTION_VERBOSE,
        .no_color = OPTION_NO_COLOR,
        .json = OPTION_JSON,
        .events = GT_NO_OPTION,
    };
    return gt_program_main(&kind, argc, argv);
}

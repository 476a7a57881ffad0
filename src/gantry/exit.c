#include "exit.h"

const struct gt_term_text gt_exit_codes[] = {
    {"0", "done; nothing was wrong"},
    {"1", "failed; nothing was changed, or the failure is not about a resource"},
    {"2", "there are changes (`diff` and `status` with --exit-code)"},
    {"3", "partly applied: some resources failed, the rest is done"},
    {"4", "the state is locked by another run"},
    {"5", "verification failed"},
    {"64", "the command line is wrong, or a person is needed and there is no terminal"},
    {"130", "interrupted"},
    {0},
};

#include "consent.h"

#include <gantry/base/str.h>

bool gt_consent_open(struct gt_program *program, struct gt_consent *consent)
{
    bool stdin_taken = gt_streq(gt_option_text(program, OPTION_FILE), "-");
    *consent = (struct gt_consent){.given = gt_asked(program, OPTION_YES), .prompt = {.in = -1}};
    if (consent->given)
        return true;
    consent->prompt = gt_prompt_open(stdin_taken);
    if (consent->prompt.in >= 0)
        return true;
    gt_error(&program->diags, "usage", "there is no terminal to ask on")->hint =
        "use --yes to go on without asking";
    return false;
}

bool gt_consent_ask(struct gt_program *program, const struct gt_consent *consent,
                    const char *question, const char *wanted)
{
    if (consent->given)
        return true;
    gt_stream_flush(&program->out);
    if (gt_prompt_ask(&consent->prompt, question, wanted))
        return true;
    gt_error(&program->diags, "no-consent", "not confirmed; nothing was changed");
    return false;
}

void gt_consent_close(struct gt_consent *consent)
{
    gt_prompt_close(&consent->prompt);
}

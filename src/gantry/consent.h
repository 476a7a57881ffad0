/* A person's consent to a change: by --yes, or asked on a terminal. */
#ifndef GANTRY_PROGRAM_CONSENT_H
#define GANTRY_PROGRAM_CONSENT_H

#include "program.h"

#include <gantry/ui/prompt.h>

struct gt_consent {
    bool given; /* --yes */
    struct gt_prompt prompt;
};

/* To be called before anything else is done: false with an error "usage" when nobody can be asked.
 */
bool gt_consent_open(struct gt_program *program, struct gt_consent *consent);

/* Asks unless consent was given; true only for exactly `wanted`. A refusal is said. */
bool gt_consent_ask(struct gt_program *program, const struct gt_consent *consent,
                    const char *question, const char *wanted);

void gt_consent_close(struct gt_consent *consent);

#endif

/* Asking a person. Without a terminal nobody is asked: the caller refuses before it begins. */
#ifndef GANTRY_UI_PROMPT_H
#define GANTRY_UI_PROMPT_H

#include <gantry/ui/stream.h>

/* The descriptors of a conversation with a person; `in` -1: there is none. */
struct gt_prompt {
    int in, out;
    bool opened; /* in is ours to close */
};

/*
 * Standard input where it is a terminal; with `stdin_taken` (the manifest was read from it) the
 * controlling terminal, /dev/tty.
 */
struct gt_prompt gt_prompt_open(bool stdin_taken);
void gt_prompt_close(struct gt_prompt *prompt);

/* Prints the question and reads a line: true only when the answer is exactly `wanted` ("yes"). */
bool gt_prompt_ask(const struct gt_prompt *prompt, const char *question, const char *wanted);

#endif

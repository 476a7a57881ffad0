/*
 * Signals that ask for the end (SIGINT, SIGTERM, SIGHUP) and for a stop (SIGTSTP). By default one
 * ends the process at once; while it is held, the first makes a descriptor readable and the second
 * ends the process.
 */
#ifndef GANTRY_UI_INTERRUPT_H
#define GANTRY_UI_INTERRUPT_H

#include <stdbool.h>

/* From now on a signal that asks for the end restores the terminal and ends the process with 130.
 */
void gt_interrupt_install(void);

/* What is done before a signal ends the process at once; NULL: nothing. It runs in the handler, so
 * it does only what signal-safety(7) allows. A further signal does not wait for it. */
void gt_interrupt_last_act(void (*act)(void));

/* Holds signals until the release. The descriptor becomes readable with each one, for a loop to
 * watch; -1 where there is none, and then nothing is held. */
int gt_interrupt_hold(void);
void gt_interrupt_release(void);

/* Takes what is to be read from the descriptor; false when that was nothing. */
bool gt_interrupt_take(void);

/* Whether a signal came while it was held and was not forgotten: it was dealt with, and what
 * follows can be interrupted by another one. */
bool gt_interrupt_seen(void);
void gt_interrupt_forget(void);

#endif

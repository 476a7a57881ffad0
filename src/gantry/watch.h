/*
 * A person and a machine watch a run: the engine's events become progress on standard error and
 * NDJSON events, signals become an interruption of the engine.
 */
#ifndef GANTRY_PROGRAM_WATCH_H
#define GANTRY_PROGRAM_WATCH_H

#include "context.h"

/* A phase of the run begins: progress is shown until gt_watch_end. `total`: resources that will be
 * worked on, 0: unknown. */
void gt_watch_begin(struct gt_context *context, const char *title, size_t total);
void gt_watch_end(struct gt_context *context);

/* Counts from nothing again, for another run of the engine. */
void gt_watch_reset(struct gt_context *context);

/* The engine's event sink; the payload is the context. */
gt_event_fn gt_watch_event;

/* While the engine changes things, the first signal asks it to come to an end and the second ends
 * the process at once. Pairs may be nested. */
void gt_signals_hold(struct gt_context *context);
void gt_signals_release(struct gt_context *context);

/* Runs the loop until a signal asks for the end, or somebody sets *over and stops the loop; the
 * signal is then dealt with, and what follows can be interrupted by another one. */
void gt_signals_wait(struct gt_context *context, const bool *over);

/* From now on (or no longer) a signal that is held stops the loop and nothing else; whoever runs it
 * asks gt_signals_seen. */
void gt_signals_stop_loop(bool on);

/* The signal was dealt with: what follows can be interrupted by another one. */
void gt_signals_forget(void);

/* Whether a signal came while it was held. */
bool gt_signals_seen(void);

#endif

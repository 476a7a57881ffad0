/*
 * Threads for what blocks and cannot be otherwise: files, name resolution, libraries without a
 * non-blocking form. The loop hands work out and gets it back in a turn of its own.
 */
#ifndef GANTRY_NET_WORKERS_H
#define GANTRY_NET_WORKERS_H

#include <gantry/net/loop.h>

struct gt_workers;

/* At most `threads` at once (0: 4); each is started when it is first needed. */
struct gt_workers *gt_workers_new(struct gt_loop *loop, unsigned threads);
/*
 * Waits for what is being worked on, then calls every `done` that is outstanding, of work too that
 * was never begun. What has not ended after two seconds (a file system that hangs) is left behind
 * with its thread and its payload, and its `done` is not called: that must need nothing which goes
 * with the program's other parts. NULL is allowed.
 */
void gt_workers_free(struct gt_workers *workers);

/*
 * Calls run(payload) in a thread, then done(payload) from the loop. `run` must touch nothing that
 * the loop's thread uses meanwhile: arenas, json, diagnostics of others. Both get the same payload,
 * which the one who asked may have lost interest in by then: it says so in the payload.
 */
typedef void gt_work_fn(void *payload);
void gt_work(struct gt_workers *workers, gt_work_fn *run, gt_work_fn *done, void *payload);

#endif

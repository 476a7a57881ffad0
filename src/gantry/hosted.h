/* An embedded cloud of our own: `gantry local` as a process beside this one, for as long as this
 * one runs. When this one ends, however it ends, so does the cloud. */
#ifndef GANTRY_PROGRAM_HOSTED_H
#define GANTRY_PROGRAM_HOSTED_H

#include "context.h"

#include <gantry/base/buf.h>
#include <gantry/sys/process.h>

struct gt_hosted {
    struct gt_context *context;
    struct gt_companion companion;
    struct gt_buf line; /* what came of its output, up to the next line break */
    int port;           /* 0: it did not say yet where it listens */
    bool running, ended;
    bool follow;        /* its servers' logs are shown */
    json_t *downs;      /* {runtime: how often in a row its server came to nothing} */
    const char *broken; /* a server that does not run, and why, when that was too often; or NULL */
    const char *last_error; /* that it told of; or NULL */
    bool awaited; /* its end stops the loop; else it interrupts the engine, if that works */
};

/* Starts it and waits until it listens; context->place is then its place. */
bool gt_hosted_start(struct gt_hosted *hosted, struct gt_context *context);

/* Whether it has ended, by what it has sent up to now: of a cloud that is gone, its end comes
 * before anything else that is seen of that. Of one that was started. */
bool gt_hosted_ended(struct gt_hosted *hosted);

/* Ends it, and what it runs, and waits until all of that is gone. Does nothing for one that was not
 * started. */
void gt_hosted_stop(struct gt_hosted *hosted);

#endif

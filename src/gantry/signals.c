/* Signals: what is allowed in a handler is little, so it sets flags, writes a byte, or ends. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t held, count;
static int self_pipe[2] = {-1, -1};
static bool waiting; /* for the signal, and nothing else */

static void end(void)
{
    gt_progress_restore();
    _exit(GT_EXIT_INTERRUPTED);
}

static void on_end(int number)
{
    (void)number;
    int saved = errno;
    count++;
    if (!held || count > 1)
        end();
    ssize_t ignored = write(self_pipe[1], "!", 1);
    (void)ignored;
    errno = saved;
}

/* Ctrl-Z must not leave a terminal without cursor; the list is drawn again after a continue. */
static void on_stop(int number)
{
    (void)number;
    int saved = errno;
    gt_progress_restore();
    raise(SIGSTOP);
    errno = saved;
}

/* A signal that the parent ignores (nohup) stays ignored. */
static void handle(int number, void (*handler)(int))
{
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void gt_signals_install(void)
{
    handle(SIGINT, on_end);
    handle(SIGTERM, on_end);
    handle(SIGHUP, on_end);
    handle(SIGTSTP, on_stop);
}

static void on_byte(void *payload, int fd)
{
    struct gt_context *context = payload;
    char byte;
    if (read(fd, &byte, 1) != 1)
        return;
    if (waiting) {
        gt_loop_stop(context->loop);
        return;
    }
    if (context->progress != NULL)
        gt_progress_line(context->progress,
                         "interrupted: waiting for the calls that run; once more stops at once");
    gt_engine_interrupt(context->engine);
}

void gt_signals_hold(struct gt_context *context)
{
    if (pipe(self_pipe) != 0)
        return; /* without a pipe the first signal ends the process, and the journal covers it */
    for (int i = 0; i < 2; i++) {
        fcntl(self_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(self_pipe[i], F_SETFL, O_NONBLOCK);
    }
    gt_loop_watch(context->loop, self_pipe[0], on_byte, context);
    held = 1;
}

void gt_signals_release(struct gt_context *context)
{
    if (!held)
        return;
    held = 0;
    gt_loop_unwatch(context->loop, self_pipe[0]);
    close(self_pipe[0]);
    close(self_pipe[1]);
}

void gt_signals_wait(struct gt_context *context, const bool *over)
{
    gt_signals_hold(context);
    waiting = true;
    while (count == 0 && !*over)
        gt_loop_run(context->loop);
    waiting = false;
    gt_signals_release(context);
    count = 0;
}

bool gt_signals_seen(void)
{
    return count > 0;
}

/* What is allowed in a signal handler is little, so it counts, writes a byte, or ends. */
#include <gantry/ui/interrupt.h>

#include <gantry/ui/program.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t held, count, ending;
static int self_pipe[2] = {-1, -1};
static void (*volatile last_act)(void);

static void end(void)
{
    gt_progress_restore();
    if (!ending && last_act != NULL) {
        ending = 1;
        last_act();
    }
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
    /* One more may come while the last act is waited for. */
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void gt_interrupt_install(void)
{
    handle(SIGINT, on_end);
    handle(SIGTERM, on_end);
    handle(SIGHUP, on_end);
    handle(SIGTSTP, on_stop);
}

void gt_interrupt_last_act(void (*act)(void))
{
    last_act = act;
}

int gt_interrupt_hold(void)
{
    if (pipe(self_pipe) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(self_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(self_pipe[i], F_SETFL, O_NONBLOCK);
    }
    held = 1;
    return self_pipe[0];
}

void gt_interrupt_release(void)
{
    if (!held)
        return;
    held = 0;
    close(self_pipe[0]);
    close(self_pipe[1]);
}

bool gt_interrupt_take(void)
{
    char byte;
    return held && read(self_pipe[0], &byte, 1) == 1;
}

bool gt_interrupt_seen(void)
{
    return count > 0;
}

void gt_interrupt_forget(void)
{
    while (gt_interrupt_take()) {
    }
    count = 0;
}

#define _GNU_SOURCE /* dup3, pipe2 */

#include "supervisor_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT_FD = 3 }; /* the one behind the standard descriptors until exec closes it */

/* What a child that cannot become the program writes. */
struct report {
    int error;
    bool in_folder;
};

void gt_close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
        return;
#endif
    DIR *folder = opendir("/proc/self/fd");
    int limit = (int)sysconf(_SC_OPEN_MAX), own = folder == NULL ? -1 : dirfd(folder);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        long fd = strtol(entry->d_name, NULL, 10);
        if (fd >= first && fd != own)
            close((int)fd);
    }
    if (folder != NULL)
        closedir(folder);
    for (int fd = first; folder == NULL && fd < limit; fd++)
        close(fd);
}

/* As a program expects them that a shell starts, whatever the supervisor ignores and blocks. */
static void reset_signals(void)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &by_default, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *path_of(char **env)
{
    for (; *env != NULL; env++)
        if (gt_starts_with(*env, "PATH="))
            return *env + strlen("PATH=");
    return "/usr/local/bin:/usr/bin:/bin";
}

/* Becomes the program; returns the errno when no folder of PATH has one that can be run. No shell
 * is tried for a script without "#!". */
static int become(const struct gt_spawn *spawn)
{
    int error = ENOENT;
    const char *name = spawn->argv[0];
    if (strchr(name, '/') != NULL) {
        execve(name, spawn->argv, spawn->env);
        return errno;
    }
    struct gt_arena *arena = gt_arena_new();
    for (const char *at = path_of(spawn->env); *name != '\0'; at++) {
        size_t len = strcspn(at, ":");
        execve(gt_printf(arena, "%.*s%s%s", (int)len, at, len > 0 ? "/" : "./", name), spawn->argv,
               spawn->env);
        if (errno == EACCES)
            error = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR)
            return errno;
        at += len;
        if (*at == '\0')
            break;
    }
    return error;
}

static bool set_files(const struct gt_spawn *spawn)
{
    int in = spawn->in >= 0 ? spawn->in : open("/dev/null", O_RDONLY | O_CLOEXEC);
    return in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(spawn->out, STDOUT_FILENO) >= 0 &&
           dup2(spawn->err, STDERR_FILENO) >= 0;
}

GT_NORETURN static void be_child(const struct gt_spawn *spawn, int report_fd, pid_t supervisor)
{
    struct report report = {0};
    setpgid(0, 0);
    /* A second line of defence, for a supervisor that is killed itself. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor)
        _exit(127);
    reset_signals();
    if (dup3(report_fd, REPORT_FD, O_CLOEXEC) < 0 || !set_files(spawn)) {
        report.error = errno;
    } else {
        gt_close_from(REPORT_FD + 1);
        report.in_folder = spawn->folder != NULL && chdir(spawn->folder) != 0;
        report.error = report.in_folder ? errno : become(spawn);
        report_fd = REPORT_FD;
    }
    ssize_t written = write(report_fd, &report, sizeof(report));
    _exit(written == sizeof(report) ? 127 : 126);
}

/* Waits until the child has become the program: then its end of the pipe is closed. */
static struct report read_report(int fd)
{
    struct report report;
    ssize_t got;
    do
        got = read(fd, &report, sizeof(report));
    while (got < 0 && errno == EINTR);
    return got == sizeof(report) ? report : (struct report){0};
}

bool gt_spawn_child(const struct gt_spawn *spawn, pid_t *pid, struct gt_supervisor_answer *answer)
{
    int pipe_fds[2];
    pid_t supervisor = getpid();
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        answer->error = errno;
        return false;
    }
    *pid = fork();
    if (*pid == 0)
        be_child(spawn, pipe_fds[1], supervisor);
    struct report report = {.error = *pid < 0 ? errno : 0};
    close(pipe_fds[1]);
    if (*pid > 0) {
        setpgid(*pid, *pid); /* whoever is first */
        report = read_report(pipe_fds[0]);
    }
    close(pipe_fds[0]);
    if (report.error == 0)
        return true;
    if (*pid > 0)
        waitpid(*pid, NULL, 0);
    answer->error = report.error;
    answer->in_folder = report.in_folder;
    return false;
}

#include "server_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, OTHER_DESCRIPTORS = 128, CONNECTIONS_MIN = 16 };

static const struct reason {
    int error;
    const char *text, *hint;
} reasons[] = {
    {EADDRINUSE, "the address is in use",
     "another program listens there: stop it, or choose another address"},
    {EACCES, "no permission", "ports below 1,024 and others' folders need privileges"},
    {EPERM, "no permission", "ports below 1,024 and others' folders need privileges"},
    {EADDRNOTAVAIL, "this machine has no such address", "127.0.0.1 is there always"},
    {EAFNOSUPPORT, "this machine has no such addresses", "127.0.0.1 is there always"},
    {EMFILE, "too many open files", "raise the limit on open files (ulimit -n)"},
    {ENFILE, "too many open files", "the whole machine is out of them"},
    {ENOENT, "the folder does not exist", "make the folder first"},
    {ENOTDIR, "a part of the path is a file, not a folder", NULL},
    {ENOTSOCK, "there is a file that is no socket", "remove it, or choose another path"},
    {EROFS, "the file system is mounted read-only", NULL},
    {ENAMETOOLONG, "the path is too long for a socket", "107 bytes are the most"},
    {EINVAL, "this is no numeric address", "give an IP address such as 127.0.0.1"},
};

static bool fail(struct gt_diags *diags, const char *where, int error)
{
    for (size_t i = 0; i < GT_COUNT(reasons); i++)
        if (reasons[i].error == error) {
            gt_error(diags, error == EADDRINUSE ? "address-in-use" : "listen",
                     "cannot listen on %s: %s", where, reasons[i].text)
                ->hint = reasons[i].hint;
            return false;
        }
    gt_error(diags, "listen", "cannot listen on %s: error %d", where, error);
    return false;
}

static bool open_tcp(const struct gt_server_options *options, struct gt_listening *listener,
                     struct gt_diags *diags)
{
    char port[16];
    snprintf(port, sizeof(port), "%d", options->port);
    const char *where = gt_printf(diags->arena, "%s:%s", options->host, port);
    struct addrinfo *address = NULL;
    const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM};
    if (options->port < 0 || options->port > 0xffff ||
        getaddrinfo(options->host, port, &wanted, &address) != 0)
        return fail(diags, where, EINVAL);
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int error = errno;
    freeaddrinfo(address);
    if (good) {
        listener->fd = fd;
        return true;
    }
    if (fd >= 0)
        close(fd);
    return fail(diags, where, error);
}

static int bind_private(int fd, const struct sockaddr_un *address)
{
    mode_t mask = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = errno;
    umask(mask);
    errno = error;
    return result;
}

/* Whether what lies at the path of a socket that cannot be bound is a socket that nobody answers,
 * and is gone now. Else errno says why not. */
static bool remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(status.st_mode)) {
        errno = ENOTSOCK;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    int result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = result == 0 ? EADDRINUSE : errno;
    close(fd);
    if (error == ECONNREFUSED)
        return unlink(address->sun_path) == 0 || errno == ENOENT;
    errno = error == EAGAIN ? EADDRINUSE : error; /* a full backlog is an answer too */
    return false;
}

static bool open_unix(const struct gt_server_options *options, struct gt_listening *listener,
                      struct gt_diags *diags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = options->unix_path;
    if (strlen(path) >= sizeof(address.sun_path))
        return fail(diags, path, ENAMETOOLONG);
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(diags, path, errno);
    bool good = bind_private(fd, &address) == 0;
    if (!good && errno == EADDRINUSE && remove_stale(&address))
        good = bind_private(fd, &address) == 0;
    struct stat status = {0};
    if (good && listen(fd, BACKLOG) == 0 && lstat(path, &status) == 0) {
        listener->fd = fd;
        listener->unix_path = path;
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
        return true;
    }
    int error = errno;
    close(fd);
    return fail(diags, path, error);
}

bool gt_listening_open(struct gt_arena *arena, const struct gt_server_options *options,
                       struct gt_listening **opened, struct gt_diags *diags)
{
    struct gt_listening *listener = GT_NEW(arena, struct gt_listening);
    bool good = options->unix_path != NULL ? open_unix(options, listener, diags)
                                           : open_tcp(options, listener, diags);
    if (good)
        *opened = listener;
    return good;
}

int gt_listening_port(const struct gt_listening *listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    if (getsockname(listener->fd, &address.any, &len) != 0)
        return 0;
    switch (address.any.sa_family) {
    case AF_INET:
        return ntohs(address.v4.sin_port);
    case AF_INET6:
        return ntohs(address.v6.sin6_port);
    default:
        return 0;
    }
}

void gt_listening_remove(struct gt_listening *listener)
{
    struct stat status;
    const char *path = listener->unix_path;
    listener->unix_path = NULL;
    if (path != NULL && lstat(path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        unlink(path);
}

unsigned gt_listening_limit(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    rlim_t needed = (rlim_t)wanted + OTHER_DESCRIPTORS;
    if (limit.rlim_cur < needed) {
        rlim_t most =
            limit.rlim_max == RLIM_INFINITY || limit.rlim_max > needed ? needed : limit.rlim_max;
        const struct rlimit raised = {.rlim_cur = most, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit.rlim_cur = most;
    }
    if (limit.rlim_cur >= needed)
        return wanted;
    return limit.rlim_cur > OTHER_DESCRIPTORS + CONNECTIONS_MIN
               ? (unsigned)(limit.rlim_cur - OTHER_DESCRIPTORS)
               : CONNECTIONS_MIN;
}

#include "link_parts.h"

#include <gantry/base/str.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { STUCK_MS = 5000, LARGE = 4 * 1024 * 1024 };

static void on_io(void *payload, int fd, unsigned ready);

int64_t gt_pg_link_now_ms(const struct gt_pg_link *link)
{
    return gt_monotonic_ms(gt_loop_sys(link->options.loop));
}

/* -- life -- */

static void unwatch(struct gt_pg_link *link)
{
    if (link->interest != 0)
        gt_loop_unwatch(link->options.loop, link->fd);
    link->interest = 0;
}

void gt_pg_link_watch(struct gt_pg_link *link, unsigned interest)
{
    if (interest == link->interest)
        return;
    link->fd = PQsocket(link->conn);
    link->interest = interest;
    gt_loop_watch_io(link->options.loop, link->fd, interest, on_io, link);
}

static void destroy(struct gt_pg_link *link)
{
    for (struct gt_pg_cancel *at = link->cancelling; at != NULL; at = at->next)
        at->link = NULL;
    gt_arena_free(link->arena);
}

void gt_pg_link_enter(struct gt_pg_link *link)
{
    link->depth++;
}

void gt_pg_link_leave(struct gt_pg_link *link)
{
    if (--link->depth == 0 && link->freed)
        destroy(link);
}

void gt_pg_link_finish(struct gt_pg_link *link, struct gt_pg_job *job, bool lost)
{
    struct gt_arena *texts = job->texts;
    struct gt_pg_end end = job->end;
    end.lost = lost;
    end.sent = job->sent;
    link->open--;
    job->texts = NULL;
    job->done(job, lost ? NULL : link, &end);
    gt_arena_free(texts);
}

static void tell(struct gt_pg_link *link, struct gt_pg_job *job, const char *reason)
{
    job->end.message = reason;
    gt_pg_link_finish(link, job, true);
}

/* Tells all jobs; none of them is sent any more. */
static void tell_lost(struct gt_pg_link *link, const char *reason)
{
    link->broken = true;
    while (link->first < link->expected.len) {
        struct gt_pg_job *job = link->expected.at[link->first].job;
        while (link->first < link->expected.len && link->expected.at[link->first].job == job)
            link->first++;
        if (job != NULL)
            tell(link, job, reason);
    }
    while (link->unsent != NULL) {
        struct gt_pg_job *job = link->unsent;
        link->unsent = job->next;
        tell(link, job, reason);
    }
    link->unsent_end = &link->unsent;
}

static void disconnect(struct gt_pg_link *link)
{
    unwatch(link);
    gt_timer_cancel(link->flush);
    gt_timer_cancel(link->deadline);
    gt_timer_cancel(link->stuck);
    gt_timer_cancel(link->watchman);
    link->flush = link->deadline = link->stuck = link->watchman = NULL;
    PQfinish(link->conn);
    link->conn = NULL;
}

void gt_pg_link_lose(struct gt_pg_link *link, const char *reason)
{
    if (link->broken)
        return;
    char *copy = gt_one_line(link->arena, reason, GT_PG_TEXT_MAX);
    bool was_ready = link->ready;
    gt_pg_link_enter(link);
    disconnect(link);
    tell_lost(link, copy);
    link->ready = false;
    if (!link->freed && was_ready)
        link->options.lost(link->options.payload, link, copy);
    else if (!link->freed)
        link->options.ready(link->options.payload, link, copy);
    gt_pg_link_leave(link);
}

/* What stands behind the last `mark` in a text, or NULL. */
static const char *behind_last(const char *text, const char *mark)
{
    const char *found = NULL;
    for (const char *at = text; (at = strstr(at, mark)) != NULL;)
        found = at += strlen(mark);
    return found;
}

const char *gt_pg_link_reason(struct gt_pg_link *link)
{
    const char *text = PQerrorMessage(link->conn);
    const char *fatal = behind_last(text, "FATAL: "), *failed = behind_last(text, "failed: ");
    text = fatal != NULL ? fatal : failed != NULL ? failed : text;
    text += strspn(text, " ");
    const char *line = gt_strndup(link->arena, text, strcspn(text, "\n"));
    if (strstr(line, "pg_hba.conf") != NULL) /* names addresses and users */
        return "the server does not accept this user from here (pg_hba.conf)";
    return *line != '\0' ? line : "the connection was closed";
}

void gt_pg_link_free(struct gt_pg_link *link)
{
    if (link == NULL || link->freed)
        return;
    link->freed = true;
    gt_pg_link_enter(link);
    if (link->conn != NULL)
        disconnect(link);
    tell_lost(link, "the connection is closed");
    gt_pg_link_leave(link);
}

size_t gt_pg_link_open(const struct gt_pg_link *link)
{
    return link->open;
}

static bool is_working(const struct gt_pg_link *link)
{
    bool works = link->open > 0;
    for (size_t i = link->first; i < link->expected.len && !works; i++)
        works = link->expected.at[i].kind != GT_PG_SYNC;
    return works;
}

void gt_pg_link_rest(struct gt_pg_link *link)
{
    if (link->broken || link->freed || !link->ready || is_working(link))
        return;
    gt_timer_cancel(link->stuck);
    link->stuck = NULL;
    link->options.rested(link->options.payload);
}

void gt_pg_link_reset(struct gt_pg_link *link)
{
    link->timeout_ms = -1;
    for (size_t i = 0; i < link->prepared.entries.len; i++)
        *(struct gt_pg_prepared *)link->prepared.entries.at[i].value = (struct gt_pg_prepared){0};
}

/* -- cancelling -- */

static void run_cancel(void *payload)
{
    struct gt_pg_cancel *cancel = payload;
    char ignored[256];
    PQcancel(cancel->handle, ignored, sizeof(ignored));
}

static void cancel_done(void *payload)
{
    struct gt_pg_cancel *cancel = payload;
    struct gt_pg_link *link = cancel->link;
    if (link != NULL) {
        struct gt_pg_cancel **at = &link->cancelling;
        while (*at != cancel)
            at = &(*at)->next;
        *at = cancel->next;
        link->cancels_over++;
    }
    PQfreeCancel(cancel->handle);
    gt_arena_free(cancel->arena);
}

static void on_stuck(void *payload)
{
    struct gt_pg_link *link = payload;
    link->stuck = NULL;
    gt_pg_link_lose(link, "the server does not answer");
}

void gt_pg_link_cancel_running(struct gt_pg_link *link)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_pg_cancel *cancel = GT_NEW(arena, struct gt_pg_cancel);
    *cancel = (struct gt_pg_cancel){
        .next = link->cancelling, .arena = arena, .link = link, .handle = PQgetCancel(link->conn)};
    link->cancelling = cancel;
    link->cancels++;
    gt_work(link->options.workers, run_cancel, cancel_done, cancel);
    if (link->stuck == NULL)
        link->stuck = gt_timer_start(link->options.loop, STUCK_MS, on_stuck, link);
}

bool gt_pg_link_is_lost(const struct gt_pg_link *link)
{
    return link->broken;
}

bool gt_pg_link_is_cancelling(const struct gt_pg_link *link)
{
    return link->cancelling != NULL;
}

bool gt_pg_link_is_large(const struct gt_pg_link *link)
{
    return link->large;
}

void gt_pg_link_cancel(struct gt_pg_link *link, struct gt_pg_job *job)
{
    if (job->cancelled || link->broken)
        return;
    job->cancelled = true;
    if (job->sent && link->first < link->expected.len && link->expected.at[link->first].job == job)
        gt_pg_link_cancel_running(link);
}

/* -- connecting -- */

static struct gt_pg_link *link_of_setup(struct gt_pg_job *job)
{
    return (struct gt_pg_link *)(void *)((char *)job - offsetof(struct gt_pg_link, setup));
}

static void session_row(struct gt_pg_job *job, const PGresult *result, int row)
{
    if (strcmp(PQgetvalue(result, row, 0), "t") == 0)
        link_of_setup(job)->setup_problem =
            "the user is a superuser or may use the server's files and programs: use one that may "
            "not, or set allow_privileged: true";
}

static void session_done(struct gt_pg_job *job, struct gt_pg_link *link,
                         const struct gt_pg_end *end)
{
    (void)job;
    if (link == NULL)
        return; /* gt_pg_link_lose tells it */
    const char *problem = end->sqlstate != NULL ? end->message : link->setup_problem;
    gt_timer_cancel(link->deadline);
    link->deadline = NULL;
    if (problem != NULL) {
        gt_pg_link_lose(link, problem);
        return;
    }
    link->ready = true;
    link->options.ready(link->options.payload, link, NULL);
}

static void start_session(struct gt_pg_link *link)
{
    /* Also what the user can become by SET ROLE, which set_config('role') in a query does. */
    static const char privileged[] =
        "SELECT bool_or(pg_catalog.pg_has_role(session_user, oid, 'MEMBER')) "
        "FROM pg_catalog.pg_roles WHERE rolsuper OR rolname IN ('pg_read_server_files', "
        "'pg_write_server_files', 'pg_execute_server_program')";
    size_t count = 0;
    while (link->options.session[count] != NULL)
        count++;
    link->setup_steps = gt_calloc(link->arena, count + 1, sizeof(*link->setup_steps));
    for (size_t i = 0; i < count; i++)
        link->setup_steps[i].sql = link->options.session[i];
    if (link->options.refuse_privileged)
        link->setup_steps[count++] = (struct gt_pg_step){.sql = privileged, .rows = true};
    link->setup = (struct gt_pg_job){.steps = link->setup_steps,
                                     .count = count,
                                     .timeout_ms = -1,
                                     .row = session_row,
                                     .done = session_done};
    PQsetnonblocking(link->conn, 1);
    if (PQenterPipelineMode(link->conn) != 1) {
        gt_pg_link_lose(link, gt_pg_link_reason(link));
        return;
    }
    gt_pg_link_watch(link, GT_IO_READ);
    gt_pg_link_send(link, &link->setup);
}

static void go_on_connecting(struct gt_pg_link *link)
{
    unwatch(link); /* libpq may go on with another socket that has the same number */
    PostgresPollingStatusType status = PQconnectPoll(link->conn);
    if (status == PGRES_POLLING_READING)
        gt_pg_link_watch(link, GT_IO_READ);
    else if (status == PGRES_POLLING_WRITING)
        gt_pg_link_watch(link, GT_IO_WRITE);
    else if (status == PGRES_POLLING_OK)
        start_session(link);
    else
        gt_pg_link_lose(link, gt_pg_link_reason(link));
}

/* Bytes that the socket has had since it was opened; 0 where it does not say. */
static uint64_t received(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_received : 0;
}

/* A row that never ends: libpq would hold all of it, whatever caps there are. It reads as much as
 * there is, so that what waits is only the least of what comes. */
static bool is_too_large(struct gt_pg_link *link)
{
    int waiting = 0;
    if (link->first == link->expected.len)
        return false;
    if (link->stands && ioctl(link->fd, FIONREAD, &waiting) == 0)
        link->partial += (uint64_t)waiting;
    uint64_t all = link->stands ? received(link->fd) : 0;
    if (link->partial_from == 0)
        link->partial_from = all;
    link->stands = true;
    uint64_t since = all - link->partial_from;
    uint64_t most = since > link->partial ? since : link->partial;
    link->large |= most > LARGE;
    return most > GT_PG_ROW_MAX;
}

void gt_pg_link_too_large(struct gt_pg_job *job)
{
    job->failed = true;
    job->end.sqlstate = "54000";
    job->end.message = "a row is larger than 64 MiB";
}

static void end_large(struct gt_pg_link *link)
{
    struct gt_pg_job *job = link->expected.at[link->first].job;
    if (job != NULL && !job->failed) {
        gt_pg_link_too_large(job);
        while (link->first < link->expected.len && link->expected.at[link->first].job == job)
            link->first++;
        gt_pg_link_finish(link, job, false);
    }
    gt_pg_link_lose(link, "another statement's row was too large");
}

static void read_and_write(struct gt_pg_link *link, unsigned ready)
{
    bool large = is_too_large(link);
    bool good = !large && PQconsumeInput(link->conn) == 1;
    if (large) {
        end_large(link);
        return;
    }
    if (good && link->stuck != NULL) { /* the rest of a cancelled answer may be long */
        gt_timer_cancel(link->stuck);
        link->stuck = gt_timer_start(link->options.loop, STUCK_MS, on_stuck, link);
    }
    gt_pg_link_receive(link); /* what came before the end, too */
    if (link->broken || link->freed)
        return;
    if (!good)
        gt_pg_link_lose(link, gt_pg_link_reason(link));
    else if (ready & GT_IO_WRITE)
        gt_pg_link_flush(link);
}

static void on_io(void *payload, int fd, unsigned ready)
{
    struct gt_pg_link *link = payload;
    (void)fd;
    gt_pg_link_enter(link);
    if (PQpipelineStatus(link->conn) == PQ_PIPELINE_OFF)
        go_on_connecting(link);
    else
        read_and_write(link, ready);
    gt_pg_link_leave(link);
}

static void on_late(void *payload)
{
    struct gt_pg_link *link = payload;
    link->deadline = NULL;
    gt_pg_link_lose(link, "the server did not answer in time");
}

static void on_start(void *payload)
{
    struct gt_pg_link *link = payload;
    link->flush = NULL;
    if (link->conn == NULL)
        gt_pg_link_lose(link, "out of memory");
    else if (PQstatus(link->conn) == CONNECTION_BAD)
        gt_pg_link_lose(link, gt_pg_link_reason(link));
    else
        gt_pg_link_watch(link, GT_IO_WRITE);
}

/* Notices go nowhere: libpq would write them to stderr. */
static void ignore_notice(void *payload, const PGresult *result)
{
    (void)payload;
    (void)result;
}

struct gt_pg_link *gt_pg_link_new(const struct gt_pg_link_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_pg_link *link = GT_NEW(arena, struct gt_pg_link);
    *link = (struct gt_pg_link){.arena = arena, .options = *options, .fd = -1, .timeout_ms = -1};
    link->prepared = gt_map_init(arena);
    link->unsent_end = &link->unsent;
    link->conn = PQconnectStartParams(options->keywords, options->values, 0);
    if (link->conn != NULL)
        PQsetNoticeReceiver(link->conn, ignore_notice, NULL);
    link->deadline = gt_timer_start(options->loop, options->connect_timeout_ms, on_late, link);
    link->flush = gt_timer_start(options->loop, 0, on_start, link);
    return link;
}

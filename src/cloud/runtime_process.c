/*
 * The servers of runtimes: one process for each version that is called, started by the first
 * request, started again after it died, ended when nobody needs it. What they print is the
 * runtime's log.
 */
#include "data_plane.h"

#include <arpa/inet.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKOFF_FIRST_MS = 1000, /* before it is started again */
    BACKOFF_MOST_MS = 30 * 1000,
    STABLE_MS = 60 * 1000, /* of life, after which a death counts as the first */
    GRACE_MS = 5 * 1000,   /* between SIGTERM and SIGKILL */
    STDIO_DRAIN_MS = 10 * 1000,
    LINE_BYTES = 300
};

const char *const gt_backend_state_names[] = {
    [GT_BACKEND_STARTING] = "starting",
    [GT_BACKEND_READY] = "running",
    [GT_BACKEND_DOWN] = "down",
    [GT_BACKEND_ENDING] = "ending",
};

static struct gt_loop *loop_of(const struct gt_backend *backend)
{
    return gt_local_loop(backend->plane->local);
}

static int64_t now_of(const struct gt_backend *backend)
{
    return gt_monotonic_ms(gt_loop_sys(loop_of(backend)));
}

static void tell(const struct gt_backend *backend)
{
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:s}", "event", "runtime", "runtime", backend->name, "version",
                  backend->version, "state", gt_backend_state_names[backend->state]);
    if (backend->last_exit != NULL && !backend->alive)
        json_object_set_new(event, "reason", json_string(backend->last_exit));
    if (backend->late && !backend->alive)
        json_object_set_new(event, "late", json_true());
    gt_local_event(backend->plane->local, event);
}

/* -- a process -- */

/* What belongs to one process; the process itself has ended, or is about to. */
static void clear_run(struct gt_backend *backend)
{
    gt_probe_stop(backend);
    gt_mcp_relay_free(backend->relay);
    gt_mcp_client_free(backend->client);
    backend->relay = NULL;
    backend->client = NULL;
    gt_output_drain(backend);
    gt_arena_free(backend->run);
    gt_arena_free(backend->probe_arena);
    backend->run = backend->probe_arena = NULL;
    backend->last_probe = NULL;
}

static void set_last_exit(struct gt_backend *backend, const char *text)
{
    struct gt_arena *arena = gt_arena_new();
    backend->last_exit = gt_one_line(arena, text, LINE_BYTES);
    gt_arena_free(backend->exit_arena);
    backend->exit_arena = arena;
}

static void start(struct gt_backend *backend);

void gt_backend_restart(void *payload)
{
    struct gt_backend *backend = payload;
    backend->timer = NULL;
    start(backend);
}

/* It is down. One that had worked is started again by itself; one that never did, by the next
 * request that does not come too soon. */
static void go_down(struct gt_backend *backend, const char *why)
{
    int64_t now = now_of(backend);
    bool stable = backend->started_ms != 0 && now - backend->started_ms >= STABLE_MS;
    bool worked = backend->was_ready;
    set_last_exit(backend, why);
    gt_probe_stop(backend);
    if (backend->client == NULL) /* else the end of its pipe has yet to be told to its calls */
        clear_run(backend);
    backend->state = GT_BACKEND_DOWN;
    backend->alive = false;
    backend->was_ready = false;
    backend->backoff_ms = stable || backend->backoff_ms == 0          ? BACKOFF_FIRST_MS
                          : backend->backoff_ms * 2 < BACKOFF_MOST_MS ? backend->backoff_ms * 2
                                                                      : BACKOFF_MOST_MS;
    backend->next_start_ms = now + backend->backoff_ms;
    if (worked && !backend->stale && !backend->plane->closing)
        backend->timer =
            gt_timer_start(loop_of(backend), backend->backoff_ms, gt_backend_restart, backend);
    tell(backend);
    if (backend->timer != NULL && backend->backoff_ms <= GT_BACKEND_NEAR_MS)
        return; /* who waits is served by the next one */
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    gt_backend_answer_all(backend,
                          gt_printf(arena, "the server cannot be started: %s", backend->last_exit));
}

static void backend_free(void *what)
{
    struct gt_backend *backend = what;
    clear_run(backend);
    gt_arena_free(backend->exit_arena);
    gt_arena_free(backend->arena);
}

static void forget(struct gt_backend *backend)
{
    struct gt_backend **at = &backend->plane->backends;
    while (*at != backend)
        at = &(*at)->next;
    *at = backend->next;
    gt_timer_cancel(backend->drain_timer);
    gt_timer_cancel(backend->timer);
    backend->drain_timer = backend->timer = NULL;
    backend->forgotten = true;
    gt_backend_answer_all(backend, "the runtime has changed");
    if (backend->busy == 0 || backend->plane->closing)
        gt_plane_later(backend->plane, backend_free, backend);
}

static void end_now(struct gt_backend *backend)
{
    gt_timer_cancel(backend->drain_timer);
    backend->drain_timer = NULL;
    if (!backend->alive) {
        forget(backend);
        return;
    }
    gt_probe_stop(backend);
    backend->state = GT_BACKEND_ENDING;
    gt_supervisor_end(gt_local_supervisor(backend->plane->local), backend->child, GRACE_MS);
    tell(backend);
}

static void on_drained(void *payload)
{
    struct gt_backend *backend = payload;
    backend->drain_timer = NULL;
    end_now(backend);
}

void gt_backend_retire(struct gt_backend *backend)
{
    backend->stale = true;
    gt_backend_drain(backend);
}

void gt_backend_drain(struct gt_backend *backend)
{
    bool over = backend->forgotten || backend->plane->closing ||
                backend->state == GT_BACKEND_ENDING || backend->drain_timer != NULL;
    if (over || !backend->stale || backend->busy > 0 || backend->waits != NULL)
        return;
    /* Requests over stdio are not counted: they get a while. */
    backend->drain_timer = gt_timer_start(
        loop_of(backend), backend->client != NULL ? STDIO_DRAIN_MS : 0, on_drained, backend);
}

void gt_backend_enter(struct gt_backend *backend)
{
    backend->busy++;
}

void gt_backend_leave(struct gt_backend *backend)
{
    backend->busy--;
    if (backend->busy == 0 && backend->forgotten)
        gt_plane_later(backend->plane, backend_free, backend);
    else
        gt_backend_drain(backend);
}

void gt_backend_ready(struct gt_backend *backend)
{
    backend->state = GT_BACKEND_READY;
    backend->was_ready = true;
    backend->last_probe = NULL;
    tell(backend);
    gt_backend_answer_all(backend, NULL);
}

void gt_backend_late(struct gt_backend *backend)
{
    backend->late = true;
    gt_supervisor_end(gt_local_supervisor(backend->plane->local), backend->child, GRACE_MS);
}

void gt_backend_suspect(struct gt_backend *backend)
{
    if (backend->state != GT_BACKEND_READY || backend->transport == GT_OVER_STDIO)
        return;
    backend->state = GT_BACKEND_STARTING;
    gt_probe_start(backend);
}

static void on_exit_of(struct gt_backend *backend, const struct gt_child_exit *ended)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    bool ending = backend->state == GT_BACKEND_ENDING || backend->stale;
    backend->alive = false;
    gt_output_drain(backend);
    const char *line = gt_log_feed_last(backend->err_feed);
    const char *how = ended->signal != 0
                          ? gt_printf(arena, "the server was ended by signal %d", ended->signal)
                          : gt_printf(arena, "the server ended with status %d", ended->exit_status);
    if (backend->late)
        how = gt_printf(arena, "the server was not ready within %d seconds: %s",
                        (int)(backend->start_ms / 1000), backend->last_probe);
    else if (backend->client != NULL && backend->last_probe != NULL)
        how = gt_strdup(arena, backend->last_probe); /* why it was ended */
    if (ending) {
        set_last_exit(backend, how);
        tell(backend);
        forget(backend);
        return;
    }
    go_down(backend, line == NULL ? how : gt_printf(arena, "%s: %s", how, line));
}

static void on_supervisor(void *payload, int fd)
{
    struct gt_plane *plane = payload;
    struct gt_child_exit ended;
    bool gone = false;
    while (gt_supervisor_next(gt_local_supervisor(plane->local), &ended, &gone)) {
        struct gt_backend *backend = plane->backends;
        while (backend != NULL && !(backend->alive && backend->child == ended.id))
            backend = backend->next;
        if (backend != NULL)
            on_exit_of(backend, &ended);
    }
    if (!gone)
        return;
    gt_loop_unwatch(gt_local_loop(plane->local), fd);
    plane->watching = false;
    plane->no_supervisor = "the process that starts servers is gone";
    for (struct gt_backend *at = plane->backends; at != NULL; at = at->next)
        if (at->alive)
            go_down(at, plane->no_supervisor);
}

/* A port that is free now. Another program can take it before the server does: then the server
 * ends, and the next start has another port. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return 0;
    int port = 0;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        port = ntohs(address.sin_port);
    close(fd);
    return port;
}

static void on_silent(void *payload)
{
    struct gt_backend *backend = payload;
    backend->timer = NULL;
    backend->last_probe = gt_strdup(backend->run, "it does not answer over stdio");
    gt_backend_late(backend);
}

static void on_connected(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct gt_backend *backend = payload;
    if (backend->late || !backend->alive)
        return; /* it is known why, and the timer is another one */
    gt_timer_cancel(backend->timer);
    backend->timer = NULL;
    if (outcome->failure == GT_MCP_OK) {
        gt_backend_ready(backend);
        return;
    }
    /* Its end is told by the supervisor; one that lives and speaks no MCP has to go. */
    backend->last_probe =
        gt_printf(backend->run, "the server speaks no MCP over stdio: %s", outcome->message);
    gt_supervisor_end(gt_local_supervisor(backend->plane->local), backend->child, GRACE_MS);
}

static void connect_stdio(struct gt_backend *backend, struct gt_child *child)
{
    const struct gt_mcp_client_options options = {
        .loop = loop_of(backend),
        .in = child->out,
        .out = child->in,
        .name = "agentcore-runtime",
        .version = "1.0.0",
        .prefer_legacy = true,
        .timeout_ms = backend->start_ms,
    };
    backend->client = gt_mcp_client_new(&options);
    backend->relay = gt_mcp_relay_new(loop_of(backend), backend->client);
    backend->timer = gt_timer_start(loop_of(backend), backend->start_ms, on_silent, backend);
    gt_mcp_connect(backend->client, on_connected, backend);
}

static void attach(struct gt_backend *backend, const struct gt_object *runtime,
                   struct gt_child *child)
{
    struct gt_plane *plane = backend->plane;
    struct gt_loop *loop = loop_of(backend);
    backend->child = child->id;
    backend->alive = true;
    backend->err = child->err;
    backend->out_feed = gt_log_feed_new(plane, backend->run, runtime, "stdout");
    backend->err_feed = gt_log_feed_new(plane, backend->run, runtime, "stderr");
    if (backend->transport == GT_OVER_HTTP)
        backend->out = child->out;
    gt_output_watch(backend);
    if (backend->transport == GT_OVER_STDIO)
        connect_stdio(backend, child);
    else
        gt_probe_start(backend);
    if (!plane->watching) {
        gt_loop_watch(loop, gt_supervisor_fd(gt_local_supervisor(plane->local)), on_supervisor,
                      plane);
        plane->watching = true;
    }
    tell(backend);
}

/* One line why it did not start, in the backend's run arena; NULL: it did. */
static const char *try_start(struct gt_backend *backend)
{
    struct gt_plane *plane = backend->plane;
    struct gt_object *runtime = gt_object_again(plane->local, &backend->runtime);
    const json_t *data = runtime == NULL ? NULL : gt_runtime_version(runtime, backend->version);
    if (plane->no_supervisor != NULL || gt_local_supervisor(plane->local) == NULL)
        return plane->no_supervisor != NULL ? plane->no_supervisor : "no process can be started";
    if (data == NULL)
        return "the runtime is gone";
    const char *problem = NULL;
    struct gt_diags diags = gt_diags_init(backend->run);
    backend->port = free_port();
    backend->mcp = gt_streq(gt_text_at(data, "/protocolConfiguration/serverProtocol"), "MCP");
    json_t *env = gt_program_environment(plane->local, backend->run, runtime, data, backend->port);
    const struct gt_server_program *program =
        gt_program_of(plane->local, backend->run, runtime, data, env, backend->port, &problem);
    if (program == NULL)
        return problem;
    backend->transport = program->transport;
    backend->start_ms = program->start_ms;
    const struct gt_child_options options = {
        .argv = program->argv,
        .env = program->env,
        .after = program->after,
        .folder = program->folder,
        .pipe_in = program->transport == GT_OVER_STDIO,
    };
    struct gt_child child = {.in = -1, .out = -1, .err = -1};
    if (!gt_supervisor_spawn(gt_local_supervisor(plane->local), &options, &child, &diags))
        return diags.list.len > 0 ? diags.list.at[0]->message : "the program cannot be started";
    attach(backend, runtime, &child);
    return NULL;
}

static void start(struct gt_backend *backend)
{
    clear_run(backend);
    backend->run = gt_arena_new_secret();
    backend->state = GT_BACKEND_STARTING;
    backend->late = false;
    backend->restarts += backend->started_ms != 0;
    backend->started_ms = now_of(backend);
    const char *problem = try_start(backend);
    if (problem != NULL)
        go_down(backend, problem);
}

void gt_backend_free_all(struct gt_plane *plane)
{
    while (plane->backends != NULL) {
        struct gt_backend *backend = plane->backends;
        if (backend->alive)
            gt_supervisor_end(gt_local_supervisor(plane->local), backend->child, GRACE_MS);
        forget(backend);
    }
    if (plane->watching)
        gt_loop_unwatch(gt_local_loop(plane->local),
                        gt_supervisor_fd(gt_local_supervisor(plane->local)));
    plane->watching = false;
}

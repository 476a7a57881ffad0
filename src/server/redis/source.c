/* The source type `redis`: its settings, its readiness. */
#include "tools.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { CONNECTIONS = 1, CONNECT_MS = 3000, COMMAND_MS = 5000, MAX_REPLY = 64 * 1024 * 1024 };

static const struct gt_key keys[] = {
    {.name = "host", .takes = GT_TAKES_TEXT, .summary = "name or address (127.0.0.1)"},
    {.name = "port",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 65535,
     .summary = "the port (6379)"},
    {.name = "socket",
     .takes = GT_TAKES_TEXT,
     .summary = "path of a Unix socket, instead of host and port"},
    {.name = "database",
     .takes = GT_TAKES_INTEGER,
     .min = 0,
     .max = INT32_MAX,
     .summary = "number of the database (0)"},
    {.name = "username",
     .takes = GT_TAKES_TEXT,
     .summary = "the user, where the server has several"},
    {.name = "password",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_SECRET,
     .summary = "the password: ${env.NAME} or ${file.PATH}"},
    {.name = "tls",
     .takes = GT_TAKES_BOOLEAN,
     .summary = "whether the connection is encrypted: only false is possible (false)"},
    {.name = "connections",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 64,
     .summary = "connections that calls share (1)"},
    {.name = "connect_timeout_ms",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 600000,
     .summary = "how long a connection may take to stand (3000)"},
    {.name = "command_timeout_ms",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 600000,
     .summary = "for how long the server may be silent while it is asked something; then the "
                "connection is given up (5000)"},
    {.name = "max_reply_bytes",
     .takes = GT_TAKES_INTEGER,
     .min = 1024,
     .max = 1 << 30,
     .summary = "the largest single value that is read, before any cap of a tool (67108864)"},
    {.name = NULL},
};

static void refuse(const struct gt_config *config, const struct gt_source_config *source,
                   const char *key, const char *message, struct gt_diags *diags)
{
    gt_config_error(config, diags, gt_pointer_join(config->arena, source->pointer, key),
                    "does-not-fit", "%s", message);
}

static bool check(const struct gt_config *config, const struct gt_source_config *source,
                  struct gt_diags *diags)
{
    const json_t *settings = source->settings;
    const char *path = gt_text_at(settings, "/socket");
    size_t errors = diags->errors;
    struct gt_addresses ignored;
    if (json_is_true(json_object_get(settings, "tls")))
        gt_config_error(config, diags, gt_pointer_join(config->arena, source->pointer, "tls"),
                        "not-possible", "connections to Redis cannot be encrypted")
            ->hint = "use a Unix socket, or a TLS proxy on this machine (stunnel) and its port";
    if (path != NULL &&
        (json_object_get(settings, "host") != NULL || json_object_get(settings, "port") != NULL))
        refuse(config, source, "socket", "a source has a socket, or a host and a port", diags);
    if (path != NULL && (*path != '/' || !gt_address_of_unix(path, &ignored)))
        refuse(config, source, "socket",
               *path != '/' ? "the path of a socket must be absolute"
                            : "the path is too long for a socket",
               diags);
    if (gt_text_at(settings, "/username") != NULL && gt_text_at(settings, "/password") == NULL)
        refuse(config, source, "username", "a user needs a password", diags);
    return diags->errors == errors;
}

static int64_t number(const json_t *settings, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(settings, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static struct gt_source *open_source(const struct gt_source_host *host,
                                     const struct gt_source_config *config)
{
    const json_t *settings = config->settings;
    struct gt_arena *arena = gt_arena_new();
    struct gt_redis_source *source = GT_NEW(arena, struct gt_redis_source);
    *source = (struct gt_redis_source){
        .base = {.type = &gt_source_redis, .name = config->name, .host = *host},
        .arena = arena,
        .config = config,
        .connect_timeout_ms = number(settings, "connect_timeout_ms", CONNECT_MS),
        .command_timeout_ms = number(settings, "command_timeout_ms", COMMAND_MS),
        .max_reply_bytes = (size_t)number(settings, "max_reply_bytes", MAX_REPLY),
    };
    gt_redis_pool_open(source, (size_t)number(settings, "connections", CONNECTIONS));
    return &source->base;
}

static void close_source(struct gt_source *base)
{
    gt_redis_pool_close((struct gt_redis_source *)base);
}

/* -- readiness -- */

struct probe {
    struct gt_redis_job job; /* first */
    struct gt_arena *arena;
    struct gt_redis_source *source; /* NULL: the answer is not waited for any more */
    struct gt_redis_words words;
    struct gt_timer *timer;
    gt_probed_fn *fn;
    void *payload;
};

static void on_probed(struct gt_redis_job *job, struct gt_redis_reply *reply, const char *reason,
                      bool sent)
{
    struct probe *probe = (struct probe *)job;
    (void)sent;
    gt_timer_cancel(probe->timer);
    if (reply != NULL && reply->kind == GT_REDIS_ERROR && !gt_starts_with(reply->text, "NOPERM"))
        reason = gt_one_line(probe->arena, reply->text, 200);
    if (probe->source != NULL)
        probe->fn(probe->payload, reason);
    gt_redis_reply_free(reply);
    gt_arena_free(probe->arena);
}

static void on_late(void *payload)
{
    struct probe *probe = payload;
    bool mine = gt_redis_take_back(probe->source, &probe->job);
    probe->timer = NULL;
    probe->source = NULL;
    probe->fn(probe->payload, "the server does not answer");
    if (mine)
        gt_arena_free(probe->arena);
}

static void probe_source(struct gt_source *base, int64_t timeout_ms, gt_probed_fn *fn,
                         void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct probe *probe = GT_NEW(arena, struct probe);
    *probe = (struct probe){
        .job = {.words = &probe->words, .caps = {1024, 16}, .done = on_probed},
        .arena = arena,
        .source = (struct gt_redis_source *)base,
        .fn = fn,
        .payload = payload,
    };
    gt_redis_word(arena, &probe->words, "PING", 4);
    probe->timer = gt_timer_start(base->host.loop, timeout_ms, on_late, probe);
    gt_redis_send(probe->source, &probe->job);
}

const struct gt_source_type gt_source_redis = {
    .name = "redis",
    .summary = "a Redis server",
    .keys = keys,
    .check = check,
    .open = open_source,
    .probe = probe_source,
    .close = close_source,
};

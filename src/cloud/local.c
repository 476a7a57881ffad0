/* The embedded cloud as a whole: starting, what others ask of it, ending. */
#include "cloud.h"

#include <gantry/jose/jose.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 16 * 1024 * 1024, HEADERS_MAX = 32 * 1024 };

char *gt_random_id(struct gt_local *local, struct gt_arena *arena, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    char *id = gt_alloc(arena, len + 1);
    for (size_t i = 0; i < len;) {
        unsigned char byte;
        local->sys->random(local->sys->self, &byte, 1);
        if (byte < 252) /* 7 * 36: every letter is as likely */
            id[i++] = letters[byte % 36];
    }
    return id;
}

int64_t gt_local_now_ms(const struct gt_local *local)
{
    return gt_now_ms(local->sys) + local->knobs.skew_ms;
}

struct gt_loop *gt_local_loop(const struct gt_local *local)
{
    return local->loop;
}

struct gt_http *gt_local_http(const struct gt_local *local)
{
    return local->http;
}

struct gt_supervisor *gt_local_supervisor(const struct gt_local *local)
{
    return local->options.supervisor;
}

const struct gt_knobs *gt_local_knob(const struct gt_local *local)
{
    return &local->knobs;
}

const char *gt_local_url(const struct gt_local *local)
{
    return local->url;
}

const char *gt_local_id(const struct gt_local *local)
{
    return local->id;
}

void gt_local_on_stop(struct gt_local *local, gt_timer_fn *fn, void *payload)
{
    local->on_stop = fn;
    local->on_stop_payload = payload;
}

const json_t *gt_local_jwk(struct gt_local *local, const char *name)
{
    json_t *jwk = json_object_get(local->jwks, name);
    if (jwk == NULL) {
        jwk = gt_jwk_generate();
        json_object_set_new(local->jwks, name, jwk);
        gt_state_note(local, "jwks", name);
    }
    return jwk;
}

void gt_local_event(struct gt_local *local, json_t *event)
{
    if (local->options.event != NULL)
        local->options.event(local->options.payload, event);
    gt_admin_event(local, event);
    json_decref(event);
}

static void on_turn(void *payload)
{
    gt_state_turn(payload);
}

static bool check_host(const struct gt_local_options *options, struct gt_diags *diags)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "localhost"};
    for (size_t i = 0; i < GT_COUNT(hosts); i++)
        if (gt_streq(options->host, hosts[i]))
            return true;
    gt_error(diags, "not-loopback", "the embedded cloud listens on loopback only, not on %s",
             gt_one_line(diags->arena, options->host, 60))
        ->hint = "use 127.0.0.1 or ::1: everybody who reaches it may run programs here";
    return false;
}

static bool listen_here(struct gt_local *local, struct gt_diags *diags)
{
    const char *host = local->options.host;
    const struct gt_server_options options = {.host =
                                                  gt_streq(host, "localhost") ? "127.0.0.1" : host,
                                              .port = local->options.port,
                                              .handler = gt_dispatch,
                                              .payload = local,
                                              .max_body = BODY_MAX,
                                              .max_headers = HEADERS_MAX};
    if (!gt_server_start(local->loop, &options, &local->server, diags)) {
        struct gt_diag *diag = diags->list.at[diags->list.len - 1];
        if (gt_streq(diag->code, "address-in-use"))
            diag->hint = "another gantry local may be running: use it with --local, or give "
                         "another port with --listen 127.0.0.1:PORT (0: any free one)";
        return false;
    }
    local->port = gt_server_port(local->server);
    bool six = strchr(host, ':') != NULL;
    local->url = gt_printf(local->arena, "http://%s%s%s:%d", six ? "[" : "", host, six ? "]" : "",
                           local->port);
    return true;
}

static struct gt_local *make(struct gt_arena *arena, const struct gt_local_options *options)
{
    struct gt_local *local = GT_NEW(arena, struct gt_local);
    local->arena = gt_arena_new_secret();
    local->options = *options;
    local->options.state_folder = gt_strdup(local->arena, options->state_folder);
    local->options.request_log = gt_strdup(local->arena, options->request_log);
    local->options.run_folder = gt_strdup(local->arena, options->run_folder);
    local->options.host = gt_strdup(local->arena, options->host ? options->host : "127.0.0.1");
    local->loop = options->loop;
    local->sys = gt_loop_sys(options->loop);
    local->log_fd = -1;
    local->queue_end = &local->queue;
    local->keys = json_object();
    local->tokens = json_object();
    local->jwks = json_object();
    local->noted = json_object();
    local->rates = json_object();
    local->faults = json_array();
    local->folders = json_array();
    gt_knobs_init(&local->knobs);
    gt_store_init(local);
    const char *random = gt_random_id(local, local->arena, 12);
    local->id =
        gt_printf(local->arena, "%s-%s", options->state_folder != NULL ? "kept" : "tmp", random);
    local->page_secret = gt_random_id(local, local->arena, 32);
    return local;
}

static bool start(struct gt_local *local, struct gt_diags *diags)
{
    const struct gt_http_options http = {.ca_bundle = gt_env(local->sys, "AWS_CA_BUNDLE"),
                                         .user_agent = "gantry-local"};
    if (!check_host(&local->options, diags) ||
        !gt_knobs_set(&local->knobs, local->options.knobs, diags) || !gt_log_open(local, diags) ||
        !listen_here(local, diags))
        return false;
    local->http = gt_http_new(local->loop, &http);
    if (!gt_state_open(local, diags))
        return false;
    gt_keys_of_account(local, local->arena, GT_LOCAL_ACCOUNT);
    if (!gt_state_save(local, diags) || !gt_run_files_write(local, diags))
        return false;
    gt_loop_on_turn(local->loop, on_turn, local);
    return true;
}

bool gt_local_start(struct gt_arena *arena, const struct gt_local_options *options,
                    struct gt_local **out, struct gt_diags *diags)
{
    struct gt_local *local = make(arena, options);
    if (start(local, diags)) {
        *out = local;
        return true;
    }
    gt_local_free(local);
    return false;
}

static void remove_file(const char *path)
{
    if (path != NULL)
        unlink(path);
}

void gt_local_free(struct gt_local *local)
{
    if (local == NULL)
        return;
    gt_loop_on_turn(local->loop, NULL, NULL);
    gt_timer_cancel(local->wake);
    local->closing = true;
    gt_dispatch_close(local);
    struct gt_diags diags = gt_diags_init(local->arena);
    if (local->url != NULL && local->key_file != NULL)
        gt_state_save(local, &diags);
    gt_admin_close(local);
    gt_store_clear(local, true); /* what runs for objects answers its requests, so before these */
    gt_server_free(local->server);
    gt_server_free(local->admin);
    gt_http_free(local->http);
    gt_folders_remove(local);
    remove_file(local->key_file);
    remove_file(local->socket);
    gt_file_unlock(local->lock);
    if (local->log_fd >= 0)
        close(local->log_fd);
    json_decref(local->keys);
    json_decref(local->tokens);
    json_decref(local->jwks);
    json_decref(local->noted);
    json_decref(local->rates);
    json_decref(local->faults);
    json_decref(local->folders);
    json_decref(local->ring);
    gt_arena_free(local->arena);
}

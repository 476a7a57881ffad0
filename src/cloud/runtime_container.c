/*
 * A runtime's image with docker or podman. The program that the supervisor starts is the engine's
 * client, which stays attached; the container itself belongs to the engine, so it has a name by
 * which it is removed when the client has ended, however it did.
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <unistd.h>

enum { FETCHED_MS = 10 * 60 * 1000 }; /* that it may take: the image has to be fetched at first */

static const char placeholder_account[] = "000000000000.";

static const struct {
    const char *name;
    bool init; /* --init: signals reach the server also where it is no proper first process */
} engines[] = {{"docker", true}, {"podman", false}};

/* What the engine's client itself needs of our environment. */
static const char *const of_client[] = {
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
    "CONTAINERS_CONF",
};

static const char *find_program(struct gt_arena *arena, const char *path, const char *name)
{
    for (const char *at = path == NULL ? "" : path; *at != '\0';) {
        size_t len = strcspn(at, ":");
        const char *full = gt_printf(arena, "%.*s/%s", (int)len, at, name);
        if (len > 0 && access(full, X_OK) == 0)
            return full;
        at += len + (at[len] == ':');
    }
    return NULL;
}

static const char *find_engine(struct gt_local *local, struct gt_arena *arena, bool *init)
{
    const char *path = gt_env(gt_loop_sys(gt_local_loop(local)), "PATH");
    for (size_t i = 0; i < GT_COUNT(engines); i++) {
        const char *found = find_program(arena, path, engines[i].name);
        if (found != NULL) {
            *init = engines[i].init;
            return found;
        }
    }
    return NULL;
}

static const char *image_of(const json_t *data)
{
    return gt_text_at(data, "/agentRuntimeArtifact/containerConfiguration/containerUri");
}

const char *gt_container_obstacle(struct gt_local *local, struct gt_arena *arena,
                                  const json_t *data)
{
    static const char hint[] = "add local: {command: [...]} to the runtime in the manifest";
    const char *image = image_of(data);
    bool init;
    if (image == NULL)
        return gt_printf(arena, "The embedded cloud runs no code artifacts; %s", hint);
    if (gt_starts_with(image, placeholder_account))
        return gt_printf(arena, "The embedded cloud has no command for this runtime; %s", hint);
    if (find_engine(local, arena, &init) == NULL)
        return gt_printf(
            arena, "The image cannot be run here, there is neither docker nor podman; %s", hint);
    return NULL;
}

/* Whether the engine's client would take a variable for its own. */
static bool is_of_client(const char *name)
{
    for (size_t i = 0; i < GT_COUNT(of_client); i++)
        if (gt_streq(of_client[i], name))
            return true;
    return gt_starts_with(name, "DOCKER_") || gt_starts_with(name, "CONTAINER") ||
           gt_starts_with(name, "LD_");
}

static void push(struct gt_arena *arena, gt_argument_vec *argv, const char *text)
{
    *GT_PUSH(arena, argv) = gt_strdup(arena, text);
}

/* Names of variables travel as arguments and their values in the client's environment, where nobody
 * else can read them; but for those that would mean something to the client. */
static void push_variables(struct gt_arena *arena, gt_argument_vec *argv, const json_t *env,
                           json_t *client_env)
{
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(env), name, value)
    {
        push(arena, argv, "-e");
        if (is_of_client(name)) {
            push(arena, argv, gt_printf(arena, "%s=%s", name, json_string_value(value)));
            continue;
        }
        push(arena, argv, name);
        json_object_set(client_env, name, value);
    }
}

void gt_container_fill(struct gt_local *local, struct gt_arena *arena, const json_t *data,
                       const json_t *env, int port, struct gt_server_program *program)
{
    const struct gt_sys *sys = gt_loop_sys(gt_local_loop(local));
    bool init = false;
    const char *engine = find_engine(local, arena, &init);
    const char *name =
        gt_printf(arena, "gantry-%s-%s", gt_local_id(local), gt_random_id(local, arena, 8));
    const char *const removal[] = {engine, "rm", "-f", name};
    json_t *client_env = gt_keep(arena, json_object());
    gt_argument_vec argv = {0}, after = {0};
    push(arena, &argv, engine);
    push(arena, &argv, "run");
    push(arena, &argv, "--rm");
    if (init)
        push(arena, &argv, "--init");
    push(arena, &argv, "--name");
    push(arena, &argv, name);
    push(arena, &argv, "-p");
    push(arena, &argv, gt_printf(arena, "127.0.0.1:%d:%d", port, GT_CONTAINER_PORT));
    push_variables(arena, &argv, env, client_env);
    push(arena, &argv, image_of(data));
    *GT_PUSH(arena, &argv) = NULL;
    for (size_t i = 0; i < GT_COUNT(of_client); i++) {
        const char *value = gt_env(sys, of_client[i]);
        if (value != NULL)
            json_object_set_new(client_env, of_client[i], json_string(value));
    }
    for (size_t i = 0; i < GT_COUNT(removal); i++)
        push(arena, &after, removal[i]);
    *GT_PUSH(arena, &after) = NULL;
    program->argv = argv.at;
    program->start_ms = FETCHED_MS;
    program->after = after.at;
    program->env = gt_environment_list(arena, client_env);
}

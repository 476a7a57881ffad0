/*
 * What is run for a runtime: the command that came over the socket for its name, or its image with
 * docker or podman; and the environment of that. Several runtimes share this machine, so port and
 * address are always the cloud's to choose, whatever the runtime's own variables say.
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <unistd.h>

enum { KEYS_LIFE_MS = 12 * 3600 * 1000, ARGUMENTS_MAX = 1000, CONTAINER_PORT = 8000 };

static const char service_principal[] = "bedrock-agentcore.amazonaws.com";
static const char placeholder_account[] = "000000000000.";

struct gt_object *gt_command_of(struct gt_local *local, const struct gt_object *runtime)
{
    const char *name = gt_text_at(runtime->data, "/agentRuntimeName");
    return name == NULL ? NULL
                        : gt_object_find(local, &gt_kind_command, runtime->account, runtime->region,
                                         "", name);
}

const json_t *gt_runtime_version(const struct gt_object *runtime, const char *version)
{
    json_t *found = json_object_get(json_object_get(runtime->hidden, "versions"), version);
    if (found != NULL)
        return found;
    return gt_streq(gt_text_at(runtime->data, "/agentRuntimeVersion"), version) ? runtime->data
                                                                                : NULL;
}

/* -- a command that arrived -- */

static bool are_texts(const json_t *value, bool object)
{
    size_t i;
    const char *key;
    json_t *item;
    if (object ? !json_is_object(value) : !json_is_array(value))
        return false;
    if (object) {
        json_object_foreach(gt_iterable(value), key, item)
        {
            if (!json_is_string(item) || *key == '\0' || strchr(key, '=') != NULL)
                return false;
        }
        return true;
    }
    json_array_foreach(gt_iterable(value), i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return true;
}

static const char *command_problem(const json_t *given)
{
    const json_t *command = json_object_get(given, "command");
    const json_t *environment = json_object_get(given, "environment");
    const char *folder = gt_text_at(given, "/folder"), *account = gt_text_at(given, "/account");
    const char *transport = gt_text_at(given, "/transport");
    if (account == NULL || strlen(account) != 12 || strspn(account, "0123456789") != 12)
        return "account is no AWS account";
    if (gt_text_at(given, "/region") == NULL || gt_text_at(given, "/name") == NULL)
        return "region and name of the runtime are needed";
    if (!are_texts(command, false) || json_array_size(command) == 0 ||
        json_array_size(command) > ARGUMENTS_MAX || *gt_text_at(command, "/0") == '\0')
        return "command is no list of a program and its arguments";
    if (json_object_get(given, "folder") != NULL && (folder == NULL || *folder != '/'))
        return "folder is no absolute path";
    if (json_object_get(given, "transport") != NULL && !gt_streq(transport, "http") &&
        !gt_streq(transport, "stdio"))
        return "transport is neither http nor stdio";
    if (environment != NULL && !are_texts(environment, true))
        return "environment has values that are no texts";
    return NULL;
}

/* Servers that run another command are of no use any more. */
static void retire(struct gt_plane *plane, const struct gt_object *command)
{
    for (struct gt_backend *at = plane->backends; at != NULL; at = at->next)
        if (gt_streq(at->runtime.account, command->account) &&
            gt_streq(at->runtime.region, command->region) && gt_streq(at->name, command->id))
            gt_backend_retire(at);
}

bool gt_runtime_command(struct gt_local *local, const json_t *given, const char **problem,
                        struct gt_arena *arena)
{
    (void)arena;
    *problem = command_problem(given);
    if (*problem != NULL)
        return false;
    const char *account = gt_text_at(given, "/account"), *region = gt_text_at(given, "/region");
    const char *name = gt_text_at(given, "/name");
    struct gt_object *command = gt_object_find(local, &gt_kind_command, account, region, "", name);
    if (command != NULL && json_equal(command->data, given))
        return true;
    if (command == NULL) {
        command = gt_object_new(local, &gt_kind_command, account, region, "", name,
                                json_deep_copy(given));
    } else {
        json_decref(command->data);
        command->data = json_deep_copy(given);
        gt_object_touch(local, command);
    }
    struct gt_plane *plane = gt_plane_find(local);
    if (plane != NULL)
        retire(plane, command);
    return true;
}

/* -- the image instead -- */

static const struct {
    const char *name;
    bool init; /* --init: signals reach the server also where it is no proper first process */
} engines[] = {{"docker", true}, {"podman", false}};

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

static const char *image_obstacle(struct gt_local *local, struct gt_arena *arena,
                                  const json_t *data)
{
    static const char hint[] = "add local: {command: [...]} to the runtime in the manifest";
    const char *image =
        gt_text_at(data, "/agentRuntimeArtifact/containerConfiguration/containerUri");
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

const char *gt_runtime_obstacle(struct gt_local *local, struct gt_object *runtime,
                                struct gt_arena *arena)
{
    return gt_command_of(local, runtime) != NULL ? NULL
                                                 : image_obstacle(local, arena, runtime->data);
}

/* Names of variables travel as arguments, their values do not. */
static char *const *container_argv(struct gt_local *local, struct gt_arena *arena,
                                   const json_t *data, const json_t *env, int port)
{
    static const char *const own[] = {"PATH", "HOME", "LANG", "TMPDIR"};
    GT_VEC(char *) argv = {0};
    const char *name;
    json_t *value;
    bool init = false;
    *GT_PUSH(arena, &argv) = gt_strdup(arena, find_engine(local, arena, &init));
    *GT_PUSH(arena, &argv) = gt_strdup(arena, "run");
    *GT_PUSH(arena, &argv) = gt_strdup(arena, "--rm");
    *GT_PUSH(arena, &argv) = gt_strdup(arena, "-i");
    if (init)
        *GT_PUSH(arena, &argv) = gt_strdup(arena, "--init");
    *GT_PUSH(arena, &argv) = gt_strdup(arena, "-p");
    *GT_PUSH(arena, &argv) = gt_printf(arena, "127.0.0.1:%d:%d", port, CONTAINER_PORT);
    json_object_foreach(gt_iterable(env), name, value)
    {
        bool mine = false;
        for (size_t i = 0; i < GT_COUNT(own); i++)
            mine = mine || gt_streq(name, own[i]);
        if (mine)
            continue;
        *GT_PUSH(arena, &argv) = gt_strdup(arena, "-e");
        *GT_PUSH(arena, &argv) = gt_strdup(arena, name);
    }
    *GT_PUSH(arena, &argv) = gt_strdup(
        arena, gt_text_at(data, "/agentRuntimeArtifact/containerConfiguration/containerUri"));
    *GT_PUSH(arena, &argv) = NULL;
    return argv.at;
}

/* -- the program -- */

static char *const *argv_of(struct gt_arena *arena, const json_t *command)
{
    size_t count = json_array_size(command);
    char **argv = gt_calloc(arena, count + 1, sizeof(*argv));
    for (size_t i = 0; i < count; i++)
        argv[i] = gt_strdup(arena, json_string_value(json_array_get(command, i)));
    return argv;
}

static enum gt_transport_kind transport_of(const json_t *command, const json_t *env)
{
    const char *given = gt_text_at(command, "/transport");
    if (given != NULL)
        return gt_streq(given, "stdio") ? GT_OVER_STDIO : GT_OVER_HTTP;
    static const char *const names[] = {"MCP_TRANSPORT", "FASTMCP_TRANSPORT"};
    for (size_t i = 0; i < GT_COUNT(names); i++)
        if (gt_streq(json_string_value(json_object_get(env, names[i])), "stdio"))
            return GT_OVER_STDIO;
    return GT_OVER_HTTP;
}

struct gt_server_program *gt_program_of(struct gt_local *local, struct gt_arena *arena,
                                        const struct gt_object *runtime, const json_t *data,
                                        const json_t *env, int port, const char **problem)
{
    struct gt_server_program *program = GT_NEW(arena, struct gt_server_program);
    const struct gt_object *command = gt_command_of(local, runtime);
    if (command != NULL) {
        program->argv = argv_of(arena, json_object_get(command->data, "command"));
        program->folder = gt_strdup(arena, gt_text_at(command->data, "/folder"));
        program->transport = transport_of(command->data, env);
        return program;
    }
    *problem = image_obstacle(local, arena, data);
    if (*problem != NULL)
        return NULL;
    program->argv = container_argv(local, arena, data, env, port);
    program->container = true;
    return program;
}

static void set(json_t *env, const char *name, const char *value)
{
    if (value != NULL)
        json_object_set_new(env, name, json_string(value));
}

/* Keys with which code in the server acts as the runtime's role; none when the role does not trust
 * the service. */
static void add_keys(struct gt_local *local, struct gt_arena *arena,
                     const struct gt_object *runtime, const json_t *data, json_t *env)
{
    const char *role_arn = gt_text_at(data, "/roleArn"), *why = NULL;
    const struct gt_object *role = role_arn == NULL ? NULL : gt_iam_role(local, role_arn);
    const struct gt_access access = {
        .action = "sts:AssumeRole",
        .resource = role_arn,
        .principal_kind = "Service",
        .principal = service_principal,
        .context = gt_pack(arena, "{s:s, s:s}", "aws:SourceArn", runtime->arn, "aws:SourceAccount",
                           runtime->account),
    };
    if (role == NULL || !gt_iam_trusts(local, role_arn, &access, &why, arena))
        return;
    struct gt_issued issued = {0};
    gt_keys_issue(local, arena, role, "BedrockAgentCore-runtime", KEYS_LIFE_MS, NULL, &issued);
    set(env, "AWS_ACCESS_KEY_ID", issued.access_key_id);
    set(env, "AWS_SECRET_ACCESS_KEY", issued.secret_access_key);
    set(env, "AWS_SESSION_TOKEN", issued.session_token);
}

json_t *gt_program_environment(struct gt_local *local, struct gt_arena *arena,
                               const struct gt_object *runtime, const json_t *data, int port)
{
    static const char *const inherited[] = {"PATH", "HOME", "LANG", "TMPDIR"};
    static const char *const ports[] = {"PORT", "MCP_PORT", "FASTMCP_PORT"};
    static const char *const hosts[] = {"HOST", "MCP_HOST", "FASTMCP_HOST"};
    const struct gt_sys *sys = gt_loop_sys(gt_local_loop(local));
    const struct gt_object *command = gt_command_of(local, runtime);
    bool container = command == NULL;
    json_t *env = gt_keep(arena, json_object());
    for (size_t i = 0; i < GT_COUNT(inherited); i++)
        set(env, inherited[i], gt_env(sys, inherited[i]));
    set(env, "AWS_REGION", runtime->region);
    set(env, "AWS_DEFAULT_REGION", runtime->region);
    set(env, "AWS_ENDPOINT_URL", gt_local_url(local));
    set(env, "AWS_EC2_METADATA_DISABLED", "true");
    add_keys(local, arena, runtime, data, env);
    set(env, "MCP_TRANSPORT", "http");
    json_object_update(env, json_object_get(data, "environmentVariables"));
    if (command != NULL)
        json_object_update(env, json_object_get(command->data, "environment"));
    if (command != NULL && gt_text_at(command->data, "/transport") != NULL)
        set(env, "MCP_TRANSPORT", gt_text_at(command->data, "/transport"));
    const char *number = gt_printf(arena, "%d", container ? CONTAINER_PORT : port);
    for (size_t i = 0; i < GT_COUNT(ports); i++)
        set(env, ports[i], number);
    for (size_t i = 0; i < GT_COUNT(hosts); i++)
        set(env, hosts[i], container ? "0.0.0.0" : "127.0.0.1");
    return env;
}

char **gt_environment_list(struct gt_arena *arena, const json_t *env)
{
    char **list = gt_calloc(arena, json_object_size(env) + 1, sizeof(*list));
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(env), name, value)
    {
        if (json_is_string(value))
            list[count++] = gt_printf(arena, "%s=%s", name, json_string_value(value));
    }
    return list;
}

/*
 * What is run for a runtime: the command that came over the socket for its name, or its image
 * (runtime_container.c); and the environment of that. Several runtimes share this machine, so port
 * and address are always the cloud's to choose, whatever the runtime's own variables say.
 */
#include "cloud.h"
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { KEYS_LIFE_MS = 12 * 3600 * 1000, ARGUMENTS_MAX = 1000 };

static const char service_principal[] = "bedrock-agentcore.amazonaws.com";

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

/* -- the program -- */

const char *gt_runtime_obstacle(struct gt_local *local, struct gt_object *runtime,
                                struct gt_arena *arena)
{
    return gt_command_of(local, runtime) != NULL
               ? NULL
               : gt_container_obstacle(local, arena, runtime->data);
}

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
    program->start_ms = GT_BACKEND_WAIT_MS;
    if (command != NULL) {
        program->argv = argv_of(arena, json_object_get(command->data, "command"));
        program->folder = gt_strdup(arena, gt_text_at(command->data, "/folder"));
        program->transport = transport_of(command->data, env);
        program->env = gt_environment_list(arena, env);
        return program;
    }
    *problem = gt_container_obstacle(local, arena, data);
    if (*problem != NULL)
        return NULL;
    gt_container_fill(local, arena, data, env, port, program);
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

/* Servers that come with this program are found although nobody put them into PATH. A folder that
 * is in PATH already keeps its place there: it holds more than those. */
static void add_programs(struct gt_local *local, struct gt_arena *arena, json_t *env)
{
    const char *folder = local->options.programs;
    const char *path = json_string_value(json_object_get(env, "PATH"));
    if (folder == NULL)
        return;
    for (const char *at = path; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ":");
        if (len == strlen(folder) && strncmp(at, folder, len) == 0)
            return;
        at += len + (at[len] == ':');
    }
    set(env, "PATH", path == NULL ? folder : gt_printf(arena, "%s:%s", folder, path));
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
    for (size_t i = 0; i < GT_COUNT(inherited) && !container; i++)
        set(env, inherited[i], gt_env(sys, inherited[i]));
    if (!container)
        add_programs(local, arena, env);
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
    const char *number = gt_printf(arena, "%d", container ? GT_CONTAINER_PORT : port);
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

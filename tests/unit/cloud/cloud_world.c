#include "cloud_world.h"

#include <gantry/base/json.h>
#include <gantry/sign/sigv4.h>
#include <loop_run.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cloud.h"

static void start(struct world *world, bool kept, const json_t *knobs)
{
    const struct gt_local_options options = {
        .loop = world->loop,
        .host = "127.0.0.1",
        .run_folder = world->folder,
        .state_folder = kept ? gt_printf(world->arena, "%s/state", world->folder) : NULL,
        .knobs = knobs};
    if (!gt_local_start(world->arena, &options, &world->local, &world->diags))
        ck_abort_msg("%s", world->diags.list.at[0]->message);
}

void world_start(struct world *world, bool kept, json_t *knobs)
{
    char folder[] = "/tmp/gantry-cloud-XXXXXX";
    *world = (struct world){.arena = gt_arena_new()};
    world->diags = gt_diags_init(world->arena);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    world->folder = gt_strdup(world->arena, folder);
    world->loop = gt_loop_new(gt_sys_real());
    const struct gt_http_options http = {.user_agent = "test"};
    world->http = gt_http_new(world->loop, &http);
    start(world, kept, gt_keep(world->arena, knobs));
}

void world_restart(struct world *world)
{
    bool kept = world->local->options.state_folder != NULL;
    gt_local_free(world->local);
    start(world, kept, NULL);
}

static void remove_files(const struct world *world)
{
    static const char *const names[] = {
        "state/state.json", "state/journal", "state/lock", "state", "log", ""};
    for (size_t i = 0; i < GT_COUNT(names); i++)
        remove(gt_printf(world->arena, "%s/%s", world->folder, names[i]));
}

void world_done(struct world *world)
{
    gt_local_free(world->local);
    gt_http_free(world->http);
    gt_loop_free(world->loop);
    remove_files(world);
    gt_arena_free(world->arena);
}

void world_wait(struct world *world, int64_t ms)
{
    gt_test_run_ms(world->loop, ms);
}

const json_t *world_call(struct world *world, const char *service, const char *operation,
                         json_t *params)
{
    const struct gt_unsigned_call call = {
        .service = service, .operation = operation, .params = gt_keep(world->arena, params)};
    return gt_keep(world->arena, gt_dispatch_unsigned(world->local, world->arena, &call,
                                                      &world->code, &world->message));
}

struct sending {
    struct world *world;
    struct world_answer answer;
};

static const char *copied(struct gt_arena *arena, const struct gt_http_response *response,
                          const char *name)
{
    return gt_strdup(arena, gt_http_header(response, name));
}

static void on_answer(void *payload, const struct gt_http_response *response)
{
    struct sending *sending = payload;
    struct gt_arena *arena = sending->world->arena;
    sending->answer = (struct world_answer){
        .answered = response->outcome == GT_HTTP_ANSWERED,
        .status = response->status,
        .body = gt_strndup(arena, response->body, response->body_len),
        .type = copied(arena, response, "content-type"),
        .error_type = copied(arena, response, "x-amzn-errortype"),
        .request_id = copied(arena, response, "x-amzn-requestid"),
        .json = gt_keep(arena, json_loadb(response->body, response->body_len, 0, NULL))};
    gt_loop_stop(sending->world->loop);
}

static struct world_answer send(struct world *world, const struct gt_http_request *request)
{
    struct sending sending = {.world = world};
    gt_http_send(world->http, request, on_answer, &sending);
    gt_loop_run(world->loop);
    return sending.answer;
}

struct world_answer world_admin(struct world *world, const char *method, const char *path,
                                const char *body)
{
    const struct gt_http_request request = {.method = method,
                                            .url =
                                                gt_printf(world->arena, "http://localhost%s", path),
                                            .body = body,
                                            .body_len = body == NULL ? 0 : strlen(body),
                                            .unix_socket = world->local->socket};
    return send(world, &request);
}

enum { HEADERS = 16 };

static size_t sign(struct world *world, const struct world_request *given,
                   struct gt_header *headers, size_t count)
{
    struct gt_sign_header signing[HEADERS];
    for (size_t i = 0; i < count; i++)
        signing[i] = (struct gt_sign_header){headers[i].name, headers[i].value};
    const char *question = strchr(given->path, '?');
    size_t path_len = question == NULL ? strlen(given->path) : (size_t)(question - given->path);
    const struct gt_sign_request request = {.method = given->method,
                                            .path = gt_strndup(world->arena, given->path, path_len),
                                            .query = question == NULL ? NULL : question + 1,
                                            .headers = signing,
                                            .header_count = count,
                                            .body = given->body == NULL ? "" : given->body,
                                            .body_len =
                                                given->body == NULL ? 0 : strlen(given->body)};
    struct gt_key_pair pair = gt_keys_of_account(world->local, world->arena, GT_LOCAL_ACCOUNT);
    const char *secret = given->secret != NULL ? given->secret : pair.secret_access_key;
    const struct gt_sign_options options = {
        .access_key_id = pair.access_key_id,
        .secret_access_key = {.bytes = secret, .len = strlen(secret)},
        .region = "us-east-1",
        .service = given->sign,
        .unix_ms = gt_now_ms(gt_sys_real()),
        .s3_path = strcmp(given->sign, "s3") == 0,
        .add_content_sha256 = strcmp(given->sign, "s3") == 0};
    struct gt_signature signature = gt_sigv4_sign(world->arena, &request, &options);
    for (size_t i = 0; i < signature.added_count && count < HEADERS; i++)
        headers[count++] = (struct gt_header){signature.added[i].name, signature.added[i].value};
    return count;
}

struct world_answer world_send(struct world *world, const struct world_request *given)
{
    const char *url = gt_local_url(world->local);
    struct gt_header headers[HEADERS] = {{"host", url + strlen("http://")}};
    size_t count = 1;
    if (given->type != NULL)
        headers[count++] = (struct gt_header){"content-type", given->type};
    if (given->target != NULL)
        headers[count++] = (struct gt_header){"x-amz-target", given->target};
    if (given->header.name != NULL)
        headers[strcmp(given->header.name, "host") == 0 ? 0 : count++] = given->header;
    if (given->sign != NULL)
        count = sign(world, given, headers, count);
    const struct gt_http_request request = {
        .method = given->method,
        .url = gt_printf(world->arena, "%s%s", url, given->path),
        .headers = headers,
        .header_count = count,
        .body = given->body,
        .body_len = given->body == NULL ? 0 : strlen(given->body)};
    return send(world, &request);
}

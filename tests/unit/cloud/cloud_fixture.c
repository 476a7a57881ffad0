#include "cloud_fixture.h"

#include <stdio.h>
#include <unistd.h>

enum { START_MS = 1000000 };

void cloud_fixture_init(struct cloud_fixture *fixture)
{
    *fixture = (struct cloud_fixture){.arena = gt_arena_new()};
    gt_fixed_sys_init(&fixture->fixed, START_MS);
    fixture->loop = gt_loop_new(&fixture->fixed.sys);
    snprintf(fixture->run_folder, sizeof(fixture->run_folder), "/tmp/gantry-cloud-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fixture->run_folder));
    struct gt_diags diags = gt_diags_init(fixture->arena);
    const struct gt_local_options options = {
        .loop = fixture->loop, .host = "127.0.0.1", .run_folder = fixture->run_folder};
    bool started = gt_local_start(fixture->arena, &options, &fixture->local, &diags);
    ck_assert_msg(started, "%s", started ? "" : diags.list.at[0]->message);
}

void cloud_fixture_done(struct cloud_fixture *fixture)
{
    gt_local_free(fixture->local);
    gt_loop_free(fixture->loop);
    ck_assert_msg(rmdir(fixture->run_folder) == 0, "files were left in %s", fixture->run_folder);
    gt_arena_free(fixture->arena);
}

json_t *cloud_json(struct cloud_fixture *fixture, const char *text)
{
    char *copy = gt_strdup(fixture->arena, text);
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    json_error_t error;
    json_t *value = json_loads(copy, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(value != NULL, "%s: %s", text, error.text);
    return gt_keep(fixture->arena, value);
}

const json_t *cloud_try(struct cloud_fixture *fixture, const char *service, const char *operation,
                        const char *params, const char **code)
{
    const char *message = NULL;
    const struct gt_unsigned_call call = {
        .service = service, .operation = operation, .params = cloud_json(fixture, params)};
    *code = NULL;
    json_t *output = gt_dispatch_unsigned(fixture->local, fixture->arena, &call, code, &message);
    ck_assert_msg(output != NULL || *code != NULL, "%s: no output and no error", operation);
    return gt_keep(fixture->arena, output);
}

const json_t *cloud_call(struct cloud_fixture *fixture, const char *service, const char *operation,
                         const char *params)
{
    const char *code = NULL;
    const json_t *output = cloud_try(fixture, service, operation, params, &code);
    ck_assert_msg(output != NULL, "%s %s: %s", operation, params, code == NULL ? "" : code);
    return output;
}

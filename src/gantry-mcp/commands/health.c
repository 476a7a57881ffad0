/* gantry-mcp health: whether a server runs, for health checks of images that have no other client.
 */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <gantry/net/http.h>
#include <gantry/server/config.h>
#include <string.h>

enum { TIMEOUT_MS = 3000, STATUS_OK = 200 };

struct asking {
    struct gt_program *program;
    struct gt_loop *loop;
    const char *url;
};

static void on_answer(void *payload, const struct gt_http_response *response)
{
    struct asking *asking = payload;
    struct gt_program *program = asking->program;
    gt_loop_stop(asking->loop);
    if (response->outcome != GT_HTTP_ANSWERED)
        gt_error(&program->diags, "unhealthy", "%s does not answer: %s", asking->url,
                 gt_one_line(program->arena, response->error, 200))
            ->hint = "start it with `gantry-mcp serve`, or name its URL";
    else if (response->status != STATUS_OK)
        gt_error(&program->diags, "unhealthy", "%s answers with status %d", asking->url,
                 response->status)
            ->hint = "look whether this is the address of gantry-mcp, and its path /health";
    else
        gt_program_print(program, gt_printf(program->arena, "%s is healthy\n", asking->url));
    if (program->diags.errors == 0)
        gt_program_event(program, "healthy", json_pack("{s:s}", "url", asking->url));
}

/* An address that stands for all of this machine's is reached through loopback. */
static const char *reached_at(const char *host)
{
    if (gt_streq(host, "0.0.0.0"))
        return "127.0.0.1";
    return gt_streq(host, "::") ? "::1" : host;
}

/* Where the first tier of the configuration listens; NULL with errors. */
static const char *configured_url(struct gt_program *program)
{
    const struct gt_config_options options = {.path = gt_config_file(program)};
    struct gt_config *config = gt_config_load(program->sys, &options, &program->diags);
    const char *url = NULL;
    if (config != NULL) {
        const struct gt_tier *tier = &config->tiers.at[0];
        const char *host = reached_at(tier->host);
        url = gt_printf(program->arena,
                        strchr(host, ':') != NULL ? "http://[%s]:%d/health" : "http://%s:%d/health",
                        host, tier->port);
    }
    gt_config_free(config);
    return url;
}

static const char *given_url(struct gt_program *program, const char *text)
{
    struct gt_url url;
    if (gt_url_split(program->arena, text, &url))
        return text;
    gt_error(&program->diags, "usage", "\"%s\" is no URL", gt_one_line(program->arena, text, 100))
        ->hint = "for example gantry-mcp health http://127.0.0.1:8000/health";
    return NULL;
}

int gt_command_health(struct gt_program *program, const struct gt_args *args)
{
    struct asking asking = {.program = program};
    asking.url =
        args->words.len > 0 ? given_url(program, args->words.at[0]) : configured_url(program);
    if (asking.url == NULL)
        return gt_program_exit(program, GT_EXIT_DONE);
    const struct gt_http_request request = {
        .method = "GET", .url = asking.url, .timeout_ms = TIMEOUT_MS, .no_proxy = true};
    asking.loop = gt_loop_new(program->sys);
    struct gt_http *http = gt_http_new(asking.loop, &(struct gt_http_options){0});
    gt_http_send(http, &request, on_answer, &asking);
    gt_loop_run(asking.loop);
    gt_http_free(http);
    gt_loop_free(asking.loop);
    return gt_program_exit(program, GT_EXIT_DONE);
}

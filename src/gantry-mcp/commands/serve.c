/* gantry-mcp serve: runs the server until it is told to stop. */
#include "../conformance.h"
#include "../settings.h"
#include "../watch.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/ui/interrupt.h>
#include <string.h>
#include <unistd.h>

struct serving {
    struct gt_program *program;
    struct gt_loop *loop;
    struct gt_service *service;
    struct gt_config_watch *watch;
    bool draining;
};

/* -- what is shown -- */

static const char *text(const json_t *event, const char *name)
{
    const char *value = json_string_value(json_object_get(event, name));
    return value != NULL ? value : "";
}

static void on_event(void *payload, json_t *event)
{
    struct serving *serving = payload;
    struct gt_program *program = serving->program;
    const char *name = text(event, "event"), *reason = text(event, "reason");
    if (gt_streq(name, "listening"))
        gt_program_say(program, "%s listens on %s", text(event, "tier"), text(event, "url"));
    else if (gt_streq(name, "source"))
        gt_program_say(program, "source %s is %s%s%s", text(event, "source"), text(event, "state"),
                       *reason != '\0' ? ": " : "", reason);
    if (gt_events_wanted(&program->events)) {
        json_auto_t *kept = json_incref(json_object_get(event, "event"));
        json_object_del(event, "event");
        gt_program_event(program, json_string_value(kept), json_incref(event));
    }
    json_decref(event);
}

/* -- the end -- */

static void over(void *payload)
{
    struct serving *serving = payload;
    gt_loop_stop(serving->loop);
}

/* The first signal lets what runs come to its end, another one ends the process. */
static void on_signal(void *payload, int fd)
{
    struct serving *serving = payload;
    (void)fd;
    if (!gt_interrupt_take() || serving->draining)
        return;
    serving->draining = true;
    gt_config_watch_free(serving->watch); /* the file says nothing more to this process */
    serving->watch = NULL;
    gt_program_say(serving->program, "stopping: calls that run may end (again: at once)");
    gt_service_drain(serving->service, over, serving);
}

static void on_stdin_end(void *payload)
{
    struct serving *serving = payload;
    if (!serving->draining)
        gt_loop_stop(serving->loop);
}

/* -- running -- */

static bool over_pipes(const struct gt_program *program, const struct gt_config *config)
{
    const char *said = gt_option_text(program, OPTION_TRANSPORT);
    if (said != NULL)
        return gt_streq(said, "stdio");
    return config != NULL && config->serving == GT_SERVING_STDIO;
}

/* Whoever names a tier wants no other one to be served. */
static bool suits(struct gt_program *program, const struct gt_config *config)
{
    if (!gt_asked(program, OPTION_TIER) || over_pipes(program, config))
        return true;
    gt_error(&program->diags, "usage", "--tier is for --transport stdio")->hint =
        "over http every tier is served, each on its listener";
    return false;
}

/* Standard output belongs to the client then. */
static void make_room_for_pipes(struct gt_program *program)
{
    if (program->json)
        program->events.streams[0] = &program->err;
}

static void run(struct serving *serving, struct gt_config *config,
                const struct gt_config_options *options)
{
    struct gt_program *program = serving->program;
    bool pipes = over_pipes(program, config);
    const struct gt_service_options service = {
        .loop = serving->loop,
        .event = on_event,
        .payload = serving,
        .conformance = gt_asked(program, OPTION_CONFORMANCE)
                           ? gt_conformance(program->arena, serving->loop)
                           : NULL,
    };
    int fd = gt_interrupt_hold(); /* before anybody hears that it listens, and may stop it */
    serving->service = gt_service_new(&service, config);
    if (!pipes && !gt_service_listen(serving->service, &program->diags)) {
        gt_interrupt_release();
        return;
    }
    if (pipes)
        gt_service_stdio(serving->service, gt_option_text(program, OPTION_TIER), STDIN_FILENO,
                         STDOUT_FILENO, on_stdin_end, serving);
    if (options->bytes == NULL)
        serving->watch = gt_config_watch_new(program, serving->loop, serving->service, options);
    if (fd >= 0)
        gt_loop_watch(serving->loop, fd, on_signal, serving);
    gt_loop_run(serving->loop);
    if (fd >= 0)
        gt_loop_unwatch(serving->loop, fd);
    gt_interrupt_release();
    gt_config_watch_free(serving->watch);
}

int gt_command_serve(struct gt_program *program, const struct gt_args *args)
{
    static const char empty[] = "name: conformance\n";
    struct serving serving = {.program = program};
    struct gt_config_files files = {.arena = gt_arena_new_secret()};
    struct gt_config_options options = {.path = gt_config_file(program),
                                        .listen = gt_option_text(program, OPTION_LISTEN),
                                        .files = &files};
    (void)args;
    if (gt_asked(program, OPTION_CONFORMANCE) && !gt_asked(program, OPTION_CONFIG)) {
        options.path = "conformance";
        options.bytes = empty;
        options.len = strlen(empty);
    }
    struct gt_config *config = gt_config_load(program->sys, &options, &program->diags);
    if (over_pipes(program, config))
        make_room_for_pipes(program);
    if (config != NULL && options.bytes != NULL) /* that it has no tools need not be said */
        program->reported = program->diags.list.len;
    gt_program_report(program);
    if (config == NULL || !gt_tier_is_there(program, config) || !suits(program, config)) {
        bool known = config != NULL;
        gt_config_free(config);
        gt_arena_free(files.arena);
        return gt_program_exit(program, known ? GT_EXIT_USAGE : GT_EXIT_FAILED);
    }
    serving.loop = gt_loop_new(program->sys);
    run(&serving, config, &options);
    gt_service_free(serving.service);
    gt_loop_free(serving.loop);
    gt_arena_free(files.arena);
    return gt_program_exit(program, GT_EXIT_DONE);
}

/* gantry local: runs the embedded cloud until it is told to stop. */
#include "../knobs_given.h"
#include "../watch.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/cloud/local.h>
#include <gantry/sys/file.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_DEFAULT = 4599, PORT_MAX = 65535 };

struct hosting {
    struct gt_program *program;
    struct gt_loop *loop;
    struct gt_local *local;
    bool over;
};

/* -- tables -- */

static const char *cell(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

static int print_fidelity(struct gt_program *program)
{
    json_auto_t *rows = gt_local_fidelity();
    size_t index;
    json_t *row;
    gt_program_print(program, "| service | operation | fidelity | note |\n|---|---|---|---|\n");
    json_array_foreach(rows, index, row) gt_program_print(
        program, gt_printf(program->arena, "| %s | %s | %s | %s |\n", cell(row, "service"),
                           cell(row, "operation"), cell(row, "fidelity"), cell(row, "note")));
    return gt_program_exit(program, GT_EXIT_DONE);
}

static int print_knobs(struct gt_program *program)
{
    json_auto_t *rows = gt_local_knobs();
    size_t index;
    json_t *row;
    gt_program_print(program, "| knob | default | what it does |\n|---|---|---|\n");
    json_array_foreach(rows, index, row)
    {
        char *value = json_dumps(json_object_get(row, "default"), JSON_ENCODE_ANY);
        const char *unit =
            json_is_integer(json_object_get(row, "default")) ? cell(row, "unit") : "";
        gt_program_print(program,
                         gt_printf(program->arena, "| `%s` | %s%s%s | %s |\n", cell(row, "name"),
                                   value, *unit == '\0' ? "" : " ", unit, cell(row, "help")));
        gt_arena_defer(program->arena, free, value);
    }
    return gt_program_exit(program, GT_EXIT_DONE);
}

/* -- options -- */

/* HOST:PORT, PORT or [::1]:PORT. */
static bool read_listen(struct gt_program *program, struct gt_local_options *options)
{
    const char *text = gt_option_text(program, OPTION_LISTEN);
    options->host = "127.0.0.1";
    options->port = PORT_DEFAULT;
    if (text == NULL)
        return true;
    const char *colon = strrchr(text, ':'), *digits = colon == NULL ? text : colon + 1;
    char *end;
    long port = strtol(digits, &end, 10);
    if (*digits == '\0' || *end != '\0' || port < 0 || port > PORT_MAX) {
        gt_error(&program->diags, "usage", "--listen wants HOST:PORT, not \"%s\"", text)->hint =
            "for example --listen 127.0.0.1:4599; port 0 is any free one";
        return false;
    }
    options->port = (int)port;
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
        options->host = gt_strndup(program->arena, text + 1, len - 2);
    else if (len > 0)
        options->host = gt_strndup(program->arena, text, len);
    return true;
}

/* The folder of this program, where gantry-mcp is too. */
static const char *own_folder(struct gt_program *program)
{
    const char *self = gt_path_real(program->arena, "/proc/self/exe");
    const char *slash = self == NULL ? NULL : strrchr(self, '/');
    return slash == NULL || slash == self
               ? NULL
               : gt_strndup(program->arena, self, (size_t)(slash - self));
}

/* -- what is shown -- */

static void print_request(struct gt_program *program, struct gt_arena *arena, const json_t *event)
{
    const char *error = cell(event, "error"), *message = cell(event, "message");
    const char *refused = cell(event, "refused"), *fault = cell(event, "fault");
    const json_t *status = json_object_get(event, "status");
    const char *what = gt_printf(arena, "%s %s", cell(event, "service"), cell(event, "operation"));
    gt_stream_safe(&program->out,
                   gt_printf(arena, "%.12s  %3s  %s%s%s%s%s%s%s",
                             strlen(cell(event, "time")) > 11 ? cell(event, "time") + 11 : "",
                             json_is_integer(status) ? gt_printf(arena, "%" JSON_INTEGER_FORMAT,
                                                                 json_integer_value(status))
                                                     : "-",
                             strlen(what) > 1 && *refused == '\0' ? what : refused,
                             *error == '\0' ? "" : "  ", error, *message == '\0' ? "" : ": ",
                             message, *fault == '\0' ? "" : "  fault ", fault));
}

static void print_line(struct gt_program *program, struct gt_arena *arena, const json_t *event)
{
    const char *runtime = cell(event, "runtime"), *line = cell(event, "line");
    if (*line == '\0')
        line = cell(event, "message");
    if (*line == '\0' && json_object_get(event, "state") != NULL)
        line = cell(event, "state");
    gt_stream_safe(&program->out,
                   *runtime == '\0' ? line : gt_printf(arena, "%s | %s", runtime, line));
}

static void on_event(void *payload, const json_t *event)
{
    struct hosting *hosting = payload;
    struct gt_program *program = hosting->program;
    const char *name = cell(event, "event");
    if (gt_events_wanted(&program->events)) {
        json_t *members = json_copy(gt_iterable(event));
        json_object_del(members, "event");
        json_object_del(members, "time");
        gt_program_event(program, name, members);
    }
    if (program->json || program->verbosity == GT_QUIET)
        return;
    struct gt_arena *arena = gt_arena_new();
    if (gt_streq(name, "request"))
        print_request(program, arena, event);
    else
        print_line(program, arena, event);
    gt_stream_adds(&program->out, "\n");
    gt_stream_flush(&program->out);
    gt_arena_free(arena);
}

static void announce(struct hosting *hosting)
{
    struct gt_program *program = hosting->program;
    const char *url = gt_local_url(hosting->local);
    const char *port = strrchr(url, ':') + 1;
    gt_program_event(program, "listening",
                     json_pack("{s:s, s:I, s:s}", "url", url, "port",
                               (json_int_t)strtol(port, NULL, 10), "id",
                               gt_local_id(hosting->local)));
    const char *folder;
    if (!gt_local_run_folder(program->arena, program->sys, &folder, &program->diags))
        return;
    const char *key_file = gt_printf(program->arena, "%s/local-%s.json", folder, port);
    bool usual = strtol(port, NULL, 10) == PORT_DEFAULT;
    gt_program_print(
        program,
        gt_printf(program->arena,
                  "The embedded cloud listens on %s (%s).\n\n"
                  "In another terminal:\n"
                  "  %sgantry apply --local\n\n"
                  "Other tools, with the keys in %s:\n"
                  "  export AWS_ENDPOINT_URL=%s AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n"
                  "  export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...\n\n"
                  "It is a development and test double of AWS; `gantry local --fidelity` says what "
                  "it has.\nCtrl-C ends it%s.\n\n",
                  url, gt_local_id(hosting->local),
                  usual ? "" : gt_printf(program->arena, "GANTRY_LOCAL=%s ", port), key_file, url,
                  gt_option_text(program, OPTION_STATE_FOLDER) != NULL
                      ? "; its state is kept"
                      : "; its state is in memory only"));
    gt_stream_flush(&program->out);
}

/* -- running -- */

static void stop(void *payload)
{
    struct hosting *hosting = payload;
    hosting->over = true;
    gt_loop_stop(hosting->loop);
}

static void on_stdin(void *payload, int fd)
{
    char bytes[256];
    if (read(fd, bytes, sizeof(bytes)) > 0)
        return;
    struct hosting *hosting = payload;
    gt_loop_unwatch(hosting->loop, fd);
    stop(hosting);
}

static void serve(struct hosting *hosting)
{
    struct gt_context context = {.program = hosting->program, .loop = hosting->loop};
    bool watch_stdin = gt_asked(hosting->program, OPTION_STOP_WITH_STDIN);
    gt_local_on_stop(hosting->local, stop, hosting);
    if (watch_stdin)
        gt_loop_watch(hosting->loop, STDIN_FILENO, on_stdin, hosting);
    announce(hosting);
    gt_signals_wait(&context, &hosting->over);
    if (watch_stdin)
        gt_loop_unwatch(hosting->loop, STDIN_FILENO);
}

int gt_command_local(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    if (gt_asked(program, OPTION_FIDELITY))
        return print_fidelity(program);
    if (gt_asked(program, OPTION_KNOBS))
        return print_knobs(program);
    struct hosting hosting = {.program = program};
    struct gt_local_options options = {.state_folder = gt_option_text(program, OPTION_STATE_FOLDER),
                                       .request_log = gt_option_text(program, OPTION_REQUEST_LOG),
                                       .programs = own_folder(program),
                                       .event = on_event,
                                       .payload = &hosting};
    /* Before anything that may have a thread or hold a descriptor. */
    struct gt_arena *arena = gt_arena_new();
    json_t *knobs = NULL;
    bool good = read_listen(program, &options) && gt_knobs_given(program, &knobs) &&
                gt_supervisor_start(arena, &options.supervisor, &program->diags) &&
                gt_local_run_folder(arena, program->sys, &options.run_folder, &program->diags);
    options.knobs = knobs;
    if (good) {
        options.loop = hosting.loop = gt_loop_new(program->sys);
        good = gt_local_start(arena, &options, &hosting.local, &program->diags);
    }
    if (good)
        serve(&hosting);
    gt_local_free(hosting.local);
    gt_loop_free(hosting.loop);
    gt_supervisor_stop(options.supervisor);
    gt_arena_free(arena);
    return gt_program_exit(program, GT_EXIT_DONE);
}

#include <gantry/ui/program.h>

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/doc.h>
#include <gantry/ui/help.h>
#include <gantry/ui/report.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *look_up(void *sys, const char *name)
{
    return gt_env(sys, name);
}

/* A message of errno, without the threads' trouble of strerror. */
static const char *errno_text(struct gt_arena *arena, int error)
{
    char text[128] = "";
    if (strerror_r(error, text, sizeof(text)) != 0)
        return gt_printf(arena, "error %d", error);
    return gt_lower(arena, text);
}

void gt_program_init(struct gt_program *program, struct gt_arena *arena, const struct gt_sys *sys)
{
    union {
        const struct gt_sys *in;
        void *out;
    } self = {.in = sys};
    *program = (struct gt_program){
        .arena = arena,
        .said = gt_map_init(arena),
        .sys = sys,
        .out = gt_stream_open(STDOUT_FILENO, look_up, self.out),
        .err = gt_stream_open(STDERR_FILENO, look_up, self.out),
        .events_file = {.fd = -1},
        .verbosity = GT_NORMAL,
        .diags = gt_diags_init(arena),
    };
}

static bool open_events(struct gt_program *program, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        gt_error(&program->diags, "events-file", "cannot write %s: %s", path,
                 errno_text(program->arena, errno));
        return false;
    }
    program->events_file = (struct gt_stream){.fd = fd, .buf = gt_buf_init((size_t)1 << 30)};
    program->events.streams[1] = &program->events_file;
    return true;
}

bool gt_program_configure(struct gt_program *program, const struct gt_program_kind *kind,
                          const struct gt_args *args)
{
    program->args = args;
    program->grammar = kind->grammar;
    if (gt_asked(program, kind->no_color))
        program->out.colour = program->err.colour = false;
    if (gt_asked(program, kind->quiet))
        program->verbosity = GT_QUIET;
    else if (gt_asked(program, kind->verbose))
        program->verbosity = GT_VERBOSE;
    program->json = gt_asked(program, kind->json);
    if (program->json)
        program->events.streams[0] = &program->out;
    if (kind->configure != NULL && !kind->configure(program))
        return false;
    const char *path = kind->events != GT_NO_OPTION ? gt_option_text(program, kind->events) : NULL;
    return path == NULL || open_events(program, path);
}

/* Whether the same was said before: a run comes by some checks and files more than once. */
static bool is_repeated(struct gt_program *program, const struct gt_diag *diag)
{
    const char *key = gt_report_key(program->arena, diag);
    if (gt_map_get(&program->said, key) != NULL)
        return true;
    gt_map_set(&program->said, key, program);
    return false;
}

void gt_program_report(struct gt_program *program)
{
    struct gt_diags fresh = gt_diags_init(program->arena);
    for (; program->reported < program->diags.list.len; program->reported++)
        if (!is_repeated(program, program->diags.list.at[program->reported]))
            *GT_PUSH(program->arena, &fresh.list) = program->diags.list.at[program->reported];
    const struct gt_diag **order = gt_report_order(program->arena, &fresh);
    for (size_t i = 0; order[i] != NULL; i++)
        gt_program_event(program, "diagnostic", gt_report_document(order[i]));
    gt_stream_flush(&program->out);
    gt_report(&program->err, &fresh, program->verbosity == GT_QUIET);
    gt_stream_flush(&program->err);
}

/* An error with one of these codes is the command line's, wherever it was found. */
static bool has_usage_error(const struct gt_diags *diags)
{
    static const char *const codes[] = {"usage", "unknown-knob", "bad-knob", "not-loopback"};
    for (size_t i = 0; i < diags->list.len; i++)
        for (size_t k = 0; k < GT_COUNT(codes); k++)
            if (diags->list.at[i]->severity == GT_SEVERITY_ERROR &&
                gt_streq(diags->list.at[i]->code, codes[k]))
                return true;
    return false;
}

int gt_program_exit(struct gt_program *program, int otherwise)
{
    gt_program_report(program);
    if (otherwise != GT_EXIT_DONE && otherwise != GT_EXIT_FAILED)
        return otherwise;
    if (has_usage_error(&program->diags))
        return GT_EXIT_USAGE;
    return program->diags.errors > 0 ? GT_EXIT_FAILED : otherwise;
}

void gt_program_print(struct gt_program *program, const char *text)
{
    if (!program->json)
        gt_stream_adds(&program->out, text);
}

void gt_program_say(struct gt_program *program, const char *format, ...)
{
    if (program->verbosity == GT_QUIET || program->json)
        return;
    gt_stream_flush(&program->out);
    struct gt_arena *arena = gt_arena_new(); /* a server says things for months */
    va_list args;
    va_start(args, format);
    gt_stream_safe(&program->err, gt_vprintf(arena, format, args));
    va_end(args);
    gt_arena_free(arena);
    gt_stream_adds(&program->err, "\n");
    gt_stream_flush(&program->err);
}

void gt_program_event(struct gt_program *program, const char *event, json_t *members)
{
    gt_events_emit(&program->events, event, gt_now_ms(program->sys), members);
}

static int add_bytes(const char *bytes, size_t len, void *stream)
{
    gt_stream_add(stream, bytes, len);
    return 0;
}

void gt_program_document(struct gt_program *program, const char *event, const char *member,
                         const json_t *document, enum gt_document_format format)
{
    if (program->json) {
        json_t *members = json_object();
        json_object_set(members, member, gt_iterable(document));
        gt_program_event(program, event, members);
    } else if (format == GT_DOCUMENT_YAML) {
        gt_stream_adds(&program->out, gt_doc_print_yaml(program->arena, document));
    } else {
        json_dump_callback(document, add_bytes, &program->out, JSON_INDENT(2) | JSON_ENCODE_ANY);
        gt_stream_adds(&program->out, "\n");
    }
}

static bool check_stream(struct gt_program *program, struct gt_stream *stream, const char *name)
{
    if (gt_stream_flush(stream))
        return true;
    /* A reader that has seen enough (`| head`) is not told so; the exit code says it. */
    if (stream->error != EPIPE)
        gt_stream_addf(&program->err, "error: cannot write to %s: %s\n", name,
                       errno_text(program->arena, stream->error));
    return false;
}

int gt_program_finish(struct gt_program *program, int code)
{
    bool written = check_stream(program, &program->out, "standard output");
    if (program->events_file.fd >= 0) {
        written &= check_stream(program, &program->events_file, "the events file");
        close(program->events_file.fd);
    }
    gt_stream_flush(&program->err);
    gt_stream_done(&program->out);
    gt_stream_done(&program->err);
    gt_stream_done(&program->events_file);
    bool was_success = code == GT_EXIT_DONE || code == GT_EXIT_CHANGES;
    return !written && was_success ? GT_EXIT_FAILED : code;
}

int gt_program_version(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    const struct gt_grammar *grammar = program->grammar;
    gt_program_event(program, "version", json_pack("{s:s}", "version", grammar->version));
    gt_program_print(program,
                     gt_printf(program->arena, "%s %s\n", grammar->program, grammar->version));
    return GT_EXIT_DONE;
}

int gt_program_completion(struct gt_program *program, const struct gt_args *args)
{
    const char *shell = args->words.at[0];
    if (gt_completion(&program->out, program->grammar, shell))
        return GT_EXIT_DONE;
    const char *shells = gt_completion_shells[0];
    for (size_t i = 1; gt_completion_shells[i] != NULL; i++)
        shells = gt_printf(program->arena, "%s, %s", shells, gt_completion_shells[i]);
    gt_error(&program->diags, "usage", "there is no completion for \"%s\"", shell)->hint =
        gt_printf(program->arena, "one of %s", shells);
    gt_program_report(program);
    return GT_EXIT_USAGE;
}

static int unknown_topic(struct gt_program *program, const struct gt_help_topics *topics,
                         const char *topic)
{
    GT_VEC(const char *) names = {0};
    for (const struct gt_help_topic *row = topics->rows; row->name != NULL; row++)
        *GT_PUSH(program->arena, &names) = row->name;
    for (const struct gt_command *at = program->grammar->commands; at->name != NULL; at++)
        *GT_PUSH(program->arena, &names) = at->name;
    for (const char *const *name = topics->names; *name != NULL; name++)
        *GT_PUSH(program->arena, &names) = *name;
    *GT_PUSH(program->arena, &names) = NULL;
    struct gt_diag *diag = gt_error(&program->diags, "usage", "there is no help on \"%s\"", topic);
    const char *nearest = gt_nearest(topic, names.at);
    diag->hint =
        nearest != NULL ? gt_printf(program->arena, "did you mean %s?", nearest) : topics->hint;
    gt_program_report(program);
    return GT_EXIT_USAGE;
}

int gt_program_help(struct gt_program *program, const struct gt_args *args,
                    const struct gt_help_topics *topics)
{
    if (args->words.len == 0) {
        gt_help_overview(&program->out, program->grammar);
        return GT_EXIT_DONE;
    }
    const char *topic = args->words.at[0];
    if (args->words.len == 2)
        topic = gt_printf(program->arena, "%s %s", topic, args->words.at[1]);
    const struct gt_command *command = gt_command_find(program->grammar, topic);
    if (command != NULL) {
        gt_help_command(&program->out, program->grammar, command);
        return GT_EXIT_DONE;
    }
    for (const struct gt_help_topic *row = topics->rows; row->name != NULL; row++) {
        if (gt_streq(row->name, topic)) {
            row->print(program);
            return GT_EXIT_DONE;
        }
    }
    return topics->other(program, topic) ? GT_EXIT_DONE : unknown_topic(program, topics, topic);
}

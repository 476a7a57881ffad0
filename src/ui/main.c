/* The main of every program: standard descriptors, signals, the command line. */
#include <gantry/ui/program.h>

#include <gantry/base/str.h>
#include <gantry/ui/help.h>
#include <gantry/ui/interrupt.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/*
 * A descriptor 0, 1 or 2 that came closed would be taken by the next file or socket that is opened,
 * and results would be written into it. What takes its place here refuses to be used.
 */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static int no_command(struct gt_program *program, const struct gt_program_kind *kind)
{
    bool asked = gt_asked(program, kind->help);
    gt_help_overview(asked ? &program->out : &program->err, kind->grammar);
    return asked ? GT_EXIT_DONE : GT_EXIT_USAGE;
}

/* `gantry --version` is what people type first. */
static void accept_version_option(int argc, char **argv)
{
    static char version[] = "version";
    if (argc >= 2 && gt_streq(argv[1], "--version"))
        argv[1] = version;
}

static int run(struct gt_program *program, const struct gt_program_kind *kind, int argc,
               char **argv)
{
    static struct gt_args args;
    accept_version_option(argc, argv);
    bool parsed = gt_args_parse(program->arena, kind->grammar, argc, argv, &args, &program->diags);
    if (args.values != NULL && !gt_program_configure(program, kind, &args) && parsed)
        return gt_program_exit(program, GT_EXIT_FAILED);
    if (!parsed) {
        gt_program_report(program);
        return GT_EXIT_USAGE;
    }
    if (args.command == NULL)
        return no_command(program, kind);
    if (gt_asked(program, kind->help) || args.command->run == NULL) {
        gt_help_command(&program->out, kind->grammar, args.command);
        return GT_EXIT_DONE;
    }
    return args.command->run(program, &args);
}

int gt_program_main(const struct gt_program_kind *kind, int argc, char **argv)
{
    hold_standard_descriptors();
    /* A closed pipe and a file-size limit are errors of a write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    gt_interrupt_install();
    signal(SIGXFSZ, SIG_IGN);
    struct gt_arena *arena = gt_arena_new();
    struct gt_program program;
    gt_program_init(&program, arena, gt_sys_real());
    int code = gt_program_finish(&program, run(&program, kind, argc, argv));
    gt_arena_free(arena);
    return code;
}

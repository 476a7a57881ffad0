/* gantry: its command line, and what its files must not overwrite. */
#include "program.h"

#include <gantry/base/str.h>

#include <sys/stat.h>

/* -o is near to -f: what the program writes must not take the manifest's place. */
static bool spares_manifest(struct gt_program *program)
{
    static const struct {
        enum option option;
        const char *name;
    } written[] = {{OPTION_EVENTS, "--events"}, {OPTION_OUT, "--out"}, {OPTION_WRITE, "--write"}};
    const char *given = gt_option_text(program, OPTION_FILE);
    struct stat manifest, other;
    if (stat(given == NULL ? "gantry.yaml" : given, &manifest) != 0)
        return true;
    for (size_t i = 0; i < GT_COUNT(written); i++) {
        const char *path = gt_option_text(program, written[i].option);
        if (path == NULL || stat(path, &other) != 0 || other.st_ino != manifest.st_ino ||
            other.st_dev != manifest.st_dev)
            continue;
        gt_error(&program->diags, "usage", "%s %s would overwrite the manifest", written[i].name,
                 path)
            ->hint = "name another file; -f names the manifest";
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct gt_program_kind kind = {
        .grammar = &gt_gantry_grammar,
        .help = OPTION_HELP,
        .quiet = OPTION_QUIET,
        .verbose = OPTION_VERBOSE,
        .no_color = OPTION_NO_COLOR,
        .json = OPTION_JSON,
        .events = OPTION_EVENTS,
        .configure = spares_manifest,
    };
    return gt_program_main(&kind, argc, argv);
}

/* gantry init: a starter manifest, and the state's folder out of version control. */
#include "../program.h"
#include "../templates.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/ui/table.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_LENGTH = 32 };

static const char default_template[] = "quick-suite";

/* The first line of a template without "# ". */
static const char *summary_of(struct gt_arena *arena, const struct gt_starter *starter)
{
    size_t len = strcspn(starter->text, "\n");
    return len < 2 ? "" : gt_strndup(arena, starter->text + 2, len - 2);
}

static int list_templates(struct gt_program *program)
{
    static const char *const titles[] = {"TEMPLATE", "WHAT IT SETS UP", NULL};
    struct gt_table table = gt_table_new(program->arena, titles);
    json_t *names = json_array();
    for (const struct gt_starter *starter = gt_starters; starter->name != NULL; starter++) {
        const char *summary = summary_of(program->arena, starter);
        gt_table_add(&table, (const char *const[]){starter->name, summary});
        json_array_append_new(names,
                              json_pack("{s:s, s:s}", "name", starter->name, "summary", summary));
    }
    if (!program->json)
        gt_table_print(&program->out, &table);
    gt_program_event(program, "templates", json_pack("{s:o}", "templates", names));
    return GT_EXIT_DONE;
}

static const struct gt_starter *find_template(struct gt_program *program, const char *name)
{
    GT_VEC(const char *) names = {0};
    for (const struct gt_starter *starter = gt_starters; starter->name != NULL; starter++) {
        if (gt_streq(starter->name, name))
            return starter;
        *GT_PUSH(program->arena, &names) = starter->name;
    }
    *GT_PUSH(program->arena, &names) = NULL;
    struct gt_diag *diag = gt_error(&program->diags, "usage", "there is no template \"%s\"", name);
    const char *nearest = gt_nearest(name, names.at);
    diag->hint = nearest != NULL ? gt_printf(program->arena, "did you mean %s?", nearest)
                                 : "`gantry init --list` lists them";
    return NULL;
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return name[0] >= 'a' && name[0] <= 'z' && len <= NAME_MAX_LENGTH &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* A stack's name made of a folder's: lower case, '-' for what is not allowed. */
static const char *name_from(struct gt_arena *arena, const char *folder)
{
    char *name =
        gt_printf(arena, "%s%s", isalpha((unsigned char)folder[0]) ? "" : "stack-", folder);
    for (char *c = name; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
    name[strnlen(name, NAME_MAX_LENGTH)] = '\0';
    for (size_t len = strlen(name); len > 1 && name[len - 1] == '-'; len--)
        name[len - 1] = '\0';
    return name;
}

/* The absolute folder of the manifest, or NULL when it is not there. */
static const char *folder_of(struct gt_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash == NULL ? "." : gt_strndup(arena, path, (size_t)(slash - path) + 1);
    return gt_path_real(arena, folder);
}

static const char *stack_name(struct gt_program *program, const char *folder)
{
    const char *given = gt_option_text(program, OPTION_NAME);
    if (given == NULL)
        return name_from(program->arena, strrchr(folder, '/') + 1);
    if (is_name(given))
        return given;
    gt_error(&program->diags, "usage", "\"%s\" cannot be the name of a stack", given)->hint =
        "a name is a lower-case letter, then up to 31 of a-z, 0-9 and '-'";
    return NULL;
}

/* The template with its stack's name replaced. */
static const char *with_name(struct gt_arena *arena, const char *text, const char *name)
{
    static const char key[] = "\nstack: ";
    const char *line = strstr(text, key);
    if (line == NULL)
        return text;
    const char *old = line + strlen(key);
    return gt_printf(arena, "%.*s%s%s", (int)(old - text), text, name, old + strcspn(old, " \n"));
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static bool in_work_tree(struct gt_arena *arena, const char *folder)
{
    char *at = gt_strdup(arena, folder);
    for (;;) {
        if (exists(gt_printf(arena, "%s/.git", at)))
            return true;
        char *slash = strrchr(at, '/');
        if (slash == NULL || *at == '\0')
            return false;
        *slash = '\0';
    }
}

static bool has_line(const char *text, const char *const *lines)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\r\n");
        for (size_t i = 0; lines[i] != NULL; i++)
            if (strlen(lines[i]) == len && strncmp(text, lines[i], len) == 0)
                return true;
        text += len;
        text += strspn(text, "\r\n");
    }
    return false;
}

/* Adds .gantry/ to the .gitignore beside the manifest. */
static bool ignore_state(struct gt_program *program, const char *folder, bool *added)
{
    static const char *const lines[] = {".gantry/", ".gantry", "/.gantry/", "/.gantry", NULL};
    struct gt_arena *arena = program->arena;
    *added = false;
    if (!in_work_tree(arena, folder))
        return true;
    const char *path = gt_printf(arena, "%s/.gitignore", folder);
    char *text = NULL;
    size_t len = 0;
    switch (gt_file_read(arena, path, (size_t)16 << 20, &text, &len, &program->diags)) {
    case GT_READ_FAILED:
        return false;
    case GT_READ_ABSENT:
        text = gt_strdup(arena, "");
        break;
    case GT_READ_OK:
        break;
    }
    if (has_line(text, lines))
        return true;
    bool ended = len == 0 || text[len - 1] == '\n';
    const char *more = gt_printf(arena, "%s%s.gantry/\n", text, ended ? "" : "\n");
    *added = true;
    return gt_file_write(path, more, strlen(more), 0666, NULL, &program->diags);
}

static bool write_manifest(struct gt_program *program, const char *path, const char *folder)
{
    const char *template = gt_option_text(program, OPTION_TEMPLATE);
    const struct gt_starter *starter =
        find_template(program, template == NULL ? default_template : template);
    const char *name = starter == NULL ? NULL : stack_name(program, folder);
    if (name == NULL)
        return false;
    if (exists(path) && !gt_asked(program, OPTION_FORCE)) {
        gt_error(&program->diags, "file-exists", "%s is there already", path)->hint =
            "use --force to overwrite it, or -f to write another file";
        return false;
    }
    const char *text = with_name(program->arena, starter->text, name);
    bool ignored;
    if (!gt_file_write(path, text, strlen(text), 0666, NULL, &program->diags) ||
        !ignore_state(program, folder, &ignored))
        return false;
    gt_program_event(
        program, "initialized",
        json_pack("{s:s, s:s, s:s}", "file", path, "template", starter->name, "stack", name));
    gt_program_print(program, gt_printf(program->arena, "wrote %s from the template %s, stack %s\n",
                                        path, starter->name, name));
    if (ignored)
        gt_program_print(program, "added .gantry/ to .gitignore\n");
    gt_program_say(program, "next: edit it, then `gantry validate` and `gantry diff`");
    return true;
}

int gt_command_init(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    if (gt_asked(program, OPTION_TEMPLATES))
        return list_templates(program);
    const char *path = gt_option_text(program, OPTION_FILE);
    path = path == NULL ? "gantry.yaml" : path;
    const char *folder = folder_of(program->arena, path);
    if (gt_streq(path, "-"))
        gt_error(&program->diags, "usage", "init writes a file, and - is none")->hint =
            "name a file with -f FILE";
    else if (folder == NULL)
        gt_error(&program->diags, "no-folder", "the folder of %s is not there", path);
    else
        write_manifest(program, path, folder);
    return gt_program_exit(program, GT_EXIT_DONE);
}

#include "config_support.h"

#include <gantry/sys/file.h>

static const char *look_up(void *self, const char *name)
{
    const char *const *pairs;
    memcpy(&pairs, &self, sizeof(pairs));
    for (; pairs[0] != NULL; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

struct gt_sys config_sys(const char *const *variables)
{
    struct gt_sys sys = {.env = look_up};
    memcpy(&sys.self, &variables, sizeof(variables));
    return sys;
}

struct gt_config *config_of(const char *text, struct gt_diags *diags)
{
    static const char *const variables[] = {"SECRET",    SECRET_VALUE, "PGPASSWORD", "pw",
                                            "PORT_TEXT", "9000",       NULL};
    struct gt_sys sys = config_sys(variables);
    const struct gt_config_options options = {
        .path = "gantry-mcp.yaml", .bytes = text, .len = strlen(text)};
    size_t errors = diags->errors;
    struct gt_config *config = gt_config_load(&sys, &options, diags);
    ck_assert_int_eq(config != NULL, diags->errors == errors);
    return config;
}

struct gt_config *good_config(struct gt_arena *arena, const char *text)
{
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_config *config = config_of(text, &diags);
    ck_assert_msg(config != NULL, "%s\n%s", text, reported(arena, &diags));
    return config;
}

const char *reported(struct gt_arena *arena, const struct gt_diags *diags)
{
    static const char *const words[] = {"error", "warning", "note"};
    const char *text = "";
    for (size_t i = 0; i < diags->list.len; i++) {
        const struct gt_diag *diag = diags->list.at[i];
        text = gt_printf(arena, "%s%u:%u %s %s: %s", text, diag->pos.line, diag->pos.column,
                         words[diag->severity], diag->code, diag->message);
        text = diag->hint != NULL ? gt_printf(arena, "%s (%s)\n", text, diag->hint)
                                  : gt_printf(arena, "%s\n", text);
    }
    return text;
}

const char *file_text(struct gt_arena *arena, const char *path)
{
    struct gt_diags diags = gt_diags_init(arena);
    const char *full = gt_printf(arena, "%s/tests/unit/server/%s", GT_SOURCE_DIR, path);
    const char *text = gt_file_text(arena, full, (size_t)1 << 20, &diags);
    ck_assert_msg(text != NULL, "%s", full);
    return text;
}

/* A configuration of gantry-mcp (src/server): loaded, or refused with reasons, and no value that
 * came by a reference is in them. */
#include "fuzz.h"

#include <gantry/base/str.h>
#include <gantry/server/config.h>
#include <string.h>

static const char secret[] = "kept-to-itself";

static const char *env(void *self, const char *name)
{
    (void)self;
    return gt_starts_with(name, "S") ? secret : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    const struct gt_sys sys = {.env = env};
    const char *text = fuzz_text(arena, data, size);
    const struct gt_config_options options = {.path = "a.yaml", .bytes = text, .len = size};
    struct gt_config *config = gt_config_load(&sys, &options, &diags);
    fuzz_check_told(config != NULL, &diags);
    gt_config_free(config);
    for (size_t i = 0; i < diags.list.len && strstr(text, secret) == NULL; i++) {
        fuzz_check(strchr(diags.list.at[i]->message, '\n') == NULL);
        fuzz_check(strstr(diags.list.at[i]->message, secret) == NULL);
    }
    gt_arena_free(arena);
    return 0;
}

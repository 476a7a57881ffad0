/* The shared config and credentials files (src/aws): the parser of their dialect of INI. */
#include "ini.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_ini *ini = NULL;
    bool ok = gt_ini_parse(arena, "config", fuzz_text(arena, data, size), size, &ini, &diags);
    fuzz_check_told(ok, &diags);
    for (size_t i = 0; ok && i < ini->sections.len; i++) {
        const struct gt_ini_section *section = &ini->sections.at[i];
        fuzz_check(gt_ini_section(ini, section->name) == section);
        for (size_t j = 0; j < section->settings.len && j < 100; j++) {
            const struct gt_ini_setting *setting = &section->settings.at[j];
            fuzz_check(strlen(setting->value) <= size);
            gt_ini_get(section, setting->outer, setting->key);
        }
    }
    gt_arena_free(arena);
    return 0;
}

/* Words as a shell splits them (src/sys), and as the arguments of gantry (src/ui, src/gantry). */
#include "fuzz.h"
#include "grammar.h"

#include <gantry/sys/process.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    char **words = NULL;
    size_t count = 0;
    const char *error = NULL;
    const char *text = gt_printf(arena, "gantry %s", fuzz_text(arena, data, size));
    bool ok = gt_words_split(arena, text, &words, &count, &error);
    fuzz_check(ok == (error == NULL));
    if (ok) {
        fuzz_check(count > 0 && words[count] == NULL);
        struct gt_args args;
        bool parsed = gt_args_parse(arena, &gt_gantry_grammar, (int)count, words, &args, &diags);
        fuzz_check_told(parsed, &diags);
    }
    gt_arena_free(arena);
    return 0;
}

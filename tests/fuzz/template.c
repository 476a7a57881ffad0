/* References in texts (src/doc): the first line names what is known, the rest is the text. What a
 * pass inserts is not read again by the next one, and escaping is undone by resolving. */
#include "fuzz.h"

#include <gantry/doc/template.h>
#include <string.h>

static enum gt_resolution look_up(void *payload, const char *pointer, const char *expression,
                                  json_t **value, struct gt_diags *diags)
{
    const char *known = payload;
    (void)pointer;
    switch (strlen(expression) % 4) {
    case 0:
        return GT_UNKNOWN;
    case 1:
        gt_error(diags, "no-such", "there is nothing of that name");
        return GT_FAILED;
    default:
        *value = json_string(known);
        return *value == NULL ? GT_UNKNOWN : GT_RESOLVED;
    }
}

static void check_escape(struct gt_arena *arena, const char *text)
{
    struct gt_diags diags = gt_diags_init(arena);
    json_auto_t *escaped = json_string(gt_template_escape(arena, text));
    if (escaped == NULL)
        return;
    bool unknown = true;
    json_auto_t *plain = gt_resolve(arena, escaped, true, look_up, NULL, &unknown, &diags);
    fuzz_check(plain != NULL && !unknown);
    fuzz_check(strcmp(json_string_value(plain), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    char *text = fuzz_text(arena, data, size);
    size_t line = strcspn(text, "\n");
    /* Short, since a long value in thousands of places is a long text whatever the code does. */
    char *known = gt_strndup(arena, text, line < 100 ? line : 100);
    text += text[line] == '\0' ? 0 : line + 1;
    struct gt_template parts;
    const char *error = NULL;
    bool parsed = gt_template_parse(arena, text, &parts, &error);
    fuzz_check(parsed == (error == NULL));
    for (size_t i = 0; parsed && i < parts.parts.len; i++)
        fuzz_check(parts.parts.at[i].offset <= strlen(text));
    if (gt_template_is_whole(text))
        fuzz_check(gt_template_is(text));
    json_auto_t *value = json_pack("{s:[s?]}", "a", text);
    if (value != NULL) {
        json_auto_t *first = gt_resolve(arena, value, false, look_up, known, NULL, &diags);
        fuzz_check((first == NULL) == (diags.errors > 0));
        if (!parsed)
            fuzz_check(first == NULL);
        check_escape(arena, text);
    }
    gt_arena_free(arena);
    return 0;
}

#include "golden.h"

#include <gt_test.h>
#include <stdio.h>
#include <string.h>

static char *path_of(struct gt_arena *arena, const char *name)
{
    return gt_printf(arena, "%s/tests/unit/ui/golden/%s", GT_SOURCE_DIR, name);
}

static char *read_golden(struct gt_arena *arena, const char *name)
{
    FILE *file = fopen(path_of(arena, name), "rb");
    if (file == NULL)
        return NULL;
    enum { MAX = 1 << 20 };
    char *text = gt_alloc(arena, MAX);
    size_t len = fread(text, 1, MAX - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static void write_golden(struct gt_arena *arena, const char *name, const char *text)
{
    FILE *file = fopen(path_of(arena, name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs(text, file) >= 0, 1);
    ck_assert_int_eq(fclose(file), 0);
}

char *stream_take(struct gt_arena *arena, struct gt_stream *stream)
{
    char *text = gt_strdup(arena, gt_buf_text(&stream->buf));
    gt_stream_done(stream);
    return text;
}

void golden_check(struct gt_stream *stream, const char *name)
{
    struct gt_arena *arena = gt_arena_new();
    char *text = stream_take(arena, stream);
    if (getenv("GT_UPDATE_GOLDEN") != NULL)
        write_golden(arena, name, text);
    char *golden = read_golden(arena, name);
    ck_assert_msg(golden != NULL, "golden/%s is missing: run with GT_UPDATE_GOLDEN=1", name);
    ck_assert_msg(
        strcmp(golden, text) == 0,
        "golden/%s differs; if that is meant, run with GT_UPDATE_GOLDEN=1. Now it is:\n%s", name,
        text);
    gt_arena_free(arena);
}

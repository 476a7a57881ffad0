#include "doc_test.h"

#include <dirent.h>
#include <stdio.h>

/* Whatever the bytes are: no crash, the result and the errors agree, every error has a place within
 * the file and one line of text, and what was taken reads the same when it is printed. */
static void try_bytes(const char *what, const char *bytes, size_t len)
{
    struct gt_arena *own = gt_arena_new();
    struct gt_diags sink = gt_diags_init(own);
    struct gt_doc doc = {0};
    bool good = gt_doc_parse(own, "fuzz.yaml", bytes, len, &doc, &sink);
    ck_assert_msg(good == (sink.errors == 0), "%s: result and errors disagree", what);
    for (size_t i = 0; i < sink.list.len; i++) {
        const struct gt_diag *diag = sink.list.at[i];
        ck_assert_msg(diag->pos.line > 0 && diag->pos.column > 0, "%s: no place", what);
        for (const char *c = diag->message; *c != '\0'; c++)
            ck_assert_msg((unsigned char)*c >= 0x20, "%s: control character in a message", what);
    }
    if (good) {
        const char *yaml = gt_doc_print_yaml(own, doc.root);
        struct gt_doc again = {0};
        ck_assert_msg(gt_doc_parse(own, "printed", yaml, strlen(yaml), &again, &sink), "%s: %s",
                      what, yaml);
        ck_assert_msg(json_equal(doc.root, again.root) == 1, "%s: %s", what, yaml);
    }
    gt_arena_free(own);
}

static char *read_all(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s: cannot be read", path);
    char *bytes = gt_alloc(arena, 1 << 20);
    *len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

typedef void corpus_fn(const char *path, char *bytes, size_t len);

/* Calls fn for each file of the corpus; there must be some. */
static void each_file(corpus_fn *fn)
{
    static const char folder[] = GT_SOURCE_DIR "/tests/unit/doc/corpus";
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    size_t files = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        const char *path = gt_printf(arena, "%s/%s", folder, entry->d_name);
        size_t len;
        char *bytes = read_all(path, &len);
        fn(path, bytes, len);
        files++;
    }
    closedir(dir);
    ck_assert_uint_gt(files, 20);
}

static void try_file(const char *path, char *bytes, size_t len)
{
    try_bytes(path, bytes, len);
}

static void try_every_prefix(const char *path, char *bytes, size_t len)
{
    for (size_t cut = 0; cut < len && cut < 200; cut++)
        try_bytes(path, bytes, cut);
}

static void try_changed_bytes(const char *path, char *bytes, size_t len)
{
    static const char changes[] = "\0\t\n\x80\xFF :-[]{}\"'&*!|>%#?,\\";
    uint64_t seed = 2463534242u;
    for (int i = 0; i < 60 && len > 0; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        size_t at = seed % len;
        char before = bytes[at];
        bytes[at] = changes[(seed >> 32) % (sizeof(changes) - 1)];
        try_bytes(path, bytes, len);
        if (i % 3 != 0) /* some changes stay, so that they add up */
            bytes[at] = before;
    }
}

START_TEST(survives_every_file_of_the_corpus)
{
    each_file(try_file);
}
END_TEST

START_TEST(survives_files_that_are_cut_short)
{
    each_file(try_every_prefix);
}
END_TEST

START_TEST(survives_changed_bytes)
{
    each_file(try_changed_bytes);
}
END_TEST

Suite *corpus_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("corpus", &tcase);
    tcase_add_test(tcase, survives_every_file_of_the_corpus);
    tcase_add_test(tcase, survives_files_that_are_cut_short);
    tcase_add_test(tcase, survives_changed_bytes);
    return suite;
}

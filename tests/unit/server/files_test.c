/* Paths and what is opened by them: nothing outside of the folder, by both means. */
#define _GNU_SOURCE /* renameat2 */
#include "suites.h"

#include <files/beneath.h>
#include <files/paths.h>

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

GT_TEST_ARENA

/* -- paths as texts -- */

static const char *const roots[] = {"/data/reports", "/srv", "/srv/deep"};

/* "ROOT:below", or the result's number. */
static const char *placed(const char *path, bool hidden)
{
    const struct gt_spot_options options = {roots, GT_COUNT(roots), hidden};
    struct gt_spot place;
    const char *problem;
    enum gt_spot_result result =
        gt_spot_find(arena, &options, gt_keep(arena, json_string(path)), &place, &problem);
    return result == GT_SPOT_OK ? gt_printf(arena, "%zu:%s", place.root, place.below)
                                : gt_printf(arena, "%d", (int)result);
}

START_TEST(paths_lie_below_an_allowed_folder)
{
    static const struct {
        const char *path, *placed;
    } rows[] = {
        {"a.txt", "0:a.txt"},
        {"./x//y/./a.txt", "0:x/y/a.txt"},
        {"", "0:"},
        {".", "0:"},
        {"/data/reports", "0:"},
        {"/data/reports/", "0:"},
        {"//data///reports/x", "0:x"},
        {"/data/./reports/x", "0:x"},
        {"/srv/x", "1:x"},
        {"/srv/deep/x", "2:x"},
        {"/srv/deeper", "1:deeper"},
        {"a..b/..c", "2"},
        {"a..b/c..", "0:a..b/c.."},
        {"..", "2"},
        {"../x", "2"},
        {"x/../y", "2"},
        {"x/..", "2"},
        {"/data/reports/../x", "2"},
        {"/data/reports2/x", "2"},
        {"/data/report", "2"},
        {"/data", "2"},
        {"/", "2"},
        {"/etc/passwd", "2"},
        {"/proc/self/root/etc/passwd", "2"},
        {".env", "2"},
        {"x/.git/config", "2"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_streq(placed(rows[i].path, false), rows[i].placed), "%s: %s", rows[i].path,
                      placed(rows[i].path, false));
    ck_assert_str_eq(placed("x/.git/config", true), "0:x/.git/config");
    ck_assert_str_eq(placed("../x", true), "2");
}
END_TEST

START_TEST(paths_that_are_none_are_refused)
{
    const struct gt_spot_options options = {roots, 1, false};
    struct gt_spot place;
    const char *problem;
    char *longer = gt_alloc(arena, 5001);
    memset(longer, 'a', 5000);
    ck_assert_str_eq(placed(longer, false), "1");
    for (size_t i = 1; i < 4000; i += 2)
        longer[i] = '/';
    longer[4000] = '\0';
    ck_assert_str_eq(placed(longer, false), "1");
    json_t *nul = gt_keep(arena, json_stringn("a\0/../../etc", 12));
    ck_assert_int_eq(gt_spot_find(arena, &options, nul, &place, &problem), GT_SPOT_BAD);
    ck_assert_int_eq(gt_spot_find(arena, &options, NULL, &place, &problem), GT_SPOT_BAD);
}
END_TEST

START_TEST(folders_of_the_file_become_plain)
{
    ck_assert_str_eq(gt_root_parse(arena, "/data//x/../reports/"), "/data/reports");
    ck_assert_str_eq(gt_root_parse(arena, "/../.."), "/");
    ck_assert_ptr_null(gt_root_parse(arena, "data"));
    ck_assert_str_eq(gt_spot_path(arena, "/", "x"), "/x");
    ck_assert_str_eq(gt_spot_path(arena, "/data", ""), "/data");
}
END_TEST

START_TEST(globs_match_names_and_paths)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } rows[] = {
        {"*.csv", "a.csv", true},
        {"*.csv", "x/a.csv", true},
        {"*.csv", "a.csv.gz", false},
        {"x/*.csv", "x/a.csv", true},
        {"x/*.csv", "x/y/a.csv", false},
        {"**/*.csv", "x/y/a.csv", true},
        {"**/*.csv", "a.csv", true},
        {"x/**", "x/y/z", true},
        {"x/**/z", "x/z", true},
        {"x/**/z", "x/a/b/z", true},
        {"x/**/z", "x/a/b/y", false},
        {"?.txt", "\xc3\xa4.txt", true},
        {"[a-c].txt", "b.txt", true},
        {"[!a-c].txt", "b.txt", false},
        {"[a.txt", "[a.txt", true},
        {"\\*.txt", "*.txt", true},
        {"\\*.txt", "a.txt", false},
        {"*", "a", true},
        {"**", "a/b", true},
        {"", "a", false},
        {"*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_path_glob(rows[i].pattern, rows[i].path) == rows[i].matches, "%s %s",
                      rows[i].pattern, rows[i].path);
}
END_TEST

/* -- files: a folder with everything that leads out of it -- */

static char base[] = "/tmp/gantry-files-XXXXXX";
static int root;

static const char *at(const char *path)
{
    return gt_printf(arena, "%s/%s", base, path);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(at(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void world_setup(void)
{
    arena_setup();
    ck_assert_ptr_nonnull(mkdtemp(base));
    static const char *const folders[] = {"in", "in/sub", "in/sub/deep", "out"};
    for (size_t i = 0; i < GT_COUNT(folders); i++)
        ck_assert_int_eq(mkdir(at(folders[i]), 0700), 0);
    write_file("in/a.txt", "inside");
    write_file("in/sub/b.txt", "inside");
    write_file("out/secret.txt", "outside");
    static const char *const links[][2] = {
        {"../out/secret.txt", "in/link.txt"},
        {"../out", "in/folder"},
        {"a.txt", "in/inner.txt"},
        {"/", "in/all"},
        {"/proc/self/root", "in/magic"},
        {"loop", "in/loop"},
    };
    for (size_t i = 0; i < GT_COUNT(links); i++)
        ck_assert_int_eq(symlink(links[i][0], at(links[i][1])), 0);
    ck_assert_int_eq(mkfifo(at("in/pipe"), 0600), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/in/socket", base);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    root = gt_beneath_root(at("in"));
    ck_assert_int_ge(root, 0);
}

static void world_teardown(void)
{
    close(root);
    gt_folder_remove(base, 0);
    arena_teardown();
}

/* What is read by a path, or the error's name. */
static const char *read_by(const char *below, enum gt_beneath_means means)
{
    struct stat status;
    char text[64] = "";
    int fd = gt_beneath_file(root, below, means, &status);
    if (fd < 0)
        return strerrorname_np(errno);
    ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
    close(fd);
    return gt_strdup(arena, text);
}

START_TEST(nothing_outside_is_opened)
{
    static const struct {
        const char *below, *result;
    } rows[] = {
        {"a.txt", "inside"},
        {"sub/b.txt", "inside"},
        {"", "EISDIR"},
        {"sub", "EISDIR"},
        {"none", "ENOENT"},
        {"a.txt/x", "ENOTDIR"},
        {"link.txt", "ELOOP"},
        {"inner.txt", "ELOOP"},
        {"folder/secret.txt", "ELOOP"},
        {"all/etc/passwd", "ELOOP"},
        {"magic/etc/passwd", "ELOOP"},
        {"loop", "ELOOP"},
        {"pipe", "ENXIO"},
        {"socket", "ENXIO"},
        /* which the check of the path has refused before */
        {"../out/secret.txt", "EXDEV"},
        {"sub/../../out/secret.txt", "EXDEV"},
        {"/etc/passwd", "EXDEV"},
    };
    enum gt_beneath_means means = _i == 0 ? GT_BENEATH_BEST : GT_BENEATH_WALK;
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_streq(read_by(rows[i].below, means), rows[i].result), "%s: %s",
                      rows[i].below, read_by(rows[i].below, means));
}
END_TEST

START_TEST(folders_are_opened_the_same_way)
{
    static const struct {
        const char *below;
        int error;
    } rows[] = {
        {"", 0},           {"sub/deep", 0},   {"folder", ELOOP}, {"all", ELOOP}, {"a.txt", ENOTDIR},
        {"pipe", ENOTDIR}, {"../out", EXDEV},
    };
    enum gt_beneath_means means = _i == 0 ? GT_BENEATH_BEST : GT_BENEATH_WALK;
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        int fd = gt_beneath_folder(root, rows[i].below, means);
        ck_assert_msg(fd >= 0 ? rows[i].error == 0 : errno == rows[i].error, "%s: %d",
                      rows[i].below, fd);
        if (fd >= 0)
            close(fd);
    }
    ck_assert_int_lt(gt_beneath_enter(root, "folder"), 0);
    ck_assert_int_lt(gt_beneath_enter(root, "pipe"), 0);
}
END_TEST

START_TEST(an_allowed_folder_is_no_link)
{
    ck_assert_int_lt(gt_beneath_root(at("in/folder")), 0);
    ck_assert_int_lt(gt_beneath_root(at("in/a.txt")), 0);
    ck_assert_int_lt(gt_beneath_root(at("none")), 0);
}
END_TEST

/* Swaps a folder and a link to outside, as fast as it can. */
static atomic_bool swapping;

static void *swap(void *payload)
{
    const char *const *names = payload;
    while (atomic_load(&swapping))
        renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE);
    return NULL;
}

START_TEST(a_race_does_not_lead_out)
{
    const char *names[] = {at("in/sub"), at("in/folder")};
    enum gt_beneath_means means = _i == 0 ? GT_BENEATH_BEST : GT_BENEATH_WALK;
    struct stat status;
    pthread_t thread;
    unsigned read_count = 0, refused = 0;
    write_file("in/sub/secret.txt", "inside");
    atomic_store(&swapping, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, swap, names), 0);
    /* On, until the other one had its turns. */
    for (int i = 0; i < 20000 || read_count == 0 || refused == 0; i++) {
        char text[8] = "";
        int fd = gt_beneath_file(root, "sub/secret.txt", means, &status);
        if (fd < 0) {
            ck_assert_msg(errno == ELOOP || errno == ENOENT, "%d", errno);
            refused++;
            continue;
        }
        ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
        ck_assert_str_eq(text, "inside");
        close(fd);
        read_count++;
    }
    atomic_store(&swapping, false);
    pthread_join(thread, NULL);
    ck_assert_uint_gt(read_count, 0);
    ck_assert_uint_gt(refused, 0);
}
END_TEST

/* Swaps a file and a pipe: what is opened is a file, and nothing waits. */
START_TEST(a_file_that_becomes_a_pipe_is_not_read)
{
    const char *names[] = {at("in/a.txt"), at("in/pipe")};
    struct stat status;
    pthread_t thread;
    atomic_store(&swapping, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, swap, names), 0);
    for (int i = 0; i < 20000; i++) {
        int fd = gt_beneath_file(root, "a.txt", GT_BENEATH_BEST, &status);
        if (fd < 0)
            continue;
        ck_assert(S_ISREG(status.st_mode));
        close(fd);
    }
    atomic_store(&swapping, false);
    pthread_join(thread, NULL);
}
END_TEST

static atomic_bool writing;

static void *write_pipe(void *payload)
{
    int fd = open(payload, O_WRONLY | O_CLOEXEC);
    atomic_store(&writing, true);
    close(fd);
    return NULL;
}

/* Who waits with a pipe for a reader does not take the server for one. */
START_TEST(a_pipe_is_not_opened)
{
    char *pipe = gt_strdup(arena, at("in/pipe"));
    enum gt_beneath_means means = _i == 0 ? GT_BENEATH_BEST : GT_BENEATH_WALK;
    struct stat status;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, write_pipe, pipe), 0);
    for (int i = 0; i < 5000; i++)
        ck_assert_int_lt(gt_beneath_file(root, "pipe", means, &status), 0);
    ck_assert(!atomic_load(&writing));
    int fd = open(pipe, O_RDONLY | O_CLOEXEC);
    pthread_join(thread, NULL);
    ck_assert(atomic_load(&writing));
    close(fd);
}
END_TEST

Suite *files_suite(void)
{
    Suite *suite = suite_create("files");
    TCase *texts = tcase_create("texts"), *world = tcase_create("world");
    tcase_add_checked_fixture(texts, arena_setup, arena_teardown);
    tcase_add_test(texts, paths_lie_below_an_allowed_folder);
    tcase_add_test(texts, paths_that_are_none_are_refused);
    tcase_add_test(texts, folders_of_the_file_become_plain);
    tcase_add_test(texts, globs_match_names_and_paths);
    suite_add_tcase(suite, texts);
    tcase_add_checked_fixture(world, world_setup, world_teardown);
    tcase_add_loop_test(world, nothing_outside_is_opened, 0, 2);
    tcase_add_loop_test(world, folders_are_opened_the_same_way, 0, 2);
    tcase_add_test(world, an_allowed_folder_is_no_link);
    tcase_add_loop_test(world, a_race_does_not_lead_out, 0, 2);
    tcase_add_test(world, a_file_that_becomes_a_pipe_is_not_read);
    tcase_add_loop_test(world, a_pipe_is_not_opened, 0, 2);
    suite_add_tcase(suite, world);
    return suite;
}

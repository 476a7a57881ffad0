/*
 * A driver for machines without libFuzzer: runs every file of a corpus folder through the target,
 * then deterministic mutations of them, and a few that are blown up to some 100 kB, which is where
 * quadratic time shows. GANTRY_TEST_LONG=1 makes it many more. What fails is written to a file.
 *
 *   fuzz_TARGET FOLDER      the corpus and mutations
 *   fuzz_TARGET FILE...     these inputs alone
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SIZE_MAX_INPUT = 1 << 20,
    SIZE_SWOLLEN = 100 * 1000,
    MUTATIONS = 5000,
    MUTATIONS_LONG = 100 * 1000,
    SWOLLEN = 16,
    SWOLLEN_LONG = 500,
    SECONDS_PER_INPUT = 20
};

struct input {
    uint8_t *bytes;
    size_t len;
};

static struct {
    struct input files[1000];
    size_t count;
} corpus;

static struct input current;
static const char *failure_path;
static bool finished;
static double slowest_ms;
static uint64_t random_state = 1;

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* From an exit handler, a signal or a sanitizer's end: plain system calls only. */
static void keep_failure(void)
{
    if (finished)
        return;
    finished = true;
    FILE *file = fopen(failure_path, "wb");
    if (file == NULL)
        return;
    fwrite(current.bytes, 1, current.len, file);
    fclose(file);
    fprintf(stderr, "the input that failed (%zu bytes) is in %s\n", current.len, failure_path);
}

static void on_signal(int number)
{
    fprintf(stderr, number == SIGALRM ? "an input took longer than %d s\n" : "aborted\n",
            SECONDS_PER_INPUT);
    keep_failure();
    _exit(1);
}

/* SplitMix64 (public domain, Vigna). */
static size_t below(size_t limit)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return limit == 0 ? 0 : (size_t)((z ^ (z >> 31)) % limit);
}

static void *room(size_t size)
{
    void *memory = malloc(size == 0 ? 1 : size);
    if (memory == NULL)
        abort();
    return memory;
}

static void run(const uint8_t *bytes, size_t len)
{
    struct timespec before, after;
    /* A block of its own size, so that the sanitizer sees a read behind its end. */
    current = (struct input){room(len), len};
    memcpy(current.bytes, bytes, len);
    alarm(SECONDS_PER_INPUT);
    clock_gettime(CLOCK_MONOTONIC, &before);
    LLVMFuzzerTestOneInput(current.bytes, len);
    clock_gettime(CLOCK_MONOTONIC, &after);
    alarm(0);
    double ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
                (double)(after.tv_nsec - before.tv_nsec) / 1e6;
    slowest_ms = ms > slowest_ms ? ms : slowest_ms;
    free(current.bytes);
    current = (struct input){0};
}

static struct input read_input(const char *path)
{
    struct input input = {room(SIZE_MAX_INPUT), 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    input.len = fread(input.bytes, 1, SIZE_MAX_INPUT, file);
    fclose(file);
    return input;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_corpus(const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        bool wanted = names[i]->d_name[0] != '.' && corpus.count < 1000;
        free(names[i]);
        if (wanted)
            corpus.files[corpus.count++] = read_input(path);
    }
    if (count >= 0)
        free(names);
    if (corpus.count == 0) {
        fprintf(stderr, "%s holds no corpus\n", folder);
        exit(2);
    }
}

/* Replaces input[at..at+gone) by `bytes`. */
static void splice(struct input *input, size_t at, size_t gone, const uint8_t *bytes, size_t len)
{
    if (input->len - gone + len > SIZE_MAX_INPUT)
        return;
    uint8_t *copy = room(len);
    memcpy(copy, bytes, len); /* it may be a part of the input */
    memmove(input->bytes + at + len, input->bytes + at + gone, input->len - at - gone);
    memcpy(input->bytes + at, copy, len);
    input->len += len - gone;
    free(copy);
}

/* Bytes and texts on which parsers turn. */
static const char *const tokens[] = {"\"",
                                     "'",
                                     "\\",
                                     "\n",
                                     "\r\n",
                                     "\t",
                                     " ",
                                     ":",
                                     ": ",
                                     "-",
                                     "- ",
                                     ",",
                                     "&",
                                     "*",
                                     "#",
                                     "{",
                                     "}",
                                     "[",
                                     "]",
                                     "<",
                                     ">",
                                     "/",
                                     "=",
                                     "%",
                                     "%00",
                                     "%2F",
                                     "${",
                                     "$${",
                                     "}",
                                     "|",
                                     "@",
                                     "..",
                                     "null",
                                     "{}",
                                     "[]",
                                     "-1",
                                     "true",
                                     "~1",
                                     "\\u0",
                                     "\xff",
                                     "\xc3",
                                     "&#0;",
                                     "0",
                                     "\x7f",
                                     "]]>",
                                     "<![CDATA[",
                                     "\\ud800",
                                     "\\u0000",
                                     "1e999",
                                     "9223372036854775808",
                                     "99999999999999999999",
                                     "-9223372036854775808",
                                     "0x",
                                     "!!",
                                     "<<: ",
                                     "\xef\xbb\xbf",
                                     "\xe2\x80\xa8"};

static void mutate_once(struct input *input)
{
    size_t at = below(input->len + 1), left = input->len - at;
    size_t len = below((left < 32 ? left : 32) + 1);
    const struct input *other = &corpus.files[below(corpus.count)];
    size_t from = below(other->len), most = other->len - from;
    const char *token = tokens[below(sizeof(tokens) / sizeof(tokens[0]))];
    uint8_t byte = (uint8_t)below(256);
    switch (below(8)) {
    case 0:
        splice(input, at, left > 0, &byte, 1);
        break;
    case 1:
        if (left > 0)
            input->bytes[at] ^= (uint8_t)(1U << below(8));
        break;
    case 2:
        splice(input, at, len, &byte, 0);
        break;
    case 3:
        splice(input, at, 0, input->bytes + at, len);
        break;
    case 4:
        splice(input, at, len, other->bytes + from, below((most < 200 ? most : 200) + 1));
        break;
    case 5:
        if (below(4) == 0)
            input->len = at;
        break;
    default:
        splice(input, at, below(2) == 0 ? 0 : len, (const uint8_t *)token, strlen(token));
        break;
    }
}

static void run_mutations(size_t count)
{
    struct input input = {room(SIZE_MAX_INPUT), 0};
    for (size_t i = 0; i < count; i++) {
        const struct input *seed = &corpus.files[i % corpus.count];
        memcpy(input.bytes, seed->bytes, seed->len);
        input.len = seed->len;
        for (size_t times = 1 + below(4); times > 0; times--)
            mutate_once(&input);
        run(input.bytes, input.len);
    }
    free(input.bytes);
}

/* A slice of the input, many times over in its place. */
static void run_swollen(size_t count)
{
    uint8_t *bytes = room(2 * SIZE_SWOLLEN);
    for (size_t i = 0; i < count; i++) {
        const struct input *seed = &corpus.files[i % corpus.count];
        if (seed->len == 0 || seed->len > SIZE_SWOLLEN)
            continue;
        size_t at = below(seed->len), left = seed->len - at, end = at;
        size_t len = 1 + below(left < 80 ? left : 80);
        memcpy(bytes, seed->bytes, at);
        for (; end + len + left <= SIZE_SWOLLEN; end += len)
            memcpy(bytes + end, seed->bytes + at, len);
        memcpy(bytes + end, seed->bytes + at, left);
        run(bytes, end + left);
    }
    free(bytes);
}

int main(int argc, char **argv)
{
    struct stat status;
    if (argc < 2) {
        fprintf(stderr, "usage: %s FOLDER | FILE...\n", argv[0]);
        return 2;
    }
    const char *program = strrchr(argv[0], '/');
    static char path[256];
    snprintf(path, sizeof(path), "%s.failed", program == NULL ? argv[0] : program + 1);
    failure_path = path;
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(keep_failure);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    if (stat(argv[1], &status) == 0 && S_ISDIR(status.st_mode)) {
        const char *is_long = getenv("GANTRY_TEST_LONG");
        bool longer = is_long != NULL && *is_long != '\0';
        read_corpus(argv[1]);
        atexit(keep_failure); /* the code under test may end the program */
        for (size_t i = 0; i < corpus.count; i++)
            run(corpus.files[i].bytes, corpus.files[i].len);
        run_mutations(longer ? MUTATIONS_LONG : MUTATIONS);
        run_swollen(longer ? SWOLLEN_LONG : SWOLLEN);
    } else {
        for (int i = 1; i < argc; i++)
            corpus.files[corpus.count++ % 1000] = read_input(argv[i]);
        for (size_t i = 0; i < corpus.count; i++)
            run(corpus.files[i].bytes, corpus.files[i].len);
    }
    finished = true;
    for (size_t i = 0; i < corpus.count; i++)
        free(corpus.files[i].bytes);
    printf("%zu files; the slowest input took %.0f ms\n", corpus.count, slowest_ms);
    return 0;
}

#define _XOPEN_SOURCE 700
#include "suites.h"
#include <dirent.h>
#include <ftw.h>
#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t fixed_ms(void *self)
{
    (void)self;
    return 1768653296000;
}

static void counting(void *self, unsigned char *bytes, size_t len)
{
    static unsigned char next;
    (void)self;
    for (size_t i = 0; i < len; i++)
        bytes[i] = next++;
}

static const char *no_env(void *self, const char *name)
{
    (void)self;
    return strcmp(name, "USER") == 0 ? "ann" : NULL;
}

const struct gt_sys test_sys = {
    .now_ms = fixed_ms, .monotonic_ms = fixed_ms, .random = counting, .env = no_env};

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_tree(void *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(struct gt_arena *arena)
{
    char *folder = gt_strdup(arena, "/tmp/gantry-state-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    gt_arena_defer(arena, remove_tree, folder);
    return gt_printf(arena, "%s/.gantry", folder);
}

struct gt_entry *test_entry(struct gt_state *state, const char *address, unsigned seed)
{
    struct gt_arena *arena = state->arena;
    struct gt_entry *entry = gt_state_add(state, address, "gateway");
    entry->identity = gt_pack(arena, "{s:i}", "gatewayIdentifier", (int)seed);
    entry->arn = gt_printf(arena, "arn:aws:x:us-east-1:123456789012:gateway/%u", seed);
    entry->applied = gt_pack(arena, "{s:s, s:{s:i}}", "name", address, "deep", "n", (int)seed);
    entry->secrets = gt_pack(arena, "[s]", "/deep/password");
    entry->outputs = gt_pack(arena, "{s:s}", "gatewayUrl", "https://x/ü");
    *GT_PUSH(arena, &entry->depends) = "role.a";
    entry->status = "ready";
    entry->protect = seed % 2 == 0;
    entry->deposed = gt_pack(arena, "[{s:s}]", "gatewayIdentifier", "old");
    return entry;
}

struct gt_session *test_open(struct gt_arena *arena, const char *folder, bool writable)
{
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_session *session = NULL;
    struct gt_backend *backend = gt_backend_files(arena, &test_sys, folder, "lark", "prod");
    backend->command = "apply";
    enum gt_open_result result =
        gt_session_open(arena, &test_sys, backend, "lark", "prod", writable, &session, &diags);
    ck_assert_msg(result == GT_OPEN_OK, "%s", test_messages(&diags));
    return session;
}

char *test_read(struct gt_arena *arena, const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    struct gt_buf buf = gt_buf_init((size_t)1 << 24);
    char chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        gt_buf_add(&buf, chunk, got);
    fclose(file);
    char *text = gt_strndup(arena, gt_buf_text(&buf), buf.len);
    if (len != NULL)
        *len = buf.len;
    gt_buf_done(&buf);
    return text;
}

void test_write(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

bool test_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

int test_files_in(const char *folder)
{
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

char *test_text(struct gt_arena *arena, const struct gt_state *state)
{
    return gt_json_canonical(arena, gt_keep(arena, gt_state_document(state)));
}

const char *test_messages(const struct gt_diags *diags)
{
    const char *text = "";
    for (size_t i = 0; i < diags->list.len; i++) {
        const struct gt_diag *diag = diags->list.at[i];
        text = gt_printf(diags->arena, "%s[%s] %s; hint: %s\n", text, diag->code, diag->message,
                         diag->hint == NULL ? "none" : diag->hint);
    }
    return text;
}

int main(void)
{
    gt_suite_fn *const suites[] = {document_suite, crash_suite, session_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}

#include <dirent.h>
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <gantry/state/state.h>
#include <gantry/sys/file.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0700,
    FILE_MODE = 0600,
    LOCK_ATTEMPTS = 10,
};
static const size_t max_document = (size_t)256 << 20;
static const size_t max_journal = (size_t)512 << 20;

struct files {
    struct gt_backend base;
    const char *root, *folder; /* ".gantry", ".gantry/STACK" */
    const char *state, *backup, *journal, *lock_path;
    struct gt_file_lock *lock;
    struct gt_append *append;
};

static struct files *files_of(struct gt_backend *backend)
{
    return (struct files *)(void *)backend;
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* ".prod.json.0123456789abcdef.tmp" of ".prod.json.", and nothing of another environment's. */
static bool is_leftover(const char *name, const char *prefix)
{
    enum { DIGITS = 16 };
    if (!gt_starts_with(name, prefix))
        return false;
    const char *rest = name + strlen(prefix);
    return strspn(rest, "0123456789abcdef") == DIGITS && gt_streq(rest + DIGITS, ".tmp");
}

/* What a save that was killed in the middle left beside its file. */
static void remove_leftovers(const struct files *self, const char *path)
{
    struct gt_arena *scratch GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    const char *prefix = gt_printf(scratch, ".%s.", strrchr(path, '/') + 1);
    DIR *folder = opendir(self->folder);
    if (folder == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_leftover(entry->d_name, prefix))
            unlink(gt_printf(scratch, "%s/%s", self->folder, entry->d_name));
    closedir(folder);
}

static enum gt_lock_outcome files_lock(struct gt_backend *backend, const char *holder, char **other,
                                       struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    size_t mark = gt_diags_mark(diags);
    for (int attempt = 1;; attempt++) {
        gt_diags_rewind(diags, mark);
        if (!gt_folder_make(self->folder, FOLDER_MODE, diags))
            return GT_STATE_LOCK_FAILED;
        switch (gt_file_lock(backend->arena, self->lock_path, holder, &self->lock, other, diags)) {
        case GT_LOCKED:
            remove_leftovers(self, self->state);
            remove_leftovers(self, self->backup);
            remove_leftovers(self, self->journal);
            return GT_STATE_LOCKED;
        case GT_LOCK_HELD:
            return GT_STATE_HELD;
        case GT_LOCK_FAILED:
            /* A run that destroyed its stack may have removed the folder just now. */
            if (exists(self->folder) || attempt == LOCK_ATTEMPTS)
                return GT_STATE_LOCK_FAILED;
        }
    }
}

/* Folders that hold something else stay: rmdir(2) refuses them. */
static void remove_empty_folders(const struct files *self)
{
    rmdir(self->folder);
    rmdir(self->root);
}

static void files_unlock(struct gt_backend *backend)
{
    struct files *self = files_of(backend);
    gt_append_close(self->append);
    self->append = NULL;
    if (self->lock == NULL)
        return;
    if (!exists(self->state) && !exists(self->journal) && !exists(self->backup)) {
        unlink(self->lock_path);
        remove_empty_folders(self);
    }
    gt_file_unlock(self->lock);
    self->lock = NULL;
}

static bool files_load(struct gt_backend *backend, json_t **document, struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    struct gt_arena *scratch GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    char *text = NULL;
    size_t len = 0;
    *document = NULL;
    switch (gt_file_read(scratch, self->state, max_document, &text, &len, diags)) {
    case GT_READ_FAILED:
        return false;
    case GT_READ_ABSENT:
        return true;
    case GT_READ_OK:
        break;
    }
    json_error_t error;
    *document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (*document != NULL)
        return true;
    struct gt_diag *diag = gt_error(diags, "state-damaged", "state %s is damaged: %s", self->state,
                                    len == 0 ? "it is empty" : error.text);
    if (error.line > 0 && len > 0)
        diag->pos = (struct gt_pos){gt_strdup(diags->arena, self->state), (unsigned)error.line,
                                    error.column > 0 ? (unsigned)error.column : 1};
    diag->hint =
        exists(self->backup)
            ? gt_printf(diags->arena, "the version before it is kept as %s: copy that over %s",
                        self->backup, self->state)
            : "put the file back from a copy; there is no version before it";
    return false;
}

static bool files_save(struct gt_backend *backend, const json_t *document, struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    struct gt_buf text = gt_buf_init(max_document);
    gt_buf_add_json(&text, document, JSON_INDENT(2));
    gt_buf_addc(&text, '\n');
    bool done = !text.overflow;
    if (!done)
        gt_error(diags, "state-too-large", "state %s would pass %zu MiB", self->state,
                 max_document >> 20)
            ->hint = "spread the resources over more than one stack";
    done = done && gt_folder_make(self->folder, FOLDER_MODE, diags) &&
           gt_file_write(self->state, text.ptr, text.len, FILE_MODE, self->backup, diags);
    gt_buf_done(&text);
    return done;
}

/* What stands after the last newline was being written in a crash; nobody acted upon it. */
static bool cut_torn_line(const struct files *self, struct gt_diags *diags)
{
    struct gt_arena *scratch GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    char *text = NULL;
    size_t len = 0;
    switch (gt_file_read(scratch, self->journal, max_journal, &text, &len, diags)) {
    case GT_READ_FAILED:
        return false;
    case GT_READ_ABSENT:
        return true;
    case GT_READ_OK:
        break;
    }
    size_t whole = len;
    while (whole > 0 && text[whole - 1] != '\n')
        whole--;
    return whole == len || gt_file_cut(self->journal, whole, diags);
}

static bool files_append(struct gt_backend *backend, const char *lines, size_t len,
                         struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    if (self->append == NULL) {
        if (!gt_folder_make(self->folder, FOLDER_MODE, diags) || !cut_torn_line(self, diags) ||
            !gt_append_open(backend->arena, self->journal, FILE_MODE, &self->append, diags))
            return false;
    }
    if (gt_append_write(self->append, lines, len, diags))
        return true;
    /* Where it could not be undone, the next append has to cut the torn line first. */
    gt_append_close(self->append);
    self->append = NULL;
    return false;
}

static bool files_journal(struct gt_backend *backend, char **lines, size_t *len,
                          struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    *lines = gt_strdup(backend->arena, "");
    *len = 0;
    return gt_file_read(backend->arena, self->journal, max_journal, lines, len, diags) !=
           GT_READ_FAILED;
}

static bool files_reset_journal(struct gt_backend *backend, const char *lines, size_t len,
                                struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    gt_append_close(self->append);
    self->append = NULL;
    return len == 0 ? gt_file_remove(self->journal, diags)
                    : gt_file_write(self->journal, lines, len, FILE_MODE, NULL, diags);
}

static bool files_remove(struct gt_backend *backend, struct gt_diags *diags)
{
    struct files *self = files_of(backend);
    gt_append_close(self->append);
    self->append = NULL;
    /* The journal first: a journal without its state would be refused. The lock goes with
     * unlocking: once it is removed, another process may have made its own. */
    return gt_file_remove(self->journal, diags) && gt_file_remove(self->state, diags) &&
           gt_file_remove(self->backup, diags);
}

static const char *files_describe(struct gt_backend *backend)
{
    return files_of(backend)->state;
}

static const char *files_describe_journal(struct gt_backend *backend)
{
    return files_of(backend)->journal;
}

static const struct gt_backend_ops files_ops = {
    .lock = files_lock,
    .unlock = files_unlock,
    .load = files_load,
    .save = files_save,
    .append = files_append,
    .journal = files_journal,
    .reset_journal = files_reset_journal,
    .remove = files_remove,
    .describe = files_describe,
    .describe_journal = files_describe_journal,
    .free = files_unlock,
};

/* One path segment that stays below its folder whatever the name is. */
static const char *segment(struct gt_arena *arena, const char *name)
{
    const char *encoded = gt_percent_encode(arena, name, "");
    return encoded[0] == '.' ? gt_printf(arena, "%%2E%s", encoded + 1) : encoded;
}

struct gt_backend *gt_backend_files(struct gt_arena *arena, const struct gt_sys *sys,
                                    const char *folder, const char *stack, const char *environment)
{
    (void)sys;
    struct files *self = GT_NEW(arena, struct files);
    self->base = (struct gt_backend){.ops = &files_ops, .arena = arena};
    self->root = gt_strdup(arena, folder);
    self->folder = gt_printf(arena, "%s/%s", folder, segment(arena, stack));
    const char *stem = gt_printf(arena, "%s/%s", self->folder,
                                 segment(arena, environment == NULL ? "default" : environment));
    self->state = gt_printf(arena, "%s.json", stem);
    self->backup = gt_printf(arena, "%s.json.backup", stem);
    self->journal = gt_printf(arena, "%s.journal", stem);
    self->lock_path = gt_printf(arena, "%s.lock", stem);
    return &self->base;
}

/* Where running clouds are found: a folder of the user's own with a key file and a socket each. */
#define _GNU_SOURCE /* SOCK_NONBLOCK, SOCK_CLOEXEC */

#include "cloud.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DEFAULT_PORT = 4599, FILE_MAX = 64 * 1024 };

bool gt_local_run_folder(struct gt_arena *arena, const struct gt_sys *sys, const char **folder,
                         struct gt_diags *diags)
{
    const char *base = gt_env(sys, "XDG_RUNTIME_DIR");
    bool given = base != NULL && *base == '/';
    char *path = given ? gt_printf(arena, "%s/gantry", base)
                       : gt_printf(arena, "/tmp/gantry-%lu", (unsigned long)geteuid());
    struct stat status;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        gt_error(diags, "run-folder", "cannot make %s: %s", path, gt_lower(arena, strerror(errno)))
            ->hint = given ? "XDG_RUNTIME_DIR names its parent: set it to a folder of your own, or "
                             "unset it for one in /tmp"
                           : "running clouds are found there: make it, with mode 0700";
        return false;
    }
    /* In /tmp somebody else may have made it first, or a link in its place. */
    if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & 0077) != 0) {
        gt_error(diags, "run-folder", "%s is not a folder that only you can use", path)->hint =
            "remove it, or make it yours with mode 0700";
        return false;
    }
    *folder = path;
    return true;
}

bool gt_run_files_write(struct gt_local *local, struct gt_diags *diags)
{
    struct gt_arena *arena = local->arena;
    const char *folder = local->options.run_folder;
    const char *socket_path = gt_printf(arena, "%s/local-%d.sock", folder, local->port);
    const char *key_path = gt_printf(arena, "%s/local-%d.json", folder, local->port);
    /* The port is ours, so a socket of its name is a dead one's. */
    unlink(socket_path);
    if (local->options.supervisor != NULL) { /* before they are there: we may be killed any time */
        gt_supervisor_remove_at_end(local->options.supervisor, key_path);
        gt_supervisor_remove_at_end(local->options.supervisor, socket_path);
    }
    const struct gt_server_options options = {
        .unix_path = socket_path, .handler = gt_admin_handle, .payload = local};
    if (!gt_server_start(local->loop, &options, &local->admin, diags))
        return false;
    local->socket = socket_path;
    struct gt_key_pair pair = gt_keys_of_account(local, arena, GT_LOCAL_ACCOUNT);
    json_auto_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:I}", "url", local->url, "id", local->id,
        "socket", socket_path, "accessKeyId", pair.access_key_id, "secretAccessKey",
        pair.secret_access_key, "account", pair.account, "kept",
        local->options.state_folder != NULL, "port", local->port, "pid", (json_int_t)getpid());
    struct gt_buf text = gt_buf_init(FILE_MAX);
    gt_buf_add_json(&text, document, JSON_INDENT(2));
    gt_buf_addc(&text, '\n');
    bool written = gt_file_write(key_path, gt_buf_text(&text), text.len, 0600, NULL, diags);
    gt_buf_wipe(&text);
    if (!written)
        return false;
    local->key_file = key_path;
    return true;
}

/* Whether somebody listens on the socket. */
static bool alive(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    /* One that is stopped for now has its queue full (EAGAIN), and is not waited for. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool connected =
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
    close(fd);
    return connected;
}

static bool read_place(struct gt_arena *arena, const char *path, struct gt_local_place *place)
{
    struct gt_diags ignored = gt_diags_init(arena);
    char *bytes;
    size_t len;
    if (gt_file_read(arena, path, FILE_MAX, &bytes, &len, &ignored) != GT_READ_OK)
        return false;
    const json_t *document = gt_keep(arena, json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL));
    *place =
        (struct gt_local_place){.url = gt_text_at(document, "/url"),
                                .id = gt_text_at(document, "/id"),
                                .socket = gt_text_at(document, "/socket"),
                                .path = path,
                                .access_key_id = gt_text_at(document, "/accessKeyId"),
                                .secret_access_key = gt_text_at(document, "/secretAccessKey"),
                                .account = gt_text_at(document, "/account"),
                                .kept = json_is_true(json_object_get(document, "kept")),
                                .port = (int)json_integer_value(json_object_get(document, "port"))};
    return place->url != NULL && place->id != NULL && place->socket != NULL &&
           place->access_key_id != NULL && place->secret_access_key != NULL &&
           place->account != NULL && place->port > 0;
}

/* The port of "local-PORT.json"; 0: another file. */
static int port_of(const char *name)
{
    if (!gt_starts_with(name, "local-"))
        return 0;
    char *end;
    long port = strtol(name + 6, &end, 10);
    return port > 0 && port < 65536 && gt_streq(end, ".json") ? (int)port : 0;
}

static bool none(struct gt_diags *diags, int port)
{
    struct gt_diag *diag =
        port != 0 ? gt_error(diags, "no-local", "no embedded cloud runs at port %d", port)
                  : gt_error(diags, "no-local", "no embedded cloud is running");
    diag->hint = "start one in another terminal with `gantry local`, or let `gantry up` do all";
    return false;
}

bool gt_local_find(struct gt_arena *arena, const char *run_folder, int port,
                   struct gt_local_place *place, struct gt_diags *diags)
{
    struct gt_local_place found = {0}, first = {0};
    size_t count = 0;
    bool usual = false;
    const char *ports = "";
    DIR *folder = opendir(run_folder);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        int this_port = port_of(entry->d_name);
        if (this_port == 0 || (port != 0 && this_port != port))
            continue;
        const char *path = gt_printf(arena, "%s/%s", run_folder, entry->d_name);
        if (!read_place(arena, path, &found))
            continue;
        if (!alive(found.socket)) {
            /* It was killed, and its supervisor too. */
            unlink(found.socket);
            unlink(path);
            continue;
        }
        if (count++ == 0 || this_port == DEFAULT_PORT)
            first = found;
        usual = usual || this_port == DEFAULT_PORT;
        ports = gt_printf(arena, "%s%s%d", ports, *ports == '\0' ? "" : ", ", this_port);
    }
    if (folder != NULL)
        closedir(folder);
    if (count == 0)
        return none(diags, port);
    if (count > 1 && !usual) {
        gt_error(diags, "several-locals", "several embedded clouds run, at the ports %s", ports)
            ->hint = "say which one with GANTRY_LOCAL=PORT";
        return false;
    }
    *place = first;
    return true;
}

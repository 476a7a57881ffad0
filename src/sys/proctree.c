#include "proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAT_MAX = 1024 };

/* The name of the program stands in parentheses and may itself have some. */
static bool parse_stat(const char *text, struct gt_proc *proc)
{
    char state;
    int parent, group;
    const char *rest = strrchr(text, ')');
    if (rest == NULL ||
        sscanf(rest + 1,
               " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &state, &parent, &group, &proc->start) != 4)
        return false;
    proc->parent = parent;
    proc->group = group;
    proc->dead = state == 'Z' || state == 'X';
    return true;
}

static bool read_proc(const char *name, struct gt_proc *proc)
{
    char path[64], text[STAT_MAX], *end;
    long pid = strtol(name, &end, 10);
    if (*end != '\0' || pid <= 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (len <= 0)
        return false;
    text[len] = '\0';
    proc->pid = (pid_t)pid;
    return parse_stat(text, proc);
}

static bool holds(const gt_proc_vec *procs, pid_t pid)
{
    for (size_t i = 0; i < procs->len; i++)
        if (procs->at[i].pid == pid)
            return true;
    return false;
}

gt_proc_vec gt_proc_below(struct gt_arena *arena, pid_t root)
{
    gt_proc_vec all = {0}, below = {0};
    DIR *folder = opendir("/proc");
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        struct gt_proc proc;
        if (read_proc(entry->d_name, &proc))
            *GT_PUSH(arena, &all) = proc;
    }
    if (folder != NULL)
        closedir(folder);
    for (size_t before = 1; before > 0;) { /* generation by generation */
        before = below.len;
        for (size_t i = 0; i < all.len; i++)
            if (!holds(&below, all.at[i].pid) &&
                (all.at[i].parent == root || holds(&below, all.at[i].parent)))
                *GT_PUSH(arena, &below) = all.at[i];
        before = below.len - before;
    }
    return below;
}

/* What the tools on files share: their source, their work in a thread, how an error is told. */
#ifndef GANTRY_SERVER_FILES_FILES_H
#define GANTRY_SERVER_FILES_FILES_H

#include "beneath.h"
#include "paths.h"

#include <gantry/server/tool.h>
#include <stdatomic.h>

struct gt_files_job;

struct gt_files_source {
    struct gt_source base; /* first */
    struct gt_arena *arena;
    const char *const *roots; /* absolute */
    size_t count;
    int64_t max_bytes; /* of one call; 0: not set */
    bool hidden;
    struct gt_files_job *jobs; /* that somebody waits for */
};

extern const struct gt_source_type gt_source_filesystem;
extern const struct gt_tool_type gt_tool_file_read, gt_tool_file_list;

/* These tools only read, so the key allows nothing more: a file may say so as of other tools. */
#define GT_FILES_PERMISSIONS                                                                       \
    {                                                                                              \
        .name = "permissions", .takes = GT_TAKES_LIST, .element = &gt_files_permission_key,        \
        .summary = "what the tool may do: READ"                                                    \
    }
extern const struct gt_key gt_files_permission_key;

/*
 * Work in a thread. It has an arena of its own and copies of all that it needs, for the call, its
 * tool and its source may be gone before the thread has noticed. The first member of a tool's own
 * struct, allocated in the job's arena.
 */
struct gt_files_job {
    struct gt_files_job *next, **previous; /* in the source */
    struct gt_arena *arena;
    struct gt_tool_call *call; /* the loop's alone; NULL: nobody waits any more */
    const char *root, *below;  /* what it works on */
    const char *path;          /* of both */
    enum gt_beneath_means means;
    atomic_bool stop; /* set when nobody waits any more: look at it now and then */
    void (*close)(struct gt_files_job *job); /* the source ends: forgets the job, tells who waits */
    void (*work)(struct gt_files_job *job);  /* in the thread: sets error, or structured */
    int error;                               /* an errno */
    bool rootless;                           /* it is about the allowed folder itself */
    const char *problem;                     /* instead of it: one line, the caller's fault */
    json_t *structured, *content;            /* as for gt_tool_done; the job's until then */
};

/* A job of `size` bytes for the call, with root, below and path from the argument `path`. NULL when
 * that is not allowed, and the call has ended. */
struct gt_files_job *gt_files_job_new(struct gt_tool_call *call, size_t size);
/* In the list of the source; not any more, and its thread shall stop. */
void gt_files_job_enter(struct gt_files_source *source, struct gt_files_job *job);
void gt_files_job_forget(struct gt_files_job *job);
/* Runs it; ends the call by what it set. */
void gt_files_job_start(struct gt_files_job *job);

/* In the thread: the allowed folder's descriptor, or -1 with the error set. */
int gt_files_job_root(struct gt_files_job *job);

/* "a path below /data/reports or /data/logs, or relative to /data/reports": for a schema. */
const char *gt_files_about(struct gt_config *config, const struct gt_tool *tool);

int64_t gt_files_number(const json_t *settings, const char *name, int64_t otherwise);

/* The type of a file by its name; NULL where it says nothing. */
const char *gt_mime_type(const char *name);

#endif

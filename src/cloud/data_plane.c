/* The plane: one for each cloud, found through an object of its own in the store. */
#include "data_plane.h"

#include <gantry/base/str.h>

static const char plane_id[] = "plane";

/* The cloud ends, or everything is removed while it goes on: who waits is answered. */
static void plane_gone(struct gt_local *local, struct gt_object *object, bool closing)
{
    struct gt_plane *plane = object->work;
    (void)local, (void)closing;
    if (plane == NULL)
        return;
    plane->closing = true;
    gt_door_drop_all(plane);
    gt_invocation_drop_all(plane);
    while (plane->jobs != NULL) {
        struct gt_job *job = plane->jobs;
        if (job->drop != NULL)
            job->drop(job);
        gt_job_free(job);
    }
    gt_backend_free_all(plane);
    gt_upstream_drop_all(plane);
    gt_issuers_free(plane->issuers);
    plane->issuers = NULL;
    gt_log_free_all(plane);
    object->work = NULL;
}

const struct gt_kind gt_kind_data_plane = {.name = "data-plane", .gone = plane_gone};
const struct gt_kind gt_kind_command = {.name = "command"};

static struct gt_object *find(struct gt_local *local)
{
    return gt_object_find(local, &gt_kind_data_plane, GT_LOCAL_ACCOUNT, "", "", plane_id);
}

struct gt_plane *gt_plane_find(struct gt_local *local)
{
    struct gt_object *object = find(local);
    struct gt_plane *plane = object == NULL ? NULL : object->work;
    return plane == NULL || plane->closing ? NULL : plane;
}

struct gt_plane *gt_plane_of(struct gt_local *local)
{
    struct gt_object *object = find(local);
    if (object == NULL)
        object =
            gt_object_new(local, &gt_kind_data_plane, GT_LOCAL_ACCOUNT, "", "", plane_id, NULL);
    if (object == NULL || object->removed)
        return NULL;
    if (object->work == NULL) {
        struct gt_plane *plane = GT_NEW(object->arena, struct gt_plane);
        plane->local = local;
        plane->issuers = gt_plane_issuers_new(local);
        object->work = plane;
    }
    struct gt_plane *plane = object->work;
    return plane->closing ? NULL : plane;
}

void *gt_job_new(struct gt_plane *plane, size_t size, void (*drop)(void *job))
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_job *job = gt_alloc(arena, size);
    job->arena = arena;
    job->drop = drop;
    job->next = plane->jobs;
    job->link = &plane->jobs;
    if (job->next != NULL)
        job->next->link = &job->next;
    plane->jobs = job;
    return job;
}

void gt_job_free(void *job)
{
    struct gt_job *self = job;
    *self->link = self->next;
    if (self->next != NULL)
        self->next->link = self->link;
    gt_arena_free(self->arena);
}

struct later {
    struct gt_job job;
    gt_timer_fn *fn;
    void *what;
    struct gt_timer *timer;
};

static void later_due(void *payload)
{
    struct later *later = payload;
    later->timer = NULL;
    later->fn(later->what);
    gt_job_free(later);
}

static void later_drop(void *job)
{
    struct later *later = job;
    gt_timer_cancel(later->timer);
    later->fn(later->what);
}

void gt_plane_later(struct gt_plane *plane, gt_timer_fn *fn, void *what)
{
    if (plane->closing) {
        fn(what);
        return;
    }
    struct later *later = gt_job_new(plane, sizeof(*later), later_drop);
    later->fn = fn;
    later->what = what;
    later->timer = gt_timer_start(gt_local_loop(plane->local), 0, later_due, later);
}

struct gt_object_key gt_object_key_of(struct gt_arena *arena, const struct gt_object *object)
{
    return (struct gt_object_key){
        .kind = object->kind,
        .account = gt_strdup(arena, object->account),
        .region = gt_strdup(arena, object->region),
        .parent = gt_strdup(arena, object->parent),
        .id = gt_strdup(arena, object->id),
        .order = object->order,
    };
}

struct gt_object *gt_object_again(struct gt_local *local, const struct gt_object_key *key)
{
    struct gt_object *object =
        gt_object_find(local, key->kind, key->account, key->region, key->parent, key->id);
    return object != NULL && !object->removed && object->order == key->order ? object : NULL;
}

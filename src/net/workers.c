#include <gantry/net/workers.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, THREADS_MAX = 64, END_S = 2 };

struct task {
    struct task *next;
    gt_work_fn *run, *done;
    void *payload;
};

struct queue {
    struct task *first, **end;
};

struct gt_workers {
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct task *unused; /* the loop's alone */
    pthread_mutex_t lock;
    pthread_cond_t wanted, left;
    struct queue open, finished;
    pthread_t threads[THREADS_MAX];
    unsigned count, most, idle, gone;
    bool ending;
    int wake;
};

static void put(struct queue *queue, struct task *task)
{
    task->next = NULL;
    *queue->end = task;
    queue->end = &task->next;
}

static struct task *take(struct queue *queue)
{
    struct task *task = queue->first;
    queue->first = task->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return task;
}

static void *thread_main(void *payload)
{
    struct gt_workers *workers = payload;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        workers->idle++;
        while (workers->open.first == NULL && !workers->ending)
            pthread_cond_wait(&workers->wanted, &workers->lock);
        workers->idle--;
        if (workers->ending)
            break;
        struct task *task = take(&workers->open);
        pthread_mutex_unlock(&workers->lock);
        task->run(task->payload);
        pthread_mutex_lock(&workers->lock);
        put(&workers->finished, task);
        const uint64_t one = 1;
        while (write(workers->wake, &one, sizeof(one)) < 0 && errno == EINTR) {
        }
    }
    workers->gone++;
    pthread_cond_signal(&workers->left);
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static void hand_back(struct gt_workers *workers, struct task *task)
{
    while (task != NULL) {
        struct task *next = task->next;
        gt_work_fn *done = task->done;
        void *payload = task->payload;
        task->next = workers->unused;
        workers->unused = task;
        done(payload);
        task = next;
    }
}

static void on_finished(void *payload, int fd)
{
    struct gt_workers *workers = payload;
    uint64_t count;
    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR) {
    }
    pthread_mutex_lock(&workers->lock);
    struct task *finished = workers->finished.first;
    workers->finished = (struct queue){.end = &workers->finished.first};
    pthread_mutex_unlock(&workers->lock);
    hand_back(workers, finished);
}

struct gt_workers *gt_workers_new(struct gt_loop *loop, unsigned threads)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_workers *workers = GT_NEW(arena, struct gt_workers);
    workers->arena = arena;
    workers->loop = loop;
    workers->most = threads == 0 ? THREADS : threads > THREADS_MAX ? THREADS_MAX : threads;
    workers->open.end = &workers->open.first;
    workers->finished.end = &workers->finished.first;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wanted, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&workers->left, &attributes);
    pthread_condattr_destroy(&attributes);
    workers->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->wake < 0)
        gt_die("no descriptor is left for threads");
    gt_loop_watch(loop, workers->wake, on_finished, workers);
    return workers;
}

/* Signals are the loop's business: no thread takes one. */
static void start_thread(struct gt_workers *workers)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&workers->threads[workers->count], NULL, thread_main, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        workers->count++;
    else if (workers->count == 0)
        gt_die("no thread can be started");
}

void gt_work(struct gt_workers *workers, gt_work_fn *run, gt_work_fn *done, void *payload)
{
    struct task *task = workers->unused;
    if (task != NULL)
        workers->unused = task->next;
    else
        task = GT_NEW(workers->arena, struct task);
    *task = (struct task){.run = run, .done = done, .payload = payload};
    pthread_mutex_lock(&workers->lock);
    bool busy = workers->idle == 0 || workers->open.first != NULL;
    put(&workers->open, task);
    pthread_cond_signal(&workers->wanted);
    pthread_mutex_unlock(&workers->lock);
    if (busy && workers->count < workers->most)
        start_thread(workers);
}

/* Whether all threads end, and soon. */
static bool end_threads(struct gt_workers *workers)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += END_S;
    pthread_mutex_lock(&workers->lock);
    workers->ending = true;
    pthread_cond_broadcast(&workers->wanted);
    while (workers->gone < workers->count && late == 0)
        late = pthread_cond_timedwait(&workers->left, &workers->lock, &until);
    bool all = workers->gone == workers->count;
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        if (all)
            pthread_join(workers->threads[i], NULL);
        else
            pthread_detach(workers->threads[i]);
    return all;
}

void gt_workers_free(struct gt_workers *workers)
{
    if (workers == NULL)
        return;
    bool all = end_threads(workers);
    gt_loop_unwatch(workers->loop, workers->wake);
    pthread_mutex_lock(&workers->lock);
    struct task *finished = workers->finished.first, *open = workers->open.first;
    workers->finished = (struct queue){.end = &workers->finished.first};
    workers->open = (struct queue){.end = &workers->open.first};
    pthread_mutex_unlock(&workers->lock);
    hand_back(workers, finished);
    hand_back(workers, open);
    if (!all)
        return; /* those that are left still use it */
    close(workers->wake);
    pthread_cond_destroy(&workers->left);
    pthread_cond_destroy(&workers->wanted);
    pthread_mutex_destroy(&workers->lock);
    gt_arena_free(workers->arena);
}

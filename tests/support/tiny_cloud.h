/*
 * An in-memory cloud for tests, behind the scripted transport: objects as JSON documents by kind,
 * statuses that take some reads to settle, a script per operation for what goes wrong, and a record
 * of the calls. It validates nothing; it does what a double with real answers cannot be made to do:
 * targets that fail, endpoints that lag behind, answers that get lost at a chosen call.
 */
#ifndef GANTRY_TESTS_TINY_CLOUD_H
#define GANTRY_TESTS_TINY_CLOUD_H

#include "scripted_transport.h"

#include <gantry/model/model.h>

struct tiny_object {
    const char *kind, *key; /* "target", "GATEWAY/TARGET": its ids, the parent's first */
    json_t *doc, *tags;     /* kept by the arena; tags: a map */
    int reads_left;         /* until the status is `next` */
    const char *next;
    int serve_left;     /* runtimes: reads of DEFAULT until it serves the newest version */
    const char *served; /* the version that DEFAULT serves; NULL: there is no DEFAULT yet */
    int64_t visible_ms, settled_ms;
    bool gone;
};

/* What the next calls of an operation get. Strings are borrowed. */
struct tiny_script {
    const char *operation;
    const char *part;            /* only calls whose input holds this text; NULL: all */
    int skip, times;             /* calls that are passed over first; 0 times: once, -1: always */
    const char *code, *message;  /* refused with this error, nothing is done */
    int http_status;             /* 0: 400 */
    bool lost;                   /* it is done, and the answer gets lost */
    bool dropped;                /* it is not done, and no answer comes */
    bool garbled;                /* it is done, and the answer is no answer of the service */
    const char *status, *reason; /* the object ends in this status once it settles */
    int64_t delay_ms;            /* of the answer */
    int64_t late_ms;             /* what it makes is seen only so much later */
};

struct tiny_call {
    const struct gt_operation *operation;
    const json_t *input; /* members by their model names */
    int64_t at_ms;
    const char *code; /* of the error that was answered, or NULL */
};

struct tiny_cloud;
typedef void tiny_watch_fn(void *payload, const struct tiny_call *call);

struct tiny_cloud {
    struct gt_arena *arena;
    struct gt_loop *loop;
    GT_VEC(struct tiny_object *) objects; /* in the order of their making */
    GT_VEC(struct tiny_script) scripts;
    GT_VEC(struct tiny_call) calls;
    int reads;          /* a change settles after so many reads */
    int serve_reads;    /* DEFAULT serves a new version after so many reads of it */
    int page_size;      /* of lists; 0: all at once */
    bool stuck;         /* lists give the same token for ever */
    const char *digest; /* of every image; NULL: there is none */
    int made;
    tiny_watch_fn *watch; /* called as each call arrives */
    void *watch_payload;
};

struct tiny_cloud *tiny_cloud_new(struct gt_arena *arena, struct gt_loop *loop);

/* The function for gt_scripted_by; the payload is the cloud. */
bool tiny_cloud_answer(void *payload, const struct gt_scripted_request *request,
                       struct gt_scripted_answer *answer);

void tiny_script(struct tiny_cloud *cloud, struct tiny_script script);

/* An object that is there without a call, as somebody else made it. `doc` is JSON text (single
 * quotes stand for double ones) with the members that the service shows. */
struct tiny_object *tiny_add(struct tiny_cloud *cloud, const char *kind, const char *key,
                             const char *doc);

/* The live object; NULL when there is none. */
struct tiny_object *tiny_find(const struct tiny_cloud *cloud, const char *kind, const char *key);

/* The only live object of a kind; a failed test when there is none or more than one. */
struct tiny_object *tiny_only(const struct tiny_cloud *cloud, const char *kind);
size_t tiny_number(const struct tiny_cloud *cloud, const char *kind);

size_t tiny_count(const struct tiny_cloud *cloud, const char *operation);
size_t tiny_mutations(const struct tiny_cloud *cloud);
bool tiny_mutates(const struct gt_operation *operation);

/* The n-th call (from 0) of an operation, or NULL. */
const struct tiny_call *tiny_nth(const struct tiny_cloud *cloud, const char *operation, size_t n);

/* The place of an operation's first call among all calls; -1: there was none. */
long tiny_first(const struct tiny_cloud *cloud, const char *operation);
long tiny_last(const struct tiny_cloud *cloud, const char *operation);

/* Forgets the calls so far; the objects stay. */
void tiny_forget(struct tiny_cloud *cloud);

/* JSON text with single quotes for double ones; kept by the arena. */
json_t *tiny_json(struct gt_arena *arena, const char *text);

#endif

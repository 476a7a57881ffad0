/*
 * A transport without a network: requests are recorded and answered by a script, on the loop, after
 * a delay. Rules are tried in the order of their making; a rule may be used up. Like a real
 * request, one that is submitted in a turn arrives after that turn's on-turn function.
 */
#ifndef GANTRY_TESTS_SCRIPTED_TRANSPORT_H
#define GANTRY_TESTS_SCRIPTED_TRANSPORT_H

#include <gantry/net/http.h>

/* What a request gets. Strings are borrowed until the request was answered. */
struct gt_scripted_answer {
    enum gt_http_outcome outcome; /* 0: answered */
    int status;                   /* 0: 200 */
    const char *body;             /* NULL: "" */
    size_t body_len;              /* 0: the length of the text */
    struct gt_header headers[6];  /* up to a NULL name */
    int64_t delay_ms;
    const char *error; /* for outcomes other than answered; NULL: "scripted failure" */
    bool timed_out, too_large;
};

/* A request as it arrived; kept in the transport's arena. */
struct gt_scripted_request {
    const char *method, *url;
    const struct gt_header *headers; /* names as sent */
    size_t header_count;
    const char *body; /* NUL-terminated, "" when there was none */
    size_t body_len;
    int64_t at_ms; /* monotonic */
    bool no_proxy, secret;
    int64_t timeout_ms;
};

/* A header of a request, by any spelling of its name, or NULL. */
const char *gt_scripted_header(const struct gt_scripted_request *request, const char *name);

struct gt_scripted {
    struct gt_transport transport;               /* give this to the code under test */
    GT_VEC(struct gt_scripted_request) requests; /* all that arrived, in order */
    size_t unexpected;                           /* those that no rule knew: they get status 599 */
    struct gt_scripted_script *script;
};

struct gt_scripted *gt_scripted_new(struct gt_arena *arena, struct gt_loop *loop);

/* The next request of any kind gets this answer. */
void gt_scripted_next(struct gt_scripted *scripted, struct gt_scripted_answer answer);

/*
 * Requests whose method is `method` (NULL: any) and whose URL or X-Amz-Target or body holds `part`
 * (NULL: any) get this answer, `times` times; 0: always.
 */
void gt_scripted_when(struct gt_scripted *scripted, const char *method, const char *part,
                      size_t times, struct gt_scripted_answer answer);

/* The function answers what no rule does; false: it does not know the request either. */
typedef bool gt_scripted_fn(void *payload, const struct gt_scripted_request *request,
                            struct gt_scripted_answer *answer);
void gt_scripted_by(struct gt_scripted *scripted, gt_scripted_fn *fn, void *payload);

#endif

/* What the files of the HTTP server share: the server, its connections, its exchanges. */
#ifndef GANTRY_NET_SERVER_INTERNAL_H
#define GANTRY_NET_SERVER_INTERNAL_H

#include "loop_internal.h"

#include <gantry/base/buf.h>
#include <gantry/net/server.h>
#include <microhttpd.h>

struct gt_connection {                     /* of a client; lives as long as libmicrohttpd's */
    struct gt_connection *previous, *next; /* of the server */
    struct gt_server *server;
    struct MHD_Connection *mhd;   /* NULL: it is closed */
    struct gt_exchange *exchange; /* the request under way; NULL between requests */
    int fd;
    bool watched;          /* for the client's leave */
    bool served;           /* a request, at least one */
    bool left;             /* was found to send nothing more */
    int64_t idle_since_ms; /* accepted, or answered the last request */
    int64_t begun_ms;      /* when bytes of a request without complete first line were seen, or 0 */
    struct gt_timer *timer;
    const char *peer;
    char peer_text[64];
};

struct gt_exchange {
    struct gt_arena *arena; /* in which this lives, too */
    struct gt_server *server;
    struct gt_connection *connection; /* NULL: the client has its answer, or is gone */
    struct gt_exchange *previous, *next;
    struct gt_request request;
    GT_VEC(struct gt_header) added; /* headers of the answer */
    int64_t begun_ms;

    const struct gt_refusal *refusal; /* answered without the handler; the body is dropped */
    char *body;
    size_t body_room, dropped;
    bool head_taken, complete; /* the request */

    bool handed;     /* to the handler */
    bool in_handler; /* right now */
    bool begun;      /* an answer */
    bool answered;   /* the handler is done with it */
    bool aborted;
    bool suspended; /* the connection, until there is something to send */
    bool gone;      /* before it was answered */
    gt_timer_fn *gone_fn;
    void *gone_payload;
    struct gt_timer *gone_timer;

    struct MHD_Response *response; /* begun inside the handler, to be queued when it returns */
    unsigned status;
    struct gt_buf out; /* body, or what a stream has not handed over yet, from out_sent on */
    size_t out_sent;
    bool cut; /* after the bytes of `out` */
};

struct gt_exchanges {
    struct gt_exchange *first, *last;
    size_t count;
};

struct gt_server {
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct gt_server_options options; /* defaults filled in */
    struct MHD_Daemon *daemon;
    int epoll_fd, port;
    struct gt_listening *listener;
    bool listens;
    struct gt_timer *lack_timer; /* there was no descriptor for a client; then another try */
    struct gt_connection *connections, *free_connections;
    size_t connection_count, most_connections;
    struct gt_exchanges handed;
    struct gt_exchange *done; /* to be freed when nobody's callback is on the stack any more */
    struct gt_timer *timer;   /* libmicrohttpd's */
    int64_t timer_due_ms;
    unsigned fruitless; /* rounds in which libmicrohttpd was busy and nothing came of it */
    bool run_planned;
    bool draining;
    struct gt_timer *drain_timer; /* until its limit; or due, when nothing is left */
    gt_timer_fn *drained_fn;
    void *drained_payload;
};

/* -- server_listen.c -- */

struct gt_listening {
    int fd;
    const char *unix_path; /* to remove, if it is still the same file */
    unsigned long long device, inode;
};

/* False with an error ("address-in-use", "listen"). */
bool gt_listening_open(struct gt_arena *arena, const struct gt_server_options *options,
                       struct gt_listening **listener, struct gt_diags *diags);
int gt_listening_port(const struct gt_listening *listener);
/* Removes the file of a Unix socket; the descriptor stays open. */
void gt_listening_remove(struct gt_listening *listener);
/* Raises the limit on descriptors as far as needed and allowed; how many connections fit. */
unsigned gt_listening_limit(unsigned wanted);

/* -- server_accept.c -- */

/* Accepts from now on, as long as there may be more connections. */
void gt_accept_resume(struct gt_server *server);
/* Closes the listening socket. For the second time nothing happens. */
void gt_accept_stop(struct gt_server *server);

/* -- server_connection.c -- */

/* libmicrohttpd's MHD_NotifyConnectionCallback; the payload is the server. */
void gt_connection_notify(void *payload, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code);
/* Watches for the client's leave from now on. */
void gt_connection_watch(struct gt_connection *connection);
/* Closes it, as the server is draining, unless a request has begun on it; a connection that never
 * had one gets a moment for it. */
void gt_connection_drain(struct gt_connection *connection);
/* Resets it: the client sees that, and nothing more. */
void gt_connection_reset(struct gt_connection *connection);

/* -- server_request.c -- */

struct gt_refusal {
    int status;
    const char *text;
};

/* Callbacks of libmicrohttpd: the first line of a request (its result is the exchange), the rest of
 * it, and the end of request and answer. */
void *gt_request_begin(void *payload, const char *target, struct MHD_Connection *mhd);
enum MHD_Result gt_request_take(void *payload, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **context);
void gt_request_completed(void *payload, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode code);

/* -- server_reply.c -- */

/* Gives the answer that was begun to libmicrohttpd; false when it does not take it. */
bool gt_answer_queue(struct gt_exchange *exchange);

/* -- server.c -- */

/* Lets libmicrohttpd work at the end of this turn, or of the next one when none is under way. */
void gt_server_plan_run(struct gt_server *server);
/* Ends the draining when nothing is left. */
void gt_server_check_drained(struct gt_server *server);
/* Tells whoever asked that the client has gone. */
void gt_exchange_tell_gone(struct gt_exchange *exchange);
/* The handler is done and the client has its answer or is gone: frees it soon. */
void gt_exchange_finish(struct gt_exchange *exchange);
void gt_exchange_free(struct gt_exchange *exchange);
void gt_exchange_hand_over(struct gt_exchange *exchange);

#endif

/*
 * Where a server is: the addresses of its name, found in a thread so that the loop does not wait
 * for the resolver.
 */
#ifndef GANTRY_SERVER_LOOKUP_H
#define GANTRY_SERVER_LOOKUP_H

#include <gantry/net/workers.h>
#include <sys/socket.h>

enum { GT_ADDRESSES_MAX = 8 };

struct gt_addresses { /* to be tried in this order */
    struct gt_address {
        struct sockaddr_storage at;
        socklen_t len;
    } list[GT_ADDRESSES_MAX];
    size_t count;
};

struct gt_lookup;

/* `addresses` (borrowed) has one at least, or is NULL and `problem` says why, in one line. */
typedef void gt_lookup_fn(void *payload, const struct gt_addresses *addresses, const char *problem);

/* fn is called once, in a later turn, unless the lookup is cancelled before. */
struct gt_lookup *gt_lookup_start(struct gt_workers *workers, const char *host, int port,
                                  gt_lookup_fn *fn, void *payload);
void gt_lookup_cancel(struct gt_lookup *lookup); /* NULL is allowed */

/* The address of a Unix socket; false when the path is too long for one. */
bool gt_address_of_unix(const char *path, struct gt_addresses *addresses);

#endif

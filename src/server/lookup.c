#include "lookup.h"

#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

struct gt_lookup {
    struct gt_arena *arena;
    const char *host, *port;
    struct gt_addresses addresses;
    int code;         /* of getaddrinfo */
    gt_lookup_fn *fn; /* NULL: nobody waits any more */
    void *payload;
};

static void run(void *payload)
{
    struct gt_lookup *lookup = payload;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    lookup->code = getaddrinfo(lookup->host, lookup->port, &hints, &found);
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        if (lookup->addresses.count == GT_ADDRESSES_MAX ||
            at->ai_addrlen > sizeof(struct sockaddr_storage))
            continue;
        struct gt_address *address = &lookup->addresses.list[lookup->addresses.count++];
        memcpy(&address->at, at->ai_addr, at->ai_addrlen);
        address->len = at->ai_addrlen;
    }
    if (found != NULL)
        freeaddrinfo(found);
}

static void done(void *payload)
{
    struct gt_lookup *lookup = payload;
    if (lookup->fn != NULL && lookup->addresses.count > 0)
        lookup->fn(lookup->payload, &lookup->addresses, NULL);
    else if (lookup->fn != NULL)
        lookup->fn(lookup->payload, NULL,
                   gt_printf(lookup->arena, "the server's name cannot be resolved: %s",
                             lookup->code != 0 ? gai_strerror(lookup->code) : "no address"));
    gt_arena_free(lookup->arena);
}

struct gt_lookup *gt_lookup_start(struct gt_workers *workers, const char *host, int port,
                                  gt_lookup_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_lookup *lookup = GT_NEW(arena, struct gt_lookup);
    *lookup = (struct gt_lookup){.arena = arena,
                                 .host = gt_strdup(arena, host),
                                 .port = gt_printf(arena, "%d", port),
                                 .fn = fn,
                                 .payload = payload};
    gt_work(workers, run, done, lookup);
    return lookup;
}

void gt_lookup_cancel(struct gt_lookup *lookup)
{
    if (lookup != NULL)
        lookup->fn = NULL;
}

bool gt_address_of_unix(const char *path, struct gt_addresses *addresses)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, len + 1);
    *addresses = (struct gt_addresses){.count = 1};
    memcpy(&addresses->list[0].at, &address, sizeof(address));
    addresses->list[0].len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return true;
}

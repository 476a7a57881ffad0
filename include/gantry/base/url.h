/* http and https URLs, and which addresses are this machine's own. Pure: no name is looked up. */
#ifndef GANTRY_BASE_URL_H
#define GANTRY_BASE_URL_H

#include <gantry/base/arena.h>
#include <stdbool.h>

struct gt_url {
    const char *scheme, *host; /* lower case; host without port, IPv6 in brackets */
    int port;                  /* of the scheme when none is given */
    const char *authority;     /* as in Host: without the scheme's own port */
    const char *path;          /* starts with '/' */
    const char *query;         /* or NULL */
};

/* False for what is no http or https URL, and for one with user information or a host that is
 * spelt with anything but letters, digits, '-', '.', '_' and '~' (RFC 3986 section 3.2, without
 * escapes), or in brackets. The strings live in the arena. */
bool gt_url_split(struct gt_arena *arena, const char *text, struct gt_url *url);

/* "localhost", 127.0.0.0/8 in full, and ::1 in any spelling, that of IPv4 inside IPv6 too. Names
 * that only begin like this ("127.0.0.1.example") are none. */
bool gt_url_is_loopback(const struct gt_url *url);

/* Whether nobody can read along what is sent there: https, or this machine. */
bool gt_url_is_safe(const struct gt_url *url);

/* The same as gt_url_is_loopback of a Host header or what follows "://" in an Origin: a host, or
 * host and port. */
bool gt_authority_is_loopback(const char *authority);

#endif

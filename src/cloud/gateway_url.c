/* Addresses of servers, issuers and token endpoints: taking them apart, and where calls may go. */
#include "data_plane.h"

#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, HTTP_PORT = 80, HTTPS_PORT = 443 };

/* "host:port", "[::1]:port" or either without a port; *port keeps its value then. */
static bool split_authority(struct gt_arena *arena, const char *text, const char **host, int *port)
{
    const char *end = text;
    if (*text == '[') {
        end = strchr(text, ']');
        if (end == NULL)
            return false;
        end++;
    } else {
        end += strcspn(text, ":");
    }
    *host = gt_lower(arena, gt_strndup(arena, text, (size_t)(end - text)));
    if (**host == '\0' || (*end != '\0' && *end != ':'))
        return false;
    if (*end == '\0' || end[1] == '\0')
        return true;
    size_t digits = strspn(end + 1, "0123456789");
    if (end[1 + digits] != '\0' || digits > 5)
        return false;
    long value = strtol(end + 1, NULL, 10);
    *port = (int)value;
    return value > 0 && value <= PORT_MAX;
}

bool gt_url_split(struct gt_arena *arena, const char *text, struct gt_url *url)
{
    const char *colon = text == NULL ? NULL : strstr(text, "://");
    if (colon == NULL)
        return false;
    struct gt_url out = {.scheme =
                             gt_lower(arena, gt_strndup(arena, text, (size_t)(colon - text)))};
    bool https = gt_streq(out.scheme, "https");
    if (!https && !gt_streq(out.scheme, "http"))
        return false;
    const char *authority = colon + 3;
    size_t len = strcspn(authority, "/?#");
    if (memchr(authority, '@', len) != NULL)
        return false;
    int usual = https ? HTTPS_PORT : HTTP_PORT;
    out.port = usual;
    if (!split_authority(arena, gt_strndup(arena, authority, len), &out.host, &out.port))
        return false;
    out.authority = out.port == usual ? out.host : gt_printf(arena, "%s:%d", out.host, out.port);
    const char *rest = authority + len;
    size_t path = strcspn(rest, "?#");
    out.path = path == 0 ? "/" : gt_strndup(arena, rest, path);
    if (rest[path] == '?')
        out.query = gt_strndup(arena, rest + path + 1, strcspn(rest + path + 1, "#"));
    *url = out;
    return true;
}

/* 127.0.0.0/8, in full: "127.0.0.1.example" is none. */
static bool is_loopback_address(const char *host)
{
    if (!gt_starts_with(host, "127."))
        return false;
    int parts = 1;
    for (const char *at = host + 4;; at++) {
        char *end;
        if (*at < '0' || *at > '9')
            return false;
        if (strtol(at, &end, 10) > 255)
            return false;
        parts++;
        if (*end == '\0')
            return parts == 4;
        if (*end != '.')
            return false;
        at = end;
    }
}

bool gt_url_is_loopback(const struct gt_url *url)
{
    return gt_streq(url->host, "localhost") || gt_streq(url->host, "[::1]") ||
           is_loopback_address(url->host);
}

const char *gt_url_obstacle(const struct gt_url *url, const struct gt_url *own)
{
    bool loopback = gt_url_is_loopback(url);
    if (gt_streq(url->scheme, "http") && !loopback)
        return "the address must be an https URL, or http on this machine";
    if (own != NULL && loopback && url->port == own->port &&
        !gt_starts_with(url->path, "/runtimes/"))
        return "of the embedded cloud's own addresses a gateway calls only runtimes";
    return NULL;
}

#include <gantry/base/url.h>

#include <arpa/inet.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_MAX = 65535, PORT_DIGITS = 5, HTTP_PORT = 80, HTTPS_PORT = 443 };

#define DIGITS "0123456789"

/* The length of the host that a text begins with; 0: it begins with none. */
static size_t host_length(const char *text)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._~";
    if (*text != '[')
        return strspn(text, name);
    size_t inside = strcspn(text + 1, "[]/?#@\\ ");
    return inside > 0 && text[1 + inside] == ']' ? inside + 2 : 0;
}

/* What stands behind a host: nothing, ':', or ':' and a port; *port keeps its value without one. */
static bool read_port(const char *rest, int *port)
{
    if (*rest == '\0' || strcmp(rest, ":") == 0)
        return true;
    size_t digits = *rest == ':' ? strspn(rest + 1, DIGITS) : 0;
    if (digits == 0 || digits > PORT_DIGITS || rest[1 + digits] != '\0')
        return false;
    long value = strtol(rest + 1, NULL, 10);
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
    int usual = https ? HTTPS_PORT : HTTP_PORT;
    const char *start = colon + 3, *rest = start + strcspn(start, "/?#");
    const char *authority = gt_strndup(arena, start, (size_t)(rest - start));
    size_t host = host_length(authority);
    out.port = usual;
    if (host == 0 || !read_port(authority + host, &out.port))
        return false;
    out.host = gt_lower(arena, gt_strndup(arena, authority, host));
    out.authority = out.port == usual ? out.host : gt_printf(arena, "%s:%d", out.host, out.port);
    size_t path = strcspn(rest, "?#");
    out.path = path == 0 ? "/" : gt_strndup(arena, rest, path);
    if (rest[path] == '?')
        out.query = gt_strndup(arena, rest + path + 1, strcspn(rest + path + 1, "#"));
    *url = out;
    return true;
}

static bool is_loopback_v6(const char *address)
{
    struct in6_addr six;
    if (inet_pton(AF_INET6, address, &six) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

static bool is_loopback_host(const char *host, size_t len)
{
    struct in_addr four;
    char copy[INET6_ADDRSTRLEN + 2] = "";
    if (len == 0 || len >= sizeof(copy))
        return false;
    memcpy(copy, host, len);
    if (*copy == '[') {
        copy[len - 1] = '\0';
        return is_loopback_v6(copy + 1);
    }
    if (inet_pton(AF_INET, copy, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return strcasecmp(copy, "localhost") == 0;
}

bool gt_url_is_loopback(const struct gt_url *url)
{
    return is_loopback_host(url->host, strlen(url->host));
}

bool gt_url_is_safe(const struct gt_url *url)
{
    return gt_streq(url->scheme, "https") || gt_url_is_loopback(url);
}

bool gt_authority_is_loopback(const char *authority)
{
    int port = 0;
    size_t len = host_length(authority);
    bool named = authority[len] == '\0' || authority[len + 1] != '\0'; /* "host:" is neither */
    return named && is_loopback_host(authority, len) && read_port(authority + len, &port);
}

#include "uri.h"

#include <gantry/base/str.h>
#include <stdbool.h>
#include <string.h>

/* A part of the text; ptr NULL: it is not there. */
struct slice {
    const char *ptr;
    size_t len;
};

struct parts {
    struct slice scheme, authority, path, query; /* without ':', "//" and '?' */
};

static struct slice take(const char **at, const char *until)
{
    struct slice slice = {*at, strcspn(*at, until)};
    *at += slice.len;
    return slice;
}

static struct parts split(const char *text)
{
    static const char scheme_characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    struct parts parts = {0};
    size_t scheme = strspn(text, scheme_characters);
    if (scheme > 0 && text[scheme] == ':') {
        parts.scheme = (struct slice){text, scheme};
        text += scheme + 1;
    }
    if (gt_starts_with(text, "//")) {
        text += 2;
        parts.authority = take(&text, "/?#");
    }
    parts.path = take(&text, "?#");
    if (*text == '?') {
        text++;
        parts.query = take(&text, "#");
    }
    return parts;
}

/* The base's path up to its last slash, followed by the reference's. */
static char *merged(struct gt_arena *arena, const struct parts *base, struct slice path)
{
    size_t keep = base->path.len;
    while (keep > 0 && base->path.ptr[keep - 1] != '/')
        keep--;
    bool root = base->authority.ptr != NULL && base->path.len == 0;
    return gt_printf(arena, "%s%.*s%.*s", root ? "/" : "", (int)keep, base->path.ptr, (int)path.len,
                     path.ptr);
}

/* Takes "." and ".." out, in place. */
static void remove_dots(char *path)
{
    char *out = path, *in = path;
    bool absolute = *path == '/';
    while (*in != '\0') {
        size_t len = strcspn(in, "/");
        bool last = in[len] == '\0', up = len == 2 && strncmp(in, "..", 2) == 0;
        if (up && out > path + absolute) {
            for (out--; out > path && out[-1] != '/'; out--) {
            }
        } else if (!up && !(len == 1 && *in == '.')) {
            memmove(out, in, len + !last);
            out += len + !last;
        }
        in += len + !last;
    }
    *out = '\0';
}

char *gt_uri_resolve(struct gt_arena *arena, const char *base, const char *reference)
{
    struct parts from = split(base), to = split(reference);
    char *path = gt_strndup(arena, to.path.ptr, to.path.len);
    if (to.scheme.ptr == NULL) {
        to.scheme = from.scheme;
        if (to.authority.ptr == NULL) {
            to.authority = from.authority;
            if (to.path.len == 0) {
                path = gt_strndup(arena, from.path.ptr, from.path.len);
                to.query = to.query.ptr == NULL ? from.query : to.query;
            } else if (*path != '/') {
                path = merged(arena, &from, to.path);
            }
        }
    }
    remove_dots(path);
    char *scheme = gt_lower(arena, gt_strndup(arena, to.scheme.ptr, to.scheme.len));
    return gt_printf(arena, "%s%s%s%.*s%s%s%.*s", scheme, to.scheme.ptr != NULL ? ":" : "",
                     to.authority.ptr != NULL ? "//" : "", (int)to.authority.len,
                     to.authority.ptr != NULL ? to.authority.ptr : "", path,
                     to.query.ptr != NULL ? "?" : "", (int)to.query.len,
                     to.query.ptr != NULL ? to.query.ptr : "");
}

const char *gt_uri_fragment(struct gt_arena *arena, const char *reference)
{
    const char *hash = strchr(reference, '#');
    return hash == NULL ? "" : gt_percent_decode(arena, hash + 1);
}

#include "paths.h"

#include <gantry/base/str.h>
#include <stdint.h>
#include <string.h>

enum { PATH_LENGTH_MAX = 4095, NAMES_MAX = 256 };

struct names {
    GT_VEC(const char *) list;
};

/* The names of a path without those that say nothing. */
static struct names split(struct gt_arena *arena, const char *path)
{
    struct names names = {0};
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        if (len > 0 && !(len == 1 && *path == '.'))
            *GT_PUSH(arena, &names.list) = gt_strndup(arena, path, len);
        path += len + (path[len] == '/');
    }
    return names;
}

static const char *join(struct gt_arena *arena, const struct names *names, size_t from)
{
    size_t size = 1;
    for (size_t i = from; i < names->list.len; i++)
        size += strlen(names->list.at[i]) + 1;
    char *out = gt_alloc(arena, size), *end = out;
    for (size_t i = from; i < names->list.len; i++) {
        size_t len = strlen(names->list.at[i]);
        if (i > from)
            *end++ = '/';
        memcpy(end, names->list.at[i], len);
        end += len;
    }
    *end = '\0';
    return out;
}

const char *gt_root_parse(struct gt_arena *arena, const char *path)
{
    struct names given = split(arena, path), kept = {0};
    if (*path != '/')
        return NULL;
    for (size_t i = 0; i < given.list.len; i++) {
        if (strcmp(given.list.at[i], "..") != 0)
            *GT_PUSH(arena, &kept.list) = given.list.at[i];
        else if (kept.list.len > 0)
            kept.list.len--;
    }
    return gt_printf(arena, "/%s", join(arena, &kept, 0));
}

const char *gt_spot_path(struct gt_arena *arena, const char *root, const char *below)
{
    if (*below == '\0')
        return root;
    return gt_printf(arena, "%s/%s", strcmp(root, "/") == 0 ? "" : root, below);
}

/* How many names of the path a folder takes up, where the path lies in it; else SIZE_MAX. */
static size_t below_root(struct gt_arena *arena, const char *root, const struct names *names)
{
    struct names folder = split(arena, root);
    if (folder.list.len > names->list.len)
        return SIZE_MAX;
    for (size_t i = 0; i < folder.list.len; i++)
        if (strcmp(folder.list.at[i], names->list.at[i]) != 0)
            return SIZE_MAX;
    return folder.list.len;
}

/* The innermost of the folders that the path lies in. */
static bool find_root(struct gt_arena *arena, const struct gt_spot_options *options,
                      const struct names *names, size_t *root, size_t *used)
{
    bool found = false;
    for (size_t i = 0; i < options->count; i++) {
        size_t taken = below_root(arena, options->roots[i], names);
        if (taken == SIZE_MAX || (found && taken <= *used))
            continue;
        found = true;
        *root = i;
        *used = taken;
    }
    return found;
}

static const char *name_problem(const struct names *names, size_t from, bool hidden)
{
    for (size_t i = from; i < names->list.len; i++)
        if (!hidden && names->list.at[i][0] == '.')
            return "hidden files, whose names begin with a dot, are not allowed";
    return NULL;
}

static bool goes_up(const struct names *names)
{
    for (size_t i = 0; i < names->list.len; i++)
        if (strcmp(names->list.at[i], "..") == 0)
            return true;
    return false;
}

enum gt_spot_result gt_spot_find(struct gt_arena *arena, const struct gt_spot_options *options,
                                 const json_t *path, struct gt_spot *place, const char **problem)
{
    const char *text = json_string_value(path);
    size_t used = 0, root = 0;
    *problem = text == NULL || strlen(text) != json_string_length(path)
                   ? "a path must be a text without NUL"
               : strlen(text) > PATH_LENGTH_MAX ? "the path is too long"
                                                : NULL;
    if (*problem != NULL)
        return GT_SPOT_BAD;
    struct names names = split(arena, text);
    if (names.list.len > NAMES_MAX) {
        *problem = "the path is too deep";
        return GT_SPOT_BAD;
    }
    if (goes_up(&names))
        *problem = "a path must not have .. in it";
    else if (*text == '/' && !find_root(arena, options, &names, &root, &used))
        *problem = "the path is not below an allowed folder";
    else
        *problem = name_problem(&names, used, options->hidden);
    if (*problem != NULL)
        return GT_SPOT_OUTSIDE;
    *place = (struct gt_spot){.root = root, .below = join(arena, &names, used)};
    return GT_SPOT_OK;
}

/* -- globs -- */

/* The length of the character at `text`, which need not be UTF-8. */
static size_t character(const char *text)
{
    unsigned char c = (unsigned char)*text;
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 1;
    return len;
}

/* Behind the ] of a set, or NULL where it has none. */
static const char *set_end(const char *pattern)
{
    const char *at = pattern + 1;
    if (*at == '!' || *at == '^')
        at++;
    if (*at == ']')
        at++;
    at += strcspn(at, "]/");
    return *at == ']' ? at + 1 : NULL;
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : a_len < b_len ? -1 : a_len > b_len;
}

static bool in_set(const char *set, const char *end, const char *text, size_t len)
{
    const char *at = set + 1;
    bool negated = *at == '!' || *at == '^', found = false;
    at += negated;
    while (at < end - 1) {
        size_t from_len = character(at), to_len = from_len;
        const char *from = at, *to = at;
        at += from_len;
        if (at + 1 < end - 1 && *at == '-') {
            to = at + 1;
            to_len = character(to);
            at = to + to_len;
        }
        found |= compare(text, len, from, from_len) >= 0 && compare(text, len, to, to_len) <= 0;
    }
    return found != negated;
}

/* Matches one character of `text`; what follows in the pattern, or NULL. Not for *. */
static const char *step(const char *pattern, const char *text, size_t len)
{
    const char *end = *pattern == '[' ? set_end(pattern) : NULL;
    if (end != NULL)
        return in_set(pattern, end, text, len) ? end : NULL;
    if (*pattern == '?')
        return pattern + 1;
    if (*pattern == '\\' && pattern[1] != '\0')
        pattern++;
    size_t own = character(pattern);
    return own == len && memcmp(pattern, text, len) == 0 ? pattern + own : NULL;
}

/* One name against one part of the pattern; a star is taken back at most to where it stood. */
static bool name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *mark = NULL;
    while (*name != '\0') {
        size_t len = character(name);
        const char *next = *pattern != '\0' && *pattern != '*' ? step(pattern, name, len) : NULL;
        if (*pattern == '*') {
            star = ++pattern;
            mark = name;
        } else if (next != NULL) {
            pattern = next;
            name += len;
        } else if (star != NULL) {
            pattern = star;
            mark += character(mark);
            name = mark;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool gt_path_glob(const char *pattern, const char *path)
{
    struct gt_arena *arena = gt_arena_new();
    const char *last = strrchr(path, '/');
    struct names parts = split(arena, pattern);
    struct names names = split(arena, strchr(pattern, '/') != NULL ? path
                                      : last != NULL               ? last + 1
                                                                   : path);
    /* As a glob whose characters are names and whose star is **. */
    size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;
    bool matches = true;
    while (matches && n < names.list.len) {
        if (p < parts.list.len && strcmp(parts.list.at[p], "**") == 0) {
            star = p++;
            mark = n;
        } else if (p < parts.list.len && name_matches(parts.list.at[p], names.list.at[n])) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++mark;
        } else {
            matches = false;
        }
    }
    while (p < parts.list.len && strcmp(parts.list.at[p], "**") == 0)
        p++;
    matches = matches && p == parts.list.len;
    gt_arena_free(arena);
    return matches;
}

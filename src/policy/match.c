#include "match.h"

#include "document.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum { EXPANDED_MAX = 64 * 1024, ARN_PARTS = 6 };

/* row[i]: whether the pattern so far matches the first i bytes of the text. */
static void take_star(bool *row, const char *text, size_t len, bool crosses)
{
    for (size_t i = 0; i < len; i++)
        if (row[i] && (crosses || text[i] != ':'))
            row[i + 1] = true;
}

/* Moves every match one character on where `c` allows it; '?' is one code point. */
static void take_one(const bool *row, bool *next, const char *text, size_t len, int c)
{
    memset(next, 0, len + 1);
    for (size_t i = 0; i < len; i++) {
        if (!row[i])
            continue;
        size_t end = i + 1;
        while (c < 0 && end < len && ((unsigned char)text[end] & 0xC0) == 0x80)
            end++;
        next[end] = next[end] || c < 0 || text[i] == (char)c;
    }
}

bool gt_policy_glob(struct gt_arena *arena, const char *pattern, const char *text, bool segments)
{
    size_t len = strlen(text);
    bool *row = gt_calloc(arena, len + 1, sizeof(*row));
    bool *next = gt_calloc(arena, len + 1, sizeof(*next));
    row[0] = true;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*') {
            take_star(row, text, len, !segments || pattern[1] == '\0' || pattern[1] == ':');
            continue;
        }
        int c = *pattern == '?' ? -1 : (unsigned char)*pattern;
        if (*pattern == GT_LITERAL && pattern[1] != '\0')
            c = (unsigned char)*++pattern;
        take_one(row, next, text, len, c);
        bool *done = row;
        row = next;
        next = done;
    }
    return row[len];
}

/* Cuts an ARN, or a pattern of one, into its six parts; the last one keeps its colons. */
static bool cut_arn(struct gt_arena *arena, const char *arn, const char *parts[ARN_PARTS])
{
    for (size_t i = 0; i + 1 < ARN_PARTS; i++) {
        const char *colon = strchr(arn, ':');
        if (colon == NULL)
            return false;
        parts[i] = gt_strndup(arena, arn, (size_t)(colon - arn));
        arn = colon + 1;
    }
    parts[ARN_PARTS - 1] = arn;
    return true;
}

bool gt_policy_arn_like(struct gt_arena *arena, const char *pattern, const char *text)
{
    const char *wanted[ARN_PARTS], *given[ARN_PARTS];
    if (!cut_arn(arena, text, given))
        return false;
    if (gt_streq(pattern, "*"))
        return true;
    if (!cut_arn(arena, pattern, wanted))
        return false;
    for (size_t i = 0; i < ARN_PARTS; i++)
        if (!gt_policy_glob(arena, wanted[i], given[i], false))
            return false;
    return true;
}

json_t *gt_policy_context(const json_t *context, const char *key)
{
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(context), name,
                        value) if (strcasecmp(name, key) == 0 && !json_is_null(value)) return value;
    return NULL;
}

static void add_literal(struct gt_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("*?\1", *text) != NULL)
            gt_buf_addc(out, GT_LITERAL);
        gt_buf_addc(out, *text);
    }
}

/* The default of ${key, 'default'}, or NULL; ends `name` where the key ends. */
static const char *cut_default(struct gt_arena *arena, char *name)
{
    char *comma = strchr(name, ',');
    if (comma == NULL)
        return NULL;
    const char *from = comma + 1 + strspn(comma + 1, " ");
    while (comma > name && comma[-1] == ' ')
        comma--;
    *comma = '\0';
    size_t len = strlen(from);
    if (len < 2 || *from != '\'' || from[len - 1] != '\'')
        return NULL;
    return gt_strndup(arena, from + 1, len - 2);
}

static bool add_variable(struct gt_arena *arena, struct gt_buf *out, char *name,
                         const json_t *context)
{
    if (name[0] != '\0' && strchr("*?$", name[0]) != NULL && name[1] == '\0') {
        add_literal(out, name);
        return true;
    }
    const char *otherwise = cut_default(arena, name);
    const json_t *value = gt_policy_context(context, name);
    const char *text =
        gt_policy_text(arena, gt_policy_count(value) == 1 ? gt_policy_item(value, 0) : NULL);
    if (text == NULL)
        text = otherwise;
    if (text != NULL)
        add_literal(out, text);
    return text != NULL;
}

const char *gt_policy_expand(struct gt_arena *arena, const char *text, const json_t *context)
{
    if (strstr(text, "${") == NULL)
        return text;
    struct gt_buf out = gt_buf_init(EXPANDED_MAX);
    bool known = true;
    while (known && *text != '\0') {
        const char *close = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;
        if (close == NULL) {
            gt_buf_addc(&out, *text++);
            continue;
        }
        char *name = gt_strndup(arena, text + 2, (size_t)(close - text - 2));
        known = add_variable(arena, &out, name, context);
        text = close + 1;
    }
    const char *expanded = known && !out.overflow ? gt_strdup(arena, gt_buf_text(&out)) : NULL;
    gt_buf_done(&out);
    return expanded;
}

const char *gt_policy_plain(struct gt_arena *arena, const char *pattern)
{
    char *out = gt_strdup(arena, pattern), *to = out;
    for (; *pattern != '\0'; *to++ = *pattern++)
        if (*pattern == GT_LITERAL && pattern[1] != '\0')
            pattern++;
    *to = '\0';
    return out;
}

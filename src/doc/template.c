#include "refs.h"

#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <string.h>

static void add_part(struct gt_arena *arena, struct gt_template *out, const char *text,
                     bool expression, size_t offset)
{
    struct gt_template_part *part = GT_PUSH(arena, &out->parts);
    *part = (struct gt_template_part){.text = text, .expression = expression, .offset = offset};
}

static const char *trimmed(struct gt_arena *arena, const char *from, const char *to)
{
    while (from < to && strchr(" \t\n\r", *from) != NULL)
        from++;
    while (to > from && strchr(" \t\n\r", to[-1]) != NULL)
        to--;
    return gt_strndup(arena, from, (size_t)(to - from));
}

/* Reads the expression behind the "${" at `start`; returns what follows it, or NULL. */
static const char *read_expression(struct gt_arena *arena, const char *text, const char *start,
                                   struct gt_template *out, const char **error)
{
    const char *from = start + 2, *to = strchr(from, '}');
    if (to == NULL) {
        *error = "a reference has no closing brace";
        return NULL;
    }
    const char *expression = trimmed(arena, from, to);
    if (expression[0] == '\0') {
        *error = "a reference is empty";
        return NULL;
    }
    if (strchr(expression, '{') != NULL) {
        *error = "a reference cannot stand within a reference";
        return NULL;
    }
    add_part(arena, out, expression, true, (size_t)(start - text));
    return to + 1;
}

/* Copies literal text up to the next reference or the end to *room, which moves on; returns where
 * the reading stopped. */
static const char *read_literal(const char *start, char **room)
{
    char *literal = *room;
    const char *at = start;
    while (*at != '\0' && !gt_starts_with(at, "${")) {
        bool escape = gt_starts_with(at, "$${");
        at += escape; /* drops one "$" of it */
        for (int i = 0; i <= escape; i++)
            *literal++ = *at++;
    }
    *literal++ = '\0';
    *room = literal;
    return at;
}

bool gt_template_parse(struct gt_arena *arena, const char *text, struct gt_template *out,
                       const char **error)
{
    struct gt_template result = {0};
    char *room = gt_alloc(arena, strlen(text) + 1); /* literals are apart by more than their NULs */
    for (const char *at = text; *at != '\0';) {
        if (gt_starts_with(at, "${")) {
            at = read_expression(arena, text, at, &result, error);
            if (at == NULL)
                return false;
        } else {
            add_part(arena, &result, room, false, (size_t)(at - text));
            at = read_literal(at, &room);
        }
    }
    *out = result;
    return true;
}

char *gt_template_escape(struct gt_arena *arena, const char *text)
{
    struct gt_buf buf = gt_buf_init(2 * strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (gt_starts_with(text, "${"))
            gt_buf_addc(&buf, '$');
        gt_buf_addc(&buf, *text);
    }
    char *escaped = gt_strdup(arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return escaped;
}

bool gt_template_is(const char *text)
{
    for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at + 2, "${"))
        if (at == text || at[-1] != '$')
            return true;
    return false;
}

bool gt_template_is_whole(const char *text)
{
    const char *close = gt_starts_with(text, "${") ? strchr(text, '}') : NULL;
    return close != NULL && close[1] == '\0';
}

const char *gt_template_unescape(struct gt_arena *arena, const char *text)
{
    if (text == NULL || strstr(text, "$${") == NULL)
        return text;
    char *out = gt_alloc(arena, strlen(text) + 1), *to = out;
    while (*text != '\0') {
        text += gt_starts_with(text, "$${");
        *to++ = *text++;
    }
    return out;
}

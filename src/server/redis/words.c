#include "words.h"

#include <ctype.h>
#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 256 * 1024 * 1024 };

/* -- reading -- */

static size_t name_length(const char *text)
{
    size_t len = 0;
    if (isalpha((unsigned char)*text) || *text == '_')
        while (isalnum((unsigned char)text[len]) || text[len] == '_')
            len++;
    return len;
}

static void add_text(struct gt_arena *arena, struct gt_redis_template *word, const char *text,
                     size_t len)
{
    if (len > 0)
        *GT_PUSH(arena, &word->pieces) =
            (struct gt_redis_piece){.text = gt_strndup(arena, text, len)};
}

bool gt_redis_template_parse(struct gt_arena *arena, const char *text,
                             struct gt_redis_template *word)
{
    const char *from = text;
    *word = (struct gt_redis_template){0};
    for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at, '$')) {
        bool braced = at[1] == '{';
        const char *name = at + 1 + braced;
        size_t len = name_length(name);
        if (braced && (len == 0 || name[len] != '}'))
            return false;
        if (len > 0) {
            add_text(arena, word, from, (size_t)(at - from));
            *GT_PUSH(arena, &word->pieces) =
                (struct gt_redis_piece){.name = gt_strndup(arena, name, len)};
            from = at = name + len + braced;
        } else if (at[1] == '$') {
            add_text(arena, word, from, (size_t)(at + 1 - from));
            from = at = at + 2;
        } else {
            at++;
        }
    }
    add_text(arena, word, from, strlen(from));
    return true;
}

bool gt_redis_template_is_fixed(const struct gt_redis_template *word)
{
    for (size_t i = 0; i < word->pieces.len; i++)
        if (word->pieces.at[i].name != NULL)
            return false;
    return true;
}

const char *gt_redis_template_only(const struct gt_redis_template *word)
{
    return word->pieces.len == 1 ? word->pieces.at[0].name : NULL;
}

/* -- filling -- */

void gt_redis_word(struct gt_arena *arena, struct gt_redis_words *words, const char *text,
                   size_t len)
{
    if (words->count == words->room) {
        size_t room = words->room == 0 ? 8 : words->room * 2;
        const char **at = gt_calloc(arena, room, sizeof(*at));
        size_t *lens = gt_calloc(arena, room, sizeof(*lens));
        for (size_t i = 0; i < words->count; i++) {
            at[i] = words->at[i];
            lens[i] = words->lens[i];
        }
        *words = (struct gt_redis_words){at, lens, words->count, room};
    }
    words->at[words->count] = text;
    words->lens[words->count++] = len;
}

/* As short as it can be without losing anything: 0.1, not 0.10000000000000001. */
static const char *real_text(struct gt_arena *arena, double value)
{
    const char *text = gt_printf(arena, "%.15g", value);
    return strtod(text, NULL) == value ? text : gt_printf(arena, "%.17g", value);
}

static void add_value(struct gt_arena *arena, struct gt_buf *out, const json_t *value)
{
    if (json_is_string(value))
        gt_buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_real(value))
        gt_buf_adds(out, real_text(arena, json_real_value(value)));
    else if (!json_is_null(value))
        gt_buf_adds(out, gt_json_canonical(arena, value));
}

static void add_word(struct gt_arena *arena, struct gt_redis_words *out, const json_t *value)
{
    struct gt_buf text = gt_buf_init(WORD_MAX);
    add_value(arena, &text, value);
    gt_redis_word(arena, out, gt_strndup(arena, gt_buf_text(&text), text.len), text.len);
    gt_buf_done(&text);
}

bool gt_redis_template_fill(struct gt_arena *arena, const struct gt_redis_template *word,
                            const json_t *arguments, struct gt_redis_words *out,
                            const char **missing)
{
    const char *only = gt_redis_template_only(word);
    const json_t *value = only != NULL ? json_object_get(arguments, only) : NULL, *element;
    size_t i;
    if (only != NULL) {
        if (json_is_array(value))
            json_array_foreach(value, i, element) add_word(arena, out, element);
        else if (value != NULL)
            add_word(arena, out, value);
        return true;
    }
    struct gt_buf text = gt_buf_init(WORD_MAX);
    *missing = NULL;
    for (i = 0; i < word->pieces.len && *missing == NULL; i++) {
        const struct gt_redis_piece *piece = &word->pieces.at[i];
        value = piece->name != NULL ? json_object_get(arguments, piece->name) : NULL;
        if (piece->text != NULL)
            gt_buf_adds(&text, piece->text);
        else if (value != NULL)
            add_value(arena, &text, value);
        else
            *missing = piece->name;
    }
    if (*missing == NULL)
        gt_redis_word(arena, out, gt_strndup(arena, gt_buf_text(&text), text.len), text.len);
    gt_buf_done(&text);
    return *missing == NULL;
}

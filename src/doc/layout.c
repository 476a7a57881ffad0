#include "layout.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { BOM_BYTES = 3 };

struct laying {
    struct gt_arena *arena;
    const char *text;
    size_t len;
    size_t at, index; /* a byte, and the character that it begins: libyaml counts characters */
    struct gt_place *root, *open;
    const char *key; /* a key that waits for its value */
    size_t key_start, key_end;
};

/* The byte where character `index` begins. */
static size_t byte_of(struct laying *laying, size_t index)
{
    while (laying->index > index) {
        do
            laying->at--;
        while (((unsigned char)laying->text[laying->at] & 0xC0) == 0x80);
        laying->index--;
    }
    while (laying->index < index && laying->at < laying->len) {
        do
            laying->at++;
        while (laying->at < laying->len &&
               ((unsigned char)laying->text[laying->at] & 0xC0) == 0x80);
        laying->index++;
    }
    return laying->at;
}

static bool takes_key(const struct laying *laying)
{
    return laying->open != NULL && laying->open->kind == GT_PLACE_MAP && laying->key == NULL;
}

static struct gt_place *add(struct laying *laying, const yaml_event_t *event,
                            enum gt_place_kind kind, bool marked)
{
    struct gt_place *place = GT_NEW(laying->arena, struct gt_place);
    place->kind = kind;
    place->marked = marked;
    place->start = byte_of(laying, event->start_mark.index);
    place->end = byte_of(laying, event->end_mark.index);
    place->up = laying->open;
    place->key = laying->key;
    place->key_start = laying->key_start;
    place->key_end = laying->key_end;
    laying->key = NULL;
    if (laying->open == NULL)
        laying->root = place;
    else
        *GT_PUSH(laying->arena, &laying->open->parts) = place;
    return place;
}

static void on_scalar(struct laying *laying, const yaml_event_t *event)
{
    if (takes_key(laying)) {
        laying->key = gt_strndup(laying->arena, (const char *)event->data.scalar.value,
                                 event->data.scalar.length);
        laying->key_start = byte_of(laying, event->start_mark.index);
        laying->key_end = byte_of(laying, event->end_mark.index);
        return;
    }
    add(laying, event, GT_PLACE_SCALAR,
        event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL);
}

static void on_alias(struct laying *laying, const yaml_event_t *event)
{
    if (takes_key(laying)) {
        laying->key = ""; /* nobody finds it by a pointer */
        laying->key_start = laying->key_end = byte_of(laying, event->start_mark.index);
        return;
    }
    add(laying, event, GT_PLACE_ALIAS, false);
}

static void on_map(struct laying *laying, const yaml_event_t *event)
{
    struct gt_place *place =
        add(laying, event, GT_PLACE_MAP,
            event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL);
    place->block = event->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE;
    laying->open = place;
}

static void on_list(struct laying *laying, const yaml_event_t *event)
{
    struct gt_place *place =
        add(laying, event, GT_PLACE_LIST,
            event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL);
    place->block = event->data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
    laying->open = place;
}

static void on_end(struct laying *laying, const yaml_event_t *event)
{
    struct gt_place *place = laying->open;
    if (!place->block)
        place->end = byte_of(laying, event->end_mark.index);
    else if (place->parts.len > 0)
        place->end = place->parts.at[place->parts.len - 1]->end;
    laying->open = place->up;
}

static void take(struct laying *laying, const yaml_event_t *event)
{
    static void (*const handlers[])(struct laying * laying, const yaml_event_t *event) = {
        [YAML_SCALAR_EVENT] = on_scalar,       [YAML_ALIAS_EVENT] = on_alias,
        [YAML_MAPPING_START_EVENT] = on_map,   [YAML_MAPPING_END_EVENT] = on_end,
        [YAML_SEQUENCE_START_EVENT] = on_list, [YAML_SEQUENCE_END_EVENT] = on_end,
    };
    if ((size_t)event->type < GT_COUNT(handlers) && handlers[event->type] != NULL)
        handlers[event->type](laying, event);
}

struct gt_place *gt_layout(struct gt_arena *arena, const char *text, size_t len)
{
    struct laying laying = {.arena = arena, .text = text, .len = len};
    if (len >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return NULL;
    if (len >= BOM_BYTES && memcmp(text, "\xEF\xBB\xBF", BOM_BYTES) == 0)
        laying.at = BOM_BYTES; /* libyaml does not count it */
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        gt_die("out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    for (bool over = false; !over;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            laying.root = NULL;
            break;
        }
        over = event.type == YAML_STREAM_END_EVENT;
        take(&laying, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return laying.root;
}

static struct gt_place *part_of(struct gt_arena *scratch, struct gt_place *place, const char *token,
                                size_t len)
{
    const char *name = gt_pointer_unescape(scratch, token, len);
    if (place->kind == GT_PLACE_LIST) {
        size_t index = strtoul(name, NULL, 10);
        bool number = *name != '\0' && strspn(name, "0123456789") == strlen(name);
        return number && index < place->parts.len ? place->parts.at[index] : NULL;
    }
    for (size_t i = 0; place->kind == GT_PLACE_MAP && i < place->parts.len; i++)
        if (gt_streq(place->parts.at[i]->key, name))
            return place->parts.at[i];
    return NULL;
}

struct gt_place *gt_place_find(struct gt_place *root, const char *pointer)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct gt_place *place = root;
    while (place != NULL && *pointer == '/') {
        size_t len = strcspn(pointer + 1, "/");
        place = part_of(scratch, place, pointer + 1, len);
        pointer += 1 + len;
    }
    return place;
}

/* The entries of the sections, whichever way they are written, and looking into them. */
#include "reading.h"

#include <gantry/base/json.h>
#include <gantry/base/pattern.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>

/* Formats, appends with `append` (gt_error, gt_warning) and says where. */
#define TELL(append, diags, arena, marks)                                                          \
    va_list args;                                                                                  \
    va_start(args, format);                                                                        \
    struct gt_diag *diag = append(diags, code, "%s", gt_vprintf(arena, format, args));             \
    va_end(args);                                                                                  \
    diag->pos = gt_marks_pos(marks, pointer);                                                      \
    return diag

struct gt_diag *gt_reading_error(const struct gt_reading *reading, const char *pointer,
                                 const char *code, const char *format, ...)
{
    TELL(gt_error, reading->diags, reading->arena, reading->doc.marks);
}

struct gt_diag *gt_reading_warning(const struct gt_reading *reading, const char *pointer,
                                   const char *code, const char *format, ...)
{
    TELL(gt_warning, reading->diags, reading->arena, reading->doc.marks);
}

struct gt_diag *gt_config_error(const struct gt_config *config, struct gt_diags *diags,
                                const char *pointer, const char *code, const char *format, ...)
{
    TELL(gt_error, diags, config->arena, config->marks);
}

/* The name of a list's element as text; NULL after an error. */
static const char *name_of(const struct gt_reading *reading, const struct gt_section_of *section,
                           const json_t *value, const char *pointer)
{
    const char *at = gt_printf(reading->arena, "%s/name", pointer);
    const struct gt_mark *mark = gt_marks_get(reading->doc.marks, at);
    const json_t *name = json_object_get(value, "name");
    if (!json_is_object(value)) {
        gt_reading_error(reading, pointer, "wrong-type", "a %s must be a map", section->word)
            ->hint = "write name: NAME and the other keys of the entry";
        return NULL;
    }
    if (json_is_string(name))
        return json_string_value(name);
    if (name != NULL && !json_is_object(name) && !json_is_array(name) && mark != NULL)
        return mark->raw; /* 404 is a name, too */
    gt_reading_error(reading, pointer, "missing-key", "a %s in a list needs a name", section->word)
        ->hint = "add name: NAME";
    return NULL;
}

static void add_entry(const struct gt_reading *reading, const struct gt_section_of *section,
                      struct gt_entries *out, const struct gt_entry *entry)
{
    const struct gt_entry *first = gt_map_get(&out->by_name, entry->name);
    const char *at = gt_printf(reading->arena, "%s/name", entry->pointer);
    const char *shown =
        gt_one_line(reading->arena, gt_marks_shown(reading->doc.marks, at, entry->name), 64);
    struct gt_pos pos = gt_marks_key_pos(reading->doc.marks, entry->pointer);
    if (first != NULL) {
        struct gt_diag *diag =
            gt_reading_error(reading, entry->pointer, "duplicate-name",
                             "there are two %ss named \"%s\"", section->word, shown);
        diag->pos = pos;
        diag->hint = gt_printf(reading->arena, "the other one is in line %u",
                               gt_marks_key_pos(reading->doc.marks, first->pointer).line);
        return;
    }
    if (!gt_pattern_matches(section->rule->pattern, entry->name)) {
        struct gt_diag *diag = gt_reading_error(reading, entry->pointer, "bad-name",
                                                "\"%s\" cannot name a %s", shown, section->word);
        diag->pos = pos;
        diag->hint = gt_printf(reading->arena, "use %s", section->rule->words);
    }
    *GT_PUSH(reading->arena, &out->list) = *entry;
    struct gt_entry *kept = GT_NEW(reading->arena, struct gt_entry);
    *kept = *entry;
    gt_map_set(&out->by_name, entry->name, kept);
}

void gt_reading_entries(const struct gt_reading *reading, const struct gt_section_of *section,
                        struct gt_entries *out)
{
    struct gt_arena *arena = reading->arena;
    const json_t *all = json_object_get(reading->top, section->name);
    const char *base = gt_printf(arena, "/%s", section->name), *name;
    json_t *value, *empty = gt_keep(arena, json_object());
    size_t i;
    *out = (struct gt_entries){.by_name = gt_map_init(arena)};
    json_object_foreach(gt_iterable(all), name, value)
    {
        struct gt_entry entry = {.name = gt_strdup(arena, name),
                                 .pointer = gt_pointer_join(arena, base, name),
                                 .value = json_is_null(value) ? empty : value};
        add_entry(reading, section, out, &entry);
    }
    json_array_foreach(all, i, value)
    {
        const char *pointer = gt_pointer_index(arena, base, i);
        struct gt_entry entry = {
            .name = name_of(reading, section, value, pointer), .pointer = pointer, .value = value};
        if (entry.name != NULL)
            add_entry(reading, section, out, &entry);
    }
}

static enum gt_resolution leave(void *payload, const char *pointer, const char *expression,
                                json_t **value, struct gt_diags *diags)
{
    (void)payload;
    (void)pointer;
    (void)expression;
    (void)value;
    (void)diags;
    return GT_UNKNOWN;
}

static const json_t *check(const struct gt_reading *reading, const struct gt_entry *entry,
                           const struct gt_key *keys, bool *good)
{
    const struct gt_key key = {.takes = GT_TAKES_FIELDS, .fields = keys, .summary = "an entry"};
    const struct gt_keys_run run = {.arena = reading->arena,
                                    .document = "the configuration",
                                    .marks = reading->doc.marks,
                                    .corrected = reading->doc.marks,
                                    .diags = reading->diags};
    size_t errors = reading->diags->errors;
    const json_t *checked =
        gt_keep(reading->arena, gt_keys_check(&run, &key, entry->value, entry->pointer));
    const char *name = gt_text_of(checked, "/name");
    const char *at = gt_printf(reading->arena, "%s/name", entry->pointer);
    if (name != NULL && *entry->pointer != '\0' && !gt_streq(name, entry->name))
        gt_reading_error(reading, at, "name-differs",
                         "the name \"%s\" is not that of the entry, \"%s\"",
                         gt_marks_shown(reading->doc.marks, at, name), entry->name)
            ->hint = "leave one of them out";
    *good = reading->diags->errors == errors && !gt_has_refs(checked);
    return checked;
}

const json_t *gt_reading_final(const struct gt_reading *reading, const json_t *checked)
{
    size_t mark = gt_diags_mark(reading->diags);
    json_t *final = gt_resolve(reading->arena, checked, true, leave, NULL, NULL, reading->diags);
    gt_diags_rewind(reading->diags, mark); /* what is malformed was reported before */
    return final != NULL ? gt_keep(reading->arena, final) : checked;
}

const json_t *gt_reading_check(const struct gt_reading *reading, const struct gt_entry *entry,
                               const struct gt_key *keys, bool *good)
{
    return gt_reading_final(reading, check(reading, entry, keys, good));
}

void gt_reading_top(struct gt_reading *reading, const json_t *document)
{
    const struct gt_entry whole = {.name = "", .pointer = "", .value = document};
    bool good;
    reading->top = check(reading, &whole, gt_config_keys, &good);
}

bool gt_was_reported(const char *text)
{
    return gt_streq(text, GT_REPORTED);
}

const char *gt_text_of(const json_t *value, const char *pointer)
{
    const char *text = gt_text_at(value, pointer);
    return gt_was_reported(text) ? NULL : text;
}

void gt_reading_unknown(const struct gt_reading *reading, const char *pointer, const char *word,
                        const char *name, const struct gt_entries *entries)
{
    const char **names = gt_calloc(reading->arena, entries->list.len + 1, sizeof(*names));
    for (size_t i = 0; i < entries->list.len; i++)
        names[i] = entries->list.at[i].name;
    const char *near = gt_nearest(name, names);
    const char *shown = gt_marks_shown(reading->doc.marks, pointer, name);
    struct gt_diag *diag =
        gt_reading_error(reading, pointer, "dangling-reference", "there is no %s \"%s\"", word,
                         gt_one_line(reading->arena, shown, 64));
    diag->hint = near != NULL ? gt_printf(reading->arena, "did you mean \"%s\"?", near)
                              : gt_printf(reading->arena, "add it under %ss", word);
}

int64_t gt_number_at(const json_t *value, const char *pointer, int64_t otherwise)
{
    const json_t *number = gt_at(value, pointer);
    return json_is_integer(number) ? json_integer_value(number) : otherwise;
}

bool gt_flag_at(const json_t *value, const char *pointer, bool otherwise)
{
    const json_t *flag = gt_at(value, pointer);
    return json_is_boolean(flag) ? json_is_true(flag) : otherwise;
}

const char *const *gt_texts_at(struct gt_arena *arena, const json_t *value, const char *pointer)
{
    const json_t *list = gt_at(value, pointer);
    size_t count = json_is_string(list) ? 1 : json_array_size(list);
    if (list == NULL)
        return NULL;
    const char **texts = gt_calloc(arena, count + 1, sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        texts[i] = json_string_value(json_is_string(list) ? list : json_array_get(list, i));
    return texts;
}

struct gt_limits gt_limits_at(const json_t *value, const char *pointer)
{
    const json_t *limits = gt_at(value, pointer);
    return (struct gt_limits){
        .max_in_flight = gt_number_at(limits, "/max_in_flight", 0),
        .max_concurrent = gt_number_at(limits, "/max_concurrent", 0),
        .requests_per_second = json_number_value(json_object_get(limits, "requests_per_second")),
        .timeout_ms = gt_number_at(limits, "/timeout_ms", 0),
    };
}

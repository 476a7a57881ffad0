/* Entries by the table of their type; sources. */
#include "reading.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static struct gt_types_of source_types(struct gt_arena *arena)
{
    struct gt_types_of types = {.common = gt_source_common_keys};
    while (gt_source_types[types.count] != NULL)
        types.count++;
    const char **names = gt_calloc(arena, types.count + 1, sizeof(*names));
    const struct gt_key **keys = gt_calloc(arena, types.count + 1, sizeof(*keys));
    for (size_t i = 0; i < types.count; i++) {
        names[i] = gt_source_types[i]->name;
        keys[i] = gt_source_types[i]->keys;
    }
    types.names = names;
    types.keys = keys;
    return types;
}

/* Where the type is not known, what any type has is allowed and nothing is asked for, so that the
 * entry's own mistakes are still seen. */
static const struct gt_key *keys_of_all(struct gt_arena *arena, const struct gt_types_of *types)
{
    GT_VEC(struct gt_key) rows = {0};
    for (size_t i = 0; i < types->count; i++)
        for (const struct gt_key *key = types->keys[i]; key != NULL && key->name != NULL; key++) {
            struct gt_key *row = GT_PUSH(arena, &rows);
            *row =
                (struct gt_key){.name = key->name, .takes = GT_TAKES_ANY, .summary = key->summary};
        }
    *GT_PUSH(arena, &rows) = (struct gt_key){.name = NULL};
    return gt_keys_joined(arena, rows.at, types->common);
}

static const char *list_of(struct gt_arena *arena, const char *const *names)
{
    const char *all = "";
    for (size_t i = 0; names[i] != NULL; i++)
        all = gt_printf(arena, "%s%s%s", all, i > 0 ? ", " : "", names[i]);
    return all;
}

static void unknown_type(const struct gt_reading *reading, const struct gt_entry *entry,
                         const struct gt_types_of *types, const char *given, const char *near)
{
    const char *at = gt_printf(reading->arena, "%s/type", entry->pointer);
    struct gt_diag *diag = gt_reading_error(
        reading, at, "unknown-value", "there is no type \"%s\"",
        gt_one_line(reading->arena, gt_marks_shown(reading->doc.marks, at, given), 64));
    diag->hint = near != NULL ? gt_printf(reading->arena, "did you mean \"%s\"?", near)
                              : gt_printf(reading->arena, "use one of %s",
                                          list_of(reading->arena, types->names));
}

const json_t *gt_reading_check_typed(const struct gt_reading *reading, const struct gt_entry *entry,
                                     const struct gt_types_of *types, size_t *row, bool *good)
{
    const char *given = gt_text_of(entry->value, "/type");
    const char *near = NULL;
    bool known = false;
    *row = types->count;
    for (size_t i = 0; given != NULL && i < types->count; i++)
        if (strcmp(types->names[i], given) == 0)
            *row = i;
    known = *row < types->count;
    if (given != NULL && !known) {
        near = gt_nearest(given, types->names);
        unknown_type(reading, entry, types, given, near);
        for (size_t i = 0; near != NULL && i < types->count; i++)
            if (types->names[i] == near)
                *row = i;
    }
    const struct gt_key *keys =
        *row < types->count ? gt_keys_joined(reading->arena, types->keys[*row], types->common)
                            : keys_of_all(reading->arena, types);
    const json_t *value = gt_reading_check(reading, entry, keys, good);
    *good &= known;
    return value;
}

void gt_read_sources(struct gt_reading *reading)
{
    static const struct gt_section_of section = {"sources", "source", &gt_entry_name};
    struct gt_config *config = reading->config;
    const struct gt_types_of types = source_types(reading->arena);
    size_t errors = reading->diags->errors;
    gt_reading_entries(reading, &section, &reading->sources);
    reading->sources_broken = reading->diags->errors != errors;
    for (size_t i = 0; i < reading->sources.list.len; i++) {
        const struct gt_entry *entry = &reading->sources.list.at[i];
        size_t row;
        bool good;
        const json_t *value = gt_reading_check_typed(reading, entry, &types, &row, &good);
        reading->sources_broken |= !good;
        if (!good)
            continue;
        *GT_PUSH(reading->arena, &config->sources) =
            (struct gt_source_config){.name = entry->name,
                                      .type = gt_source_types[row],
                                      .settings = value,
                                      .pointer = entry->pointer};
    }
    for (size_t i = 0; i < config->sources.len; i++) {
        const struct gt_source_config *source = &config->sources.at[i];
        if (source->type->check != NULL)
            source->type->check(config, source, reading->diags);
    }
}

const struct gt_source_config *gt_config_source(const struct gt_config *config, const char *name)
{
    for (size_t i = 0; i < config->sources.len; i++)
        if (gt_streq(config->sources.at[i].name, name))
            return &config->sources.at[i];
    return NULL;
}

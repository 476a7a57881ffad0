/* The configuration for editors and for people, from its tables and those of the types. */
#include "reading.h"

#include <gantry/base/json.h>

/* Entries by the keys of their type, each with the type's name as a constant. */
static void add_choice(json_t *choices, const char *type, const char *summary,
                       const struct gt_key *keys)
{
    json_t *schema = gt_fields_schema(keys);
    json_object_set_new(schema, "description", json_string(summary));
    gt_put_at(schema, "/properties/type", json_pack("{s:s}", "const", type));
    json_array_append_new(choices, schema);
}

static json_t *section_of(const char *summary, json_t *entry)
{
    json_t *out =
        json_pack("{s:s, s:[{s:s, s:O}, {s:s, s:O}]}", "description", summary, "anyOf", "type",
                  "object", "additionalProperties", entry, "type", "array", "items", entry);
    json_decref(entry);
    return out;
}

json_t *gt_config_schema(void)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *arena = gt_arena_new();
    json_t *sources = json_array(), *tools = json_array(), *out = gt_fields_schema(gt_config_keys);
    for (const struct gt_source_type *const *type = gt_source_types; *type != NULL; type++)
        add_choice(sources, (*type)->name, (*type)->summary,
                   gt_keys_joined(arena, (*type)->keys, gt_source_common_keys));
    for (const struct gt_tool_type *const *type = gt_tool_types; *type != NULL; type++)
        add_choice(tools, (*type)->name, (*type)->summary,
                   gt_keys_joined(arena, (*type)->keys, gt_tool_common_keys));
    const struct {
        const char *name;
        json_t *entry;
    } sections[] = {
        {"sources", json_pack("{s:o}", "anyOf", sources)},
        {"tools", json_pack("{s:o}", "anyOf", tools)},
        {"toolsets", gt_fields_schema(gt_toolset_keys)},
        /* a name alone is a tier where all is as by default */
        {"tiers",
         json_pack("{s:[o, {s:s}]}", "anyOf", gt_fields_schema(gt_tier_keys), "type", "null")},
    };
    json_t *properties = json_object_get(out, "properties");
    for (size_t i = 0; i < GT_COUNT(sections); i++)
        json_object_set_new(
            properties, sections[i].name,
            section_of(gt_key_find(gt_config_keys, sections[i].name)->summary, sections[i].entry));
    json_object_set_new(out, "$schema",
                        json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(out, "title", json_string("gantry-mcp configuration"));
    return out;
}

char *gt_config_manual(struct gt_arena *arena)
{
    static const struct {
        const char *title;
        const struct gt_key *keys;
    } parts[] = {
        {"The file", gt_config_keys},
        {"An entry of sources, beside the keys of its type", gt_source_common_keys},
        {"An entry of tools, beside the keys of its type", gt_tool_common_keys},
        {"An entry of toolsets", gt_toolset_keys},
        {"An entry of tiers", gt_tier_keys},
    };
    char *text = gt_strdup(arena, "");
    for (size_t i = 0; i < GT_COUNT(parts); i++)
        text = gt_printf(arena, "%s%s:\n\n%s\n", text, parts[i].title,
                         gt_keys_manual(arena, parts[i].keys, NULL));
    return gt_printf(arena,
                     "%sReferences: ${env.NAME}, ${file.PATH} (without the line break at its end); "
                     "$${ is a literal ${\n",
                     text);
}

/* Toolsets, and which tools and toolsets each tier serves. */
#include "reading.h"

#include <gantry/base/str.h>

static void read_toolset(struct gt_reading *reading, const struct gt_entry *entry)
{
    struct gt_arena *arena = reading->arena;
    bool good;
    const json_t *value = gt_reading_check(reading, entry, gt_toolset_keys, &good);
    const char *const *names = gt_texts_at(arena, value, "/tools");
    struct gt_toolset *toolset = GT_NEW(arena, struct gt_toolset);
    *toolset =
        (struct gt_toolset){.name = entry->name, .description = gt_text_of(value, "/description")};
    struct gt_map seen = gt_map_init(arena);
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        const char *at = gt_printf(arena, "%s/tools/%zu", entry->pointer, i);
        const struct gt_tool *tool = gt_config_tool(reading->config, names[i]);
        if (gt_was_reported(names[i]))
            continue;
        if (gt_map_get(&reading->tools.by_name, names[i]) == NULL)
            gt_reading_unknown(reading, at, "tool", names[i], &reading->tools);
        else if (gt_map_get(&seen, names[i]) != NULL)
            gt_reading_warning(reading, at, "duplicate-name", "toolset \"%s\" names \"%s\" twice",
                               entry->name, names[i])
                ->hint = "leave one of them out";
        else if (tool != NULL)
            *GT_PUSH(arena, &toolset->tools) = tool;
        gt_map_set(&seen, names[i], toolset);
    }
    gt_tools_sort(toolset->tools.at, toolset->tools.len);
    *GT_PUSH(arena, &reading->config->toolsets) = toolset;
}

static struct gt_toolset *find_toolset(const struct gt_config *config, const char *name)
{
    for (size_t i = 0; i < config->toolsets.len; i++)
        if (gt_streq(config->toolsets.at[i]->name, name))
            return config->toolsets.at[i];
    return NULL;
}

/* Adds a toolset with those of its tools that are this tier's. False when there are none. */
static bool add_toolset(const struct gt_reading *reading, struct gt_tier *tier,
                        const struct gt_toolset *toolset)
{
    struct gt_toolset *own = GT_NEW(reading->arena, struct gt_toolset);
    *own = (struct gt_toolset){.name = toolset->name, .description = toolset->description};
    for (size_t i = 0; i < toolset->tools.len; i++)
        if (gt_streq(toolset->tools.at[i]->tier, tier->name))
            *GT_PUSH(reading->arena, &own->tools) = toolset->tools.at[i];
    if (own->tools.len > 0)
        *GT_PUSH(reading->arena, &tier->toolsets) = own;
    return own->tools.len > 0;
}

/* The toolsets that a tier names, or all that have tools of it. */
static void choose_toolsets(const struct gt_reading *reading, struct gt_tier *tier,
                            const char *const *names, const char *pointer)
{
    const struct gt_config *config = reading->config;
    for (size_t i = 0; names == NULL && i < config->toolsets.len; i++)
        add_toolset(reading, tier, config->toolsets.at[i]);
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        const char *at = gt_printf(reading->arena, "%s/toolsets/%zu", pointer, i);
        const struct gt_toolset *toolset = find_toolset(config, names[i]);
        if (gt_was_reported(names[i]))
            continue;
        if (toolset == NULL)
            gt_reading_unknown(reading, at, "toolset", names[i], &reading->toolsets);
        else if (!add_toolset(reading, tier, toolset) && reading->diags->errors == 0)
            gt_reading_warning(reading, at, "empty-toolset",
                               "toolset \"%s\" has no tools of tier \"%s\"", names[i], tier->name)
                ->hint = "name another toolset, or give it tools of this tier";
    }
}

static bool is_offered(const struct gt_tier *tier, const struct gt_tool *tool)
{
    for (size_t i = 0; i < tier->toolsets.len; i++)
        for (size_t k = 0; k < tier->toolsets.at[i]->tools.len; k++)
            if (tier->toolsets.at[i]->tools.at[k] == tool)
                return true;
    return false;
}

static void warn_unreachable(const struct gt_reading *reading, const struct gt_tier *tier,
                             const struct gt_tool *tool)
{
    const char *at = gt_printf(reading->arena, "%s/security", tool->pointer);
    if (tool->requires_auth && tier->jwt == NULL && tier->trust == GT_TRUST_NONE)
        gt_reading_warning(reading, at, "unreachable-tool",
                           "tool \"%s\" requires_auth, and tier \"%s\" asks nobody for a token",
                           tool->name, tier->name)
            ->hint = "add auth to the tier; until then calls over its listener are refused";
    else if (tool->scopes[0] != NULL && tier->jwt == NULL)
        gt_reading_warning(reading, at, "unreachable-tool",
                           "tool \"%s\" wants scopes, and tier \"%s\" reads no tokens", tool->name,
                           tier->name)
            ->hint = tier->trust == GT_TRUST_NONE
                         ? "add auth to the tier; until then calls over its listener are refused"
                         : "nothing that AgentCore sends says which scopes a caller has: use auth "
                           "instead of trust, or leave the scopes to the gateway's policy";
}

static void fill_tier(const struct gt_reading *reading, struct gt_tier *tier,
                      const struct gt_entry *entry)
{
    const char *const *names =
        entry != NULL ? gt_texts_at(reading->arena, entry->value, "/toolsets") : NULL;
    choose_toolsets(reading, tier, names, entry != NULL ? entry->pointer : "");
    for (size_t i = 0; i < reading->config->tools.len; i++) {
        const struct gt_tool *tool = reading->config->tools.at[i];
        if (!gt_streq(tool->tier, tier->name) || (names != NULL && !is_offered(tier, tool)))
            continue;
        *GT_PUSH(reading->arena, &tier->tools) = tool;
        warn_unreachable(reading, tier, tool);
    }
}

void gt_read_toolsets(struct gt_reading *reading)
{
    static const struct gt_section_of section = {"toolsets", "toolset", &gt_entry_name};
    struct gt_config *config = reading->config;
    gt_reading_entries(reading, &section, &reading->toolsets);
    for (size_t i = 0; i < reading->toolsets.list.len; i++)
        read_toolset(reading, &reading->toolsets.list.at[i]);
    for (size_t i = 0; i < config->tiers.len; i++)
        fill_tier(reading, &config->tiers.at[i],
                  i < reading->tiers.list.len ? &reading->tiers.list.at[i] : NULL);
}

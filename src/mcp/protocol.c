#include <gantry/mcp/protocol.h>

#include <gantry/base/str.h>

static const char *const names[] = {
    [GT_MCP_UNKNOWN] = NULL,
    [GT_MCP_2025_03_26] = "2025-03-26",
    [GT_MCP_2025_06_18] = "2025-06-18",
    [GT_MCP_2025_11_25] = "2025-11-25",
    [GT_MCP_2026_07_28] = "2026-07-28",
};

const char *gt_mcp_version_name(enum gt_mcp_version version)
{
    return names[version];
}

enum gt_mcp_version gt_mcp_version_find(const char *name)
{
    for (size_t i = GT_MCP_UNKNOWN + 1; name != NULL && i < GT_COUNT(names); i++)
        if (gt_streq(name, names[i]))
            return (enum gt_mcp_version)i;
    return GT_MCP_UNKNOWN;
}

bool gt_mcp_is_modern(enum gt_mcp_version version)
{
    return version >= GT_MCP_2026_07_28;
}

/* The kinds of tools, one row each. */
#include "files/files.h"
#include "postgres/tools.h"
#include "redis/tools.h"

#include <gantry/server/tool.h>

#include <gantry/base/str.h>

const struct gt_tool_type *const gt_tool_types[] = {
    &gt_tool_postgres_sql,
    &gt_tool_postgres_query,
    &gt_tool_redis_command,
    &gt_tool_redis_invalidate,
    &gt_tool_file_read,
    &gt_tool_file_list,
    NULL,
};

const struct gt_tool_type *gt_tool_type_find(const char *name)
{
    for (const struct gt_tool_type *const *type = gt_tool_types; *type != NULL; type++) {
        if (gt_streq((*type)->name, name))
            return *type;
    }
    return NULL;
}

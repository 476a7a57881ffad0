/* The kinds of sources, one row each. */
#include "files/files.h"
#include "postgres/tools.h"
#include "redis/tools.h"

#include <gantry/server/tool.h>

#include <gantry/base/str.h>

const struct gt_source_type *const gt_source_types[] = {
    &gt_source_postgres,
    &gt_source_redis,
    &gt_source_filesystem,
    NULL,
};

const struct gt_source_type *gt_source_type_find(const char *name)
{
    for (const struct gt_source_type *const *type = gt_source_types; *type != NULL; type++) {
        if (gt_streq((*type)->name, name))
            return *type;
    }
    return NULL;
}

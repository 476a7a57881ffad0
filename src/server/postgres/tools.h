/* What the tools on PostgreSQL share: their keys, and how an error is told. */
#ifndef GANTRY_SERVER_POSTGRES_TOOLS_H
#define GANTRY_SERVER_POSTGRES_TOOLS_H

#include "pool.h"
#include "rows.h"

enum { GT_PG_MAX_ROWS = 1000, GT_PG_MAX_BYTES = 1024 * 1024, GT_PG_TIMEOUT_MS = 5000 };

#define GT_PG_CAPS                                                                                 \
    {.name = "max_rows",                                                                           \
     .takes = GT_TAKES_INTEGER,                                                                    \
     .min = 1,                                                                                     \
     .max = 1000000,                                                                               \
     .summary = "rows that a call returns at the most (1000)"},                                    \
    {                                                                                              \
        .name = "max_bytes", .takes = GT_TAKES_INTEGER, .min = 1, .max = 32 << 20,                 \
        .summary = "bytes of rows, as JSON, that a call returns at the most (1048576)"             \
    }

extern const struct gt_tool_type gt_tool_postgres_sql, gt_tool_postgres_query;

int64_t gt_pg_setting(const struct gt_tool *tool, const char *name, int64_t otherwise);

/* Milliseconds that a call still has, `most` at the most; at least 1. */
int64_t gt_pg_time_left(const struct gt_tool_call *call, int64_t most);

/* Ends a call that the database refused, or whose connection broke. `safe`: nothing was done, it
 * may be repeated. `before`: characters of the statement that are not the caller's. */
void gt_pg_tell_error(struct gt_tool_call *call, const struct gt_pg_end *end, bool safe,
                      int before);

#endif

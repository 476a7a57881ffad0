/* Rows on their way to a client: written as JSON up to the caps on rows and bytes. */
#ifndef GANTRY_SERVER_POSTGRES_ROWS_H
#define GANTRY_SERVER_POSTGRES_ROWS_H

#include <gantry/base/buf.h>
#include <gantry/server/tool.h>
#include <libpq-fe.h>

struct gt_pg_rows {
    struct gt_arena *arena;
    int64_t max_rows, max_bytes;
    struct gt_buf columns, rows; /* JSON, without the brackets */
    int64_t count, dropped;      /* bytes that came beyond a cap */
    bool known;                  /* the columns */
    bool truncated;
    const char **members; /* of the columns, each of its own: "name": */
    int width;
};

void gt_pg_rows_begin(struct gt_pg_rows *rows, struct gt_arena *arena, int64_t max_rows,
                      int64_t max_bytes);
void gt_pg_rows_free(struct gt_pg_rows *rows);
/* Columns of a result, also of one without rows. */
void gt_pg_rows_columns(struct gt_pg_rows *rows, const PGresult *result);
/* False when the row was beyond a cap and was left out, as are all behind it. Bytes are those of
 * the rows as JSON. */
bool gt_pg_rows_add(struct gt_pg_rows *rows, const PGresult *result, int row);

/* Whether so much came beyond a cap that it is worth stopping the server. */
bool gt_pg_rows_enough(const struct gt_pg_rows *rows);

/* Writes {columns: [{name, type}], rows: [{name: value}], row_count, truncated}, with affected_rows
 * where it is not negative. */
void gt_pg_rows_write(struct gt_pg_rows *rows, int64_t affected, struct gt_buf *out);
/* Ends the call with that, and frees the rows. */
void gt_pg_rows_answer(struct gt_pg_rows *rows, int64_t affected, struct gt_tool_call *call);
/* The schema of that; new reference. */
json_t *gt_pg_rows_schema(void);

/* How many rows a command worked on, as its tag says; -1: it does not. */
int64_t gt_pg_affected(const PGresult *result);
/* The command's tag: "INSERT 0 1". */
const char *gt_pg_tag(const PGresult *result);

#endif

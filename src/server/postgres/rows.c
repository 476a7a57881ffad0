#include "rows.h"

#include "values.h"

#include <gantry/base/map.h>
#include <stdlib.h>
#include <string.h>

void gt_pg_rows_begin(struct gt_pg_rows *rows, struct gt_arena *arena, int64_t max_rows,
                      int64_t max_bytes)
{
    enum { COLUMNS_MAX = 1 << 20, ONE_MORE = 256 << 20 };
    *rows = (struct gt_pg_rows){.arena = arena, .max_rows = max_rows, .max_bytes = max_bytes};
    rows->columns = gt_buf_init(COLUMNS_MAX);
    rows->rows = gt_buf_init((size_t)max_bytes + ONE_MORE);
}

void gt_pg_rows_free(struct gt_pg_rows *rows)
{
    gt_buf_done(&rows->columns);
    gt_buf_done(&rows->rows);
}

/* "id", and for a second column of that name "id_2": an object cannot have both. */
static const char *own_name(struct gt_pg_rows *rows, struct gt_map *seen, const char *name)
{
    struct {
        int next;
    } *times = gt_map_get(seen, name);
    if (times == NULL) {
        times = gt_alloc(rows->arena, sizeof(*times));
        times->next = 2;
        gt_map_set(seen, name, times);
        return gt_strdup(rows->arena, name);
    }
    const char *own;
    do
        own = gt_printf(rows->arena, "%s_%d", name, times->next++);
    while (gt_map_get(seen, own) != NULL);
    return own_name(rows, seen, own);
}

void gt_pg_rows_columns(struct gt_pg_rows *rows, const PGresult *result)
{
    if (rows->known)
        return;
    struct gt_map seen = gt_map_init(rows->arena);
    rows->known = true;
    rows->width = PQnfields(result);
    rows->members = gt_calloc(rows->arena, (size_t)rows->width + 1, sizeof(*rows->members));
    for (int i = 0; i < rows->width; i++) {
        const char *name = own_name(rows, &seen, gt_pg_clean(rows->arena, PQfname(result, i)));
        struct gt_buf *out = &rows->columns;
        gt_buf_adds(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        size_t start = out->len;
        gt_buf_add_quoted(out, name, strlen(name));
        rows->members[i] = out->overflow ? "" : gt_printf(rows->arena, "%s:", out->ptr + start);
        gt_buf_addf(out, ",\"type\":\"%s\"}", gt_pg_type_name(PQftype(result, i)));
    }
}

bool gt_pg_rows_enough(const struct gt_pg_rows *rows)
{
    enum { MUCH = 4 << 20 };
    return rows->dropped > MUCH;
}

/* Reading a value costs many times its size in memory and time, for nothing where the result is
 * beyond the cap anyway: no value loses so much of its length when it is written. */
static bool is_far_too_long(const struct gt_pg_rows *rows, int len)
{
    enum { LOSS = 4 };
    return len / LOSS > rows->max_bytes;
}

bool gt_pg_rows_add(struct gt_pg_rows *rows, const PGresult *result, int row)
{
    if (rows->truncated) {
        for (int i = 0; i < rows->width; i++)
            rows->dropped += PQgetlength(result, row, i) + 1;
        return false;
    }
    gt_pg_rows_columns(rows, result);
    struct gt_buf *out = &rows->rows;
    size_t before = out->len;
    rows->truncated = rows->count >= rows->max_rows;
    for (int i = 0; i < rows->width && !rows->truncated; i++) {
        gt_buf_adds(out, i > 0 ? "," : rows->count > 0 ? ",{" : "{");
        int len = PQgetlength(result, row, i);
        gt_buf_adds(out, rows->members[i]);
        if (PQgetisnull(result, row, i))
            gt_buf_adds(out, "null");
        else if (!is_far_too_long(rows, len))
            gt_pg_write_value(out, PQftype(result, i), PQgetvalue(result, row, i), (size_t)len);
        rows->truncated =
            is_far_too_long(rows, len) || out->overflow || out->len > (size_t)rows->max_bytes;
    }
    if (rows->width == 0)
        gt_buf_adds(out, rows->count > 0 ? ",{" : "{");
    if (rows->truncated) {
        out->overflow = false;
        out->len = before;
        return false;
    }
    gt_buf_addc(out, '}');
    rows->count++;
    return true;
}

void gt_pg_rows_write(struct gt_pg_rows *rows, int64_t affected, struct gt_buf *out)
{
    gt_buf_adds(out, "{\"columns\":[");
    gt_buf_add(out, rows->columns.ptr, rows->columns.len);
    gt_buf_adds(out, "],\"rows\":[");
    gt_buf_add(out, rows->rows.ptr, rows->rows.len);
    gt_buf_addf(out, "],\"row_count\":%lld,\"truncated\":%s", (long long)rows->count,
                rows->truncated ? "true" : "false");
    if (affected >= 0)
        gt_buf_addf(out, ",\"affected_rows\":%lld", (long long)affected);
    gt_buf_addc(out, '}');
}

void gt_pg_rows_answer(struct gt_pg_rows *rows, int64_t affected, struct gt_tool_call *call)
{
    enum { BESIDES = 4 << 20 };
    struct gt_buf text = gt_buf_init((size_t)rows->max_bytes + BESIDES);
    gt_pg_rows_write(rows, affected, &text);
    gt_pg_rows_free(rows);
    gt_tool_done_text(call, gt_buf_text(&text), text.len);
    gt_buf_done(&text);
}

json_t *gt_pg_rows_schema(void)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{"
        "\"columns\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
        "\"name\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"}},"
        "\"required\":[\"name\",\"type\"]}},"
        "\"rows\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
        "\"row_count\":{\"type\":\"integer\",\"minimum\":0},"
        "\"truncated\":{\"type\":\"boolean\",\"description\":\"more rows or bytes were there than "
        "the tool may return\"},"
        "\"affected_rows\":{\"type\":\"integer\",\"minimum\":0}},"
        "\"required\":[\"columns\",\"rows\",\"row_count\",\"truncated\"]}";
    return json_loads(schema, 0, NULL);
}

const char *gt_pg_tag(const PGresult *result)
{
    union { /* libpq reads it and takes it without const */
        const PGresult *in;
        PGresult *out;
    } cast = {.in = result};
    return PQcmdStatus(cast.out);
}

int64_t gt_pg_affected(const PGresult *result)
{
    const char *tag = gt_pg_tag(result), *count = strrchr(tag, ' ');
    char *end = NULL;
    long long number = count != NULL ? strtoll(count + 1, &end, 10) : -1;
    return count != NULL && end != count + 1 && *end == '\0' ? number : -1;
}

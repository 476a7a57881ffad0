/* Text tables with aligned columns, and wrapped paragraphs: what lists and help are printed with.
 */
#ifndef GANTRY_UI_TABLE_H
#define GANTRY_UI_TABLE_H

#include <gantry/ui/stream.h>

enum { GT_TABLE_COLUMNS = 8 };

struct gt_row {
    const char *cells[GT_TABLE_COLUMNS];
    enum gt_paint paints[GT_TABLE_COLUMNS];
};

struct gt_table {
    struct gt_arena *arena;
    size_t columns;
    GT_VEC(struct gt_row) rows; /* the first is the heading */
};

/* A table whose heading is `titles`, which ends with NULL. */
struct gt_table gt_table_new(struct gt_arena *arena, const char *const *titles);

/* Appends a row; NULL cells are shown as "-". */
struct gt_row *gt_table_add(struct gt_table *table, const char *const *cells);

void gt_table_print(struct gt_stream *stream, const struct gt_table *table);

/* Code points of `text`: columns on a terminal as far as this program needs to know. */
size_t gt_text_width(const char *text);

/* `text` wrapped to `width` columns, every line after the first indented by `indent`; paragraphs
 * are separated by "\n\n", and lines that start with two spaces stay as they are. */
void gt_wrap(struct gt_stream *stream, const char *text, size_t indent, size_t width);

#endif

#include <gantry/ui/table.h>

#include <gantry/base/str.h>

#include <string.h>

struct gt_table gt_table_new(struct gt_arena *arena, const char *const *titles)
{
    struct gt_table table = {.arena = arena};
    while (titles[table.columns] != NULL && table.columns < GT_TABLE_COLUMNS)
        table.columns++;
    struct gt_row *heading = gt_table_add(&table, titles);
    for (size_t i = 0; i < table.columns; i++)
        heading->paints[i] = GT_DIM;
    return table;
}

struct gt_row *gt_table_add(struct gt_table *table, const char *const *cells)
{
    struct gt_row *row = GT_PUSH(table->arena, &table->rows);
    for (size_t i = 0; i < table->columns; i++)
        row->cells[i] = cells[i] == NULL ? "-" : gt_safe_text(table->arena, cells[i]);
    return row;
}

size_t gt_text_width(const char *text)
{
    long length = gt_utf8_length(text);
    return length < 0 ? strlen(text) : (size_t)length;
}

static void spaces(struct gt_stream *stream, size_t count)
{
    while (count-- > 0)
        gt_stream_add(stream, " ", 1);
}

void gt_table_print(struct gt_stream *stream, const struct gt_table *table)
{
    size_t widths[GT_TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < table->rows.len; i++)
        for (size_t j = 0; j < table->columns; j++) {
            size_t width = gt_text_width(table->rows.at[i].cells[j]);
            widths[j] = width > widths[j] ? width : widths[j];
        }
    for (size_t i = 0; i < table->rows.len; i++) {
        const struct gt_row *row = &table->rows.at[i];
        for (size_t j = 0; j < table->columns; j++) {
            gt_stream_paint(stream, row->paints[j], row->cells[j]);
            if (j + 1 < table->columns)
                spaces(stream, widths[j] - gt_text_width(row->cells[j]) + 2);
        }
        gt_stream_adds(stream, "\n");
    }
}

/* One paragraph; `column` is where the cursor stands. */
static void wrap_paragraph(struct gt_stream *stream, const char *text, size_t len, size_t indent,
                           size_t width)
{
    size_t column = indent, at = 0;
    bool first = true;
    while (at < len) {
        size_t word = 0;
        while (at + word < len && text[at + word] != ' ' && text[at + word] != '\n')
            word++;
        if (!first && column + 1 + word > width) {
            gt_stream_adds(stream, "\n");
            spaces(stream, indent);
            column = indent;
        } else if (!first) {
            gt_stream_adds(stream, " ");
            column++;
        }
        gt_stream_add(stream, text + at, word);
        column += word;
        first = false;
        at += word;
        while (at < len && (text[at] == ' ' || text[at] == '\n'))
            at++;
    }
}

void gt_wrap(struct gt_stream *stream, const char *text, size_t indent, size_t width)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\n\n");
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text);
        if (gt_starts_with(text, "  "))
            gt_stream_add(stream, text, len);
        else
            wrap_paragraph(stream, text, len, indent, width);
        gt_stream_adds(stream, "\n");
        if (end == NULL)
            return;
        gt_stream_adds(stream, "\n");
        text = end + 2;
        spaces(stream, indent);
    }
}

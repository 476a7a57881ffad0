#include "marks.h"
#include "node.h"
#include "surrogates.h"

#include <gantry/base/buf.h>
#include <string.h>

enum { SHOWN_BYTES = 60 };

const char *gt_doc_shown(struct gt_arena *arena, const char *text)
{
    struct gt_buf buf = gt_buf_init(8 * SHOWN_BYTES);
    const char *at = text;
    for (; *at != '\0' && (at - text < SHOWN_BYTES || ((unsigned char)*at & 0xC0) == 0x80); at++) {
        if (*at == '\n')
            gt_buf_adds(&buf, "\\n");
        else if ((unsigned char)*at < 0x20 || *at == 0x7F)
            gt_buf_addf(&buf, "\\x%02X", (unsigned)*at);
        else
            gt_buf_addc(&buf, *at);
    }
    if (*at != '\0')
        gt_buf_adds(&buf, "...");
    char *shown = gt_strdup(arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return shown;
}

/* A text with nothing but comments, or nothing but "---", is an empty object. */
static bool is_nothing(const struct gt_node *root)
{
    return root == NULL ||
           (root->kind == GT_NODE_SCALAR && root->style == GT_STYLE_PLAIN && root->text[0] == '\0');
}

static json_t *empty(const char *name, struct gt_marks *marks)
{
    struct gt_pos start = {.file = name, .line = 1, .column = 1};
    gt_marks_node_set(gt_marks_root(marks), &(struct gt_mark){.pos = start, .key = start});
    return json_object();
}

bool gt_doc_parse(struct gt_arena *arena, const char *name, const char *bytes, size_t len,
                  struct gt_doc *out, struct gt_diags *diags)
{
    name = gt_strdup(arena, name);
    if (len == 0)
        bytes = ""; /* libyaml takes no NULL */
    if (len > GT_DOC_MAX_BYTES) {
        struct gt_diag *diag =
            gt_error(diags, "document-too-large", "the file is larger than 8 MiB");
        diag->pos = (struct gt_pos){.file = name, .line = 1, .column = 1};
        return false;
    }
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct gt_source source =
        gt_join_surrogates(scratch, (struct gt_source){.name = name, .bytes = bytes, .len = len});
    struct gt_node_reader reader = {
        .arena = arena, .scratch = scratch, .source = &source, .diags = diags};
    struct gt_node *root = NULL;
    bool whole = false;
    bool read = gt_nodes_read(&reader, &root, &whole);
    if (!read && (!whole || root == NULL))
        return false;
    struct gt_marks *marks = gt_marks_new(arena);
    json_t *value = is_nothing(root) ? empty(name, marks) : gt_nodes_build(root, marks, diags);
    gt_keep(arena, value);
    if (!read || value == NULL)
        return false;
    *out = (struct gt_doc){.name = name, .root = value, .marks = marks};
    return true;
}

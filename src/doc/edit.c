#include "layout.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/edit.h>
#include <string.h>

enum { TEXT_MAX = 32 * 1024 * 1024, INDENT = 2 };

/* A change of the text: `cut` bytes at `at` go, `put` comes. */
struct patch {
    size_t at, cut;
    const char *put;
};

/* -- the text around a place -- */

static size_t line_start(const struct gt_edit *edit, size_t at)
{
    while (at > 0 && edit->text[at - 1] != '\n')
        at--;
    return at;
}

/* Behind the line break of the line that `at` is in; `at` itself where it begins a line and a value
 * ended with the break before. */
static size_t next_line(const struct gt_edit *edit, size_t at)
{
    while (at < edit->len && edit->text[at] != '\n')
        at++;
    return at < edit->len ? at + 1 : at;
}

static const char *line_break(const struct gt_edit *edit)
{
    const char *first = memchr(edit->text, '\n', edit->len);
    return first != NULL && first > edit->text && first[-1] == '\r' ? "\r\n" : "\n";
}

static bool is_blank(const struct gt_edit *edit, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (edit->text[i] != ' ' && edit->text[i] != '\t')
            return false;
    return true;
}

/* How many characters stand before `at` in its line. */
static size_t column_of(const struct gt_edit *edit, size_t at)
{
    size_t column = 0;
    for (size_t i = line_start(edit, at); i < at; i++)
        column += ((unsigned char)edit->text[i] & 0xC0) != 0x80;
    bool mark =
        line_start(edit, at) == 0 && edit->len >= 3 && memcmp(edit->text, "\xEF\xBB\xBF", 3) == 0;
    return mark && column > 0 ? column - 1 : column;
}

/* Behind the comments that follow at the start of a line and stand further in than `column`: they
 * belong to the entry that ends there. */
static size_t past_inner_comments(const struct gt_edit *edit, size_t at, size_t column)
{
    size_t end = at;
    for (size_t next = at; next < edit->len;) {
        size_t text = next;
        while (text < edit->len && (edit->text[text] == ' ' || edit->text[text] == '\t'))
            text++;
        bool comment = text < edit->len && edit->text[text] == '#';
        bool empty = text < edit->len && (edit->text[text] == '\n' || edit->text[text] == '\r');
        if (!empty && (!comment || text - next <= column))
            break;
        next = next_line(edit, text);
        if (comment)
            end = next;
    }
    return end;
}

/* Block-style lines of a document, each indented, with the file's line breaks. */
static const char *lines_of(const struct gt_edit *edit, const json_t *value, size_t indent)
{
    const char *text = gt_doc_print_yaml(edit->arena, value), *eol = line_break(edit);
    struct gt_buf buf = gt_buf_init(TEXT_MAX);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (len > 0)
            gt_buf_addf(&buf, "%*s%.*s", (int)indent, "", (int)len, text);
        gt_buf_adds(&buf, eol);
        text += len + (text[len] == '\n');
    }
    const char *out = gt_strdup(edit->arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return out;
}

/* A document in one line that may stand between brackets: JSON is such. */
static const char *flow_of(const struct gt_edit *edit, const char *key, const json_t *value)
{
    json_auto_t *name = json_string(key != NULL ? key : "");
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    const char *out =
        key != NULL ? gt_printf(edit->arena, "%s: %s", gt_json_canonical(edit->arena, name), text)
                    : gt_strdup(edit->arena, text);
    free(text);
    return out;
}

/* -- proving a change -- */

static struct gt_diag *refuse(const struct gt_edit *edit, const char *pointer,
                              struct gt_diags *diags)
{
    struct gt_diag *diag =
        gt_error(diags, "cannot-edit", "%s cannot be changed at %s without changing more",
                 edit->name, *pointer != '\0' ? pointer : "its top");
    diag->hint = "change it by hand; the file is as it was";
    return diag;
}

static bool apply(struct gt_edit *edit, const struct patch *patch, const json_t *expected,
                  const char *pointer, struct gt_diags *diags)
{
    struct gt_buf buf = gt_buf_init(TEXT_MAX);
    gt_buf_add(&buf, edit->text, patch->at);
    gt_buf_adds(&buf, patch->put);
    size_t behind = patch->at + patch->cut;
    gt_buf_add(&buf, edit->text + behind, edit->len - behind);
    size_t len = buf.len;
    const char *text = gt_strndup(edit->arena, gt_buf_text(&buf), len);
    bool fits = !buf.overflow;
    gt_buf_done(&buf);
    struct gt_doc doc;
    struct gt_diags ignored = gt_diags_init(edit->arena);
    if (!fits || !gt_doc_parse(edit->arena, edit->name, text, len, &doc, &ignored) ||
        !json_equal(gt_iterable(doc.root), gt_iterable(expected))) {
        refuse(edit, pointer, diags);
        return false;
    }
    edit->text = text;
    edit->len = len;
    edit->root = doc.root;
    return true;
}

bool gt_edit_begin(struct gt_arena *arena, const char *name, const char *text, size_t len,
                   struct gt_edit *out, struct gt_diags *diags)
{
    struct gt_doc doc;
    if (!gt_doc_parse(arena, name, text, len, &doc, diags))
        return false;
    *out = (struct gt_edit){
        .arena = arena, .name = doc.name, .text = text, .len = len, .root = doc.root};
    return true;
}

/* -- adding -- */

/* What is written behind `place` in block style: one member or element, as lines. */
static const json_t *wrapped(const struct gt_edit *edit, const char *key, const json_t *value)
{
    json_t *out = key != NULL ? json_pack("{s:O}", key, value) : json_pack("[O]", value);
    return gt_keep(edit->arena, out);
}

/* Lines go behind the line in which the last value ends. */
static struct patch behind(const struct gt_edit *edit, size_t end, size_t column, const char *lines)
{
    bool begins = end > 0 && edit->text[end - 1] == '\n';
    size_t at = past_inner_comments(edit, begins ? end : next_line(edit, end), column);
    bool broken = at == 0 || edit->text[at - 1] == '\n';
    const char *put = broken ? lines : gt_printf(edit->arena, "%s%s", line_break(edit), lines);
    return (struct patch){.at = at, .put = put};
}

static bool add_to_block(const struct gt_edit *edit, const struct gt_place *place,
                         const json_t *entry, struct patch *out)
{
    const struct gt_place *first = place->parts.at[0];
    size_t start = place->kind == GT_PLACE_MAP ? first->key_start : place->start;
    if (place->kind == GT_PLACE_LIST && place->marked)
        return false; /* it starts with its anchor, not with its dash */
    size_t column = column_of(edit, start);
    *out = behind(edit, place->end, column, lines_of(edit, entry, column));
    return true;
}

static bool add_to_flow(const struct gt_edit *edit, const struct gt_place *place, const char *item,
                        struct patch *out)
{
    bool empty = place->parts.len == 0;
    size_t at = empty ? place->end - 1 : place->parts.at[place->parts.len - 1]->end;
    *out = (struct patch){.at = at, .put = gt_printf(edit->arena, "%s%s", empty ? "" : ", ", item)};
    return true;
}

/* `tools: {}`, `tools: []` and `tools:` become the head of a block. */
static bool fill_empty(const struct gt_edit *edit, const struct gt_place *place,
                       const json_t *entry, struct patch *out)
{
    if (place->marked || place->up == NULL || !place->up->block || place->key == NULL)
        return false;
    size_t indent = column_of(edit, place->key_start) + INDENT;
    size_t from = place->start, eol = next_line(edit, place->end);
    while (from > place->key_end && edit->text[from - 1] == ' ')
        from--;
    const char *rest = gt_strndup(edit->arena, edit->text + place->end, eol - place->end);
    bool broken = eol > 0 && edit->text[eol - 1] == '\n';
    *out =
        (struct patch){.at = from,
                       .cut = eol - from,
                       .put = gt_printf(edit->arena, "%s%s%s", rest, broken ? "" : line_break(edit),
                                        lines_of(edit, entry, indent))};
    return true;
}

/* A file of comments alone, or an empty one. */
static struct patch fill_file(const struct gt_edit *edit, const json_t *entry)
{
    bool broken = edit->len == 0 || edit->text[edit->len - 1] == '\n';
    const char *lines = lines_of(edit, entry, 0);
    return (struct patch){.at = edit->len,
                          .put = broken ? lines
                                        : gt_printf(edit->arena, "%s%s", line_break(edit), lines)};
}

static bool plan_addition(const struct gt_edit *edit, const char *pointer, const char *key,
                          const json_t *value, struct patch *out)
{
    struct gt_place *root = gt_layout(edit->arena, edit->text, edit->len);
    const struct gt_place *place = gt_place_find(root, pointer);
    const json_t *entry = wrapped(edit, key, value);
    bool empty = place != NULL && place->kind != GT_PLACE_ALIAS && place->parts.len == 0;
    if (root == NULL || (place == root && root->kind == GT_PLACE_SCALAR)) {
        *out = fill_file(edit, entry);
        return *pointer == '\0';
    }
    if (place == NULL || place->kind == GT_PLACE_ALIAS)
        return false;
    if (empty && fill_empty(edit, place, entry, out))
        return true;
    if (place->kind == GT_PLACE_SCALAR)
        return false;
    return place->block ? add_to_block(edit, place, entry, out)
                        : add_to_flow(edit, place, flow_of(edit, key, value), out);
}

bool gt_edit_add(struct gt_edit *edit, const char *pointer, const char *key, const json_t *value,
                 struct gt_diags *diags)
{
    json_t *expected = gt_keep(edit->arena, json_deep_copy(edit->root));
    json_t *target = gt_at(expected, pointer);
    if (target == NULL || json_is_null(target) ||
        (json_is_array(target) && key != NULL && json_array_size(target) == 0) ||
        (json_is_object(target) && key == NULL && json_object_size(target) == 0)) {
        if (target != NULL && *pointer != '\0')
            gt_put_at(expected, pointer, key != NULL ? json_object() : json_array());
        target = gt_at(expected, pointer);
    }
    if (key != NULL && json_object_get(target, key) != NULL) {
        gt_error(diags, "exists", "%s has \"%s\" already", edit->name, key);
        return false;
    }
    bool fits = key != NULL ? json_is_object(target) : json_is_array(target);
    if (fits && key != NULL)
        json_object_set(target, key, gt_iterable(value));
    else if (fits)
        json_array_append(target, gt_iterable(value));
    struct patch patch;
    if (!fits || !plan_addition(edit, pointer, key, value, &patch)) {
        refuse(edit, pointer, diags);
        return false;
    }
    return apply(edit, &patch, expected, pointer, diags);
}

/* -- removing -- */

/* Where an element's dash stands; false when it shares its line with something before. */
static bool find_dash(const struct gt_edit *edit, const struct gt_place *place, size_t *at)
{
    size_t from = place->start;
    while (from > 0 && strchr(" \t\r\n", edit->text[from - 1]) != NULL)
        from--;
    if (from == 0 || edit->text[from - 1] != '-')
        return false;
    *at = from - 1;
    return true;
}

/* The lines of a member or element in block style. */
static bool cut_lines(const struct gt_edit *edit, const struct gt_place *place, struct patch *out)
{
    size_t start = place->key_start;
    if (place->key == NULL && !find_dash(edit, place, &start))
        return false;
    size_t from = line_start(edit, start);
    if (!is_blank(edit, from, start))
        return false;
    bool begins = place->end > from && edit->text[place->end - 1] == '\n';
    size_t to = begins ? place->end : next_line(edit, place->end);
    to = past_inner_comments(edit, to, column_of(edit, start));
    *out = (struct patch){.at = from, .cut = to - from, .put = ""};
    return true;
}

/* The last one leaves `tools: {}` behind, or `tools: []`. */
static bool cut_last(const struct gt_edit *edit, const struct gt_place *place, struct patch *out)
{
    const struct gt_place *up = place->up;
    struct patch lines;
    if (up->marked || up->key == NULL || !cut_lines(edit, place, &lines) || lines.at < up->key_end)
        return false;
    size_t colon = up->key_end;
    while (colon < lines.at && edit->text[colon] != ':')
        colon++;
    if (colon == lines.at)
        return false;
    const char *between = gt_strndup(edit->arena, edit->text + colon + 1, lines.at - colon - 1);
    *out = (struct patch){
        .at = colon + 1,
        .cut = lines.at + lines.cut - colon - 1,
        .put = gt_printf(edit->arena, " %s%s", up->kind == GT_PLACE_MAP ? "{}" : "[]", between)};
    return true;
}

/* From the separator before it, or for the first one to where the next begins. */
static struct patch cut_flow(const struct gt_place *place)
{
    const struct gt_place *up = place->up;
    size_t i = 0;
    while (up->parts.at[i] != place)
        i++;
    size_t start = place->key != NULL ? place->key_start : place->start;
    if (i > 0) {
        size_t before = up->parts.at[i - 1]->end;
        return (struct patch){.at = before, .cut = place->end - before, .put = ""};
    }
    const struct gt_place *next = up->parts.len > 1 ? up->parts.at[1] : NULL;
    size_t end = next == NULL ? up->end - 1 : next->key != NULL ? next->key_start : next->start;
    return (struct patch){.at = start, .cut = end - start, .put = ""};
}

bool gt_edit_remove(struct gt_edit *edit, const char *pointer, struct gt_diags *diags)
{
    struct gt_place *root = gt_layout(edit->arena, edit->text, edit->len);
    const struct gt_place *place = gt_place_find(root, pointer);
    json_t *expected = gt_keep(edit->arena, json_deep_copy(edit->root));
    if (gt_at(edit->root, pointer) == NULL) {
        gt_error(diags, "absent", "%s has no %s", edit->name, pointer);
        return false;
    }
    struct patch patch;
    bool planned = false;
    if (place != NULL && place->up != NULL) {
        bool last = place->up->parts.len == 1;
        planned = !place->up->block ? (patch = cut_flow(place), true)
                  : last            ? cut_last(edit, place, &patch)
                                    : cut_lines(edit, place, &patch);
    }
    if (!planned) {
        refuse(edit, pointer, diags);
        return false;
    }
    gt_remove_at(expected, pointer);
    return apply(edit, &patch, expected, pointer, diags);
}

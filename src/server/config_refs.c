/* ${env.NAME} and ${file.PATH} of a configuration. */
#include "reading.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <gantry/sys/file.h>
#include <string.h>

static const char *find_variable(void *self, const char *name)
{
    const struct gt_reading *reading = self;
    const char *value = gt_env(reading->sys, name);
    /* Text and number, so that it may stand wherever the variable does. */
    return value == NULL && reading->elsewhere ? "1" : value;
}

void gt_reading_file(const struct gt_reading *reading, const char *path, const char *bytes,
                     size_t len)
{
    struct gt_config_files *files = reading->files;
    if (files == NULL)
        return;
    *GT_PUSH(files->arena, &files->list) = (struct gt_config_file){
        .path = gt_strdup(files->arena, path),
        .bytes = bytes != NULL ? gt_strndup(files->arena, bytes, len) : NULL,
        .len = len,
    };
}

/* The file's text without the line break at its end, which editors put there and passwords do not
 * have. */
static const char *find_file(void *self, const char *path, struct gt_diags *diags)
{
    const struct gt_reading *reading = self;
    const char *full = gt_path_below(reading->arena, reading->config->folder, path);
    size_t mark = gt_diags_mark(diags);
    char *text = gt_file_text(reading->arena, full, GT_CONFIG_REFERENCE_MAX, diags);
    gt_reading_file(reading, full, text, text != NULL ? strlen(text) : 0);
    if (text == NULL) {
        struct gt_diag *diag = diags->list.at[mark];
        if (gt_streq(diag->code, "no-file"))
            diag->hint = "the path of a ${file...} starts at the configuration's folder";
        else if (diag->hint == NULL)
            diag->hint = "a ${file...} stands for a short text in UTF-8";
        return NULL;
    }
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (len > 0 && text[len - 1] == '\r')
        text[--len] = '\0';
    return text;
}

static enum gt_resolution resolve(void *payload, const char *pointer, const char *expression,
                                  json_t **value, struct gt_diags *diags)
{
    static const struct {
        const char *head;
        bool (*find)(const struct gt_resolver *resolver, const char *name, json_t **value,
                     struct gt_diags *diags);
    } kinds[] = {{"env.", gt_outside_env}, {"file.", gt_outside_file}};
    struct gt_reading *reading = payload;
    const struct gt_resolver resolver = {.env = find_variable, .file = find_file, .self = reading};
    size_t mark = gt_diags_mark(diags);
    bool found = false, known = false;
    for (size_t i = 0; i < GT_COUNT(kinds) && !known; i++) {
        known =
            gt_starts_with(expression, kinds[i].head) && expression[strlen(kinds[i].head)] != '\0';
        found = known && kinds[i].find(&resolver, expression + strlen(kinds[i].head), value, diags);
    }
    if (!known)
        gt_error(diags, "unknown-reference", "there is no ${%s}", expression)->hint =
            "use ${env.NAME} or ${file.PATH}; $${ is a literal ${";
    for (size_t i = mark; i < diags->list.len; i++) {
        struct gt_diag *diag = diags->list.at[i];
        diag->pos = gt_marks_pos(reading->doc.marks, pointer);
        if (gt_streq(diag->code, "unset-environment"))
            diag->hint = "set it in the environment of gantry-mcp, for example with export";
    }
    return found ? GT_RESOLVED : GT_UNKNOWN;
}

/* The document with a text that later steps pass over in place of each that holds a reference which
 * leads nowhere. New reference. */
static json_t *without_refs(const json_t *value)
{
    const char *name;
    json_t *out, *part;
    size_t i;
    if (json_is_string(value) && gt_template_is(json_string_value(value)))
        return json_string(GT_REPORTED);
    if (!json_is_object(value) && !json_is_array(value))
        return json_incref(gt_iterable(value));
    out = json_is_object(value) ? json_object() : json_array();
    json_object_foreach(gt_iterable(value), name, part)
        json_object_set_new(out, name, without_refs(part));
    json_array_foreach(value, i, part) json_array_append_new(out, without_refs(part));
    return out;
}

const json_t *gt_reading_resolve(struct gt_reading *reading)
{
    struct gt_diags *diags = reading->diags;
    size_t mark = gt_diags_mark(diags);
    json_t *out =
        gt_resolve(reading->arena, reading->doc.root, false, resolve, reading, NULL, diags);
    for (size_t i = mark; i < diags->list.len; i++) {
        struct gt_diag *diag = diags->list.at[i];
        if (diag->pos.file == NULL && diag->subject != NULL)
            diag->pos = gt_marks_pos(reading->doc.marks, diag->subject);
        diag->subject = NULL;
    }
    const json_t *resolved = out != NULL ? gt_keep(reading->arena, out) : reading->doc.root;
    return gt_keep(reading->arena, without_refs(resolved));
}

#include "ini.h"
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <string.h>

struct parser {
    struct gt_arena *arena;
    struct gt_ini *ini;
    struct gt_diags *diags;
    unsigned line;
    size_t section;    /* index + 1; 0: none yet */
    size_t setting;    /* index + 1 of the last setting that is not nested; 0: none yet */
    size_t used, room; /* of that setting's value, once it went on in another line; else 0 */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *trimmed(char *text)
{
    while (is_blank(*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* White space and then # or ; begin a comment behind a value. */
static void cut_comment(char *value)
{
    for (char *c = value; *c != '\0'; c++) {
        if ((*c == '#' || *c == ';') && (c == value || is_blank(c[-1]))) {
            *c = '\0';
            return;
        }
    }
}

static void malformed(struct parser *self, const char *why)
{
    gt_error(self->diags, "bad-config", "%s", why)->pos =
        (struct gt_pos){self->ini->file, self->line, 1};
}

static void wipe_values(void *arg)
{
    struct gt_ini *ini = arg;
    for (size_t i = 0; i < ini->sections.len; i++)
        for (size_t j = 0; j < ini->sections.at[i].settings.len; j++) {
            char *value = ini->sections.at[i].settings.at[j].value;
            gt_wipe(value, strlen(value));
        }
}

static void parse_section(struct parser *self, char *line)
{
    char *end = strchr(line, ']');
    self->section = self->setting = 0;
    if (end == NULL) {
        malformed(self, "a section without its closing bracket");
        return;
    }
    *end = '\0';
    const char *rest = trimmed(end + 1);
    const char *name = trimmed(line + 1);
    if (*rest != '\0' && *rest != '#' && *rest != ';') {
        malformed(self, "something follows a section's closing bracket");
        return;
    }
    if (*name == '\0') {
        malformed(self, "a section without a name");
        return;
    }
    for (size_t i = 0; i < self->ini->sections.len; i++)
        if (gt_streq(self->ini->sections.at[i].name, name))
            self->section = i + 1;
    if (self->section == 0) {
        *GT_PUSH(self->arena, &self->ini->sections) =
            (struct gt_ini_section){.name = gt_strdup(self->arena, name), .line = self->line};
        self->section = self->ini->sections.len;
    }
}

static struct gt_ini_section *current(struct parser *self)
{
    return &self->ini->sections.at[self->section - 1];
}

static void add_setting(struct parser *self, const char *outer, char *line)
{
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        malformed(self, "a line that is neither a section, nor a setting, nor a comment");
        return;
    }
    *equals = '\0';
    char *key = trimmed(line), *value = equals + 1;
    if (*key == '\0') {
        malformed(self, "a setting without a name");
        return;
    }
    cut_comment(value);
    struct gt_ini_section *section = current(self);
    *GT_PUSH(self->arena, &section->settings) =
        (struct gt_ini_setting){.key = gt_lower(self->arena, key),
                                .outer = outer,
                                .value = gt_strdup(self->arena, trimmed(value)),
                                .line = self->line};
    if (outer == NULL) {
        self->setting = section->settings.len;
        self->room = 0;
    }
}

/* Room doubles, since a value may go on for thousands of lines. */
static void extend(struct parser *self, struct gt_ini_setting *setting, const char *line)
{
    size_t more = strlen(line) + 1;
    if (self->room == 0)
        self->room = self->used = strlen(setting->value);
    if (more > self->room - self->used) {
        self->room = 2 * (self->used + more);
        char *longer = gt_alloc(self->arena, self->room + 1);
        memcpy(longer, setting->value, self->used);
        gt_wipe(setting->value, self->used);
        setting->value = longer;
    }
    setting->value[self->used] = '\n';
    memcpy(setting->value + self->used + 1, line, more);
    self->used += more;
}

/* An indented line goes on with the value before it, or is a nested setting where that is empty. */
static void parse_indented(struct parser *self, char *line)
{
    struct gt_ini_section *section = current(self);
    struct gt_ini_setting *owner = &section->settings.at[self->setting - 1];
    if (*owner->value == '\0') {
        add_setting(self, owner->key, line);
        return;
    }
    extend(self, owner, line);
}

static void parse_line(struct parser *self, char *line)
{
    bool indented = is_blank(*line);
    line = trimmed(line);
    if (*line == '\0' || *line == '#' || *line == ';')
        return;
    if (*line == '[' && !indented)
        parse_section(self, line);
    else if (self->section == 0)
        malformed(self, "a setting outside of any section");
    else if (indented && self->setting > 0)
        parse_indented(self, line);
    else
        add_setting(self, NULL, line);
}

bool gt_ini_parse(struct gt_arena *arena, const char *file, char *text, size_t len,
                  struct gt_ini **out, struct gt_diags *diags)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    size_t errors = diags->errors;
    struct gt_ini *ini = GT_NEW(arena, struct gt_ini);
    ini->file = gt_strdup(arena, file);
    gt_arena_defer(arena, wipe_values, ini);
    struct parser self = {.arena = arena, .ini = ini, .diags = diags};
    char *at = text, *end = text + len;
    if (gt_starts_with(text, byte_order_mark))
        at += sizeof(byte_order_mark) - 1;
    while (at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *line_end = newline != NULL ? newline : end;
        *line_end = '\0';
        if (line_end > at && line_end[-1] == '\r')
            line_end[-1] = '\0';
        self.line++;
        if (strlen(at) + 1 < (size_t)(line_end - at))
            malformed(&self, "a line with a NUL byte: the file is no text");
        else
            parse_line(&self, at);
        at = newline != NULL ? newline + 1 : end;
    }
    gt_wipe(text, len);
    *out = ini;
    return diags->errors == errors;
}

const char *gt_ini_get(const struct gt_ini_section *section, const char *outer, const char *key)
{
    if (section == NULL)
        return NULL;
    for (size_t i = section->settings.len; i-- > 0;) {
        const struct gt_ini_setting *setting = &section->settings.at[i];
        if (gt_streq(setting->key, key) && gt_streq(setting->outer, outer))
            return *setting->value == '\0' ? NULL : setting->value;
    }
    return NULL;
}

const struct gt_ini_section *gt_ini_section(const struct gt_ini *ini, const char *name)
{
    for (size_t i = 0; ini != NULL && i < ini->sections.len; i++)
        if (gt_streq(ini->sections.at[i].name, name))
            return &ini->sections.at[i];
    return NULL;
}

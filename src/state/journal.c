#include "journal.h"
#include "document.h"
#include "fields.h"
#include <gantry/base/str.h>
#include <string.h>

enum { FORMAT = 1 };

struct begin {
    json_int_t format, serial;
    int64_t time_ms;
    const char *operation, *stack, *environment, *lineage;
    json_t *cloud;
};

static const struct field begin_fields[] = {
    {"record", FIELD_TEXT, FIELD_UNBOUND, true},
    {"format", FIELD_INT, offsetof(struct begin, format), true},
    {"time", FIELD_TIME, offsetof(struct begin, time_ms), true},
    {"operation", FIELD_TEXT, offsetof(struct begin, operation), false},
    {"stack", FIELD_TEXT, offsetof(struct begin, stack), true},
    {"environment", FIELD_TEXT, offsetof(struct begin, environment), true},
    {"lineage", FIELD_TEXT, offsetof(struct begin, lineage), true},
    {"serial", FIELD_INT, offsetof(struct begin, serial), true},
    {"cloud", FIELD_OBJECT, offsetof(struct begin, cloud), true},
};

static const struct field intent_fields[] = {
    {"record", FIELD_TEXT, FIELD_UNBOUND, true},
    {"id", FIELD_INT, offsetof(struct gt_record, id), true},
    {"time", FIELD_TIME, offsetof(struct gt_record, time_ms), true},
    {"address", FIELD_TEXT, offsetof(struct gt_record, address), true},
    {"type", FIELD_TEXT, offsetof(struct gt_record, type), false},
    {"operation", FIELD_TEXT, offsetof(struct gt_record, operation), true},
    {"token", FIELD_TEXT, offsetof(struct gt_record, token), false},
    {"digest", FIELD_TEXT, offsetof(struct gt_record, digest), false},
    {"key", FIELD_ANY, offsetof(struct gt_record, key), false},
    {"creates", FIELD_BOOL, offsetof(struct gt_record, creates), false},
    {"removes", FIELD_BOOL, offsetof(struct gt_record, removes), false},
};

static const struct field answer_fields[] = {
    {"record", FIELD_TEXT, FIELD_UNBOUND, true},
    {"id", FIELD_INT, offsetof(struct gt_record, id), true},
    {"time", FIELD_TIME, offsetof(struct gt_record, time_ms), true},
    {"address", FIELD_TEXT, offsetof(struct gt_record, address), true},
    {"entry", FIELD_ANY, offsetof(struct gt_record, entry), true},
};

static const struct field rename_fields[] = {
    {"record", FIELD_TEXT, FIELD_UNBOUND, true},
    {"time", FIELD_TIME, offsetof(struct gt_record, time_ms), true},
    {"key", FIELD_OBJECT, offsetof(struct gt_record, key), true},
};

/* A replay in progress. */
struct replayer {
    struct gt_state *state;
    struct gt_arena *arena;
    const struct gt_journal *journal;
    struct gt_replay *out;
    struct gt_diags *diags;
    size_t line;
    bool has_snapshot, has_begun;
    bool stale; /* the snapshot has the lines of this run already */
    bool warned;
};

typedef bool replay_fn(struct replayer *self, json_t *object);
static replay_fn replay_begin, replay_intent, replay_answer, replay_rename;

static const struct kind {
    const char *name;
    const struct field *fields;
    size_t count;
    replay_fn *replay;
} kinds[] = {
    [GT_RECORD_BEGIN] = {"begin", begin_fields, GT_COUNT(begin_fields), replay_begin},
    [GT_RECORD_INTENT] = {"intent", intent_fields, GT_COUNT(intent_fields), replay_intent},
    [GT_RECORD_ANSWER] = {"answer", answer_fields, GT_COUNT(answer_fields), replay_answer},
    [GT_RECORD_RENAME] = {"rename", rename_fields, GT_COUNT(rename_fields), replay_rename},
};

static void write_line(struct gt_buf *out, enum gt_record_kind kind, const void *from)
{
    json_auto_t *line = json_object();
    json_object_set_new(line, "record", json_string(kinds[kind].name));
    gt_fields_write(kinds[kind].fields, kinds[kind].count, from, line);
    gt_buf_add_json(out, line, JSON_COMPACT);
    gt_buf_addc(out, '\n');
}

void gt_journal_write_begin(struct gt_buf *out, const struct gt_state *state, const char *command,
                            int64_t time_ms)
{
    json_auto_t *cloud = gt_cloud_document(&state->cloud);
    struct begin begin = {
        .format = FORMAT,
        .serial = state->serial,
        .time_ms = time_ms,
        .operation = command,
        .stack = state->stack,
        .environment = state->environment,
        .lineage = state->lineage,
        .cloud = cloud,
    };
    write_line(out, GT_RECORD_BEGIN, &begin);
}

void gt_journal_write(struct gt_buf *out, const struct gt_record *record)
{
    write_line(out, record->kind, record);
}

static bool damaged(struct replayer *self, const char *why)
{
    struct gt_diag *diag =
        gt_error(self->diags, "journal-damaged", "journal %s: line %zu is damaged: %s",
                 self->journal->name, self->line, why);
    diag->pos = (struct gt_pos){.file = gt_strdup(self->diags->arena, self->journal->name),
                                .line = (unsigned)self->line,
                                .column = 1};
    diag->hint = "put the file back from a copy; where there is none, remove this line, and look "
                 "whether an object that it spoke of exists";
    return false;
}

static bool foreign(struct replayer *self, const struct begin *begin)
{
    gt_error(self->diags, "journal-foreign",
             "journal %s belongs to another state (%s/%s, lineage %s)", self->journal->name,
             begin->stack, begin->environment, begin->lineage)
        ->hint = gt_printf(self->diags->arena,
                           "put back the %s that it was written for, or move the journal away if "
                           "what it tells is not wanted",
                           self->journal->state_name);
    return false;
}

/* Only a snapshot older than the journal's can be at fault here, put back by hand. */
static bool check_serial(struct replayer *self, const struct begin *begin)
{
    struct gt_state *state = self->state;
    self->stale = begin->serial < state->serial;
    if (begin->serial <= state->serial || self->warned)
        return true;
    const char *backup = gt_printf(self->diags->arena, "copy %s.backup over %s",
                                   self->journal->state_name, self->journal->state_name);
    if (!self->has_snapshot) {
        gt_error(self->diags, "state-missing",
                 "state %s is missing: its journal follows serial %lld", self->journal->state_name,
                 (long long)begin->serial)
            ->hint = backup;
        return false;
    }
    self->warned = true;
    gt_warning(
        self->diags, "state-older",
        "state %s has serial %lld, but its journal follows serial %lld: what changed between "
        "them is not known",
        self->journal->state_name, (long long)state->serial, (long long)begin->serial)
        ->hint = "compare with gantry diff before anything else";
    return true;
}

static bool replay_begin(struct replayer *self, json_t *object)
{
    struct gt_state *state = self->state;
    struct begin begin = {0};
    const char *wrong =
        gt_fields_read(self->arena, begin_fields, GT_COUNT(begin_fields), object, &begin);
    if (wrong != NULL)
        return damaged(self, wrong);
    if (begin.format > FORMAT) {
        gt_error(self->diags, "state-newer", "journal %s has format %lld, newer than format %d",
                 self->journal->name, (long long)begin.format, FORMAT)
            ->hint = "use the version of gantry that wrote it, or a newer one";
        return false;
    }
    struct gt_cloud cloud = {0};
    wrong = gt_cloud_parse(self->arena, begin.cloud, &cloud);
    if (wrong != NULL)
        return damaged(self, wrong);

    bool first = !self->has_snapshot && !self->has_begun;
    if (!gt_streq(begin.stack, state->stack) || !gt_streq(begin.environment, state->environment) ||
        (!first && !gt_streq(begin.lineage, state->lineage)))
        return foreign(self, &begin);
    if (!check_serial(self, &begin))
        return false;
    if (first)
        state->lineage = begin.lineage;
    self->has_begun = self->out->begun = true;
    if (!self->stale && !gt_cloud_equal(&cloud, &state->cloud)) {
        state->cloud = cloud;
        self->out->changed = true;
    }
    return true;
}

static bool replay_intent(struct replayer *self, json_t *object)
{
    struct gt_record record = {.kind = GT_RECORD_INTENT};
    const char *wrong =
        gt_fields_read(self->arena, intent_fields, GT_COUNT(intent_fields), object, &record);
    if (wrong != NULL)
        return damaged(self, wrong);
    *GT_PUSH(self->arena, &self->out->open) = record;
    if (record.id >= self->out->next_id)
        self->out->next_id = record.id + 1;
    return true;
}

static void settle(struct gt_replay *out, json_int_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->open.len; i++)
        if (out->open.at[i].id != id)
            out->open.at[kept++] = out->open.at[i];
    out->open.len = kept;
}

static bool replay_answer(struct replayer *self, json_t *object)
{
    struct gt_record record = {0};
    const char *wrong =
        gt_fields_read(self->arena, answer_fields, GT_COUNT(answer_fields), object, &record);
    if (wrong != NULL)
        return damaged(self, wrong);
    struct gt_entry *entry = NULL;
    if (!json_is_null(record.entry))
        wrong = gt_entry_parse(self->arena, record.address, record.entry, &entry);
    if (wrong != NULL)
        return damaged(self, gt_printf(self->arena, "in \"entry\", %s", wrong));
    settle(self->out, record.id);
    if (self->stale)
        return true;
    if (entry != NULL || gt_state_find(self->state, record.address) != NULL)
        gt_map_set(&self->state->entries, record.address, entry);
    self->out->changed = true;
    return true;
}

static bool replay_rename(struct replayer *self, json_t *object)
{
    struct gt_record record = {0};
    const char *wrong =
        gt_fields_read(self->arena, rename_fields, GT_COUNT(rename_fields), object, &record);
    const char *from = json_string_value(json_object_get(record.key, "from"));
    const char *to = json_string_value(json_object_get(record.key, "to"));
    if (wrong == NULL && (from == NULL || to == NULL))
        wrong = "\"key\" has no \"from\" and \"to\"";
    if (wrong != NULL)
        return damaged(self, wrong);
    if (self->stale)
        return true;
    struct gt_diags ignored = gt_diags_init(self->arena);
    if (!gt_state_rename(self->state, from, to, &ignored) && !self->warned)
        return damaged(self, gt_printf(self->arena, "%s cannot become %s", from, to));
    self->out->changed = true;
    return true;
}

static bool replay_line(struct replayer *self, const char *line, size_t len)
{
    json_error_t error;
    json_t *object = gt_keep(self->arena, json_loadb(line, len, JSON_REJECT_DUPLICATES, &error));
    if (object == NULL)
        return damaged(self, error.text);
    const char *name = json_string_value(json_object_get(object, "record"));
    for (size_t i = 0; i < GT_COUNT(kinds); i++) {
        if (!gt_streq(kinds[i].name, name))
            continue;
        if (i != GT_RECORD_BEGIN && !self->has_begun)
            return damaged(self, "it comes before the beginning of a run");
        return kinds[i].replay(self, object);
    }
    return damaged(self, "it is no record of a kind that is known");
}

bool gt_journal_replay(struct gt_state *state, bool has_snapshot, const struct gt_journal *journal,
                       struct gt_replay *out, struct gt_diags *diags)
{
    struct replayer self = {.state = state,
                            .arena = state->arena,
                            .journal = journal,
                            .out = out,
                            .diags = diags,
                            .has_snapshot = has_snapshot};
    *out = (struct gt_replay){.next_id = 1};
    const char *at = journal->lines, *end = journal->lines + journal->len;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL)
            break;
        self.line++;
        if (newline > at && !replay_line(&self, at, (size_t)(newline - at)))
            return false;
        at = newline + 1;
    }
    /* Renames that come out of the journal are in it already. */
    state->renames.len = 0;
    return true;
}

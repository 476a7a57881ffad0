#include "document.h"
#include "fields.h"
#include <assert.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { FORMAT = 1 };

static const struct field entry_fields[] = {
    {"type", FIELD_TEXT, offsetof(struct gt_entry, type), true},
    {"status", FIELD_TEXT, offsetof(struct gt_entry, status), true},
    {"identity", FIELD_OBJECT, offsetof(struct gt_entry, identity), false},
    {"arn", FIELD_TEXT, offsetof(struct gt_entry, arn), false},
    {"applied", FIELD_OBJECT, offsetof(struct gt_entry, applied), false},
    {"secrets", FIELD_TEXTS, offsetof(struct gt_entry, secrets), false},
    {"outputs", FIELD_OBJECT, offsetof(struct gt_entry, outputs), false},
    {"depends", FIELD_TEXTS, FIELD_UNBOUND, false},
    {"existing", FIELD_BOOL, offsetof(struct gt_entry, existing), false},
    {"retain", FIELD_BOOL, offsetof(struct gt_entry, retain), false},
    {"protect", FIELD_BOOL, offsetof(struct gt_entry, protect), false},
    {"adopted", FIELD_BOOL, offsetof(struct gt_entry, adopted), false},
    {"deposed", FIELD_ARRAY, offsetof(struct gt_entry, deposed), false},
};

static const struct field cloud_fields[] = {
    {"partition", FIELD_TEXT, offsetof(struct gt_cloud, partition), false},
    {"account", FIELD_TEXT, offsetof(struct gt_cloud, account), false},
    {"region", FIELD_TEXT, offsetof(struct gt_cloud, region), false},
    {"endpoint", FIELD_TEXT, offsetof(struct gt_cloud, endpoint), false},
};

static const struct field state_fields[] = {
    {"format", FIELD_INT, FIELD_UNBOUND, true},
    {"gantry", FIELD_TEXT, offsetof(struct gt_state, version), false},
    {"stack", FIELD_TEXT, offsetof(struct gt_state, stack), true},
    {"environment", FIELD_TEXT, offsetof(struct gt_state, environment), true},
    {"lineage", FIELD_TEXT, offsetof(struct gt_state, lineage), true},
    {"serial", FIELD_INT, offsetof(struct gt_state, serial), true},
    {"cloud", FIELD_OBJECT, FIELD_UNBOUND, true},
    {"entries", FIELD_OBJECT, FIELD_UNBOUND, true},
    {"outputs", FIELD_OBJECT, offsetof(struct gt_state, outputs), false},
};

static const char *const statuses[] = {"ready", "creating", "failed", "deleting", "tainted"};

static bool status_is_known(const char *status)
{
    for (size_t i = 0; i < GT_COUNT(statuses); i++)
        if (strcmp(statuses[i], status) == 0)
            return true;
    return false;
}

static bool holds_secret(const struct gt_entry *entry)
{
    for (size_t i = 0; i < json_array_size(entry->secrets); i++) {
        const char *pointer = json_string_value(json_array_get(entry->secrets, i));
        const json_t *value = pointer == NULL ? NULL : gt_at(entry->applied, pointer);
        if (value != NULL && !json_is_null(value))
            return true;
    }
    return false;
}

json_t *gt_entry_document(const struct gt_entry *entry)
{
    assert(!holds_secret(entry));
    json_t *document = json_object();
    gt_fields_write(entry_fields, GT_COUNT(entry_fields), entry, document);
    if (entry->depends.len > 0) {
        json_t *depends = json_array();
        for (size_t i = 0; i < entry->depends.len; i++)
            json_array_append_new(depends, json_string(entry->depends.at[i]));
        json_object_set_new(document, "depends", depends);
    }
    return document;
}

const char *gt_entry_parse(struct gt_arena *arena, const char *address, const json_t *document,
                           struct gt_entry **out)
{
    struct gt_entry *entry = GT_NEW(arena, struct gt_entry);
    const char *wrong =
        gt_fields_read(arena, entry_fields, GT_COUNT(entry_fields), document, entry);
    if (wrong != NULL)
        return wrong;
    if (!status_is_known(entry->status))
        return gt_printf(arena, "unknown status \"%s\"", entry->status);
    if (holds_secret(entry))
        return "\"applied\" has a value at one of its \"secrets\"";
    entry->address = gt_strdup(arena, address);
    const json_t *depends = json_object_get(document, "depends");
    for (size_t i = 0; i < json_array_size(depends); i++)
        *GT_PUSH(arena, &entry->depends) =
            gt_strdup(arena, json_string_value(json_array_get(depends, i)));
    *out = entry;
    return NULL;
}

json_t *gt_cloud_document(const struct gt_cloud *cloud)
{
    json_t *document = json_object();
    gt_fields_write(cloud_fields, GT_COUNT(cloud_fields), cloud, document);
    return document;
}

const char *gt_cloud_parse(struct gt_arena *arena, const json_t *document, struct gt_cloud *out)
{
    struct gt_cloud cloud = {0};
    const char *wrong =
        gt_fields_read(arena, cloud_fields, GT_COUNT(cloud_fields), document, &cloud);
    if (wrong == NULL)
        *out = cloud;
    return wrong;
}

bool gt_cloud_equal(const struct gt_cloud *a, const struct gt_cloud *b)
{
    return gt_streq(a->partition, b->partition) && gt_streq(a->account, b->account) &&
           gt_streq(a->region, b->region) && gt_streq(a->endpoint, b->endpoint);
}

static int by_address(const void *a, const void *b)
{
    const struct gt_entry *left = *(const struct gt_entry *const *)a;
    const struct gt_entry *right = *(const struct gt_entry *const *)b;
    return strcmp(left->address, right->address);
}

/* In the order of the addresses, so that two snapshots can be compared line by line. */
static json_t *entries_document(const struct gt_state *state)
{
    struct gt_arena *scratch GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    GT_VEC(const struct gt_entry *) sorted = {0};
    for (size_t i = 0; i < state->entries.entries.len; i++)
        if (state->entries.entries.at[i].value != NULL)
            *GT_PUSH(scratch, &sorted) = state->entries.entries.at[i].value;
    if (sorted.len > 0)
        qsort(sorted.at, sorted.len, sizeof(*sorted.at), by_address);
    json_t *entries = json_object();
    for (size_t i = 0; i < sorted.len; i++)
        json_object_set_new(entries, sorted.at[i]->address, gt_entry_document(sorted.at[i]));
    return entries;
}

json_t *gt_state_document(const struct gt_state *state)
{
    json_t *document = json_object();
    json_object_set_new(document, "format", json_integer(FORMAT));
    gt_fields_write(state_fields, GT_COUNT(state_fields), state, document);
    json_object_set_new(document, "cloud", gt_cloud_document(&state->cloud));
    json_object_set_new(document, "entries", entries_document(state));
    return document;
}

static const char *parse_parts(struct gt_state *state, const json_t *document)
{
    struct gt_arena *arena = state->arena;
    const char *wrong = gt_cloud_parse(arena, json_object_get(document, "cloud"), &state->cloud);
    if (wrong != NULL)
        return gt_printf(arena, "in \"cloud\", %s", wrong);

    const char *address;
    json_t *value;
    json_object_foreach(json_object_get(document, "entries"), address, value)
    {
        struct gt_entry *entry = NULL;
        wrong = gt_entry_parse(arena, address, value, &entry);
        if (wrong != NULL)
            return gt_printf(arena, "in \"entries\", \"%s\": %s", address, wrong);
        gt_map_set(&state->entries, address, entry);
    }
    return NULL;
}

static bool refuse_newer(const json_t *document, const char *name, struct gt_diags *diags)
{
    const json_t *format = json_object_get(document, "format");
    if (!json_is_integer(format) || json_integer_value(format) <= FORMAT)
        return false;
    const char *version = json_string_value(json_object_get(document, "gantry"));
    struct gt_diag *diag =
        gt_error(diags, "state-newer", "state %s has format %lld, newer than format %d", name,
                 (long long)json_integer_value(format), FORMAT);
    diag->hint = gt_printf(diags->arena, "use gantry %s or newer with this state",
                           version == NULL ? "of the version that wrote it" : version);
    return true;
}

bool gt_state_parse(struct gt_arena *arena, const json_t *document, const char *name,
                    struct gt_state **out, struct gt_diags *diags)
{
    if (refuse_newer(document, name, diags))
        return false;
    struct gt_state *state = GT_NEW(arena, struct gt_state);
    state->arena = arena;
    state->entries = gt_map_init(arena);
    json_t *copy = gt_keep(arena, json_deep_copy(document));
    const char *wrong =
        copy == NULL ? "it is not an object"
                     : gt_fields_read(arena, state_fields, GT_COUNT(state_fields), copy, state);
    if (wrong == NULL && json_integer_value(json_object_get(copy, "format")) != FORMAT)
        wrong = gt_printf(arena, "\"format\" is not %d", FORMAT);
    if (wrong == NULL)
        wrong = parse_parts(state, copy);
    if (wrong != NULL) {
        gt_error(diags, "state-damaged", "state %s is damaged: %s", name, wrong)->hint =
            gt_printf(diags->arena, "the version before it is kept as %s.backup: copy that over %s",
                      name, name);
        return false;
    }
    *out = state;
    return true;
}

/* Finding objects by what the manifest knows of them: the listing, then a read of each match. */
#include "internal.h"

#include <string.h>

struct finding {
    struct gt_engine *engine;
    struct gt_arena *arena;
    struct gt_object object;
    GT_VEC(struct gt_candidate) candidates;
    size_t next; /* the candidate that is being read */
    bool by_identity;
    gt_finding_fn *fn;
    void *payload;
    struct gt_diags diags;
};

static void finish(struct finding *finding, const struct gt_diag *error)
{
    struct gt_finding result = {.ok = error == NULL,
                                .error = error,
                                .candidates = finding->candidates.at,
                                .count = error == NULL ? finding->candidates.len : 0};
    finding->fn(finding->payload, &result);
    gt_arena_free(finding->arena);
}

static void read_next(struct finding *finding);

static void on_candidate(void *payload, const struct gt_reading *reading)
{
    struct finding *finding = payload;
    struct gt_candidate *candidate = &finding->candidates.at[finding->next];
    if (reading->found == GT_READ_ERROR) {
        gt_diags_copy(&finding->diags, reading->error);
        finish(finding, finding->diags.list.at[0]);
        return;
    }
    if (reading->found == GT_FOUND) {
        candidate->live = gt_keep(finding->arena, json_deep_copy(reading->live));
        finding->next++;
    } else { /* listed, and gone since */
        finding->candidates.len--;
        memmove(candidate, candidate + 1,
                (finding->candidates.len - finding->next) * sizeof(*candidate));
    }
    read_next(finding);
}

static void read_next(struct finding *finding)
{
    if (finding->next >= finding->candidates.len) {
        finish(finding, NULL);
        return;
    }
    struct gt_object object = finding->object;
    object.identity = finding->candidates.at[finding->next].identity;
    object.with_tags = true;
    gt_read_object(finding->engine, &object, on_candidate, finding);
}

static void add_candidate(struct finding *finding, json_t *identity)
{
    GT_PUSH(finding->arena, &finding->candidates)->identity = gt_keep(finding->arena, identity);
}

static bool is_meant(const struct finding *finding, const json_t *item, const json_t *identity)
{
    const struct gt_object *object = &finding->object;
    return finding->by_identity ? json_equal(identity, object->identity)
                                : gt_type_listed_matches(object->type, object->properties, item);
}

static void on_list(void *payload, const struct gt_listing *listing)
{
    struct finding *finding = payload;
    const struct gt_type *type = finding->object.type;
    const struct gt_aws_answer *answer = listing->answer;
    if (!listing->ok && answer->failure == GT_AWS_REFUSED &&
        gt_absence_find(type->absent, answer->code, answer->message) != NULL) {
        finish(finding, NULL); /* what would hold the object is not there either */
        return;
    }
    if (!listing->ok) {
        struct gt_diag *diag = gt_aws_error(&finding->diags, type->lookup.list.operation, answer);
        diag->subject = finding->object.address;
        finish(finding, diag);
        return;
    }
    size_t i;
    json_t *item;
    json_array_foreach(listing->items, i, item)
    {
        json_t *identity = gt_type_identity_listed(type, finding->object.properties, item);
        if (identity != NULL && is_meant(finding, item, identity))
            add_candidate(finding, identity);
        else
            json_decref(identity);
    }
    if (finding->by_identity)
        finish(finding, NULL);
    else
        read_next(finding);
}

static struct finding *finding_new(struct gt_engine *engine, const struct gt_object *object,
                                   gt_finding_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct finding *finding = GT_NEW(arena, struct finding);
    *finding = (struct finding){
        .engine = engine, .arena = arena, .object = *object, .fn = fn, .payload = payload};
    finding->diags = gt_diags_init(arena);
    finding->object.identity = gt_keep(arena, json_deep_copy(object->identity));
    finding->object.properties = gt_keep(arena, json_deep_copy(object->properties));
    return finding;
}

static void list(struct finding *finding)
{
    const struct gt_type *type = finding->object.type;
    struct gt_input_sources from = {finding->object.identity, finding->object.properties, NULL};
    gt_list_all(finding->engine, type->lookup.list.operation,
                gt_type_input(type, &type->lookup.list, &from, false), type->lookup.items, on_list,
                finding);
}

void gt_find_objects(struct gt_engine *engine, const struct gt_object *object, gt_finding_fn *fn,
                     void *payload)
{
    struct finding *finding = finding_new(engine, object, fn, payload);
    if (object->type->lookup.list.operation != NULL) {
        list(finding);
        return;
    }
    json_t *identity = gt_type_identity_of(object->type, finding->object.properties);
    if (identity != NULL)
        add_candidate(finding, identity);
    read_next(finding);
}

void gt_find_by_identity(struct gt_engine *engine, const struct gt_object *object,
                         gt_finding_fn *fn, void *payload)
{
    struct finding *finding = finding_new(engine, object, fn, payload);
    finding->by_identity = true;
    list(finding);
}

static bool is_known(const json_t *properties, const json_t *unknown, const char *pointer)
{
    return gt_at(properties, pointer) != NULL && json_object_get(unknown, pointer) == NULL;
}

static bool binds_known(const struct gt_use *use, const json_t *properties, const json_t *unknown)
{
    for (const struct gt_bind *bind = use->in; bind != NULL && bind->member != NULL; bind++) {
        if (bind->from == GT_FROM_PROPERTY && !is_known(properties, unknown, bind->name))
            return false;
    }
    return true;
}

bool gt_can_find(const struct gt_type *type, const json_t *properties, const json_t *unknown)
{
    const struct gt_lookup *lookup = &type->lookup;
    if (lookup->list.operation == NULL) {
        for (const struct gt_identity *id = type->identity; id->name != NULL; id++) {
            if (id->property == NULL || !is_known(properties, unknown, id->property))
                return false;
        }
        return true;
    }
    for (size_t i = 0; i < GT_COUNT(lookup->match) && lookup->match[i][0] != NULL; i++) {
        if (!is_known(properties, unknown, lookup->match[i][1]))
            return false;
    }
    for (const struct gt_identity *id = type->identity; id->name != NULL; id++) {
        if (id->listed == NULL && id->property != NULL &&
            !is_known(properties, unknown, id->property))
            return false;
    }
    return binds_known(&lookup->list, properties, unknown);
}

/* Whose an object is: by its tags, or by the parent that holds it. */
#include "internal.h"

#include <string.h>

static const char *tag(const json_t *tags, const char *key)
{
    return json_string_value(json_object_get(tags, key));
}

static enum gt_owner owner_by_tags(const struct gt_item *item, const json_t *properties,
                                   const json_t *live)
{
    const struct gt_type *type = item->type;
    const struct gt_state *state = item->engine->o.session->state;
    json_auto_t *tags = gt_type_tags_map(type, json_object_get(live, type->tags.property));
    const char *lineage = tag(tags, "gantry:lineage");
    if (lineage != NULL) {
        /* Another stack's object, or another address of ours, is not this one. */
        if (strcmp(lineage, state->lineage) == 0)
            return gt_streq(tag(tags, "gantry:address"), item->address) ? GT_OWNER_US
                                                                        : GT_OWNER_STRANGER;
        return gt_streq(tag(tags, "gantry:stack"), state->stack) &&
                       gt_streq(tag(tags, "gantry:environment"), state->environment) &&
                       gt_streq(tag(tags, "gantry:address"), item->address)
                   ? GT_OWNER_SAME_STACK
                   : GT_OWNER_STRANGER;
    }
    const char *const *adopt = type->adopt_untagged;
    const char *text = adopt[0] == NULL ? NULL : gt_text_at(properties, adopt[0]);
    return text != NULL && gt_starts_with(text, adopt[1]) ? GT_OWNER_NOBODY : GT_OWNER_STRANGER;
}

static const char *lineage_of(const struct gt_type *type, json_t **tags, const json_t *object)
{
    *tags = gt_type_tags_map(type, json_object_get(object, type->tags.property));
    return tag(*tags, "gantry:lineage");
}

bool gt_is_taken_over(const struct gt_item *item, const json_t *live)
{
    const struct gt_type *type = item->type;
    const struct gt_entry *entry = item->entry;
    if (!gt_type_reads_tags(type) || entry == NULL || entry->existing || entry->applied == NULL)
        return false;
    json_auto_t *ours = NULL, *theirs = NULL;
    const char *applied = lineage_of(type, &ours, entry->applied);
    const char *now = lineage_of(type, &theirs, live);
    /* One that was imported, and not tagged yet, may still carry its former owner's. */
    return gt_streq(applied, item->engine->o.session->state->lineage) && now != NULL &&
           strcmp(now, applied) != 0;
}

/* Whether an object of this id is one that we made. */
static bool is_made_by_us(const struct gt_engine *engine, const json_t *id)
{
    for (size_t i = 0; i < engine->items.len; i++) {
        const struct gt_entry *entry = engine->items.at[i]->entry;
        if (entry == NULL || entry->existing || json_object_size(entry->identity) != 1)
            continue;
        void *only = json_object_iter(entry->identity);
        if (json_equal(json_object_iter_value(only), id))
            return true;
    }
    return false;
}

/* Where neither tags nor a parent of ours can tell: what stands under our unique name after a
 * create of ours that was not answered is ours, since it was not there when the create was planned.
 */
static enum gt_owner owner_by_claim(const struct gt_item *item)
{
    return item->claimed && !item->type->lookup.ambiguous ? GT_OWNER_US : GT_OWNER_STRANGER;
}

static enum gt_owner owner_by_parent(const struct gt_item *item, const json_t *properties,
                                     const json_t *live)
{
    const struct gt_type *type = item->type;
    const json_t *parent = type->parent == NULL ? NULL : json_object_get(properties, type->parent);
    if (parent == NULL)
        return GT_OWNER_STRANGER;
    if (type->owner != NULL && !json_equal(gt_at(live, type->owner), parent))
        return GT_OWNER_STRANGER;
    return is_made_by_us(item->engine, parent) ? GT_OWNER_US : owner_by_claim(item);
}

enum gt_owner gt_owner_of(const struct gt_item *item, const json_t *properties, const json_t *live)
{
    if (gt_type_reads_tags(item->type))
        return owner_by_tags(item, properties, live);
    return item->type->parent != NULL ? owner_by_parent(item, properties, live)
                                      : owner_by_claim(item);
}

static bool is_deposed(const struct gt_item *item, const json_t *identity)
{
    size_t i;
    json_t *former;
    json_array_foreach(item->entry == NULL ? NULL : item->entry->deposed, i, former)
    {
        if (json_equal(former, identity))
            return true;
    }
    return false;
}

bool gt_identity_in_state(const struct gt_item *item, const json_t *identity)
{
    const struct gt_engine *engine = item->engine;
    if (is_deposed(item, identity))
        return true;
    for (size_t i = 0; i < engine->items.len; i++) {
        const struct gt_item *other = engine->items.at[i];
        if (other != item && other->type == item->type && other->entry != NULL &&
            json_equal(other->entry->identity, identity))
            return true;
    }
    return false;
}

/* The identity as `gantry import` takes it. */
static const char *identity_text(struct gt_arena *arena, const json_t *identity)
{
    const char *text = "", *key;
    json_t *value;
    json_object_foreach(gt_iterable(identity), key, value) text =
        gt_printf(arena, "%s%s%s", text, *text == '\0' ? "" : "/",
                  json_is_string(value) ? json_string_value(value) : key);
    return text;
}

void gt_report_taken_over(const struct gt_item *item, const json_t *live, struct gt_diags *diags)
{
    json_auto_t *tags = NULL;
    struct gt_diag *diag =
        gt_error(diags, "not-ours", "%s belongs to another state now (lineage %s)",
                 identity_text(diags->arena, item->identity), lineage_of(item->type, &tags, live));
    diag->subject = item->address;
    if (item->resource != NULL)
        diag->pos = item->resource->pos;
    diag->hint = gt_printf(diags->arena, "let it go: gantry state forget %s", item->address);
}

void gt_report_taken(const struct gt_item *item, enum gt_owner owner, const json_t *identity,
                     const json_t *live, struct gt_diags *diags)
{
    const char *id = identity_text(diags->arena, identity);
    struct gt_diag *diag;
    if (owner == GT_OWNER_SAME_STACK) {
        json_auto_t *tags =
            gt_type_tags_map(item->type, json_object_get(live, item->type->tags.property));
        diag = gt_error(diags, "other-state",
                        "%s exists already and belongs to another state of the same stack and "
                        "environment (lineage %s)",
                        id, tag(tags, "gantry:lineage"));
        diag->hint = gt_printf(diags->arena,
                               "work in the folder that has that state, choose another stack or "
                               "environment name, or take it over: gantry import %s %s",
                               item->address, id);
    } else {
        diag = gt_error(diags, "not-ours", "%s exists already and is not this stack's", id);
        diag->hint =
            gt_printf(diags->arena, "choose another name, or adopt it: gantry import %s %s",
                      item->address, id);
    }
    diag->subject = item->address;
    if (item->resource != NULL)
        diag->pos = item->resource->pos;
}

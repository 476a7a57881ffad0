#include "lint.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/model.h>
#include <string.h>
#include <types.h>

struct check {
    struct gt_arena *arena;
    const struct gt_type *type;
    const char *lines;
};

GT_PRINTF(2, 3) static void problem(struct check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *line = gt_vprintf(check->arena, format, args);
    va_end(args);
    check->lines = gt_printf(check->arena, "%s%s: %s\n", check->lines, check->type->name, line);
}

static bool in_list(const char *const *list, const char *value)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, value) == 0)
            return true;
    return false;
}

/* The shape at a row's path; "*" may stand for any member of a structure, "**" ends it. */
static const struct gt_shape *shape_by_path(struct gt_arena *arena, const struct gt_shape *shape,
                                            const char *path)
{
    if (shape == NULL || *path == '\0' || strcmp(path, "**") == 0)
        return shape;
    size_t len = strcspn(path, "/");
    const char *rest = path + len + (path[len] == '/');
    if (len == 1 && *path == '*' && shape->kind == GT_SHAPE_STRUCTURE) {
        for (size_t i = 0; i < shape->member_count; i++) {
            const struct gt_shape *found = shape_by_path(arena, shape->members[i].shape, rest);
            if (found != NULL)
                return found;
        }
        return NULL;
    }
    return shape_by_path(arena, gt_shape_at(shape, gt_printf(arena, "/%.*s", (int)len, path)),
                         rest);
}

static const struct gt_shape *below(const struct gt_shape *shape, const char *pointer)
{
    return shape == NULL || pointer == NULL ? shape : gt_shape_at(shape, pointer);
}

static const struct gt_shape *read_object(const struct gt_type *type)
{
    const struct gt_shape *output = type->read.operation->output;
    if (type->read_items == NULL)
        return below(output, type->read.out);
    const struct gt_shape *items = below(output, type->read_items);
    return items == NULL ? NULL : items->element;
}

static const struct gt_shape *live_at(const struct check *check, const char *pointer)
{
    const struct gt_shape *shape = gt_type_property_shape(check->type, pointer);
    return shape != NULL ? shape : below(read_object(check->type), pointer);
}

static bool in_identity(const struct gt_type *type, const char *name)
{
    for (const struct gt_identity *member = type->identity; member->name != NULL; member++)
        if (strcmp(member->name, name) == 0)
            return true;
    return false;
}

static void check_bind(struct check *check, const char *what, const struct gt_use *use,
                       const struct gt_bind *bind)
{
    const char *member = gt_printf(check->arena, "/%s", bind->member);
    if (below(use->operation->input, member) == NULL)
        problem(check, "%s: %s has no member %s", what, use->operation->name, bind->member);
    bool known = true;
    json_error_t error;
    switch (bind->from) {
    case GT_FROM_IDENTITY:
        known = in_identity(check->type, bind->name);
        break;
    case GT_FROM_PROPERTY:
        known = gt_type_property_shape(check->type, bind->name) != NULL;
        break;
    case GT_FROM_LIVE:
        known = live_at(check, bind->name) != NULL;
        break;
    case GT_FROM_TEXT:
        break;
    case GT_FROM_JSON: {
        json_auto_t *value = json_loads(bind->name, JSON_DECODE_ANY, &error);
        known = value != NULL;
        break;
    }
    }
    if (!known)
        problem(check, "%s: %s is bound to nothing: %s", what, bind->member, bind->name);
}

/* The call's own service, its binds, and where its object is. */
static void check_call(struct check *check, const char *what, const struct gt_use *use,
                       const struct gt_service *service)
{
    if (use->operation->service != service)
        problem(check, "%s: %s is no call of %s", what, use->operation->name, service->name);
    for (const struct gt_bind *bind = use->in; bind != NULL && bind->member != NULL; bind++)
        check_bind(check, what, use, bind);
    if (use->out != NULL && below(use->operation->output, use->out) == NULL)
        problem(check, "%s: no %s in its output", what, use->out);
}

/* Every required member is bound, or `given` by the caller. */
static void check_bound(struct check *check, const char *what, const struct gt_use *use,
                        const char *given)
{
    const struct gt_shape *input = use->operation->input;
    for (size_t i = 0; input != NULL && i < input->member_count; i++) {
        const struct gt_member *member = &input->members[i];
        if (member->flags & GT_MEMBER_REQUIRED && !(member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN) &&
            !gt_use_binds(use, member->name) && !gt_streq(member->name, given))
            problem(check, "%s: required member %s is not set", what, member->name);
    }
}

static void check_by_identity(struct check *check, const char *what, const struct gt_use *use)
{
    check_call(check, what, use, check->type->service);
    check_bound(check, what, use, NULL);
    for (const struct gt_bind *bind = use->in; bind != NULL && bind->member != NULL; bind++)
        if (bind->from == GT_FROM_PROPERTY || bind->from == GT_FROM_LIVE)
            problem(check, "%s: needs more than the identity: %s", what, bind->member);
}

static void check_create(struct check *check)
{
    const struct gt_use *create = &check->type->create;
    check_call(check, "create", create, check->type->service);
    const struct gt_shape *input = create->operation->input;
    for (size_t i = 0; i < input->member_count; i++) {
        const struct gt_member *member = &input->members[i];
        if (member->flags & GT_MEMBER_REQUIRED && !gt_use_binds(create, member->name) &&
            gt_property_member(check->type, member->name) == NULL)
            problem(check, "create: required member %s is not set", member->name);
    }
}

static void check_identity(struct check *check)
{
    const struct gt_type *type = check->type;
    const struct gt_shape *created = below(type->create.operation->output, type->create.out);
    const struct gt_shape *items =
        type->lookup.list.operation == NULL
            ? NULL
            : below(type->lookup.list.operation->output, type->lookup.items);
    if (type->identity == NULL || type->identity->name == NULL) {
        problem(check, "identity: none");
        return;
    }
    for (const struct gt_identity *member = type->identity; member->name != NULL; member++) {
        if (member->property != NULL) {
            const struct gt_attr *attr = gt_type_attr(type, member->property);
            if (gt_type_property_shape(type, member->property) == NULL)
                problem(check, "identity: no property %s", member->property);
            if (attr == NULL || !(attr->flags & GT_ATTR_IMMUTABLE))
                problem(check, "identity: %s may change", member->property);
        } else if (member->created == NULL || below(created, member->created) == NULL) {
            problem(check, "identity: %s is not in what a create answers", member->name);
        }
        if (member->property == NULL && (items == NULL || member->listed == NULL))
            problem(check, "identity: %s cannot be looked up", member->name);
        if (member->listed != NULL &&
            (items == NULL || below(items->element, member->listed) == NULL))
            problem(check, "identity: no %s in the items of the list", member->listed);
    }
}

static void check_lookup(struct check *check)
{
    const struct gt_lookup *lookup = &check->type->lookup;
    if (lookup->list.operation == NULL)
        return;
    check_call(check, "lookup", &lookup->list, check->type->service);
    check_bound(check, "lookup", &lookup->list, NULL);
    if (lookup->list.operation->paginator == NULL)
        problem(check, "lookup: %s has no pages", lookup->list.operation->name);
    const struct gt_shape *items = below(lookup->list.operation->output, lookup->items);
    if (lookup->items == NULL || items == NULL || items->kind != GT_SHAPE_LIST) {
        problem(check, "lookup: no list in the output");
        return;
    }
    if (lookup->match[0][0] == NULL)
        problem(check, "lookup: matches nothing");
    for (size_t i = 0; i < GT_COUNT(lookup->match) && lookup->match[i][0] != NULL; i++) {
        if (below(items->element, lookup->match[i][0]) == NULL)
            problem(check, "lookup: no %s in an item", lookup->match[i][0]);
        if (gt_type_property_shape(check->type, lookup->match[i][1]) == NULL)
            problem(check, "lookup: no property %s", lookup->match[i][1]);
    }
}

static void check_read(struct check *check)
{
    const struct gt_type *type = check->type;
    check_by_identity(check, "read", &type->read);
    check_by_identity(check, "remove", &type->remove);
    const struct gt_shape *object = read_object(type);
    if (object == NULL || object->kind != GT_SHAPE_STRUCTURE)
        problem(check, "read: gives no object");
    if (type->read_items != NULL && type->read.operation->paginator == NULL)
        problem(check, "read: %s has no pages", type->read.operation->name);
    for (size_t i = 0; i < GT_COUNT(type->read_match) && type->read_match[i][0] != NULL; i++) {
        if (below(object, type->read_match[i][0]) == NULL)
            problem(check, "read_match: no %s in an item", type->read_match[i][0]);
        if (!in_identity(type, type->read_match[i][1]))
            problem(check, "read_match: no identity member %s", type->read_match[i][1]);
    }
    if ((type->read_items == NULL) != (type->read_match[0][0] == NULL))
        problem(check, "read_items and read_match go together");
    if (type->absent_without != NULL && below(object, type->absent_without) == NULL)
        problem(check, "absent_without: no %s", type->absent_without);
    if (type->appear_ms <= 0)
        problem(check, "appear_ms: services are consistent in the end only");
}

static bool knows_error(const struct gt_use *use, const char *code)
{
    return use->operation != NULL && gt_operation_error(use->operation, code) != NULL;
}

static void check_errors(struct check *check)
{
    const struct gt_type *type = check->type;
    if (type->absent == NULL || type->absent->code == NULL)
        problem(check, "absent: no error means that it is gone");
    for (const struct gt_absence *row = type->absent; row != NULL && row->code != NULL; row++) {
        if (!knows_error(&type->read, row->code) && !knows_error(&type->remove, row->code))
            problem(check, "absent: no error %s", row->code);
        if (row->confirm && type->lookup.list.operation == NULL)
            problem(check, "absent: nothing to confirm %s by", row->code);
    }
    if (type->exists == NULL && !type->create_is_upsert && !type->lookup.ambiguous)
        problem(check, "exists: no error means that the name is taken");
    for (const struct gt_absence *row = type->exists; row != NULL && row->code != NULL; row++)
        if (!knows_error(&type->create, row->code))
            problem(check, "exists: no error %s", row->code);
    for (const struct gt_transient *row = type->transients; row != NULL && row->code != NULL;
         row++) {
        if (row->limit_ms <= 0)
            problem(check, "transients: %s has no limit", row->code);
        if (row->operation != NULL && row->operation->service != type->service)
            problem(check, "transients: %s is no call of %s", row->operation->name,
                    type->service->name);
        if (row->operation != NULL && gt_operation_error(row->operation, row->code) == NULL)
            problem(check, "transients: %s has no error %s", row->operation->name, row->code);
    }
    for (const struct gt_redrive *row = type->redrives; row != NULL && row->text != NULL; row++)
        if (row->limit_ms <= 0)
            problem(check, "redrives: no limit");
    bool merges = false;
    for (const struct gt_step *step = type->steps; step != NULL && step->use.operation; step++)
        merges |= step->merge_live;
    if (type->redrives != NULL && type->redrive.operation == NULL && !merges)
        problem(check, "redrives: nothing to drive it by");
}

/* Every value of the enum stands in one list, and every listed value is one. */
static void check_status(struct check *check, const char *what, const struct gt_status *status,
                         const struct gt_shape *object)
{
    const char *const *lists[] = {status->settled, status->pending,  status->failed,
                                  status->person,  status->deleting, status->undeletable};
    const char *const pointers[] = {status->reason, status->person_url, status->equal[0],
                                    status->equal[1]};
    for (size_t i = 0; i < GT_COUNT(pointers); i++)
        if (pointers[i] != NULL && below(object, pointers[i]) == NULL)
            problem(check, "%s: no %s", what, pointers[i]);
    const struct gt_shape *shape = status->path == NULL ? NULL : below(object, status->path);
    if (status->path == NULL)
        return;
    if (shape == NULL || shape->values == NULL) {
        problem(check, "%s: %s has no known values", what, status->path);
        return;
    }
    for (const char *const *value = shape->values; *value != NULL; value++) {
        int found = 0;
        for (size_t i = 0; i < GT_COUNT(lists); i++)
            found += in_list(lists[i], *value);
        if (found != 1)
            problem(check, "%s: %s is in %d lists", what, *value, found);
    }
    for (size_t i = 0; i < GT_COUNT(lists); i++)
        for (const char *const *value = lists[i]; value != NULL && *value != NULL; value++)
            if (!in_list(shape->values, *value))
                problem(check, "%s: no value %s", what, *value);
}

static void check_settling(struct check *check)
{
    const struct gt_type *type = check->type;
    check_status(check, "status", &type->status, read_object(type));
    const struct gt_shape *has = below(read_object(type), "/status");
    if (has != NULL && type->status.path == NULL)
        problem(check, "status: the read has one");
    const struct gt_also_settled *also = type->also_settled;
    for (; also != NULL && also->read.operation != NULL; also++) {
        check_by_identity(check, "also_settled", &also->read);
        const struct gt_shape *object = below(also->read.operation->output, also->read.out);
        check_status(check, "also_settled", &also->status, object);
        if (also->live_equal[0] != NULL && (below(object, also->live_equal[0]) == NULL ||
                                            live_at(check, also->live_equal[1]) == NULL))
            problem(check, "also_settled: nothing to compare");
    }
    const struct gt_probe *probe = &type->probe;
    if (probe->use.operation == NULL)
        return;
    check_call(check, "probe", &probe->use, probe->use.operation->service);
    check_bound(check, "probe", &probe->use, probe->payload_member);
    const struct gt_member *payload =
        gt_member_find(probe->use.operation->input, probe->payload_member);
    if (payload == NULL || payload->shape->kind != GT_SHAPE_BLOB)
        problem(check, "probe: no payload %s", probe->payload_member);
    if ((probe->only[0] != NULL && live_at(check, probe->only[0]) == NULL) ||
        (probe->unless != NULL && live_at(check, probe->unless) == NULL))
        problem(check, "probe: a condition on nothing");
    if (probe->limit_ms <= 0 || probe->retry_codes == NULL)
        problem(check, "probe: no limit, or nothing to wait for");
    for (const char *const *code = probe->retry_codes; code != NULL && *code != NULL; code++)
        if (gt_operation_error(probe->use.operation, *code) == NULL)
            problem(check, "probe: no error %s", *code);
}

static void check_step(struct check *check, const struct gt_step *step)
{
    const struct gt_type *type = check->type;
    const char *name = step->use.operation->name;
    const struct gt_shape *input = step->use.operation->input;
    check_call(check, name, &step->use, type->service);
    for (const char *const *property = step->properties; property != NULL && *property != NULL;
         property++)
        if (gt_property_member(type, *property) == NULL)
            problem(check, "%s: no property %s", name, *property);
    for (const char *const *path = step->live_excluded; path != NULL && *path != NULL; path++)
        if (below(input, *path) == NULL)
            problem(check, "%s: does not take %s", name, *path);
    for (size_t i = 0; i < input->member_count; i++) {
        const struct gt_member *member = &input->members[i];
        const char *pointer = gt_printf(check->arena, "/%s", member->name);
        bool set = gt_use_binds(&step->use, member->name) ||
                   gt_type_step_writes(type, step, member->name) ||
                   (step->merge_live && live_at(check, pointer) != NULL);
        if (member->flags & GT_MEMBER_REQUIRED && !set)
            problem(check, "%s: required member %s is not set", name, member->name);
    }
    bool more = false;
    for (size_t i = 0; i < input->member_count; i++)
        more |= gt_type_step_writes(type, step, input->members[i].name) &&
                gt_member_find(type->create.operation->input, input->members[i].name) == NULL;
    if (more != step->on_create && step->when != GT_STEP_REMOVED)
        problem(check, "%s: on_create is wrong", name);
}

/* Whether an update of a property is possible, or known to need a new object. */
static bool changeable(struct check *check, const char *property)
{
    const struct gt_type *type = check->type;
    const struct gt_attr *attr = gt_type_attr(type, gt_printf(check->arena, "/%s", property));
    if (type->create_is_upsert || gt_streq(type->tags.property, property) ||
        (attr != NULL && attr->flags & GT_ATTR_IMMUTABLE))
        return true;
    for (const struct gt_step *step = type->steps; step != NULL && step->use.operation; step++)
        if (gt_type_step_writes(type, step, property))
            return true;
    return false;
}

static void check_steps(struct check *check)
{
    const struct gt_step *step = check->type->steps;
    for (; step != NULL && step->use.operation != NULL; step++)
        check_step(check, step);
    const char *const *property = gt_type_properties(check->type, check->arena);
    for (; *property != NULL; property++)
        if (!changeable(check, *property))
            problem(check, "steps: nothing changes %s", *property);
}

static void check_attribute(struct check *check, const struct gt_attr *attr)
{
    struct gt_arena *arena = check->arena;
    const struct gt_shape *properties = gt_properties_shape(check->type, arena);
    const struct gt_shape *shape = shape_by_path(arena, properties, attr->path);
    bool property = shape != NULL;
    if (shape == NULL)
        shape = shape_by_path(arena, read_object(check->type), attr->path);
    if (shape == NULL) {
        problem(check, "attributes: no %s", attr->path);
        return;
    }
    bool list = shape->kind == GT_SHAPE_LIST, text = shape->kind == GT_SHAPE_STRING;
    unsigned flags = attr->flags;
    if ((flags & (GT_ATTR_SET | GT_ATTR_GROWS) || attr->kept != NULL || attr->key != NULL) && !list)
        problem(check, "attributes: %s is no list", attr->path);
    if (attr->key != NULL && gt_member_find(shape->element, attr->key) == NULL)
        problem(check, "attributes: entries of %s have no %s", attr->path, attr->key);
    if (list && flags & GT_ATTR_SET && attr->key == NULL &&
        shape->element->kind == GT_SHAPE_STRUCTURE)
        problem(check, "attributes: entries of %s need a key", attr->path);
    if (flags & (GT_ATTR_POLICY | GT_ATTR_JSON | GT_ATTR_CASELESS) && !text)
        problem(check, "attributes: %s is no text", attr->path);
    if (flags & GT_ATTR_KIND && shape->kind != GT_SHAPE_STRUCTURE)
        problem(check, "attributes: %s has no kinds", attr->path);
    if (flags & GT_ATTR_NOT_SECRET && !(shape->flags & GT_SHAPE_SENSITIVE))
        problem(check, "attributes: the model does not call %s sensitive", attr->path);
    if (flags & (GT_ATTR_IMMUTABLE | GT_ATTR_KIND | GT_ATTR_WRITE_ONLY) && !property)
        problem(check, "attributes: %s is no property", attr->path);
    if (flags & GT_ATTR_VOLATILE && !in_list(check->type->outputs, attr->path))
        problem(check, "attributes: %s is no output", attr->path);
    if (flags & GT_ATTR_SECRET && flags & GT_ATTR_NOT_SECRET)
        problem(check, "attributes: %s is secret and is not", attr->path);
    if (flags == 0 && attr->kept == NULL)
        problem(check, "attributes: %s says nothing", attr->path);
    for (const struct gt_attr *other = check->type->attributes; other != attr; other++)
        if (strcmp(other->path, attr->path) == 0)
            problem(check, "attributes: %s twice", attr->path);
}

static void check_outputs(struct check *check)
{
    const struct gt_type *type = check->type;
    for (const struct gt_attr *attr = type->attributes; attr != NULL && attr->path; attr++)
        check_attribute(check, attr);
    if (type->outputs == NULL || *type->outputs == NULL)
        problem(check, "outputs: none");
    for (const char *const *output = type->outputs; output != NULL && *output != NULL; output++) {
        const char *pointer = gt_printf(check->arena, "/%s", *output);
        if (live_at(check, pointer) == NULL)
            problem(check, "outputs: no %s", *output);
        if (gt_type_secret(type, pointer))
            problem(check, "outputs: %s is secret", *output);
    }
    if (type->arn != NULL && live_at(check, gt_printf(check->arena, "/%s", type->arn)) == NULL)
        problem(check, "arn: no %s", type->arn);
    const struct gt_identity *member = type->identity;
    for (; type->arn_form != NULL && member->name != NULL; member++)
        if (strstr(type->arn_form, gt_printf(check->arena, "{%s", member->name)) == NULL)
            problem(check, "arn_form: lacks %s", member->name);
}

static void check_tags(struct check *check)
{
    const struct gt_tagging *tags = &check->type->tags;
    if (tags->property == NULL) {
        const char *parent = check->type->parent;
        if (parent == NULL || gt_property_member(check->type, parent) == NULL)
            problem(check, "tags: neither tags nor a parent");
        return;
    }
    const struct gt_member *member = gt_property_member(check->type, tags->property);
    enum gt_shape_kind kind = tags->form == GT_TAGS_MAP ? GT_SHAPE_MAP : GT_SHAPE_LIST;
    if (member == NULL || member->shape->kind != kind)
        problem(check, "tags: %s has another form", tags->property);
    if (!gt_type_reads_tags(check->type)) { /* only create takes them */
        if (tags->tag.operation != NULL || tags->untag.operation != NULL)
            problem(check, "tags: can be written, but not be read");
        return;
    }
    const char *pointer = gt_printf(check->arena, "/%s", tags->property);
    if (tags->in_read && below(read_object(check->type), pointer) == NULL)
        problem(check, "tags: reads do not give %s", pointer);
    if (!tags->in_read) {
        check_call(check, "tags.list", &tags->list, check->type->service);
        check_bound(check, "tags.list", &tags->list, NULL);
    }
    const struct gt_use *uses[] = {&tags->tag, &tags->untag};
    const char *members[] = {tags->tag_member, tags->untag_member};
    enum gt_shape_kind kinds[] = {kind, GT_SHAPE_LIST};
    for (size_t i = 0; i < GT_COUNT(uses); i++) {
        check_call(check, "tags", uses[i], check->type->service);
        check_bound(check, "tags", uses[i], members[i]);
        const struct gt_member *given = gt_member_find(uses[i]->operation->input, members[i]);
        if (given == NULL || given->shape->kind != kinds[i])
            problem(check, "tags: no %s", members[i]);
    }
}

static bool parses(const char *text)
{
    json_auto_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value != NULL;
}

static void check_property(struct check *check, const char *column, const char *name)
{
    if (name != NULL && gt_property_member(check->type, name) == NULL)
        problem(check, "%s: no property %s", column, name);
}

static void check_ownership(struct check *check)
{
    const struct gt_type *type = check->type;
    check_property(check, "parent", type->parent);
    check_property(check, "completes", type->completes);
    check_property(check, "protection", type->protection);
    if (type->owner != NULL && (live_at(check, type->owner) == NULL || type->parent == NULL))
        problem(check, "owner: no %s", type->owner);
    if (type->protection != NULL && (!parses(type->protection_on) || !parses(type->protection_off)))
        problem(check, "protection: no values");
    if (type->breaks_callers != (type->breaks_words != NULL) ||
        type->kept_by_service != (type->kept_words != NULL))
        problem(check, "words are missing, or nobody says them");
    if (type->adopt_untagged[0] != NULL &&
        (gt_type_property_shape(type, type->adopt_untagged[0]) == NULL || !type->tags.property))
        problem(check, "adopt_untagged: no %s", type->adopt_untagged[0]);
    for (const struct gt_foreign *row = type->foreign; row != NULL && row->list.operation; row++) {
        check_by_identity(check, "foreign", &row->list);
        const struct gt_shape *items = below(row->list.operation->output, row->items);
        if (items == NULL || items->kind != GT_SHAPE_LIST ||
            below(items->element, row->name) == NULL)
            problem(check, "foreign: no %s in %s", row->name, row->items);
        const struct gt_type *other = gt_type_find(row->type);
        if (other == NULL || gt_property_member(other, row->property) == NULL || !row->words)
            problem(check, "foreign: no %s of %s", row->property, row->type);
    }
}

const char *lint(struct gt_arena *arena, const struct gt_type *type)
{
    struct check check = {.arena = arena, .type = type, .lines = ""};
    if (type->summary == NULL || type->service == NULL || type->create.operation == NULL ||
        type->read.operation == NULL || type->remove.operation == NULL) {
        problem(&check, "lacks a summary, a service or a call");
        return check.lines;
    }
    check_create(&check);
    check_read(&check);
    check_identity(&check);
    check_lookup(&check);
    check_errors(&check);
    check_settling(&check);
    check_steps(&check);
    check_outputs(&check);
    check_tags(&check);
    check_ownership(&check);
    return check.lines;
}

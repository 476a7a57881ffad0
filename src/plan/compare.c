/* The three-way comparison of wanted, last applied and live. */
#include <gantry/plan/plan.h>

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/policy/policy.h>
#include <string.h>

static bool covers(const struct gt_type *type, const char *pointer, const json_t *wanted,
                   const json_t *live);

static unsigned flags_at(const struct gt_type *type, const char *pointer)
{
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    return attr == NULL ? 0 : attr->flags;
}

/* A service may leave out what is false or zero as well as what is empty. */
static bool says_nothing(const json_t *value)
{
    return gt_json_empty(value) || json_is_false(value) ||
           (json_is_number(value) && json_number_value(value) == 0.0);
}

static bool scalars_equal(unsigned flags, const json_t *a, const json_t *b)
{
    if (json_is_string(a) && json_is_string(b)) {
        const char *x = json_string_value(a), *y = json_string_value(b);
        if (strcmp(x, y) == 0)
            return true;
        if ((flags & GT_ATTR_CASELESS) == 0)
            return false;
        GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
        return strcmp(gt_lower(scratch, x), gt_lower(scratch, y)) == 0;
    }
    if (json_is_number(a) && json_is_number(b))
        return json_equal(a, b) || json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

static bool json_texts_equal(const json_t *a, const json_t *b)
{
    json_auto_t *x = json_is_string(a) ? json_loads(json_string_value(a), JSON_DECODE_ANY, NULL)
                                       : json_deep_copy(a);
    json_auto_t *y = json_is_string(b) ? json_loads(json_string_value(b), JSON_DECODE_ANY, NULL)
                                       : json_deep_copy(b);
    return x != NULL && y != NULL ? json_equal(x, y) : json_equal(a, b);
}

/* The element of `list` that `item` is to be compared with: the one with the same key, or one that
 * covers it. Elements that were taken before are marked in `taken`. */
static bool take_match(const struct gt_type *type, const char *pointer, const char *key,
                       const json_t *item, const json_t *list, bool *taken)
{
    size_t i;
    json_t *other;
    json_array_foreach(list, i, other)
    {
        if (taken[i])
            continue;
        if (key != NULL && json_is_object(item) &&
            !json_equal(json_object_get(item, key), json_object_get(other, key)))
            continue;
        if (covers(type, pointer, item, other)) {
            taken[i] = true;
            return true;
        }
    }
    return false;
}

/* Entries that the service puts into a list by itself and that nobody took are no difference. */
static bool rest_is_kept(const struct gt_attr *attr, const json_t *live, const bool *taken)
{
    size_t i;
    json_t *item;
    json_array_foreach(live, i, item)
    {
        bool known = taken[i];
        for (const char *const *kept = attr->kept; kept != NULL && *kept != NULL && !known; kept++)
            known = gt_streq(json_string_value(item), *kept);
        if (!known)
            return false;
    }
    return true;
}

static bool sets_cover(const struct gt_type *type, const char *pointer, const json_t *wanted,
                       const json_t *live)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    bool *taken = gt_calloc(scratch, json_array_size(live) + 1, sizeof(*taken));
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    const char *item_pointer = gt_printf(scratch, "%s/*", pointer);
    size_t i;
    json_t *item;
    json_array_foreach(wanted, i, item)
    {
        if (!take_match(type, item_pointer, attr->key, item, live, taken))
            return false;
    }
    return (attr->flags & GT_ATTR_GROWS) != 0 || rest_is_kept(attr, live, taken);
}

static bool lists_cover(const struct gt_type *type, const char *pointer, const json_t *wanted,
                        const json_t *live)
{
    if (json_array_size(wanted) != json_array_size(live))
        return false;
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    size_t i;
    json_t *item;
    json_array_foreach(wanted, i, item)
    {
        if (!covers(type, gt_pointer_index(scratch, pointer, i), item, json_array_get(live, i)))
            return false;
    }
    return true;
}

static bool objects_cover(const struct gt_type *type, const char *pointer, const json_t *wanted,
                          const json_t *live)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(wanted), key, value)
    {
        if (!covers(type, gt_pointer_join(scratch, pointer, key), value,
                    json_object_get(live, key)))
            return false;
    }
    return true;
}

static bool covers(const struct gt_type *type, const char *pointer, const json_t *wanted,
                   const json_t *live)
{
    unsigned flags = flags_at(type, pointer);
    if ((flags & GT_ATTR_EMPTY_KEPT) == 0 && gt_json_empty(wanted) && gt_json_empty(live))
        return true;
    if (live == NULL && says_nothing(wanted))
        return (flags & GT_ATTR_EMPTY_KEPT) == 0;
    if (wanted == NULL || live == NULL)
        return false;
    if (flags & GT_ATTR_POLICY)
        return gt_policy_equal(wanted, live);
    if (flags & GT_ATTR_JSON)
        return json_texts_equal(wanted, live);
    if (json_is_array(wanted) && json_is_array(live))
        return (flags & (GT_ATTR_SET | GT_ATTR_GROWS) ? sets_cover : lists_cover)(type, pointer,
                                                                                  wanted, live);
    if (json_is_object(wanted) && json_is_object(live))
        return objects_cover(type, pointer, wanted, live);
    return scalars_equal(flags, wanted, live);
}

bool gt_value_covers(const struct gt_type *type, const char *pointer, const json_t *wanted,
                     const json_t *live)
{
    return covers(type, pointer, wanted, live);
}

/* What stays the same during one comparison. */
struct walk {
    struct gt_arena *arena;
    const struct gt_compare *what;
    struct gt_changes *out;
};

/* wanted, last applied and live at one pointer; NULL: absent. */
struct three {
    const json_t *wanted, *last, *live;
};

static bool at_or_below(const char *pointer, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(pointer, prefix, len) == 0 && (pointer[len] == '\0' || pointer[len] == '/');
}

static bool is_ignored(const struct walk *walk, const char *pointer)
{
    for (const char *const *path = walk->what->ignore; path != NULL && *path != NULL; path++) {
        if (at_or_below(pointer, *path))
            return true;
    }
    return false;
}

static const json_t *shown(const struct walk *walk, const char *pointer, const json_t *value)
{
    if (value == NULL)
        return NULL;
    if (gt_type_secret(walk->what->type, pointer))
        return gt_keep(walk->arena, json_string("(secret)"));
    return gt_keep(walk->arena, gt_type_redact_at(walk->what->type, pointer, value));
}

/* A replacement may be said by the attribute itself or by one that holds it. */
static const struct gt_attr *replacing_attr(const struct gt_type *type, const char *pointer)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    char *prefix = gt_strdup(scratch, pointer);
    while (*prefix != '\0') {
        const struct gt_attr *attr = gt_type_attr(type, prefix);
        if (attr != NULL && attr->flags & GT_ATTR_IMMUTABLE)
            return attr;
        *strrchr(prefix, '/') = '\0';
    }
    return NULL;
}

static struct gt_change *add_change(const struct walk *walk, const char *pointer,
                                    const struct three *at, bool unknown)
{
    const struct gt_type *type = walk->what->type;
    struct gt_change *change = GT_PUSH(walk->arena, &walk->out->list);
    change->pointer = gt_strdup(walk->arena, pointer);
    change->before = shown(walk, pointer, at->live);
    change->after = shown(walk, pointer, at->wanted);
    change->secret = gt_type_secret(type, pointer);
    change->unknown = unknown;
    bool same_as_last = at->last != NULL && at->wanted != NULL && !change->secret &&
                        covers(type, pointer, at->wanted, at->last);
    change->cause = unknown              ? GT_CAUSE_UPSTREAM
                    : at->wanted == NULL ? GT_CAUSE_REMOVED
                    : same_as_last       ? GT_CAUSE_DRIFT
                                         : GT_CAUSE_MANIFEST;
    change->ignored = is_ignored(walk, pointer);
    const struct gt_attr *attr = replacing_attr(type, pointer);
    change->replaces = attr != NULL;
    change->words = attr == NULL ? NULL : attr->words;
    if (!change->ignored) {
        walk->out->any = true;
        walk->out->replaces |= change->replaces;
    }
    return change;
}

/* A union whose set member is another one than that of the live object. */
static bool kind_differs(const json_t *wanted, const json_t *live)
{
    const char *key;
    json_t *value;
    if (!json_is_object(wanted) || !json_is_object(live) || json_object_size(live) == 0)
        return false;
    json_object_foreach(gt_iterable(wanted), key, value)
    {
        if (!gt_json_empty(value) && json_object_get(live, key) == NULL)
            return true;
    }
    return false;
}

/* Lists that may only grow: whether something that is there would be changed or go. */
static bool shrinks(const struct gt_type *type, const char *pointer, const json_t *wanted,
                    const json_t *last)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    bool *taken = gt_calloc(scratch, json_array_size(wanted) + 1, sizeof(*taken));
    const char *item_pointer = gt_printf(scratch, "%s/*", pointer);
    size_t i;
    json_t *item;
    json_array_foreach(last, i, item)
    {
        if (!take_match(type, item_pointer, attr->key, item, wanted, taken))
            return true;
    }
    return false;
}

static void compare_value(const struct walk *walk, const char *pointer, const struct three *at);

static void compare_members(const struct walk *walk, const char *pointer, const struct three *at)
{
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(at->wanted), key, value)
    {
        struct three below = {value, json_object_get(at->last, key),
                              json_object_get(at->live, key)};
        compare_value(walk, gt_pointer_join(walk->arena, pointer, key), &below);
    }
    if (!json_is_object(at->last))
        return;
    json_object_foreach(gt_iterable(at->last), key, value)
    {
        if (json_object_get(at->wanted, key) != NULL)
            continue;
        struct three below = {NULL, value, json_object_get(at->live, key)};
        compare_value(walk, gt_pointer_join(walk->arena, pointer, key), &below);
    }
}

/* One leaf: a scalar, a list, a document that is compared as a whole. */
static void compare_leaf(const struct walk *walk, const char *pointer, const struct three *at,
                         unsigned flags)
{
    const struct gt_type *type = walk->what->type;
    bool by_last = (flags & GT_ATTR_WRITE_ONLY) != 0;
    bool secret = gt_type_secret(type, pointer);
    /* A secret that is never given back: only whether it was applied can be known. */
    if (by_last && secret) {
        if (at->last == NULL)
            add_change(walk, pointer, at, false);
        return;
    }
    if (covers(type, pointer, at->wanted, by_last ? at->last : at->live))
        return;
    struct gt_change *change = add_change(walk, pointer, at, false);
    if (flags & GT_ATTR_GROWS && json_is_array(at->wanted) && !change->ignored &&
        shrinks(type, pointer, at->wanted, at->last)) {
        change->replaces = true;
        change->words = gt_type_attr(type, pointer)->words;
        walk->out->replaces = true;
    }
}

/* The row of a member below `pointer` that cannot go without a new object, or NULL. */
static const struct gt_attr *immutable_below(const struct walk *walk, const char *pointer,
                                             const json_t *last)
{
    const struct gt_attr *attr = gt_type_attr(walk->what->type, pointer);
    if (attr != NULL && attr->flags & GT_ATTR_IMMUTABLE)
        return says_nothing(last) ? NULL : attr;
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(last), key, value)
    {
        attr = immutable_below(walk, gt_pointer_join(walk->arena, pointer, key), value);
        if (attr != NULL)
            return attr;
    }
    return NULL;
}

static void compare_removed(const struct walk *walk, const char *pointer, const struct three *at,
                            unsigned flags)
{
    if (flags & GT_ATTR_WRITE_ONLY ? at->last == NULL : says_nothing(at->live))
        return;
    struct gt_change *change = add_change(walk, pointer, at, false);
    const struct gt_attr *attr = immutable_below(walk, pointer, at->last);
    if (change->replaces || attr == NULL)
        return;
    change->replaces = true;
    change->words = attr->words;
    walk->out->replaces |= !change->ignored;
}

/* Whether a value at or below the pointer is known only later. */
static bool is_unknown(const struct walk *walk, const char *pointer)
{
    const char *unknown;
    json_t *value;
    json_object_foreach(gt_iterable(walk->what->unknown), unknown, value)
    {
        if (at_or_below(unknown, pointer))
            return true;
    }
    return false;
}

static void compare_value(const struct walk *walk, const char *pointer, const struct three *at)
{
    unsigned flags = flags_at(walk->what->type, pointer);
    if (at->wanted == NULL || json_is_null(at->wanted)) {
        struct three removed = {NULL, at->last, at->live};
        compare_removed(walk, pointer, &removed, flags);
    } else if (json_is_object(at->wanted) && !(flags & (GT_ATTR_POLICY | GT_ATTR_JSON))) {
        if (flags & GT_ATTR_KIND && kind_differs(at->wanted, at->live)) {
            struct gt_change *change = add_change(walk, pointer, at, false);
            change->replaces = true;
            change->words = gt_type_attr(walk->what->type, pointer)->words;
            walk->out->replaces |= !change->ignored;
        } else {
            compare_members(walk, pointer, at);
        }
    } else if (is_unknown(walk, pointer)) {
        add_change(walk, pointer, at, true);
    } else {
        compare_leaf(walk, pointer, at, flags);
    }
}

/* Tags are compared key by key, whichever form the service has for them; keys that the manifest
 * does not name are left alone. */
static struct three tags_as_maps(const struct gt_type *type, struct gt_arena *arena,
                                 const struct three *at)
{
    return (struct three){
        at->wanted == NULL ? NULL : gt_keep(arena, gt_type_tags_map(type, at->wanted)),
        at->last == NULL ? NULL : gt_keep(arena, gt_type_tags_map(type, at->last)),
        gt_keep(arena, at->live == NULL ? json_object() : gt_type_tags_map(type, at->live))};
}

static void compare_property(const struct walk *walk, const char *name)
{
    const struct gt_compare *what = walk->what;
    const char *pointer = gt_pointer_join(walk->arena, "", name);
    struct three at = {json_object_get(what->wanted, name), json_object_get(what->last, name),
                       json_object_get(what->live, name)};
    if (what->type->tags.property != NULL && strcmp(name, what->type->tags.property) == 0) {
        if (!gt_type_reads_tags(what->type))
            return; /* only create takes them */
        at = tags_as_maps(what->type, walk->arena, &at);
        if (at.wanted == NULL)
            at.wanted = gt_keep(walk->arena, json_object());
        compare_members(walk, pointer, &at);
        return;
    }
    compare_value(walk, pointer, &at);
}

struct gt_changes gt_compare(struct gt_arena *arena, const struct gt_compare *what)
{
    struct gt_changes changes = {.any = false};
    struct walk walk = {.arena = arena, .what = what, .out = &changes};
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(what->wanted), name, value) compare_property(&walk, name);
    json_object_foreach(gt_iterable(what->last), name, value)
    {
        if (json_object_get(what->wanted, name) == NULL)
            compare_property(&walk, name);
    }
    return changes;
}

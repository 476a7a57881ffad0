/* References to resources and their filters. */
#include "lower.h"

#include <ctype.h>
#include <gantry/doc/keys.h>
#include <string.h>

static char *trimmed(struct gt_arena *arena, const char *text, size_t len)
{
    while (len > 0 && isspace((unsigned char)*text))
        text++, len--;
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    return gt_strndup(arena, text, len);
}

const char *gt_stack_unfiltered(struct gt_arena *arena, const char *expression)
{
    return trimmed(arena, expression, strcspn(expression, "|"));
}

static char *percent_encode(struct gt_arena *arena, const char *text)
{
    return gt_percent_encode(arena, text, "");
}

static char *domain_suffix(struct gt_arena *arena, const char *text)
{
    /* Cognito refuses prefixes with these words; a suffix that has one by chance gets a digit in
     * it. */
    static const struct {
        const char *word;
        size_t at;
    } refused[] = {{"aws", 1}, {"amazon", 3}, {"cognito", 3}};
    enum { MAX = 10 };
    const char *last = strrchr(text, '_');
    char *out = gt_lower(arena, last != NULL ? last + 1 : text);
    size_t len = 0;
    for (const char *from = out; *from != '\0' && len < MAX; from++) {
        if ((*from >= 'a' && *from <= 'z') || (*from >= '0' && *from <= '9'))
            out[len++] = *from;
    }
    out[len] = '\0';
    for (size_t i = 0; i < GT_COUNT(refused); i++) {
        for (char *at = strstr(out, refused[i].word); at != NULL; at = strstr(at, refused[i].word))
            at[refused[i].at] = '0';
    }
    return out;
}

static const struct {
    const char *name;
    char *(*apply)(struct gt_arena *arena, const char *text);
} filters[] = {
    {"percent-encode", percent_encode},
    {"domain-suffix", domain_suffix},
    {"lower", gt_lower},
};

bool gt_stack_filter(struct gt_arena *arena, const char *name, const json_t *value, json_t **out)
{
    if (value == NULL || json_is_object(value) || json_is_array(value) || json_is_null(value))
        return false;
    const char *text = json_string_value(value);
    for (size_t i = 0; i < GT_COUNT(filters); i++) {
        if (strcmp(filters[i].name, name) != 0)
            continue;
        *out = json_string(
            filters[i].apply(arena, text != NULL ? text : gt_json_canonical(arena, value)));
        return true;
    }
    return false;
}

static bool known_filter(const char *name)
{
    for (size_t i = 0; i < GT_COUNT(filters); i++) {
        if (strcmp(filters[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The next filter of an expression, or NULL; *at is behind it then. */
static const char *next_filter(struct gt_arena *arena, const char **at)
{
    const char *bar = strchr(*at, '|');
    if (bar == NULL)
        return NULL;
    size_t len = strcspn(bar + 1, "|");
    *at = bar + 1 + len;
    return trimmed(arena, bar + 1, len);
}

static void unknown_filter(struct gt_arena *arena, const char *name, struct gt_diags *diags)
{
    const char *names[GT_COUNT(filters) + 1] = {NULL}, *all = "";
    for (size_t i = 0; i < GT_COUNT(filters); i++) {
        names[i] = filters[i].name;
        all = gt_printf(arena, "%s%s%s", all, i > 0 ? ", " : "", names[i]);
    }
    const char *near = gt_nearest(name, names);
    gt_error(diags, "unknown-filter", "there is no filter \"%s\"", name)->hint =
        near != NULL ? gt_printf(arena, "did you mean \"%s\"?", near)
                     : gt_printf(arena, "use one of %s", all);
}

bool gt_stack_filtered(struct gt_arena *arena, const char *expression, json_t *value, json_t **out,
                       struct gt_diags *diags)
{
    json_t *at = json_incref(value);
    const char *rest = expression, *name;
    while ((name = next_filter(arena, &rest)) != NULL) {
        json_t *next;
        if (!gt_stack_filter(arena, name, at, &next)) {
            if (known_filter(name))
                gt_error(diags, "wrong-type", "filter %s takes text, not a map or list", name);
            else
                unknown_filter(arena, name, diags);
            json_decref(at);
            return false;
        }
        json_decref(at);
        at = next;
    }
    *out = at;
    return true;
}

enum { ADDRESS_MAX = 512 }; /* more than a type and its logical names can be long */

/* The longest address that starts the expression, with the rest as a pointer. */
static struct gt_resource *longest(const struct gt_map *by_address, struct gt_arena *arena,
                                   const char *plain, const char **pointer)
{
    char *address = gt_strndup(arena, plain, strnlen(plain, ADDRESS_MAX));
    for (;;) {
        struct gt_resource *resource = gt_map_get(by_address, address);
        size_t len = strlen(address);
        if (resource != NULL) {
            char *rest = gt_strdup(arena, plain + len);
            for (char *c = rest; *c != '\0'; c++)
                *c = *c == '.' ? '/' : *c;
            *pointer = rest;
            return resource;
        }
        char *dot = strrchr(address, '.');
        if (dot == NULL)
            return NULL;
        *dot = '\0';
    }
}

struct gt_resource *gt_stack_reference(const struct gt_stack *stack, struct gt_arena *arena,
                                       const char *expression, const char **pointer)
{
    return longest(stack->by_address, arena, gt_stack_unfiltered(arena, expression), pointer);
}

struct gt_resource *gt_low_reference(struct gt_low *low, const char *expression,
                                     const char **pointer)
{
    return longest(&low->by_address, low->arena, gt_stack_unfiltered(low->arena, expression),
                   pointer);
}

/* The names that a reference to a type may start with: what it outputs, its identity, its
 * properties. */
static const char *const *attributes(struct gt_low *low, const struct gt_type *type)
{
    const char *const *known = gt_map_get(&low->attributes, type->name);
    if (known != NULL)
        return known;
    const char *const *properties = gt_type_properties(type, low->arena);
    size_t count = 2;
    for (const char *const *p = properties; *p != NULL; p++)
        count++;
    for (const char *const *o = type->outputs; o != NULL && *o != NULL; o++)
        count++;
    for (const struct gt_identity *i = type->identity; i != NULL && i->name != NULL; i++)
        count++;
    const char **names = gt_calloc(low->arena, count, sizeof(*names));
    size_t len = 0;
    for (const char *const *o = type->outputs; o != NULL && *o != NULL; o++)
        names[len++] = *o;
    for (const struct gt_identity *i = type->identity; i != NULL && i->name != NULL; i++)
        names[len++] = i->name;
    if (type->arn != NULL)
        names[len++] = type->arn;
    for (const char *const *p = properties; *p != NULL; p++)
        names[len++] = *p;
    gt_map_set(&low->attributes, type->name, names);
    return names;
}

static const char *bare(const char *name)
{
    return *name == '/' ? name + 1 : name;
}

/* Whether the pointer leads to an attribute; else the hint. */
static bool has_attribute(struct gt_low *low, const struct gt_resource *resource,
                          const char *pointer, const char **hint)
{
    const struct gt_type *type = resource->type;
    const char *const *names = attributes(low, type), *all = "";
    size_t len = *pointer == '\0' ? 0 : strcspn(pointer + 1, "/");
    const char *head = *pointer == '\0' ? "" : gt_strndup(low->arena, pointer + 1, len);
    for (const char *const *n = names; *n != NULL; n++) {
        const char *name = bare(*n);
        if (strncmp(name, head, len) == 0 && (name[len] == '\0' || name[len] == '/') && len > 0)
            return true;
    }
    const char *near = len > 0 ? gt_nearest(head, names) : NULL;
    for (const char *const *o = type->outputs; o != NULL && *o != NULL; o++)
        all = gt_printf(low->arena, "%s%s%s", all, *all != '\0' ? ", " : "", bare(*o));
    *hint = near != NULL   ? gt_printf(low->arena, "did you mean \"%s\"?", bare(near))
            : *all != '\0' ? gt_printf(low->arena, "%s has %s", resource->address, all)
                           : NULL;
    return false;
}

/* What stays unresolved on purpose, or was reported already. */
static bool left_to_others(struct gt_low *low, const char *plain)
{
    static const char *const exact[] = {"aws.account", "aws.endpoint.cognito-idp"};
    for (size_t i = 0; i < GT_COUNT(exact); i++) {
        if (strcmp(plain, exact[i]) == 0)
            return true;
    }
    return gt_starts_with(plain, "aws.") || gt_is_reported(gt_printf(low->arena, "${%s}", plain));
}

static void dangling(struct gt_low *low, const char *expression, const char *plain,
                     struct gt_pos pos, const char *subject)
{
    struct gt_diag *diag = gt_error(low->diags, "dangling-reference",
                                    "${%s} refers to nothing in this stack", expression);
    diag->pos = pos;
    diag->subject = subject;
    const char *dot = strrchr(plain, '.');
    /* Finding the nearest of thousands of addresses is slow; nobody reads a hundred suggestions. */
    if (strchr(plain, ':') != NULL)
        diag->hint = "write $${...} for a literal ${...}";
    else if (low->diags->errors > 100)
        diag->hint = NULL;
    else if (dot == NULL)
        diag->hint = "references are var.NAME, env.NAME, file.PATH or ADDRESS.ATTRIBUTE";
    else
        diag->hint = gt_low_suggest(low, &low->by_address,
                                    gt_strndup(low->arena, plain, (size_t)(dot - plain)));
}

struct checking {
    struct gt_low *low;
    const struct gt_resource *resource; /* NULL: outputs */
    const struct gt_marks *marks;
    const char *base;
};

static void check_one(void *payload, const char *pointer, const char *expression)
{
    const struct checking *check = payload;
    struct gt_low *low = check->low;
    const char *plain = gt_stack_unfiltered(low->arena, expression), *attribute, *hint, *name;
    const char *rest = expression;
    struct gt_pos pos =
        gt_marks_pos(check->marks, gt_printf(low->arena, "%s%s", check->base, pointer));
    const char *subject = check->resource != NULL ? check->resource->address : NULL;
    size_t mark = gt_diags_mark(low->diags);
    while ((name = next_filter(low->arena, &rest)) != NULL) {
        if (!known_filter(name))
            unknown_filter(low->arena, name, low->diags);
    }
    for (size_t i = mark; i < low->diags->list.len; i++)
        low->diags->list.at[i]->pos = pos;
    if (left_to_others(low, plain))
        return;
    const struct gt_resource *resource = gt_low_reference(low, plain, &attribute);
    struct gt_diag *diag;
    if (resource == NULL) {
        dangling(low, expression, plain, pos, subject);
        return;
    }
    if (resource == check->resource) {
        diag = gt_error(low->diags, "self-reference", "${%s} refers to the resource itself",
                        expression);
    } else if (!has_attribute(low, resource, attribute, &hint)) {
        diag =
            *attribute == '\0'
                ? gt_error(low->diags, "unknown-attribute", "${%s} names no attribute", expression)
                : gt_error(low->diags, "unknown-attribute", "%s has no attribute \"%s\"",
                           resource->address, attribute + 1);
        diag->hint = hint;
    } else if (check->resource != NULL && gt_type_secret(resource->type, attribute) &&
               !gt_type_secret(check->resource->type, pointer)) {
        diag = gt_error(low->diags, "secret-in-the-open",
                        "${%s} is a secret, and %s is kept and shown as it is", expression,
                        pointer + 1);
        diag->hint = "leave it out: gantry output --show-secrets prints it";
    } else {
        return;
    }
    diag->pos = pos;
    diag->subject = subject;
}

void gt_low_check_references(struct gt_low *low)
{
    for (size_t i = 0; i < low->resources.len; i++) {
        const struct gt_resource *resource = low->resources.at[i];
        struct checking check = {
            .low = low, .resource = resource, .marks = resource->marks, .base = ""};
        gt_each_ref(low->arena, resource->properties, check_one, &check);
    }
    struct checking check = {.low = low, .marks = low->marks, .base = "/outputs"};
    gt_each_ref(low->arena, low->stack->outputs, check_one, &check);
}

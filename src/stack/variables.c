/* The values of variables, and of everything else that comes from outside of the manifest. */
#include "variables.h"

#include "value.h"
#include <gantry/doc/keys.h>
#include <stdlib.h>
#include <string.h>

/* One pass over a document: where it stands and what may be referred to. */
struct pass {
    struct gt_low *low;
    const struct gt_map *variables; /* NULL: the document is a variable's default */
    const struct gt_resolver *resolver;
    const struct gt_marks *marks;
    const char *base; /* pointer of the document */
    const json_t *doc;
};

static struct gt_pos place(const struct pass *pass, const char *pointer)
{
    return gt_marks_pos(pass->marks, gt_printf(pass->low->arena, "%s%s", pass->base, pointer));
}

static bool from_variable(struct pass *pass, const char *pointer, const char *name, json_t **value,
                          struct gt_diags *diags)
{
    struct gt_low *low = pass->low;
    const char *dot = strchr(name, '.');
    const char *head = dot == NULL ? name : gt_strndup(low->arena, name, (size_t)(dot - name));
    const struct gt_variable *variable =
        pass->variables == NULL ? NULL : gt_map_get(pass->variables, head);
    struct gt_diag *diag;
    if (pass->variables == NULL) {
        diag = gt_error(diags, "reference-not-allowed",
                        "a variable's default cannot refer to another variable");
        diag->hint = "use ${env.NAME} or ${file.PATH}";
    } else if (variable == NULL) {
        diag = gt_error(diags, "unknown-variable", "there is no variable \"%s\"", head);
        diag->hint = gt_low_suggest(low, pass->variables, head);
    } else if (variable->final == NULL) {
        return false; /* reported where the variable is declared */
    } else {
        char *path =
            gt_printf(low->arena, "%s%s", dot != NULL ? "/" : "", dot != NULL ? dot + 1 : "");
        for (char *c = path; *c != '\0'; c++)
            *c = *c == '.' ? '/' : *c;
        *value = json_incref(gt_at(variable->final, path));
        if (*value != NULL)
            return true;
        diag = gt_error(diags, "unknown-variable", "variable \"%s\" has no member \"%s\"", head,
                        dot + 1);
    }
    diag->pos = place(pass, pointer);
    return false;
}

/* What was reported since `mark` stands where the reference does. */
static bool placed(struct pass *pass, const char *pointer, size_t mark, bool found,
                   struct gt_diags *diags)
{
    for (size_t i = mark; i < diags->list.len; i++) {
        if (diags->list.at[i]->pos.file == NULL)
            diags->list.at[i]->pos = place(pass, pointer);
    }
    return found;
}

static bool from_environment(struct pass *pass, const char *pointer, const char *name,
                             json_t **value, struct gt_diags *diags)
{
    size_t mark = gt_diags_mark(diags);
    return placed(pass, pointer, mark, gt_outside_env(pass->resolver, name, value, diags), diags);
}

static bool from_file(struct pass *pass, const char *pointer, const char *path, json_t **value,
                      struct gt_diags *diags)
{
    size_t mark = gt_diags_mark(diags);
    return placed(pass, pointer, mark, gt_outside_file(pass->resolver, path, value, diags), diags);
}

static bool from_aws(struct pass *pass, const char *pointer, const char *name, json_t **value,
                     struct gt_diags *diags)
{
    struct gt_low *low = pass->low;
    const struct {
        const char *name, *value;
    } facts[] = {
        {"region", low->region},
        {"account", low->account != NULL && *low->account != '$' ? low->account : NULL},
        {"partition", low->partition != NULL ? low->partition->id : NULL},
        {"dnsSuffix", low->partition != NULL ? low->partition->dns_suffix : NULL},
    };
    for (size_t i = 0; i < GT_COUNT(facts); i++) {
        if (strcmp(facts[i].name, name) != 0)
            continue;
        *value = facts[i].value != NULL ? json_string(facts[i].value) : NULL;
        return *value != NULL;
    }
    struct gt_diag *diag = gt_error(diags, "dangling-reference", "there is no ${aws.%s}", name);
    diag->pos = place(pass, pointer);
    diag->hint = "use aws.region, aws.account, aws.partition or aws.dnsSuffix";
    return false;
}

/* Marks follow the values: a variable's value stands where the variable has it. */
static void move_marks(struct pass *pass, const char *pointer, const char *name)
{
    struct gt_low *low = pass->low;
    const struct gt_variable *variable = NULL;
    struct gt_template parts;
    const char *error, *text = gt_text_at(pass->doc, pointer);
    bool whole =
        text != NULL && gt_template_parse(low->arena, text, &parts, &error) && parts.parts.len == 1;
    if (pass->variables == NULL)
        return;
    if (whole && name != NULL && strchr(name, '.') == NULL)
        variable = gt_map_get(pass->variables, name);
    if (variable != NULL && variable->pointer != NULL && !variable->given) {
        gt_marks_graft(low->marks, pointer, variable->marks, variable->pointer);
        return;
    }
    struct gt_mark mark = {.style = GT_STYLE_QUOTED};
    const struct gt_mark *old = gt_marks_get(low->marks, pointer);
    if (old != NULL)
        mark = *old;
    mark.raw = NULL;
    gt_marks_set(low->marks, pointer, mark);
}

static enum gt_resolution resolve(void *payload, const char *pointer, const char *expression,
                                  json_t **value, struct gt_diags *diags)
{
    static const struct {
        const char *head;
        bool (*look_up)(struct pass *pass, const char *pointer, const char *name, json_t **value,
                        struct gt_diags *diags);
    } sources[] = {
        {"var.", from_variable},
        {"env.", from_environment},
        {"file.", from_file},
        {"aws.", from_aws},
    };
    struct pass *pass = payload;
    const char *plain = gt_stack_unfiltered(pass->low->arena, expression);
    for (size_t i = 0; i < GT_COUNT(sources); i++) {
        if (!gt_starts_with(plain, sources[i].head))
            continue;
        json_t *found = NULL;
        size_t mark = gt_diags_mark(diags);
        /* What failed stays as it is, and is passed over from then on, so that all else is checked.
         */
        if (!sources[i].look_up(pass, pointer, plain + strlen(sources[i].head), &found, diags))
            return GT_UNKNOWN;
        bool done = gt_stack_filtered(pass->low->arena, expression, found, value, diags);
        json_decref(found);
        for (size_t d = mark; d < diags->list.len; d++)
            diags->list.at[d]->pos = place(pass, pointer);
        if (!done)
            return GT_UNKNOWN;
        move_marks(pass, pointer, i == 0 && gt_streq(plain, expression) ? plain + 4 : NULL);
        return GT_RESOLVED;
    }
    return GT_UNKNOWN;
}

/* gt_resolve, with a position for malformed references. NULL where there are some. */
static json_t *resolve_all(struct pass *pass, const json_t *value, bool final)
{
    struct gt_diags *diags = pass->low->diags;
    size_t mark = gt_diags_mark(diags);
    pass->doc = value;
    json_t *out = gt_resolve(pass->low->arena, value, final, resolve, pass, NULL, diags);
    for (size_t i = mark; i < diags->list.len; i++) {
        struct gt_diag *diag = diags->list.at[i];
        if (diag->pos.file == NULL && diag->subject != NULL)
            diag->pos = place(pass, diag->subject);
        diag->subject = NULL;
    }
    return out;
}

static json_t *parsed(const char *text)
{
    json_error_t ignored;
    return json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &ignored);
}

static bool fits(const char *type, const json_t *value)
{
    static const struct {
        const char *type;
        unsigned kinds;
    } rows[] = {
        {"string", 1u << JSON_STRING},   {"number", 1u << JSON_INTEGER | 1u << JSON_REAL},
        {"integer", 1u << JSON_INTEGER}, {"boolean", 1u << JSON_TRUE | 1u << JSON_FALSE},
        {"list", 1u << JSON_ARRAY},      {"map", 1u << JSON_OBJECT},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        if (value != NULL && strcmp(rows[i].type, type) == 0)
            return rows[i].kinds & (1u << json_typeof(value));
    }
    return false;
}

/* The value as the declared type: new reference, or NULL when it is none. */
static json_t *typed(struct gt_low *low, const struct gt_variable *variable, const json_t *value)
{
    if (variable->type == NULL || fits(variable->type, value))
        return json_incref(gt_iterable(value));
    const struct gt_mark *mark =
        variable->given ? NULL : gt_marks_get(variable->marks, variable->pointer);
    const char *text = json_string_value(value);
    if (strcmp(variable->type, "string") == 0 && !json_is_object(value) && !json_is_array(value))
        return json_string(
            mark != NULL && mark->raw != NULL ? mark->raw : gt_json_canonical(low->arena, value));
    json_t *out = text != NULL ? parsed(text) : NULL;
    if (fits(variable->type, out))
        return out;
    json_decref(out);
    return NULL;
}

static void settle(struct gt_low *low, struct gt_variable *variable,
                   const struct gt_resolver *resolver)
{
    struct gt_diag *diag;
    const json_t *given = json_object_get(low->options->variables, variable->name);
    variable->given = given != NULL;
    if (given == NULL && variable->value == NULL) {
        diag = gt_error(low->diags, "missing-variable", "variable \"%s\" has no value",
                        variable->name);
        diag->pos = variable->pos;
        diag->hint =
            gt_printf(low->arena, "use --var %s=VALUE, or give it a default", variable->name);
        return;
    }
    struct pass pass = {
        .low = low, .resolver = resolver, .marks = variable->marks, .base = variable->pointer};
    json_auto_t *value =
        given != NULL ? json_incref(gt_iterable(given)) : resolve_all(&pass, variable->value, true);
    if (value == NULL || (given == NULL && gt_has_refs(value))) {
        if (value != NULL && gt_is_reported(json_string_value(value)) == false) {
            diag = gt_error(low->diags, "reference-not-allowed",
                            "a variable's default cannot refer to resources");
            diag->pos = gt_marks_pos(variable->marks, variable->pointer);
            diag->hint = "use ${env.NAME} or ${file.PATH}";
        }
        return;
    }
    variable->final = gt_keep(low->arena, typed(low, variable, value));
    if (variable->final == NULL) {
        diag = gt_error(low->diags, "wrong-type", "variable \"%s\" must be a %s", variable->name,
                        variable->type);
        diag->pos =
            variable->given ? variable->pos : gt_marks_pos(variable->marks, variable->pointer);
    }
}

static void settle_all(struct gt_low *low, const struct gt_map *variables,
                       const struct gt_resolver *resolver)
{
    const char *name;
    json_t *ignored;
    for (size_t i = 0; i < variables->entries.len; i++)
        settle(low, variables->entries.at[i].value, resolver);
    json_object_foreach(gt_iterable(low->options->variables), name, ignored)
    {
        if (gt_map_get(variables, name) != NULL)
            continue;
        gt_error(low->diags, "unknown-variable", "the manifest has no variable \"%s\"", name)
            ->hint = gt_low_suggest(low, variables, name);
    }
}

/* Region, account and partition, which ${aws...} needs, come from `provider`, which may have
 * references of its own. */
static void settle_provider(struct gt_low *low, struct pass *pass)
{
    json_t *provider = json_object_get(low->doc, "provider");
    if (json_is_object(provider)) {
        json_auto_t *part = json_pack("{sO}", "provider", provider);
        json_t *resolved = resolve_all(pass, part, false);
        if (resolved != NULL)
            json_object_update(low->doc, resolved);
        json_decref(resolved);
    }
    const char *region = gt_text_at(low->doc, "/provider/region");
    const char *account = gt_text_at(low->doc, "/provider/account");
    const struct gt_mark *mark = gt_marks_get(low->marks, "/provider/account");
    if (account == NULL && mark != NULL)
        account = mark->raw; /* digits without quotes are a number */
    low->region = low->options->region != NULL ? low->options->region
                  : region != NULL             ? region
                                               : low->options->region_default;
    low->account = low->options->account != NULL ? low->options->account
                   : account != NULL             ? account
                                                 : "${aws.account}";
    if (low->region == NULL) {
        struct gt_diag *diag = gt_error(low->diags, "no-region", "no region is given");
        diag->pos = gt_marks_key_pos(low->marks, "/provider");
        diag->hint = "set provider.region, --region or AWS_REGION";
        low->region = "us-east-1";
    }
    low->partition = gt_partition_of_region(low->region);
}

void gt_resolve_outside(struct gt_low *low, const struct gt_map *variables,
                        const struct gt_resolver *resolver)
{
    settle_all(low, variables, resolver);
    struct pass pass = {
        .low = low, .variables = variables, .resolver = resolver, .marks = low->marks, .base = ""};
    settle_provider(low, &pass);
    json_auto_t *rest = json_copy(low->doc);
    json_object_del(rest, "provider");
    json_auto_t *resolved = resolve_all(&pass, rest, false);
    if (resolved != NULL)
        json_object_update(low->doc, resolved);
}

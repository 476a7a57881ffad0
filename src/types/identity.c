/* Identities: from properties, from answers, and from what a person typed. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

/* The identity whose members `value_of` finds; NULL when one is missing. */
static json_t *
identity_by(const struct gt_type *type, const json_t *properties, const json_t *object,
            const json_t *(*value_of)(const struct gt_identity *member, const json_t *properties,
                                      const json_t *object))
{
    json_t *identity = json_object();
    for (const struct gt_identity *member = type->identity; member->name != NULL; member++) {
        const json_t *value = value_of(member, properties, object);
        if (gt_json_empty(value)) {
            json_decref(identity);
            return NULL;
        }
        json_object_set_new(identity, member->name, json_deep_copy(value));
    }
    return identity;
}

static const json_t *value_wanted(const struct gt_identity *member, const json_t *properties,
                                  const json_t *object)
{
    (void)object;
    return member->property == NULL ? NULL : gt_at(properties, member->property);
}

static const json_t *value_created(const struct gt_identity *member, const json_t *properties,
                                   const json_t *object)
{
    return member->property != NULL ? gt_at(properties, member->property)
                                    : gt_at(object, member->created);
}

static const json_t *value_listed(const struct gt_identity *member, const json_t *properties,
                                  const json_t *object)
{
    return member->listed != NULL ? gt_at(object, member->listed)
                                  : value_wanted(member, properties, object);
}

json_t *gt_type_identity_of(const struct gt_type *type, const json_t *properties)
{
    return identity_by(type, properties, NULL, value_wanted);
}

json_t *gt_type_identity_created(const struct gt_type *type, const json_t *properties,
                                 const json_t *output)
{
    const json_t *object = type->create.out == NULL ? output : gt_at(output, type->create.out);
    return identity_by(type, properties, object, value_created);
}

json_t *gt_type_identity_listed(const struct gt_type *type, const json_t *properties,
                                const json_t *item)
{
    return identity_by(type, properties, item, value_listed);
}

bool gt_type_listed_matches(const struct gt_type *type, const json_t *properties,
                            const json_t *item)
{
    const char *const(*pair)[2] = type->lookup.match;
    for (size_t i = 0; i < GT_COUNT(type->lookup.match) && pair[i][0] != NULL; i++) {
        const json_t *value = gt_at(item, pair[i][0]);
        if (value == NULL || !json_equal(value, gt_at(properties, pair[i][1])))
            return false;
    }
    return pair[0][0] != NULL;
}

json_t *gt_type_named(const struct gt_type *type, const char *name, const json_t *properties)
{
    if (type->lookup.list.operation == NULL || type->lookup.match[0][0] == NULL)
        return NULL;
    json_t *named = properties == NULL ? json_object() : json_deep_copy(properties);
    gt_put_at(named, type->lookup.match[0][1], json_string(name));
    return named;
}

/* Matches the resource part of an ARN with a form and sets the identity members that it names;
 * tries the longest text for '*' and {NAME+} last. */
static bool form_fits(struct gt_arena *scratch, const char *form, const char *text, json_t *out)
{
    while (*form != '\0' && *form != '*' && *form != '{')
        if (*form++ != *text++)
            return false;
    if (*form == '\0')
        return *text == '\0';
    if (*form == '*') {
        for (;; text++) {
            if (form_fits(scratch, form + 1, text, out))
                return true;
            if (*text == '\0')
                return false;
        }
    }
    size_t len = strcspn(form + 1, "+}");
    bool slashes = form[1 + len] == '+';
    const char *name = gt_strndup(scratch, form + 1, len), *rest = form + 1 + len + slashes + 1;
    for (size_t taken = 1; text[taken - 1] != '\0' && (slashes || text[taken - 1] != '/');
         taken++) {
        if (!form_fits(scratch, rest, text + taken, out))
            continue;
        json_object_set_new(out, name, json_stringn(text, taken));
        return true;
    }
    return false;
}

/* arn:partition:service:region:account:resource */
static const char *arn_resource(const char *arn)
{
    for (int colons = 0; colons < 5; colons++) {
        arn = strchr(arn, ':');
        if (arn++ == NULL)
            return NULL;
    }
    return arn;
}

static json_t *parse_arn(struct gt_arena *scratch, const struct gt_type *type, const char *arn)
{
    const char *resource = arn_resource(arn);
    if (resource == NULL || type->arn_form == NULL)
        return NULL;
    /* ARNs of log groups may end so. */
    const char *text = gt_ends_with(resource, ":*")
                           ? gt_strndup(scratch, resource, strlen(resource) - 2)
                           : resource;
    json_t *identity = json_object();
    if (form_fits(scratch, type->arn_form, text, identity))
        return identity;
    json_decref(identity);
    return NULL;
}

/* "gatewayIdentifier/targetId": what a person may type. */
static const char *expected(struct gt_arena *arena, const struct gt_type *type)
{
    const char *form = type->identity[0].name;
    for (const struct gt_identity *member = type->identity + 1; member->name != NULL; member++)
        form = gt_printf(arena, "%s/%s", form, member->name);
    return form;
}

/* A member of the identity that the properties know already. */
static const char *known_member(const struct gt_identity *member, const json_t *properties)
{
    return member->property == NULL ? NULL : gt_known_text(properties, member->property);
}

/* Members in their order; all but the last end at a '/', and those may be left out together when
 * the properties know them. */
static json_t *parse_members(const struct gt_type *type, const char *text, const json_t *properties)
{
    json_t *identity = json_object();
    const struct gt_identity *member = type->identity;
    for (; member[1].name != NULL; member++) {
        const char *known = known_member(member, properties);
        size_t len = strcspn(text, "/");
        bool given = text[len] == '/' &&
                     (known == NULL || (strlen(known) == len && strncmp(known, text, len) == 0));
        if (!given && known == NULL)
            break;
        json_object_set_new(identity, member->name,
                            given ? json_stringn(text, len) : json_string(known));
        text += given ? len + 1 : 0;
    }
    if (member[1].name == NULL && *text != '\0') {
        json_object_set_new(identity, member->name, json_string(text));
        return identity;
    }
    json_decref(identity);
    return NULL;
}

json_t *gt_type_identity_parse(const struct gt_type *type, const char *text,
                               const json_t *properties, struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    bool arn = gt_starts_with(text, "arn:");
    /* An ARN may itself be the last member of an identity. */
    json_t *identity = arn ? parse_arn(scratch, type, text) : NULL;
    if (identity == NULL && (!arn || type->arn_form == NULL))
        identity = parse_members(type, text, properties);
    if (identity != NULL)
        return identity;
    if (arn && type->arn_form != NULL)
        gt_error(diags, "bad-identity", "\"%s\" is no ARN of a %s", text, type->name)->hint =
            gt_printf(diags->arena, "its resource part must be %s", type->arn_form);
    else
        gt_error(diags, "bad-identity", "\"%s\" does not name a %s", text, type->name)->hint =
            gt_printf(diags->arena, "give %s", expected(diags->arena, type));
    return NULL;
}

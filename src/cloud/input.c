/* An input against the shapes of its operation, said in the words of the services. */
#include "call.h"

#include <gantry/base/url.h>
#include <gantry/model/validate.h>
#include <string.h>

/* In manifests ${...} is a reference; here it is what it is. */
static json_t *literal(struct gt_arena *arena, const json_t *value)
{
    json_t *copy, *item;
    size_t index;
    const char *name;
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach(gt_iterable(value), name, item)
            json_object_set_new(copy, name, literal(arena, item));
        return copy;
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(gt_iterable(value), index, item)
            json_array_append_new(copy, literal(arena, item));
        return copy;
    }
    const char *text = json_string_value(value);
    if (text == NULL || strstr(text, "${") == NULL)
        return json_incref(gt_iterable(value));
    struct gt_buf buf = gt_buf_init(2 * strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == '{')
            gt_buf_addc(&buf, '$');
        gt_buf_addc(&buf, *text);
    }
    json_t *escaped = json_stringn(gt_buf_text(&buf), buf.len);
    gt_buf_done(&buf);
    return escaped;
}

struct wording {
    const char *code, *text; /* NULL: what the check says */
};

static const struct wording wordings[] = {
    {"missing-member", "Value null at '%s' failed to satisfy constraint: Member must not be null"},
    {"unknown-member", "Value at '%s' failed to satisfy constraint: Member is unknown"},
    {"not-one-of", "Value at '%s' failed to satisfy constraint: Member must have exactly one "
                   "of the union's members"},
};

/* The checks say "PATH: what is wrong". */
static struct gt_field_problem problem_of(struct gt_arena *arena, const struct gt_diag *diag)
{
    const char *colon = strstr(diag->message, ": ");
    size_t len = colon == NULL ? 0 : (size_t)(colon - diag->message);
    struct gt_field_problem problem = {.path = gt_strndup(arena, diag->message, len)};
    const char *text = colon == NULL ? diag->message : colon + 2;
    for (size_t i = 0; i < GT_COUNT(wordings); i++)
        if (gt_streq(wordings[i].code, diag->code)) {
            const char *hole = strstr(wordings[i].text, "%s");
            problem.text = gt_printf(arena, "%.*s%s%s", (int)(hole - wordings[i].text),
                                     wordings[i].text, problem.path, hole + 2);
            return problem;
        }
    problem.text =
        gt_printf(arena, "Value at '%s' failed to satisfy constraint: Member %s%s%s", problem.path,
                  text, diag->severity == GT_SEVERITY_WARNING && diag->hint ? "; " : "",
                  diag->severity == GT_SEVERITY_WARNING && diag->hint ? diag->hint : "");
    return problem;
}

/* A server on this machine has no https: the one thing in which the embedded cloud is laxer. */
static const char *const loopback_urls[] = {"/targetConfiguration/mcp/mcpServer/endpoint"};

static bool is_loopback_url(struct gt_arena *arena, const char *text)
{
    struct gt_url url;
    return gt_url_split(arena, text, &url) && gt_streq(url.scheme, "http") &&
           gt_url_is_loopback(&url);
}

/* What is not checked by the shapes: bytes, and URLs of this machine. Ends with NULL. */
static const char *const *unchecked(struct gt_call *call, const json_t *input)
{
    const struct gt_operation *operation = call->serve.operation;
    const char **list = gt_calloc(call->serve.arena, GT_COUNT(loopback_urls) + 2, sizeof(*list));
    size_t count = 0;
    const struct gt_member *payload =
        operation->input_payload == NULL
            ? NULL
            : gt_member_find(operation->input, operation->input_payload);
    if (payload != NULL && payload->shape->kind != GT_SHAPE_STRUCTURE)
        list[count++] = gt_pointer_join(call->serve.arena, "", payload->name);
    for (size_t i = 0; i < GT_COUNT(loopback_urls); i++)
        if (is_loopback_url(call->serve.arena, gt_text_at(input, loopback_urls[i])))
            list[count++] = loopback_urls[i];
    return list;
}

bool gt_input_check(struct gt_call *call, const json_t *input)
{
    const struct gt_operation *operation = call->serve.operation;
    struct gt_arena *arena = call->serve.arena;
    if (operation->input == NULL) {
        const char *name = json_object_iter_key(json_object_iter(gt_iterable(input)));
        if (name != NULL)
            gt_fail_field(call, gt_one_line(arena, name, 100), "Member is unknown");
        return name == NULL;
    }
    json_auto_t *checked = literal(arena, input);
    const struct gt_validation how = {.unchecked = unchecked(call, input)};
    struct gt_diags diags = gt_diags_init(arena);
    gt_validate(operation->input, checked, &how, &diags);
    GT_VEC(struct gt_field_problem) fields = {0};
    for (size_t i = 0; i < diags.list.len; i++) {
        const struct gt_diag *diag = diags.list.at[i];
        if (gt_streq(diag->code, "wrong-type")) {
            gt_fail_parse(call, "%s", gt_one_line(arena, diag->message, 300));
            return false;
        }
        *GT_PUSH(arena, &fields) = problem_of(arena, diag);
    }
    if (fields.len > 0)
        gt_fail_fields(call, fields.at, fields.len);
    return fields.len == 0;
}

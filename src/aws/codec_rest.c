/* Labels, query parameters, headers, status and payloads: what rest-json and rest-xml share. */
#include "codec.h"
#include "scalar.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

struct rest {
    struct gt_arena *arena;
    const struct gt_operation *operation;
    const json_t *input;
    struct gt_wire *wire;
    struct gt_diags *diags;
    struct gt_buf query;
};

static bool bad(const struct rest *rest, const struct gt_member *member, const char *what)
{
    return gt_input_error(rest->diags, rest->operation, member->name, what);
}

static const struct gt_member *member_at(const struct gt_operation *operation,
                                         const char *wire_name, size_t len)
{
    const struct gt_shape *shape = operation->input;
    for (size_t i = 0; shape != NULL && i < shape->member_count; i++) {
        const char *name = gt_wire_name(&shape->members[i]);
        if (shape->members[i].location == GT_LOCATION_URI && strlen(name) == len &&
            memcmp(name, wire_name, len) == 0)
            return &shape->members[i];
    }
    return NULL;
}

/* Writes the label `{name}` or `{name+}`; an empty value, or a dot segment (RFC 3986
 * section 5.2.4), would change what the path means. */
static bool add_label(struct rest *rest, const char *name, size_t len, struct gt_buf *path)
{
    bool greedy = len > 0 && name[len - 1] == '+';
    const struct gt_member *member = member_at(rest->operation, name, len - greedy);
    if (member == NULL)
        return gt_input_error(rest->diags, rest->operation, gt_strndup(rest->arena, name, len),
                              "is a path label that the model does not have");
    const json_t *value = json_object_get(rest->input, member->name);
    if (value == NULL || json_is_null(value))
        return bad(rest, member, "is missing");
    const char *text = gt_wire_text(rest->arena, gt_wire_type(member, GT_TIME_ISO8601), value);
    if (text == NULL)
        return bad(rest, member, "cannot stand in a path");
    if (*text == '\0')
        return bad(rest, member, "is empty");
    if (!greedy && (gt_streq(text, ".") || gt_streq(text, "..")))
        return bad(rest, member, "would lead to another path");
    gt_buf_adds(path, gt_percent_encode(rest->arena, text, greedy ? "/" : ""));
    return true;
}

static bool encode_path(struct rest *rest)
{
    const char *uri = rest->operation->uri;
    size_t path_len = strcspn(uri, "?");
    struct gt_buf path = gt_buf_init(64 * 1024);
    bool ok = true;
    for (const char *at = uri; ok && at < uri + path_len;) {
        size_t plain = strcspn(at, "{?");
        gt_buf_add(&path, at, plain);
        at += plain;
        if (*at != '{')
            break;
        size_t len = strcspn(at + 1, "}");
        ok = add_label(rest, at + 1, len, &path);
        at += len + 2;
    }
    if (ok && path.overflow)
        ok = gt_input_error(rest->diags, rest->operation, "the path", "is too long");
    rest->wire->path = gt_strdup(rest->arena, gt_buf_text(&path));
    gt_buf_done(&path);
    if (uri[path_len] == '?')
        gt_buf_adds(&rest->query, uri + path_len + 1);
    return ok;
}

static void add_parameter(struct rest *rest, const char *name, const char *text)
{
    if (rest->query.len > 0)
        gt_buf_addc(&rest->query, '&');
    gt_buf_adds(&rest->query, gt_percent_encode(rest->arena, name, ""));
    gt_buf_addc(&rest->query, '=');
    gt_buf_adds(&rest->query, gt_percent_encode(rest->arena, text, ""));
}

/* A scalar, or a list of them as one parameter each. */
static bool encode_parameter(struct rest *rest, const struct gt_member *member, const char *name,
                             struct gt_wire_type type, const json_t *value)
{
    if (json_is_array(value)) {
        struct gt_wire_type element = {type.shape->element != NULL ? type.shape->element
                                                                   : type.shape,
                                       GT_TIME_DEFAULT, type.fallback};
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!encode_parameter(rest, member, name, element, json_array_get(value, i)))
                return false;
        return true;
    }
    const char *text = gt_wire_text(rest->arena, type, value);
    if (text == NULL)
        return bad(rest, member, "cannot stand in a query");
    add_parameter(rest, name, text);
    return true;
}

static bool encode_query(struct rest *rest, const struct gt_member *member, const json_t *value)
{
    if (member->shape->kind != GT_SHAPE_MAP)
        return encode_parameter(rest, member, gt_wire_name(member),
                                gt_wire_type(member, GT_TIME_ISO8601), value);
    if (!json_is_object(value))
        return bad(rest, member, "is no object");
    struct gt_wire_type element = {member->shape->element, GT_TIME_DEFAULT, GT_TIME_ISO8601};
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        if (!encode_parameter(rest, member, key, element, item))
            return false;
    }
    return true;
}

static bool add_header(struct rest *rest, const struct gt_member *member, const char *name,
                       const char *text)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */
    if (strspn(name, token) != strlen(name))
        return bad(rest, member, "has a key that cannot stand in a header's name");
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return bad(rest, member, "holds a control character, which a header cannot");
    gt_wire_header(rest->arena, rest->wire, name, text);
    return true;
}

/* Elements of a header's list are joined by commas; one that holds a comma or quote is quoted. */
static void add_element(struct gt_buf *joined, const char *text)
{
    bool quoted = strpbrk(text, ",\"") != NULL;
    if (quoted)
        gt_buf_addc(joined, '"');
    for (; *text != '\0'; text++) {
        if (quoted && (*text == '"' || *text == '\\'))
            gt_buf_addc(joined, '\\');
        gt_buf_addc(joined, *text);
    }
    if (quoted)
        gt_buf_addc(joined, '"');
}

static const char *list_text(struct rest *rest, const struct gt_member *member, const json_t *value)
{
    struct gt_wire_type type = {member->shape->element, GT_TIME_DEFAULT, GT_TIME_HTTP};
    struct gt_buf joined = gt_buf_init(GT_BODY_MAX);
    const char *text = NULL;
    for (size_t i = 0; i < json_array_size(value); i++) {
        text = gt_wire_text(rest->arena, type, json_array_get(value, i));
        if (text == NULL)
            break;
        if (i > 0)
            gt_buf_addc(&joined, ',');
        add_element(&joined, text);
    }
    if (text != NULL)
        text = gt_strdup(rest->arena, gt_buf_text(&joined));
    gt_buf_done(&joined);
    return text;
}

static bool encode_header(struct rest *rest, const struct gt_member *member, const json_t *value)
{
    if (json_is_array(value) && json_array_size(value) == 0)
        return true;
    const char *text = json_is_array(value) && member->shape->element != NULL
                           ? list_text(rest, member, value)
                           : gt_wire_text(rest->arena, gt_wire_type(member, GT_TIME_HTTP), value);
    if (text == NULL)
        return bad(rest, member, "cannot stand in a header");
    return add_header(rest, member, gt_wire_name(member), text);
}

/* A map spread over headers: its keys behind a prefix. */
static bool encode_headers(struct rest *rest, const struct gt_member *member, const json_t *value)
{
    if (!json_is_object(value))
        return bad(rest, member, "is no object");
    const char *prefix = member->location_name != NULL ? member->location_name : "";
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        const char *name = gt_printf(rest->arena, "%s%s", prefix, key);
        if (!json_is_string(item))
            return bad(rest, member, "holds a value that is no text");
        if (!add_header(rest, member, name, json_string_value(item)))
            return false;
    }
    return true;
}

static bool encode_member(struct rest *rest, const struct gt_member *member, const json_t *value)
{
    switch (member->location) {
    case GT_LOCATION_QUERY:
        return encode_query(rest, member, value);
    case GT_LOCATION_HEADER:
        return encode_header(rest, member, value);
    case GT_LOCATION_HEADERS:
        return encode_headers(rest, member, value);
    case GT_LOCATION_BODY:
    case GT_LOCATION_URI:
    case GT_LOCATION_STATUS:
        break;
    }
    return true;
}

static bool encode_head(struct rest *rest)
{
    bool ok = encode_path(rest);
    const struct gt_shape *shape = rest->operation->input;
    for (size_t i = 0; ok && shape != NULL && i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const json_t *value = json_object_get(rest->input, member->name);
        if (value != NULL && !json_is_null(value))
            ok = encode_member(rest, member, value);
    }
    if (ok && rest->query.overflow)
        ok = gt_input_error(rest->diags, rest->operation, "the query", "is too long");
    rest->wire->query = gt_strdup(rest->arena, gt_buf_text(&rest->query));
    gt_buf_done(&rest->query);
    return ok;
}

/* A payload member that is bytes or text, not a structure. */
static bool is_bytes(const struct gt_member *payload)
{
    return payload->shape->kind == GT_SHAPE_BLOB || payload->shape->kind == GT_SHAPE_STRING ||
           (payload->shape->flags & (GT_SHAPE_STREAMING | GT_SHAPE_EVENT_STREAM)) != 0 ||
           (payload->flags & GT_MEMBER_STREAMING) != 0;
}

static bool encode_bytes(const struct rest *rest, const struct gt_member *payload,
                         const json_t *value)
{
    struct gt_arena *arena = rest->arena;
    struct gt_wire *wire = rest->wire;
    const char *bytes;
    if (!gt_value_bytes(arena, value, &bytes, &wire->body_len))
        return bad(rest, payload, "is neither a text nor {\"base64\": ...}");
    wire->body = gt_strndup(arena, bytes, wire->body_len);
    gt_wire_content_type(arena, wire,
                         payload->shape->kind == GT_SHAPE_STRING ? "text/plain"
                                                                 : "application/octet-stream");
    return true;
}

bool gt_rest_encode(const struct gt_rest_body *body, struct gt_arena *arena,
                    const struct gt_operation *operation, const json_t *input, struct gt_wire *wire,
                    struct gt_diags *diags)
{
    struct rest rest = {arena, operation, input, wire, diags, gt_buf_init(256 * 1024)};
    if (!encode_head(&rest))
        return false;
    if (operation->input_payload == NULL)
        return !gt_has_body_members(operation->input) ||
               body->write(arena, operation, operation->input, input, wire, diags);
    const struct gt_member *payload = gt_member_find(operation->input, operation->input_payload);
    const json_t *value = json_object_get(input, payload->name);
    if (value == NULL || json_is_null(value))
        return true;
    if (is_bytes(payload))
        return encode_bytes(&rest, payload, value);
    return body->write(arena, operation, payload->shape, value, wire, diags);
}

static void decode_headers(struct gt_arena *arena, const struct gt_member *member,
                           const struct gt_http_response *response, json_t *output)
{
    const char *prefix =
        gt_lower(arena, member->location_name != NULL ? member->location_name : "");
    json_auto_t *map = json_object();
    for (size_t i = 0; i < response->header_count; i++) {
        const struct gt_header *header = &response->headers[i];
        if (gt_starts_with(header->name, prefix))
            json_object_set_new(map, header->name + strlen(prefix),
                                gt_wire_value(arena, member->shape->element, header->value));
    }
    if (json_object_size(map) > 0)
        json_object_set(output, member->name, map);
}

static json_t *decode_header(struct gt_arena *arena, const struct gt_shape *shape, const char *text)
{
    if (shape->kind != GT_SHAPE_LIST)
        return gt_wire_value(arena, shape, text);
    json_t *list = json_array();
    while (*text != '\0') {
        size_t len = strcspn(text, ","), blank = strspn(text, " ");
        if (len > blank) {
            const char *item = gt_strndup(arena, text + blank, len - blank);
            json_array_append_new(list, gt_wire_value(arena, shape->element, item));
        }
        text += len + (text[len] == ',');
    }
    return list;
}

static void decode_head(struct gt_arena *arena, const struct gt_shape *shape,
                        const struct gt_http_response *response, json_t *output)
{
    for (size_t i = 0; shape != NULL && i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        if (member->location == GT_LOCATION_HEADERS)
            decode_headers(arena, member, response, output);
        if (member->location == GT_LOCATION_STATUS)
            json_object_set_new(output, member->name, json_integer(response->status));
        if (member->location != GT_LOCATION_HEADER)
            continue;
        const char *text = gt_http_header(response, gt_lower(arena, gt_wire_name(member)));
        if (text != NULL)
            json_object_set_new(output, member->name, decode_header(arena, member->shape, text));
    }
}

static const char *read_body(const struct gt_rest_body *body, struct gt_arena *arena,
                             const struct gt_shape *shape, const struct gt_http_response *response,
                             json_t *output)
{
    if (response->body_len > 0)
        return body->read(arena, shape, response, output);
    bool expected = gt_has_body_members(shape) && response->status != 204;
    return expected ? "is not of the operation" : NULL;
}

const char *gt_rest_decode(const struct gt_rest_body *body, struct gt_arena *arena,
                           const struct gt_operation *operation,
                           const struct gt_http_response *response, json_t *output)
{
    const char *flaw = NULL;
    if (operation->output_payload == NULL) {
        flaw = read_body(body, arena, operation->output, response, output);
    } else {
        const struct gt_member *payload =
            gt_member_find(operation->output, operation->output_payload);
        json_t *value = is_bytes(payload)
                            ? gt_bytes_value(arena, response->body, response->body_len)
                            : json_object();
        if (!is_bytes(payload))
            flaw = read_body(body, arena, payload->shape, response, value);
        json_object_set_new(output, payload->name, value);
    }
    decode_head(arena, operation->output, response, output);
    return flaw;
}

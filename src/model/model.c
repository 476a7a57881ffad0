#include <gantry/model/model.h>

#include <gantry/base/str.h>
#include <string.h>

const struct gt_service *gt_service_find(const char *name)
{
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++)
        if (gt_streq((*service)->name, name))
            return *service;
    return NULL;
}

const struct gt_operation *gt_operation_find(const struct gt_service *service, const char *name)
{
    const struct gt_operation *const *operation = service->operations;
    for (; *operation != NULL; operation++)
        if (gt_streq((*operation)->name, name))
            return *operation;
    return NULL;
}

/* The member called by the first `len` bytes of `name`; members are sorted by name. */
static const struct gt_member *find(const struct gt_shape *shape, const char *name, size_t len)
{
    size_t low = 0, high = shape->member_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct gt_member *member = &shape->members[middle];
        int order = strncmp(name, member->name, len);
        if (order == 0 && member->name[len] == '\0')
            return member;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct gt_member *gt_member_find(const struct gt_shape *shape, const char *name)
{
    return shape == NULL ? NULL : find(shape, name, strlen(name));
}

static bool is_index(const char *token, size_t len)
{
    return (len == 1 && (*token == '*' || *token == '-')) ||
           (len > 0 && strspn(token, "0123456789") >= len);
}

/* The shape that one reference token leads to. No member's name has a character that a pointer
 * escapes, so tokens are compared as they stand. */
static const struct gt_shape *step(const struct gt_shape *shape, const char *token, size_t len)
{
    const struct gt_member *member;
    switch (shape->kind) {
    case GT_SHAPE_STRUCTURE:
        member = find(shape, token, len);
        return member == NULL ? NULL : member->shape;
    case GT_SHAPE_LIST:
        return is_index(token, len) ? shape->element : NULL;
    case GT_SHAPE_MAP:
        return shape->element;
    case GT_SHAPE_STRING:
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
    case GT_SHAPE_BOOLEAN:
    case GT_SHAPE_TIMESTAMP:
    case GT_SHAPE_BLOB:
    case GT_SHAPE_DOCUMENT:
        break;
    }
    return NULL;
}

const struct gt_shape *gt_shape_at(const struct gt_shape *shape, const char *pointer)
{
    while (shape != NULL && *pointer == '/') {
        pointer++;
        size_t len = strcspn(pointer, "/");
        shape = step(shape, pointer, len);
        pointer += len;
    }
    return *pointer == '\0' ? shape : NULL;
}

const struct gt_member *gt_operation_token(const struct gt_operation *operation)
{
    const struct gt_shape *input = operation->input;
    for (size_t i = 0; input != NULL && i < input->member_count; i++)
        if (input->members[i].flags & GT_MEMBER_IDEMPOTENCY_TOKEN)
            return &input->members[i];
    return NULL;
}

const struct gt_shape *gt_operation_error(const struct gt_operation *operation, const char *code)
{
    for (const struct gt_shape *const *error = operation->errors; *error != NULL; error++)
        if (gt_streq((*error)->error_code, code) || gt_streq((*error)->name, code))
            return *error;
    return NULL;
}

/* Cursors name the member and the position that a page starts at; what lists hold is the methods'.
 */
#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/server.h>
#include <stdlib.h>
#include <string.h>

static const char *cursor_of(struct gt_arena *arena, const char *member, size_t at)
{
    const char *text = gt_printf(arena, "%s:%zu", member, at);
    return gt_base64(arena, text, strlen(text));
}

/* Only the very text that cursor_of writes is a cursor. */
static bool read_cursor(struct gt_arena *arena, const char *member, const char *cursor, size_t *at)
{
    char *text;
    size_t len;
    if (!gt_base64_decode(arena, cursor, &text, &len))
        return false;
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return false;
    *at = strtoul(colon + 1, NULL, 10);
    return gt_streq(cursor, cursor_of(arena, member, *at));
}

json_t *gt_mcp_page(struct gt_mcp_call *call, const char *member, const json_t *items, size_t page)
{
    const json_t *cursor = json_object_get(call->params, "cursor");
    size_t at = 0, count = json_array_size(items);
    bool given = cursor != NULL && !(json_is_string(cursor) && json_string_length(cursor) == 0);
    if (given &&
        (!json_is_string(cursor) ||
         !read_cursor(call->arena, member, json_string_value(cursor), &at) || at > count)) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "the cursor is none of this list", NULL);
        return NULL;
    }
    json_t *result = json_object();
    if (at == 0 && (page == 0 || count <= page)) {
        json_object_set(result, member, gt_iterable(items));
        return result;
    }
    json_t *part = json_array();
    size_t end = page == 0 || count - at <= page ? count : at + page;
    for (size_t i = at; i < end; i++)
        json_array_append(part, json_array_get(items, i));
    json_object_set_new(result, member, part);
    if (end < count)
        json_object_set_new(result, "nextCursor", json_string(cursor_of(call->arena, member, end)));
    return result;
}

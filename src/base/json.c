#include <gantry/base/json.h>

#include <gantry/base/buf.h>
#include <stdlib.h>
#include <string.h>

/* Copies the next reference token of a pointer into `token` (unescaped) and returns what follows
 * it; NULL when there is none. */
static const char *next_token(const char *pointer, char *token)
{
    if (*pointer != '/')
        return NULL;
    for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
        if (*pointer == '~' && (pointer[1] == '0' || pointer[1] == '1')) {
            *token++ = pointer[1] == '0' ? '~' : '/';
            pointer++;
        } else {
            *token++ = *pointer;
        }
    }
    *token = '\0';
    return pointer;
}

static bool list_index(const char *token, size_t *index)
{
    char *end;
    if (*token < '0' || *token > '9')
        return false;
    *index = strtoul(token, &end, 10);
    return *end == '\0';
}

static json_t *child(const json_t *parent, const char *token)
{
    size_t index;
    if (json_is_array(parent))
        return list_index(token, &index) ? json_array_get(parent, index) : NULL;
    return json_object_get(parent, token);
}

/* Look-ups are hot and have no arena: the tokens of all but very long pointers are on the stack. */
enum { TOKEN_STACK = 512 };

json_t *gt_at(const json_t *doc, const char *pointer)
{
    json_t *at = gt_iterable(doc);
    size_t len = strlen(pointer);
    char on_stack[TOKEN_STACK], *token = len < sizeof(on_stack) ? on_stack : malloc(len + 1);
    if (token == NULL)
        gt_die("out of memory");
    while (at != NULL && *pointer != '\0') {
        pointer = next_token(pointer, token);
        if (pointer == NULL) {
            at = NULL;
            break;
        }
        at = child(at, token);
    }
    if (token != on_stack)
        free(token);
    return at;
}

const char *gt_text_at(const json_t *doc, const char *pointer)
{
    return json_string_value(gt_at(doc, pointer));
}

/* Splits a pointer into the parent's pointer and the unescaped last token; both malloc'ed. */
static bool split_last(const char *pointer, char **parent, char **last)
{
    const char *slash = strrchr(pointer, '/');
    if (slash == NULL)
        return false;
    *parent = strndup(pointer, (size_t)(slash - pointer));
    *last = malloc(strlen(slash) + 1);
    if (*parent == NULL || *last == NULL)
        gt_die("out of memory");
    next_token(slash, *last);
    return true;
}

void gt_put_at(json_t *doc, const char *pointer, json_t *value)
{
    char *parent, *last;
    if (!split_last(pointer, &parent, &last))
        gt_die("cannot replace a whole document");
    json_t *holder = gt_at(doc, parent);
    if (holder == NULL) {
        holder = json_object();
        gt_put_at(doc, parent, holder);
    }
    size_t index;
    if (json_is_array(holder) && list_index(last, &index)) {
        if (index < json_array_size(holder))
            json_array_set_new(holder, index, value);
        else
            json_array_append_new(holder, value);
    } else if (json_object_set_new(holder, last, value) != 0) {
        gt_die("cannot set %s", pointer);
    }
    free(parent);
    free(last);
}

void gt_remove_at(json_t *doc, const char *pointer)
{
    char *parent, *last;
    if (!split_last(pointer, &parent, &last))
        return;
    json_t *holder = gt_at(doc, parent);
    size_t index;
    if (json_is_array(holder) && list_index(last, &index))
        json_array_remove(holder, index);
    else if (json_is_object(holder))
        json_object_del(holder, last);
    free(parent);
    free(last);
}

char *gt_pointer_join(struct gt_arena *arena, const char *parent, const char *key)
{
    size_t len = strlen(parent);
    char *out = gt_alloc(arena, len + 2 * strlen(key) + 2), *to = out + len;
    memcpy(out, parent, len);
    *to++ = '/';
    for (; *key != '\0'; key++) {
        if (*key == '~' || *key == '/') {
            *to++ = '~';
            *to++ = *key == '~' ? '0' : '1';
        } else {
            *to++ = *key;
        }
    }
    return out;
}

char *gt_pointer_index(struct gt_arena *arena, const char *parent, size_t index)
{
    return gt_printf(arena, "%s/%zu", parent, index);
}

char *gt_pointer_unescape(struct gt_arena *arena, const char *token, size_t len)
{
    char *copy = gt_printf(arena, "/%.*s", (int)len, token);
    char *out = gt_alloc(arena, len + 1);
    next_token(copy, out);
    return out;
}

bool gt_json_empty(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

char *gt_json_canonical(struct gt_arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL)
        gt_die("cannot print a document");
    char *copy = gt_strdup(arena, text);
    free(text);
    return copy;
}

char *gt_json_problem(struct gt_arena *arena, const json_error_t *error)
{
    const char *piece = strstr(error->text, " near '");
    size_t len = piece == NULL ? strlen(error->text) : (size_t)(piece - error->text);
    return gt_printf(arena, "%.*s (line %d, column %d)", (int)len, error->text, error->line,
                     error->column);
}

json_t *gt_pack(struct gt_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *value = json_vpack_ex(NULL, 0, format, args);
    va_end(args);
    if (value == NULL)
        gt_die("cannot build a document of the form %s", format);
    return gt_keep(arena, value);
}

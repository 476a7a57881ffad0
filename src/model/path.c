#include "path.h"

#include <gantry/base/json.h>
#include <string.h>

const char *gt_model_path_pointer(struct gt_arena *arena, const struct gt_model_path *path)
{
    if (path->up == NULL)
        return "";
    const char *up = gt_model_path_pointer(arena, path->up);
    return path->key != NULL ? gt_pointer_join(arena, up, path->key)
                             : gt_pointer_index(arena, up, path->index);
}

static bool is_word(const char *key)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return *key != '\0' && key[strspn(key, letters)] == '\0';
}

const char *gt_model_path_text(struct gt_arena *arena, const struct gt_model_path *path)
{
    if (path->up == NULL)
        return "";
    const char *up = gt_model_path_text(arena, path->up);
    if (path->key == NULL)
        return gt_printf(arena, "%s[%zu]", up, path->index);
    if (!is_word(path->key))
        return gt_printf(arena, "%s[\"%s\"]", up, path->key);
    return gt_printf(arena, "%s%s%s", up, *up == '\0' ? "" : ".", path->key);
}

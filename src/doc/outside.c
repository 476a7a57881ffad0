#include <gantry/doc/outside.h>

bool gt_outside_env(const struct gt_resolver *resolver, const char *name, json_t **value,
                    struct gt_diags *diags)
{
    const char *text =
        resolver != NULL && resolver->env != NULL ? resolver->env(resolver->self, name) : NULL;
    json_t *string = text != NULL ? json_string(text) : NULL;
    if (text == NULL)
        gt_error(diags, "unset-environment", "environment variable %s is not set", name);
    else if (string == NULL)
        gt_error(diags, "bad-environment", "environment variable %s is not UTF-8", name);
    if (string != NULL)
        *value = string;
    return string != NULL;
}

bool gt_outside_file(const struct gt_resolver *resolver, const char *path, json_t **value,
                     struct gt_diags *diags)
{
    size_t mark = gt_diags_mark(diags);
    const char *text = resolver != NULL && resolver->file != NULL
                           ? resolver->file(resolver->self, path, diags)
                           : NULL;
    json_t *string = text != NULL ? json_string(text) : NULL;
    if (text != NULL && string == NULL)
        gt_error(diags, "bad-file", "%s is not UTF-8 text", path);
    else if (text == NULL && gt_diags_mark(diags) == mark)
        gt_error(diags, "bad-file", "%s cannot be read", path);
    if (string != NULL)
        *value = string;
    return string != NULL;
}

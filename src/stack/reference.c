/* What the tables of the manifest say to editors (JSON Schema) and to people (the manual). */
#include "manifest.h"

#include <gantry/stack/stack.h>

/* In the entries of `resources` the type is one of the registry's. */
static void name_types(json_t *schema)
{
    static const char *const path[] = {"properties", "resources", "anyOf"};
    json_t *at = schema, *form;
    json_t *names = json_array();
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++)
        json_array_append_new(names, json_string((*type)->name));
    for (size_t i = 0; i < GT_COUNT(path); i++)
        at = json_object_get(at, path[i]);
    size_t i, j;
    json_array_foreach(at, i, form)
    {
        json_t *entry;
        json_array_foreach(json_object_get(json_object_get(form, "additionalProperties"), "anyOf"),
                           j, entry)
        {
            json_t *type = json_object_get(json_object_get(entry, "properties"), "type");
            if (json_is_object(type)) {
                json_object_del(type, "type");
                json_object_set(type, "enum", names);
            }
        }
    }
    json_decref(names);
}

json_t *gt_stack_schema(void)
{
    json_t *body = gt_fields_schema(gt_manifest.fields);
    json_t *out = json_pack("{ss,ss}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                            "title", "Gantry manifest");
    json_object_update(out, body);
    json_decref(body);
    name_types(out);
    return out;
}

char *gt_stack_manual(struct gt_arena *arena)
{
    /* Environments have all sections once more. */
    return gt_printf(arena,
                     "%s\nReferences: ${var.NAME}, ${env.NAME}, ${file.PATH}, ${aws.region}, "
                     "${aws.account}, ${aws.partition},\n${ADDRESS.ATTRIBUTE}; filters: "
                     "${ADDRESS.ATTRIBUTE|percent-encode}; $${ is a literal ${\n",
                     gt_keys_manual(arena, gt_manifest.fields, "environments"));
}

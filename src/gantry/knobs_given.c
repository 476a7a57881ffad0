#include "knobs_given.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/cloud/local.h>

#include <string.h>

bool gt_knobs_given(struct gt_program *program, json_t **knobs)
{
    json_t *all = gt_keep(program->arena, json_object());
    for (const char *const *given = gt_args_list(program->args, program->arena, OPTION_KNOB);
         *given != NULL; given++) {
        const char *equals = strchr(*given, '=');
        if (equals == NULL || equals == *given) {
            gt_error(&program->diags, "usage", "--knob wants NAME=VALUE, not \"%s\"", *given)
                ->hint = "`gantry local --knobs` lists them";
            return false;
        }
        json_object_set_new(all, gt_strndup(program->arena, *given, (size_t)(equals - *given)),
                            json_string(equals + 1));
    }
    *knobs = all;
    return gt_local_check_knobs(all, &program->diags);
}

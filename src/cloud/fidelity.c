/* Which operations the embedded cloud has, and how true to the service they are. */
#include "call.h"

#include <stdlib.h>

const struct gt_handler *gt_handler_find(const struct gt_operation *operation)
{
    for (const struct gt_handler *const *table = gt_handler_tables; *table != NULL; table++)
        for (const struct gt_handler *row = *table; row->operation != NULL; row++)
            if (row->operation == operation)
                return row;
    return NULL;
}

json_t *gt_local_fidelity(void)
{
    static const char *const names[] = {
        [GT_ABSENT] = "absent", [GT_GUESSED] = "guessed", [GT_MODELLED] = "modelled"};
    json_t *all = json_array();
    /* Both tables are sorted by name. */
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++)
        for (const struct gt_operation *const *at = (*service)->operations; *at != NULL; at++) {
            const struct gt_handler *handler = gt_handler_find(*at);
            json_t *row =
                json_pack("{s:s, s:s, s:s}", "service", (*service)->name, "operation", (*at)->name,
                          "fidelity", names[handler == NULL ? GT_ABSENT : handler->fidelity]);
            if (handler != NULL && handler->note != NULL)
                json_object_set_new(row, "note", json_string(handler->note));
            json_array_append_new(all, row);
        }
    return all;
}

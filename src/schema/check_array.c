#include "run.h"

#include <gantry/base/str.h>

static bool check_items(struct gt_run *run, const struct gt_array_rules *array,
                        const struct gt_spot *spot)
{
    size_t len = json_array_size(spot->value);
    if (array->items == NULL && len > array->prefix.len)
        len = array->prefix.len;
    bool ok = true;
    for (size_t i = 0; i < len && gt_check_goes_on(run, ok); i++) {
        struct gt_spot item = {.value = json_array_get(spot->value, i), .parent = spot, .index = i};
        gt_seen_add(spot->seen, i);
        if (i < array->prefix.len)
            ok = gt_check(run, array->prefix.at[i], &item) && ok;
        else if (array->items->never)
            return gt_check_fail(run, spot, "must have at most %zu item%s", array->prefix.len,
                                 gt_plural(array->prefix.len));
        else
            ok = gt_check(run, array->items, &item) && ok;
    }
    return ok;
}

static bool check_contains(struct gt_run *run, const struct gt_array_rules *array,
                           const struct gt_spot *spot)
{
    size_t len = json_array_size(spot->value), found = 0;
    for (size_t i = 0; i < len && !run->given_up; i++) {
        struct gt_spot item = {.value = json_array_get(spot->value, i), .parent = spot, .index = i};
        if (gt_check_quietly(run, array->contains, &item)) {
            gt_seen_add(spot->seen, i);
            found++;
        }
        /* Whatever follows changes nothing. */
        if (spot->seen == NULL && found >= array->contained.min && array->contained.max == SIZE_MAX)
            return true;
    }
    if (found < array->contained.min)
        return gt_check_fail(run, spot,
                             "must have at least %zu item%s that fit%s \"contains\", has %zu",
                             array->contained.min, gt_plural(array->contained.min),
                             array->contained.min == 1 ? "s" : "", found);
    return found <= array->contained.max ||
           gt_check_fail(run, spot, "must have at most %zu item%s that fit%s \"contains\", has %zu",
                         array->contained.max, gt_plural(array->contained.max),
                         array->contained.max == 1 ? "s" : "", found);
}

static bool check_unique(struct gt_run *run, const struct gt_spot *spot)
{
    size_t first = 0, second = 0;
    return !gt_check_find_equal(run, spot, &first, &second) ||
           gt_check_fail(run, spot, "must have no equal items, but %zu and %zu are", first, second);
}

bool gt_check_array(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    static const char *const unit[] = {"item", "items"};
    const struct gt_array_rules *array = rules->array;
    bool ok = gt_check_length(run, &array->length, spot, json_array_size(spot->value), unit);
    if (gt_check_goes_on(run, ok) && (array->items != NULL || array->prefix.len > 0))
        ok = check_items(run, array, spot) && ok;
    if (gt_check_goes_on(run, ok) && array->contains != NULL)
        ok = check_contains(run, array, spot) && ok;
    if (gt_check_goes_on(run, ok) && array->unique)
        ok = check_unique(run, spot) && ok;
    return ok;
}

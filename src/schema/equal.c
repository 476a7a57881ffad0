/* Equality of values, and finding equal items without comparing each with each. */
#include "run.h"

#include <gantry/base/json.h>
#include <stdlib.h>
#include <string.h>

/* Arrays up to this length are compared item by item, which needs no memory. */
enum { PAIRWISE_MAX = 8, DEPTH_MAX = 1000 };

struct comparison {
    struct gt_run *run;
    const struct gt_spot *spot; /* where giving up is reported */
    size_t depth;
};

static bool equal(struct comparison *in, const json_t *a, const json_t *b);

static bool equal_arrays(struct comparison *in, const json_t *a, const json_t *b)
{
    size_t len = json_array_size(a);
    bool ok = len == json_array_size(b);
    for (size_t i = 0; ok && i < len; i++)
        ok = equal(in, json_array_get(a, i), json_array_get(b, i));
    return ok;
}

static bool equal_objects(struct comparison *in, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach(gt_iterable(a), key,
                        value) if (!equal(in, value, json_object_get(b, key))) return false;
    return true;
}

static bool equal_strings(const json_t *a, const json_t *b)
{
    size_t len = json_string_length(a);
    return len == json_string_length(b) &&
           memcmp(json_string_value(a), json_string_value(b), len) == 0;
}

static bool equal(struct comparison *in, const json_t *a, const json_t *b)
{
    if (b == NULL || !gt_check_spend(in->run, in->spot, 1))
        return false;
    if (json_is_number(a) && json_is_number(b))
        return gt_number_compare(a, b) == 0;
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_string(a))
        return equal_strings(a, b);
    if (!json_is_array(a) && !json_is_object(a))
        return true;
    if (in->depth >= DEPTH_MAX)
        return gt_check_give_up(in->run, in->spot, "is nested too deeply");
    in->depth++;
    bool ok = json_is_array(a) ? equal_arrays(in, a, b) : equal_objects(in, a, b);
    in->depth--;
    return ok;
}

bool gt_check_equal(struct gt_run *run, const struct gt_spot *spot, const json_t *a,
                    const json_t *b)
{
    struct comparison in = {run, spot, 0};
    return equal(&in, a, b);
}

static uint64_t hash_bytes(const char *bytes, size_t len, uint64_t hash)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3U; /* FNV-1a */
    return hash;
}

/* Equal numbers have equal doubles. */
static uint64_t hash_number(const json_t *value)
{
    double number = json_number_value(value);
    number = number < 0 || number > 0 ? number : 0; /* -0.0 */
    char bytes[sizeof(number)];
    memcpy(bytes, &number, sizeof(number));
    return hash_bytes(bytes, sizeof(bytes), 3);
}

static uint64_t hash(struct comparison *in, const json_t *value)
{
    uint64_t sum = (uint64_t)json_typeof(value) + 1;
    const char *key;
    json_t *part;
    size_t index;
    if (json_is_number(value))
        return hash_number(value);
    if (json_is_string(value))
        return hash_bytes(json_string_value(value), json_string_length(value), 7);
    if (!gt_check_spend(in->run, in->spot, 1))
        return 0;
    if (in->depth >= DEPTH_MAX) {
        gt_check_give_up(in->run, in->spot, "is nested too deeply");
        return 0;
    }
    in->depth++;
    json_array_foreach(value, index, part) sum = sum * 31 + hash(in, part);
    json_object_foreach(gt_iterable(value), key, part) /* in any order */
        sum += hash_bytes(key, strlen(key), 11) * (hash(in, part) | 1);
    in->depth--;
    return sum;
}

struct hashed {
    uint64_t hash;
    size_t index;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Compares each item with those behind it that may be equal. */
static bool find_equal(struct comparison *in, const struct hashed *items, size_t len,
                       size_t found[static 2])
{
    for (size_t i = 0; i < len; i++) {
        for (size_t j = i + 1; j < len && items[j].hash == items[i].hash; j++) {
            if (in->run->given_up)
                return false;
            if (equal(in, json_array_get(in->spot->value, items[i].index),
                      json_array_get(in->spot->value, items[j].index))) {
                found[0] = items[i].index;
                found[1] = items[j].index;
                return true;
            }
        }
    }
    return false;
}

bool gt_check_find_equal(struct gt_run *run, const struct gt_spot *spot, size_t *first,
                         size_t *second)
{
    struct comparison in = {run, spot, 0};
    struct hashed few[PAIRWISE_MAX] = {{0}}, *items = few;
    size_t len = json_array_size(spot->value), found[2] = {0};
    if (len > PAIRWISE_MAX) {
        if (!gt_check_spend(run, spot, len))
            return false;
        items = gt_calloc(run->arena, len, sizeof(*items));
    }
    for (size_t i = 0; i < len; i++)
        items[i] =
            (struct hashed){len > PAIRWISE_MAX ? hash(&in, json_array_get(spot->value, i)) : 0, i};
    if (len > PAIRWISE_MAX)
        qsort(items, len, sizeof(*items), by_hash);
    bool equal_found = find_equal(&in, items, len, found);
    *first = found[0];
    *second = found[1];
    return equal_found;
}

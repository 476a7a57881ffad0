/* The knobs: one table from which they are read, shown and explained. */
#include "cloud.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum knob_type { KNOB_MS, KNOB_NUMBER, KNOB_FLAG };

static const int64_t value_max = 100LL * 365 * 24 * 3600 * 1000; /* a century */

struct knob {
    const char *name;
    enum knob_type type;
    size_t offset;
    int64_t otherwise;
    const char *unit, *help;
};

#define KNOB(field, knob_type, value, knob_unit, text)                                             \
    {                                                                                              \
        .name = #field, .type = knob_type, .offset = offsetof(struct gt_knobs, field),             \
        .otherwise = value, .unit = knob_unit, .help = text                                        \
    }

static const struct knob knobs[] = {
    KNOB(latency_ms, KNOB_MS, 0, "ms", "wait before every answer"),
    KNOB(ready_ms, KNOB_MS, 300, "ms",
         "from a create or update to READY, where the service takes its time"),
    KNOB(delete_ms, KNOB_MS, 200, "ms",
         "from a delete to \"not found\", where the service takes its time"),
    KNOB(domain_ms, KNOB_MS, 400, "ms",
         "from CreateUserPoolDomain to ACTIVE; up to a minute with the real service"),
    KNOB(token_dns_ms, KNOB_MS, 0, "ms",
         "after a domain is ACTIVE, its token endpoint stays unreachable for this long"),
    KNOB(iam_lag_ms, KNOB_MS, 0, "ms", "until the services see a change of a role or a policy"),
    KNOB(hidden_ms, KNOB_MS, 0, "ms",
         "after a create, reads still answer \"not found\" for this long"),
    KNOB(skew_ms, KNOB_MS, 0, "ms",
         "how far the cloud's clock is ahead, for signatures and the Date header"),
    KNOB(stall_ms, KNOB_MS, 600000, "ms", "how long the faults that stall keep a connection open"),
    KNOB(page_size, KNOB_NUMBER, 0, "items",
         "most items on a page, whatever was asked for; 0: the service's own limits"),
    KNOB(throttle_every, KNOB_NUMBER, 0, "calls", "every n-th call is throttled; 0: none"),
    KNOB(rate, KNOB_NUMBER, 0, "calls/s",
         "calls of each operation in a second, more are throttled; 0: any number"),
    KNOB(empty_pages, KNOB_FLAG, 0, NULL,
         "every other listing of several pages has an empty page in it"),
    KNOB(extra_members, KNOB_FLAG, 0, NULL, "answers carry members that no model knows"),
    KNOB(shuffle, KNOB_FLAG, 0, NULL, "lists without a meaningful order come back in another one"),
    KNOB(check_images, KNOB_FLAG, 0, NULL,
         "a runtime's image in ECR of an account of this cloud must be there"),
    KNOB(cold, KNOB_FLAG, 0, NULL,
         "gateways cannot list the tools of a runtime's version that nobody else has called yet"),
    KNOB(pending_auth, KNOB_FLAG, 1, NULL,
         "a target that needs a person's consent waits for it (*_PENDING_AUTH)"),
    KNOB(
        assume_policies, KNOB_FLAG, 1, NULL,
        "managed policies that are not known here, of AWS or of the account, may be attached or be "
        "a boundary; attached they allow nothing, as a boundary they bound nothing; off: policies "
        "of the account must be there, and what is not known bounds everything"),
    KNOB(
        assume_targets, KNOB_FLAG, 0, NULL,
        "targets of kinds that are not here, and those that lead away from this machine, are taken "
        "to be fine without being asked; they offer no tools"),
};

static void set(struct gt_knobs *into, const struct knob *knob, int64_t value)
{
    char *at = (char *)into + knob->offset;
    if (knob->type == KNOB_FLAG)
        *(bool *)(void *)at = value != 0;
    else
        *(int64_t *)(void *)at = value;
}

static json_t *value_of(const struct gt_knobs *from, const struct knob *knob)
{
    const char *at = (const char *)from + knob->offset;
    if (knob->type == KNOB_FLAG)
        return json_boolean(*(const bool *)(const void *)at);
    return json_integer(*(const int64_t *)(const void *)at);
}

void gt_knobs_init(struct gt_knobs *into)
{
    for (size_t i = 0; i < GT_COUNT(knobs); i++)
        set(into, &knobs[i], knobs[i].otherwise);
}

/* A text as the command line has it. */
static bool read_text(const struct knob *knob, const char *text, int64_t *value)
{
    if (knob->type == KNOB_FLAG) {
        static const char *const yes[] = {"true", "yes", "on", "1"};
        static const char *const no[] = {"false", "no", "off", "0"};
        for (size_t i = 0; i < GT_COUNT(yes); i++) {
            *value = gt_streq(text, yes[i]);
            if (*value || gt_streq(text, no[i]))
                return true;
        }
        return false;
    }
    size_t digits = strspn(text, "0123456789"), sign = *text == '-';
    if (sign)
        digits = strspn(text + 1, "0123456789");
    if (digits > 0 && digits < 16 && text[sign + digits] == '\0') {
        *value = strtoll(text, NULL, 10);
        return true;
    }
    return knob->type == KNOB_MS && gt_duration_parse(text, value);
}

static bool read_value(const struct knob *knob, const json_t *given, int64_t *value)
{
    if (json_is_string(given))
        return read_text(knob, json_string_value(given), value);
    if (knob->type == KNOB_FLAG) {
        *value = json_is_true(given);
        return json_is_boolean(given);
    }
    *value = json_integer_value(given);
    return json_is_integer(given);
}

static const struct knob *find(const char *name)
{
    for (size_t i = 0; i < GT_COUNT(knobs); i++)
        if (gt_streq(knobs[i].name, name))
            return &knobs[i];
    return NULL;
}

static bool apply(struct gt_knobs *into, const char *name, const json_t *given,
                  struct gt_diags *diags)
{
    static const char *const wanted[] = {[KNOB_MS] = "milliseconds or a duration such as 2s",
                                         [KNOB_NUMBER] = "a whole number",
                                         [KNOB_FLAG] = "true or false"};
    const struct knob *knob = find(name);
    if (knob == NULL) {
        const char *names[GT_COUNT(knobs) + 1] = {NULL};
        for (size_t i = 0; i < GT_COUNT(knobs); i++)
            names[i] = knobs[i].name;
        const char *nearest = gt_nearest(name, names);
        gt_error(diags, "unknown-knob", "unknown knob \"%s\"", gt_one_line(diags->arena, name, 80))
            ->hint = nearest != NULL ? gt_printf(diags->arena, "did you mean \"%s\"?", nearest)
                                     : "`gantry local --knobs` lists them";
        return false;
    }
    int64_t value;
    /* Only a clock may be behind; the limit leaves room for sums of times. */
    if (!read_value(knob, given, &value) || value > value_max || value < -value_max ||
        (value < 0 && knob->offset != offsetof(struct gt_knobs, skew_ms))) {
        gt_error(diags, "bad-knob", "the knob %s wants %s", name, wanted[knob->type]);
        return false;
    }
    set(into, knob, value);
    return true;
}

bool gt_knobs_set(struct gt_knobs *into, const json_t *given, struct gt_diags *diags)
{
    struct gt_knobs changed = *into;
    size_t errors = diags->errors;
    const char *name;
    json_t *value;
    if (given != NULL && !json_is_object(given))
        gt_error(diags, "bad-knob", "knobs are an object of names and values");
    json_object_foreach(gt_iterable(given), name, value) apply(&changed, name, value, diags);
    if (diags->errors != errors)
        return false;
    *into = changed;
    return true;
}

bool gt_local_check_knobs(const json_t *given, struct gt_diags *diags)
{
    struct gt_knobs unused;
    gt_knobs_init(&unused);
    return gt_knobs_set(&unused, given, diags);
}

json_t *gt_knobs_json(const struct gt_knobs *from)
{
    json_t *all = json_object();
    for (size_t i = 0; i < GT_COUNT(knobs); i++)
        json_object_set_new(all, knobs[i].name, value_of(from, &knobs[i]));
    return all;
}

json_t *gt_local_knobs(void)
{
    static const char *const types[] = {
        [KNOB_MS] = "duration", [KNOB_NUMBER] = "number", [KNOB_FLAG] = "flag"};
    json_t *all = json_array();
    struct gt_knobs defaults;
    gt_knobs_init(&defaults);
    for (size_t i = 0; i < GT_COUNT(knobs); i++) {
        const struct knob *knob = &knobs[i];
        json_t *row =
            json_pack("{s:s, s:s, s:o, s:s}", "name", knob->name, "type", types[knob->type],
                      "default", value_of(&defaults, knob), "help", knob->help);
        if (knob->unit != NULL)
            json_object_set_new(row, "unit", json_string(knob->unit));
        json_array_append_new(all, row);
    }
    return all;
}

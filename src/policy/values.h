/* The values that condition operators compare: numbers, dates, addresses. */
#ifndef GANTRY_POLICY_VALUES_H
#define GANTRY_POLICY_VALUES_H

#include <stdbool.h>

bool gt_policy_value_number(const char *text, double *value);

/* A date of the W3C's profile of ISO 8601 (a year, a month, a day, or with a time and zone), or
 * seconds since the epoch; as seconds since the epoch. */
bool gt_policy_value_date(const char *text, double *value);

/* Whether an address lies in a range, "203.0.113.0/24" or "2001:db8::/32", or is that one address.
 * Cuts `range` at its slash. */
bool gt_policy_value_in_range(char *range, const char *given);

#endif

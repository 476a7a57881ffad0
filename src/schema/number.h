/*
 * Numbers of JSON as they were written: comparing integers with fractions loses nothing, and 0.07
 * is a multiple of 0.01 although neither is a binary fraction.
 */
#ifndef GANTRY_SRC_SCHEMA_NUMBER_H
#define GANTRY_SRC_SCHEMA_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The absolute value: digits * 10^exponent, without zeros at the end of the digits. */
struct gt_decimal {
    uint64_t digits;
    int exponent;
};

struct gt_decimal gt_decimal_of(const json_t *number);

/* `step` is above zero. */
bool gt_decimal_is_multiple(struct gt_decimal value, struct gt_decimal step);

/* Below, equal to or above 0, as `a` is to `b`. */
int gt_number_compare(const json_t *a, const json_t *b);

/* 1, 1.0 and 1e3. */
bool gt_number_is_integral(const json_t *number);

/* The shortest text that reads back as the same number. */
enum { GT_NUMBER_TEXT = 32 };
void gt_number_text(const json_t *number, char text[static GT_NUMBER_TEXT]);

#endif

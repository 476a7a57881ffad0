#include "number.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

/* 2^63: the first double that no int64_t holds. */
#define INTEGERS_END 9223372036854775808.0

/* Writes the shortest of the given conversions that reads back as the same number. */
static void shortest(double number, char conversion, char text[static GT_NUMBER_TEXT])
{
    int fewest =
        number < DBL_MIN && number > -DBL_MIN ? 1 : 15; /* subnormal numbers have fewer than 15 */
    for (int digits = fewest; digits <= 17; digits++) {
        if (conversion == 'e')
            snprintf(text, GT_NUMBER_TEXT, "%.*e", digits - 1, number);
        else
            snprintf(text, GT_NUMBER_TEXT, "%.*g", digits, number);
        double back = strtod(text, NULL);
        if (!(back < number) && !(back > number))
            return;
    }
}

void gt_number_text(const json_t *number, char text[static GT_NUMBER_TEXT])
{
    if (json_is_integer(number))
        snprintf(text, GT_NUMBER_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
    else
        shortest(json_real_value(number), 'g', text);
}

static struct gt_decimal stripped(uint64_t digits, int exponent)
{
    for (; digits != 0 && digits % 10 == 0; exponent++)
        digits /= 10;
    return (struct gt_decimal){digits, exponent};
}

struct gt_decimal gt_decimal_of(const json_t *number)
{
    if (json_is_integer(number)) {
        json_int_t value = json_integer_value(number);
        return stripped(value < 0 ? -(uint64_t)value : (uint64_t)value, 0);
    }
    char text[GT_NUMBER_TEXT];
    shortest(json_real_value(number), 'e', text);
    uint64_t digits = 0;
    int exponent = 1;
    const char *at = text;
    /* Whatever stands before the fraction is the point, or the locale's. */
    for (; *at != '\0' && *at != 'e'; at++) {
        if (*at < '0' || *at > '9')
            continue;
        digits = digits * 10 + (uint64_t)(*at - '0');
        exponent -= 1;
    }
    if (*at == 'e')
        exponent += (int)strtol(at + 1, NULL, 10);
    return stripped(digits, exponent);
}

/* a + b mod `modulus`, for numbers below it that may be as large as 2^63. */
static uint64_t add_modulo(uint64_t a, uint64_t b, uint64_t modulus)
{
    return a >= modulus - b ? a - (modulus - b) : a + b;
}

bool gt_decimal_is_multiple(struct gt_decimal value, struct gt_decimal step)
{
    if (value.digits == 0)
        return true;
    if (value.exponent < step.exponent)
        return false; /* the digits would have to end with zeros */
    uint64_t rest = value.digits % step.digits;
    for (int shift = value.exponent - step.exponent; shift > 0 && rest != 0; shift--) {
        uint64_t twice = add_modulo(rest, rest, step.digits);
        uint64_t four = add_modulo(twice, twice, step.digits);
        rest = add_modulo(add_modulo(four, four, step.digits), twice, step.digits);
    }
    return rest == 0;
}

static int compare_doubles(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_mixed(json_int_t integer, double real)
{
    if (real >= INTEGERS_END)
        return -1;
    if (real < -INTEGERS_END)
        return 1;
    json_int_t whole = (json_int_t)real;
    if (integer != whole)
        return integer < whole ? -1 : 1;
    return compare_doubles((double)whole, real);
}

int gt_number_compare(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t x = json_integer_value(a), y = json_integer_value(b);
        return (x > y) - (x < y);
    }
    if (json_is_integer(a))
        return compare_mixed(json_integer_value(a), json_real_value(b));
    if (json_is_integer(b))
        return -compare_mixed(json_integer_value(b), json_real_value(a));
    return compare_doubles(json_real_value(a), json_real_value(b));
}

bool gt_number_is_integral(const json_t *number)
{
    if (json_is_integer(number))
        return true;
    double real = json_real_value(number);
    if (real >= INTEGERS_END || real < -INTEGERS_END)
        return true; /* no double of this size has a fraction */
    return compare_doubles((double)(json_int_t)real, real) == 0;
}

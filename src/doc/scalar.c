#include "scalar.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct word {
    const char *text;
    struct gt_core value;
} words[] = {
    {"", {.type = GT_CORE_NULL}},
    {"~", {.type = GT_CORE_NULL}},
    {"null", {.type = GT_CORE_NULL}},
    {"Null", {.type = GT_CORE_NULL}},
    {"NULL", {.type = GT_CORE_NULL}},
    {"true", {.type = GT_CORE_BOOL, .boolean = true}},
    {"True", {.type = GT_CORE_BOOL, .boolean = true}},
    {"TRUE", {.type = GT_CORE_BOOL, .boolean = true}},
    {"false", {.type = GT_CORE_BOOL}},
    {"False", {.type = GT_CORE_BOOL}},
    {"FALSE", {.type = GT_CORE_BOOL}},
    {".nan", {.type = GT_CORE_NOT_FINITE}},
    {".NaN", {.type = GT_CORE_NOT_FINITE}},
    {".NAN", {.type = GT_CORE_NOT_FINITE}},
    {".inf", {.type = GT_CORE_NOT_FINITE}},
    {".Inf", {.type = GT_CORE_NOT_FINITE}},
    {".INF", {.type = GT_CORE_NOT_FINITE}},
    {"+.inf", {.type = GT_CORE_NOT_FINITE}},
    {"+.Inf", {.type = GT_CORE_NOT_FINITE}},
    {"+.INF", {.type = GT_CORE_NOT_FINITE}},
    {"-.inf", {.type = GT_CORE_NOT_FINITE}},
    {"-.Inf", {.type = GT_CORE_NOT_FINITE}},
    {"-.INF", {.type = GT_CORE_NOT_FINITE}},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The end of a run of digits. */
static const char *digits(const char *text)
{
    while (is_digit(*text))
        text++;
    return text;
}

/* The value of `text` (sign and digits of that base, nothing else). */
static struct gt_core integer(const char *text, int base)
{
    errno = 0;
    long long value = strtoll(text, NULL, base);
    if (errno == ERANGE || value > INT64_MAX || value < INT64_MIN)
        return (struct gt_core){.type = GT_CORE_RANGE};
    return (struct gt_core){.type = GT_CORE_INT, .integer = value};
}

/* 0o17 and 0x1f, which take no sign. */
static struct gt_core based(const char *text)
{
    int base = text[1] == 'o' ? 8 : 16;
    const char *valid = base == 8 ? "01234567" : "0123456789abcdefABCDEF";
    const char *rest = text + 2;
    if (*rest == '\0' || rest[strspn(rest, valid)] != '\0')
        return (struct gt_core){.type = GT_CORE_STRING};
    return integer(rest, base);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *text)
{
    if (*text == '-' || *text == '+')
        text++;
    const char *after = digits(text);
    bool whole = after > text;
    text = after;
    if (*text == '.') {
        after = digits(text + 1);
        if (!whole && after == text + 1)
            return false;
        text = after;
    } else if (!whole) {
        return false;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '-' || *text == '+')
            text++;
        if (!is_digit(*text))
            return false;
        text = digits(text);
    }
    return *text == '\0';
}

static struct gt_core number(const char *text)
{
    if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x'))
        return based(text);
    const char *unsigned_text = text + (*text == '-' || *text == '+');
    if (is_digit(*unsigned_text) && *digits(unsigned_text) == '\0')
        return integer(text, 10);
    if (!is_real(text))
        return (struct gt_core){.type = GT_CORE_STRING};
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return (struct gt_core){.type = GT_CORE_RANGE};
    return (struct gt_core){.type = GT_CORE_REAL, .real = value};
}

struct gt_core gt_core_read(const char *text)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i].text) == 0)
            return words[i].value;
    return number(text);
}

void gt_real_text(double value, char text[GT_REAL_TEXT])
{
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, GT_REAL_TEXT, "%.*g", precision, value);
        double again = strtod(text, NULL);
        if (memcmp(&again, &value, sizeof(value)) == 0)
            break;
    }
    if (strpbrk(text, ".e") == NULL)
        strncat(text, ".0", GT_REAL_TEXT - strlen(text) - 1);
}

#include "values.h"

#include <arpa/inet.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool gt_policy_value_number(const char *text, double *value)
{
    char *end;
    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Reads exactly `count` digits. */
static bool digits(const char **text, size_t count, int *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (**text - '0');
    }
    return true;
}

/* Z, +hh:mm or -hh:mm, as seconds to subtract. */
static bool zone(const char *text, int *seconds)
{
    *seconds = 0;
    if (*text == 'Z' || *text == 'z')
        return text[1] == '\0';
    int hours, minutes, sign = *text == '-' ? -1 : 1;
    if (*text != '+' && *text != '-')
        return false;
    text++;
    if (!digits(&text, 2, &hours) || *text++ != ':' || !digits(&text, 2, &minutes))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return *text == '\0';
}

static bool clock_time(const char *text, double *seconds)
{
    int hour, minute, second = 0, offset;
    double fraction = 0;
    if (!digits(&text, 2, &hour) || *text++ != ':' || !digits(&text, 2, &minute))
        return false;
    if (*text == ':') {
        text++;
        if (!digits(&text, 2, &second))
            return false;
    }
    if (*text == '.') {
        char *end;
        fraction = strtod(text, &end);
        text = end;
    }
    *seconds = hour * 3600 + minute * 60 + second + fraction;
    if (!zone(text, &offset))
        return false;
    *seconds -= offset;
    return true;
}

/* "-08" as a number; leaves it at its default where there is none. */
static bool part(const char **text, int *value)
{
    if (**text != '-')
        return true;
    (*text)++;
    return digits(text, 2, value);
}

bool gt_policy_value_date(const char *text, double *value)
{
    int year, month = 1, day = 1;
    const char *at = text;
    if (!digits(&at, 4, &year) || (*at != '-' && *at != '\0'))
        return gt_policy_value_number(text, value);
    if (!part(&at, &month) || !part(&at, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    double seconds = 0;
    if (*at == 'T' ? !clock_time(at + 1, &seconds) : *at != '\0')
        return false;
    *value = (double)days(year, month, day) * 86400 + seconds;
    return true;
}

/* Reads an address in network order; the family tells 4 bytes from 16. */
static bool address(const char *text, unsigned char bytes[16], int *family)
{
    *family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    return inet_pton(*family, text, bytes) == 1;
}

/* The bits of "24" in "203.0.113.0/24", or -1. */
static int prefix_bits(const char *text)
{
    int bits;
    size_t count = strlen(text);
    return count > 0 && count <= 3 && digits(&text, count, &bits) ? bits : -1;
}

bool gt_policy_value_in_range(char *range, const char *given)
{
    unsigned char want[16], have[16];
    int want_family, have_family;
    char *slash = strchr(range, '/');
    if (slash != NULL)
        *slash++ = '\0';
    if (!address(range, want, &want_family) || !address(given, have, &have_family) ||
        want_family != have_family)
        return false;
    int width = want_family == AF_INET ? 32 : 128;
    int bits = slash == NULL ? width : prefix_bits(slash);
    if (bits < 0 || bits > width)
        return false;
    size_t whole = (size_t)bits / 8;
    unsigned rest = (unsigned)bits % 8, mask = (0xFF00U >> rest) & 0xFF;
    return memcmp(want, have, whole) == 0 &&
           (rest == 0 || (want[whole] & mask) == (have[whole] & mask));
}

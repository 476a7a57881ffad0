#include <gantry/base/str.h>
#include <gantry/sys/sys.h>
#include <string.h>

enum { DAY_MS = 86400000 };

struct civil {
    int64_t year;
    int month, day;
};

/*
 * Days since 1970-01-01. Years begin in March here, so that the leap day is a year's last and the
 * lengths of the months before it follow one formula; 400 years have 146097 days.
 */
static int64_t days_of(struct civil date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    return (struct civil){
        .year = year_of_era + era * 400 + (month >= 10),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
    };
}

static bool is_date(struct civil date)
{
    if (date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    struct civil back = civil_of(days_of(date)); /* 30 February comes back as another day */
    return back.month == date.month && back.day == date.day;
}

char *gt_time_iso(struct gt_arena *arena, int64_t unix_ms)
{
    int64_t days = unix_ms / DAY_MS - (unix_ms % DAY_MS < 0);
    int64_t seconds = (unix_ms - days * DAY_MS) / 1000;
    struct civil date = civil_of(days);
    return gt_printf(arena, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)date.year, date.month,
                     date.day, (int)(seconds / 3600), (int)(seconds / 60 % 60),
                     (int)(seconds % 60));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly `count` digits and moves on; -1 when they are not there. */
static int read_digits(const char **at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (!is_digit(**at))
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool skip(const char **at, const char *any_of)
{
    if (**at == '\0' || strchr(any_of, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, struct civil *date)
{
    date->year = read_digits(at, 4);
    if (date->year < 0 || !skip(at, "-"))
        return false;
    date->month = read_digits(at, 2);
    if (date->month < 0 || !skip(at, "-"))
        return false;
    date->day = read_digits(at, 2);
    return is_date(*date);
}

/* Milliseconds since midnight; a leap second counts as the next minute's first. */
static bool read_clock(const char **at, int64_t *ms)
{
    int hour = read_digits(at, 2);
    if (hour < 0 || hour > 23 || !skip(at, ":"))
        return false;
    int minute = read_digits(at, 2);
    if (minute < 0 || minute > 59 || !skip(at, ":"))
        return false;
    int second = read_digits(at, 2);
    if (second < 0 || second > 60)
        return false;
    *ms = ((hour * 60 + minute) * 60 + second) * 1000ll;
    if (!skip(at, ".,"))
        return true;
    if (!is_digit(**at))
        return false;
    for (int unit = 100; is_digit(**at); (*at)++, unit /= 10)
        *ms += (**at - '0') * unit;
    return true;
}

/* "Z", "UTC" (which the SSO cache has), "+02:00" or "+0200", in milliseconds east of Greenwich. */
static bool read_offset(const char **at, int64_t *ms)
{
    *ms = 0;
    if (skip(at, "Zz"))
        return true;
    if (gt_starts_with(*at, "UTC")) {
        *at += 3;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    if (!skip(at, "+-"))
        return false;
    int hours = read_digits(at, 2);
    skip(at, ":");
    int minutes = read_digits(at, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ms = sign * (hours * 60 + minutes) * 60000ll;
    return true;
}

/* 0000-01-01T00:00:00Z and the last millisecond of 9999, which an offset or a leap second passes:
 * what has another number of digits would not be read again. */
static const int64_t first_ms = -62167219200000, last_ms = 253402300799999;

bool gt_time_parse(const char *text, int64_t *unix_ms)
{
    struct civil date;
    int64_t clock, offset;
    if (!read_date(&text, &date) || !skip(&text, "Tt ") || !read_clock(&text, &clock) ||
        !read_offset(&text, &offset) || *text != '\0')
        return false;
    int64_t ms = days_of(date) * DAY_MS + clock - offset;
    if (ms < first_ms || ms > last_ms)
        return false;
    *unix_ms = ms;
    return true;
}

/* "ms" before "m", since the first that fits is taken. */
static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"d", DAY_MS}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

static const struct unit *read_unit(const char **at)
{
    for (size_t i = 0; i < GT_COUNT(units); i++)
        if (gt_starts_with(*at, units[i].name)) {
            *at += strlen(units[i].name);
            return &units[i];
        }
    return NULL;
}

bool gt_duration_parse(const char *text, int64_t *ms)
{
    int64_t total = 0, last = INT64_MAX;
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t value = 0;
        if (!is_digit(*text))
            return false;
        for (; is_digit(*text); text++) {
            if (value > (INT64_MAX - 9) / 10)
                return false;
            value = value * 10 + (*text - '0');
        }
        const struct unit *unit = read_unit(&text);
        if (unit == NULL || unit->ms >= last || value > (INT64_MAX - total) / unit->ms)
            return false;
        total += value * unit->ms;
        last = unit->ms;
    }
    *ms = total;
    return true;
}

#include <gantry/sys/sys.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        gt_die("cannot read the clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t real_now_ms(void *self)
{
    (void)self;
    return clock_ms(CLOCK_REALTIME);
}

static int64_t real_monotonic_ms(void *self)
{
    (void)self;
    return clock_ms(CLOCK_MONOTONIC);
}

static void real_random(void *self, unsigned char *bytes, size_t len)
{
    (void)self;
    while (len > 0) {
        ssize_t got = getrandom(bytes, len, 0);
        if (got < 0 && errno != EINTR)
            gt_die("cannot get random bytes");
        if (got > 0) {
            bytes += got;
            len -= (size_t)got;
        }
    }
}

static const char *real_env(void *self, const char *name)
{
    (void)self;
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

const struct gt_sys *gt_sys_real(void)
{
    static const struct gt_sys real = {
        .now_ms = real_now_ms,
        .monotonic_ms = real_monotonic_ms,
        .random = real_random,
        .env = real_env,
    };
    return &real;
}

int64_t gt_now_ms(const struct gt_sys *sys)
{
    return sys->now_ms(sys->self);
}

int64_t gt_monotonic_ms(const struct gt_sys *sys)
{
    return sys->monotonic_ms(sys->self);
}

const char *gt_env(const struct gt_sys *sys, const char *name)
{
    return sys->env(sys->self, name);
}

char *gt_uuid(const struct gt_sys *sys, struct gt_arena *arena)
{
    unsigned char b[16];
    sys->random(sys->self, b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80); /* variant of RFC 9562 */
    return gt_printf(arena, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                     b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
                     b[12], b[13], b[14], b[15]);
}

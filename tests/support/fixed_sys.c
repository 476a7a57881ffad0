#include "fixed_sys.h"

#include <string.h>

static int64_t now_ms(void *self)
{
    return ((struct gt_fixed_sys *)self)->now_ms;
}

static int64_t monotonic_ms(void *self)
{
    return ((struct gt_fixed_sys *)self)->monotonic_ms;
}

static void skip_ms(void *self, int64_t ms)
{
    struct gt_fixed_sys *fixed = self;
    fixed->now_ms += ms;
    fixed->monotonic_ms += ms;
}

/* SplitMix64 (public domain, Vigna): good enough to look random, the same in every run. */
static void random_bytes(void *self, unsigned char *bytes, size_t len)
{
    struct gt_fixed_sys *fixed = self;
    for (size_t i = 0; i < len; i++) {
        uint64_t z = fixed->random_state += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        bytes[i] = (unsigned char)(z >> 56);
    }
}

static const char *env(void *self, const char *name)
{
    const struct gt_fixed_sys *fixed = self;
    for (size_t i = 0; i < fixed->env_count; i++)
        if (strcmp(fixed->env[i][0], name) == 0)
            return fixed->env[i][1];
    return NULL;
}

void gt_fixed_sys_init(struct gt_fixed_sys *fixed, int64_t start_ms)
{
    *fixed = (struct gt_fixed_sys){
        .now_ms = start_ms,
        .monotonic_ms = 1000,
        .random_state = 1,
        .sys = {.now_ms = now_ms,
                .monotonic_ms = monotonic_ms,
                .random = random_bytes,
                .env = env,
                .skip_ms = skip_ms,
                .self = fixed},
    };
}

void gt_fixed_sys_set(struct gt_fixed_sys *fixed, const char *name, const char *value)
{
    if (value != NULL && *value == '\0')
        value = NULL;
    for (size_t i = 0; i < fixed->env_count; i++) {
        if (strcmp(fixed->env[i][0], name) == 0) {
            fixed->env[i][1] = value;
            return;
        }
    }
    if (fixed->env_count == GT_FIXED_ENV_MAX)
        gt_die("too many variables in the fixed environment");
    fixed->env[fixed->env_count][0] = name;
    fixed->env[fixed->env_count++][1] = value;
}

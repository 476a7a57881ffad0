/*
 * A world for tests: a clock that stands until the loop moves it on to the next timer (so waits
 * take no time), random bytes that are the same in every run, an environment that is a table.
 */
#ifndef GANTRY_TESTS_FIXED_SYS_H
#define GANTRY_TESTS_FIXED_SYS_H

#include <gantry/sys/sys.h>

enum { GT_FIXED_ENV_MAX = 64 };

struct gt_fixed_sys {
    struct gt_sys sys; /* give &fixed.sys to the code under test */
    int64_t now_ms, monotonic_ms;
    uint64_t random_state;
    const char *env[GT_FIXED_ENV_MAX][2];
    size_t env_count;
};

/* Not copied afterwards: sys.self points to it. */
void gt_fixed_sys_init(struct gt_fixed_sys *fixed, int64_t now_ms);

/* NULL or "" unsets. The strings are borrowed. */
void gt_fixed_sys_set(struct gt_fixed_sys *fixed, const char *name, const char *value);

#endif

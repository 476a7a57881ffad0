/*
 * The outside world behind a struct of functions: clock, randomness, environment, home. Tests give
 * their own, so the suite runs offline with a fixed clock. gt_sys_real() is the process's own.
 */
#ifndef GANTRY_SYS_SYS_H
#define GANTRY_SYS_SYS_H

#include <gantry/base/diag.h>
#include <stdint.h>

struct gt_sys {
    int64_t (*now_ms)(void *self);       /* wall clock, Unix time in milliseconds */
    int64_t (*monotonic_ms)(void *self); /* for deadlines */
    void (*random)(void *self, unsigned char *bytes, size_t len); /* cryptographic quality */
    const char *(*env)(void *self, const char *name); /* borrowed; NULL when unset or empty */
    void (*skip_ms)(void *self, int64_t ms); /* moves a virtual clock on; NULL: time is real */
    void *self;
};

const struct gt_sys *gt_sys_real(void);

int64_t gt_now_ms(const struct gt_sys *sys);
int64_t gt_monotonic_ms(const struct gt_sys *sys);
const char *gt_env(const struct gt_sys *sys, const char *name);

/* A random UUID (RFC 9562, version 4): 36 characters, fit for AgentCore's clientToken. */
char *gt_uuid(const struct gt_sys *sys, struct gt_arena *arena);

/* "2026-01-17T12:34:56Z" of Unix milliseconds, and back (also with fraction or offset); false when
 * the text is no such time. */
char *gt_time_iso(struct gt_arena *arena, int64_t unix_ms);
bool gt_time_parse(const char *text, int64_t *unix_ms);

/* "90s", "10m", "1h30m", "500ms" (units d, h, m, s, ms, from large to small) to milliseconds; false
 * when it is none. */
bool gt_duration_parse(const char *text, int64_t *ms);

#endif

/* An embedded cloud in this process with a clock that only the test moves. */
#ifndef GANTRY_TESTS_CLOUD_FIXTURE_H
#define GANTRY_TESTS_CLOUD_FIXTURE_H

#include "cloud.h"
#include "fixed_sys.h"
#include "gt_test.h"

struct cloud_fixture {
    struct gt_fixed_sys fixed;
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct gt_local *local;
    char run_folder[64];
};

void cloud_fixture_init(struct cloud_fixture *fixture);
void cloud_fixture_done(struct cloud_fixture *fixture);

/* Calls an operation as the cloud's own account would. The output (kept by the arena); *code is
 * NULL, or the error's when there is none. `params`: JSON with ' for ". */
const json_t *cloud_try(struct cloud_fixture *fixture, const char *service, const char *operation,
                        const char *params, const char **code);
/* The same where a failure fails the test. */
const json_t *cloud_call(struct cloud_fixture *fixture, const char *service, const char *operation,
                         const char *params);

/* Parses JSON with ' for "; kept by the arena. */
json_t *cloud_json(struct cloud_fixture *fixture, const char *text);

#endif

/*
 * A world for the engine's tests: a virtual clock, a tiny cloud behind the scripted transport, a
 * state in a folder of its own. Each run builds the stack from text, opens a session, settles what
 * is open, plans, applies and closes, as the commands do.
 */
#ifndef GANTRY_TESTS_ENGINE_WORLD_H
#define GANTRY_TESTS_ENGINE_WORLD_H

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/engine/engine.h>

#include <fixed_sys.h>
#include <gt_test.h>
#include <string.h>
#include <tiny_cloud.h>

struct world {
    struct gt_arena *arena;
    struct gt_fixed_sys fixed;
    struct gt_loop *loop;
    struct gt_scripted *scripted;
    struct tiny_cloud *cloud;
    struct gt_aws *aws;
    const char *folder;

    /* Of the runs to come. */
    struct gt_engine_options options; /* stack, session and the like are set by the run */
    const char *kill_at;              /* the process ends as this call leaves */
    size_t kill_number;               /* or as the n-th mutating call (from 1) leaves */
    bool kill_done;                   /* the call is done all the same */
    bool survives;                    /* only that answer gets lost, the process lives on */
    const char *interrupt_at;         /* SIGINT as this call arrives */
    int appends;                      /* appends that work before all fail; -1: all work */

    /* Of the last run. */
    struct gt_diags diags;
    struct gt_stack stack;
    struct gt_session *session;
    struct gt_engine *engine;
    struct gt_plan *plan; /* NULL: planning failed */
    enum gt_apply_result result;
    GT_VEC(const char *) events; /* "done gateway.tools", "failed target.a: why" */
    const char *journal;         /* all lines that were appended */
    bool killed;
    int64_t killed_ms;
    bool unannounced; /* a mutating call arrived before its intent was durable */
    size_t mutations;
};

struct world *world_new(struct gt_arena *arena);
void world_free(struct world *world);

/* Manifests: a head with stack "lark", region and account, then `body`. */
const char *manifest(struct world *world, const char *body);

/* User pool, client, gateway, runtime and a target. */
extern const char full_stack[];
/* A gateway and a target with an endpoint elsewhere. */
extern const char small_stack[];

bool world_plan(struct world *world, const char *yaml);
enum gt_apply_result world_apply(struct world *world, const char *yaml);
enum gt_apply_result world_destroy(struct world *world, const char *yaml);
bool world_import(struct world *world, const char *yaml, const char *address, const char *id);

/* Applies and expects all to be done. */
void world_done(struct world *world, const char *yaml);

/* Opens a session for writing without a run, and closes it. */
struct gt_session *world_session(struct world *world);

/* The entry of an address in the saved state, as a document; NULL when there is none. */
const json_t *world_entry(struct world *world, const char *address);
/* The text of a file of the state: "default.json". */
const char *world_file(struct world *world, const char *name);

const struct gt_plan_step *step_of(const struct world *world, const char *address);
enum gt_action action_of(const struct world *world, const char *address);
const struct gt_diag *diag_of(const struct world *world, const char *code);
bool has_event(const struct world *world, const char *prefix);
const char *said(const struct world *world); /* events and diagnostics, for messages */

#define ASSERT_DIAG(world, code)                                                                   \
    ck_assert_msg(diag_of(world, code) != NULL, "no %s among:%s", code, said(world))
#define ASSERT_RESULT(world, call, expected)                                                       \
    do {                                                                                           \
        enum gt_apply_result got_ = (call);                                                        \
        ck_assert_msg(got_ == (expected), "result %d:%s", (int)got_, said(world));                 \
    } while (0)
#define ASSERT_BEFORE(world, first, then)                                                          \
    do {                                                                                           \
        long first_ = tiny_last((world)->cloud, first), then_ = tiny_first((world)->cloud, then);  \
        ck_assert_msg(first_ >= 0 && first_ < then_, "%s (%ld) is not before %s (%ld)", first,     \
                      first_, then, then_);                                                        \
    } while (0)
#define ASSERT_COUNT(world, operation, number)                                                     \
    ck_assert_msg(tiny_count((world)->cloud, operation) == (number), "%zu of %s:%s",               \
                  tiny_count((world)->cloud, operation), operation, said(world))

#define WORLD                                                                                      \
    static struct gt_arena *arena;                                                                 \
    static struct world *world;                                                                    \
    static void world_setup(void)                                                                  \
    {                                                                                              \
        arena = gt_arena_new();                                                                    \
        world = world_new(arena);                                                                  \
    }                                                                                              \
    static void world_teardown(void)                                                               \
    {                                                                                              \
        world_free(world);                                                                         \
        gt_arena_free(arena);                                                                      \
    }

/* A suite of one file of tests. */
#define SUITE(name, ...)                                                                           \
    Suite *name##_suite(void)                                                                      \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        Suite *suite = suite_create(#name);                                                        \
        TCase *tests_case = tcase_create(#name);                                                   \
        tcase_add_checked_fixture(tests_case, world_setup, world_teardown);                        \
        for (size_t i = 0; i < GT_COUNT(tests); i++)                                               \
            tcase_add_test(tests_case, tests[i]);                                                  \
        suite_add_tcase(suite, tests_case);                                                        \
        return suite;                                                                              \
    }

Suite *order_suite(void);
Suite *update_suite(void);
Suite *settle_suite(void);
Suite *lost_suite(void);
Suite *owner_suite(void);
Suite *journal_suite(void);
Suite *interrupt_suite(void);
Suite *guards_suite(void);
Suite *replace_suite(void);
Suite *remove_suite(void);
Suite *plan_suite(void);
Suite *recover_suite(void);
Suite *token_source_suite(void);
Suite *torture_suite(void);
Suite *verify_suite(void);

#endif

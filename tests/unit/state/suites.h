/* The suites of this binary, and what they share: a fixed clock, a folder per test, sample entries.
 */
#ifndef GANTRY_TESTS_STATE_SUITES_H
#define GANTRY_TESTS_STATE_SUITES_H

#include "gt_test.h"
#include <gantry/state/state.h>

Suite *document_suite(void);
Suite *crash_suite(void);
Suite *session_suite(void);

/* A clock that stands still and randomness that counts. */
extern const struct gt_sys test_sys;

/* A new empty folder, "FOLDER/.gantry" in it is where states go; removed with the arena. */
const char *test_folder(struct gt_arena *arena);

/* An entry with every member set; `seed` varies the values. */
struct gt_entry *test_entry(struct gt_state *state, const char *address, unsigned seed);

/* Opens a session for stack "lark", environment "prod" below `folder`; fails the test otherwise. */
struct gt_session *test_open(struct gt_arena *arena, const char *folder, bool writable);

/* The whole file; NULL when there is none. */
char *test_read(struct gt_arena *arena, const char *path, size_t *len);
void test_write(const char *path, const char *bytes, size_t len);
bool test_exists(const char *path);
int test_files_in(const char *folder);

/* The state's document as canonical text. */
char *test_text(struct gt_arena *arena, const struct gt_state *state);

/* All diagnostics in one text, for ck_assert_msg and searching. */
const char *test_messages(const struct gt_diags *diags);

#endif

/* What the tests of the configuration share: an environment, and loading of literal texts. */
#ifndef GANTRY_TESTS_SERVER_CONFIG_SUPPORT_H
#define GANTRY_TESTS_SERVER_CONFIG_SUPPORT_H

#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/server/config.h>
#include <gantry/server/tool.h>
#include <gt_test.h>
#include <string.h>

/* The value that no message may show; ${env.SECRET}. */
#define SECRET_VALUE "hunter3-warehouse"

/* NULL-terminated pairs "NAME", "value". */
struct gt_sys config_sys(const char *const *variables);

/* Loads a text under the name "gantry-mcp.yaml" with SECRET, PGPASSWORD and PORT_TEXT ("9000") set.
 */
struct gt_config *config_of(const char *text, struct gt_diags *diags);

/* The same; it must be valid. */
struct gt_config *good_config(struct gt_arena *arena, const char *text);

/* All that was reported, a line each: "3:5 error unknown-key: message (hint)". */
const char *reported(struct gt_arena *arena, const struct gt_diags *diags);

/* Whether a file below tests/unit/server can be read; its text. */
const char *file_text(struct gt_arena *arena, const char *path);

#endif

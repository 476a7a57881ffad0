/*
 * JSON Schema 2020-12: compiled once, then checked against values without allocating for what is
 * valid. Nothing is fetched: a $ref leads into the same document. Source: JSON Schema Core and
 * Validation, draft 2020-12; MCP specification, "Tools" (inputSchema, outputSchema).
 */
#ifndef GANTRY_SCHEMA_SCHEMA_H
#define GANTRY_SCHEMA_SCHEMA_H

#include <gantry/base/arena.h>
#include <stdbool.h>

struct gt_schema; /* lives in the arena that it was compiled into */

struct gt_schema_problem {
    const char *pointer; /* where: of the schema when compiling, of the value when checking */
    const char *message; /* one line, for people and models: "must be at least 1" */
};

/*
 * Compiles a schema: true, false or an object, borrowed for the life of the result. NULL with
 * `problem` for a schema that is malformed: a keyword of the wrong type, a pattern that does not
 * compile, a $ref that leads nowhere or out of the document, references that go round without
 * consuming anything. `format` is an annotation, as the specification has it by default.
 */
struct gt_schema *gt_schema_compile(struct gt_arena *arena, const json_t *document,
                                    struct gt_schema_problem *problem);

enum { GT_SCHEMA_PROBLEMS_MAX = 8 };
struct gt_schema_problems {
    struct gt_schema_problem at[GT_SCHEMA_PROBLEMS_MAX]; /* in the arena of the check */
    size_t len;                                          /* the first ones found */
};

/* Whether the value is valid. `problems` may be NULL. Bounded: deep values and expensive patterns
 * are refused with a problem of their own rather than followed without end. */
bool gt_schema_check(const struct gt_schema *schema, struct gt_arena *arena, const json_t *value,
                     struct gt_schema_problems *problems);

#endif

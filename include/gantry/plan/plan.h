/*
 * The plan: what has to happen to each resource, and why. Pure: wanted, last applied and live go in, a
 * document of changes comes out.
 */
#ifndef GANTRY_PLAN_PLAN_H
#define GANTRY_PLAN_PLAN_H

#include <gantry/types/type.h>

enum gt_action {
    GT_ACTION_NOOP, GT_ACTION_READ /* existing things */, GT_ACTION_CREATE, GT_ACTION_ADOPT,
    GT_ACTION_UPDATE, GT_ACTION_REPLACE, GT_ACTION_DELETE, GT_ACTION_FORGET
};
#define GT_ACTION_COUNT 8

enum gt_cause {
    GT_CAUSE_MANIFEST, /* the manifest says something else than last time */
    GT_CAUSE_DRIFT,    /* the live object was changed by someone else */
    GT_CAUSE_REMOVED,  /* the manifest no longer names it */
    GT_CAUSE_UPSTREAM  /* a value that it refers to changes */
};

struct gt_change {
    const char *pointer; /* "/description" */
    const json_t *before, *after; /* NULL: absent; masked where secret; an unknown after keeps its ${...} */
    enum gt_cause cause;
    bool unknown; /* after is known only when a dependency is done */
    bool secret, replaces, ignored;
    const char *words; /* what it means for people, or NULL */
};

struct gt_changes {
    GT_VEC(struct gt_change) list;
    bool replaces; /* some change needs a new object */
    bool any;      /* some change is not ignored */
};

struct gt_compare {
    const struct gt_type *type;
    const json_t *wanted; /* resolved as far as known; unknown references stay as ${...} */
    const json_t *last;   /* last applied, secrets left out; NULL: none (adopted) */
    const json_t *live;
    const json_t *unknown; /* object: the pointers in wanted whose references are not known yet; NULL: none */
    const char *const *ignore; /* pointers, ends with NULL; may be NULL */
};

/*
 * Three-way comparison. Only members that wanted names, or last named, are looked at, each by its
 * attribute's rule; members that only the service has are left alone. gt_compare of a document with
 * itself gives nothing.
 */
struct gt_changes gt_compare(struct gt_arena *arena, const struct gt_compare *what);

/* Whether two values are equal by the rule of the attribute at `pointer`, where `live` may have members
 * that the service added. */
bool gt_value_covers(const struct gt_type *type, const char *pointer, const json_t *wanted,
                     const json_t *live);

struct gt_plan_step {
    const char *address;
    const struct gt_type *type;
    enum gt_action action;
    const char *reason;        /* one line for people: "not there yet", "name changed" */
    struct gt_changes changes;
    json_t *identity;          /* known identity, or NULL */
    const char *breaks;        /* what callers lose, or NULL */
    bool needs_consent;        /* replace or delete of what breaks callers: --allow-replace */
    bool retained;             /* deleted from state only */
    GT_VEC(const char *) foreign; /* "inline policy extra-access" that somebody else added */
    const char *digest;        /* SHA-256 of the planned properties and changes, hex */
};

struct gt_plan_counts {
    size_t create, update, replace, remove, adopt, noop, read, forget;
};

struct gt_plan {
    const char *stack, *environment, *version; /* Gantry's version */
    const char *partition, *account, *region, *endpoint;
    const char *lineage;
    json_int_t serial;         /* of the state it was made from */
    const char *manifest_digest; /* nothing secret is in it */
    const char *secrets_digest;  /* of a saved plan: "SALT:DIGEST", slow, of the secret values; or NULL */
    bool destroy;
    json_t *options;           /* targets, excludes, replaces, deny, ... as a saved plan must repeat them */
    GT_VEC(struct gt_plan_step) steps; /* dependencies first; deletions last, in their order */
    json_t *outputs;           /* wanted outputs as far as known */
};

struct gt_plan_counts gt_plan_count(const struct gt_plan *plan);
bool gt_plan_has_changes(const struct gt_plan *plan);
const char *gt_action_name(enum gt_action action); /* "create" */
bool gt_action_parse(const char *name, enum gt_action *action); /* false: NULL or no action */

/* "manifest", "drift", ...: by enum gt_cause. */
extern const char *const gt_cause_names[];

/* SHA-256 (hex) over everything in a step but its digest: two plans mean the same for a resource when
 * these agree. Arena string. */
const char *gt_plan_step_digest(struct gt_arena *arena, const struct gt_plan_step *step);

/* One step as it stands in the plan's document; new reference. */
json_t *gt_plan_step_document(const struct gt_plan_step *step);

/* The plan as a document without secrets (format 1: plan files, --json); new reference. */
json_t *gt_plan_document(const struct gt_plan *plan);

/* Reads a plan document; what does not fit is an error that says so. Steps have changes as documents. */
bool gt_plan_parse(struct gt_arena *arena, const json_t *document, struct gt_plan *out,
                   struct gt_diags *diags);

/* Text for a terminal (colour: ANSI) and Markdown for a pull request; arena strings. */
char *gt_plan_text(struct gt_arena *arena, const struct gt_plan *plan, bool colour, bool verbose);
char *gt_plan_markdown(struct gt_arena *arena, const struct gt_plan *plan);

#endif

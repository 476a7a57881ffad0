/*
 * A configuration while it is read: the document, what its sections were found to hold, and the
 * steps, each of which has a file.
 */
#ifndef GANTRY_SERVER_READING_H
#define GANTRY_SERVER_READING_H

#include <gantry/base/map.h>
#include <gantry/doc/outside.h>
#include <gantry/server/tool.h>

/* One entry of a section: a member of a map, or an element with a `name` of a list. */
struct gt_entry {
    const char *name;
    const char *pointer; /* "/tools/postgres_query", "/tools/0" */
    const json_t *value; /* as it was written, references resolved; once it was checked, that */
};

struct gt_entries {
    GT_VEC(struct gt_entry) list;
    struct gt_map by_name;
};

struct gt_reading {
    struct gt_arena *arena;
    const struct gt_sys *sys;
    struct gt_config *config;
    struct gt_config_files *files; /* NULL: nobody asks */
    struct gt_doc doc;
    struct gt_diags *diags;
    const json_t *top;   /* the document, its own keys checked; sections as they were written, with
                            escapes ($${) that gt_reading_final takes off */
    bool elsewhere;      /* as in the options */
    bool sources_broken; /* not every source that the file names is in the configuration */
    struct gt_entries sources, tools, toolsets, tiers; /* all that the file names */
};

/* -- config_keys.c -- */

extern const struct gt_key gt_config_keys[]; /* of the file */
extern const struct gt_key gt_toolset_keys[], gt_tier_keys[];
extern const struct gt_rule gt_entry_name, gt_tool_name;

/* The keys of a type, and of those that all have the ones that the type does not have itself. */
const struct gt_key *gt_keys_joined(struct gt_arena *arena, const struct gt_key *own,
                                    const struct gt_key *common);

/* -- config_refs.c -- */

/* Notes a file that the configuration comes from; both are copied. NULL: it could not be read. */
void gt_reading_file(const struct gt_reading *reading, const char *path, const char *bytes,
                     size_t len);

/* The document with what its references stand for; references that lead nowhere are reported.
 * Borrowed from the arena. */
const json_t *gt_reading_resolve(struct gt_reading *reading);

/* -- config_entries.c -- */

/* An error at a pointer. */
struct gt_diag *gt_reading_error(const struct gt_reading *reading, const char *pointer,
                                 const char *code, const char *format, ...) GT_PRINTF(4, 5);
struct gt_diag *gt_reading_warning(const struct gt_reading *reading, const char *pointer,
                                   const char *code, const char *format, ...) GT_PRINTF(4, 5);

/* Checks the document's own keys and sets `top`. */
void gt_reading_top(struct gt_reading *reading, const json_t *document);
const json_t *gt_reading_final(const struct gt_reading *reading, const json_t *checked);

/* Lists the entries of a section; reports such without a name, with one that is not allowed, and
 * such that are there twice. */
struct gt_section_of {
    const char *name; /* "tools" */
    const char *word; /* "tool" */
    const struct gt_rule *rule;
};
void gt_reading_entries(const struct gt_reading *reading, const struct gt_section_of *section,
                        struct gt_entries *out);

/* Checks an entry by a table. Its value as the rest may use it, borrowed from the arena; where
 * something was wrong (*good false) it holds texts that gt_was_reported knows. */
const json_t *gt_reading_check(const struct gt_reading *reading, const struct gt_entry *entry,
                               const struct gt_key *keys, bool *good);

/* "there is no source "x"", at a pointer, with the nearest of the entries as a hint. */
void gt_reading_unknown(const struct gt_reading *reading, const char *pointer, const char *word,
                        const char *name, const struct gt_entries *entries);

/* Whether a text of a checked value stands in for one that was reported. (Texts that only look like
 * references are such, by then.) */
bool gt_was_reported(const char *text);

/* Parts of a checked value. A text that was reported is none. */
const char *gt_text_of(const json_t *value, const char *pointer);
int64_t gt_number_at(const json_t *value, const char *pointer, int64_t otherwise);
bool gt_flag_at(const json_t *value, const char *pointer, bool otherwise);
/* A list of texts, or one text alone, as an array that ends with NULL; NULL: not there. Those that
 * were reported are in it. */
const char *const *gt_texts_at(struct gt_arena *arena, const json_t *value, const char *pointer);
struct gt_limits gt_limits_at(const json_t *value, const char *pointer);

/* -- config_sources.c -- */

/* What `type:` may be: the names of a table, the keys of each row, and those that all rows have. */
struct gt_types_of {
    size_t count;
    const char *const *names; /* ends with NULL */
    const struct gt_key *const *keys;
    const struct gt_key *common;
};

/*
 * Checks an entry by the keys of its type. *row gets the row of the type, or types->count where
 * there is none. A type that is misspelt is checked as the one that was meant.
 */
const json_t *gt_reading_check_typed(const struct gt_reading *reading, const struct gt_entry *entry,
                                     const struct gt_types_of *types, size_t *row, bool *good);

/* -- config_tools.c, config_tiers.c, config_toolsets.c, config_env.c, parameters.c -- */

void gt_read_sources(struct gt_reading *reading);
void gt_read_tools(struct gt_reading *reading); /* after the tiers, for their limits */
void gt_read_tiers(struct gt_reading *reading);
void gt_read_environment(struct gt_reading *reading); /* over the first tier */
void gt_read_toolsets(struct gt_reading *reading);    /* and which tier serves what */
void gt_tools_sort(const struct gt_tool **tools, size_t count);
void gt_check_listeners(struct gt_reading *reading);

enum { GT_TIMEOUT_DEFAULT_MS = 5000, GT_PORT_MAX = 65535, GT_PORT_DEFAULT = 8000 };

/* A numeric address ("localhost" is one too) in its plain form, or NULL. */
const char *gt_host_parse(struct gt_arena *arena, const char *text);
/* "127.0.0.1:8000", "[::1]:8000", "8000", "::1", "127.0.0.1": into the tier, what is not said
 * stays.
 */
bool gt_listen_parse(struct gt_arena *arena, const char *text, struct gt_tier *tier);
/* Whether only this machine reaches it; whether it stands for all addresses. */
bool gt_host_is_loopback(const char *host);

/* Puts what `parameters:` says about parameters of a type's own into the input schema. */
bool gt_parameters_refine(const struct gt_config *config, struct gt_tool *tool,
                          struct gt_diags *diags);

#endif

/*
 * Tools and sources as tables: a new kind of tool is a row in tool_types.c, a new kind of source a
 * row in source_types.c; nothing else in the server knows them by name.
 */
#ifndef GANTRY_SERVER_TOOL_H
#define GANTRY_SERVER_TOOL_H

#include <gantry/doc/keys.h>
#include <gantry/net/workers.h>
#include <gantry/schema/schema.h>
#include <gantry/server/config.h>

/* -- sources: what tools work on -- */

struct gt_source_host { /* what sources work with */
    struct gt_loop *loop;
    struct gt_workers *workers;
    struct gt_service *service; /* for gt_source_note; NULL: nobody is told */
};

struct gt_source { /* the first member of a type's own struct */
    const struct gt_source_type *type;
    const char *name;
    struct gt_source_host host;
};

/* Tells the log that the source went away (`reason`: one line without secrets) or, with NULL, that
 * it is back. The same state twice is told once. */
void gt_source_note(struct gt_source *source, const char *reason);

/* `reason`: NULL when the source answered; else one line, without secrets. */
typedef void gt_probed_fn(void *payload, const char *reason);

struct gt_source_type {
    const char *name;          /* "postgres": what `type:` says */
    const char *summary;       /* a sentence for help */
    const struct gt_key *keys; /* its settings, beside `type` */
    /* What the keys' rows cannot say: values that do not fit each other. May be NULL. */
    bool (*check)(const struct gt_config *config, const struct gt_source_config *source,
                  struct gt_diags *diags);
    /* Makes the source; connects to nothing yet and cannot fail. `config` lives as long as the
     * source. */
    struct gt_source *(*open)(const struct gt_source_host *host,
                              const struct gt_source_config *config);
    /* Asks whether it can be reached; fn is called once, now or in a later turn, within
     * timeout_ms. */
    void (*probe)(struct gt_source *source, int64_t timeout_ms, gt_probed_fn *fn, void *payload);
    /* Ends it: calls that are open end inside with GT_FAILURE_CANCELLED, probes with a reason. */
    void (*close)(struct gt_source *source);
};

/* Ends with NULL. */
extern const struct gt_source_type *const gt_source_types[];
const struct gt_source_type *gt_source_type_find(const char *name);

/* -- tools -- */

struct gt_annotations { /* MCP specification, ToolAnnotations */
    bool read_only, destructive, idempotent, open_world;
};

struct gt_tool {
    const char *name, *title, *description;
    const struct gt_tool_type *type;
    const char *tier, *category;
    const char *source;     /* its name, or NULL */
    const json_t *settings; /* checked by the type's keys: secret */
    const char *pointer;    /* "/tools/postgres_query", for diagnostics */
    struct gt_limits limits;
    struct gt_retry retry;
    const char *const *scopes; /* of which the caller's token must have all; ends with NULL */
    bool requires_auth;        /* security.requires_auth: refused where no token was checked */
    /* Filled by the type's prepare: */
    json_t *input_schema, *output_schema; /* output: NULL where there is none */
    struct gt_annotations annotations;
    void *own;
    /* Filled by the configuration afterwards: */
    const struct gt_schema *validator; /* of the input */
    json_t *definition;                /* as tools/list shows it */
};

struct gt_tool_call;

struct gt_tool_type {
    const char *name;                    /* "postgres-sql" */
    const char *summary;                 /* a sentence for help */
    const char *category;                /* "database": by default */
    const struct gt_source_type *source; /* which kind of source `source:` must name; NULL: none */
    /* Without `source:` the tool gets a source of its own, with security.allowed_paths as settings.
     */
    bool own_source;
    const struct gt_key *keys; /* its settings, beside those of every tool */
    /* Fills input_schema (with defaults), output_schema, annotations and `own`, in the
     * configuration's arena; errors for settings that do not fit. No I/O. */
    bool (*prepare)(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags);
    /* Works on a call: ends it once, now or in a later turn, with gt_tool_done or gt_tool_fail. */
    void (*run)(struct gt_tool_call *call);
};

/* Ends with NULL. */
extern const struct gt_tool_type *const gt_tool_types[];
const struct gt_tool_type *gt_tool_type_find(const char *name);

/*
 * Tools with parameters of the author's choice have this key in their table. It takes a list of
 * {name, type, description, default, required, allowed_values, min_value, max_value, max_length,
 * pattern, items}, or a map by name; a default makes a parameter optional. Other tools take the
 * same key, for parameters that their type has: the configuration puts descriptions, defaults and
 * narrower bounds into the schema that prepare made.
 */
#define GT_PARAMETERS_KEY                                                                          \
    {                                                                                              \
        .name = "parameters", .takes = GT_TAKES_LIST | GT_TAKES_MAP, .element = &gt_parameter_key, \
        .summary = "what a caller gives; each has a name, a type and a description"                \
    }
extern const struct gt_key gt_parameter_key;

/* The keys of every source and of every tool, beside those of its type. */
extern const struct gt_key gt_source_common_keys[], gt_tool_common_keys[];

/* The input schema of `parameters:`; its properties are in the order of the file, which is that of
 * $1, $2 in statements; additionalProperties is false. New reference, or NULL with errors. */
json_t *gt_parameters_schema(const struct gt_config *config, const struct gt_tool *tool,
                             struct gt_diags *diags);

/* -- one call -- */

struct gt_tool_call {
    struct gt_arena *arena; /* of this call */
    const struct gt_tool *tool;
    struct gt_source *source; /* NULL for tools without one */
    struct gt_loop *loop;
    json_t *arguments;   /* an object, valid by the input schema, defaults filled in */
    int64_t deadline_ms; /* monotonic; when it passes, cancel is called; INT64_MAX: never */
    int64_t timeout_ms;  /* from which that follows, the same for every call of a tool; 0: none */
    const char *caller;  /* the token's client or subject; NULL: nobody was asked */
    /* Set by run when the work can be stopped: called once, when the deadline passed or nobody
     * waits any more. The call is still to be ended, soon. NULL: it cannot be stopped. */
    void (*cancel)(struct gt_tool_call *call);
    void *work; /* the type's own */
};

/*
 * Ends a call. `structured` is structuredContent (stolen; must fit the output schema); `content`
 * (stolen) is the list of content blocks, NULL: one text block with the JSON of `structured`.
 */
void gt_tool_done(struct gt_tool_call *call, json_t *structured, json_t *content);

/* The same with the text of structuredContent, an object without line breaks: for results that are
 * written rather than built. Copied. */
void gt_tool_done_text(struct gt_tool_call *call, const char *structured, size_t len);

enum gt_failure {
    GT_FAILURE_ARGUMENTS,   /* the caller can do better: bad SQL, a path that is not allowed */
    GT_FAILURE_DENIED,      /* it is not permitted */
    GT_FAILURE_UNAVAILABLE, /* the source is not there, nothing was done: safe to repeat */
    GT_FAILURE_FAILED,      /* the source refused or broke */
    GT_FAILURE_TIMEOUT,
    GT_FAILURE_LIMIT,    /* a limit of the tool's own */
    GT_FAILURE_CANCELLED /* nobody waits */
};
/* Ends a call with isError and one text that the model can act on. No secret, no host name of a
 * source, no stack of the server's own in it. */
void gt_tool_fail(struct gt_tool_call *call, enum gt_failure failure, const char *format, ...)
    GT_PRINTF(3, 4);

#endif

/*
 * gantry-mcp's configuration: one YAML file of sources, tools, toolsets and tiers. A configuration
 * is loaded whole, checked whole (every mistake at once, with its position) and never changed; a
 * changed file becomes another one beside it, so that calls under way keep theirs.
 *
 * Names of keys are written as the field writes them here, with underscores: timeout_ms,
 * allowed_paths, max_rows.
 */
#ifndef GANTRY_SERVER_CONFIG_H
#define GANTRY_SERVER_CONFIG_H

#include <gantry/doc/doc.h>
#include <gantry/sys/sys.h>

struct gt_source_type;
struct gt_tool;

struct gt_limits {          /* 0: none. A tier's hold for all of its calls, a tool's for its own. */
    int64_t max_in_flight;  /* requests that were accepted and are not answered */
    int64_t max_concurrent; /* tool calls that run; the others of max_in_flight wait for them */
    double requests_per_second; /* token bucket; its depth is a second's worth, at least 1 */
    int64_t timeout_ms;         /* of a tool call, waiting included */
};

struct gt_retry {    /* of calls that are safe to repeat, when the source cannot be reached */
    int attempts;    /* in all; 1: none is repeated */
    int64_t base_ms; /* before the second; doubles, with jitter */
};

struct gt_source_config {
    const char *name;
    const struct gt_source_type *type;
    const json_t *settings; /* checked by the type's keys; references are resolved: secret */
    const char *pointer;    /* "/sources/warehouse", for diagnostics */
};

struct gt_toolset {
    const char *name; /* also the path: /mcp/NAME */
    const char *description;
    GT_VEC(const struct gt_tool *) tools; /* by name */
};

struct gt_jwt_config {
    const char *issuer, *discovery_url; /* both are set; one follows from the other where the file
                                           has one: ISSUER/.well-known/openid-configuration */
    const json_t *authorizer; /* {allowedClients, allowedAudience, allowedScopes, customClaims} as
                                 in jose/authorizer.h */
};

enum gt_serving { /* what the environment says about the transport */
                  GT_SERVING_UNSAID,
                  GT_SERVING_HTTP,
                  GT_SERVING_STDIO
};

enum gt_trust {
    GT_TRUST_NONE,
    GT_TRUST_AGENTCORE /* AgentCore Runtime is in front and has checked who calls */
};

struct gt_tier {
    const char *name; /* "local" */
    const char *host; /* numeric address */
    int port;
    const char *const *allowed_origins, *const *allowed_hosts; /* end with NULL; NULL: loopback */
    bool any_host;
    bool cors;              /* browsers of the allowed origins may read answers */
    const char *public_url; /* how clients reach it where that is not the listener; NULL: it is */
    struct gt_limits limits;
    const struct gt_jwt_config *jwt; /* NULL: nobody is asked for a token */
    enum gt_trust trust;
    bool search; /* discovery: search: the list has search_tools and call_tool instead of the tools
                  */
    GT_VEC(const struct gt_tool *) tools;       /* all that this tier serves, by name */
    GT_VEC(const struct gt_toolset *) toolsets; /* with this tier's tools alone */
};

struct gt_config {
    struct gt_arena *arena;                            /* secret; everything below lives in it */
    const char *path;                                  /* as given */
    const char *folder;                                /* where relative paths start */
    const char *name, *title, *version, *instructions; /* serverInfo; name and version are set */
    GT_VEC(struct gt_source_config) sources;
    GT_VEC(const struct gt_tool *) tools; /* by name */
    GT_VEC(struct gt_toolset *) toolsets; /* in the file's order */
    GT_VEC(struct gt_tier) tiers;         /* in the file's order */
    enum gt_serving serving;
    int64_t shutdown_ms; /* how long a shutdown waits for calls that run */
    const struct gt_marks *marks;
};

enum {                                       /* of files, in bytes */
       GT_CONFIG_FILE_MAX = 9 * 1024 * 1024, /* the parser's own limit is 8 MiB */
       GT_CONFIG_REFERENCE_MAX = 1024 * 1024
};

/* The files that a configuration came from: its own first, then those of its references. Those that
 * could not be read are there, too, and so they are where it is not valid. */
struct gt_config_file {
    const char *path;
    const char *bytes; /* as they were read, with a NUL behind them; may be a secret. NULL: none */
    size_t len;
};

struct gt_config_files {
    struct gt_arena *arena; /* secret; holds what follows */
    GT_VEC(struct gt_config_file) list;
};

/*
 * Loads and checks. NULL with all errors found in `diags`, which have positions. References
 * ${env.NAME} and ${file.PATH} are resolved (secrets come by them; a literal password is a
 * warning); relative paths start at the file's folder. The variables MCP_*, FASTMCP_* and PORT go
 * over the listener of the first tier and say which transport. Opens nothing but files. What is in
 * `diags` outlives the configuration, and no value that came by a reference is in it.
 */
struct gt_config_options {
    const char *path;
    const char *bytes; /* NULL: read from path */
    size_t len;
    const char *listen; /* HOST:PORT of the first tier, over all else; NULL: as it is said */
    bool elsewhere; /* it is for another place than this process: variables that are not set are no
                       errors, and those that are do not go over the file */
    struct gt_config_files *files; /* gets them; NULL: nobody asks */
};
struct gt_config *gt_config_load(const struct gt_sys *sys, const struct gt_config_options *options,
                                 struct gt_diags *diags);
void gt_config_free(struct gt_config *config); /* NULL is allowed */

const struct gt_tool *gt_config_tool(const struct gt_config *config, const char *name);
const struct gt_source_config *gt_config_source(const struct gt_config *config, const char *name);

/* An error about a setting, at its pointer ("/tools/cart/command/0"). Values that may have come by
 * a reference are shown with gt_marks_shown. */
struct gt_diag *gt_config_error(const struct gt_config *config, struct gt_diags *diags,
                                const char *pointer, const char *code, const char *format, ...)
    GT_PRINTF(5, 6);

/* The JSON Schema of the file, for editors (new reference), and its keys as a text for people
 * (arena string). */
json_t *gt_config_schema(void);
char *gt_config_manual(struct gt_arena *arena);

#endif

/* The tables of the configuration: every key, once. Those of the kinds of sources and tools stand
 * with them. */
#include "reading.h"

#define TEXT(key, about)                                                                           \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_TEXT, .summary = about                                      \
    }
#define BOOLEAN(key, about)                                                                        \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_BOOLEAN, .summary = about                                   \
    }
#define INTEGER(key, from, to, about)                                                              \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_INTEGER, .min = from, .max = to, .summary = about           \
    }
#define TEXTS(key, about)                                                                          \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_LIST, .element = &text, .summary = about                    \
    }
#define TEXT_OR_TEXTS(key, about)                                                                  \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_LIST | GT_TAKES_TEXT, .element = &text, .summary = about    \
    }
#define FIELDS(key, table, about)                                                                  \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_FIELDS, .fields = table, .summary = about                   \
    }
#define ENTRIES(key, about)                                                                        \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_MAP | GT_TAKES_LIST, .element = &entry, .summary = about    \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

enum { DAY_MS = 24 * 60 * 60 * 1000, COUNT_MAX = 1000 * 1000 };

/* MCP specification, "Tools", "Tool Names". */
const struct gt_rule gt_tool_name = {"[A-Za-z0-9_.-]{1,128}",
                                     "1 to 128 letters, digits, '_', '-' and '.'"};
const struct gt_rule gt_entry_name = {
    "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
    "a letter or digit, then up to 63 letters, digits, '_', '-' and '.'"};

static const struct gt_key text = {.takes = GT_TAKES_TEXT, .summary = "text"};
static const struct gt_key anything = {.takes = GT_TAKES_ANY, .summary = "an entry"};
/* The keys of an entry are those of its type. One without any is there all the same. */
static const struct gt_key entry = {
    .takes = GT_TAKES_ANY | GT_TAKES_MAP, .element = &anything, .summary = "an entry"};

static const struct gt_key limits_keys[] = {
    INTEGER("max_in_flight", 0, COUNT_MAX, "requests that are accepted and not answered yet"),
    INTEGER("max_concurrent", 0, COUNT_MAX, "calls that run at once; others wait"),
    {.name = "requests_per_second",
     .takes = GT_TAKES_NUMBER,
     .max = COUNT_MAX,
     .summary = "calls that are taken in a second, as a token bucket"},
    INTEGER("timeout_ms", 0, DAY_MS, "how long a call may take, waiting included"),
    END,
};

static const struct gt_key security_keys[] = {
    BOOLEAN("requires_auth", "refused where no token was checked"),
    BOOLEAN("sandbox", "says that the tool is kept to what it needs, as all are"),
    TEXTS("allowed_paths", "folders that a file tool without a source may look into"),
    TEXTS("scopes", "scopes that the caller's token must have, all of them"),
    END,
};

static const struct gt_key retry_keys[] = {
    INTEGER("attempts", 1, 10, "how often in all a call is tried that is safe to repeat (3)"),
    INTEGER("base_ms", 1, 60000, "the wait before the second attempt (1000); it doubles"),
    END,
};

static const struct gt_key annotation_keys[] = {
    TEXT("title", "a title for people"),
    BOOLEAN("read_only", "it changes nothing"),
    BOOLEAN("destructive", "it may remove or overwrite"),
    BOOLEAN("idempotent", "a second call with the same arguments changes nothing more"),
    BOOLEAN("open_world", "it works with what lies outside of the server's own sources"),
    END,
};

const struct gt_key gt_source_common_keys[] = {
    TEXT("name", "the source's name, where sources are a list"),
    {.name = "type",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "what kind of source it is"},
    END,
};

const struct gt_key gt_tool_common_keys[] = {
    TEXT("name", "the tool's name, where tools are a list"),
    {.name = "type",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "what kind of tool it is"},
    TEXT("source", "the source it works on; may be left out where only one fits"),
    TEXT("tier", "the tier that serves it; may be left out where there is one, or one named local"),
    TEXT("category", "what it is listed under; by default that of its type"),
    TEXT("title", "a title for people"),
    TEXT("description", "what it does and when to use it: models choose by it"),
    GT_PARAMETERS_KEY,
    FIELDS("security", security_keys, "who may call it, and what it may touch"),
    FIELDS("limits", limits_keys, "limits of this tool, beside those of its tier"),
    INTEGER("timeout_ms", 1, DAY_MS, "how long a call may take (5000)"),
    FIELDS("retry", retry_keys, "of calls that are safe to repeat"),
    FIELDS("annotations", annotation_keys, "hints for clients, over those that its type gives it"),
    END,
};

const struct gt_key gt_toolset_keys[] = {
    TEXT("name", "the toolset's name, where toolsets are a list"),
    TEXT("description", "what its tools are for"),
    {.name = "tools",
     .takes = GT_TAKES_LIST,
     .flags = GT_KEY_REQUIRED,
     .element = &text,
     .summary = "the names of its tools"},
    END,
};

static const struct gt_key jwt_keys[] = {
    TEXT("issuer", "who signs the tokens: their iss claim"),
    TEXT("discovery_url", "the issuer's .well-known/openid-configuration"),
    TEXT_OR_TEXTS("audience", "aud claims, of which a token has one"),
    TEXT_OR_TEXTS("clients", "client ids that may call"),
    TEXT_OR_TEXTS("scopes", "scopes, of which a token has one"),
    {.name = "claims",
     .takes = GT_TAKES_LIST,
     .element = &anything,
     .summary = "rules for other claims, as customClaims of an AgentCore gateway"},
    END,
};

static const struct gt_key auth_keys[] = {
    {.name = "jwt",
     .takes = GT_TAKES_FIELDS,
     .flags = GT_KEY_REQUIRED,
     .fields = jwt_keys,
     .summary = "callers need a token of this issuer"},
    END,
};

static const char *const discovery_words[] = {"full", "search", NULL};
static const char *const trust_words[] = {"agentcore", NULL};

const struct gt_key gt_tier_keys[] = {
    TEXT("name", "the tier's name, where tiers are a list"),
    TEXT("listen", "where it listens: HOST:PORT (127.0.0.1:8000)"),
    TEXT("host", "the address it listens on, instead of listen"),
    INTEGER("port", 0, GT_PORT_MAX, "the port it listens on, instead of listen; 0 is any free one"),
    TEXT("public_url", "where clients reach it, without /mcp, when that is not the listener"),
    TEXTS("allowed_origins", "origins of web pages that may call it; by default those of loopback"),
    TEXTS("allowed_hosts", "host names it answers to; * is any"),
    BOOLEAN("cors", "answers web pages' preflight requests"),
    TEXTS("toolsets", "the toolsets it serves; by default all tools that have this tier"),
    {.name = "discovery",
     .takes = GT_TAKES_TEXT,
     .values = discovery_words,
     .summary = "search lists two tools, one that finds the others and one that calls them"},
    FIELDS("limits", limits_keys, "limits of all its calls"),
    FIELDS("auth", auth_keys, "how callers show who they are"),
    {.name = "trust",
     .takes = GT_TAKES_TEXT,
     .values = trust_words,
     .summary = "agentcore: AgentCore Runtime is in front and has checked who calls"},
    END,
};

const struct gt_key gt_config_keys[] = {
    TEXT("name", "the server's name, as clients see it (gantry-mcp)"),
    TEXT("title", "a title for people"),
    TEXT("version", "the server's version, as clients see it"),
    TEXT("instructions", "what a model should know about these tools"),
    ENTRIES("sources", "what tools work on: a map by name, or a list"),
    ENTRIES("tools", "a map by name, or a list"),
    ENTRIES("toolsets", "tools under a name, served at /mcp/NAME: a map by name, or a list"),
    ENTRIES("tiers", "listeners with their tools, limits and callers: a map by name, or a list"),
    INTEGER("shutdown_ms", 0, DAY_MS, "how long a shutdown waits for calls that run (10000)"),
    END,
};

const struct gt_key *gt_keys_joined(struct gt_arena *arena, const struct gt_key *own,
                                    const struct gt_key *common)
{
    GT_VEC(struct gt_key) rows = {0};
    for (const struct gt_key *key = common; key->name != NULL; key++)
        if (gt_key_find(own, key->name) == NULL)
            *GT_PUSH(arena, &rows) = *key;
    for (const struct gt_key *key = own; key != NULL && key->name != NULL; key++)
        *GT_PUSH(arena, &rows) = *key;
    *GT_PUSH(arena, &rows) = (struct gt_key)END;
    return rows.at;
}

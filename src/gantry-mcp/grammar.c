#include "grammar.h"

#include "commands/commands.h"

#include <gantry/ui/help.h>
#include <gantry/ui/program.h>

#define BIT(command) (UINT64_C(1) << (command))

#define SERVING_COMMANDS (BIT(COMMAND_SERVE) | BIT(COMMAND_TOOLS) | BIT(COMMAND_CALL))
#define CONFIG_COMMANDS                                                                            \
    (BIT(COMMAND_INIT) | BIT(COMMAND_REGISTER) | BIT(COMMAND_VALIDATE) | SERVING_COMMANDS |        \
     BIT(COMMAND_HEALTH))
#define WRITING_COMMANDS (BIT(COMMAND_INIT) | BIT(COMMAND_REGISTER))
#define ALL_COMMANDS (BIT(COMMAND_COUNT) - 1)

const char gt_mcp_default_file[] = "gantry-mcp.yaml";

static const struct gt_command commands[COMMAND_COUNT + 1] = {
    [COMMAND_INIT] =
        {
            .name = "init",
            .summary = "write a configuration with a source and its tools",
            .text = "Writes gantry-mcp.yaml (or the file given with --config) with one source of "
                    "the type given and the tools that go with it: a PostgreSQL database that is "
                    "only read, a Redis cache, or folders. The password is not in the file; it is "
                    "read from the environment when the server starts. A file that is there is "
                    "not overwritten without --force.",
            .run = gt_command_init,
        },
    [COMMAND_REGISTER] =
        {
            .name = "register",
            .words = "NAME",
            .summary = "add a tool or a source to the configuration, or remove a tool",
            .text =
                "Adds an entry to the file, where a person would write it; comments, order and "
                "everything else stay as they are. --type says what it is: `gantry-mcp help "
                "types` lists the kinds of tools and sources. The new file is checked before "
                "it takes the old one's place, and a server that runs picks it up:\n\n"
                "  gantry-mcp register report_query --type postgres-query --source warehouse \\\n"
                "      --allow-database analytics --permission SELECT --toolset analytics\n"
                "  gantry-mcp register cache --type redis --host 127.0.0.1\n"
                "  gantry-mcp register report_query --remove",
            .run = gt_command_register,
        },
    [COMMAND_VALIDATE] =
        {
            .name = "validate",
            .summary = "check the configuration without connecting to anything",
            .text = "Reports every mistake in the configuration at once, each with file, line and "
                    "column. With --schema: prints the JSON Schema of the file, for editors.",
            .run = gt_command_validate,
        },
    [COMMAND_SERVE] =
        {
            .name = "serve",
            .summary = "run the server",
            .text = "Serves every tier on its listener, at /mcp and /mcp/TOOLSET, with /health, "
                    "/ping and /ready beside it; with --transport stdio, one tier on standard "
                    "input and output. A changed configuration is picked up when it is valid. "
                    "Sources are connected when they are first needed. SIGTERM or Ctrl-C: calls "
                    "that run may end, new ones are refused.",
            .run = gt_command_serve,
        },
    [COMMAND_TOOLS] =
        {
            .name = "tools",
            .summary = "list the tools",
            .text = "Lists the tools of the configuration by name, with what they do to their "
                    "source; with --json as clients see them.",
            .run = gt_command_tools,
        },
    [COMMAND_CALL] =
        {
            .name = "call",
            .words = "TOOL [JSON]",
            .summary = "call a tool once, without a server",
            .text = "Calls a tool as a client would, with the arguments as a JSON object, and "
                    "prints the result:\n\n"
                    "  gantry-mcp call postgres_query '{\"query\": \"SELECT 1\"}'",
            .run = gt_command_call,
        },
    [COMMAND_HEALTH] =
        {
            .name = "health",
            .words = "[URL]",
            .summary = "ask a running server whether it is well",
            .text = "Asks URL, or /health where the first tier of the configuration listens, and "
                    "ends with 0 when the answer is 200: for health checks in images, which need "
                    "no other program for it.",
            .run = gt_command_health,
        },
    [COMMAND_COMPLETION] =
        {
            .name = "completion",
            .words = "SHELL",
            .choices = gt_completion_shells,
            .summary = "print a completion script for bash, zsh or fish",
            .text =
                "Prints a completion script:\n\n"
                "  bash  source <(gantry-mcp completion bash)\n"
                "  zsh   gantry-mcp completion zsh > \"${fpath[1]}/_gantry-mcp\"\n"
                "  fish  gantry-mcp completion fish > ~/.config/fish/completions/gantry-mcp.fish",
            .run = gt_program_completion,
        },
    [COMMAND_VERSION] = {.name = "version",
                         .summary = "print the version",
                         .run = gt_program_version},
    [COMMAND_HELP] =
        {
            .name = "help",
            .words = "[TOPIC]",
            .summary = "explain a command, the configuration or a type",
            .text = "TOPIC is a command, `config` (the keys of the configuration), `types` (the "
                    "kinds of sources and tools), the name of a type, or `manual` (all of the help "
                    "as one text).",
            .run = gt_command_help,
        },
};

static const char config_group[] = "Configuration", entry_group[] = "The entry",
                  command_group[] = "Options", common_group[] = "Common options";

static const char *const transports[] = {"http", "stdio", NULL};

static const struct gt_option options[OPTION_COUNT] = {
    [OPTION_CONFIG] = {.name = "config",
                       .alias = "file",
                       .letter = 'c',
                       .kind = GT_OPTION_STRING,
                       .argument = "FILE",
                       .group = config_group,
                       .help = "the configuration (gantry-mcp.yaml)",
                       .commands = CONFIG_COMMANDS},
    [OPTION_TYPE] = {.name = "type",
                     .letter = 't',
                     .kind = GT_OPTION_STRING,
                     .argument = "TYPE",
                     .group = entry_group,
                     .help = "the kind of tool or source; for init the kind of source (postgres)",
                     .commands = WRITING_COMMANDS},
    [OPTION_SOURCE] = {.name = "source",
                       .letter = 's',
                       .kind = GT_OPTION_STRING,
                       .argument = "NAME",
                       .group = entry_group,
                       .help = "the source that the tool works on",
                       .commands = BIT(COMMAND_REGISTER)},
    [OPTION_DESCRIPTION] = {.name = "description",
                            .letter = 'd',
                            .kind = GT_OPTION_STRING,
                            .argument = "TEXT",
                            .group = entry_group,
                            .help = "what the tool does and when to use it",
                            .commands = BIT(COMMAND_REGISTER)},
    [OPTION_TIER] = {.name = "tier",
                     .kind = GT_OPTION_STRING,
                     .argument = "NAME",
                     .group = entry_group,
                     .help = "the tier of the tool, or of standard input and output",
                     .commands = BIT(COMMAND_REGISTER) | BIT(COMMAND_SERVE) | BIT(COMMAND_TOOLS)},
    [OPTION_DATABASES] = {.name = "allow-database",
                          .kind = GT_OPTION_LIST,
                          .argument = "NAME",
                          .group = entry_group,
                          .help = "a database that the tool may use",
                          .commands = BIT(COMMAND_REGISTER)},
    [OPTION_PERMISSIONS] = {.name = "permission",
                            .kind = GT_OPTION_LIST,
                            .argument = "WORD",
                            .group = entry_group,
                            .help = "what queries may do: SELECT, INSERT, UPDATE, DELETE",
                            .commands = BIT(COMMAND_REGISTER)},
    [OPTION_TOOLSET] = {.name = "toolset",
                        .kind = GT_OPTION_LIST,
                        .argument = "NAME",
                        .group = entry_group,
                        .help = "the toolset that the tool is also added to, or is listed for",
                        .commands = BIT(COMMAND_REGISTER) | BIT(COMMAND_TOOLS)},
    [OPTION_REMOVE] = {.name = "remove",
                       .kind = GT_OPTION_FLAG,
                       .group = command_group,
                       .help = "remove the tool, from its toolsets too",
                       .commands = BIT(COMMAND_REGISTER)},
    [OPTION_HOST] = {.name = "host",
                     .kind = GT_OPTION_STRING,
                     .argument = "HOST",
                     .group = entry_group,
                     .help = "where the source is",
                     .commands = WRITING_COMMANDS},
    [OPTION_PORT] = {.name = "port",
                     .kind = GT_OPTION_NUMBER,
                     .argument = "PORT",
                     .group = entry_group,
                     .help = "its port",
                     .commands = WRITING_COMMANDS},
    [OPTION_DATABASE] = {.name = "database",
                         .kind = GT_OPTION_STRING,
                         .argument = "NAME",
                         .group = entry_group,
                         .help = "its database",
                         .commands = WRITING_COMMANDS},
    [OPTION_USER] = {.name = "user",
                     .kind = GT_OPTION_STRING,
                     .argument = "NAME",
                     .group = entry_group,
                     .help = "who connects",
                     .commands = WRITING_COMMANDS},
    [OPTION_PASSWORD_ENV] = {.name = "password-env",
                             .kind = GT_OPTION_STRING,
                             .argument = "VARIABLE",
                             .group = entry_group,
                             .help = "the environment variable that will hold the password; the "
                                     "password itself never goes into the file",
                             .commands = WRITING_COMMANDS},
    [OPTION_PATHS] = {.name = "allow-path",
                      .kind = GT_OPTION_LIST,
                      .argument = "DIR",
                      .group = entry_group,
                      .help = "a folder that file tools may look into",
                      .commands = WRITING_COMMANDS},
    [OPTION_SET] = {.name = "set",
                    .kind = GT_OPTION_LIST,
                    .argument = "KEY=VALUE",
                    .group = entry_group,
                    .help = "any other setting of the type; VALUE is YAML, and security.sandbox is "
                            "a KEY, too",
                    .commands = WRITING_COMMANDS},
    [OPTION_NAME] = {.name = "name",
                     .kind = GT_OPTION_STRING,
                     .argument = "NAME",
                     .group = command_group,
                     .help = "the server's name; else the folder's",
                     .commands = BIT(COMMAND_INIT)},
    [OPTION_FORCE] = {.name = "force",
                      .kind = GT_OPTION_FLAG,
                      .group = command_group,
                      .help = "overwrite a configuration that is there",
                      .commands = BIT(COMMAND_INIT)},
    [OPTION_SCHEMA] = {.name = "schema",
                       .kind = GT_OPTION_FLAG,
                       .group = command_group,
                       .help = "print the JSON Schema of the configuration",
                       .commands = BIT(COMMAND_VALIDATE)},
    [OPTION_LISTEN] = {.name = "listen",
                       .letter = 'l',
                       .kind = GT_OPTION_STRING,
                       .argument = "HOST:PORT",
                       .group = command_group,
                       .help = "where the first tier listens, over the configuration",
                       .commands = BIT(COMMAND_SERVE)},
    [OPTION_TRANSPORT] = {.name = "transport",
                          .kind = GT_OPTION_STRING,
                          .argument = "TRANSPORT",
                          .choices = transports,
                          .group = command_group,
                          .help = "how clients come (http)",
                          .commands = BIT(COMMAND_SERVE)},
    [OPTION_CONFORMANCE] = {.name = "conformance",
                            .kind = GT_OPTION_FLAG,
                            .group = command_group,
                            .help = "serve the tools of the MCP conformance suite, and no others",
                            .commands = BIT(COMMAND_SERVE)},
    [OPTION_JSON] = {.name = "json",
                     .kind = GT_OPTION_FLAG,
                     .group = common_group,
                     .help = "newline-delimited JSON on standard output, and nothing else there",
                     .commands = CONFIG_COMMANDS | BIT(COMMAND_VERSION)},
    [OPTION_QUIET] = GT_OPTION_ROW_QUIET(common_group),
    [OPTION_VERBOSE] = {.name = "verbose",
                        .letter = 'v',
                        .kind = GT_OPTION_FLAG,
                        .group = common_group,
                        .help = "more about what happens",
                        .commands = ALL_COMMANDS},
    [OPTION_NO_COLOR] = GT_OPTION_ROW_NO_COLOR(common_group),
    [OPTION_HELP] = GT_OPTION_ROW_HELP(common_group),
};

static const struct gt_term_text exit_codes[] = {
    {"0", "done; nothing was wrong"},
    {"1", "failed; nothing was changed"},
    {"64", "the command line is wrong"},
    {"130", "interrupted"},
    {0},
};

static const struct gt_term_text variables[] = {
    {"MCP_TRANSPORT", "stdio, http or streamable-http (or FASTMCP_TRANSPORT)"},
    {"MCP_HOST", "the address of the first tier's listener (or FASTMCP_HOST)"},
    {"MCP_PORT", "its port (or FASTMCP_PORT, PORT)"},
    {"MCP_STATELESS_HTTP", "understood; the server is always stateless"},
    {"NO_COLOR", "no colours"},
    {0},
};

static const struct gt_term_text files[] = {
    {"gantry-mcp.yaml", "the configuration"},
    {0},
};

static const struct gt_section sections[] = {
    {"Exit codes", exit_codes},
    {"Environment variables", variables},
    {"Files", files},
    {0},
};

const struct gt_grammar gt_mcp_grammar = {
    .program = "gantry-mcp",
    .summary = "an MCP server of databases, caches and files, from one configuration",
    .version = GANTRY_VERSION,
    .commands = commands,
    .options = options,
    .option_count = OPTION_COUNT,
    .sections = sections,
};

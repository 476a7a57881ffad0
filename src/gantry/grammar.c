#include "grammar.h"

#include "commands/commands.h"
#include "exit.h"

#include <gantry/ui/help.h>

#define BIT(command) (UINT64_C(1) << (command))

/* Sets of commands that options belong to. */
#define STATE_COMMANDS                                                                             \
    (BIT(COMMAND_STATE_LIST) | BIT(COMMAND_STATE_SHOW) | BIT(COMMAND_STATE_MOVE) |                 \
     BIT(COMMAND_STATE_FORGET) | BIT(COMMAND_STATE_UNLOCK))
#define RUN_COMMANDS (BIT(COMMAND_DIFF) | BIT(COMMAND_APPLY) | BIT(COMMAND_DESTROY))
#define CALLER_COMMANDS (BIT(COMMAND_VERIFY) | BIT(COMMAND_TOKEN) | BIT(COMMAND_CONNECT))
#define CLOUD_COMMANDS                                                                             \
    (RUN_COMMANDS | CALLER_COMMANDS | BIT(COMMAND_OUTPUT) | BIT(COMMAND_STATUS) |                  \
     BIT(COMMAND_IMPORT))
#define LOWERING_COMMANDS                                                                          \
    (CLOUD_COMMANDS | BIT(COMMAND_VALIDATE) | BIT(COMMAND_SHOW) | BIT(COMMAND_UP))
#define STACK_COMMANDS (LOWERING_COMMANDS | STATE_COMMANDS)
#define WRITING_COMMANDS (BIT(COMMAND_APPLY) | BIT(COMMAND_DESTROY) | BIT(COMMAND_IMPORT))
#define ASKING_COMMANDS (WRITING_COMMANDS | BIT(COMMAND_STATE_FORGET))
#define ALL_COMMANDS (BIT(COMMAND_COUNT) - 1)

static const struct gt_command commands[COMMAND_COUNT + 1] = {
    [COMMAND_INIT] =
        {
            .name = "init",
            .summary = "write a starter manifest from a template",
            .text = "Writes gantry.yaml (or the file given with --file) from a template and adds "
                    ".gantry/, where the state is kept, to .gitignore in a git work tree. A file "
                    "that is there is not overwritten without --force.",
            .run = gt_command_init,
        },
    [COMMAND_VALIDATE] =
        {
            .name = "validate",
            .summary = "check the manifest without any call",
            .text = "Reports every mistake in the manifest at once, each with file, line and "
                    "column. Makes no call and needs no credentials. Where the manifest has "
                    "several environments and none is chosen, each one is checked.",
            .run = gt_command_validate,
        },
    [COMMAND_SHOW] =
        {
            .name = "show",
            .words = "[PLANFILE]",
            .summary = "print the resources that the manifest stands for, or a saved plan",
            .text = "Without an argument: the resources that the manifest is lowered to, with the "
                    "properties that are sent to the services; --origin adds where each value "
                    "came from. With a plan file: its counts and steps. With --schema: the JSON "
                    "Schema of the manifest, for editors.",
            .run = gt_command_show,
        },
    [COMMAND_DIFF] =
        {
            .name = "diff",
            .alias = "plan",
            .summary = "show what apply would change",
            .text = "Compares the manifest with what was last applied and with what is live, by "
                    "read-only calls. Writes no state, journal or lock. --out saves the plan for "
                    "`gantry apply PLANFILE`.",
            .run = gt_command_diff,
        },
    [COMMAND_APPLY] =
        {
            .name = "apply",
            .words = "[PLANFILE]",
            .summary = "make the stack what the manifest says",
            .text = "Plans, shows the plan, asks, and applies it. With a plan file: applies "
                    "exactly that plan without asking, or refuses when the manifest, the state or "
                    "a planned resource changed since.\n\nA resource starts when all it depends on "
                    "is settled; a failure stops only what depends on it. The first Ctrl-C lets "
                    "running calls finish and saves the state; the second stops at once, and the "
                    "next apply settles what was left open.",
            .run = gt_command_apply,
        },
    [COMMAND_DESTROY] =
        {
            .name = "destroy",
            .summary = "remove all that the state owns",
            .text = "Removes the stack's resources in order, reads each one again to prove that "
                    "nothing is left, and lists what the services keep. Asks for the stack's "
                    "name. Without a usable manifest, --stack NAME destroys by the state alone.",
            .run = gt_command_destroy,
        },
    [COMMAND_OUTPUT] =
        {
            .name = "output",
            .words = "[NAME]",
            .summary = "print outputs, URLs and client settings",
            .text = "Prints the stack's outputs, or the one that is named. Client secrets are "
                    "masked; with --show-secrets they are read from Cognito at that moment. The "
                    "formats:\n\n"
                    "  table        for people\n"
                    "  json, yaml   outputs, gateways, runtimes and clients as one document\n"
                    "  env          shell exports, to be read with `eval` or `source`\n"
                    "  quick-suite  what the MCP integration form of Quick Suite asks for\n"
                    "  mcp-json     the mcpServers file of desktop clients\n"
                    "  github       step outputs of GitHub Actions, secrets masked in its log",
            .run = gt_command_output,
        },
    [COMMAND_STATUS] =
        {
            .name = "status",
            .summary = "list the resources with their live status and drift",
            .text = "Reads every resource and lists its address, type, id, live status and "
                    "whether it differs from what was last applied.",
            .run = gt_command_status,
        },
    [COMMAND_VERIFY] =
        {
            .name = "verify",
            .summary = "try the whole chain, from a client's secret to the tools",
            .text = "For each client and each gateway that it may call: gets a token, compares its "
                    "claims with the gateway's authorizer, connects, lists the tools on all pages, "
                    "and with --call calls one. A call without a token, one with a tampered token "
                    "and one with a wrong scope must be refused. Creates nothing: what cannot be "
                    "tried with what is there is skipped, with the reason. A failed hop says what "
                    "was sent, what came back and the likely cause. Exits with 5 when a hop "
                    "failed. A gateway that asks for no token is tried without one.",
            .run = gt_command_verify,
        },
    [COMMAND_TOKEN] =
        {
            .name = "token",
            .summary = "print an access token for a client",
            .text = "Gets a token by client credentials and prints it, for scripts:\n\n"
                    "  curl -H \"$(gantry token --format header)\" ...\n\n"
                    "Who may read the client's secret in Cognito may do so.",
            .run = gt_command_token,
        },
    [COMMAND_CONNECT] =
        {
            .name = "connect",
            .words = "[GATEWAY]",
            .summary = "be a gateway on standard input and output, for desktop clients",
            .text = "An MCP server on standard input and output that passes everything on to the "
                    "gateway, with tokens fetched and renewed: for clients that start a program "
                    "and cannot get tokens by client credentials. `gantry output --format "
                    "mcp-json` writes their settings.",
            .run = gt_command_connect,
        },
    [COMMAND_UP] =
        {
            .name = "up",
            .summary = "run the whole chain on this machine, without AWS",
            .text = "Starts an embedded cloud, applies the manifest to it, verifies it, prints "
                    "what a client needs, and shows the servers' logs until Ctrl-C. Then it "
                    "destroys the stack and ends the cloud; nothing is left. With --once it does "
                    "all of it and ends. Exits with 0, or with 5 when a resource could not be made "
                    "or a hop of the verification failed; Ctrl-C is no failure once it serves, "
                    "and 130 before.\n\nA runtime runs "
                    "the command that its `local:` names, or its image with docker or podman.",
            .run = gt_command_up,
        },
    [COMMAND_LOCAL] =
        {
            .name = "local",
            .summary = "run the embedded cloud",
            .text = "A development and test double of the AWS services that Gantry drives, on one "
                    "port of this machine, with an OAuth issuer, gateways and runtimes behind it. "
                    "`gantry apply --local` and the like use it; other tools reach it with "
                    "AWS_ENDPOINT_URL. Prints where it listens, then a line for each request and "
                    "for what its servers write, until Ctrl-C.\n\n"
                    "Its keys are in a file that only you can read. Without --state all is gone "
                    "when it ends.",
            .run = gt_command_local,
        },
    [COMMAND_STATE] =
        {
            .name = "state",
            .summary = "look at the state, rename or forget entries",
            .text = "The state is kept in .gantry/STACK/ENVIRONMENT.json beside the manifest. "
                    "These commands make no call.",
        },
    [COMMAND_STATE_LIST] = {.name = "state list",
                            .summary = "list the entries",
                            .run = gt_command_state_list},
    [COMMAND_STATE_SHOW] = {.name = "state show",
                            .words = "ADDRESS",
                            .summary = "print one entry",
                            .run = gt_command_state_show},
    [COMMAND_STATE_MOVE] =
        {
            .name = "state move",
            .words = "FROM TO",
            .summary = "give an entry another address",
            .text = "Renames an entry of the state, so that a resource which was renamed in the "
                    "manifest is not replaced. `moved:` in the manifest does the same for "
                    "everybody who uses it.",
            .run = gt_command_state_move,
        },
    [COMMAND_STATE_FORGET] =
        {
            .name = "state forget",
            .words = "ADDRESS",
            .summary = "drop an entry without touching the resource",
            .text = "Removes an entry from the state. The resource stays as it is and nothing "
                    "owns it any more; `gantry import` takes it back.",
            .run = gt_command_state_forget,
        },
    [COMMAND_STATE_UNLOCK] =
        {
            .name = "state unlock",
            .summary = "show who holds the lock",
            .text = "The lock is freed by the kernel when the process that holds it ends, however "
                    "it ends, so it cannot be left behind. This command shows the holder.",
            .run = gt_command_state_unlock,
        },
    [COMMAND_IMPORT] =
        {
            .name = "import",
            .words = "ADDRESS ID",
            .summary = "adopt an object that exists",
            .text = "Takes an object that was made by other means into the state under an address "
                    "of the manifest. ID is its id, name or ARN; several parts are separated by "
                    "a slash. The object itself is not changed: the next diff shows how it "
                    "differs from the manifest, and the next apply gives it the stack's tags.",
            .run = gt_command_import,
        },
    [COMMAND_COMPLETION] =
        {
            .name = "completion",
            .words = "SHELL",
            .choices = gt_completion_shells,
            .summary = "print a completion script for bash, zsh or fish",
            .text = "Prints a completion script:\n\n"
                    "  bash  source <(gantry completion bash)\n"
                    "  zsh   gantry completion zsh > \"${fpath[1]}/_gantry\"\n"
                    "  fish  gantry completion fish > ~/.config/fish/completions/gantry.fish",
            .run = gt_program_completion,
        },
    [COMMAND_VERSION] = {.name = "version",
                         .summary = "print the version",
                         .run = gt_program_version},
    [COMMAND_HELP] =
        {
            .name = "help",
            .words = "[TOPIC] [COMMAND]",
            .summary = "explain a command, the manifest or a resource type",
            .text = "TOPIC is a command, `manifest` (the keys of the manifest), `types` (the "
                    "resource types), the name of a type, or `manual` (all of the help as one "
                    "text).",
            .run = gt_command_help,
        },
};

static const char *const deny_words[] = {"replace", "delete", NULL};
static const char *const diff_formats[] = {"text", "json", "markdown", NULL};
static const char *const document_formats[] = {"yaml", "json", NULL};
static const char *const list_formats[] = {"table", "json", NULL};
static const char *const verify_formats[] = {"text", "json", "junit", NULL};
static const char *const token_formats[] = {"text", "json", "header", NULL};
static const char *const output_formats[] = {"table",       "json",     "yaml",   "env",
                                             "quick-suite", "mcp-json", "github", NULL};

static const char manifest_group[] = "Manifest", cloud_group[] = "Cloud",
                  run_group[] = "What to do", command_group[] = "Options",
                  common_group[] = "Common options";

static const struct gt_option options[OPTION_COUNT] = {
    [OPTION_FILE] = {.name = "file",
                     .letter = 'f',
                     .kind = GT_OPTION_STRING,
                     .argument = "FILE",
                     .group = manifest_group,
                     .help = "the manifest (gantry.yaml); - is standard input",
                     .commands = STACK_COMMANDS | BIT(COMMAND_INIT)},
    [OPTION_ENVIRONMENT] = {.name = "environment",
                            .alias = "env",
                            .letter = 'e',
                            .kind = GT_OPTION_STRING,
                            .argument = "NAME",
                            .group = manifest_group,
                            .help = "the environment (or GANTRY_ENV)",
                            .commands = STACK_COMMANDS},
    [OPTION_VAR] = {.name = "var",
                    .kind = GT_OPTION_LIST,
                    .argument = "NAME=VALUE",
                    .group = manifest_group,
                    .help = "set a variable; goes over --var-file",
                    .commands = LOWERING_COMMANDS},
    [OPTION_VAR_FILE] = {.name = "var-file",
                         .kind = GT_OPTION_LIST,
                         .argument = "FILE",
                         .group = manifest_group,
                         .help = "read variables from a YAML or JSON file; later files go over "
                                 "earlier ones",
                         .commands = LOWERING_COMMANDS},
    [OPTION_STACK] = {.name = "stack",
                      .kind = GT_OPTION_STRING,
                      .argument = "NAME",
                      .group = manifest_group,
                      .help = "work on the state of this stack without reading the manifest",
                      .commands = STATE_COMMANDS | BIT(COMMAND_DESTROY)},
    [OPTION_REGION] = {.name = "region",
                       .kind = GT_OPTION_STRING,
                       .argument = "REGION",
                       .group = cloud_group,
                       .help = "the AWS region; goes over the manifest",
                       .commands = LOWERING_COMMANDS},
    [OPTION_PROFILE] = {.name = "profile",
                        .kind = GT_OPTION_STRING,
                        .argument = "NAME",
                        .group = cloud_group,
                        .help = "the profile of the AWS configuration files",
                        .commands = LOWERING_COMMANDS & ~BIT(COMMAND_UP)},
    [OPTION_ENDPOINT_URL] = {.name = "endpoint-url",
                             .kind = GT_OPTION_STRING,
                             .argument = "URL",
                             .group = cloud_group,
                             .help = "send every call to this endpoint",
                             .commands = CLOUD_COMMANDS},
    [OPTION_LOCAL] = {.name = "local",
                      .kind = GT_OPTION_FLAG,
                      .group = cloud_group,
                      .help = "use the embedded cloud that `gantry local` runs",
                      .commands = STACK_COMMANDS & ~BIT(COMMAND_UP)},
    [OPTION_TARGET] = {.name = "target",
                       .kind = GT_OPTION_LIST,
                       .argument = "ADDRESS",
                       .group = run_group,
                       .help = "only this resource and what it depends on",
                       .commands = RUN_COMMANDS},
    [OPTION_EXCLUDE] = {.name = "exclude",
                        .kind = GT_OPTION_LIST,
                        .argument = "ADDRESS",
                        .group = run_group,
                        .help = "not this resource and what depends on it",
                        .commands = RUN_COMMANDS},
    [OPTION_REPLACE] = {.name = "replace",
                        .kind = GT_OPTION_LIST,
                        .argument = "ADDRESS",
                        .group = run_group,
                        .help = "make this resource anew",
                        .commands = BIT(COMMAND_DIFF) | BIT(COMMAND_APPLY)},
    [OPTION_ALLOW_REPLACE] = {.name = "allow-replace",
                              .kind = GT_OPTION_LIST,
                              .argument = "ADDRESS",
                              .group = run_group,
                              .help = "consent to replacing or deleting this resource though it "
                                      "breaks callers; * is all",
                              .commands = BIT(COMMAND_DIFF) | BIT(COMMAND_APPLY)},
    [OPTION_DENY] = {.name = "deny",
                     .kind = GT_OPTION_LIST,
                     .argument = "ACTIONS",
                     .choices = deny_words,
                     .group = run_group,
                     .help = "refuse a plan that does this",
                     .commands = BIT(COMMAND_DIFF) | BIT(COMMAND_APPLY)},
    [OPTION_MAX_DELETE] = {.name = "max-delete",
                           .kind = GT_OPTION_NUMBER,
                           .argument = "N",
                           .group = run_group,
                           .help = "refuse a plan that deletes or replaces more than N resources",
                           .commands = RUN_COMMANDS},
    [OPTION_DEADLINE] = {.name = "deadline",
                         .kind = GT_OPTION_DURATION,
                         .argument = "DURATION",
                         .group = run_group,
                         .help = "stop waiting after this time (30m)",
                         .commands = RUN_COMMANDS | BIT(COMMAND_STATUS) | BIT(COMMAND_IMPORT) |
                                     BIT(COMMAND_UP)},
    [OPTION_CALLER_DEADLINE] = {.name = "deadline",
                                .kind = GT_OPTION_DURATION,
                                .argument = "DURATION",
                                .group = run_group,
                                .help = "until then, what is not there yet is tried again (2m)",
                                .commands = BIT(COMMAND_VERIFY) | BIT(COMMAND_TOKEN)},
    [OPTION_YES] = {.name = "yes",
                    .alias = "auto-approve",
                    .letter = 'y',
                    .kind = GT_OPTION_FLAG,
                    .group = command_group,
                    .help = "do not ask",
                    .commands = ASKING_COMMANDS},
    [OPTION_OUT] = {.name = "out",
                    .letter = 'o',
                    .kind = GT_OPTION_STRING,
                    .argument = "FILE",
                    .group = command_group,
                    .help = "save the plan for `gantry apply FILE`",
                    .commands = BIT(COMMAND_DIFF)},
    [OPTION_EXIT_CODE] = {.name = "exit-code",
                          .alias = "detailed-exitcode",
                          .kind = GT_OPTION_FLAG,
                          .group = command_group,
                          .help = "exit with 2 when there are changes",
                          .commands = BIT(COMMAND_DIFF) | BIT(COMMAND_STATUS)},
    [OPTION_SUMMARY] = {.name = "summary",
                        .kind = GT_OPTION_FLAG,
                        .group = command_group,
                        .help = "only the counts",
                        .commands = BIT(COMMAND_DIFF) | BIT(COMMAND_SHOW)},
    [OPTION_DIFF_FORMAT] = {.name = "format",
                            .kind = GT_OPTION_STRING,
                            .argument = "FORMAT",
                            .choices = diff_formats,
                            .group = command_group,
                            .help = "how to print the plan",
                            .commands = BIT(COMMAND_DIFF)},
    [OPTION_SHOW_FORMAT] = {.name = "format",
                            .kind = GT_OPTION_STRING,
                            .argument = "FORMAT",
                            .choices = document_formats,
                            .group = command_group,
                            .help = "how to print",
                            .commands = BIT(COMMAND_SHOW) | BIT(COMMAND_STATE_SHOW)},
    [OPTION_STATUS_FORMAT] = {.name = "format",
                              .kind = GT_OPTION_STRING,
                              .argument = "FORMAT",
                              .choices = list_formats,
                              .group = command_group,
                              .help = "how to print the list",
                              .commands = BIT(COMMAND_STATUS) | BIT(COMMAND_STATE_LIST)},
    [OPTION_OUTPUT_FORMAT] = {.name = "format",
                              .kind = GT_OPTION_STRING,
                              .argument = "FORMAT",
                              .choices = output_formats,
                              .group = command_group,
                              .help = "how to print",
                              .commands = BIT(COMMAND_OUTPUT)},
    [OPTION_VERIFY_FORMAT] = {.name = "format",
                              .kind = GT_OPTION_STRING,
                              .argument = "FORMAT",
                              .choices = verify_formats,
                              .group = command_group,
                              .help = "how to print what was found",
                              .commands = BIT(COMMAND_VERIFY)},
    [OPTION_TOKEN_FORMAT] = {.name = "format",
                             .kind = GT_OPTION_STRING,
                             .argument = "FORMAT",
                             .choices = token_formats,
                             .group = command_group,
                             .help = "the token alone, the answer, or an Authorization header",
                             .commands = BIT(COMMAND_TOKEN)},
    [OPTION_SHOW_SECRETS] = {.name = "show-secrets",
                             .kind = GT_OPTION_FLAG,
                             .group = command_group,
                             .help = "read client secrets from Cognito and print them",
                             .commands = BIT(COMMAND_OUTPUT)},
    [OPTION_WRITE] = {.name = "write",
                      .kind = GT_OPTION_STRING,
                      .argument = "FILE",
                      .group = command_group,
                      .help = "write to a file that only its owner can read (mode 0600)",
                      .commands = BIT(COMMAND_OUTPUT)},
    [OPTION_CLIENT] = {.name = "client",
                       .kind = GT_OPTION_STRING,
                       .argument = "IDENTITY.CLIENT",
                       .group = command_group,
                       .help = "only this client",
                       .commands = BIT(COMMAND_OUTPUT) | CALLER_COMMANDS},
    [OPTION_GATEWAY] = {.name = "gateway",
                        .kind = GT_OPTION_STRING,
                        .argument = "NAME",
                        .group = command_group,
                        .help = "only this gateway",
                        .commands = BIT(COMMAND_VERIFY)},
    [OPTION_CALL] = {.name = "call",
                     .kind = GT_OPTION_STRING,
                     .argument = "TOOL",
                     .group = command_group,
                     .help = "also call this tool",
                     .commands = BIT(COMMAND_VERIFY)},
    [OPTION_ARGUMENTS] = {.name = "arguments",
                          .kind = GT_OPTION_STRING,
                          .argument = "JSON",
                          .group = command_group,
                          .help = "the arguments of --call, an object",
                          .commands = BIT(COMMAND_VERIFY)},
    [OPTION_SCOPE] = {.name = "scope",
                      .kind = GT_OPTION_STRING,
                      .argument = "SCOPE",
                      .group = command_group,
                      .help = "ask for this scope; all that the client may by default",
                      .commands = BIT(COMMAND_TOKEN)},
    [OPTION_ONCE] = {.name = "once",
                     .kind = GT_OPTION_FLAG,
                     .group = command_group,
                     .help = "do it, destroy it, and end",
                     .commands = BIT(COMMAND_UP)},
    [OPTION_KNOB] = {.name = "knob",
                     .kind = GT_OPTION_LIST,
                     .argument = "NAME=VALUE",
                     .group = command_group,
                     .help = "how the embedded cloud behaves; see `gantry local --knobs`",
                     .commands = BIT(COMMAND_UP) | BIT(COMMAND_LOCAL)},
    [OPTION_LISTEN] = {.name = "listen",
                       .kind = GT_OPTION_STRING,
                       .argument = "HOST:PORT",
                       .group = command_group,
                       .help = "where to listen, on loopback (127.0.0.1:4599); port 0 is any free "
                               "one",
                       .commands = BIT(COMMAND_LOCAL)},
    [OPTION_STATE_FOLDER] = {.name = "state",
                             .kind = GT_OPTION_STRING,
                             .argument = "DIR",
                             .group = command_group,
                             .help = "keep everything in this folder, over restarts",
                             .commands = BIT(COMMAND_LOCAL)},
    [OPTION_REQUEST_LOG] = {.name = "request-log",
                            .kind = GT_OPTION_STRING,
                            .argument = "FILE",
                            .group = command_group,
                            .help = "append a line of JSON for each request",
                            .commands = BIT(COMMAND_LOCAL)},
    [OPTION_STOP_WITH_STDIN] = {.name = "stop-with-stdin",
                                .kind = GT_OPTION_FLAG,
                                .group = command_group,
                                .help = "end when standard input ends",
                                .commands = BIT(COMMAND_LOCAL)},
    [OPTION_FIDELITY] = {.name = "fidelity",
                         .kind = GT_OPTION_FLAG,
                         .group = command_group,
                         .help = "print which operations it has and how true they are, as a "
                                 "Markdown table",
                         .commands = BIT(COMMAND_LOCAL)},
    [OPTION_KNOBS] = {.name = "knobs",
                      .kind = GT_OPTION_FLAG,
                      .group = command_group,
                      .help = "print the knobs, as a Markdown table",
                      .commands = BIT(COMMAND_LOCAL)},
    [OPTION_ORIGIN] = {.name = "origin",
                       .kind = GT_OPTION_FLAG,
                       .group = command_group,
                       .help = "add where each value came from",
                       .commands = BIT(COMMAND_SHOW)},
    [OPTION_SCHEMA] = {.name = "schema",
                       .kind = GT_OPTION_FLAG,
                       .group = command_group,
                       .help = "print the JSON Schema of the manifest",
                       .commands = BIT(COMMAND_SHOW)},
    [OPTION_TEMPLATE] = {.name = "template",
                         .letter = 't',
                         .kind = GT_OPTION_STRING,
                         .argument = "NAME",
                         .group = command_group,
                         .help = "the template to start from (quick-suite)",
                         .commands = BIT(COMMAND_INIT)},
    [OPTION_TEMPLATES] = {.name = "list",
                          .kind = GT_OPTION_FLAG,
                          .group = command_group,
                          .help = "list the templates",
                          .commands = BIT(COMMAND_INIT)},
    [OPTION_NAME] = {.name = "name",
                     .kind = GT_OPTION_STRING,
                     .argument = "NAME",
                     .group = command_group,
                     .help = "the stack's name; else the folder's",
                     .commands = BIT(COMMAND_INIT)},
    [OPTION_FORCE] = {.name = "force",
                      .kind = GT_OPTION_FLAG,
                      .group = command_group,
                      .help = "overwrite a manifest that is there",
                      .commands = BIT(COMMAND_INIT)},
    [OPTION_JSON] = {.name = "json",
                     .kind = GT_OPTION_FLAG,
                     .group = common_group,
                     .help = "newline-delimited JSON on standard output, and nothing else there",
                     /* Standard output of connect is the protocol's. */
                     .commands = (STACK_COMMANDS & ~BIT(COMMAND_CONNECT)) | BIT(COMMAND_INIT) |
                                 BIT(COMMAND_LOCAL) | BIT(COMMAND_VERSION)},
    [OPTION_EVENTS] = {.name = "events",
                       .kind = GT_OPTION_STRING,
                       .argument = "FILE",
                       .group = common_group,
                       .help = "write the same events to a file",
                       .commands = CLOUD_COMMANDS},
    [OPTION_QUIET] = GT_OPTION_ROW_QUIET(common_group),
    [OPTION_VERBOSE] = {.name = "verbose",
                        .letter = 'v',
                        .kind = GT_OPTION_FLAG,
                        .group = common_group,
                        .help = "every step, and what is unchanged",
                        .commands = ALL_COMMANDS},
    [OPTION_NO_COLOR] = GT_OPTION_ROW_NO_COLOR(common_group),
    [OPTION_HELP] = GT_OPTION_ROW_HELP(common_group),
};

static const struct gt_term_text variables[] = {
    {"GANTRY_ENV", "the environment, where -e is not given"},
    {"AWS_REGION", "the region, where neither --region nor the manifest says it"},
    {"AWS_PROFILE", "the profile of the AWS configuration files"},
    {"AWS_ENDPOINT_URL", "the endpoint of every service; AWS_ENDPOINT_URL_SERVICE of one"},
    {"GANTRY_LOCAL", "the port of the embedded cloud for --local, where several run"},
    {"NO_COLOR", "no colours"},
    {0},
};

static const struct gt_term_text files[] = {
    {"gantry.yaml", "the manifest"},
    {".gantry/STACK/ENVIRONMENT.json", "the state; holds no secrets"},
    {0},
};

static const struct gt_section sections[] = {
    {"Exit codes", gt_exit_codes},
    {"Environment variables", variables},
    {"Files", files},
    {0},
};

const struct gt_grammar gt_gantry_grammar = {
    .program = "gantry",
    .summary = "MCP servers behind Amazon Bedrock AgentCore, from one manifest",
    .version = GANTRY_VERSION,
    .commands = commands,
    .options = options,
    .option_count = OPTION_COUNT,
    .sections = sections,
};

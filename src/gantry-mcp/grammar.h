/*
 * The command line: the enums that index the tables of grammar.c. A new option is a row there and a
 * name here; a new command is a row, a name and a file.
 */
#ifndef GANTRY_MCP_PROGRAM_GRAMMAR_H
#define GANTRY_MCP_PROGRAM_GRAMMAR_H

#include <gantry/ui/options.h>

enum command {
    COMMAND_INIT,
    COMMAND_REGISTER,
    COMMAND_VALIDATE,
    COMMAND_SERVE,
    COMMAND_TOOLS,
    COMMAND_CALL,
    COMMAND_HEALTH,
    COMMAND_COMPLETION,
    COMMAND_VERSION,
    COMMAND_HELP,
    COMMAND_COUNT
};

enum option {
    OPTION_CONFIG,
    OPTION_TYPE,
    OPTION_SOURCE,
    OPTION_DESCRIPTION,
    OPTION_TIER,
    OPTION_DATABASES,
    OPTION_PERMISSIONS,
    OPTION_TOOLSET,
    OPTION_HOST,
    OPTION_PORT,
    OPTION_DATABASE,
    OPTION_USER,
    OPTION_PASSWORD_ENV,
    OPTION_PATHS,
    OPTION_SET,
    OPTION_REMOVE,
    OPTION_NAME,
    OPTION_FORCE,
    OPTION_SCHEMA,
    OPTION_LISTEN,
    OPTION_TRANSPORT,
    OPTION_CONFORMANCE,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_NO_COLOR,
    OPTION_HELP,
    OPTION_COUNT
};

extern const struct gt_grammar gt_mcp_grammar;

/* The configuration's file where --config does not say. */
extern const char gt_mcp_default_file[];

#endif

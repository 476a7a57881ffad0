/*
 * Settings of containers: the variables that MCP servers commonly understand go over the listener
 * of the first tier, so that one file serves a laptop and an image.
 */
#include "reading.h"

#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

struct found {
    const char *name, *text;
};

/* The first of the variables that is set; MCP_* says more than FASTMCP_*, and that more than PORT.
 */
static struct found find(const struct gt_reading *reading, const char *const *names)
{
    for (; *names != NULL; names++) {
        const char *text = gt_env(reading->sys, *names);
        if (text != NULL)
            return (struct found){*names, text};
    }
    return (struct found){0};
}

static void refuse(const struct gt_reading *reading, const struct found *found, const char *words)
{
    gt_error(reading->diags, "bad-environment", "%s must be %s, not \"%s\"", found->name, words,
             gt_one_line(reading->arena, found->text, 64));
}

static void read_transport(struct gt_reading *reading)
{
    static const char *const names[] = {"MCP_TRANSPORT", "FASTMCP_TRANSPORT", NULL};
    static const struct {
        const char *word;
        enum gt_serving serving;
    } words[] = {
        {"stdio", GT_SERVING_STDIO},
        {"http", GT_SERVING_HTTP},
        {"streamable-http", GT_SERVING_HTTP},
        {"streamable_http", GT_SERVING_HTTP},
    };
    struct found found = find(reading, names);
    if (found.name == NULL)
        return;
    const char *word = gt_lower(reading->arena, found.text);
    for (size_t i = 0; i < GT_COUNT(words); i++)
        if (gt_streq(words[i].word, word)) {
            reading->config->serving = words[i].serving;
            return;
        }
    refuse(reading, &found, "stdio, http or streamable-http");
}

static void read_stateless(const struct gt_reading *reading)
{
    static const char *const names[] = {"MCP_STATELESS_HTTP", "FASTMCP_STATELESS_HTTP", NULL};
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"1", true},  {"yes", true}, {"on", true},
                 {"false", false}, {"0", false}, {"no", false}, {"off", false}};
    struct found found = find(reading, names);
    const char *word = found.name != NULL ? gt_lower(reading->arena, found.text) : NULL;
    for (size_t i = 0; word != NULL && i < GT_COUNT(words); i++) {
        if (!gt_streq(words[i].word, word))
            continue;
        if (!words[i].value)
            gt_warning(reading->diags, "stateless", "%s is \"%s\", and this server is stateless",
                       found.name, word)
                ->hint = "leave it out, or set it to true";
        return;
    }
    if (word != NULL)
        refuse(reading, &found, "true or false");
}

static void read_host(const struct gt_reading *reading, struct gt_tier *tier)
{
    static const char *const names[] = {"MCP_HOST", "FASTMCP_HOST", NULL};
    struct found found = find(reading, names);
    const char *host = found.name != NULL ? gt_host_parse(reading->arena, found.text) : NULL;
    if (host != NULL)
        tier->host = host;
    else if (found.name != NULL)
        refuse(reading, &found, "a numeric address");
}

static void read_port(const struct gt_reading *reading, struct gt_tier *tier)
{
    static const char *const names[] = {"MCP_PORT", "FASTMCP_PORT", "PORT", NULL};
    struct found found = find(reading, names);
    if (found.name == NULL)
        return;
    size_t len = strlen(found.text);
    long port = len <= 5 && strspn(found.text, "0123456789") == len ? strtol(found.text, NULL, 10)
                                                                    : GT_PORT_MAX + 1L;
    if (port > GT_PORT_MAX)
        refuse(reading, &found, "a port, 0 to 65535");
    else
        tier->port = (int)port;
}

void gt_read_environment(struct gt_reading *reading)
{
    struct gt_tier *tier = &reading->config->tiers.at[0];
    read_transport(reading);
    read_stateless(reading);
    read_host(reading, tier);
    read_port(reading, tier);
}

/* Finding out which era a server speaks. Source: MCP specification 2026-07-28, "Versioning": any
 * refusal of server/discover that is not one of authorization may be a former server's. */
#include "client_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { DISCOVER = 1, INITIALIZE = 2, REPEATED = 4 };

/* Failed Dependency (RFC 4918 section 11.4): what passes us on runs, the server behind it does not.
 */
enum { STATUS_BEHIND = 424 };

/* Servers from before the oldest version that we speak; over pipes and in plain answers it is a
 * subset of that one. */
static const char oldest_name[] = "2024-11-05";

static const char *const method_names[] = {
    [DISCOVER] = "server/discover",
    [INITIALIZE] = "initialize",
};

void gt_link_clear(struct gt_link *link)
{
    gt_arena_free(link->arena);
    *link = (struct gt_link){0};
}

static void fail(struct gt_mcp_client *client, const struct gt_mcp_outcome *outcome)
{
    client->state = GT_CLIENT_IDLE;
    gt_link_clear(&client->link);
    /* Waiting requests have not been sent, whatever became of the handshake. */
    struct gt_mcp_outcome told = *outcome;
    if (told.failure == GT_MCP_NO_ANSWER)
        told.failure = GT_MCP_UNREACHABLE;
    gt_client_fail_all(client, false, &told);
}

static struct gt_mcp_open *next_waiting(const struct gt_mcp_client *client)
{
    struct gt_mcp_open *open = client->first;
    while (open != NULL && (open->sent || open->broken != NULL || open->handshake))
        open = open->next;
    return open;
}

struct gt_mcp_outcome gt_client_connected(const struct gt_mcp_client *client)
{
    const struct gt_link *link = &client->link;
    return (struct gt_mcp_outcome){
        .failure = GT_MCP_OK,
        .result = link->server,
        .http_status = link->http_status,
        .headers = link->headers,
        .header_count = link->header_count,
    };
}

/* Completes who waits for the connection, and sends what waited for it, in their order. */
static void serve_waiting(struct gt_mcp_client *client)
{
    client->state = GT_CLIENT_CONNECTED;
    struct gt_mcp_open *open;
    while (client->state == GT_CLIENT_CONNECTED && (open = next_waiting(client)) != NULL) {
        struct gt_mcp_outcome outcome = gt_client_connected(client);
        if (open->method == NULL)
            gt_client_finish(open, &outcome);
        else
            gt_client_dispatch(open);
    }
}

static void initialized_told(void *owner, struct gt_outgoing *outgoing,
                             const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_client *client = owner;
    (void)outgoing, (void)outcome; /* what is wrong shows with the requests */
    if (client->state == GT_CLIENT_CONNECTING)
        serve_waiting(client);
}

static void tell_initialized(struct gt_mcp_client *client)
{
    json_auto_t *message = gt_rpc_notification("notifications/initialized", NULL);
    if (client->options.http != NULL) { /* nothing overtakes it */
        gt_client_http_tell(client, message, initialized_told);
        return;
    }
    gt_mcp_pipe_send(client->pipe, message);
    serve_waiting(client);
}

static void fail_version(struct gt_mcp_client *client, const char *speaks)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_outcome outcome = {
        .failure = GT_MCP_REFUSED,
        .code = GT_MCP_UNSUPPORTED_VERSION,
        .message = gt_printf(arena, "the server speaks MCP %s, which was not asked for",
                             gt_one_line(arena, speaks != NULL ? speaks : "without version", 40)),
    };
    fail(client, &outcome);
    gt_arena_free(arena);
}

static bool may(const struct gt_mcp_client *client, unsigned handshake)
{
    enum gt_mcp_version only = client->options.only;
    bool wanted = only == GT_MCP_UNKNOWN || gt_mcp_is_modern(only) == (handshake == DISCOVER);
    return wanted && (client->tried & handshake) == 0;
}

static void start(struct gt_mcp_client *client, unsigned handshake);

static void set_link(struct gt_mcp_client *client, enum gt_mcp_version version,
                     const char *version_name, const struct gt_mcp_outcome *outcome)
{
    struct gt_link *link = &client->link;
    gt_link_clear(link);
    link->arena = gt_arena_new();
    link->version = version;
    link->version_name = version_name;
    link->handshake = method_names[gt_mcp_is_modern(version) ? DISCOVER : INITIALIZE];
    link->server = gt_keep(link->arena, json_incref(gt_iterable(outcome->result)));
    link->http_status = outcome->http_status;
    link->header_count = outcome->header_count;
    link->headers = gt_calloc(link->arena, outcome->header_count + 1, sizeof(*link->headers));
    for (size_t i = 0; i < outcome->header_count; i++) {
        struct gt_header *header = &link->headers[i];
        header->name = gt_strdup(link->arena, outcome->headers[i].name);
        header->value = gt_strdup(link->arena, outcome->headers[i].value);
        if (!gt_mcp_is_modern(version) && gt_streq(header->name, "mcp-session-id"))
            link->session = header->value;
    }
}

static void discovered(struct gt_mcp_client *client, const struct gt_mcp_outcome *outcome)
{
    size_t i;
    json_t *item;
    const char *name = gt_mcp_version_name(GT_MCP_2026_07_28), *first = NULL;
    json_array_foreach(json_object_get(outcome->result, "supportedVersions"), i, item)
    {
        if (first == NULL)
            first = json_string_value(item);
        if (!gt_streq(json_string_value(item), name))
            continue;
        set_link(client, GT_MCP_2026_07_28, name, outcome);
        serve_waiting(client);
        return;
    }
    if (may(client, INITIALIZE))
        start(client, INITIALIZE);
    else
        fail_version(client, first);
}

static void initialized(struct gt_mcp_client *client, const struct gt_mcp_outcome *outcome)
{
    const char *name = gt_text_at(outcome->result, "/protocolVersion");
    enum gt_mcp_version version = gt_mcp_version_find(name), only = client->options.only;
    const char *spoken = gt_mcp_version_name(version);
    if (gt_streq(name, oldest_name)) {
        version = GT_MCP_2025_03_26;
        spoken = oldest_name;
    }
    if (version == GT_MCP_UNKNOWN || gt_mcp_is_modern(version) ||
        (only != GT_MCP_UNKNOWN && !gt_streq(spoken, gt_mcp_version_name(only)))) {
        fail_version(client, name);
        return;
    }
    set_link(client, version, spoken, outcome);
    tell_initialized(client);
}

/* Whether a failure may mean that the server knows the other handshake only. */
static bool is_unknown(const struct gt_mcp_client *client, const struct gt_mcp_outcome *outcome)
{
    int status = outcome->http_status;
    if (status == 401 || status == 403 || status == STATUS_BEHIND)
        return false;
    if (outcome->failure == GT_MCP_REFUSED)
        return true;
    /* Some servers on pipes say nothing to what they do not know. */
    if (outcome->failure == GT_MCP_NO_ANSWER)
        return client->options.http == NULL && client->end_reason == NULL;
    return outcome->failure == GT_MCP_HTTP_STATUS &&
           (status == 500 || status == 501 ||
            (status >= 400 && status < 500 && status != 407 && status != 408 && status != 429));
}

static void on_handshake(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_client *client = payload;
    bool discovering = client->trying == DISCOVER;
    unsigned other = discovering ? INITIALIZE : DISCOVER;
    if (outcome->http_status == STATUS_BEHIND && (client->tried & REPEATED) == 0) {
        /* It ended a moment ago; whoever keeps it running starts it again. */
        client->tried |= REPEATED;
        start(client, client->trying);
    } else if (outcome->failure == GT_MCP_OK) {
        discovering ? discovered(client, outcome) : initialized(client, outcome);
    } else if (may(client, other) && is_unknown(client, outcome)) {
        start(client, other);
    } else {
        fail(client, outcome);
    }
}

static json_t *initialize_params(const struct gt_mcp_client_options *options)
{
    enum gt_mcp_version version =
        options->only != GT_MCP_UNKNOWN ? options->only : GT_MCP_LATEST_LEGACY;
    return json_pack("{s:s, s:{}, s:{s:s, s:s}}", "protocolVersion", gt_mcp_version_name(version),
                     "capabilities", "clientInfo", "name", options->name, "version",
                     options->version);
}

static void start(struct gt_mcp_client *client, unsigned handshake)
{
    client->trying = handshake;
    client->tried |= handshake;
    json_auto_t *params = handshake == INITIALIZE ? initialize_params(&client->options) : NULL;
    struct gt_client_ask ask = {
        .ask = {.method = method_names[handshake], .params = params},
        .handshake = true,
    };
    /* Where silence may be a refusal, the second try gets half of the time. */
    if (client->options.http == NULL && client->options.only == GT_MCP_UNKNOWN &&
        handshake == DISCOVER)
        ask.ask.timeout_ms = (client->options.timeout_ms + 1) / 2;
    gt_client_ask(client, &ask, on_handshake, client);
}

void gt_client_connect_if_awaited(struct gt_mcp_client *client)
{
    if (next_waiting(client) != NULL)
        gt_client_connect(client);
}

void gt_client_connect(struct gt_mcp_client *client)
{
    if (client->state != GT_CLIENT_IDLE)
        return;
    client->state = GT_CLIENT_CONNECTING;
    client->tried = 0;
    bool legacy_first = client->options.prefer_legacy && may(client, INITIALIZE);
    start(client, may(client, DISCOVER) && !legacy_first ? DISCOVER : INITIALIZE);
}

/* The formats of `gantry output`: pure functions from what was collected to text. */
#include "invocation.h"
#include "output.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/ui/table.h>

#include <ctype.h>
#include <string.h>

struct printer {
    struct gt_stream *stream;
    struct gt_arena *arena;
    const struct gt_output *output;
    const char *delimiter;
};

static int add_bytes(const char *bytes, size_t len, void *stream)
{
    gt_stream_add(stream, bytes, len);
    return 0;
}

static json_t *section(const struct printer *printer, const char *name)
{
    return json_object_get(printer->output->document, name);
}

/* A value as a text: strings as they are, everything else as JSON, null empty. */
static const char *text_of(struct gt_arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return json_string_value(value);
    return value == NULL || json_is_null(value) ? "" : gt_json_canonical(arena, value);
}

static const char *cell(struct gt_arena *arena, const json_t *value)
{
    const char *text = text_of(arena, value);
    return *text == '\0' ? NULL : text;
}

/* -- table -- */

static const struct {
    const char *section, *titles[GT_TABLE_COLUMNS], *members[GT_TABLE_COLUMNS];
} tables[] = {
    {"outputs", {"OUTPUT", "VALUE", NULL}, {NULL}},
    {"gateways", {"GATEWAY", "ID", "URL", NULL}, {"id", "url", NULL}},
    {"runtimes", {"RUNTIME", "ID", "ARN", NULL}, {"id", "arn", NULL}},
    {"clients",
     {"CLIENT", "CLIENT ID", "CLIENT SECRET", "TOKEN URL", "SCOPE", NULL},
     {"clientId", "clientSecret", "tokenUrl", "scope", NULL}},
};

static void print_section(const struct printer *printer, size_t index)
{
    struct gt_table table = gt_table_new(printer->arena, tables[index].titles);
    const char *name;
    json_t *entry;
    json_object_foreach(section(printer, tables[index].section), name, entry)
    {
        const char *cells[GT_TABLE_COLUMNS] = {name};
        if (tables[index].members[0] == NULL)
            cells[1] = cell(printer->arena, entry);
        for (size_t i = 0; tables[index].members[i] != NULL; i++)
            cells[i + 1] = cell(printer->arena, json_object_get(entry, tables[index].members[i]));
        gt_table_add(&table, cells);
    }
    gt_table_print(printer->stream, &table);
}

static void print_table(const struct printer *printer)
{
    if (printer->output->single) {
        json_t *outputs = section(printer, "outputs");
        const json_t *value = json_object_iter_value(json_object_iter(outputs));
        gt_stream_addf(printer->stream, "%s\n", text_of(printer->arena, value));
        return;
    }
    const char *between = "";
    for (size_t i = 0; i < GT_COUNT(tables); i++) {
        if (json_object_size(section(printer, tables[i].section)) == 0)
            continue;
        gt_stream_adds(printer->stream, between);
        print_section(printer, i);
        between = "\n";
    }
}

/* -- json, yaml -- */

static const json_t *printed_document(const struct printer *printer)
{
    if (!printer->output->single)
        return printer->output->document;
    return json_object_iter_value(json_object_iter(section(printer, "outputs")));
}

static void print_json(const struct printer *printer)
{
    json_dump_callback(printed_document(printer), add_bytes, printer->stream,
                       JSON_INDENT(2) | JSON_ENCODE_ANY);
    gt_stream_adds(printer->stream, "\n");
}

static void print_yaml(const struct printer *printer)
{
    gt_stream_adds(printer->stream, gt_doc_print_yaml(printer->arena, printed_document(printer)));
}

/* -- flat names, for env and github -- */

typedef void flat_fn(const struct printer *printer, const char *const *path, const json_t *value);

/* The members of an entry and the words they have in flat names. */
static const struct {
    const char *section, *word, *members[5][2];
} flats[] = {
    {"gateways", "gateway", {{"id", "id"}, {"arn", "arn"}, {"url", "url"}, {NULL, NULL}}},
    {"runtimes", "runtime", {{"id", "id"}, {"arn", "arn"}, {"version", "version"}, {NULL, NULL}}},
    {"clients",
     "client",
     {{"clientId", "client_id"},
      {"clientSecret", "client_secret"},
      {"tokenUrl", "token_url"},
      {"scope", "scope"},
      {NULL, NULL}}},
};

static void each_flat(const struct printer *printer, const char *outputs_word, flat_fn *fn)
{
    const char *name;
    json_t *entry;
    json_object_foreach(section(printer, "outputs"), name, entry)
    {
        const char *path[] = {outputs_word, name, NULL, NULL};
        fn(printer, path[0] == NULL ? path + 1 : path, entry);
    }
    for (size_t i = 0; i < GT_COUNT(flats); i++)
        json_object_foreach(section(printer, flats[i].section), name, entry)
        {
            for (size_t j = 0; flats[i].members[j][0] != NULL; j++) {
                const char *path[] = {flats[i].word, name, flats[i].members[j][1], NULL};
                fn(printer, path, json_object_get(entry, flats[i].members[j][0]));
            }
        }
}

static const char *flat_name(struct gt_arena *arena, const char *const *path, const char *prefix,
                             bool upper)
{
    char *name = gt_strdup(arena, prefix);
    for (; *path != NULL; path++)
        name = gt_printf(arena, "%s%s%s", name, *name == '\0' ? "" : "_", *path);
    for (char *c = name; *c != '\0'; c++) {
        bool kept = isalnum((unsigned char)*c) || *c == '_' || (!upper && *c == '-');
        *c = !kept ? '_' : upper ? (char)toupper((unsigned char)*c) : *c;
    }
    return name;
}

static const char export_prefix[] = "GANTRY";

const char *gt_output_variable(struct gt_arena *arena, const char *client, const char *member)
{
    const char *path[] = {"client", client, member, NULL};
    return flat_name(arena, path, export_prefix, true);
}

static bool is_masked(const json_t *value)
{
    return gt_streq(json_string_value(value), GT_MASKED);
}

static void print_export(const struct printer *printer, const char *const *path,
                         const json_t *value)
{
    const char *name = flat_name(printer->arena, path, export_prefix, true);
    if (is_masked(value)) {
        gt_stream_addf(printer->stream, "# %s is masked; --show-secrets shows it\n", name);
        return;
    }
    gt_stream_addf(printer->stream, "export %s=%s\n", name,
                   gt_shell_quote(printer->arena, text_of(printer->arena, value)));
}

static void print_env(const struct printer *printer)
{
    each_flat(printer, "output", print_export);
}

/* https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands */
static void print_step_output(const struct printer *printer, const char *const *path,
                              const json_t *value)
{
    const char *name = flat_name(printer->arena, path, "", false);
    const char *text = text_of(printer->arena, value);
    if (is_masked(value))
        return;
    if (strpbrk(text, "\r\n") == NULL)
        gt_stream_addf(printer->stream, "%s=%s\n", name, text);
    else
        gt_stream_addf(printer->stream, "%s<<%s\n%s\n%s\n", name, printer->delimiter, text,
                       printer->delimiter);
}

static void print_github(const struct printer *printer)
{
    each_flat(printer, NULL, print_step_output);
}

void gt_output_masks(struct gt_stream *stream, const struct gt_output *output)
{
    const char *name;
    json_t *client;
    json_object_foreach(json_object_get(output->document, "clients"), name, client)
    {
        const json_t *secret = json_object_get(client, "clientSecret");
        if (json_is_string(secret) && !is_masked(secret))
            gt_stream_addf(stream, "::add-mask::%s\n", json_string_value(secret));
    }
}

/* -- quick-suite: the labels of the MCP integration form, with service authentication -- */

static void print_field(const struct printer *printer, const char *label, const char *value)
{
    gt_stream_addf(printer->stream, "%s: ", label);
    gt_stream_safe(printer->stream, value == NULL ? "" : value);
    gt_stream_adds(printer->stream, "\n");
}

static void print_quick_suite(const struct printer *printer)
{
    const struct gt_output *output = printer->output;
    for (size_t i = 0; i < output->integrations.len; i++) {
        const struct gt_integration *one = &output->integrations.at[i];
        const json_t *client = json_object_get(section(printer, "clients"), one->client);
        if (i > 0)
            gt_stream_adds(printer->stream, "\n");
        if (output->integrations.len > 1)
            gt_stream_addf(printer->stream, "# client %s, gateway %s\n", one->client, one->gateway);
        print_field(printer, "Name", one->name);
        print_field(printer, "Description", one->description);
        print_field(printer, "MCP Server Endpoint", one->url);
        print_field(printer, "Authentication Type", "Service authentication");
        print_field(printer, "Client ID", gt_text_at(client, "/clientId"));
        print_field(printer, "Client Secret", gt_text_at(client, "/clientSecret"));
        print_field(printer, "Token URL", gt_text_at(client, "/tokenUrl"));
        print_field(printer, "Scope", gt_text_at(client, "/scope"));
    }
}

/* -- mcp-json: what desktop clients read; a bridge fetches the tokens that they cannot -- */

static size_t clients_of(const struct gt_output *output, const char *gateway)
{
    size_t count = 0;
    for (size_t i = 0; i < output->integrations.len; i++)
        count += gt_streq(output->integrations.at[i].gateway, gateway);
    return count;
}

static json_t *bridge(const struct gt_output *output, const struct gt_integration *one)
{
    json_t *args = json_pack("[s, s, s, s, s, s]", "connect", one->gateway, "--client", one->client,
                             "--file", output->manifest);
    if (!gt_streq(output->environment, "default")) {
        json_array_append_new(args, json_string("--environment"));
        json_array_append_new(args, json_string(output->environment));
    }
    for (const char *const *option = output->options; option != NULL && *option != NULL; option++)
        json_array_append_new(args, json_string(*option));
    json_t *out = json_pack("{s:s, s:o}", "command",
                            output->program == NULL ? "gantry" : output->program, "args", args);
    if (output->variables != NULL)
        json_object_set(out, "env", output->variables);
    return out;
}

static void print_mcp_json(const struct printer *printer)
{
    const struct gt_output *output = printer->output;
    json_t *servers = json_object();
    for (size_t i = 0; i < output->integrations.len; i++) {
        const struct gt_integration *one = &output->integrations.at[i];
        const char *name = gt_printf(printer->arena, "%s-%s", output->stack, one->gateway);
        if (clients_of(output, one->gateway) > 1) {
            char *both = gt_printf(printer->arena, "%s-%s", name, one->client);
            for (char *dot = strchr(both, '.'); dot != NULL; dot = strchr(dot, '.'))
                *dot = '-'; /* not every client takes a dot in a server's name */
            name = both;
        }
        json_object_set_new(servers, name, bridge(output, one));
    }
    json_auto_t *document = json_pack("{s:o}", "mcpServers", servers);
    json_dump_callback(document, add_bytes, printer->stream, JSON_INDENT(2));
    gt_stream_adds(printer->stream, "\n");
}

static const struct {
    const char *name;
    void (*print)(const struct printer *printer);
} formats[] = {
    {"table", print_table},       {"json", print_json},     {"yaml", print_yaml},
    {"env", print_env},           {"github", print_github}, {"quick-suite", print_quick_suite},
    {"mcp-json", print_mcp_json},
};

void gt_output_print(struct gt_stream *stream, struct gt_arena *arena,
                     const struct gt_output *output, const struct gt_format_options *options)
{
    struct printer printer = {
        .stream = stream, .arena = arena, .output = output, .delimiter = options->delimiter};
    for (size_t i = 0; i < GT_COUNT(formats); i++)
        if (gt_streq(formats[i].name, options->format))
            formats[i].print(&printer);
}

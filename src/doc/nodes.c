#include "node.h"
#include "syntax.h"

#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <string.h>
#include <yaml.h>

/* What is open while events come in. */
struct level {
    struct gt_node *node;
    struct gt_node *key; /* a map's key that waits for its value */
    struct gt_pos key_pos;
};

struct reading {
    const struct gt_node_reader *to;
    struct gt_map anchors; /* name -> struct gt_node */
    struct level levels[GT_DOC_MAX_DEPTH];
    size_t depth, nodes, documents;
    struct gt_node *root;
    bool whole;
};

/* Takes one event; false when reading cannot go on (an error was appended). */
typedef bool event_fn(struct reading *reading, const yaml_event_t *event);

static struct gt_pos pos_of(const struct reading *reading, const yaml_event_t *event)
{
    return (struct gt_pos){.file = reading->to->source->name,
                           .line = (unsigned)event->start_mark.line + 1,
                           .column = (unsigned)event->start_mark.column + 1};
}

static struct gt_diag *error_at(const struct reading *reading, struct gt_pos pos, const char *code,
                                const char *message)
{
    struct gt_diag *diag = gt_error(reading->to->diags, code, "%s", message);
    diag->pos = pos;
    return diag;
}

static const char *shown(const struct reading *reading, const char *text)
{
    return gt_doc_shown(reading->to->diags->arena, text);
}

/* Why a node cannot be a key, or NULL. */
static const char *key_problem(const struct gt_node *key, const char **hint)
{
    if (key->kind != GT_NODE_SCALAR) {
        *hint = "quote a text that begins with \"{\" or \"[\"";
        return "a key must be a word or a quoted text, not a map or a list";
    }
    if (key->style == GT_STYLE_PLAIN && key->text[0] == '\0') {
        *hint = "write a key before the colon";
        return "a key is missing";
    }
    if (key->style == GT_STYLE_PLAIN && strcmp(key->text, "<<") == 0) {
        *hint = "repeat the keys; YAML 1.2 has no merge keys";
        return "merge keys (\"<<\") are not supported";
    }
    return NULL;
}

static void take_key(struct reading *reading, struct level *top, struct gt_node *node,
                     struct gt_pos pos)
{
    const char *hint = NULL;
    const char *problem = key_problem(node, &hint);
    if (problem != NULL)
        error_at(reading, pos, "bad-key", problem)->hint = hint;
    top->key = node;
    top->key_pos = pos;
}

/* Puts a node where the text has it: as root, element, key or value. */
static void place(struct reading *reading, struct gt_node *node, struct gt_pos pos)
{
    if (reading->depth == 0) {
        reading->root = node;
        return;
    }
    struct level *top = &reading->levels[reading->depth - 1];
    if (top->node->kind == GT_NODE_MAP && top->key == NULL) {
        take_key(reading, top, node, pos);
        return;
    }
    struct gt_node_member *member = GT_NEW(reading->to->scratch, struct gt_node_member);
    member->value = node;
    member->key = top->key;
    member->at = top->key != NULL ? top->key_pos : pos;
    top->key = NULL;
    if (top->node->last != NULL)
        top->node->last->next = member;
    else
        top->node->first = member;
    top->node->last = member;
}

static struct gt_node *new_node(struct reading *reading, const yaml_event_t *event,
                                enum gt_node_kind kind, const yaml_char_t *anchor)
{
    struct gt_node *node = GT_NEW(reading->to->scratch, struct gt_node);
    node->kind = kind;
    node->pos = pos_of(reading, event);
    if (anchor != NULL)
        gt_map_set(&reading->anchors, (const char *)anchor, node);
    return node;
}

static bool count_node(struct reading *reading, const yaml_event_t *event)
{
    if (++reading->nodes <= GT_DOC_MAX_NODES)
        return true;
    error_at(reading, pos_of(reading, event), "document-too-large",
             "the document has more than 1,000,000 values");
    return false;
}

static void unknown_tag(struct reading *reading, const yaml_event_t *event, const char *tag)
{
    static const char core[] = "tag:yaml.org,2002:";
    if (gt_starts_with(tag, core))
        tag = gt_printf(reading->to->diags->arena, "!!%s", tag + strlen(core));
    struct gt_diag *diag = gt_error(reading->to->diags, "unknown-tag", "unknown tag \"%s\"",
                                    gt_doc_shown(reading->to->diags->arena, tag));
    diag->pos = pos_of(reading, event);
    diag->hint = "leave the tag out; references are written ${...}";
}

/* The tags that a scalar may have, and what its text must then be. */
static const struct scalar_tag {
    const char *tag;
    enum gt_core_type type;
    const char *what;
} scalar_tags[] = {
    {YAML_STR_TAG, GT_CORE_STRING, "a string"}, {YAML_NULL_TAG, GT_CORE_NULL, "null"},
    {YAML_BOOL_TAG, GT_CORE_BOOL, "a boolean"}, {YAML_INT_TAG, GT_CORE_INT, "an integer"},
    {YAML_FLOAT_TAG, GT_CORE_REAL, "a number"},
};

static const struct scalar_tag *scalar_tag(const char *tag)
{
    for (size_t i = 0; i < GT_COUNT(scalar_tags); i++)
        if (strcmp(scalar_tags[i].tag, tag) == 0)
            return &scalar_tags[i];
    return NULL;
}

static struct gt_core tagged(struct reading *reading, const yaml_event_t *event, const char *tag,
                             const char *text)
{
    static const struct gt_core string = {.type = GT_CORE_STRING};
    const struct scalar_tag *rule = scalar_tag(tag);
    if (rule == NULL) {
        unknown_tag(reading, event, tag);
        return string;
    }
    if (rule->type == GT_CORE_STRING)
        return string;
    struct gt_core value = gt_core_read(text);
    if (rule->type == GT_CORE_REAL && value.type == GT_CORE_INT)
        return (struct gt_core){.type = GT_CORE_REAL, .real = (double)value.integer};
    if (value.type == rule->type || value.type == GT_CORE_RANGE || value.type == GT_CORE_NOT_FINITE)
        return value;
    gt_error(reading->to->diags, "bad-scalar", "\"%s\" is not %s", shown(reading, text), rule->what)
        ->pos = pos_of(reading, event);
    return string;
}

static const enum gt_style styles[] = {
    [YAML_ANY_SCALAR_STYLE] = GT_STYLE_PLAIN,
    [YAML_PLAIN_SCALAR_STYLE] = GT_STYLE_PLAIN,
    [YAML_SINGLE_QUOTED_SCALAR_STYLE] = GT_STYLE_QUOTED,
    [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = GT_STYLE_QUOTED,
    [YAML_LITERAL_SCALAR_STYLE] = GT_STYLE_BLOCK,
    [YAML_FOLDED_SCALAR_STYLE] = GT_STYLE_BLOCK,
};

/* Values that JSON or our integers cannot hold are errors; the text of a key may be anything. */
static void check_value(struct reading *reading, const struct gt_node *node)
{
    const struct level *top = reading->depth == 0 ? NULL : &reading->levels[reading->depth - 1];
    if (top != NULL && top->node->kind == GT_NODE_MAP && top->key == NULL)
        return;
    struct gt_diag *diag = NULL;
    if (node->value.type == GT_CORE_RANGE)
        diag = gt_error(reading->to->diags, "number-range", "the number %s is too large",
                        shown(reading, node->text));
    else if (node->value.type == GT_CORE_NOT_FINITE)
        diag = gt_error(reading->to->diags, "number-range", "%s is no number that JSON has",
                        shown(reading, node->text));
    if (diag == NULL)
        return;
    diag->pos = node->pos;
    diag->hint = "quote it if it is meant as text";
}

static bool on_scalar(struct reading *reading, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    size_t len = event->data.scalar.length;
    if (!count_node(reading, event))
        return false;
    struct gt_node *node = new_node(reading, event, GT_NODE_SCALAR, event->data.scalar.anchor);
    node->text = gt_strndup(reading->to->arena, text, len);
    node->style = styles[event->data.scalar.style];
    if (memchr(text, '\0', len) != NULL)
        error_at(reading, node->pos, "nul-character", "the text holds a NUL character");
    if (tag != NULL && strcmp(tag, "!") != 0)
        node->value = tagged(reading, event, tag, node->text);
    else if (node->style == GT_STYLE_PLAIN)
        node->value = gt_core_read(node->text);
    check_value(reading, node);
    place(reading, node, node->pos);
    return true;
}

static bool open_collection(struct reading *reading, const yaml_event_t *event,
                            struct gt_node *node)
{
    if (!count_node(reading, event))
        return false;
    if (reading->depth == GT_DOC_MAX_DEPTH) {
        error_at(reading, node->pos, "document-too-deep", "values are nested more than 64 levels");
        return false;
    }
    place(reading, node, node->pos);
    node->open = true;
    reading->levels[reading->depth++] = (struct level){.node = node};
    return true;
}

static bool on_list(struct reading *reading, const yaml_event_t *event)
{
    const char *tag = (const char *)event->data.sequence_start.tag;
    if (tag != NULL && strcmp(tag, YAML_SEQ_TAG) != 0 && strcmp(tag, "!") != 0)
        unknown_tag(reading, event, tag);
    struct gt_node *node =
        new_node(reading, event, GT_NODE_LIST, event->data.sequence_start.anchor);
    node->block = event->data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
    return open_collection(reading, event, node);
}

static bool on_map(struct reading *reading, const yaml_event_t *event)
{
    const char *tag = (const char *)event->data.mapping_start.tag;
    if (tag != NULL && strcmp(tag, YAML_MAP_TAG) != 0 && strcmp(tag, "!") != 0)
        unknown_tag(reading, event, tag);
    struct gt_node *node = new_node(reading, event, GT_NODE_MAP, event->data.mapping_start.anchor);
    node->block = event->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE;
    return open_collection(reading, event, node);
}

static bool on_end(struct reading *reading, const yaml_event_t *event)
{
    (void)event;
    reading->levels[--reading->depth].node->open = false;
    return true;
}

static bool on_alias(struct reading *reading, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct gt_node *node = gt_map_get(&reading->anchors, name);
    struct gt_pos pos = pos_of(reading, event);
    if (!count_node(reading, event))
        return false;
    struct gt_diag *diag = NULL;
    if (node == NULL) {
        diag =
            gt_error(reading->to->diags, "unknown-alias", "there is no anchor \"&%s\" for \"*%s\"",
                     shown(reading, name), shown(reading, name));
        diag->hint = "a text that begins with \"*\" must be quoted";
    } else if (node->open) {
        diag = gt_error(reading->to->diags, "recursive-alias",
                        "the alias \"*%s\" stands within the value that it names",
                        shown(reading, name));
    }
    if (diag != NULL) {
        diag->pos = pos;
        node = new_node(reading, event, GT_NODE_SCALAR, NULL);
        node->text = name[0] != '\0' ? gt_strdup(reading->to->arena, name) : "*";
    }
    place(reading, node, pos);
    return true;
}

static bool on_document(struct reading *reading, const yaml_event_t *event)
{
    if (reading->documents++ == 0)
        return true;
    error_at(reading, pos_of(reading, event), "several-documents", "a second document begins here")
        ->hint = "keep one document in a file; leave \"---\" out";
    return false;
}

static bool on_nothing(struct reading *reading, const yaml_event_t *event)
{
    (void)reading;
    (void)event;
    return true;
}

static bool on_stream_end(struct reading *reading, const yaml_event_t *event)
{
    (void)event;
    reading->whole = true;
    return true;
}

static event_fn *const handlers[] = {
    [YAML_NO_EVENT] = on_nothing,
    [YAML_STREAM_START_EVENT] = on_nothing,
    [YAML_STREAM_END_EVENT] = on_stream_end,
    [YAML_DOCUMENT_START_EVENT] = on_document,
    [YAML_DOCUMENT_END_EVENT] = on_nothing,
    [YAML_ALIAS_EVENT] = on_alias,
    [YAML_SCALAR_EVENT] = on_scalar,
    [YAML_SEQUENCE_START_EVENT] = on_list,
    [YAML_SEQUENCE_END_EVENT] = on_end,
    [YAML_MAPPING_START_EVENT] = on_map,
    [YAML_MAPPING_END_EVENT] = on_end,
};

static void read_events(struct reading *reading, yaml_parser_t *parser)
{
    bool go_on = true;
    while (go_on && !reading->whole) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            gt_syntax_error(reading->to->source, parser, reading->to->diags);
            return;
        }
        go_on = handlers[event.type](reading, &event);
        yaml_event_delete(&event);
    }
}

bool gt_nodes_read(const struct gt_node_reader *reader, struct gt_node **root, bool *whole)
{
    const struct gt_source *source = reader->source;
    size_t errors = reader->diags->errors;
    struct reading *reading = GT_NEW(reader->scratch, struct reading);
    reading->to = reader;
    reading->anchors = gt_map_init(reader->scratch);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        gt_die("out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->bytes, source->len);
    read_events(reading, &parser);
    yaml_parser_delete(&parser);
    *root = reading->root;
    *whole = reading->whole;
    return reader->diags->errors == errors;
}

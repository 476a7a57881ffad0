#include "syntax.h"

#include <gantry/base/str.h>
#include <string.h>

/* Where libyaml's error is to be shown. */
enum place {
    AT_PROBLEM,
    AT_CONTEXT,         /* where the construct begins that libyaml was in */
    AT_PROBLEM_AND_OPEN /* at the problem, and the message says where the bracket was opened */
};

/* One row per message of libyaml's; the first row whose texts fit is taken. */
static const struct rule {
    const char *problem; /* the message begins with it */
    const char *context; /* and its context with this; NULL: any */
    const char *message, *hint;
    enum place place;
} rules[] = {
    {"mapping values are not allowed", NULL, "a colon cannot stand here",
     "quote a text that holds \": \", or check the indentation", AT_PROBLEM},
    {"block sequence entries are not allowed", NULL, "a list cannot begin here",
     "begin the list on a line of its own", AT_PROBLEM},
    {"mapping keys are not allowed", NULL, "a key cannot stand here",
     "begin the map on a line of its own", AT_PROBLEM},
    {"could not find expected ':'", "while scanning a simple key",
     "a colon is missing after this key", "write `key: value`", AT_CONTEXT},
    {"did not find expected key", "while parsing a block mapping", "a key is expected here",
     "keys of one map begin in the same column; quote a text that goes on after a quote",
     AT_PROBLEM},
    {"did not find expected '-' indicator", NULL, "an item of the list (\"- \") is expected here",
     "check the indentation", AT_PROBLEM},
    {"did not find expected ',' or ']'", NULL, "\",\" or \"]\" is expected here", NULL,
     AT_PROBLEM_AND_OPEN},
    {"did not find expected ',' or '}'", NULL, "\",\" or \"}\" is expected here", NULL,
     AT_PROBLEM_AND_OPEN},
    {"did not find expected node content", NULL, "a value is expected here", NULL, AT_PROBLEM},
    {"did not find expected <document start>", NULL, "the document has ended before this text",
     "check the indentation and the brackets", AT_PROBLEM},
    {"found unexpected end of stream", "while scanning a quoted scalar",
     "this quotation has no end", "add the closing quote", AT_CONTEXT},
    {"found unexpected document indicator", "while scanning a quoted scalar",
     "this quotation has no end", "add the closing quote", AT_CONTEXT},
    {"found unknown escape character", NULL, "no such escape in a text in double quotes",
     "write \\\\ for a backslash, or use single quotes", AT_PROBLEM},
    {"found invalid Unicode character escape code", NULL, "this escape is no Unicode character",
     NULL, AT_PROBLEM},
    {"did not find expected hexdecimal number", NULL,
     "hexadecimal digits are missing in this escape",
     "write \\\\ for a backslash, or use single quotes", AT_PROBLEM},
    {"found undefined tag handle", NULL, "unknown tag",
     "quote a text that begins with \"!\"; references are written ${...}", AT_PROBLEM},
    {"", "while scanning an alias", "a text that begins with \"*\" must be quoted",
     "write \"*\" in quotes", AT_CONTEXT},
    {"", "while scanning an anchor", "a text that begins with \"&\" must be quoted",
     "write \"&\" in quotes", AT_CONTEXT},
    {"", "while scanning a tag", "a text that begins with \"!\" must be quoted",
     "write \"!\" in quotes", AT_CONTEXT},
    {"found a tab character", NULL, "a tab cannot indent in YAML", "indent with spaces",
     AT_PROBLEM},
    {"", "while scanning a block scalar", "a text that begins with \"|\" or \">\" must be quoted",
     "after \"|\" or \">\" the text begins on the next line", AT_CONTEXT},
    {"found incompatible YAML document", NULL, "this version of YAML is not known",
     "leave the %YAML line out", AT_PROBLEM},
    {"", "while scanning a directive", "a line that begins with \"%\" must be quoted", NULL,
     AT_CONTEXT},
};

static bool fits(const char *text, const char *beginning)
{
    return beginning == NULL || (text != NULL && gt_starts_with(text, beginning));
}

static const struct rule *rule_of(const yaml_parser_t *parser)
{
    for (size_t i = 0; i < GT_COUNT(rules); i++)
        if (fits(parser->problem, rules[i].problem) && fits(parser->context, rules[i].context))
            return &rules[i];
    return NULL;
}

static struct gt_pos pos_of(const struct gt_source *source, yaml_mark_t mark)
{
    return (struct gt_pos){
        .file = source->name, .line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

/* How many bytes the character at `at` has; bytes that are not UTF-8 count as one. */
static size_t width(const char *at)
{
    unsigned char lead = (unsigned char)*at;
    return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* The character (its first byte) at a position of a UTF-8 text; 0 where there is none. */
static char char_at(const struct gt_source *source, struct gt_pos pos)
{
    const char *at = source->bytes, *end = source->bytes + source->len;
    for (unsigned line = 1; line < pos.line; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL)
            return '\0';
        at++;
    }
    for (unsigned column = 1; column < pos.column && at < end; column++)
        at += width(at);
    return at < end ? *at : '\0';
}

static void bad_start(const struct gt_source *source, struct gt_pos pos, struct gt_diags *diags)
{
    char c = char_at(source, pos);
    struct gt_diag *diag;
    if (c == '\t') {
        diag = gt_error(diags, "yaml-syntax", "a tab cannot indent in YAML");
        diag->hint = "indent with spaces";
    } else if (c != '\0' && strchr("@`%", c) != NULL) {
        diag = gt_error(diags, "yaml-syntax", "a text that begins with \"%c\" must be quoted", c);
        diag->hint = gt_printf(diags->arena, "write \"%c...\" in quotes", c);
    } else {
        diag = gt_error(diags, "yaml-syntax", "a value cannot begin with this character");
        diag->hint = "quote the text";
    }
    diag->pos = pos;
}

/* Line and column of a byte offset, in UTF-8 or, with a byte order mark, UTF-16. */
static struct gt_pos pos_of_offset(const struct gt_source *source, size_t offset)
{
    const unsigned char *bytes = (const unsigned char *)source->bytes;
    bool little = source->len >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE;
    bool wide = little || (source->len >= 2 && bytes[0] == 0xFE && bytes[1] == 0xFF);
    size_t at = wide ? 2 : 0, unit = wide ? 2 : 1;
    if (source->len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        at = 3;
    struct gt_pos pos = {.file = source->name, .line = 1, .column = 1};
    for (; at + unit <= source->len && at < offset; at += unit) {
        unsigned value = bytes[at];
        if (wide)
            value = little ? value + bytes[at + 1] * 256u : value * 256u + bytes[at + 1];
        if (value == '\n') {
            pos.line++;
            pos.column = 1;
        } else if (wide ? (value & 0xFC00) != 0xDC00 : (value & 0xC0) != 0x80) {
            pos.column++; /* the second half of a character counts no column */
        }
    }
    return pos;
}

static void bad_bytes(const struct gt_source *source, const yaml_parser_t *parser,
                      struct gt_diags *diags)
{
    int value = parser->problem_value;
    struct gt_diag *diag;
    if (!gt_starts_with(parser->problem, "control characters")) {
        diag = gt_error(diags, "bad-encoding", "the file is not valid UTF-8 here");
        diag->hint = "save the file as UTF-8";
    } else if (value == 0) {
        diag = gt_error(diags, "nul-character", "the file holds a NUL character");
        diag->hint = "save the file as text in UTF-8";
    } else {
        diag = gt_error(diags, "bad-encoding", "the control character U+%04X cannot stand here",
                        (unsigned)value);
        diag->hint = "remove it, or write it as an escape in double quotes";
    }
    diag->pos = pos_of_offset(source, parser->problem_offset);
}

void gt_syntax_error(const struct gt_source *source, const yaml_parser_t *parser,
                     struct gt_diags *diags)
{
    if (parser->error == YAML_MEMORY_ERROR)
        gt_die("out of memory");
    if (parser->error == YAML_READER_ERROR) {
        bad_bytes(source, parser, diags);
        return;
    }
    struct gt_pos pos = pos_of(source, parser->problem_mark);
    if (gt_starts_with(parser->problem, "found character that cannot start any token")) {
        bad_start(source, pos, diags);
        return;
    }
    const struct rule *rule = rule_of(parser);
    if (rule == NULL) {
        gt_error(diags, "yaml-syntax", "bad YAML: %s", parser->problem)->pos = pos;
        return;
    }
    struct gt_diag *diag = gt_error(diags, "yaml-syntax", "%s", rule->message);
    struct gt_pos open = pos_of(source, parser->context_mark);
    diag->pos = rule->place == AT_CONTEXT ? open : pos;
    diag->hint = rule->hint;
    if (rule->place == AT_PROBLEM_AND_OPEN)
        diag->hint = gt_printf(diags->arena, "the bracket at line %u, column %u has no end",
                               open.line, open.column);
}

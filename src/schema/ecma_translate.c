/*
 * ECMA-262's expressions in PCRE2's spelling. Whatever could mean something else to PCRE2 is
 * written out as a code point or a class, and what ECMA-262 has not is refused here, so that no
 * verb, recursion or inline option gets through. Source: ECMA-262, "RegExp (Regular Expression)
 * Objects", with the u flag; what is only a needless backslash before punctuation is let pass.
 */
#include "ecma.h"

#include <gantry/base/str.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct gt_arena *arena;
    const char *at;
    struct gt_buf *out;
    const char *reason;
    bool endless; /* there was a repetition without an upper end */
    bool atom;    /* what stands before can be repeated */
};

/* WhiteSpace and LineTerminator of ECMA-262, and all others, inside a class. */
#define SPACE                                                                                      \
    "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}"  \
    "\\x{3000}\\x{feff}"
#define NO_SPACE                                                                                   \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"               \
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"                 \
    "\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
#define ANY_BUT_LINE_END "[^\\x{a}\\x{d}\\x{2028}\\x{2029}]"

/* Long names of general categories (PropertyValueAliases.txt), which PCRE2 does not know. */
static const struct category {
    const char *name, *code;
} categories[] = {
    {"Cased_Letter", "L&"},
    {"Close_Punctuation", "Pe"},
    {"Connector_Punctuation", "Pc"},
    {"Control", "Cc"},
    {"Currency_Symbol", "Sc"},
    {"Dash_Punctuation", "Pd"},
    {"Decimal_Number", "Nd"},
    {"Enclosing_Mark", "Me"},
    {"Final_Punctuation", "Pf"},
    {"Format", "Cf"},
    {"Initial_Punctuation", "Pi"},
    {"LC", "L&"},
    {"Letter", "L"},
    {"Letter_Number", "Nl"},
    {"Line_Separator", "Zl"},
    {"Lowercase_Letter", "Ll"},
    {"Mark", "M"},
    {"Math_Symbol", "Sm"},
    {"Modifier_Letter", "Lm"},
    {"Modifier_Symbol", "Sk"},
    {"Nonspacing_Mark", "Mn"},
    {"Number", "N"},
    {"Open_Punctuation", "Ps"},
    {"Other", "C"},
    {"Other_Letter", "Lo"},
    {"Other_Number", "No"},
    {"Other_Punctuation", "Po"},
    {"Other_Symbol", "So"},
    {"Paragraph_Separator", "Zp"},
    {"Private_Use", "Co"},
    {"Punctuation", "P"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Spacing_Mark", "Mc"},
    {"Surrogate", "Cs"},
    {"Symbol", "S"},
    {"Titlecase_Letter", "Lt"},
    {"Unassigned", "Cn"},
    {"Uppercase_Letter", "Lu"},
    {"cntrl", "Cc"},
    {"digit", "Nd"},
    {"punct", "P"},
};

static bool refuse(struct reader *in, const char *reason)
{
    in->reason = reason;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_punctuation(char c)
{
    return c > ' ' && c < 0x7f && !is_digit(c) && !is_letter(c);
}

/* Between `min` and `max` hexadecimal digits. */
static bool read_hex(struct reader *in, size_t min, size_t max, uint32_t *code)
{
    size_t len = strspn(in->at, "0123456789abcdefABCDEF");
    len = len > max ? max : len;
    if (len < min)
        return false;
    *code = 0;
    for (const char *end = in->at + len; in->at < end; in->at++) {
        char c = *in->at;
        *code = *code * 16 + (uint32_t)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return true;
}

/* Behind \u: four digits, two such escapes that are one character, or {...}. */
static bool read_unicode(struct reader *in, uint32_t *code)
{
    if (*in->at == '{') {
        in->at++;
        if (!read_hex(in, 1, 8, code) || *in->at != '}')
            return false;
        in->at++;
        return *code <= 0x10ffff;
    }
    if (!read_hex(in, 4, 4, code))
        return false;
    uint32_t low;
    const char *behind = in->at;
    if (*code < 0xd800 || *code > 0xdbff || !gt_starts_with(behind, "\\u"))
        return true;
    in->at += 2;
    if (read_hex(in, 4, 4, &low) && low >= 0xdc00 && low <= 0xdfff)
        *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    else
        in->at = behind;
    return true;
}

/* An escape that stands for one character; `at` is behind the backslash. */
static bool character_escape(struct reader *in)
{
    static const char names[] = "tnvfr", codes[] = "\t\n\v\f\r";
    char c = *in->at;
    const char *name = c == '\0' ? NULL : strchr(names, c);
    uint32_t code = 0;
    if (c == '\0')
        return refuse(in, "a backslash at its end");
    in->at++;
    if (name != NULL) {
        code = (uint32_t)codes[name - names];
    } else if (c == 'c') {
        if (!is_letter(*in->at))
            return refuse(in, "\\c without a letter");
        code = (uint32_t)*in->at++ & 31;
    } else if (c == '0') {
        if (is_digit(*in->at))
            return refuse(in, "an octal escape");
    } else if (c == 'x') {
        if (!read_hex(in, 2, 2, &code))
            return refuse(in, "\\x without two hexadecimal digits");
    } else if (c == 'u') {
        if (!read_unicode(in, &code))
            return refuse(in, "\\u without a character's hexadecimal digits");
    } else if (is_punctuation(c) || c == ' ') {
        code = (uint32_t)c;
    } else {
        return refuse(in, gt_printf(in->arena, "\\%c, which JavaScript does not have",
                                    is_letter(c) || is_digit(c) ? c : '?'));
    }
    gt_buf_addf(in->out, "\\x{%x}", code);
    return true;
}

/* \p{Letter}, \p{Script=Greek}; `at` is behind the backslash. */
static bool property_escape(struct reader *in)
{
    char kind = *in->at;
    size_t len = in->at[1] == '{' ? strcspn(in->at + 2, "}") : 0;
    const char *text = gt_strndup(in->arena, in->at + 2, len);
    for (size_t i = 0; i < len; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '_' && text[i] != '=')
            len = 0;
    if (len == 0 || in->at[2 + len] != '}')
        return refuse(in, "\\p without the name of a property in braces");
    in->at += 3 + len;
    const char *value = strchr(text, '=');
    value = value == NULL ? text : value + 1;
    if (value == text || gt_starts_with(text, "gc=") || gt_starts_with(text, "General_Category="))
        for (size_t i = 0; i < GT_COUNT(categories); i++)
            if (strcmp(categories[i].name, value) == 0)
                value = categories[i].code;
    gt_buf_addf(in->out, "\\%c{%s}", kind, value);
    return true;
}

/* Escapes that stand for many characters; false where this is none. */
static bool is_set_escape(const char *at)
{
    return *at == '\\' && at[1] != '\0' && strchr("dDwWsSpP", at[1]) != NULL;
}

static bool set_escape(struct reader *in, bool in_class)
{
    char kind = *++in->at;
    if (kind == 'p' || kind == 'P')
        return property_escape(in);
    in->at++;
    if (kind == 's' || kind == 'S')
        gt_buf_addf(in->out, in_class ? "%s" : "[%s]", kind == 's' ? SPACE : NO_SPACE);
    else
        gt_buf_addf(in->out, "\\%c", kind);
    return true;
}

/* One member of a class, or a hyphen between two. */
static bool class_part(struct reader *in, bool *after_set)
{
    char c = *in->at;
    bool set = is_set_escape(in->at);
    if (set) {
        if (!set_escape(in, true))
            return false;
    } else if (c == '\\') {
        in->at++;
        if (*in->at == 'b') {
            in->at++;
            gt_buf_adds(in->out, "\\x{8}");
        } else if (!character_escape(in)) {
            return false;
        }
    } else {
        /* A hyphen beside a set is itself; beside what a set is written out as it would not be. */
        bool itself = is_punctuation(c) && (c != '-' || *after_set || is_set_escape(in->at + 1));
        if (itself)
            gt_buf_addc(in->out, '\\');
        gt_buf_addc(in->out, c);
        in->at++;
    }
    *after_set = set;
    return true;
}

static bool class(struct reader *in)
{
    bool after_set = false;
    gt_buf_addc(in->out, *in->at++);
    if (*in->at == '^')
        gt_buf_addc(in->out, *in->at++);
    while (*in->at != ']') {
        if (*in->at == '\0')
            return refuse(in, "a [ without its ]");
        if (!class_part(in, &after_set))
            return false;
    }
    gt_buf_addc(in->out, *in->at++);
    in->atom = true;
    return true;
}

/* Of a group; digits cannot begin it. */
static size_t name_len(const char *at)
{
    size_t len = 0;
    while (is_letter(at[len]) || at[len] == '_' || (len > 0 && is_digit(at[len])))
        len++;
    return len;
}

static bool group(struct reader *in)
{
    static const char *const kinds[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!"};
    in->atom = false;
    for (size_t i = 0; i < GT_COUNT(kinds); i++) {
        if (gt_starts_with(in->at, kinds[i])) {
            gt_buf_adds(in->out, kinds[i]);
            in->at += strlen(kinds[i]);
            return true;
        }
    }
    size_t name = gt_starts_with(in->at, "(?<") ? name_len(in->at + 3) : 0;
    bool named = name > 0 && in->at[3 + name] == '>';
    if (in->at[1] == '*' || (in->at[1] == '?' && !named))
        return refuse(in, "a kind of group that JavaScript does not have");
    size_t len = named ? name + 4 : 1;
    gt_buf_add(in->out, in->at, len);
    in->at += len;
    return true;
}

/* The length of {n}, {n,} or {n,m}; 0: the brace is a brace. */
static size_t count_len(const char *at)
{
    size_t digits = strspn(at + 1, "0123456789"), len = 1 + digits;
    if (digits == 0)
        return 0;
    if (at[len] == ',')
        len += 1 + strspn(at + len + 1, "0123456789");
    return at[len] == '}' ? len + 1 : 0;
}

static bool repetition(struct reader *in, size_t len)
{
    if (!in->atom)
        return refuse(in, "a repetition of nothing");
    in->endless = in->endless || *in->at == '*' || *in->at == '+' ||
                  (*in->at == '{' && in->at[len - 2] == ',');
    gt_buf_add(in->out, in->at, len);
    in->at += len;
    if (*in->at == '?')
        gt_buf_addc(in->out, *in->at++);
    in->atom = false;
    return true;
}

static bool escape(struct reader *in)
{
    char c = in->at[1];
    in->atom = c != 'b' && c != 'B';
    if (is_set_escape(in->at))
        return set_escape(in, false);
    in->at++;
    if (c == 'b' || c == 'B') {
        gt_buf_addf(in->out, "\\%c", c);
        in->at++;
        return true;
    }
    if (c == 'k') {
        size_t len = in->at[1] == '<' ? name_len(in->at + 2) : 0;
        if (len == 0 || in->at[2 + len] != '>')
            return refuse(in, "\\k without the name of a group");
        gt_buf_addf(in->out, "\\k<%.*s>", (int)len, in->at + 2);
        in->at += len + 3;
        return true;
    }
    if (c >= '1' && c <= '9') {
        size_t len = strspn(in->at, "0123456789");
        gt_buf_addf(in->out, "\\g{%.*s}", (int)(len > 6 ? 6 : len), in->at);
        in->at += len;
        return true;
    }
    return character_escape(in);
}

static bool part(struct reader *in)
{
    char c = *in->at;
    size_t len;
    switch (c) {
    case '\\':
        return escape(in);
    case '[':
        return class(in);
    case '(':
        return group(in);
    case '*':
    case '+':
    case '?':
        return repetition(in, 1);
    case '{':
        len = count_len(in->at);
        if (len > 0)
            return repetition(in, len);
        break;
    default:
        break;
    }
    in->atom = c != '^' && c != '$' && c != '|';
    if (c == '.') {
        gt_buf_adds(in->out, ANY_BUT_LINE_END);
    } else {
        if (is_punctuation(c) && strchr("^$|)", c) == NULL)
            gt_buf_addc(in->out, '\\');
        gt_buf_addc(in->out, c);
    }
    in->at++;
    return true;
}

bool gt_regex_translate(struct gt_arena *arena, const char *text,
                        struct gt_regex_translation *translation)
{
    struct reader in = {.arena = arena, .at = text, .out = &translation->text};
    bool ok = true;
    while (ok && *in.at != '\0')
        ok = part(&in);
    translation->endless = in.endless;
    translation->reason = in.reason;
    return ok;
}

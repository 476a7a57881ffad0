#include "glob.h"

#include <gantry/base/buf.h>
#include <stdint.h>
#include <string.h>

enum kind { LITERAL, SET, STAR };

struct gt_redis_token {
    enum kind kind;
    unsigned char byte;    /* of LITERAL */
    unsigned char set[32]; /* of SET: a bit for each byte; ? is the set of all */
};

static bool has(const struct gt_redis_token *token, unsigned byte)
{
    return (token->set[byte / 8] >> (byte % 8) & 1) != 0;
}

static void put(struct gt_redis_token *token, unsigned byte)
{
    token->set[byte / 8] |= (unsigned char)(1U << (byte % 8));
}

/* -- reading -- */

struct scan {
    const char *at, *end;
};

/* A byte of a set, without its backslash. */
static unsigned char member(struct scan *scan)
{
    if (*scan->at == '\\' && scan->end - scan->at > 1)
        scan->at++;
    return (unsigned char)*scan->at++;
}

/* Behind "[". False when there is no "]". */
static bool read_set(struct scan *scan, struct gt_redis_token *token)
{
    bool negated = scan->at < scan->end && *scan->at == '^';
    if (negated)
        scan->at++;
    while (scan->at < scan->end && *scan->at != ']') {
        unsigned from = member(scan), to = from;
        if (scan->end - scan->at > 1 && scan->at[0] == '-' && scan->at[1] != ']') {
            scan->at++;
            to = member(scan);
        }
        for (unsigned byte = from < to ? from : to; byte <= (from < to ? to : from); byte++)
            put(token, byte);
    }
    for (size_t i = 0; negated && i < sizeof(token->set); i++)
        token->set[i] = (unsigned char)~token->set[i];
    return scan->at++ < scan->end;
}

static bool read_token(struct scan *scan, struct gt_redis_token *token)
{
    char c = *scan->at++;
    if (c == '*') {
        token->kind = STAR;
        return true;
    }
    if (c == '?' || c == '[') {
        token->kind = SET;
        if (c == '?')
            memset(token->set, 0xff, sizeof(token->set));
        return c == '?' || read_set(scan, token);
    }
    if (c == '\\' && scan->at < scan->end)
        c = *scan->at++;
    *token = (struct gt_redis_token){.kind = LITERAL, .byte = (unsigned char)c};
    return true;
}

/* -- writing: every byte that could mean something has a backslash -- */

static void write_byte(struct gt_buf *out, unsigned char byte)
{
    if (strchr("*?[]^-\\", byte) != NULL && byte != '\0')
        gt_buf_addc(out, '\\');
    gt_buf_add(out, &byte, 1);
}

static void write_set(struct gt_buf *out, const struct gt_redis_token *token)
{
    size_t count = 0;
    for (unsigned byte = 0; byte < 256; byte++)
        count += has(token, byte);
    if (count == 256) {
        gt_buf_addc(out, '?');
        return;
    }
    bool negated = count > 128;
    gt_buf_adds(out, negated ? "[^" : "[");
    for (unsigned byte = 0; byte < 256; byte++)
        if (has(token, byte) != negated)
            write_byte(out, (unsigned char)byte);
    gt_buf_addc(out, ']');
}

static void write_text(struct gt_arena *arena, struct gt_redis_glob *glob)
{
    struct gt_buf out = gt_buf_init((size_t)GT_REDIS_GLOB_MAX * 300);
    for (size_t i = 0; i < glob->tokens.len; i++) {
        const struct gt_redis_token *token = &glob->tokens.at[i];
        if (token->kind == STAR)
            gt_buf_addc(&out, '*');
        else if (token->kind == SET)
            write_set(&out, token);
        else
            write_byte(&out, token->byte);
    }
    glob->text = gt_strndup(arena, gt_buf_text(&out), out.len);
    glob->len = out.len;
    gt_buf_done(&out);
}

bool gt_redis_glob_parse(struct gt_arena *arena, const char *text, size_t len,
                         struct gt_redis_glob *glob, const char **problem)
{
    struct scan scan = {text, text + len};
    size_t stars = 0;
    *glob = (struct gt_redis_glob){0};
    *problem = len == 0                  ? "it is empty"
               : len > GT_REDIS_GLOB_MAX ? "it is longer than 512 bytes"
                                         : NULL;
    while (*problem == NULL && scan.at < scan.end) {
        struct gt_redis_token token = {0};
        if (!read_token(&scan, &token))
            *problem = "a [ has no ]";
        bool again = token.kind == STAR && glob->tokens.len > 0 &&
                     glob->tokens.at[glob->tokens.len - 1].kind == STAR;
        if (again) /* two stars are as one */
            continue;
        *GT_PUSH(arena, &glob->tokens) = token;
        if (token.kind == STAR && ++stars > GT_REDIS_GLOB_STARS)
            *problem = "it has more than 8 stars";
    }
    if (*problem == NULL)
        write_text(arena, glob);
    return *problem == NULL;
}

/* -- matching -- */

/* Whether what the inner token stands for is one byte that the outer token allows. */
static bool covers(const struct gt_redis_token *outer, const struct gt_redis_token *inner)
{
    if (inner->kind == STAR || outer->kind == STAR)
        return false;
    if (inner->kind == LITERAL)
        return outer->kind == LITERAL ? outer->byte == inner->byte : has(outer, inner->byte);
    if (outer->kind == LITERAL)
        return false;
    for (size_t i = 0; i < sizeof(inner->set); i++)
        if ((inner->set[i] & ~outer->set[i]) != 0)
            return false;
    return true;
}

/* What a pattern is matched against: the bytes of a key, or the tokens of another pattern. */
struct subject {
    const struct gt_redis_glob *glob; /* NULL: a key */
    const char *key;
    size_t len;
};

static bool covers_at(const struct gt_redis_token *outer, const struct subject *subject, size_t i)
{
    if (subject->glob != NULL)
        return covers(outer, &subject->glob->tokens.at[i]);
    const struct gt_redis_token byte = {.kind = LITERAL, .byte = (unsigned char)subject->key[i]};
    return covers(outer, &byte);
}

/* A star is taken back at most to where it stood. */
static bool matches(const struct gt_redis_glob *outer, const struct subject *subject)
{
    size_t o = 0, i = 0, star = SIZE_MAX, mark = 0;
    while (i < subject->len) {
        if (o < outer->tokens.len && outer->tokens.at[o].kind == STAR) {
            star = o++;
            mark = i;
        } else if (o < outer->tokens.len && covers_at(&outer->tokens.at[o], subject, i)) {
            o++;
            i++;
        } else if (star != SIZE_MAX) {
            o = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (o < outer->tokens.len && outer->tokens.at[o].kind == STAR)
        o++;
    return o == outer->tokens.len;
}

/* The tokens of the other pattern stand as if they were bytes: a star of it can only lie in what a
 * star of the outer one takes. */
bool gt_redis_glob_contains(const struct gt_redis_glob *outer, const struct gt_redis_glob *inner)
{
    return matches(outer, &(struct subject){.glob = inner, .len = inner->tokens.len});
}

bool gt_redis_glob_matches(const struct gt_redis_glob *glob, const char *key, size_t len)
{
    return matches(glob, &(struct subject){.key = key, .len = len});
}

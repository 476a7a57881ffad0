#include "canonical.h"

#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

/* Removes "." and ".." segments and empty ones (RFC 3986 section 5.2.4, and "//" is "/"). */
static char *normal_path(struct gt_arena *arena, const char *path)
{
    char *out = gt_alloc(arena, strlen(path) + 2), *end = out;
    *end++ = '/';
    for (const char *segment = path; *segment != '\0';) {
        size_t len = strcspn(segment, "/");
        const char *next = segment + len + (segment[len] == '/');
        if (len == 2 && memcmp(segment, "..", 2) == 0) {
            for (end -= end - out > 1; end - out > 1 && end[-1] != '/'; end--) {
            }
        } else if (len > 0 && !(len == 1 && *segment == '.')) {
            memcpy(end, segment, (size_t)(next - segment));
            end += next - segment;
        }
        segment = next;
    }
    *end = '\0';
    return out;
}

static char *canonical_path(struct gt_arena *arena, const char *path, bool s3_path)
{
    /* S3's path is canonical as sent; elsewhere an escape in it is encoded once more. */
    if (s3_path)
        return gt_percent_encode(arena, path, "/%");
    return gt_percent_encode(arena, normal_path(arena, path), "/");
}

struct pair {
    const char *name, *value;
    size_t place; /* keeps the order of equal names */
};

typedef GT_VEC(struct pair) pair_vec;

static int by_name_then_value(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->value, b->value);
}

static int by_name_then_place(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* Every byte decoded and encoded again, so that it does not matter what the sender encoded. */
static const char *recoded(struct gt_arena *arena, const char *text, size_t len)
{
    return gt_percent_encode(arena, gt_percent_decode(arena, gt_strndup(arena, text, len)), "");
}

static const char *canonical_query(struct gt_arena *arena, const char *query)
{
    pair_vec pairs = {0};
    for (const char *at = query == NULL ? "" : query; *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        size_t value_at = name_len < len ? name_len + 1 : len;
        if (len > 0)
            *GT_PUSH(arena, &pairs) =
                (struct pair){.name = recoded(arena, at, name_len),
                              .value = recoded(arena, at + value_at, len - value_at)};
        at += len + (at[len] == '&');
    }
    if (pairs.len > 0)
        qsort(pairs.at, pairs.len, sizeof(*pairs.at), by_name_then_value);
    struct gt_buf out = gt_buf_init(SIZE_MAX / 2);
    for (size_t i = 0; i < pairs.len; i++)
        gt_buf_addf(&out, "%s%s=%s", i == 0 ? "" : "&", pairs.at[i].name, pairs.at[i].value);
    const char *text = gt_strndup(arena, gt_buf_text(&out), out.len);
    gt_buf_done(&out);
    return text;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, and each run of white space one space. */
static char *canonical_value(struct gt_arena *arena, const char *value)
{
    char *out = gt_alloc(arena, strlen(value) + 1), *end = out;
    for (; *value != '\0'; value++) {
        if (!is_space(*value))
            *end++ = *value;
        else if (end > out && end[-1] != ' ')
            *end++ = ' ';
    }
    if (end > out && end[-1] == ' ')
        end--;
    *end = '\0';
    return out;
}

static pair_vec sorted_headers(struct gt_arena *arena, const struct gt_canonical *canonical)
{
    pair_vec pairs = {0};
    for (size_t i = 0; i < canonical->header_count; i++) {
        const struct gt_sign_header *header = &canonical->headers[i];
        *GT_PUSH(arena, &pairs) = (struct pair){
            .name = header->name, .value = canonical_value(arena, header->value), .place = i};
    }
    if (pairs.len > 0)
        qsort(pairs.at, pairs.len, sizeof(*pairs.at), by_name_then_place);
    return pairs;
}

char *gt_sigv4_canonical(struct gt_arena *arena, const struct gt_canonical *canonical,
                         char **signed_headers)
{
    const struct gt_sign_request *request = canonical->request;
    pair_vec pairs = sorted_headers(arena, canonical);
    struct gt_buf lines = gt_buf_init(SIZE_MAX / 2), names = gt_buf_init(SIZE_MAX / 2);
    for (size_t i = 0; i < pairs.len; i++) {
        const struct pair *pair = &pairs.at[i];
        if (i > 0 && strcmp(pair->name, pairs.at[i - 1].name) == 0) {
            gt_buf_addf(&lines, ",%s", pair->value);
            continue;
        }
        gt_buf_addf(&lines, "%s%s:%s", i == 0 ? "" : "\n", pair->name, pair->value);
        gt_buf_addf(&names, "%s%s", i == 0 ? "" : ";", pair->name);
    }
    *signed_headers = gt_strndup(arena, gt_buf_text(&names), names.len);
    char *text = gt_printf(arena, "%s\n%s\n%s\n%s\n\n%s\n%s", request->method,
                           canonical_path(arena, request->path, canonical->s3_path),
                           canonical_query(arena, request->query), gt_buf_text(&lines),
                           *signed_headers, canonical->payload_hash);
    gt_buf_wipe(&lines); /* the session token is one of them */
    gt_buf_done(&names);
    return text;
}

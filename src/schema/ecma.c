#define PCRE2_CODE_UNIT_WIDTH 8
#include "ecma.h"

#include <pcre2.h>
#include <stdint.h>

enum {
    TRANSLATED_MAX = 256 * 1024,
    HEAP_LIMIT_KB = 16 * 1024,
    /* Steps of the matcher. One that is not anchored begins anew at each character. */
    STEPS_QUICK = 256,
    STEPS_QUICK_EACH = 64,
    STEPS_FULL = 1 << 21,
    STEPS_FULL_EACH_MIN = 256,
    /* How far the matcher may look in all, over all beginnings: a step can pass the whole text. */
    SCAN_MAX = 1 << 28
};

struct gt_regex {
    pcre2_code *code;
    const char *text;
    bool anchored, endless;
};

struct gt_matcher {
    struct gt_arena *arena;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static void code_free(void *code)
{
    pcre2_code_free(code);
}

static pcre2_code *compile(const struct gt_buf *text, int *error)
{
    PCRE2_SIZE offset;
    return pcre2_compile((PCRE2_SPTR)gt_buf_text(text), text->len,
                         PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
                             PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
                             PCRE2_USE_OFFSET_LIMIT,
                         error, &offset, NULL);
}

struct gt_regex *gt_regex_compile(struct gt_arena *arena, const char *text, const char **reason)
{
    struct gt_regex_translation translation = {.text = gt_buf_init(TRANSLATED_MAX)};
    struct gt_regex *regex = NULL;
    if (!gt_regex_translate(arena, text, &translation)) {
        *reason = translation.reason;
    } else if (translation.text.overflow) {
        *reason = "it is too long";
    } else {
        int error = 0;
        pcre2_code *code = compile(&translation.text, &error);
        if (code == NULL) {
            PCRE2_UCHAR message[128] = "";
            pcre2_get_error_message(error, message, sizeof(message));
            *reason = gt_strdup(arena, (const char *)message);
        } else {
            uint32_t options = 0;
            pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
            gt_arena_defer(arena, code_free, code);
            regex = GT_NEW(arena, struct gt_regex);
            *regex =
                (struct gt_regex){code, text, (options & PCRE2_ANCHORED) != 0, translation.endless};
        }
    }
    gt_buf_done(&translation.text);
    return regex;
}

const char *gt_regex_text(const struct gt_regex *regex)
{
    return regex->text;
}

static struct gt_matcher *matcher_new(void)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_matcher *matcher = GT_NEW(arena, struct gt_matcher);
    *matcher = (struct gt_matcher){arena, pcre2_match_data_create(1, NULL),
                                   pcre2_match_context_create(NULL)};
    if (matcher->data == NULL || matcher->context == NULL)
        gt_die("out of memory");
    pcre2_set_heap_limit(matcher->context, HEAP_LIMIT_KB);
    return matcher;
}

void gt_matcher_free(struct gt_matcher *matcher)
{
    if (matcher == NULL)
        return;
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    gt_arena_free(matcher->arena);
}

/* Steps that one beginning may take. */
static size_t step_limit(const struct gt_regex *regex, size_t len, bool quick)
{
    if (regex->anchored)
        return (quick ? STEPS_QUICK : STEPS_FULL) + 8 * len;
    size_t each = STEPS_FULL / (len + 1);
    return quick ? STEPS_QUICK_EACH : each < STEPS_FULL_EACH_MIN ? STEPS_FULL_EACH_MIN : each;
}

/* How many characters of the text a match may begin at. */
static size_t beginning_limit(const struct gt_regex *regex, size_t len)
{
    return regex->anchored || !regex->endless ? len : SCAN_MAX / (len + 1);
}

size_t gt_regex_cost(const struct gt_regex *regex, size_t len)
{
    if (regex->anchored)
        return 16 + len / 8;
    size_t scanned = len < SCAN_MAX / (len + 1) ? len * len : SCAN_MAX;
    return 16 + 2 * len + (regex->endless ? scanned / 256 : 0);
}

enum gt_regex_outcome gt_regex_match(const struct gt_regex *regex, struct gt_matcher **matcher,
                                     const char *text, size_t len, bool quick)
{
    if (*matcher == NULL)
        *matcher = matcher_new();
    size_t limit = step_limit(regex, len, quick), beginnings = beginning_limit(regex, len);
    pcre2_set_match_limit((*matcher)->context, limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit);
    pcre2_set_offset_limit((*matcher)->context, beginnings);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, 0, (*matcher)->data,
                            (*matcher)->context);
    if (found >= 0)
        return GT_REGEX_MATCH;
    if (found == PCRE2_ERROR_NOMATCH && beginnings >= len)
        return GT_REGEX_NO_MATCH;
    /* Texts that are no UTF-8 match nothing. */
    return found == PCRE2_ERROR_NOMATCH || found == PCRE2_ERROR_MATCHLIMIT ||
                   found == PCRE2_ERROR_DEPTHLIMIT || found == PCRE2_ERROR_HEAPLIMIT ||
                   found == PCRE2_ERROR_NOMEMORY
               ? GT_REGEX_TOO_EXPENSIVE
               : GT_REGEX_NO_MATCH;
}

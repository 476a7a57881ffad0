/*
 * Java-style patterns by way of PCRE2. What Java writes differently is rewritten (\x{...}) or,
 * where PCRE2 would read it as something else (classes within classes, && in a class), left
 * unchecked: a pattern that is not understood must reject nothing.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <gantry/base/pattern.h>

#include <gantry/base/buf.h>
#include <gantry/base/map.h>
#include <pcre2.h>
#include <pthread.h>
#include <string.h>

enum {
    PATTERN_MAX = 64 * 1024,
    /* Steps of the matcher before it gives up; a legitimate value needs some thousands. */
    MATCH_LIMIT = 1000 * 1000,
    HEAP_LIMIT_KB = 16 * 1024
};

/* A compiled pattern; code NULL: not understood. */
struct pattern {
    pcre2_code *code;
};

/* The cache lives as long as the process, for any number of threads. */
static pthread_mutex_t cache_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gt_arena *cache_arena;
static struct gt_map cache;

/* Appends PCRE2's spelling of a Java pattern; false where there is none. */
static bool translate(const char *java, struct gt_buf *out)
{
    bool in_class = false, quoted = false;
    for (const char *at = java; *at != '\0'; at++) {
        if (quoted) {
            quoted = strncmp(at, "\\E", 2) != 0;
            gt_buf_addc(out, *at);
            continue;
        }
        if (*at == '\\') {
            if (at[1] == '\0')
                return false;
            quoted = at[1] == 'Q';
            bool braces = at[1] == 'x' && at[2] == '{';
            gt_buf_addc(out, '\\');
            gt_buf_addc(out, braces ? 'u' : at[1]);
            at++;
            continue;
        }
        if (in_class && (*at == '[' || strncmp(at, "&&", 2) == 0))
            return false;
        if (*at == '[') {
            in_class = true;
        } else if (*at == ']') {
            in_class = false;
        }
        gt_buf_addc(out, *at);
    }
    return true;
}

static pcre2_code *compile(const char *java)
{
    struct gt_buf text = gt_buf_init(PATTERN_MAX);
    pcre2_code *code = NULL;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        gt_die("out of memory");
    pcre2_set_newline(context, PCRE2_NEWLINE_ANY);
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
    if (translate(java, &text) && !text.overflow) {
        int error;
        PCRE2_SIZE offset;
        code = pcre2_compile((PCRE2_SPTR)gt_buf_text(&text), PCRE2_ZERO_TERMINATED,
                             PCRE2_UTF | PCRE2_ALT_BSUX, &error, &offset, context);
    }
    pcre2_compile_context_free(context);
    gt_buf_done(&text);
    return code;
}

static const pcre2_code *compiled(const char *java)
{
    pthread_mutex_lock(&cache_mutex);
    if (cache_arena == NULL) {
        cache_arena = gt_arena_new();
        cache = gt_map_init(cache_arena);
    }
    struct pattern *pattern = gt_map_get(&cache, java);
    if (pattern == NULL) {
        pattern = GT_NEW(cache_arena, struct pattern);
        pattern->code = compile(java);
        gt_map_set(&cache, java, pattern);
    }
    pthread_mutex_unlock(&cache_mutex);
    return pattern->code;
}

bool gt_pattern_understood(const char *pattern)
{
    return compiled(pattern) != NULL;
}

bool gt_pattern_matches(const char *pattern, const char *text)
{
    const pcre2_code *code = compiled(pattern);
    if (code == NULL)
        return true;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    if (data == NULL || context == NULL)
        gt_die("out of memory");
    pcre2_set_match_limit(context, MATCH_LIMIT);
    pcre2_set_heap_limit(context, HEAP_LIMIT_KB);
    int found = pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0,
                            PCRE2_ANCHORED | PCRE2_ENDANCHORED, data, context);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    return found >= 0;
}

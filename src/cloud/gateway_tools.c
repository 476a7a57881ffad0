/* Names and lists of tools as a gateway shows them: TARGET___TOOL, and the search among them. */
#include "data_plane.h"

#include <ctype.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

static const char between[] = "___";
enum { WORDS_MAX = 64, IN_NAME = 4, IN_TEXT = 1 };

bool gt_tool_split(struct gt_arena *arena, const char *name, const char **target, const char **tool)
{
    const char *at = name == NULL ? NULL : strstr(name, between);
    if (at == NULL || at == name || at[strlen(between)] == '\0')
        return false;
    *target = gt_strndup(arena, name, (size_t)(at - name));
    *tool = gt_strdup(arena, at + strlen(between));
    return true;
}

void gt_tools_add(struct gt_arena *arena, json_t *tools, const char *target, const json_t *listed)
{
    size_t i;
    json_t *tool;
    json_array_foreach(gt_iterable(listed), i, tool)
    {
        const char *name = gt_text_at(tool, "/name");
        if (name == NULL || *name == '\0')
            continue;
        json_t *shown = json_copy(tool);
        json_object_set_new(shown, "name",
                            json_string(gt_printf(arena, "%s%s%s", target, between, name)));
        json_array_append_new(tools, shown);
    }
}

json_t *gt_tools_of_schema(const json_t *inline_payload)
{
    json_t *tools = json_array(), *declared;
    size_t i;
    json_array_foreach(gt_iterable(inline_payload), i, declared)
    {
        static const char *const members[] = {"name", "description", "inputSchema", "outputSchema"};
        json_t *tool = json_object();
        for (size_t m = 0; m < GT_COUNT(members); m++) {
            json_t *value = json_object_get(declared, members[m]);
            if (value != NULL)
                json_object_set(tool, members[m], value);
        }
        json_array_append_new(tools, tool);
    }
    return tools;
}

json_t *gt_search_tool(void)
{
    return json_pack("{s:s, s:s, s:{s:s, s:{s:{s:s, s:s}}, s:[s]}}", "name", GT_SEARCH_TOOL,
                     "description",
                     "Finds the tools of this gateway that fit a description of what is to be done",
                     "inputSchema", "type", "object", "properties", "query", "type", "string",
                     "description", "What is to be done, in a few words", "required", "query");
}

/* A piece of a text: of long descriptions of many tools, none is copied. */
struct word {
    const char *at;
    size_t len;
};

/* The next word of letters and digits; false at the end. */
static bool next_word(const char **text, struct word *word)
{
    const char *start = *text;
    while (*start != '\0' && !isalnum((unsigned char)*start))
        start++;
    const char *end = start;
    while (isalnum((unsigned char)*end))
        end++;
    *text = end;
    *word = (struct word){start, (size_t)(end - start)};
    return end != start;
}

/* Whether `text` has the word in any case, or one that begins like it: "files" finds "file". */
static bool has_word(const char *text, struct word wanted)
{
    enum { STEM = 4 };
    for (struct word other; text != NULL && next_word(&text, &other);) {
        size_t least = other.len < wanted.len ? other.len : wanted.len;
        if ((other.len == wanted.len || least >= STEM) &&
            strncasecmp(other.at, wanted.at, least) == 0)
            return true;
    }
    return false;
}

static int score(const json_t *tool, const struct word *words, size_t count)
{
    int sum = 0;
    const json_t *properties = gt_at(tool, "/inputSchema/properties");
    for (size_t i = 0; i < count; i++) {
        const char *key;
        json_t *property;
        if (has_word(gt_text_at(tool, "/name"), words[i]))
            sum += IN_NAME;
        if (has_word(gt_text_at(tool, "/title"), words[i]) ||
            has_word(gt_text_at(tool, "/description"), words[i]))
            sum += 2 * IN_TEXT;
        json_object_foreach(gt_iterable(properties), key, property)
        {
            if (has_word(key, words[i]) || has_word(gt_text_at(property, "/description"), words[i]))
                sum += IN_TEXT;
        }
    }
    return sum;
}

json_t *gt_search_rank(struct gt_arena *arena, const json_t *tools, const char *query, size_t most)
{
    struct word words[WORDS_MAX];
    size_t count = 0, i;
    while (count < WORDS_MAX && next_word(&query, &words[count]))
        count += words[count].len > 1; /* "a" says nothing */
    size_t total = json_array_size(tools);
    int *scores = gt_calloc(arena, total + 1, sizeof(*scores));
    json_t *tool, *found = json_array();
    json_array_foreach(gt_iterable(tools), i, tool)
    {
        if (!gt_streq(gt_text_at(tool, "/name"), GT_SEARCH_TOOL))
            scores[i] = score(tool, words, count);
    }
    while (json_array_size(found) < most) {
        size_t best = 0;
        for (i = 1; i < total; i++)
            if (scores[i] > scores[best])
                best = i;
        if (total == 0 || scores[best] == 0)
            break;
        scores[best] = 0;
        json_array_append(found, json_array_get(tools, best));
    }
    return found;
}

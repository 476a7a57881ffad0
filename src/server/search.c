#include "search.h"

#include <ctype.h>
#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WEIGHT = 3, WORD_MAX = 64, QUERY_WORDS = 16 };

struct posting {
    size_t tool;
    unsigned weight; /* occurrences, those in the name several times */
};

struct word {
    GT_VEC(struct posting) postings;
};

struct gt_search {
    const struct gt_tool *const *tools;
    size_t count;
    struct gt_map words;
    double *lengths, mean;
};

/* "order" for "orders", "category" for "categories". */
static size_t singular(char *word, size_t len)
{
    if (len > 4 && strncmp(word + len - 3, "ies", 3) == 0) {
        word[len - 3] = 'y';
        return len - 2;
    }
    return len > 3 && word[len - 1] == 's' && word[len - 2] != 's' ? len - 1 : len;
}

/* The next word of a text in lower case and singular. False at the end. */
static bool next_word(const char **text, char word[WORD_MAX])
{
    const char *at = *text;
    while (*at != '\0' && !isalnum((unsigned char)*at) && (unsigned char)*at < 0x80)
        at++;
    size_t len = 0;
    for (; *at != '\0' && (isalnum((unsigned char)*at) || (unsigned char)*at >= 0x80); at++)
        if (len < WORD_MAX - 1)
            word[len++] = (char)tolower((unsigned char)*at);
    len = singular(word, len);
    word[len] = '\0';
    *text = at;
    return len > 0;
}

static void add(struct gt_search *search, struct gt_arena *arena, size_t tool, const char *text,
                unsigned weight)
{
    char buffer[WORD_MAX];
    while (text != NULL && next_word(&text, buffer)) {
        struct word *word = gt_map_get(&search->words, buffer);
        if (word == NULL) {
            word = GT_NEW(arena, struct word);
            gt_map_set(&search->words, buffer, word);
        }
        size_t len = word->postings.len;
        if (len == 0 || word->postings.at[len - 1].tool != tool)
            *GT_PUSH(arena, &word->postings) = (struct posting){tool, 0};
        word->postings.at[word->postings.len - 1].weight += weight;
        search->lengths[tool] += weight;
    }
}

struct gt_search *gt_search_new(struct gt_arena *arena, const struct gt_tool *const *tools,
                                size_t count)
{
    struct gt_search *search = GT_NEW(arena, struct gt_search);
    search->tools = tools;
    search->count = count;
    search->words = gt_map_init(arena);
    search->lengths = gt_calloc(arena, count + 1, sizeof(*search->lengths));
    for (size_t i = 0; i < count; i++) {
        add(search, arena, i, tools[i]->name, NAME_WEIGHT);
        add(search, arena, i, tools[i]->title, NAME_WEIGHT);
        add(search, arena, i, tools[i]->category, 1);
        add(search, arena, i, tools[i]->description, 1);
        search->mean += search->lengths[i] / (double)count;
    }
    return search;
}

/* Robertson's BM25 with the usual constants. */
static double score(const struct gt_search *search, const struct word *word,
                    const struct posting *posting)
{
    const double k1 = 1.2, b = 0.75;
    double n = (double)search->count, df = (double)word->postings.len;
    double tf = posting->weight, length = search->lengths[posting->tool];
    double idf = log(1 + (n - df + 0.5) / (df + 0.5));
    return idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / search->mean));
}

static int by_score(const void *a, const void *b)
{
    const struct gt_found *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return strcmp(x->tool->name, y->tool->name);
}

size_t gt_search_find(const struct gt_search *search, struct gt_arena *arena, const char *query,
                      const char *category, struct gt_found *found, size_t most)
{
    char buffer[WORD_MAX];
    struct gt_found *all = gt_calloc(arena, search->count + 1, sizeof(*all));
    size_t len = 0;
    for (size_t i = 0; i < search->count; i++)
        all[i].tool = search->tools[i];
    for (int words = 0; words < QUERY_WORDS && next_word(&query, buffer); words++) {
        const struct word *word = gt_map_get(&search->words, buffer);
        for (size_t i = 0; word != NULL && i < word->postings.len; i++)
            all[word->postings.at[i].tool].score += score(search, word, &word->postings.at[i]);
    }
    for (size_t i = 0; i < search->count; i++)
        if (all[i].score > 0 && (category == NULL || gt_streq(category, all[i].tool->category)))
            all[len++] = all[i];
    if (len > 1)
        qsort(all, len, sizeof(*all), by_score);
    if (len > most)
        len = most;
    memcpy(found, all, len * sizeof(*all));
    return len;
}

/* The entry of this name in a list of {name, total, ...}; made at the end where it is not there. */
static json_t *entry(json_t *list, const char *name, const char *below)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (gt_streq(gt_text_at(item, "/name"), name)) return item;
    item = json_pack("{s:s, s:i, s:[]}", "name", name, "total", 0, below);
    json_array_append_new(list, item);
    return item;
}

static void count_one(json_t *item)
{
    json_object_set_new(item, "total",
                        json_integer(json_integer_value(json_object_get(item, "total")) + 1));
}

json_t *gt_tool_hierarchy(const struct gt_tool *const *tools, size_t count, size_t named)
{
    json_t *root = json_pack("{s:i, s:[]}", "total", (int)count, "tiers");
    for (size_t i = 0; i < count; i++) {
        json_t *tier = entry(json_object_get(root, "tiers"), tools[i]->tier, "categories");
        json_t *category = entry(json_object_get(tier, "categories"), tools[i]->category, "tools");
        count_one(tier);
        count_one(category);
        if (count <= named)
            json_array_append_new(json_object_get(category, "tools"), json_string(tools[i]->name));
        else
            json_object_del(category, "tools");
    }
    return root;
}

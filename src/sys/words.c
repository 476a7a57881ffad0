#include <gantry/sys/process.h>
#include <string.h>

/* Where reading stands; `word` is the room that the words are written to, one after another. */
struct reading {
    const char *at;
    char *word;
    const char *error;
};

static void read_single_quotes(struct reading *reading)
{
    const char *end = strchr(reading->at, '\'');
    if (end == NULL) {
        reading->error = "a single quote has no end";
        return;
    }
    while (reading->at < end)
        *reading->word++ = *reading->at++;
    reading->at++;
}

/* A backslash escapes only what has a meaning within double quotes. */
static void read_double_quotes(struct reading *reading)
{
    for (; *reading->at != '"'; reading->at++) {
        if (*reading->at == '\\' && reading->at[1] == '\n') {
            reading->at++;
            continue;
        }
        if (*reading->at == '\\' && reading->at[1] != '\0' && strchr("\"\\$`", reading->at[1]))
            reading->at++;
        if (*reading->at == '\0') {
            reading->error = "a double quote has no end";
            return;
        }
        *reading->word++ = *reading->at;
    }
    reading->at++;
}

static void read_escape(struct reading *reading)
{
    if (*reading->at == '\0') {
        reading->error = "nothing follows the last backslash";
        return;
    }
    if (*reading->at != '\n') /* a backslash and a line break are nothing */
        *reading->word++ = *reading->at;
    reading->at++;
}

static bool is_blank(char c)
{
    return c != '\0' && strchr(" \t\r\n", c) != NULL;
}

static void read_word(struct reading *reading)
{
    while (reading->error == NULL && *reading->at != '\0' && !is_blank(*reading->at)) {
        char c = *reading->at++;
        if (c == '\'')
            read_single_quotes(reading);
        else if (c == '"')
            read_double_quotes(reading);
        else if (c == '\\')
            read_escape(reading);
        else
            *reading->word++ = c;
    }
    *reading->word++ = '\0';
}

bool gt_words_split(struct gt_arena *arena, const char *text, char ***words, size_t *count,
                    const char **error)
{
    /* Each word is followed by a blank or the end, so the words with their NULs fit. */
    struct reading reading = {.at = text, .word = gt_alloc(arena, strlen(text) + 2)};
    GT_VEC(char *) found = {0};
    for (;;) {
        while (is_blank(*reading.at))
            reading.at++;
        if (*reading.at == '\0')
            break;
        *GT_PUSH(arena, &found) = reading.word;
        read_word(&reading);
        if (reading.error != NULL) {
            *error = reading.error;
            return false;
        }
    }
    size_t len = found.len;
    *GT_PUSH(arena, &found) = NULL;
    *words = found.at;
    *count = len;
    return true;
}

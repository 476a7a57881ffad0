#include "reference.h"

#include <string.h>

/* The next ${ that is a reference, or NULL. */
static const char *next_reference(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, "$${", 3) == 0)
            text += 2;
        else if (strncmp(text, "${", 2) == 0)
            return text;
    }
    return NULL;
}

bool gt_model_reference_in(const char *text)
{
    return next_reference(text) != NULL;
}

bool gt_model_reference_whole(const char *text)
{
    if (next_reference(text) != text)
        return false;
    const char *close = strchr(text, '}');
    return close != NULL && close[1] == '\0';
}

const char *gt_model_reference_literal(struct gt_arena *arena, const char *text)
{
    if (strstr(text, "$${") == NULL)
        return text;
    char *out = gt_alloc(arena, strlen(text) + 1), *to = out;
    for (; *text != '\0'; *to++ = *text++)
        if (strncmp(text, "$${", 3) == 0)
            text++;
    return out;
}

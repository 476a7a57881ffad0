/*
 * The words of a command with parameters in them. A parameter stands for itself as it is, whatever
 * bytes it has: it never becomes several words, except for a list that is a word of its own.
 */
#ifndef GANTRY_SERVER_REDIS_WORDS_H
#define GANTRY_SERVER_REDIS_WORDS_H

#include "link.h"

struct gt_redis_piece {
    const char *text; /* NULL: a parameter */
    const char *name;
};

struct gt_redis_template { /* of one word */
    GT_VEC(struct gt_redis_piece) pieces;
};

/* Reads $NAME and ${NAME}; $$ is $, and so is a $ that no name follows. Names are a letter or '_',
 * then letters, digits and '_'. False when a ${ has no name and } behind it. */
bool gt_redis_template_parse(struct gt_arena *arena, const char *text,
                             struct gt_redis_template *word);

/* Whether the word is fixed: has no parameter in it. */
bool gt_redis_template_is_fixed(const struct gt_redis_template *word);

/* The parameter that the whole word is, or NULL. */
const char *gt_redis_template_only(const struct gt_redis_template *word);

/*
 * Adds the words that a template stands for with these arguments: one; as many as the elements of a
 * list; none for a parameter that was not given and is the whole word. False with *missing set to a
 * parameter that was not given and is part of a word.
 */
bool gt_redis_template_fill(struct gt_arena *arena, const struct gt_redis_template *word,
                            const json_t *arguments, struct gt_redis_words *out,
                            const char **missing);

#endif

/* What is known of Redis' commands: which of them only read, and which cannot be sent over a
 * connection that calls share. */
#ifndef GANTRY_SERVER_REDIS_COMMANDS_H
#define GANTRY_SERVER_REDIS_COMMANDS_H

#include <stdbool.h>

enum {
    GT_REDIS_READS = 1,   /* changes nothing */
    GT_REDIS_REPEATS = 2, /* done twice is as done once */
    GT_REDIS_PAIRS = 4,   /* answers with names and values in turn */
    GT_REDIS_BLOCK = 8,   /* blocks where it has the word BLOCK */
    GT_REDIS_PARTS = 16   /* what it does depends on its second word */
};

struct gt_redis_command {
    const char *name;
    const char *part;    /* its second word; NULL: any other */
    unsigned flags;      /* 0: it writes, and nothing more is known of it */
    const char *refused; /* why it cannot be used, behind "it ..."; NULL: it can */
};

/* The row of a command, by its name and second word (NULL: it has none) in any case; never NULL. */
const struct gt_redis_command *gt_redis_command_find(const char *name, const char *part);

#endif

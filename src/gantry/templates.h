/* The starter manifests of templates/, compiled in. */
#ifndef GANTRY_PROGRAM_TEMPLATES_H
#define GANTRY_PROGRAM_TEMPLATES_H

struct gt_starter {
    const char *name, *text; /* the text's first line is a comment that says what it is */
};

/* By name; ends with a NULL name. */
extern const struct gt_starter gt_starters[];

#endif

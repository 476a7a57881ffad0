/*
 * The dialect of INI that the AWS tools share: sections, `key = value`, comments, values that go on
 * in indented lines, and settings nested one level below a key without a value. Source: AWS SDKs
 * and Tools Reference Guide, "Shared config and credentials files".
 */
#ifndef GANTRY_AWS_INI_H
#define GANTRY_AWS_INI_H

#include <gantry/base/diag.h>

struct gt_ini_setting {
    const char *key;   /* lower case */
    const char *outer; /* nested: the key that it stands below; else NULL */
    char *value;       /* without the white space around it */
    unsigned line;
};

struct gt_ini_section {
    const char *name; /* as typed between the brackets, trimmed */
    unsigned line;
    GT_VEC(struct gt_ini_setting) settings;
};

struct gt_ini {
    const char *file;
    GT_VEC(struct gt_ini_section) sections; /* each name once; what repeats is merged */
};

/*
 * Every malformed line is an error with its position; none of them is quoted, since it may hold a
 * secret. Values are wiped when the arena is freed. `text` is changed and wiped.
 */
bool gt_ini_parse(struct gt_arena *arena, const char *file, char *text, size_t len,
                  struct gt_ini **out, struct gt_diags *diags);

/* The value; NULL when it is not set or empty. outer NULL: not nested. The last of several counts.
 */
const char *gt_ini_get(const struct gt_ini_section *section, const char *outer, const char *key);

const struct gt_ini_section *gt_ini_section(const struct gt_ini *ini, const char *name);

#endif

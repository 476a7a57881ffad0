/*
 * What comes into a document from outside of it: ${env.NAME} and ${file.PATH}. Where variables and
 * files are found is the caller's business, so that this layer stays pure.
 */
#ifndef GANTRY_DOC_OUTSIDE_H
#define GANTRY_DOC_OUTSIDE_H

#include <gantry/base/diag.h>

/* Borrowed strings; NULL: not there. A file's error goes to diags. Functions may be NULL. */
struct gt_resolver {
    const char *(*env)(void *self, const char *name);
    const char *(*file)(void *self, const char *path, struct gt_diags *diags);
    void *self;
};

/* The variable or the file's text as a JSON string (new reference in *value), or an error without a
 * position: unset-environment, bad-environment, bad-file, or the resolver's own. The value itself
 * is in no message. */
bool gt_outside_env(const struct gt_resolver *resolver, const char *name, json_t **value,
                    struct gt_diags *diags);
bool gt_outside_file(const struct gt_resolver *resolver, const char *path, json_t **value,
                     struct gt_diags *diags);

#endif

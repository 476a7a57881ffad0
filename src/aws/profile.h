/* What the credential providers need of the shared files besides the public functions. */
#ifndef GANTRY_AWS_PROFILE_H
#define GANTRY_AWS_PROFILE_H

#include <gantry/aws/credentials.h>

enum gt_profile_file { GT_PROFILE_CREDENTIALS, GT_PROFILE_CONFIG };

/* The selected profile's name. */
const char *gt_profile_name(const struct gt_profile *profile);

bool gt_profile_exists(const struct gt_profile *profile, const char *name);

/* A setting of the profile `name`; the credentials file wins over the config file. NULL: not set.
 */
const char *gt_profile_of(const struct gt_profile *profile, const char *name, const char *key);

/* The same, from one of the two files only. */
const char *gt_profile_of_file(const struct gt_profile *profile, enum gt_profile_file file,
                               const char *name, const char *key);

/* The file's path, whether it exists or not. */
const char *gt_profile_path(const struct gt_profile *profile, enum gt_profile_file file);

/* Replaces "~/" at the beginning by the home folder, where that is known. */
const char *gt_home_path(struct gt_arena *arena, const struct gt_sys *sys, const char *path);

#endif

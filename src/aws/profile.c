#include "profile.h"
#include "ini.h"
#include <ctype.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <string.h>

static const size_t max_file = (size_t)4 << 20;

struct gt_profile {
    struct gt_arena *arena;
    const char *name;
    const char *paths[2];
    struct gt_ini *files[2]; /* NULL: no such file */
};

const char *gt_home_path(struct gt_arena *arena, const struct gt_sys *sys, const char *path)
{
    const char *home = gt_env(sys, "HOME");
    if (home == NULL || !gt_starts_with(path, "~/"))
        return path;
    return gt_printf(arena, "%s%s", home, path + 1);
}

static const char *chosen_path(struct gt_arena *arena, const struct gt_sys *sys,
                               const char *variable, const char *usual)
{
    const char *path = gt_env(sys, variable);
    return gt_home_path(arena, sys, path != NULL ? path : usual);
}

/* The second word of a section's name ("profile dev" and "profile"), with or without quotes. */
static const char *name_after(const char *section, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(section, word, len) != 0 || !isspace((unsigned char)section[len]))
        return NULL;
    section += len;
    while (isspace((unsigned char)*section))
        section++;
    return section;
}

static bool same_name(const char *typed, const char *name)
{
    size_t len = strlen(typed);
    bool quoted = len >= 2 && (typed[0] == '"' || typed[0] == '\'') && typed[len - 1] == typed[0];
    if (!quoted)
        return gt_streq(typed, name);
    return strlen(name) == len - 2 && strncmp(typed + 1, name, len - 2) == 0;
}

static const char *profile_of_section(enum gt_profile_file file, const char *section)
{
    if (file == GT_PROFILE_CREDENTIALS || gt_streq(section, "default"))
        return section;
    return name_after(section, "profile");
}

const char *gt_profile_of_file(const struct gt_profile *profile, enum gt_profile_file file,
                               const char *name, const char *key)
{
    const struct gt_ini *ini = profile == NULL ? NULL : profile->files[file];
    const char *value = NULL;
    /* [profile default] comes before [default], so it may not be overwritten by it. */
    for (size_t i = 0; ini != NULL && i < ini->sections.len; i++) {
        const struct gt_ini_section *section = &ini->sections.at[i];
        const char *typed = profile_of_section(file, section->name);
        if (typed == NULL || !same_name(typed, name))
            continue;
        const char *found = gt_ini_get(section, NULL, key);
        if (found != NULL && (value == NULL || typed != section->name))
            value = found;
    }
    return value;
}

const char *gt_profile_of(const struct gt_profile *profile, const char *name, const char *key)
{
    const char *value = gt_profile_of_file(profile, GT_PROFILE_CREDENTIALS, name, key);
    return value != NULL ? value : gt_profile_of_file(profile, GT_PROFILE_CONFIG, name, key);
}

bool gt_profile_exists(const struct gt_profile *profile, const char *name)
{
    for (enum gt_profile_file file = GT_PROFILE_CREDENTIALS; file <= GT_PROFILE_CONFIG; file++) {
        const struct gt_ini *ini = profile == NULL ? NULL : profile->files[file];
        for (size_t i = 0; ini != NULL && i < ini->sections.len; i++) {
            const char *typed = profile_of_section(file, ini->sections.at[i].name);
            if (typed != NULL && same_name(typed, name))
                return true;
        }
    }
    return false;
}

const char *gt_profile_path(const struct gt_profile *profile, enum gt_profile_file file)
{
    return profile->paths[file];
}

const char *gt_profile_name(const struct gt_profile *profile)
{
    return profile == NULL ? "default" : profile->name;
}

static bool load_file(struct gt_profile *profile, enum gt_profile_file file, struct gt_diags *diags)
{
    char *text = NULL;
    size_t len = 0;
    switch (gt_file_read(profile->arena, profile->paths[file], max_file, &text, &len, diags)) {
    case GT_READ_ABSENT:
        return true;
    case GT_READ_FAILED:
        return false;
    case GT_READ_OK:
        break;
    }
    return gt_ini_parse(profile->arena, profile->paths[file], text, len, &profile->files[file],
                        diags);
}

static const char *nearest_profile(struct gt_arena *arena, const struct gt_profile *profile,
                                   const char *name)
{
    GT_VEC(const char *) names = {0};
    for (enum gt_profile_file file = GT_PROFILE_CREDENTIALS; file <= GT_PROFILE_CONFIG; file++) {
        const struct gt_ini *ini = profile->files[file];
        for (size_t i = 0; ini != NULL && i < ini->sections.len; i++) {
            const char *typed = profile_of_section(file, ini->sections.at[i].name);
            if (typed != NULL)
                *GT_PUSH(arena, &names) = typed;
        }
    }
    *GT_PUSH(arena, &names) = NULL;
    return gt_nearest(name, names.at);
}

static void unknown_profile(const struct gt_profile *profile, const char *name,
                            const char *asked_by, struct gt_diags *diags)
{
    struct gt_diag *diag = gt_error(
        diags, "unknown-profile", "profile \"%s\" (%s) is neither in %s nor in %s", name, asked_by,
        profile->paths[GT_PROFILE_CONFIG], profile->paths[GT_PROFILE_CREDENTIALS]);
    const char *near = nearest_profile(diags->arena, profile, name);
    diag->hint = near == NULL ? "aws configure list-profiles lists those that there are"
                              : gt_printf(diags->arena, "did you mean \"%s\"?", near);
}

bool gt_profile_load(struct gt_arena *arena, const struct gt_sys *sys, const char *name,
                     struct gt_profile **out, struct gt_diags *diags)
{
    struct gt_profile *profile = GT_NEW(arena, struct gt_profile);
    profile->arena = arena;
    profile->paths[GT_PROFILE_CONFIG] = chosen_path(arena, sys, "AWS_CONFIG_FILE", "~/.aws/config");
    profile->paths[GT_PROFILE_CREDENTIALS] =
        chosen_path(arena, sys, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
    const char *asked_by = "asked for by name";
    for (size_t i = 0; name == NULL && i < GT_COUNT(variables); i++) {
        name = gt_env(sys, variables[i]);
        asked_by = variables[i];
    }
    profile->name = gt_strdup(arena, name != NULL ? name : "default");

    bool config = load_file(profile, GT_PROFILE_CONFIG, diags);
    bool credentials = load_file(profile, GT_PROFILE_CREDENTIALS, diags);
    if (!config || !credentials)
        return false;
    if (name != NULL && !gt_profile_exists(profile, name)) {
        unknown_profile(profile, name, asked_by, diags);
        return false;
    }
    *out = profile;
    return true;
}

const char *gt_profile_get(const struct gt_profile *profile, const char *key)
{
    return profile == NULL ? NULL : gt_profile_of(profile, profile->name, key);
}

/* "services my-services" however many blanks and whatever quotes the file has. */
static bool same_section(const char *typed, const char *wanted)
{
    if (gt_streq(typed, wanted))
        return true;
    const char *space = strchr(wanted, ' ');
    if (space == NULL)
        return false;
    char word[64] = "";
    size_t len = (size_t)(space - wanted);
    if (len >= sizeof(word))
        return false;
    memcpy(word, wanted, len);
    const char *name = name_after(typed, word);
    return name != NULL && same_name(name, space + 1);
}

const char *gt_profile_section(const struct gt_profile *profile, const char *section,
                               const char *sub, const char *key)
{
    const struct gt_ini *ini = profile == NULL ? NULL : profile->files[GT_PROFILE_CONFIG];
    const char *value = NULL;
    for (size_t i = 0; value == NULL && ini != NULL && i < ini->sections.len; i++)
        if (same_section(ini->sections.at[i].name, section))
            value = gt_ini_get(&ini->sections.at[i], sub, key);
    return value;
}

const char *gt_region_configured(const struct gt_sys *sys, const struct gt_profile *profile)
{
    const char *region = gt_env(sys, "AWS_REGION");
    if (region == NULL)
        region = gt_env(sys, "AWS_DEFAULT_REGION");
    return region != NULL ? region : gt_profile_get(profile, "region");
}

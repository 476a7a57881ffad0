#include "fault.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const struct reason {
    int error;
    const char *code, *hint;
} reasons[] = {
    {EACCES, "no-permission", "check who may read and write the file and its folder"},
    {EPERM, "no-permission", "check who may read and write the file and its folder"},
    {EROFS, "no-permission", "the file system is mounted read-only"},
    {ENOSPC, "no-space", "free some space; what was there before is untouched"},
    {EDQUOT, "no-space", "free some of the quota; what was there before is untouched"},
    {EFBIG, "no-space", "the limit on file sizes is reached (ulimit -f)"},
    {ENOENT, "file-error", "check the path; its folder must exist"},
    {ENOTDIR, "file-error", "a part of the path is a file, not a folder"},
    {EISDIR, "file-error", "the path names a folder, not a file"},
    {ELOOP, "file-error",
     "the path is a symbolic link that may not be followed, or a loop of them"},
    {EMFILE, "file-error", "raise the limit on open files (ulimit -n)"},
    {ENOLCK, "file-error", "the file system does not support locks; use a local one"},
    {EOPNOTSUPP, "file-error", "the file system does not support this; use a local one"},
};

const char *gt_fault_text(struct gt_arena *arena, int error)
{
    char text[256];
    if (strerror_r(error, text, sizeof(text)) != 0)
        return gt_printf(arena, "error %d", error);
    if (isupper((unsigned char)text[0]) && !isupper((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
    return gt_strdup(arena, text);
}

bool gt_fault(struct gt_diags *diags, int error, const char *what, const char *path)
{
    const struct reason *reason = NULL;
    for (size_t i = 0; i < GT_COUNT(reasons) && reason == NULL; i++)
        if (reasons[i].error == error)
            reason = &reasons[i];
    struct gt_diag *diag = gt_error(diags, reason == NULL ? "file-error" : reason->code,
                                    "%s %s: %s", what, path, gt_fault_text(diags->arena, error));
    diag->hint = reason == NULL ? NULL : reason->hint;
    return false;
}

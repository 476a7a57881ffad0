/* URI references of any scheme against a base. Source: RFC 3986, section 5.2. */
#ifndef GANTRY_SRC_SCHEMA_URI_H
#define GANTRY_SRC_SCHEMA_URI_H

#include <gantry/base/arena.h>

/* `reference` without its fragment, resolved against `base`, which has none and may be "". */
char *gt_uri_resolve(struct gt_arena *arena, const char *base, const char *reference);

/* What stands behind the '#' (percent-decoded), or "". */
const char *gt_uri_fragment(struct gt_arena *arena, const char *reference);

#endif

/* The attributes of a user pool's users: the standard ones and those of the pool. */
#ifndef GANTRY_CLOUD_USER_POOL_SCHEMA_H
#define GANTRY_CLOUD_USER_POOL_SCHEMA_H

#include "../serve.h"

/* SchemaAttributes of a new pool: the standard ones as the input's Schema changes them, and its own
 * ones. New reference; NULL after failing. */
json_t *gt_pool_schema(struct gt_serve *call);

/* Appends custom attributes to SchemaAttributes; false after failing, with some of them there. */
bool gt_pool_schema_add(struct gt_serve *call, json_t *attributes, const json_t *custom);

#endif

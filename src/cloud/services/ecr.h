/* What the handlers of ECR's repositories and of its images share. */
#ifndef GANTRY_CLOUD_ECR_H
#define GANTRY_CLOUD_ECR_H

#include "services.h"

/* "000000000000.dkr.ecr.us-east-1.amazonaws.com" */
const char *gt_registry_host(struct gt_arena *arena, const char *account, const char *region);
/* The repository of the input's registryId (or the caller's); NULL after failing. */
struct gt_object *gt_repository_of(struct gt_serve *call, const char *name);

#endif

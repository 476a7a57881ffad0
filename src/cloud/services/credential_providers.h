/* What is special about OAuth 2.0 among the credential providers. */
#ifndef GANTRY_CLOUD_CREDENTIAL_PROVIDERS_H
#define GANTRY_CLOUD_CREDENTIAL_PROVIDERS_H

#include "services.h"

/* Whether the input fits its vendor, and the provider's own (NULL: a new one); false after failing
 * the call. */
bool gt_oauth_provider_check(struct gt_serve *call, const struct gt_object *provider);
/* Sets what the checked input says, and what the service adds. */
void gt_oauth_provider_configure(struct gt_serve *call, struct gt_object *provider);

#endif

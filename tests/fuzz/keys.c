/* Keys in JSON (src/aws): what a credential_process prints, and what the metadata services of
 * containers and instances answer. The document's texts are wiped, the copies are not. */
#include "fuzz.h"
#include "providers.h"

#include <string.h>

static const struct gt_keys_form forms[] = {
    {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId", false},
    {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId", false},
    {"accessKeyId", "secretAccessKey", "sessionToken", "expiration", NULL, true},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    for (size_t i = 0; i < GT_COUNT(forms); i++) {
        json_t *document = gt_keep(arena, json_loadb((const char *)data, size, 0, NULL));
        if (!json_is_object(document))
            break;
        const char *why = NULL;
        const struct gt_keys *keys = gt_keys_parse(arena, document, &forms[i], "fuzz", &why);
        fuzz_check((keys == NULL) == (why != NULL));
        if (keys == NULL)
            continue;
        fuzz_check(*keys->access_key_id != '\0' && keys->secret_access_key.len > 0);
        fuzz_check(keys->secret_access_key.len == strlen(keys->secret_access_key.bytes));
    }
    gt_arena_free(arena);
    return 0;
}

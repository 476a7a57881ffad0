#include <gantry/base/hash.h>

#include <gantry/base/str.h>
#include <openssl/evp.h>

char *gt_sha256_hex(struct gt_arena *arena, const void *bytes, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes, len, digest, &size, EVP_sha256(), NULL) != 1)
        gt_die("libcrypto has no SHA-256");
    return gt_hex(arena, digest, size);
}

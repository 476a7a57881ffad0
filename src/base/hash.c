#include <gantry/base/hash.h>

#include <gantry/base/str.h>
#include <openssl/evp.h>
#include <string.h>

char *gt_sha256_hex(struct gt_arena *arena, const void *bytes, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes, len, digest, &size, EVP_sha256(), NULL) != 1)
        gt_die("libcrypto has no SHA-256");
    return gt_hex(arena, digest, size);
}

char *gt_scrypt_hex(struct gt_arena *arena, const char *text, size_t len, const char *salt)
{
    unsigned char key[32];
    const uint64_t memory_max = 64 << 20;
    if (EVP_PBE_scrypt(text, len, (const unsigned char *)salt, strlen(salt), 16384, 8, 1,
                       memory_max, key, sizeof(key)) != 1)
        gt_die("libcrypto has no scrypt");
    return gt_hex(arena, key, sizeof(key));
}

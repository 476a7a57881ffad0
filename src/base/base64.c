#include <gantry/base/base64.h>

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

char *gt_base64(struct gt_arena *arena, const void *bytes, size_t len)
{
    if (len > INT_MAX / 2)
        gt_die("%zu bytes are too many for base64", len);
    unsigned char *text = gt_alloc(arena, (len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock(text, bytes, (int)len);
    return (char *)text;
}

bool gt_base64_decode(struct gt_arena *arena, const char *text, char **bytes, size_t *len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text), digits = strspn(text, alphabet), padding = size - digits;
    if (size % 4 != 0 || size > INT_MAX / 2 || padding > 2 || strspn(text + digits, "=") != padding)
        return false;
    unsigned char *decoded = gt_alloc(arena, size / 4 * 3 + 1);
    if (EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)size) < 0)
        return false;
    *len = size / 4 * 3 - padding;
    decoded[*len] = '\0';
    *bytes = (char *)decoded;
    return true;
}

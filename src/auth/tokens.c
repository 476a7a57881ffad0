#include "issuers.h"

#include <string.h>

/* A table of small sets: a token's digest says which, and within it the one that has been there
 * longest goes. Nobody without a key of the issuer gets anything into it. */
enum { DIGEST_LEN = 64, WAYS = 4, SETS = GT_TOKENS_MAX / WAYS };

struct entry {
    char digest[DIGEST_LEN];
    uint64_t generation; /* 0: free */
    int64_t until_ms;
    size_t size;
    json_t *claims;
};

struct gt_tokens {
    struct gt_arena *arena;
    struct entry *entries; /* SETS times WAYS; made with the first token */
    size_t bytes;
};

struct gt_tokens *gt_tokens_new(struct gt_arena *arena)
{
    struct gt_tokens *tokens = GT_NEW(arena, struct gt_tokens);
    tokens->arena = arena;
    return tokens;
}

static void release(struct gt_tokens *tokens, struct entry *entry)
{
    if (entry->generation == 0)
        return;
    json_decref(entry->claims);
    tokens->bytes -= entry->size;
    *entry = (struct entry){.generation = 0};
}

void gt_tokens_clear(struct gt_tokens *tokens)
{
    for (size_t i = 0; tokens->entries != NULL && i < (size_t)SETS * WAYS; i++)
        release(tokens, &tokens->entries[i]);
}

void gt_tokens_drop(struct gt_tokens *tokens, uint64_t generation)
{
    for (size_t i = 0; tokens->entries != NULL && i < (size_t)SETS * WAYS; i++)
        if (tokens->entries[i].generation == generation)
            release(tokens, &tokens->entries[i]);
}

static struct entry *set_of(const struct gt_tokens *tokens, const char *digest)
{
    size_t number = 0;
    for (size_t i = 0; i < 4; i++)
        number = number * 16 + (size_t)(digest[i] <= '9' ? digest[i] - '0' : digest[i] - 'a' + 10);
    return &tokens->entries[number % SETS * WAYS];
}

static bool is_of(const struct entry *entry, const char *digest, uint64_t generation)
{
    return entry->generation == generation && memcmp(entry->digest, digest, DIGEST_LEN) == 0;
}

json_t *gt_tokens_find(const struct gt_tokens *tokens, const char *digest, uint64_t generation,
                       int64_t now_ms)
{
    const struct entry *set = tokens->entries == NULL ? NULL : set_of(tokens, digest);
    for (size_t i = 0; set != NULL && i < WAYS; i++)
        if (is_of(&set[i], digest, generation) && now_ms < set[i].until_ms)
            return set[i].claims;
    return NULL;
}

void gt_tokens_add(struct gt_tokens *tokens, const char *digest, uint64_t generation,
                   json_t *claims, size_t size, int64_t now_ms)
{
    if (tokens->entries == NULL)
        tokens->entries = gt_calloc(tokens->arena, (size_t)SETS * WAYS, sizeof(struct entry));
    if (size > GT_TOKENS_BYTES - tokens->bytes)
        gt_tokens_clear(tokens);
    struct entry *set = set_of(tokens, digest), *place = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (is_of(&set[i], digest, generation)) {
            place = &set[i];
            break;
        }
        if (set[i].until_ms < place->until_ms)
            place = &set[i];
    }
    release(tokens, place);
    memcpy(place->digest, digest, DIGEST_LEN);
    place->generation = generation;
    place->until_ms = now_ms + GT_TOKENS_KEEP_MS;
    place->size = size;
    place->claims = json_incref(claims);
    tokens->bytes += size;
}

/* IAM policy documents (src/policy): checking, the canonical form (which is its own), comparison
 * and evaluation. */
#include "fuzz.h"

#include <gantry/policy/policy.h>
#include <string.h>

static void evaluate(const json_t *policy)
{
    json_auto_t *context = json_pack("{s:s, s:[s, s], s:s, s:s}", "aws:SourceAccount",
                                     "111122223333", "aws:TagKeys", "a", "b", "aws:SourceIp",
                                     "203.0.113.7", "aws:CurrentTime", "2026-01-17T12:34:56Z");
    const struct gt_access identity = {
        .action = "s3:GetObject", .resource = "arn:aws:s3:::bucket/a/b", .context = context};
    const struct gt_access trust = {.action = "sts:AssumeRole",
                                    .resource = "arn:aws:iam::111122223333:role/a",
                                    .principal_kind = "Service",
                                    .principal = "bedrock-agentcore.amazonaws.com",
                                    .context = context};
    const json_t *policies[] = {policy, policy};
    fuzz_check(gt_policy_evaluate(policies, 1, &identity) ==
               gt_policy_evaluate(policies, 2, &identity));
    fuzz_check(gt_policy_evaluate(policies, 1, &trust) == gt_policy_evaluate(policies, 2, &trust));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    json_auto_t *policy = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (policy == NULL)
        policy = json_stringn((const char *)data, size);
    if (policy != NULL) {
        bool ok = gt_policy_check(policy, size % 2 == 0, NULL, &diags);
        fuzz_check_told(ok, &diags);
        gt_policy_size(policy);
        fuzz_check(gt_policy_equal(policy, policy));
        evaluate(policy);
        json_auto_t *canonical = gt_policy_canonical(policy);
        if (canonical != NULL) {
            json_auto_t *again = gt_policy_canonical(canonical);
            fuzz_check(json_equal(canonical, again));
            fuzz_check(gt_policy_equal(policy, canonical));
        }
    }
    gt_arena_free(arena);
    return 0;
}

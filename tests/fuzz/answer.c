/* Answers of the services (src/aws, gt_decode), one target per protocol. The first byte chooses the
 * operation, the second the status; a line follows that is the value of a header, then the body. */
#include "codec.h"
#include "fuzz.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

static const struct gt_operation *const operations[][6] = {
    [GT_PROTOCOL_REST_JSON] = {&gt_op_bedrock_agentcore_control_GetGateway,
                               &gt_op_bedrock_agentcore_control_ListGatewayTargets,
                               &gt_op_bedrock_agentcore_control_GetAgentRuntime,
                               &gt_op_bedrock_agentcore_InvokeAgentRuntime, &gt_op_lambda_Invoke,
                               &gt_op_bedrock_agentcore_control_DeleteGateway},
    [GT_PROTOCOL_AWS_JSON] = {&gt_op_cognito_idp_DescribeUserPool,
                              &gt_op_cognito_idp_CreateUserPoolClient,
                              &gt_op_secretsmanager_GetSecretValue, &gt_op_ecr_DescribeImages,
                              &gt_op_logs_DescribeLogGroups, &gt_op_logs_DeleteLogGroup},
    [GT_PROTOCOL_QUERY] = {&gt_op_iam_GetRole, &gt_op_iam_ListRoles, &gt_op_iam_DeleteRole,
                           &gt_op_sts_AssumeRole, &gt_op_iam_SimulatePrincipalPolicy,
                           &gt_op_rds_DescribeDBClusters},
    [GT_PROTOCOL_REST_XML] = {&gt_op_s3_ListObjectsV2, &gt_op_s3_GetObject, &gt_op_s3_HeadObject,
                              &gt_op_s3_PutObject, &gt_op_s3_DeleteObject, &gt_op_s3_HeadBucket},
};

static const int statuses[] = {200, 200, 200, 204, 400, 403, 404, 500, 301};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct gt_arena *arena = gt_arena_new();
    const struct gt_operation *operation = operations[ANSWER_PROTOCOL][data[0] % 6];
    char *value = fuzz_text(arena, data + 2, size - 2);
    char *body = strchr(value, '\n');
    size_t body_len = body == NULL ? 0 : size - 2 - (size_t)(body + 1 - value);
    if (body != NULL)
        *body++ = '\0';
    const struct gt_header headers[] = {{"content-type", value},       {"x-amzn-errortype", value},
                                        {"x-amzn-requestid", value},   {"last-modified", value},
                                        {"content-length", value},     {"x-amz-meta-a", value},
                                        {"x-amzn-query-error", value}, {"x-amz-version-id", value}};
    const struct gt_http_response response = {
        .outcome = GT_HTTP_ANSWERED,
        .status = statuses[data[1] % GT_COUNT(statuses)],
        .headers = headers,
        .header_count = *value == '\0' ? 0 : GT_COUNT(headers),
        .body = body == NULL ? "" : gt_strndup(arena, body, body_len),
        .body_len = body_len};
    struct gt_decoded decoded = gt_decode(arena, operation, &response);
    fuzz_check((decoded.failure == GT_AWS_OK) == json_is_object(decoded.output));
    if (decoded.failure == GT_AWS_OK) {
        /* What can be read can be written: no text is anything but UTF-8. */
        fuzz_check(gt_json_canonical(arena, decoded.output) != NULL);
    } else {
        fuzz_check(decoded.code != NULL && *decoded.code != '\0');
        fuzz_check(decoded.message != NULL && strchr(decoded.message, '\n') == NULL);
        fuzz_check(gt_utf8_length(decoded.message) >= 0 && gt_utf8_length(decoded.code) >= 0);
    }
    gt_arena_free(arena);
    return 0;
}

/* Operations that the embedded cloud does not have, so that the table of fidelity is complete. */
#include "services.h"

#define CONTROL(op)                                                                                \
    {                                                                                              \
        .operation = &gt_op_bedrock_agentcore_control_##op, .fidelity = GT_ABSENT                  \
    }
#define LOGS(op)                                                                                   \
    {                                                                                              \
        .operation = &gt_op_logs_##op, .fidelity = GT_ABSENT                                       \
    }
#define OTHER(op)                                                                                  \
    {                                                                                              \
        .operation = &gt_op_##op, .fidelity = GT_ABSENT                                            \
    }

const struct gt_handler gt_absent_handlers[] = {
    CONTROL(BatchPutGatewayRateLimits),
    CONTROL(CreateGatewayRateLimit),
    CONTROL(CreateGatewayRule),
    CONTROL(CreatePolicy),
    CONTROL(CreatePolicyEngine),
    CONTROL(DeleteGatewayRateLimit),
    CONTROL(DeleteGatewayRule),
    CONTROL(DeletePolicy),
    CONTROL(DeletePolicyEngine),
    CONTROL(DeleteResourcePolicy),
    CONTROL(GetGatewayRateLimit),
    CONTROL(GetGatewayRule),
    CONTROL(GetPolicy),
    CONTROL(GetPolicyEngine),
    CONTROL(GetPolicyGeneration),
    CONTROL(GetResourcePolicy),
    CONTROL(ListGatewayRateLimits),
    CONTROL(ListGatewayRules),
    CONTROL(ListPolicies),
    CONTROL(ListPolicyEngines),
    CONTROL(ListPolicyGenerationAssets),
    CONTROL(ListPolicyGenerations),
    CONTROL(PutResourcePolicy),
    CONTROL(StartPolicyGeneration),
    CONTROL(UpdateGatewayRateLimit),
    CONTROL(UpdateGatewayRule),
    CONTROL(UpdatePolicy),
    CONTROL(UpdatePolicyEngine),
    LOGS(CreateDelivery),
    LOGS(DeleteDelivery),
    LOGS(DeleteDeliveryDestination),
    LOGS(DeleteDeliverySource),
    LOGS(DescribeDeliveries),
    LOGS(GetDelivery),
    LOGS(GetDeliveryDestination),
    LOGS(GetDeliverySource),
    LOGS(PutDeliveryDestination),
    LOGS(PutDeliverySource),
    OTHER(cloudwatch_GetMetricData),
    OTHER(lambda_GetFunction),
    OTHER(lambda_Invoke),
    OTHER(rds_DescribeDBClusters),
    OTHER(rds_data_BatchExecuteStatement),
    OTHER(rds_data_BeginTransaction),
    OTHER(rds_data_CommitTransaction),
    OTHER(rds_data_ExecuteStatement),
    OTHER(rds_data_RollbackTransaction),
    {.operation = NULL},
};

/* CloudWatch log groups. There is no call for one: it is read from the list by its name.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

static const char logs_lost[] = "the log group is made anew: its logs are lost";

static const struct gt_bind by_name[] = {
    {"logGroupName", GT_FROM_IDENTITY, "logGroupName"},
    {0},
};

/* A prefix finds more than the one. */
static const struct gt_bind by_prefix[] = {
    {"logGroupNamePrefix", GT_FROM_IDENTITY, "logGroupName"},
    {"limit", GT_FROM_JSON, "50"},
    {0},
};

static const struct gt_bind protect[] = {
    {"logGroupIdentifier", GT_FROM_IDENTITY, "logGroupName"},
    {0},
};

static const struct gt_bind unprotect[] = {
    {"logGroupIdentifier", GT_FROM_IDENTITY, "logGroupName"},
    {"deletionProtectionEnabled", GT_FROM_JSON, "false"},
    {0},
};

static const struct gt_bind by_arn[] = {
    {"resourceArn", GT_FROM_LIVE, "/logGroupArn"},
    {0},
};

static const char *const retention[] = {"retentionInDays", NULL};
static const char *const protection[] = {"deletionProtectionEnabled", NULL};

static const struct gt_step steps[] = {
    {.use = {.operation = &gt_op_logs_PutRetentionPolicy, .in = by_name},
     .properties = retention,
     .when = GT_STEP_SET,
     .on_create = true},
    {.use = {.operation = &gt_op_logs_DeleteRetentionPolicy, .in = by_name},
     .properties = retention,
     .when = GT_STEP_REMOVED},
    {.use = {.operation = &gt_op_logs_PutLogGroupDeletionProtection, .in = protect},
     .properties = protection,
     .when = GT_STEP_SET},
    {.use = {.operation = &gt_op_logs_PutLogGroupDeletionProtection, .in = unprotect},
     .properties = protection,
     .when = GT_STEP_REMOVED},
    {.use = {.operation = NULL}},
};

static const struct gt_identity identity[] = {
    {.name = "logGroupName", .property = "/logGroupName"},
    {.name = NULL},
};

static const struct gt_absence exists[] = {
    {.code = "ResourceAlreadyExistsException"},
    {.code = NULL},
};

static const struct gt_absence absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = NULL},
};

static const struct gt_transient transients[] = {
    {.code = "OperationAbortedException", .limit_ms = MINUTE, .pacing = true},
    {.code = "ServiceUnavailableException", .limit_ms = MINUTE},
    {.code = NULL},
};

static const struct gt_attr attributes[] = {
    {.path = "logGroupName", .flags = GT_ATTR_IMMUTABLE, .words = logs_lost},
    {.path = "logGroupClass", .flags = GT_ATTR_IMMUTABLE, .words = logs_lost},
    {.path = "kmsKeyId", .flags = GT_ATTR_IMMUTABLE, .words = logs_lost},
    {.path = NULL},
};

static const char *const outputs[] = {"logGroupName", "logGroupArn", "arn", NULL};

/* Tagging wants the ARN without the ":*" that `arn` ends in. */
static json_t *normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    const char *arn = json_string_value(json_object_get(live, "arn"));
    if (arn == NULL || json_object_get(live, "logGroupArn") != NULL)
        return live;
    size_t len = strlen(arn) - (gt_ends_with(arn, ":*") ? 2 : 0);
    json_object_set_new(live, "logGroupArn", json_stringn(arn, len));
    return live;
}

const struct gt_type gt_type_log_group = {
    .name = "log_group",
    .summary = "CloudWatch log group",
    .service = &gt_service_logs,
    .create = {.operation = &gt_op_logs_CreateLogGroup},
    .read = {.operation = &gt_op_logs_DescribeLogGroups, .in = by_prefix},
    .read_items = "/logGroups",
    .read_match = {{"/logGroupName", "logGroupName"}},
    .remove = {.operation = &gt_op_logs_DeleteLogGroup, .in = by_name},
    .appear_ms = 30 * SECOND,
    .steps = steps,
    .identity = identity,
    .exists = exists,
    .adopt_untagged = {"/logGroupName", "/aws/bedrock-agentcore/"},
    .absent = absent,
    .transients = transients,
    .attributes = attributes,
    .outputs = outputs,
    .arn = "logGroupArn",
    .arn_form = "log-group:{logGroupName+}",
    .tags = {.property = "tags",
             .form = GT_TAGS_MAP,
             .list = {.operation = &gt_op_logs_ListTagsForResource, .in = by_arn, .out = "/tags"},
             .tag = {.operation = &gt_op_logs_TagResource, .in = by_arn},
             .untag = {.operation = &gt_op_logs_UntagResource, .in = by_arn},
             .tag_member = "tags",
             .untag_member = "tagKeys"},
    .protection = "deletionProtectionEnabled",
    .protection_on = "true",
    .protection_off = "false",
    .normalize = normalize,
};

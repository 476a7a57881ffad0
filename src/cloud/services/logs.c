/* CloudWatch Logs: groups, and the lines that runtimes print.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
 */
#include "services.h"

#include "../data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <string.h>
#include <strings.h>

const struct gt_kind gt_kind_log_group = {.name = "log_group"};

static const char runtime_groups[] = "/aws/bedrock-agentcore/runtimes/";

/* -- groups -- */

static struct gt_object *add_group(struct gt_local *local, const char *account, const char *region,
                                   const char *name)
{
    struct gt_object *group =
        gt_object_new(local, &gt_kind_log_group, account, region, "", name,
                      json_pack("{s:s, s:s}", "logGroupName", name, "logGroupClass", "STANDARD"));
    gt_object_set_arn(group, gt_printf(group->arena, "arn:%s:logs:%s:%s:log-group:%s",
                                       gt_partition_of_region(region)->id, region, account, name));
    return group;
}

struct gt_object *gt_log_group_ensure(struct gt_local *local, const char *account,
                                      const char *region, const char *name)
{
    struct gt_object *group = gt_object_find(local, &gt_kind_log_group, account, region, "", name);
    return group != NULL ? group : add_group(local, account, region, name);
}

/* By name or ARN (with or without ":*"); NULL after failing. */
static struct gt_object *find(struct gt_serve *call, const char *identifier)
{
    struct gt_object *group = NULL;
    if (identifier != NULL && gt_starts_with(identifier, "arn:")) {
        size_t len = strlen(identifier);
        if (gt_ends_with(identifier, ":*"))
            len -= 2;
        group = gt_object_find_arn(call->local, gt_strndup(call->arena, identifier, len));
        if (group != NULL &&
            (group->kind != &gt_kind_log_group || !gt_streq(group->account, call->account) ||
             !gt_streq(group->region, call->region)))
            group = NULL;
    } else if (identifier != NULL) {
        group = gt_object_find(call->local, &gt_kind_log_group, call->account, call->region, "",
                               identifier);
    }
    if (group == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "The specified log group does not exist.");
    return group;
}

static json_t *create(struct gt_serve *call)
{
    static const char *const members[] = {"logGroupClass", "kmsKeyId", "deletionProtectionEnabled",
                                          NULL};
    const char *name = gt_input_text(call, "/logGroupName");
    if (strncasecmp(name, "aws/", 4) == 0)
        return gt_serve_fail(call, "InvalidParameterException",
                             "Log groups starting with AWS/ are reserved for AWS.");
    if (gt_object_find(call->local, &gt_kind_log_group, call->account, call->region, "", name) !=
        NULL)
        return gt_serve_fail(call, "ResourceAlreadyExistsException",
                             "The specified log group already exists");
    struct gt_object *group = add_group(call->local, call->account, call->region, name);
    gt_members_copy(group->data, call->input, members);
    json_object_update(group->tags, gt_at(call->input, "/tags"));
    return json_object();
}

static json_t *delete (struct gt_serve *call)
{
    struct gt_object *group = find(call, gt_input_text(call, "/logGroupName"));
    if (group == NULL)
        return NULL;
    if (json_is_true(json_object_get(group->data, "deletionProtectionEnabled")))
        return gt_serve_fail(call, "ValidationException",
                             "The log group has deletion protection enabled.");
    gt_object_remove(call->local, group);
    return json_object();
}

static bool is_listed(const struct gt_serve *call, const struct gt_object *group)
{
    const char *prefix = gt_input_text(call, "/logGroupNamePrefix"),
               *pattern = gt_input_text(call, "/logGroupNamePattern"),
               *wanted = gt_input_text(call, "/logGroupClass");
    const json_t *identifiers = gt_at(call->input, "/logGroupIdentifiers");
    bool named = identifiers == NULL;
    size_t index;
    json_t *identifier;
    json_array_foreach(gt_iterable(identifiers), index, identifier) named =
        named || gt_streq(json_string_value(identifier), group->id) ||
        gt_streq(json_string_value(identifier), group->arn);
    return named && (prefix == NULL || gt_starts_with(group->id, prefix)) &&
           (pattern == NULL ||
            strstr(gt_lower(call->arena, group->id), gt_lower(call->arena, pattern)) != NULL) &&
           (wanted == NULL || gt_streq(wanted, gt_text_at(group->data, "/logGroupClass")));
}

/* `arn` ends in ":*", `logGroupArn` does not. */
static json_t *describe(struct gt_serve *call)
{
    if (gt_at(call->input, "/logGroupNamePrefix") != NULL &&
        gt_at(call->input, "/logGroupNamePattern") != NULL)
        return gt_serve_fail(call, "InvalidParameterException",
                             "LogGroup name prefix and LogGroup name pattern are mutually "
                             "exclusive parameters.");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_log_group, call->account, call->region, NULL,
                                at)) != NULL) {
        if (!is_listed(call, at))
            continue;
        json_t *doc = json_copy(at->data);
        gt_set_text(doc, "arn", gt_printf(call->arena, "%s:*", at->arn));
        gt_set_text(doc, "logGroupArn", at->arn);
        json_object_set_new(doc, "creationTime", json_integer(at->created_ms));
        json_object_set_new(doc, "storedBytes", json_integer(0));
        json_object_set_new(doc, "metricFilterCount", json_integer(0));
        json_array_append_new(items, doc);
    }
    return gt_serve_page(call, items, "logGroupName");
}

static json_t *put_retention(struct gt_serve *call)
{
    static const int allowed[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                  365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
    int64_t days = gt_input_number(call, "/retentionInDays", 0);
    struct gt_object *group = find(call, gt_input_text(call, "/logGroupName"));
    if (group == NULL)
        return NULL;
    for (size_t i = 0; i < GT_COUNT(allowed); i++) {
        if (allowed[i] != days)
            continue;
        json_object_set_new(group->data, "retentionInDays", json_integer(days));
        gt_object_touch(call->local, group);
        return json_object();
    }
    return gt_serve_fail(call, "InvalidParameterException",
                         "1 validation error detected: Value '%lld' at 'retentionInDays' failed to "
                         "satisfy constraint: Member must satisfy enum value set",
                         (long long)days);
}

static json_t *delete_retention(struct gt_serve *call)
{
    struct gt_object *group = find(call, gt_input_text(call, "/logGroupName"));
    if (group == NULL)
        return NULL;
    json_object_del(group->data, "retentionInDays");
    gt_object_touch(call->local, group);
    return json_object();
}

static json_t *put_protection(struct gt_serve *call)
{
    struct gt_object *group = find(call, gt_input_text(call, "/logGroupIdentifier"));
    if (group == NULL)
        return NULL;
    json_object_set(group->data, "deletionProtectionEnabled",
                    json_object_get(call->input, "deletionProtectionEnabled"));
    gt_object_touch(call->local, group);
    return json_object();
}

/* -- tags: by the ARN without ":*", which the model's pattern refuses -- */

static struct gt_object *tagged(struct gt_serve *call)
{
    return find(call, gt_input_text(call, "/resourceArn"));
}

static json_t *tag(struct gt_serve *call)
{
    struct gt_object *group = tagged(call);
    if (group == NULL)
        return NULL;
    if (!gt_tags_add(call->local, group, gt_at(call->input, "/tags")))
        return gt_serve_fail(call, "TooManyTagsException",
                             "The resource can have no more than 50 tags.");
    return json_object();
}

static json_t *untag(struct gt_serve *call)
{
    struct gt_object *group = tagged(call);
    if (group == NULL)
        return NULL;
    gt_tags_remove(call->local, group, gt_at(call->input, "/tagKeys"));
    return json_object();
}

static json_t *list_tags(struct gt_serve *call)
{
    struct gt_object *group = tagged(call);
    return group != NULL ? json_pack("{s:o}", "tags", json_deep_copy(group->tags)) : NULL;
}

/* -- events -- */

/* What the runtime of ".../runtimes/ID-ENDPOINT" printed. The id ends in ten characters. */
static json_t *runtime_lines(struct gt_serve *call, const struct gt_object *group)
{
    if (!gt_starts_with(group->id, runtime_groups))
        return json_array();
    const char *name = group->id + strlen(runtime_groups), *dash = strrchr(name, '-');
    return dash == NULL
               ? json_array()
               : gt_runtime_log_lines(call->local, call->account, call->region,
                                      gt_strndup(call->arena, name, (size_t)(dash - name)));
}

static bool is_wanted(const struct gt_serve *call, const json_t *line)
{
    const char *pattern = gt_input_text(call, "/filterPattern");
    json_int_t when = json_integer_value(json_object_get(line, "timestamp"));
    if (when < gt_input_number(call, "/startTime", 0) ||
        when > gt_input_number(call, "/endTime", INT64_MAX))
        return false;
    if (pattern == NULL || *pattern == '\0')
        return true;
    size_t len = strlen(pattern);
    bool quoted = len >= 2 && pattern[0] == '"' && pattern[len - 1] == '"';
    const char *text = quoted ? gt_strndup(call->arena, pattern + 1, len - 2) : pattern;
    return strstr(gt_text_at(line, "/message"), text) != NULL;
}

static json_t *filter(struct gt_serve *call)
{
    const char *identifier = gt_input_text(call, "/logGroupName");
    if (identifier == NULL)
        identifier = gt_input_text(call, "/logGroupIdentifier");
    struct gt_object *group = find(call, identifier);
    if (group == NULL)
        return NULL;
    json_auto_t *lines = runtime_lines(call, group);
    json_auto_t *items = json_array();
    size_t index;
    json_t *line;
    json_array_foreach(lines, index, line)
    {
        const char *version = gt_text_at(line, "/version"), *from = gt_text_at(line, "/stream");
        const char *stream = gt_printf(call->arena, "[runtime-logs]%s-%s",
                                       version != NULL ? version : "1", from != NULL ? from : "");
        if (!is_wanted(call, line))
            continue;
        json_array_append_new(items, json_pack("{s:s, s:O, s:O, s:O, s:s}", "logStreamName", stream,
                                               "timestamp", json_object_get(line, "timestamp"),
                                               "message", json_object_get(line, "message"),
                                               "ingestionTime", json_object_get(line, "timestamp"),
                                               "eventId", gt_printf(call->arena, "%032zu", index)));
    }
    json_t *output = gt_serve_page(call, items, "eventId");
    if (output != NULL)
        json_object_set_new(output, "searchedLogStreams", json_array());
    return output;
}

#define GROUPS "arn:{partition}:logs:{region}:{account}:log-group:*"
#define GROUP "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}"

const struct gt_handler gt_log_handlers[] = {
    {.operation = &gt_op_logs_CreateLogGroup,
     .run = create,
     .fidelity = GT_MODELLED,
     .resource = GROUP},
    {.operation = &gt_op_logs_DeleteLogGroup,
     .run = delete,
     .fidelity = GT_MODELLED,
     .resource = GROUP},
    {.operation = &gt_op_logs_DescribeLogGroups,
     .run = describe,
     .fidelity = GT_MODELLED,
     .note = "linked accounts are not looked at",
     .resource = GROUPS},
    {.operation = &gt_op_logs_PutRetentionPolicy,
     .run = put_retention,
     .fidelity = GT_MODELLED,
     .resource = GROUP},
    {.operation = &gt_op_logs_DeleteRetentionPolicy,
     .run = delete_retention,
     .fidelity = GT_MODELLED,
     .resource = GROUP},
    {.operation = &gt_op_logs_PutLogGroupDeletionProtection,
     .run = put_protection,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_logs_TagResource,
     .run = tag,
     .fidelity = GT_MODELLED,
     .resource = "{resourceArn}"},
    {.operation = &gt_op_logs_UntagResource,
     .run = untag,
     .fidelity = GT_MODELLED,
     .resource = "{resourceArn}"},
    {.operation = &gt_op_logs_ListTagsForResource,
     .run = list_tags,
     .fidelity = GT_MODELLED,
     .resource = "{resourceArn}"},
    {.operation = &gt_op_logs_FilterLogEvents,
     .run = filter,
     .fidelity = GT_GUESSED,
     .note = "the last lines of runtimes' servers; a pattern is a piece of text; streams are not "
             "told apart"},
    {.operation = NULL},
};

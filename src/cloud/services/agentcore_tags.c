/* Tags of AgentCore objects, by ARN. Targets have none. The model's pattern for ARNs allows no
 * digit in "oauth2credentialprovider": the tags that such a provider was made with can be neither
 * read nor changed.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_TagResource.html
 */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

static struct gt_object *find(struct gt_serve *call)
{
    static const struct gt_kind *const tagged[] = {
        &gt_kind_gateway,        &gt_kind_runtime,          &gt_kind_runtime_endpoint,
        &gt_kind_oauth_provider, &gt_kind_api_key_provider, &gt_kind_workload_identity,
    };
    const char *arn = gt_input_text(call, "/resourceArn");
    struct gt_object *object = gt_object_find_arn(call->local, arn);
    for (size_t i = 0; object != NULL && i < GT_COUNT(tagged); i++) {
        if (object->kind == tagged[i] && gt_streq(object->account, call->account) &&
            gt_streq(object->region, call->region))
            return object;
    }
    gt_serve_fail(call, "ResourceNotFoundException", "Resource %s not found", arn);
    return NULL;
}

static json_t *tag(struct gt_serve *call)
{
    struct gt_object *object = find(call);
    if (object == NULL || !gt_check_tags(call))
        return NULL;
    if (!gt_tags_add(call->local, object, gt_at(call->input, "/tags")))
        return gt_serve_fail(call, "ServiceQuotaExceededException",
                             "A resource can have at most 50 tags");
    return json_object();
}

static json_t *untag(struct gt_serve *call)
{
    struct gt_object *object = find(call);
    if (object == NULL)
        return NULL;
    gt_tags_remove(call->local, object, gt_at(call->input, "/tagKeys"));
    return json_object();
}

static json_t *list(struct gt_serve *call)
{
    struct gt_object *object = find(call);
    return object != NULL ? json_pack("{s:o}", "tags", json_deep_copy(object->tags)) : NULL;
}

const struct gt_handler gt_agentcore_tag_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_TagResource,
     .run = tag,
     .fidelity = GT_MODELLED,
     .resource = "{resourceArn}"},
    {.operation = &gt_op_bedrock_agentcore_control_UntagResource,
     .run = untag,
     .fidelity = GT_MODELLED,
     .resource = "{resourceArn}"},
    {.operation = &gt_op_bedrock_agentcore_control_ListTagsForResource,
     .run = list,
     .fidelity = GT_MODELLED,
     .resource = "{resourceArn}"},
    {.operation = NULL},
};

/* CloudWatch: alarms and dashboards as they are written; nothing is measured.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
 */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

const struct gt_kind gt_kind_alarm = {.name = "alarm"};
const struct gt_kind gt_kind_dashboard = {.name = "dashboard"};

/* -- alarms -- */

static bool check_alarm(struct gt_serve *call)
{
    static const char *const missing[] = {"breaching", "notBreaching", "ignore", "missing"};
    bool metric = gt_at(call->input, "/MetricName") != NULL,
         metrics = gt_at(call->input, "/Metrics") != NULL,
         criteria = gt_at(call->input, "/EvaluationCriteria") != NULL,
         statistic = gt_at(call->input, "/Statistic") != NULL,
         extended = gt_at(call->input, "/ExtendedStatistic") != NULL;
    int64_t period = gt_input_number(call, "/Period", 60);
    const char *treat = gt_input_text(call, "/TreatMissingData"), *problem = NULL;
    bool known = treat == NULL;
    for (size_t i = 0; i < GT_COUNT(missing); i++)
        known = known || gt_streq(treat, missing[i]);
    if (metric + metrics + criteria != 1)
        problem = "An alarm needs one of MetricName, Metrics and EvaluationCriteria";
    else if (metric && statistic == extended)
        problem = "An alarm on MetricName needs one of Statistic and ExtendedStatistic";
    else if (metric && gt_at(call->input, "/Period") == NULL)
        problem = "An alarm on MetricName needs a Period";
    else if (period != 10 && period != 20 && period != 30 && period % 60 != 0)
        problem = "Period must be 10, 20, 30 or a multiple of 60";
    else if (!known)
        problem = "TreatMissingData must be breaching, notBreaching, ignore or missing";
    if (problem != NULL)
        gt_serve_fail(call, "ValidationError", "%s", problem);
    return problem == NULL;
}

/* Overwrites all of an alarm; tags only when it is new. */
static json_t *put_alarm(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/AlarmName");
    if (!check_alarm(call))
        return NULL;
    struct gt_object *alarm =
        gt_object_find(call->local, &gt_kind_alarm, call->account, call->region, "", name);
    bool fresh = alarm == NULL;
    if (fresh) {
        alarm =
            gt_object_new(call->local, &gt_kind_alarm, call->account, call->region, "", name, NULL);
        gt_object_set_arn(
            alarm, gt_serve_arn(call, "cloudwatch", gt_printf(call->arena, "alarm:%s", name)));
        json_decref(alarm->tags);
        alarm->tags = gt_tags_map(gt_at(call->input, "/Tags"), "Key", "Value");
        gt_set_text(alarm->hidden, "state", "INSUFFICIENT_DATA");
    }
    json_t *data = json_deep_copy(call->input);
    json_object_del(data, "Tags");
    if (json_object_get(data, "ActionsEnabled") == NULL)
        json_object_set_new(data, "ActionsEnabled", json_true());
    json_decref(alarm->data);
    alarm->data = data;
    gt_object_touch(call->local, alarm);
    return json_object();
}

static json_t *alarm_shape(const struct gt_object *alarm)
{
    json_t *doc = json_copy(alarm->data);
    gt_set_text(doc, "AlarmArn", alarm->arn);
    gt_set_text(doc, "StateValue", gt_text_at(alarm->hidden, "/state"));
    gt_set_text(doc, "StateReason", "Unchecked: Initial alarm creation");
    json_object_set_new(doc, "StateUpdatedTimestamp", gt_json_time(alarm->created_ms));
    json_object_set_new(doc, "StateTransitionedTimestamp", gt_json_time(alarm->created_ms));
    json_object_set_new(doc, "AlarmConfigurationUpdatedTimestamp", gt_json_time(alarm->updated_ms));
    static const char *const lists[] = {"OKActions", "AlarmActions", "InsufficientDataActions",
                                        "Dimensions"};
    for (size_t i = 0; i < GT_COUNT(lists); i++) {
        if (json_object_get(doc, lists[i]) == NULL)
            json_object_set_new(doc, lists[i], json_array());
    }
    return doc;
}

/* Whether a list of texts at `pointer` has the text; a list that is absent has all. */
static bool lists(const struct gt_serve *call, const char *pointer, const char *text)
{
    const json_t *list = gt_at(call->input, pointer);
    size_t index;
    json_t *item;
    json_array_foreach(gt_iterable(list), index, item)
    {
        if (gt_streq(json_string_value(item), text))
            return true;
    }
    return list == NULL;
}

/* Names that are not there do not appear. */
static json_t *describe_alarms(struct gt_serve *call)
{
    const struct gt_shape *shape = gt_shape_at(call->operation->output, "/MetricAlarms/*");
    const char *prefix = gt_input_text(call, "/AlarmNamePrefix"),
               *state = gt_input_text(call, "/StateValue");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_alarm, call->account, call->region, NULL,
                                at)) != NULL) {
        if (!lists(call, "/AlarmNames", at->id) || !lists(call, "/AlarmTypes", "MetricAlarm") ||
            (prefix != NULL && !gt_starts_with(at->id, prefix)) ||
            (state != NULL && !gt_streq(state, gt_text_at(at->hidden, "/state"))))
            continue;
        json_auto_t *doc = alarm_shape(at);
        json_array_append_new(items, gt_pick(shape, doc));
    }
    json_t *output = gt_serve_page(call, items, "AlarmName");
    if (output != NULL)
        json_object_set_new(output, "CompositeAlarms", json_array());
    return output;
}

static json_t *delete_alarms(struct gt_serve *call)
{
    size_t index;
    json_t *name;
    json_array_foreach(gt_iterable(gt_at(call->input, "/AlarmNames")), index, name)
    {
        struct gt_object *alarm = gt_object_find(call->local, &gt_kind_alarm, call->account,
                                                 call->region, "", json_string_value(name));
        if (alarm != NULL)
            gt_object_remove(call->local, alarm);
    }
    return json_object();
}

/* -- dashboards: of the account, not of a region -- */

static struct gt_object *find_dashboard(const struct gt_serve *call, const char *name)
{
    return gt_object_find(call->local, &gt_kind_dashboard, call->account, "", "", name);
}

static json_t *put_dashboard(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/DashboardName"),
               *body = gt_input_text(call, "/DashboardBody");
    json_auto_t *parsed = json_loads(body, 0, NULL);
    if (!json_is_object(parsed)) {
        gt_serve_fail(call, "InvalidParameterInput",
                      "The field DashboardBody must be a valid JSON object");
        gt_serve_fail_member(call, "dashboardValidationMessages",
                             json_pack("[{s:s, s:s}]", "DataPath", "/", "Message",
                                       "The dashboard body is invalid JSON"));
        return NULL;
    }
    struct gt_object *dashboard = find_dashboard(call, name);
    if (dashboard == NULL) {
        dashboard =
            gt_object_new(call->local, &gt_kind_dashboard, call->account, "", "", name, NULL);
        gt_object_set_arn(dashboard, gt_printf(call->arena, "arn:%s:cloudwatch::%s:dashboard/%s",
                                               call->partition, call->account, name));
        json_decref(dashboard->tags);
        dashboard->tags = gt_tags_map(gt_at(call->input, "/Tags"), "Key", "Value");
    }
    gt_set_text(dashboard->data, "DashboardName", name);
    gt_set_text(dashboard->data, "DashboardBody", body);
    gt_object_touch(call->local, dashboard);
    return json_pack("{s:[]}", "DashboardValidationMessages");
}

static json_t *no_dashboard(struct gt_serve *call, const char *name)
{
    /* Not among the errors that the model gives DeleteDashboards. */
    return gt_serve_fail_status(call, 404, "ResourceNotFound",
                                gt_printf(call->arena, "Dashboard %s does not exist", name));
}

static json_t *get_dashboard(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/DashboardName");
    struct gt_object *dashboard = find_dashboard(call, name);
    if (dashboard == NULL)
        return no_dashboard(call, name);
    json_t *output = json_copy(dashboard->data);
    gt_set_text(output, "DashboardArn", dashboard->arn);
    return output;
}

static json_t *list_dashboards(struct gt_serve *call)
{
    const char *prefix = gt_input_text(call, "/DashboardNamePrefix");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_dashboard, call->account, NULL, NULL, at)) !=
           NULL) {
        if (prefix != NULL && !gt_starts_with(at->id, prefix))
            continue;
        size_t size = json_string_length(json_object_get(at->data, "DashboardBody"));
        json_array_append_new(items,
                              json_pack("{s:s, s:s, s:o, s:I}", "DashboardName", at->id,
                                        "DashboardArn", at->arn, "LastModified",
                                        gt_json_time(at->updated_ms), "Size", (json_int_t)size));
    }
    return gt_serve_page(call, items, "DashboardName");
}

/* All of them or, when one is not there, none. */
static json_t *delete_dashboards(struct gt_serve *call)
{
    size_t index;
    json_t *name;
    const json_t *names = gt_at(call->input, "/DashboardNames");
    json_array_foreach(gt_iterable(names), index, name)
    {
        if (find_dashboard(call, json_string_value(name)) == NULL)
            return no_dashboard(call, json_string_value(name));
    }
    json_array_foreach(gt_iterable(names), index, name)
    {
        struct gt_object *dashboard = find_dashboard(call, json_string_value(name));
        if (dashboard != NULL)
            gt_object_remove(call->local, dashboard);
    }
    return json_object();
}

/* -- metrics -- */

static json_t *check_data(struct gt_serve *call, const json_t *data)
{
    size_t index;
    json_t *datum;
    json_array_foreach(gt_iterable(data), index, datum)
    {
        int given = 0;
        static const char *const forms[] = {"Value", "Values", "StatisticValues"};
        for (size_t i = 0; i < GT_COUNT(forms); i++)
            given += json_object_get(datum, forms[i]) != NULL;
        if (given == 0)
            return gt_serve_fail(call, "MissingParameter",
                                 "At least one of the parameters must be specified: "
                                 "MetricData.member.%zu.Value, Values, StatisticValues",
                                 index + 1);
        if (given > 1)
            return gt_serve_fail(call, "InvalidParameterCombination",
                                 "The parameters MetricData.member.%zu.Value, Values and "
                                 "StatisticValues are mutually exclusive",
                                 index + 1);
    }
    return json_object();
}

static json_t *put_data(struct gt_serve *call)
{
    if (gt_starts_with(gt_input_text(call, "/Namespace"), "AWS/"))
        return gt_serve_fail(call, "InvalidParameterValue",
                             "The value AWS/ for parameter Namespace is invalid: it is reserved");
    return check_data(call, gt_at(call->input, "/MetricData"));
}

/* -- tags -- */

static struct gt_object *tagged(struct gt_serve *call)
{
    const char *arn = gt_input_text(call, "/ResourceARN");
    struct gt_object *object = gt_object_find_arn(call->local, arn);
    if (object != NULL && (object->kind == &gt_kind_alarm || object->kind == &gt_kind_dashboard) &&
        gt_streq(object->account, call->account))
        return object;
    gt_serve_fail(call, "ResourceNotFoundException", "Unknown");
    return NULL;
}

static json_t *tag(struct gt_serve *call)
{
    struct gt_object *object = tagged(call);
    if (object == NULL)
        return NULL;
    json_auto_t *tags = gt_tags_map(gt_at(call->input, "/Tags"), "Key", "Value");
    if (!gt_tags_add(call->local, object, tags))
        return gt_serve_fail(call, "InvalidParameterValue", "A resource has at most 50 tags");
    return json_object();
}

static json_t *untag(struct gt_serve *call)
{
    struct gt_object *object = tagged(call);
    if (object == NULL)
        return NULL;
    gt_tags_remove(call->local, object, gt_at(call->input, "/TagKeys"));
    return json_object();
}

static json_t *list_tags(struct gt_serve *call)
{
    struct gt_object *object = tagged(call);
    return object == NULL ? NULL
                          : json_pack("{s:o}", "Tags", gt_tags_list(object->tags, "Key", "Value"));
}

/* Signatures are for "monitoring", permissions are not. */
#define OPERATION(op) .operation = &gt_op_cloudwatch_##op, .action = "cloudwatch:" #op
#define ROW(op, fn, where)                                                                         \
    {                                                                                              \
        OPERATION(op), .run = fn, .fidelity = GT_MODELLED, .resource = where                       \
    }

const struct gt_handler gt_cloudwatch_handlers[] = {
    {OPERATION(PutMetricAlarm), .run = put_alarm, .fidelity = GT_MODELLED,
     .note = "an alarm stays in INSUFFICIENT_DATA",
     .resource = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
    ROW(DescribeAlarms, describe_alarms, NULL),
    ROW(DeleteAlarms, delete_alarms, NULL),
    {OPERATION(PutDashboard), .run = put_dashboard, .fidelity = GT_MODELLED,
     .note = "of the body only its being JSON is checked"},
    ROW(GetDashboard, get_dashboard, NULL),
    ROW(ListDashboards, list_dashboards, NULL),
    ROW(DeleteDashboards, delete_dashboards, NULL),
    {OPERATION(PutMetricData), .run = put_data, .fidelity = GT_GUESSED,
     .note = "checked and not kept", .key = {"cloudwatch:namespace", "/Namespace"}},
    ROW(TagResource, tag, "{ResourceARN}"),
    ROW(UntagResource, untag, "{ResourceARN}"),
    ROW(ListTagsForResource, list_tags, "{ResourceARN}"),
    {.operation = NULL},
};

/* The table of grants.h and the policies made from it. */
#include "grants.h"

#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <gantry/policy/policy.h>
#include <string.h>

#define AGENTCORE "arn:{partition}:bedrock-agentcore:{region}:{account}:"
#define LOGS "arn:{partition}:logs:{region}:{account}:log-group:"
#define DIRECTORY AGENTCORE "workload-identity-directory/default"
#define OWN_IDENTITY DIRECTORY "/workload-identity/{self}-*"
#define VAULT AGENTCORE "token-vault/default"

struct grant {
    enum gt_need need;
    const char *sid;
    const char *actions[6];
    const char *resources[5];
    const char *condition; /* JSON, or NULL */
};

/* Sources: AgentCore developer guide, "Setting up permissions" of Gateway, "IAM permissions for
 * AgentCore Runtime", "Scope down access to credential providers", "Gateway and Policy
 * permissions". */
static const struct grant table[] = {
    {.need = GT_NEED_GATEWAY,
     .sid = "ReadOwnGateway",
     .actions = {"bedrock-agentcore:GetGateway"},
     .resources = {AGENTCORE "gateway/{self}-*"}},
    {.need = GT_NEED_POLICY_ENGINE,
     .sid = "ReadPolicyEngine",
     .actions = {"bedrock-agentcore:GetPolicyEngine"},
     .resources = {"{engine}"}},
    {.need = GT_NEED_POLICY_ENGINE,
     .sid = "EvaluatePolicies",
     .actions = {"bedrock-agentcore:AuthorizeAction",
                 "bedrock-agentcore:PartiallyAuthorizeActions"},
     .resources = {"{engine}", AGENTCORE "gateway/{self}-*"}},
    {.need = GT_NEED_KEY,
     .sid = "UseKey",
     .actions = {"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"},
     .resources = {"{key}"}},
    {.need = GT_NEED_INTERCEPTOR,
     .sid = "InvokeInterceptors",
     .actions = {"lambda:InvokeFunction"},
     .resources = {"{lambda}"}},
    {.need = GT_NEED_CALL_RUNTIME,
     .sid = "InvokeRuntimes",
     .actions = {"bedrock-agentcore:InvokeAgentRuntime"},
     .resources = {"{runtime}", "{runtime}/*"}},
    {.need = GT_NEED_CALL_LAMBDA,
     .sid = "InvokeFunctions",
     .actions = {"lambda:InvokeFunction"},
     .resources = {"{lambda}"}},
    {.need = GT_NEED_READ_OBJECT,
     .sid = "ReadObjects",
     .actions = {"s3:GetObject"},
     .resources = {"{object}"}},
    {.need = GT_NEED_OAUTH,
     .sid = "GetWorkloadToken",
     .actions = {"bedrock-agentcore:GetWorkloadAccessToken"},
     .resources = {DIRECTORY, OWN_IDENTITY}},
    {.need = GT_NEED_OAUTH,
     .sid = "GetOauthToken",
     .actions = {"bedrock-agentcore:GetResourceOauth2Token"},
     .resources = {DIRECTORY, OWN_IDENTITY, VAULT, "{provider}"}},
    {.need = GT_NEED_OAUTH,
     .sid = "ReadProviderSecrets",
     .actions = {"secretsmanager:GetSecretValue"},
     .resources = {"{secret}"}},
    {.need = GT_NEED_API_KEY,
     .sid = "GetWorkloadToken",
     .actions = {"bedrock-agentcore:GetWorkloadAccessToken"},
     .resources = {DIRECTORY, OWN_IDENTITY}},
    {.need = GT_NEED_API_KEY,
     .sid = "GetApiKey",
     .actions = {"bedrock-agentcore:GetResourceApiKey"},
     .resources = {DIRECTORY, OWN_IDENTITY, VAULT, "{provider}"}},
    {.need = GT_NEED_API_KEY,
     .sid = "ReadProviderSecrets",
     .actions = {"secretsmanager:GetSecretValue"},
     .resources = {"{secret}"}},
    {.need = GT_NEED_IMAGE,
     .sid = "PullImage",
     .actions = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
     .resources = {"{repository}"}},
    {.need = GT_NEED_IMAGE,
     .sid = "GetRegistryToken",
     .actions = {"ecr:GetAuthorizationToken"},
     .resources = {"*"}},
    {.need = GT_NEED_RUNTIME,
     .sid = "MakeLogs",
     .actions = {"logs:CreateLogGroup", "logs:DescribeLogStreams"},
     .resources = {LOGS "/aws/bedrock-agentcore/runtimes/{self}-*"}},
    {.need = GT_NEED_RUNTIME,
     .sid = "FindLogs",
     .actions = {"logs:DescribeLogGroups"},
     .resources = {LOGS "*"}},
    {.need = GT_NEED_RUNTIME,
     .sid = "WriteLogs",
     .actions = {"logs:CreateLogStream", "logs:PutLogEvents"},
     .resources = {LOGS "/aws/bedrock-agentcore/runtimes/{self}-*:log-stream:*"}},
    {.need = GT_NEED_RUNTIME,
     .sid = "WriteTraces",
     .actions = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
                 "xray:GetSamplingTargets"},
     .resources = {"*"}},
    {.need = GT_NEED_RUNTIME,
     .sid = "WriteMetrics",
     .actions = {"cloudwatch:PutMetricData"},
     .resources = {"*"},
     .condition = "{\"StringEquals\": {\"cloudwatch:namespace\": \"bedrock-agentcore\"}}"},
    {.need = GT_NEED_RUNTIME,
     .sid = "GetWorkloadToken",
     .actions = {"bedrock-agentcore:GetWorkloadAccessToken",
                 "bedrock-agentcore:GetWorkloadAccessTokenForJWT"},
     .resources = {DIRECTORY, OWN_IDENTITY}},
    {.need = GT_NEED_SECRET,
     .sid = "ReadSecrets",
     .actions = {"secretsmanager:GetSecretValue"},
     .resources = {"{secret}"}},
};

struct statement {
    const struct grant *grant;
    struct gt_map resources;
};

struct gt_grants {
    struct gt_arena *arena;
    struct gt_map statements; /* sid -> struct statement * */
};

struct gt_grants *gt_grants_new(struct gt_arena *arena)
{
    struct gt_grants *grants = GT_NEW(arena, struct gt_grants);
    grants->arena = arena;
    grants->statements = gt_map_init(arena);
    return grants;
}

static const char *word(struct gt_low *low, const struct gt_word *words, const char *name,
                        size_t len)
{
    const struct gt_word common[] = {
        {"partition", low->partition->id}, {"region", low->region}, {"account", low->account}, {0}};
    const struct gt_word *const lists[] = {words, common};
    for (size_t i = 0; i < GT_COUNT(lists); i++) {
        for (const struct gt_word *w = lists[i]; w->name != NULL; w++) {
            if (strlen(w->name) == len && strncmp(w->name, name, len) == 0)
                return w->value;
        }
    }
    return NULL;
}

/* The template with its words; NULL when one of them is not known. */
static const char *filled(struct gt_low *low, const char *template, const struct gt_word *words)
{
    const char *out = "";
    for (;;) {
        const char *open = strchr(template, '{');
        if (open == NULL)
            return gt_printf(low->arena, "%s%s", out, template);
        size_t len = strcspn(open + 1, "}");
        const char *value = word(low, words, open + 1, len);
        if (value == NULL)
            return NULL;
        out = gt_printf(low->arena, "%s%.*s%s", out, (int)(open - template), template, value);
        template = open + len + 2;
    }
}

/* What is no ARN is reported where it stands, not once more in a policy that nobody wrote. */
static bool is_resource(const char *resource)
{
    return strcmp(resource, "*") == 0 || gt_starts_with(resource, "arn:") ||
           strstr(resource, "${") != NULL;
}

void gt_grants_add(struct gt_low *low, struct gt_grants *grants, enum gt_need need,
                   const struct gt_word *words)
{
    for (size_t i = 0; i < GT_COUNT(table); i++) {
        const struct grant *grant = &table[i];
        if (grant->need != need)
            continue;
        struct statement *statement = gt_map_get(&grants->statements, grant->sid);
        for (size_t r = 0; r < GT_COUNT(grant->resources) && grant->resources[r] != NULL; r++) {
            const char *resource = filled(low, grant->resources[r], words);
            if (resource == NULL || !is_resource(resource))
                continue;
            if (statement == NULL) {
                statement = GT_NEW(grants->arena, struct statement);
                statement->grant = grant;
                statement->resources = gt_map_init(grants->arena);
                gt_map_set(&grants->statements, grant->sid, statement);
            }
            gt_map_set(&statement->resources, resource, statement);
        }
    }
}

static json_t *one_or_list(json_t *list)
{
    if (json_array_size(list) != 1)
        return list;
    json_t *one = json_incref(json_array_get(list, 0));
    json_decref(list);
    return one;
}

static json_t *statement_document(const struct statement *statement)
{
    const struct grant *grant = statement->grant;
    json_t *actions = json_array(), *resources = json_array();
    for (size_t i = 0; i < GT_COUNT(grant->actions) && grant->actions[i] != NULL; i++)
        json_array_append_new(actions, json_string(grant->actions[i]));
    for (size_t i = 0; i < statement->resources.entries.len; i++)
        json_array_append_new(resources, json_string(statement->resources.entries.at[i].key));
    json_t *out = json_pack("{ss,ss,so,so}", "Sid", grant->sid, "Effect", "Allow", "Action",
                            one_or_list(actions), "Resource", one_or_list(resources));
    if (grant->condition != NULL)
        json_object_set_new(out, "Condition", json_loads(grant->condition, 0, NULL));
    return out;
}

json_t *gt_grants_document(const struct gt_grants *grants)
{
    if (grants == NULL || grants->statements.entries.len == 0)
        return NULL;
    json_t *statements = json_array();
    for (size_t i = 0; i < grants->statements.entries.len; i++)
        json_array_append_new(statements,
                              statement_document(grants->statements.entries.at[i].value));
    return json_pack("{ss,so}", "Version", "2012-10-17", "Statement", statements);
}

static enum gt_resolution guess(void *payload, const char *pointer, const char *expression,
                                json_t **value, struct gt_diags *diags)
{
    struct gt_low *low = payload;
    (void)diags;
    const struct gt_resource *resource = gt_low_reference(low, expression, &pointer);
    if (resource == NULL) {
        *value = json_string("000000000000"); /* the account */
        return GT_RESOLVED;
    }
    json_t *known = gt_at(resource->properties, pointer);
    const char *name = gt_text_at(resource->properties, "/agentRuntimeName");
    const char *text;
    if (json_is_string(known) && !gt_has_refs(known))
        text = json_string_value(known);
    else if (name != NULL && gt_ends_with(pointer, "agentRuntimeArn"))
        text = gt_low_arn(low, "bedrock-agentcore",
                          gt_printf(low->arena, "runtime/%s-0123456789", name));
    else /* about as long as ids and ARNs are */
        text = gt_printf(low->arena, "%s-%s-0123456789-0123456789", resource->address, pointer + 1);
    *value = json_string(text);
    return GT_RESOLVED;
}

json_t *gt_guessed(struct gt_low *low, const json_t *document)
{
    struct gt_diags ignored = gt_diags_init(low->arena);
    json_t *out = gt_resolve(low->arena, document, true, guess, low, NULL, &ignored);
    return out != NULL ? out : json_deep_copy(document);
}

/* The inline policies of a role; *whole tells whether there is nothing else that could allow. */
static json_t *policies_of(struct gt_low *low, const struct gt_resource *role, bool *whole)
{
    json_t *out = json_array();
    const char *reference = gt_ref(low->arena, role->address, "RoleName");
    *whole = role->existing == NULL;
    for (size_t i = 0; i < low->resources.len; i++) {
        const json_t *properties = low->resources.at[i]->properties;
        const json_t *document = json_object_get(properties, "PolicyDocument");
        if (!gt_streq(gt_text_at(properties, "/RoleName"), reference))
            continue;
        if (document != NULL)
            json_array_append_new(out, gt_guessed(low, document));
        else
            *whole = false;
    }
    return out;
}

static bool allows(struct gt_low *low, const json_t *policies, const struct grant *grant,
                   const char *action, const char *resource)
{
    size_t count = json_array_size(policies);
    const json_t **list = gt_calloc(low->arena, count + 1, sizeof(*list));
    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(policies, i);
    json_auto_t *text = json_pack("[s]", resource), *guessed = gt_guessed(low, text);
    json_auto_t *condition =
        grant->condition != NULL ? json_loads(grant->condition, 0, NULL) : json_object();
    struct gt_access access = {.action = action,
                               .resource = json_string_value(json_array_get(guessed, 0)),
                               .context = json_object_get(condition, "StringEquals")};
    return gt_policy_evaluate(list, count, &access) == GT_ALLOW;
}

/* The actions of the statements that the policies do not allow; all where `policies` is NULL. */
static const char *lacking(struct gt_low *low, const struct gt_grants *grants,
                           const json_t *policies)
{
    const char *all = "";
    for (size_t i = 0; i < grants->statements.entries.len; i++) {
        const struct statement *statement = grants->statements.entries.at[i].value;
        const struct grant *grant = statement->grant;
        for (size_t a = 0; a < GT_COUNT(grant->actions) && grant->actions[a] != NULL; a++) {
            bool allowed = policies != NULL;
            for (size_t r = 0; allowed && r < statement->resources.entries.len; r++)
                allowed = allows(low, policies, grant, grant->actions[a],
                                 statement->resources.entries.at[r].key);
            if (!allowed)
                all = gt_printf(low->arena, "%s%s%s", all, *all != '\0' ? ", " : "",
                                grant->actions[a]);
        }
    }
    return all;
}

void gt_grants_note(struct gt_low *low, const struct gt_grants *grants, const struct gt_item *item,
                    const char *role)
{
    const char *pointer;
    bool whole = false;
    const struct gt_resource *own =
        role != NULL && gt_starts_with(role, "${")
            ? gt_low_reference(low, gt_strndup(low->arena, role + 2, strcspn(role + 2, "}")),
                               &pointer)
            : NULL;
    json_auto_t *policies = own != NULL ? policies_of(low, own, &whole) : NULL;
    const char *actions = lacking(low, grants, whole ? policies : NULL);
    if (*actions == '\0' || gt_is_reported(role))
        return;
    struct gt_diag *diag =
        whole ? gt_warning(low->diags, "role-lacks", "%s does not allow %s on all that is needed",
                           own->address, actions)
              : gt_note(low->diags, "role-needs", "%s is not written by Gantry: it must allow %s",
                        own != NULL ? own->address : role, actions);
    diag->pos = gt_marks_pos(low->marks, gt_item_pointer(low, item, "role"));
    diag->subject = gt_printf(low->arena, "%s.%s", item->section, item->name);
    if (whole)
        diag->hint = "add it to the role's policies, or leave role: out";
}

static void lower_targets_of(struct gt_low *low, const struct gt_gateway_facts *gateway)
{
    json_t *document = gt_grants_document(gateway->grants);
    if (document == NULL)
        return;
    if (gateway->role == NULL) {
        const struct gt_resource *resource = gt_map_get(&low->by_address, gateway->address);
        const char *role = gt_text_at(resource->properties, "/roleArn");
        gt_grants_note(low, gateway->grants, &gateway->item,
                       role != NULL ? role : "the role of the gateway that exists");
        json_decref(document);
        return;
    }
    const char *prefix = gt_printf(low->arena, "gateway.%s.targets", gateway->item.name);
    struct gt_resource *policy =
        gt_low_role_policy(low, &gateway->item, gateway->role, prefix, "targets", document);
    const char **serves = gt_calloc(low->arena, gateway->targets.len + 1, sizeof(*serves));
    for (size_t i = 0; i < gateway->targets.len; i++) {
        serves[i] = gateway->targets.at[i];
        struct gt_resource *target = gt_map_get(&low->by_address, serves[i]);
        *GT_PUSH(low->arena, &target->after) = policy->address;
    }
    policy->serves = serves;
}

void gt_lower_target_policies(struct gt_low *low)
{
    for (size_t i = 0; i < low->gateways.entries.len; i++)
        lower_targets_of(low, low->gateways.entries.at[i].value);
}

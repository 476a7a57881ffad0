/* The kinds of objects of the tiny cloud. */
#include "tiny_operations.h"

#include <string.h>

#define ACCOUNT "123456789012"
#define CONTROL "arn:aws:bedrock-agentcore:us-east-1:" ACCOUNT ":"
#define COGNITO "arn:aws:cognito-idp:us-east-1:" ACCOUNT ":"

#define NOT_FOUND                                                                                  \
    {                                                                                              \
        "ResourceNotFoundException", "it does not exist"                                           \
    }
#define CONFLICT                                                                                   \
    {                                                                                              \
        "ConflictException", "a resource of that name already exists"                              \
    }
#define NO_ENTITY                                                                                  \
    {                                                                                              \
        "NoSuchEntity", "the entity cannot be found"                                               \
    }

static const struct tiny_kind kinds[] = {
    {.name = "role",
     .ids = {"RoleName"},
     .exists = {"EntityAlreadyExists", "Role already exists."},
     .absent = NO_ENTITY,
     .arn = "Arn",
     .arn_form = "arn:aws:iam::" ACCOUNT ":role/%s",
     .tags = "Tags",
     .tags_shown = true},
    {.name = "role_policy", .ids = {"RoleName", "PolicyName"}, .absent = NO_ENTITY},
    {.name = "role_attachment", .ids = {"RoleName", "PolicyArn"}, .absent = NO_ENTITY},
    {.name = "user_pool",
     .ids = {"UserPoolId"},
     .made = "Id",
     .form = "us-east-1_Pool%05d",
     .absent = NOT_FOUND,
     .arn = "Arn",
     .arn_form = COGNITO "userpool/%s",
     .tags = "UserPoolTags",
     .tags_shown = true},
    {.name = "domain",
     .ids = {"Domain"},
     .exists = {"InvalidParameterException", "Domain already associated with another user pool."},
     .absent = NOT_FOUND},
    {.name = "resource_server",
     .ids = {"UserPoolId", "Identifier"},
     .exists = {"InvalidParameterException", "Resource server already exists."},
     .absent = NOT_FOUND},
    {.name = "client",
     .ids = {"UserPoolId", "ClientId"},
     .made = "ClientId",
     .form = "client%d",
     .absent = NOT_FOUND},
    {.name = "gateway",
     .ids = {"gatewayIdentifier"},
     .made = "gatewayId",
     .form = "gateway-%010d",
     .unique = "name",
     .exists = CONFLICT,
     .absent = NOT_FOUND,
     .arn = "gatewayArn",
     .arn_form = CONTROL "gateway/%s",
     .tags = "tags",
     .settles = true},
    {.name = "target",
     .ids = {"gatewayIdentifier", "targetId"},
     .made = "targetId",
     .form = "%010d",
     .unique = "name",
     .exists = CONFLICT,
     .absent = NOT_FOUND,
     .settles = true},
    {.name = "runtime",
     .ids = {"agentRuntimeId"},
     .made = "agentRuntimeId",
     .form = "runtime-%010d",
     .unique = "agentRuntimeName",
     .exists = CONFLICT,
     .absent = NOT_FOUND,
     .arn = "agentRuntimeArn",
     .arn_form = CONTROL "runtime/%s",
     .tags = "tags",
     .settles = true},
    {.name = "endpoint",
     .ids = {"agentRuntimeId", "endpointName"},
     .given = "name",
     .exists = CONFLICT,
     .absent = NOT_FOUND,
     .arn = "agentRuntimeEndpointArn",
     .arn_form = CONTROL "runtime/%s",
     .tags = "tags",
     .settles = true},
    {.name = "log_group",
     .ids = {"logGroupName"},
     .exists = {"ResourceAlreadyExistsException", "The specified log group already exists"},
     .absent = NOT_FOUND,
     .arn = "logGroupArn",
     .arn_form = "arn:aws:logs:us-east-1:" ACCOUNT ":log-group:%s",
     .tags = "tags"},
};

const struct tiny_kind *tiny_kind_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < GT_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

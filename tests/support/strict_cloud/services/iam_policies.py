"""Inline, attached and managed policies of IAM roles."""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import NotModelled, ServiceError
from ..policy import decision, parse, size
from ..store import UPPER, Cloud, Record, random_id
from .iam_roles import encoded, get, page_values
from .roles import find_policy, managed_document, remember, visible_role

INLINE_LIMIT = 10_240
"""AWS: IAM quotas, all inline policies of a role together, white space not counted."""
ATTACHED_LIMIT = 10

_AWS_MANAGED = {
    "AdministratorAccess": ("/", ["*"]),
    "ReadOnlyAccess": ("/", ["*:Get*", "*:List*", "*:Describe*"]),
    "AmazonBedrockFullAccess": ("/", ["bedrock:*"]),
    "BedrockAgentCoreFullAccess": ("/", ["bedrock-agentcore:*"]),
    "AmazonEC2ContainerRegistryReadOnly": (
        "/",
        ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    ),
    "AmazonS3ReadOnlyAccess": ("/", ["s3:Get*", "s3:List*"]),
    "CloudWatchLogsFullAccess": ("/", ["logs:*"]),
    "AWSLambdaBasicExecutionRole": (
        "/service-role/",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    "SecretsManagerReadWrite": ("/", ["secretsmanager:*"]),
}


def add_policy(cloud: Cloud, account: str, path: str, name: str, document: dict[str, Any], now: float) -> Record:
    """Store a managed policy; account "aws" for AWS's own."""
    record = Record(
        "iam-policy",
        account,
        "",
        f"{path}{name}",
        name,
        arn=f"arn:aws:iam::{account}:policy{path}{name}",
        data={"Path": path, "PolicyId": "ANPA" + random_id(17, UPPER)},
        hidden={"document": document},
    )
    return cloud.add(record, now)


def add_aws_managed(cloud: Cloud, now: float) -> None:
    """A handful of AWS's own policies, much shortened."""
    for name, (path, actions) in _AWS_MANAGED.items():
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        add_policy(cloud, "aws", path, name, document, now)


def _no_policy(what: str) -> ServiceError:
    return ServiceError("NoSuchEntity", what)


@operation("iam", "PutRolePolicy")
def put_role_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add or replace an inline policy."""
    role = get(context, params["RoleName"])
    document = parse(params["PolicyDocument"], trust=False)
    sizes = {**role.hidden.get("sizes", {}), params["PolicyName"]: size(params["PolicyDocument"])}
    if sum(sizes.values()) > INLINE_LIMIT:
        raise ServiceError(
            "LimitExceeded", f"Maximum policy size of {INLINE_LIMIT} bytes exceeded for role {role.name}"
        )
    role.hidden["sizes"] = sizes
    role.hidden["inline"][params["PolicyName"]] = document
    remember(context.cloud, role, context.now)
    return {}


def _inline(context: Context, params: dict[str, Any]) -> Record:
    role = get(context, params["RoleName"])
    if params["PolicyName"] not in role.hidden["inline"]:
        raise _no_policy(f"The role policy with name {params['PolicyName']} cannot be found.")
    return role


@operation("iam", "GetRolePolicy")
def get_role_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The document is URL-encoded."""
    role = _inline(context, params)
    return {
        "RoleName": role.name,
        "PolicyName": params["PolicyName"],
        "PolicyDocument": encoded(role.hidden["inline"][params["PolicyName"]]),
    }


@operation("iam", "DeleteRolePolicy")
def delete_role_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """NoSuchEntity when it is not there."""
    role = _inline(context, params)
    del role.hidden["inline"][params["PolicyName"]]
    del role.hidden["sizes"][params["PolicyName"]]
    remember(context.cloud, role, context.now)
    return {}


@operation("iam", "ListRolePolicies")
def list_role_policies(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names of the inline policies."""
    found = page_values(context, list(get(context, params["RoleName"]).hidden["inline"]), params)
    return {"PolicyNames": found["items"], **found["rest"]}


@operation("iam", "AttachRolePolicy")
def attach_role_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Attaching twice is fine."""
    role, arn = get(context, params["RoleName"]), params["PolicyArn"]
    policy = find_policy(context.cloud, arn)
    if policy is None or policy.account not in ("aws", context.account):
        raise _no_policy(f"Policy {arn} does not exist or is not attachable.")
    if arn not in role.hidden["attached"] and len(role.hidden["attached"]) >= ATTACHED_LIMIT:
        raise ServiceError("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {ATTACHED_LIMIT}")
    role.hidden["attached"][arn] = policy.name
    remember(context.cloud, role, context.now)
    return {}


@operation("iam", "DetachRolePolicy")
def detach_role_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """NoSuchEntity when it is not attached."""
    role, arn = get(context, params["RoleName"]), params["PolicyArn"]
    if arn not in role.hidden["attached"]:
        raise _no_policy(f"Policy {arn} was not found.")
    del role.hidden["attached"][arn]
    remember(context.cloud, role, context.now)
    return {}


@operation("iam", "ListAttachedRolePolicies")
def list_attached_role_policies(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names and ARNs."""
    attached = get(context, params["RoleName"]).hidden["attached"]
    prefix = params.get("PathPrefix", "/")
    items = [
        {"PolicyName": name, "PolicyArn": arn}
        for arn, name in attached.items()
        if arn.split(":policy", 1)[1].startswith(prefix)
    ]
    found = page_values(context, items, params)
    return {"AttachedPolicies": found["items"], **found["rest"]}


def _policy(context: Context, arn: str) -> Record:
    policy = find_policy(context.cloud, arn)
    if policy is None or policy.account not in ("aws", context.account):
        raise _no_policy(f"Policy {arn} was not found.")
    return policy


@operation("iam", "GetPolicy")
def get_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A managed policy's description."""
    policy = _policy(context, params["PolicyArn"])
    users = [
        role for role in context.cloud.all("iam-role", context.account, "") if policy.arn in role.hidden["attached"]
    ]
    return {
        "Policy": {
            **policy.data,
            "PolicyName": policy.name,
            "Arn": policy.arn,
            "DefaultVersionId": "v1",
            "AttachmentCount": len(users),
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": True,
            "CreateDate": policy.created,
            "UpdateDate": policy.updated,
        }
    }


@operation("iam", "GetPolicyVersion")
def get_policy_version(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The double keeps one version, v1."""
    policy = _policy(context, params["PolicyArn"])
    if params["VersionId"] != "v1":
        raise _no_policy(f"Policy {policy.arn} version {params['VersionId']} does not exist or is not attachable.")
    return {
        "PolicyVersion": {
            "Document": encoded(policy.hidden["document"]),
            "VersionId": "v1",
            "IsDefaultVersion": True,
            "CreateDate": policy.created,
        }
    }


@operation("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Roles only, without lag; the fixed users of the tests may do everything."""
    if set(params) - {"PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries"}:
        raise NotModelled("these parameters of SimulatePrincipalPolicy")
    source, documents, boundary = params["PolicySourceArn"], None, None
    if ":role/" in source:
        role = visible_role(context, source, lag=False)
        if role is None:
            raise _no_policy(f"{source} cannot be found.")
        documents, boundary = role["Documents"], role["Boundary"]
    elif ":user/" in source:
        documents = [managed_document(context.cloud, "arn:aws:iam::aws:policy/AdministratorAccess")]
    else:
        raise ServiceError(
            "InvalidInput", f"Invalid Entity Arn: {source} does not clearly define entity type and name."
        )
    entries = {entry["ContextKeyName"]: entry["ContextKeyValues"][0] for entry in params.get("ContextEntries", [])}
    results = []
    for action in params["ActionNames"]:
        for resource in params.get("ResourceArns") or ["*"]:
            verdict = decision(documents, action, resource, entries)
            if boundary and verdict == "allowed" and decision([boundary], action, resource, entries) != "allowed":
                verdict = "implicitDeny"
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": verdict,
                    "MissingContextValues": [],
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}

"""IAM, STS and Cognito of the embedded cloud as the AWS SDK for Python sees them, and its tokens as
PyJWT sees them."""

from __future__ import annotations

import base64
import http.client
import json
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import botocore.exceptions
import jwt

from .harness import OTHER_ACCOUNT, OTHER_REGION, REGION
from .local_cloud import LocalCloud, LocalTest

AGENTCORE = {"Service": "bedrock-agentcore.amazonaws.com"}


def trust(principal: Any, action: str = "sts:AssumeRole", **condition: Any) -> str:
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = {name: value for name, value in condition.items()}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*actions: str, resource: Any = "*", effect: str = "Allow") -> str:
    """A permission policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class IdentityTest(LocalTest):
    """Clients, and objects as most tests need them."""

    def setUp(self) -> None:
        super().setUp()
        self.iam = self.cloud.client("iam")
        self.sts = self.cloud.client("sts")
        self.cognito = self.cloud.client("cognito-idp")

    def role(self, name: str = "worker", principal: Any = None, **more: Any) -> dict[str, Any]:
        document = more.pop("document", None) or trust(principal or {"AWS": self.cloud.account})
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)["Role"]

    def assume(self, arn: str, session: str = "session", sts: Any = None, **more: Any) -> tuple[str, str, str]:
        made = (sts or self.sts).assume_role(RoleArn=arn, RoleSessionName=session, **more)["Credentials"]
        return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]

    def assert_code(self, code: str, call: Any, *arguments: Any, **more: Any) -> dict[str, Any]:
        """The call fails with this code."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(*arguments, **more)
        self.assertEqual(code, caught.exception.response["Error"]["Code"], str(caught.exception))
        return caught.exception.response

    def pool(self, name: str = "pool", **more: Any) -> str:
        return self.cognito.create_user_pool(PoolName=name, **more)["UserPool"]["Id"]

    def server(self, pool: str, *scopes: str, identifier: str = "tools") -> None:
        listed = [{"ScopeName": scope, "ScopeDescription": scope} for scope in scopes]
        self.cognito.create_resource_server(
            UserPoolId=pool, Identifier=identifier, Name=identifier, Scopes=listed
        )

    def machine(self, pool: str, *scopes: str, **more: Any) -> dict[str, Any]:
        return self.cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName=more.pop("name", "machine"),
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=list(scopes),
            **more,
        )["UserPoolClient"]

    def domain_status(self, prefix: str, cognito: Any = None) -> str | None:
        described = (cognito or self.cognito).describe_user_pool_domain(Domain=prefix)
        return described["DomainDescription"].get("Status")

    def domain(self, pool: str, prefix: str = "lark") -> None:
        self.cognito.create_user_pool_domain(UserPoolId=pool, Domain=prefix)
        self.cloud.wait_until(lambda: self.domain_status(prefix) == "ACTIVE")


class Roles(IdentityTest):
    def test_role_comes_back_as_iam_writes_it(self) -> None:
        made = self.role(
            Path="/gantry/",
            Description="works",
            MaxSessionDuration=7200,
            Tags=[{"Key": "team", "Value": "platform"}],
        )
        role = self.iam.get_role(RoleName="worker")["Role"]
        self.assertEqual(made, role)
        self.assertEqual(f"arn:aws:iam::{self.cloud.account}:role/gantry/worker", role["Arn"])
        self.assertRegex(role["RoleId"], "^AROA[A-Z2-7]{17}$")
        self.assertEqual(7200, role["MaxSessionDuration"])
        self.assertEqual([{"Key": "team", "Value": "platform"}], role["Tags"])
        statement = role["AssumeRolePolicyDocument"]["Statement"][0]
        self.assertEqual({"AWS": self.cloud.account}, statement["Principal"])

    def test_names_are_unique_without_regard_to_case(self) -> None:
        self.role("Worker")
        with self.assertRaises(self.iam.exceptions.EntityAlreadyExistsException):
            self.role("wORKER")
        self.assertEqual("Worker", self.iam.get_role(RoleName="worker")["Role"]["RoleName"])
        other = self.cloud.client("iam", self.cloud.keys_of(OTHER_ACCOUNT))
        other.create_role(RoleName="worker", AssumeRolePolicyDocument=trust(AGENTCORE))
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException) as caught:
            self.iam.get_role(RoleName="nobody")
        self.assertEqual(404, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])
        self.assertEqual(
            "The role with name nobody cannot be found.", caught.exception.response["Error"]["Message"]
        )

    def test_bad_documents_are_refused(self) -> None:
        malformed = self.iam.exceptions.MalformedPolicyDocumentException
        for document in (
            "{",
            "[]",
            '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}',
            allow("sts:AssumeRole"),
            trust(AGENTCORE, "s3:GetObject"),
            trust(AGENTCORE, StringSounds={"aws:SourceAccount": "1"}),
            trust({"Planet": "x"}),
        ):
            with self.subTest(document), self.assertRaises(malformed):
                self.role(document=document)
        self.role()
        for document in (trust(AGENTCORE), allow("GetObject"), allow("s3:GetObject", resource="bucket")):
            with self.subTest(document), self.assertRaises(malformed):
                self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document)

    def test_sizes_are_limited(self) -> None:
        limit = self.iam.exceptions.LimitExceededException
        long = trust(AGENTCORE, StringEquals={"aws:SourceAccount": ["1" * 100] * 20})
        with self.assertRaises(limit):
            self.role(document=long)
        self.role()
        document = allow(*(f"s3:Get{index:094}" for index in range(60)))
        self.assertGreater(10240, len(document))
        self.iam.put_role_policy(RoleName="worker", PolicyName="a", PolicyDocument=document)
        self.iam.put_role_policy(RoleName="worker", PolicyName="a", PolicyDocument=document)
        with self.assertRaises(limit):
            self.iam.put_role_policy(RoleName="worker", PolicyName="b", PolicyDocument=document)
        for index in range(10):
            self.iam.attach_role_policy(RoleName="worker", PolicyArn=f"arn:aws:iam::aws:policy/Some{index}")
        with self.assertRaises(limit):
            self.iam.attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::aws:policy/More")

    def test_update_resets_the_session_and_keeps_the_description(self) -> None:
        self.role(Description="old", MaxSessionDuration=7200)
        self.iam.update_role(RoleName="worker")
        role = self.iam.get_role(RoleName="worker")["Role"]
        self.assertEqual(("old", 3600), (role["Description"], role["MaxSessionDuration"]))
        self.iam.update_role(RoleName="worker", Description="", MaxSessionDuration=4000)
        role = self.iam.get_role(RoleName="worker")["Role"]
        self.assertEqual((None, 4000), (role.get("Description"), role["MaxSessionDuration"]))

    def test_what_hangs_on_a_role_must_go_first(self) -> None:
        self.role()
        conflict = self.iam.exceptions.DeleteConflictException
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("s3:*"))
        arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        self.iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
        with self.assertRaises(conflict):
            self.iam.delete_role(RoleName="worker")
        self.iam.detach_role_policy(RoleName="worker", PolicyArn=arn)
        with self.assertRaises(conflict):
            self.iam.delete_role(RoleName="worker")
        self.iam.delete_role_policy(RoleName="worker", PolicyName="p")
        self.iam.delete_role(RoleName="worker")
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
            self.iam.delete_role(RoleName="worker")

    def test_lists_come_in_pages(self) -> None:
        for index in range(5):
            self.role(f"role-{index}", Path="/gantry/" if index < 4 else "/other/")
        first = self.iam.list_roles(MaxItems=2)
        self.assertTrue(first["IsTruncated"])
        self.assertIn("Marker", first)
        self.iam.delete_role(RoleName="role-1")
        self.assertEqual("role-2", self.iam.list_roles(MaxItems=1, Marker=first["Marker"])["Roles"][0]["RoleName"])
        pages = self.iam.get_paginator("list_roles").paginate(
            PathPrefix="/gantry/", PaginationConfig={"PageSize": 1}
        )
        names = [role["RoleName"] for page in pages for role in page["Roles"]]
        self.assertEqual(["role-0", "role-2", "role-3"], names)
        self.assert_code("ValidationError", self.iam.list_roles, Marker="nonsense")
        for index in range(3):
            self.iam.put_role_policy(
                RoleName="role-0", PolicyName=f"p{index}", PolicyDocument=allow("s3:GetObject")
            )
        pages = self.iam.get_paginator("list_role_policies").paginate(
            RoleName="role-0", PaginationConfig={"PageSize": 2}
        )
        self.assertEqual([["p0", "p1"], ["p2"]], [page["PolicyNames"] for page in pages])

    def test_tags_are_merged_without_regard_to_case(self) -> None:
        self.role(Tags=[{"Key": "Team", "Value": "a"}, {"Key": "stack", "Value": "s"}])
        self.iam.tag_role(RoleName="worker", Tags=[{"Key": "team", "Value": "b"}])
        tags = self.iam.list_role_tags(RoleName="worker")["Tags"]
        self.assertEqual([{"Key": "stack", "Value": "s"}, {"Key": "team", "Value": "b"}], tags)
        self.iam.untag_role(RoleName="worker", TagKeys=["TEAM", "unknown"])
        self.assertEqual(1, len(self.iam.list_role_tags(RoleName="worker")["Tags"]))
        twice = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
        with self.assertRaises(self.iam.exceptions.InvalidInputException):
            self.iam.tag_role(RoleName="worker", Tags=twice)
        many = [{"Key": f"k{index}", "Value": "v"} for index in range(50)]
        with self.assertRaises(self.iam.exceptions.LimitExceededException):
            self.iam.tag_role(RoleName="worker", Tags=many)

    def test_boundary_is_set_and_removed(self) -> None:
        arn = f"arn:aws:iam::{self.cloud.account}:policy/boundary"
        role = self.role(PermissionsBoundary=arn)
        self.assertEqual(arn, role["PermissionsBoundary"]["PermissionsBoundaryArn"])
        self.iam.delete_role_permissions_boundary(RoleName="worker")
        self.assertNotIn("PermissionsBoundary", self.iam.get_role(RoleName="worker")["Role"])
        missing = self.iam.exceptions.NoSuchEntityException
        with self.assertRaises(missing):
            self.iam.delete_role_permissions_boundary(RoleName="worker")
        self.cloud.configure(assume_policies=False)
        with self.assertRaises(missing):
            self.iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=arn)
        with self.assertRaises(missing):
            self.iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
        foreign = f"arn:aws:iam::{OTHER_ACCOUNT}:policy/boundary"
        self.cloud.configure(assume_policies=True)
        with self.assertRaises(missing):
            self.iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=foreign)

    def test_roles_of_services_are_left_alone(self) -> None:
        service = "network.bedrock-agentcore.amazonaws.com"
        name = self.iam.create_service_linked_role(AWSServiceName=service)["Role"]["RoleName"]
        self.assertTrue(name.startswith("AWSServiceRoleFor"))
        with self.assertRaises(self.iam.exceptions.InvalidInputException):
            self.iam.create_service_linked_role(AWSServiceName=service)
        with self.assertRaises(self.iam.exceptions.UnmodifiableEntityException):
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow("s3:*"))


class Policies(IdentityTest):
    def managed(self, name: str, document: str) -> str:
        arn = f"arn:aws:iam::{self.cloud.account}:policy/{name}"
        self.cloud.seed(
            objects=[
                {"kind": "managed_policy", "id": arn, "region": "", "hidden": {"document": json.loads(document)}}
            ]
        )
        return arn

    def test_inline_policy_is_read_back(self) -> None:
        self.role()
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("s3:GetObject"))
        policy = self.iam.get_role_policy(RoleName="worker", PolicyName="p")
        self.assertEqual("s3:GetObject", policy["PolicyDocument"]["Statement"][0]["Action"])
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
            self.iam.get_role_policy(RoleName="worker", PolicyName="other")

    def test_attaching_twice_is_attaching_once(self) -> None:
        self.role()
        arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        for _ in range(2):
            self.iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
        attached = self.iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
        self.assertEqual([{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": arn}], attached)
        prefixed = self.iam.list_attached_role_policies(RoleName="worker", PathPrefix="/team/")
        self.assertEqual([], prefixed["AttachedPolicies"])
        self.iam.detach_role_policy(RoleName="worker", PolicyArn=arn)
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
            self.iam.detach_role_policy(RoleName="worker", PolicyArn=arn)

    def test_managed_policies_that_were_put_there_are_read(self) -> None:
        arn = self.managed("team/boundary", allow("s3:*"))
        policy = self.iam.get_policy(PolicyArn=arn)["Policy"]
        self.assertEqual(("boundary", "/team/"), (policy["PolicyName"], policy["Path"]))
        self.assertEqual("v1", policy["DefaultVersionId"])
        version = self.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
        self.assertEqual("s3:*", version["Document"]["Statement"][0]["Action"])
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
            self.iam.get_policy_version(PolicyArn=arn, VersionId="v2")
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
            self.iam.get_policy(PolicyArn=arn + "-other")
        self.iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")

    def decisions(self, arn: str, *actions: str, **more: Any) -> list[str]:
        answer = self.iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **more)
        return [result["EvalDecision"] for result in answer["EvaluationResults"]]

    def test_simulation_evaluates(self) -> None:
        arn = self.role(PermissionsBoundary=self.managed("limit", allow("s3:*")))["Arn"]
        self.assertEqual(["implicitDeny"], self.decisions(arn, "s3:GetObject"))
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("s3:*", "sqs:*"))
        deny = allow("s3:DeleteObject", effect="Deny")
        self.iam.put_role_policy(RoleName="worker", PolicyName="d", PolicyDocument=deny)
        self.assertEqual(
            ["allowed", "explicitDeny", "implicitDeny"],
            self.decisions(arn, "s3:GetObject", "s3:DeleteObject", "sqs:SendMessage"),
        )
        conditional = json.loads(allow("ec2:RunInstances"))
        conditional["Statement"][0]["Condition"] = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
        more = {
            "PolicyInputList": [json.dumps(conditional)],
            "PermissionsBoundaryPolicyInputList": [allow("*")],
        }
        answer = self.iam.simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=["ec2:RunInstances"], **more
        )["EvaluationResults"][0]
        self.assertEqual("implicitDeny", answer["EvalDecision"])
        self.assertEqual(["aws:RequestedRegion"], answer["MissingContextValues"])
        more["ContextEntries"] = [
            {"ContextKeyName": "aws:requestedregion", "ContextKeyValues": ["eu-west-1"], "ContextKeyType": "string"}
        ]
        self.assertEqual(["allowed"], self.decisions(arn, "ec2:RunInstances", **more))
        with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
            self.decisions(arn + "x", "s3:GetObject")


class Sts(IdentityTest):
    def test_caller_is_told(self) -> None:
        identity = self.sts.get_caller_identity()
        self.assertEqual(self.cloud.account, identity["Account"])
        role = self.role()
        session = self.cloud.client("sts", self.assume(role["Arn"], "one"))
        identity = session.get_caller_identity()
        self.assertEqual(f"arn:aws:sts::{self.cloud.account}:assumed-role/worker/one", identity["Arn"])
        self.assertEqual(f"{role['RoleId']}:one", identity["UserId"])

    def test_trust_decides(self) -> None:
        other = self.cloud.client("sts", self.cloud.keys_of(OTHER_ACCOUNT))
        arn = self.role("theirs", {"AWS": OTHER_ACCOUNT})["Arn"]
        self.assert_code("AccessDenied", self.assume, arn)
        self.assume(arn, sts=other)
        refused = self.assert_code("AccessDenied", self.assume, self.role("service", AGENTCORE)["Arn"])
        self.assertEqual(403, refused["ResponseMetadata"]["HTTPStatusCode"])
        self.assert_code("AccessDenied", self.assume, arn + "-absent")

    def test_conditions_of_the_trust_policy_decide(self) -> None:
        own = {"AWS": self.cloud.account}
        external = trust(own, StringEquals={"sts:ExternalId": "secret-word"})
        arn = self.role("external", document=external)["Arn"]
        self.assert_code("AccessDenied", self.assume, arn)
        self.assert_code("AccessDenied", self.assume, arn, ExternalId="other-word")
        self.assume(arn, ExternalId="secret-word")
        named = trust(own, StringLike={"sts:RoleSessionName": "deploy-*"})
        arn = self.role("named", document=named)["Arn"]
        self.assert_code("AccessDenied", self.assume, arn, "other")
        self.assume(arn, "deploy-1")
        tagged = trust(own, "sts:TagSession", StringEquals={"aws:RequestTag/team": "a"})
        statements = json.loads(trust(own))["Statement"] + json.loads(tagged)["Statement"]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        arn = self.role("tagged", document=document)["Arn"]
        self.assume(arn, Tags=[{"Key": "team", "Value": "a"}])
        self.assert_code("AccessDenied", self.assume, arn, Tags=[{"Key": "team", "Value": "b"}])

    def test_durations_are_limited(self) -> None:
        arn = self.role(MaxSessionDuration=7200)["Arn"]
        before = time.time()
        answer = self.sts.assume_role(RoleArn=arn, RoleSessionName="session", DurationSeconds=7200)
        begun = answer["Credentials"]["Expiration"].timestamp() - 7200
        self.assertTrue(before - 1 <= begun <= time.time() + 1, begun - before)
        self.assert_code("ValidationError", self.assume, arn, DurationSeconds=7201)
        careless = self.cloud.client("sts", parameter_validation=False)
        self.assert_code("ValidationError", self.assume, arn, sts=careless, DurationSeconds=899)
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("sts:AssumeRole"))
        chained = self.cloud.client("sts", self.assume(arn))
        self.assume(arn, sts=chained, DurationSeconds=3600)
        self.assert_code("ValidationError", self.assume, arn, sts=chained, DurationSeconds=3601)

    def test_session_may_do_what_its_policies_allow(self) -> None:
        arn = self.role()["Arn"]
        self.iam.put_role_policy(
            RoleName="worker", PolicyName="p", PolicyDocument=allow("iam:ListRoles", "iam:GetRole")
        )
        iam = self.cloud.client("iam", self.assume(arn))
        iam.list_roles()
        refused = self.assert_code("AccessDenied", iam.delete_role, RoleName="worker")
        self.assertIn("no identity-based policy allows the iam:DeleteRole action", refused["Error"]["Message"])
        narrow = self.cloud.client("iam", self.assume(arn, Policy=allow("iam:GetRole")))
        narrow.get_role(RoleName="worker")
        self.assert_code("AccessDenied", narrow.list_roles)
        with self.assertRaises(self.sts.exceptions.MalformedPolicyDocumentException):
            self.assume(arn, Policy="{")

    def test_role_with_a_path_is_named_with_it(self) -> None:
        arn = self.role()["Arn"]
        own = f"arn:aws:iam::{self.cloud.account}:role/team/*"
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("iam:*", resource=own))
        self.role("inside", Path="/team/")
        self.role("outside")
        iam = self.cloud.client("iam", self.assume(arn))
        iam.get_role(RoleName="INSIDE")
        document = trust({"AWS": self.cloud.account})
        iam.create_role(RoleName="new", Path="/team/", AssumeRolePolicyDocument=document)
        iam.put_role_policy(RoleName="new", PolicyName="p", PolicyDocument=allow("s3:GetObject"))
        self.assert_code("AccessDenied", iam.get_role, RoleName="outside")
        self.assert_code("AccessDenied", iam.create_role, RoleName="other", AssumeRolePolicyDocument=document)
        session = self.cloud.client("sts", self.assume(self.iam.get_role(RoleName="inside")["Role"]["Arn"], "one"))
        self.assertTrue(session.get_caller_identity()["Arn"].endswith(":assumed-role/inside/one"))

    def test_chain_needs_both_policies(self) -> None:
        first, second = self.role("first")["Arn"], self.role("second")["Arn"]
        chained = self.cloud.client("sts", self.assume(first))
        self.assert_code("AccessDenied", self.assume, second, sts=chained)
        allowed = allow("sts:AssumeRole", resource=second)
        self.iam.put_role_policy(RoleName="first", PolicyName="p", PolicyDocument=allowed)
        arn = self.cloud.client("sts", self.assume(second, "two", sts=chained)).get_caller_identity()["Arn"]
        self.assertTrue(arn.endswith(":assumed-role/second/two"))
        narrow = self.cloud.client("sts", self.assume(first, Policy=allow("iam:GetRole")))
        self.assert_code("AccessDenied", self.assume, second, sts=narrow)

    def test_who_is_named_by_the_trust_policy_needs_no_policy(self) -> None:
        first = self.role("first")["Arn"]
        session = f"arn:aws:sts::{self.cloud.account}:assumed-role/first/session"
        by_role = self.role("by-role", {"AWS": first})["Arn"]
        by_session = self.role("by-session", {"AWS": session})["Arn"]
        by_all = self.role("by-all", "*")["Arn"]
        chained = self.cloud.client("sts", self.assume(first))
        narrow = self.cloud.client("sts", self.assume(first, Policy=allow("iam:GetRole")))
        for arn in (by_role, by_session, by_all):
            self.assume(arn, sts=chained)
        # A session policy bounds what its role got, not what the session itself got.
        self.assume(by_session, sts=narrow)
        for arn in (by_role, by_all):
            self.assert_code("AccessDenied", self.assume, arn, sts=narrow)
        self.assert_code("AccessDenied", self.assume, by_role, sts=chained, Tags=[{"Key": "a", "Value": "b"}])
        deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        self.iam.put_role_policy(RoleName="first", PolicyName="p", PolicyDocument=document)
        for arn in (by_role, by_session):
            self.assert_code("AccessDenied", self.assume, arn, sts=chained)

    def test_other_account_must_allow_what_the_trust_policy_allows(self) -> None:
        key = self.cloud.keys_of(OTHER_ACCOUNT)
        other = self.cloud.client("iam", key)
        document = trust({"AWS": OTHER_ACCOUNT})
        theirs = other.create_role(RoleName="theirs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        ours = self.role("ours", {"AWS": theirs})["Arn"]
        session = self.cloud.client("sts", self.assume(theirs, sts=self.cloud.client("sts", key)))
        self.assert_code("AccessDenied", self.assume, ours, sts=session)
        other.put_role_policy(
            RoleName="theirs", PolicyName="p", PolicyDocument=allow("sts:AssumeRole", resource=ours)
        )
        self.assume(ours, sts=session)

    def test_session_ends_with_its_role(self) -> None:
        arn = self.role()["Arn"]
        sts = self.cloud.client("sts", self.assume(arn))
        iam = self.cloud.client("iam", self.assume(arn))
        sts.get_caller_identity()
        self.iam.delete_role(RoleName="worker")
        self.assert_code("InvalidClientTokenId", sts.get_caller_identity)
        self.assertEqual(arn, self.role()["Arn"])
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("*"))
        self.assert_code("InvalidClientTokenId", sts.get_caller_identity)
        self.assert_code("InvalidClientTokenId", iam.list_roles)
        self.cloud.client("iam", self.assume(arn)).list_roles()

    def test_conditions_know_the_caller_and_the_time(self) -> None:
        arn = self.role()["Arn"]
        statement = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}

        def put(**condition: Any) -> None:
            document = json.dumps({"Version": "2012-10-17", "Statement": {**statement, "Condition": condition}})
            self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document)

        iam = self.cloud.client("iam", self.assume(arn))
        put(ArnEquals={"aws:PrincipalArn": arn}, DateLessThan={"aws:CurrentTime": "2999-01-01T00:00:00Z"})
        iam.list_roles()
        put(DateLessThan={"aws:CurrentTime": "2001-01-01T00:00:00Z"})
        self.assert_code("AccessDenied", iam.list_roles)
        put(Bool={"aws:SecureTransport": "true"}, IpAddress={"aws:SourceIp": "127.0.0.0/8"})
        iam.list_roles()

    def test_what_the_role_of_a_runtime_needs_can_be_named(self) -> None:
        control = self.cloud.client("bedrock-agentcore-control")
        control.create_workload_identity(name="mine")
        control.create_workload_identity(name="other")
        for name in ("key", "more"):
            control.create_api_key_credential_provider(name=name, apiKey=f"of {name}")
        own = f"arn:aws:bedrock-agentcore:{REGION}:{self.cloud.account}"
        statements = [
            {
                "Action": "bedrock-agentcore:GetWorkloadAccessToken",
                "Resource": f"{own}:workload-identity-directory/default/workload-identity/mine",
            },
            {
                "Action": "bedrock-agentcore:GetResourceApiKey",
                "Resource": f"{own}:token-vault/default/apikeycredentialprovider/key",
            },
            {
                "Action": "logs:DescribeLogGroups",
                "Resource": f"arn:aws:logs:{REGION}:{self.cloud.account}:log-group:*",
            },
        ]
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **at} for at in statements]}
        arn = self.role()["Arn"]
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=json.dumps(document))
        key = self.assume(arn)
        data = self.cloud.client("bedrock-agentcore", key)
        token = data.get_workload_access_token(workloadName="mine")["workloadAccessToken"]
        self.assert_code("AccessDeniedException", data.get_workload_access_token, workloadName="other")
        ask = {"workloadIdentityToken": token}
        found = data.get_resource_api_key(**ask, resourceCredentialProviderName="key")
        self.assertEqual(found["apiKey"], "of key")
        self.assert_code(
            "AccessDeniedException", data.get_resource_api_key, **ask, resourceCredentialProviderName="more"
        )
        self.assertEqual(self.cloud.client("logs", key).describe_log_groups()["logGroups"], [])

    def test_policies_call_services_and_secrets_as_iam_does(self) -> None:
        arn = self.role()["Arn"]
        secrets = self.cloud.client("secretsmanager")
        one = secrets.create_secret(Name="one", SecretString="1")["ARN"]
        secrets.create_secret(Name="two", SecretString="2")
        namespace = {"StringEquals": {"cloudwatch:namespace": "bedrock-agentcore"}}
        statements = [
            {"Action": "secretsmanager:GetSecretValue", "Resource": one},
            {"Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": namespace},
        ]
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **at} for at in statements]}
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=json.dumps(document))
        key = self.assume(arn)
        secrets = self.cloud.client("secretsmanager", key)
        for identifier in (one, "one"):
            self.assertEqual(secrets.get_secret_value(SecretId=identifier)["SecretString"], "1")
        for identifier in ("two", "three"):
            self.assert_code("AccessDeniedException", secrets.get_secret_value, SecretId=identifier)
        put = self.cloud.client("cloudwatch", key).put_metric_data
        data = [{"MetricName": "calls", "Value": 1}]
        put(Namespace="bedrock-agentcore", MetricData=data)
        self.assert_code("AccessDenied", put, Namespace="other", MetricData=data)

    def test_boundary_that_is_known_bounds(self) -> None:
        arn = f"arn:aws:iam::{self.cloud.account}:policy/limit"
        document = json.loads(allow("iam:GetRole"))
        self.cloud.seed(
            objects=[{"kind": "managed_policy", "id": arn, "region": "", "hidden": {"document": document}}]
        )
        role = self.role(PermissionsBoundary=arn)["Arn"]
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("iam:*"))
        iam = self.cloud.client("iam", self.assume(role))
        iam.get_role(RoleName="worker")
        self.assert_code("AccessDenied", iam.list_roles)
        unknown = f"arn:aws:iam::{self.cloud.account}:policy/unknown"
        self.iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=unknown)
        iam.list_roles()

    def test_services_see_changes_late(self) -> None:
        lag_ms = 90_000
        self.cloud.configure(iam_lag_ms=lag_ms)
        arn = self.role()["Arn"]
        self.assert_code("AccessDenied", self.assume, arn)
        self.cloud.pass_time(lag_ms)
        iam = self.cloud.client("iam", self.assume(arn))
        self.iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=allow("iam:ListRoles"))
        self.assert_code("AccessDenied", iam.list_roles)
        self.cloud.pass_time(lag_ms)
        iam.list_roles()
        self.iam.delete_role_policy(RoleName="worker", PolicyName="p")
        iam.list_roles()
        self.cloud.pass_time(lag_ms)
        self.assert_code("AccessDenied", iam.list_roles)

    def web_token(self, **claims: Any) -> str:
        """From an issuer that the cloud does not know."""
        given = {"iss": "https://ci.example", "aud": "sts.amazonaws.com", "sub": "repo:a/b", "exp": time.time() + 600}
        return jwt.encode({**given, **claims}, "k" * 32, algorithm="HS256")

    def test_web_identity_is_judged_by_the_trust_policy(self) -> None:
        provider = {"Federated": f"arn:aws:iam::{self.cloud.account}:oidc-provider/ci.example"}
        document = trust(
            provider,
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={"ci.example:aud": "sts.amazonaws.com"},
            StringLike={"ci.example:sub": "repo:a/*"},
        )
        arn = self.role(document=document)["Arn"]
        call = {"RoleArn": arn, "RoleSessionName": "ci"}
        answer = self.sts.assume_role_with_web_identity(WebIdentityToken=self.web_token(), **call)
        self.assertEqual("repo:a/b", answer["SubjectFromWebIdentityToken"])
        self.assertEqual("sts.amazonaws.com", answer["Audience"])
        web = self.sts.assume_role_with_web_identity
        other = self.web_token(sub="repo:c/d")
        self.assert_code("AccessDenied", web, WebIdentityToken=other, **call)
        self.assert_code("AccessDenied", web, WebIdentityToken=self.web_token(iss="https://x.example"), **call)
        with self.assertRaises(self.sts.exceptions.ExpiredTokenException):
            web(WebIdentityToken=self.web_token(exp=1), **call)
        with self.assertRaises(self.sts.exceptions.InvalidIdentityTokenException):
            web(WebIdentityToken="no token", **call)


class Pools(IdentityTest):
    def test_pool_comes_back_with_what_cognito_adds(self) -> None:
        made = self.cognito.create_user_pool(PoolName="p", UserPoolTags={"team": "a"})["UserPool"]
        self.assertRegex(made["Id"], "^us-east-1_[0-9A-Za-z]{9}$")
        pool = self.cognito.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
        self.assertEqual(made, pool)
        self.assertEqual(0, pool["EstimatedNumberOfUsers"])
        self.assertEqual(8, pool["Policies"]["PasswordPolicy"]["MinimumLength"])
        self.assertEqual(("ESSENTIALS", "OFF"), (pool["UserPoolTier"], pool["MfaConfiguration"]))
        self.assertEqual("INACTIVE", pool["DeletionProtection"])
        self.assertIn("sub", [attribute["Name"] for attribute in pool["SchemaAttributes"]])
        self.assertTrue(pool["Arn"].endswith(f":userpool/{made['Id']}"))
        with self.assertRaises(self.cognito.exceptions.ResourceNotFoundException) as caught:
            self.cognito.describe_user_pool(UserPoolId="us-east-1_absent123")
        self.assertIn("User pool us-east-1_absent123 does not exist.", str(caught.exception))

    def test_names_are_not_unique_and_lists_have_pages(self) -> None:
        ids = [self.pool("same") for _ in range(5)]
        pages = self.cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 2})
        self.assertEqual(ids, [pool["Id"] for page in pages for pool in page["UserPools"]])
        elsewhere = self.cloud.client("cognito-idp", region=OTHER_REGION)
        self.assertEqual([], elsewhere.list_user_pools(MaxResults=10)["UserPools"])

    def test_update_resets_what_is_left_out(self) -> None:
        schema = [{"Name": "team", "AttributeDataType": "String", "Mutable": True}]
        policies = {"PasswordPolicy": {"MinimumLength": 12}}
        pool = self.pool(
            Policies=policies, UserPoolTags={"a": "b"}, UserPoolTier="PLUS", Schema=schema, UsernameAttributes=["email"]
        )
        answer = self.cognito.update_user_pool(UserPoolId=pool, DeletionProtection="ACTIVE")
        self.assertEqual({"ResponseMetadata"}, set(answer))
        described = self.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertEqual(8, described["Policies"]["PasswordPolicy"]["MinimumLength"])
        self.assertEqual("ESSENTIALS", described["UserPoolTier"])
        self.assertEqual({}, described["UserPoolTags"])
        self.assertEqual(["email"], described["UsernameAttributes"])
        self.assertIn("custom:team", [attribute["Name"] for attribute in described["SchemaAttributes"]])
        with self.assertRaises(self.cognito.exceptions.InvalidParameterException):
            self.cognito.delete_user_pool(UserPoolId=pool)
        self.cognito.update_user_pool(UserPoolId=pool)
        self.cognito.delete_user_pool(UserPoolId=pool)

    def test_attributes_are_added_once(self) -> None:
        pool = self.pool()
        custom = [{"Name": "level", "AttributeDataType": "Number"}]
        self.cognito.add_custom_attributes(UserPoolId=pool, CustomAttributes=custom)
        with self.assertRaises(self.cognito.exceptions.InvalidParameterException):
            self.cognito.add_custom_attributes(UserPoolId=pool, CustomAttributes=custom)

    def test_mfa_is_set(self) -> None:
        pool = self.pool()
        self.assertEqual("OFF", self.cognito.get_user_pool_mfa_config(UserPoolId=pool)["MfaConfiguration"])
        with self.assertRaises(self.cognito.exceptions.InvalidParameterException):
            self.cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="ON")
        self.cognito.set_user_pool_mfa_config(
            UserPoolId=pool, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
        )
        config = self.cognito.get_user_pool_mfa_config(UserPoolId=pool)
        self.assertEqual("OPTIONAL", config["MfaConfiguration"])
        self.assertTrue(config["SoftwareTokenMfaConfiguration"]["Enabled"])

    def test_tags_by_arn(self) -> None:
        pool = self.pool(UserPoolTags={"a": "1"})
        arn = self.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Arn"]
        self.cognito.tag_resource(ResourceArn=arn, Tags={"b": "2"})
        self.cognito.untag_resource(ResourceArn=arn, TagKeys=["a", "c"])
        self.assertEqual({"b": "2"}, self.cognito.list_tags_for_resource(ResourceArn=arn)["Tags"])
        with self.assertRaises(self.cognito.exceptions.ResourceNotFoundException):
            self.cognito.list_tags_for_resource(ResourceArn=arn + "x")

    def test_domain_is_unique_and_takes_its_time(self) -> None:
        pool, other = self.pool(), self.pool()
        self.cloud.configure(domain_ms=600_000)
        self.cognito.create_user_pool_domain(UserPoolId=self.pool(), Domain="slow")
        self.assertEqual("CREATING", self.domain_status("slow"))
        self.cloud.configure(domain_ms=20)
        self.assertIsNone(self.domain_status("lark"))
        self.cognito.create_user_pool_domain(UserPoolId=pool, Domain="lark")
        self.cloud.wait_until(lambda: self.domain_status("lark") == "ACTIVE")
        self.assertEqual("lark", self.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Domain"])
        invalid = self.cognito.exceptions.InvalidParameterException
        for refused in ("lark", "my-aws-tools", "amazonia", "cognitor"):
            with self.subTest(refused), self.assertRaises(invalid):
                self.cognito.create_user_pool_domain(UserPoolId=other, Domain=refused)
        with self.assertRaises(invalid):
            self.cognito.create_user_pool_domain(UserPoolId=pool, Domain="second")
        stranger = self.cloud.client("cognito-idp", self.cloud.keys_of(OTHER_ACCOUNT))
        self.assertIsNone(self.domain_status("lark", stranger))
        theirs = stranger.create_user_pool(PoolName="p")["UserPool"]["Id"]
        with self.assertRaises(stranger.exceptions.InvalidParameterException):
            stranger.create_user_pool_domain(UserPoolId=theirs, Domain="lark")

    def test_domain_goes_before_its_pool(self) -> None:
        pool = self.pool()
        self.domain(pool)
        invalid = self.cognito.exceptions.InvalidParameterException
        with self.assertRaises(invalid):
            self.cognito.delete_user_pool(UserPoolId=pool)
        self.cognito.delete_user_pool_domain(UserPoolId=pool, Domain="lark")
        self.cloud.wait_until(lambda: self.domain_status("lark") is None)
        self.server(pool, "invoke")
        self.machine(pool, "tools/invoke")
        self.cognito.delete_user_pool(UserPoolId=pool)
        self.assertEqual([], self.cloud.objects())

    def test_domain_goes_once(self) -> None:
        pool = self.pool()
        self.domain(pool)
        self.cloud.configure(delete_ms=600_000)
        self.cognito.delete_user_pool_domain(UserPoolId=pool, Domain="lark")
        self.assertEqual("DELETING", self.domain_status("lark"))
        with self.assertRaises(self.cognito.exceptions.InvalidParameterException):
            self.cognito.delete_user_pool_domain(UserPoolId=pool, Domain="lark")

    def test_resource_server_is_replaced_by_an_update(self) -> None:
        pool = self.pool()
        self.server(pool, "read", "write")
        with self.assertRaises(self.cognito.exceptions.InvalidParameterException):
            self.server(pool, "read")
        self.cognito.update_resource_server(UserPoolId=pool, Identifier="tools", Name="New")
        server = self.cognito.describe_resource_server(UserPoolId=pool, Identifier="tools")["ResourceServer"]
        self.assertEqual(("New", []), (server["Name"], server["Scopes"]))
        self.assertEqual(1, len(self.cognito.list_resource_servers(UserPoolId=pool, MaxResults=5)["ResourceServers"]))
        self.cognito.delete_resource_server(UserPoolId=pool, Identifier="tools")
        with self.assertRaises(self.cognito.exceptions.ResourceNotFoundException):
            self.cognito.describe_resource_server(UserPoolId=pool, Identifier="tools")


class Clients(IdentityTest):
    def test_client_comes_back_with_secret_and_defaults(self) -> None:
        pool = self.pool()
        self.server(pool, "invoke")
        made = self.machine(pool, "tools/invoke", AccessTokenValidity=30, TokenValidityUnits={"AccessToken": "minutes"})
        self.assertGreaterEqual(len(made["ClientSecret"]), 50)
        client = self.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])["UserPoolClient"]
        self.assertEqual(made, client)
        self.assertEqual(30, client["RefreshTokenValidity"])
        self.assertEqual(
            {"AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "days"}, client["TokenValidityUnits"]
        )
        listed = self.cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
        self.assertEqual([{"ClientId": made["ClientId"], "UserPoolId": pool, "ClientName": "machine"}], listed)
        self.cognito.delete_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])
        with self.assertRaises(self.cognito.exceptions.ResourceNotFoundException):
            self.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])

    def test_secret_is_in_no_listing(self) -> None:
        pool = self.pool()
        self.server(pool, "invoke")
        secret = self.machine(pool, "tools/invoke")["ClientSecret"]
        listings = json.dumps([self.cloud.objects(), self.cloud.log()])
        self.assertNotIn(secret, listings + self.cloud.stderr())

    def test_update_resets_what_is_left_out(self) -> None:
        pool = self.pool()
        self.server(pool, "invoke")
        made = self.machine(pool, "tools/invoke", EnableTokenRevocation=False)
        answer = self.cognito.update_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])
        client = answer["UserPoolClient"]
        self.assertNotIn("AllowedOAuthScopes", client)
        self.assertTrue(client["EnableTokenRevocation"])
        self.assertEqual(("machine", made["ClientSecret"]), (client["ClientName"], client["ClientSecret"]))

    def test_flows_and_scopes_are_checked(self) -> None:
        pool = self.pool()
        self.server(pool, "invoke")
        errors = self.cognito.exceptions
        with self.assertRaises(errors.ScopeDoesNotExistException):
            self.machine(pool, "tools/other")
        base = {"UserPoolId": pool, "ClientName": "c", "AllowedOAuthFlowsUserPoolClient": True}
        for flows in (["client_credentials"], ["client_credentials", "code"]):
            with self.subTest(flows), self.assertRaises(errors.InvalidOAuthFlowException):
                self.cognito.create_user_pool_client(
                    **base, AllowedOAuthFlows=flows, AllowedOAuthScopes=["tools/invoke"]
                )
        with self.assertRaises(errors.InvalidParameterException):
            self.cognito.create_user_pool_client(**base)
        with self.assertRaises(errors.InvalidParameterException):
            self.machine(pool, "tools/invoke", AccessTokenValidity=25)

    def test_secrets_rotate(self) -> None:
        pool = self.pool()
        self.server(pool, "invoke")
        client = self.machine(pool, "tools/invoke")
        which = {"UserPoolId": pool, "ClientId": client["ClientId"]}
        added = self.cognito.add_user_pool_client_secret(**which)["ClientSecretDescriptor"]
        self.assertIn("ClientSecretValue", added)
        with self.assertRaises(self.cognito.exceptions.LimitExceededException):
            self.cognito.add_user_pool_client_secret(**which)
        secrets = self.cognito.list_user_pool_client_secrets(**which)["ClientSecrets"]
        self.assertEqual(2, len({secret["ClientSecretId"] for secret in secrets}))
        self.assertNotIn("ClientSecretValue", json.dumps(secrets, default=str))
        self.cognito.delete_user_pool_client_secret(**which, ClientSecretId=secrets[0]["ClientSecretId"])
        now = self.cognito.describe_user_pool_client(**which)["UserPoolClient"]["ClientSecret"]
        self.assertEqual(added["ClientSecretValue"], now)
        with self.assertRaises(self.cognito.exceptions.InvalidParameterException):
            self.cognito.delete_user_pool_client_secret(**which, ClientSecretId=added["ClientSecretId"])


class Tokens(IdentityTest):
    def setUp(self) -> None:
        super().setUp()
        self.user_pool = self.pool()
        self.server(self.user_pool, "read", "write")
        self.app = self.machine(self.user_pool, "tools/read", "tools/write")
        self.issuer = f"{self.cloud.url}/{self.user_pool}"
        self.secret = self.app["ClientSecret"]

    def discovery(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=60) as answer:
            return json.load(answer)

    def post(self, form: Any, basic: tuple[str, str] | None = None, prefix: str = "lark") -> tuple[int, Any, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        body = (form if isinstance(form, str) else urllib.parse.urlencode(form)).encode()
        url = f"{self.cloud.url}/cognito/{prefix}/oauth2/token"
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or "null"), error.headers

    def grant(self, **more: str) -> dict[str, str]:
        return {"grant_type": "client_credentials", **more}

    def in_body(self, **more: str) -> dict[str, str]:
        return self.grant(client_id=self.app["ClientId"], client_secret=self.secret, **more)

    def claims(self, token: str) -> dict[str, Any]:
        """Verified by a library that knows nothing of ours."""
        keys = jwt.PyJWKClient(self.discovery()["jwks_uri"])
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key.key, algorithms=["RS256"], issuer=self.issuer)

    def test_discovery_serves_without_a_domain(self) -> None:
        document = self.discovery()
        self.assertEqual(self.issuer, document["issuer"])
        self.assertEqual(f"{self.issuer}/token", document["token_endpoint"])
        self.domain(self.user_pool)
        self.assertEqual(f"{self.cloud.url}/cognito/lark/oauth2/token", self.discovery()["token_endpoint"])
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{self.cloud.url}/us-east-1_absent123/.well-known/jwks.json", timeout=60)
        caught.exception.close()
        self.assertEqual(404, caught.exception.code)

    def test_token_is_shaped_like_cognitos(self) -> None:
        self.domain(self.user_pool)
        status, body, headers = self.post(self.grant(scope="tools/read"), (self.app["ClientId"], self.secret))
        self.assertEqual((200, 3600, "Bearer"), (status, body["expires_in"], body["token_type"]))
        self.assertEqual({"access_token", "expires_in", "token_type"}, set(body))
        self.assertEqual("no-store", headers["Cache-Control"])
        claims = self.claims(body["access_token"])
        expected = {
            "sub": self.app["ClientId"],
            "client_id": self.app["ClientId"],
            "token_use": "access",
            "scope": "tools/read",
            "iss": self.issuer,
            "version": 2,
            "auth_time": claims["iat"],
            "exp": claims["iat"] + 3600,
        }
        self.assertEqual(expected, {name: claims[name] for name in expected})
        self.assertEqual({*expected, "iat", "jti"}, set(claims))
        self.assertEqual({"kid", "alg"}, set(jwt.get_unverified_header(body["access_token"])) - {"typ"})

    def test_client_may_stand_in_the_body_and_scopes_may_be_left_out(self) -> None:
        self.domain(self.user_pool)
        status, body, _ = self.post(self.in_body())
        self.assertEqual(200, status)
        self.assertEqual("tools/read tools/write", self.claims(body["access_token"])["scope"])
        status, body, _ = self.post(self.in_body(scope="tools/write tools/read"))
        self.assertEqual("tools/write tools/read", self.claims(body["access_token"])["scope"])

    def test_validity_is_respected(self) -> None:
        self.domain(self.user_pool)
        self.app = self.machine(
            self.user_pool,
            "tools/read",
            AccessTokenValidity=10,
            TokenValidityUnits={"AccessToken": "minutes"},
        )
        self.secret = self.app["ClientSecret"]
        _, body, _ = self.post(self.in_body())
        claims = self.claims(body["access_token"])
        self.assertEqual((600, 600), (body["expires_in"], claims["exp"] - claims["iat"]))

    def test_refusals_have_cognitos_words(self) -> None:
        self.domain(self.user_pool)
        client = self.app["ClientId"]
        rows: list[tuple[str, Any, tuple[str, str] | None]] = [
            ("invalid_client", self.grant(), (client, "x" + self.secret[1:] + "y")),
            ("invalid_client", self.grant(), (client, "")),
            ("invalid_client", self.grant(client_id=client), None),
            ("invalid_client", self.grant(client_id="unknown", client_secret="x"), None),
            ("invalid_scope", self.in_body(scope="tools/other"), None),
            ("invalid_scope", self.in_body(scope="tools/read openid"), None),
            ("unsupported_grant_type", {**self.in_body(), "grant_type": "password"}, None),
            ("unauthorized_client", {**self.in_body(), "grant_type": "authorization_code", "code": "x"}, None),
            ("invalid_request", {"client_id": client, "client_secret": self.secret}, None),
            ("invalid_request", self.grant(), None),
            ("invalid_request", self.in_body(), (client, "another")),
            ("invalid_request", "grant_type=client_credentials&grant_type=client_credentials", (client, self.secret)),
            ("invalid_request", "grant_type=%ff%fe&x=%00", (client, self.secret)),
        ]
        for error, form, basic in rows:
            with self.subTest(error, form=form):
                status, body, headers = self.post(form, basic)
                self.assertEqual((400, {"error": error}), (status, body))
                self.assertEqual("no-store", headers["Cache-Control"])

    def test_both_secrets_are_good_while_they_rotate(self) -> None:
        self.domain(self.user_pool)
        which = {"UserPoolId": self.user_pool, "ClientId": self.app["ClientId"]}
        old, new = self.secret, self.cognito.add_user_pool_client_secret(**which)["ClientSecretDescriptor"]
        for secret in (old, new["ClientSecretValue"]):
            self.assertEqual(200, self.post(self.grant(), (self.app["ClientId"], secret))[0])
        first = self.cognito.list_user_pool_client_secrets(**which)["ClientSecrets"][0]["ClientSecretId"]
        self.cognito.delete_user_pool_client_secret(**which, ClientSecretId=first)
        self.assertEqual(400, self.post(self.grant(), (self.app["ClientId"], old))[0])

    def test_scope_that_went_is_not_granted(self) -> None:
        self.domain(self.user_pool)
        self.cognito.update_resource_server(
            UserPoolId=self.user_pool,
            Identifier="tools",
            Name="tools",
            Scopes=[{"ScopeName": "read", "ScopeDescription": "r"}],
        )
        self.assertEqual("tools/read", self.claims(self.post(self.in_body())[1]["access_token"])["scope"])

    def test_token_of_a_pool_is_verified_before_it_is_no_web_identity(self) -> None:
        self.domain(self.user_pool)
        token = self.post(self.in_body())[1]["access_token"]
        issuer = self.issuer.removeprefix("http://")
        provider = {"Federated": f"arn:aws:iam::{self.cloud.account}:oidc-provider/{issuer}"}
        arn = self.role(document=trust(provider, "sts:AssumeRoleWithWebIdentity"))["Arn"]
        header, body, signature = token.split(".")
        tampered = f"{header}.{body}.{signature[:-8]}AAAAAAAA"
        for given, words in ((token, "required claim: aud"), (tampered, "verification key")):
            with self.assertRaises(self.sts.exceptions.InvalidIdentityTokenException) as caught:
                self.sts.assume_role_with_web_identity(
                    RoleArn=arn, RoleSessionName="session", WebIdentityToken=given
                )
            self.assertIn(words, str(caught.exception))

    def assert_nobody_answers(self, prefix: str = "lark") -> None:
        with self.assertRaises((ConnectionError, http.client.BadStatusLine, urllib.error.URLError)) as caught:
            self.post(self.in_body(), prefix=prefix)
        self.assertNotIsInstance(caught.exception, urllib.error.HTTPError)

    def test_domain_that_is_not_there_answers_nobody(self) -> None:
        self.assert_nobody_answers("absent")
        self.cloud.configure(domain_ms=600_000)
        self.cognito.create_user_pool_domain(UserPoolId=self.pool(), Domain="slow")
        self.assertEqual("CREATING", self.domain_status("slow"))
        self.assert_nobody_answers("slow")
        self.cloud.configure(domain_ms=20, token_dns_ms=200_000)
        self.domain(self.user_pool)
        self.assert_nobody_answers()
        self.cloud.pass_time(200_000)
        self.assertEqual(200, self.post(self.in_body())[0])
        self.cloud.configure(delete_ms=600_000)
        self.cognito.delete_user_pool_domain(UserPoolId=self.user_pool, Domain="lark")
        self.assert_nobody_answers()

    def test_other_methods_and_bodies_are_refused(self) -> None:
        self.domain(self.user_pool)
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)
        self.addCleanup(connection.close)
        path = "/cognito/lark/oauth2/token"
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(405, answer.status)
        connection.request("POST", path, json.dumps(self.in_body()), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self.assertEqual((400, {"error": "invalid_request"}), (answer.status, json.loads(answer.read())))


class Kept(unittest.TestCase):
    """What is in the state folder is there again after the next start."""

    def test_pool_keys_and_roles_survive_a_restart(self) -> None:
        with tempfile.TemporaryDirectory(prefix="gantry-kept-") as folder:
            with LocalCloud(state=folder) as cloud:
                cloud.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=trust(AGENTCORE))
                pool = cloud.client("cognito-idp").create_user_pool(PoolName="p")["UserPool"]["Id"]
                before = self.key_set(cloud, pool)
            with LocalCloud(state=folder) as cloud:
                role = cloud.client("iam").get_role(RoleName="worker")["Role"]
                self.assertEqual(AGENTCORE, role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"])
                self.assertEqual(before, self.key_set(cloud, pool))

    def key_set(self, cloud: LocalCloud, pool: str) -> Any:
        with urllib.request.urlopen(f"{cloud.url}/{pool}/.well-known/jwks.json", timeout=60) as answer:
            document = json.load(answer)
        self.assertNotIn("d", document["keys"][0])
        return document

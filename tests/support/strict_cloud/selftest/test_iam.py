"""Roles, policies, and how late others see them."""

from __future__ import annotations

import json

from .base import ACCOUNT, OTHER_KEY, PULL, DoubleTest, allow, trust

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


class RoleTest(DoubleTest):
    """IAM."""

    def setUp(self) -> None:
        super().setUp()
        self.iam = self.client("iam")

    def test_life_of_a_role(self) -> None:
        iam = self.iam
        iam.create_role(
            RoleName="Deploy",
            Path="/team/",
            AssumeRolePolicyDocument=trust(),
            Description="d",
            MaxSessionDuration=7200,
            Tags=[{"Key": "a", "Value": "1"}],
        )
        role = iam.get_role(RoleName="Deploy")["Role"]
        self.assertEqual((f"arn:aws:iam::{ACCOUNT}:role/team/Deploy", 7200), (role["Arn"], role["MaxSessionDuration"]))
        self.refused("EntityAlreadyExists", iam.create_role, RoleName="deploy", AssumeRolePolicyDocument=trust())
        iam.update_role(RoleName="Deploy", Description="e")
        role = iam.get_role(RoleName="Deploy")["Role"]
        self.assertEqual(("e", 3600), (role["Description"], role["MaxSessionDuration"]))
        iam.tag_role(RoleName="Deploy", Tags=[{"Key": "b", "Value": "2"}])
        iam.untag_role(RoleName="Deploy", TagKeys=["a"])
        self.assertEqual([{"Key": "b", "Value": "2"}], iam.list_role_tags(RoleName="Deploy")["Tags"])
        self.assertEqual([], iam.list_instance_profiles_for_role(RoleName="Deploy")["InstanceProfiles"])
        iam.delete_role(RoleName="Deploy")
        self.refused("NoSuchEntity", iam.get_role, RoleName="Deploy")
        self.refused("NoSuchEntity", iam.delete_role, RoleName="Deploy")

    def test_documents_come_back_rewritten(self) -> None:
        sent = {
            "Version": "2012-10-17",
            "Statement": [{"Resource": ["*"], "Action": ["s3:Put", "s3:Get"], "Effect": "Allow"}],
        }
        self.role("r", policy=json.dumps(sent, indent=4))
        got = self.iam.get_role_policy(RoleName="r", PolicyName="inline")["PolicyDocument"]
        self.assertEqual({"Effect": "Allow", "Action": ["s3:Get", "s3:Put"], "Resource": "*"}, got["Statement"][0])
        raw = self.server.dispatcher.cloud.find("iam-role", ACCOUNT, "", "r")
        self.assertEqual(["Effect", "Action", "Resource"], list(got["Statement"][0]))
        self.assertEqual("*", raw.hidden["inline"]["inline"]["Statement"][0]["Resource"][0])

    def test_refuses_bad_documents(self) -> None:
        bad = (
            "{}",
            "no json",
            '{"Version":"2012-10-17","Statement":[]}',
            PULL,
            '{"Version":"1","Statement":[]}',
            trust().replace("Allow", "Maybe"),
            trust().replace("ArnLike", "ArnLikes"),
            trust().replace(".amazonaws.com", ""),
        )
        for document in bad:
            self.refused(
                "MalformedPolicyDocument", self.iam.create_role, RoleName="r", AssumeRolePolicyDocument=document
            )
        self.role("r")
        for document in (trust(), allow("s3", "*"), allow("s3:Get", "bucket")):
            self.refused(
                "MalformedPolicyDocument",
                self.iam.put_role_policy,
                RoleName="r",
                PolicyName="p",
                PolicyDocument=document,
            )

    def test_inline_policies_share_one_limit(self) -> None:
        self.role("r")
        document = allow("s3:GetObject", [f"arn:aws:s3:::bucket/{'x' * 50}{index}" for index in range(60)])
        self.iam.put_role_policy(RoleName="r", PolicyName="one", PolicyDocument=document)
        self.iam.put_role_policy(RoleName="r", PolicyName="two", PolicyDocument=document)
        self.refused(
            "LimitExceeded", self.iam.put_role_policy, RoleName="r", PolicyName="three", PolicyDocument=document
        )
        self.assertEqual(["one", "two"], self.iam.list_role_policies(RoleName="r")["PolicyNames"])

    def test_policies_first_then_the_role(self) -> None:
        iam = self.iam
        self.role("r", policy=PULL)
        iam.attach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
        iam.attach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
        self.assertEqual(
            [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}],
            iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"],
        )
        self.refused("DeleteConflict", iam.delete_role, RoleName="r")
        iam.detach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
        self.refused("NoSuchEntity", iam.detach_role_policy, RoleName="r", PolicyArn=READ_ONLY)
        self.refused("DeleteConflict", iam.delete_role, RoleName="r")
        iam.delete_role_policy(RoleName="r", PolicyName="inline")
        self.refused("NoSuchEntity", iam.delete_role_policy, RoleName="r", PolicyName="inline")
        iam.delete_role(RoleName="r")

    def test_managed_policies_and_boundaries(self) -> None:
        iam = self.iam
        self.admin("seed", {"policies": [{"name": "edge", "document": json.loads(allow("s3:*", "*"))}]})
        edge = f"arn:aws:iam::{ACCOUNT}:policy/edge"
        self.role("r", policy=allow(["s3:Get", "ec2:Get"], "*"))
        self.refused("NoSuchEntity", iam.put_role_permissions_boundary, RoleName="r", PermissionsBoundary=edge + "x")
        iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=edge)
        self.assertEqual(edge, iam.get_role(RoleName="r")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"])
        results = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/r", ActionNames=["s3:Get", "ec2:Get"]
        )["EvaluationResults"]
        self.assertEqual(["allowed", "implicitDeny"], [result["EvalDecision"] for result in results])
        iam.delete_role_permissions_boundary(RoleName="r")
        self.assertNotIn("PermissionsBoundary", iam.get_role(RoleName="r")["Role"])
        self.assertEqual("v1", iam.get_policy(PolicyArn=edge)["Policy"]["DefaultVersionId"])
        document = iam.get_policy_version(PolicyArn=edge, VersionId="v1")["PolicyVersion"]["Document"]
        self.assertEqual("s3:*", document["Statement"][0]["Action"])
        self.refused("NoSuchEntity", iam.attach_role_policy, RoleName="r", PolicyArn=edge + "x")

    def test_accounts_are_apart(self) -> None:
        self.role("r")
        other = self.client("iam", OTHER_KEY)
        self.refused("NoSuchEntity", other.get_role, RoleName="r")
        self.assertEqual([], other.list_roles()["Roles"])


class LagTest(DoubleTest):
    """Consumers see a role later than IAM itself."""

    knobs = {**DoubleTest.knobs, "iam_lag_ms": 400}

    def test_a_runtime_sees_the_role_late(self) -> None:
        control = self.client("bedrock-agentcore-control")
        arn = self.role("late", policy=PULL)
        params = {
            "agentRuntimeName": "server",
            "roleArn": arn,
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "public.ecr.aws/x/y:1"}},
        }
        error = self.refused("ValidationException", control.create_agent_runtime, **params)
        self.assertIn("Role validation failed", str(error))
        self.now += 0.45
        control.create_agent_runtime(**params)

    def test_a_permission_lags_apart_from_the_trust(self) -> None:
        control = self.client("bedrock-agentcore-control")
        arn = self.role("late")
        self.now += 0.45
        params = {
            "agentRuntimeName": "server",
            "roleArn": arn,
            "agentRuntimeArtifact": {
                "containerConfiguration": {"containerUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:1"}
            },
        }
        self.client("iam").put_role_policy(RoleName="late", PolicyName="pull", PolicyDocument=PULL)
        error = self.refused("ValidationException", control.create_agent_runtime, **params)
        self.assertIn("Access denied while validating ECR URI", str(error))
        self.now += 0.45
        error = self.refused("ValidationException", control.create_agent_runtime, **params)
        self.assertIn("does not exist", str(error))

    def test_assume_role_lags(self) -> None:
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
            }
        )
        arn = self.role("late", policy)
        self.refused("AccessDenied", self.client("sts").assume_role, RoleArn=arn, RoleSessionName="test")
        self.now += 0.45
        self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")

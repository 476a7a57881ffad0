"""Who may call: signatures, dates, session tokens, scopes."""

from __future__ import annotations

import base64
import json
from typing import Any

from .base import ACCOUNT, KEY, OTHER_KEY, DoubleTest, RawTest


class SignatureTest(RawTest):
    """SigV4 is verified, and errors come in each protocol's own form."""

    def test_accepts_boto3_for_each_service(self) -> None:
        self.assertEqual(ACCOUNT, self.client("sts").get_caller_identity()["Account"])
        self.assertEqual("210987654321", self.client("sts", OTHER_KEY).get_caller_identity()["Account"])
        self.client("iam").list_roles()
        self.client("cognito-idp").list_user_pools(MaxResults=1)
        self.client("bedrock-agentcore-control").list_gateways(maxResults=3)
        self.client("logs").describe_log_groups()
        self.client("ecr").describe_repositories()

    def test_signs_an_arn_in_a_path_with_double_encoding(self) -> None:
        arn = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:gateway/tools-0123456789"
        self.refused(
            "ResourceNotFoundException",
            self.client("bedrock-agentcore-control").list_tags_for_resource,
            resourceArn=arn,
        )

    def test_refuses_a_wrong_secret_in_each_protocol(self) -> None:
        bad = (KEY[0], "wrong")
        self.refused("InvalidSignatureException", self.client("bedrock-agentcore-control", bad).list_gateways)
        self.refused("InvalidSignatureException", self.client("logs", bad).describe_log_groups)
        self.refused("SignatureDoesNotMatch", self.client("iam", bad).list_roles)

    def test_refuses_an_unknown_key_in_each_protocol(self) -> None:
        bad = ("AKIDNOBODY", "x")
        self.refused("UnrecognizedClientException", self.client("bedrock-agentcore-control", bad).list_gateways)
        self.refused("UnrecognizedClientException", self.client("logs", bad).describe_log_groups)
        self.refused("InvalidClientTokenId", self.client("sts", bad).get_caller_identity)

    def test_refuses_a_session_token_with_a_long_lived_key(self) -> None:
        self.refused("InvalidClientTokenId", self.client("sts", (*KEY, "token")).get_caller_identity)

    def test_refuses_a_changed_body(self) -> None:
        body = b'{"logGroupNamePrefix":"/a"}'
        headers = self.signed(
            "POST",
            "/",
            "logs",
            body,
            **{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"},
        )
        self.assertEqual(200, self.send("POST", "/", headers, body)[0])
        status, _, answer = self.send("POST", "/", headers, b'{"logGroupNamePrefix":"/b"}')
        self.assertEqual(
            (400, "com.amazon.coral.service#InvalidSignatureException"), (status, json.loads(answer)["__type"])
        )

    def test_refuses_an_unsigned_amz_header(self) -> None:
        headers = {**self.signed("GET", "/gateways/", "bedrock-agentcore"), "x-amz-extra": "1"}
        status, got, _ = self.send("GET", "/gateways/", headers)
        self.assertEqual(403, status)
        self.assertTrue(got["x-amzn-ErrorType"].startswith("InvalidSignatureException:"))

    def test_refuses_a_request_without_authorization(self) -> None:
        status, got, _ = self.send("GET", "/gateways/", {})
        self.assertEqual(403, status)
        self.assertTrue(got["x-amzn-ErrorType"].startswith("MissingAuthenticationTokenException"))

    def test_refuses_a_clock_that_is_six_minutes_off(self) -> None:
        self.admin("config", {"skew_ms": 360_000})
        error = self.refused("SignatureDoesNotMatch", self.client("sts").get_caller_identity)
        self.assertIn("Signature expired", str(error))

    def test_iam_wants_its_own_region_in_the_scope(self) -> None:
        body = b"Action=ListRoles&Version=2010-05-08"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = self.signed("POST", "/", "iam", body, region="eu-west-1", **form)
        self.assertEqual(403, self.send("POST", "/", headers, body)[0])
        headers = self.signed("POST", "/", "iam", body, **form)
        self.assertEqual(200, self.send("POST", "/", headers, body)[0])

    def test_refuses_what_it_does_not_model_and_logs_it(self) -> None:
        self.refused("NotModelledByTestDouble", self.client("iam").list_users)
        headers = self.signed("GET", "/bucket", "s3")
        self.assertEqual(400, self.send("GET", "/bucket", headers)[0])
        self.assertEqual(404, self.send("GET", "/gateways", self.signed("GET", "/gateways", "bedrock-agentcore"))[0])
        refused = [entry for entry in self.admin("log") if "refused" in entry]
        self.assertEqual(["POST /", "GET /bucket", "GET /gateways"], [entry["refused"] for entry in refused])


class AssumedRoleTest(DoubleTest):
    """Keys from the double's own STS."""

    def assume(self, **more: Any) -> tuple[str, str, str]:
        """A role that the account may assume with an external id."""
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"sts:ExternalId": "secret-id"}},
                    }
                ],
            }
        )
        arn = self.role("deploy", trust)
        got = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", ExternalId="secret-id", **more)
        keys = got["Credentials"]
        return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]

    def test_issues_keys_that_need_their_token(self) -> None:
        key = self.assume()
        arn = self.client("sts", key).get_caller_identity()["Arn"]
        self.assertEqual(f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/test", arn)
        self.refused("InvalidClientTokenId", self.client("sts", key[:2]).get_caller_identity)
        self.refused("InvalidClientTokenId", self.client("sts", (*key[:2], "other")).get_caller_identity)

    def test_expires_keys(self) -> None:
        key = self.assume(DurationSeconds=900)
        # Beyond 5 minutes the date of the signature is refused first, so the keys' life is cut short.
        issued = self.server.dispatcher.cloud.keys.find(key[0])
        object.__setattr__(issued, "expires", self.now + 60)
        self.client("sts", key).get_caller_identity()
        self.now += 61
        self.refused("ExpiredToken", self.client("sts", key).get_caller_identity)
        self.refused("ExpiredTokenException", self.client("logs", key).describe_log_groups)

    def test_refuses_without_the_external_id_and_for_strangers(self) -> None:
        self.assume()
        arn = f"arn:aws:iam::{ACCOUNT}:role/deploy"
        self.refused("AccessDenied", self.client("sts").assume_role, RoleArn=arn, RoleSessionName="test")
        self.refused(
            "AccessDenied",
            self.client("sts", OTHER_KEY).assume_role,
            RoleArn=arn,
            RoleSessionName="test",
            ExternalId="secret-id",
        )
        self.refused(
            "ValidationError", self.client("sts").assume_role, RoleArn=arn, RoleSessionName="x", ExternalId="secret-id"
        )

    def test_web_identity_is_unsigned(self) -> None:
        issuer = "token.example.com"
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
                        "Action": "sts:AssumeRoleWithWebIdentity",
                        "Condition": {"StringLike": {f"{issuer}:sub": "repo:team/*"}},
                    }
                ],
            }
        )
        arn = self.role("ci", policy)

        def assume(**claims: Any) -> Any:
            body = base64.urlsafe_b64encode(json.dumps({"iss": f"https://{issuer}", "aud": "sts", **claims}).encode())
            return self.client("sts").assume_role_with_web_identity(
                RoleArn=arn, RoleSessionName="ci", WebIdentityToken=f"e30.{body.decode().rstrip('=')}.c2ln"
            )

        keys = assume(sub="repo:team/app", exp=self.now + 60)["Credentials"]
        key = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        self.assertEqual(ACCOUNT, self.client("sts", key).get_caller_identity()["Account"])
        self.refused("AccessDenied", assume, sub="repo:stranger/app", exp=self.now + 60)
        self.refused("ExpiredTokenException", assume, sub="repo:team/app", exp=self.now - 60)
        self.refused(
            "InvalidIdentityToken",
            self.client("sts").assume_role_with_web_identity,
            RoleArn=arn,
            RoleSessionName="ci",
            WebIdentityToken="nonsense",
        )

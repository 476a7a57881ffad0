"""Strictness against the model."""

from __future__ import annotations

import json
from typing import Any

from ..patterns import matches
from .base import ACCOUNT, RawTest, trust

ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


class ValidationTest(RawTest):
    """Raw requests, since boto3 would not send them."""

    def rest(self, method: str, target: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """A signed JSON request to AgentCore."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.signed(
            method, target, "bedrock-agentcore", raw, **({"Content-Type": "application/json"} if raw else {})
        )
        status, _, answer = self.send(method, target, headers, raw)
        return status, json.loads(answer)

    def fields(self, body: dict[str, Any]) -> list[str]:
        """Names that CreateGateway complains about."""
        status, answer = self.rest("POST", "/gateways/", body)
        self.assertEqual((400, "FieldValidationFailed"), (status, answer["reason"]), answer)
        return sorted(field["name"] for field in answer["fieldList"])

    def test_names_each_bad_member(self) -> None:
        good = {"name": "tools", "roleArn": ROLE, "authorizerType": "NONE"}
        self.assertEqual(["authorizerType", "name", "roleArn"], self.fields({}))
        self.assertEqual(["colour"], self.fields({**good, "colour": "red"}))
        self.assertEqual(["name"], self.fields({**good, "name": "-bad"}))
        self.assertEqual(["name"], self.fields({**good, "name": "under_score"}))
        self.assertEqual(["authorizerType"], self.fields({**good, "authorizerType": "WHAT"}))
        self.assertEqual(["description"], self.fields({**good, "description": ""}))
        self.assertEqual(["clientToken"], self.fields({**good, "clientToken": "a" * 32}))
        self.assertEqual(["protocolConfiguration"], self.fields({**good, "protocolConfiguration": {}}))
        jwt = {"discoveryUrl": "https://x/.well-known/openid-configuration", "allowedClients": []}
        self.assertEqual(
            ["authorizerConfiguration.customJWTAuthorizer.allowedClients"],
            self.fields({**good, "authorizerConfiguration": {"customJWTAuthorizer": jwt}}),
        )

    def test_refuses_wrong_types(self) -> None:
        status, answer = self.rest("POST", "/gateways/", {"name": 5, "roleArn": ROLE, "authorizerType": "NONE"})
        self.assertEqual((400, "CannotParse"), (status, answer["reason"]))

    def test_refuses_bad_json(self) -> None:
        for body in (b'{"name":"a","name":"b"}', b"{", b"[]", b'{"name":NaN}', b'{"name":"\xff"}'):
            self.assertEqual(400, self.rest("POST", "/gateways/", body)[0], body)

    def test_refuses_unknown_and_malformed_query_parameters(self) -> None:
        self.assertEqual(400, self.rest("GET", "/gateways/?colour=red")[0])
        self.assertEqual(400, self.rest("GET", "/gateways/?maxResults=two")[0])
        self.assertEqual(400, self.rest("GET", "/gateways/?maxResults=0")[0])
        self.assertEqual(400, self.rest("GET", "/gateways/?maxResults=1&maxResults=2")[0])
        self.assertEqual(200, self.rest("GET", "/gateways/?maxResults=1")[0])

    def test_refuses_the_wrong_content_type(self) -> None:
        body = b'{"logGroupName":"/a"}'
        for content_type in ("application/json", "application/x-amz-json-1.0", "text/plain"):
            headers = self.signed(
                "POST",
                "/",
                "logs",
                body,
                **{"Content-Type": content_type, "X-Amz-Target": "Logs_20140328.CreateLogGroup"},
            )
            self.assertEqual(415, self.send("POST", "/", headers, body)[0])

    def test_refuses_unknown_members_of_the_other_protocols(self) -> None:
        body = b'{"logGroupName":"/a","colour":1}'
        headers = self.signed(
            "POST",
            "/",
            "logs",
            body,
            **{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.CreateLogGroup"},
        )
        status, _, answer = self.send("POST", "/", headers, body)
        self.assertEqual((400, "InvalidParameterException"), (status, json.loads(answer)["__type"]))
        body = b"Action=ListRoles&Version=2010-05-08&Colour=red"
        headers = self.signed("POST", "/", "iam", body, **{"Content-Type": "application/x-www-form-urlencoded"})
        status, _, answer = self.send("POST", "/", headers, body)
        self.assertEqual(400, status)
        self.assertIn(b"<Code>ValidationError</Code>", answer)

    def test_hides_sensitive_values(self) -> None:
        body = {
            "agentRuntimeName": "a",
            "roleArn": ROLE,
            "environmentVariables": {"K": "geheim" * 1000},
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "public.ecr.aws/x/y"}},
        }
        status, answer = self.rest("PUT", "/runtimes/", body)
        self.assertEqual(400, status)
        self.assertNotIn("geheim", json.dumps(answer))
        self.assertNotIn("geheim", json.dumps(self.admin("log")))

    def test_timestamps_and_extra_members(self) -> None:
        self.role("r", trust())
        status, answer = self.rest("POST", "/gateways/", {"name": "tools", "roleArn": ROLE, "authorizerType": "NONE"})
        self.assertEqual(202, status)
        self.assertRegex(answer["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertIn("futureMember", answer)
        status, answer = self.rest("POST", "/identities/GetWorkloadIdentity", {"name": answer["gatewayId"]})
        self.assertIsInstance(answer["createdTime"], float)

    def test_java_patterns(self) -> None:
        self.assertTrue(matches(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Größe 5"))
        self.assertFalse(matches(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a;b"))
        self.assertFalse(matches("[a-z]+", "abc\n"))
        self.assertFalse(matches(r"\d+", "٣"))

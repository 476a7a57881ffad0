"""What the tests share: a server per class, clients, waiting, a few ready-made objects."""

from __future__ import annotations

import http.client
import json
import time
import unittest
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as ClientConfig
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from ..config import Config
from ..server import Server

ACCOUNT, REGION = "123456789012", "us-east-1"
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
OTHER_KEY = ("AKIDOTHER", "othersecretK7MDENGbPxRfiCYEXAMPLEKEY0000")
IMAGE_DIGEST = "sha256:" + "a" * 64
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tools:latest"


def trust(kind: str = "*", account: str = ACCOUNT) -> str:
    """A trust policy for AgentCore; `kind` like gateway/tools-*."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": account},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:{account}:{kind}"},
                    },
                }
            ],
        }
    )


def allow(actions: Any, resources: Any) -> str:
    """A policy that allows these actions on these resources."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}
    )


PULL = allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "*")


class DoubleTest(unittest.TestCase):
    """A fresh double per test, whose clock moves only when the test says so."""

    knobs: dict[str, Any] = {"ready_ms": 60, "delete_ms": 60, "domain_ms": 60}

    def setUp(self) -> None:
        config = Config()
        config.update(self.knobs)
        self.now = time.time()
        self.server = Server(config, clock=lambda: self.now)
        self.server.start()
        self.addCleanup(self.server.stop)

    def client(self, service: str, key: tuple[str, ...] = KEY, region: str = REGION, **more: Any) -> Any:
        """A boto3 client that does not retry and checks nothing itself."""
        token = {"aws_session_token": key[2]} if len(key) > 2 else {}
        config = ClientConfig(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=5, **more)
        client = boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=region,
            aws_access_key_id=key[0],
            aws_secret_access_key=key[1],
            config=config,
            **token,
        )
        self.addCleanup(client.close)
        return client

    def admin(self, name: str, body: Any = None, method: str | None = None) -> Any:
        """An admin call: GET without a body, else POST."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server.url}/_double/{name}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def refused(self, code: str, call: Callable[..., Any], *args: Any, **params: Any) -> ClientError:
        """The call must fail with this code."""
        with self.assertRaises(ClientError) as caught:
            call(*args, **params)
        self.assertEqual(code, caught.exception.response["Error"]["Code"], caught.exception)
        return caught.exception

    def wait(self, read: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 5) -> Any:
        """Poll until `wanted`."""
        end = self.now + seconds
        while True:
            value = read()
            if wanted(value):
                return value
            self.assertLess(self.now, end, f"never settled: {value}")
            self.now += 0.01

    def wait_gone(self, code: str, call: Callable[..., Any], **params: Any) -> None:
        """Poll until the call fails with this code."""

        def gone(_: Any) -> bool:
            try:
                call(**params)
            except ClientError as error:
                self.assertEqual(code, error.response["Error"]["Code"])
                return True
            return False

        self.wait(lambda: None, gone)

    def kinds(self) -> dict[str, int]:
        """How many objects of each kind there are."""
        counts: dict[str, int] = {}
        for record in self.admin("dump"):
            counts[record["kind"]] = counts.get(record["kind"], 0) + 1
        return counts

    # -- ready-made objects -------------------------------------------------------------------

    def role(self, name: str, trust_policy: str = trust(), policy: str | None = None) -> str:
        """A role; its ARN."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy)["Role"]["Arn"]
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
        return arn

    def gateway(self, name: str = "tools", **more: Any) -> dict[str, Any]:
        """A READY gateway."""
        control = self.client("bedrock-agentcore-control")
        params = {"name": name, "protocolType": "MCP", "authorizerType": "NONE", **more}
        if "roleArn" not in params:
            params["roleArn"] = self.role(f"gateway-{name}")
        identifier = control.create_gateway(**params)["gatewayId"]
        return self.wait(lambda: control.get_gateway(gatewayIdentifier=identifier), lambda it: it["status"] == "READY")

    def runtime(self, name: str = "server", **more: Any) -> dict[str, Any]:
        """A READY runtime with a READY DEFAULT endpoint."""
        control = self.client("bedrock-agentcore-control")
        self.admin("seed", {"ecr": [{"repository": "tools", "images": [{"tags": ["latest"], "digest": IMAGE_DIGEST}]}]})
        params = {
            "agentRuntimeName": name,
            "networkConfiguration": {"networkMode": "PUBLIC"},
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": IMAGE}},
            "protocolConfiguration": {"serverProtocol": "MCP"},
            **more,
        }
        if "roleArn" not in params:
            params["roleArn"] = self.role(f"runtime-{name}", policy=PULL)
        identifier = control.create_agent_runtime(**params)["agentRuntimeId"]
        runtime = self.wait(
            lambda: control.get_agent_runtime(agentRuntimeId=identifier), lambda it: it["status"] == "READY"
        )
        self.wait(
            lambda: control.list_agent_runtime_endpoints(agentRuntimeId=identifier)["runtimeEndpoints"],
            lambda items: bool(items) and items[0].get("liveVersion") is not None,
        )
        return runtime


class RawTest(DoubleTest):
    """Requests that boto3 would not send."""

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any, bytes]:
        """A raw request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=5)
        self.addCleanup(connection.close)
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def signed(
        self, method: str, target: str, service: str, body: bytes = b"", region: str = "us-east-1", **headers: str
    ) -> dict[str, str]:
        """Headers with a signature by botocore."""
        request = AWSRequest(method, self.server.url + target, data=body, headers=headers)
        SigV4Auth(Credentials(*KEY), service, region).add_auth(request)
        return dict(request.headers.items())


class ControlTest(DoubleTest):
    """A client of the control plane."""

    def setUp(self) -> None:
        super().setUp()
        self.control = self.client("bedrock-agentcore-control")

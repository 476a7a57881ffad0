"""What tests of the data plane put into an embedded cloud, and how they talk to it."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from .harness import REGION, ROOT
from .local_cloud import LocalCloud, LocalTest
from .ports import free_port

SERVER = str(ROOT / "tests/support/tool_server.py")
PLACEHOLDER = f"000000000000.dkr.ecr.{REGION}.amazonaws.com/local:latest"
STREAMS = {"mcp": {"streamingConfiguration": {"enableResponseStreaming": True}}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ACCEPT = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


def allow(*actions: str, resource: str | list[str] = "*") -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Answer:
    """An HTTP answer: status, headers (names in lower case), body."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The messages of an event stream."""
        lines = self.body.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def send(method: str, url: str, body: bytes = b"", **headers: str) -> Answer:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, names)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


def post(url: str, method: str, params: Any = None, /, **headers: str) -> Answer:
    """One JSON-RPC request."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    return send("POST", url, json.dumps(message).encode(), **{**ACCEPT, **headers})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextlib.contextmanager
def tool_server(**variables: str) -> Iterator[str]:
    """A server of its own, as somebody else would run it: its MCP URL."""
    for _ in range(10):  # somebody else may take the port before the server does
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, SERVER],
            env={**os.environ, "PORT": str(port), **variables},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        if process.stdout.readline():  # it listens
            break
        process.communicate()
    else:
        raise AssertionError("the tool server does not start")
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.communicate()


class Issuer:
    """A user pool with two clients, each with a scope of its own."""

    def __init__(
        self, cloud: LocalCloud, prefix: str = "data-plane", token_minutes: int = 60
    ) -> None:
        self.token_minutes = token_minutes
        self.cognito = cloud.client("cognito-idp")
        self.url = cloud.url
        self.pool = self.cognito.create_user_pool(PoolName="pool")["UserPool"]["Id"]
        self.cognito.create_user_pool_domain(Domain=prefix, UserPoolId=self.pool)
        self.cognito.create_resource_server(
            UserPoolId=self.pool,
            Identifier="tools",
            Name="tools",
            Scopes=[
                {"ScopeName": "invoke", "ScopeDescription": "call"},
                {"ScopeName": "other", "ScopeDescription": "something else"},
            ],
        )
        self.client = self._client("good", "tools/invoke")
        self.other = self._client("other", "tools/other")
        self.discovery_url = f"{cloud.url}/{self.pool}/.well-known/openid-configuration"
        document = send("GET", self.discovery_url).json
        self.issuer, self.token_url = document["issuer"], document["token_endpoint"]

    def _client(self, name: str, scope: str) -> tuple[str, str]:
        made = self.cognito.create_user_pool_client(
            UserPoolId=self.pool,
            ClientName=name,
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=[scope],
            AccessTokenValidity=self.token_minutes,
            TokenValidityUnits={"AccessToken": "minutes"},
        )["UserPoolClient"]
        return made["ClientId"], made["ClientSecret"]

    def token(self, client: tuple[str, str] | None = None, scope: str = "tools/invoke") -> str:
        name, secret = client or self.client
        form = {"grant_type": "client_credentials", "scope": scope}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode(),
        }
        end = time.monotonic() + 60
        while time.monotonic() < end:  # a domain is not there at once
            with contextlib.suppress(ConnectionError):
                body = urllib.parse.urlencode(form).encode()
                return send("POST", self.token_url, body, **headers).json["access_token"]
            time.sleep(0.02)
        raise AssertionError("the token endpoint never came")

    def authorizer(self, **more: Any) -> dict[str, Any]:
        return {
            "customJWTAuthorizer": {
                "discoveryUrl": self.discovery_url,
                "allowedClients": [self.client[0]],
                **more,
            }
        }


class DataPlaneTest(LocalTest):
    """A cloud with roles, and helpers that make gateways, targets and runtimes."""

    def setUp(self) -> None:
        super().setUp()
        self.iam = self.cloud.client("iam")
        self.control = self.cloud.client("bedrock-agentcore-control")
        self.data = self.cloud.client("bedrock-agentcore")
        self.gateway_role = self.role("gateway", "bedrock-agentcore:*", "secretsmanager:*")
        self.runtime_role = self.role("runtime", "ecr:*", "sts:*")

    def role(self, name: str, *actions: str) -> str:
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        if actions:
            self.iam.put_role_policy(
                RoleName=name, PolicyName="allow", PolicyDocument=allow(*actions)
            )
        return arn["Role"]["Arn"]

    def nobody(self) -> str:
        """A URL that no server is behind; its port stays taken until the test's end."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"

    def keys_of_caller(self) -> tuple[str, str, str]:
        """Of a session of the role `caller` of this account, which may do nothing yet."""
        statement = {"Effect": "Allow", "Principal": {"AWS": self.cloud.account}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = self.iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        made = self.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]

    def settled(self, read: Any, *pending: str) -> Any:
        end = time.monotonic() + 120
        while True:
            found = read()
            if found["status"] not in (*pending, "CREATING", "UPDATING", "SYNCHRONIZING"):
                return found
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.02)

    # -- runtimes -------------------------------------------------------------------------------

    def command(self, name: str, *arguments: str, **more: Any) -> None:
        self.cloud.admin(
            "PUT",
            "/commands",
            {
                "account": self.cloud.account,
                "region": REGION,
                "name": name,
                "command": [sys.executable, SERVER, *arguments],
                "folder": "/tmp",
                **more,
            },
        )

    def runtime(
        self,
        name: str = "lark",
        variables: dict[str, str] | None = None,
        image: str = PLACEHOLDER,
        **more: Any,
    ) -> str:
        """A runtime that is READY, for whose name a command was given; its ARN."""
        made = self.control.create_agent_runtime(
            agentRuntimeName=name,
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": image}},
            roleArn=self.runtime_role,
            networkConfiguration={"networkMode": "PUBLIC"},
            protocolConfiguration={"serverProtocol": "MCP"},
            environmentVariables=variables or {},
            **more,
        )
        found = self.settled(
            lambda: self.control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"])
        )
        self.assertEqual(found["status"], "READY", found)
        self.settled(
            lambda: self.control.get_agent_runtime_endpoint(
                agentRuntimeId=made["agentRuntimeId"], endpointName="DEFAULT"
            )
        )
        return made["agentRuntimeArn"]

    def invoke(self, arn: str, method: str, params: Any = None, **more: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return self.data.invoke_agent_runtime(
            agentRuntimeArn=arn,
            payload=json.dumps(message),
            contentType="application/json",
            accept="application/json, text/event-stream",
            **more,
        )

    def running(self) -> list[dict[str, Any]]:
        return self.cloud.admin("GET", "/status")["runtimes"]

    # -- gateways -------------------------------------------------------------------------------

    def gateway(self, name: str = "tools", **more: Any) -> dict[str, Any]:
        """A gateway that is READY, without an authorizer unless one is given."""
        made = self.control.create_gateway(
            **{
                "name": name,
                "roleArn": self.gateway_role,
                "authorizerType": "NONE",
                "protocolType": "MCP",
                **more,
            }
        )
        found = self.settled(
            lambda: self.control.get_gateway(gatewayIdentifier=made["gatewayId"])
        )
        self.assertEqual(found["status"], "READY", found)
        return found

    def target(
        self,
        gateway: dict[str, Any],
        configuration: dict[str, Any],
        name: str = "lark",
        **more: Any,
    ) -> dict[str, Any]:
        """A target as it ends up."""
        made = self.control.create_gateway_target(
            gatewayIdentifier=gateway["gatewayId"],
            name=name,
            targetConfiguration={"mcp": configuration},
            **more,
        )
        return self.get_target(gateway, made["targetId"])

    def get_target(self, gateway: dict[str, Any], target: str) -> dict[str, Any]:
        return self.settled(
            lambda: self.control.get_gateway_target(
                gatewayIdentifier=gateway["gatewayId"], targetId=target
            )
        )

    def server_target(
        self,
        gateway: dict[str, Any],
        endpoint: str,
        name: str = "lark",
        mode: str = "DEFAULT",
        **more: Any,
    ) -> dict[str, Any]:
        return self.target(
            gateway, {"mcpServer": {"endpoint": endpoint, "listingMode": mode}}, name, **more
        )

    def runtime_target(
        self, gateway: dict[str, Any], arn: str, name: str = "lark", **more: Any
    ) -> dict[str, Any]:
        quoted = urllib.parse.quote(arn, safe="")
        return self.server_target(
            gateway,
            f"https://bedrock-agentcore.{REGION}.amazonaws.com/runtimes/{quoted}/invocations",
            name,
            **{
                "credentialProviderConfigurations": [
                    {
                        "credentialProviderType": "GATEWAY_IAM_ROLE",
                        "credentialProvider": {
                            "iamCredentialProvider": {"service": "bedrock-agentcore"}
                        },
                    }
                ],
                **more,
            },
        )

    def tools(self, url: str, **headers: str) -> list[str]:
        """All pages of tools/list: the names."""
        names: list[str] = []
        params: dict[str, Any] = {}
        while True:
            result = post(url, "tools/list", params, **headers).json["result"]
            names += [tool["name"] for tool in result["tools"]]
            if "nextCursor" not in result:
                return names
            params = {"cursor": result["nextCursor"]}

    def call(self, url: str, name: str, arguments: Any = None, **headers: str) -> Any:
        """The result of tools/call, or the error."""
        answer = post(url, "tools/call", {"name": name, "arguments": arguments or {}}, **headers)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json.get("result", answer.json.get("error"))

    def text(self, url: str, name: str, arguments: Any = None, **headers: str) -> str:
        """The text of a result that is no error."""
        result = self.call(url, name, arguments, **headers)
        self.assertNotIn("code", result)
        self.assertFalse(result.get("isError"), result)
        return result["content"][0]["text"]

    def chain(self, **variables: str) -> tuple[str, str, dict[str, Any]]:
        """Runtime, gateway and target: the gateway's URL, the runtime's ARN, the gateway."""
        self.command("lark")
        arn = self.runtime(variables=variables)
        gateway = self.gateway(protocolConfiguration=STREAMS)
        target = self.runtime_target(gateway, arn)
        self.assertEqual(target["status"], "READY", target)
        return gateway["gatewayUrl"], arn, gateway

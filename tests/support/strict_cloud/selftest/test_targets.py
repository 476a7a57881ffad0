"""Targets: what a gateway needs to reach what is behind it."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

from .base import REGION, ControlTest, DoubleTest, allow, trust

INVOKE = "bedrock-agentcore:InvokeAgentRuntime"
IAM = [
    {
        "credentialProviderType": "GATEWAY_IAM_ROLE",
        "credentialProvider": {"iamCredentialProvider": {"service": "bedrock-agentcore", "region": REGION}},
    }
]


def mcp_server(url: str, **more: Any) -> dict[str, Any]:
    """An mcpServer target configuration."""
    return {"mcp": {"mcpServer": {"endpoint": url, **more}}}


def invocations(arn: str) -> str:
    """The endpoint of a runtime."""
    return f"https://bedrock-agentcore.{REGION}.amazonaws.com/runtimes/{quote(arn, safe='')}/invocations"


class TargetTest(ControlTest):
    """Targets of one gateway."""

    def create(self, gateway: dict[str, Any], name: str, configuration: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Create, wait until it is settled."""
        made = self.control.create_gateway_target(
            gatewayIdentifier=gateway["gatewayId"], name=name, targetConfiguration=configuration, **more
        )
        return self.settled(gateway, made["targetId"])

    def settled(self, gateway: dict[str, Any], target: str) -> dict[str, Any]:
        """The target once it is not busy."""
        return self.wait(
            lambda: self.control.get_gateway_target(gatewayIdentifier=gateway["gatewayId"], targetId=target),
            lambda it: not it["status"].endswith("ING"),
        )

    def test_order_of_creation_and_deletion(self) -> None:
        self.admin("config", {"ready_ms": 300})
        made = self.control.create_gateway(
            name="tools", roleArn=self.role("g"), authorizerType="NONE", protocolType="MCP"
        )
        identifier = {"gatewayIdentifier": made["gatewayId"]}
        error = self.refused(
            "ValidationException",
            self.control.create_gateway_target,
            **identifier,
            name="a",
            targetConfiguration=mcp_server("https://x.example/mcp"),
        )
        self.assertIn("Cannot perform operation CreateGatewayTarget when gateway is in CREATING status", str(error))
        self.wait(lambda: self.control.get_gateway(**identifier), lambda it: it["status"] == "READY")
        target = self.create(made, "a", mcp_server("https://x.example/mcp"))
        self.assertEqual("READY", target["status"])
        self.assertIn("lastSynchronizedAt", target)
        self.refused(
            "ConflictException",
            self.control.create_gateway_target,
            **identifier,
            name="a",
            targetConfiguration=mcp_server("https://y.example/mcp"),
        )
        self.assertIn(
            "Gateway has targets associated",
            str(self.refused("ValidationException", self.control.delete_gateway, **identifier)),
        )
        one = {**identifier, "targetId": target["targetId"]}
        self.assertEqual("DELETING", self.control.delete_gateway_target(**one)["status"])
        self.assertEqual("READY", self.control.get_gateway_target(**one)["status"])
        self.refused("ConflictException", self.control.delete_gateway_target, **one)
        self.refused("ValidationException", self.control.delete_gateway, **identifier)
        self.wait_gone("ResourceNotFoundException", self.control.get_gateway_target, **one)
        self.control.delete_gateway(**identifier)

    def test_a_runtime_needs_both_resources_in_the_policy(self) -> None:
        runtime = self.runtime()
        arn = runtime["agentRuntimeArn"]
        gateway = self.gateway(roleArn=self.role("g", trust("gateway/tools-*"), allow(INVOKE, arn)))
        target = self.create(gateway, "a", mcp_server(invocations(arn)), credentialProviderConfigurations=IAM)
        self.assertEqual("FAILED", target["status"])
        self.assertEqual(
            [
                "Failed to connect and fetch tools from the provided MCP target server. Error - "
                "Authorization error when sending message"
            ],
            target["statusReasons"],
        )
        self.client("iam").put_role_policy(
            RoleName="g", PolicyName="inline", PolicyDocument=allow(INVOKE, [arn, f"{arn}/*"])
        )
        identifier = {"gatewayIdentifier": gateway["gatewayId"]}
        self.control.synchronize_gateway_targets(**identifier, targetIdList=[target["targetId"]])
        self.assertEqual("READY", self.settled(gateway, target["targetId"])["status"])
        self.refused("ValidationException", self.control.synchronize_gateway_targets, **identifier, targetIdList=[])

    def test_a_policy_that_is_not_visible_yet_lands_in_failed(self) -> None:
        runtime = self.runtime()
        arn = runtime["agentRuntimeArn"]
        gateway = self.gateway(roleArn=self.role("g"))
        self.admin("config", {"iam_lag_ms": 300})
        self.client("iam").put_role_policy(
            RoleName="g", PolicyName="p", PolicyDocument=allow(INVOKE, [arn, f"{arn}/*"])
        )
        configuration = mcp_server(invocations(arn))
        target = self.create(gateway, "a", configuration, credentialProviderConfigurations=IAM)
        self.assertEqual("FAILED", target["status"])
        self.now += 0.35
        self.control.update_gateway_target(
            gatewayIdentifier=gateway["gatewayId"],
            targetId=target["targetId"],
            name="a",
            targetConfiguration=configuration,
            credentialProviderConfigurations=IAM,
        )
        self.assertEqual("READY", self.settled(gateway, target["targetId"])["status"])

    def test_bad_endpoints_of_runtimes(self) -> None:
        runtime = self.runtime()
        arn = runtime["agentRuntimeArn"]
        gateway = self.gateway(roleArn=self.role("g", policy=allow(INVOKE, "*")))
        for index, url in enumerate(
            (invocations(arn).replace("%3A", ":"), invocations(arn) + "?qualifier=prod", invocations(arn[:-1] + "!"))
        ):
            target = self.create(gateway, f"t{index}", mcp_server(url), credentialProviderConfigurations=IAM)
            self.assertEqual("FAILED", target["status"], url)
        target = self.create(gateway, "no-credentials", mcp_server(invocations(arn)))
        self.assertEqual("FAILED", target["status"])
        target = self.create(
            gateway, "good", mcp_server(invocations(arn) + "?qualifier=DEFAULT"), credentialProviderConfigurations=IAM
        )
        self.assertEqual("READY", target["status"])

    def test_a_cold_runtime(self) -> None:
        self.admin("config", {"cold": True})
        arn = self.runtime()["agentRuntimeArn"]
        gateway = self.gateway(roleArn=self.role("g", policy=allow(INVOKE, "*")))
        target = self.create(gateway, "a", mcp_server(invocations(arn)), credentialProviderConfigurations=IAM)
        self.assertIn("An internal error occurred", target["statusReasons"][0])
        self.client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=arn, payload=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})
        )
        self.control.synchronize_gateway_targets(
            gatewayIdentifier=gateway["gatewayId"], targetIdList=[target["targetId"]]
        )
        self.assertEqual("READY", self.settled(gateway, target["targetId"])["status"])

    def test_lambda_targets(self) -> None:
        function = f"arn:aws:lambda:{REGION}:123456789012:function:echo"
        configuration = {
            "mcp": {
                "lambda": {
                    "lambdaArn": function,
                    "toolSchema": {
                        "inlinePayload": [{"name": "echo", "description": "d", "inputSchema": {"type": "object"}}]
                    },
                }
            }
        }
        bare = [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]
        gateway = self.gateway(roleArn=self.role("g"))
        self.refused("ValidationException", self.create, gateway, "a", configuration)
        error = self.refused(
            "ValidationException", self.create, gateway, "a", configuration, credentialProviderConfigurations=bare
        )
        self.assertIn("Gateway execution role lacks permission", str(error))
        self.client("iam").put_role_policy(
            RoleName="g", PolicyName="p", PolicyDocument=allow("lambda:InvokeFunction", function)
        )
        target = self.create(gateway, "a", configuration, credentialProviderConfigurations=bare)
        self.assertEqual("READY", target["status"])
        self.refused(
            "ValidationException",
            self.control.synchronize_gateway_targets,
            gatewayIdentifier=gateway["gatewayId"],
            targetIdList=[target["targetId"]],
        )
        self.refused(
            "ValidationException",
            self.control.update_gateway_target,
            gatewayIdentifier=gateway["gatewayId"],
            targetId=target["targetId"],
            targetConfiguration=mcp_server("https://x.example/"),
        )

    def test_oauth_with_consent(self) -> None:
        arn = self.control.create_oauth2_credential_provider(
            name="p",
            credentialProviderVendor="CustomOauth2",
            oauth2ProviderConfigInput={
                "customOauth2ProviderConfig": {
                    "clientId": "id",
                    "clientSecret": "s",
                    "oauthDiscovery": {"discoveryUrl": "https://x/.well-known/openid-configuration"},
                }
            },
        )["credentialProviderArn"]

        def oauth(grant: str, provider: str = arn) -> list[dict[str, Any]]:
            return [
                {
                    "credentialProviderType": "OAUTH",
                    "credentialProvider": {
                        "oauthCredentialProvider": {"providerArn": provider, "scopes": [], "grantType": grant}
                    },
                }
            ]

        gateway = self.gateway()
        self.refused(
            "ValidationException",
            self.create,
            gateway,
            "a",
            mcp_server("https://x.example/"),
            credentialProviderConfigurations=oauth("CLIENT_CREDENTIALS", arn + "x"),
        )
        target = self.create(
            gateway, "a", mcp_server("https://x.example/"), credentialProviderConfigurations=oauth("CLIENT_CREDENTIALS")
        )
        self.assertEqual("READY", target["status"])
        made = self.control.create_gateway_target(
            gatewayIdentifier=gateway["gatewayId"],
            name="b",
            targetConfiguration=mcp_server("https://x.example/"),
            credentialProviderConfigurations=oauth("AUTHORIZATION_CODE"),
        )
        one = {"gatewayIdentifier": gateway["gatewayId"], "targetId": made["targetId"]}
        target = self.wait(
            lambda: self.control.get_gateway_target(**one), lambda it: it["status"] == "CREATE_PENDING_AUTH"
        )
        self.assertIn("authorizationUrl", target["authorizationData"]["oauth2"])
        self.refused("ConflictException", self.control.delete_gateway_target, **one)
        self.admin("config", {"pending_auth_delete": True})
        self.control.delete_gateway_target(**one)

    def test_tokens_and_policy_headers(self) -> None:
        engine = f"arn:aws:bedrock-agentcore:{REGION}:123456789012:policy-engine/engine-abcdefghij"
        gateway = self.gateway(policyEngineConfiguration={"arn": engine, "mode": "ENFORCE"})
        params = {
            "gatewayIdentifier": gateway["gatewayId"],
            "name": "a",
            "clientToken": str(uuid.uuid4()),
            "targetConfiguration": mcp_server("https://x.example/"),
        }
        first = self.control.create_gateway_target(**params)
        self.assertEqual(first["targetId"], self.control.create_gateway_target(**params)["targetId"])
        target = self.settled(gateway, first["targetId"])
        self.assertEqual(
            ["x-amzn-bedrock-agentcore-policy-session-id"], target["metadataConfiguration"]["allowedRequestHeaders"]
        )
        listed = self.control.list_gateway_targets(gatewayIdentifier=gateway["gatewayId"])["items"]
        self.assertEqual([("MCP_SERVER", "DEFAULT")], [(item["targetType"], item["listingMode"]) for item in listed])

    def test_seeded_server_that_fails(self) -> None:
        self.admin("seed", {"mcpServers": [{"endpoint": "https://x.example/mcp", "fail": "Connection refused"}]})
        gateway = self.gateway()
        target = self.create(gateway, "a", mcp_server("https://x.example/mcp"))
        self.assertIn("Connection refused", target["statusReasons"][0])
        self.assertEqual(
            "READY", self.create(gateway, "b", mcp_server("https://x.example/mcp", listingMode="DYNAMIC"))["status"]
        )


class InvokeTest(DoubleTest):
    """The data plane."""

    def test_tools_list(self) -> None:
        arn = self.runtime()["agentRuntimeArn"]
        data = self.client("bedrock-agentcore")

        def ask(message: Any) -> Any:
            return data.invoke_agent_runtime(
                agentRuntimeArn=arn,
                payload=json.dumps(message),
                contentType="application/json",
                accept="application/json, text/event-stream",
                mcpSessionId="s" * 36,
            )

        answer = ask({"jsonrpc": "2.0", "id": 7, "method": "tools/list"})
        self.assertEqual("s" * 36, answer["mcpSessionId"])
        self.assertEqual("echo", json.load(answer["response"])["result"]["tools"][0]["name"])
        self.assertEqual(202, ask({"jsonrpc": "2.0", "method": "notifications/initialized"})["statusCode"])
        self.refused("RuntimeClientError", ask, [1])
        self.refused(
            "ResourceNotFoundException", data.invoke_agent_runtime, agentRuntimeArn=arn, qualifier="prod", payload=b"{}"
        )

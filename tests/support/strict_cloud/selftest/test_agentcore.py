"""Gateways, runtimes, endpoints, identity."""

from __future__ import annotations

import uuid
from typing import Any

from .base import ACCOUNT, IMAGE, OTHER_KEY, PULL, REGION, ControlTest, trust

JWT = {
    "customJWTAuthorizer": {"discoveryUrl": "https://x/.well-known/openid-configuration", "allowedClients": ["b", "a"]}
}


class GatewayTest(ControlTest):
    """Gateways."""

    def test_life(self) -> None:
        role = self.role("g", trust("gateway/tools-*"))
        made = self.control.create_gateway(
            name="Tools",
            roleArn=role,
            authorizerType="CUSTOM_JWT",
            protocolType="MCP",
            authorizerConfiguration=JWT,
            description="d",
            tags={"a": "1"},
        )
        identifier = {"gatewayIdentifier": made["gatewayId"]}
        self.assertRegex(made["gatewayId"], "^tools-[0-9a-z]{10}$")
        self.assertEqual("CREATING", made["status"])
        self.assertTrue(made["gatewayUrl"].endswith("amazonaws.com/mcp"))
        update = {
            **identifier,
            "name": "Tools",
            "roleArn": role,
            "authorizerType": "CUSTOM_JWT",
            "authorizerConfiguration": JWT,
        }
        self.refused("ConflictException", self.control.update_gateway, **update)
        self.refused("ConflictException", self.control.delete_gateway, **identifier)
        got = self.wait(lambda: self.control.get_gateway(**identifier), lambda it: it["status"] == "READY")
        self.assertEqual("d", got["description"])
        self.assertEqual("UPDATING", self.control.update_gateway(**update)["status"])
        got = self.wait(lambda: self.control.get_gateway(**identifier), lambda it: it["status"] == "READY")
        self.assertNotIn("description", got)
        self.assertEqual({"a": "1"}, self.control.list_tags_for_resource(resourceArn=got["gatewayArn"])["tags"])
        self.assertEqual("DELETING", self.control.delete_gateway(**identifier)["status"])
        self.assertEqual("DELETING", self.control.get_gateway(**identifier)["status"])
        self.wait_gone("ResourceNotFoundException", self.control.get_gateway, **identifier)
        self.assertEqual({"iam-role": 1}, self.kinds())

    def test_what_cannot_change(self) -> None:
        made = self.gateway(protocolConfiguration={"mcp": {"supportedVersions": ["2025-06-18"]}})
        update: dict[str, Any] = {
            "gatewayIdentifier": made["gatewayId"],
            "name": "tools",
            "roleArn": made["roleArn"],
            "authorizerType": "NONE",
            "protocolType": "MCP",
        }
        self.refused("ValidationException", self.control.update_gateway, **{**update, "name": "other"})
        self.refused("ValidationException", self.control.update_gateway, **{**update, "authorizerType": "AWS_IAM"})
        self.refused(
            "ValidationException",
            self.control.update_gateway,
            **{**update, "protocolConfiguration": {"mcp": {"supportedVersions": ["2025-06-18", "2025-11-25"]}}},
        )

    def test_names_are_unique_and_arns_are_no_ids(self) -> None:
        made = self.gateway()
        self.refused(
            "ConflictException",
            self.control.create_gateway,
            name="tools",
            roleArn=made["roleArn"],
            authorizerType="NONE",
        )
        self.refused("AccessDeniedException", self.control.get_gateway, gatewayIdentifier=made["gatewayArn"])

    def test_authorizers(self) -> None:
        role = self.role("g")
        for kind, configuration in (
            ("CUSTOM_JWT", None),
            ("AWS_IAM", JWT),
            ("NONE", JWT),
            ("CUSTOM_JWT", {"customJWTAuthorizer": {"discoveryUrl": "https://x/.well-known/openid-configuration"}}),
        ):
            more = {"authorizerConfiguration": configuration} if configuration else {}
            self.refused(
                "ValidationException", self.control.create_gateway, name="a", roleArn=role, authorizerType=kind, **more
            )

    def test_roles(self) -> None:
        for name, policy in (
            ("other-gateway", trust("gateway/other-*")),
            ("other-account", trust(account="1" * 12)),
            ("runtime-only", trust("runtime/*")),
        ):
            self.refused(
                "ValidationException",
                self.control.create_gateway,
                name="tools",
                authorizerType="NONE",
                roleArn=self.role(name, policy),
            )
        self.refused(
            "ValidationException",
            self.control.create_gateway,
            name="tools",
            authorizerType="NONE",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody",
        )

    def test_client_tokens(self) -> None:
        role, token = self.role("g"), str(uuid.uuid4())
        params = {"name": "tools", "roleArn": role, "authorizerType": "NONE", "clientToken": token}
        first = self.control.create_gateway(**params)
        again = self.control.create_gateway(**params)
        self.assertEqual((first["gatewayId"], first["createdAt"]), (again["gatewayId"], again["createdAt"]))
        error = self.refused("ValidationException", self.control.create_gateway, **{**params, "description": "d"})
        self.assertIn("IdempotentParameterMismatch", str(error))
        self.assertEqual(1, self.kinds()["gateway"])

    def test_accounts_and_regions_are_apart(self) -> None:
        made = self.gateway()
        for key, region in (
            (OTHER_KEY, REGION),
            (("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), "eu-west-1"),
        ):
            client = self.client("bedrock-agentcore-control", key, region)
            self.refused("ResourceNotFoundException", client.get_gateway, gatewayIdentifier=made["gatewayId"])
            self.refused("ResourceNotFoundException", client.list_tags_for_resource, resourceArn=made["gatewayArn"])

    def test_workload_identities_go_with_their_parent(self) -> None:
        made = self.gateway()
        self.control.get_workload_identity(name=made["gatewayId"])
        self.refused("AccessDeniedException", self.control.delete_workload_identity, name=made["gatewayId"])

    def test_hidden_for_a_while(self) -> None:
        self.admin("config", {"hidden_ms": 100})
        made = self.control.create_gateway(name="tools", roleArn=self.role("g"), authorizerType="NONE")
        self.refused("ResourceNotFoundException", self.control.get_gateway, gatewayIdentifier=made["gatewayId"])
        self.assertEqual([], self.control.list_gateways()["items"])
        self.now += 0.12
        self.control.get_gateway(gatewayIdentifier=made["gatewayId"])


class RuntimeTest(ControlTest):
    """Runtimes, versions, endpoints."""

    def test_life(self) -> None:
        made = self.runtime(environmentVariables={"A": "1"}, description="d")
        identifier = {"agentRuntimeId": made["agentRuntimeId"]}
        self.assertEqual({"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800}, made["lifecycleConfiguration"])
        self.assertEqual("1", made["agentRuntimeVersion"])
        groups = self.client("logs").describe_log_groups(logGroupNamePrefix="/aws/bedrock-agentcore/runtimes/")
        self.assertEqual(1, len(groups["logGroups"]))
        update = {
            **identifier,
            "roleArn": made["roleArn"],
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": IMAGE}},
        }
        updated = self.control.update_agent_runtime(**update)
        self.assertEqual(("2", "UPDATING"), (updated["agentRuntimeVersion"], updated["status"]))
        self.refused("ConflictException", self.control.update_agent_runtime, **update)
        default = {**identifier, "endpointName": "DEFAULT"}
        got = self.control.get_agent_runtime_endpoint(**default)
        self.assertEqual(("1", "2", "READY"), (got["liveVersion"], got["targetVersion"], got["status"]))
        self.wait(lambda: self.control.get_agent_runtime_endpoint(**default), lambda it: it["liveVersion"] == "2")
        got = self.control.get_agent_runtime(**identifier)
        self.assertNotIn("environmentVariables", got)
        self.assertNotIn("description", got)
        self.assertEqual(
            {"A": "1"}, self.control.get_agent_runtime(**identifier, agentRuntimeVersion="1")["environmentVariables"]
        )
        self.control.delete_agent_runtime(**identifier)
        self.wait_gone("ResourceNotFoundException", self.control.get_agent_runtime, **identifier)
        error = self.refused("AccessDeniedException", self.control.delete_agent_runtime, **identifier)
        self.assertIn("is not authorized to perform", str(error))

    def test_default_endpoint_appears_a_moment_later(self) -> None:
        self.admin("config", {"ready_ms": 300})
        arn = self.role("r", policy=PULL)
        made = self.control.create_agent_runtime(
            agentRuntimeName="a",
            roleArn=arn,
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": "public.ecr.aws/x/y:1"}},
        )
        default = {"agentRuntimeId": made["agentRuntimeId"], "endpointName": "DEFAULT"}
        error = self.refused("AccessDeniedException", self.control.get_agent_runtime_endpoint, **default)
        self.assertIn("was not found", str(error))
        self.now += 0.2
        self.assertEqual("CREATING", self.control.get_agent_runtime_endpoint(**default)["status"])
        self.wait(lambda: self.control.get_agent_runtime_endpoint(**default), lambda it: it.get("liveVersion") == "1")
        self.refused("ConflictException", self.control.delete_agent_runtime_endpoint, **default)

    def test_named_endpoints(self) -> None:
        made = self.runtime()
        identifier = {"agentRuntimeId": made["agentRuntimeId"]}
        named = {**identifier, "endpointName": "prod"}
        self.refused(
            "ValidationException",
            self.control.create_agent_runtime_endpoint,
            **identifier,
            name="prod",
            agentRuntimeVersion="9",
        )
        self.control.create_agent_runtime_endpoint(**identifier, name="prod", description="d", tags={"a": "1"})
        self.refused("ConflictException", self.control.create_agent_runtime_endpoint, **identifier, name="prod")
        got = self.wait(lambda: self.control.get_agent_runtime_endpoint(**named), lambda it: it["status"] == "READY")
        self.assertEqual(
            {"a": "1"}, self.control.list_tags_for_resource(resourceArn=got["agentRuntimeEndpointArn"])["tags"]
        )
        self.refused("ConflictException", self.control.delete_agent_runtime, **identifier)
        self.control.update_agent_runtime_endpoint(**named, agentRuntimeVersion="1")
        got = self.wait(lambda: self.control.get_agent_runtime_endpoint(**named), lambda it: it["status"] == "READY")
        self.assertNotIn("description", got)
        self.control.delete_agent_runtime_endpoint(**named)
        self.wait_gone("AccessDeniedException", self.control.get_agent_runtime_endpoint, **named)
        self.control.delete_agent_runtime(**identifier)

    def test_images_are_looked_up(self) -> None:
        made = self.runtime()
        for uri in (IMAGE.replace("latest", "v2"), IMAGE.replace("tools", "nothing")):
            self.refused(
                "ValidationException",
                self.control.create_agent_runtime,
                agentRuntimeName="b",
                roleArn=made["roleArn"],
                agentRuntimeArtifact={"containerConfiguration": {"containerUri": uri}},
            )
        self.control.create_agent_runtime(
            agentRuntimeName="b",
            roleArn=made["roleArn"],
            agentRuntimeArtifact={
                "containerConfiguration": {"containerUri": IMAGE.replace(":latest", "@sha256:" + "a" * 64)}
            },
        )

    def test_a_creation_can_be_made_to_fail(self) -> None:
        self.admin(
            "faults",
            [{"operation": "CreateAgentRuntime", "fault": "land", "status": "CREATE_FAILED", "reason": "no capacity"}],
        )
        made = self.control.create_agent_runtime(
            agentRuntimeName="a",
            roleArn=self.role("r", policy=PULL),
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": "public.ecr.aws/x/y:1"}},
        )
        got = self.wait(
            lambda: self.control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"]),
            lambda it: it["status"] != "CREATING",
        )
        self.assertEqual(("CREATE_FAILED", "no capacity"), (got["status"], got["failureReason"]))


class IdentityTest(ControlTest):
    """Credential providers and workload identities."""

    def test_oauth_provider(self) -> None:
        config = {
            "customOauth2ProviderConfig": {
                "clientId": "id",
                "clientSecret": "geheim",
                "oauthDiscovery": {"discoveryUrl": "https://x/.well-known/openid-configuration"},
            }
        }
        params = {"name": "p", "credentialProviderVendor": "CustomOauth2", "oauth2ProviderConfigInput": config}
        made = self.control.create_oauth2_credential_provider(**params)
        self.refused("ConflictException", self.control.create_oauth2_credential_provider, **params)
        got = self.control.get_oauth2_credential_provider(name="p")
        self.assertEqual("id", got["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]["clientId"])
        # The model's pattern for taggable ARNs does not match "oauth2credentialprovider": no digits.
        self.refused(
            "ValidationException", self.control.list_tags_for_resource, resourceArn=made["credentialProviderArn"]
        )
        self.control.update_oauth2_credential_provider(**params)
        self.assertEqual(1, self.kinds()["secret"])
        self.assertEqual(1, len(self.control.list_oauth2_credential_providers()["credentialProviders"]))
        self.control.delete_oauth2_credential_provider(name="p")
        self.refused("ResourceNotFoundException", self.control.get_oauth2_credential_provider, name="p")
        self.assertEqual({}, self.kinds())

    def test_api_key_provider(self) -> None:
        made = self.control.create_api_key_credential_provider(name="k", apiKey="geheim", tags={"a": "1"})
        arn = made["credentialProviderArn"]
        self.assertEqual({"a": "1"}, self.control.list_tags_for_resource(resourceArn=arn)["tags"])
        secret = self.client("secretsmanager").describe_secret(SecretId=made["apiKeySecretArn"]["secretArn"])
        self.assertEqual("bedrock-agentcore-identity", secret["OwningService"])
        self.control.update_api_key_credential_provider(name="k", apiKey="neu")
        self.assertEqual(
            ["k"], [item["name"] for item in self.control.list_api_key_credential_providers()["credentialProviders"]]
        )
        self.control.delete_api_key_credential_provider(name="k")
        self.refused("ResourceNotFoundException", self.control.delete_api_key_credential_provider, name="k")

    def test_external_secret(self) -> None:
        arn = self.admin("seed", {"secrets": [{"name": "outside", "string": '{"key":"v"}'}]})["secrets"][0]
        reference = {"apiKeySecretSource": "EXTERNAL", "apiKeySecretConfig": {"secretId": arn, "jsonKey": "key"}}
        self.assertEqual(
            "EXTERNAL", self.control.create_api_key_credential_provider(name="k", **reference)["apiKeySecretSource"]
        )
        reference["apiKeySecretConfig"]["secretId"] = "nothing"
        self.refused("ValidationException", self.control.create_api_key_credential_provider, name="l", **reference)

    def test_workload_identity(self) -> None:
        self.control.create_workload_identity(name="own", allowedResourceOauth2ReturnUrls=["https://x/y"])
        self.refused("ValidationException", self.control.create_workload_identity, name="own")
        self.control.update_workload_identity(name="own")
        self.assertEqual([], self.control.get_workload_identity(name="own")["allowedResourceOauth2ReturnUrls"])
        self.control.delete_workload_identity(name="own")
        self.assertEqual([], self.control.list_workload_identities()["workloadIdentities"])

    def test_tags(self) -> None:
        made = self.control.create_workload_identity(name="own")
        arn = made["workloadIdentityArn"]
        self.control.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        self.control.untag_resource(resourceArn=arn, tagKeys=["a", "c"])
        self.assertEqual({"b": "2"}, self.control.list_tags_for_resource(resourceArn=arn)["tags"])
        self.refused("ValidationException", self.control.tag_resource, resourceArn=arn, tags={"aws:x": "1"})

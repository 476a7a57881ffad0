"""boto3 against `gantry local`: AgentCore's control plane and the services beside it."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import tempfile
import unittest
import uuid
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from .harness import OTHER_ACCOUNT, REGION
from .javascript import needs_javascript, run_script
from .local_cloud import LocalCloud, LocalTest

SERVICE = "bedrock-agentcore.amazonaws.com"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}],
    }
)
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:tools"
TOOLS = [{"name": "echo", "description": "Says it again", "inputSchema": {"type": "object"}}]
PROVIDER = {
    "customOauth2ProviderConfig": {
        "oauthDiscovery": {"discoveryUrl": "https://issuer.example/.well-known/openid-configuration"},
        "clientId": "someone",
        "clientSecret": "secret-of-someone",
    }
}


def policy(*actions: str) -> str:
    """A document that allows these actions on everything."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    )


class AgentCoreTest(LocalTest):
    """Clients, a role, and short ways to make things."""

    def setUp(self) -> None:
        super().setUp()
        self.control = self.cloud.client("bedrock-agentcore-control")
        self.iam = self.cloud.client("iam")
        self.role = self.make_role("everything", "*")

    def make_role(self, name: str, *actions: str, trust: str = TRUST) -> str:
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if actions:
            self.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(*actions))
        return str(arn)

    def settled(self, read: Any, wanted: str = "READY", **names: str) -> dict[str, Any]:
        """What `read` answers once its status is `wanted`."""
        answer: dict[str, Any] = {}

        def there() -> bool:
            answer.update(read(**names))
            return bool(answer["status"] == wanted)

        self.cloud.wait_until(there)
        return answer

    def gone(self, read: Any, **names: str) -> None:
        """Waits until `read` says that there is no such thing."""

        def away() -> bool:
            try:
                read(**names)
            except (self.control.exceptions.ResourceNotFoundException, self.control.exceptions.AccessDeniedException):
                return True
            return False

        self.cloud.wait_until(away)

    def statuses(self, read: Any, **names: str) -> list[str]:
        """Those that `read` tells, one after the other, until there is no such thing."""
        found: list[str] = []
        while True:
            try:
                status = read(**names)["status"]
            except self.control.exceptions.ResourceNotFoundException:
                return found
            if [status] != found[-1:]:
                found.append(status)

    def make_gateway(self, name: str = "tools", **more: Any) -> str:
        arguments = {"name": name, "roleArn": self.role, "authorizerType": "NONE", "protocolType": "MCP", **more}
        made = self.control.create_gateway(**arguments)["gatewayId"]
        self.settled(self.control.get_gateway, gatewayIdentifier=made)
        return str(made)

    def lambda_target(self, gateway: str, name: str = "echo", **more: Any) -> dict[str, Any]:
        return dict(
            self.control.create_gateway_target(
                gatewayIdentifier=gateway,
                name=name,
                targetConfiguration={"mcp": {"lambda": {"lambdaArn": LAMBDA, "toolSchema": {"inlinePayload": TOOLS}}}},
                credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
                **more,
            )
        )

    def make_runtime(self, name: str = "server", command: bool = True, **more: Any) -> str:
        if command:
            self.cloud.admin(
                "PUT",
                "/commands",
                {
                    "account": self.cloud.account,
                    "region": REGION,
                    "name": name,
                    "command": ["sleep", "60"],
                    "folder": "/",
                },
            )
        return str(
            self.control.create_agent_runtime(**{**self.runtime_arguments(), "agentRuntimeName": name, **more})[
                "agentRuntimeId"
            ]
        )

    def runtime_arguments(self) -> dict[str, Any]:
        image = f"{self.cloud.account}.dkr.ecr.{REGION}.amazonaws.com/server:1"
        return {
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": image}},
            "roleArn": self.role,
            "networkConfiguration": {"networkMode": "PUBLIC"},
        }

    def fails(self, client: Any, code: str, call: Any, **arguments: Any) -> str:
        """The message of a typed exception."""
        with self.assertRaises(getattr(client.exceptions, code)) as caught:
            call(**arguments)
        return str(caught.exception.response["Error"]["Message"])


class Gateways(AgentCoreTest):
    """Life, names, tokens, updates."""

    def test_becomes_ready_with_url_and_identity(self) -> None:
        made = self.control.create_gateway(
            name="My-Tools", roleArn=self.role, authorizerType="NONE", protocolType="MCP", tags={"team": "a"}
        )
        self.assertEqual((202, "CREATING"), (made["ResponseMetadata"]["HTTPStatusCode"], made["status"]))
        self.assertRegex(made["gatewayId"], r"^my-tools-[0-9a-z]{10}$")
        self.assertEqual(f"{self.cloud.url}/gateway/{made['gatewayId']}/mcp", made["gatewayUrl"])
        self.settled(self.control.get_gateway, gatewayIdentifier=made["gatewayId"])
        identity = made["workloadIdentityDetails"]["workloadIdentityArn"].rsplit("/", 1)[1]
        self.assertEqual(identity, self.control.get_workload_identity(name=identity)["name"])
        self.fails(
            self.control, "AccessDeniedException", self.control.delete_workload_identity, name=identity
        )
        self.assertEqual({"team": "a"}, self.control.list_tags_for_resource(resourceArn=made["gatewayArn"])["tags"])

    def test_name_is_unique(self) -> None:
        self.make_gateway("one")
        self.fails(
            self.control,
            "ConflictException",
            self.control.create_gateway,
            name="one",
            roleArn=self.role,
            authorizerType="NONE",
        )
        elsewhere = self.cloud.client("bedrock-agentcore-control", region="eu-west-1")
        role = self.role
        elsewhere.create_gateway(name="one", roleArn=role, authorizerType="NONE")

    def test_token_repeats_the_call(self) -> None:
        given = {"name": "one", "roleArn": self.role, "authorizerType": "NONE", "clientToken": str(uuid.uuid4())}
        first = self.control.create_gateway(**given)
        again = self.control.create_gateway(**given)
        self.assertEqual(first["gatewayId"], again["gatewayId"])
        self.assertEqual(1, len(self.cloud.objects("gateway")))
        self.fails(
            self.control,
            "ValidationException",
            self.control.create_gateway,
            **{**given, "description": "another"},
        )

    def test_update_resets_what_is_left_out(self) -> None:
        gateway = self.make_gateway(description="kept?", exceptionLevel="DEBUG")
        updated = self.control.update_gateway(
            gatewayIdentifier=gateway, name="tools", roleArn=self.role, authorizerType="NONE", exceptionLevel="DEBUG"
        )
        self.assertEqual("UPDATING", updated["status"])
        read = self.settled(self.control.get_gateway, gatewayIdentifier=gateway)
        self.assertNotIn("description", read)
        self.assertEqual(("DEBUG", "MCP"), (read["exceptionLevel"], read["protocolType"]))

    def test_busy_gateway_cannot_be_changed(self) -> None:
        self.cloud.configure(ready_ms=600_000)
        made = self.control.create_gateway(name="one", roleArn=self.role, authorizerType="NONE")["gatewayId"]
        self.fails(self.control, "ConflictException", self.control.delete_gateway, gatewayIdentifier=made)
        said = self.fails(self.control, "ValidationException", self.lambda_target, gateway=made)
        self.assertIn("Cannot perform operation CreateGatewayTarget when gateway is in CREATING status", said)

    def test_what_cannot_change(self) -> None:
        gateway = self.make_gateway()
        same = {"gatewayIdentifier": gateway, "name": "tools", "roleArn": self.role, "authorizerType": "NONE"}
        search = {"protocolConfiguration": {"mcp": {"searchType": "SEMANTIC"}}}
        for change in ({"name": "other"}, {"authorizerType": "AWS_IAM"}, search):
            with self.subTest(change):
                self.fails(self.control, "ValidationException", self.control.update_gateway, **{**same, **change})

    def test_role_must_exist_and_trust(self) -> None:
        other = TRUST.replace(SERVICE, "ec2.amazonaws.com")
        for role in ("arn:aws:iam::000000000000:role/nobody", self.make_role("untrusting", trust=other)):
            with self.subTest(role):
                said = self.fails(
                    self.control,
                    "ValidationException",
                    self.control.create_gateway,
                    name="one",
                    roleArn=role,
                    authorizerType="NONE",
                )
                self.assertIn("Role validation failed", said)
        self.assertEqual([], self.cloud.objects("gateway"))

    def test_trust_is_bound_to_the_gateway(self) -> None:
        bound = json.loads(TRUST)
        like = {"ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:{self.cloud.account}:gateway/mine-*"}}
        bound["Statement"][0]["Condition"] = like
        self.role = self.make_role("bound", "*", trust=json.dumps(bound))
        self.make_gateway("mine")
        with self.assertRaises(self.control.exceptions.ValidationException):
            self.make_gateway("yours")

    def test_role_is_seen_late(self) -> None:
        self.cloud.configure(iam_lag_ms=100_000)
        late = self.make_role("late", "*")
        given = {"name": "one", "roleArn": late, "authorizerType": "NONE"}
        self.fails(self.control, "ValidationException", self.control.create_gateway, **given)
        self.cloud.pass_time(100_000)
        self.control.create_gateway(**given)

    def test_authorizer_goes_with_its_type(self) -> None:
        jwt = {"discoveryUrl": "https://issuer.example/.well-known/openid-configuration"}
        given = {"name": "one", "roleArn": self.role}
        restricted = {"customJWTAuthorizer": {**jwt, "allowedClients": ["someone"]}}
        for wrong in (
            {"authorizerType": "CUSTOM_JWT"},
            {"authorizerType": "CUSTOM_JWT", "authorizerConfiguration": {"customJWTAuthorizer": jwt}},
            {"authorizerType": "AWS_IAM", "authorizerConfiguration": restricted},
        ):
            with self.subTest(wrong):
                self.fails(self.control, "ValidationException", self.control.create_gateway, **given, **wrong)
        self.control.create_gateway(authorizerType="CUSTOM_JWT", authorizerConfiguration=restricted, **given)

    def test_hidden_at_first(self) -> None:
        self.cloud.configure(hidden_ms=100_000)
        made = self.control.create_gateway(name="one", roleArn=self.role, authorizerType="NONE")["gatewayId"]
        self.fails(self.control, "ResourceNotFoundException", self.control.get_gateway, gatewayIdentifier=made)
        self.assertEqual([], self.control.list_gateways()["items"])
        self.cloud.pass_time(100_000)
        self.assertEqual([made], [item["gatewayId"] for item in self.control.list_gateways()["items"]])
        self.settled(self.control.get_gateway, gatewayIdentifier=made)

    def test_arn_is_refused_before_it_is_looked_at(self) -> None:
        gateway = self.make_gateway()
        arn = self.control.get_gateway(gatewayIdentifier=gateway)["gatewayArn"]
        message = self.fails(self.control, "AccessDeniedException", self.control.get_gateway, gatewayIdentifier=arn)
        self.assertIn("is not authorized to perform: bedrock-agentcore:GetGateway on resource", message)
        calls = [
            (self.control.delete_gateway, {}),
            (self.control.list_gateway_targets, {}),
            (self.control.get_gateway_target, {"targetId": "ABCDEFGHIJ"}),
            (self.control.synchronize_gateway_targets, {"targetIdList": ["ABCDEFGHIJ"]}),
        ]
        for call, more in calls:
            self.fails(self.control, "AccessDeniedException", call, gatewayIdentifier=arn, **more)
        self.fails(self.control, "ValidationException", self.control.get_gateway, gatewayIdentifier="No_Id")

    def test_session_policy_bounds_passing_the_role(self) -> None:
        trust = TRUST.replace('"Service": "bedrock-agentcore.amazonaws.com"', f'"AWS": "{self.cloud.account}"')
        self.assertNotEqual(trust, TRUST)
        deployer = self.make_role("deployer", "*", trust=trust)
        for actions, passes in ((["bedrock-agentcore:*"], False), (["bedrock-agentcore:*", "iam:PassRole"], True)):
            key = self.cloud.client("sts").assume_role(
                RoleArn=deployer, RoleSessionName="one", Policy=policy(*actions)
            )["Credentials"]
            control = self.cloud.client(
                "bedrock-agentcore-control", (key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
            )
            arguments = {"name": "passed", "roleArn": self.role, "authorizerType": "NONE", "protocolType": "MCP"}
            if passes:
                control.create_gateway(**arguments)
            else:
                message = self.fails(control, "AccessDeniedException", control.create_gateway, **arguments)
                self.assertIn("iam:PassRole", message)

    def test_pages(self) -> None:
        names = {f"g{number}" for number in range(7)}
        for name in names:
            self.control.create_gateway(name=name, roleArn=self.role, authorizerType="NONE")
        for knobs in ({}, {"page_size": 2, "empty_pages": True}):
            self.cloud.configure(**knobs)
            pages = list(self.control.get_paginator("list_gateways").paginate(PaginationConfig={"PageSize": 3}))
            found = [item["name"] for page in pages for item in page["items"]]
            self.assertEqual((names, len(names)), (set(found), len(found)))
            self.assertGreater(len(pages), 2)
        self.fails(self.control, "ValidationException", self.control.list_gateways, nextToken="nonsense")

    def test_deleted_is_readable_for_a_moment(self) -> None:
        for delete_ms, stays in ((20, False), (600_000, True)):
            gateway = self.make_gateway(f"stays-{stays}".lower())
            self.cloud.configure(delete_ms=delete_ms)
            self.assertEqual("DELETING", self.control.delete_gateway(gatewayIdentifier=gateway)["status"])
            if stays:
                self.assertEqual("DELETING", self.control.get_gateway(gatewayIdentifier=gateway)["status"])
                continue
            self.gone(self.control.get_gateway, gatewayIdentifier=gateway)
            self.assertEqual([], self.cloud.objects("workload_identity"))


class Targets(AgentCoreTest):
    """Life, kinds, credentials, synchronisation."""

    def test_becomes_ready_and_goes_before_its_gateway(self) -> None:
        gateway = self.make_gateway()
        target = self.lambda_target(gateway)["targetId"]
        names = {"gatewayIdentifier": gateway, "targetId": target}
        self.settled(self.control.get_gateway_target, **names)
        said = self.fails(self.control, "ValidationException", self.control.delete_gateway, gatewayIdentifier=gateway)
        self.assertIn("Gateway has targets associated", said)
        self.cloud.configure(delete_ms=20)
        self.control.delete_gateway_target(**names)
        self.gone(self.control.get_gateway_target, **names)
        self.control.delete_gateway(gatewayIdentifier=gateway)

    def test_deleted_shows_its_old_status_first(self) -> None:
        gateway = self.make_gateway()
        for delete_ms in (300, 3_000, 30_000):  # the first that is long enough to be seen
            self.cloud.configure(delete_ms=delete_ms)
            names = {"gatewayIdentifier": gateway, "targetId": self.lambda_target(gateway)["targetId"]}
            self.settled(self.control.get_gateway_target, **names)
            self.control.delete_gateway_target(**names)
            seen = self.statuses(self.control.get_gateway_target, **names)
            if seen == ["READY", "DELETING"]:
                break
        self.assertEqual(["READY", "DELETING"], seen)
        self.cloud.configure(delete_ms=600_000)
        target = self.lambda_target(gateway)["targetId"]
        self.settled(self.control.get_gateway_target, gatewayIdentifier=gateway, targetId=target)
        self.control.delete_gateway_target(gatewayIdentifier=gateway, targetId=target)
        self.fails(self.control, "ValidationException", self.control.delete_gateway, gatewayIdentifier=gateway)

    def test_name_is_unique_in_its_gateway(self) -> None:
        one, two = self.make_gateway("one"), self.make_gateway("two")
        self.lambda_target(one)
        self.fails(self.control, "ConflictException", self.lambda_target, gateway=one)
        self.lambda_target(two)

    def test_page_token_is_of_one_gateway(self) -> None:
        gateways = [self.make_gateway("one"), self.make_gateway("two")]
        for gateway in gateways:
            for name in ("a", "b", "c"):
                self.lambda_target(gateway, name)
        page = self.control.list_gateway_targets(gatewayIdentifier=gateways[0], maxResults=2)
        more = {"maxResults": 1, "nextToken": page["nextToken"]}
        self.fails(
            self.control, "ValidationException", self.control.list_gateway_targets, gatewayIdentifier=gateways[1], **more
        )
        rest = self.control.list_gateway_targets(gatewayIdentifier=gateways[0], **more)
        self.assertEqual(["c"], [item["name"] for item in rest["items"]])

    def test_unreachable_server_fails_after_the_call(self) -> None:
        gateway = self.make_gateway()
        configuration = {"mcp": {"mcpServer": {"endpoint": "https://127.0.0.1:9/mcp"}}}
        made = self.control.create_gateway_target(
            gatewayIdentifier=gateway, name="away", targetConfiguration=configuration
        )
        names = {"gatewayIdentifier": gateway, "targetId": made["targetId"]}
        read = self.settled(self.control.get_gateway_target, "FAILED", **names)
        self.assertIn("Failed to connect and fetch tools from the provided MCP target server", read["statusReasons"][0])
        self.assertEqual("DEFAULT", read["targetConfiguration"]["mcp"]["mcpServer"]["listingMode"])
        again = self.control.synchronize_gateway_targets(gatewayIdentifier=gateway, targetIdList=[made["targetId"]])
        self.assertEqual("SYNCHRONIZING", again["targets"][0]["status"])
        self.settled(self.control.get_gateway_target, "SYNCHRONIZE_UNSUCCESSFUL", **names)
        self.control.update_gateway_target(**names, targetConfiguration=configuration)
        read = self.settled(self.control.get_gateway_target, "UPDATE_UNSUCCESSFUL", **names)
        self.assertEqual(1, len(read["statusReasons"]))

    def test_dynamic_target_is_not_asked(self) -> None:
        gateway = self.make_gateway()
        server = {"endpoint": "https://127.0.0.1:9/mcp", "listingMode": "DYNAMIC"}
        made = self.control.create_gateway_target(
            gatewayIdentifier=gateway, name="away", targetConfiguration={"mcp": {"mcpServer": server}}
        )["targetId"]
        self.settled(self.control.get_gateway_target, gatewayIdentifier=gateway, targetId=made)
        self.fails(
            self.control,
            "ValidationException",
            self.control.synchronize_gateway_targets,
            gatewayIdentifier=gateway,
            targetIdList=[made],
        )

    def test_lambda_needs_permission_of_the_role(self) -> None:
        self.role = self.make_role("powerless")
        gateway = self.make_gateway()
        said = self.fails(self.control, "ValidationException", self.lambda_target, gateway=gateway)
        self.assertIn("Gateway execution role lacks permission", said)
        self.iam.put_role_policy(
            RoleName="powerless", PolicyName="invoke", PolicyDocument=policy("lambda:InvokeFunction")
        )
        self.lambda_target(gateway)

    def test_credentials_fit_the_kind(self) -> None:
        gateway = self.make_gateway()
        server = {"mcp": {"mcpServer": {"endpoint": "https://mcp.example/mcp"}}}
        missing = "arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/none"
        for provider in (
            {"credentialProviderType": "GATEWAY_IAM_ROLE"},
            {
                "credentialProviderType": "OAUTH",
                "credentialProvider": {"oauthCredentialProvider": {"providerArn": missing, "scopes": []}},
            },
        ):
            with self.subTest(provider):
                self.fails(
                    self.control,
                    "ValidationException",
                    self.control.create_gateway_target,
                    gatewayIdentifier=gateway,
                    name="x",
                    targetConfiguration=server,
                    credentialProviderConfigurations=[provider],
                )

    def test_waits_for_consent(self) -> None:
        self.cloud.configure(pending_auth=True)
        made = self.control.create_oauth2_credential_provider(
            name="someone", credentialProviderVendor="CustomOauth2", oauth2ProviderConfigInput=PROVIDER
        )
        oauth = {
            "providerArn": made["credentialProviderArn"],
            "scopes": ["a"],
            "grantType": "AUTHORIZATION_CODE",
            "defaultReturnUrl": "https://return.example/",
        }
        gateway = self.make_gateway()
        target = self.control.create_gateway_target(
            gatewayIdentifier=gateway,
            name="consent",
            targetConfiguration={"mcp": {"mcpServer": {"endpoint": "https://mcp.example/mcp"}}},
            credentialProviderConfigurations=[
                {"credentialProviderType": "OAUTH", "credentialProvider": {"oauthCredentialProvider": oauth}}
            ],
        )["targetId"]
        names = {"gatewayIdentifier": gateway, "targetId": target}
        read = self.settled(self.control.get_gateway_target, "CREATE_PENDING_AUTH", **names)
        self.assertIn("https://", read["authorizationData"]["oauth2"]["authorizationUrl"])
        self.fails(self.control, "ConflictException", self.control.delete_gateway_target, **names)

    def test_policy_engine_adds_a_header(self) -> None:
        engine = f"arn:aws:bedrock-agentcore:{REGION}:{self.cloud.account}:policy-engine/engine-abcdefghij"
        gateway = self.make_gateway(policyEngineConfiguration={"arn": engine, "mode": "LOG_ONLY"})
        target = self.lambda_target(gateway)["targetId"]
        read = self.control.get_gateway_target(gatewayIdentifier=gateway, targetId=target)
        self.assertEqual(
            ["x-amzn-bedrock-agentcore-policy-session-id"], read["metadataConfiguration"]["allowedRequestHeaders"]
        )

    def test_kind_and_name_stay(self) -> None:
        gateway = self.make_gateway()
        target = self.lambda_target(gateway)["targetId"]
        names = {"gatewayIdentifier": gateway, "targetId": target}
        self.settled(self.control.get_gateway_target, **names)
        server = {"mcp": {"mcpServer": {"endpoint": "https://mcp.example/mcp"}}}
        self.fails(
            self.control, "ValidationException", self.control.update_gateway_target, **names, targetConfiguration=server
        )
        listed = self.control.list_gateway_targets(gatewayIdentifier=gateway)["items"]
        self.assertEqual([("echo", "LAMBDA")], [(item["name"], item["targetType"]) for item in listed])


class Runtimes(AgentCoreTest):
    """Versions, endpoints, images."""

    def endpoint(self, runtime: str, name: str = "DEFAULT", live: str | None = None) -> dict[str, Any]:
        """The endpoint once it is READY, and serves this version."""
        answer: dict[str, Any] = {}

        def there() -> bool:
            try:
                answer.update(self.control.get_agent_runtime_endpoint(agentRuntimeId=runtime, endpointName=name))
            except self.control.exceptions.AccessDeniedException:
                return False
            return answer["status"] == "READY" and answer.get("liveVersion") == (live or answer["targetVersion"])

        self.cloud.wait_until(there)
        return answer

    def test_becomes_ready_with_endpoint_and_log_group(self) -> None:
        runtime = self.make_runtime(environmentVariables={"A": "b"})
        read = self.settled(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.assertEqual({"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800}, read["lifecycleConfiguration"])
        self.assertEqual(("1", {"A": "b"}), (read["agentRuntimeVersion"], read["environmentVariables"]))
        self.assertEqual("1", self.endpoint(runtime)["liveVersion"])
        groups = self.cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/bedrock-agentcore/runtimes/")
        name = f"/aws/bedrock-agentcore/runtimes/{runtime}-DEFAULT"
        self.assertEqual([name], [group["logGroupName"] for group in groups["logGroups"]])

    def test_fails_where_nothing_can_run(self) -> None:
        runtime = self.make_runtime("bare", command=False)
        read = self.settled(self.control.get_agent_runtime, "CREATE_FAILED", agentRuntimeId=runtime)
        self.assertIn("command", read["failureReason"])

    def test_update_is_a_new_version(self) -> None:
        runtime = self.make_runtime(description="one")
        self.settled(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.endpoint(runtime)
        self.control.create_agent_runtime_endpoint(agentRuntimeId=runtime, name="stable", agentRuntimeVersion="1")
        self.endpoint(runtime, "stable", "1")
        updated = self.control.update_agent_runtime(agentRuntimeId=runtime, **self.runtime_arguments())
        self.assertEqual(("2", "UPDATING"), (updated["agentRuntimeVersion"], updated["status"]))
        self.endpoint(runtime, live="2")
        self.endpoint(runtime, "stable", "1")
        self.assertNotIn("description", self.control.get_agent_runtime(agentRuntimeId=runtime))
        first = self.control.get_agent_runtime(agentRuntimeId=runtime, agentRuntimeVersion="1")
        self.assertEqual("one", first["description"])
        versions = self.control.list_agent_runtime_versions(agentRuntimeId=runtime)["agentRuntimes"]
        self.assertEqual(["1", "2"], [item["agentRuntimeVersion"] for item in versions])
        self.fails(
            self.control,
            "ConflictException",
            self.control.delete_agent_runtime,
            agentRuntimeId=runtime,
            agentRuntimeVersion="1",
        )

    def test_the_old_version_is_live_until_the_new_one_is_ready(self) -> None:
        runtime = self.make_runtime()
        self.settled(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.endpoint(runtime)
        self.cloud.configure(ready_ms=600_000)
        self.control.update_agent_runtime(agentRuntimeId=runtime, **self.runtime_arguments())
        between = self.control.get_agent_runtime_endpoint(agentRuntimeId=runtime, endpointName="DEFAULT")
        self.assertEqual(("1", "2"), (between["liveVersion"], between["targetVersion"]))

    def test_update_that_cannot_run_leaves_the_old_version(self) -> None:
        runtime = self.make_runtime()
        self.settled(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.endpoint(runtime)
        command = self.cloud.objects("command")[0]
        removed = {"kind": "command", "id": command["id"], "remove": True}
        self.cloud.seed(poke=[removed])
        self.control.update_agent_runtime(agentRuntimeId=runtime, **self.runtime_arguments())
        self.settled(self.control.get_agent_runtime, "UPDATE_FAILED", agentRuntimeId=runtime)
        read = self.endpoint(runtime, live="1")
        self.assertEqual("1", read["targetVersion"])

    def test_endpoints(self) -> None:
        runtime = self.make_runtime()
        self.settled(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.endpoint(runtime)
        default = {"agentRuntimeId": runtime, "endpointName": "DEFAULT"}
        self.fails(self.control, "ConflictException", self.control.delete_agent_runtime_endpoint, **default)
        missing = {"agentRuntimeId": runtime, "endpointName": "none"}
        said = self.fails(self.control, "AccessDeniedException", self.control.get_agent_runtime_endpoint, **missing)
        self.assertIn("was not found", said)
        self.fails(
            self.control,
            "ValidationException",
            self.control.create_agent_runtime_endpoint,
            agentRuntimeId=runtime,
            name="x",
            agentRuntimeVersion="9",
        )
        self.control.create_agent_runtime_endpoint(agentRuntimeId=runtime, name="stable", tags={"a": "b"})
        read = self.endpoint(runtime, "stable")
        tags = self.control.list_tags_for_resource(resourceArn=read["agentRuntimeEndpointArn"])["tags"]
        self.assertEqual({"a": "b"}, tags)
        self.fails(self.control, "ConflictException", self.control.delete_agent_runtime, agentRuntimeId=runtime)
        self.control.delete_agent_runtime_endpoint(agentRuntimeId=runtime, endpointName="stable")
        self.gone(self.control.get_agent_runtime_endpoint, agentRuntimeId=runtime, endpointName="stable")
        self.control.delete_agent_runtime(agentRuntimeId=runtime)
        self.gone(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.assertEqual([], self.cloud.objects("runtime_endpoint"))

    def test_an_agent_has_ten_endpoints(self) -> None:
        runtime = self.make_runtime()
        self.settled(self.control.get_agent_runtime, agentRuntimeId=runtime)
        self.settled(self.control.get_agent_runtime_endpoint, agentRuntimeId=runtime, endpointName="DEFAULT")
        create = self.control.create_agent_runtime_endpoint
        for number in range(9):
            create(agentRuntimeId=runtime, name=f"e{number}")
        with self.assertRaises(self.control.exceptions.ServiceQuotaExceededException) as caught:
            create(agentRuntimeId=runtime, name="e9")
        self.assertEqual(402, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])

    def test_missing_runtime_is_disguised(self) -> None:
        nobody = "nobody-abcdefghij"
        said = self.fails(
            self.control, "AccessDeniedException", self.control.delete_agent_runtime, agentRuntimeId=nobody
        )
        self.assertIn("is not authorized to perform", said)
        self.fails(self.control, "ResourceNotFoundException", self.control.get_agent_runtime, agentRuntimeId=nobody)

    def test_role_must_be_able_to_pull(self) -> None:
        self.role = self.make_role("weak")
        with self.assertRaises(self.control.exceptions.ValidationException) as caught:
            self.make_runtime()
        self.assertIn("Access denied while validating ECR URI", str(caught.exception))

    def test_image_must_be_there(self) -> None:
        self.cloud.configure(check_images=True)
        with self.assertRaises(self.control.exceptions.ValidationException):
            self.make_runtime("bare", command=False)
        self.make_runtime("with_command")
        ecr = self.cloud.client("ecr")
        ecr.create_repository(repositoryName="server")
        image = {"digest": "sha256:" + "a" * 64, "tags": ["1"], "size": 9, "manifest": "{}", "mediaType": "x"}
        image["pushed"] = "2026-01-01T00:00:00Z"
        self.cloud.seed(poke=[{"kind": "repository", "id": "server", "hidden": {"images": [image]}}])
        self.make_runtime("bare", command=False)

    def test_input_the_service_refuses(self) -> None:
        for wrong in (
            {"lifecycleConfiguration": {"idleRuntimeSessionTimeout": 5000, "maxLifetime": 100}},
            {"networkConfiguration": {"networkMode": "VPC"}},
        ):
            with self.subTest(wrong), self.assertRaises(self.control.exceptions.ValidationException):
                self.make_runtime(**wrong)


class Identity(AgentCoreTest):
    """Credential providers, workload identities, tags."""

    def test_oauth_provider(self) -> None:
        given = {
            "name": "someone",
            "credentialProviderVendor": "CustomOauth2",
            "oauth2ProviderConfigInput": PROVIDER,
        }
        made = self.control.create_oauth2_credential_provider(**given)
        self.assertNotIn("secret-of-someone", json.dumps(made, default=str))
        self.fails(self.control, "ConflictException", self.control.create_oauth2_credential_provider, **given)
        read = self.control.get_oauth2_credential_provider(name="someone")
        self.assertEqual("someone", read["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]["clientId"])
        secrets = self.cloud.client("secretsmanager")
        arn = made["clientSecretArn"]["secretArn"]
        self.assertEqual("secret-of-someone", secrets.get_secret_value(SecretId=arn)["SecretString"])
        self.fails(secrets, "InvalidRequestException", secrets.delete_secret, SecretId=arn)
        wrong = {**given, "credentialProviderVendor": "GithubOauth2"}
        self.fails(self.control, "ValidationException", self.control.update_oauth2_credential_provider, **wrong)
        self.control.delete_oauth2_credential_provider(name="someone")
        self.fails(
            self.control, "ResourceNotFoundException", self.control.get_oauth2_credential_provider, name="someone"
        )
        self.assertEqual([], self.cloud.objects("secret"))

    def test_api_key_from_a_secret(self) -> None:
        secrets = self.cloud.client("secretsmanager")
        arn = secrets.create_secret(Name="mine", SecretString='{"key": "one"}')["ARN"]
        given = {"apiKeySecretSource": "EXTERNAL", "apiKeySecretConfig": {"secretId": arn, "jsonKey": "key"}}
        made = self.control.create_api_key_credential_provider(name="key", **given)
        self.assertEqual((arn, "key"), (made["apiKeySecretArn"]["secretArn"], made["apiKeySecretJsonKey"]))
        given["apiKeySecretConfig"] = {"secretId": arn, "jsonKey": "none"}
        self.fails(
            self.control,
            "ValidationException",
            self.control.create_api_key_credential_provider,
            name="other",
            **given,
        )
        self.control.delete_api_key_credential_provider(name="key")
        self.assertEqual(["mine"], [item["id"] for item in self.cloud.objects("secret")])

    def test_workload_identities(self) -> None:
        for number in range(3):
            self.control.create_workload_identity(name=f"identity-{number}")
        self.cloud.configure(page_size=2)
        first = self.control.list_workload_identities()
        rest = self.control.list_workload_identities(nextToken=first["nextToken"])
        self.assertEqual([2, 1], [len(page["workloadIdentities"]) for page in (first, rest)])
        self.fails(self.control, "ValidationException", self.control.create_workload_identity, name="identity-0")
        self.control.delete_workload_identity(name="identity-0")

    def test_tags(self) -> None:
        gateway = self.make_gateway()
        arn = self.control.get_gateway(gatewayIdentifier=gateway)["gatewayArn"]
        before = self.control.get_gateway(gatewayIdentifier=gateway)["updatedAt"]
        self.control.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        self.control.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
        self.assertEqual({"b": "2"}, self.control.list_tags_for_resource(resourceArn=arn)["tags"])
        self.assertEqual(before, self.control.get_gateway(gatewayIdentifier=gateway)["updatedAt"])
        self.fails(
            self.control, "ValidationException", self.control.tag_resource, resourceArn=arn, tags={"aws:x": "1"}
        )
        self.fails(
            self.control, "ResourceNotFoundException", self.control.list_tags_for_resource, resourceArn=arn[:-1] + "_"
        )
        many = {f"k{number}": "v" for number in range(50)}
        self.fails(
            self.control, "ServiceQuotaExceededException", self.control.tag_resource, resourceArn=arn, tags=many
        )

    def test_absent_operation_says_so(self) -> None:
        with self.assertRaises(self.control.exceptions.ClientError) as caught:
            self.control.list_policy_engines()
        self.assertEqual(501, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])


class Beside(LocalTest):
    """Logs, ECR, Secrets Manager, CloudWatch."""

    def test_log_groups(self) -> None:
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName="/a/one", tags={"x": "y"}, deletionProtectionEnabled=True)
        logs.create_log_group(logGroupName="/a/one-more")
        with self.assertRaises(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName="/a/one")
        with self.assertRaises(logs.exceptions.InvalidParameterException):
            logs.put_retention_policy(logGroupName="/a/one", retentionInDays=2)
        logs.put_retention_policy(logGroupName="/a/one", retentionInDays=14)
        groups = logs.describe_log_groups(logGroupNamePrefix="/a/one")["logGroups"]
        self.assertEqual(["/a/one", "/a/one-more"], [group["logGroupName"] for group in groups])
        self.assertEqual((14, groups[0]["logGroupArn"] + ":*"), (groups[0]["retentionInDays"], groups[0]["arn"]))
        self.assertEqual({"x": "y"}, logs.list_tags_for_resource(resourceArn=groups[0]["logGroupArn"])["tags"])
        with self.assertRaises(logs.exceptions.InvalidParameterException):
            logs.list_tags_for_resource(resourceArn=groups[0]["arn"])
        with self.assertRaises(logs.exceptions.ValidationException):
            logs.delete_log_group(logGroupName="/a/one")
        logs.put_log_group_deletion_protection(logGroupIdentifier="/a/one", deletionProtectionEnabled=False)
        logs.delete_log_group(logGroupName="/a/one")
        with self.assertRaises(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName="/a/one")
        self.assertEqual([], logs.filter_log_events(logGroupName="/a/one-more")["events"])

    def test_repositories(self) -> None:
        ecr = self.cloud.client("ecr")
        made = ecr.create_repository(repositoryName="team/server", tags=[{"Key": "a", "Value": "b"}])["repository"]
        self.assertEqual(f"{self.cloud.account}.dkr.ecr.{REGION}.amazonaws.com/team/server", made["repositoryUri"])
        with self.assertRaises(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName="team/server")
        digest = "sha256:" + "a" * 64
        image = {"digest": digest, "tags": ["1"], "size": 9, "manifest": "{}", "mediaType": "x"}
        image["pushed"] = "2026-01-01T00:00:00Z"
        self.cloud.seed(poke=[{"kind": "repository", "id": "team/server", "hidden": {"images": [image]}}])
        found = ecr.describe_images(repositoryName="team/server", imageIds=[{"imageTag": "1"}])["imageDetails"]
        self.assertEqual([digest], [item["imageDigest"] for item in found])
        with self.assertRaises(ecr.exceptions.ImageNotFoundException):
            ecr.describe_images(repositoryName="team/server", imageIds=[{"imageTag": "2"}])
        got = ecr.batch_get_image(repositoryName="team/server", imageIds=[{"imageTag": "1"}, {"imageTag": "2"}])
        self.assertEqual(("{}", "ImageNotFound"), (got["images"][0]["imageManifest"], got["failures"][0]["failureCode"]))
        with self.assertRaises(ecr.exceptions.RepositoryNotEmptyException):
            ecr.delete_repository(repositoryName="team/server")
        with self.assertRaises(ecr.exceptions.RepositoryPolicyNotFoundException):
            ecr.get_repository_policy(repositoryName="team/server")
        self.assertTrue(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
        ecr.delete_repository(repositoryName="team/server", force=True)
        with self.assertRaises(ecr.exceptions.RepositoryNotFoundException):
            ecr.describe_repositories(repositoryNames=["team/server"])

    def test_secrets(self) -> None:
        secrets = self.cloud.client("secretsmanager")
        arn = secrets.create_secret(Name="mine", SecretString="one")["ARN"]
        with self.assertRaises(secrets.exceptions.ResourceExistsException):
            secrets.create_secret(Name="mine", SecretString="two")
        secrets.put_secret_value(SecretId="mine", SecretString="two")
        self.assertEqual("two", secrets.get_secret_value(SecretId=arn[:-7])["SecretString"])
        previous = secrets.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
        self.assertEqual(("one", ["AWSPREVIOUS"]), (previous["SecretString"], previous["VersionStages"]))
        self.assertEqual(2, len(secrets.describe_secret(SecretId="mine")["VersionIdsToStages"]))
        secrets.delete_secret(SecretId="mine")
        with self.assertRaises(secrets.exceptions.InvalidRequestException):
            secrets.get_secret_value(SecretId="mine")
        with self.assertRaises(secrets.exceptions.InvalidRequestException):
            secrets.create_secret(Name="mine", SecretString="three")
        secrets.restore_secret(SecretId="mine")
        secrets.delete_secret(SecretId="mine", ForceDeleteWithoutRecovery=True)
        self.cloud.wait_until(lambda: not self.cloud.objects("secret"))
        with self.assertRaises(secrets.exceptions.ResourceNotFoundException):
            secrets.describe_secret(SecretId="mine")
        token = "0123456789abcdef0123456789abcdef"
        secrets.create_secret(Name="token", SecretString="one", ClientRequestToken=token)
        same = {"SecretId": "token", "ClientRequestToken": token}
        self.assertEqual(token, secrets.put_secret_value(**same, SecretString="one")["VersionId"])
        with self.assertRaises(secrets.exceptions.ResourceExistsException):
            secrets.put_secret_value(**same, SecretString="two")
        with self.assertRaises(secrets.exceptions.ResourceExistsException):
            secrets.update_secret(**same, SecretString="two", Description="no")
        self.assertNotIn("Description", secrets.describe_secret(SecretId="token"))
        self.assertEqual("one", secrets.get_secret_value(SecretId="token")["SecretString"])
        made = {"Name": "token", "SecretString": "one", "ClientRequestToken": token}
        self.assertEqual(token, secrets.create_secret(**made)["VersionId"])
        secrets.delete_secret(SecretId="token")
        with self.assertRaises(secrets.exceptions.InvalidRequestException):
            secrets.create_secret(**made)
        secrets.restore_secret(SecretId="token")
        secrets.delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
        self.cloud.wait_until(lambda: not self.cloud.objects("secret"))
        secrets.create_secret(**made)
        self.assertEqual("one", secrets.get_secret_value(SecretId="token")["SecretString"])
        binary = secrets.create_secret(Name="bytes", SecretBinary=b"\x00\xff")["ARN"]
        self.assertEqual(b"\x00\xff", secrets.get_secret_value(SecretId=binary)["SecretBinary"])

    def test_alarms_and_dashboards(self) -> None:
        watch = self.cloud.client("cloudwatch")
        alarm = {
            "AlarmName": "errors",
            "Namespace": "mine",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.5,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        watch.put_metric_alarm(**alarm, AlarmDescription="first", Tags=[{"Key": "a", "Value": "b"}])
        watch.put_metric_alarm(**alarm)
        found = watch.describe_alarms(AlarmNames=["errors", "none"])["MetricAlarms"]
        self.assertEqual([("errors", 1.5)], [(item["AlarmName"], item["Threshold"]) for item in found])
        self.assertNotIn("AlarmDescription", found[0])
        tags = watch.list_tags_for_resource(ResourceARN=found[0]["AlarmArn"])["Tags"]
        self.assertEqual([{"Key": "a", "Value": "b"}], tags)
        with self.assertRaises(watch.exceptions.ClientError):
            watch.put_metric_alarm(**{**alarm, "Period": 61})
        watch.delete_alarms(AlarmNames=["errors"])
        watch.put_dashboard(DashboardName="board", DashboardBody='{"widgets": []}')
        self.assertEqual('{"widgets": []}', watch.get_dashboard(DashboardName="board")["DashboardBody"])
        with self.assertRaises(watch.exceptions.DashboardInvalidInputError):
            watch.put_dashboard(DashboardName="board", DashboardBody="[")
        watch.delete_dashboards(DashboardNames=["board"])
        for call in (
            lambda: watch.get_dashboard(DashboardName="board"),
            lambda: watch.delete_dashboards(DashboardNames=["board"]),
        ):
            with self.assertRaises(watch.exceptions.ResourceNotFound) as caught:
                call()
            self.assertEqual(404, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])
        watch.put_metric_data(Namespace="mine", MetricData=[{"MetricName": "a", "Value": 1.0}])


class Buckets(LocalTest):
    """S3 with conditions."""

    def setUp(self) -> None:
        super().setUp()
        self.s3 = self.cloud.client("s3")

    def status(self, call: Any, **arguments: Any) -> tuple[str, int]:
        with self.assertRaises(self.s3.exceptions.ClientError) as caught:
            call(**arguments)
        answer = caught.exception.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]

    def test_a_client_of_another_region_is_shown_the_way(self) -> None:
        self.s3.put_object(Bucket="here", Key="k", Body=b"x")
        away = self.cloud.client("s3", region="eu-west-1")
        self.assertEqual(away.get_object(Bucket="here", Key="k")["Body"].read(), b"x")
        away = self.cloud.client("s3", region="eu-west-1")
        self.assertEqual(away.head_object(Bucket="here", Key="k")["ContentLength"], 1)

    def test_conditional_writes(self) -> None:
        place = {"Bucket": "states", "Key": "a/state.json"}
        self.assertEqual(("NoSuchKey", 404), self.status(self.s3.put_object, **place, Body=b"1", IfMatch='"x"'))
        first = self.s3.put_object(**place, Body=b"1", IfNoneMatch="*")["ETag"]
        self.assertEqual(
            ("PreconditionFailed", 412), self.status(self.s3.put_object, **place, Body=b"2", IfNoneMatch="*")
        )
        second = self.s3.put_object(**place, Body=b"2", IfMatch=first)["ETag"]
        self.assertNotEqual(first, second)
        self.assertEqual(
            ("PreconditionFailed", 412), self.status(self.s3.put_object, **place, Body=b"3", IfMatch=first)
        )
        self.assertEqual(b"2", self.s3.get_object(**place)["Body"].read())
        self.assertEqual(("PreconditionFailed", 412), self.status(self.s3.delete_object, **place, IfMatch=first))
        self.s3.delete_object(**place, IfMatch=second)
        self.assertEqual(204, self.s3.delete_object(**place)["ResponseMetadata"]["HTTPStatusCode"])
        self.assertEqual(("NoSuchKey", 404), self.status(self.s3.get_object, **place))
        self.assertEqual(404, self.status(self.s3.head_object, **place)[1])

    def test_conditional_reads(self) -> None:
        place = {"Bucket": "states", "Key": "k"}
        etag = self.s3.put_object(**place, Body=b"1")["ETag"]
        self.assertEqual(304, self.status(self.s3.get_object, **place, IfNoneMatch=etag)[1])
        signed = self.sign("GET", "/states/k", {"If-None-Match": etag})
        self.assertEqual((304, b""), signed)
        self.assertEqual(("PreconditionFailed", 412), self.status(self.s3.get_object, **place, IfMatch='"no"'))
        self.assertEqual(b"1", self.s3.get_object(**place, IfMatch=etag)["Body"].read())

    def sign(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """A request without the SDK: status, and all that comes after the headers."""
        credentials = botocore.credentials.Credentials(*self.cloud.key)
        request = botocore.awsrequest.AWSRequest(method, self.cloud.url + path, headers=headers)
        botocore.auth.S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.cloud.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        with socket.create_connection(("127.0.0.1", self.cloud.port), 60) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def test_missing_key_is_told_to_those_who_may_list(self) -> None:
        iam, sts = self.cloud.client("iam"), self.cloud.client("sts")
        document = TRUST.replace('"Service": "bedrock-agentcore.amazonaws.com"', f'"AWS": "{self.cloud.account}"')
        arn = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        made = sts.assume_role(RoleArn=arn, RoleSessionName="one")["Credentials"]
        reader = self.cloud.client("s3", (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))
        for actions, wanted in ((["s3:GetObject"], ("AccessDenied", 403)), (["s3:*"], ("NoSuchKey", 404))):
            iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=policy(*actions))
            self.assertEqual(wanted, self.status(reader.get_object, Bucket="states", Key="none"))

    def test_one_of_many_writers_wins(self) -> None:
        clients = [self.cloud.client("s3") for _ in range(8)]

        def create(number: int) -> bool:
            try:
                clients[number].put_object(Bucket="states", Key="lock", Body=str(number).encode(), IfNoneMatch="*")
            except clients[number].exceptions.ClientError:
                return False
            return True

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            won = list(pool.map(create, range(8)))
        self.assertEqual(1, sum(won))
        body = self.s3.get_object(Bucket="states", Key="lock")["Body"].read()
        self.assertEqual(won.index(True), int(body))

    def test_counting_with_many_writers_loses_nothing(self) -> None:
        self.s3.put_object(Bucket="states", Key="count", Body=b"0")

        def add(_: int) -> None:
            client = self.cloud.client("s3")
            while True:
                read = client.get_object(Bucket="states", Key="count")
                body = str(int(read["Body"].read()) + 1).encode()
                try:
                    client.put_object(Bucket="states", Key="count", Body=body, IfMatch=read["ETag"])
                    return
                except client.exceptions.ClientError:
                    continue

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(12)))
        self.assertEqual(b"12", self.s3.get_object(Bucket="states", Key="count")["Body"].read())

    def test_bytes_metadata_and_length(self) -> None:
        body = bytes(range(256))
        self.s3.put_object(Bucket="states", Key="ü b/+", Body=body, ContentType="x/y", Metadata={"who": "me"})
        read = self.s3.get_object(Bucket="states", Key="ü b/+")
        self.assertEqual((body, "x/y", {"who": "me"}), (read["Body"].read(), read["ContentType"], read["Metadata"]))
        self.assertEqual(256, self.s3.head_object(Bucket="states", Key="ü b/+")["ContentLength"])

    def test_lists(self) -> None:
        for key in ("a/1", "a/2", "b/1", "c"):
            self.s3.put_object(Bucket="states", Key=key, Body=b"")
        self.cloud.configure(page_size=2)
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="states")
        self.assertEqual(["a/1", "a/2", "b/1", "c"], [item["Key"] for page in pages for item in page["Contents"]])
        self.cloud.configure(page_size=0)
        listed = self.s3.list_objects_v2(Bucket="states", Delimiter="/")
        self.assertEqual(["a/", "b/"], [item["Prefix"] for item in listed["CommonPrefixes"]])
        self.assertEqual((["c"], 3), ([item["Key"] for item in listed["Contents"]], listed["KeyCount"]))
        behind = self.s3.list_objects_v2(Bucket="states", StartAfter="a/2", Prefix="")["Contents"]
        self.assertEqual(["b/1", "c"], [item["Key"] for item in behind])

    def test_bucket_belongs_to_who_used_it_first(self) -> None:
        self.s3.put_object(Bucket="states", Key="k", Body=b"1")
        other = self.cloud.client("s3", key=self.cloud.keys_of(OTHER_ACCOUNT))
        with self.assertRaises(other.exceptions.ClientError) as caught:
            other.get_object(Bucket="states", Key="k")
        self.assertEqual("AccessDenied", caught.exception.response["Error"]["Code"])
        self.assertEqual(REGION, self.s3.head_bucket(Bucket="states")["BucketRegion"])
        self.assertEqual(403, self.status(self.s3.head_bucket, Bucket="states", ExpectedBucketOwner=OTHER_ACCOUNT)[1])


class Restart(unittest.TestCase):
    """What a state folder keeps."""

    def test_objects_and_times_survive(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with LocalCloud(state=folder) as cloud:
                role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
                cloud.configure(ready_ms=1500)
                control = cloud.client("bedrock-agentcore-control")
                made = control.create_gateway(name="one", roleArn=role, authorizerType="NONE", protocolType="MCP")
                etag = cloud.client("s3").put_object(Bucket="states", Key="k", Body=b"\x00\xff")["ETag"]
            with LocalCloud(state=folder) as cloud:
                control = cloud.client("bedrock-agentcore-control")
                names = {"gatewayIdentifier": made["gatewayId"]}
                cloud.wait_until(lambda: control.get_gateway(**names)["status"] == "READY")
                self.assertEqual(f"{cloud.url}/gateway/{made['gatewayId']}/mcp", control.get_gateway(**names)["gatewayUrl"])
                read = cloud.client("s3").get_object(Bucket="states", Key="k")
                self.assertEqual((etag, b"\x00\xff"), (read["ETag"], read["Body"].read()))


@needs_javascript
class JavaScript(LocalTest):
    """The JavaScript SDK (tests/integration/js)."""

    def test_life_with_the_sdk(self) -> None:
        iam = self.cloud.client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName="r", PolicyName="all", PolicyDocument=policy("*"))
        ran = run_script("agentcore.mjs", self.cloud.url, *self.cloud.key, role)
        self.assertEqual((0, "done\n"), (ran.returncode, ran.stdout), ran.stderr)
        self.assertEqual([], self.cloud.objects("gateway"))

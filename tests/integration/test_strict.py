"""The example's stack against the embedded cloud, with everything that services do to their callers at
once: roles seen late, objects hidden after creation, one item a page, cold servers, shuffled answers."""

from __future__ import annotations

import json

from .harness import ACCOUNT, CHANGES, DIGEST, HARD, OTHER_DIGEST, REGION, StackTest, Workspace

ADDRESSES = {
    "user_pool.mcp",
    "user_pool_domain.mcp",
    "resource_server.mcp",
    "user_pool_client.mcp.quick-suite",
    "role.gateway.tools",
    "role.runtime.lark",
    "runtime.lark",
    "log_group.runtime.lark",
    "gateway.tools",
    "target.lark",
}


class Lifecycle(StackTest):
    """From nothing to everything and back, with all knobs turned up."""

    knobs = HARD

    def test_is_applied_in_one_run_and_then_left_alone(self) -> None:
        space = self.quick()
        run = self.assert_run(space.apply())
        self.assertLessEqual(ADDRESSES, set(run.changed))
        self.assert_stack_is_there()
        self.assert_quiet(space)
        self.assert_destroyed(space)

    def assert_stack_is_there(self) -> None:
        """By the cloud's own view: every object, settled, tagged, and connected to the others."""
        cloud = self.cloud
        gateway, runtime, target = cloud.one("gateway"), cloud.one("runtime"), cloud.one("target")
        for record in (gateway, runtime, target):
            self.assertEqual("READY", record["status"], record)
        self.assertEqual("ACTIVE", cloud.one("user_pool_domain")["status"])
        pool, client = cloud.one("user_pool"), cloud.one("user_pool_client")
        authorizer = gateway["data"]["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual([client["id"]], authorizer["allowedClients"])
        self.assertIn(pool["id"], authorizer["discoveryUrl"])
        self.assertNotIn("allowedAudience", authorizer)
        endpoint = target["data"]["targetConfiguration"]["mcp"]["mcpServer"]["endpoint"]
        self.assertIn(runtime["id"], endpoint)
        self.assertIn(DIGEST, runtime["data"]["agentRuntimeArtifact"]["containerConfiguration"]["containerUri"])
        roles = {record["arn"]: record for record in cloud.objects("role")}
        self.assertEqual({gateway["data"]["roleArn"], runtime["data"]["roleArn"]}, set(roles))
        lineages = set()
        for record in (gateway, runtime, pool, *roles.values()):
            self.assertEqual("lark-tools", record["tags"].get("gantry:stack"), record)
            self.assertEqual("dev", record["tags"].get("gantry:environment"), record)
            self.assertEqual("platform", record["tags"].get("team"), record)
            lineages.add(record["tags"]["gantry:lineage"])
        self.assertEqual(1, len(lineages))
        log_groups = {record["name"] for record in cloud.objects("log_group")}
        self.assertEqual({f"/aws/bedrock-agentcore/runtimes/{runtime['id']}-DEFAULT"}, log_groups)

    def test_boto3_sees_what_was_applied(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        control = self.cloud.client("bedrock-agentcore-control")
        summaries = []
        for page in control.get_paginator("list_gateways").paginate():
            summaries += page["items"]
        self.assertEqual(["READY"], [item["status"] for item in summaries])
        gateway = control.get_gateway(gatewayIdentifier=summaries[0]["gatewayId"])
        output = self.assert_run(space.run("output", "--format", "json"))
        document = json.loads(output.out)
        self.assertEqual(gateway["gatewayUrl"], document["outputs"]["url"])
        self.assertEqual(gateway["gatewayArn"], document["gateways"]["tools"]["arn"])
        client = document["clients"]["mcp.quick-suite"]
        self.assertEqual("MyGateway/invoke", client["scope"])
        shown = self.assert_run(space.run("output", "--format", "json", "--show-secrets"))
        cognito = self.cloud.client("cognito-idp")
        pool = self.cloud.one("user_pool")["id"]
        secret = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client["clientId"])
        secret = secret["UserPoolClient"]["ClientSecret"]
        self.assertEqual(secret, json.loads(shown.out)["clients"]["mcp.quick-suite"]["clientSecret"])
        self.assertNotIn(secret, output.out + output.err)


class Changed(StackTest):
    """One edit of the manifest is one smallest update, and then nothing again."""

    knobs = {"shuffle": True, "page_size": 1}

    def setUp(self) -> None:
        super().setUp()
        self.space = self.quick()
        self.assert_run(self.space.apply())

    def assert_one_change(self, changed: dict[str, str], mutations: list[str]) -> None:
        """The diff names these, the apply makes these calls, and then there is nothing to do."""
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertEqual(changed, diff.changed, str(diff))
        for step in diff.plan["steps"]:
            for change in step["changes"]:
                self.assertIn(change["cause"], ("manifest", "removed", "upstream"), str(diff))
        mark = self.cloud.mark()
        run = self.assert_run(self.space.apply())
        self.assertEqual(sorted(mutations), sorted(self.cloud.mutations(mark)), str(run))
        self.assert_quiet(self.space)

    def test_description_of_a_gateway(self) -> None:
        self.space.edit("description: Lark tools for Quick Suite", "description: Other tools")
        self.assert_one_change({"gateway.tools": "update"}, ["UpdateGateway"])
        data = self.cloud.one("gateway")["data"]
        self.assertEqual("Other tools", data["description"])
        self.assertIn("customJWTAuthorizer", data["authorizerConfiguration"])

    def test_description_that_goes(self) -> None:
        self.space.edit("    description: Lark tools for Quick Suite\n", "")
        self.assert_one_change({"gateway.tools": "update"}, ["UpdateGateway"])
        self.assertNotIn("description", self.cloud.one("gateway")["data"])

    def test_scope_that_nobody_uses_yet(self) -> None:
        self.space.edit("scopes: {invoke: Invoke gateway tools}", "scopes: {invoke: Invoke gateway tools, admin: All}")
        self.space.edit("    identity: mcp\n", "    identity: mcp\n    scopes: [invoke]\n")
        diff = self.space.diff()
        wanted = {"resource_server.mcp": "update"}
        calls = ["UpdateResourceServer"]
        if "gateway.tools" in diff.changed:
            wanted["gateway.tools"] = "update"
            calls.append("UpdateGateway")
        self.assert_one_change(wanted, calls)
        scopes = self.cloud.one("resource_server")["data"]["Scopes"]
        self.assertEqual({"invoke", "admin"}, {scope["ScopeName"] for scope in scopes})

    def test_new_client(self) -> None:
        self.space.edit("quick-suite: {scopes: [invoke]}", "quick-suite: {scopes: [invoke]}\n      other: {}")
        self.assert_one_change(
            {"user_pool_client.mcp.other": "create", "gateway.tools": "update"},
            ["CreateUserPoolClient", "UpdateGateway"],
        )
        clients = {record["id"] for record in self.cloud.objects("user_pool_client")}
        allowed = self.cloud.one("gateway")["data"]["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual(clients, set(allowed["allowedClients"]))

    def test_environment_variable(self) -> None:
        self.space.edit('PORT: "8000"', 'PORT: "9000"')
        self.assert_one_change({"runtime.lark": "update"}, ["UpdateAgentRuntime"])
        runtime = self.cloud.one("runtime")
        self.assertEqual("READY", runtime["status"])

    def test_environment_variable_that_goes(self) -> None:
        self.space.edit(', PORT: "8000"', "")
        self.assert_one_change({"runtime.lark": "update"}, ["UpdateAgentRuntime"])
        self.assertNotIn("PORT", self.cloud.one("runtime")["data"]["environmentVariables"])

    def test_log_retention(self) -> None:
        self.space.edit("    image: ${var.image}\n", "    image: ${var.image}\n    logRetention: 30\n")
        self.assert_one_change({"log_group.runtime.lark": "update"}, ["PutRetentionPolicy"])
        self.assertEqual(30, self.cloud.one("log_group")["data"]["retentionInDays"])
        self.space.edit("    logRetention: 30\n", "")
        self.assert_one_change({"log_group.runtime.lark": "update"}, ["DeleteRetentionPolicy"])
        self.assertNotIn("retentionInDays", self.cloud.one("log_group")["data"])

    def test_tags(self) -> None:
        tagged = [record for record in self.cloud.objects() if record["tags"].get("team") == "platform"]
        self.assertGreaterEqual(len(tagged), 5)
        self.space.edit("tags: {team: platform}", "tags: {owner: me}")
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertEqual({"update"}, set(diff.changed.values()), str(diff))
        mark = self.cloud.mark()
        self.assert_run(self.space.apply())
        names = {"Tag", "Unt"}
        self.assertLessEqual({name[:3] for name in self.cloud.mutations(mark)}, names)
        for record in self.cloud.objects():
            self.assertNotIn("team", record["tags"])
        for record in tagged:
            self.assertEqual("me", self.cloud.one(record["kind"], record["name"])["tags"]["owner"])
        self.assert_quiet(self.space)

    def test_endpoint_of_a_target(self) -> None:
        self.space.edit(
            "lark: {gateway: tools, runtime: lark}",
            "lark: {gateway: tools, runtime: lark}\n  docs: {gateway: tools, endpoint: 'https://a.example.com/mcp'}",
        )
        self.assert_one_change({"target.docs": "create"}, ["CreateGatewayTarget"])
        self.space.edit("https://a.example.com/mcp", "https://b.example.com/mcp")
        self.assert_one_change({"target.docs": "update"}, ["UpdateGatewayTarget"])
        server = self.cloud.one("target", "docs")["data"]["targetConfiguration"]["mcp"]["mcpServer"]
        self.assertEqual("https://b.example.com/mcp", server["endpoint"])

    def test_pushed_image(self) -> None:
        images = [{"tags": ["latest"], "digest": OTHER_DIGEST, "architecture": "arm64"}]
        self.cloud.seed(ecr=[{"repository": "lark-mcp", "images": images}])
        self.assert_one_change({"runtime.lark": "update"}, ["UpdateAgentRuntime"])
        artifact = self.cloud.one("runtime")["data"]["agentRuntimeArtifact"]
        self.assertIn(OTHER_DIGEST, artifact["containerConfiguration"]["containerUri"])

    def test_entry_that_goes(self) -> None:
        self.space.edit("  lark: {gateway: tools, runtime: lark}", "  docs: {gateway: tools, endpoint: 'https://a.example/mcp'}")
        run = self.assert_run(self.space.apply())
        self.assertEqual(["docs"], [record["name"] for record in self.cloud.objects("target")], str(run))
        self.assert_quiet(self.space)

    def test_secret_that_goes_narrows_the_role(self) -> None:
        self.space.edit('    secrets: {LARK_KEY: "arn:aws:secretsmanager:us-east-1:123456789012:secret:lark-AbCdEf"}\n', "")
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertIn("runtime.lark", diff.changed)
        mark = self.cloud.mark()
        self.assert_run(self.space.apply())
        self.assertEqual(["PutRolePolicy", "UpdateAgentRuntime"], sorted(self.cloud.mutations(mark)))
        self.assertNotIn("secretsmanager", json.dumps(self.cloud.objects("role")))
        self.assert_quiet(self.space)


class Drifted(StackTest):
    """Changes from outside show as drift, with their cause, and are mended."""

    def setUp(self) -> None:
        super().setUp()
        self.space: Workspace = self.quick()
        self.assert_run(self.space.apply())

    def assert_mended(self, address: str, path: str, mutation: str) -> None:
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertEqual({address: "update"}, diff.changed, str(diff))
        changes = diff.step(address)["changes"]
        self.assertTrue(changes)
        self.assertEqual({"drift"}, {change["cause"] for change in changes}, str(diff))
        self.assertTrue(any(change["path"].startswith(path) for change in changes), str(diff))
        mark = self.cloud.mark()
        self.assert_run(self.space.apply())
        self.assertEqual([mutation], self.cloud.mutations(mark))
        self.assert_quiet(self.space)

    def test_gateway(self) -> None:
        control = self.cloud.client("bedrock-agentcore-control")
        gateway = control.get_gateway(gatewayIdentifier=self.cloud.one("gateway")["id"])
        members = ("name", "roleArn", "protocolType", "authorizerType", "authorizerConfiguration")
        control.update_gateway(
            gatewayIdentifier=gateway["gatewayId"],
            description="drifted",
            **{name: gateway[name] for name in members if name in gateway},
        )
        self.cloud.wait_until(lambda: self.cloud.one("gateway")["status"] == "READY")
        self.assert_mended("gateway.tools", "/description", "UpdateGateway")
        self.assertEqual("Lark tools for Quick Suite", self.cloud.one("gateway")["data"]["description"])

    def test_role_policy(self) -> None:
        iam = self.cloud.client("iam")
        role = next(record for record in self.cloud.objects("role") if "runtime" in record["name"])
        name = iam.list_role_policies(RoleName=role["name"])["PolicyNames"][0]
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=role["name"], PolicyName=name, PolicyDocument=json.dumps(document))
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertEqual(["update"], list(diff.changed.values()), str(diff))
        mark = self.cloud.mark()
        self.assert_run(self.space.apply())
        self.assertEqual(["PutRolePolicy"], self.cloud.mutations(mark))
        self.assertNotIn("s3:*", json.dumps(self.cloud.objects("role")))
        self.assert_quiet(self.space)

    def test_foreign_policy_of_our_role_is_shown_and_kept(self) -> None:
        iam = self.cloud.client("iam")
        role = next(record for record in self.cloud.objects("role") if "runtime" in record["name"])
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=role["name"], PolicyName="extra-access", PolicyDocument=json.dumps(document))
        diff = self.assert_run(self.space.diff())
        self.assertIn("extra-access", " ".join(diff.step("role.runtime.lark").get("foreign", [])), str(diff))
        self.assert_quiet(self.space)

    def test_removed_target_is_made_again(self) -> None:
        control = self.cloud.client("bedrock-agentcore-control")
        target = self.cloud.one("target")
        control.delete_gateway_target(gatewayIdentifier=target["parent"], targetId=target["id"])
        self.cloud.wait_until(lambda: not self.cloud.objects("target"))
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertEqual({"target.lark": "create"}, diff.changed, str(diff))
        mark = self.cloud.mark()
        self.assert_run(self.space.apply())
        self.assertEqual(["CreateGatewayTarget"], self.cloud.mutations(mark))
        self.assert_quiet(self.space)

    def test_removed_client_is_made_again_and_allowed(self) -> None:
        cognito = self.cloud.client("cognito-idp")
        pool, client = self.cloud.one("user_pool")["id"], self.cloud.one("user_pool_client")["id"]
        cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)
        self.assert_run(self.space.apply())
        new = self.cloud.one("user_pool_client")["id"]
        allowed = self.cloud.one("gateway")["data"]["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual([new], allowed["allowedClients"])
        self.assert_quiet(self.space)

    def test_client_settings(self) -> None:
        cognito = self.cloud.client("cognito-idp")
        pool, client = self.cloud.one("user_pool")["id"], self.cloud.one("user_pool_client")["id"]
        cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, ClientName="renamed")
        diff = self.assert_run(self.space.diff(), CHANGES)
        self.assertEqual({"user_pool_client.mcp.quick-suite": "update"}, diff.changed, str(diff))
        self.assert_run(self.space.apply())
        self.assert_quiet(self.space)

    def test_members_nobody_named_are_left_alone(self) -> None:
        runtime = self.cloud.one("runtime")
        self.cloud.poke("runtime", runtime["id"], data={"description": "somebody's"})
        run = self.assert_run(self.space.diff())
        self.assertEqual({}, run.changed, str(run))

    def test_failed_target_is_driven_again(self) -> None:
        target = self.cloud.one("target")
        self.cloud.poke("target", target["id"], status="FAILED", reasons=["Failed to connect and fetch tools"])
        self.assert_run(self.space.apply())
        self.assertEqual("READY", self.cloud.one("target")["status"])
        self.assert_quiet(self.space)


class Printed(StackTest):
    """What people and scripts read."""

    def test_status_and_state(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        status = self.assert_run(space.run("status"))
        for address in ADDRESSES:
            self.assertIn(address, status.out)
        listed = self.assert_run(space.run("state", "list"))
        self.assertIn("gateway.tools", listed.out)
        shown = self.assert_run(space.run("state", "show", "gateway.tools"))
        self.assertIn(f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/", shown.out)

    def test_quick_suite_form(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        run = self.assert_run(space.run("output", "--format", "quick-suite"))
        url = self.cloud.gateway_url()
        self.assertIn(url, run.out)
        self.assertIn(self.cloud.one("user_pool_client")["id"], run.out)

    def test_without_terminal_and_yes_nothing_is_done(self) -> None:
        space = self.quick()
        for command in ("apply", "destroy"):
            run = self.assert_run(space.run(command), 64)
            self.assertIn("--yes", run.err)
        self.assertEqual([], self.cloud.log())

    def test_diff_writes_nothing(self) -> None:
        space = self.quick()
        before = space.files()
        self.assert_run(space.diff(), CHANGES)
        self.assertEqual(before, space.files())
        self.assertEqual([], self.cloud.mutations())

"""Manifests of other shapes than the example's, each from nothing to everything and back."""

from __future__ import annotations

import json
from pathlib import Path

from .harness import ACCOUNT, CHANGES, HARD, REGION, ROOT, StackTest, Workspace, content

WIDE = (Path(__file__).parent / "manifests/wide.yaml").read_text(encoding="utf-8")
HEAD = "gantry: 1\nstack: small\nprovider: {region: us-east-1}\n"
IDENTITY = "identity:\n  mcp:\n    clients: {agent: {}}\n"
GATEWAY = "gateways:\n  tools: {identity: mcp}\n"
TARGET = "targets:\n  docs: {gateway: tools, endpoint: 'https://docs.example.com/mcp'}\n"
SMALL = HEAD + IDENTITY + GATEWAY + TARGET
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/lark-mcp:latest"


class Wide(StackTest):
    """Several of everything."""

    def seed(self) -> None:
        self.cloud.seed(
            secrets=[
                {"name": "github", "string": '{"clientSecret": "github-secret"}', "suffix": "QwErTy"},
                {"name": "maps", "string": '{"key": "maps-key"}'},
            ]
        )
        self.baseline = content(self.cloud.objects())

    def wide(self) -> Workspace:
        self.seed()
        return self.workspace(self.cloud.url, WIDE)

    def assert_all_there(self) -> None:
        names = {
            "gateway": {"wide-first", "wide-second", "wide-third"},
            "target": {"inside", "live", "docs", "orders", "maps", "issues", "inline"},
            "runtime": {"wide_inside", "wide_plain"},
            "user_pool_client": {"wide-reader", "wide-writer", "wide-both"},
            "oauth_provider": {"wide-github"},
            "api_key_provider": {"wide-maps"},
        }
        for kind, wanted in names.items():
            found = self.cloud.objects(kind)
            self.assertEqual(wanted, {record["name"] for record in found}, kind)
            for record in found:
                self.assertIn(record.get("status"), ("READY", None), record)
        endpoints = {record["name"] for record in self.cloud.objects("runtime_endpoint")}
        self.assertLessEqual({"live", "canary", "still"}, endpoints)
        first = self.cloud.one("gateway", "wide-first")["data"]
        clients = {record["name"]: record["id"] for record in self.cloud.objects("user_pool_client")}
        allowed = first["authorizerConfiguration"]["customJWTAuthorizer"]["allowedClients"]
        self.assertEqual({clients["wide-reader"], clients["wide-both"]}, set(allowed))
        second = self.cloud.one("gateway", "wide-second")["data"]["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual(["my-tools"], second["allowedAudience"])
        self.assertEqual("AWS_IAM", self.cloud.one("gateway", "wide-third")["data"]["authorizerType"])
        network = self.cloud.one("runtime", "wide_inside")["data"]["networkConfiguration"]
        self.assertEqual("VPC", network["networkMode"])
        self.assertEqual(7, self.cloud.one("log_group", "/wide/audit")["data"]["retentionInDays"])
        for record in self.cloud.objects("role"):
            self.assertEqual("0042", record["tags"]["cost:center"])

    def assert_wide_destroyed(self, space: Workspace) -> None:
        """What the service made for a runtime with `logs: false` is nobody's: it stays, and it alone."""
        kept = self.cloud.objects("log_group")
        self.baseline = sorted(self.baseline + content([group for group in kept if "/wide_plain-" in group["name"]]))
        self.assert_destroyed(space, stack="wide")

    def test_goes_from_nothing_to_everything_and_back(self) -> None:
        space = self.wide()
        self.assert_run(space.apply())
        self.assert_all_there()
        self.assert_quiet(space)
        output = json.loads(self.assert_run(space.run("output", "--format", "json")).out)
        self.assertEqual(self.cloud.gateway_url("wide-first"), output["outputs"]["first"])
        self.assertRegex(output["outputs"]["sentence"], r"^the worker is arn:aws:iam::\d+:role/")
        self.assert_wide_destroyed(space)

    def test_goes_with_everything_hard(self) -> None:
        self.cloud.configure(**HARD)
        space = self.wide()
        self.assert_run(space.apply())
        self.assert_all_there()
        self.assert_quiet(space)
        self.assert_wide_destroyed(space)

    def test_section_that_goes(self) -> None:
        space = self.wide()
        self.assert_run(space.apply())
        text = (space.folder / "gantry.yaml").read_text()
        for name in ("orders", "maps", "issues", "inline"):
            self.assertIn(f"\n  {name}:\n", text)
        begin, end = text.index("  orders:\n"), text.index("roles:\n  worker")
        text = text[:begin] + text[end:]
        begin, end = text.index("providers:\n"), text.index("targets:\n")
        text = text[:begin] + text[end:]
        text = text.replace("  second: {identity: company}\n", "").replace("  third: {authorizer: AWS_IAM}\n", "")
        space.write(text)
        self.assert_refused(space.apply())
        run = self.assert_run(space.apply("--allow-replace", "*"))
        self.cloud.wait_until(lambda: not self.moving())
        self.assertEqual(["wide-first"], [record["name"] for record in self.cloud.objects("gateway")], str(run))
        self.assertEqual([], self.cloud.objects("oauth_provider") + self.cloud.objects("api_key_provider"))
        self.assert_quiet(space)
        self.assert_wide_destroyed(space)

    def test_named_endpoint_follows_the_version(self) -> None:
        space = self.wide()
        self.assert_run(space.apply())
        space.edit("lifecycle: {idleRuntimeSessionTimeout: 600", "lifecycle: {idleRuntimeSessionTimeout: 900")
        self.assert_run(space.apply())
        control = self.cloud.client("bedrock-agentcore-control")
        runtime = self.cloud.one("runtime", "wide_inside")["id"]
        for name, version in (("live", "2"), ("canary", "1"), ("still", "1")):
            endpoint = control.get_agent_runtime_endpoint(agentRuntimeId=runtime, endpointName=name)
            self.assertEqual(version, endpoint["liveVersion"], name)
        self.assert_quiet(space)


class Existing(StackTest):
    """Things that were there are read and referred to, never written."""

    def test_pool_gateway_role_and_runtime(self) -> None:
        owner = self.workspace(
            self.cloud.url,
            SMALL.replace("stack: small", "stack: owner")
            + f"runtimes:\n  server: {{image: '{IMAGE}'}}\nroles:\n  worker: {{trust: lambda.amazonaws.com}}\n",
        )
        self.assert_run(owner.apply())
        pool, gateway = self.cloud.one("user_pool"), self.cloud.one("gateway")
        runtime = self.cloud.one("runtime")
        before = content(self.cloud.objects())
        role = gateway["data"]["roleArn"]
        user = self.workspace(
            self.cloud.url,
            HEAD
            + f"identity:\n  pool:\n    existing: {{id: {pool['id']}}}\n    resourceServer: more\n"
            + "    scopes: {use: Use}\n    clients: {mine: {scopes: [use]}}\n"
            + f"gateways:\n  theirs: {{existing: {{id: {gateway['id']}}}}}\n"
            + f"  mine: {{identity: pool, role: '{role}', name: owner-tools-mine}}\n"
            + f"runtimes:\n  theirs: {{existing: {{arn: '{runtime['arn']}'}}}}\n"
            + "targets:\n  docs: {gateway: mine, endpoint: 'https://docs.example.com/mcp'}\n"
            + "outputs:\n  theirs: ${gateway.theirs.gatewayUrl}\n  runtime: ${runtime.theirs.agentRuntimeArn}\n",
        )
        self.assert_run(user.apply())
        output = json.loads(self.assert_run(user.run("output", "--format", "json")).out)["outputs"]
        self.assertEqual(self.cloud.gateway_url("owner-tools"), output["theirs"])
        self.assertEqual(runtime["arn"], output["runtime"])
        self.assert_quiet(user)
        self.assert_quiet(owner)
        self.assert_run(user.destroy())
        self.cloud.wait_until(lambda: not self.moving())
        self.assertEqual(before, content(self.cloud.objects()))
        self.assert_quiet(owner)

    def test_what_is_not_there_is_said_before_anything_is_made(self) -> None:
        space = self.workspace(
            self.cloud.url, HEAD + "identity:\n  mcp:\n    existing: {id: us-east-1_AbCdEfGhI}\n    clients: {a: {}}\n" + GATEWAY + TARGET
        )
        run = self.assert_refused(space.apply())
        self.assertIn("us-east-1_AbCdEfGhI", run.out + run.err)
        self.assertEqual([], self.cloud.mutations())

    def test_image_that_is_not_there(self) -> None:
        space = self.workspace(self.cloud.url, SMALL + f"runtimes:\n  server: {{image: '{IMAGE.replace('latest', 'never')}'}}\n")
        run = self.assert_refused(space.apply())
        self.assertIn("never", run.out + run.err)
        self.assertEqual([], self.cloud.mutations())

    def test_image_for_another_processor(self) -> None:
        # The processor is in the manifest only where that lists several; else it is in a layer.
        entry = {"digest": "sha256:" + "f6" * 32, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
        images = [{"tags": ["intel"], "digest": "sha256:" + "c3" * 32, "manifest": manifest}]
        self.cloud.seed(ecr=[{"repository": "lark-mcp", "images": images}])
        space = self.workspace(self.cloud.url, SMALL + f"runtimes:\n  server: {{image: '{IMAGE.replace('latest', 'intel')}'}}\n")
        run = self.assert_refused(space.apply())
        self.assertIn("arm64", run.out + run.err)
        self.assertEqual([], self.cloud.mutations())

    def test_image_that_is_not_pinned(self) -> None:
        space = self.workspace(self.cloud.url, SMALL + f"runtimes:\n  server: {{image: '{IMAGE}', pin: false}}\n")
        self.assert_run(space.apply())
        artifact = self.cloud.one("runtime")["data"]["agentRuntimeArtifact"]
        self.assertEqual(IMAGE, artifact["containerConfiguration"]["containerUri"])
        self.assert_quiet(space)


class Words(StackTest):
    """retain, ignore, unchecked, moved, properties, after, environments, variables."""

    def small(self, text: str = SMALL) -> Workspace:
        return self.workspace(self.cloud.url, text)

    def test_retained_things_stay(self) -> None:
        space = self.small(SMALL + "resources:\n  audit: {type: log_group, retain: true, properties: {logGroupName: /audit}}\n")
        self.assert_run(space.apply())
        self.assert_run(space.destroy())
        self.cloud.wait_until(lambda: not self.moving())
        self.assertEqual(["/audit"], [record["name"] for record in self.cloud.objects("log_group")])
        self.assertEqual([], self.cloud.objects("gateway"))
        self.assertFalse(space.state_path("small").exists())

    def test_retained_entry_that_goes_is_forgotten(self) -> None:
        more = "resources:\n  audit: {type: log_group, retain: true, properties: {logGroupName: /audit}}\n"
        space = self.small(SMALL + more)
        self.assert_run(space.apply())
        space.write(SMALL)
        mark = self.cloud.mark()
        self.assert_run(space.apply())
        self.assertEqual([], self.cloud.mutations(mark))
        self.assert_quiet(space)

    def test_ignored_drift_is_left_alone(self) -> None:
        text = SMALL.replace("tools: {identity: mcp}", "tools: {identity: mcp, description: ours, ignore: [description]}")
        space = self.small(text)
        self.assert_run(space.apply())
        self.cloud.poke("gateway", self.cloud.one("gateway")["id"], data={"description": "theirs"})
        self.assert_quiet(space)
        self.assertEqual("theirs", self.cloud.one("gateway")["data"]["description"])
        # Another change must not put it back either.
        space.edit("ignore: [description]", "ignore: [description], instructions: Use them")
        self.assert_run(space.apply())
        self.assertEqual("theirs", self.cloud.one("gateway")["data"]["description"])
        self.assert_quiet(space)

    def test_unchecked_members_pass(self) -> None:
        text = SMALL.replace("tools: {identity: mcp}", "tools: {identity: mcp, properties: {brandNew: 1}}")
        space = self.small(text)
        run = self.assert_refused(space.apply())
        self.assertIn("brandNew", run.out + run.err)
        self.assertEqual([], self.cloud.mutations())
        space.edit("properties: {brandNew: 1}", "properties: {brandNew: 1}, unchecked: [brandNew]")
        self.assert_run(space.run("validate"))

    def test_moved_entry_is_not_made_again(self) -> None:
        space = self.small(SMALL + "resources:\n  one: {type: log_group, properties: {logGroupName: /audit}}\n")
        self.assert_run(space.apply())
        group = self.cloud.one("log_group")
        text = (space.folder / "gantry.yaml").read_text().replace("  one:", "  two:")
        space.write(text + "moved:\n  - {from: log_group.one, to: log_group.two}\n")
        mark = self.cloud.mark()
        self.assert_run(space.apply())
        self.assertFalse({"CreateLogGroup", "DeleteLogGroup"} & set(self.cloud.mutations(mark)))
        self.assertEqual(group["created"], self.cloud.one("log_group")["created"])
        self.assertIn("log_group.two", self.assert_run(space.run("state", "list")).out)
        self.assert_quiet(space)
        space.write(text)
        self.assert_quiet(space)
        self.assert_destroyed(space, stack="small")

    def test_properties_go_over_what_lowering_made(self) -> None:
        text = SMALL.replace("tools: {identity: mcp}", "tools: {identity: mcp, properties: {exceptionLevel: DEBUG}}")
        space = self.small(text)
        self.assert_run(space.apply())
        self.assertEqual("DEBUG", self.cloud.one("gateway")["data"]["exceptionLevel"])
        self.assert_quiet(space)

    def test_environments_are_apart(self) -> None:
        text = SMALL + "environments:\n  dev: {}\n  test: {gateways: {tools: {description: Test}}}\n"
        space = self.small(text)
        for name in ("dev", "test"):
            space.environment = name
            self.assert_run(space.apply())
        self.assertEqual(2, len(self.cloud.objects("gateway")))
        self.assertEqual({None, "Test"}, {record["data"].get("description") for record in self.cloud.objects("gateway")})
        for name in ("dev", "test"):
            space.environment = name
            self.assert_quiet(space)
        self.assert_run(space.destroy())
        space.environment = "dev"
        self.assert_quiet(space)
        self.assert_destroyed(space, stack="small")

    def test_variables_from_file_and_line(self) -> None:
        text = SMALL.replace("{identity: mcp}", "{identity: mcp, description: '${var.a} ${var.b} ${env.WORD} $${c}'}")
        space = self.small(text + "variables: {a: one, b: {default: two}}\n")
        (space.folder / "more.yaml").write_text("a: three\nb: four\n")
        space.env["WORD"] = "word"
        options = ("--var-file", "more.yaml", "--var", "b=five")
        self.assert_run(space.apply(*options))
        self.assertEqual("three five word ${c}", self.cloud.one("gateway")["data"]["description"])
        self.assert_quiet(space, *options)

    def test_import_adopts_what_exists(self) -> None:
        space = self.small(SMALL + "resources:\n  audit: {type: log_group, properties: {logGroupName: /audit}}\n")
        self.cloud.client("logs").create_log_group(logGroupName="/audit")
        run = self.assert_refused(space.apply())
        self.assertIn("import", run.out + run.err)
        self.assertEqual(["CreateLogGroup"], self.cloud.mutations())
        self.assert_run(space.run("import", "log_group.audit", "/audit", "--yes"))
        self.assert_run(space.apply())
        self.assertEqual("small", self.cloud.one("log_group")["tags"]["gantry:stack"])
        self.assert_quiet(space)

    def test_forgotten_entry_is_not_deleted(self) -> None:
        space = self.small(SMALL + "resources:\n  audit: {type: log_group, properties: {logGroupName: /audit}}\n")
        self.assert_run(space.apply())
        self.assert_run(space.run("state", "forget", "log_group.audit", "--yes"))
        space.write(SMALL)
        self.assert_quiet(space)
        self.assertEqual(1, len(self.cloud.objects("log_group")))

    def test_starter_manifests(self) -> None:
        listed = self.assert_run(self.small().run("init", "--list"))
        names = [line.split()[0] for line in listed.out.splitlines()[1:] if line.strip()]
        self.assertEqual({path.stem for path in (ROOT / "templates").glob("*.yaml")}, set(names))
        for name in names:
            with self.subTest(name):
                self.setUp()
                self.cloud.seed(ecr=[{"repository": "my-mcp-server", "images": [{"tags": ["latest"], "digest": "sha256:" + "d4" * 32, "architecture": "arm64"}]}])
                self.baseline = content(self.cloud.objects())
                space = self.workspace(self.cloud.url)
                space.env["AWS_REGION"] = REGION
                self.assert_run(space.run("init", "--template", name, "--name", "starter"))
                self.assert_run(space.run("validate"))
                self.assert_run(space.apply())
                self.assert_quiet(space)
                self.assert_destroyed(space, stack="starter")

    def test_plan_without_changes_after_lost_members(self) -> None:
        space = self.small()
        self.assert_run(space.apply())
        gateway = self.cloud.one("gateway")
        self.cloud.poke("gateway", gateway["id"], tags={})
        diff = self.assert_run(space.diff(), CHANGES)
        self.assertEqual({"gateway.tools": "update"}, diff.changed, str(diff))
        self.assert_run(space.apply())
        self.assertEqual(gateway["tags"], self.cloud.one("gateway")["tags"])
        self.assert_quiet(space)

"""`gantry verify` against a running embedded cloud: each hop, each failure's cause, and nothing created for it."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from .chain import MANIFEST, UNVERIFIED, VARIABLES, ChainTest, Place
from .harness import Run
from .local_cloud import LocalCloud
from .ports import free_port

GATEWAYS = """
gateways:
  tools: {description: "${var.tool}", identity: mcp, clients: [agent, wide], scopes: [invoke]}
  free: {authorizer: NONE}
  signed: {authorizer: AWS_IAM}
"""
CLIENTS = """
      agent: {scopes: [invoke]}
      wide: {scopes: [invoke, other]}
      other: {scopes: [other]}
"""
WIDE = MANIFEST.replace("\n      agent: {scopes: [invoke]}\n", CLIENTS).replace(
    '\ngateways:\n  tools: {description: "${var.tool}", identity: mcp}\n', GATEWAYS
) + "  free: {gateway: free, runtime: server}\n  signed: {gateway: signed, runtime: server}\n"
CHAIN = ["discovery", "token", "claims", "connect", "tools/list"]
REFUSALS = ["no token", "tampered token", "wrong scope"]
READS = {"GetCallerIdentity", "DescribeUserPoolClient", "GetGateway"}


class VerifyTest(ChainTest):
    """A cloud and a stack in it that was applied."""

    manifest = WIDE
    cloud: LocalCloud
    stack: Place

    @classmethod
    def setUpClass(cls) -> None:
        cls.cloud = LocalCloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.stack = cls.place_in(cls.cloud, cls.manifest)
        cls.addClassCleanup(cls.stack.remove)
        run = cls.stack.run("apply", "--local", "--yes", *VARIABLES)
        assert run.code == 0, str(run)

    @staticmethod
    def place_in(cloud: LocalCloud, manifest: str) -> Place:
        place = Place().write(manifest)
        place.env["XDG_RUNTIME_DIR"] = str(cloud.run_folder)
        return place

    def verify(self, *arguments: str, code: int = 0, **more: Any) -> Run:
        run = self.stack.run("verify", "--local", *VARIABLES, *arguments, **more)
        self.assertNotIn("eyJ", run.out + run.err)  # no token, wherever it failed
        return self.assert_code(run, code)

    def document(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        return json.loads(self.verify("--format", "json", *arguments, code=code).out)

    def hops(
        self, document: dict[str, Any], client: str | None = "mcp.agent", gateway: str = "tools"
    ) -> dict[str, Any]:
        found = [pair for pair in document["pairs"] if (pair["client"], pair["gateway"]) == (client, gateway)]
        self.assertEqual(1, len(found), document)
        return {hop["hop"]: hop for hop in found[0]["hops"]}

    def results(self, hops: dict[str, Any]) -> dict[str, str]:
        return {name: hop["result"] for name, hop in hops.items()}

    def gateway(self) -> tuple[Any, dict[str, Any]]:
        """The gateway that asks for tokens, as the service tells it."""
        control = self.cloud.client("bedrock-agentcore-control")
        for item in control.list_gateways()["items"]:
            found = control.get_gateway(gatewayIdentifier=item["gatewayId"])
            if found["authorizerType"] == "CUSTOM_JWT":
                return control, found
        raise AssertionError("no gateway with tokens")

    def change_authorizer(self, **changes: Any) -> None:
        """By other means than gantry; put right again afterwards."""
        control, found = self.gateway()
        kept = {name: found[name] for name in ("name", "description", "roleArn", "protocolType", "authorizerType")}
        authorizer = found["authorizerConfiguration"]["customJWTAuthorizer"]
        gateway = found["gatewayId"]

        def update(changed: dict[str, Any]) -> None:
            configuration = {"customJWTAuthorizer": changed}
            control.update_gateway(gatewayIdentifier=gateway, authorizerConfiguration=configuration, **kept)
            self.cloud.wait_until(lambda: control.get_gateway(gatewayIdentifier=gateway)["status"] == "READY")

        self.addCleanup(update, authorizer)
        update({**authorizer, **changes})

    def token_requests(self) -> int:
        """How many came so far, those to an endpoint that is not there too."""
        return sum((entry["service"], entry["operation"]) == ("oauth", "Token") for entry in self.cloud.log())

    def assert_failed(self, hop: dict[str, Any], cause: str) -> None:
        """What was sent, what came back, and the likely cause are there."""
        self.assertEqual("failed", hop["result"], hop)
        self.assertRegex(hop["cause"], cause)
        for name in ("detail", "sent", "received"):
            self.assertTrue(hop.get(name), hop)


class Passing(VerifyTest):
    """A stack that is as it should be."""

    def test_every_pair_is_tried(self) -> None:
        document = self.document()
        self.assertEqual("verified", document["outcome"])
        pairs = {(pair["client"], pair["gateway"]) for pair in document["pairs"]}
        wanted = {("mcp.agent", "tools"), ("mcp.wide", "tools"), (None, "free"), (None, "signed")}
        self.assertEqual(wanted, pairs)
        for client in ("mcp.agent", "mcp.wide"):
            results = self.results(self.hops(document, client))
            self.assertEqual({name: "passed" for name in CHAIN + REFUSALS}, results)
        hops = [hop["result"] for pair in document["pairs"] for hop in pair["hops"]]
        for result in ("passed", "failed", "skipped"):
            self.assertEqual(hops.count(result), document[result])

    def test_the_wrong_scope_is_the_own_clients_where_it_has_one(self) -> None:
        document = self.document()
        for client in ("mcp.wide", "mcp.agent"):
            detail = self.hops(document, client)["wrong scope"]["detail"]
            self.assertRegex(detail, r"mcp\.wide with the scope Chain/other: HTTP 403")

    def test_gateways_that_ask_for_no_token_are_tried_without(self) -> None:
        hops = self.hops(self.document(), None, "free")
        self.assertEqual({"connect": "passed", "tools/list": "passed", "no token": "skipped"}, self.results(hops))

    def test_what_cannot_be_tried_is_skipped_with_the_reason(self) -> None:
        hops = self.hops(self.document(), None, "signed")
        self.assertEqual({"token": "skipped"}, self.results(hops))
        self.assertIn("sign their requests", hops["token"]["detail"])

    def test_nothing_is_created(self) -> None:
        def still() -> str:
            return json.dumps(self.cloud.objects(), sort_keys=True)

        before, files = still(), sorted(self.stack.folder.rglob("*"))
        mark = max(entry["n"] for entry in self.cloud.log())
        self.verify("--gateway", "tools", "--call", "server___add", "--arguments", '{"a": 1, "b": 2}')
        self.assertEqual(before, still())
        self.assertEqual(files, sorted(self.stack.folder.rglob("*")))
        services = ("iam", "sts", "cognito-idp", "bedrock-agentcore-control")
        operations = {entry["operation"] for entry in self.cloud.log(mark) if entry["service"] in services}
        self.assertLessEqual(operations, READS | {None})

    def test_text_is_for_people(self) -> None:
        run = self.verify("--gateway", "tools", "--client", "mcp.agent")
        self.assertRegex(run.out, r"(?m)^client mcp\.agent, gateway tools: http://127")
        for name in CHAIN + REFUSALS:
            self.assertRegex(run.out, rf"(?m)^  ok +{name} +\d+ ms  \S")
        self.assertIn("verified: 8 passed, 0 failed, 0 skipped", run.err)
        self.assertNotIn("mcp.wide,", run.out)

    def test_junit_is_for_pipelines(self) -> None:
        run = self.verify("--format", "junit")
        root = ET.fromstring(run.out)
        self.assertEqual("testsuites", root.tag)
        suites = root.findall("testsuite")
        self.assertEqual(4, len(suites))
        cases = root.findall("testsuite/testcase")
        self.assertEqual(int(root.get("tests") or 0), len(cases))
        self.assertEqual(int(root.get("skipped") or 0), len(root.findall("testsuite/testcase/skipped")))
        self.assertEqual("0", root.get("failures"))
        for suite in suites:
            self.assertEqual(int(suite.get("tests") or 0), len(suite.findall("testcase")))
        self.assertGreater(float(root.get("time") or 0), 0)

    def test_events_are_for_machines(self) -> None:
        run = self.verify("--json", "--client", "mcp.agent")
        self.assertEqual(len(run.out.splitlines()), len(run.events))
        hops = [event for event in run.events if event["event"] == "hop"]
        self.assertEqual(CHAIN + REFUSALS, [hop["hop"] for hop in hops])
        self.assertEqual("verified", run.event("verification")["outcome"])

    def test_a_call(self) -> None:
        document = self.document("--client", "mcp.agent", "--call", "server___add", "--arguments", '{"a": 20, "b": 22}')
        self.assertEqual("42", self.hops(document)["tools/call"]["detail"])

    def test_a_call_is_made_where_the_tool_is_listed(self) -> None:
        document = self.document("--call", "free___echo", "--arguments", '{"text": "here"}')
        self.assertEqual("here", self.hops(document, None, "free")["tools/call"]["detail"])
        self.assertEqual("skipped", self.hops(document)["tools/call"]["result"])
        self.assertIn("no gateway lists the tool", self.verify("--call", "nowhere", code=1).err)

    def test_words_that_are_wrong(self) -> None:
        for arguments, code, text in (
            (("--gateway", "tool"), 1, "did you mean tools"),
            (("--client", "mcp.nobody"), 1, "mcp.agent, mcp.wide, mcp.other"),
            (("--client", "mcp.other", "--gateway", "tools"), 1, "mcp.agent, mcp.wide"),
            (("--arguments", "{}"), 64, "--call"),
            (("--call", "x", "--arguments", "[1]"), 64, "JSON object"),
            (("--call", "x", "--arguments", "{"), 64, "JSON object"),
        ):
            with self.subTest(arguments=arguments):
                self.assertIn(text, self.verify(*arguments, code=code).err)


class Failing(VerifyTest):
    """Each hop that fails is named, with what was sent, what came back and why that may be."""

    def call(self, tool: str) -> dict[str, Any]:
        document = self.document("--client", "mcp.agent", "--call", tool, code=UNVERIFIED)
        self.assertEqual((1, "failed"), (document["failed"], document["outcome"]))
        return self.hops(document)["tools/call"]

    def test_a_tool_that_fails(self) -> None:
        hop = self.call("server___fails")
        self.assert_failed(hop, "arguments do not suit")
        self.assertIn("it was asked to fail", hop["received"])

    def test_a_tool_that_is_not_there(self) -> None:
        self.assert_failed(self.call("server___none"), "no tool has this name")

    def test_a_server_that_dies(self) -> None:
        self.assert_failed(self.call("server___die"), "server behind the gateway")

    def test_a_server_that_answers_with_an_error(self) -> None:
        document = self.document(
            "--client", "mcp.agent", "--call", "server___status", "--arguments", '{"code": 500}', code=UNVERIFIED
        )
        self.assert_failed(self.hops(document)["tools/call"], "server|tool")

    def claims(self, client: str = "mcp.agent") -> dict[str, Any]:
        """The hops after claims are not tried; those that must be refused are."""
        document = self.document("--client", client, code=UNVERIFIED)
        hops = self.hops(document, client)
        self.assertEqual(["skipped", "skipped"], [hops[name]["result"] for name in ("connect", "tools/list")])
        self.assertEqual("passed", hops["no token"]["result"])
        return hops["claims"]

    def test_an_authorizer_for_other_clients(self) -> None:
        self.change_authorizer(allowedClients=["somebodyelse"])
        hop = self.claims()
        self.assert_failed(hop, "allowedClients was changed")
        self.assertIn('"client_id":', hop["received"])
        self.assertIn("somebodyelse", hop["received"])

    def test_an_authorizer_for_other_scopes(self) -> None:
        self.change_authorizer(allowedScopes=["Chain/other"])
        self.assert_failed(self.claims(), "scopes and the gateway's allowedScopes do not meet")

    def test_an_authorizer_for_an_audience(self) -> None:
        self.change_authorizer(allowedAudience=["tools"])
        self.assert_failed(self.claims(), "carry no aud claim")

    def test_a_gateway_that_asks_nobody(self) -> None:
        gateway = self.gateway()[1]
        poke = {"kind": "gateway", "id": gateway["gatewayId"]}
        self.addCleanup(self.cloud.seed, poke=[{**poke, "data": {"authorizerType": "CUSTOM_JWT"}}])
        self.cloud.seed(poke=[{**poke, "data": {"authorizerType": "NONE"}}])
        hops = self.hops(self.document("--client", "mcp.agent", code=UNVERIFIED))
        self.assertEqual("passed", hops["tools/list"]["result"])
        for name in ("no token", "tampered token"):
            self.assert_failed(hops[name], "no authorizer, or one that is too wide")

    def test_a_stack_that_was_not_applied(self) -> None:
        with LocalCloud() as cloud:
            place = self.place_in(cloud, WIDE)
            self.addCleanup(place.remove)
            self.assert_code(place.run("verify", "--local", *VARIABLES), 1)
            self.assertIn("was never applied", place.err)

    def test_a_token_endpoint_whose_name_is_not_there_yet(self) -> None:
        self.addCleanup(self.cloud.configure, token_dns_ms=0)
        self.cloud.configure(token_dns_ms=24 * 3600 * 1000)
        since = time.monotonic()
        # It gives up where its next, longer pause would pass the deadline: half of this is left for the other hops.
        hops = self.hops(self.document("--client", "mcp.agent", "--deadline", "7s", code=UNVERIFIED))
        self.assertLess(time.monotonic() - since, 60)  # and not the 2 minutes without --deadline
        self.assert_failed(hops["token"], "not there \\(yet\\)")
        self.assertEqual("passed", hops["discovery"]["result"])
        self.assertEqual("passed", hops["no token"]["result"])
        for name in ("claims", "connect", "tools/list", "tampered token", "wrong scope"):
            self.assertEqual("skipped", hops[name]["result"])
            self.assertIn("not tried", hops[name]["detail"])

    def test_a_token_endpoint_that_comes_while_it_is_waited_for(self) -> None:
        self.addCleanup(self.cloud.configure, token_dns_ms=0)
        self.cloud.configure(token_dns_ms=24 * 3600 * 1000)
        before = self.token_requests()
        process = self.stack.start("verify", "--local", *VARIABLES, "--client", "mcp.agent")
        self.cloud.wait_until(lambda: self.token_requests() > before)
        self.cloud.configure(token_dns_ms=0)
        run = self.assert_code(self.stack.ended(process), 0)
        self.assertRegex(run.out, r"ok +token +\d+ ms")
        self.assertGreater(self.token_requests(), before + 1)

    def test_text_says_it_to_people(self) -> None:
        self.change_authorizer(allowedClients=["somebodyelse"])
        run = self.verify("--client", "mcp.agent", code=UNVERIFIED)
        self.assertRegex(run.out, r"(?m)^  failed +claims .*\n +sent: .*\n +received: .*\n +likely: .*allowedClients")
        self.assertIn("not verified:", run.err)
        quiet = self.verify("--client", "mcp.agent", "--quiet", code=UNVERIFIED)
        self.assertIn("failed", quiet.out)
        self.assertNotIn(" ok ", quiet.out)

    def test_junit_says_it_to_pipelines(self) -> None:
        self.change_authorizer(allowedClients=["somebodyelse"])
        root = ET.fromstring(self.verify("--client", "mcp.agent", "--format", "junit", code=UNVERIFIED).out)
        self.assertEqual("1", root.get("failures"))
        failure = root.find("testsuite/testcase[@name='claims']/failure")
        assert failure is not None
        self.assertIn("likely cause:", failure.text or "")
        self.assertIn("refuse", failure.get("message") or "")

    def test_junit_is_xml_whatever_comes(self) -> None:
        tool = "server___<]]>\x01\x1b\ufffe\uffff\ufffd\U0001f600"
        run = self.verify("--client", "mcp.agent", "--call", tool, "--format", "junit", code=UNVERIFIED)
        failure = ET.fromstring(run.out).find("testsuite/testcase[@name='tools/call']/failure")
        assert failure is not None
        self.assertIn("server___<]]>", failure.text or "")
        self.assertIn("\ufffd\ufffd\ufffd\U0001f600", failure.text or "")


class WithoutTools(VerifyTest):
    """A gateway that nobody can do anything with."""

    manifest = MANIFEST.replace("environment: {}}", 'environment: {NO_TOOLS: "1"}}').replace(
        "targets:\n  server: {gateway: tools, runtime: server}\n", ""
    )

    def test_it_is_no_success(self) -> None:
        hops = self.hops(self.document(code=UNVERIFIED))
        self.assert_failed(hops["tools/list"], "no target of the gateway is READY")
        self.assertEqual("passed", hops["connect"]["result"])
        self.assertIn("no client with another scope", hops["wrong scope"]["detail"])


class Clouds(ChainTest):
    """Which embedded cloud it is."""

    def test_one_that_keeps_its_state(self) -> None:
        with tempfile.TemporaryDirectory(prefix="gantry-kept-") as folder:
            listen = ("--listen", f"127.0.0.1:{free_port()}")  # it comes back at the same one
            with LocalCloud(*listen, state=folder) as cloud:
                place = VerifyTest.place_in(cloud, MANIFEST)
                self.addCleanup(place.remove)
                self.assert_code(place.run("apply", "--local", "--yes", *VARIABLES), 0)
                self.assert_code(place.run("verify", "--local", *VARIABLES), 0)
            self.assert_code(place.run("verify", "--local", *VARIABLES), 1)
            with LocalCloud(*listen, state=folder) as cloud:
                place.env["XDG_RUNTIME_DIR"] = str(cloud.run_folder)
                run = self.assert_code(place.run("verify", "--local", *VARIABLES), 0)
                self.assertIn("verified: 7 passed", run.err)

    def test_state_goes_with_one_that_keeps_none(self) -> None:
        for how in ("stop", "kill"):
            with self.subTest(how=how):
                cloud = LocalCloud()
                self.addCleanup(cloud.kill)
                place = VerifyTest.place_in(cloud, MANIFEST)
                self.addCleanup(place.remove)
                self.assert_code(place.run("apply", "--local", "--yes", *VARIABLES), 0)
                self.assertTrue((place.folder / ".gantry/local" / cloud.id).is_dir())
                if how == "stop":
                    cloud.stop()
                else:
                    os.kill(cloud.process.pid, signal.SIGKILL)
                    cloud.process.wait()
                end = time.monotonic() + 60
                while (place.folder / ".gantry").exists():
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.02)

    def test_a_resource_that_fails_points_at_where_the_servers_are_heard(self) -> None:
        with LocalCloud() as cloud:
            place = VerifyTest.place_in(cloud, MANIFEST)
            self.addCleanup(place.remove)
            land = {"operation": "CreateGateway", "fault": "land", "status": "FAILED", "reason": "no capacity"}
            cloud.admin("POST", "/faults", [land])
            run = self.assert_code(place.run("apply", "--local", "--yes", *VARIABLES), 3)
            self.assertRegex(run.err, "no capacity\n  hint: .*where `gantry local` runs")

    def test_a_port_that_is_taken(self) -> None:
        with LocalCloud() as cloud:
            place = self.place().write()
            run = self.assert_code(place.run("local", "--listen", f"127.0.0.1:{cloud.port}"), 1)
            self.assertRegex(run.err, "in use\n  hint: another gantry local may be running")

    def test_none_that_runs(self) -> None:
        place = self.place().write()
        run = self.assert_code(place.run("verify", "--local", *VARIABLES), 1)
        self.assertIn("gantry local", run.err)

    def test_several_that_run(self) -> None:
        with LocalCloud() as cloud:
            place = VerifyTest.place_in(cloud, MANIFEST)
            self.addCleanup(place.remove)
            other = place.start("local", "--listen", "127.0.0.1:0")
            place.wait_for("Ctrl-C")
            run = self.assert_code(self.separate(place, "apply", "--yes"), 1)
            self.assertIn(f"{cloud.port}", run.err)
            self.assertIn("GANTRY_LOCAL=", run.err)
            place.env["GANTRY_LOCAL"] = str(cloud.port)
            self.assert_code(self.separate(place, "apply", "--yes"), 0)
            self.assert_code(self.separate(place, "verify"), 0)
            place.env["GANTRY_LOCAL"] = "1"
            self.assertIn("no embedded cloud runs at port 1", self.assert_code(self.separate(place, "verify"), 1).err)
            place.env["GANTRY_LOCAL"] = "x"
            self.assert_code(self.separate(place, "verify"), 64)
            os.kill(other.pid, signal.SIGTERM)
            self.assertEqual(0, other.wait(60))

    def separate(self, place: Place, command: str, *arguments: str) -> Run:
        """A run whose output does not take the place of that of the other one."""
        other = Place()
        self.addCleanup(other.remove)
        other.env, other.folder = place.env, place.folder
        return other.run(command, "--local", *VARIABLES, *arguments)

    def test_options_of_aws_are_refused(self) -> None:
        place = self.place().write()
        run = self.assert_code(place.run("verify", "--local", "--profile", "x", *VARIABLES), 64)
        self.assertIn("--profile", run.err)
        self.assertFalse(Path(place.folder / ".gantry").exists())

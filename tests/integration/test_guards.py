"""What apply asks consent for, what it refuses, and what a saved plan promises."""

from __future__ import annotations

import json
import stat

from .harness import CHANGES, DONE, FAILED, USAGE, StackTest, Workspace, content


class Applied(StackTest):
    """Starts from the example's stack, applied."""

    def setUp(self) -> None:
        super().setUp()
        self.space: Workspace = self.quick()
        self.assert_run(self.space.apply())
        self.before = content(self.cloud.objects())

    def assert_nothing_touched(self, mark: int) -> None:
        self.assert_untouched(mark)
        self.assertEqual(self.before, content(self.cloud.objects()))


class Replacement(Applied):
    """Replacing or deleting what callers hold on to needs consent for each."""

    def rename_gateway(self) -> None:
        self.space.edit("    identity: mcp\n", "    identity: mcp\n    name: other-name\n")

    def test_is_shown_in_words_and_refused(self) -> None:
        self.rename_gateway()
        diff = self.assert_run(self.space.diff(), CHANGES)
        step = diff.step("gateway.tools")
        self.assertEqual("replace", step["action"])
        self.assertTrue(step.get("needsConsent"), step)
        self.assertTrue(step.get("breaks"), step)
        mark = self.cloud.mark()
        run = self.assert_refused(self.space.apply())
        self.assertIn("--allow-replace", run.out + run.err)
        self.assert_nothing_touched(mark)
        self.assert_refused(self.space.apply("--allow-replace", "user_pool.mcp"))
        self.assert_nothing_touched(mark)

    def test_with_consent_is_done_and_leaves_no_old_one(self) -> None:
        old = self.cloud.one("gateway")["id"]
        self.rename_gateway()
        self.assert_run(self.space.apply("--allow-replace", "gateway.tools"))
        self.cloud.wait_until(lambda: not self.moving())
        gateway = self.cloud.one("gateway")
        self.assertEqual("other-name", gateway["name"])
        self.assertNotEqual(old, gateway["id"])
        self.assertEqual([gateway["id"]], [record["parent"] for record in self.cloud.objects("target")])
        self.assert_quiet(self.space)
        self.assert_destroyed(self.space)

    def test_removing_a_client_needs_consent(self) -> None:
        self.space.edit("      quick-suite: {scopes: [invoke]}", "      other: {scopes: [invoke]}")
        mark = self.cloud.mark()
        run = self.assert_refused(self.space.apply())
        self.assertIn("user_pool_client.mcp.quick-suite", run.out + run.err)
        self.assert_nothing_touched(mark)
        self.assert_run(self.space.apply("--allow-replace", "user_pool_client.mcp.quick-suite"))
        allowed = self.cloud.one("gateway")["data"]["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual([self.cloud.one("user_pool_client")["id"]], allowed["allowedClients"])
        self.assert_quiet(self.space)

    def test_renaming_in_the_manifest_is_a_move(self) -> None:
        name = self.cloud.one("gateway")["name"]
        self.space.edit("gateways:\n  tools:", "gateways:\n  agents:")
        # Names are made from entries, so the gateway and its role keep theirs only where that is said.
        self.space.edit("    identity: mcp\n", f"    identity: mcp\n    name: {name}\n")
        self.space.edit("lark: {gateway: tools, runtime: lark}", "lark: {gateway: agents, runtime: lark}")
        self.space.edit("${gateway.tools.gatewayUrl}", "${gateway.agents.gatewayUrl}")
        text = (self.space.folder / "gantry.yaml").read_text()
        self.space.write(text + "moved:\n  - {from: gateway.tools, to: gateway.agents}\n")
        old = self.cloud.one("gateway")["id"]
        run = self.assert_run(self.space.apply())
        self.assertEqual(old, self.cloud.one("gateway")["id"], str(run))
        self.assertEqual("gateway.agents", self.cloud.one("gateway")["tags"]["gantry:address"])
        self.assertEqual("READY", self.cloud.one("target")["status"])
        self.assert_quiet(self.space)
        self.space.write(text)
        self.assert_quiet(self.space)
        self.assert_destroyed(self.space)

    def test_deny_and_max_delete(self) -> None:
        self.rename_gateway()
        mark = self.cloud.mark()
        allow = ("--allow-replace", "gateway.tools")
        for guard in (("--deny", "replace"), ("--deny", "replace,delete"), ("--max-delete", "0")):
            with self.subTest(guard):
                self.assert_refused(self.space.apply(*allow, *guard))
                self.assert_nothing_touched(mark)
        self.space.write((self.space.folder / "gantry.yaml").read_text().replace("    name: other-name\n", ""))
        self.space.edit("  lark: {gateway: tools, runtime: lark}\n", "  docs: {gateway: tools, endpoint: 'https://a.example/mcp'}\n")
        # The target goes, and with it the policy that let the gateway call the runtime.
        for guard in (("--deny", "delete"), ("--max-delete", "1")):
            with self.subTest(guard):
                self.assert_refused(self.space.apply(*guard))
                self.assert_nothing_touched(mark)
        self.assert_run(self.space.apply("--deny", "replace", "--max-delete", "2"))

    def test_destroy_needs_no_further_consent_but_obeys_max_delete(self) -> None:
        mark = self.cloud.mark()
        self.assert_refused(self.space.destroy("--max-delete", "3"))
        self.assert_nothing_touched(mark)
        self.assert_destroyed(self.space)

    def test_protected_things_stay(self) -> None:
        self.space.edit("    identity: mcp\n", "    identity: mcp\n    protect: true\n")
        self.assert_run(self.space.apply())
        before, mark = content(self.cloud.objects()), self.cloud.mark()
        run = self.assert_refused(self.space.destroy())
        self.assertIn("protect", run.out + run.err)
        self.assert_untouched(mark)
        self.rename_gateway()
        self.assert_refused(self.space.apply("--allow-replace", "*"))
        self.assert_untouched(mark)
        self.assertEqual(before, content(self.cloud.objects()))

    def test_protected_pool_has_the_services_own_protection(self) -> None:
        self.space.edit("    resourceServer: MyGateway\n", "    resourceServer: MyGateway\n    protect: true\n")
        self.assert_run(self.space.apply())
        self.assertEqual("ACTIVE", self.cloud.one("user_pool")["data"]["DeletionProtection"])
        self.space.edit("    protect: true\n", "")
        self.assert_run(self.space.apply())
        self.assert_quiet(self.space)
        self.assert_destroyed(self.space)

    def test_replace_on_demand(self) -> None:
        old = self.cloud.one("target")["id"]
        self.assert_run(self.space.apply("--replace", "target.lark"))
        self.cloud.wait_until(lambda: not self.moving())
        self.assertNotEqual(old, self.cloud.one("target")["id"])
        self.assert_quiet(self.space)


class Selection(StackTest):
    """--target and --exclude."""

    def test_target_brings_what_it_needs_and_no_more(self) -> None:
        space = self.quick()
        self.assert_run(space.apply("--target", "runtime.lark"))
        kinds = {record["kind"] for record in self.cloud.objects()}
        self.assertIn("runtime", kinds)
        self.assertFalse(kinds & {"gateway", "target", "user_pool"}, kinds)
        self.assert_run(space.apply())
        self.assert_quiet(space)
        self.assert_destroyed(space)

    def test_exclude_leaves_out_what_depends_on_it(self) -> None:
        space = self.quick()
        self.assert_run(space.apply("--exclude", "runtime.lark"))
        kinds = {record["kind"] for record in self.cloud.objects()}
        self.assertIn("gateway", kinds)
        self.assertFalse(kinds & {"runtime", "target"}, kinds)
        self.assert_run(space.apply())
        self.assert_quiet(space)

    def test_destroy_of_a_part(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        self.assert_run(space.destroy("--target", "target.lark"))
        self.cloud.wait_until(lambda: not self.moving())
        self.assertEqual([], self.cloud.objects("target"))
        self.assertEqual(1, len(self.cloud.objects("gateway")))
        self.assert_run(space.apply())
        self.assert_quiet(space)


class SavedPlan(StackTest):
    """A saved plan is carried out exactly, or refused."""

    def plan(self, space: Workspace, code: int = CHANGES, *arguments: str) -> None:
        self.assert_run(space.diff("--out", "plan.json", *arguments), code)

    def carry_out(self, space: Workspace):  # type: ignore[no-untyped-def]
        return space.run("apply", "plan.json", "--json", "--endpoint-url", self.cloud.url)

    def test_is_applied_without_asking(self) -> None:
        space = self.quick()
        self.plan(space)
        shown = self.assert_run(space.run("show", "plan.json", "--json"))
        self.assertIn("gateway.tools", shown.out)
        self.assert_run(self.carry_out(space))
        self.assert_quiet(space)
        # It was made from a state that is no more.
        mark = self.cloud.mark()
        self.assert_refused(self.carry_out(space))
        self.assert_untouched(mark)

    def test_holds_no_secret_and_is_the_owners_alone(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        space.edit('PORT: "8000"', 'PORT: "9000", TOKEN_NAME: "value-of-a-variable"')
        self.plan(space)
        text = (space.folder / "plan.json").read_text()
        self.assertNotIn("value-of-a-variable", text)
        self.assertEqual(0, stat.S_IMODE((space.folder / "plan.json").stat().st_mode) & 0o077)
        self.assert_run(self.carry_out(space))
        self.assert_quiet(space)

    def test_is_refused_after_drift(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        space.edit("description: Lark tools for Quick Suite", "description: Other tools")
        self.plan(space)
        gateway = self.cloud.one("gateway")
        self.cloud.poke("gateway", gateway["id"], data={"description": "somebody was faster"})
        mark = self.cloud.mark()
        self.assert_refused(self.carry_out(space))
        self.assert_untouched(mark)

    def test_is_refused_after_a_change_of_the_manifest(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        space.edit("description: Lark tools for Quick Suite", "description: Other tools")
        self.plan(space)
        space.edit("description: Other tools", "description: Third tools")
        mark = self.cloud.mark()
        self.assert_refused(self.carry_out(space))
        self.assert_untouched(mark)

    def test_is_refused_when_the_secret_value_of_a_variable_changed(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        space.edit('PORT: "8000"', 'PORT: "9000"')
        self.plan(space)
        space.edit('PORT: "9000"', 'PORT: "9001"')
        mark = self.cloud.mark()
        self.assert_refused(self.carry_out(space))
        self.assert_untouched(mark)

    def test_needs_the_consent_that_it_was_made_with(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        space.edit("    identity: mcp\n", "    identity: mcp\n    name: other-name\n")
        self.plan(space, CHANGES, "--allow-replace", "gateway.tools")
        self.assert_run(self.carry_out(space))
        self.assertEqual("other-name", self.cloud.one("gateway")["name"])

    def test_broken_plan_files(self) -> None:
        space = self.quick()
        self.plan(space)
        good = (space.folder / "plan.json").read_text()
        document = json.loads(good)
        broken = {
            "empty": "",
            "cut": good[: len(good) // 2],
            "list": "[]",
            "another format": json.dumps({**document, "format": 99}),
            "no steps": json.dumps({name: value for name, value in document.items() if name != "steps"}),
            "other stack": json.dumps({**document, "stack": "other"}),
        }
        for name, text in broken.items():
            with self.subTest(name):
                (space.folder / "plan.json").write_text(text)
                run = self.carry_out(space)
                self.assertFalse(run.crashed(), str(run))
                self.assertIn(run.code, (FAILED, USAGE), str(run))
                self.assertEqual([], self.cloud.mutations())
        (space.folder / "plan.json").write_text(good)
        self.assert_run(self.carry_out(space), DONE)

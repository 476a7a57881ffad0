"""Never touch what is not ours: other folders, accounts, regions, endpoints and profiles are refused or
kept apart."""

from __future__ import annotations

import json
import shutil

from .harness import (
    ACCOUNT,
    FAILED,
    OTHER_ACCOUNT,
    OTHER_REGION,
    StackCloud,
    StackTest,
    content,
)

PLAIN = """\
gantry: 1
stack: plain
identity:
  mcp:
    clients: {agent: {}}
gateways:
  tools: {identity: mcp}
targets:
  docs: {gateway: tools, endpoint: "https://mcp.example.com/mcp"}
outputs:
  url: ${gateway.tools.gatewayUrl}
"""
ONLY_IDENTITY = {"GetCallerIdentity"}


class Isolation(StackTest):
    """Two of everything."""

    def regional(self, region: str = "us-east-1") -> dict[str, str]:
        return {"AWS_REGION": region}

    def other_keys(self) -> dict[str, str]:
        key = self.cloud.other_key
        return {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]}

    def assert_apart(self, after: int) -> None:
        """Refused before any call but the one that asks who we are."""
        self.assert_untouched(after, calls=ONLY_IDENTITY)

    def test_same_stack_from_two_folders(self) -> None:
        first, second = self.quick(), self.quick()
        self.assert_run(first.apply())
        before, mark = content(self.cloud.objects()), self.cloud.mark()
        run = second.apply()
        self.assert_refused(run)
        self.assertRegex(run.out + run.err, "import|belongs|exists|lineage|another")
        self.assert_untouched(mark)
        self.assertEqual(before, content(self.cloud.objects()))
        self.assert_run(second.diff(), FAILED)
        # The owner goes on as if nothing had been; a destroy from the wrong folder has nothing to remove.
        second.destroy()
        self.assertEqual(before, content(self.cloud.objects()))
        self.assert_quiet(first)
        self.assert_destroyed(first)

    def test_lost_state_is_not_made_again(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        before, mark = content(self.cloud.objects()), self.cloud.mark()
        shutil.rmtree(space.folder / ".gantry")
        self.assert_refused(space.apply())
        self.assert_untouched(mark)
        self.assertEqual(before, content(self.cloud.objects()))

    def test_wrong_account_of_the_manifest(self) -> None:
        space = self.quick(key=self.cloud.other_key)
        for command in ("diff", "apply"):
            mark = self.cloud.mark()
            words = ["--yes"] if command == "apply" else []
            run = self.assert_refused(space.run(command, "--json", *words), "wrong-account")
            self.assertIn(ACCOUNT, run.out + run.err)
            self.assertIn(OTHER_ACCOUNT, run.out + run.err)
            self.assert_apart(mark)
        self.assertFalse(space.state_path().exists())

    def test_two_accounts_with_one_state(self) -> None:
        space = self.workspace(self.cloud.url, PLAIN)
        space.env.update(self.regional())
        self.assert_run(space.apply())
        before = content(self.cloud.objects())
        space.env.update(**self.other_keys())
        for run in (space.diff, space.apply, space.destroy):
            mark = self.cloud.mark()
            self.assert_refused(run(), "wrong-cloud", "wrong-account")
            self.assert_apart(mark)
        self.assertEqual(before, content(self.cloud.objects()))

    def test_wrong_profile(self) -> None:
        space = self.workspace(self.cloud.url, PLAIN)
        (space.home / "config").write_text(f"[profile other]\nregion = us-east-1\n")
        (space.home / "credentials").write_text(
            f"[default]\naws_access_key_id = {space.env['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {space.env['AWS_SECRET_ACCESS_KEY']}\n"
            f"[other]\naws_access_key_id = {self.cloud.other_key[0]}\n"
            f"aws_secret_access_key = {self.cloud.other_key[1]}\n"
        )
        space.env.update(self.regional())
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del space.env[name]
        self.assert_run(space.apply())
        mark = self.cloud.mark()
        self.assert_refused(space.apply("--profile", "other"), "wrong-cloud", "wrong-account")
        self.assert_apart(mark)
        self.assert_refused(space.apply("--profile", "nobody"))
        self.assert_apart(mark)

    def test_another_region_with_one_state(self) -> None:
        space = self.workspace(self.cloud.url, PLAIN)
        space.env.update(self.regional())
        self.assert_run(space.apply())
        before = content(self.cloud.objects())
        for arguments in (("--region", OTHER_REGION), ()):
            space.env.update(self.regional(OTHER_REGION))
            mark = self.cloud.mark()
            self.assert_refused(space.apply(*arguments), "wrong-cloud")
            self.assert_apart(mark)
        self.assertEqual(before, content(self.cloud.objects()))

    def test_two_regions_from_two_folders(self) -> None:
        first, second = (self.workspace(self.cloud.url, PLAIN) for _ in range(2))
        first.env.update(self.regional())
        second.env.update(self.regional(OTHER_REGION))
        self.assert_run(first.apply())
        self.assert_run(second.apply())
        self.assertEqual({"us-east-1", OTHER_REGION}, {item["region"] for item in self.cloud.objects("gateway")})
        self.assertEqual(2, len(self.cloud.objects("role")), "IAM is global: names carry the region")
        self.assert_quiet(first)
        self.assert_quiet(second)
        self.assert_run(first.destroy())
        self.assertEqual([OTHER_REGION], [item["region"] for item in self.cloud.objects("gateway")])
        self.assert_quiet(second)
        self.assert_destroyed(second, stack="plain")

    def test_two_accounts_from_two_folders(self) -> None:
        first, second = self.workspace(self.cloud.url, PLAIN), self.workspace(self.cloud.url, PLAIN, key=self.cloud.other_key)
        for space in (first, second):
            space.env.update(self.regional())
            self.assert_run(space.apply())
        self.assertEqual({ACCOUNT, OTHER_ACCOUNT}, {item["account"] for item in self.cloud.objects("gateway")})
        self.assert_quiet(first)
        self.assert_quiet(second)
        self.assert_run(second.destroy())
        self.assert_destroyed(first, stack="plain")

    def test_state_of_another_endpoint(self) -> None:
        space = self.workspace(self.cloud.url, PLAIN)
        space.env.update(self.regional())
        self.assert_run(space.apply())
        other = StackCloud()
        self.addCleanup(other.stop)
        keys = {"AWS_ACCESS_KEY_ID": other.key[0], "AWS_SECRET_ACCESS_KEY": other.key[1]}
        for run in (space.diff, space.apply, space.destroy):
            mark = other.mark()
            self.assert_refused(run("--endpoint-url", other.url, env=keys), "wrong-cloud")
            self.assertLessEqual(set(other.operations(mark)), ONLY_IDENTITY)
        self.assert_quiet(space)

    def test_endpoint_of_the_environment_counts_too(self) -> None:
        space = self.workspace("", PLAIN)
        space.env.update(self.regional())
        space.env["AWS_ENDPOINT_URL"] = self.cloud.url
        self.assert_run(space.apply())
        state = json.loads(space.state_path("plain").read_text())
        self.assertIn(self.cloud.url, json.dumps(state))
        self.assertEqual("READY", self.cloud.one("gateway")["status"])

    def test_two_stacks_in_one_account(self) -> None:
        first = self.workspace(self.cloud.url, PLAIN)
        second = self.workspace(self.cloud.url, PLAIN.replace("stack: plain", "stack: other"))
        for space in (first, second):
            space.env.update(self.regional())
            self.assert_run(space.apply())
        self.assertEqual(2, len(self.cloud.objects("gateway")))
        self.assert_quiet(first)
        self.assert_quiet(second)
        self.assert_run(first.destroy())
        self.assert_quiet(second)
        self.assert_destroyed(second, stack="other")

    def test_somebody_elses_role_of_that_name(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        roles = {record["name"] for record in self.cloud.objects("role")}
        self.assert_destroyed(space)
        name = sorted(roles)[0]
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        }
        self.cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        before, mark = content(self.cloud.objects()), self.cloud.mark()
        run = self.assert_refused(space.apply())
        self.assertIn(name, run.out + run.err)
        self.assertIn("import", run.out + run.err)
        self.assert_untouched(mark)
        self.assertEqual(before, content(self.cloud.objects()))

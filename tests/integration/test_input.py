"""Broken manifests on the command line: a clear message with its place, the right exit code, no crash, and
no call."""

from __future__ import annotations

import os
from typing import Any

from .harness import DONE, FAILED, USAGE, IntegrationTest, Run, Workspace, pattern, quick_suite

NOWHERE = "http://127.0.0.1:9"
"""An endpoint where nobody listens: who calls it fails for another reason than the manifest."""

HEAD = "gantry: 1\nstack: broken\n"
TARGET = "gateways:\n  tools: {authorizer: NONE}\ntargets:\n  a: {gateway: tools, endpoint: 'https://a.example/mcp'}\n"

# name: (manifest, where the message points, what it says)
BROKEN: dict[str, tuple[str | bytes, str, str]] = {
    "empty file": (b"", r"gantry\.yaml", r"empty|no \"gantry\"|must be a map"),
    "only comments": ("# nothing\n", r"gantry\.yaml", r"empty|no \"gantry\"|must be a map"),
    "a list": ("- gantry: 1\n", r"gantry\.yaml:1:1", r"a map"),
    "a text": ("gantry\n", r"gantry\.yaml:1:1", r"a map"),
    "unclosed flow": (HEAD + "identity: {mcp: {\n", r"gantry\.yaml:\d+:\d+", r"."),
    "unclosed quote": (HEAD + 'provider: {region: "us-east-1}\n', r"gantry\.yaml:\d+:\d+", r"."),
    "tabs": (HEAD + "gateways:\n\ttools: {}\n", r"gantry\.yaml:4:1", r"."),
    "wrong indentation": (HEAD + "gateways:\n  tools:\n   a: 1\n  b\n", r"gantry\.yaml:\d+:\d+", r"."),
    "duplicate key": (HEAD + TARGET + "targets: {}\n", r"gantry\.yaml:7:1", r"targets"),
    "binary": (bytes(range(256)) * 8, r"gantry\.yaml", r"."),
    "zero bytes": (b"gantry: 1\nstack: a\0b\n", r"gantry\.yaml:2:\d+", r"."),
    "not UTF-8": (HEAD.encode() + b"# \xff\xfe\xfa\nprovider: {region: \xff}\n", r"gantry\.yaml:\d+:\d+", r"UTF-8"),
    "two documents": (HEAD + TARGET + "---\n" + HEAD, r"gantry\.yaml:\d+:\d+", r"document"),
    "alias of itself": (HEAD + "gateways: &a\n  tools: *a\n", r"gantry\.yaml:4:\d+", r"alias|anchor|itself"),
    "alias of nothing": (HEAD + "gateways: *nobody\n", r"gantry\.yaml:3:\d+", r"nobody|alias|anchor"),
    "a billion laughs": (
        HEAD
        + "variables:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        + "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
        r"gantry\.yaml:\d+:\d+",
        r".",
    ),
    "deep flow": (HEAD + "variables: {a: " + "[" * 20000 + "]" * 20000 + "}\n", r"gantry\.yaml:\d+:\d+", r"deep|nest"),
    "deep blocks": (
        HEAD + "variables:\n" + "".join(" " * (n + 1) + "a:\n" for n in range(3000)),
        r"gantry\.yaml:\d+:\d+",
        r"deep|nest",
    ),
    "no stack": ("gantry: 1\n" + TARGET, r"gantry\.yaml", r'"stack"'),
    "another version": ("gantry: 2\nstack: a\n" + TARGET, r"gantry\.yaml:1:\d+", r"2|version|1"),
    "bad stack name": ("gantry: 1\nstack: Not_A_Name\n" + TARGET, r"gantry\.yaml:2:\d+", r"Not_A_Name"),
    "unknown key": (HEAD + TARGET.replace("targets:", "targts:"), r"gantry\.yaml:5:1", r"(?s)targts.*targets"),
    "unknown member": (HEAD + TARGET.replace("endpoint:", "endpoit:"), r"gantry\.yaml:6:\d+", r"(?s)endpoit.*endpoint"),
    "wrong type": (HEAD + "gateways: [tools]\n", r"gantry\.yaml:3:\d+", r"a map"),
    "unknown gateway": (HEAD + TARGET.replace("gateway: tools", "gateway: tols"), r"gantry\.yaml:6:\d+", r"(?s)tols.*tools"),
    "unknown identity": (HEAD + TARGET.replace("authorizer: NONE", "identity: nobody"), r"gantry\.yaml:4:\d+", r"nobody"),
    "unknown reference": (HEAD + TARGET + "outputs:\n  url: ${gateway.tool.gatewayUrl}\n", r"gantry\.yaml:8:\d+", r"gateway\.tool"),
    "unknown variable": (HEAD + TARGET + "outputs:\n  url: ${var.nobody}\n", r"gantry\.yaml:8:\d+", r"nobody"),
    "unclosed reference": (HEAD + TARGET + "outputs:\n  url: ${gateway.tools.gatewayUrl\n", r"gantry\.yaml:8:\d+", r"."),
    "reference cycle": (
        HEAD
        + "resources:\n"
        + "  a: {type: log_group, properties: {logGroupName: '${log_group.b.logGroupName}x'}}\n"
        + "  b: {type: log_group, properties: {logGroupName: '${log_group.a.logGroupName}y'}}\n",
        r"gantry\.yaml:[45]:\d+",
        r"log_group\.a.*log_group\.b|log_group\.b.*log_group\.a",
    ),
    "unknown type": (
        HEAD + "resources:\n  a: {type: log_grup, properties: {}}\n",
        r"gantry\.yaml:4:\d+",
        r"(?s)log_grup.*log_group",
    ),
    "unknown API member": (
        HEAD + "resources:\n  a: {type: log_group, properties: {logGroupName: a, retention: 1}}\n",
        r"gantry\.yaml:4:\d+",
        r"retention",
    ),
    "bad file reference": (HEAD + TARGET + "outputs:\n  a: ${file./nonexistent/file}\n", r"gantry\.yaml:8:\d+", r"/nonexistent/file"),
    "undefined scope": (
        HEAD
        + "identity:\n  mcp:\n    scopes: {invoke: Invoke}\n    clients:\n      a: {scopes: [invok]}\n"
        + TARGET.replace("authorizer: NONE", "identity: mcp"),
        r"gantry\.yaml:7:\d+",
        r"invok",
    ),
    "audience with client credentials": (
        HEAD
        + "identity:\n  mcp:\n    allowedAudience: [me]\n    clients: {a: {}}\n"
        + TARGET.replace("authorizer: NONE", "identity: mcp"),
        r"gantry\.yaml:5:\d+",
        r"[aA]udience",
    ),
}


class Input(IntegrationTest):
    """Each broken manifest through validate and diff."""

    def setUp(self) -> None:
        self.space: Workspace = self.workspace(NOWHERE)

    def give(self, manifest: str | bytes) -> None:
        data = manifest if isinstance(manifest, bytes) else manifest.encode()
        (self.space.folder / "gantry.yaml").write_bytes(data)

    def assert_said(self, run: Run, place: str, message: str) -> None:
        """An error with its place on standard error, in one screen."""
        self.assertRegex(run.err, pattern(rf"^{place}(:\d+)*: error: "))
        self.assertRegex(run.err, message)
        self.assertLess(len(run.err), 20000, "more than anybody reads")
        self.assertNotRegex(run.err, r"[\x00-\x08\x0b-\x1f]")

    def test_every_broken_manifest(self) -> None:
        for name, (manifest, place, message) in BROKEN.items():
            self.give(manifest)
            for command in ("validate", "diff"):
                with self.subTest(name, command=command):
                    run = self.assert_run(self.space.run(command), FAILED)
                    self.assert_said(run, place, message)
                    self.assertLess(run.seconds, 120)

    def test_huge_manifest(self) -> None:
        self.give(HEAD + TARGET + "#" * (80 << 20) + "\n")
        run = self.assert_run(self.space.run("validate"), FAILED)
        self.assertIn("gantry.yaml", run.err)

    def test_long_manifest_that_is_right(self) -> None:
        rows = "".join(f"  t{n}: {{gateway: tools, endpoint: 'https://{n}.example/mcp'}}\n" for n in range(2000))
        self.give(HEAD + TARGET + rows)
        self.assert_run(self.space.run("validate"), DONE)

    def test_utf16_is_read_or_refused_with_words(self) -> None:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            with self.subTest(encoding):
                self.give((HEAD + TARGET).encode(encoding))
                run = self.space.run("validate")
                self.assertFalse(run.crashed(), str(run))
                self.assertIn(run.code, (DONE, FAILED))
                if run.code == FAILED:
                    self.assertRegex(run.err, r"(?s)gantry\.yaml.*(UTF-8|UTF-16|encod)")

    def test_paths_that_are_no_manifest(self) -> None:
        (self.space.folder / "folder").mkdir()
        for path, message in (("nowhere.yaml", r"nowhere\.yaml"), ("folder", r"folder"), ("/dev/null", r"/dev/null")):
            for command in ("validate", "diff", "apply"):
                with self.subTest(path, command=command):
                    words = ["--yes"] if command == "apply" else []
                    run = self.space.run(command, "-f", path, *words)
                    self.assertFalse(run.crashed(), str(run))
                    self.assertIn(run.code, (FAILED, USAGE))
                    self.assertRegex(run.err, message)

    def test_unreadable_manifest(self) -> None:
        if os.geteuid() == 0:
            self.skipTest("everything is readable to root")
        self.give(HEAD + TARGET)
        (self.space.folder / "gantry.yaml").chmod(0)
        run = self.assert_run(self.space.run("validate"), FAILED)
        self.assertIn("gantry.yaml", run.err)

    def test_all_mistakes_at_once(self) -> None:
        text = HEAD + TARGET.replace("endpoint:", "endpoit:").replace("authorizer: NONE", "authoriser: NONE")
        self.give(text + "outputs:\n  url: ${gateway.tool.gatewayUrl}\n")
        run = self.assert_run(self.space.run("validate"), FAILED)
        for line in (4, 6, 8):
            self.assertRegex(run.err, pattern(rf"^gantry\.yaml:{line}:\d+: error: "))

    def test_manifest_from_standard_input_and_from_elsewhere(self) -> None:
        self.give(quick_suite())
        elsewhere = self.space.base / "elsewhere"
        elsewhere.mkdir()
        self.assert_run(self.space.run("validate", "-f", "../stack/gantry.yaml", cwd=elsewhere))

    def test_environment_is_required_where_there_are_some(self) -> None:
        self.give(quick_suite())
        for arguments, message in (((), r"dev"), (("-e", "prd"), r"(?s)prd.*prod")):
            run = self.space.run("diff", *arguments)
            self.assertFalse(run.crashed(), str(run))
            self.assertIn(run.code, (FAILED, USAGE))
            self.assertRegex(run.err, message)

    def test_command_lines(self) -> None:
        self.give(quick_suite())
        cases: list[tuple[tuple[str, ...], str]] = [
            (("aply",), "apply"),
            (("validate", "--fil", "x"), "--file"),
            (("diff", "--max-delete", "many"), "--max-delete"),
            (("diff", "--deny", "creation"), "replace"),
            (("diff", "--deadline", "soon"), "--deadline"),
            (("validate", "--var"), "--var"),
            (("validate", "extra"), "extra"),
            (("output", "--format", "xml"), "json"),
            (("state",), "list"),
        ]
        for arguments, message in cases:
            with self.subTest(arguments):
                run = self.assert_run(self.space.run(*arguments), USAGE)
                self.assertIn(message, run.err)

    def test_wrong_variables(self) -> None:
        self.give(quick_suite())
        (self.space.folder / "vars.yaml").write_text("image: {\n", encoding="utf-8")
        cases: dict[tuple[Any, ...], str] = {
            ("--var", "imag=x"): "image",
            ("--var", "image"): "image",
            ("--var-file", "vars.yaml"): r"vars.yaml:",
            ("--var-file", "nowhere.yaml"): "nowhere.yaml",
        }
        for arguments, message in cases.items():
            with self.subTest(arguments):
                run = self.space.run("validate", "-e", "dev", *arguments)
                self.assertFalse(run.crashed(), str(run))
                self.assertIn(run.code, (FAILED, USAGE), str(run))
                self.assertIn(message, run.err)

    def test_unknown_addresses(self) -> None:
        self.give(quick_suite())
        self.space.environment = "dev"
        for option in ("--target", "--exclude", "--replace", "--allow-replace"):
            with self.subTest(option):
                run = self.space.run("diff", option, "gateway.tool")
                self.assertFalse(run.crashed(), str(run))
                self.assertIn(run.code, (FAILED, USAGE), str(run))
                self.assertIn("gateway.tool", run.err)

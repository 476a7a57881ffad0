"""gantry-mcp init, register and validate: what they write, what they leave alone, what they refuse."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from .harness import DONE, FAILED, USAGE
from .local_cloud import ROOT

GANTRY_MCP = os.environ.get("GANTRY_MCP_BINARY", str(ROOT / "build/bin/gantry-mcp"))

ODD = """\
# The top.\t(with a tab)
name: odd   # name
sources: {"files": {type: filesystem, allowed_paths: &paths [/data]}}

tools:
    # the first
    'list':   {type: file-list}     # one line
    read:
        type: file-read
        description: >
            Reads a file,
            slowly.
        # inside of read

    # what follows is nobody's

toolsets:
- name: all
  tools: [list, read]   # both
# the end
"""


class Config(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "gantry-mcp.yaml"

    def run_it(self, *words: str, code: int = DONE, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        base = {name: os.environ[name] for name in ("PATH", "HOME", "ASAN_OPTIONS") if name in os.environ}
        done = subprocess.run(
            [GANTRY_MCP, *words], cwd=self.folder, env=base | (env or {}), capture_output=True, text=True, timeout=120, check=False
        )
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}{done.stderr}")
        return done

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        self.path.write_bytes(text.encode())


class Init(Config):
    def test_each_kind_is_valid_at_once(self) -> None:
        kinds = {
            "postgres": ["--host", "db", "--port", "5433", "--database", "analytics", "--user", "app"],
            "redis": ["--host", "127.0.0.1"],
            "filesystem": ["--allow-path", "/data/reports"],
        }
        for kind, words in kinds.items():
            with self.subTest(kind):
                self.run_it("init", "--type", kind, *words, "--force")
                done = self.run_it("validate", env={"PGPASSWORD": "pw"})
                self.assertIn("is valid", done.stdout)
                self.assertNotIn("warning", done.stderr)

    def test_what_was_asked_for_is_in_the_file_and_no_password(self) -> None:
        done = self.run_it(
            "init", "--host", "db", "--port", "5433", "--database", "analytics", "--user", "app", "--password-env", "DB_PW",
            env={"DB_PW": "hunter3"},
        )
        text = self.text()
        for line in ("host: db", "port: 5433", "database: analytics", "user: app", "password: ${env.DB_PW}"):
            self.assertIn(f"    {line}\n", text)
        self.assertIn("- analytics\n", text)
        self.assertNotIn("hunter3", text + done.stdout + done.stderr)
        self.assertIn("DB_PW", done.stderr)

    def test_a_file_that_is_there_stays(self) -> None:
        self.write("mine\n")
        done = self.run_it("init", code=FAILED)
        self.assertIn("--force", done.stderr)
        self.assertEqual(self.text(), "mine\n")

    def test_wrong_words_write_nothing(self) -> None:
        for words in (
            ["--type", "redsi"],
            ["--type", "redis", "--database", "x", "--set", "nonsense"],
            ["--type", "filesystem", "--user", "x"],
            ["--password-env", "not a name"],
            ["--set", "password=hunter2"],
        ):
            with self.subTest(words):
                done = self.run_it("init", *words, code=USAGE)
                self.assertNotIn("hunter2", done.stderr)
        self.run_it("init", "--port", "99999", code=FAILED)
        self.assertFalse(self.path.exists())


class Register(Config):
    def test_what_is_there_stays_byte_for_byte(self) -> None:
        self.write(ODD)
        self.run_it("register", "more", "--type", "file-read", "--source", "files", "--toolset", "all", "--toolset", "new")
        after = self.text()
        for added in (
            "    more:\n      type: file-read\n      source: files\n",
            ', "more"',
            "- name: new\n  tools:\n    - more\n",
        ):
            self.assertEqual(after.count(added), 1, after)
            after = after.replace(added, "")
        self.assertEqual(after, ODD)
        self.run_it("validate")

    def test_adding_and_removing_gives_the_file_back(self) -> None:
        for newline in ("\n", "\r\n"):
            for end in (ODD, ODD.rstrip("\n")):
                with self.subTest(newline=newline, ends=end is ODD):
                    before = end.replace("\n", newline)
                    self.write(before)
                    self.run_it("register", "more", "--type", "file-read", "--toolset", "all")
                    self.assertNotEqual(self.path.read_bytes(), before.encode())
                    self.run_it("register", "more", "--remove")
                    self.assertEqual(self.path.read_bytes(), before.encode())

    def test_a_toolset_that_holds_nothing_yet(self) -> None:
        for form in ("  new:\n", "  new: {}\n", "  new: {tools: []}\n"):
            with self.subTest(form):
                self.write(ODD.replace("- name: all\n  tools: [list, read]   # both\n", form))
                self.run_it("register", "more", "--type", "file-read", "--toolset", "new")
                self.assertIn("more", self.run_it("tools", "--toolset", "new").stdout)

    def test_a_source_and_its_tools(self) -> None:
        self.write("# empty\n")
        self.run_it("register", "warehouse", "--type", "postgres", "--database", "a", "--user", "u", "--password-env", "PW")
        self.run_it(
            "register", "q", "--type", "postgres-query", "--source", "warehouse", "--description", "Asks: a, b # c",
            "--allow-database", "a", "--permission", "SELECT", "--set", "security.sandbox=true", "--set", "max_rows=10",
        )
        self.run_it(
            "register", "fixed", "--type", "postgres-sql", "--set", "statement=SELECT a, b FROM t WHERE c = $1",
            "--set", "parameters=[{name: c, type: integer}]",
        )
        self.assertIn("2 tools", self.run_it("validate", env={"PW": "x"}).stdout)
        self.assertIn("sandbox: true\n", self.text())
        self.assertIn("max_rows: 10\n", self.text())

    def test_a_change_that_would_be_wrong_is_not_made(self) -> None:
        self.write(ODD)
        for code, words in (
            (FAILED, ["list", "--type", "file-read"]),
            (FAILED, ["x", "--type", "file-read", "--source", "file"]),
            (FAILED, ["x", "--type", "file-read", "--tier", "aws"]),
            (FAILED, ["a b", "--type", "file-read"]),
            (FAILED, ["x", "--type", "file-read", "--set", "nonsense=1"]),
            (FAILED, ["none", "--remove"]),
            (USAGE, ["x", "--type", "file-raed"]),
            (USAGE, ["x"]),
            (USAGE, ["x", "--type", "file-read", "--database", "d"]),
            (USAGE, ["x", "--type", "filesystem", "--toolset", "all"]),
        ):
            with self.subTest(words):
                self.run_it("register", *words, code=code)
                self.assertEqual(self.text(), ODD)
        self.assertEqual(os.listdir(self.folder), ["gantry-mcp.yaml"])

    def test_a_text_that_cannot_be_extended_is_refused(self) -> None:
        text = "shared: &t\n  a: {type: file-list}\ntools: *t\n"
        self.write(text)
        done = self.run_it("register", "x", "--type", "file-list", "--allow-path", "/data", code=FAILED)
        self.assertIn("by hand", done.stderr)
        self.assertEqual(self.text(), text)

    def test_mistakes_that_were_there_before_are_no_reason(self) -> None:
        self.write(ODD + "tiers: {local: {limits: {nonsense: 1}}}\n")
        self.run_it("register", "more", "--type", "file-read")
        self.assertIn("more:", self.text())

    def test_mode_and_link_are_kept(self) -> None:
        real = self.folder / "real.yaml"
        real.write_text(ODD, encoding="utf-8")
        real.chmod(0o664)
        self.path.symlink_to("real.yaml")
        self.run_it("register", "more", "--type", "file-read")
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(stat.S_IMODE(real.stat().st_mode), 0o664)
        self.assertIn("more:", real.read_text(encoding="utf-8"))


class Validate(Config):
    def test_all_mistakes_at_once_with_their_places(self) -> None:
        self.write(
            "sources:\n  files: {type: filesystem, allowed_paths: [/data], pasword: x}\n"
            "tools:\n  a: {type: file-list, tier: aws}\n  b: {type: file-lst}\n"
            'tiers:\n  local: {listen: "0.0.0.0:8000"}\n'
        )
        done = self.run_it("validate", code=FAILED)
        for place in ("2:", "4:", "5:", "7:"):
            self.assertIn(f"gantry-mcp.yaml:{place}", done.stderr)
        self.assertIn("4 errors", done.stderr)

    def test_no_secret_is_shown(self) -> None:
        secret = "hunter3-warehouse"
        self.write(
            "sources:\n"
            '  a: {type: "${env.SECRET}"}\n'
            '  b: {type: postgres, database: d, user: u, port: "${env.SECRET}", password: hunter2}\n'
            '  c: {type: redis, host: "${file.secret}"}\n'
            "tools:\n"
            '  x: {type: file-list, source: "${env.SECRET}", tier: "${env.SECRET}", timeout_ms: "${env.SECRET}"}\n'
            '  y: {type: postgres-sql, source: "${file.secret}", statement: s, parameters:\n'
            '      [{name: "${env.SECRET}", type: "${env.SECRET}", pattern: "(${env.SECRET}", default: "${env.SECRET}"}]}\n'
            "  w: {type: postgres-sql, source: b, statement: s, parameters:\n"
            '      [{name: a, type: string, default: x, allowed_values: ["${env.SECRET}"]},\n'
            '       {name: b, type: string, default: x, pattern: "${env.SECRET}"}]}\n'
            "  z: {type: file-list, security: {allowed_paths: [/data]}, annotations: {read_only: \"${env.SECRET}\"}}\n"
            'toolsets: {t: {tools: ["${env.SECRET}"]}}\n'
            'tiers:\n  local: {listen: "${env.SECRET}", toolsets: ["${env.SECRET}"], trust: "${env.SECRET}"}\n'
            '  b: {host: "${env.SECRET}", discovery: "${env.SECRET}"}\n'
            '  c: {listen: 9000, auth: {jwt: {issuer: "${env.SECRET}", discovery_url: "${env.SECRET}"}}}\n'
        )
        (self.folder / "secret").write_text(secret + "\n", encoding="utf-8")
        for words in ([], ["--json"], ["--verbose"]):
            done = self.run_it("validate", *words, code=FAILED, env={"SECRET": secret})
            self.assertNotIn(secret, done.stdout + done.stderr)
            self.assertNotIn("hunter2", done.stdout + done.stderr)

    def test_events_for_machines(self) -> None:
        self.write("tols: {}\n")
        done = self.run_it("validate", "--json", code=FAILED)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([event["event"] for event in events], ["diagnostic", "diagnostic", "validated"])
        wrong = next(event for event in events if event.get("code") == "unknown-key")
        self.assertEqual((wrong["line"], wrong["column"], wrong["file"]), (1, 1, "gantry-mcp.yaml"))
        self.assertFalse(events[-1]["valid"])

    def test_every_error_says_what_to_do(self) -> None:
        self.write(
            "name: ${env.NOT_SET}\ntitle: ${file.}\ninstructions: ${file./bin/sh}\n"
            "sources:\n  f: {type: filesystem, allowed_paths: ['']}\n  g: {type: redis}\n  h:\n"
            "tools:\n"
            "- {name: a, type: file-list, source: g}\n- text\n- {type: file-list}\n- {name: a}\n"
            "- {name: b, type: file-list, source: f, security: {allowed_paths: [/data]}}\n"
            "toolsets: {t: }\n"
            "tiers: {local: {allowed_origins: [x], allowed_hosts: ['a/b'], auth: {jwt: {issuer: 'http://a.b'}}}}\n"
        )
        done = self.run_it("validate", "--json", code=FAILED)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        errors = [event for event in events if event["event"] == "diagnostic" and event["severity"] == "error"]
        self.assertEqual(len(errors), 14, done.stdout)
        self.assertEqual([event["message"] for event in errors if not event.get("hint")], [])

    def test_the_schema_is_one(self) -> None:
        schema = json.loads(self.run_it("validate", "--schema").stdout)
        self.assertEqual(schema["type"], "object")
        self.assertIn("tools", schema["properties"])

    def test_the_environment_of_a_container_counts(self) -> None:
        self.write("tools: {a: {type: file-list, security: {allowed_paths: [/data]}}}\n")
        self.run_it("validate", env={"MCP_PORT": "9000"})
        self.assertIn("MCP_PORT", self.run_it("validate", code=FAILED, env={"MCP_PORT": "x"}).stderr)
        done = self.run_it("validate", code=FAILED, env={"MCP_HOST": "0.0.0.0"})
        self.assertIn("agentcore", done.stderr)

    def test_a_file_that_is_not_there(self) -> None:
        self.assertIn("gantry-mcp init", self.run_it("validate", code=FAILED).stderr)
        self.run_it("register", "x", "--type", "redis", code=FAILED)
        self.run_it("validate", "--confg", "x", code=USAGE)

    def test_a_tier_is_chosen_for_pipes_alone(self) -> None:
        """Over http all tiers are served: whoever names one would rely on that it is the only one."""
        self.write("tools: {a: {type: file-list, security: {allowed_paths: [/data]}}}\n")
        self.assertIn("stdio", self.run_it("serve", "--tier", "local", code=USAGE).stderr)


class Words(Config):
    def test_help_version_and_completion(self) -> None:
        self.assertRegex(self.run_it("version").stdout, r"^gantry-mcp \d+\.\d+\.\d+\n$")
        for topic in ("register", "config", "types", "manual", "postgres", "postgres-query"):
            self.assertGreater(len(self.run_it("help", topic).stdout), 80)
        self.assertIn("did you mean types", self.run_it("help", "tpyes", code=USAGE).stderr)
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("gantry-mcp", self.run_it("completion", shell).stdout)
        self.assertIn("Commands:", self.run_it(code=USAGE).stderr)


if __name__ == "__main__":
    unittest.main()

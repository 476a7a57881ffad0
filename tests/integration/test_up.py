"""`gantry up`: the whole chain on one machine, what it prints, and that nothing is left however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import yaml

from .chain import SERVER, UNVERIFIED, VARIABLES, ChainTest, Place
from .harness import ROOT, Run


STUBBORN = (
    "import runpy, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    f"sys.argv = [{SERVER!r}]; runpy.run_path({SERVER!r}, run_name='__main__')"
)


class UpTest(ChainTest):
    """What holds however it ends."""

    def assert_nothing_left(self, place: Place, seconds: float = 0) -> None:
        """No process and no file; at once, or at the latest after some seconds where the parent was killed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (place.pids() or place.files()):
            time.sleep(0.02)
        self.assertEqual({}, place.pids(), place.err)
        self.assertEqual([], place.files(), place.err)
        self.assertFalse((place.folder / ".gantry").exists())


class Once(UpTest):
    """`gantry up --once`."""

    def test_every_example_works(self) -> None:
        manifests = sorted((ROOT / "examples").glob("*/gantry.yaml"))
        self.assertTrue(manifests)
        for manifest in manifests:
            with self.subTest(example=manifest.parent.name):
                place = self.place(manifest.parent.name)
                shutil.copytree(manifest.parent, place.folder)
                before = sorted(place.folder.rglob("*"))
                names = list(yaml.safe_load(manifest.read_text(encoding="utf-8")).get("environments") or {})
                chosen = ["-e", "dev" if "dev" in names else names[0]] if names else []
                run = self.assert_code(place.run(*chosen, "up", "--once"), 0)
                self.assertIn("verified:", run.err)
                self.assertIn("nothing is left", run.err)
                self.assertIn("mcpServers", run.out)
                self.assert_nothing_left(place)
                after = [path for path in sorted(place.folder.rglob("*")) if "__pycache__" not in str(path)]
                self.assertEqual(before, after)

    def test_ports_in_use_do_not_matter(self) -> None:
        place = self.place().edited("environment: {}\n", 'environment: {PORT: "8000"}\n')
        with contextlib.ExitStack() as stack:
            for port in (4599, 8000):
                taken = stack.enter_context(socket.socket())
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):  # somebody else has it: as good
                    taken.bind(("127.0.0.1", port))
                    taken.listen()
            self.assert_code(place.run("up", "--once", *VARIABLES), 0)
        self.assert_nothing_left(place)

    def test_a_mistake_is_found_before_anything_is_started(self) -> None:
        place = self.place().edited("identity: mcp}", "identity: mpc}")
        run = self.assert_code(place.run("up", "--once", *VARIABLES), 1)
        self.assertRegex(run.err, r"gantry\.yaml:\d+:\d+")
        self.assertFalse((place.run_folder / "gantry").exists())
        self.assert_nothing_left(place)

    def test_a_knob_that_is_none_ends_it(self) -> None:
        place = self.place().write()
        run = self.assert_code(place.run("up", "--once", "--knob", "reddy_ms=1", *VARIABLES), 64)
        self.assertIn("ready_ms", run.err)
        for knob, words in (("bad", "NAME=VALUE"), ("ready_ms=x", "milliseconds")):
            run = self.assert_code(place.run("up", "--once", "--knob", knob, *VARIABLES), 64)
            self.assertIn(words, run.err)
            self.assertEqual(1, run.err.count("error:"), run.err)
        run = self.assert_code(place.run("up", "--once", "--json", "--knob", "bad=1", *VARIABLES), 64)
        self.assertEqual(["unknown-knob"], [event["code"] for event in run.events])
        self.assertFalse((place.run_folder / "gantry").exists())
        self.assert_nothing_left(place)

    def test_a_cloud_that_cannot_start_is_told_to_machines_too(self) -> None:
        place = self.place().write()
        (place.run_folder / "gantry").mkdir(mode=0o755)
        (place.run_folder / "gantry").chmod(0o755)
        run = self.assert_code(place.run("up", "--once", "--json", *VARIABLES), 1)
        self.assertIn("is not a folder that only you can use", run.event("diagnostic")["message"])

    def test_a_cloud_that_cannot_start_is_told_to_people_once(self) -> None:
        place = self.place().write()
        place.env["XDG_RUNTIME_DIR"] = str(place.base / "none")
        run = self.assert_code(place.run("up", "--once", *VARIABLES), 1)
        self.assertEqual(1, run.err.count("error:"), run.err)
        self.assertRegex(run.err, "none/gantry: no such file or directory\n  hint: XDG_RUNTIME_DIR")
        self.assert_nothing_left(place)

    def test_protected_and_retained_resources_go_too(self) -> None:
        place = self.place()
        place.edited("identity: mcp}\n", "identity: mcp, protect: true}\n")
        text = (place.folder / "gantry.yaml").read_text(encoding="utf-8")
        place.write(text.replace('    local: {', "    retain: true\n    local: {"))
        run = self.assert_code(place.run("up", "--once", *VARIABLES), 0)
        self.assertIn("nothing is left", run.err)
        self.assert_nothing_left(place)

    def test_events_tell_it_to_machines(self) -> None:
        place = self.place().write()
        # To be made takes many requests that look whether it is READY.
        run = self.assert_code(place.run("up", "--once", "--json", "--knob", "ready_ms=3s", *VARIABLES), 0)
        self.assertEqual(len(run.events), len(run.out.splitlines()))
        names = [event["event"] for event in run.events]
        for name in ("summary", "hop", "verification", "outputs", "log", "destroyed"):
            self.assertIn(name, names)
        self.assertEqual("verified", run.event("verification")["outcome"])
        made, removed = [event["requests"] for event in run.events if event["event"] == "summary"]
        self.assertLess(removed, made + 15)  # each its own, and not those of both
        self.assertNotIn("clientSecret\":\"1", run.out)
        self.assert_nothing_left(place)


class Failures(UpTest):
    """A link of the chain that does not hold: 5, and its cause."""

    def broken(self, old: str, new: str, *arguments: str) -> Run:
        place = self.place().edited(old, new)
        run = self.assert_code(place.run("up", "--once", *VARIABLES, *arguments), UNVERIFIED)
        self.assert_nothing_left(place)
        return run

    def test_a_server_that_ends_at_once(self) -> None:
        run = self.broken("environment: {}}", 'environment: {BROKEN: "1"}}')
        self.assertIn("this server is broken", run.err)
        self.assertIn("server", run.err)

    def test_a_command_that_is_not_there(self) -> None:
        run = self.broken(f'["{sys.executable}", "{SERVER}"]', '["no-such-program"]')
        self.assertIn("no-such-program", run.err)

    def test_a_server_that_never_answers(self) -> None:
        for command, more in (
            ('["sleep", "1000"]', "nothing listens on port"),
            ('["sleep", "1000"], transport: stdio', "it does not answer over stdio"),
        ):
            with self.subTest(command=command):
                begun = time.monotonic()
                run = self.broken(f'["{sys.executable}", "{SERVER}"]', command)
                self.assertIn("was not ready within 30 seconds: " + more, run.err)
                self.assertLess(time.monotonic() - begun, 90)  # and not once more and again

    def test_a_resource_that_fails_points_at_what_the_servers_print(self) -> None:
        for quiet, words in (([], "what the servers printed is above"), (["--quiet"], "without --quiet")):
            with self.subTest(quiet=quiet):
                place = self.place().write()
                # The first call is held until long after this has come to the cloud.
                process = place.start("up", "--once", "--knob", "latency_ms=3s", *quiet, *VARIABLES)
                land = {"operation": "CreateGateway", "fault": "land", "status": "FAILED", "reason": "no capacity"}
                place.admin("POST", "/faults", [land])
                place.admin("POST", "/knobs", {"latency_ms": 0})
                run = self.assert_code(place.ended(process), UNVERIFIED)
                self.assertRegex(run.err, "no capacity\n  hint: .*`gantry up` again.*" + words)
                self.assert_nothing_left(place)

    def test_a_disk_that_fills_up(self) -> None:
        for size in range(3072, 6144, 512):
            with self.subTest(size=size):
                place = self.place().write()
                process = place.start("up", "--once", "--quiet", *VARIABLES, file_size=size)
                run = self.assert_code(place.ended(process), 1, UNVERIFIED)
                self.assertIn("could not be written down", run.err)
                self.assert_nothing_left(place)

    def test_a_server_without_tools(self) -> None:
        run = self.broken("environment: {}}", 'environment: {NO_TOOLS: "1"}}')
        self.assertRegex(run.out + run.err, "no tools|without tools|lists no")


class Ends(UpTest):
    """However it ends, nothing is left."""

    def serving(self, *arguments: str) -> tuple[Place, subprocess.Popen[bytes]]:
        place = self.place().write()
        process = place.start("up", *VARIABLES, *arguments)
        place.wait_for("serving; Ctrl-C")
        return place, process

    def test_by_interrupt_while_it_serves(self) -> None:
        place, process = self.serving()
        self.assertGreater(len(place.pids()), 3)  # up, the cloud, its supervisor, the server
        os.kill(process.pid, signal.SIGINT)
        run = self.assert_code(place.ended(process), 0)
        self.assertIn("nothing is left", run.err)
        self.assert_nothing_left(place)

    def test_by_two_interrupts(self) -> None:
        for pause in (0.0, 0.05, 0.3):
            with self.subTest(pause=pause):
                place, process = self.serving()
                os.kill(process.pid, signal.SIGINT)
                time.sleep(pause)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
                self.assert_code(place.ended(process), 0, 130)
                self.assert_nothing_left(place)

    def test_at_once(self) -> None:
        """Two signals before the first could be dealt with: it waits for its cloud even so."""
        moments: dict[str, Callable[[Place], Any]] = {
            "started": lambda place: place.key_file(),
            "state": lambda place: place.wait_until((place.folder / ".gantry").exists),
            "applying": lambda place: place.wait_for("creating"),
            "serving": lambda place: place.wait_for("serving; Ctrl-C"),
        }
        for moment, wait in moments.items():
            with self.subTest(moment=moment):
                place = self.place().write()
                process = place.start("up", "--knob", "ready_ms=2s", *VARIABLES)
                wait(place)
                for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
                    os.kill(process.pid, number)
                self.assert_code(place.ended(process), 130)
                self.assert_nothing_left(place)

    def test_at_once_without_waiting(self) -> None:
        """Signals after that: a cloud that does not end is not waited for, and goes as soon as it can."""
        place, process = self.serving()
        cloud = place.cloud()
        os.kill(cloud, signal.SIGSTOP)
        while process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGINT)
            time.sleep(0.01)
        self.assert_code(place.ended(process), 130)
        self.assertIn(cloud, place.pids())  # who waits kills it in the end
        os.kill(cloud, signal.SIGCONT)
        self.assert_nothing_left(place, 60)

    def test_by_termination_while_it_applies(self) -> None:
        place = self.place().write()
        process = place.start("up", "--knob", "ready_ms=20s", *VARIABLES)
        place.wait_for("runtime.server: creating")
        os.kill(process.pid, signal.SIGTERM)
        self.assert_code(place.ended(process), 130)
        self.assert_nothing_left(place)

    def test_by_interrupt_while_it_verifies(self) -> None:
        place = self.place().write()
        process = place.start("up", "--knob", "token_dns_ms=10m", *VARIABLES)
        place.wait_for("client mcp.agent, gateway tools")
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGINT)
        run = self.assert_code(place.ended(process, 60), 130)  # and not the 2 minutes that a token is waited for
        self.assertIn("nothing is left", run.err)
        self.assertNotIn("failed", run.out)
        self.assert_nothing_left(place)

    def test_by_being_killed(self) -> None:
        place, process = self.serving()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        self.assert_nothing_left(place, 60)

    def test_by_being_killed_while_it_applies(self) -> None:
        place = self.place().write()
        process = place.start("up", "--knob", "ready_ms=20s", *VARIABLES)
        place.wait_for("runtime.server: creating")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        self.assert_nothing_left(place, 60)

    def test_by_the_end_of_its_cloud(self) -> None:
        place, process = self.serving()
        os.kill(place.cloud(), signal.SIGKILL)
        run = self.assert_code(place.ended(process), 1)
        self.assertIn("the embedded cloud ended", run.err)
        self.assert_nothing_left(place)

    def test_by_the_end_of_its_cloud_while_it_applies(self) -> None:
        for moment in ("user_pool.mcp: creating", "runtime.server: creating"):
            for late in (False, True):
                with self.subTest(moment=moment, late=late):
                    place = self.place().write()
                    process = place.start("up", "--knob", "ready_ms=20s", *VARIABLES)
                    place.wait_for(moment)
                    if late:  # it sees first that the folder of its state is gone
                        os.kill(process.pid, signal.SIGSTOP)
                    os.kill(place.cloud(), signal.SIGKILL)
                    if late:
                        place.wait_until(lambda: not (place.folder / ".gantry").exists())
                        os.kill(process.pid, signal.SIGCONT)
                    run = self.assert_code(place.ended(process), 1)
                    self.assertIn("the embedded cloud ended", run.err)
                    self.assert_nothing_left(place)

    def test_by_the_end_of_its_cloud_with_a_server_that_does_not_end(self) -> None:
        """It ends no sooner than what the cloud has left behind."""
        place = self.place().edited(f'"{SERVER}"', f'"-c", {json.dumps(STUBBORN)}')
        process = place.start("up", *VARIABLES)
        place.wait_for("serving; Ctrl-C")
        os.kill(place.cloud(), signal.SIGKILL)
        self.assert_code(place.ended(process), 1)
        self.assert_nothing_left(place)

    def test_two_run_side_by_side(self) -> None:
        place, first = self.serving()
        second = place.start("up", "--once", *VARIABLES)
        run = self.assert_code(place.ended(second), 0)
        self.assertIn("verified", run.err)
        self.assertIsNone(first.poll())
        os.kill(first.pid, signal.SIGINT)
        first.wait(180)
        self.assertEqual(0, first.returncode)
        self.assert_nothing_left(place)


class Printed(UpTest):
    """What it prints works as it stands, in folders with names that shells do not like."""

    place_: Place

    @classmethod
    def setUpClass(cls) -> None:
        cls.place_ = Place("it's a $(folder)")
        cls.addClassCleanup(cls.place_.remove)
        cls.place_.write()
        cls.process = cls.place_.start("up", *VARIABLES)
        cls.place_.wait_for("serving; Ctrl-C")
        cls.text = cls.place_.out[cls.place_.out.index("\n# client ") :]

    @classmethod
    def tearDownClass(cls) -> None:
        os.kill(cls.process.pid, signal.SIGINT)
        if cls.process.wait(180) != 0:
            raise AssertionError(cls.place_.err)

    def section(self, title: str) -> str:
        found = re.search(rf"^# {title}\n(.*?)(?:\n\n|\Z)", self.text, re.MULTILINE | re.DOTALL)
        self.assertIsNotNone(found, self.text)
        return found.group(1)  # type: ignore[union-attr]

    def shell(self, script: str) -> Any:
        done = subprocess.run(
            ["sh", "-euc", script],
            cwd="/",
            env=self.place_.env,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
        return json.loads(done.stdout)

    def test_values(self) -> None:
        rows = dict(re.findall(r"^(endpoint|token URL|client id|scope) +(\S+)$", self.text, re.MULTILINE))
        self.assertRegex(rows["endpoint"], r"^http://127\.0\.0\.1:\d+/gateway/[^/]+/mcp$")
        self.assertRegex(rows["token URL"], r"^http://127\.0\.0\.1:\d+/.*/oauth2/token$")
        self.assertRegex(rows["client id"], r"^[a-z0-9]{20,}$")
        self.assertEqual("Chain/invoke", rows["scope"])

    def test_no_secret_is_shown(self) -> None:
        state = next((self.place_.folder / ".gantry").rglob("default.json")).read_text(encoding="utf-8")
        script = self.section("a token").split("curl")[0]
        secret = self.shell(script + 'printf \'"%s"\' "$GANTRY_CLIENT_MCP_AGENT_CLIENT_SECRET"')
        self.assertGreater(len(secret), 40)
        for text in (self.place_.out, self.place_.err, state):
            self.assertNotIn(secret, text)

    def test_curl_for_the_token(self) -> None:
        token = self.shell(self.section("a token"))
        self.assertEqual(("Bearer", 3600), (token["token_type"], token["expires_in"]))

    def test_curl_for_the_tools(self) -> None:
        exports = [line for line in self.section("a token").splitlines() if line.startswith("export")]
        answer = self.shell("\n".join([*exports, self.section("the tools")]))
        names = [tool["name"] for tool in answer["result"]["tools"]]
        self.assertIn("server___echo", names)

    def test_settings_of_desktop_clients(self) -> None:
        document = json.loads(self.text[self.text.index("# for desktop clients\n") :].split("\n", 1)[1])
        self.assertEqual(["chain-tools"], list(document["mcpServers"]))
        server = document["mcpServers"]["chain-tools"]
        request = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
        done = subprocess.run(
            [server["command"], *server["args"]],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "HOME": self.place_.env["HOME"], **server["env"]},
            input=json.dumps(request) + "\n",
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        answer = json.loads(done.stdout)
        self.assertEqual(7, answer["id"])
        self.assertIn("server___echo", [tool["name"] for tool in answer["result"]["tools"]])

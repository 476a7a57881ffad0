"""Lost answers, storms of refusals, interruptions, full disks, damaged files: nothing is lost, and the next
apply converges."""

from __future__ import annotations

import difflib
import os
import resource
import shutil
import signal
import time

from .harness import (
    DONE,
    FAILED,
    HANGS,
    INTERRUPTED,
    LOCKED,
    PARTLY,
    StackCloud,
    StackTest,
    Run,
    Workspace,
    content,
    interrupt,
    quick_suite,
)
from .sweep import WORKERS, check, killed_run, sweep

KINDS = (
    "reset-before", "reset-after", "500", "500-after", "html", "html-after", "throttle", "truncate", "empty", "junk",
)  # fmt: skip
# A stalled call costs the minute after which it is given up, so there are few, all at once.
STALLS = (
    ("CreateUserPool", "stall"), ("CreateGateway", "stall-before"), ("CreateAgentRuntime", "stall"),
    ("PutRolePolicy", "stall"), ("ListGateways", "stall-before"), ("DeleteGateway", "stall"),
)  # fmt: skip
AT = (
    "CreateUserPool", "CreateUserPoolDomain", "CreateResourceServer", "CreateUserPoolClient", "CreateRole",
    "PutRolePolicy", "CreateGateway", "CreateAgentRuntime", "CreateGatewayTarget", "GetGateway", "ListGateways",
    "GetRole", "DescribeUserPool", "ListAgentRuntimes", "GetCallerIdentity",
)  # fmt: skip
AT_DESTROY = (
    "DeleteGatewayTarget", "DeleteGateway", "DeleteAgentRuntime", "DeleteRolePolicy", "DeleteRole",
    "DeleteUserPoolDomain", "DeleteUserPoolClient", "DeleteUserPool", "DeleteLogGroup",
)  # fmt: skip


class FaultWorker:
    """One cloud, one workspace, a fault for each point."""

    def __init__(self, expected: list[str]) -> None:
        self.cloud, self.expected = StackCloud(), expected
        self.space = Workspace(self.cloud.url, quick_suite(), key=self.cloud.key)
        self.space.environment = "dev"

    def close(self) -> None:
        """Server and folder go."""
        self.cloud.stop()
        self.space.remove()

    def settle(self) -> list[str]:
        """The cloud once nothing moves any more."""
        self.cloud.wait_until(
            lambda: not any(record.get("status", "").endswith("ING") for record in self.cloud.objects())
        )
        return content(self.cloud.objects())

    def run(self, fault: dict[str, str]) -> None:
        """Apply with the fault; if it did not get through, again; then a quiet apply; then a destroy."""
        self.cloud.begin()
        baseline = content(self.cloud.objects())
        shutil.rmtree(self.space.folder / ".gantry", ignore_errors=True)
        removing = fault["operation"].startswith("Delete")
        if not removing:
            self.cloud.faults(fault)
        self.through(self.space.apply)
        found = self.settle()
        lines = "\n".join(difflib.unified_diff(self.expected, found, "undisturbed", "disturbed", n=0, lineterm=""))
        check(found == self.expected, f"the cloud differs:\n{lines}")
        self.cloud.faults()
        mark = self.cloud.mark()
        run = self.space.apply()
        check(run.code == DONE and not self.cloud.mutations(mark), f"not quiet: {self.cloud.mutations(mark)} {run}")
        if removing:
            self.cloud.faults(fault)
        self.through(self.space.destroy)
        found = self.settle()
        check(found == baseline, f"left: {set(found) - set(baseline)}")

    @staticmethod
    def through(command) -> Run:  # type: ignore[no-untyped-def]
        """Done at once, or failed in an orderly way and done the second time."""
        run = command()
        check(not run.crashed(), f"crashed: {run}")
        if run.code != DONE:
            check(run.code in (FAILED, PARTLY), f"exit code: {run}")
            run = command()
            check(run.code == DONE, f"the second run failed too: {run}")
        return run


class Sweeps(StackTest):
    """Every kind of fault at many operations."""

    def assert_sweep(self, points: list[dict[str, str]], workers: int = WORKERS) -> None:
        self.assert_run(self.quick().apply())
        expected = content(self.cloud.objects())
        problems = sweep(points, lambda: FaultWorker(expected), workers)
        if problems:
            self.fail(f"{len(problems)} problems:\n" + "\n\n".join(problems))

    def test_every_fault_at_several_requests(self) -> None:
        self.assert_sweep(
            [
                {"operation": operation, "fault": kind}
                for index, operation in enumerate((*AT, *AT_DESTROY))
                # Each operation gets three kinds, and each kind every third operation.
                for kind in KINDS[index % 3 :: 3]
            ]
        )

    def test_answers_that_never_come(self) -> None:
        points = [{"operation": operation, "fault": kind} for operation, kind in STALLS]
        self.assert_sweep(points, len(points))


class Faults(StackTest):
    """Faults with a story."""

    def test_throttle_storm(self) -> None:
        space = self.quick()
        self.cloud.faults(
            {"service": "cognito-idp", "nth": 2, "times": 4, "fault": "throttle"},
            {"service": "iam", "nth": 2, "times": 4, "fault": "throttle"},
            {"service": "bedrock-agentcore-control", "nth": 3, "times": 6, "fault": "throttle"},
        )
        self.assert_run(space.apply())
        self.cloud.faults()
        self.assert_quiet(space)

    def test_failure_stops_only_what_depends_on_it(self) -> None:
        space = self.quick()
        self.cloud.faults(
            {
                "operation": "CreateAgentRuntime",
                "times": 100,
                "fault": "error",
                "code": "ServiceQuotaExceededException",
                "message": "too many runtimes",
                "status": 402,
            }
        )
        run = self.assert_run(space.apply(), PARTLY)
        self.assertIn("too many runtimes", run.out + run.err)
        self.assertIn("CreateAgentRuntime", run.out + run.err)
        kinds = {record["kind"] for record in self.cloud.objects()}
        self.assertIn("gateway", kinds)
        self.assertNotIn("target", kinds)
        self.cloud.faults()
        self.assert_run(space.apply())
        self.assert_quiet(space)

    def test_target_that_failed_over_its_role_is_driven_again(self) -> None:
        self.cloud.configure(iam_lag_ms=2500)
        space = self.quick()
        self.assert_run(space.apply())
        self.assertEqual("READY", self.cloud.one("target")["status"])

    def test_object_that_lands_in_failed(self) -> None:
        space = self.quick()
        self.cloud.faults(
            {"operation": "CreateAgentRuntime", "fault": "land", "status": "CREATE_FAILED", "reason": "no capacity"}
        )
        run = space.apply()
        self.assertFalse(run.crashed(), str(run))
        if run.code != DONE:
            self.assertIn("no capacity", run.out + run.err)
        self.assert_run(space.apply("--allow-replace", "*"))
        self.cloud.wait_until(lambda: not self.moving())
        self.assertEqual("READY", self.cloud.one("runtime")["status"])
        self.assert_quiet(space)

    def test_skewed_clock(self) -> None:
        self.cloud.configure(skew_ms=20 * 60 * 1000)
        space = self.quick()
        self.assert_run(space.apply())
        self.assert_quiet(space)

    def test_wrong_and_missing_credentials(self) -> None:
        space = self.quick()
        cases = {
            "wrong secret": {"AWS_SECRET_ACCESS_KEY": "wrong"},
            "unknown key": {"AWS_ACCESS_KEY_ID": "AKIANOBODY"},
            "wrong session token": {"AWS_SESSION_TOKEN": "not-a-token-of-this-key"},
        }
        for name, changes in cases.items():
            with self.subTest(name):
                run = self.assert_run(space.run("apply", "--yes", env=changes), FAILED)
                self.assertRegex(run.err, "(?i)signature|credential|token|InvalidClientTokenId|denied")
                self.assertNotIn("not-a-token-of-this-key", run.err)
                self.assertEqual([], self.cloud.mutations())
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del space.env[key]
        run = self.assert_run(space.run("apply", "--yes"), FAILED)
        self.assertRegex(run.err, "(?i)credentials")

    def test_credentials_that_expire_in_the_middle(self) -> None:
        space = self.quick()
        for code in ("ExpiredTokenException", "ExpiredToken"):
            self.cloud.faults({"mutating": True, "nth": 4, "times": 1000, "fault": "error", "code": code, "message": "expired", "status": 403})
            run = space.apply()
            self.assertFalse(run.crashed(), str(run))
            self.assertIn(run.code, (FAILED, PARTLY), str(run))
            self.assertIn("expired", (run.out + run.err).lower())
        self.cloud.faults()
        self.assert_run(space.apply())
        self.assert_quiet(space)
        self.assert_destroyed(space)

    def test_service_that_is_not_there(self) -> None:
        space = self.workspace("http://127.0.0.1:9", quick_suite(), "dev")
        run = self.assert_run(space.run("apply", "--yes"), FAILED)
        self.assertRegex(run.err, "(?i)connect|refused")


class Signals(StackTest):
    """SIGINT, SIGTERM and SIGKILL in the middle."""

    def hold(self, space: Workspace, operation: str, *arguments: str):  # type: ignore[no-untyped-def]
        """A run whose call of `operation` is held by the cloud, its work done."""
        self.cloud.faults({"operation": operation, "fault": "block-after"})
        process = space.start(*arguments)
        self.cloud.blocked()
        return process

    def end(self, space: Workspace, process) -> Run:  # type: ignore[no-untyped-def]
        return space.finish(process, ["(signalled)"], HANGS, time.monotonic())

    def test_interrupt_finishes_what_runs_and_begins_nothing(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.setUp()
                space = self.quick()
                process = self.hold(space, "CreateGateway", "apply", "--yes", "--json")
                interrupt(process, number)
                mark = self.cloud.mark()
                self.cloud.release()
                run = self.assert_run(self.end(space, process), INTERRUPTED)
                self.assertNotIn("CreateGatewayTarget", self.cloud.mutations(mark))
                self.assertEqual(1, len(self.cloud.objects("gateway")), str(run))
                listed = self.assert_run(space.run("state", "list"))
                self.assertIn("gateway.tools", listed.out)
                self.cloud.faults()
                again = self.assert_run(space.apply())
                self.assertNotIn("CreateGateway", self.cloud.mutations(mark), str(again))
                self.assert_quiet(space)
                self.assert_destroyed(space)

    def test_second_interrupt_ends_at_once(self) -> None:
        space = self.quick()
        process = self.hold(space, "CreateGateway", "apply", "--yes", "--json")
        interrupt(process)
        since = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        run = self.end(space, process)
        # What it does not wait for any more takes the minute after which a call is given up.
        self.assertLess(time.monotonic() - since, 30)
        self.assertNotEqual(0, run.code)
        self.cloud.release()
        self.cloud.faults()
        self.assert_run(space.apply())
        self.assertEqual(1, len(self.cloud.objects("gateway")))
        self.assert_quiet(space)
        self.assert_destroyed(space)

    def test_interrupt_while_planning_changes_nothing(self) -> None:
        space = self.quick()
        self.cloud.faults({"operation": "ListGateways", "fault": "block-before"})
        process = space.start("apply", "--yes", "--json")
        self.cloud.blocked()
        interrupt(process)
        self.cloud.release()
        run = self.end(space, process)
        self.assertIn(run.code, (INTERRUPTED, -signal.SIGINT), str(run))
        self.assertEqual([], self.cloud.mutations())

    def test_lock_is_held_and_named_and_freed(self) -> None:
        space = self.quick()
        process = self.hold(space, "CreateGateway", "apply", "--yes", "--json")
        os.kill(process.pid, signal.SIGSTOP)  # what it makes beside the gateway is not for the mark
        os.waitpid(process.pid, os.WUNTRACED)
        mark = self.cloud.mark()
        for command in ("apply", "destroy"):
            run = self.assert_run(space.run(command, "--yes"), LOCKED)
            self.assertIn(str(process.pid), run.err)
        self.assert_untouched(mark)
        diff = space.diff()
        self.assertFalse(diff.crashed(), str(diff))
        self.assertNotEqual(LOCKED, diff.code, "diff needs no lock")
        os.kill(process.pid, signal.SIGKILL)
        self.end(space, process)
        self.cloud.release()
        self.cloud.faults()
        self.assert_run(space.apply())
        self.assertEqual(1, len(self.cloud.objects("gateway")))
        self.assert_quiet(space)


def _limit_files() -> None:
    """In the child: no file may grow beyond this; writes then fail with EFBIG."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


class Files(StackTest):
    """What the disk can do to a state."""

    def test_full_disk(self) -> None:
        space = self.quick()
        run = space.apply(preexec_fn=_limit_files)
        self.assertFalse(run.crashed(), str(run))
        self.assertIn(run.code, (FAILED, PARTLY), str(run))
        self.assertRegex(run.out + run.err, "(?i)too large|no space|cannot|write")
        self.assert_run(space.apply())
        self.assert_quiet(space)
        self.assert_destroyed(space)

    def test_folder_that_cannot_be_written(self) -> None:
        space = self.quick()
        (space.folder / ".gantry").write_text("a file where the folder should be")
        run = self.assert_run(space.apply(), FAILED)
        self.assertIn(".gantry", run.out + run.err)
        self.assertEqual([], self.cloud.mutations())

    def test_broken_states_are_refused_with_words_and_kept(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        path = space.state_path()
        good, before = path.read_bytes(), content(self.cloud.objects())
        broken = {
            "empty": b"",
            "cut": good[: len(good) // 2],
            "binary": os.urandom(4096),
            "list": b"[]",
            "null": b"null",
            "newer": good.replace(b'"format": 1', b'"format": 99').replace(b'"format":1', b'"format":99'),
            "deep": b"[" * 100000,
            "wrong types": b'{"format": 1, "stack": 3, "entries": "none"}',
        }
        for name, data in broken.items():
            for command in ("apply", "diff", "destroy", "output"):
                with self.subTest(name, command=command):
                    self.assertNotEqual(good, data)
                    path.write_bytes(data)
                    mark = self.cloud.mark()
                    words = ["--yes"] if command in ("apply", "destroy") else []
                    run = self.assert_run(space.run(command, *words), FAILED)
                    self.assertIn(path.name, run.err)
                    self.assert_untouched(mark)
                    self.assertEqual(data, path.read_bytes(), "a damaged state is evidence")
        self.assertEqual(before, content(self.cloud.objects()))
        path.write_bytes(good)
        self.assert_quiet(space)

    def test_previous_state_is_kept(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        space.edit("description: Lark tools for Quick Suite", "description: Other tools")
        self.assert_run(space.apply())
        backups = [item for item in space.state_path().parent.iterdir() if "backup" in item.name]
        self.assertTrue(backups)

    def test_broken_journals(self) -> None:
        for name, spoil in (
            ("half a line at the end", lambda data: data[:-20]),
            ("junk at the end", lambda data: data + b"\x00\xff{junk"),
            ("junk in the middle", lambda data: b"{junk\n" + data),
            ("binary", lambda data: os.urandom(len(data))),
        ):
            with self.subTest(name):
                self.setUp()
                space = self.quick()
                pid_file = str(space.base / "pid")
                self.cloud.faults({"operation": "CreateGateway", "fault": "kill-after", "pidfile": pid_file})
                killed_run(space, "apply", "--yes", "--json")
                self.cloud.faults()
                journal = space.state_path().with_suffix(".journal")
                self.assertTrue(journal.exists(), [str(path) for path in space.files()])
                journal.write_bytes(spoil(journal.read_bytes()))
                mark = self.cloud.mark()
                run = space.apply()
                self.assertFalse(run.crashed(), str(run))
                if run.code != DONE:
                    self.assertEqual(FAILED, run.code, str(run))
                    self.assertIn(journal.name, run.out + run.err)
                    self.assert_untouched(mark)
                else:
                    self.assertEqual(1, len(self.cloud.objects("gateway")))
                    self.assert_quiet(space)

    def test_modes(self) -> None:
        space = self.quick()
        self.assert_run(space.apply())
        for path in (space.folder / ".gantry").rglob("*"):
            self.assertEqual(0, path.stat().st_mode & 0o077, path)

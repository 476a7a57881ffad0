"""No failure may lose an object: gantry is killed at every request of a run, before its work was done and
between the work and the answer.  The next apply converges, nothing is there twice, nothing is left."""

from __future__ import annotations

import difflib
import shutil
import unittest
from typing import Any

from .harness import DONE, HARD, LONG, IntegrationTest, Run, StackCloud, Workspace, content, quick_suite
from .sweep import check, killed_run, sweep

KNOBS = {"page_size": 1}
UPDATED = (
    ("description: Lark tools for Quick Suite", "description: Other tools"),
    ("quick-suite: {scopes: [invoke]}", "quick-suite: {scopes: [invoke]}\n      other: {}"),
    ('PORT: "8000"', 'PORT: "9000"'),
    ("tags: {team: platform}", "tags: {owner: me}"),
)


def edited(manifest: str) -> str:
    """Several kinds of changes at once."""
    for old, new in UPDATED:
        assert manifest.count(old) == 1, old
        manifest = manifest.replace(old, new)
    return manifest


class Worker:
    """One cloud and one workspace, used for point after point."""

    knobs: dict[str, Any] = KNOBS

    def __init__(self, expected: list[str] | None = None) -> None:
        self.cloud = StackCloud()
        self.space = Workspace(self.cloud.url, quick_suite(), key=self.cloud.key)
        self.space.environment = "dev"
        self.expected = expected
        self.baseline: list[str] = []
        self.kills = 0

    def close(self) -> None:
        """Server and folder go."""
        self.cloud.stop()
        self.space.remove()

    def begin(self) -> None:
        """Nothing in the cloud but the seeds, no state, the manifest as it is in the example."""
        self.cloud.begin(**self.knobs)
        self.baseline = content(self.cloud.objects())
        shutil.rmtree(self.space.folder / ".gantry", ignore_errors=True)
        self.space.write(quick_suite())

    def settle(self) -> list[str]:
        """The cloud once nothing moves any more."""
        self.cloud.wait_until(
            lambda: not any(
                record.get("status", "").endswith(("ING", "Creating")) for record in self.cloud.objects()
            )
        )
        return content(self.cloud.objects())

    def must(self, run: Run, code: int = DONE) -> Run:
        """It ended so and did not crash."""
        check(not run.crashed() and run.code == code, f"wanted {code}: {run}")
        return run

    def kill(self, fault: dict[str, Any], *arguments: str) -> bool:
        """A run with that fault; false when it ended before the fault could strike."""
        mark = self.cloud.mark()
        self.cloud.faults({**fault, "pidfile": str(self.space.base / "pid")})
        run = killed_run(self.space, *arguments)
        self.cloud.faults()
        if run.code == -9:
            self.kills += 1
            return True
        self.must(run)
        # The slower the machine, the fewer the polls. A stream's answer is past a fault.
        calls = self.cloud.calls(mark)
        made = len(calls if "request" in fault else self.cloud.mutations(mark))
        struck = [call["operation"] for call in calls if "fault" in call]
        reached = made >= fault.get("request", fault.get("nth"))
        check(struck == ["InvokeAgentRuntime"] or not reached, f"not killed at {fault} of {made} {struck}: {run}")
        return False

    def converges(self, expected: list[str] | None) -> None:
        """One apply without help gives exactly what an undisturbed one gives; another has nothing to do."""
        run = self.must(self.space.apply())
        found = self.settle()
        lineages = {record["tags"]["gantry:lineage"] for record in self.cloud.objects() if "gantry:lineage" in record["tags"]}
        check(len(lineages) == 1, f"objects of several lineages: {lineages}")
        if expected is not None and found != expected:
            lines = "\n".join(difflib.unified_diff(expected, found, "undisturbed", "after the kill", n=0, lineterm=""))
            raise AssertionError(f"the cloud differs:\n{lines}\n{run}")
        mark = self.cloud.mark()
        run = self.must(self.space.apply())
        check(not self.cloud.mutations(mark), f"a further apply called {self.cloud.mutations(mark)}: {run}")

    def vanishes(self) -> None:
        """A destroy leaves what was there before."""
        run = self.must(self.space.destroy())
        found = self.settle()
        check(found == self.baseline, "left after destroy:\n" + "\n".join(set(found) - set(self.baseline)) + f"\n{run}")
        left = [path for path in self.space.folder.rglob("*") if path.is_file() and path.name != "gantry.yaml"]
        check(not left, f"files left after destroy: {left}")


class KilledApply(Worker):
    """apply is killed, applied again, destroyed."""

    def run(self, fault: dict[str, Any]) -> None:
        """One point."""
        self.begin()
        self.kill(fault, "apply", "--yes", "--json")
        self.converges(self.expected)
        self.vanishes()


class KilledHard(KilledApply):
    """The same in a cloud that is slow to show what was done to it."""

    knobs = HARD


class KilledTwice(Worker):
    """apply is killed, and the apply that recovers is killed as well."""

    def run(self, faults: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """One point."""
        self.begin()
        self.kill(faults[0], "apply", "--yes", "--json")
        self.kill(faults[1], "apply", "--yes", "--json")
        self.converges(self.expected)
        self.vanishes()


class KilledUpdate(Worker):
    """An apply of changes is killed, applied again, destroyed."""

    def run(self, fault: dict[str, Any]) -> None:
        """One point."""
        self.begin()
        self.must(self.space.apply())
        self.space.write(edited(quick_suite()))
        self.kill(fault, "apply", "--yes", "--json")
        self.converges(self.expected)
        self.vanishes()


class KilledDestroy(Worker):
    """destroy is killed; the next destroy finishes it, or an apply makes everything again."""

    def run(self, fault: dict[str, Any]) -> None:
        """One point."""
        self.begin()
        self.must(self.space.apply())
        self.kill(fault, "destroy", "--yes", "--json")
        if fault["fault"] == "kill-after":
            self.converges(self.expected)
        self.vanishes()


class Torture(IntegrationTest):
    """Sweeps."""

    @classmethod
    def setUpClass(cls) -> None:
        """Undisturbed runs: how many requests there are, and what the cloud has to look like."""
        worker = Worker()
        try:
            worker.begin()
            worker.must(worker.space.apply())
            cls.requests = len(worker.cloud.calls())
            cls.mutations = len(worker.cloud.mutations())
            cls.applied = worker.settle()
            mark = worker.cloud.mark()
            worker.space.write(edited(quick_suite()))
            worker.must(worker.space.apply())
            cls.update_requests = len(worker.cloud.calls(mark))
            cls.update_mutations = len(worker.cloud.mutations(mark))
            cls.updated = worker.settle()
            mark = worker.cloud.mark()
            worker.must(worker.space.destroy())
            cls.destroy_requests = len(worker.cloud.calls(mark))
            cls.destroy_mutations = len(worker.cloud.mutations(mark))
            print(
                f"requests (of them mutating): apply {cls.requests} ({cls.mutations}), update "
                f"{cls.update_requests} ({cls.update_mutations}), destroy {cls.destroy_requests} ({cls.destroy_mutations})",
                flush=True,
            )
        finally:
            worker.close()

    def assert_sweep(self, points: list[Any], worker: type[Worker], expected: list[str]) -> None:
        workers: list[Worker] = []

        def make() -> Worker:
            workers.append(worker(expected))
            return workers[-1]

        problems = sweep(points, make)
        kills = sum(item.kills for item in workers)
        print(f"{self.id().rpartition('.')[2]}: {len(points)} points, {kills} kills", flush=True)
        if problems:
            self.fail(f"{len(problems)} problems:\n" + "\n\n".join(problems))
        self.assertGreater(kills, 0.6 * len(points), "hardly any run was killed: this shows nothing")

    @staticmethod
    def every_request(count: int, margin: int = 6) -> list[dict[str, Any]]:
        """Every request of any kind; some more, since polls are not always the same number."""
        return [
            {"request": number, "fault": fault}
            for number in range(1, count + margin)
            for fault in ("kill-before", "kill-after")
        ]

    @staticmethod
    def every_mutation(count: int) -> list[dict[str, Any]]:
        """Every request that changes something."""
        return [
            {"mutating": True, "nth": number, "fault": fault}
            for number in range(1, count + 1)
            for fault in ("kill-before", "kill-after")
        ]

    def test_apply_killed_at_every_request(self) -> None:
        self.assert_sweep(self.every_request(self.requests), KilledApply, self.applied)

    @unittest.skipUnless(LONG, "a long run")
    def test_apply_killed_in_a_slow_cloud(self) -> None:
        self.assert_sweep(self.every_request(self.requests), KilledHard, self.applied)

    def test_update_killed(self) -> None:
        points = self.every_request(self.update_requests) if LONG else self.every_mutation(self.update_mutations)
        self.assert_sweep(points, KilledUpdate, self.updated)

    def test_destroy_killed(self) -> None:
        points = self.every_request(self.destroy_requests) if LONG else self.every_mutation(self.destroy_mutations)
        self.assert_sweep(points, KilledDestroy, self.applied)

    def test_recovery_killed(self) -> None:
        step = 1 if LONG else 5
        points = [
            ({"mutating": True, "nth": first, "fault": "kill-after"}, {"mutating": True, "nth": second, "fault": "kill-after"})
            for first in range(1, self.mutations + 1, step)
            for second in (1, 2)
        ]
        self.assert_sweep(points, KilledTwice, self.applied)


if __name__ == "__main__":
    unittest.main()

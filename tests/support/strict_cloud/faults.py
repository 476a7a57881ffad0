"""The fault script: what goes wrong with which request."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

BEFORE = ("reset-before", "500", "html", "throttle", "error", "stall-before")
"""The work is not done."""
AFTER = ("reset-after", "500-after", "html-after", "truncate", "stall", "empty", "junk")
"""The work is done, the answer is lost or spoilt."""
AROUND = ("kill-before", "kill-after", "block-before", "block-after", "slow", "land")
NAMES = (*BEFORE, *AFTER, *AROUND)
_MATCHERS = ("request", "operation", "service", "mutating", "nth", "times")
_PARAMETERS = ("pid", "pidfile", "code", "message", "status", "reason", "ms")


class Script:
    """Entries are matched in order; the first that fires wins.

    An entry counts the requests that fit it since the script was posted and fires on the nth
    (default 1), and on the following ones up to `times`.  {"request": k} fits every request.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def post(self, entries: Any) -> None:
        """Replace the script; raises ValueError when it makes no sense."""
        if not isinstance(entries, list):
            raise ValueError("a fault script is a list")
        checked = []
        for entry in entries:
            unknown = set(entry) - {*_MATCHERS, *_PARAMETERS, "fault"}
            if unknown or entry.get("fault") not in NAMES:
                raise ValueError(f"bad fault entry {entry}: fault is one of {', '.join(NAMES)}")
            if "request" in entry and {"operation", "service", "mutating", "nth"} & set(entry):
                raise ValueError(f"bad fault entry {entry}: request goes alone")
            if entry["fault"].startswith("kill") and not {"pid", "pidfile"} & set(entry):
                raise ValueError(f"bad fault entry {entry}: kill needs pid or pidfile")
            checked.append({**entry, "_seen": 0})
        with self._lock:
            self._entries = checked

    def take(self, service: str | None, operation: str | None, mutating: bool) -> dict[str, Any] | None:
        """The fault of a request that has arrived, or None."""
        chosen = None
        with self._lock:
            for entry in self._entries:
                if (
                    entry.get("operation", operation) != operation
                    or entry.get("service", service) != service
                    or entry.get("mutating", mutating) != mutating
                ):
                    continue
                entry["_seen"] += 1
                first = entry.get("request", entry.get("nth", 1))
                if chosen is None and first <= entry["_seen"] < first + entry.get("times", 1):
                    chosen = entry
        return chosen

    def pending(self) -> list[dict[str, Any]]:
        """The script with how many fitting requests each entry has seen."""
        with self._lock:
            return [
                {**{key: value for key, value in entry.items() if key != "_seen"}, "seen": entry["_seen"]}
                for entry in self._entries
            ]


class Gate:
    """Requests held by block-before and block-after until the test lets them go."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._held: dict[int, dict[str, Any]] = {}
        self._released: set[int] = set()

    def hold(self, entry: dict[str, Any], timeout: float) -> None:
        """Wait for release()."""
        number = entry["n"]
        with self._condition:
            self._held[number] = entry
            self._condition.notify_all()
            self._condition.wait_for(lambda: number in self._released, timeout)
            self._held.pop(number, None)
            self._released.discard(number)

    def held(self, timeout: float) -> list[dict[str, Any]]:
        """The held requests; waits until there is one."""
        with self._condition:
            self._condition.wait_for(lambda: bool(self._held), timeout)
            return list(self._held.values())

    def release(self) -> int:
        """Let all go; how many."""
        with self._condition:
            self._released.update(self._held)
            self._condition.notify_all()
            return len(self._released)


def _read_pid(path: str, patience: float = 5.0) -> int:
    """The number in a file that the test may still be about to write."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with open(path, encoding="ascii") as file:
                text = file.read().strip()
            if text:
                return int(text)
        except FileNotFoundError:
            pass
        time.sleep(0.005)
    raise ValueError(f"no process id in {path}")


def kill(fault: dict[str, Any]) -> None:
    """SIGKILL to the process that the test named; never to this process or its parent."""
    pid = int(fault["pid"]) if "pid" in fault else _read_pid(fault["pidfile"])
    if pid <= 1 or pid in (os.getpid(), os.getppid()):
        raise ValueError(f"will not kill process {pid}")
    os.kill(pid, signal.SIGKILL)

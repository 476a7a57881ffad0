"""Killing gantry at request after request: many short runs side by side, each against a server of its own."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from .harness import Run, Workspace

WORKERS = 8
"""Runs side by side: most of their time is waiting for what settles."""


def sweep(points: Iterable[Any], make_worker: Callable[[], Any], workers: int = WORKERS) -> list[str]:
    """Runs worker(point) for each point; what went wrong, point by point.

    make_worker() is called once per thread and gives an object with run(point) and close().
    """
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for point in points:
        waiting.put(point)
    problems: list[str] = []

    def work() -> None:
        try:
            worker = make_worker()
        except Exception:
            problems.append(traceback.format_exc())
            return
        try:
            while len(problems) < 5:
                try:
                    point = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    worker.run(point)
                except Exception as error:
                    text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
                    problems.append(f"{point}: {text}")
        finally:
            worker.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def killed_run(space: Workspace, *arguments: str, timeout: float = 120) -> Run:
    """A run whose process id is in the folder's file `pid`, for the server that will kill it."""
    since = time.monotonic()
    process = space.start(*arguments)
    temporary = space.base / "pid.new"
    temporary.write_text(str(process.pid), encoding="ascii")
    temporary.rename(space.base / "pid")
    try:
        return space.finish(process, arguments, timeout, since)
    finally:
        (space.base / "pid").unlink()


def check(condition: bool, message: str) -> None:
    """An assertion outside of a TestCase, since workers are no test cases."""
    if not condition:
        raise AssertionError(message)

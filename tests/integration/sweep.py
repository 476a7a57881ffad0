"""Killing gantry at request after request: many short runs side by side, each against a server of its own."""

from __future__ import annotations

import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from .harness import HANGS, Run, Workspace

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


def killed_run(space: Workspace, *arguments: str, timeout: float = HANGS) -> Run:
    """A run whose process id is in the folder's file `pid`, before it asks the server that will kill it."""
    since, pid_file = time.monotonic(), space.base / "pid"

    def write_pid() -> None:
        pid_file.write_text(str(os.getpid()), encoding="ascii")

    process = space.start(*arguments, preexec_fn=write_pid)
    try:
        return space.finish(process, arguments, timeout, since)
    finally:
        pid_file.unlink()


def check(condition: bool, message: str) -> None:
    """An assertion outside of a TestCase, since workers are no test cases."""
    if not condition:
        raise AssertionError(message)

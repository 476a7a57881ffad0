"""Every test of this folder belongs to a CTest entry: CMakeLists.txt names modules, classes and methods one by one."""

from __future__ import annotations

import re
import unittest
from collections.abc import Iterator
from pathlib import Path

from .harness import ROOT

HERE = Path(__file__).parent


def ids(suite: unittest.TestSuite) -> Iterator[str]:
    """The ids of all tests in a suite."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from ids(item)
        else:
            yield item.id().removeprefix("tests.integration.")


class Entries(unittest.TestCase):
    """Nothing is left out, and nothing is run twice."""

    def test_each_test_is_in_one(self) -> None:
        text = (HERE / "CMakeLists.txt").read_text(encoding="utf-8")
        entries = re.findall(r"^gt_integration_test\(\S+ \d+ ([^)]*)\)", text, re.MULTILINE)
        names = [name for entry in entries for name in entry.split()]
        found = list(ids(unittest.TestLoader().discover(str(HERE), top_level_dir=str(ROOT))))
        self.assertGreater(len(found), 100)
        for test in found:
            owners = [name for name in names if test == name or test.startswith(f"{name}.")]
            self.assertEqual(1, len(owners), f"{test} is in {owners}")

"""Node and the packages of tests/integration/js, which tests/run.sh installs below the build folder.

GANTRY_NODE_MODULES names the node_modules of that installation; without it such tests are left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).parent / "js"
MODULES = Path(os.environ.get("GANTRY_NODE_MODULES", ""))
NODE = next(MODULES.glob("node-linux-*/bin/node"), MODULES / ".bin/node")
"""A Node of npm's: packages of distributions are too old. Its link in .bin is not made by every npm."""

needs_javascript = unittest.skipUnless(
    os.environ.get("GANTRY_NODE_MODULES"), "GANTRY_NODE_MODULES is not set (see tests/integration/CMakeLists.txt)"
)


def run_script(name: str, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Runs tests/integration/js/NAME with the installed packages in reach of its imports."""
    with tempfile.TemporaryDirectory(prefix="gantry-js-") as folder:
        script = Path(folder) / name
        shutil.copyfile(SCRIPTS / name, script)
        (Path(folder) / "node_modules").symlink_to(MODULES.resolve())
        return subprocess.run(
            [str(NODE), str(script), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

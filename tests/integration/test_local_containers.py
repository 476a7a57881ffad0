"""Runtimes of the embedded cloud whose image is run: the engine's command line, and that no container
outlives the cloud."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

from tests.support.fake_docker import Engine

from .data_plane import SERVER, DataPlaneTest
from .harness import REGION
from .local_cloud import LocalCloud

IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/tools:1"
STUBBORN = (
    "import runpy, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    f"sys.argv = [{SERVER!r}]; runpy.run_path({SERVER!r}, run_name='__main__')"
)


class World(DataPlaneTest):
    """The helpers, for a cloud that a test makes itself."""

    def runTest(self) -> None:
        pass


class Containers(unittest.TestCase):
    """An engine in front of everything else on PATH."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="gantry-engine-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, *program: str, engine: str = "docker", **env: str) -> World:
        self.engine = Engine(self.folder, [sys.executable, *program], engine)
        self.addCleanup(self.engine.close)
        path = f"{self.folder}:{os.environ.get('PATH', '/usr/bin:/bin')}"
        self.cloud = LocalCloud(env={"PATH": path, **env})
        self.addCleanup(self.cloud.kill)
        self.cloud._defaults()
        world = World()
        world.cloud = self.cloud
        world.setUp()
        return world

    def wait_for_none(self) -> None:
        end = time.monotonic() + 60
        while self.engine.running():
            self.assertLess(time.monotonic(), end, "a container lives on")
            time.sleep(0.02)

    def test_a_container_is_run_and_called(self) -> None:
        world = self.start(SERVER, DOCKER_HOST="unix:///somewhere")
        variables = {"SECRET": "hush-hush", "PATH": "/in", "DOCKER_HOST": "in", "PORT": "1"}
        arn = world.runtime(variables=variables, image=IMAGE)
        answer = world.invoke(arn, "tools/call", {"name": "variables"})
        text = json.loads(answer["response"].read())["result"]["content"][0]["text"]
        seen = json.loads(text)
        [argv] = self.engine.calls
        [name] = self.engine.running()
        port = world.running()[0]["port"]
        self.assertEqual(argv[:3], ["run", "--rm", "--init"])
        self.assertEqual(argv[3:7], ["--name", name, "-p", f"127.0.0.1:{port}:8000"])
        self.assertEqual(argv[-1], IMAGE)
        self.assertNotIn("hush-hush", " ".join(argv))
        self.assertNotIn(seen["AWS_SECRET_ACCESS_KEY"], " ".join(argv))
        self.assertEqual(seen["SECRET"], "hush-hush")
        self.assertEqual((seen["PATH"], seen["DOCKER_HOST"]), ("/in", "in"))
        self.assertEqual((seen["INSIDE_PORT"], seen["HOST"]), ("8000", "0.0.0.0"))
        self.assertNotIn("HOME", seen)
        self.cloud.stop()
        self.wait_for_none()
        self.assertEqual(self.engine.calls[-1], ["rm", "-f", name])

    def test_podman_where_there_is_no_docker(self) -> None:
        world = self.start(SERVER, engine="podman", PATH=str(self.folder) + ":/bin")
        self.assertEqual(world.invoke(world.runtime(image=IMAGE), "ping")["statusCode"], 200)
        self.assertEqual(self.engine.calls[0][:3], ["run", "--rm", "--name"])
        self.cloud.stop()
        self.wait_for_none()

    def test_a_container_that_dies_is_replaced(self) -> None:
        world = self.start(SERVER)
        arn = world.runtime(image=IMAGE)
        with self.assertRaises(world.data.exceptions.RuntimeClientError):
            world.invoke(arn, "tools/call", {"name": "die"})
        self.assertEqual(world.invoke(arn, "ping")["statusCode"], 200)
        names = [argv[4] for argv in self.engine.calls if argv[0] == "run"]
        names += [argv[3] for argv in self.engine.calls if argv[:3] == ["run", "--rm", "--name"]]
        self.assertEqual(len(set(names)), 2)
        self.assertEqual(len(self.engine.running()), 1)
        world.control.delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[1])
        self.wait_for_none()

    def test_a_kill_of_the_cloud_leaves_no_container(self) -> None:
        world = self.start(SERVER)
        world.invoke(world.runtime(image=IMAGE), "ping")
        self.assertEqual(len(self.engine.running()), 1)
        os.kill(self.cloud.process.pid, signal.SIGKILL)
        self.wait_for_none()

    def test_a_container_that_ignores_sigterm_goes_too(self) -> None:
        for how in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(how=how.name):
                self.folder = Path(tempfile.mkdtemp(dir=self.folder))
                world = self.start("-c", STUBBORN)
                world.invoke(world.runtime(image=IMAGE), "ping")
                os.kill(self.cloud.process.pid, how)
                self.wait_for_none()
                self.cloud.process.wait(60)

    def test_an_image_that_cannot_be_had(self) -> None:
        world = self.start("-c", "import sys; sys.exit('no such image')")
        with self.assertRaises(world.data.exceptions.RuntimeClientError) as caught:
            world.invoke(world.runtime(image=IMAGE), "ping")
        self.assertIn("ended with status 1", str(caught.exception))


if __name__ == "__main__":
    unittest.main()

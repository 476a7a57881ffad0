"""Servers of runtimes go with the embedded cloud, however it ends, and come again with a kept one."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from .data_plane import DataPlaneTest, bearer, post, tool_server
from .local_cloud import LocalCloud


def on(cloud: LocalCloud) -> DataPlaneTest:
    """The helpers of the data plane, on a cloud that is emptied first."""
    cloud._defaults()
    test = DataPlaneTest()
    test.cloud = cloud
    test.setUp()
    return test


def change(test: DataPlaneTest, gateway: dict[str, Any], **more: Any) -> None:
    """UpdateGateway wants the whole of it."""
    test.control.update_gateway(
        gatewayIdentifier=gateway["gatewayId"],
        name="tools",
        roleArn=test.gateway_role,
        authorizerType="NONE",
        protocolType="MCP",
        **more,
    )


class End(unittest.TestCase):
    """By order, by a kill, in the middle of everything."""

    def test_a_kept_cloud_knows_its_commands(self) -> None:
        with tempfile.TemporaryDirectory(prefix="gantry-kept-") as folder:
            with LocalCloud(state=folder) as cloud:
                test = on(cloud)
                url, arn, gateway = test.chain()
            with LocalCloud(state=folder) as cloud:
                test.cloud = cloud
                test.data = cloud.client("bedrock-agentcore")
                self.assertEqual(test.invoke(arn, "ping")["statusCode"], 200)
                url = f"{cloud.url}/gateway/{gateway['gatewayId']}/mcp"
                self.assertIn("lark___echo", test.tools(url))
                self.assertEqual(test.text(url, "lark___add", {"a": 1, "b": 2}), "3")

    def test_what_was_written_as_it_happened_is_what_was_in_memory(self) -> None:
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            with LocalCloud(state=first) as cloud:
                test = on(cloud)
                url, arn, gateway = test.chain()
                self.assertEqual(test.text(url, "lark___add", {"a": 1, "b": 2}), "3")
                change(test, gateway, description="Changed.")
                test.control.delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[1])
                cloud.wait_until(lambda: not cloud.objects("runtime"))
                statuses = {"CREATING", "UPDATING", "DELETING"}
                cloud.wait_until(lambda: statuses.isdisjoint(item.get("status") for item in cloud.objects()))
                for name in ("state.json", "journal"):  # as they would be after a kill
                    shutil.copy(Path(first, name), second)
            with LocalCloud(state=second):
                pass  # reads the journal, and writes all of it when it ends
            kept, read = (
                json.loads(Path(folder, "state.json").read_text(encoding="utf-8")) for folder in (first, second)
            )
            self.assertGreater(len(kept["objects"]), 5)
            for name in ("objects", "keys", "tokens", "jwks", "id", "pageSecret"):
                self.assertEqual(json.dumps(kept[name]), json.dumps(read[name]), name)

    def test_an_end_in_the_middle_of_everything(self) -> None:
        with LocalCloud() as cloud, socket.create_server(("127.0.0.1", 0)) as silent:
            test = on(cloud)
            url, arn, gateway = test.chain()
            test.command("pipe", "stdio", transport="stdio")
            test.runtime_target(gateway, test.runtime("pipe"), "pipe")
            test.command("late", environment={"LATE": "20"})
            late = test.runtime("late")
            port = silent.getsockname()[1]
            with tool_server() as endpoint:
                dynamic = test.server_target(gateway, endpoint, "dynamic", mode="DYNAMIC")
                self.assertEqual(dynamic["status"], "READY")
            test.control.create_gateway_target(
                gatewayIdentifier=gateway["gatewayId"],
                name="silent",
                targetConfiguration={
                    "mcp": {"mcpServer": {"endpoint": f"http://127.0.0.1:{port}/mcp"}}
                },
            )
            guarded = test.gateway(
                "guarded",
                authorizerType="CUSTOM_JWT",
                authorizerConfiguration={
                    "customJWTAuthorizer": {
                        "discoveryUrl": f"http://127.0.0.1:{port}/.well-known/openid-configuration",
                        "allowedClients": ["x"],
                    }
                },
            )["gatewayUrl"]
            modern = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"}
            meta = {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)

            def slow(name: str, number: int) -> dict[str, Any]:
                return {"name": name, "arguments": {"seconds": 120, "begun": f"{folder.name}/{number}"}}

            calls = [
                lambda: post(url, "tools/call", slow("lark___slow", 1)),
                lambda: post(url, "tools/call", slow("pipe___slow", 2)),
                lambda: post(
                    url,
                    "tools/call",
                    {"_meta": meta, **slow("lark___slow", 3)},
                    **modern,
                    **{"Mcp-Name": "lark___slow"},
                ),
                lambda: post(url, "tools/list"),
                lambda: post(guarded, "tools/list", **bearer("a.b.c")),
                lambda: test.invoke(arn, "tools/call", slow("slow", 4)),
                lambda: test.invoke(late, "ping"),
            ]

            def tried(call: Any) -> None:
                with contextlib.suppress(Exception):
                    call()

            threads = [threading.Thread(target=tried, args=(call,)) for call in calls]
            for thread in threads:
                thread.start()
            cloud.wait_until(lambda: len(os.listdir(folder.name)) == 4)
            time.sleep(0.5)  # the others cannot be seen from here
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive())

    def test_an_end_after_a_gateway_has_changed_under_a_call(self) -> None:
        with LocalCloud() as cloud, tool_server() as endpoint, tempfile.TemporaryDirectory() as folder:
            test = on(cloud)
            url, _, gateway = test.chain()
            test.server_target(gateway, endpoint, "dynamic", mode="DYNAMIC")

            def slow(name: str) -> None:
                arguments = {"seconds": 120, "begun": str(Path(folder, name))}
                params = {"name": f"{name}___slow", "arguments": arguments}
                with contextlib.suppress(OSError, http.client.HTTPException):
                    post(url, "tools/call", params)

            calls = [threading.Thread(target=slow, args=(name,)) for name in ("lark", "dynamic")]
            for call in calls:
                call.start()
            cloud.wait_until(lambda: len(list(Path(folder).iterdir())) == len(calls))
            change(test, gateway, protocolConfiguration={"mcp": {"instructions": "Another one."}})
            self.assertEqual(test.text(url, "lark___add", {"a": 1, "b": 1}), "2")
        for call in calls:
            call.join(30)
            self.assertFalse(call.is_alive())

    def test_a_kill_leaves_no_file(self) -> None:
        cloud = LocalCloud()
        try:
            project = cloud.run_folder.parent / "project"
            state = project / ".gantry/local" / cloud.id
            (state / "objects").mkdir(parents=True)
            (state / "objects/one").write_text("{}", encoding="utf-8")
            (project / "gantry.yaml").write_text("", encoding="utf-8")
            (state / "link").symlink_to(project)
            cloud.admin("PUT", "/folders", {"path": str(state)})
            run = cloud.run_folder / "gantry"
            self.assertEqual(len(list(run.iterdir())), 2)
            os.kill(cloud.process.pid, signal.SIGKILL)
            cloud.process.wait()
            end = time.monotonic() + 60
            while list(run.iterdir()) or (project / ".gantry").exists():
                self.assertLess(time.monotonic(), end, list(run.iterdir()))
                time.sleep(0.02)
            self.assertTrue((project / "gantry.yaml").exists())
        finally:
            cloud.kill()

    def test_after_a_kill(self) -> None:
        for how in ("stop", "kill"):
            cloud = LocalCloud()
            try:
                test = on(cloud)
                test.command("lark")
                test.invoke(test.runtime(), "ping")
                port = test.running()[0]["port"]
            finally:
                getattr(cloud, how)()
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    break
                time.sleep(0.05)
            else:
                self.fail(f"the server lives on after {how}")


if __name__ == "__main__":
    unittest.main()

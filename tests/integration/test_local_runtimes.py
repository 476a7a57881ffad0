"""Runtimes of the embedded cloud: servers that start, die, change and end."""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import socket
import threading
import time
import unittest
from pathlib import Path

from .data_plane import (
    PLACEHOLDER,
    STREAMS,
    DataPlaneTest,
    Issuer,
    allow,
    bearer,
    post,
    send,
)
from .harness import REGION


class Runtimes(DataPlaneTest):
    """Servers of runtimes: start, death, versions, environment."""

    def test_sessions_are_added_and_returned(self) -> None:
        self.command("lark")
        arn = self.runtime()
        answer = self.invoke(arn, "tools/call", {"name": "headers"})
        text = json.loads(answer["response"].read())["result"]["content"][0]["text"]
        seen = json.loads(text)
        self.assertEqual(seen["mcp-session-id"], answer["mcpSessionId"])
        self.assertEqual(
            seen["x-amzn-bedrock-agentcore-runtime-session-id"], answer["runtimeSessionId"]
        )
        mine = "my-own-session-" + "x" * 30
        again = self.invoke(
            arn, "tools/list", runtimeSessionId=mine, mcpSessionId="given-session"
        )
        self.assertEqual(again["runtimeSessionId"], mine)
        self.assertEqual(again["mcpSessionId"], "given-session")

    def test_the_environment_of_a_server(self) -> None:
        os.environ["GANTRY_TEST_SECRET"] = "must not be seen"
        self.addCleanup(os.environ.pop, "GANTRY_TEST_SECRET")
        self.command("lark", environment={"FROM_COMMAND": "yes"})
        arn = self.runtime(variables={"FROM_MANIFEST": "yes", "PORT": "8000"})
        answer = self.invoke(arn, "tools/call", {"name": "variables"})
        text = json.loads(answer["response"].read())["result"]["content"][0]["text"]
        seen = json.loads(text)
        self.assertEqual((seen["FROM_COMMAND"], seen["FROM_MANIFEST"]), ("yes", "yes"))
        self.assertNotEqual(seen["PORT"], "8000")
        self.assertEqual(seen["AWS_REGION"], REGION)
        self.assertNotIn("GANTRY_TEST_SECRET", seen)
        who = self.cloud.client(
            "sts",
            (seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"], seen["AWS_SESSION_TOKEN"]),
        ).get_caller_identity()
        self.assertIn(":assumed-role/runtime/", who["Arn"])
        self.assertEqual(seen["AWS_ENDPOINT_URL"], self.cloud.url)

    def test_over_stdio(self) -> None:
        for name, command, variables in (
            ("said", {"transport": "stdio"}, {}),
            ("shown", {}, {"MCP_TRANSPORT": "stdio"}),
        ):
            self.command(name, "stdio", **command)
            arn = self.runtime(name, variables)
            gateway = self.gateway(name, protocolConfiguration=STREAMS)
            self.assertEqual(self.runtime_target(gateway, arn)["status"], "READY")
            url = gateway["gatewayUrl"]
            self.assertEqual(self.text(url, "lark___add", {"a": 40, "b": 2}), "42")
            params = {"name": "lark___steps", "_meta": {"progressToken": 7}}
            self.assertEqual(len(post(url, "tools/call", params).events), 4)
            result = self.call(url, "lark___die")
            self.assertTrue(result.get("isError") or "code" in result, result)
            self.assertEqual(self.text(url, "lark___echo", {"text": "back"}), "back")

    def test_over_stdio_nothing_is_sent_to_a_server_that_has_ended(self) -> None:
        """However late that is told: the process that looks after servers is stopped for a while."""
        self.command("lark", "stdio", transport="stdio")
        gateway = self.gateway()
        self.assertEqual(self.runtime_target(gateway, self.runtime())["status"], "READY")
        cloud = self.cloud.process.pid
        children = Path(f"/proc/{cloud}/task/{cloud}/children").read_text(encoding="ascii")
        [supervisor] = [int(child) for child in children.split()]
        goes_on = threading.Timer(1.5, os.kill, (supervisor, signal.SIGCONT))
        os.kill(supervisor, signal.SIGSTOP)
        goes_on.start()
        self.addCleanup(goes_on.join)
        result = self.call(gateway["gatewayUrl"], "lark___die")
        self.assertTrue(result.get("isError") or "code" in result, result)
        self.assertEqual(self.text(gateway["gatewayUrl"], "lark___echo", {"text": "back"}), "back")

    def test_a_server_that_dies_in_the_middle_of_a_call(self) -> None:
        url, arn, _ = self.chain()
        begun = time.monotonic()
        result = self.call(url, "lark___die")
        self.assertTrue(result["isError"])
        self.assertIn("target lark", result["content"][0]["text"])
        self.assertLess(time.monotonic() - begun, 30)  # and not the 300 s of a call's time limit
        self.assertEqual(self.text(url, "lark___echo", {"text": "back"}), "back")
        [found] = self.running()
        self.assertEqual((found["restarts"], found["state"]), (1, "running"))
        self.assertIn("asked to die", found["lastExit"])
        with self.assertRaises(self.data.exceptions.RuntimeClientError):
            self.invoke(arn, "tools/call", {"name": "die"})

    def test_a_server_that_is_late(self) -> None:
        self.command("lark", environment={"LATE": "1.5"})
        arn = self.runtime()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(self.invoke, arn, "ping") for _ in range(8)]
            self.assertEqual({call.result()["statusCode"] for call in calls}, {200})
        self.assertEqual(self.running()[0]["restarts"], 0)

    def test_a_server_that_does_not_start(self) -> None:
        self.command("lark", environment={"BROKEN": "1"})
        arn = self.runtime()
        for _ in range(2):
            with self.assertRaises(self.data.exceptions.RuntimeClientError) as caught:
                self.invoke(arn, "ping")
            self.assertIn("this server is broken", str(caught.exception))
        self.command("lark")
        self.assertEqual(self.invoke(arn, "ping")["statusCode"], 200)

    def test_a_target_says_why_the_runtime_behind_it_does_not_start(self) -> None:
        self.command("lark", environment={"BROKEN": "1"})
        target = self.runtime_target(self.gateway(), self.runtime())
        self.assertEqual(target["status"], "FAILED")
        reason = target["statusReasons"][0]
        self.assertIn("Failed to connect and fetch tools", reason)
        self.assertIn("HTTP status 424", reason)
        self.assertIn("this server is broken", reason)

    def test_a_program_that_is_not_there(self) -> None:
        self.command("lark", command=["/nowhere/at/all"])
        with self.assertRaises(self.data.exceptions.RuntimeClientError) as caught:
            self.invoke(self.runtime(), "ping")
        self.assertIn("/nowhere/at/all", str(caught.exception))

    def test_a_runtime_without_a_command(self) -> None:
        made = self.control.create_agent_runtime(
            agentRuntimeName="none",
            agentRuntimeArtifact={
                "containerConfiguration": {
                    "containerUri": f"000000000000.dkr.ecr.{REGION}.amazonaws.com/local:latest"
                }
            },
            roleArn=self.runtime_role,
            networkConfiguration={"networkMode": "PUBLIC"},
        )
        found = self.settled(
            lambda: self.control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"])
        )
        self.assertEqual(found["status"], "CREATE_FAILED")
        self.assertIn("local: {command:", found["failureReason"])

    def test_errors_of_the_server(self) -> None:
        self.command("lark")
        arn = self.runtime()
        with self.assertRaises(self.data.exceptions.RuntimeClientError) as caught:
            self.invoke(arn, "tools/call", {"name": "status", "arguments": {"code": 500}})
        self.assertIn("Received error (500) from runtime", str(caught.exception))
        with self.assertRaises(self.data.exceptions.ResourceNotFoundException):
            self.invoke(arn + "x", "ping")
        with self.assertRaises(self.data.exceptions.ResourceNotFoundException):
            self.invoke(arn, "ping", qualifier="nothere")

    def test_an_update_starts_the_new_version(self) -> None:
        url, arn, _ = self.chain(GENERATION="1")
        before = self.running()[0]["port"]
        self.control.update_agent_runtime(
            agentRuntimeId=arn.rsplit("/", 1)[1],
            agentRuntimeArtifact={
                "containerConfiguration": {
                    "containerUri": f"000000000000.dkr.ecr.{REGION}.amazonaws.com/local:latest"
                }
            },
            roleArn=self.runtime_role,
            networkConfiguration={"networkMode": "PUBLIC"},
            protocolConfiguration={"serverProtocol": "MCP"},
            environmentVariables={"GENERATION": "2"},
        )
        end = time.monotonic() + 60
        while json.loads(self.text(url, "lark___variables"))["GENERATION"] != "2":
            self.assertLess(time.monotonic(), end)
        self.cloud.wait_until(lambda: len(self.running()) == 1)
        self.assertNotEqual(self.running()[0]["port"], before)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", before), 1)

    def test_a_removed_runtime_leaves_no_process(self) -> None:
        self.command("lark")
        arn = self.runtime()
        self.invoke(arn, "ping")
        port = self.running()[0]["port"]
        self.control.delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[1])
        self.cloud.wait_until(lambda: self.running() == [])
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", port), 1)

    def test_by_token(self) -> None:
        issuer = Issuer(self.cloud)
        self.command("lark")
        arn = self.runtime(
            authorizerConfiguration=issuer.authorizer(allowedScopes=["tools/invoke"])
        )
        quoted = arn.replace(":", "%3A").replace("/", "%2F")
        url = f"{self.cloud.url}/runtimes/{quoted}/invocations?qualifier=DEFAULT"
        self.assertEqual(post(url, "ping", **bearer(issuer.token())).status, 200)
        refused = post(url, "ping")
        self.assertEqual(refused.status, 401)
        metadata = refused.headers["www-authenticate"].split('"')[1]
        self.assertEqual(send("GET", metadata).json["authorization_servers"], [issuer.issuer])
        other = issuer.token(issuer.other, "tools/other")
        self.assertEqual(post(url, "ping", **bearer(other)).status, 401)
        with self.assertRaises(self.data.exceptions.AccessDeniedException) as caught:
            self.invoke(arn, "ping")
        self.assertIn("Authorization method mismatch", str(caught.exception))

    def test_who_speaks_for_a_user_needs_a_permission(self) -> None:
        self.command("lark")
        arn = self.runtime()
        key = self.keys_of_caller()
        self.data = self.cloud.client("bedrock-agentcore", key)
        actions = ["bedrock-agentcore:InvokeAgentRuntime"]
        for allowed in (False, True):
            self.iam.put_role_policy(
                RoleName="caller", PolicyName="allow", PolicyDocument=allow(*actions)
            )
            self.assertEqual(self.invoke(arn, "ping")["statusCode"], 200)
            if allowed:
                answer = self.invoke(
                    arn, "tools/call", {"name": "headers"}, runtimeUserId="somebody"
                )
                text = json.loads(answer["response"].read())["result"]["content"][0]["text"]
                seen = json.loads(text)
                self.assertEqual(
                    seen["x-amzn-bedrock-agentcore-runtime-user-id"], "somebody"
                )
                continue
            with self.assertRaises(self.data.exceptions.AccessDeniedException) as caught:
                self.invoke(arn, "ping", runtimeUserId="somebody")
            self.assertIn("InvokeAgentRuntimeForUser", str(caught.exception))
            actions.append("bedrock-agentcore:InvokeAgentRuntimeForUser")

    def test_authorization_reaches_a_server_only_as_a_token(self) -> None:
        issuer = Issuer(self.cloud)
        passing = {"requestHeaderConfiguration": {"requestHeaderAllowlist": ["Authorization"]}}
        self.command("signed")
        arn = self.runtime("signed", **passing)
        answer = self.invoke(arn, "tools/call", {"name": "headers"})
        text = json.loads(answer["response"].read())["result"]["content"][0]["text"]
        self.assertNotIn("authorization", json.loads(text))
        self.command("token")
        arn = self.runtime(
            "token", authorizerConfiguration=issuer.authorizer(), **passing
        )
        quoted = arn.replace(":", "%3A").replace("/", "%2F")
        url = f"{self.cloud.url}/runtimes/{quoted}/invocations"
        token = issuer.token()
        seen = json.loads(self.text(url, "headers", **bearer(token)))
        self.assertEqual(seen["authorization"], f"Bearer {token}")

    def test_who_waits_for_a_version_gets_it_though_there_is_a_new_one(self) -> None:
        self.command("lark")
        arn = self.runtime(variables={"LATE": "3", "GENERATION": "1"})
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            early = [pool.submit(self.invoke, arn, "ping") for _ in range(4)]
            self.cloud.wait_until(lambda: self.running() != [])
            self.control.update_agent_runtime(
                agentRuntimeId=arn.rsplit("/", 1)[1],
                agentRuntimeArtifact={"containerConfiguration": {"containerUri": PLACEHOLDER}},
                roleArn=self.runtime_role,
                networkConfiguration={"networkMode": "PUBLIC"},
                protocolConfiguration={"serverProtocol": "MCP"},
                environmentVariables={"GENERATION": "2"},
            )
            self.assertEqual({call.result()["statusCode"] for call in early}, {200})
        self.cloud.wait_until(
            lambda: [(at["version"], at["state"]) for at in self.running()] == [("2", "running")]
        )

    def test_large_bodies_both_ways(self) -> None:
        self.command("lark")
        arn = self.runtime()
        text = "y" * 3_000_000
        answer = self.invoke(arn, "tools/call", {"name": "echo", "arguments": {"text": text}})
        result = json.loads(answer["response"].read())["result"]
        self.assertEqual(len(result["content"][0]["text"]), len(text))

    def test_what_a_server_prints_is_its_log(self) -> None:
        self.command("lark")
        arn = self.runtime()
        self.invoke(arn, "ping")
        logs = self.cloud.client("logs")
        group = f"/aws/bedrock-agentcore/runtimes/{arn.rsplit('/', 1)[1]}-DEFAULT"
        events = logs.filter_log_events(logGroupName=group)["events"]
        self.assertIn("listening on", events[0]["message"])

    def test_bad_commands_are_refused(self) -> None:
        for bad in ({"command": []}, {"command": "sh"}, {"folder": "here"}, {"transport": "tcp"}):
            with self.assertRaises(Exception) as caught:
                self.command("lark", **bad)
            self.assertEqual(caught.exception.status, 400, bad)


class Workloads(DataPlaneTest):
    """The data plane's own tokens of workload identities."""

    def test_an_api_key_for_a_workload(self) -> None:
        self.control.create_workload_identity(name="worker")
        self.control.create_api_key_credential_provider(name="key", apiKey="abc")
        token = self.data.get_workload_access_token(workloadName="worker")["workloadAccessToken"]
        found = self.data.get_resource_api_key(
            workloadIdentityToken=token, resourceCredentialProviderName="key"
        )
        self.assertEqual(found["apiKey"], "abc")
        with self.assertRaises(self.data.exceptions.UnauthorizedException):
            self.data.get_resource_api_key(
                workloadIdentityToken=token[:-8] + "AAAAAAAA", resourceCredentialProviderName="key"
            )
        with self.assertRaises(self.data.exceptions.ResourceNotFoundException):
            self.data.get_workload_access_token(workloadName="nobody")


if __name__ == "__main__":
    unittest.main()

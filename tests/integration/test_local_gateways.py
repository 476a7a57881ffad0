"""What passes through a gateway of the embedded cloud: prompts and resources, headers, the client's own
token, what servers say before they answer."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from .data_plane import STREAMS, DataPlaneTest, Issuer, bearer, post, tool_server


class Offers(DataPlaneTest):
    """Prompts and resources of targets."""

    def ask(self, url: str, method: str, **params: Any) -> Any:
        answer = post(url, method, params).json
        return answer.get("result", answer.get("error"))

    def check(self, mode: str) -> None:
        with tool_server(OFFERS="one") as one, tool_server(OFFERS="two") as two:
            gateway = self.gateway(mode.lower())
            url = gateway["gatewayUrl"]
            self.server_target(gateway, one, "first", mode=mode)
            second = {"endpoint": two, "listingMode": mode, "resourcePriority": 5}
            self.assertEqual(
                self.target(gateway, {"mcpServer": second}, "second")["status"], "READY"
            )
            names = [prompt["name"] for prompt in self.ask(url, "prompts/list")["prompts"]]
            self.assertEqual(names, ["first___greet", "second___greet"])
            found = self.ask(url, "prompts/get", name="second___greet", arguments={"who": "all"})
            self.assertEqual(found["messages"][0]["content"]["text"], "two greets all")
            self.assertEqual(self.ask(url, "prompts/get", name="greet")["code"], -32602)
            listed = self.ask(url, "resources/list")["resources"]
            self.assertEqual(
                [item["uri"] for item in listed],
                ["test://two/readme", "test://both", "test://one/readme"],
            )
            self.assertEqual(listed[1]["name"], "both of two")
            templates = self.ask(url, "resources/templates/list")["resourceTemplates"]
            self.assertEqual(
                [item["uriTemplate"] for item in templates],
                ["test://two/item/{id}", "test://one/item/{id}"],
            )
            for uri, reader in (
                ("test://one/readme", "one"),
                ("test://both", "two"),
                ("test://one/item/7", "one"),
            ):
                text = self.ask(url, "resources/read", uri=uri)["contents"][0]["text"]
                self.assertEqual(text, f"read by {reader}")
            missing = self.ask(url, "resources/read", uri="test://none")
            self.assertEqual((missing["code"], missing["data"]["uri"]), (-32002, "test://none"))
            self.assertEqual(self.ask(url, "resources/read")["code"], -32602)
            self.assertEqual(self.ask(url, "resources/subscribe", uri="x")["code"], -32601)

    def test_kept_with_the_target(self) -> None:
        self.check("DEFAULT")

    def test_asked_each_time(self) -> None:
        self.check("DYNAMIC")

    def test_servers_without_them(self) -> None:
        with tool_server() as endpoint:
            gateway = self.gateway()
            url = gateway["gatewayUrl"]
            self.server_target(gateway, endpoint)
            self.server_target(gateway, endpoint, "dynamic", mode="DYNAMIC")
            for method, member in (
                ("prompts/list", "prompts"),
                ("resources/list", "resources"),
                ("resources/templates/list", "resourceTemplates"),
            ):
                self.assertEqual(self.ask(url, method), {member: []})
            self.assertEqual(self.ask(url, "prompts/get", name="lark___x")["code"], -32602)

    def test_a_server_that_is_gone_is_an_error_with_the_target(self) -> None:
        with tool_server(OFFERS="one") as endpoint:
            gateway = self.gateway()
            self.server_target(gateway, endpoint)
        for method, params in (
            ("prompts/get", {"name": "lark___greet"}),
            ("resources/read", {"uri": "test://one/readme"}),
        ):
            error = self.ask(gateway["gatewayUrl"], method, **params)
            self.assertEqual(error["code"], -32603)
            self.assertIn("target lark", error["message"])

    def test_what_no_gateway_has(self) -> None:
        url = self.gateway()["gatewayUrl"]
        self.assertEqual(self.ask(url, "ping"), {})
        for method in ("completion/complete", "sampling/createMessage", "no/such/method"):
            self.assertEqual(self.ask(url, method)["code"], -32601, method)


class Streams(DataPlaneTest):
    """What servers say before they answer."""

    def steps(self, **gateway: Any) -> Any:
        with tool_server() as endpoint:
            made = self.gateway(**gateway)
            self.server_target(made, endpoint)
            params = {
                "name": "lark___steps",
                "arguments": {"log": True},
                "_meta": {"progressToken": 3},
            }
            return post(made["gatewayUrl"], "tools/call", params)

    def test_without_streaming_there_is_one_answer(self) -> None:
        answer = self.steps()
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.json["result"]["content"][0]["text"], "three steps")

    def test_progress_and_messages(self) -> None:
        methods = [event.get("method") for event in self.steps(protocolConfiguration=STREAMS).events]
        self.assertEqual(
            methods, ["notifications/message", *["notifications/progress"] * 3, None]
        )

    def test_the_level_of_messages_is_a_method_only_with_streaming(self) -> None:
        for number, more in enumerate(({}, {"protocolConfiguration": STREAMS})):
            url = self.gateway(f"g{number}", **more)["gatewayUrl"]
            answer = post(url, "logging/setLevel", {"level": "info"}).json
            self.assertEqual("result" in answer, bool(more), answer)


class Headers(DataPlaneTest):
    """metadataConfiguration."""

    ALLOWED = {
        "allowedRequestHeaders": ["X-Tenant", "Mcp-Session-Id"],
        "allowedQueryParameters": ["tenant", "a b"],
        "allowedResponseHeaders": ["x-answer"],
    }

    def test_what_is_allowed_passes(self) -> None:
        with tool_server() as endpoint:
            gateway = self.gateway()
            url = gateway["gatewayUrl"]
            self.server_target(gateway, endpoint, metadataConfiguration=self.ALLOWED)
            self.server_target(gateway, endpoint, "plain")
            sent = {"X-Tenant": "blue", "X-Other": "no", "Mcp-Session-Id": "mine", "Cookie": "no"}
            for name, path, tenant, answer in (
                ("lark", "/mcp?tenant=blue%26&a%20b=1", "blue", "told"),
                ("plain", "/mcp", None, None),
            ):
                found = post(
                    f"{url}?tenant=blue%26&other=x&a%20b=1&tenants=2",
                    "tools/call",
                    {"name": f"{name}___headers"},
                    **sent,
                )
                seen = json.loads(found.json["result"]["content"][0]["text"])
                self.assertEqual(seen[":path"], path)
                self.assertEqual(seen.get("x-tenant"), tenant)
                self.assertEqual(seen.get("mcp-session-id"), "mine" if tenant else None)
                self.assertNotIn("x-other", seen)
                self.assertNotIn("cookie", seen)
                self.assertEqual(found.headers.get("x-answer"), answer)
                self.assertNotIn("x-hidden", found.headers)

    def test_to_a_runtime_they_are_signed(self) -> None:
        self.command("lark")
        arn = self.runtime(
            requestHeaderConfiguration={
                "requestHeaderAllowlist": ["X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"]
            }
        )
        gateway = self.gateway()
        self.runtime_target(
            gateway,
            arn,
            metadataConfiguration={
                "allowedRequestHeaders": ["x-amzn-bedrock-agentcore-runtime-custom-tenant"]
            },
        )
        header = {"X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant": "blue  and green"}
        seen = json.loads(self.text(gateway["gatewayUrl"], "lark___headers", **header))
        self.assertEqual(seen["x-amzn-bedrock-agentcore-runtime-custom-tenant"], "blue  and green")

    def test_some_cannot_be_configured(self) -> None:
        gateway = self.gateway()
        for member in ("allowedRequestHeaders", "allowedResponseHeaders"):
            for name in ("Authorization", "set-cookie", "HOST"):
                with self.assertRaises(ClientError) as caught:
                    self.control.create_gateway_target(
                        gatewayIdentifier=gateway["gatewayId"],
                        name="lark",
                        targetConfiguration={"mcp": {"mcpServer": {"endpoint": "https://x.test"}}},
                        metadataConfiguration={member: [name]},
                    )
                self.assertEqual(
                    caught.exception.response["Error"]["Code"], "ValidationException"
                )
                self.assertIn(name, str(caught.exception))


class Passing(DataPlaneTest):
    """JWT_PASSTHROUGH: the client's own token goes on."""

    PASSING = [{"credentialProviderType": "JWT_PASSTHROUGH"}]

    def test_each_client_with_its_own(self) -> None:
        issuer = Issuer(self.cloud)
        both = issuer.authorizer(allowedClients=[issuer.client[0], issuer.other[0]])
        with tool_server(STATEFUL="1") as endpoint:
            gateway = self.gateway(authorizerType="CUSTOM_JWT", authorizerConfiguration=both)
            target = self.server_target(
                gateway, endpoint, credentialProviderConfigurations=self.PASSING
            )
            self.assertEqual(target["status"], "READY", target)
            tokens = [issuer.token(), issuer.token(issuer.other, "tools/other")] * 2
            tokens += [issuer.token() for _ in range(20)]
            for token in tokens:
                text = self.text(gateway["gatewayUrl"], "lark___headers", **bearer(token))
                self.assertEqual(json.loads(text)["authorization"], f"Bearer {token}")

    def test_the_runtime_judges_it(self) -> None:
        issuer = Issuer(self.cloud)
        self.command("lark")
        arn = self.runtime(authorizerConfiguration=issuer.authorizer())
        both = issuer.authorizer(allowedClients=[issuer.client[0], issuer.other[0]])
        gateway = self.gateway(authorizerType="CUSTOM_JWT", authorizerConfiguration=both)
        url = gateway["gatewayUrl"]
        more = {"credentialProviderConfigurations": self.PASSING}
        self.assertEqual(self.runtime_target(gateway, arn, **more)["status"], "FAILED")
        target = self.runtime_target(gateway, arn, "dynamic", mode="DYNAMIC", **more)
        self.assertEqual(target["status"], "READY", target)
        good, bad = bearer(issuer.token()), bearer(issuer.token(issuer.other, "tools/other"))
        self.assertIn("dynamic___echo", self.tools(url, **good))
        self.assertEqual(self.text(url, "dynamic___add", {"a": 1, "b": 2}, **good), "3")
        self.assertEqual(self.tools(url, **bad), [])
        refused = self.call(url, "dynamic___echo", **bad)
        self.assertIn("target dynamic: Invalid Bearer token", refused["message"])
        self.assertEqual(self.text(url, "dynamic___add", {"a": 1, "b": 2}, **good), "3")


class Https(DataPlaneTest):
    """Targets by https: servers whose certificate is good, and others."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.certificate("trusted")
        cls.env = {"AWS_CA_BUNDLE": str(cls.folder / "trusted.pem")}
        super().setUpClass()

    @classmethod
    def certificate(cls, name: str) -> None:
        """Key and self-signed certificate for this machine in one file."""
        path, key = cls.folder / f"{name}.pem", cls.folder / f"{name}.key"
        made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=tests"
        names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(path)]
        subprocess.run([*made.split(), *names, *files], check=True, capture_output=True)

    def tls(self, endpoint: str, name: str) -> str:
        """The server at `endpoint` by https."""
        to = urllib.parse.urlsplit(endpoint)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

        def serve(plain: socket.socket) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as client:
                with socket.create_connection((to.hostname, to.port)) as server:
                    back = threading.Thread(target=pump, args=(server, client), daemon=True)
                    back.start()
                    pump(client, server)
                    back.join(10)

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        return f"https://localhost:{listener.getsockname()[1]}{to.path}"

    def test_the_certificate_decides(self) -> None:
        self.certificate("unknown")
        gateway = self.gateway()
        with tool_server() as endpoint:
            target = self.server_target(gateway, self.tls(endpoint, "trusted"))
            self.assertEqual(target["status"], "READY", target)
            self.assertEqual(self.text(gateway["gatewayUrl"], "lark___add", {"a": 1, "b": 2}), "3")
            target = self.server_target(gateway, self.tls(endpoint, "unknown"), "unknown")
            self.assertEqual(target["status"], "FAILED", target)
            self.assertIn("certificate", target["statusReasons"][0])


if __name__ == "__main__":
    unittest.main()

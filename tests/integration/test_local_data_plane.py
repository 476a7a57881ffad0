"""Gateways of the embedded cloud: tokens, tools, credentials, servers that fail, the official clients."""

from __future__ import annotations

import base64
import concurrent.futures
import http.server
import json
import socket
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .data_plane import (
    ACCEPT,
    STREAMS,
    DataPlaneTest,
    Issuer,
    allow,
    bearer,
    post,
    send,
    tool_server,
)
from .harness import REGION
from .javascript import needs_javascript, run_script


def in_region(action: str, region: str) -> str:
    document = json.loads(allow(action))
    document["Statement"][0]["Condition"] = {"StringEquals": {"aws:RequestedRegion": region}}
    return json.dumps(document)


REFUSED = "Failed to connect and fetch tools from the provided MCP target server. Error - "


class Tokens(DataPlaneTest):
    """Who may call a gateway with a token."""

    def setUp(self) -> None:
        super().setUp()
        self.issuer = Issuer(self.cloud)
        found = self.gateway(
            authorizerType="CUSTOM_JWT",
            authorizerConfiguration=self.issuer.authorizer(allowedScopes=["tools/invoke"]),
        )
        self.url = found["gatewayUrl"]
        path = self.url[len(self.cloud.url) :]
        self.metadata = f"{self.cloud.url}/.well-known/oauth-protected-resource{path}"

    def test_a_good_token_passes(self) -> None:
        answer = post(self.url, "tools/list", **bearer(self.issuer.token()))
        self.assertEqual((answer.status, answer.json["result"]["tools"]), (200, []))

    def test_without_a_token(self) -> None:
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
            answer = post(self.url, "tools/list", **headers)
            self.assertEqual(answer.status, 401)
            self.assertEqual(
                answer.headers["www-authenticate"], f'Bearer resource_metadata="{self.metadata}"'
            )
            self.assertEqual(answer.json["error"]["code"], -32001)
        self.assertEqual(send("GET", self.url).status, 401)

    def test_metadata(self) -> None:
        document = send("GET", self.metadata).json
        self.assertEqual(document["resource"], self.url)
        self.assertEqual(document["authorization_servers"], [self.issuer.issuer])
        self.assertEqual(document["scopes_supported"], ["tools/invoke"])
        self.assertEqual(document["bearer_methods_supported"], ["header"])
        self.assertEqual(send("POST", self.metadata).status, 405)
        self.assertEqual(send("GET", self.metadata + "x").status, 404)

    def refused(self, token: str, status: int, error: str) -> str:
        answer = post(self.url, "tools/list", **bearer(token))
        self.assertEqual(answer.status, status, answer.body)
        challenge = answer.headers["www-authenticate"]
        self.assertIn(f'error="{error}"', challenge)
        self.assertIn(f'resource_metadata="{self.metadata}"', challenge)
        self.assertNotIn(token, answer.body.decode() + challenge)
        return challenge

    def test_a_tampered_token(self) -> None:
        head, body, signature = self.issuer.token().split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["exp"] += 1000
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        for token in (
            f"{head}.{forged}.{signature}",
            f"{head}.{body}.{signature[:-6]}AAAAAA",
            f"{none}.{forged}.",
            "no.token.atall",
            "x" * 20000,
        ):
            self.refused(token, 401, "invalid_token")

    def test_a_wrong_scope(self) -> None:
        wide = self.issuer.authorizer(
            allowedClients=[self.issuer.other[0]], allowedScopes=["tools/invoke"]
        )
        url = self.gateway("wide", authorizerType="CUSTOM_JWT", authorizerConfiguration=wide)[
            "gatewayUrl"
        ]
        token = self.issuer.token(self.issuer.other, "tools/other")
        answer = post(url, "tools/list", **bearer(token))
        self.assertEqual(answer.status, 403, answer.body)
        self.assertIn('error="insufficient_scope"', answer.headers["www-authenticate"])
        self.assertIn('scope="tools/invoke"', answer.headers["www-authenticate"])

    def test_another_client(self) -> None:
        self.refused(self.issuer.token(self.issuer.other, "tools/other"), 401, "invalid_token")

    def test_an_expired_token(self) -> None:
        token = self.issuer.token()
        self.cloud.configure(skew_ms=2 * 3600 * 1000)
        self.assertIn("exp", self.refused(token, 401, "invalid_token"))

    def test_another_issuer(self) -> None:
        other = Issuer(self.cloud, "elsewhere")
        self.refused(other.token(), 401, "invalid_token")

    def test_unknown_gateways(self) -> None:
        for path in ("/gateway/none-abcdefghij/mcp", "/gateway/", "/gateway/x/y", "/gateway//mcp"):
            self.assertEqual(post(self.cloud.url + path, "tools/list").status, 404, path)

    def test_an_issuer_that_is_not_there(self) -> None:
        nobody = self.nobody()
        url = self.gateway(
            "lost",
            authorizerType="CUSTOM_JWT",
            authorizerConfiguration={
                "customJWTAuthorizer": {
                    "discoveryUrl": f"{nobody}/.well-known/openid-configuration",
                    "allowedClients": ["x"],
                }
            },
        )["gatewayUrl"]
        begun = time.monotonic()
        answer = post(url, "tools/list", **bearer(self.issuer.token()))
        self.assertEqual(answer.status, 503, answer.body)
        self.assertLess(time.monotonic() - begun, 30)


class OutsideIssuer(DataPlaneTest):
    """Keys of an issuer that is none of the cloud's own pools."""

    def setUp(self) -> None:
        super().setUp()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.fetched: list[str] = []
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                test.fetched.append(self.path)
                body = json.dumps(test.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.gateway(
            authorizerType="CUSTOM_JWT",
            authorizerConfiguration={
                "customJWTAuthorizer": {
                    "discoveryUrl": f"{self.issuer}/.well-known/openid-configuration",
                    "allowedAudience": ["tools"],
                }
            },
        )["gatewayUrl"]

    def document(self, path: str) -> Any:
        if path == "/keys":
            key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
            return {"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}

    def token(self, kid: str = "one", **claims: Any) -> str:
        body = {"iss": self.issuer, "aud": "tools", "exp": int(time.time()) + 600, **claims}
        return jwt.encode(body, self.key, "RS256", {"kid": kid})

    def test_tokens_are_judged_by_its_keys(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            token = bearer(self.token())
            found = list(pool.map(lambda _: post(self.url, "ping", **token).status, range(24)))
        self.assertEqual(set(found), {200})
        self.assertEqual(len(self.fetched), 2)
        for refused in (
            self.token(iss="https://else.where"),
            self.token(aud="other"),
            self.token(exp=int(time.time()) - 600),
            self.token(nbf=int(time.time()) + 600),
            jwt.encode({"iss": self.issuer, "aud": "tools"}, "k" * 40, "HS256", {"kid": "one"}),
        ):
            self.assertEqual(post(self.url, "ping", **bearer(refused)).status, 401)

    def test_unknown_keys_do_not_make_it_ask_again_and_again(self) -> None:
        begun = time.monotonic()
        for number in range(20):
            answer = post(self.url, "ping", **bearer(self.token(f"unknown-{number}")))
            self.assertEqual(answer.status, 401)
        times = 1 + int((time.monotonic() - begun) / 5)  # it asks once in 5 seconds, for two documents
        self.assertIn(len(self.fetched), range(2, 2 * times + 1))


class Signatures(DataPlaneTest):
    """A gateway whose authorizer is AWS_IAM."""

    def signed(
        self,
        url: str,
        key: tuple[str, ...],
        service: str = "bedrock-agentcore",
        region: str = REGION,
    ) -> int:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        request = botocore.awsrequest.AWSRequest("POST", url, dict(ACCEPT), body)
        botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(*key), service, region
        ).add_auth(request)
        return send("POST", url, body.encode(), **dict(request.headers.items())).status

    def test_calls_are_signed(self) -> None:
        gateway = self.gateway(authorizerType="AWS_IAM")
        url = gateway["gatewayUrl"]
        self.assertEqual(post(url, "tools/list").status, 403)
        self.assertEqual(self.signed(url, self.cloud.key), 200)
        self.assertEqual(self.signed(url, (self.cloud.key[0], "wrong")), 403)
        self.assertEqual(self.signed(url, self.cloud.keys_of("123456789012")), 403)
        self.assertEqual(self.signed(url, self.cloud.key, service="execute-api"), 403)
        self.assertEqual(self.signed(url, self.cloud.key, region="eu-west-1"), 403)

    def test_a_role_needs_the_permission(self) -> None:
        gateway = self.gateway(authorizerType="AWS_IAM")
        key = self.keys_of_caller()
        self.assertEqual(self.signed(gateway["gatewayUrl"], key), 403)
        self.iam.put_role_policy(
            RoleName="caller",
            PolicyName="allow",
            PolicyDocument=allow(
                "bedrock-agentcore:InvokeGateway", resource=gateway["gatewayArn"]
            ),
        )
        self.assertEqual(self.signed(gateway["gatewayUrl"], key), 200)
        for region, status in ((REGION, 200), ("eu-west-1", 403)):
            self.iam.put_role_policy(
                RoleName="caller",
                PolicyName="allow",
                PolicyDocument=in_region("bedrock-agentcore:InvokeGateway", region),
            )
            self.assertEqual(self.signed(gateway["gatewayUrl"], key), status)


class Tools(DataPlaneTest):
    """Lists and calls through gateway and runtime."""

    def test_lists_and_calls(self) -> None:
        url, _, _ = self.chain()
        names = self.tools(url)
        self.assertIn("lark___echo", names)
        self.assertTrue(all(name.startswith("lark___") for name in names))
        self.assertEqual(self.text(url, "lark___add", {"a": 2, "b": 3}), "5")

    def test_what_is_not_there(self) -> None:
        url, _, _ = self.chain()
        for name in ("lark___none", "other___echo", "echo", "___echo", "lark___"):
            error = self.call(url, name)
            self.assertEqual(error["code"], -32602, name)
            self.assertIn(name, error["message"])
        answer = post(url, "tools/call", {"name": "lark___echo", "arguments": [1]})
        self.assertEqual(answer.json["error"]["code"], -32602)

    def test_what_the_server_says_of_failures(self) -> None:
        url, _, _ = self.chain()
        result = self.call(url, "lark___fails")
        self.assertTrue(result["isError"])
        self.assertEqual(result["content"][0]["text"], "it was asked to fail")

    def test_broken_answers_name_the_target(self) -> None:
        with tool_server() as endpoint:
            gateway = self.gateway(exceptionLevel="DEBUG")
            self.server_target(gateway, endpoint)
            url = gateway["gatewayUrl"]
            for name, said in (("lark___status", "HTTP 500"), ("lark___garbage", "no MCP")):
                result = self.call(url, name, {"code": 500})
                self.assertTrue(result["isError"])
                self.assertIn("target lark", result["content"][0]["text"])
                self.assertIn(said, result["content"][0]["text"])
            self.assertEqual(self.text(url, "lark___echo", {"text": "still here"}), "still here")

    def test_several_targets_in_order_and_pages(self) -> None:
        gateway = self.gateway()
        url = gateway["gatewayUrl"]
        with tool_server(MORE_TOOLS="120") as many, tool_server() as few:
            self.server_target(gateway, many, "zebra")
            self.server_target(gateway, few, "ant")
            names = self.tools(url)
            self.assertEqual(len(names), len(set(names)))
            self.assertEqual(len([name for name in names if "___more-" in name]), 120)
            prefixes = [name.split("___")[0] for name in names]
            self.assertEqual(prefixes, sorted(prefixes))
            self.cloud.configure(page_size=7)
            self.assertEqual(self.tools(url), names)
            answer = post(url, "tools/list", {"cursor": "nonsense"})
            self.assertEqual(answer.json["error"]["code"], -32602)

    def test_both_eras(self) -> None:
        url, _, _ = self.chain()
        old = post(
            url,
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        ).json["result"]
        self.assertEqual(old["serverInfo"]["name"], "tools")
        self.assertEqual(old["protocolVersion"], "2025-06-18")
        self.assertIn("tools", old["capabilities"])
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        modern = {"MCP-Protocol-Version": "2026-07-28"}
        found = post(
            url, "server/discover", {"_meta": meta}, **modern, **{"Mcp-Method": "server/discover"}
        ).json["result"]
        self.assertIn("2026-07-28", found["supportedVersions"])
        params = {"name": "lark___add", "arguments": {"a": 1, "b": 1}, "_meta": meta}
        headers = {**modern, "Mcp-Method": "tools/call", "Mcp-Name": "lark___add"}
        result = post(url, "tools/call", params, **headers).json["result"]
        self.assertEqual(result["content"][0]["text"], "2")
        self.assertEqual(result["resultType"], "complete")

    def test_versions_and_instructions_of_the_gateway(self) -> None:
        gateway = self.gateway(
            protocolConfiguration={
                "mcp": {"supportedVersions": ["2025-06-18"], "instructions": "Be careful."}
            }
        )
        client = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        found = post(
            gateway["gatewayUrl"], "initialize", {"protocolVersion": "2025-11-25", **client}
        ).json["result"]
        self.assertEqual(found["protocolVersion"], "2025-06-18")
        self.assertEqual(found["instructions"], "Be careful.")

    def test_progress_is_passed_on(self) -> None:
        url, arn, _ = self.chain()
        params = {"name": "lark___steps", "arguments": {}, "_meta": {"progressToken": "mine"}}
        events = post(url, "tools/call", params).events
        methods = [event.get("method") for event in events]
        self.assertEqual(methods, ["notifications/progress"] * 3 + [None])
        self.assertEqual([event["params"]["progress"] for event in events[:3]], [1, 2, 3])
        self.assertTrue(all(event["params"]["progressToken"] == "mine" for event in events[:3]))
        self.assertEqual(events[3]["result"]["content"][0]["text"], "three steps")
        answer = self.invoke(arn, "tools/call", {**params, "name": "steps"})
        self.assertEqual(answer["contentType"].split(";")[0], "text/event-stream")
        self.assertEqual(answer["response"].read().count(b"data: "), 4)

    def test_dynamic_targets_are_asked_each_time(self) -> None:
        with tool_server() as endpoint:
            gateway = self.gateway()
            target = self.server_target(gateway, endpoint, mode="DYNAMIC")
            self.assertEqual(target["status"], "READY", target)
            self.assertIn("lark___echo", self.tools(gateway["gatewayUrl"]))
            self.assertEqual(self.text(gateway["gatewayUrl"], "lark___add", {"a": 1, "b": 1}), "2")
            self.assertEqual(self.call(gateway["gatewayUrl"], "lark___none")["code"], -32602)
        self.assertEqual(self.tools(gateway["gatewayUrl"]), [])
        result = self.call(gateway["gatewayUrl"], "lark___echo")
        self.assertTrue(result["isError"])
        self.assertIn("cannot be reached", result["content"][0]["text"])

    def test_search(self) -> None:
        gateway = self.gateway(protocolConfiguration={"mcp": {"searchType": "SEMANTIC"}})
        with tool_server() as endpoint:
            self.server_target(gateway, endpoint)
        url = gateway["gatewayUrl"]
        self.assertEqual(self.tools(url)[0], "x_amz_bedrock_agentcore_search")
        result = self.call(url, "x_amz_bedrock_agentcore_search", {"query": "add two numbers"})
        self.assertEqual(result["structuredContent"]["tools"][0]["name"], "lark___add")
        self.assertTrue(self.call(url, "x_amz_bedrock_agentcore_search")["isError"])

    def test_lambda_targets_are_listed(self) -> None:
        gateway = self.gateway()
        self.iam.put_role_policy(
            RoleName="gateway", PolicyName="lambda", PolicyDocument=allow("lambda:InvokeFunction")
        )
        schema = [
            {
                "name": "look",
                "description": "Looks",
                "inputSchema": {"type": "object", "properties": {"at": {"type": "string"}}},
            }
        ]
        target = self.target(
            gateway,
            {
                "lambda": {
                    "lambdaArn": f"arn:aws:lambda:{REGION}:{self.cloud.account}:function:f",
                    "toolSchema": {"inlinePayload": schema},
                }
            },
            "fn",
            credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
        )
        self.assertEqual(target["status"], "READY", target)
        self.assertEqual(self.tools(gateway["gatewayUrl"]), ["fn___look"])
        result = self.call(gateway["gatewayUrl"], "fn___look")
        self.assertTrue(result["isError"])
        self.assertIn("Lambda", result["content"][0]["text"])
        self.assertEqual(self.call(gateway["gatewayUrl"], "fn___none")["code"], -32602)

    def test_a_thousand_calls_none_lost(self) -> None:
        url, _, _ = self.chain()

        def one(number: int) -> str:
            return self.text(url, "lark___add", {"a": number, "b": 1})

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            found = list(pool.map(one, range(1000)))
        self.assertEqual(found, [str(number + 1) for number in range(1000)])

    def test_a_call_that_waits_holds_up_nobody(self) -> None:
        url, _, _ = self.chain()
        with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(1) as pool:
            begun, over = Path(folder, "begun"), Path(folder, "over")
            arguments = {"seconds": 50, "begun": str(begun), "until": str(over)}
            slow = pool.submit(self.text, url, "lark___slow", arguments)
            self.cloud.wait_until(begun.exists)
            for _ in range(10):
                self.assertEqual(self.text(url, "lark___echo", {"text": "quick"}), "quick")
            self.assertFalse(slow.done())
            over.touch()
            self.assertEqual(slow.result(), "at last")

    def test_clients_that_leave(self) -> None:
        url, arn, _ = self.chain()
        quoted = arn.replace(":", "%3A").replace("/", "%2F")
        modern = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        for address, name, headers, meta in (
            (url, "lark___slow", {}, {"progressToken": 1}),
            (url, "lark___slow", {"MCP-Protocol-Version": "2026-07-28"}, modern),
            (url, "lark___steps", {}, {"progressToken": 1}),
            (f"{self.cloud.url}/runtimes/{quoted}/invocations", "slow", {}, {}),
        ):
            params = {"name": name, "arguments": {"seconds": 5}, "_meta": meta}
            body = json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            ).encode()
            more = {"Mcp-Method": "tools/call", "Mcp-Name": name} if headers else {}
            for _ in range(5):
                request = self.signed_request(address, body, {**ACCEPT, **headers, **more})
                with socket.create_connection(("127.0.0.1", self.cloud.port)) as client:
                    client.sendall(request)
                    time.sleep(0.05)
        self.assertEqual(self.text(url, "lark___echo", {"text": "still here"}), "still here")

    def signed_request(self, url: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The bytes of a POST; signed, which a gateway without authorizer does not mind."""
        request = botocore.awsrequest.AWSRequest("POST", url, headers, body)
        credentials = botocore.credentials.Credentials(*self.cloud.key)
        botocore.auth.SigV4Auth(credentials, "bedrock-agentcore", REGION).add_auth(request)
        path = url[len(self.cloud.url) :]
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self.cloud.port}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items() if name != "Host"]
        lines += [f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    def test_a_call_that_is_cancelled(self) -> None:
        url, _, _ = self.chain()
        answers, calls = self.slow_calls(url, 1)
        message = {
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": 1, "reason": "not needed"},
        }
        self.assertEqual(send("POST", url, json.dumps(message).encode(), **ACCEPT).status, 202)
        calls[0].join(30)
        self.assertFalse(calls[0].is_alive())
        self.assertEqual(len(answers), 1)

    def test_a_cloud_that_is_emptied_in_the_middle_of_calls(self) -> None:
        url, _, _ = self.chain()
        answers, calls = self.slow_calls(url, 3)
        self.cloud.reset()
        for call in calls:
            call.join(30)
        self.assertEqual(len(answers), 3)
        self.assertEqual(post(url, "tools/list").status, 404)
        self.assertEqual(self.running(), [])

    def slow_calls(self, url: str, count: int) -> tuple[list[Any], list[threading.Thread]]:
        """Calls that the server works on when this returns, for longer than their client waits; their answers."""
        answers: list[Any] = []
        with tempfile.TemporaryDirectory() as folder:

            def call(number: int) -> None:
                arguments = {"seconds": 120, "begun": str(Path(folder, f"{number}"))}
                answers.append(post(url, "tools/call", {"name": "lark___slow", "arguments": arguments}))

            calls = [threading.Thread(target=call, args=(number,)) for number in range(count)]
            for thread in calls:
                thread.start()
            self.cloud.wait_until(lambda: len(list(Path(folder).iterdir())) == count)
        return answers, calls


class Targets(DataPlaneTest):
    """Connecting to servers: permissions, credentials, addresses."""

    def test_a_role_that_may_not_call_the_runtime(self) -> None:
        self.command("lark")
        arn = self.runtime()
        self.iam.delete_role_policy(RoleName="gateway", PolicyName="allow")
        gateway = self.gateway()
        target = self.runtime_target(gateway, arn)
        self.assertEqual(target["status"], "FAILED")
        self.assertEqual(
            target["statusReasons"], [REFUSED + "Authorization error when sending message"]
        )
        self.iam.put_role_policy(
            RoleName="gateway",
            PolicyName="allow",
            PolicyDocument=allow(
                "bedrock-agentcore:InvokeAgentRuntime", resource=[arn, f"{arn}/*"]
            ),
        )
        self.control.synchronize_gateway_targets(
            gatewayIdentifier=gateway["gatewayId"], targetIdList=[target["targetId"]]
        )
        self.assertEqual(self.get_target(gateway, target["targetId"])["status"], "READY")
        self.assertEqual(self.text(gateway["gatewayUrl"], "lark___add", {"a": 1, "b": 1}), "2")

    def test_both_resources_must_be_allowed(self) -> None:
        self.command("lark")
        arn = self.runtime()
        self.iam.put_role_policy(
            RoleName="gateway",
            PolicyName="allow",
            PolicyDocument=allow("bedrock-agentcore:InvokeAgentRuntime", resource=arn),
        )
        self.assertEqual(self.runtime_target(self.gateway(), arn)["status"], "FAILED")

    def test_conditions_hold_for_what_the_role_does(self) -> None:
        self.command("lark")
        arn = self.runtime()
        provider = self.control.create_api_key_credential_provider(name="key", apiKey="secret")
        key = {"providerArn": provider["credentialProviderArn"]}
        keyed = {
            "credentialProviderType": "API_KEY",
            "credentialProvider": {"apiKeyCredentialProvider": key},
        }
        with tool_server() as url:
            for region, status in ((REGION, "READY"), ("eu-west-1", "FAILED")):
                self.iam.put_role_policy(
                    RoleName="gateway", PolicyName="allow", PolicyDocument=in_region("*", region)
                )
                gateway = self.gateway(f"of-{region}")
                self.assertEqual(self.runtime_target(gateway, arn, "one")["status"], status)
                made = self.server_target(
                    gateway, url, "two", credentialProviderConfigurations=[keyed]
                )
                self.assertEqual(made["status"], status, made)

    def test_servers_that_are_not_there(self) -> None:
        gateway = self.gateway()
        target = self.server_target(gateway, self.nobody() + "/mcp")
        self.assertEqual(target["status"], "FAILED")
        self.assertTrue(target["statusReasons"][0].startswith(REFUSED), target)

    def test_a_gateway_does_not_call_the_cloud_itself(self) -> None:
        gateway = self.gateway()
        target = self.server_target(gateway, gateway["gatewayUrl"])
        self.assertEqual(target["status"], "FAILED")

    def test_openapi_targets_offer_nothing(self) -> None:
        gateway = self.gateway()
        self.target(
            gateway,
            {"openApiSchema": {"inlinePayload": "{}"}},
            "api",
            credentialProviderConfigurations=[
                self.api_key(credentialLocation="HEADER", credentialParameterName="X-Key")
            ],
        )
        self.assertEqual(self.tools(gateway["gatewayUrl"]), [])

    def api_key(self, **config: str) -> dict[str, Any]:
        provider = self.control.create_api_key_credential_provider(name="key", apiKey="s3cr3t key")
        return {
            "credentialProviderType": "API_KEY",
            "credentialProvider": {
                "apiKeyCredentialProvider": {
                    "providerArn": provider["credentialProviderArn"],
                    **config,
                }
            },
        }

    def seen_headers(self, gateway: dict[str, Any]) -> dict[str, str]:
        return json.loads(self.text(gateway["gatewayUrl"], "lark___headers"))

    def test_api_keys_in_headers(self) -> None:
        with tool_server() as endpoint:
            gateway = self.gateway()
            self.server_target(
                gateway,
                endpoint,
                credentialProviderConfigurations=[
                    self.api_key(credentialParameterName="X-Api-Key", credentialPrefix="Key")
                ],
            )
            self.assertEqual(self.seen_headers(gateway)["x-api-key"], "Key s3cr3t key")

    def oauth(self, issuer: Issuer, **config: Any) -> dict[str, Any]:
        provider = self.control.create_oauth2_credential_provider(
            name="oauth",
            credentialProviderVendor="CustomOauth2",
            oauth2ProviderConfigInput={
                "customOauth2ProviderConfig": {
                    "oauthDiscovery": {"discoveryUrl": issuer.discovery_url},
                    "clientId": issuer.client[0],
                    "clientSecret": issuer.client[1],
                }
            },
        )
        return {
            "credentialProviderType": "OAUTH",
            "credentialProvider": {
                "oauthCredentialProvider": {
                    "providerArn": provider["credentialProviderArn"],
                    "scopes": ["tools/invoke"],
                    **config,
                }
            },
        }

    def test_tokens_by_client_credentials(self) -> None:
        issuer = Issuer(self.cloud)
        with tool_server() as endpoint:
            gateway = self.gateway()
            target = self.server_target(
                gateway, endpoint, credentialProviderConfigurations=[self.oauth(issuer)]
            )
            self.assertEqual(target["status"], "READY", target)
            first = self.seen_headers(gateway)["authorization"]
            self.assertEqual(self.seen_headers(gateway)["authorization"], first)
            claims = json.loads(base64.urlsafe_b64decode(first.split(".")[1] + "=="))
            self.assertEqual(claims["client_id"], issuer.client[0])

    def test_a_runtime_behind_a_token(self) -> None:
        issuer = Issuer(self.cloud)
        self.command("lark")
        arn = self.runtime(
            authorizerConfiguration=issuer.authorizer(allowedScopes=["tools/invoke"])
        )
        gateway = self.gateway()
        target = self.runtime_target(
            gateway, arn, credentialProviderConfigurations=[self.oauth(issuer)]
        )
        self.assertEqual(target["status"], "READY", target)
        self.assertEqual(self.text(gateway["gatewayUrl"], "lark___echo", {"text": "hi"}), "hi")

    def test_a_role_that_may_not_use_the_provider(self) -> None:
        issuer = Issuer(self.cloud)
        self.iam.delete_role_policy(RoleName="gateway", PolicyName="allow")
        with tool_server() as endpoint:
            gateway = self.gateway()
            target = self.server_target(
                gateway, endpoint, credentialProviderConfigurations=[self.oauth(issuer)]
            )
        self.assertEqual(
            target["statusReasons"], [REFUSED + "Authorization error when sending message"]
        )

    def test_a_changed_target_is_connected_anew(self) -> None:
        gateway = self.gateway()
        with tool_server() as first, tool_server(MORE_TOOLS="1") as second:
            target = self.server_target(gateway, first)
            self.assertNotIn("lark___more-000", self.tools(gateway["gatewayUrl"]))
            self.control.update_gateway_target(
                gatewayIdentifier=gateway["gatewayId"],
                targetId=target["targetId"],
                name="lark",
                targetConfiguration={"mcp": {"mcpServer": {"endpoint": second}}},
            )
            self.get_target(gateway, target["targetId"])
            self.assertEqual(self.text(gateway["gatewayUrl"], "lark___echo", {"text": "b"}), "b")
            self.assertIn("lark___more-000", self.tools(gateway["gatewayUrl"]))

    def test_sessions_of_legacy_servers(self) -> None:
        gateway = self.gateway()
        with tool_server(STATEFUL="1") as endpoint:
            self.server_target(gateway, endpoint)
            self.assertEqual(self.text(gateway["gatewayUrl"], "lark___echo", {"text": "1"}), "1")


@needs_javascript
class Sdk(DataPlaneTest):
    """The official MCP clients in TypeScript (tests/integration/js)."""

    def test_the_sdks_through_a_gateway(self) -> None:
        self.cloud.configure(skew_ms=-10 * 60 * 1000)
        issuer = Issuer(self.cloud, token_minutes=5)
        expired = issuer.token()
        self.cloud.configure(skew_ms=0)
        self.command("lark")
        gateway = self.gateway(
            authorizerType="CUSTOM_JWT",
            authorizerConfiguration=issuer.authorizer(allowedScopes=["tools/invoke"]),
            protocolConfiguration=STREAMS,
        )
        self.runtime_target(gateway, self.runtime())
        given = {
            "url": gateway["gatewayUrl"],
            "tampered": issuer.token()[:-6] + "AAAAAA",
            "expired": expired,
            "wrong": issuer.token(issuer.other, "tools/other"),
            "issuer": issuer.issuer,
            "clientId": issuer.client[0],
            "clientSecret": issuer.client[1],
            "scope": "tools/invoke",
        }
        ran = run_script("gateway.mjs", json.dumps(given))
        self.assertEqual((0, "done\n"), (ran.returncode, ran.stdout), ran.stderr)


if __name__ == "__main__":
    unittest.main()

"""Prints what a tool call costs on its way through the embedded cloud: calls per second and latency to
the server itself, through its runtime, and through gateway and runtime. Figures only; nothing here
passes or fails, but lost calls are counted.

    build/venv/bin/python tests/bench/local_calls.py build/release/bin/gantry [CALLS [CONNECTIONS]]

The server is `gantry-mcp serve --conformance`; gantry-mcp has to stand beside the gantry binary.
"""

import json
import os
import socket
import statistics
import sys
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/bin/gantry").resolve()
CALLS = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
CONNECTIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 16
os.environ["GANTRY_BINARY"] = str(BINARY)
sys.path.insert(0, str(ROOT))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

from tests.integration.data_plane import ACCEPT, DataPlaneTest, Issuer  # noqa: E402
from tests.integration.harness import SERVER  # noqa: E402
from tests.integration.local_cloud import LocalCloud  # noqa: E402

TOOL = "test_simple_text"


class World(DataPlaneTest):
    """The helpers of the tests without a test."""

    def runTest(self):
        pass


def request(url, name, headers):
    """The bytes of a call; they can be sent again and again."""
    parts = urllib.parse.urlsplit(url)
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": {}}}
    body = json.dumps(message).encode()
    given = {**ACCEPT, "MCP-Protocol-Version": "2025-11-25", **(headers(url, body) if headers else {})}
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in given.items()]
    return (parts.hostname, parts.port), "\r\n".join([*lines, "", ""]).encode() + body


def exchange(client, bytes_):
    """Sends once; whether the answer is a result."""
    client.sendall(bytes_)
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return False
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    names = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    length = int(names.get(b"content-length", 0))
    while len(body) < length:
        body += client.recv(65536)
    return head.startswith(b"HTTP/1.1 200") and b'"result"' in body


def worker(place, bytes_, count, times, lost):
    client = socket.create_connection(place)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(count):
        begun = time.perf_counter()
        if exchange(client, bytes_):
            times.append(time.perf_counter() - begun)
        else:
            lost.append(1)
    client.close()


def run(place, bytes_, calls, connections):
    times, lost = [], []
    threads = [
        threading.Thread(target=worker, args=(place, bytes_, calls // connections, times, lost))
        for _ in range(connections)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - begun), sorted(times), len(lost)


def main():
    with LocalCloud() as cloud:
        cloud._defaults()
        world = World()
        world.cloud = cloud
        world.setUp()
        issuer = Issuer(cloud)
        world.command("lark", command=SERVER)
        arn = world.runtime()
        gateway = world.gateway(authorizerType="CUSTOM_JWT", authorizerConfiguration=issuer.authorizer())
        target = world.runtime_target(gateway, arn)
        assert target["status"] == "READY", target
        direct = f"http://127.0.0.1:{world.running()[0]['port']}/mcp"
        quoted = urllib.parse.quote(arn, safe="")
        token = issuer.token()

        def signed(url, body):
            made = AWSRequest("POST", url, dict(ACCEPT), body)
            SigV4Auth(Credentials(*cloud.key), "bedrock-agentcore", "us-east-1").add_auth(made)
            return {key: value for key, value in made.headers.items() if key not in ACCEPT}

        hops = (
            ("server", direct, TOOL, None),
            ("runtime", f"{cloud.url}/runtimes/{quoted}/invocations", TOOL, signed),
            ("gateway", gateway["gatewayUrl"], f"lark___{TOOL}", lambda *_: {"Authorization": f"Bearer {token}"}),
        )
        print(f"{CALLS} calls of {TOOL} by gantry-mcp")
        print(f"{'':10}{'1 connection':^42}{f'{CONNECTIONS} connections':^34}")
        print(f"{'hop':10}{'calls/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'added ms':>10}{'lost':>5}"
              f"{'calls/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'lost':>5}")
        before = 0.0
        for name, url, called, headers in hops:
            place, bytes_ = request(url, called, headers)
            run(place, bytes_, 50, 1)
            rate, times, lost = run(place, bytes_, CALLS, 1)
            many, spread, more = run(place, bytes_, CALLS, CONNECTIONS)
            middle = statistics.median(times) * 1000 if times else float("nan")
            ninety = lambda found: found[int(len(found) * 0.99)] * 1000 if found else float("nan")  # noqa: E731
            print(f"{name:10}{rate:9.0f}{middle:9.2f}{ninety(times):9.2f}{middle - before:10.2f}{lost:5}"
                  f"{many:12.0f}{statistics.median(spread or [0]) * 1000:9.2f}{ninety(spread):9.2f}{more:5}")
            before = middle


if __name__ == "__main__":
    main()

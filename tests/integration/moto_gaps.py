"""What moto lacks and every apply looks for: the DEFAULT endpoint of a runtime, which the service makes itself.

Without it Gantry waits ten seconds for it in each run and warns.  One test is against moto as it is; those that
run Gantry again and again have the proxy fill the gap from what moto knows of the runtime.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

Answer = tuple[int, list[tuple[str, str]], bytes]

_DEFAULT = re.compile(r"(/runtimes/[^/]+/)runtime-endpoints/DEFAULT/?")


def fill(method: str, path: str, answer: Answer, get: Callable[[str], Answer]) -> Answer:
    """The answer in place of moto's; get(path) asks moto."""
    match = _DEFAULT.fullmatch(path)
    if method != "GET" or match is None or answer[0] != 404:
        return answer
    status, headers, body = get(match.group(1))
    if status != 200:
        return answer
    runtime = json.loads(body)
    version = runtime["agentRuntimeVersion"]
    endpoint = {
        "name": "DEFAULT",
        "id": "DEFAULT",
        "agentRuntimeArn": runtime["agentRuntimeArn"],
        "agentRuntimeEndpointArn": f"{runtime['agentRuntimeArn']}/runtime-endpoint/DEFAULT",
        "liveVersion": version,
        "targetVersion": version,
        "status": "READY",
        "createdAt": runtime["createdAt"],
        "lastUpdatedAt": runtime["lastUpdatedAt"],
    }
    return 200, headers, json.dumps(endpoint).encode()

"""python -m strict_cloud --port 5600 [--log FILE] [--seed FILE] [knobs]"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from .config import add_arguments, from_arguments
from .server import Server


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="strict_cloud", description="A strict test double of AWS services.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--port-file", help="write the port here once it listens")
    parser.add_argument("--log", help="append one NDJSON line per request")
    parser.add_argument("--seed", help="JSON file as for POST /_double/seed")
    add_arguments(parser)
    arguments = parser.parse_args()
    server = Server(from_arguments(arguments), arguments.port, arguments.log)
    if arguments.seed:
        with open(arguments.seed, encoding="utf-8") as file:
            status, result = server.admin.handle("POST", "/_double/seed", "", json.load(file))
        if status != 200:
            print(f"strict_cloud: {result}", file=sys.stderr)
            return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if arguments.port_file:
        with open(arguments.port_file, "w", encoding="ascii") as file:
            file.write(f"{server.server_address[1]}\n")
    print(f"strict_cloud listening on {server.url}", flush=True)
    try:
        server.serve_forever(0.05)
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())

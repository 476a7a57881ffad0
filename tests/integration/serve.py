"""Runs one server of the tests in Python: moto, or the recording proxy.

    python -m tests.integration.serve moto|proxy --port-file FILE [options]

It ends when its standard input does, so that it never outlives the test that holds the other end,
however that test ends.
"""

from __future__ import annotations

import os
import sys
import threading


def _end_with_parent() -> None:
    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _moto(arguments: list[str]) -> int:
    """moto's own server, without its request log."""
    import logging

    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    with open(arguments[arguments.index("--port-file") + 1], "w", encoding="ascii") as file:
        file.write(f"{server.server_port}\n")
    server.serve_forever()
    return 0


def _proxy(arguments: list[str]) -> int:
    from tests.integration.proxy import main

    return main(arguments)


if __name__ == "__main__":
    _end_with_parent()
    sys.exit({"moto": _moto, "proxy": _proxy}[sys.argv[1]](sys.argv[2:]))

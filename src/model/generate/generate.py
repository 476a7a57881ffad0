#!/usr/bin/env python3
"""Writes the model tables of Gantry from botocore's service models. See README.md beside this file.

generate.py          writes src/model/tables/*.c and include/gantry/model/operations.h
generate.py --check  compares with what is there, writes nothing, fails when anything differs
"""

import argparse
import pathlib
import sys

import botocore
import botocore.loaders

import endpoints
import tables

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TABLES = ROOT / "src" / "model" / "tables"
HEADER = ROOT / "include" / "gantry" / "model" / "operations.h"


def read_list(path):
    """operations.txt as {service: sorted operation names}."""
    wanted = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        service, colon, names = line.partition(":")
        if not colon or not names.strip():
            sys.exit(f"{path.name}:{number}: expected \"service: Operation ...\"")
        wanted.setdefault(service.strip(), set()).update(names.split())
    return {service: sorted(wanted[service]) for service in sorted(wanted)}


def load(loader, service, names):
    model = loader.load_service_model(service, "service-2")
    missing = [name for name in names if name not in model["operations"]]
    if missing:
        sys.exit(f"{service}: not in botocore {botocore.__version__}: {' '.join(missing)}")
    try:
        pages = loader.load_service_model(service, "paginators-1")["pagination"]
    except botocore.loaders.UnknownServiceError:
        pages = {}
    except botocore.exceptions.DataNotFoundError:
        pages = {}
    return tables.Service(service, model, pages, names)


def generate():
    """All files as {path: text}."""
    loader = botocore.loaders.Loader()
    services = [load(loader, *entry) for entry in read_list(HERE / "operations.txt").items()]
    files = {TABLES / f"{service.symbol}.c": service.source() for service in services}
    files[TABLES / "services.c"] = tables.services_source(services)
    files[TABLES / "endpoints.c"] = endpoints.source(loader, [s.name for s in services])
    files[HEADER] = tables.header(services)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    print(f"botocore {botocore.__version__}", file=sys.stderr)
    files = generate()
    stale = [path for path in sorted(TABLES.glob("*.c")) if path not in files]
    changed = [path for path, text in files.items()
               if not path.exists() or path.read_text() != text]
    if arguments.check:
        for path in stale + changed:
            print(f"differs: {path.relative_to(ROOT)}", file=sys.stderr)
        sys.exit(1 if stale or changed else 0)
    TABLES.mkdir(exist_ok=True)
    for path in stale:
        path.unlink()
    for path in changed:
        path.write_text(files[path])
        print(f"wrote {path.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()

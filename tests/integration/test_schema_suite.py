"""The official JSON Schema test suite (draft 2020-12) against src/schema, by way of tests/support/schema_suite.c.

The suite comes with the source package of jsonschema, which tests/run.sh fetches. Nothing leads out of a
document in Gantry, so what a case wants fetched is put into its document first, as the specification has it
for bundled schemas (JSON Schema Core, section 9.3).
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

SUITE = Path(os.environ.get("GANTRY_SCHEMA_SUITE", ""))
RUNNER = os.environ.get("GANTRY_SCHEMA_RUNNER", "")
REMOTES_URL = "http://localhost:1234/"

TWO_NAMES = "a document that is known by its address and by another $id: an address means nothing here"
VOCABULARY = "$vocabulary of a metaschema that is elsewhere: all keywords always count"
OLD = "a keyword, or a draft, before 2020-12"
LEFT_OUT = {
    ("refRemote.json", "remote HTTP ref with different $id"): TWO_NAMES,
    ("refRemote.json", "remote HTTP ref with different URN $id"): TWO_NAMES,
    ("vocabulary.json", "schema that uses custom metaschema with with no validation vocabulary"): VOCABULARY,
    ("optional/format-assertion.json", "schema that uses custom metaschema with format-assertion: false"): VOCABULARY,
    ("optional/format-assertion.json", "schema that uses custom metaschema with format-assertion: true"): VOCABULARY,
    ("optional/cross-draft.json", "refs to historic drafts are processed as historic drafts"): OLD,
    ("optional/dependencies-compatibility.json", "single dependency"): OLD,
    ("optional/dependencies-compatibility.json", "multiple dependents required"): OLD,
    ("optional/dependencies-compatibility.json", "dependencies with escaped characters"): OLD,
    ("optional/dependencies-compatibility.json", "single schema dependency"): OLD,
    ("optional/dependencies-compatibility.json", "boolean subschemas"): OLD,
    ("optional/dependencies-compatibility.json", "schema dependencies with escaped characters"): OLD,
}
"""Groups with cases that fail, and why. optional/format is not run at all: format is an annotation."""

FEWEST_CASES = 2500


def references(schema: Any, base: str) -> Iterator[str]:
    """The documents that references lead to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$id"), str):
            base = urljoin(base, schema["$id"])
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield urldefrag(urljoin(base, value)).url
            yield from references(value, base)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value, base)


def remotes() -> dict[str, Any]:
    """What the suite wants at an address, and the specification's own metaschema."""
    from jsonschema_specifications import REGISTRY

    root = SUITE / "remotes"
    found = {}
    for path in [*root.glob("*.json"), *(root / "draft2020-12").rglob("*.json"), *(root / "nested").rglob("*.json")]:
        found[REMOTES_URL + path.relative_to(root).as_posix()] = json.loads(path.read_text(encoding="utf-8"))
    for uri in REGISTRY:
        if "/draft/2020-12/" in uri:
            found[uri] = REGISTRY.contents(uri)
    return found


def bundled(schema: Any, known: dict[str, Any]) -> Any:
    """The schema in one document with all that it leads to elsewhere."""
    parts: dict[str, Any] = {}
    todo = list(references(schema, ""))
    while todo:
        url = todo.pop()
        if url in known and url not in parts:
            part = known[url]
            parts[url] = {**part, "$id": urljoin(url, part.get("$id", ""))}
            todo += references(parts[url], url)
    if not parts:
        return schema
    main = {"$id": "urn:example:main", **schema}
    return {"$id": "urn:example:bundle", "$ref": main["$id"], "$defs": {**parts, "main": main}}


@unittest.skipUnless(SUITE.name and RUNNER, "GANTRY_SCHEMA_SUITE is not set (see tests/integration/CMakeLists.txt)")
class Suite(unittest.TestCase):
    maxDiff = None

    def test_draft_2020_12(self) -> None:
        known, root = remotes(), SUITE / "tests/draft2020-12"
        names = [path.relative_to(root).as_posix() for path in root.rglob("*.json")]
        names = sorted(name for name in names if not name.startswith("optional/format/"))
        with tempfile.TemporaryDirectory(prefix="gantry-schema-") as folder:
            for name in names:
                groups = json.loads((root / name).read_text(encoding="utf-8"))
                for group in groups:
                    group["schema"] = bundled(group["schema"], known)
                target = Path(folder) / name
                target.parent.mkdir(exist_ok=True)
                target.write_text(json.dumps(groups), encoding="utf-8")
            done = subprocess.run(
                [RUNNER, *names], cwd=folder, capture_output=True, text=True, timeout=300, check=False
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        *lines, summary = done.stdout.splitlines()
        failures = [line.split("\t") for line in lines]
        unexpected = [failure for failure in failures if (failure[0], failure[1]) not in LEFT_OUT]
        self.assertEqual(unexpected, [])
        self.assertGreaterEqual(int(summary.split()[0]), FEWEST_CASES, summary)
        passing = set(LEFT_OUT) - {(failure[0], failure[1]) for failure in failures}
        self.assertEqual(passing, set(), "left out without need")


if __name__ == "__main__":
    unittest.main()

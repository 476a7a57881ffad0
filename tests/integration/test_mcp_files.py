"""gantry-mcp with files: reading, listing, and nothing of what lies outside."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from typing import Any

from .mcp_program import Outcome, ProgramTest


class FilesTest(ProgramTest):
    def setUp(self) -> None:
        super().setUp()
        self.root = (self.folder / "reports").resolve()
        self.other = (self.folder / "other").resolve()
        self.outside = (self.folder / "outside").resolve()
        for folder in (self.root / "sub" / "deep", self.other, self.outside):
            folder.mkdir(parents=True)
        (self.root / "a.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
        (self.root / "sub" / "b.csv").write_text("x,y\n1,2\n", encoding="utf-8")
        (self.root / "sub" / "deep" / "c.csv").write_text("z\n", encoding="utf-8")
        (self.root / ".env").write_text("SECRET=1", encoding="utf-8")
        (self.other / "o.txt").write_text("other", encoding="utf-8")
        (self.outside / "secret.txt").write_text("outside", encoding="utf-8")

    def document(self, **settings: Any) -> dict[str, Any]:
        source = {"type": "filesystem", "allowed_paths": [str(self.root), str(self.other)], **settings}
        return {
            "name": "files",
            "sources": {"reports": source},
            "tools": {"read": {"type": "file-read", "source": "reports"}, "list": {"type": "file-list", "source": "reports"}},
        }

    def names(self, result: Any) -> list[str]:
        return [os.path.relpath(entry["path"], self.root) for entry in result["entries"]]


class Reading(FilesTest):
    def setUp(self) -> None:
        super().setUp()
        self.serve(self.document(max_bytes=1000))

    def test_text(self) -> None:
        outcome = self.call("read", path="a.txt")
        modified = outcome.structured.pop("modified")
        self.assertEqual(
            outcome.structured,
            {
                "path": str(self.root / "a.txt"),
                "size": 14,
                "mime_type": "text/plain",
                "encoding": "utf-8",
                "offset": 0,
                "bytes": 14,
                "truncated": False,
                "text": "one\ntwo\nthree\n",
            },
        )
        self.assertRegex(modified, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(outcome.content, [{"type": "text", "text": "one\ntwo\nthree\n"}])
        self.assertEqual(self.result("read", path=str(self.other / "o.txt"))["text"], "other")
        self.assertEqual(self.result("read", path="sub/b.csv")["mime_type"], "text/csv")

    def test_bytes(self) -> None:
        data = bytes(range(256))
        (self.root / "ä b.png").write_bytes(data)
        outcome = self.call("read", path="ä b.png")
        self.assertEqual(outcome.structured["encoding"], "base64")
        self.assertEqual(base64.b64decode(outcome.structured["data"]), data)
        resource = outcome.content[0]["resource"]
        self.assertEqual(resource["uri"], (self.root / "ä b.png").as_uri())
        self.assertEqual(resource["mimeType"], "image/png")
        self.assertEqual(base64.b64decode(resource["blob"]), data)
        self.assertEqual(base64.b64decode(self.result("read", path="a.txt", encoding="base64")["data"]), b"one\ntwo\nthree\n")
        self.refused("invalid_arguments", "no UTF-8", "read", path="ä b.png", encoding="utf-8")
        (self.root / "utf16").write_bytes("ab".encode("utf-16"))
        self.assertEqual(self.result("read", path="utf16")["mime_type"], "application/octet-stream")

    def test_ranges_of_bytes(self) -> None:
        part = self.result("read", path="a.txt", offset=4, length=3)
        self.assertEqual((part["text"], part["offset"], part["next_offset"], part["truncated"]), ("two", 4, 7, False))
        for offset in (14, 14.0, 1000, 2**63 - 1):
            end = self.result("read", path="a.txt", offset=offset)
            self.assertEqual((end["text"], end["bytes"], "next_offset" in end), ("", 0, False))
        self.assertNotIn("next_offset", self.result("read", path="a.txt", offset=4, length=10))
        self.refused("invalid_arguments", "not both", "read", path="a.txt", offset=1, start_line=1)
        self.refused("invalid_arguments", "offset", "read", path="a.txt", offset=-1)
        self.refused("invalid_arguments", "offset is larger", "read", path="a.txt", offset=1e300)

    def test_a_large_file_in_pieces(self) -> None:
        text = "".join(f"{n} ä€😀\n" for n in range(700))
        (self.root / "large.txt").write_text(text, encoding="utf-8")
        size, got, offset, turns = len(text.encode()), "", 0, 0
        while offset is not None:
            outcome = self.call("read", path="large.txt", offset=offset)
            part = outcome.structured
            self.assertEqual(part["size"], size)
            self.assertLessEqual(part["bytes"], 1000)
            self.assertEqual(part["truncated"], "next_offset" in part)
            self.assertEqual(len(outcome.content), 2 if part["truncated"] else 1)
            got += part["text"]
            offset, turns = part.get("next_offset"), turns + 1
        self.assertEqual(got, text)
        self.assertGreater(turns, 7)

    def test_lines(self) -> None:
        text = "".join(f"line {n}\n" for n in range(1, 100001))
        (self.root / "lines.log").write_text(text + "end", encoding="utf-8")
        part = self.result("read", path="lines.log", start_line=99999, line_count=2)
        self.assertEqual((part["text"], part["line_count"], part["next_line"]), ("line 99999\nline 100000\n", 2, 100001))
        last = self.result("read", path="lines.log", start_line=100001)
        self.assertEqual((last["text"], last["line_count"], "next_line" in last), ("end", 1, False))
        beyond = self.result("read", path="lines.log", start_line=100002)
        self.assertEqual((beyond["text"], beyond["line_count"], "next_offset" in beyond), ("", 0, False))
        first = self.result("read", path="lines.log", line_count=1)
        self.assertEqual((first["text"], first["truncated"], first["next_line"]), ("line 1\n", False, 2))
        cut = self.result("read", path="lines.log", start_line=1)
        self.assertTrue(cut["truncated"] and cut["text"].endswith("\n"))
        self.assertEqual(cut["next_line"], cut["line_count"] + 1)
        (self.root / "long").write_text("x" * 3000, encoding="utf-8")
        long = self.result("read", path="long", start_line=1)
        self.assertEqual((long["bytes"], long["truncated"], long["next_offset"], long["line_count"]), (1000, True, 1000, 1))
        self.assertEqual(self.result("read", path="a.txt", start_line=1, line_count=3)["text"], "one\ntwo\nthree\n")
        self.assertNotIn("next_line", self.result("read", path="a.txt", start_line=1, line_count=3))

    def test_errors(self) -> None:
        self.refused("invalid_arguments", r"reports/none does not exist", "read", path="none")
        self.refused("invalid_arguments", r"sub is a folder", "read", path="sub")
        self.refused("invalid_arguments", r"is not a folder", "read", path="a.txt/x")
        self.refused("invalid_arguments", r"name that is too long", "read", path="x" * 300)
        self.refused("invalid_arguments", r"path is too long", "read", path="x/" * 3000)

    def test_an_empty_file(self) -> None:
        (self.root / "empty").touch()
        result = self.result("read", path="empty")
        self.assertEqual((result["text"], result["size"], result["truncated"]), ("", 0, False))


class Escapes(FilesTest):
    def setUp(self) -> None:
        super().setUp()
        self.serve(self.document())

    def test_paths(self) -> None:
        secret = str(self.outside / "secret.txt")
        paths = [
            "../outside/secret.txt", "sub/../../outside/secret.txt", secret, "/etc/passwd", "/", "..", "sub/..",
            f"{self.root}/../outside/secret.txt", f"{self.root}x/secret.txt", "/proc/self/environ", f"/proc/self/root{secret}",
            ".env", "./.env", f"{self.root}/.env", "sub/../.env",
        ]  # fmt: skip
        for path in paths:
            for tool in ("read", "list"):
                with self.subTest(path, tool=tool):
                    text = self.refused("denied", "\\.\\.|allowed", tool, path=path).text
                    self.assertNotIn("outside", text)
        for path in ("%2e%2e/secret.txt", "sub\\..\\secret.txt", "~/x", "${env.HOME}"):
            self.refused("invalid_arguments", "does not exist", "read", path=path)

    def test_links(self) -> None:
        (self.root / "file").symlink_to(self.outside / "secret.txt")
        (self.root / "folder").symlink_to(self.outside)
        (self.root / "inner").symlink_to("a.txt")
        (self.root / "magic").symlink_to("/proc/self/root")
        (self.root / "loop").symlink_to("loop")
        for path in ("file", "folder/secret.txt", "inner", "magic/etc/passwd", "loop", "folder"):
            with self.subTest(path):
                text = self.refused("denied", "links are not followed", "read", path=path).text
                self.assertNotIn("outside", text)
        self.refused("denied", "links are not followed", "list", path="folder")
        found = self.result("list", recursive=True)
        types = dict(zip(self.names(found), (entry["type"] for entry in found["entries"]), strict=True))
        self.assertEqual([types[name] for name in ("file", "folder", "inner", "magic", "loop")], ["link"] * 5)
        self.assertNotIn("secret", str(found))

    def test_what_is_no_file(self) -> None:
        os.mkfifo(self.root / "pipe")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.root / "socket"))
            begin = time.monotonic()
            for path in ("pipe", "socket"):
                self.refused("denied", "neither a file nor a folder", "read", path=path)
            self.assertLess(time.monotonic() - begin, 20)
            types = {entry["path"].rsplit("/", 1)[1]: entry["type"] for entry in self.result("list")["entries"]}
        self.assertEqual((types["pipe"], types["socket"], types["a.txt"], types["sub"]), ("other", "other", "file", "folder"))

    def test_races(self) -> None:
        """A folder and a link to outside change places, and nothing of the outside comes in."""
        (self.root / "sub" / "secret.txt").write_text("inside", encoding="utf-8")
        (self.root / "link").symlink_to(self.outside)
        over = threading.Event()

        def swap() -> None:
            spare = self.root / "spare"
            while not over.is_set():
                (self.root / "sub").rename(spare)
                (self.root / "link").rename(self.root / "sub")
                (self.root / "sub").rename(self.root / "link")
                spare.rename(self.root / "sub")

        swapping = threading.Thread(target=swap)
        swapping.start()
        seen: set[str] = set()
        try:
            begin = time.monotonic()
            while time.monotonic() < begin + 4 or ("inside" not in seen and time.monotonic() < begin + 60):
                outcome = self.call("read", path="sub/secret.txt")
                seen.add(outcome.kind if outcome.failed else outcome.structured["text"])
                listed = self.call("list", path="sub")
                if not listed.failed:
                    self.assertIn("deep", str(listed.structured))
                self.assertNotIn("outside/", str(self.call("list", recursive=True).structured))
        finally:
            over.set()
            swapping.join()
        self.assertIn("inside", seen)
        self.assertLessEqual(seen, {"inside", "denied", "invalid_arguments"})

    def test_a_folder_that_is_replaced(self) -> None:
        self.root.rename(self.folder / "away")
        self.refused("unavailable", "is not there", "read", path="a.txt")
        self.eventually(lambda: not self.ready("reports")["ready"])
        self.root.symlink_to(self.outside)
        self.refused("unavailable", "is not there", "read", path="secret.txt")
        self.refused("unavailable", "is not there", "list")
        self.root.unlink()
        self.root.mkdir()
        (self.root / "a.txt").write_text("new", encoding="utf-8")
        self.assertEqual(self.result("read", path="a.txt")["text"], "new")
        self.eventually(lambda: self.ready("reports")["ready"])


class Listing(FilesTest):
    def test_one_folder_and_all(self) -> None:
        self.serve(self.document())
        plain = self.result("list")
        self.assertEqual(self.names(plain), ["a.txt", "sub"])
        self.assertEqual(plain["entries"][0]["size"], 14)
        self.assertEqual(self.names(self.result("list", recursive=True)), ["a.txt", "sub", "sub/b.csv", "sub/deep", "sub/deep/c.csv"])
        self.assertEqual(self.names(self.result("list", recursive=True, depth=2)), ["a.txt", "sub", "sub/b.csv", "sub/deep"])
        self.assertEqual(self.names(self.result("list", recursive=True, pattern="*.csv")), ["sub/b.csv", "sub/deep/c.csv"])
        self.assertEqual(self.names(self.result("list", recursive=True, pattern="sub/*.csv")), ["sub/b.csv"])
        self.assertEqual(self.names(self.result("list", path="sub", pattern="deep/*", recursive=True)), ["sub/deep/c.csv"])
        self.assertEqual(self.result("list", path=str(self.other))["entries"][0]["path"], str(self.other / "o.txt"))
        self.refused("invalid_arguments", "is not a folder", "list", path="a.txt")
        self.refused("invalid_arguments", "does not exist", "list", path="none")

    def test_caps(self) -> None:
        for n in range(50):
            (self.root / f"{n:03}").touch()
        document = self.document()
        document["tools"]["list"] |= {"max_entries": 20, "max_depth": 2}
        self.serve(document)
        for _ in range(3):
            result = self.result("list")
            self.assertEqual((self.names(result), result["truncated"]), ([f"{n:03}" for n in range(20)], True))
        self.assertEqual(len(self.result("list", max_entries=3)["entries"]), 3)
        self.refused("invalid_arguments", "max_entries", "list", max_entries=21)
        self.refused("invalid_arguments", "depth", "list", recursive=True, depth=3)
        self.assertFalse(self.result("list", pattern="00?")["truncated"])

    def test_hidden_names(self) -> None:
        self.serve(self.document(hidden=True))
        self.assertIn(".env", self.names(self.result("list")))
        self.assertEqual(self.result("read", path=".env")["text"], "SECRET=1")

    def test_names_that_are_odd(self) -> None:
        for name in (b"\xff.txt", b"new\nline", b"quote\"'"):
            with open(os.path.join(os.fsencode(self.root), name), "w", encoding="utf-8") as file:
                file.write("x")
        self.serve(self.document())
        names = self.names(self.result("list"))
        self.assertEqual(names, ["a.txt", "new\nline", "quote\"'", "sub", "?.txt"])
        self.assertEqual(self.result("read", path="new\nline")["text"], "x")

    def test_a_call_that_takes_too_long_is_given_up(self) -> None:
        for n in range(200):
            (self.root / f"folder{n}").mkdir()
            for m in range(100):
                (self.root / f"folder{n}" / f"{m}").touch()
        document = self.document()
        document["tools"]["list"]["timeout_ms"] = 1
        self.serve(document)
        found: list[Outcome] = []
        # All of it may be there before the server sees that the time is over.
        self.eventually(lambda: found.append(self.call("list", recursive=True, pattern="nothing")) or found[-1].failed)
        self.assertEqual(found[-1].kind, "timeout")
        self.assertIn("1 ms", found[-1].text)
        self.assertEqual(self.result("read", path="a.txt")["size"], 14)


class Configuration(FilesTest):
    def test_a_tool_with_folders_of_its_own(self) -> None:
        """Relative ones start at the file's folder."""
        paths = ["reports", "./other/../other"]
        tool = {"type": "file-read", "max_bytes": 2**21, "security": {"allowed_paths": paths}}
        (self.root / "large").write_text("x" * 2**22, encoding="utf-8")
        self.serve({"name": "own", "tools": {"read": tool}})
        self.assertEqual(self.result("read", path="a.txt")["path"], str(self.root / "a.txt"))
        self.assertEqual(self.result("read", path=str(self.other / "o.txt"))["text"], "other")
        self.assertEqual(self.result("read", path="large")["bytes"], 2**21)
        self.refused("denied", "not below", "read", path=str(self.outside / "secret.txt"))
        self.assertIn(str(self.root), self.tool("read")["inputSchema"]["properties"]["path"]["description"])
        self.assertTrue(self.tool("read")["annotations"]["readOnlyHint"])

    def test_many_at_once(self) -> None:
        self.serve(self.document())
        wrong: list[Any] = []

        def work(number: int) -> None:
            path = self.root / f"{number}.txt"
            path.write_text(str(number) * 1000, encoding="utf-8")
            for _ in range(30):
                if self.result("read", path=path.name)["text"] != str(number) * 1000:
                    wrong.append(number)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(wrong, [])

"""Java-style patterns of the service models, as Python patterns that must match in full."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
import warnings


@functools.cache
def _categories() -> dict[str, str]:
    """First letter of a Unicode category -> the inside of a character class that holds it."""
    ranges: dict[str, list[list[int]]] = {}
    for code in range(sys.maxunicode + 1):
        runs = ranges.setdefault(unicodedata.category(chr(code))[0], [])
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return {letter: "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs) for letter, runs in ranges.items()}


def translate(pattern: str) -> str:
    """Expand \\p{L} and the like, which Python's re does not know; the rest reads the same."""
    out, index, in_class = [], 0, False
    while index < len(pattern):
        char = pattern[index]
        if pattern.startswith("\\p{", index):
            end = pattern.index("}", index)
            inside = _categories()[pattern[index + 3 : end]]
            out.append(inside if in_class else f"[{inside}]")
            index = end + 1
            continue
        if char == "\\":
            out.append(pattern[index : index + 2])
            index += 2
            continue
        if char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        out.append(char)
        index += 1
    return "".join(out)


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; \\w, \\s and \\d are ASCII, as in Java."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(translate(pattern), re.ASCII)


def matches(pattern: str, value: str) -> bool:
    """Full match."""
    return compiled(pattern).fullmatch(value) is not None

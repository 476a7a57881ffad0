"""Validation of an input against its shape.

The services accept some of what is refused here (most ignore unknown members).  A client that
sends such things has a bug all the same, so the double is as strict as the model.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from botocore.model import Shape, StructureShape

from .patterns import matches

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": (str, bytes),
}


class Problems:
    """What is wrong with an input: (path, message), wrong types apart."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.types: list[str] = []
        self.hiding = 0
        """Above 0 below a sensitive shape: values are not repeated."""

    def add(self, path: str, shape: Shape | None, value: Any, constraint: str) -> None:
        """A constraint of the model that `value` breaks, in the words of the services."""
        hidden = self.hiding or (shape is not None and shape.metadata.get("sensitive"))
        shown = "" if hidden or isinstance(value, (dict, list, bytes)) else f" '{value}'"
        self.fields.append((path, f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"))

    def summary(self) -> str:
        """One line for all of it."""
        count = len(self.fields)
        errors = "error" if count == 1 else "errors"
        return f"{count} validation {errors} detected: " + "; ".join(text for _, text in self.fields)


def check(shape: StructureShape | None, value: dict[str, Any]) -> Problems:
    """All problems of the input `value`."""
    problems = Problems()
    if shape is None:
        for name in value:
            problems.add(name, None, "", "Member is unknown")
    else:
        _structure(problems, "", shape, value)
    return problems


def _value(problems: Problems, path: str, shape: Shape, value: Any) -> None:
    if getattr(shape, "is_document_type", False):
        return
    kinds = _TYPES[shape.type_name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and shape.type_name != "boolean"):
        problems.types.append(f"{path}: {type(value).__name__} can not be converted to {shape.type_name}")
        return
    handler = _HANDLERS.get(shape.type_name)
    if handler:
        sensitive = bool(shape.metadata.get("sensitive"))
        problems.hiding += sensitive
        handler(problems, path, shape, value)
        problems.hiding -= sensitive


def _structure(problems: Problems, path: str, shape: Any, value: dict[str, Any]) -> None:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            problems.add(prefix + name, None, "null", "Member must not be null")
    for name, item in value.items():
        if name not in shape.members:
            problems.add(prefix + name, None, "", "Member is unknown")
        elif item is not None:
            _value(problems, prefix + name, shape.members[name], item)
    if shape.is_tagged_union and sum(item is not None for item in value.values()) != 1:
        problems.add(path, None, "", "Union must have exactly one member")


def _list(problems: Problems, path: str, shape: Any, value: list[Any]) -> None:
    _length(problems, path, shape, value)
    for index, item in enumerate(value):
        _value(problems, f"{path}.{index + 1}.member", shape.member, item)


def _map(problems: Problems, path: str, shape: Any, value: dict[str, Any]) -> None:
    _length(problems, path, shape, value)
    for key, item in value.items():
        _value(problems, f"{path}.key", shape.key, key)
        _value(problems, f"{path}.{key}", shape.value, item)


def _length(problems: Problems, path: str, shape: Shape, value: Any) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        problems.add(path, shape, value, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        problems.add(path, shape, value, f"Member must have length less than or equal to {high}")


def _string(problems: Problems, path: str, shape: Any, value: str) -> None:
    _length(problems, path, shape, value)
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(pattern, value):
        problems.add(path, shape, value, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        problems.add(path, shape, value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _number(problems: Problems, path: str, shape: Shape, value: float) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        problems.add(path, shape, value, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        problems.add(path, shape, value, f"Member must have value less than or equal to {high}")


def _blob(problems: Problems, path: str, shape: Shape, value: str | bytes) -> None:
    if isinstance(value, str):
        try:
            value = base64.b64decode(value, validate=True)
        except binascii.Error:
            problems.types.append(f"{path}: not base64")
            return
    _length(problems, path, shape, value)


_HANDLERS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}

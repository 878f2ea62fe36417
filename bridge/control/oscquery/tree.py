"""The table of controls as an OSCQuery tree: what a client may ask about an address, as JSON.

After the third revision of the OSCQuery proposal, and where that leaves a choice, as its clients read it: a switch is
of type T with a JSON boolean, whichever it is now; a trigger of type N; a choice a string with VALS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..parameters import Control, ControlTable, Value

Node = dict[str, Any]

READ, WRITE = 1, 2
REQUIRED = ("FULL_PATH", "CONTENTS", "TYPE")
OPTIONAL = ("ACCESS", "VALUE", "RANGE", "CLIPMODE", "UNIT", "DESCRIPTION", "TAGS")
ATTRIBUTES = REQUIRED + OPTIONAL
"""What is told of an address, each also alone by `?NAME`."""
UNSUPPORTED = ("EXTENDED_TYPE", "CRITICAL", "OVERLOADS", "HTML")
"""What the proposal knows besides."""
EXTENSIONS = dict.fromkeys((*OPTIONAL, "LISTEN"), True)
"""What is served of the proposal's optional parts."""
TYPES = {"float": "f", "floats": "f", "int": "i", "bool": "T", "trigger": "N"} | dict.fromkeys(
    ("string", "strings", "choice"), "s"
)
UNITS = {"px": "distance.pixels", "s": "time.second", "ms": "time.ms", "bpm": "time.bpm", "BPM": "time.bpm"}
"""Our units by the names of the proposal's list; others are told as they are."""


class NoSuchAddress(LookupError):
    """Neither a control nor a container; 404."""


class NotReadable(LookupError):
    """There is nothing to be told about that, here; 204."""


class NoSuchAttribute(LookupError):
    """Not a question that the proposal knows; 400."""


class Tree:
    """The nodes of a table: every control, and the containers that their addresses imply.

    An address may be both: `/vace/prompt` holds a text, and `/vace/prompt/1` may lie in it.
    """

    def __init__(self, table: ControlTable) -> None:
        self._rows = {row.address: row for row in table}
        self._children: dict[str, dict[str, str]] = {"/": {}}
        for row in table:
            parent = "/"
            parts = row.address.strip("/").split("/")
            for depth, name in enumerate(parts, start=1):
                path = "/" + "/".join(parts[:depth])
                self._children.setdefault(parent, {})[name] = path
                parent = path

    def describe(self, path: str, values: Mapping[str, Value]) -> Node:
        """The node of a path with all that lies in it. values: the mailbox's snapshot. Raises NoSuchAddress."""
        path = "/" + path.strip("/")
        row, children = self._rows.get(path), self._children.get(path)
        if row is None and children is None:
            raise NoSuchAddress(f"there is no {path[:100]}")
        node: Node = {"FULL_PATH": path} | (_leaf(row, values) if row else {"ACCESS": 0})
        if children is not None:
            node["CONTENTS"] = {name: self.describe(child, values) for name, child in children.items()}
        return node

    def attribute(self, path: str, name: str, values: Mapping[str, Value]) -> Node:
        """One attribute of a node as `{name: value}`, `{}` if it has none. Raises one of the three above."""
        node = self.describe(path, values)
        if name in UNSUPPORTED:
            raise NotReadable(f"{name} is not served")
        if name not in ATTRIBUTES:
            raise NoSuchAttribute(f"there is no attribute {name[:100]}; there are {', '.join(ATTRIBUTES)}")
        if name == "VALUE" and not node["ACCESS"] & READ:
            raise NotReadable(f"{path} holds no value")
        return {name: node[name]} if name in node else {}


def _leaf(row: Control, values: Mapping[str, Value]) -> Node:
    """What is told of a control itself."""
    value = values[row.address] if row.holds else None
    node: Node = {
        "DESCRIPTION": row.doc,
        "TAGS": [row.type, row.acts],
        "ACCESS": READ | WRITE if row.holds else WRITE,
        "TYPE": type_tags(row, value),
    }
    if value is not None:
        node["VALUE"] = list(value) if isinstance(value, tuple) else [value]
    if row.choices:
        node["RANGE"] = [{"VALS": list(row.choices)}]
    elif limits := {name: limit for name, limit in (("MIN", row.low), ("MAX", row.high)) if limit is not None}:
        each = len(value) if isinstance(value, tuple) else 1
        node["RANGE"] = [limits] * each
        node["CLIPMODE"] = ["both" if len(limits) == 2 else "low" if "MIN" in limits else "high"] * each
    if row.unit:
        node["UNIT"] = [UNITS.get(row.unit, row.unit)]
    return node


def type_tags(row: Control, value: Value | None) -> str:
    """The OSC type tags of what a control takes; a list has as many as it holds, at least one."""
    return TYPES[row.type] * max(1, len(value) if isinstance(value, tuple) else 1)

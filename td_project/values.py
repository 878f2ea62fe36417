"""Values on their way between parameters and OSC messages: pure, so that tests run it as TouchDesigner does."""

from __future__ import annotations

import re

SEPARATOR = ";"
"""Between the texts of a parameter that stands for several."""
CLOSE = 1e-6
"""What two numbers may differ by, relative, and be the same: a message has 32 bits."""


def arguments(kind: str, value) -> list:
    """The arguments of a message for what a parameter holds. kind: the type of the control."""
    if kind == "strings":
        return [part.strip() for part in str(value).split(SEPARATOR) if part.strip()]
    if kind == "floats" and isinstance(value, (tuple, list)):
        return [float(number) for number in value]
    if kind == "bool":
        return [int(value)]
    return [value]


def shown(kind: str, args, parts: int):
    """What a parameter shows for the arguments of a message; None is nothing, or nothing that it could show.

    parts: of how many numbers side by side it consists; 0 for one that has no parts.
    """
    if parts:
        return tuple(float(number) for number in args) if len(args) == parts else None
    if kind == "strings":
        return SEPARATOR.join(map(str, args))
    if kind == "floats":
        return " ".join(f"{float(number):g}" for number in args)
    if kind == "bool":
        return bool(args[0]) if args else None
    return args[0] if args else None


def same(a, b) -> bool:
    """Whether two values are the same, as far as a message can tell."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        return len(a) == len(b) and all(same(one, other) for one, other in zip(a, b))
    if isinstance(a, str) or isinstance(b, str):
        return str(a) == str(b)
    return abs(float(a) - float(b)) <= CLOSE * max(1.0, abs(float(a)))


def words(text: str) -> list[str]:
    """The words of a command line; quotation marks keep spaces together, and a backslash is one."""
    found = re.findall(r'(?:[^\s"]|"[^"]*")+', text)
    return [word.replace('"', "") for word in found]


def program_name(path: str, taken: str = "") -> str:
    """A name for the program of the component at `path`: 1 to 32 letters, digits, - and _, the same every time."""
    name = re.sub("[^A-Za-z0-9_]+", "-", taken or path).strip("-_") or "vace"
    return name[-32:].strip("-_")

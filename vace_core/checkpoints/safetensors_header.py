"""The header of a file of safetensors: which tensors there are and where, in JSON. It is read without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LARGEST_HEADER = 16_000_000
"""Bytes: a hundred thousand tensors. The specification allows six times that, which would take gigabytes to read."""
METADATA = "__metadata__"


def read_header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    """The header, and where the numbers begin. size: of the file.

    Raises OSError, and ValueError or RecursionError where it makes no sense.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if 8 + length > size:
            raise ValueError("it does not begin with a header, or it was cut off")
        if length > LARGEST_HEADER:
            raise ValueError(f"its header has {length} bytes, at most {LARGEST_HEADER} are read")
        header = json.loads(file.read(length), object_pairs_hook=_without_doubles)
    if not isinstance(header, dict):
        raise ValueError(f"its header holds a {type(header).__name__}, expected tensors by name")
    return header, 8 + length


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"its header names {key!r} twice")
        found[key] = value
    return found

"""`models.json` in a folder of models: where a file lies, where the catalogue is wrong or a person knows better.

{"longlive-base": {"repository": "somebody/LongLive", "path": "base.pt"}, "wan": "D:/weights/Wan2.1_VAE.pth"}
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

from ..errors import CheckpointError
from .catalogue import FILES, WeightFile
from .paths import expanded, read_json

NAME = "models.json"

Override = Path | WeightFile
"""A file of this machine, or another row."""


def read_overrides(folder: Path) -> dict[str, Override]:
    """By name of the catalogue; {} where the folder has no such file. A path is taken from that folder.

    Raises CheckpointError naming file and entry for what can't be read, is of another form, or names no file of ours.
    """
    file = folder / NAME
    if not os.path.lexists(file):
        return {}
    read = read_json(file)
    if not isinstance(read, dict):
        raise CheckpointError(f"{file}: holds a {type(read).__name__}, expected an object {{name: place}}")
    return {name: _override(file, name, place) for name, place in read.items()}


def _override(file: Path, name: str, place: Any) -> Override:
    if name not in FILES:
        raise CheckpointError(f"{file}: there is no file {name!r}; the names are {', '.join(FILES)}")
    if isinstance(place, str) and place:
        try:
            return file.parent / expanded(Path(place))
        except CheckpointError as reason:
            raise CheckpointError(f"{file}: {name!r} is no place ({reason})") from reason
    if not _is_place(place):
        raise CheckpointError(
            f"{file}: {name!r} is {json.dumps(place)}, expected the path of a file, "
            'or {"repository": "owner/name", "path": "file"}'
        )
    # The names, size and digest that the catalogue knows are of the other file.
    row = replace(FILES[name], names=(), exact=False, sha256="", known_from=str(file))
    return replace(row, repository=place["repository"], path=place["path"])


def _is_place(place: Any) -> TypeGuard[Mapping[str, str]]:
    return (
        isinstance(place, Mapping)
        and set(place) == {"repository", "path"}
        and all(isinstance(text, str) and text and text.isprintable() for text in place.values())
        and place["repository"].count("/") == 1
        and not {"..", ""} & {*place["repository"].split("/"), *place["path"].split("/")}
        and "\\" not in place["repository"] + place["path"]
    )

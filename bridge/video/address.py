"""Frame addresses: `scheme:rest` to the source or sink that it names."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, cast

from ..errors import BridgeError
from .protocol import Sink, Source

SOURCES = {
    "testcard": ("testcard", "TestcardSource"),
    "file": ("file", "FileSource"),
    "camera": ("camera", "CameraSource"),
    "shm": ("shared_memory", "SharedMemorySource"),
    "spout": ("spout.transport", "SpoutSource"),
    "touch": ("touch.memory", "TouchSource"),
    "ndi": ("ndi", "NdiSource"),
    "syphon": ("syphon", "SyphonSource"),
}
SINKS = {
    "file": ("file", "FileSink"),
    "shm": ("shared_memory", "SharedMemorySink"),
    "null": ("null", "NullSink"),
    "spout": ("spout.transport", "SpoutSink"),
    "touch": ("touch.memory", "TouchSink"),
    "ndi": ("ndi", "NdiSink"),
    "syphon": ("syphon", "SyphonSink"),
}


def open_source(uri: str, width: int, height: int, fps: float) -> Source:
    """Open `testcard:`, `file:PATH`, `camera:N` or `shm:NAME`; on Windows `spout:NAME` and `touch:NAME`, on a Mac
    `syphon:NAME`, and over the network `ndi:NAME`.

    width, height, fps: what to ask of a source that can choose. Raises BridgeError, in one line, for an address that
    means nothing, for a source that is not there, and for a package that has to be installed first.
    """
    return cast(Source, _made(uri, SOURCES, "source")(_rest(uri), width, height, fps))


def open_sink(uri: str, width: int, height: int, fps: float) -> Sink:
    """Open `file:PATH`, `null:`, or one of those that have a NAME, for frames of that size and rate.

    Raises as `open_source` does.
    """
    return cast(Sink, _made(uri, SINKS, "sink")(_rest(uri), width, height, fps))


def _made(uri: str, known: dict[str, tuple[str, str]], kind: str) -> Callable[..., Any]:
    scheme = uri.partition(":")[0]
    if ":" not in uri or scheme not in known:
        names = ", ".join(f"{name}:" for name in known)
        looks_like_a_path = "." in uri and (scheme == uri or len(scheme) == 1)  # clip.mp4, C:\clip.mp4
        hint = f"write file:{uri}" if looks_like_a_path else f"they begin with {names}"
        raise BridgeError(f"{uri!r} is not an address of a {kind}; {hint}")
    module, name = known[scheme]
    return getattr(importlib.import_module(f".{module}", __package__), name)


def _rest(uri: str) -> str:
    return uri.partition(":")[2]

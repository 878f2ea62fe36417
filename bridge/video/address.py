"""Frame addresses: `scheme:rest` to the source or sink that it names."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, cast

from ..errors import BridgeError
from .protocol import Sink, Source

Transport = tuple[str, str] | Callable[..., Any]
"""A module and its class, which is imported when it is wanted; or the class itself, of a scheme from outside."""
SOURCES: dict[str, Transport] = {
    "testcard": ("testcard", "TestcardSource"),
    "file": ("file", "FileSource"),
    "camera": ("camera", "CameraSource"),
    "shm": ("shared_memory", "SharedMemorySource"),
    "spout": ("spout.transport", "SpoutSource"),
    "touch": ("touch.memory", "TouchSource"),
    "ndi": ("ndi", "NdiSource"),
    "syphon": ("syphon", "SyphonSource"),
}
SINKS: dict[str, Transport] = {
    "file": ("file", "FileSink"),
    "shm": ("shared_memory", "SharedMemorySink"),
    "null": ("null", "NullSink"),
    "window": ("window", "WindowSink"),
    "screen": ("window", "ScreenSink"),
    "vcam": ("virtual_camera", "VirtualCameraSink"),
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
    """Open `file:PATH`, `null:`, `window:TITLE`, `screen:N`, `vcam:DEVICE`, or one of those that have a NAME.

    width, height, fps: of the frames that it will get.

    Raises as `open_source` does.
    """
    return cast(Sink, _made(uri, SINKS, "sink")(_rest(uri), width, height, fps))


def register(scheme: str, transport: Any) -> None:
    """Add a scheme from outside: `scheme:rest` makes `transport(rest, width, height, fps)`.

    transport: a class that is a Source or a Sink as in protocol.py, told apart by its `read` or `send`; or a module
    with a class `Source`, a class `Sink`, or both. Raises ValueError for what is neither, and for a scheme that is
    taken or cannot be one.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]+", scheme):
        raise ValueError(f"a scheme is two or more lower-case letters, digits, - and _, got {scheme!r}")
    if scheme in SOURCES or scheme in SINKS:
        raise ValueError(f"there is a scheme {scheme}: already")
    source = transport if hasattr(transport, "read") else getattr(transport, "Source", None)
    sink = transport if hasattr(transport, "send") else getattr(transport, "Sink", None)
    if source is None and sink is None:
        raise ValueError(f"{scheme}: has neither a source's read nor a sink's send, and no class Source or Sink")
    if source is not None:
        SOURCES[scheme] = source
    if sink is not None:
        SINKS[scheme] = sink


def _made(uri: str, known: dict[str, Transport], kind: str) -> Callable[..., Any]:
    scheme = uri.partition(":")[0]
    if ":" not in uri or scheme not in known:
        names = ", ".join(f"{name}:" for name in known)
        looks_like_a_path = "." in uri and (scheme == uri or len(scheme) == 1)  # clip.mp4, C:\clip.mp4
        hint = f"write file:{uri}" if looks_like_a_path else f"they begin with {names}"
        raise BridgeError(f"{uri!r} is not an address of a {kind}; {hint}")
    row = known[scheme]
    if not isinstance(row, tuple):
        return row
    module, name = row
    return getattr(importlib.import_module(f".{module}", __package__), name)


def _rest(uri: str) -> str:
    return uri.partition(":")[2]

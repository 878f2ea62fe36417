"""The streaming VACE engine: tensors in, tensors out. It knows no host, network or clock.

    model = load("pocket")
    stream = Stream(model, 128, 192)
    chunk = stream.step(Controls(prompt="gold", control=depth_video))

The names of `__all__` are what is promised. Importing this package does not import torch: that begins with the first
name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .config import PIPELINES
from .load import load

if TYPE_CHECKING:
    from .conditioning import Reference
    from .controls import Controls
    from .stream import Chunk, Stream

__version__ = "0.1.0"
__all__ = ["PIPELINES", "Chunk", "Controls", "Reference", "Stream", "load"]

_HOMES = {"Chunk": "stream", "Controls": "controls", "Reference": "conditioning", "Stream": "stream"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""The streaming VACE engine: tensors in, tensors out. It knows no host, network or clock.

Importing this package does not import torch: that begins with the first name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .controls import Controls
    from .model import load
    from .stream import Stream

__all__ = ["Controls", "Stream", "load"]

_HOMES = {"Controls": "controls", "Stream": "stream", "load": "model"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)

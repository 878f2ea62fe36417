"""Frames as a camera that other programs can choose, through pyvirtualcam.

pyvirtualcam is under the GPL (version 2), so it is no part of this program: whoever wants a virtual camera installs it.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ..errors import BridgeError
from .frames import Frame

WHAT_IT_NEEDS = (
    "on Windows and macOS install OBS Studio and start its virtual camera once, on Linux load the module v4l2loopback "
    "(sudo modprobe v4l2loopback exclusive_caps=1)"
)


class VirtualCameraSink:
    """`vcam:DEVICE`, or `vcam:` for the first that is free. Frames must have even sides, as cameras have."""

    def __init__(self, device: str, width: int, height: int, fps: float) -> None:
        self._device, self._fps = device, fps
        self._module = _pyvirtualcam()
        self._camera = self._open(width, height)

    def send(self, frame: Frame) -> None:
        height, width = frame.pixels.shape[:2]
        if (self._camera.width, self._camera.height) != (width, height):
            self._camera.close()
            self._camera = self._open(width, height)
        try:
            self._camera.send(np.ascontiguousarray(frame.pixels[..., :3]))
        except RuntimeError as reason:
            raise BridgeError(f"the virtual camera takes no more frames ({reason})") from None

    def close(self) -> None:
        self._camera.close()

    def __enter__(self) -> VirtualCameraSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open(self, width: int, height: int) -> Any:
        try:
            return self._module.Camera(width, height, self._fps, device=self._device or None)
        except (RuntimeError, ValueError) as reason:
            which = f" {self._device!r}" if self._device else ""
            raise BridgeError(f"there is no virtual camera{which} ({reason}); {WHAT_IT_NEEDS}") from None


def _pyvirtualcam() -> Any:
    try:
        return importlib.import_module("pyvirtualcam")
    except ImportError:
        raise BridgeError(
            "vcam: needs the package pyvirtualcam, which is under the GPL; install it with: "
            "python start.py pip install pyvirtualcam==0.15.0"
        ) from None

"""Frames through Syphon, the way that programs on a Mac share pictures on the GPU, through syphon-python and Metal.

Syphon is of OpenGL's times: the first row that it holds is the bottom one.
"""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

import cv2
import numpy as np

from ..errors import Absent, BridgeError
from .frames import Frame

SENDER = "VACE Live"
"""What a sink without a name sends as."""
POLL_SECONDS = 0.002
LOOK_SECONDS = 0.1
"""How long the system's messages are read for when servers are looked for."""
BGRA8 = 80
"""Metal's number of the pixel format that Syphon servers usually have; the other one that can be read is RGBA8."""


class SyphonSource:
    """`syphon:NAME`, the newest frame of the server of that name or of that program, each once; `syphon:`, the first.

    `read` raises BridgeError once the server has gone. Made, read and closed by one thread.
    """

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        syphon, self._numpy = _syphon("syphon", "syphon.utils.numpy")
        directory = syphon.SyphonServerDirectory()
        directory.run_loop_interval = LOOK_SECONDS
        servers = directory.servers
        matching = [server for server in servers if not name or name in (server.name, server.app_name)]
        if not matching:
            there = ", ".join(f"syphon:{server.name or server.app_name}" for server in servers)
            raise Absent(
                f"there is no Syphon server {name!r}; "
                + (f"there is {there}" if there else "none is running: switch on the other program's Syphon output")
            )
        self._server = matching[0]
        self._client = syphon.SyphonMetalClient(self._server)
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        while not self._client.has_new_frame:
            if not self._client.is_valid:
                raise BridgeError(f"{self.describe()} has gone; start it again")
            if time.monotonic() >= end:
                return None
            time.sleep(POLL_SECONDS)
        texture = self._client.new_frame_image
        if texture is None:
            return None
        pixels = cv2.flip(self._numpy.copy_mtl_texture_to_image(texture), 0)
        if texture.pixelFormat() == BGRA8:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)
        frame = Frame(pixels, self._number, time.monotonic())
        self._number += 1
        return frame

    def describe(self) -> str:
        return f"Syphon server {self._server.name!r} of {self._server.app_name!r}"

    def close(self) -> None:
        self._client.stop()

    def __enter__(self) -> SyphonSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class SyphonSink:
    """`syphon:NAME`, a server of that name."""

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        syphon, self._raw, self._numpy = _syphon("syphon", "syphon.utils.raw", "syphon.utils.numpy")
        self._server = syphon.SyphonMetalServer(name or SENDER)
        self._fit(width, height)

    def send(self, frame: Frame) -> None:
        height, width, channels = frame.pixels.shape
        if self._buffer.shape[:2] != (height, width):
            self._fit(width, height)
        if channels == 4:
            np.copyto(self._buffer, frame.pixels)
        else:
            cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2RGBA, dst=self._buffer)
        self._numpy.copy_image_to_mtl_texture(self._buffer, self._texture)
        self._server.publish_frame_texture(self._texture, is_flipped=True)

    def close(self) -> None:
        self._server.stop()

    def __enter__(self) -> SyphonSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _fit(self, width: int, height: int) -> None:
        self._texture = self._raw.create_mtl_texture(self._server.device, width, height)
        self._buffer = np.empty((height, width, 4), np.uint8)


def _syphon(*modules: str) -> tuple[Any, ...]:
    if sys.platform != "darwin":
        raise BridgeError("syphon: exists on macOS only; on this machine use shm:NAME, ndi:NAME, or a file")
    try:
        return tuple(importlib.import_module(name) for name in modules)
    except ImportError:
        raise BridgeError(
            "syphon: needs the package syphon-python; install it with: python start.py pip install syphon-python==0.1.1"
        ) from None

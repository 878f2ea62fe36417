"""A source of frames of one's own, shown through the program: circles that grow.

    python start.py python examples/custom_source.py                      and open the page that it names
    python start.py python examples/custom_source.py --sink file:out.mp4 --seconds 10

What follows are options of `run`. A package that is installed can bring a source too: see examples/plugin.
"""

import sys
import time

import cv2
import numpy as np

from backend.cli.main import main
from bridge.video.address import register
from bridge.video.frames import Frame


class CircleSource:
    """A `bridge.video.protocol.Source`, made of what stands after `circles:`, and the size and rate that are asked."""

    def __init__(self, rest: str, width: int, height: int, fps: float) -> None:
        self._size, self._fps, self._number = (width, height), fps, 0
        self._began = time.monotonic()

    def read(self, timeout: float) -> Frame | None:
        """The next frame when it is due; None if that is not within `timeout` seconds."""
        wait = self._began + self._number / self._fps - time.monotonic()
        time.sleep(min(max(wait, 0.0), timeout))
        if wait > timeout:
            return None
        frame = Frame(self._draw(self._number / self._fps), self._number, time.monotonic())
        self._number += 1
        return frame

    def _draw(self, seconds: float) -> np.ndarray:
        """RGB uint8 `[H, W, 3]`."""
        width, height = self._size
        picture = np.full((height, width, 3), 24, np.uint8)
        for ring in range(4):
            radius = int((ring + seconds % 1.0) * width / 6)
            cv2.circle(picture, (width // 2, height // 2), radius, (255, 60 * ring, 120), width // 20)
        return picture

    def describe(self) -> str:
        return f"circles, {self._size[0]}x{self._size[1]} at {self._fps:g} frames a second"

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> "CircleSource":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


if __name__ == "__main__":  # the engine is a process of its own, which imports this file too
    register("circles", CircleSource)
    sys.exit(main(["run", "--source", "circles:", *sys.argv[1:]]))

"""A moving test card, for setting up: bars, a circle that must be round, corners that must be in the picture, and the
frame's number and time written into it, for a person and (framecode.py) for a program that reads them off the other
end."""

from __future__ import annotations

import math

import cv2
import numpy as np

from . import framecode
from .frames import Frame
from .pace import Pace

BARS = ((235, 235, 235), (235, 235, 16), (16, 235, 235), (16, 235, 16), (235, 16, 235), (235, 16, 16), (16, 16, 235))
TURN_SECONDS = 4.0


class TestcardSource:
    """`testcard:` at the asked size and rate."""

    __test__ = False  # its name begins as a test's does

    def __init__(self, _: str, width: int, height: int, fps: float) -> None:
        self._fps = fps
        self._background = _background(width, height)
        self._pace = Pace()
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        moment = self._pace.wait(self._number / self._fps, timeout)
        if moment is None:
            return None
        picture = self._draw(self._number / self._fps)
        framecode.write(picture, self._number, moment)
        frame = Frame(picture, self._number, moment)
        self._number += 1
        return frame

    def describe(self) -> str:
        height, width = self._background.shape[:2]
        return f"test card, {width}x{height} at {self._fps:g} frames a second"

    def close(self) -> None:
        pass

    def __enter__(self) -> TestcardSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _draw(self, seconds: float) -> np.ndarray:
        picture = self._background.copy()
        height, width = picture.shape[:2]
        radius = min(width, height) // 3
        centre = (width // 2, height // 2)
        angle = 2 * math.pi * seconds / TURN_SECONDS
        hand = (round(centre[0] + radius * math.sin(angle)), round(centre[1] - radius * math.cos(angle)))
        cv2.line(picture, centre, hand, (255, 255, 255), max(height // 60, 2), cv2.LINE_AA)
        text = f"{self._number:06d}  {seconds:7.2f} s"
        cv2.putText(
            picture,
            text,
            (width // 20, height - height // 20),
            cv2.FONT_HERSHEY_SIMPLEX,
            width / 500,
            (255, 255, 255),
            1,
        )
        return picture


def _background(width: int, height: int) -> np.ndarray:
    picture = np.full((height, width, 3), 40, np.uint8)
    edges = np.linspace(0, width, len(BARS) + 1).astype(int)
    for colour, left, right in zip(BARS, edges, edges[1:], strict=False):
        picture[: height // 2, left:right] = colour
    picture[height // 2 : height * 5 // 8] = np.linspace(0, 255, width, dtype=np.uint8)[None, :, None]
    cv2.circle(picture, (width // 2, height // 2), min(width, height) // 3, (255, 255, 255), 2, cv2.LINE_AA)
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), (255, 160, 0), 1)
    cv2.putText(picture, "TL", (4, height // 10), cv2.FONT_HERSHEY_SIMPLEX, width / 500, (0, 0, 0), 1)
    return picture

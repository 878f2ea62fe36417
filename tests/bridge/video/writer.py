"""A process that writes frames into a ring as fast as it can, until it is ended."""

from __future__ import annotations

import numpy as np

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

SIZES = ((600, 800), (300, 400), (600, 800), (31, 33))
"""(height, width). Large ones take their time to be copied, in which they can be overwritten."""


def painted(number: int) -> Frame:
    """A frame of one colour, its number's, whose size depends on the number too: a mixture of two can be told."""
    height, width = SIZES[number % len(SIZES)]
    return Frame(np.full((height, width, 3), number % 251, np.uint8), number, number / 100)


def is_whole(frame: Frame) -> bool:
    expected = painted(frame.number)
    return frame.time == expected.time and np.array_equal(frame.pixels, expected.pixels)


def write_for_ever(name: str) -> None:
    """Goes on where the ring's last writer stopped."""
    ring = FrameRing.attach(name)
    while True:
        ring.write(painted(ring.written))

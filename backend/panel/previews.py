"""Previews as JPEG: small, at most so many a second, encoded once for all who look."""

import time
from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

from bridge.threads import report

WIDEST = 640  # pixels; a preview is for the eye, and encoding shares a core with the presenter
QUALITY = 80


class Previews:
    """The newest previews as messages for the page, made again no more often than `interval` seconds."""

    def __init__(
        self,
        previews: Callable[[], Mapping[str, np.ndarray]],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._previews = previews
        self._interval = interval
        self._clock = clock
        self._made = -float("inf")
        self._messages: dict[str, bytes] = {}

    def messages(self) -> dict[str, bytes]:
        """By name, one byte for the length of the name, the name, and the JPEG; equal while nothing changes."""
        now = self._clock()
        if now - self._made >= self._interval:
            self._made = now
            self._messages = dict(self._encoded())
        return self._messages

    def _encoded(self) -> Iterator[tuple[str, bytes]]:
        """What can be shown; what fails is left out, and told."""
        try:
            previews = self._previews()
        except Exception as error:  # noqa: BLE001 - a page without pictures still steers the show
            report("previews", error)
            return
        for name, pixels in previews.items():
            try:
                yield name, message(name, pixels)
            except Exception as error:  # noqa: BLE001 - a frame of no known shape; the others are shown
                report(f"preview '{name}'", error)


def message(name: str, pixels: np.ndarray | None) -> bytes:
    """One preview as the page takes it; None for one that is no longer there. `name` is up to 255 bytes."""
    label = name.encode()
    return bytes([len(label)]) + label + (b"" if pixels is None else jpeg(pixels))


def jpeg(pixels: np.ndarray) -> bytes:
    """Encode uint8 [H, W], [H, W, 1], [H, W, 3] RGB or [H, W, 4] RGBA, no wider than WIDEST."""
    height, width = pixels.shape[:2]
    if width > WIDEST:
        size = (WIDEST, max(1, round(height * WIDEST / width)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels >= 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR if channels == 4 else cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()

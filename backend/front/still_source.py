"""A picture file as a source: the same frame again and again, and a new one once the file is saved anew."""

from __future__ import annotations

import time

import numpy as np

from bridge.errors import BridgeError
from bridge.video.frames import Frame

from ..imaging.fitting import fit_picture
from ..imaging.stills import PictureError, read_still, written_at
from ..runtime.worker import shared_worker

REPEAT_SECONDS = 0.1
READ_SECONDS = 10.0
"""What reading a picture may take."""


class StillSource:
    """`file:PICTURE`, read in a process apart and fitted there, so that a large one takes no memory here.

    size: (height, width); fit: one of `fitting.FITS`. Raises PictureError or BridgeError if it can't be read at first;
    what it shows stays while it can't be later.
    """

    def __init__(self, path: str, size: tuple[int, int], fit: str) -> None:
        self._path, self._size, self._fit = path, size, fit
        self._written = written_at(path)
        self._pixels = self._fitted()
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        if self._number:
            time.sleep(min(timeout, REPEAT_SECONDS))
            self._look_again()
        self._number += 1
        return Frame(self._pixels, self._number - 1, time.monotonic())

    def describe(self) -> str:
        return f"{self._path}, a picture"

    def close(self) -> None:
        pass

    def __enter__(self) -> StillSource:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def _look_again(self) -> None:
        try:
            if (written := written_at(self._path)) != self._written:
                self._written, self._pixels = written, self._fitted()
        except (PictureError, BridgeError):  # it is being saved, or has gone
            pass

    def _fitted(self) -> np.ndarray:
        return shared_worker().call(read_fitted, self._path, self._size, self._fit, seconds=READ_SECONDS)


def read_fitted(path: str, size: tuple[int, int], fit: str) -> np.ndarray:
    """uint8 `[height, width, 3 or 4]` of a picture, fitted to `size`. Raises PictureError."""
    return fit_picture(read_still(path, alpha=True), *size, fit)

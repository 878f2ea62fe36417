"""A picture file as a source: the same frame again and again, and a new one once the file is saved anew."""

from __future__ import annotations

import time

from bridge.video.frames import Frame

from ..imaging.stills import PictureError, read_still, written_at

REPEAT_SECONDS = 0.1


class StillSource:
    """`file:PICTURE`. Raises PictureError if it can't be read at first; what it shows stays while it can't be later."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = written_at(path)
        self._pixels = read_still(path, alpha=True)
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        if self._number:
            time.sleep(min(timeout, REPEAT_SECONDS))
            self._look_again()
        self._number += 1
        return Frame(self._pixels, self._number - 1, time.monotonic())

    def describe(self) -> str:
        height, width = self._pixels.shape[:2]
        return f"{self._path}, a picture of {width}x{height}"

    def close(self) -> None:
        pass

    def __enter__(self) -> StillSource:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def _look_again(self) -> None:
        try:
            if (written := written_at(self._path)) != self._written:
                self._written, self._pixels = written, read_still(self._path, alpha=True)
        except PictureError:  # it is being saved, or has gone
            pass

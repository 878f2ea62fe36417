"""Still pictures that a show refers to by path: references and anchors, as tensors of the stream's size."""

from __future__ import annotations

import torch
from torch import Tensor

from bridge.control.parameters import MAX_TEXTS

from ..imaging.fitting import cover
from ..imaging.stills import PictureError, read_still, still_file
from .tensors import to_still

KEPT = MAX_TEXTS + 2
"""Pictures: as many references as can be set, and two anchors."""


class StillTensors:
    """Loads pictures at the stream's size, and hands out the same tensor as long as a file stays the same."""

    def __init__(self, height: int, width: int, device: torch.device | str) -> None:
        self._size = (height, width)
        self._device = device
        self._loaded: dict[str, tuple[int, Tensor]] = {}  # by path, the one used last at the end

    def load(self, path: str) -> Tensor:
        """`[3, H, W]` in [-1, 1], scaled and cut to cover the stream's size. Raises PictureError.

        A file that was shown before and can't be read any more, as while it is saved anew, is what it was.
        """
        try:
            self._loaded[path] = self._fresh(path)
        except PictureError:
            if path not in self._loaded:
                raise
        for oldest in list(self._loaded)[:-KEPT]:
            del self._loaded[oldest]
        return self._loaded[path][1]

    def _fresh(self, path: str) -> tuple[int, Tensor]:
        """When the file was written, and what it shows; takes it out of what is kept."""
        file = still_file(path)
        try:
            written = file.stat().st_mtime_ns
        except OSError as error:
            raise PictureError(f"{file}: {error.strerror}; give the path of a picture file") from error
        if path in self._loaded and self._loaded[path][0] == written:
            return self._loaded.pop(path)
        fitted = cover(read_still(path), *self._size)
        self._loaded.pop(path, None)
        return written, to_still(fitted, self._device)

"""Picture files, read as numpy arrays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

STILL_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


class PictureError(ValueError):
    """A picture can't be used; the message names it and says what to do."""


def is_still(path: str) -> bool:
    """Whether the name of a file says that it is a picture, not a video."""
    return Path(path).suffix.lower() in STILL_SUFFIXES


def read_still(path: str) -> np.ndarray:
    """RGB uint8 `[H, W, 3]`. Raises PictureError."""
    try:
        data = np.fromfile(path, np.uint8)  # cv2 itself can't open every path on Windows
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror}; give the path of a picture file") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise PictureError(f"{path}: not a picture that can be read; use PNG, JPEG or WebP")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def written_at(path: str) -> int:
    """When a picture's file was last written, in nanoseconds. Raises PictureError."""
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PictureError(f"{path}: {reason}; give the path of a picture file") from error

"""Pictures of any size made to fit a stream's."""

from __future__ import annotations

import logging
import math

import cv2
import numpy as np

from bridge.errors import BridgeError
from bridge.files import check_pixels
from vace_core.config import Pipeline

log = logging.getLogger(__name__)

MULTIPLE = 16
"""A transformer token is 16 x 16 pixels."""
FITS = ("cover", "contain", "stretch")
"""How a picture of another shape is fitted: cut off, with black beside it, or out of shape."""
MOST_CUT = 0.2
"""So much of an input may be cut off before the output takes the input's shape."""
TOLD_CUT = 0.02
"""More than this share of a picture that is cut off is told."""


def stream_size(
    height: int | None, width: int | None, preset: Pipeline, source: tuple[int, int] | None = None, fit: str = "cover"
) -> tuple[int, int]:
    """(height, width) as asked or, where that is None, as the pipeline likes it; rounded to 16, which is said.

    source: (height, width) of the input, where that is known before it is read. If neither side is asked for and more
    than MOST_CUT of the input would be lost, the output has the input's shape, and about as many pixels as the pipeline
    likes. fit: one of FITS; only "cover" cuts anything off. Raises BridgeError for more pixels than can be held.
    """
    wanted = (height or preset.height, width or preset.width)
    unasked = height is None and width is None
    if source is not None and unasked and fit == "cover" and lost(source, wanted) > MOST_CUT:
        wanted = shaped(source, wanted[0] * wanted[1])
        log.warning("the output is %dx%d, in the shape of the input; --width and --height say otherwise", *wanted[::-1])
    size = rounded_size(*wanted)
    check_pixels(size[1], size[0], "the output")
    if size != wanted:
        log.warning(
            "%dx%d pixels is not a multiple of %d each way: %dx%d is used",
            *reversed(wanted),
            MULTIPLE,
            *reversed(size),
        )
    return size


def rounded_size(height: int, width: int) -> tuple[int, int]:
    """The nearest size whose sides are multiples of 16, at least 16."""
    return _rounded(height), _rounded(width)


def shaped(source: tuple[int, int], pixels: int) -> tuple[int, int]:
    """(height, width), multiples of 16, of about so many pixels, in the shape of `source` (height, width)."""
    height = math.sqrt(pixels * source[0] / source[1])
    return rounded_size(round(height), round(height * source[1] / source[0]))


def lost(source: tuple[int, int], size: tuple[int, int]) -> float:
    """The share of a picture of (height, width) `source` that `cover` cuts off to fill `size`."""
    rows, columns = covering(*source, *size)
    return 1 - (rows.stop - rows.start) * (columns.stop - columns.start) / (source[0] * source[1])


def fit_picture(picture: np.ndarray, height: int, width: int, fit: str) -> np.ndarray:
    """`[height, width, 3 or 4]` uint8 of a picture of any size; fit: one of FITS. Raises BridgeError as `cover`."""
    if fit == "cover":
        return cover(picture, height, width)
    picture = _coloured(picture)
    own_height, own_width = picture.shape[:2]
    inner = (height, width)
    if fit == "contain":
        scale = min(height / own_height, width / own_width)
        inner = max(1, round(own_height * scale)), max(1, round(own_width * scale))
    smaller = inner[0] * inner[1] < own_height * own_width
    scaled = cv2.resize(picture, inner[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    if inner == (height, width):
        return scaled
    whole = np.zeros((height, width, picture.shape[2]), np.uint8)
    if picture.shape[2] == 4:
        whole[..., 3] = 255
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    whole[top : top + inner[0], left : left + inner[1]] = scaled
    return whole


def cover(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scale `[h, w, C]` uint8 so that it covers height x width, and cut off evenly what sticks out.

    A picture of one channel is grey, and comes out in three. Raises BridgeError for what is no picture.
    """
    picture = _coloured(picture)
    if picture.shape[:2] == (height, width):
        return picture
    cut = picture[covering(picture.shape[0], picture.shape[1], height, width)]
    smaller = cut.shape[0] >= height
    return cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def covering(own_height: int, own_width: int, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns, from the middle, that have the shape of height x width: what `cover` shows of a picture."""
    cut_width = max(1, min(own_width, round(own_height * width / height)))
    cut_height = max(1, min(own_height, round(own_width * height / width)))
    top, left = (own_height - cut_height) // 2, (own_width - cut_width) // 2
    return slice(top, top + cut_height), slice(left, left + cut_width)


def _coloured(picture: np.ndarray) -> np.ndarray:
    """`[h, w, 3 or 4]`, which is the same array where it is that already. What other programs send may be anything."""
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or 0 in picture.shape or picture.dtype != np.uint8 or picture.shape[2] not in (1, 3, 4):
        size = " x ".join(str(side) for side in picture.shape)
        raise BridgeError(f"a frame of {size} {picture.dtype} is no picture; send RGB or RGBA of 8 bits")
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def _rounded(side: int) -> int:
    return max(MULTIPLE, (side + MULTIPLE // 2) // MULTIPLE * MULTIPLE)

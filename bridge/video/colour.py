"""Decoded frames as people are meant to see them: their colours, their shape, and which way up they are."""

from __future__ import annotations

import struct
from fractions import Fraction
from functools import cache

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

from ..files import check_pixels

UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED: the file says nothing of its colours."""
SD_SIZE = (1024, 576)
"""Width and height up to which a file without tags is BT.601, as television was; beyond, it is BT.709."""
PQ, HLG = 16, 18
"""AVCOL_TRC_SMPTE2084 and AVCOL_TRC_ARIB_STD_B67: the two ways of HDR."""
LEAST_STRETCH = Fraction(1, 50)
WHITE_NITS = 203.0
"""Reference white of HDR (ITU-R BT.2408)."""
HLG_PEAK_NITS = 1000.0
KNEE = 0.538
"""Brightness, reference white being 1, up to which HDR is kept as it is; from there on it nears 1 and never reaches it.
Reference white then becomes 235 of 255, and what is brighter still differs."""
BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
BRIGHTEST = 10000.0 / WHITE_NITS
STEPS = 65536


class FrameReader:
    """Makes arrays of the frames of one clip. aspect: how wide its pixels are for their height."""

    def __init__(self, name: str, aspect: Fraction | None) -> None:
        self._name = name
        self._aspect = aspect or Fraction(1)
        self._reformatter = VideoReformatter()

    def read(self, frame: av.VideoFrame) -> np.ndarray:
        """uint8 `[H, W, 3]`, or 4 where the file has alpha. BridgeError for a frame that is larger than is read."""
        width, height = square_pixels(frame.width, frame.height, self._aspect)
        check_pixels(width, height, self._name)
        has_alpha = any(component.is_alpha for component in frame.format.components)
        is_hdr = frame.color_trc in (PQ, HLG) and not frame.format.is_rgb
        depth = ("rgba64le" if has_alpha else "rgb48le") if is_hdr else ("rgba" if has_alpha else "rgb24")
        converted = self._reformatter.reformat(
            frame, width=width, height=height, format=depth, src_colorspace=_untagged_matrix(frame)
        )
        pixels = converted.to_ndarray()
        if is_hdr:
            pixels = tone_mapped(pixels, int(frame.color_trc))
        return turned(pixels, display_matrix(frame))


def square_pixels(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """The size of a frame whose pixels are made square: one side grows, so that nothing of it is lost.

    What is off by so little that nobody sees it, as after a size was rounded, is left as sharp as it is.
    """
    if aspect <= 0 or abs(aspect - 1) < LEAST_STRETCH:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int] | None:
    """a, b, c, d of the matrix that says how a frame is shown: (x, y) goes to (a x + c y, b x + d y)."""
    data = frame.side_data.get("DISPLAYMATRIX") if frame.side_data else None
    if data is None or data.buffer_size < 36:
        return None
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(data)[:36])
    return a, b, c, d


def turned(pixels: np.ndarray, matrix: tuple[int, int, int, int] | None) -> np.ndarray:
    """As a display matrix says: one of eight ways, quarter turns and mirrors; others go to the nearest."""
    if matrix is not None:
        a, b, c, d = matrix
        if abs(b) + abs(c) > abs(a) + abs(d):
            pixels, across, down = pixels.swapaxes(0, 1), c, b
        else:
            across, down = a, d
        pixels = pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
    return np.ascontiguousarray(pixels)


def tone_mapped(pixels: np.ndarray, transfer: int) -> np.ndarray:
    """uint16 `[H, W, 3 or 4]` of BT.2020 in PQ or HLG -> uint8 for a screen: reference white is 235."""
    light = _light_of(transfer)[pixels[..., :3]]
    light = np.clip(cv2.transform(light, BT2020_TO_BT709), 0.0, BRIGHTEST)
    index = np.sqrt(light * np.float32((STEPS - 1) ** 2 / BRIGHTEST)).astype(np.uint16)
    shown = _screen_values()[index]
    return shown if pixels.shape[2] == 3 else np.dstack([shown, (pixels[..., 3] >> 8).astype(np.uint8)])


@cache
def _light_of(transfer: int) -> np.ndarray:
    """Brightness, reference white being 1, of each of the 65536 values; float32."""
    value = np.arange(STEPS) / (STEPS - 1)
    if transfer == PQ:  # SMPTE ST 2084
        power = value ** (1 / 78.84375)
        nits = 10000.0 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    else:  # ITU-R BT.2100, shown on a screen of 1000 nits
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
        nits = HLG_PEAK_NITS * scene**1.2
    return (nits / WHITE_NITS).astype(np.float32)


@cache
def _screen_values() -> np.ndarray:
    """uint8 of each brightness, for the square root of which there are 65536 steps: rolled off, and in sRGB."""
    light = (np.arange(STEPS) / (STEPS - 1)) ** 2 * BRIGHTEST
    above = np.maximum(light - KNEE, 0)
    light = np.where(light <= KNEE, light, KNEE + (1 - KNEE) * (1 - np.exp(-above / (1 - KNEE))))
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb).astype(np.uint8)


def _untagged_matrix(frame: av.VideoFrame) -> Colorspace | None:
    """The matrix of a frame that names none; None leaves it to the frame."""
    if frame.format.is_rgb or frame.colorspace != UNSPECIFIED:
        return None
    is_hd = frame.width > SD_SIZE[0] or frame.height > SD_SIZE[1]
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601

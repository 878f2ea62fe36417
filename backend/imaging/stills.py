"""Picture files, read as numpy arrays: by whom they may have been made is not known, so what they say is checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bridge.errors import BridgeError
from bridge.files import TOO_MANY, check_pixels, is_heic, regular_file, shown

STILL_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "AVIF")
MOST_BYTES = 512 * 2**20
"""Of a file: more than any picture of MOST_PIXELS takes."""
FLOATS = ("I", "F")
"""Pillow's names of pictures whose pixels are numbers without a white."""


class PictureError(ValueError):
    """A picture can't be used; the message names it and says what to do."""


def is_still(path: str) -> bool:
    """Whether the name of a file says that it is a picture, not a video."""
    return Path(path).suffix.lower() in STILL_SUFFIXES


def still_file(path: str) -> Path:
    """The path, expanded, of a picture file that is there. Raises PictureError for what is no file, or too large."""
    try:
        return regular_file(path, MOST_BYTES)
    except BridgeError as error:
        raise PictureError(str(error)) from error


def written_at(path: str) -> int:
    """When a picture's file was last written, in nanoseconds. Raises PictureError."""
    file = still_file(path)
    try:
        return file.stat().st_mtime_ns
    except OSError as error:
        raise PictureError(f"{shown(file)}: {error.strerror}; give the path of a picture file") from error


def read_still(path: str, alpha: bool = False) -> np.ndarray:
    """RGB uint8 `[H, W, 3]`, as a person would see it. Raises PictureError.

    alpha: whether a picture that has some transparency is `[H, W, 4]`; it is left out otherwise. The size that a file
    claims is looked at before anything of it is decoded.
    """
    file = still_file(path)
    try:
        with Image.open(file, formats=FORMATS) as picture:
            check_pixels(*picture.size, file)
            _check_kind(picture, file)
            return _pixels(ImageOps.exif_transpose(picture), alpha)
    except PictureError:
        raise
    except BridgeError as error:
        raise PictureError(str(error)) from error
    except UnidentifiedImageError as error:
        what = "a HEIC picture, which can't be read here" if is_heic(file) else "not a picture that can be read"
        raise PictureError(f"{shown(file)}: {what}; use PNG, JPEG or WebP") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"{shown(file)} has too many pixels; {TOO_MANY}") from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise PictureError(f"{shown(file)} cannot be read ({shown(str(reason))}); save it again as PNG") from error


def _check_kind(picture: Image.Image, file: Path) -> None:
    if picture.format == "WEBP" and getattr(picture, "is_animated", False):
        raise PictureError(f"{shown(file)} is an animation; give a picture, or convert it to MP4 and give that")
    if picture.mode in FLOATS:
        raise PictureError(f"{shown(file)} holds numbers of 32 bits, which have no white; save it with 8 or 16 bits")


def _pixels(picture: Image.Image, alpha: bool) -> np.ndarray:
    if picture.mode.startswith("I;16"):
        grey = (np.asarray(picture).astype(np.uint32) * 255 + 32767) // 65535
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if picture.has_transparency_data:
        return np.array(picture.convert("RGBA"))[..., : 4 if alpha else 3]
    return np.array(picture.convert("RGB"))

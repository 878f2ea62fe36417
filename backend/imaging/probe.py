"""Whether a file can be used as a picture or video, found out by reading it."""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.video.clip import Clip

from .stills import PictureError, is_still, read_still


def why_not(path: str, as_picture: bool) -> str:
    """Why a file can't be used, in one line; "" if it can: the picture, or the first one of the video, was read.

    as_picture: whether a video would not do.
    """
    try:
        if as_picture or is_still(path):
            read_still(path)
        else:
            Clip(path)
    except (PictureError, BridgeError) as error:
        return str(error)
    return ""

"""The size of a source's frames, looked at before the show is built, so that the output can have their shape."""

from __future__ import annotations

import logging
import time

from bridge.errors import Absent, BridgeError
from bridge.threads import report
from bridge.video.protocol import Source
from vace_core.config import Pipeline

from ..controls.named_files import FILE
from .capture import DEFAULT_FPS, open_fitting, source_size
from .options import RunOptions

log = logging.getLogger(__name__)

FIRST_FRAME_SECONDS = 2.0
"""How long the first frame of a source that is there is waited for; a camera takes about one second."""
MADE = "testcard:"
"""A source that has the output's shape."""


def look_at_source(options: RunOptions, preset: Pipeline) -> tuple[Source | None, tuple[int, int] | None]:
    """The source, open if it had to be for that, and its (height, width).

    None for what is not known before the show begins, or not asked for, as the output does not take the source's shape.
    """
    if options.height is not None or options.width is not None or options.fit != "cover":
        return None, None
    if options.source.startswith(FILE):
        return None, source_size(options.source)
    return open_with_size(options.source, (preset.height, preset.width), options.fps or DEFAULT_FPS)


def open_with_size(uri: str, size: tuple[int, int], fps: float) -> tuple[Source | None, tuple[int, int] | None]:
    """The live source, open, and the (height, width) of its first frame; None for what is not to be had yet.

    size: (height, width) that is asked of a source that can choose. Raises BridgeError for an address that means
    nothing. What is not known is said.
    """
    if uri.startswith(MADE):
        return None, None
    source, found = None, None
    try:
        source = open_fitting(uri, size, fps)
        found = _first_size(source)
    except Absent:
        pass  # the show says so when it begins
    except Exception as error:  # transports are others' code; the show opens it again, and tells
        if source is None:
            raise
        _close(source, uri, error)
        source = None
    if found is None:
        log.warning(
            "the shape of %s is not known, as no frame of it has come, so the output is %dx%d; "
            "send it before the start, or give --width and --height",
            *(uri, size[1], size[0]),
        )
    return source, found


def _first_size(source: Source) -> tuple[int, int] | None:
    """(height, width) of the first frame that is a picture; None if none comes in FIRST_FRAME_SECONDS."""
    end = time.monotonic() + FIRST_FRAME_SECONDS
    while (left := end - time.monotonic()) > 0:
        frame = source.read(left)
        if frame is not None and frame.pixels.ndim == 3 and 0 not in frame.pixels.shape:
            return frame.pixels.shape[0], frame.pixels.shape[1]
    return None


def _close(source: Source, uri: str, error: Exception) -> None:
    if not isinstance(error, BridgeError):
        report(f"source {uri}", error)
    source.close()

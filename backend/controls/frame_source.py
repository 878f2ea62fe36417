"""What can be written where frames are wanted: a frame address, or the path of a picture or video."""

from __future__ import annotations

import difflib
import os.path
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bridge.video.address import SOURCES
from vace_core.plugins import VIDEO, plugin_names

SCHEMES = (*SOURCES, *plugin_names(VIDEO, tuple(SOURCES)))
ADDRESSES = tuple(f"{scheme}:" for scheme in SCHEMES)
"""How frame addresses begin."""
MOST_SHOWN = 60
"""Characters of a text that an error shows."""


def is_frames(text: str) -> bool:
    """Whether a text can only be meant as a path or frame address.

    A path is what has a folder, a drive or a suffix, or is there. The disk is asked last: what lies on another
    machine is not waited for.
    """
    return _is_address(text) or _looks_like_path(text) or os.path.exists(text)


@lru_cache(maxsize=64)
def frame_address(text: str) -> str:
    """A path or frame address as a frame address: a plain path is a file's, "C:\\mask.png" and "mask.png" too.

    The answer is kept, as the settings of every frame ask again.
    """
    return text if _is_address(text) and not os.path.exists(text) else f"file:{text}"


def check_control_source(text: str) -> None:
    """Raises ValueError, naming near addresses, for what is neither empty nor a path or frame address."""
    if text and not is_frames(text):
        near = nearest(text, ADDRESSES) or "it takes the path of a picture or video, or a frame address"
        raise ValueError(f"{shortened(text)} is no source of a control video; {near}")


def control_address(text: str) -> str:
    """The frame address of a control source that was checked; "" is the input."""
    return frame_address(text) if text else ""


def named_source(text: str) -> tuple[str, ...]:
    """What a control whose text is a path or frame address names."""
    return (text,) if text else ()


def named_control_source(text: str) -> tuple[str, ...]:
    """What a control source names; it need not have been checked."""
    return named_source(control_address(text))


def nearest(text: str, known: Iterable[str]) -> str:
    """ "did you mean spout:?", or "" where nothing known is near."""
    word = text.strip().lower().partition(":")[0][:MOST_SHOWN]
    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else ""


def shortened(text: str) -> str:
    """A text as an error shows it, however long it is."""
    return repr(text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}...")


def _is_address(text: str) -> bool:
    scheme, colon, _ = text.partition(":")
    return bool(colon) and scheme in SCHEMES


def _looks_like_path(text: str) -> bool:
    return "/" in text or "\\" in text or (text[:1].isalpha() and text[1:2] == ":") or bool(Path(text).suffix)

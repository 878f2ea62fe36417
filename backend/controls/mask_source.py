"""What a mask can come from: the grammar of `/vace/mask/source`, for whoever reads it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from bridge.video.address import SOURCES
from vace_core.plugins import MASKS, VIDEO, plugin_names

OBJECT = "object"
FRAMES = "frames"
KEYED = ("alpha", "luma", "chroma")
"""From the input's own pixels."""
HALVES = ("left", "right", "top", "bottom", "center")
DRAWN = ("rect", "ellipse", "polygon")
SHAPES = HALVES + DRAWN
"""The same for every frame, until their numbers change."""
SEGMENTED = ("person", "subject", *plugin_names(MASKS, (OBJECT, "none", "person", "subject", *KEYED, *SHAPES)))
"""Found by a network, or by what another package brings."""
NAMED = ("none", *KEYED, *SHAPES, *SEGMENTED)
"""What a mask source can be besides objects, files and frame addresses."""


class MaskSourceError(ValueError):
    """A text is no mask source; the message names near ones."""


@dataclass(frozen=True)
class MaskSource:
    """kind: one of NAMED, OBJECT or FRAMES. labels: of OBJECT, lower case. address: of FRAMES."""

    kind: str
    labels: tuple[str, ...] = ()
    address: str = ""

    @staticmethod
    def parse(text: str) -> MaskSource:
        """One of NAMED in any case, `object:NAME,NAME`, a path, or a frame address. Raises MaskSourceError."""
        word = text.strip().lower()
        if word in NAMED or not word:
            return MaskSource(word or "none")
        if word.partition(":")[0] == OBJECT:
            labels = tuple(label.strip() for label in word.partition(":")[2].split(",") if label.strip())
            if not labels:
                raise MaskSourceError("object needs the name of what is to be found, as in object:person,dog")
            return MaskSource(OBJECT, labels=labels)
        if _is_address(text) or _is_path(text):
            return MaskSource(FRAMES, address=frame_address(text))
        raise MaskSourceError(f"{text!r} is no source of a mask; {_near(word)}")


def frame_address(source: str) -> str:
    """A path or frame address as a frame address: a plain path is a file's, "C:\\mask.png" and "mask.png" too."""
    return source if _is_address(source) and not Path(source).exists() else f"file:{source}"


def _is_address(text: str) -> bool:
    scheme, colon, _ = text.partition(":")
    return bool(colon) and (scheme in SOURCES or scheme in plugin_names(VIDEO))


def _is_path(text: str) -> bool:
    """Whether it can only be meant as one: it is there, or has a folder, a drive or a suffix."""
    return Path(text).exists() or "/" in text or "\\" in text or text[1:2] == ":" or bool(Path(text).suffix)


def _near(word: str) -> str:
    known = (*NAMED, f"{OBJECT}:", *(f"{scheme}:" for scheme in SOURCES))
    near = difflib.get_close_matches(word.partition(":")[0], known, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"it takes {', '.join(NAMED)}, object:NAME, the path of a picture or video, or a frame address"

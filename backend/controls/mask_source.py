"""What a mask can come from: the grammar of `/vace/mask/source`, read once, where it is sent to."""

from __future__ import annotations

from dataclasses import dataclass, field

from vace_core.plugins import MASKS, plugin_names

from .frame_source import ADDRESSES, frame_address, is_frames, nearest, shortened

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
    """kind: one of NAMED, OBJECT or FRAMES. labels: of OBJECT, lower case. address: of FRAMES. text: as it was written.

    Sources that are written differently and mean the same are equal.
    """

    kind: str
    labels: tuple[str, ...] = ()
    address: str = ""
    text: str = field(default="", compare=False)

    @staticmethod
    def parse(text: str) -> MaskSource:
        """One of NAMED in any case, `object:NAME,NAME`, a path, or a frame address. Raises MaskSourceError."""
        source = MaskSource.of(text)
        if source.kind == OBJECT and not source.labels:
            raise MaskSourceError("object needs the name of what is to be found, as in object:person,dog")
        if source.kind == FRAMES and not is_frames(text):
            near = nearest(text, (*NAMED, f"{OBJECT}:", *ADDRESSES)) or (
                f"it takes {', '.join(NAMED)}, object:NAME, the path of a picture or video, or a frame address"
            )
            raise MaskSourceError(f"{shortened(text)} is no source of a mask; {near}")
        return source

    @staticmethod
    def of(text: str) -> MaskSource:
        """What a text means that `parse` has accepted once, also if its file has gone since; it raises nothing."""
        word = text.strip().lower()
        if word in NAMED or not word:
            return MaskSource(word or "none", text=text)
        if word.partition(":")[0] == OBJECT:
            labels = tuple(label.strip() for label in word.partition(":")[2].split(",") if label.strip())
            return MaskSource(OBJECT, labels=labels, text=text)
        return MaskSource(FRAMES, address=frame_address(text), text=text)


def named_mask_source(text: str) -> tuple[str, ...]:
    """The file or frame address that a mask source names, if it is one; it need not have been checked."""
    source = MaskSource.of(text)
    return (source.address,) if source.kind == FRAMES else ()

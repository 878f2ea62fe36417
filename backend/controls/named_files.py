"""Which files the value of a control names: those are looked at before the show uses them."""

from __future__ import annotations

from collections.abc import Callable

from bridge.control.parameters import Value

from .declaration import address_of
from .frame_source import control_address
from .mask_source import MaskSource

FILE = "file:"
PICTURES = tuple(map(address_of, ("reference", "first", "last")))
"""Controls that take the path of a picture, or several; a video is none."""
FRAMES: dict[str, Callable[[str], str]] = {
    address_of("source"): str,
    address_of("mask_source"): lambda text: MaskSource.of(text).address,
    address_of("control_source"): control_address,
}
"""Controls that take frames, of a picture, a video or another program: what makes a frame address of the value."""


def named_files(address: str, value: Value) -> tuple[str, ...]:
    """The paths in the value of one of PICTURES or FRAMES, as they were written. Nothing is looked for on a disk."""
    if address in PICTURES:
        return tuple(str(path) for path in (value if isinstance(value, tuple) else (value,)) if path)
    frames = FRAMES[address](str(value))
    return (frames.removeprefix(FILE),) if frames.startswith(FILE) else ()

"""What a chunk is asked to be, inferred from what is given (paper, section 5: no explicit mode parameter)."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from .scale import MAX_SCALE


class Given(Protocol):
    """The parts of `controls.Controls` that decide the mode."""

    @property
    def control(self) -> Tensor | None: ...
    @property
    def source(self) -> Tensor | None: ...
    @property
    def mask(self) -> Tensor | None: ...
    @property
    def references(self) -> tuple[object, ...]: ...
    @property
    def first(self) -> Tensor | None: ...
    @property
    def last(self) -> Tensor | None: ...
    @property
    def scale(self) -> float: ...


def infer_mode(given: Given) -> str:
    """ "text", or any of control, inpainting, extension and reference, joined by "+" in this order.

    Outpainting is inpainting whose mask is the border of a larger canvas. Raises ValueError for what contradicts
    itself: a mask with nothing to preserve, a context scale outside 0..2.
    """
    if given.mask is not None and given.source is None:
        raise ValueError("a mask needs a source to preserve where it is 0; give a source or take the mask away")
    if not 0.0 <= given.scale <= MAX_SCALE:
        raise ValueError(f"the context scale must be 0 to {MAX_SCALE:g}, got {given.scale}")
    modes = [
        name
        for name, present in (
            ("control", given.control is not None),
            ("inpainting", given.mask is not None),
            ("extension", given.first is not None or given.last is not None),
            ("reference", bool(given.references)),
        )
        if present
    ]
    return "+".join(modes) or "text"

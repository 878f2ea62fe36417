"""The border of the canvas around the input, in the masks: all of it is generated (outpainting)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backend.controls.declaration import address_of
from backend.controls.settings import Settings

from .maker import Masked
from .shaping import feathered


def with_canvas_border(
    masked: Masked, kind: str, frames: int, size: Sequence[int], settings: Settings
) -> tuple[Masked, str]:
    """The masks of so many frames with the canvas around the input, and the modes that they now stand for.

    kind: of the mask source that they are from. Where that is "none" the input is kept or, inverted, restyled. size:
    height and width.
    """
    height, width = size
    canvas = settings.canvas
    if canvas.fills(height, width):
        return masked, "inpainting"
    faults = masked.faults
    if canvas.is_empty(height, width):
        faults += ((address_of("canvas_x"), "the input lies outside the picture; move it back into the canvas"),)
    outside = canvas.outside(height, width)
    if kind == "none":
        restyled = settings.mask_invert
        inside = [np.full_like(outside, float(restyled))] * frames
        masked = replace(masked, shown=inside, weights=inside if settings.mask_composite else None)
    shown = [np.maximum(mask, outside) for mask in masked.shown or ()]
    weights = masked.weights
    if weights is not None:
        around = feathered(outside, settings.mask_feather)
        weights = [np.maximum(weight, around) for weight in weights]
    if all(bool((mask == 1.0).all()) for mask in shown):
        return Masked(None, None, shown, faults), "inpainting"
    return Masked(shown, weights, shown, faults), "outpainting" if kind == "none" else "inpainting+outpainting"

"""The painter: a picture that follows from a look and a control alone, so that a small model can be right to the pixel.

Nothing in it depends on the time, on the whole picture, or on a place in it but within 16 x 16 pixels.
"""

from __future__ import annotations

import numpy as np

from ..looks import Look
from . import drawing, elements, light, metals, minerals, organic, printing
from .fields import LIGHTNESS, Array, Bytes, Ramp
from .form import form_of
from .grade import grade
from .style import Style

TABLE: dict[str, Style] = {}
for _family in (metals, minerals, organic, elements, light, drawing, printing):
    TABLE |= _family.STYLES


def paint(look: Look, control: Bytes, kind: str, ramp: Array | None = None) -> Bytes:
    """Paint a control [F, H, W, 3] uint8, as the model is shown it, of a kind of CONTROLS -> [F, H, W, 3] uint8.

    ramp [N, 3] in 0..1 from dark to light: the colours of a reference (`palette_of`), in place of the style's own.
    """
    form, style = form_of(control, kind), TABLE[look.style]
    picture = grade(style.draw(form, Ramp(style.colours if ramp is None else ramp)), form, look, style.glows)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def palette_of(picture: Bytes, colours: int = 5) -> Array:
    """The colours [colours, 3] in 0..1 of a picture [H, W, 3] or [F, H, W, 3] uint8, from dark to light.

    Of each equal share of its pixels, by lightness, it is the mean, in which the colourful ones count for more.
    """
    pixels = picture.reshape(-1, 3).astype(np.float32) / 255
    shares = np.array_split(pixels[np.argsort(pixels @ LIGHTNESS, kind="stable")], colours)
    means = np.stack([np.average(share, axis=0, weights=0.05 + np.ptp(share, axis=1)) for share in shares])
    return means[np.argsort(means @ LIGHTNESS, kind="stable")].astype(np.float32)

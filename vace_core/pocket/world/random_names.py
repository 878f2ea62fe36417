"""Which aspects of a look a drawn clip's prompt names, and what it names them."""

from __future__ import annotations

import numpy as np

from ..looks import PALETTES, WEATHERS
from .backdrops import BACKDROPS
from .materials import GROUNDS, OBJECTS


def random_named(rng: np.random.Generator) -> dict[str, str]:
    """Concepts for some of the aspects, as a prompt would name them."""
    choices = {
        "material": (tuple(OBJECTS), 0.85),
        "ground": (tuple(GROUNDS), 0.6),
        "backdrop": (tuple(BACKDROPS), 0.75),
        "palette": (PALETTES[1:], 0.35),
        "weather": (WEATHERS[1:], 0.3),
    }
    return {name: str(rng.choice(options)) for name, (options, odds) in choices.items() if rng.random() < odds}

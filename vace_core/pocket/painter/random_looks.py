"""Looks by chance, and which aspects of a look a prompt names."""

from __future__ import annotations

import numpy as np

from ..looks import PALETTES, STYLES, TIMES, WEATHERS, Look

ODDS = {"palette": (PALETTES[1:], 0.3), "time": (TIMES[1:], 0.25), "weather": (WEATHERS[1:], 0.25)}
"""What else than its default each aspect is, and how often it is something else."""
STYLE_NAMED = 0.9


def random_look(rng: np.random.Generator) -> Look:
    """Any style, and mostly the defaults of the other aspects."""
    return Look(style=str(rng.choice(STYLES)), **_others(rng))


def random_named(rng: np.random.Generator) -> dict[str, str]:
    """Concepts for some of the aspects, as a prompt would name them: nearly always a style, and never a default."""
    style = {"style": str(rng.choice(STYLES))} if rng.random() < STYLE_NAMED else {}
    return style | _others(rng)


def _others(rng: np.random.Generator) -> dict[str, str]:
    return {aspect: str(rng.choice(options)) for aspect, (options, odds) in ODDS.items() if rng.random() < odds}

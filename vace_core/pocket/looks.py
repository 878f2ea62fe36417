"""A look: in which style, palette, light and weather the model paints, and what goes with what."""

from __future__ import annotations

from dataclasses import dataclass, fields

STYLES = (
    "gold", "chrome", "copper", "wood", "stone", "marble", "jade", "ice", "glass", "lava", "fire", "ocean", "moss",
    "candy", "porcelain", "velvet", "clay", "paper", "slime", "knit", "neon", "hologram", "aurora", "nebula", "thermal",
    "x-ray", "watercolour", "ink", "charcoal", "blueprint", "popart", "stained-glass", "oil", "mosaic", "vaporwave",
    "pixel", "glitch", "matrix",
)  # fmt: skip
PALETTES = ("natural", "warm", "cool", "pastel", "vivid", "monochrome", "sepia")
TIMES = ("day", "sunset", "night")
WEATHERS = ("clear", "rain", "snow", "fog")


@dataclass(frozen=True)
class Look:
    """One concept for each aspect."""

    style: str
    palette: str = "natural"
    time: str = "day"
    weather: str = "clear"


ASPECTS = tuple(field.name for field in fields(Look))
PLAIN = "oil"
"""The style of what no word says anything of."""
COMPANIONS: dict[str, str] = {
    "rain": "glass", "snow": "ice", "fog": "ink", "sunset": "copper", "night": "neon",
    "warm": "wood", "cool": "ocean", "pastel": "watercolour", "vivid": "popart", "monochrome": "charcoal",
    "sepia": "paper",
}  # fmt: skip
"""The style that weather, time or palette bring along when no style is named; what stands first counts."""


def complete(named: dict[str, str]) -> Look:
    """A whole look from the aspects that were named: the rest is what goes with them, so that one word is enough."""
    others = {named.get(aspect, "") for aspect in ("weather", "time", "palette")}
    style = named.get("style") or next((COMPANIONS[word] for word in COMPANIONS if word in others), PLAIN)
    return Look(**{**named, "style": style})

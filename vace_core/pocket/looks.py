"""A look: which material, ground, palette, backdrop and weather a clip has, and what goes with what."""

from __future__ import annotations

from dataclasses import dataclass, fields

PALETTES = ("natural", "warm", "cool", "pastel", "vivid", "monochrome", "sepia")
WEATHERS = ("clear", "rain", "snow", "fog")


@dataclass(frozen=True)
class Look:
    """One concept for each aspect."""

    material: str
    ground: str
    backdrop: str
    palette: str = "natural"
    weather: str = "clear"


ASPECTS = tuple(field.name for field in fields(Look))

COMPANIONS: dict[str, tuple[str, str]] = {
    "chrome": ("metal", "studio"), "gold": ("marble", "studio"), "wood": ("grass", "forest"),
    "stone": ("sand", "desert"), "glass": ("tiles", "sunset"), "ice": ("snow", "aurora"),
    "lava": ("lava", "inferno"), "neon": ("neon", "city"), "velvet": ("wood", "studio"),
    "clay": ("sand", "day"), "marble": ("tiles", "day"), "moss": ("stone", "forest"),
    "candy": ("flowers", "day"), "porcelain": ("water", "day"), "paper": ("wood", "studio"),
    "slime": ("stone", "space"),
}  # fmt: skip
"""Ground and backdrop that a material brings along when nothing is said about them."""
BACKDROP_MATERIALS = {
    "day": "clay", "sunset": "gold", "storm": "stone", "night": "marble", "space": "chrome", "underwater": "moss",
    "studio": "porcelain", "city": "neon", "forest": "wood", "aurora": "ice", "inferno": "lava", "desert": "stone",
}  # fmt: skip
GROUND_MATERIALS = {
    "grass": "wood", "sand": "stone", "snow": "ice", "water": "glass", "lava": "lava", "stone": "moss",
    "wood": "velvet", "marble": "gold", "tiles": "marble", "neon": "neon", "flowers": "candy", "metal": "chrome",
}  # fmt: skip


def complete(named: dict[str, str]) -> Look:
    """A whole look from the aspects that were named: the rest is what goes with them, so that one word is enough."""
    material = named.get("material")
    if material is None:
        by_ground = GROUND_MATERIALS.get(named.get("ground", ""))
        material = BACKDROP_MATERIALS.get(named.get("backdrop", "")) or by_ground or "clay"
    ground, backdrop = COMPANIONS[material]
    return Look(
        material=material,
        ground=named.get("ground", ground),
        backdrop=named.get("backdrop", backdrop),
        palette=named.get("palette", "natural"),
        weather=named.get("weather", "clear"),
    )

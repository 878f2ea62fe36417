"""Captions: what a person would type to get a look. Every word used here is in the thesaurus of `..words`."""

from __future__ import annotations

import numpy as np

STYLES = {
    "gold": ("gold", "golden"), "chrome": ("chrome", "silver", "liquid metal"), "copper": ("copper", "bronze"),
    "wood": ("wooden", "wood"), "stone": ("stone", "rocky", "granite"), "marble": ("marble", "alabaster"),
    "jade": ("jade", "emerald"), "ice": ("ice", "frozen", "icy"), "glass": ("glass", "transparent", "crystal"),
    "lava": ("lava", "molten", "volcanic"), "fire": ("fire", "burning", "flaming"),
    "ocean": ("ocean", "underwater", "water"), "moss": ("mossy", "forest", "overgrown", "jungle"),
    "candy": ("candy", "sugary", "lollipop"), "porcelain": ("porcelain", "china"), "velvet": ("velvet", "crimson"),
    "clay": ("clay", "terracotta"), "paper": ("paper", "origami", "papercut"), "slime": ("slimy", "toxic slime"),
    "knit": ("knitted", "woollen", "embroidered"), "neon": ("neon", "glowing", "cyber"),
    "hologram": ("hologram", "holographic"), "aurora": ("aurora", "northern lights"),
    "nebula": ("nebula", "space", "galaxy"), "thermal": ("thermal", "infrared", "heat camera"),
    "x-ray": ("x-ray", "xray", "skeleton"), "watercolour": ("watercolour", "watercolor"),
    "ink": ("ink", "ink wash", "calligraphy"), "charcoal": ("charcoal", "pencil", "sketch"),
    "blueprint": ("blueprint", "technical drawing"), "popart": ("pop art", "comic", "halftone"),
    "stained-glass": ("stained glass", "stained-glass"), "oil": ("oil painting", "oil", "impasto"),
    "mosaic": ("mosaic", "tiled"), "vaporwave": ("vaporwave", "synthwave"), "pixel": ("pixel art", "8-bit", "pixel"),
    "glitch": ("glitch", "glitchy"), "matrix": ("matrix", "code", "ascii"),
}  # fmt: skip
PALETTES = {
    "natural": ("natural colours",), "warm": ("warm colours", "warm"), "cool": ("cold colours", "bluish"),
    "pastel": ("pastel", "pale colours"), "vivid": ("vivid", "saturated colours"),
    "monochrome": ("black and white", "monochrome"), "sepia": ("sepia", "vintage"),
}  # fmt: skip
TIMES = {
    "day": ("by day", "in daylight"), "sunset": ("at sunset", "at dusk", "in the evening"),
    "night": ("at night", "under the moon", "by night"),
}  # fmt: skip
WEATHERS = {
    "clear": ("under a clear sky",), "rain": ("in the rain", "rainy"), "snow": ("while it is snowing", "in the snow"),
    "fog": ("in fog", "misty"),
}  # fmt: skip
NOUNS = {
    "sphere": ("spheres", "balls"), "box": ("boxes", "cubes"), "cylinder": ("cylinders", "columns"),
    "torus": ("rings", "donuts"), "cone": ("cones",), "person": ("people", "figures"), "face": ("a face", "a portrait"),
    "hand": ("a hand",), "animal": ("animals", "horses"), "tree": ("trees",), "house": ("houses", "buildings"),
    "car": ("cars",), "vessel": ("bottles", "vases"), "blob": ("blobs",), "shard": ("shapes", "polygons"),
}  # fmt: skip
FORMS = ("{style} {things}", "{style} {things}", "{style}", "{things} made of {style}", "{things}, {style} style")
"""How a style and things are put together."""


def caption(named: dict[str, str], nouns: tuple[str, ...], rng: np.random.Generator) -> str:
    """A sentence that names the aspects in `named` and the things in `nouns`, in one of many orders."""

    def say(table: dict[str, tuple[str, ...]], concept: str) -> str:
        return str(rng.choice(table[concept]))

    things = " and ".join(say(NOUNS, noun) for noun in nouns)
    core = things or "things"
    if "style" in named:
        forms = [form for form in FORMS if things or "things" not in form]
        forms = [form for form in forms if not things or "things" in form]
        core = str(rng.choice(forms)).format(style=say(STYLES, named["style"]), things=things)
    parts = [core]
    for aspect, table in (("time", TIMES), ("weather", WEATHERS), ("palette", PALETTES)):
        if aspect in named:
            parts.append(say(table, named[aspect]))
    rng.shuffle(parts)
    return (", " if rng.random() < 0.4 else " ").join(parts)

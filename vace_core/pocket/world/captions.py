"""Captions: what a person would type to get a look. Every word used here is in the thesaurus of `..words`."""

from __future__ import annotations

import numpy as np

MATERIALS = {
    "chrome": ("chrome", "silver", "mirrored"), "gold": ("gold", "golden"), "wood": ("wooden", "wood"),
    "stone": ("stone", "rocky"), "glass": ("glass", "transparent"), "ice": ("ice", "frozen"),
    "lava": ("lava", "molten"), "neon": ("neon", "glowing"), "velvet": ("velvet",), "clay": ("clay", "terracotta"),
    "marble": ("marble",), "moss": ("mossy", "overgrown"), "candy": ("candy", "sugary"),
    "porcelain": ("porcelain", "china"), "paper": ("paper", "origami"), "slime": ("slimy", "slime"),
}  # fmt: skip
GROUNDS = {
    "grass": ("a meadow", "grassy ground"), "sand": ("sand", "sandy ground"), "snow": ("a snowy ground", "snow"),
    "water": ("water", "a lake"), "lava": ("a lava ground",), "stone": ("a stone floor", "rocky ground"),
    "wood": ("a wooden floor", "planks"), "marble": ("a marble floor",), "tiles": ("tiles", "a chessboard floor"),
    "neon": ("a neon grid", "a glowing floor"), "flowers": ("flowers", "a flowery ground"),
    "metal": ("a metal floor", "steel ground"),
}  # fmt: skip
BACKDROPS = {
    "day": ("on a clear day", "under a blue sky"), "sunset": ("at sunset", "at dusk"),
    "storm": ("in a storm", "in a thunderstorm"), "night": ("at night", "under the moon"),
    "space": ("in space", "in a nebula"), "underwater": ("underwater", "in the deep sea"),
    "studio": ("in a studio",), "city": ("in a city", "in the streets of tokyo"),
    "forest": ("in a forest", "in the jungle"), "aurora": ("under an aurora", "under northern lights"),
    "inferno": ("in an inferno", "in flames"), "desert": ("in a desert", "in the dunes"),
}  # fmt: skip
PALETTES = {
    "natural": ("natural colours",), "warm": ("warm colours", "warm"), "cool": ("cold colours", "bluish"),
    "pastel": ("pastel", "pale colours"), "vivid": ("vivid", "saturated colours"),
    "monochrome": ("black and white", "monochrome"), "sepia": ("sepia", "vintage"),
}  # fmt: skip
WEATHERS = {"rain": ("in the rain", "rainy"), "snow": ("while it is snowing",), "fog": ("in fog", "misty")}
NOUNS = {
    "sphere": ("spheres", "balls"), "box": ("boxes", "cubes"), "cylinder": ("cylinders", "columns"),
    "torus": ("rings", "donuts"), "cone": ("cones",), "person": ("people", "figures"), "face": ("a face", "a portrait"),
    "hand": ("a hand",), "animal": ("animals", "horses"), "tree": ("trees",), "house": ("houses", "buildings"),
    "car": ("cars",), "vessel": ("bottles", "vases"), "blob": ("blobs",), "shard": ("shapes", "polygons"),
}  # fmt: skip


def caption(named: dict[str, str], nouns: tuple[str, ...], rng: np.random.Generator) -> str:
    """A sentence that names the aspects in `named` and the things in `nouns`, in one of many orders."""

    def say(table: dict[str, tuple[str, ...]], concept: str) -> str:
        return str(rng.choice(table[concept]))

    things = " and ".join(say(NOUNS, noun) for noun in nouns) or "things"
    core = f"{say(MATERIALS, named['material'])} {things}" if "material" in named else things
    if "ground" in named:
        core += f" on {say(GROUNDS, named['ground'])}"
    parts = [core]
    for aspect, table in (("backdrop", BACKDROPS), ("weather", WEATHERS), ("palette", PALETTES)):
        if aspect in named:
            parts.append(say(table, named[aspect]))
    rng.shuffle(parts)
    return (", " if rng.random() < 0.4 else " ").join(parts)

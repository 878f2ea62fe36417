"""Things to cut out: people, faces, hands, animals, trees, houses, cars, vessels and shapeless shapes.

Each is a function of a pen, a time in seconds and 24 random numbers in 0..1 that make it this one and no other. They
stand on y = 0 and are about one unit high, or are centred there if they don't stand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .pen import Pen

Draw = Callable[[Pen, float, np.ndarray], None]


def person(pen: Pen, time: float, r: np.ndarray) -> None:
    """Walking, standing or waving, in clothes."""
    pace, stride = 2 + 5 * r[0], 0.5 * r[1]
    swing = stride * np.sin(pace * time + 6 * r[2])
    top, legs, skin = 0.15 + 0.7 * r[3], 0.15 + 0.7 * r[4], 0.35 + 0.4 * r[5]
    wide = 0.085 + 0.05 * r[6]
    hip, neck = np.array([0.0, -0.48]), np.array([0.02 * np.sin(pace * time), -0.8])
    joints: dict = {1: neck}
    for side in (-1, 1):
        knee = hip + 0.24 * np.array([np.sin(side * swing), np.cos(swing)]) + (side * 0.03, 0)
        bend = max(0.0, -side * swing) * 0.8
        foot = knee + 0.24 * np.array([np.sin(side * swing - bend), np.cos(side * swing - bend)])
        joints |= zip((8, 9, 10) if side < 0 else (11, 12, 13), (hip + (side * 0.04, 0), knee, foot), strict=True)
        pen.limb(hip + (side * 0.04, 0), knee, 0.055, legs, 0.045)
        pen.limb(knee, foot, 0.045, legs - 0.06, 0.033)
        pen.limb(foot, foot + (0.05, 0.0), 0.025, 0.1)
    raised = r[7] > 0.6
    for side in (-1, 1):
        lift = 2.4 + 0.5 * np.sin(3 * time + side) if raised and (side > 0 or r[8] > 0.5) else -side * swing * 1.2
        elbow = neck + (side * wide, 0.05) + 0.17 * np.array([np.sin(lift) * (side if raised else 1), np.cos(lift)])
        hand = elbow + 0.16 * np.array([np.sin(lift + 0.4) * (side if raised else 1), np.cos(lift + 0.4)])
        joints |= zip((2, 3, 4) if side < 0 else (5, 6, 7), (neck + (side * wide, 0.05), elbow, hand), strict=True)
        pen.limb(neck + (side * wide, 0.05), elbow, 0.035, top - 0.05, 0.03)
        pen.limb(elbow, hand, 0.028, skin if r[9] > 0.5 else top, 0.024)
    pen.polygon([neck + (-wide, 0), neck + (wide, 0), hip + (wide * 0.8, 0.03), hip + (-wide * 0.8, 0.03)], top)
    if r[10] > 0.6:
        pen.polygon([hip + (-wide, -0.1), hip + (wide, -0.1), hip + (0.16, 0.25), hip + (-0.16, 0.25)], legs)
    pen.limb(neck, neck + (0, -0.05), 0.03, skin)
    head = neck + (0, -0.12)
    pen.ellipse(head[0], head[1], 0.062, 0.08, light=skin)
    pen.ellipse(head[0], head[1] - 0.035, 0.068, 0.055, light=0.1 + 0.6 * r[11])
    pen.skeleton(joints | _head(head, 0.062, 0.08))


def _head(middle, across: float, down: float) -> dict:
    """Nose, eyes and ears of a head, seen from the front."""
    places = {0: (0, 0.2), 14: (-0.4, -0.1), 15: (0.4, -0.1), 16: (-0.95, 0), 17: (0.95, 0)}
    return {joint: (middle[0] + across * x, middle[1] + down * y) for joint, (x, y) in places.items()}


def face(pen: Pen, time: float, r: np.ndarray) -> None:
    """Head and shoulders that look about, as before a webcam."""
    skin, hair, coat = 0.4 + 0.4 * r[0], 0.05 + 0.5 * r[1], 0.1 + 0.8 * r[2]
    nod, look = 0.02 * np.sin(2.1 * time + 6 * r[3]), 0.07 * np.sin((0.5 + 2 * r[4]) * time + 6 * r[5])
    x, y = 0.6 * look, -0.62 + nod
    long = r[6] > 0.5
    if long:
        pen.ellipse(x, y + 0.08, 0.24, 0.33, light=hair)
    pen.polygon(
        [(-0.09, -0.45), (0.09, -0.45), (0.46 + 0.1 * r[7], -0.2), (0.56, 0.3), (-0.56, 0.3), (-0.5, -0.2)], coat
    )
    pen.limb((x, y + 0.12), (0, -0.3), 0.085, skin - 0.08)
    pen.ellipse(x, y, 0.165 + 0.03 * r[8], 0.22, 0.3 * look, skin)
    pen.ellipse(x - 0.9 * look, y - 0.14, 0.185, 0.11, light=hair)
    pen.marks()
    for side in (-1, 1):
        eye = x + look + side * 0.065
        pen.ellipse(eye, y - 0.01, 0.032, 0.016, light=min(skin + 0.25, 1))
        pen.ellipse(eye + 0.3 * look, y - 0.01, 0.014, 0.015, light=0.05)
        pen.limb((eye - 0.03, y - 0.055), (eye + 0.03, y - 0.055 - 0.01 * side), 0.007, hair)
        if r[9] > 0.7:
            pen.limb((eye - 0.05, y - 0.01), (eye + 0.05, y - 0.01), 0.006, 0.05)
    pen.limb((x + look, y), (x + 1.4 * look, y + 0.065), 0.012, skin - 0.12)
    open_ = 0.008 + 0.02 * max(0.0, np.sin(7 * time * r[10]))
    pen.ellipse(x + look, y + 0.12, 0.055, open_, light=skin - 0.3)
    pen.polygon([(-0.02, -0.3), (0.02, -0.3), (0.05, 0.3), (-0.05, 0.3)], coat + (0.3 if r[11] > 0.5 else -0.2))
    pen.skeleton({1: (0, -0.22), 2: (-0.43, -0.18), 5: (0.43, -0.18)} | _head((x + 0.5 * look, y), 0.17, 0.22))


def hand(pen: Pen, time: float, r: np.ndarray) -> None:
    """An arm from the side; its hand holds a vessel that it tilts."""
    side = 1 if r[0] > 0.5 else -1
    tilt = 0.7 * np.sin((0.6 + 2 * r[1]) * time + 6 * r[2])
    skin, ware = 0.4 + 0.4 * r[3], 0.05 + 0.85 * r[4]
    cos, sin = np.cos(tilt), np.sin(tilt)

    def turned(points):
        return [(cos * px - sin * py, sin * px + cos * py) for px, py in points]

    wide, tall = 0.09 + 0.08 * r[5], 0.22 + 0.16 * r[6]
    pen.limb((side * 1.1, 0.12 + 0.3 * r[7]), (side * 0.16, 0.02), 0.13, skin - 0.05, 0.075)
    pen.polygon(
        turned([(-wide, -tall), (wide, -tall), (wide * (0.7 + 0.4 * r[8]), tall), (-wide * (0.7 + 0.4 * r[8]), tall)]),
        ware,
    )
    pen.polygon(
        turned(
            [(-wide * 1.08, -tall), (wide * 1.08, -tall), (wide * 1.08, -tall * 0.75), (-wide * 1.08, -tall * 0.75)]
        ),
        ware - 0.2,
    )
    pen.limb(turned([(wide * 0.2, -tall * 0.5)])[0], turned([(wide * 0.2, tall * 0.8)])[0], 0.018, ware + 0.35)
    for finger in range(4):
        height = -0.09 + 0.06 * finger
        pen.limb(
            (side * 0.17, height),
            (-side * (wide * 0.5 + 0.02 * np.sin(9 * finger)), height + 0.02),
            0.03,
            skin - 0.05 * (finger % 2),
            0.024,
        )
    pen.limb((side * 0.15, -0.07), (side * 0.02, -0.16), 0.034, skin + 0.05, 0.025)


def animal(pen: Pen, time: float, r: np.ndarray) -> None:
    """Four legs, a tail, a head: a dog or a horse of sorts."""
    coat, tall = 0.15 + 0.7 * r[0], 0.3 + 0.3 * r[1]
    pace = 3 + 6 * r[2]
    for leg in range(4):
        x = (-0.3, -0.24, 0.24, 0.3)[leg]
        swing = 0.35 * np.sin(pace * time + leg * 1.9)
        pen.limb((x, -tall), (x + tall * np.sin(swing), 0.0), 0.05, coat - 0.12 * (leg % 2), 0.025)
    pen.ellipse(0, -tall - 0.1, 0.38, 0.15 + 0.05 * r[3], light=coat)
    head = (0.48, -tall - 0.35 * r[4] - 0.15 + 0.03 * np.sin(4 * time))
    pen.limb((0.3, -tall - 0.12), head, 0.1, coat, 0.07)
    pen.limb(head, (head[0] + 0.17, head[1] + 0.05), 0.08, coat + 0.05, 0.045)
    pen.polygon(
        [(head[0] - 0.05, head[1]), (head[0] - 0.03, head[1] - 0.16), (head[0] + 0.05, head[1] - 0.04)], coat - 0.1
    )
    pen.limb((-0.36, -tall - 0.14), (-0.6, -tall - 0.15 + 0.2 * np.sin(5 * time + 6 * r[5])), 0.03, coat, 0.015)
    pen.marks()
    pen.ellipse(head[0] + 0.06, head[1] - 0.02, 0.014, 0.016, light=0.05)
    for spot in range(int(5 * r[6])):
        pen.ellipse(-0.25 + 0.13 * spot, -tall - 0.1 + 0.06 * np.sin(7 * spot), 0.05, 0.04, light=1 - coat)


def tree(pen: Pen, time: float, r: np.ndarray) -> None:
    """A trunk and a crown that sways."""
    sway = 0.03 * np.sin((1 + r[0]) * time + 6 * r[1])
    pen.limb((0, 0), (sway, -0.5), 0.055, 0.2 + 0.2 * r[2], 0.03)
    if r[3] > 0.6:
        for step in range(4):
            y, wide = -0.28 - 0.2 * step, 0.32 - 0.07 * step
            pen.polygon([(-wide + sway, y), (wide + sway, y), (sway * (2 + step), y - 0.3)], 0.35 + 0.08 * (step % 2))
        return
    for leaf in range(9):
        angle = leaf * 2.4
        far = 0.25 * np.sqrt(leaf / 9)
        size = 0.13 + 0.05 * np.sin(5 * leaf + 9 * r[4])
        x, y = far * np.cos(angle) + sway * 2, -0.72 + far * np.sin(angle)
        pen.ellipse(x, y, size, size * 0.9, light=0.35 + 0.3 * ((leaf * 0.37 + r[5]) % 1))


def house(pen: Pen, time: float, r: np.ndarray) -> None:
    """A block with windows, with or without a roof; towers too."""
    wide, tall, wall = 0.2 + 0.3 * r[0], 0.4 + 0.7 * r[1], 0.3 + 0.55 * r[2]
    pen.box(-wide, -tall, wide, 0, wall)
    pen.polygon([(wide, -tall), (wide * 1.35, -tall + 0.06), (wide * 1.35, 0), (wide, 0)], wall - 0.25)
    if r[3] > 0.4:
        pen.polygon([(-wide * 1.15, -tall), (0, -tall - 0.3 * r[4] - 0.08), (wide * 1.15, -tall)], wall - 0.3)
    columns, rows = 2 + int(3 * r[5]), 2 + int(4 * r[6])
    glass = 0.1 if r[7] > 0.5 else 0.95
    for i in range(columns):
        for j in range(rows):
            x, y = -wide + (i + 0.5) * 2 * wide / columns, -tall + (j + 0.5) * tall / rows
            pen.box(
                x - 0.3 * wide / columns,
                y - 0.25 * tall / rows,
                x + 0.3 * wide / columns,
                y + 0.25 * tall / rows,
                glass,
            )


def car(pen: Pen, time: float, r: np.ndarray) -> None:
    paint = 0.15 + 0.75 * r[0]
    pen.polygon(
        [
            (-0.6, -0.12),
            (-0.58, -0.3),
            (-0.3, -0.34),
            (-0.18, -0.52),
            (0.22, -0.52),
            (0.38, -0.34),
            (0.6, -0.28),
            (0.62, -0.12),
        ],
        paint,
    )
    pen.polygon([(-0.25, -0.34), (-0.15, -0.48), (0.01, -0.48), (0.01, -0.34)], 0.12 + 0.2 * r[1])
    pen.polygon([(0.05, -0.34), (0.05, -0.48), (0.2, -0.48), (0.31, -0.34)], 0.12 + 0.2 * r[1])
    for x in (-0.36, 0.36):
        pen.ellipse(x, -0.12, 0.12, 0.12, light=0.08)
        pen.ellipse(x, -0.12, 0.06, 0.06, light=0.7)
        pen.limb((x, -0.12), (x + 0.1 * np.cos(5 * time), -0.12 + 0.1 * np.sin(5 * time)), 0.012, 0.5)


def vessel(pen: Pen, time: float, r: np.ndarray) -> None:
    """A bottle, jar, vase or lamp: a turned outline."""
    knots = np.linspace(0, 1, 9)
    wide = 0.08 + 0.2 * r[:9] * (0.6 + 0.4 * np.sin(np.pi * knots + 3 * r[9]))
    fine = np.linspace(0, 1, 33)
    outline = np.interp(fine, knots, wide)
    outline = np.convolve(np.pad(outline, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    y = -fine * (0.6 + 0.5 * r[10])
    paint = 0.2 + 0.6 * r[11]
    pen.polygon(np.concatenate([np.stack([outline, y], -1), np.stack([-outline, y], -1)[::-1]]), paint)
    pen.marks()
    for ring in range(int(4 * r[12])):
        at = 0.15 + 0.2 * ring
        pen.box(-0.4, -at - 0.03, 0.4, -at, paint + (0.3 if ring % 2 else -0.25))
    pen.limb((-0.35 * wide[4], y[6]), (-0.35 * wide[4], y[26]), 0.012, paint + 0.35)


def blob(pen: Pen, time: float, r: np.ndarray) -> None:
    """A soft closed outline that breathes."""
    around = np.linspace(0, 2 * np.pi, 49)[:-1]
    radius = np.full_like(around, 0.38)
    for wave in range(2, 6):
        swell = 0.09 * r[wave] * np.sin(time * (1 + 2 * r[wave + 4]) + 6 * r[wave + 8])
        radius += (0.11 * (r[wave + 12] - 0.5) * 2 + swell) * np.cos(wave * around + 6 * r[wave + 16])
    outline = np.stack([radius * np.cos(around), radius * np.sin(around)], -1)
    pen.polygon(outline, 0.25 + 0.5 * r[0])
    pen.marks()
    for patch in range(int(5 * r[1])):
        angle = 2.4 * patch + 6 * r[2] + 0.5 * time * (r[3] - 0.5)
        pen.ellipse(0.2 * np.cos(angle), 0.2 * np.sin(angle), 0.05 + 0.09 * r[4 + patch], 0.06, angle, r[9 + patch])


def shard(pen: Pen, time: float, r: np.ndarray) -> None:
    """A polygon with straight sides, patterned by bars."""
    corners = 3 + int(5 * r[0])
    around = np.sort((np.arange(corners) + 0.7 * r[1 : corners + 1]) / corners) * 2 * np.pi
    radius = 0.25 + 0.22 * r[corners : 2 * corners]
    pen.polygon(np.stack([radius * np.cos(around), radius * np.sin(around)], -1), 0.2 + 0.6 * r[20])
    pen.marks()
    bars = int(6 * r[21])
    for bar in range(bars):
        x = -0.4 + 0.8 * (bar + 0.5) / max(bars, 1)
        pen.limb((x, -0.5), (x + 0.3 * (r[22] - 0.5), 0.5), 0.02 + 0.03 * r[23], (0.15, 0.85)[bar % 2])


STANDING: dict[str, Draw] = {
    "person": person, "animal": animal, "tree": tree, "house": house, "car": car, "vessel": vessel,
}  # fmt: skip
FLOATING: dict[str, Draw] = {"hand": hand, "blob": blob, "shard": shard}
NOUNS = ("person", "face", "hand", "animal", "tree", "house", "car", "vessel", "blob", "shard")

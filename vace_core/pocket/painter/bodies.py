"""Pose as a form: skeletons become clothed bodies, limbs as tapered capsules, the head a ball."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from vace_core.annotators.pose import LIMBS, RAINBOW, STICK

from .fields import Array, Bytes

LENGTHS = (0.11, 0.11, 0.17, 0.16, 0.17, 0.16, 0.3, 0.25, 0.25, 0.3, 0.25, 0.25, 0.13)
"""How long the first of LIMBS are in a body of height 1."""
NECK, NOSE, EYES_AND_EARS = 1, 0, (14, 15, 16, 17)
HIPS, SHOULDERS, HANDS = (8, 11), (2, 5), (4, 7)
CLOTHES = (
    (1, 8, 0.085, 0.08, 0.0), (1, 11, 0.085, 0.08, 0.0), (8, 11, 0.08, 0.08, 0.0), (2, 5, 0.05, 0.05, 0.0),
    (8, 9, 0.075, 0.058, 0.0), (11, 12, 0.075, 0.058, 0.0), (9, 10, 0.055, 0.042, 0.0), (12, 13, 0.055, 0.042, 0.0),
    (2, 3, 0.046, 0.04, 0.35), (5, 6, 0.046, 0.04, 0.35), (3, 4, 0.038, 0.044, 0.45), (6, 7, 0.038, 0.044, 0.45),
    (1, 0, 0.035, 0.035, 0.1),
)  # fmt: skip
"""Joints, the radius at either in body heights, and how far in front of the body it is."""
HEAD, HAND = 0.085, 0.026
SHORT = 8.0
"""Joints that are so few pixels apart belong together: their dots hide the stick between them."""
_JOINT = [red << 16 | green << 8 | blue for red, green, blue in RAINBOW]
_STICK = [sum(round(STICK * part) << place for part, place in zip(shade, (16, 8, 0))) for shade in RAINBOW]


def bodies(control: Bytes) -> Array:
    """Skeletons on black [F, H, W, 3] as `annotators.pose` draws them -> level [F, H, W] in 0..1, 0 beside bodies."""
    return np.stack([_clothed(frame) for frame in control])


def people_in(frame: Bytes) -> list[dict[int, Array]]:
    """The skeletons in a picture [H, W, 3]: of each, the places [2] (x, y) of the joints that are seen."""
    code = (frame.astype(np.int32) * (1 << 16, 1 << 8, 1)).sum(axis=-1)
    seen = set(np.unique(code[code > 0]).tolist())
    joints = [_dots(code, shade) if shade in seen else [] for shade in _JOINT]
    people: list[dict[int, Array]] = []
    for stick, (one, other) in zip(_STICK, LIMBS, strict=False):
        for here, there in product(joints[one], joints[other]):
            if _drawn(code, stick, here, there):
                _join(people, {one: here, other: there})
    return people


def _dots(code: np.ndarray, shade: int) -> list[Array]:
    """The middles of the dots of a colour; single pixels are none."""
    places = np.argwhere(code == shade)[:, ::-1]
    (left, top), (right, low) = places.min(axis=0), places.max(axis=0) + 1
    mask = (code[top:low, left:right] == shade).astype(np.uint8)
    _, _, stats, middles = cv2.connectedComponentsWithStats(mask)
    found = zip(middles[1:], stats[1:], strict=True)
    return [(middle + (left, top)).astype(np.float32) for middle, row in found if row[cv2.CC_STAT_AREA] > 1]


def _drawn(code: np.ndarray, stick: int, here: Array, there: Array) -> bool:
    """Whether a stick of that colour lies between two places; dots cover those that are very short."""
    if np.hypot(*(there - here)) < SHORT:
        return True
    on = np.rint(here + np.linspace(0.15, 0.85, 9)[:, None] * (there - here)).astype(int)
    rows, columns = np.clip(on[:, 1], 0, code.shape[0] - 1), np.clip(on[:, 0], 0, code.shape[1] - 1)
    return int((code[rows, columns] == stick).sum()) >= 3


def _join(people: list[dict[int, Array]], limb: dict[int, Array]) -> None:
    """Add a limb to the person that has one of its joints, or let it begin a new person; it may join two into one."""
    of_it = [p for p in people if any(joint in p and np.array_equal(p[joint], at) for joint, at in limb.items())]
    whole = limb.copy()
    for person in of_it:
        whole |= person
    people[:] = [person for person in people if not any(person is one for one in of_it)] + [whole]


def _clothed(frame: Bytes) -> Array:
    level = np.zeros(frame.shape[:2], np.float32)
    for person in people_in(frame):
        tall = _stature(person)
        for one, other, thick, thin, front in CLOTHES:
            if one in person and other in person:
                _capsule(level, person[one], person[other], thick * tall, thin * tall, front, tall)
        for hand in HANDS:
            if hand in person:
                _capsule(level, person[hand], person[hand], HAND * tall, HAND * tall, 0.5, tall)
        head = [person[joint] for joint in (NOSE, *EYES_AND_EARS) if joint in person]
        if head:
            middle = np.mean(head, axis=0) - (0, 0.02 * tall)
            _capsule(level, middle, middle, HEAD * tall, HEAD * tall, 0.1, tall)
    return level


def _stature(person: dict[int, Array]) -> float:
    """How tall a person is in pixels, by limbs that are hardly foreshortened."""
    tall = [
        float(np.hypot(*(person[one] - person[other]))) / length
        for length, (one, other) in zip(LENGTHS, LIMBS, strict=False)
        if one in person and other in person
    ]
    return float(np.quantile(tall, 0.75)) if tall else 60.0


def _capsule(level: Array, here: Array, there: Array, thick: float, thin: float, front: float, tall: float) -> None:
    """Lay a round limb into the level, in place: it stands out as far as it is thick, and `front` more."""
    reach = max(thick, thin) + 1
    left, top = np.maximum(np.floor(np.minimum(here, there) - reach), 0).astype(int)
    right, low = np.ceil(np.maximum(here, there) + reach).astype(int) + 1
    part = level[top:low, left:right]
    if not part.size:
        return
    y, x = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]].astype(np.float32)
    along = there - here
    way = np.clip(((x - here[0]) * along[0] + (y - here[1]) * along[1]) / max(float(along @ along), 1e-3), 0, 1)
    radius = thick + (thin - thick) * way
    away = ((x - here[0] - way * along[0]) ** 2 + (y - here[1] - way * along[1]) ** 2) / radius**2
    stands = radius * np.sqrt(np.maximum(1 - away, 0)) / (0.09 * tall)
    height = np.where(away < 1, 0.3 + 0.62 * stands + 0.25 * front, 0)
    np.maximum(part, np.minimum(height, 1), out=part)

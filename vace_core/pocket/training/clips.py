"""Drawing clips to disk, several at once, where a run was cut off going on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vace_core.pocket.looks import Look, complete
from vace_core.pocket.world import DrawnClip, caption, draw_clip, random_named

FRAMES = 25
"""One frame and six times four: two chunks, and the start of a stream or its middle to choose from."""


@dataclass(frozen=True)
class StoredClip:
    """A clip on disk: its pictures as `DrawnClip` has them, and a caption for each look."""

    clip: DrawnClip
    captions: tuple[str, ...]


def draw_all(folder: Path, count: int, seed: int, workers: int, report: Callable[[str], None]) -> None:
    """Draw `count` clips as folder/00000.npz ...; those already there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(count) if not _path(folder, number).exists()]
    if not missing:
        return
    with ProcessPoolExecutor(workers) as pool:
        jobs = pool.map(_draw, [folder] * len(missing), missing, [seed] * len(missing), chunksize=4)
        for done, _ in enumerate(jobs, 1):
            if done % 50 == 0 or done == len(missing):
                report(f"draw: {count - len(missing) + done} of {count} clips")


def load_clip(folder: Path, number: int) -> StoredClip:
    """Read a clip back."""
    with np.load(_path(folder, number)) as stored:
        words = json.loads(str(stored["words"]))
        looks = tuple(stored[f"look{i}"] for i in range(len(words["captions"])))
        drawn = (stored["footage"], stored["depth"], stored["mask"])
        clip = DrawnClip(*drawn, looks, tuple(words["nouns"]), stored["people"])
    return StoredClip(clip, tuple(words["captions"]))


def looks_of(number: int, seed: int) -> tuple[dict[str, str], dict[str, str]]:
    """What the two looks of a clip name; neighbours (0 and 1, 2 and 3 ...) share them, as each other's references."""
    rng = np.random.default_rng((seed, number // 2, 1))
    return random_named(rng), random_named(rng)


def _draw(folder: Path, number: int, seed: int) -> None:
    named = looks_of(number, seed)
    looks: tuple[Look, ...] = tuple(complete(one) for one in named)
    clip = draw_clip(seed * 1_000_003 + number, looks, FRAMES)
    rng = np.random.default_rng((seed, number, 2))
    captions = [caption(one, clip.nouns if rng.random() < 0.5 else (), rng) for one in named]
    words = json.dumps({"captions": captions, "nouns": clip.nouns})
    partial = folder / f"{number:05d}.part.npz"
    arrays = {"footage": clip.footage, "depth": clip.depth, "mask": clip.mask, "people": clip.people}
    arrays["words"] = np.array(words)
    arrays |= {f"look{i}": look for i, look in enumerate(clip.looks)}
    np.savez(partial, allow_pickle=False, **arrays)
    os.replace(partial, _path(folder, number))


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.npz"

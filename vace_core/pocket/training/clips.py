"""Drawing clips to disk, several at once, where a run was cut off going on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from ..world import DrawnClip, draw_clip

FRAMES = 25
"""One frame and six times four: two chunks, and the start of a stream or its middle to choose from."""


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


def load_clip(folder: Path, number: int) -> DrawnClip:
    """Read a clip back."""
    with np.load(_path(folder, number)) as stored:
        nouns = tuple(json.loads(str(stored["nouns"])))
        return DrawnClip(stored["footage"], stored["depth"], stored["mask"], nouns, stored["people"])


def _draw(folder: Path, number: int, seed: int) -> None:
    clip = draw_clip(seed * 1_000_003 + number, FRAMES)
    partial = folder / f"{number:05d}.part.npz"
    arrays = {"footage": clip.footage, "depth": clip.depth, "mask": clip.mask, "people": clip.people}
    arrays["nouns"] = np.array(json.dumps(clip.nouns))
    np.savez(partial, allow_pickle=False, **arrays)
    os.replace(partial, _path(folder, number))


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.npz"

"""Rows of the masks: a chunk's worth from the settings to what is composited, without the model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from backend.controls.settings import Settings
from backend.engine.masks.keying import DARK
from backend.engine.masks.maker import MaskMaker
from backend.engine.masks.shapes import drawn
from backend.engine.masks.shaping import crisp, feathered, shaped
from backend.engine.model import EngineModel
from backend.offline.render import first_settings

FRAMES, ROUNDS = 12, 15
CHAIN = {"/vace/mask/grow": 6.0, "/vace/mask/feather": 4.0}
CASES = {
    "drawn ellipse": {"/vace/mask/source": "ellipse"} | CHAIN,
    "chroma key": {"/vace/mask/source": "chroma"} | CHAIN,
    "chroma key, steadied over 12 frames": {"/vace/mask/source": "chroma", "/vace/mask/smooth": 12} | CHAIN,
}
Masks = list[np.ndarray]


def mask_rows(height: int, width: int) -> Iterator[dict[str, Any]]:
    """Medians of a chunk of 12 frames. plain_ms: every frame's mask made anew, in numpy alone.

    difference: the share of weights that are not the same.
    """
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (height, width, 3), np.uint8) for _ in range(FRAMES)]
    for name, values in CASES.items():
        settings, chain = first_settings(values), PlainChain()
        update = partial(our_weights, MaskMaker(_nothing_loaded(), height, width), pictures, settings)
        plainly = partial(chain.weights, pictures, settings)
        found = [(_timed(plainly), _timed(update)) for _ in range(ROUNDS)]
        plain, ours = (statistics.median(each[side][0] for each in found) for side in (0, 1))
        last = zip(found[-1][0][1], found[-1][1][1])
        difference = float(np.mean([np.abs(one - other).mean() for one, other in last]))
        yield {
            "name": f"masks of a chunk, {name}",
            "plain_ms": round(1000 * plain, 3),
            "ours_ms": round(1000 * ours, 4),
            "ratio": round(plain / ours, 3),
            "difference": difference,
        }


def our_weights(maker: MaskMaker, pictures: Sequence[np.ndarray], settings: Settings) -> Masks:
    """Of what is composited, `[H, W]` for each picture."""
    weights = maker.update(pictures, torch.zeros(0), None, settings, 0.5).weights
    return [np.ones(pictures[0].shape[:2], np.float32)] * len(pictures) if weights is None else list(weights)


class PlainChain:
    """The same masks, written as one first would: frame by frame, with nothing kept but what steadying needs."""

    def __init__(self) -> None:
        self._past: Masks = []

    def weights(self, pictures: Sequence[np.ndarray], settings: Settings) -> Masks:
        return [self._weight(picture, settings) for picture in pictures]

    def _weight(self, picture: np.ndarray, settings: Settings) -> np.ndarray:
        if settings.mask_source.kind == "chroma":
            key = colour_over_light(np.array(settings.mask_key))
            away = np.linalg.norm(colour_over_light(picture / 255.0) - key, axis=-1) / np.linalg.norm(key)
            beyond = away - settings.mask_tolerance
            mask = np.clip(1 - beyond / settings.mask_softness, 0, 1).astype(np.float32)
        else:
            mask = drawn.__wrapped__(settings.mask_source.kind, settings.mask_ellipse, *picture.shape[:2])
        mask = shaped(crisp(mask, settings.mask_threshold), settings.mask_invert, settings.mask_grow)
        if settings.mask_smooth > 1:
            self._past = [*self._past, mask][-settings.mask_smooth :]
            mask = (2 * np.mean(self._past, axis=0) >= 1).astype(np.float32)
        return feathered(mask, settings.mask_feather)


def colour_over_light(picture: np.ndarray) -> np.ndarray:
    """RGB `[..., 3]` in 0..1 -> `[..., 2]`, by the formula of YCrCb."""
    red, green, blue = np.moveaxis(picture, -1, 0)
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack((0.713 * (red - light), 0.564 * (blue - light)), axis=-1) / (light + DARK)[..., None]


def _timed(run: Callable[[], Masks]) -> tuple[float, Masks]:
    began = time.perf_counter()
    masks = run()
    return time.perf_counter() - began, masks


def _nothing_loaded() -> EngineModel:
    def no_stream(height: int, width: int):
        raise ValueError("the bench of the masks has no model")

    return EngineModel("cpu", no_stream, {})

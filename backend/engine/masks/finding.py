"""Masks of what is found in the picture: segmenters and the object detector, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vace_core.annotators.detectors import class_named

from .tracking import fill

if TYPE_CHECKING:
    from torch import Tensor

    from vace_core.annotators.detectors import Detector
    from vace_core.annotators.segmenters import Segmenter

    from ..model import EngineModel

Finder = TypeVar("Finder")


class Unavailable(Exception):
    """What should look for something can't be had; the message says why."""


class Finders:
    """Those of a model. One that could not be made is not tried again before `reset`."""

    def __init__(self, model: EngineModel) -> None:
        self._model = model
        self._segmenters: dict[str, Segmenter] = {}
        self._detector: Detector | None = None
        self._failed: dict[str, str] = {}

    def segment(self, name: str, frames: Tensor) -> list[np.ndarray]:
        """How much each pixel belongs to it, one mask for each frame of `[1, 3, F, H, W]`. Raises Unavailable."""
        if name not in self._segmenters:
            self._segmenters[name] = self._made(name, self._model.segmenters.get(name))
        found = self._segmenters[name](frames)
        return list(found[0, 0].float().cpu().numpy())

    def detect(self, labels: Sequence[str], frames: Tensor) -> list[np.ndarray | None]:
        """The boxes of those labels, one mask a frame; None where there is none. Raises Unavailable."""
        detector = self._detector or self._made("object", self._model.detector)
        self._detector = detector
        try:
            wanted = {class_named(label, detector.names) for label in labels}
        except ValueError as error:
            raise Unavailable(str(error)) from error
        masks: list[np.ndarray | None] = []
        for boxes in detector.detect(frames):
            found = [box for box in boxes if box.label in wanted]
            mask = np.zeros(frames.shape[-2:], np.float32)
            for box in found:
                fill(mask, box.left, box.top, box.right, box.bottom)
            masks.append(mask if found else None)
        return masks

    def reset(self) -> None:
        """Forget earlier frames, as after a cut; and try again what could not be made."""
        self._failed.clear()
        for finder in (*self._segmenters.values(), *([self._detector] if self._detector else ())):
            finder.reset()

    def _made(self, name: str, make: Callable[[], Finder] | None) -> Finder:
        if make is None:
            raise Unavailable(f"there is nothing here that finds {name}")
        if name not in self._failed:
            try:
                return make()
            except (ValueError, OSError, RuntimeError, ImportError) as error:
                self._failed[name] = " ".join(str(error).split()) or type(error).__name__
        raise Unavailable(self._failed[name])

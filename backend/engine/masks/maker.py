"""From pictures and settings to the masks of a chunk: found or drawn, shaped, and stood in for where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from backend.controls.declaration import address_of
from backend.controls.mask_source import FRAMES, HALVES, OBJECT, SEGMENTED, SHAPES, MaskSource
from backend.controls.settings import Settings
from backend.runtime.changes import ChangeDetector

from .finding import Finders, Unavailable
from .keying import alpha, chroma, luma, opaque
from .shapes import drawn
from .shaping import Steadier, crisp, feathered, shaped, solid
from .tracking import BoxTracker

if TYPE_CHECKING:
    from torch import Tensor

    from ..model import EngineModel

SOURCE = address_of("mask_source")
LATE_SECONDS = 2.0
"""So long another program or a file may take to begin before that is worth a word."""
MEANWHILE = {
    "hold": "the last mask is held",
    "all": "everything is restyled",
    "keep": "everything is kept",
}
"""What is done without a mask, by `/vace/mask/missing`."""
FIRST = "everything is restyled, as there is no mask yet to be held"

Fault = tuple[str, str]
Soft = Sequence[np.ndarray | None]
"""A mask of each frame, as it was found; None where there is none."""
Array = TypeVar("Array", bound=np.ndarray | None)


@dataclass(frozen=True)
class Masked:
    """The masks of a chunk, float32 `[H, W]` each.

    masks: 0 or 1, for the model; None if all is restyled. weights: of what is made when it is composited, the rest
    are the input's pixels; None if there is nothing to composite. shown: the masks for the eye, also where all is
    restyled; None where no mask is wanted. faults: (address, reason), each once.
    """

    masks: Sequence[np.ndarray] | None
    weights: Sequence[np.ndarray] | None
    shown: Sequence[np.ndarray] | None
    faults: tuple[Fault, ...]


class MaskMaker:
    """Makes one stream's masks. What does not change, a drawn shape or a still, is made once."""

    def __init__(self, model: EngineModel, height: int, width: int) -> None:
        self._size = (height, width)
        self._full, self._empty = (np.full(self._size, value, np.float32) for value in (1.0, 0.0))
        self._finders = Finders(model)
        self._source = self._usable = MaskSource.of("none")
        self._keyed = {"luma": memoize_last(luma), "alpha": memoize_last(alpha), "chroma": memoize_last(chroma)}
        self._crisp, self._shaped, self._feathered = memoize_last(crisp), memoize_last(shaped), memoize_last(feathered)
        self._solid = memoize_last(solid)
        self._steadier, self._tracker = Steadier(), BoxTracker()
        self._inverted = False
        self._cut_out = False
        self._held: np.ndarray | None = None
        self._reason = ChangeDetector("")
        self._silent = 0.0

    @property
    def kind(self) -> str:
        """Of the source that the masks come from, as in MaskSource."""
        return self._source.kind

    @property
    def usable(self) -> MaskSource:
        """The last source that nothing was missing for: the one of the last chunk, or what was there before it."""
        return self._usable

    def update(
        self,
        pictures: Sequence[np.ndarray],
        frames: Tensor,
        mask_frames: Sequence[np.ndarray] | None,
        settings: Settings,
        seconds: float,
    ) -> Masked:
        """The masks of the next chunk. frames: its pictures as `[1, 3, F, H, W]` in [-1, 1]. seconds: of the show.

        mask_frames: as many pictures of the mask source, where that gives some.
        """
        self._turn_to(settings.mask_source)
        if self._source.kind == "none":
            self._usable = self._source
            self._held = None
            return Masked(None, None, None, ())
        soft, reason = self._find(pictures, frames, mask_frames, settings)
        if any(mask is not None for mask in soft):
            reason = ""
        faults = self._notify(reason, settings.mask_missing, seconds)
        masks = self._stood_in(self._shape(self._with_held(soft, settings), settings), settings)
        weights = None
        if settings.mask_composite:
            weights = [self._feathered(mask, settings.mask_feather) for mask in masks]
        hard = [self._solid(mask) for mask in masks] if settings.mask_threshold == 0.0 else masks
        return Masked(
            # Where nothing is kept this is plain control, whose encoders both go on (the paper's Table 4).
            masks=None if _all_white(hard) else hard,
            weights=None if weights is None or _all_white(weights) else weights,
            shown=hard,
            faults=faults,
        )

    def reset(self) -> None:
        """Forget all earlier frames."""
        self._held, self._silent = None, 0.0
        self._reason.reset()
        self._begin()

    def _turn_to(self, source: MaskSource) -> None:
        if source != self._source:
            self._source, self._silent, self._cut_out = source, 0.0, False
            self._reason.reset()
            self._begin()

    def _begin(self) -> None:
        """With the memory of nothing but the last mask, which may have to be held."""
        self._finders.reset()
        self._steadier.reset()
        self._tracker.reset()

    def _find(
        self,
        pictures: Sequence[np.ndarray],
        frames: Tensor,
        mask_frames: Sequence[np.ndarray] | None,
        settings: Settings,
    ) -> tuple[Soft, str]:
        """The masks as they are found, and why there is none where there is none."""
        before, self._usable = self._usable, self._source
        kind, none = self._source.kind, (None,) * len(pictures)
        try:
            if kind in SHAPES:
                numbers = () if kind in HALVES else getattr(settings, f"mask_{kind}")
                return [drawn(kind, numbers, *self._size)] * len(pictures), ""
            if kind == "chroma":
                key = settings.mask_key, settings.mask_tolerance, settings.mask_softness
                return [self._keyed[kind](picture, *key) for picture in pictures], ""
            if kind == FRAMES:
                found = self._by_frames(mask_frames or ())
                return found or none, f"there are no frames from the mask source {self._source.address}"
            if kind in SEGMENTED:
                return self._finders.segment(kind, frames), ""
            if kind == OBJECT:
                labels = self._source.labels
                return self._finders.detect(labels, frames), f"no {' or '.join(labels)} is seen"
            return [self._keyed[kind](picture) for picture in pictures], "the input's frames have no alpha"
        except Unavailable as error:
            self._usable = before
            return none, str(error)

    def _by_frames(self, mask_frames: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        """What another source's frames show: by their alpha, once one of them had some, else by brightness."""
        self._cut_out = self._cut_out or not all(map(opaque, mask_frames))
        keys = ["alpha" if self._cut_out and frame.shape[2] == 4 else "luma" for frame in mask_frames]
        return [self._keyed[key](frame) for key, frame in zip(keys, mask_frames, strict=True)]

    def _with_held(self, soft: Soft, settings: Settings) -> Soft:
        """The last mask that there was, in place of those that there are not, if that is wanted."""
        filled: list[np.ndarray | None] = []
        for mask in soft:
            if mask is not None:
                self._held = mask
            filled.append(self._held if mask is None and settings.mask_missing == "hold" else mask)
        return filled

    def _shape(self, soft: Soft, settings: Settings) -> Soft:
        """Threshold, box, inversion, growth, and over time."""
        steady = self._source.kind in SHAPES
        turned, self._inverted = settings.mask_invert != self._inverted, settings.mask_invert
        if turned or steady:
            self._steadier.reset()
        if steady or not settings.mask_track:
            self._tracker.reset()
        masks = [None if mask is None else self._shape_one(mask, settings, steady) for mask in soft]
        if steady:
            return masks
        return self._steadier.update(masks, settings.mask_smooth, soft=settings.mask_threshold == 0.0)

    def _shape_one(self, mask: np.ndarray, settings: Settings, steady: bool) -> np.ndarray:
        if settings.mask_track and not steady:
            mask = self._tracker.update(self._crisp(mask, settings.mask_threshold or 0.5), settings.mask_margin)
        else:
            mask = self._crisp(mask, settings.mask_threshold)
        return self._shaped(mask, settings.mask_invert, settings.mask_grow)

    def _stood_in(self, masks: Soft, settings: Settings) -> list[np.ndarray]:
        instead = self._empty if settings.mask_missing == "keep" else self._full
        return [instead if mask is None else mask for mask in masks]

    def _notify(self, reason: str, missing: str, seconds: float) -> tuple[Fault, ...]:
        """Say once why there is no mask, and what is done without."""
        if not reason:
            self._reason.reset()
            self._silent = 0.0
            return ()
        self._silent += seconds
        late = self._silent >= LATE_SECONDS or self._source.kind != FRAMES
        if not late or not self._reason.update(reason):
            return ()
        meanwhile = FIRST if missing == "hold" and self._held is None else MEANWHILE[missing]
        return ((SOURCE, f"{reason}; {meanwhile}"),)


class memoize_last(Generic[Array]):
    """A function of an array and settings that is not called again for the array and the settings that it had last."""

    def __init__(self, make: Callable[..., Array]) -> None:
        self._make = make
        self._given: tuple[np.ndarray, tuple[object, ...]] | None = None
        self._made: Array

    def __call__(self, array: np.ndarray, *settings: object) -> Array:
        if self._given is None or self._given[0] is not array or self._given[1] != settings:
            self._made = self._make(array, *settings)
            self._given = array, settings
        return self._made


def _all_white(masks: Sequence[np.ndarray]) -> bool:
    """Repeats of one mask are looked at once."""
    return all(bool((mask == 1.0).all()) for mask in {id(mask): mask for mask in masks}.values())

"""The clips that a model is measured on: drawn ones that it has not seen, and real ones, each with its controls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from pathlib import Path

import numpy as np

from backend.imaging.fitting import cover
from bridge.errors import BridgeError
from bridge.video.clip import Clip as VideoFile
from vace_core.annotators.annotator import annotator
from vace_core.annotators.pixels import pixels, video
from vace_core.pocket.looks import STYLES, complete
from vace_core.pocket.painter import paint
from vace_core.pocket.world import draw_clip
from vace_core.pocket.world.controls import controls_of

from .measures.motion import Motion

FIRST_SEED = 9_000_000
"""Training draws other seeds."""
REFERENCE_SEED = 9_200_000
PART = (0.02, 0.75)
"""A mask covers such a share of every frame; where a clip's things do not, its right half is made anew."""
MUCH = (0.15, 0.6)
"""The things of a clip that is measured for two references cover such a share of every frame."""
BONES = 0.006
"""Skeletons cover so much of every frame of a clip that is measured for pose."""
REAL_KINDS = ("depth", "scribble", "gray", "flow")
"""Controls of real clips, by the annotators that run live. For layout and pose there may be nothing in them."""
BEGIN = 40
"""Frames of a real clip that are passed over, as many begin before anything moves."""
FOOTAGE = Path(__file__).parents[2] / "clips" / "cup.mp4"


@dataclass(frozen=True)
class Clip:
    """footage [F, H, W, 3] uint8; controls by kind, the same, as the model is shown them.

    mask [F, H, W] float32 is 1 where a masked mode makes the clip anew.
    """

    footage: np.ndarray
    controls: dict[str, np.ndarray]
    mask: np.ndarray
    real: bool = False

    @cached_property
    def motion(self) -> Motion:
        """How the footage moves."""
        return Motion.of(self.footage)

    @property
    def depth(self) -> np.ndarray:
        """Nearness [F, H, W] float32, 0 (far) to 1: exact where the clip is drawn, else what the annotator says."""
        return np.divide(self.controls["depth"][..., 0], 255, dtype=np.float32)

    def at(self, frames: np.ndarray | slice) -> Clip:
        """Those of its frames, in that order."""
        controls = {kind: control[frames] for kind, control in self.controls.items()}
        return Clip(self.footage[frames], controls, self.mask[frames], self.real)


def drawn_clips(number: int, frames: int, height: int, width: int, grain: bool = True) -> list[Clip]:
    """The first so many unseen ones, as they come. grain: whether their footage has a film's."""
    return [_drawn(seed, frames, height, width, grain) for seed in range(FIRST_SEED, FIRST_SEED + number)]


def clips_with_people(number: int, frames: int, height: int, width: int) -> list[Clip]:
    """The first unseen ones in which people are seen from beginning to end."""
    return list(islice(_peopled(frames, height, width), number))


def clip_with_things(frames: int, height: int, width: int) -> Clip:
    """The first unseen one with things that are neither small nor everywhere: its mask is on them."""
    for seed in count(FIRST_SEED):
        things = draw_clip(seed, frames, height, width).mask > 127
        if MUCH[0] < things.mean(axis=(1, 2)).min() and things.mean(axis=(1, 2)).max() < MUCH[1]:
            return _drawn(seed, frames, height, width)
    raise AssertionError("seeds do not end")


def real_clip(frames: int, height: int, width: int, path: Path = FOOTAGE) -> Clip:
    """Frames of a video file, from BEGIN on. The right half is the mask. BridgeError for what is none, or too short."""
    decoded = islice(VideoFile(path).decode(), BEGIN, BEGIN + frames)
    shown = [cover(frame.pixels[..., :3], height, width) for frame in decoded]
    if len(shown) < frames:
        raise BridgeError(
            f"{path} ends before its frame {BEGIN + frames}, the last that is looked at; give a longer clip"
        )
    footage = np.stack(shown)
    controls = {kind: pixels(annotator(kind)(video(footage))) for kind in REAL_KINDS}
    return Clip(footage, controls, _right_half(footage), real=True)


def reference_picture(style: str, height: int, width: int) -> np.ndarray:
    """A painted picture [H, W, 3] uint8 in a style, of a scene that no clip shows."""
    number = STYLES.index(style)
    depth = controls_of(draw_clip(REFERENCE_SEED + number, 1, height, width))["depth"]
    return paint(complete({"style": style}), depth, "depth")[0]


def there_and_back(frames: int) -> Iterator[int]:
    """0, 1 ... frames - 1 ... 1, 0, 1 ...: numbers of a clip's frames that go on for ever without a jump."""
    period = max(2 * (frames - 1), 1)
    return (min(n % period, period - n % period) for n in count())


def _peopled(frames: int, height: int, width: int) -> Iterator[Clip]:
    for seed in count(FIRST_SEED):
        if not draw_clip(seed, 1, height, width).people.any():
            continue
        clip = _drawn(seed, frames, height, width)
        if "pose" in clip.controls and clip.controls["pose"].any(axis=-1).mean(axis=(1, 2)).min() > BONES:
            yield clip


def _drawn(seed: int, frames: int, height: int, width: int, grain: bool = True) -> Clip:
    take = draw_clip(seed, frames, height, width, grain)
    mask = (take.mask > 127).astype(np.float32)
    share = mask.mean(axis=(1, 2))
    if share.min() < PART[0] or share.max() > PART[1]:
        mask = _right_half(take.footage)
    controls = controls_of(take)
    return Clip(take.footage, controls, mask)


def _right_half(footage: np.ndarray) -> np.ndarray:
    mask = np.zeros(footage.shape[:3], np.float32)
    mask[:, :, footage.shape[2] // 2 :] = 1
    return mask

"""The clips that a model is measured on: drawn ones that it has not seen, with their truth, and real footage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from pathlib import Path

import numpy as np

from backend.imaging.fitting import cover
from bridge.video.clip import Clip as VideoFile
from vace_core.annotators.depth import Depth
from vace_core.annotators.pixels import pixels, video
from vace_core.pocket.world import draw_clip
from vace_core.pocket.world.appearance import by_control
from vace_core.pocket.world.controls import DrawnControl, controls_of

from .measures.motion import flow_of
from .readers import LOOKS

FIRST_SEED = 9_000_000
"""Training draws other seeds."""
REFERENCE_SEED = 9_200_000
PART = (0.02, 0.75)
"""A mask covers such a share of every frame; where a clip's things do not, its right half is made anew."""
SEEN_PEOPLE = 0.02
"""People cover so much of every frame of a clip that is measured for pose."""
FOOTAGE = Path(__file__).parents[2] / "clips" / "cup.mp4"


@dataclass(frozen=True)
class Clip:
    """footage [F, H, W, 3] uint8; its controls by kind; mask [F, H, W] float32, 1 where a masked mode makes it anew."""

    footage: np.ndarray
    controls: dict[str, DrawnControl]
    mask: np.ndarray
    real: bool = False

    @cached_property
    def flow(self) -> np.ndarray:
        """The footage's motion, as `flow_of` has it."""
        return flow_of(self.footage)

    def at(self, frames: np.ndarray | slice) -> Clip:
        """Those of its frames, in that order."""
        controls = {
            kind: DrawnControl(control.pictures[frames], control.says[frames])
            for kind, control in self.controls.items()
        }
        return Clip(self.footage[frames], controls, self.mask[frames], self.real)


def drawn_clips(number: int, frames: int, height: int, width: int, grain: bool = True) -> list[Clip]:
    """The first so many unseen ones, as they come. grain: whether their footage has a film's."""
    return [_drawn(seed, frames, height, width, grain) for seed in range(FIRST_SEED, FIRST_SEED + number)]


def clips_with_people(number: int, frames: int, height: int, width: int) -> list[Clip]:
    """The first unseen ones in which people are seen from beginning to end."""
    return list(islice(_peopled(frames, height, width), number))


def real_clip(frames: int, height: int, width: int, path: Path = FOOTAGE) -> Clip:
    """Camera footage. What the depth annotator says of it stands for its true depth; the right half is the mask."""
    decoded = islice(VideoFile(path).decode(), frames)
    footage = np.stack([cover(frame.pixels[..., :3], height, width) for frame in decoded])
    depth = pixels(Depth()(video(footage)))
    control = DrawnControl(depth, depth[..., 0] / np.float32(255))
    return Clip(footage, {"depth": control}, _right_half(footage), real=True)


def reference_picture(word: str, height: int, width: int) -> np.ndarray:
    """A picture [H, W, 3] uint8 in one of LOOKS, of a scene that no clip shows."""
    number = list(LOOKS).index(word)
    take = draw_clip(REFERENCE_SEED + number, (LOOKS[word],), 1, height, width)
    return by_control(take.looks[0], controls_of(take)["depth"].says, "depth")[0]


def there_and_back(frames: int) -> Iterator[int]:
    """0, 1 ... frames - 1 ... 1, 0, 1 ...: numbers of a clip's frames that go on for ever without a jump."""
    period = max(2 * (frames - 1), 1)
    return (min(n % period, period - n % period) for n in count())


def _peopled(frames: int, height: int, width: int) -> Iterator[Clip]:
    for seed in count(FIRST_SEED):
        if not draw_clip(seed, (), 1, height, width).people.any():
            continue
        clip = _drawn(seed, frames, height, width)
        if "pose" in clip.controls and clip.controls["pose"].says.mean(axis=(1, 2)).min() > SEEN_PEOPLE:
            yield clip


def _drawn(seed: int, frames: int, height: int, width: int, grain: bool = True) -> Clip:
    take = draw_clip(seed, (), frames, height, width, grain)
    mask = (take.mask > 127).astype(np.float32)
    share = mask.mean(axis=(1, 2))
    if share.min() < PART[0] or share.max() > PART[1]:
        mask = _right_half(take.footage)
    return Clip(take.footage, controls_of(take), mask)


def _right_half(footage: np.ndarray) -> np.ndarray:
    mask = np.zeros(footage.shape[:3], np.float32)
    mask[:, :, footage.shape[2] // 2 :] = 1
    return mask

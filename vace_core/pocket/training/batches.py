"""Batches for the transformer: a mode, perhaps a memory of the chunk before, a noisy chunk, and its flow."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.config import PIPELINES
from vace_core.sampling.schedule import Schedule, Table

from ..painter import CONTROLS
from ..words import LENGTH, tokenize
from .latents import USE, ClipLatents, Pool

CHUNK = 3
MODES = {
    "control": 0.46, "reference": 0.05, "control+reference": 0.14, "control+two references": 0.08, "masked": 0.16,
    "masked+reference": 0.06, "text": 0.05,
}  # fmt: skip
REFERENCES_AS = ("paper", "slot", "joint")
"""The ways in which a stream shows references (`controls.Controls.reference_mode`); each is taught as often."""
SILENT, CONTRARY = 0.6, 0.15
"""Shares of references without a prompt, and under a prompt for another look, which then gives way."""
LATER = 0.4
"""Share of chunks with a memory; without one there is more to learn, and the rest is soon learnt."""
_OPTIONAL = ("history", "earlier", "context", "references")
NEAR = 0.45
"""Share of the noise levels that are near those which a stream runs."""


def stream_schedule() -> Schedule:
    """Timesteps and noise levels that a stream of the pocket model runs."""
    pipeline = PIPELINES["pocket"]
    return Table(pipeline.shift).schedule(pipeline.steps, pipeline.warp)


@dataclass(frozen=True)
class Batch:
    """One step's data; all rows share a mode's kind, so that shapes agree.

    history, clean [B, 16, 3, h, w]; context [B, 96, 3, h, w]; references [B, 96, 1, h, w]; ids, mask [B, L];
    time [B] in 0..1000.
    """

    mode: str
    clean: Tensor
    history: Tensor | None
    earlier: Tensor | None
    """Context of the history's chunk, for a history that the model makes itself."""
    context: Tensor | None
    references: Tensor | None
    references_as: str
    ids: Tensor
    mask: Tensor
    time: Tensor


@dataclass
class Batches:
    """Draws batches from encoded clips, of which new ones come all the time.

    grey [16, 7, h, w] are the latents of a stream of grey; weight [16] is how much an error in each channel counts.
    decoder shows latents as pictures.
    """

    pool: Pool
    gray: Tensor
    weight: Tensor
    decoder: TinyAutoencoder
    clips: list[ClipLatents] = field(init=False)
    painted: list[ClipLatents] = field(init=False)
    """Those whose references say all of a look, so that no words are needed."""

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Take in what was encoded since the last time."""
        self.clips = self.pool.refresh()
        self.painted = [clip for clip in self.clips if not clip.pictured]

    def draw(self, rng: np.random.Generator, size: int, small: bool = False, first: bool = False) -> Batch:
        """small: random quarters of the frame instead of whole ones, four times as quick. first: control alone."""
        mode = "control" if first else str(rng.choice(list(MODES), p=list(MODES.values())))
        later = not first and bool(rng.random() < LATER)
        rows = [self._row(rng, mode, later) for _ in range(size)]
        clean = torch.stack([row["clean"] for row in rows])
        stacked = {name: _stack([row[name] for row in rows]) for name in _OPTIONAL}
        ids, mask = _tokens([row["caption"] for row in rows])
        if small:
            corner = (int(rng.integers(0, 5)) * 2, int(rng.integers(0, 7)) * 2)
            clean = _crop(clean, corner)
            stacked = {name: None if value is None else _crop(value, corner) for name, value in stacked.items()}
        way = str(rng.choice(REFERENCES_AS)) if "reference" in mode else REFERENCES_AS[0]
        times = _times(rng, size)
        return Batch(mode=mode, clean=clean, ids=ids, mask=mask, time=times, references_as=way, **stacked)

    def _row(self, rng: np.random.Generator, mode: str, later: bool) -> dict:
        clips = self.painted if "two" in mode else self.clips
        clip = clips[int(rng.integers(len(clips)))]
        odds = np.array([USE[CONTROLS[kind]] for kind in clip.kinds])
        place = int(rng.choice(len(odds), p=odds / odds.sum()))
        look = int(rng.integers(2)) if _tells_colours(mode) or not clip.recoloured else 0
        at = clip.second if later else 0
        video, context, earlier = clip.looks[place, look], None, None
        if "two" in mode:
            place, video = 0, clip.mixed[look]
        if "control" in mode:
            context = self._control(clip.controls[place], at)
            earlier = self._control(clip.controls[place], at - CHUNK) if later else None
        elif "masked" in mode:
            video, look = clip.masked_target, clip.masked_look
            context = clip.masked[int(later)].float()
        references = None
        if "reference" in mode:
            wanted = [look, 1 - look] if "two" in mode else [look]
            stills = torch.cat([clip.stills[one].float() for one in wanted], dim=1)
            references = torch.cat((stills, stills.new_zeros(80, *stills.shape[1:])))
            context = context if context is not None else self._control(self.gray, at)
        return {
            "clean": video[:, at : at + CHUNK].float(),
            "history": self._history(rng, clip, video, (place, look), at, mode) if later else None,
            "earlier": earlier,
            "context": context,
            "references": references,
            "caption": self._caption(rng, clip, look, mode),
        }

    def _caption(self, rng: np.random.Generator, clip: ClipLatents, look: int, mode: str) -> str:
        if clip.pictured and look == 1:
            return clip.captions[look]
        silent = SILENT if "reference" in mode else 0.08
        if rng.random() < silent or "two" in mode:
            return ""
        contrary = "reference" in mode and rng.random() < CONTRARY / (1 - SILENT)
        return clip.captions[1 - look if contrary else look]

    def _control(self, latents: Tensor, at: int) -> Tensor:
        window = slice(at, at + CHUNK)
        ones = torch.ones(64, CHUNK, *latents.shape[-2:])
        return torch.cat((self.gray[:, window], latents[:, window].float(), ones))

    def _history(self, rng, clip: ClipLatents, video: Tensor, at_look: tuple[int, int], at: int, mode: str) -> Tensor:
        """The chunk before, as imperfect as a model's own would be, and now and then in another look."""
        if "masked" not in mode and "two" not in mode and rng.random() < 0.12:
            place, look = at_look
            video = clip.looks[place, 1 - look]
        before = video[:, at - CHUNK : at].float()
        if rng.random() < 0.3:
            soft = functional.avg_pool2d(before, 3, stride=1, padding=1, count_include_pad=False)
            before = torch.lerp(before, soft, float(rng.uniform(0, 0.6)))
        if rng.random() < 0.4:
            before = before * float(rng.uniform(0.9, 1.05)) + float(rng.uniform(0, 0.2)) * torch.randn_like(before)
        return before


def _times(rng: np.random.Generator, size: int) -> Tensor:
    """Some near the steps that are run, the others spread as the schedule's table is: streams that begin with a video
    run those."""
    near = rng.choice(stream_schedule().timesteps, size) + rng.normal(0, 12, size)
    raw = rng.uniform(0.02, 1, size)
    spread = 1000 * 3 * raw / (1 + 2 * raw)
    return torch.from_numpy(np.clip(np.where(rng.random(size) < NEAR, near, spread), 1, 1000)).float()


def _tokens(captions: list[str]) -> tuple[Tensor, Tensor]:
    ids = [tokenize(caption)[:LENGTH] for caption in captions]
    longest = max(map(len, ids))
    padded = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    return padded, mask


def _stack(values: list[Tensor | None]) -> Tensor | None:
    given = [value for value in values if value is not None]
    return torch.stack(given) if len(given) == len(values) else None


def _crop(value: Tensor, corner: tuple[int, int]) -> Tensor:
    top, left = corner
    return value[..., top : top + value.shape[-2] // 2, left : left + value.shape[-1] // 2]


def _tells_colours(mode: str) -> bool:
    """Whether a mode shows what the colours of a recoloured look are."""
    return "reference" in mode and "masked" not in mode

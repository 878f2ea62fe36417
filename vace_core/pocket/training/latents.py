"""The clips once more, as the transformer sees them: latents and contexts, made exactly as a stream makes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import video
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.conditioning import ContextState, encode_context, with_anchors
from vace_core.constants import FRAMES_PER_LATENT

from ..world.appearance import CONTROLS, by_control
from ..world.clip import DrawnClip
from ..world.controls import controls_of
from .clips import load_clip
from .data_parallel import DataParallel

MASKED = ("restyle", "repaint", "extend")
"""Footage with one part in a look; a look with a part to be guessed; frames that go on from a picture."""
SHOWN = 4
"""Kinds of control that a clip is encoded with: its things, lines, lightness, motion ... would be too many for all."""


USE = {"depth": 4.0, "scribble": 2.0, "gray": 2.0, "flow": 2.0, "layout": 3.0, "pose": 3.0}
"""How often each kind of control is shown."""


@dataclass(frozen=True)
class ClipLatents:
    """Latents [C, f, h, w] of one clip, float16.

    kinds [k] numbers some of CONTROLS; controls [k, 16, 7, h, w] are those, and looks [k, looks, 16, 7, h, w] as they
    follow each. One kind of MASKED: its contexts [2, 96, 3, h, w] of the first and second chunk, and the video
    [16, 7, h, w] it should give, which is in the look numbered masked_look. mixed [2, 16, 7, h, w] follows the first of
    kinds, with the things in one look and all around them in the other, and the other way round. stills
    [looks, 16, 1, h, w] are single frames. The second chunk's latents begin at `second`; the first chunk's are 0 to 2.
    """

    kinds: Tensor
    looks: Tensor
    controls: Tensor
    masked: Tensor
    masked_target: Tensor
    masked_look: int
    mixed: Tensor
    stills: Tensor
    second: int
    captions: tuple[str, ...]


def encode_all(
    together: DataParallel,
    clips: Path,
    out: Path,
    count: int,
    autoencoder: Path,
    seed: int,
    report: Callable[[str], None],
) -> None:
    """Write out/00000.pt ... for `count` clips, shared among the processes; those there already are kept."""
    from .autoencoder_training import load_autoencoder

    model = load_autoencoder(autoencoder)
    out.mkdir(parents=True, exist_ok=True)
    mine = [n for n in range(together.rank, count, together.size) if not (out / f"{n:05d}.pt").exists()]
    for done, number in enumerate(mine, 1):
        stored = load_clip(clips, number)
        latents = encode_clip(model, stored.clip, stored.captions, np.random.default_rng((seed, number, 3)))
        partial = out / f"{number:05d}.part"
        torch.save(vars(latents), partial)
        os.replace(partial, out / f"{number:05d}.pt")
        if together.leads and done % 50 == 0:
            report(f"latents: {done * together.size} of {len(mine) * together.size} clips")


def load_latents(out: Path, count: int) -> list[ClipLatents]:
    """All clips of a folder that `encode_all` filled."""
    return [ClipLatents(**torch.load(out / f"{n:05d}.pt", weights_only=True)) for n in range(count)]


@torch.inference_mode()
def encode_clip(
    model: TinyAutoencoder, clip: DrawnClip, captions: tuple[str, ...], rng: np.random.Generator
) -> ClipLatents:
    """Everything that training needs of one clip."""
    footage = video(clip.footage)
    scribbled = None if rng.random() < 0.75 else clip.looks[int(rng.integers(len(clip.looks)))]
    drawn = controls_of(clip, scribbled)
    kinds = _some(list(drawn), rng)
    controls = [video(drawn[kind].pictures) for kind in kinds]
    looks = [[video(by_control(look, drawn[kind].says, kind)) for look in clip.looks] for kind in kinds]
    second = int(rng.choice([3, 4]))
    split = FRAMES_PER_LATENT * (second - 1) + 1

    latents = torch.stack([torch.cat([model.encode(look)[0] for look in group]) for group in looks])
    kind = str(rng.choice(MASKED, p=[0.45, 0.3, 0.25]))
    by = int(rng.integers(len(kinds)))
    number = len(clip.looks) - 1 if kind == "repaint" else 0
    target = latents[by, number]
    if kind == "restyle":
        area, free = _random_mask(clip, rng), rng.random() < 0.25
        masked = _contexts(model, None if free else controls[by], footage, area, split)
        target = model.encode(torch.lerp(footage, looks[by][0], area))[0][0]
    elif kind == "repaint":
        area, free = _random_mask(clip, rng), rng.random() < 0.6
        masked = _contexts(model, None if free else controls[by], looks[by][number], area, split)
    else:
        masked = _extension(model, looks[by][0], split, bool(rng.random() < 0.5))
    stills = torch.cat([video[:, :, int(rng.integers(video.shape[2]))][:, :, None] for video in looks[by]])
    things = torch.from_numpy(clip.mask > 127)[None, None].float()
    mixed = [model.encode(torch.lerp(looks[0][1 - n], looks[0][n], things))[0] for n in range(2)]
    return ClipLatents(
        kinds=torch.tensor([CONTROLS.index(kind) for kind in kinds]),
        looks=latents.half(),
        controls=torch.cat([model.encode(control)[0] for control in controls]).half(),
        masked=masked.half(),
        masked_target=target.half(),
        masked_look=number,
        mixed=torch.cat(mixed).half(),
        stills=model.encode(stills)[0].half(),
        second=second,
        captions=captions,
    )


def _some(kinds: list[str], rng: np.random.Generator) -> list[str]:
    """SHOWN kinds of control: pose wherever there is one, as it is rare, and the most used ones more often."""
    odds = np.array([USE[kind] for kind in kinds])
    odds[[kind == "pose" for kind in kinds]] = odds.sum() * 10
    return [str(kind) for kind in rng.choice(kinds, SHOWN, replace=False, p=odds / odds.sum())]


def _contexts(model: TinyAutoencoder, control: Tensor | None, source: Tensor, mask: Tensor, split: int) -> Tensor:
    """Contexts [2, 96, 3, h, w] of the chunk at the start and of the twelve frames from `split` on."""
    state, chunks = ContextState(), []
    for window in (slice(0, split), slice(split, split + 12)):
        follow = None if control is None else control[:, :, window]
        gray = torch.zeros_like(source[:, :, window])
        context, state = encode_context(model, follow, source[:, :, window], mask[:, :, window], state, gray)
        chunks.append(context[0, :, :3])
    return torch.stack(chunks)


def _extension(model: TinyAutoencoder, look: Tensor, split: int, last: bool) -> Tensor:
    """A stream that begins with its first picture, and a later chunk that should end (or begin) with a picture."""
    state, chunks = ContextState(), []
    for start, end in ((0, split), (split, split + 12)):
        gray = torch.zeros_like(look[:, :, start:end])
        first = look[0, :, start] if start == 0 or not last else None
        goal = look[0, :, end - 1] if start and last else None
        source, mask = with_anchors(None, None, first, goal, gray)
        context, state = encode_context(model, None, source, mask, state, gray)
        chunks.append(context[0, :, :3])
    return torch.stack(chunks)


def _random_mask(clip: DrawnClip, rng: np.random.Generator) -> Tensor:
    """[1, 1, F, H, W] of 0 and 1, 1 = generate: the objects, what is around them, a half, or a rectangle."""
    frames, height, width = clip.mask.shape
    kind = rng.choice(["object", "around", "half", "box"], p=[0.35, 0.25, 0.25, 0.15])
    if kind in ("object", "around"):
        area = torch.from_numpy(clip.mask > 127)
        area = area if kind == "object" else ~area
    else:
        area = torch.zeros(frames, height, width, dtype=torch.bool)
        if kind == "half":
            cut = int(rng.uniform(0.3, 0.7) * (width if rng.random() < 0.7 else -height))
            area[..., cut:] = True
            if cut < 0:
                area[:] = False
                area[:, -cut:] = True
        else:
            top, left = int(rng.uniform(0, 0.5) * height), int(rng.uniform(0, 0.5) * width)
            area[:, top : top + height // 2, left : left + width // 2] = True
        area = area if rng.random() < 0.5 else ~area
    return area.float()[None, None]

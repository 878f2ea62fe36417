"""Clips as the transformer sees them: latents and contexts, made exactly as a stream makes them, without end.

Nothing that is drawn is kept but its latents: `keep_encoding` draws a clip, paints what its controls say in two looks,
encodes them and begins again, while the transformer trains on what the folder holds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.depth import Depth, DepthNet
from vace_core.annotators.pixels import pixels, video
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.conditioning import ContextState, encode_context, with_anchors
from vace_core.constants import FRAMES_PER_LATENT

from ..loading import fill
from ..looks import Look, complete
from ..painter import CONTROLS, caption, paint, palette_of, random_named
from ..world.clip import DrawnClip, draw_clip
from ..world.controls import controls_of
from ..world.photographs import photograph_clip, photographs
from .autoencoder_training import load_autoencoder
from .clips import FRAMES

MASKED = ("restyle", "repaint", "extend")
"""Footage with one part in a look; a look with a part to be guessed; frames that go on from a picture."""
SHOWN = 3
"""Kinds of control that a clip is encoded with: its things, lines, lightness, motion ... would be too many for all."""
USE = {"depth": 4.0, "scribble": 3.0, "gray": 3.0, "flow": 1.5, "layout": 1.5, "pose": 1.5}
"""How often each kind of control is shown."""
RECOLOURED = 0.35
"""Share of second looks that take their colours from a picture: references of what the painter never painted."""
ANNOTATED = 0.5
"""Share of clips whose depth is what the annotator says, as it is live, and not the exact one."""
EVERY_PHOTOGRAPH = 4
"""Every so many clips one is of a photograph, where there are any."""


@dataclass(frozen=True)
class ClipLatents:
    """Latents [C, f, h, w] of one clip, float16.

    kinds [k] numbers some of CONTROLS; controls [k, 16, 7, h, w] are those, and looks [k, 2, 16, 7, h, w] what is
    painted of each in two looks. One kind of MASKED: its contexts [2, 96, 3, h, w] of the first and second chunk, and
    the video [16, 7, h, w] it should give, which is in the look numbered masked_look. mixed [2, 16, 7, h, w] follows
    the first of kinds, with the things in one look and all around them in the other, and the other way round. stills
    [2, 16, 1, h, w] are references for the looks: pictures of another scene in that look. The second look is
    recoloured where its colours are a picture's, and pictured where its reference is that very picture, which does not
    say how to paint. The second chunk's latents begin at `second`; the first chunk's are 0 to 2.
    """

    kinds: Tensor
    looks: Tensor
    controls: Tensor
    masked: Tensor
    masked_target: Tensor
    masked_look: int
    mixed: Tensor
    stills: Tensor
    recoloured: bool
    pictured: bool
    second: int
    captions: tuple[str, ...]


@dataclass
class Pool:
    """The newest clips of a folder, read again as new ones come."""

    folder: Path
    clips: dict[str, ClipLatents] = field(default_factory=dict)

    def refresh(self) -> list[ClipLatents]:
        """All that are there now; what was read before is not read again."""
        names = sorted(path.name for path in self.folder.glob("*.pt"))
        for gone in self.clips.keys() - set(names):
            del self.clips[gone]
        for name in names:
            if name not in self.clips:
                try:
                    self.clips[name] = ClipLatents(**torch.load(self.folder / name, weights_only=True))
                except FileNotFoundError:  # a newer one has taken its place meanwhile
                    continue
        return list(self.clips.values())


def clip_of(number: int, seed: int) -> DrawnClip:
    """The clip of a number: the same arguments give the same bytes."""
    own = seed * 1_000_003 + number
    if number % EVERY_PHOTOGRAPH == EVERY_PHOTOGRAPH - 1 and photographs():
        return photograph_clip(own, FRAMES)
    return draw_clip(own, FRAMES)


def controls_as_shown(clip: DrawnClip, net: DepthNet, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A clip's controls by kind, [F, H, W, 3] uint8; depth exact or as the annotator with that network sees it."""
    shown = controls_of(clip)
    if rng.random() < ANNOTATED or not clip.depth.any():
        shown["depth"] = pixels(Depth(net)(video(clip.footage)))
    return shown


def keep_encoding(
    folder: Path,
    autoencoder: Path,
    depth: Path,
    seed: int,
    rank: int,
    size: int,
    kept: int,
    count: int | None = None,
) -> None:
    """Write folder/0000000.pt and on, every `size`-th from `rank`, of which the last `kept` stay; count: how many.

    depth: the folder of the depth annotator's weights. Numbers go on from those that are there, so that no clip is
    drawn twice.
    """
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    model, net = load_autoencoder(autoencoder), fill(DepthNet(), "depth", folder=depth)
    there = [int(path.stem) for path in folder.glob("*.pt")]
    number = rank if not there else (max(there) // size + 1) * size + rank
    last = None if count is None else number + count * size
    other = clip_of(number + size, seed)
    while last is None or number < last:
        clip = clip_of(number, seed)
        latents = encode_clip(model, net, clip, other, np.random.default_rng((seed, number, 3)))
        partial = folder / f"{number:07d}.part"
        torch.save(vars(latents), partial)
        os.replace(partial, folder / f"{number:07d}.pt")
        (folder / f"{number - kept:07d}.pt").unlink(missing_ok=True)
        number, other = number + size, clip


@dataclass(frozen=True)
class _Painted:
    """A look, and the colours that stand in place of its own, as `painter.paint` has them."""

    look: Look
    ramp: np.ndarray | None = None

    def of(self, control: np.ndarray, kind: str) -> np.ndarray:
        return paint(self.look, control, kind, self.ramp)


@torch.inference_mode()
def encode_clip(
    model: TinyAutoencoder, net: DepthNet, clip: DrawnClip, other: DrawnClip, rng: np.random.Generator
) -> ClipLatents:
    """Everything that training needs of one clip; other: the scene that its references show."""
    footage = video(clip.footage)
    shown = controls_as_shown(clip, net, rng)
    kinds = _some(list(shown), rng)
    named = [random_named(rng) for _ in range(2)]
    still = other.footage[:1] if rng.random() < 0.5 else clip.footage[-1:]
    recoloured = bool(rng.random() < RECOLOURED)
    colours = _graded(still, rng)
    painters = [
        _Painted(complete(named[0])),
        _Painted(complete(named[1]), palette_of(colours[0]) if recoloured else None),
    ]
    looks = [[video(one.of(shown[kind], kind)) for one in painters] for kind in kinds]
    controls = [video(shown[kind]) for kind in kinds]
    second = int(rng.choice([3, 4]))
    split = FRAMES_PER_LATENT * (second - 1) + 1

    latents = torch.stack([torch.cat([model.encode(look)[0] for look in group]) for group in looks])
    kind = str(rng.choice(MASKED, p=[0.45, 0.3, 0.25]))
    by = int(rng.integers(len(kinds)))
    number = int(kind == "repaint" and not recoloured)
    target = latents[by, number]
    if kind == "restyle":
        area, free = _random_mask(clip, rng), rng.random() < 0.25
        masked = _contexts(model, None if free else controls[by], footage, area, split)
        target = model.encode(torch.lerp(footage, looks[by][0], area))[0][0]
    elif kind == "repaint":
        area, free = _random_mask(clip, rng), rng.random() < 0.4
        masked = _contexts(model, None if free else controls[by], looks[by][number], area, split)
    else:
        masked = _extension(model, looks[by][0], split, bool(rng.random() < 0.5))
    elsewhere = _still_control(other, kinds[by], net, rng)
    stills = [one.of(*elsewhere) for one in painters]
    pictured = recoloured and bool(rng.random() < 0.5)
    if pictured:
        stills[1] = colours
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
        stills=torch.cat([model.encode(video(one))[0] for one in stills]).half(),
        recoloured=recoloured,
        pictured=pictured,
        second=second,
        captions=tuple(caption(one, clip.nouns if rng.random() < 0.3 else (), rng) for one in named),
    )


def _graded(still: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture [1, H, W, 3] uint8 in other colours, so that references have all there are."""
    turned = still.astype(np.float32) @ (np.eye(3) + rng.normal(0, 0.45, (3, 3))).astype(np.float32)
    return np.clip((turned - turned.mean()) * rng.uniform(1.0, 2.0) + rng.uniform(70, 170), 0, 255).astype(np.uint8)


def _still_control(clip: DrawnClip, kind: str, net: DepthNet, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """One frame [1, H, W, 3] of a clip's control of that kind, or of its depth where it has none; and which it is."""
    at = int(rng.integers(len(clip.footage) - 1))
    controls = controls_as_shown(clip.at(slice(at, at + 2)), net, rng)  # flow is between two
    kind = kind if kind in controls else "depth"
    return controls[kind][-1:], kind


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

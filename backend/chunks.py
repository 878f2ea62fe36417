"""One chunk of pictures and its settings in, one chunk of restyled pictures out: the same live and offline."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vace_core.conditioning import Reference
from vace_core.config import LEAST_NOISE
from vace_core.sampling import MotionNoise
from vace_core.stream import Controls
from vace_core.text import Travel

from .ahead import PromptAhead
from .loaded import Loaded
from .masks import build_masks, composite, feathered
from .pictures import Pictures
from .settings import Settings, address_of
from .stills import PictureError

MOTION_STRIDE = 8
"""Motion is measured on every so manyeth pixel of a row and a column."""


@dataclass(frozen=True)
class Made:
    """A finished chunk. Pictures are uint8 RGB `[H, W, 3]`.

    frames: `[F, H, W, 3]`, of the chunk that came with `tag`; none while a stream batch has none finished. control and
    mask: the last frame's that was put in, for the eye; None where there is none. faults: (address, reason) of settings
    that could not be followed.
    """

    frames: np.ndarray
    mode: str
    control: np.ndarray | None
    mask: np.ndarray | None
    faults: tuple[tuple[str, str], ...]
    tag: Any = None


@dataclass(frozen=True)
class Asked:
    """What a chunk that is on its way was asked with, and what is done with its pictures when it arrives."""

    pictures: Sequence[np.ndarray]
    masks: Sequence[np.ndarray] | None
    settings: Settings
    tag: Any

    def finish(self, made: np.ndarray) -> np.ndarray:
        """Put the input's own pixels where the mask keeps them, if that is wanted."""
        if self.masks is None or not self.settings.mask_composite:
            return made
        soft = [feathered(mask, self.settings.mask_feather) for mask in self.masks]
        return np.stack([composite(*trio) for trio in zip(made, self.pictures, soft, strict=True)])


class ChunkMaker:
    """A stream with everything around it: annotations, masks, references, compositing."""

    def __init__(self, loaded: Loaded, height: int, width: int, ahead: PromptAhead | None = None) -> None:
        self._loaded = loaded
        self._ahead = ahead
        self._stream = loaded.open_stream(height, width)
        self._pictures = Pictures(height, width, loaded.device)
        self._anchors = {"first": "", "last": ""}  # as they were acted upon
        self._control = "none"
        self._prompt = ""
        self._travel = Travel()
        self._motion = MotionNoise()
        self._loras: tuple[float, ...] = ()
        self._asked: deque[Asked] = deque()

    @property
    def frames_wanted(self) -> int:
        """Pictures that the next chunk takes and gives."""
        return self._stream.frames_wanted

    def make(
        self,
        pictures: Sequence[np.ndarray],
        mattes: Sequence[np.ndarray] | None,
        settings: Settings,
        seconds: float = 0.0,
        tag: Any = None,
    ) -> Made:
        """Restyle `frames_wanted` pictures, `[H, W, 3]` or `[H, W, 4]` uint8 of the stream's size.

        mattes: as many pictures of the mask source, if that is a frame address. seconds: of the show that the chunk
        covers, by which a prompt fades into another. tag: comes back with the frames of these pictures, which may be
        later. Raises ValueError where the settings contradict each other.
        """
        prompt = settings.prompt if self._ahead is None else self._ahead.follow(settings.prompt)
        frames = to_tensor(pictures, self._loaded.device)
        control = self._annotate(settings.control, frames)
        masks = build_masks(settings.mask_source, pictures, mattes, settings.mask_threshold, settings.mask_invert)
        if masks is not None and all(mask.all() for mask in masks):
            masks = None  # nothing is kept: this is plain control, whose encoders both go on (the paper's Table 4)
        stills, faults = self._stills(settings)
        faults += self._unread(settings.prompt) + self._without_lora(settings.loras)
        noise = self._noise(settings, pictures)
        chunk = self._stream.step(
            Controls(
                prompt=self._travel.toward(
                    prompt, settings.prompt_fade, seconds if settings.prompt_fade_unit == "seconds" else 1.0
                ),
                prompt_way=settings.prompt_fade_way,
                control=control,
                source=None if masks is None else frames,
                mask=None if masks is None else _mask_tensor(masks, self._loaded.device),
                references=tuple(Reference(picture) for picture in stills.references),
                first=stills.first,
                last=stills.last,
                scale=settings.scale,
                seed=settings.seed,
                video=frames if noise < 1.0 else None,
                noise=noise,
                loras=settings.loras[: self._loaded.loras],
            )
        )
        self._anchors = {"first": settings.first, "last": settings.last}
        self._asked.append(Asked(pictures, masks, settings, tag))
        frames, arrived = to_pictures(chunk.frames), self._asked.popleft() if chunk.frames.shape[2] else None
        return Made(
            frames=frames if arrived is None else arrived.finish(frames),
            mode=chunk.mode,
            control=None if control is None else to_pictures(control[:, :, -1:])[0],
            mask=None if masks is None else np.repeat((masks[-1] * 255).astype(np.uint8)[..., None], 3, axis=2),
            faults=faults,
            tag=None if arrived is None else arrived.tag,
        )

    def settle(self) -> None:
        """Run what the last chunk still owes the memory; better now than when the next one is waited for."""
        self._stream.settle()

    def reset(self) -> None:
        """Forget everything: the next chunk is the first of a new stream, and anchors act again."""
        self._stream.reset()
        self._travel = Travel()
        self._motion = MotionNoise()
        self._asked.clear()
        self._control = "none"
        self._anchors = {"first": "", "last": ""}

    def _annotate(self, kind: str, frames: Tensor) -> Tensor | None:
        """The control video `[1, 3, F, H, W]`; None for "none". An annotator that is turned to begins afresh."""
        turned, self._control = kind != self._control, kind
        if kind == "none":
            return None
        annotator = self._loaded.annotators[kind]
        if turned:
            annotator.reset()
        return annotator(frames)

    def _noise(self, settings: Settings, pictures: Sequence[np.ndarray]) -> float:
        """The noise strength, which follows the input's motion if that is wanted."""
        if settings.noise == 1.0 or not settings.noise_motion:
            self._motion = MotionNoise()
            return settings.noise
        coarse = np.stack([picture[::MOTION_STRIDE, ::MOTION_STRIDE, :3] for picture in pictures])
        return max(self._motion.follow(torch.from_numpy(coarse / np.float32(127.5) - 1), settings.noise), LEAST_NOISE)

    def _without_lora(self, strengths: tuple[float, ...]) -> tuple[tuple[str, str], ...]:
        """Strengths that were set for LoRAs that are not there, each said once."""
        before, self._loras = self._loras or (1.0,) * len(strengths), strengths
        return tuple(
            (address_of(f"lora_{n + 1}"), f"there is no LoRA {n + 1}; start with --lora FILE for each")
            for n in range(self._loaded.loras, len(strengths))
            if strengths[n] != before[n]
        )

    def _unread(self, prompt: str) -> tuple[tuple[str, str], ...]:
        """Said once for each prompt, which is followed all the same."""
        changed, self._prompt = prompt != self._prompt, prompt
        words = self._loaded.unread(prompt) if changed else ()
        if not words:
            return ()
        named = ", ".join(f'"{word}"' for word in words)
        return ((address_of("prompt"), f"the model does not know {named}; the prompt's other words are followed"),)

    def _stills(self, settings: Settings) -> tuple[Stills, tuple[tuple[str, str], ...]]:
        """References last as long as they are set; an anchor acts on one chunk, each time it is set anew."""
        faults: list[tuple[str, str]] = []

        def load(field: str, path: str) -> Tensor | None:
            try:
                return self._pictures.load(path)
            except PictureError as error:
                faults.append((address_of(field), str(error)))
                return None

        references = [load("reference", path) for path in settings.reference]
        anchors = {
            field: load(field, path)
            for field, path in (("first", settings.first), ("last", settings.last))
            if path and path != self._anchors[field]
        }
        stills = Stills(
            tuple(picture for picture in references if picture is not None),
            anchors.get("first"),
            anchors.get("last"),
        )
        return stills, tuple(faults)


@dataclass(frozen=True)
class Stills:
    """Pictures `[3, H, W]` in [-1, 1] that a chunk is shown besides its frames."""

    references: tuple[Tensor, ...]
    first: Tensor | None
    last: Tensor | None


def to_tensor(pictures: Sequence[np.ndarray], device: torch.device | str) -> Tensor:
    """uint8 `[H, W, 3 or 4]` each -> `[1, 3, F, H, W]` in [-1, 1]."""
    stacked = torch.from_numpy(np.stack([picture[..., :3] for picture in pictures]))
    return stacked.to(device).permute(3, 0, 1, 2)[None].float() / 127.5 - 1.0


def to_pictures(frames: Tensor) -> np.ndarray:
    """`[1, 3, F, H, W]` in [-1, 1] -> uint8 `[F, H, W, 3]`."""
    scaled = ((frames[0] + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(1, 2, 3, 0).contiguous().cpu().numpy()


def _mask_tensor(masks: Sequence[np.ndarray], device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.stack(masks))[None, None].to(device)

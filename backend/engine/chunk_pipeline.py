"""One chunk of pictures and its settings in, one chunk of restyled pictures out: the same live and offline."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vace_core.conditioning import Reference
from vace_core.config import LEAST_NOISE
from vace_core.controls import Controls
from vace_core.sampling import MotionNoise
from vace_core.text import Travel

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..imaging.canvas import Canvas
from ..imaging.fitting import covering
from ..imaging.stills import PictureError
from .anchor_frames import AnchorFrames
from .masks.maker import MaskMaker
from .masks.outside import with_outside
from .masks.shaping import composite
from .model import EngineModel
from .prompt_prefetch import PromptPrefetcher
from .still_tensors import StillTensors

MOTION_STRIDE = 8
"""Motion is measured on every so manyeth pixel of a row and a column."""


@dataclass(frozen=True)
class ChunkResult:
    """A finished chunk. Pictures are uint8 RGB `[H, W, 3]`.

    frames: `[F, H, W, 3]`, of the chunk that came with `tag`; none while a stream batch has none finished. control and
    mask `[F, H, W, 3]`: those of the frames that were put in, for the eye; None where there is none. faults: (address,
    reason) of settings that could not be followed.
    """

    frames: np.ndarray
    mode: str
    control: np.ndarray | None
    mask: np.ndarray | None
    faults: tuple[tuple[str, str], ...]
    tag: Any = None


@dataclass(frozen=True)
class PendingChunk:
    """What a chunk that is on its way was asked with, and what is done with its pictures when it arrives."""

    pictures: Sequence[np.ndarray]
    weights: Sequence[np.ndarray] | None
    modes: str
    """What a mask stands for: inpainting, outpainting or both."""
    tag: Any

    def finish(self, made: np.ndarray) -> np.ndarray:
        """Put the input's own pixels where the mask keeps them, if that is wanted."""
        if self.weights is None:
            return made
        return np.stack([composite(*trio) for trio in zip(made, self.pictures, self.weights, strict=True)])


class ChunkPipeline:
    """A stream with everything around it: annotations, masks, references, compositing."""

    def __init__(
        self, loaded: EngineModel, height: int, width: int, prefetcher: PromptPrefetcher | None = None
    ) -> None:
        self._loaded = loaded
        self._prefetcher = prefetcher
        self._stream = loaded.open_stream(height, width)
        self._pictures = StillTensors(height, width, loaded.device)
        self._masks = MaskMaker(loaded, height, width)
        self._anchors = AnchorFrames(self._pictures)
        self._wanted = self._kind = "none"  # what of a video is to be followed, and what is
        self._followed = ("none", "")  # and whose
        self._shown_as = ""
        self._prompt = ""
        self._travel = Travel()
        self._motion = MotionNoise()
        self._loras: tuple[float, ...] = ()
        self._pending: deque[PendingChunk] = deque()

    @property
    def frames_wanted(self) -> int:
        """Pictures that the next chunk takes and gives."""
        return self._stream.frames_wanted

    def make(
        self,
        pictures: Sequence[np.ndarray],
        mask_frames: Sequence[np.ndarray] | None,
        settings: Settings,
        seconds: float = 0.0,
        tag: Any = None,
        *,
        control_frames: Sequence[np.ndarray] | None = None,
        anchor: bool = False,
    ) -> ChunkResult:
        """Restyle `frames_wanted` pictures, `[H, W, 3]` or `[H, W, 4]` uint8 of the stream's size.

        mask_frames, control_frames: as many pictures of the mask source and of the control source, where those are
        frame addresses. seconds: of the show that the chunk covers, by which a prompt fades into another. tag: comes
        back with the frames of these pictures, which may be later. anchor: begin with the anchor. Raises ValueError
        where the settings contradict each other.
        """
        faults: list[tuple[str, str]] = []
        prompt = settings.prompt if self._prefetcher is None else self._prefetcher.resolve(settings.prompt)
        placed = [settings.canvas.place(picture) for picture in pictures]
        frames = to_tensor(placed, self._loaded.device)
        control = self._control_video(settings, pictures, control_frames, faults)
        masked = self._masks.update(placed, frames, mask_frames, settings, seconds)
        masked, modes = with_outside(masked, self._masks.kind, len(placed), frames.shape[3:], settings)
        references = self._references(settings, faults)
        reference_mode = self._reference_mode(settings, faults)
        first, last = self._anchors.for_chunk(settings, anchor, frames[0], faults)
        faults += masked.faults + self._unread(settings.prompt) + self._without_lora(settings.loras)
        noise = self._noise(settings, pictures)
        chunk = self._stream.step(
            Controls(
                prompt=self._travel.toward(
                    prompt, settings.prompt_fade, seconds if settings.prompt_fade_unit == "seconds" else 1.0
                ),
                prompt_way=settings.prompt_fade_way,
                control=control,
                source=None if masked.masks is None else frames,
                mask=None if masked.masks is None else _mask_tensor(masked.masks, self._loaded.device),
                pin=settings.mask_pin,
                references=references,
                reference_mode=reference_mode,
                first=first,
                last=last,
                scale=settings.scale,
                layer_scale=settings.scale_layers,
                step_scale=settings.scale_steps,
                hint_every=settings.hints_every,
                seed=settings.seed,
                video=frames if noise < 1.0 else None,
                noise=noise,
                loras=settings.loras[: self._loaded.loras],
            )
        )
        self._pending.append(PendingChunk(placed, masked.weights, modes, tag))
        made, arrived = to_pictures(chunk.frames), self._pending.popleft() if chunk.frames.shape[2] else None
        if arrived is not None:
            made = arrived.finish(made)
            self._anchors.shown(to_tensor([made[-1]], self._loaded.device)[0, :, 0])
        return ChunkResult(
            frames=made,
            mode=chunk.mode.replace("inpainting", modes if arrived is None else arrived.modes),
            control=None if control is None else to_pictures(control),
            mask=None if masked.shown is None else _mask_pictures(masked.shown),
            faults=tuple(faults),
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
        self._pending.clear()
        self._masks.reset()
        self._wanted = self._kind = "none"
        self._followed = ("none", "")
        self._anchors.reset()

    def _control_video(
        self,
        settings: Settings,
        pictures: Sequence[np.ndarray],
        control_frames: Sequence[np.ndarray] | None,
        faults: list[tuple[str, str]],
    ) -> Tensor | None:
        """The control video `[1, 3, F, H, W]`; None for nothing to follow.

        What is made of the input lies where the input does in the canvas, with nothing to follow outside; a control
        source of its own is of the whole picture. An annotator that is turned to begins afresh. Where there is none for
        what is wanted, what was followed before still is.
        """
        if settings.control != self._wanted:
            self._wanted = settings.control
            if reason := self._unmakeable(settings.control):
                faults.append((address_of("control"), reason))
            else:
                self._kind = settings.control
        kind = self._kind
        turned, self._followed = (kind, settings.control_source) != self._followed, (kind, settings.control_source)
        if settings.control_source:
            pictures = control_frames or ()  # none before its first frame has come
        if kind == "none" or not pictures:
            return None
        control = to_tensor(pictures, self._loaded.device)
        if kind != "raw":
            annotator = self._loaded.annotators[kind]
            if turned:
                annotator.reset()
            control = annotator(control)
        return control if settings.control_source else place_control(control, settings.canvas)

    def _unmakeable(self, kind: str) -> str:
        """Why there is no such control video; "" if there is one."""
        if kind in ("none", "raw"):
            return ""
        try:
            self._loaded.annotators[kind]
        except KeyError:
            there = ", ".join((*self._loaded.annotators, "raw", "none"))
            return f"nothing here makes a {kind} control; choose one of {there}"
        except ValueError as error:  # something that it needs is missing, which it names
            return str(error)
        return ""

    def _references(self, settings: Settings, faults: list[tuple[str, str]]) -> tuple[Reference, ...]:
        """Those that can be read, for as long as they are set."""
        references = []
        for path, strength in settings.references:
            try:
                references.append(Reference(self._pictures.load(path), strength))
            except PictureError as error:
                faults.append((address_of("reference"), str(error)))
        return tuple(references)

    def _reference_mode(self, settings: Settings, faults: list[tuple[str, str]]) -> str:
        """As wanted, or the one that is always possible; which is said where there are references, once."""
        mode, possible = settings.reference_mode, self._stream.reference_modes
        before, self._shown_as = self._shown_as, mode if settings.reference else ""
        if mode in possible:
            return mode
        if self._shown_as and self._shown_as != before:
            reason = f"references can't be shown as {mode} here, only as {', '.join(possible)}; {possible[0]} is used"
            faults.append((address_of("reference_mode"), reason))
        return possible[0]

    def _noise(self, settings: Settings, pictures: Sequence[np.ndarray]) -> float:
        """The noise strength, which follows the input's motion if that is wanted."""
        if settings.noise == 1.0 or not settings.noise_motion:
            self._motion = MotionNoise()
            return settings.noise
        coarse = np.stack([picture[::MOTION_STRIDE, ::MOTION_STRIDE, :3] for picture in pictures])
        return max(self._motion.update(torch.from_numpy(coarse / np.float32(127.5) - 1), settings.noise), LEAST_NOISE)

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


def place_control(control: Tensor, canvas: Canvas) -> Tensor:
    """A control video `[1, 3, F, H, W]` where the source lies in the canvas, and grey, which is nothing, outside."""
    height, width = control.shape[3:]
    box = canvas.box(height, width)
    rows, columns = box.inside(height, width)
    if canvas.fills(height, width) and (box.height, box.width) == (height, width):
        return control
    cut = control[0][..., *covering(height, width, box.height, box.width)].transpose(0, 1)
    small = functional.interpolate(cut, size=(box.height, box.width), mode="area").transpose(0, 1)
    placed = torch.zeros_like(control)
    placed[0][..., rows, columns] = small[
        ..., rows.start - box.top : rows.stop - box.top, columns.start - box.left : columns.stop - box.left
    ]
    return placed


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


def _mask_pictures(masks: Sequence[np.ndarray]) -> np.ndarray:
    """For the eye: uint8 `[F, H, W, 3]`."""
    return np.repeat((np.stack(masks) * 255).astype(np.uint8)[..., None], 3, axis=3)

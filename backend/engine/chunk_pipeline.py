"""One chunk of frames and its settings in, one chunk of restyled frames out: the same live and offline."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import pixels
from vace_core.conditioning import Reference, infer_mode
from vace_core.config import LEAST_NOISE
from vace_core.controls import Controls
from vace_core.sampling import MotionNoise
from vace_core.stream import Chunk
from vace_core.text import Travel

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..imaging.stills import PictureError
from ..runtime.changes import ChangeDetector
from .anchor_frames import AnchorFrames
from .control_video import ControlVideo, Faults
from .masks.canvas_border import with_canvas_border
from .masks.maker import MaskMaker
from .masks.shaping import composite
from .messages import Refused
from .model import EngineModel
from .prompt_prefetch import PromptPrefetcher
from .still_tensors import StillTensors
from .tensors import extremes, to_still, to_video
from .unsound import NotANumber

MOTION_STRIDE = 8
"""Motion is measured on every so manyeth pixel of a row and a column."""


@dataclass(frozen=True)
class ChunkResult:
    """A finished chunk. Frames are uint8 RGB `[H, W, 3]`.

    frames: `[F, H, W, 3]`, of the chunk that came with `tag`; none while a stream batch has none finished. control and
    mask `[F, H, W, 3]`: those of the frames that were put in, for the eye; None where there is none. faults: (address,
    reason) of settings that could not be followed. refused: those of them that can't be had at all, and what was used
    in their place. faded: all the model's frames are of one colour, although those that were put in are not.
    """

    frames: np.ndarray
    mode: str
    control: np.ndarray | None
    mask: np.ndarray | None
    faults: tuple[tuple[str, str], ...]
    refused: tuple[Refused, ...] = ()
    tag: Any = None
    faded: bool = False


@dataclass(frozen=True)
class PendingChunk:
    """What a chunk that is on its way was asked with, and what is done with its frames when it arrives."""

    placed: Sequence[np.ndarray]
    """The source's frames on the canvas."""
    weights: Sequence[np.ndarray] | None
    modes: str
    """What a mask stands for: inpainting, outpainting or both."""
    tag: Any

    def finish(self, frames: np.ndarray) -> np.ndarray:
        """Put the input's own pixels where the mask keeps them, if that is wanted."""
        if self.weights is None:
            return frames
        return np.stack([composite(*trio) for trio in zip(frames, self.placed, self.weights, strict=True)])


class ChunkPipeline:
    """A stream with everything around it: annotations, masks, references, compositing."""

    def __init__(self, model: EngineModel, height: int, width: int, prefetcher: PromptPrefetcher | None = None) -> None:
        """prefetcher: encodes new prompts beside the show; without one, a chunk waits for its prompt."""
        self._model = model
        self._prefetcher = prefetcher
        self._stream = model.open_stream(height, width)
        self._stills = StillTensors(height, width, model.device)
        self._control = ControlVideo(model.annotators, model.device)
        self._masks = MaskMaker(model, height, width)
        self._anchors = AnchorFrames(self._stills)
        self._prompts: dict[str, None] = {}
        self._references_shown_as = ChangeDetector("")
        self._loras: tuple[float, ...] = ()
        self._travel = Travel()
        self._motion = MotionNoise()
        self._pending: deque[PendingChunk] = deque()

    @property
    def frames_wanted(self) -> int:
        """Frames that the next chunk takes and gives."""
        return self._stream.frames_wanted

    def make(
        self,
        source_frames: Sequence[np.ndarray],
        mask_frames: Sequence[np.ndarray] | None,
        settings: Settings,
        seconds: float = 0.0,
        tag: Any = None,
        *,
        control_frames: Sequence[np.ndarray] | None = None,
        anchor: bool = False,
        previews: bool = True,
        in_parts: bool = False,
    ) -> ChunkResult:
        """Restyle `frames_wanted` frames of the source, `[H, W, 3]` or `[H, W, 4]` uint8 of the stream's size.

        mask_frames, control_frames: as many frames of the mask source and of the control source, where those are
        frame addresses. seconds: of the show that the chunk covers, by which a prompt fades into another. tag: comes
        back with the chunk that is made of these frames, which may be later. anchor: begin with the anchor. previews:
        make control video and masks for the eye. in_parts: as `Controls.in_parts`, for less memory. Raises ValueError
        where the settings contradict each other, and NotANumber where the model's picture is none; the stream is to be
        reset then.
        """
        faults: Faults = []
        prompt = settings.blend if self._prefetcher is None else self._prefetcher.resolve(settings, faults)
        placed = [settings.canvas.place(frame) for frame in source_frames]
        video = to_video(placed, self._model.device)
        control = self._control.update(source_frames, control_frames, settings, faults)
        masked = self._masks.update(placed, video, mask_frames, settings, seconds)
        masked, modes = with_canvas_border(masked, self._masks.kind, len(placed), video.shape[3:], settings)
        references = self._references(settings, faults)
        reference_mode = self._reference_mode(settings, faults)
        first, last = self._anchors.for_chunk(settings, anchor, video[0], faults)
        faults += [*masked.faults, *self._unknown_words(settings), *self._without_lora(settings.loras)]
        noise = self._noise(settings, source_frames)
        controls = Controls(
            prompt=self._travel.toward(
                prompt, settings.prompt_fade, seconds if settings.prompt_fade_unit == "seconds" else 1.0
            ),
            prompt_way=settings.prompt_fade_way,
            control=control,
            source=None if masked.masks is None else video,
            mask=None if masked.masks is None else _mask_tensor(masked.masks, self._model.device),
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
            video=video if noise < 1.0 else None,
            noise=noise,
            loras=settings.loras[: self._model.loras],
            in_parts=in_parts,
        )
        chunk = self._stream.step(controls)
        self._pending.append(PendingChunk(placed, masked.weights, modes, tag))
        finished, frames, mode = None, np.zeros((0, *placed[0].shape[:2], 3), np.uint8), infer_mode(controls)
        faded = False
        if chunk is not None:
            finished, mode = self._pending.popleft(), chunk.mode
            made = sound_pixels(chunk)
            faded = is_one_colour(made) and not is_one_colour(np.stack(source_frames))
            frames = finished.finish(made)
            self._anchors.note_output(to_still(frames[-1], self._model.device))
        return ChunkResult(
            frames=frames,
            mode=mode.replace("inpainting", modes if finished is None else finished.modes),
            control=None if control is None or not previews else pixels(control),
            mask=None if masked.shown is None or not previews else _mask_frames(masked.shown),
            faults=tuple(faults),
            refused=tuple(self._refused(settings, reference_mode)),
            tag=None if finished is None else finished.tag,
            faded=faded,
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
        self._control.reset()
        self._anchors.reset()

    def close(self) -> None:
        """No chunk is asked for any more."""
        if self._prefetcher is not None:
            self._prefetcher.close()

    def _references(self, settings: Settings, faults: Faults) -> tuple[Reference, ...]:
        """Those that can be read, for as long as they are set."""
        references = []
        for path, strength in settings.references:
            try:
                references.append(Reference(self._stills.load(path), strength))
            except PictureError as error:
                faults.append((address_of("reference"), str(error)))
        return tuple(references)

    def _reference_mode(self, settings: Settings, faults: Faults) -> str:
        """As wanted, or the one that is always possible; which is said where there are references, once."""
        mode, possible = settings.reference_mode, self._stream.reference_modes
        changed = self._references_shown_as.update(mode if settings.reference else "")
        if mode in possible:
            return mode
        if settings.reference and changed:
            reason = f"references can't be shown as {mode} here, only as {', '.join(possible)}; {possible[0]} is used"
            faults.append((address_of("reference_mode"), reason))
        return possible[0]

    def _refused(self, settings: Settings, reference_mode: str) -> Iterator[Refused]:
        """The settings that nothing here can do; what was there before goes on."""
        usable = self._masks.usable
        if settings.control != self._control.kind:
            yield Refused(address_of("control"), settings.control, self._control.kind)
        if settings.mask_source != usable:
            yield Refused(address_of("mask_source"), settings.mask_source.text, usable.text)
        if settings.reference and settings.reference_mode != reference_mode:
            yield Refused(address_of("reference_mode"), settings.reference_mode, reference_mode)

    def _noise(self, settings: Settings, source_frames: Sequence[np.ndarray]) -> float:
        """The noise strength, which follows the input's motion if that is wanted."""
        if settings.noise == 1.0 or not settings.noise_motion:
            self._motion = MotionNoise()
            return settings.noise
        coarse = to_video([frame[::MOTION_STRIDE, ::MOTION_STRIDE] for frame in source_frames], "cpu")
        return max(self._motion.update(coarse[0].permute(1, 2, 3, 0), settings.noise), LEAST_NOISE)

    def _without_lora(self, strengths: tuple[float, ...]) -> tuple[tuple[str, str], ...]:
        """Strengths that were set for LoRAs that are not there, each said once."""
        before, self._loras = self._loras or (1.0,) * len(strengths), strengths
        return tuple(
            (address_of(f"lora_{n + 1}"), f"there is no LoRA {n + 1}; start with --lora FILE for each")
            for n in range(self._model.loras, len(strengths))
            if strengths[n] != before[n]
        )

    def _unknown_words(self, settings: Settings) -> Faults:
        """Words that the model does not know, said when a prompt comes; the prompt is followed all the same."""
        before, self._prompts = self._prompts, dict.fromkeys(prompt for prompt, _ in settings.blend)
        faults: Faults = []
        for prompt in self._prompts:
            words = self._model.unread(prompt) if prompt not in before else ()
            if words:
                named = ", ".join(f'"{word}"' for word in words)
                reason = f"the model does not know {named}; the prompt's other words are followed"
                faults.append((address_of(settings.prompt_field(prompt)), reason))
        return faults


def sound_pixels(chunk: Chunk) -> np.ndarray:
    """The chunk's frames, uint8 `[F, H, W, 3]`. Raises NotANumber unless all of it is finite, its latents too."""
    queued = extremes(chunk.frames, chunk.latents)
    frames = pixels(chunk.frames)  # waits for the device, which has the extremes ready then
    if not queued.isfinite().all():
        raise NotANumber("the picture was not a number (NaN or infinite)")
    return frames


def is_one_colour(frames: np.ndarray) -> bool:
    """Whether all pixels of all frames `[F, H, W, C]` are equal; some are looked at before all."""
    colour = frames[0, 0, 0]
    return bool((frames[:, ::16, ::16] == colour).all()) and bool((frames == colour).all())


def _mask_tensor(masks: Sequence[np.ndarray], device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.stack(masks))[None, None].to(device)


def _mask_frames(masks: Sequence[np.ndarray]) -> np.ndarray:
    """For the eye: uint8 `[F, H, W, 3]`."""
    return np.repeat((np.stack(masks) * 255).astype(np.uint8)[..., None], 3, axis=3)

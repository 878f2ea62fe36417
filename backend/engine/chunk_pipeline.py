"""One chunk of frames and its settings in, one chunk of restyled frames out: the same live and offline."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import video as to_video
from vace_core.conditioning import infer_mode
from vace_core.config import LEAST_NOISE
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.sampling import MotionNoise
from vace_core.text import Travel

from ..controls.declaration import address_of
from ..controls.settings import Settings
from .anchor_frames import AnchorFrames
from .chunk_result import ChunkResult, HandOut, PendingChunk
from .control_video import ControlVideo
from .device_streams import DeviceStreams
from .finished_frames import FinishedFrames
from .frame_upload import FrameUpload
from .masks.canvas_border import with_canvas_border
from .masks.maker import MaskMaker
from .messages import Refused, RunsOn
from .model import EngineModel
from .prompt_prefetch import PromptPrefetcher
from .shown_references import ShownReferences
from .stage_times import StageTimes
from .still_tensors import StillTensors
from .unknown_settings import UnknownSettings

MOTION_STRIDE = 8
"""Motion is measured on every so manyeth pixel of a row and a column."""


class ChunkPipeline:
    """A stream with everything around it: annotations, masks, references, compositing."""

    def __init__(self, model: EngineModel, height: int, width: int, prefetcher: PromptPrefetcher | None = None) -> None:
        """prefetcher: encodes new prompts beside the show; without one, a chunk waits for its prompt."""
        self._model = model
        self._prefetcher = prefetcher
        self._stream = model.open_stream(height, width)
        self._streams, self._upload = DeviceStreams(model.device), FrameUpload(model.device)
        stills = StillTensors(height, width, model.device)
        self._control = ControlVideo(model.annotators, self._upload)
        self._masks = MaskMaker(model, height, width)
        self._anchors = AnchorFrames(stills, model.device)
        self._references = ShownReferences(stills, self._stream.reference_modes)
        self._unknown = UnknownSettings(model)
        self._travel = Travel()
        self._motion = MotionNoise()
        self._pending: deque[PendingChunk] = deque()

    def warm_up(self, tell: Callable[[str], object]) -> None:
        """Compile what is compiled, before the first chunk; tell: gets a line before each part."""
        self._model.warm_up(self._stream, tell)

    @property
    def runs_on(self) -> RunsOn:
        """What the stream runs on now."""
        recordings = self._stream.recordings
        graphs = f"off, as {recordings.why_not}" if recordings.why_not else "on"
        return RunsOn(self._stream.attention.words(), graphs, recordings.count, self._model.precision)

    @property
    def frames_wanted(self) -> int:
        """Frames that the next chunk takes and gives."""
        return self._stream.frames_wanted

    @property
    def uploads(self) -> int:
        """How many frames have gone to the device."""
        return self._upload.uploads

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
        in_parts: bool = False,
        hand_out: HandOut | None = None,
        look: Callable[[], object] = lambda: None,
    ) -> ChunkResult:
        """Restyle `frames_wanted` frames of the source, `[H, W, 3]` or `[H, W, 4]` uint8 of the stream's size.

        mask_frames, control_frames: as many frames of the mask source and of the control source, where those are
        frame addresses. seconds: of the show that the chunk covers, by which a prompt fades into another. tag: comes
        back with the chunk that is made of these frames, which may be later. anchor: begin with the anchor. in_parts:
        as `Controls.in_parts`, for less memory. hand_out: gets the frames as they are finished; what it was not given
        comes back. look: called whenever a stage or a denoising step is over, in this thread. Raises ValueError where
        the settings contradict each other, and NotANumber where the model's picture is none; the stream is to be reset
        then.
        """
        times, faults = StageTimes(self._model.device), list[tuple[str, str]]()
        prompt = settings.blend if self._prefetcher is None else self._prefetcher.resolve(settings, faults)
        placed = [settings.canvas.place(frame) for frame in source_frames]
        video = self._upload(placed)
        control = self._control.update(source_frames, control_frames, settings, faults)
        masked = self._masks.update(placed, video, mask_frames, settings, seconds)
        masked, modes = with_canvas_border(masked, self._masks.kind, len(placed), video.shape[3:], settings)
        references = self._references.load(settings, faults)
        reference_mode = self._references.mode(settings, faults)
        first, last = self._anchors.for_chunk(settings, anchor, video[0], faults)
        faults += [*masked.faults, *self._unknown.update(settings)]
        noise = self._noise(settings, source_frames)
        self._upload.forget()
        times.end("annotate")
        look()
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
        self._pending.append(PendingChunk(placed, masked.weights, modes, tag))
        frames = FinishedFrames(times, self._streams, self._pending.popleft, source_frames, hand_out, look)
        chunk = self._stream.step(controls, frames)
        self._receive(frames)
        mode = infer_mode(controls) if chunk is None else chunk.mode
        finished, held = frames.chunk, frames.held()
        if frames.last is not None:
            self._anchors.note_output(frames.last)
        return ChunkResult(
            frames=np.zeros((0, *placed[0].shape[:2], 3), np.uint8) if held is None else held,
            mode=mode.replace("inpainting", modes if finished is None else finished.modes),
            control_video=control,
            masks=masked.shown,
            faults=tuple(faults),
            refused=tuple(self._refused(settings)),
            tag=None if finished is None else finished.tag,
            handed_out=frames.handed_out,
            faded=frames.faded,
            seconds=times.seconds(),
        )

    def prepare(self, four: Sequence[np.ndarray], settings: Settings) -> None:
        """Do beforehand what can be done for the next four frames of the chunk that `make` will be given.

        It gets the same arrays then, and the result is the same. settings: those of the chunk before. A stream's first
        chunk is looked at as a whole.
        """
        if self.frames_wanted % FRAMES_PER_LATENT == 0:
            with self._streams.ahead():
                self._control.prepare(four, settings)

    def _receive(self, frames: FinishedFrames) -> None:
        """Hand out the frames that are still on their way; the device refreshes its memory meanwhile."""
        self._streams.note_step()
        try:
            if frames.coming:
                self._stream.settle()
        finally:
            frames.receive()

    def settle(self) -> None:
        """Run what the last chunk still owes the memory; better now than when the next one is waited for."""
        self._stream.settle()
        self._stream.record_calls()

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

    def _refused(self, settings: Settings) -> Iterator[Refused]:
        """The settings that nothing here can do; what was there before goes on."""
        usable = self._masks.usable
        if settings.control != self._control.kind:
            yield Refused(address_of("control"), settings.control, self._control.kind)
        if settings.mask_source != usable:
            yield Refused(address_of("mask_source"), settings.mask_source.text, usable.text)
        yield from self._references.refused(settings)

    def _noise(self, settings: Settings, source_frames: Sequence[np.ndarray]) -> float:
        """The noise strength, which follows the input's motion if that is wanted."""
        if settings.noise == 1.0 or not settings.noise_motion:
            self._motion = MotionNoise()
            return settings.noise
        coarse = to_video(np.stack([frame[::MOTION_STRIDE, ::MOTION_STRIDE, :3] for frame in source_frames]))
        return max(self._motion.update(coarse[0].permute(1, 2, 3, 0), settings.noise), LEAST_NOISE)


def _mask_tensor(masks: Sequence[np.ndarray], device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.stack(masks))[None, None].to(device)

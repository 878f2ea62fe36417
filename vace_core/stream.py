"""A stream: chunk after chunk, controls in, frames out (paper, Figure 2).

`Stream.step` is the algorithm: encode the controls, make the context, denoise the chunk with hints, decode. What
refreshes the memory follows in `settle`, so that a chunk can be shown before it is run.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .autoencoder import Autoencoder
from .autoencoder.in_parts import InParts
from .autoencoder.pieces import in_pieces
from .autoencoder.statistics import Statistics
from .conditioning import (
    Conditions,
    ContextScale,
    ContextState,
    encode_context,
    encode_on,
    infer_mode,
    kept_cells,
    with_anchors,
)
from .conditioning.cache import ConditioningCache
from .conditioning.reference_embedding import attach_references
from .constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT
from .controls import Controls
from .cuda_graphs import why_none
from .memory import StaggeredState, WindowMemory, WindowState
from .memory.refresh import refresh_of
from .model import Model
from .passes import Passes, Recordings
from .progress import Progress
from .sampling.denoising import DenoisingState, Pinned
from .sampling.sampler import ChunkSampler, Sampler
from .sampling.stream_batch import StreamBatch
from .state import StreamState
from .text import blend_of
from .transformer import Context
from .transformer.attention_check import choose_attention


@dataclass(frozen=True)
class Chunk:
    """A finished chunk: frames [1, 3, F, H, W] in [-1, 1], the mode it was generated in, and its number from 0.

    latents: the clean latents [1, C, f, h, w] that the frames were decoded from.
    """

    frames: Tensor
    mode: str
    index: int
    latents: Tensor | None = None


class Stream:
    """One endless video from one model. Several streams may share a model; each owns its `state`.

    height, width: pixels, multiples of 16 (ValueError otherwise, and where the attention that the model was loaded with
    is not right here). `attention` says which kernel runs, and why. Where several ranks share the model, each has a
    stream, and steps it with the same controls; none of them records its network calls.
    """

    def __init__(self, model: Model, height: int, width: int) -> None:
        if height % 16 or width % 16 or height < 16 or width < 16:
            raise ValueError(f"a stream's size must be a multiple of 16 pixels, got {height}x{width}")
        self.model = model
        self.height, self.width = height, width
        self._latent_size = (height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
        self._statistics = Statistics().to(model.device)
        pipeline = model.pipeline
        ranks = model.transformer.ranks
        memory = WindowMemory(pipeline.architecture, *self._latent_size, pipeline, ranks)
        ranks.require_tokens(memory.per_frame)
        self.attention = choose_attention(
            pipeline, memory.per_frame, model.device, model.dtype, model.attention, memory.heads
        )
        self._cache = ConditioningCache(model, self.attention.kernels)
        self._sampler: ChunkSampler = (StreamBatch if pipeline.stream_batch else Sampler)(pipeline, memory)
        self._refresh = refresh_of(pipeline, memory, model.autoencoder)
        self._passes = _passes_of(model)
        self.state = self._fresh(*self._sampler.init_memory(model.device, model.dtype))

    @property
    def recordings(self) -> Recordings:
        """How many network calls are replayed from recordings by now, or why there are none."""
        return self._passes.recordings

    @property
    def frames_wanted(self) -> int:
        """Pixel frames that the next chunk takes and gives: its first latent of a stream stands for one frame only."""
        frames = FRAMES_PER_LATENT * self.model.pipeline.chunk_frames(self.state.chunks)
        return frames if self.state.chunks else frames - FRAMES_PER_LATENT + 1

    @property
    def reference_modes(self) -> tuple[str, ...]:
        """In what ways references can be shown, of `conditioning.REFERENCE_MODES`."""
        return self._sampler.reference_modes

    @torch.inference_mode()
    def step(self, controls: Controls, progress: Progress = Progress()) -> Chunk | None:  # noqa: B008 - it has no state
        """Make the next chunk. Raises ValueError for controls of wrong size or that contradict each other.

        `progress` is told when a stage or a denoising step is over, and gets the frames as they are decoded: on a
        processor those of one latent frame after the other, so that the first can be shown before the last is there. A
        stream batch hands back an earlier chunk, which has come through all its steps now; at first there is none yet,
        and None comes back.
        """
        mode = infer_mode(controls)
        self._require_possible(controls)
        self.settle()
        self.record_calls()
        with_context = bool(controls.scale) and mode != "text"
        self._change_conditions(controls, with_context)
        context, pinned = self._encode(controls, with_context)
        entering = self._begin(controls, mode, context, pinned)
        progress.encoded()
        finished = self._sampler.denoise(entering, self.state, self._cache, self._passes, progress)
        self.state.chunks += 1
        if finished is None:
            return None
        progress.denoised()
        frames = self._decode(controls, finished.clean, progress)
        self._refresh.note_chunk(self.state, finished.clean, frames)
        return Chunk(frames, finished.mode, finished.number, finished.clean)

    @torch.inference_mode()
    def settle(self) -> None:
        """Bring the memory up to the last chunk, by its clean pass or anew; `step` does it if nobody did."""
        self._cache.adapt(self.state.conditions.loras)
        self._refresh.settle(self.state, self._cache, self._passes)

    @torch.inference_mode()
    def record_calls(self) -> None:
        """Record network calls that chunks have made twice, to replay them; best once a chunk was handed out. `step`
        does it if nobody did."""
        self._passes.record()

    @torch.inference_mode()
    def reset(self) -> None:
        """Forget everything; the next chunk is the first of a new stream. Buffers stay where they are."""
        memory, rows = self.state.memory, self.state.rows
        (memory if rows is None else rows).reset()
        self.state = self._fresh(memory, rows)

    def snapshot(self) -> StreamState:
        """A copy of the state, settled, to `restore` later."""
        self.settle()
        return self.state.clone()

    @torch.inference_mode()
    def restore(self, state: StreamState) -> None:
        """Go back to a snapshot; the snapshot stays good, and the memory's buffers stay where they are."""
        self.state = self.state.restored(state)

    def fork(self) -> Stream:
        """Another stream that runs on from here; the two share weights only."""
        other = Stream(self.model, self.height, self.width)
        other.state = self.snapshot()
        return other

    def _fresh(self, memory: WindowState, rows: StaggeredState | None) -> StreamState:
        """That of a stream that begins, with this empty memory."""
        model = self.model
        latents = (1, model.pipeline.architecture.latent_channels, model.pipeline.window, *self._latent_size)
        return StreamState(
            memory=memory,
            history=torch.zeros(latents, device=model.device),
            conditions=Conditions(loras=() if model.loras is None else model.loras.initial),
            rows=rows,
        )

    def _require_possible(self, controls: Controls) -> None:
        controls.require_possible(self.frames_wanted, self.height, self.width)
        if controls.references and controls.reference_mode not in self.reference_modes:
            known = ", ".join(self.reference_modes)
            raise ValueError(f"references can be shown as {known} here, not as {controls.reference_mode!r}")
        if self.model.loras is not None and controls.loras:
            self.model.loras.require(controls.loras)
        self._sampler.require_possible(controls)

    def _change_conditions(self, controls: Controls, with_context: bool) -> None:
        """Take up prompt, references and strengths. The memory goes on; for a new prompt, the pipeline has a rule."""
        before, blend = self.state.conditions, blend_of(controls.prompt)
        now = self.state.conditions = Conditions(
            prompt=blend,
            prompt_way=controls.prompt_way if len(blend) > 1 else Conditions.prompt_way,
            loras=controls.loras if self.model.loras is not None and controls.loras else before.loras,
            references=controls.references if with_context else (),
        )
        self._cache.adapt(now.loras)
        if before.prompt:
            changed = (now.prompt, now.prompt_way) != (before.prompt, before.prompt_way)
            self._refresh.note_prompt(self.state, self._cache, self._passes, changed)

    def _encode(self, controls: Controls, with_context: bool) -> tuple[Context | None, Pinned | None]:
        """The chunk's 96-channel context, embedded, and where they are wanted the latents that the mask keeps."""
        if not with_context:
            self.state.context = ContextState()  # what the encoders remember would be out of date
            return None, None
        gray = torch.zeros((1, 3, self.frames_wanted, self.height, self.width), device=self.model.device)
        source, mask = with_anchors(controls.source, controls.mask, controls.first, controls.last, gray)
        latents, self.state.context = encode_context(
            self._autoencoder(controls), controls.control, source, mask, self.state.context, gray
        )
        context = self._cache.context(latents)
        if mask is None or not controls.pin:
            return context, None
        return context, Pinned(latents[:, : self.state.history.shape[1]], kept_cells(mask))

    def _begin(self, controls: Controls, mode: str, context: Context | None, pinned: Pinned | None) -> DenoisingState:
        """The next chunk, before its first step."""
        state, conditions = self.state, self.state.conditions
        frames = self._refresh.next_frames(state, self.model.pipeline.chunk_frames(state.chunks))
        schedule = self._sampler.schedule(controls.noise, state.chunks)
        scale = ContextScale(controls.scale, controls.layer_scale, controls.step_scale)
        scales = scale.over(len(schedule.timesteps), len(self.model.pipeline.architecture.vace_layers))
        embedded = self._cache.references(conditions, controls.reference_mode, scales[-1])
        if context is not None and embedded is not None:
            context = attach_references(context, embedded)
        return DenoisingState(
            number=state.chunks,
            mode=mode,
            frames=frames,
            conditions=conditions,
            prompt=self._cache.prompt(conditions),
            context=context,
            scales=scales,
            schedule=schedule,
            seed=controls.seed + state.chunks,
            clean=self._start(controls, len(frames)),
            embedded=embedded,
            pinned=pinned,
            hint_every=controls.hint_every,
        )

    def _start(self, controls: Controls, frames: int) -> Tensor:
        """What the first noise is added to [1, C, f, h, w]: nothing, or the video's latents."""
        if controls.video is None or controls.noise == 1.0:
            self.state.video = None
            channels = self.state.history.shape[1]
            return torch.zeros((1, channels, frames, *self._latent_size), device=self.model.device)
        latents, self.state.video = encode_on(self._autoencoder(controls), controls.video, self.state.video)
        return self._statistics.restore(latents) if self.model.pipeline.raw_source else latents

    def _decode(self, controls: Controls, latents: Tensor, progress: Progress) -> Tensor:
        """The frames of clean latents; `progress` gets them as they come."""
        autoencoder, made = self._autoencoder(controls), []
        for piece in in_pieces(latents, 1):
            frames, self.state.decoder = autoencoder.decode(piece, self.state.decoder)
            progress.decoded(frames, latents)
            made.append(frames)
        return torch.cat(made, dim=2) if len(made) > 1 else made[0]

    def _autoencoder(self, controls: Controls) -> Autoencoder:
        return InParts(self.model.autoencoder) if controls.in_parts else self.model.autoencoder


def _passes_of(model: Model) -> Passes:
    """A stream's network calls, recorded where the model is to; an exchange between ranks was never recorded."""
    if model.transformer.ranks.size > 1:
        return Passes(why_not="several devices share the stream")
    if model.graphs is None:
        return Passes(why_not=why_none(model.device))
    return Passes(model.graphs(model.device))

"""A stream: chunk after chunk, controls in, frames out (paper, Figure 2).

`Stream.step` is the algorithm: encode the controls, make the context, denoise the chunk with hints, decode. The clean
pass that refreshes the memory follows in `settle`, so that a chunk can be shown before it is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from .autoencoder.statistics import Statistics
from .conditioning import (
    REFERENCE_MODES,
    ContextScale,
    ContextState,
    encode_context,
    encode_on,
    infer_mode,
    kept_cells,
    with_anchors,
)
from .conditioning.reference_embedding import EmbeddedReferences, ReferenceEmbedder, attach_references
from .constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT
from .controls import Controls
from .memory import (
    StaggeredMemory,
    StaggeredPass,
    StaggeredState,
    WindowMemory,
    WindowPass,
    WindowState,
    frames_to_rebuild_from,
)
from .model import Model
from .sampling import Schedule, Table
from .sampling.denoising import DenoisingState, Pinned, collate, group_compatible
from .text import Blend, Prompts, blend_of
from .transformer import Context, Prompt, Time

REFERENCE_SEED = 1 << 32
"""How far the seeds of references' noise are from those of chunks."""
TIMES_KEPT = 64
"""Embedded timesteps; a pipeline has a handful, a noise strength that is played by hand has many."""


@dataclass(frozen=True)
class Chunk:
    """A finished chunk: frames [1, 3, F, H, W] in [-1, 1], the mode it was made in, and its number from 0.

    Without frames, and numbered -1, where a stream batch has none finished yet.
    """

    frames: Tensor
    mode: str
    index: int


@dataclass
class StreamState:
    """All that changes as a stream runs. Clone it to go back to it, or to run on from it twice."""

    memory: WindowState
    context: ContextState
    decoder: Any
    """The autoencoder's decoder state; like the context's encoder states it is replaced, never written to."""
    history: Tensor
    """The last clean latents [1, C, window, h, w], oldest first; what a recache or a rebuilt memory is made from."""
    recent_frames: Tensor | None = None
    """The last frames decoded [1, 3, F, H, W], where the memory is rebuilt: as far back as its oldest latent."""
    video: Any = None
    """The encoder's state for the video that chunks are made from; None where the last one was not."""
    chunks: int = 0
    latent_frames: int = 0
    prompt: Blend | None = None
    unsettled: Tensor | None = None
    """Clean latents of a chunk whose clean pass has not run yet."""
    denoising: list[DenoisingState] = field(default_factory=list)
    """Of a stream batch: the chunks that are on their way, the last entered first."""
    rows: StaggeredState | None = None
    """Of a stream batch: what each step's row remembers; `memory` is the first one's."""

    def clone(self) -> StreamState:
        rows = None if self.rows is None else self.rows.clone()
        return replace(
            self,
            memory=self.memory.clone() if rows is None else rows.rows[0],
            history=self.history.clone(),
            denoising=[chunk.clone() for chunk in self.denoising],
            rows=rows,
        )


class Stream:
    """One endless video from one model. Several streams may share a model; each owns its state.

    height, width: pixels, multiples of 16 (ValueError otherwise).
    """

    def __init__(self, model: Model, height: int, width: int) -> None:
        if height % 16 or width % 16 or height < 16 or width < 16:
            raise ValueError(f"a stream's size must be a multiple of 16 pixels, got {height}x{width}")
        self.model = model
        self.height, self.width = height, width
        pipeline, transformer = model.pipeline, model.transformer
        self._size = (height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
        self._memory = WindowMemory(transformer.architecture, *self._size, pipeline)
        steps = pipeline.video_steps or pipeline.steps
        self._batch = StaggeredMemory(self._memory, len(steps)) if pipeline.stream_batch else None
        self._table = Table(pipeline.shift)
        self._statistics = Statistics().to(model.device)
        self._from_noise = self._table.schedule(pipeline.steps, pipeline.warp)
        self._prompts = Prompts(model.embeddings, lambda text: transformer.embed_prompt(text.to(model.dtype)))
        self._times: dict[float, Time] = {}
        self._prompt: Prompt | None = None
        self._adapted = self._adaptation
        self._references = ReferenceEmbedder(model)
        self._embedded: tuple[Tensor | None, Context | None] = (None, None)
        self._pass: WindowPass | None = None
        self._seen: tuple[Context | None, tuple[float, ...]] = (None, ())
        self.state = self._fresh()

    @property
    def frames_wanted(self) -> int:
        """Pixel frames that the next chunk takes and gives: its first latent of a stream stands for one frame only."""
        frames = FRAMES_PER_LATENT * self.model.pipeline.chunk_frames(self.state.chunks)
        return frames if self.state.chunks else frames - FRAMES_PER_LATENT + 1

    @property
    def reference_modes(self) -> tuple[str, ...]:
        """In what ways references can be shown: a stream batch has the chunks' own frames only in its passes."""
        return REFERENCE_MODES[:1] if self._batch is not None else REFERENCE_MODES

    @torch.inference_mode()
    def step(self, controls: Controls) -> Chunk:
        """Make the next chunk. Raises ValueError for controls of wrong size or that contradict each other.

        A stream batch gives the chunk that has come through all its steps, and at first one without frames.
        """
        mode = infer_mode(controls)
        self._require_possible(controls)
        self.settle()
        self._adapt(controls.loras)
        prompt = self._resolve_prompt(controls)
        context, pinned = self._encode(controls) if controls.scale and mode != "text" else self._skip_context()
        chunk = self._enter(mode, prompt, context, pinned, controls)
        if self._batch is not None:
            return self._advance(self._batch, chunk)
        clean = self._denoise(chunk, controls.hint_every)
        frames, self.state.decoder = self.model.autoencoder.decode(clean, self.state.decoder)
        self.state.unsettled = clean
        self._remember_frames(frames)
        self._seen = (context, chunk.scales[-1]) if self.model.pipeline.clean_with_hints else (None, ())
        chunk = Chunk(frames, mode, self.state.chunks)
        self.state.chunks += 1
        return chunk

    @torch.inference_mode()
    def settle(self) -> None:
        """Bring the memory up to the last chunk, by its clean pass or anew; `step` does it if nobody did."""
        clean = self.state.unsettled
        if clean is None or self._prompt is None:
            return
        frames = self._frames(clean.shape[2])
        if not self.model.pipeline.rebuild:
            # References are no part of history: what is remembered of a chunk has not seen them in the main path.
            view = self._pass or self._memory.begin(self.state.memory, frames)
            self._forward(clean, self._embed_time(0.0), self._prompt, view, *self._seen)
            self._memory.commit(self.state.memory, frames)
        self._pass = None
        self.state.latent_frames += clean.shape[2]
        self.state.history = torch.cat((self.state.history[:, :, clean.shape[2] :], clean), dim=2)
        self.state.unsettled = None
        if self.model.pipeline.rebuild:
            self._rebuild(self._prompt)

    def reset(self) -> None:
        """Forget everything; the next chunk is the first of a new stream."""
        self.state = self._fresh()
        self._prompt, self._pass = None, None

    def snapshot(self) -> StreamState:
        """A copy of the state to `restore` later."""
        self.settle()
        return self.state.clone()

    def restore(self, state: StreamState) -> None:
        """Go back to a snapshot; the snapshot stays good."""
        self.state = state.clone()
        self._prompt = self.state.denoising[0].prompt if self.state.denoising else None
        self._pass = None

    def fork(self) -> Stream:
        """Another stream that runs on from here; the two share weights only."""
        other = Stream(self.model, self.height, self.width)
        other.restore(self.snapshot())
        return other

    def _fresh(self) -> StreamState:
        model = self.model
        latents = (1, model.transformer.architecture.latent_channels, model.pipeline.window, *self._size)
        rows = None if self._batch is None else self._batch.init_state(model.device, model.dtype)
        return StreamState(
            memory=self._memory.init_state(1, model.device, model.dtype) if rows is None else rows.rows[0],
            context=ContextState(),
            decoder=None,
            history=torch.zeros(latents, device=model.device),
            rows=rows,
        )

    @property
    def _adaptation(self) -> int:
        """Changes whenever a live LoRA's strength does; what is embedded once holds for one of its values."""
        return 0 if self.model.loras is None else self.model.loras.version

    def _adapt(self, strengths: tuple[float, ...]) -> None:
        """Set the live LoRAs. What was embedded without them is embedded again; the memory goes on."""
        if self.model.loras is not None and strengths:
            self.model.loras.set(strengths)
        if self._adapted != self._adaptation:
            self._adapted = self._adaptation
            self._prompt = None
            self._embedded = (None, None)
            self._times.clear()
            self._prompts.forget()

    def _embed_time(self, timestep: float) -> Time:
        """The fixed timesteps' embeddings are kept; those that follow a video's noise come and go."""
        if timestep not in self._times:
            if len(self._times) > TIMES_KEPT:
                self._times.clear()
            self._times[timestep] = self.model.transformer.embed_time(
                torch.tensor([[timestep]], device=self.model.device)
            )
        return self._times[timestep]

    def _frames(self, count: int) -> range:
        """Where the next latent frames stand in time; a rebuilt memory begins at 0 again and again."""
        start = self.state.latent_frames
        if self.model.pipeline.rebuild:
            start = min(start, self.model.pipeline.rebuild)
        return range(start, start + count)

    def _resolve_prompt(self, controls: Controls) -> Prompt:
        """Keys and values of the prompt; on a change the memory is kept, and rewritten if the pipeline wants that.

        Between two prompts nothing is rewritten: a blend is on its way, and the one that it ends at will be.
        """
        blend = blend_of(controls.prompt)
        if self._prompt is not None and blend == self.state.prompt:
            return self._prompt
        changed = self.state.prompt is not None and blend != self.state.prompt
        self._prompt = self._prompts(blend, controls.prompt_way)
        self.state.prompt = blend
        if changed and len(blend) == 1 and self.state.latent_frames:
            if self.model.pipeline.recache:
                self._recache(self._prompt)
            elif self.model.pipeline.rebuild:
                self._rebuild(self._prompt)
        return self._prompt

    def _recache(self, prompt: Prompt) -> None:
        """LongLive's prompt switch: the remembered frames once more, clean, under the new prompt.

        The sink keeps the old prompt's rows once frames have left the window; before that it is rewritten too.
        """
        made, window = self.state.latent_frames, self.model.pipeline.window
        count = made if made <= window else window - self.model.pipeline.sink
        view = self._memory.begin(self.state.memory, range(made - count, made))
        self._forward(self.state.history[:, :, -count:], self._embed_time(0.0), prompt, view)

    def _rebuild(self, prompt: Prompt) -> None:
        """Krea Realtime's memory: made anew from a few clean frames, block after block, before the next chunk."""
        assert self.state.recent_frames is not None
        pipeline = self.model.pipeline
        clean = frames_to_rebuild_from(
            self.state.history, self.state.latent_frames, pipeline, self.state.recent_frames, self.model.autoencoder
        )
        self._memory.clear(self.state.memory)
        start = 0
        for part in clean.split(pipeline.chunk, dim=2):
            view = self._memory.begin(self.state.memory, range(start, start + part.shape[2]))
            self._forward(part, self._embed_time(0.0), prompt, view)
            start += part.shape[2]

    def _remember_frames(self, frames: Tensor) -> None:
        if self.model.pipeline.rebuild:
            count = 1 + FRAMES_PER_LATENT * (self.model.pipeline.rebuild - 1)
            before = frames[:, :, :0] if self.state.recent_frames is None else self.state.recent_frames
            self.state.recent_frames = torch.cat((before, frames), dim=2)[:, :, -count:].clone()

    def _encode(self, controls: Controls) -> tuple[Context, Pinned | None]:
        """The chunk's 96-channel context, patch-embedded; not again where it is the very one of the chunk before.

        And, where they are wanted, the latents that the mask keeps.
        """
        gray = torch.zeros((1, 3, self.frames_wanted, self.height, self.width), device=self.model.device)
        source, mask = with_anchors(controls.source, controls.mask, controls.first, controls.last, gray)
        latents, self.state.context = encode_context(
            self.model.autoencoder, controls.control, source, mask, self.state.context, gray
        )
        if latents is not self._embedded[0]:
            self._embedded = (latents, self.model.transformer.embed_context(latents.to(self.model.dtype)))
        context = self._embedded[1]
        assert context is not None
        if mask is None or not controls.pin:
            return context, None
        return context, Pinned(latents[:, : self.state.history.shape[1]], kept_cells(mask))

    def _skip_context(self) -> tuple[None, None]:
        """Nothing is encoded: whatever the encoders remember will be out of date when they are needed again."""
        self.state.context = ContextState()
        return None, None

    def _enter(
        self, mode: str, prompt: Prompt, context: Context | None, pinned: Pinned | None, controls: Controls
    ) -> DenoisingState:
        """The next chunk, before its first step."""
        frames = self._frames(self.model.pipeline.chunk_frames(self.state.chunks))
        clean, schedule = self._start(controls, len(frames)), self._schedule(controls.noise)
        embedded = None if context is None else self._show(controls, prompt, len(schedule.timesteps))
        if context is not None and embedded is not None:
            context = attach_references(context, embedded)
        n = 0 if embedded is None else embedded.own_frames
        seed = controls.seed + self.state.chunks
        return DenoisingState(
            self.state.chunks,
            mode,
            frames,
            prompt,
            context,
            self._scales(controls, len(schedule.timesteps)),
            schedule,
            self._generator(seed),
            clean,
            embedded,
            clean.new_zeros((1, clean.shape[1], n, *clean.shape[3:])) if n else None,
            self._generator(seed + REFERENCE_SEED) if n else None,
            pinned,
        )

    def _show(self, controls: Controls, prompt: Prompt, steps: int) -> EmbeddedReferences | None:
        """The references of this chunk."""
        hinted = self._scales(controls, steps)[-1]
        clean = self._embed_time(0.0)
        return self._references(controls.references, controls.reference_mode, prompt, clean, hinted, self._adapted)

    def _scales(self, controls: Controls, steps: int) -> tuple[tuple[float, ...], ...]:
        """In each step, the scale of each context block."""
        scale = ContextScale(controls.scale, controls.layer_scale, controls.step_scale)
        layers = len(self.model.transformer.vace_blocks)
        return tuple(scale.at(step, steps, layers) for step in range(steps))

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self.model.device).manual_seed(seed)

    def _start(self, controls: Controls, frames: int) -> Tensor:
        """What the first noise is added to [1, C, f, h, w]: nothing, or the video's latents."""
        if controls.video is None or controls.noise == 1.0:
            self.state.video = None
            return torch.zeros((1, self.state.history.shape[1], frames, *self._size), device=self.model.device)
        latents, self.state.video = encode_on(self.model.autoencoder, controls.video, self.state.video)
        return self._statistics.restore(latents) if self.model.pipeline.raw_source else latents

    def _schedule(self, noise: float) -> Schedule:
        """The steps from so much noise down to the picture."""
        pipeline = self.model.pipeline
        steps = pipeline.video_steps or pipeline.steps
        if pipeline.stream_batch:
            return self._table.squeezed(noise, steps, pipeline.warp, pipeline.understated_noise)
        if noise == 1.0:
            return self._from_noise
        return self._table.from_video(noise, steps, pipeline.warp, pipeline.understated_noise)

    def _denoise(self, chunk: DenoisingState, hint_every: int) -> Tensor:
        """All of a chunk's steps, one after the other: its clean latents [1, C, f, h, w]."""
        besides = None if chunk.embedded is None else chunk.embedded.kv
        view = self._memory.begin(
            self.state.memory,
            chunk.frames,
            prompt=chunk.prompt,
            past_weight=self.model.pipeline.past_weight,
            beside=besides,
        )
        self._pass = view if besides is None else None
        hints: Sequence[Tensor] | None = None
        while not chunk.done:
            noisy, time = chunk.add_noise(), self._embed_time(chunk.timestep)
            if hint_every > 1 and chunk.context is not None and not chunk.steps % hint_every:
                hints = self._hints(noisy, time, chunk)
            flow = self._forward(noisy, time, chunk.prompt, view, chunk.context, chunk.scale, hints)
            chunk.update(noisy, flow)
        return chunk.clean

    def _hints(self, noisy: Tensor, time: Time, chunk: DenoisingState) -> list[Tensor]:
        """Hints that serve for more steps than this one."""
        assert chunk.context is not None
        transformer, latents = self.model.transformer, noisy.to(self.model.dtype)
        return transformer.hints(transformer.patchify(latents), time, chunk.prompt, chunk.context, latents)

    def _advance(self, batch: StaggeredMemory, entering: DenoisingState) -> Chunk:
        """One step of every chunk that is on its way, compatible ones in one pass; the last of them is done."""
        assert self.state.rows is not None
        denoising, row = [entering, *self.state.denoising], 0
        for run in group_compatible(denoising):
            view = batch.begin(self.state.rows, row, [chunk.frames for chunk in run])
            prompt, context = collate(run)
            times = [self._embed_time(chunk.timestep) for chunk in run]
            time = Time(torch.cat([time.head for time in times]), torch.cat([time.blocks for time in times]))
            noisy = torch.cat([chunk.add_noise() for chunk in run])
            flow = self._forward(noisy, time, prompt, view, context, run[0].scale)
            for chunk, own, its in zip(run, noisy.split(1), flow.split(1), strict=True):
                chunk.update(own, its)
            row += len(run)
        self.state.chunks += 1
        self.state.latent_frames += len(entering.frames)
        self.state.denoising = denoising
        if not denoising[-1].done:
            return Chunk(torch.zeros((1, 3, 0, self.height, self.width), device=self.model.device), entering.mode, -1)
        arrived = denoising.pop()
        frames, self.state.decoder = self.model.autoencoder.decode(arrived.clean, self.state.decoder)
        return Chunk(frames, arrived.mode, arrived.number)

    def _forward(
        self,
        latents: Tensor,
        time: Time,
        prompt: Prompt,
        view: WindowPass | StaggeredPass,
        context: Context | None = None,
        scale: Sequence[float] = (),
        hints: Sequence[Tensor] | None = None,
    ) -> Tensor:
        noisy = latents.to(self.model.dtype)
        flow = self.model.transformer(
            noisy, time, prompt, context, scale, memory=view.layers, turn=view.turn, hints=hints
        )
        return flow.float()

    def _require_possible(self, controls: Controls) -> None:
        controls.require_possible(self.frames_wanted, self.height, self.width)
        if controls.references and controls.reference_mode not in self.reference_modes:
            known = ", ".join(self.reference_modes)
            raise ValueError(f"references can be shown as {known} here, not as {controls.reference_mode!r}")
        if self._batch is not None and controls.hint_every > 1:
            raise ValueError(f"a stream batch makes hints anew in every step; hint_every is {controls.hint_every}")

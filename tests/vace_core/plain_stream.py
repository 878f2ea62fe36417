"""A stream by the rule written plainly (`plain_rule`): which passes run, in which order, and under which prompt."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from tests.vace_core.plain_rule import PlainMemory
from vace_core.conditioning import Conditions
from vace_core.conditioning.cache import ConditioningCache
from vace_core.conditioning.context import ContextState, encode_context
from vace_core.conditioning.reference_embedding import attach_references
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.sampling import Table
from vace_core.sampling.denoising import DenoisingState
from vace_core.text import blend_of
from vace_core.transformer import Context


class PlainStream:
    """Chunks from noise alone, with control and references; prompts and blends of prompts change as they like."""

    def __init__(self, model: Model, height: int, width: int) -> None:
        self.model, self.pipeline = model, model.pipeline
        self.latent_size = (height // 8, width // 8)
        self.grid = (height // 16, width // 16)
        self.cache = ConditioningCache(model)
        rule = self.pipeline
        steps = rule.video_steps or rule.steps if rule.stream_batch else rule.steps
        table = Table(rule.shift)
        self.schedule = (
            table.squeezed(1.0, steps, rule.warp, rule.understated_noise)
            if rule.stream_batch
            else table.schedule(steps, rule.warp)
        )
        self.memories = [PlainMemory(rule, self.grid) for _ in (steps if rule.stream_batch else (0,))]
        self.clean: list[Tensor] = []
        """Latents of the chunks made so far."""
        self.frames: list[Tensor] = []
        """Their pictures."""
        self.decoder = None
        self.context = ContextState()
        self.conditions = Conditions()

    @torch.inference_mode()
    def step(self, controls: Controls) -> Tensor:
        """Clean latents [1, C, f, h, w] of the next chunk."""
        before, blend = self.conditions, blend_of(controls.prompt)
        self.conditions = Conditions(prompt=blend, references=controls.references)
        made = torch.cat(self.clean, dim=2) if self.clean else None
        if made is not None and self.pipeline.rebuild:
            self._rebuild(made)
        elif made is not None and self.pipeline.recache and len(blend) == 1 and blend != before.prompt:
            self._recache(made)
        chunk = self._begin(controls, 0 if made is None else made.shape[2])
        self._denoise(chunk)
        if not self.pipeline.rebuild and not self.pipeline.stream_batch:
            self._pass(chunk.clean, chunk.frames, past_weight=self.pipeline.past_weight)
            self.memories[0].record(chunk.frames)
        pictures, self.decoder = self.model.autoencoder.decode(chunk.clean, self.decoder)
        self.clean.append(chunk.clean)
        self.frames.append(pictures)
        return chunk.clean

    @torch.inference_mode()
    def fork(self) -> PlainStream:
        """Another that runs on from here."""
        other = copy.copy(self)
        other.memories = copy.deepcopy(self.memories)
        other.clean, other.frames = list(self.clean), list(self.frames)
        return other

    def _begin(self, controls: Controls, made: int) -> DenoisingState:
        rule, number = self.pipeline, len(self.clean)
        count = rule.chunk_frames(number)
        start = min(made, rule.rebuild) if rule.rebuild else made
        assert controls.control is not None
        gray = torch.zeros_like(controls.control)
        latents, self.context = encode_context(self.model.autoencoder, controls.control, None, None, self.context, gray)
        context: Context = self.cache.context(latents)
        scales = ((controls.scale,) * len(rule.architecture.vace_layers),) * len(self.schedule.timesteps)
        embedded = self.cache.references(self.conditions, controls.reference_mode, scales[-1])
        if embedded is not None:
            context = attach_references(context, embedded)
        return DenoisingState(
            number=number,
            mode="",
            frames=range(start, start + count),
            conditions=self.conditions,
            prompt=self.cache.prompt(self.conditions),
            context=context,
            scales=scales,
            schedule=self.schedule,
            seed=controls.seed + number,
            clean=torch.zeros((1, rule.architecture.latent_channels, count, *self.latent_size)),
            embedded=embedded,
        )

    def _denoise(self, chunk: DenoisingState) -> None:
        """Each step reads the memory anew; of a stream batch, each step has its own."""
        references = None if chunk.embedded is None else chunk.embedded.kv
        for n in range(len(self.schedule.timesteps)):
            memory = self.memories[n if self.pipeline.stream_batch else 0]
            prompt = None if n and not self.pipeline.stream_batch else chunk.prompt
            turn = memory.begin(chunk.frames, prompt, self.pipeline.past_weight, references)
            noisy, time = chunk.add_noise(), self.cache.time(chunk.timestep)
            flow = self.model.transformer(
                noisy, time, chunk.prompt, chunk.context, chunk.scale, memory=memory.layers, turn=turn
            )
            chunk.update(noisy, flow)

    def _pass(self, clean: Tensor, frames: range, banks: bool = False, past_weight: float = 1.0) -> None:
        """A pass over clean latents at timestep 0, without context and references."""
        prompt = self.cache.prompt(self.conditions)
        turn = self.memories[0].begin(frames, prompt if banks else None, past_weight)
        self.model.transformer(clean, self.cache.time(0.0), prompt, memory=self.memories[0].layers, turn=turn)

    def _recache(self, made: Tensor) -> None:
        """The remembered frames under the new prompt; the sink only while nothing has left the window."""
        end, window = made.shape[2], self.pipeline.window
        count = end if end <= window else window - self.pipeline.sink
        self._pass(made[:, :, -count:], range(end - count, end), banks=True)

    def _rebuild(self, made: Tensor) -> None:
        """The stream's first latent while it is near, else one encoded again; then the latest, block after block."""
        rule, end = self.pipeline, made.shape[2]
        clean = made
        if end > rule.rebuild:
            first = made[:, :, :1]
            if end - rule.chunk >= rule.rebuild:
                pictures = torch.cat(self.frames, dim=2)[:, :, -(1 + 4 * (rule.rebuild - 1)) :]
                first, _ = self.model.autoencoder.encode(pictures[:, :, :1])
            clean = torch.cat((first, made[:, :, end - rule.rebuild + 1 :]), dim=2)
        self.memories[0].forget()
        for start in range(0, clean.shape[2], rule.chunk):
            part = clean[:, :, start : start + rule.chunk]
            self._pass(part, range(start, start + part.shape[2]))

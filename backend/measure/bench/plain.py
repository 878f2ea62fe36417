"""The plain path that the engine is measured against: the same weights and the same pictures, as published programs
make them.

What it does as they do: a prompt is encoded, and its keys and values made, once. A key is rotated once and kept in a
cache of the window's size, which each pass writes to in place; when the window is full the cache is rolled by a copy,
and where positions are counted from the window its keys are then rotated anew. Context and timestep are embedded in
every step, and grey is encoded like any other picture. It runs eagerly, with the same attention kernel.

What it is not: it is no published program, and no ratio to it is one to them. Some of those wait for the GPU hundreds
of times a chunk, leave a LoRA unmerged or compile their blocks, and it does none of that. It has a plain window and
sink, without references, recache and what a pipeline's policy adds to its memory (`policies`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vace_core.conditioning import ContextState, encode_context, infer_mode, with_anchors
from vace_core.conditioning.context import EncodedStream
from vace_core.config import Pipeline
from vace_core.constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.sampling import Table, add_noise, clean_from_flow
from vace_core.text import Embeddings, blend_of
from vace_core.transformer import Prompt
from vace_core.transformer.kernels import OWN, Kernels, attend
from vace_core.transformer.rope import rotate, rotation


class RollingCache:
    """One layer's keys and values [B, H, N, head] of the window's latent frames, oldest first."""

    def __init__(self, model: Model, rows: int) -> None:
        a, self.from_window = model.pipeline.architecture, model.pipeline.positions == "window"
        buffers = [
            torch.zeros((1, a.heads, rows, a.head_dim), device=model.device, dtype=model.dtype)
            for _ in range(3 if self.from_window else 2)
        ]
        self.rotated, self.values, *rest = buffers
        self.unrotated = rest[0] if rest else None
        self.own = slice(0, 0)
        self.turn = self.rotated

    def roll(self, sink: int, surplus: int) -> None:
        """Drop so many of the oldest rows behind the sink's."""
        for rows in (self.rotated, self.values, self.unrotated):
            if rows is not None:
                rows[:, :, sink:-surplus] = rows[:, :, sink + surplus :].clone()

    def begin(self, own: slice, turn: Tensor) -> None:
        """The next passes write these rows; turn: rotation of all rows up to their end."""
        self.own, self.turn = own, turn[:, own]
        if self.unrotated is not None:
            past = slice(0, own.start)
            self.rotated[:, :, past] = rotate(self.unrotated[:, :, past], turn[:, past])

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, kernels: Kernels) -> Tensor:
        self.rotated[:, :, self.own] = rotate(keys, self.turn)
        self.values[:, :, self.own] = values
        if self.unrotated is not None:
            self.unrotated[:, :, self.own] = keys
        visible = slice(0, self.own.stop)
        return attend(queries, self.rotated[:, :, visible], self.values[:, :, visible], kernels=kernels)


class PlainMemory:
    """A cache for each layer, and which latent frames they hold."""

    def __init__(self, model: Model, grid: tuple[int, int]) -> None:
        self.pipeline: Pipeline = model.pipeline
        self.grid, self.per_frame = grid, grid[0] * grid[1]
        self.head_dim, self.device = model.pipeline.architecture.head_dim, model.device
        self.frames: list[int] = []
        self.layers = [RollingCache(model, self.pipeline.window * self.per_frame) for _ in model.transformer.blocks]

    def begin(self, count: int) -> Tensor:
        """Make room for a chunk of so many latent frames; the rotation of its queries [2, N, head]."""
        first, sink = (self.frames[-1] + 1 if self.frames else 0), self.pipeline.sink
        surplus = len(self.frames) + count - self.pipeline.window
        if surplus > 0:
            self.frames = self.frames[:sink] + self.frames[sink + surplus :]
        start, rows = len(self.frames), self.per_frame
        self.frames += range(first, first + count)
        positions = self.frames if self.pipeline.positions == "absolute" else range(len(self.frames))
        turn = rotation(positions, *self.grid, self.head_dim, self.device)
        for layer in self.layers:
            if surplus > 0:
                layer.roll(sink * rows, surplus * rows)
            layer.begin(slice(start * rows, (start + count) * rows), turn)
        return turn[:, start * rows :]


class PlainStream:
    """`vace_core.Stream.step`, without its references, recache and snapshots. kernels: what its attention runs on."""

    def __init__(self, model: Model, height: int, width: int, kernels: Kernels = OWN) -> None:
        self.model = model
        self.transformer = model.transformer.running_on(kernels)
        self.size = (height, width)
        patch = self.transformer.architecture.patch
        self.latent_size = (height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
        self.table = Table(model.pipeline.shift)
        self.memory = PlainMemory(model, (self.latent_size[0] // patch[1], self.latent_size[1] // patch[2]))
        self.prompts: dict[object, Prompt] = {}
        self.context = ContextState()
        self.decoder = None
        self.chunks = 0

    @torch.inference_mode()
    def step(self, controls: Controls) -> Tensor:
        """Frames [1, 3, F, H, W] of the next chunk."""
        turn = self.memory.begin(self.model.pipeline.chunk_frames(self.chunks))
        clean = self._denoise(controls, turn, self._encode(controls))
        frames, self.decoder = self.model.autoencoder.decode(clean, self.decoder)
        self._flow(clean, 0.0, controls, turn, None)
        self.chunks += 1
        return frames

    def _encode(self, controls: Controls) -> Tensor | None:
        """The chunk's 96-channel context; None, and nothing remembered, where it is made from text alone."""
        if infer_mode(controls) == "text":
            self.context = ContextState()
            return None
        count = self.model.pipeline.chunk_frames(self.chunks)
        frames = FRAMES_PER_LATENT * count - (0 if self.chunks else FRAMES_PER_LATENT - 1)
        gray = torch.zeros((1, 3, frames, *self.size), device=self.model.device)
        source, mask = with_anchors(controls.source, controls.mask, controls.first, controls.last, gray)
        state = ContextState(_encoded_again(self.context.inactive), _encoded_again(self.context.reactive))
        context, self.context = encode_context(self.model.autoencoder, controls.control, source, mask, state, gray)
        return context

    def _denoise(self, controls: Controls, turn: Tensor, context: Tensor | None) -> Tensor:
        pipeline, device = self.model.pipeline, self.model.device
        shape = (1, pipeline.architecture.latent_channels, pipeline.chunk_frames(self.chunks), *self.latent_size)
        noise = torch.Generator(device=device).manual_seed(controls.seed + self.chunks)
        clean = torch.zeros(shape, device=device)
        schedule = self.table.schedule(pipeline.chunk_steps(self.chunks), pipeline.warp)
        for timestep, sigma in zip(schedule.timesteps, schedule.sigmas, strict=True):
            noisy = add_noise(clean, torch.randn(shape, generator=noise, device=device), sigma)
            clean = clean_from_flow(noisy, self._flow(noisy, timestep, controls, turn, context), sigma)
        return clean

    def _flow(
        self, latents: Tensor, timestep: float, controls: Controls, turn: Tensor, context: Tensor | None
    ) -> Tensor:
        transformer, dtype = self.transformer, self.model.dtype
        return transformer(
            latents.to(dtype),
            transformer.embed_time(torch.tensor([[timestep]], device=self.model.device)),
            self._prompt(controls),
            None if context is None else transformer.embed_context(context.to(dtype)),
            controls.scale,
            memory=self.memory.layers,
            turn=turn,
        ).float()

    def _prompt(self, controls: Controls) -> Prompt:
        """Encoded, with its keys and values, when it is met for the first time."""
        blend = blend_of(controls.prompt)
        if blend not in self.prompts:
            text = Embeddings(self.model.text.encode)(blend)
            self.prompts[blend] = self.transformer.embed_prompt(text.to(self.model.dtype))
        return self.prompts[blend]


def _encoded_again(stream: EncodedStream) -> EncodedStream:
    """Where a stream stands, without the latents of grey that a settled one keeps."""
    return EncodedStream(stream.encoder, stream.gray_latents)

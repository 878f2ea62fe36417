"""The plain path that the engine is measured against: the same weights and the same pictures, written naively.

No static buffers: what is remembered grows by concatenation and is cut by slicing, every key is rotated at every
read. No reuse: timesteps, prompt and context are embedded again at every step, and grey is encoded again in every
chunk. It has no deliberate slowness; it is what one writes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vace_core.conditioning import ContextState, encode_context, infer_mode, with_anchors
from vace_core.conditioning.context import EncodedStream
from vace_core.config import Pipeline
from vace_core.constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.sampling import Table, add_noise, clean_from_flow
from vace_core.text import Blend, Embeddings, blend_of
from vace_core.transformer.kernels import attend
from vace_core.transformer.rope import rotate, rotation


@dataclass
class GrowingMemory:
    """One layer's past: keys (unrotated) and values [B, H, N, head] of the latent frames in `frames`, oldest first."""

    pipeline: Pipeline
    grid: tuple[int, int]
    frames: list[int]
    keys: Tensor | None = None
    values: Tensor | None = None
    pending: tuple[list[int], Tensor, Tensor] | None = None

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        own = keys.shape[2] // (self.grid[0] * self.grid[1])
        begin = self.frames[-1] + 1 if self.frames else 0
        frames = [*self.frames, *range(begin, begin + own)]
        if self.keys is not None and self.values is not None:
            keys, values = torch.cat((self.keys, keys), dim=2), torch.cat((self.values, values), dim=2)
        frames, keys, values = self.kept(frames, keys, values)
        self.pending = (frames, keys, values)
        turned = rotate(keys, rotation(self.positions(frames), *self.grid, keys.shape[-1], keys.device))
        return attend(queries, turned, values)

    def positions(self, frames: list[int]) -> list[int]:
        return frames if self.pipeline.positions == "absolute" else list(range(len(frames)))

    def kept(self, frames: list[int], keys: Tensor, values: Tensor) -> tuple[list[int], Tensor, Tensor]:
        """The sink and as many of the newest as fit into the window."""
        surplus = len(frames) - self.pipeline.window
        if surplus <= 0:
            return frames, keys, values
        per_frame, sink = self.grid[0] * self.grid[1], self.pipeline.sink

        def cut(rows: Tensor) -> Tensor:
            return torch.cat((rows[:, :, : sink * per_frame], rows[:, :, (sink + surplus) * per_frame :]), dim=2)

        return frames[:sink] + frames[sink + surplus :], cut(keys), cut(values)

    def commit(self) -> None:
        assert self.pending is not None
        self.frames, self.keys, self.values = self.pending


class PlainStream:
    """`vace_core.Stream.step`, without its references, recache and snapshots."""

    def __init__(self, model: Model, height: int, width: int) -> None:
        self.model = model
        self.size = (height, width)
        patch = model.transformer.architecture.patch
        self.latent_size = (height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
        self.grid = (self.latent_size[0] // patch[1], self.latent_size[1] // patch[2])
        self.table = Table(model.pipeline.shift)
        self.memory = [GrowingMemory(model.pipeline, self.grid, []) for _ in model.transformer.blocks]
        self.context = ContextState()
        self.decoder = None
        self.chunks = 0

    @torch.inference_mode()
    def step(self, controls: Controls) -> Tensor:
        """Frames [1, 3, F, H, W] of the next chunk."""
        clean = self._denoise(controls, self._encode(controls) if infer_mode(controls) != "text" else None)
        frames, self.decoder = self.model.autoencoder.decode(clean, self.decoder)
        self._flow(clean, 0.0, controls.prompt, None, 0.0)
        for layer in self.memory:
            layer.commit()
        self.chunks += 1
        return frames

    def _encode(self, controls: Controls) -> Tensor:
        frames = FRAMES_PER_LATENT * self.model.pipeline.chunk - (0 if self.chunks else FRAMES_PER_LATENT - 1)
        gray = torch.zeros((1, 3, frames, *self.size), device=self.model.device)
        source, mask = with_anchors(controls.source, controls.mask, controls.first, controls.last, gray)
        # Without the latents that a settled stream keeps, everything is encoded again.
        state = ContextState(EncodedStream(self.context.inactive.encoder), EncodedStream(self.context.reactive.encoder))
        context, self.context = encode_context(self.model.autoencoder, controls.control, source, mask, state, gray)
        return context

    def _denoise(self, controls: Controls, context: Tensor | None) -> Tensor:
        channels = self.model.transformer.architecture.latent_channels
        shape = (1, channels, self.model.pipeline.chunk, *self.latent_size)
        noise = torch.Generator(device=self.model.device).manual_seed(controls.seed + self.chunks)
        clean = torch.zeros(shape, device=self.model.device)
        schedule = self.table.schedule(self.model.pipeline.chunk_steps(self.chunks), self.model.pipeline.warp)
        for timestep, sigma in zip(schedule.timesteps, schedule.sigmas, strict=True):
            noisy = add_noise(clean, torch.randn(shape, generator=noise, device=self.model.device), sigma)
            flow = self._flow(noisy, timestep, controls.prompt, context, controls.scale)
            clean = clean_from_flow(noisy, flow, sigma)
        return clean

    def _flow(
        self, latents: Tensor, timestep: float, prompt: str | Blend, context: Tensor | None, scale: float
    ) -> Tensor:
        transformer, dtype = self.model.transformer, self.model.dtype
        text = Embeddings(self.model.text.encode)(blend_of(prompt))
        return transformer(
            latents.to(dtype),
            transformer.embed_time(torch.tensor([[timestep]], device=self.model.device)),
            transformer.embed_prompt(text.to(dtype)),
            None if context is None else transformer.embed_context(context.to(dtype)),
            scale,
            memory=self.memory,
            turn=self._turn(latents.shape[2]),
        ).float()

    def _turn(self, count: int) -> Tensor:
        """Rotation of a chunk's queries: of the frames that its keys are about to be."""
        layer = self.memory[0]
        begin = layer.frames[-1] + 1 if layer.frames else 0
        if layer.pipeline.positions == "window":
            begin = min(len(layer.frames), layer.pipeline.window - count)
        head_dim = self.model.transformer.architecture.head_dim
        return rotation(range(begin, begin + count), *self.grid, head_dim, self.model.device)

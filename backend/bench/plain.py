"""The plain path that the engine is measured against: the same weights and the same result, written naively.

No static buffers: what is remembered grows by concatenation and is cut by slicing, every key is rotated at every
read. No reuse: timesteps, prompt and context are embedded again at every step, and every stream is encoded whether
it changed or not. It has no deliberate slowness; it is what one writes first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from vace_core.model import Model
from vace_core.sampling import Table, add_noise, clean_from_flow
from vace_core.transformer.rope import rotate, rotation


@dataclass
class GrowingMemory:
    """One layer's past: unrotated keys and values [B, H, N, head] of committed frames, and this chunk's."""

    rows: int
    columns: int
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    pending: tuple[Tensor, Tensor] | None = None

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        self.pending = (keys, values)
        all_keys, all_values = torch.cat([*self.keys, keys], dim=2), torch.cat([*self.values, values], dim=2)
        frames = all_keys.shape[2] // (self.rows * self.columns)
        return rotate(
            all_keys, rotation(range(frames), self.rows, self.columns, keys.shape[-1], keys.device)
        ), all_values

    def commit(self, chunks: int) -> None:
        """Keep this chunk, and of the earlier ones only as many as the window holds beside the next."""
        assert self.pending is not None
        self.keys = [*self.keys, self.pending[0]][-chunks:]
        self.values = [*self.values, self.pending[1]][-chunks:]


class PlainStream:
    """Chunks of a pipeline whose positions count from the window and that has no sink, as the pocket model's."""

    def __init__(self, model: Model, height: int, width: int) -> None:
        pipeline = model.pipeline
        if pipeline.sink or pipeline.positions != "window":
            raise ValueError(f"the plain path knows no sink and no absolute positions; {pipeline.name} has them")
        self.model = model
        self.latent_size = (height // 8, width // 8)
        patch = model.transformer.architecture.patch
        self.grid = (self.latent_size[0] // patch[1], self.latent_size[1] // patch[2])
        self.schedule = Table(pipeline.shift).schedule(pipeline.steps, pipeline.warp)
        self.memory = [GrowingMemory(*self.grid) for _ in model.transformer.blocks]
        self.chunks = 0

    @torch.inference_mode()
    def denoise(self, text: str, context: Tensor | None, scale: float, seed: int) -> Tensor:
        """Clean latents [1, C, f, h, w] of the next chunk from its 96-channel context [1, 96, f, h, w]."""
        channels = self.model.transformer.architecture.latent_channels
        shape = (1, channels, self.model.pipeline.chunk, *self.latent_size)
        noise = torch.Generator(device=self.model.device).manual_seed(seed + self.chunks)
        clean = torch.zeros(shape, device=self.model.device)
        for timestep, sigma in zip(self.schedule.timesteps, self.schedule.sigmas, strict=True):
            noisy = add_noise(clean, torch.randn(shape, generator=noise, device=self.model.device), sigma)
            clean = clean_from_flow(noisy, self._flow(noisy, timestep, text, context, scale), sigma)
        self._flow(clean, 0.0, text, None, 0.0)
        for layer in self.memory:
            layer.commit(self.model.pipeline.window // self.model.pipeline.chunk - 1)
        self.chunks += 1
        return clean

    def _flow(self, latents: Tensor, timestep: float, text: str, context: Tensor | None, scale: float) -> Tensor:
        transformer, dtype = self.model.transformer, self.model.dtype
        past = sum(keys.shape[2] for keys in self.memory[0].keys) // (self.grid[0] * self.grid[1])
        frames = range(past, past + latents.shape[2])
        return transformer(
            latents.to(dtype),
            transformer.embed_time(torch.tensor([[timestep]], device=self.model.device)),
            transformer.embed_prompt(self.model.text.encode(text).to(dtype)),
            None if context is None else transformer.embed_context(context.to(dtype)),
            scale,
            memory=self.memory,
            turn=rotation(frames, *self.grid, transformer.architecture.head_dim, latents.device),
        ).float()

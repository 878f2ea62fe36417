"""The few-step sampler: a chunk from noise to clean latents, before the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from ..conditioning import REFERENCE_MODES
from ..conditioning.cache import ConditioningCache
from ..config import Pipeline
from ..controls import Controls
from ..memory import StaggeredState, WindowMemory, WindowState
from ..memory.forward import make_hints, predict_flow
from ..memory.window import REFERENCES
from ..passes import Passes
from ..progress import Progress
from ..state import StreamState
from .denoising import DenoisingState
from .schedule import Schedule, Table


class ChunkSampler(Protocol):
    """What a stream needs of a sampler; the other one is `stream_batch.StreamBatch`."""

    reference_modes: ClassVar[tuple[str, ...]]
    """In what ways references can be shown."""

    def init_memory(self, device: torch.device, dtype: torch.dtype) -> tuple[WindowState, StaggeredState | None]:
        """An empty memory, made once a stream; of a stream batch, that of all its rows too."""
        ...

    def require_possible(self, controls: Controls) -> None:
        """Raises ValueError for controls that this sampler cannot follow."""
        ...

    def schedule(self, noise: float, chunk: int) -> Schedule:
        """The steps of the stream's chunk of that number, from so much noise (0..1) down to the clean latents."""
        ...

    def denoise(
        self,
        entering: DenoisingState,
        state: StreamState,
        cache: ConditioningCache,
        passes: Passes,
        progress: Progress,
    ) -> DenoisingState | None:
        """Begin a chunk, and hand back the one that is done: this one, an earlier one, or None for "not yet".

        `progress` is told of each step.
        """
        ...


class Sampler:
    """All steps of a chunk, one after the other."""

    reference_modes: ClassVar[tuple[str, ...]] = REFERENCE_MODES

    def __init__(self, pipeline: Pipeline, memory: WindowMemory) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self._table = Table(pipeline.shift)
        self._from_noise = [self._table.schedule(pipeline.chunk_steps(n), pipeline.warp) for n in range(2)]
        """Of a stream's first chunk, and of all others."""

    def init_memory(self, device: torch.device, dtype: torch.dtype) -> tuple[WindowState, None]:
        return self._memory.init_state(1, device, dtype, REFERENCES), None

    def require_possible(self, controls: Controls) -> None:
        pass

    def schedule(self, noise: float, chunk: int) -> Schedule:
        if noise == 1.0:
            return self._from_noise[min(chunk, 1)]
        pipeline = self._pipeline
        steps = pipeline.video_steps or pipeline.chunk_steps(chunk)
        schedule = self._table.squeezed if pipeline.full_video_steps else self._table.from_video
        return schedule(noise, steps, pipeline.warp, pipeline.understated_noise)

    def denoise(
        self,
        entering: DenoisingState,
        state: StreamState,
        cache: ConditioningCache,
        passes: Passes,
        progress: Progress,
    ) -> DenoisingState:
        chunk = entering
        view = self._memory.begin(
            state.memory,
            chunk.frames,
            prompt=chunk.prompt,
            past_weight=self._pipeline.past_weight,
            references=None if chunk.embedded is None else chunk.embedded.kv,
        )
        hints: Sequence[Tensor] | None = None
        scales = cache.scales(chunk.scales)
        while not chunk.done:
            noisy, time = chunk.add_noise(), cache.time(chunk.timestep)
            if chunk.hint_every > 1 and chunk.context is not None and not chunk.steps % chunk.hint_every:
                hints = make_hints(passes, cache.transformer, noisy, time, chunk.prompt, chunk.context)
            context = chunk.context if any(chunk.scale) else None
            flow = predict_flow(
                passes, cache.transformer, noisy, time, chunk.prompt, view, context, scales[chunk.steps], hints
            )
            chunk.update(noisy, flow)
            progress.stepped()
        return chunk

"""StreamDiffusion V2's stream batch: one step of several chunks at once, each step with a memory of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import ClassVar

import torch

from ..conditioning import REFERENCE_MODES
from ..conditioning.cache import ConditioningCache
from ..config import Pipeline
from ..controls import Controls
from ..memory import StaggeredMemory, StaggeredState, WindowMemory, WindowState
from ..memory.forward import predict_flow
from ..passes import Passes
from ..progress import Progress
from ..state import StreamState
from ..transformer import Context, Prompt, References, Time
from .denoising import DenoisingState
from .schedule import Schedule, Table


class StreamBatch:
    """A chunk is done as many chunks after it began as there are steps, less one. Interface as `sampler.Sampler`."""

    reference_modes: ClassVar[tuple[str, ...]] = REFERENCE_MODES[:1]
    """Its passes have the chunks' own frames only."""

    def __init__(self, pipeline: Pipeline, memory: WindowMemory) -> None:
        self._pipeline = pipeline
        self._steps = pipeline.video_steps or pipeline.steps
        self._memory = StaggeredMemory(memory, len(self._steps))
        self._table = Table(pipeline.shift)

    def init_memory(self, device: torch.device, dtype: torch.dtype) -> tuple[WindowState, StaggeredState]:
        rows = self._memory.init_state(device, dtype)
        return rows.rows[0], rows

    def require_possible(self, controls: Controls) -> None:
        if controls.hint_every > 1:
            raise ValueError(f"a stream batch makes hints anew in every step; hint_every is {controls.hint_every}")

    def schedule(self, noise: float, chunk: int) -> Schedule:
        """All steps, from so much noise down: the batch has a row for each."""
        return self._table.squeezed(noise, self._steps, self._pipeline.warp, self._pipeline.understated_noise)

    def denoise(
        self,
        entering: DenoisingState,
        state: StreamState,
        cache: ConditioningCache,
        passes: Passes,
        progress: Progress,
    ) -> DenoisingState | None:
        """One step of every chunk that is on its way, compatible ones in one pass; the one that is done, if any is."""
        assert state.rows is not None
        denoising, row = [entering, *state.denoising], 0
        for run in group_compatible(denoising):
            view = self._memory.begin(state.rows, row, [chunk.frames for chunk in run])
            prompt, context = collate(run)
            time = Time.cat([cache.time(chunk.timestep) for chunk in run], dim=0)
            noisy = torch.cat([chunk.add_noise() for chunk in run])
            scale = cache.scales((run[0].scale,))[0]
            context = context if any(run[0].scale) else None
            flow = predict_flow(passes, cache.transformer, noisy, time, prompt, view, context, scale)
            for chunk, own_noisy, own_flow in zip(run, noisy.split(1), flow.split(1), strict=True):
                chunk.update(own_noisy, own_flow)
            row += len(run)
            progress.stepped()
        state.latent_frames += len(entering.frames)
        state.denoising = denoising
        return denoising.pop() if denoising[-1].done else None


def group_compatible(denoising: Sequence[DenoisingState]) -> Iterator[list[DenoisingState]]:
    """Runs of neighbours that one forward can take: as large as each other, of equal conditions and scale."""

    def what(chunk: DenoisingState) -> tuple[object, ...]:
        tokens = None if chunk.context is None else chunk.context.tokens.shape
        return (len(chunk.frames), tokens, chunk.conditions, chunk.scale)

    return (list(run) for _, run in groupby(denoising, what))


def collate(denoising: Sequence[DenoisingState]) -> tuple[Prompt, Context | None]:
    """The prompt that a run of compatible chunks shares, and its contexts, a row each."""
    prompt = denoising[0].prompt
    contexts = [chunk.context for chunk in denoising if chunk.context is not None]
    if not contexts:
        return prompt, None
    tokens = torch.cat([context.tokens for context in contexts])
    return prompt, Context(tokens, _all(contexts))


def _all(contexts: Sequence[Context]) -> References | None:
    """The references of several rows; those of compatible chunks are equally many and equally strong."""
    rows = [context.references for context in contexts if context.references is not None]
    if not rows:
        return None
    tokens, clean = torch.cat([row.tokens for row in rows]), torch.cat([row.clean for row in rows])
    return References(tokens, clean, rows[0].weight)

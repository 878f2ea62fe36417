"""How a finished chunk gets into the memory, and what becomes of the memory when the prompt changes.

One of three, by the pipeline. A clean pass reads the chunk's clean latents once more, at timestep 0; on a change of the
prompt it may recache: read the remembered frames again, under the new prompt (LongLive, MemFlow). A rebuilt memory is
made anew before every chunk (Krea Realtime). A stream batch needs neither: its steps write what its rows remember.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ..autoencoder import Autoencoder
from ..conditioning.cache import ConditioningCache
from ..config import Pipeline
from ..constants import FRAMES_PER_LATENT
from ..passes import Passes
from ..state import StreamState
from .forward import predict_flow
from .rebuild import frames_to_rebuild_from
from .window import WindowMemory


class Refresh(Protocol):
    """The rule. What it works on is the stream's state."""

    def next_frames(self, state: StreamState, count: int) -> range:
        """Where the next so many latent frames stand in time."""
        ...

    def note_chunk(self, state: StreamState, clean: Tensor, frames: Tensor) -> None:
        """A chunk is done: clean latents [1, C, f, h, w], decoded to frames [1, 3, F, H, W]."""
        ...

    def settle(self, state: StreamState, cache: ConditioningCache, passes: Passes) -> None:
        """Bring the memory up to the chunk noted last, if it is not yet."""
        ...

    def note_prompt(self, state: StreamState, cache: ConditioningCache, passes: Passes, changed: bool) -> None:
        """A chunk begins under the prompt of the state's conditions, or a blend. changed: it is another than before."""
        ...


def refresh_of(pipeline: Pipeline, memory: WindowMemory, autoencoder: Autoencoder) -> Refresh:
    """The rule of a pipeline."""
    if pipeline.stream_batch:
        return WrittenByTheSteps()
    if pipeline.rebuild:
        return Rebuild(pipeline, memory, autoencoder)
    return CleanPass(pipeline, memory)


class WrittenByTheSteps:
    """A stream batch: there is nothing left to do."""

    def next_frames(self, state: StreamState, count: int) -> range:
        return range(state.latent_frames, state.latent_frames + count)

    def note_chunk(self, state: StreamState, clean: Tensor, frames: Tensor) -> None:
        pass

    def settle(self, state: StreamState, cache: ConditioningCache, passes: Passes) -> None:
        pass

    def note_prompt(self, state: StreamState, cache: ConditioningCache, passes: Passes, changed: bool) -> None:
        pass


class CleanPass:
    """One more pass over each chunk, without noise, context and references.

    References are no part of history: what is remembered of a chunk has not seen them in the main path.
    """

    def __init__(self, pipeline: Pipeline, memory: WindowMemory) -> None:
        self._pipeline = pipeline
        self._memory = memory

    def next_frames(self, state: StreamState, count: int) -> range:
        return range(state.latent_frames, state.latent_frames + count)

    def note_chunk(self, state: StreamState, clean: Tensor, frames: Tensor) -> None:
        state.unsettled = clean

    def settle(self, state: StreamState, cache: ConditioningCache, passes: Passes) -> None:
        clean = state.unsettled
        if clean is None:
            return
        frames = self.next_frames(state, clean.shape[2])
        view = self._memory.begin(state.memory, frames, past_weight=self._pipeline.past_weight)
        predict_flow(passes, cache.transformer, clean, cache.time(0.0), cache.prompt(state.conditions), view)
        self._memory.commit(state.memory, frames)
        state.remember(clean)

    def note_prompt(self, state: StreamState, cache: ConditioningCache, passes: Passes, changed: bool) -> None:
        """Recache, where the pipeline does: for a new prompt at once, for a blend when it is held.

        A blend that changes from chunk to chunk, as in a fade or under a hand on the crossfader, is on its way, and
        would cost a pass each time; it is held when a second chunk begins under it. The sink keeps the old prompt's
        rows once frames have left the window; before that it is rewritten too. A frame that waits for the bank is
        banked first, by the new prompt, as published.
        """
        if not self._pipeline.recache or not state.latent_frames:
            return
        moving, state.blend_moved = state.blend_moved, changed and len(state.conditions.prompt) > 1
        if state.blend_moved or not (changed or moving):
            return
        end, window = state.latent_frames, self._pipeline.window
        count = end if end <= window else window - self._pipeline.sink
        frames, prompt = range(end - count, end), cache.prompt(state.conditions)
        view = self._memory.begin(state.memory, frames, prompt=prompt)
        predict_flow(passes, cache.transformer, state.history[:, :, -count:], cache.time(0.0), prompt, view)


class Rebuild:
    """The memory made anew from a few clean frames, block after block, before the next chunk."""

    def __init__(self, pipeline: Pipeline, memory: WindowMemory, autoencoder: Autoencoder) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self._autoencoder = autoencoder

    def next_frames(self, state: StreamState, count: int) -> range:
        """Directly behind the frames that the memory is rebuilt from, which begin at 0 again and again."""
        start = min(state.latent_frames, self._pipeline.rebuild)
        return range(start, start + count)

    def note_chunk(self, state: StreamState, clean: Tensor, frames: Tensor) -> None:
        """Keep the decoded frames of as many latents as the memory is rebuilt from."""
        state.unsettled = clean
        count = 1 + FRAMES_PER_LATENT * (self._pipeline.rebuild - 1)
        before = frames[:, :, :0] if state.recent_frames is None else state.recent_frames
        state.recent_frames = torch.cat((before, frames), dim=2)[:, :, -count:].clone()

    def settle(self, state: StreamState, cache: ConditioningCache, passes: Passes) -> None:
        if state.unsettled is None:
            return
        state.remember(state.unsettled)
        self._rebuild(state, cache, passes)

    def note_prompt(self, state: StreamState, cache: ConditioningCache, passes: Passes, changed: bool) -> None:
        """Rebuild once more: what a chunk attends to is made under its own prompt, also where that is a blend."""
        if changed and state.latent_frames:
            self._rebuild(state, cache, passes)

    def _rebuild(self, state: StreamState, cache: ConditioningCache, passes: Passes) -> None:
        assert state.recent_frames is not None
        clean = frames_to_rebuild_from(
            state.history, state.latent_frames, self._pipeline, state.recent_frames, self._autoencoder
        )
        time, prompt, start = cache.time(0.0), cache.prompt(state.conditions), 0
        state.memory.clear()
        for part in clean.split(self._pipeline.chunk, dim=2):
            view = self._memory.begin(state.memory, range(start, start + part.shape[2]))
            predict_flow(passes, cache.transformer, part, time, prompt, view)
            start += part.shape[2]

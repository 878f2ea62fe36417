"""LongLive 1.0: eight chunks through a 12-frame window with a 3-frame sink, and three prompt switches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.config import Pipeline
from vace_core.memory import WindowMemory, WindowPass
from vace_core.transformer import Prompt

from .small import TOLERANCE, timestep, transformer


class Run:
    """One stream over a pair's weights: forwards by latent frame, with LongLive's memory or another."""

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        config: Mapping[str, Any],
        rule: Callable[[Pipeline], Pipeline] = lambda longlive: longlive,
    ) -> None:
        self.model = transformer(tensors, config)
        longlive = Pipeline(
            "reference", self.model.architecture, window=config["local_attn_size"], sink=config["sink_size"]
        )
        self.memory = WindowMemory(self.model.architecture, config["H"], config["W"], rule(longlive))
        self.state = self.memory.init_state(1, "cpu", torch.float32)

    def __call__(
        self, latents: Tensor, t: float, start: int, prompt: Prompt, slots: list[int | None] | None = None
    ) -> Tensor:
        frames = range(start, start + latents.shape[2])
        return self.through(self.memory.begin(self.state, frames, slots), latents, t, prompt)

    def through(self, view: WindowPass, latents: Tensor, t: float, prompt: Prompt) -> Tensor:
        """A forward over a chunk that the memory is prepared for."""
        return self.model(latents, self.model.embed_time(timestep(t)), prompt, memory=view.layers, turn=view.turn)

    def cache(
        self, tensors: Mapping[str, Tensor], prefix: str, rotated: bool = True
    ) -> Iterator[tuple[str, Tensor, Tensor, float]]:
        """Published caches hold frames in the order of time, [B, N, H, D], keys rotated or not."""
        filled = range(self.memory.slots - self.state.frames.count(-1))
        order = sorted(filled, key=lambda slot: self.state.frames[slot])
        for n, layer in enumerate(self.state.layers):
            for kind, buffer in (("k", layer.rotated if rotated else layer.keys), ("v", layer.values)):
                name = f"{prefix}.layer{n}.{kind}"
                if name in tensors and buffer is not None:
                    rows = buffer.unflatten(2, (self.memory.slots, -1))[:, :, order].flatten(2, 3).transpose(1, 2)
                    expected = tensors[name][:, : rows.shape[1]]
                    yield f"{prefix.removeprefix('out.')}, layer {n} {kind}", rows, expected, TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    yield from _chunks(tensors, info)
    yield from _switch(tensors, info, "late_global_sink", chunks=5, slots=[None] * 3 + _ring(6, 9))
    yield from _switch(tensors, info, "early_global_sink", chunks=3, slots=None)
    yield from _switch(tensors, info, "late_no_global_sink", chunks=5, slots=[0, 1, 2, *_ring(6, 9)])


def _ring(start: int, count: int) -> list[int | None]:
    return [3 + (frame - 3) % 9 for frame in range(start, start + count)]


def _chunks(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    run = Run(tensors, info["config"])
    prompt = run.model.embed_prompt(tensors["in.context"])
    for i in range(info["config"]["chunks"]):
        noisy, clean = tensors[f"in.chunk{i}.noisy"], tensors[f"in.chunk{i}.clean"]
        out = f"out.chunk{i}"
        yield f"chunk {i}, noisy", run(noisy, 750.0, 3 * i, prompt), tensors[f"{out}.noisy"], TOLERANCE
        if f"{out}.noisy_second_step" in tensors:
            second = run(0.5 * clean + 0.5 * noisy, 500.0, 3 * i, prompt)
            yield f"chunk {i}, second step", second, tensors[f"{out}.noisy_second_step"], TOLERANCE
        yield f"chunk {i}, clean", run(clean, 0.0, 3 * i, prompt), tensors[f"{out}.clean"], TOLERANCE
        yield from run.cache(tensors, f"out.cache_after_chunk{i}")


def _switch(
    tensors: Mapping[str, Tensor],
    info: Mapping[str, Any],
    name: str,
    chunks: int,
    slots: list[int | None] | None,
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """Chunks under one prompt, then the remembered frames under another, then two more chunks."""
    run = Run(tensors, info["config"])
    old = run.model.embed_prompt(tensors["in.context"])
    clean = [tensors[f"in.chunk{i}.clean"] for i in range(info["config"]["chunks"])]
    for i in range(chunks):
        run(tensors[f"in.chunk{i}.noisy"], 750.0, 3 * i, old)
        run(clean[i], 0.0, 3 * i, old)
    new = run.model.embed_prompt(tensors["in.context_new"])
    remembered = torch.cat(clean[:chunks], dim=2)[:, :, -12:]
    start = 3 * chunks - remembered.shape[2]
    prefix = f"out.recache_{name}"
    yield f"{name}, recache", run(remembered, 0.0, start, new, slots), tensors[f"{prefix}.forward"], TOLERANCE
    yield from run.cache(tensors, prefix)
    following = 3 * chunks
    ours = run(tensors[f"in.chunk{chunks}.noisy"], 750.0, following, new)
    yield f"{name}, next noisy", ours, tensors[f"{prefix}.next_noisy"], TOLERANCE
    ours = run(clean[chunks], 0.0, following, new)
    yield f"{name}, next clean", ours, tensors[f"{prefix}.next_clean"], TOLERANCE
    ours = run(tensors[f"in.chunk{chunks + 1}.noisy"], 750.0, following + 3, new)
    yield f"{name}, next but one", ours, tensors[f"{prefix}.next2_noisy"], TOLERANCE

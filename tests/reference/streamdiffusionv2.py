"""StreamDiffusion V2: chunks of one latent frame, a six-frame window with a three-frame sink; and the same by threes.

The pair also holds the original repository's ring buffer. It is not ours: its test for a full cache fires in the second
pass of the frame that fills it, so that the two passes of one frame land in different slots and the frames attended to
depend on how many steps came before. The rule here keeps the sink and the newest frames, which is what it sets out to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from .longlive_causal import Run
from .small import TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    config = info["config"]
    yield from _frames(tensors, config)
    yield from _blocks(tensors, config)


def _frames(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    run = Run(tensors, {**config, "local_attn_size": config["cache_frames"]})
    prompt = run.model.embed_prompt(tensors["in.context"])
    for i in range(config["chunks"]):
        noisy, clean = tensors[f"in.chunk{i}.noisy"], tensors[f"in.chunk{i}.clean"]
        yield f"frame {i}, noisy", run(noisy, 600.0, i, prompt), tensors[f"out.chunk{i}.noisy"], TOLERANCE
        second = tensors.get(f"out.chunk{i}.noisy_second_step")
        if second is not None:
            yield f"frame {i}, second step", run(0.5 * clean + 0.5 * noisy, 400.0, i, prompt), second, TOLERANCE
        yield f"frame {i}, clean", run(clean, 0.0, i, prompt), tensors[f"out.chunk{i}.clean"], TOLERANCE
        yield from run.cache(tensors, f"out.cache_after_chunk{i}")


def _blocks(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    run = Run(tensors, {**config, "local_attn_size": 12})
    prompt = run.model.embed_prompt(tensors["in.context"])
    for i in range(config["chunks"] // 3):
        for kind, t in (("noisy", 600.0), ("clean", 0.0)):
            latents = torch.cat([tensors[f"in.chunk{n}.{kind}"] for n in range(3 * i, 3 * i + 3)], dim=2)
            expected = tensors[f"out.block3.chunk{i}.{kind}"]
            yield f"by threes, chunk {i}, {kind}", run(latents, t, 3 * i, prompt), expected, TOLERANCE

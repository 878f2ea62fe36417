"""Rows of what a show changes while it runs: a prompt met again, a LoRA's strength."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from vace_core.checkpoints.lazy_tensor import LazyTensor
from vace_core.controls import Controls
from vace_core.lora.changes import Adapter
from vace_core.lora.files import Lora
from vace_core.lora.live import LiveLoras
from vace_core.lora.merging import merge
from vace_core.model import Model
from vace_core.stream import Stream
from vace_core.text import Embeddings, Prompts, blend_of
from vace_core.transformer import CausalWan

from .timing import timed

RANK = 16
ROUNDS = 20


def change_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """plain_ms: the prompt encoded and its keys and values made again; the LoRA merged anew, and then the chunk."""
    yield _prompt_row(model)
    yield _lora_row(model, height, width, chunks)


@torch.inference_mode()
def _prompt_row(model: Model) -> dict[str, Any]:
    def fresh() -> Prompts:
        return Prompts(Embeddings(model.text.encode), lambda text: model.transformer.embed_prompt(text.to(model.dtype)))

    gold, known = blend_of("gold on a mossy ground"), fresh()
    known(gold, "linear")
    ours = statistics.median(timed(lambda: known(gold, "linear"), model.device) for _ in range(ROUNDS))
    plain = statistics.median(timed(lambda: fresh()(gold, "linear"), model.device) for _ in range(ROUNDS))
    return _row("a prompt met again", plain, ours)


def _lora_row(model: Model, height: int, width: int, chunks: int) -> dict[str, Any]:
    """A chunk, settled, whose LoRA has another strength than the one before; chunk_ms is one where it has not."""
    lora = _random_lora(model.transformer)
    merged = copy.deepcopy(model.transformer)
    plain = statistics.median(timed(lambda: merge(merged, lora, 0.1), model.device) for _ in range(3))
    with_it = replace(model, loras=LiveLoras(model.transformer, [lora]))
    stream, times = Stream(with_it, height, width), {"changed": [], "same": []}
    for n in range(2 * chunks + 4):
        controls = Controls("gold", loras=(0.2 + 0.1 * (n // 2 % 2),))
        elapsed = timed(lambda controls=controls: (stream.step(controls), stream.settle()), model.device)
        if n >= 4:
            times["same" if n % 2 else "changed"].append(elapsed)
    changed, same = (statistics.median(times[kind]) for kind in ("changed", "same"))
    return _row(f"chunk after a LoRA's strength changed, rank {RANK}", same + plain, changed) | {
        "chunk_ms": round(1000 * same, 1)
    }


def _row(name: str, plain: float, ours: float) -> dict[str, Any]:
    return {
        "name": name,
        "plain_ms": round(1000 * plain, 3),
        "ours_ms": round(1000 * ours, 4),
        "ratio": round(plain / ours, 3),
    }


def _random_lora(transformer: CausalWan) -> Lora:
    """On every linear layer of all blocks, as LoRAs for Wan are."""
    adapters = {}
    for name, module in transformer.named_modules():
        if isinstance(module, nn.Linear) and "blocks." in name:
            down = torch.randn(RANK, module.in_features) / module.in_features**0.5
            up = 0.1 * torch.randn(module.out_features, RANK)
            adapters[name] = Adapter(LazyTensor.of(down), LazyTensor.of(up), 1.0)
    return Lora("bench", adapters, {})

"""Rows of the eight-bit layers: what each part of the model gains in time and memory by them, and loses in exactness.

Errors are relative, of the whole tensor: |quantised - plain| / |plain|, where plain is the model in its own dtype.
"""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer

from vace_core.constants import PIXELS_PER_LATENT
from vace_core.model import Model
from vace_core.transformer import CausalWan, Context, Prompt, Time
from vace_core.transformer.fp8 import fp8_choice
from vace_core.transformer.quantised import KINDS, quantise

M = TypeVar("M", bound=nn.Module)
ROUNDS = 7
PROMPT = "gold on a mossy ground at sunset"
PARTS = {"main blocks": ("blocks",), "context blocks": ("vace_blocks",), "all blocks": ("blocks", "vace_blocks")}


def quantisation_rows(model: Model, height: int, width: int) -> Iterator[dict[str, Any]]:
    """For each kind that the device can do and each part: the time of one forward of a chunk with hints, the error of
    its flow and of its hints, and the bytes of the part's weights. Then the text encoder, by its embedding's error.
    """
    made = _Inputs.random(model, height, width)
    for kind in KINDS:
        if kind == "fp8" and fp8_choice(model.device).recipe is None:
            continue
        for part, names in PARTS.items():
            if all(len(model.transformer.get_submodule(name)) for name in names):  # pyright: ignore[reportArgumentType]
                yield _row(f"{kind}, {part}", model.transformer, names, kind, made)
        if isinstance(model.text, nn.Module):
            yield _text_row(f"{kind}, text encoder", model, kind)


@dataclass(frozen=True)
class _Inputs:
    """What a forward takes: latents [1, C, f, h, w], and what is embedded once."""

    latents: Tensor
    time: Time
    prompt: Prompt
    context: Context

    @classmethod
    @torch.inference_mode()
    def random(cls, model: Model, height: int, width: int) -> _Inputs:
        architecture, generator = model.transformer.architecture, torch.Generator().manual_seed(0)
        shape = (model.pipeline.chunk, height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)

        def noise(channels: int) -> Tensor:
            return torch.randn((1, channels, *shape), generator=generator).to(model.device, model.dtype)

        text = model.text.encode(PROMPT).to(model.dtype)
        return cls(
            noise(architecture.latent_channels),
            model.transformer.embed_time(torch.tensor([[937.5]], device=model.device)),
            model.transformer.embed_prompt(text),
            model.transformer.embed_context(noise(architecture.context_channels)),
        )

    @torch.inference_mode()
    def flow(self, transformer: CausalWan) -> Tensor:
        return transformer(self.latents, self.time, self.prompt, self.context)

    @torch.inference_mode()
    def hints(self, transformer: CausalWan) -> Tensor:
        x = transformer.patchify(self.latents)
        return torch.stack(transformer.hints(x, self.time, self.prompt, self.context, self.latents))


def _row(name: str, plain: CausalWan, parts: tuple[str, ...], kind: str, made: _Inputs) -> dict[str, Any]:
    ours = _sharing(plain)
    for part in parts:
        quantise(ours.get_submodule(part), kind)
    times = _medians(lambda: made.flow(plain), lambda: made.flow(ours))
    return {
        "name": name,
        **times,
        "error": _error(made.flow(ours), made.flow(plain)),
        "hints_error": _error(made.hints(ours), made.hints(plain)),
        "plain_bytes": sum(_bytes(plain.get_submodule(part)) for part in parts),
        "bytes": sum(_bytes(ours.get_submodule(part)) for part in parts),
    }


def _text_row(name: str, model: Model, kind: str) -> dict[str, Any]:
    plain, ours = model.text, _sharing(model.text)
    quantise(ours.encoder, kind)
    return {
        "name": name,
        **_medians(lambda: plain.encode(PROMPT), lambda: ours.encode(PROMPT)),
        "error": _error(ours.encode(PROMPT), plain.encode(PROMPT)),
        "plain_bytes": _bytes(plain),
        "bytes": _bytes(ours),
    }


def _sharing(module: M) -> M:
    """A copy of the modules on the very same weights, of which parts can then be replaced."""
    return copy.deepcopy(module, {id(parameter): parameter for parameter in module.parameters()})


def _medians(plain: Callable[[], object], ours: Callable[[], object]) -> dict[str, float]:
    """Both in turns, after one run to warm up."""
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(ROUNDS + 1):
        for name, run in (("plain", plain), ("ours", ours)):
            timer = Timer("run()", globals={"run": run}, num_threads=torch.get_num_threads())
            times[name].append(1000 * timer.timeit(1).median)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {
        "plain_ms": round(medians["plain"], 2),
        "ours_ms": round(medians["ours"], 2),
        "ratio": round(medians["plain"] / medians["ours"], 3),
    }


def _error(got: Tensor, expected: Tensor) -> float:
    return round(((got.float() - expected.float()).norm() / expected.float().norm()).item(), 5)


def _bytes(module: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in module.state_dict().values())

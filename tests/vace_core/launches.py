"""What a pipeline of full size asks of a GPU, counted on the meta device: no weights, no GPU, no arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.config import PIPELINES, Architecture
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.passes import Graphs
from vace_core.stream import Stream
from vace_core.text import TextEncoder
from vace_core.transformer import CausalWan

META = torch.device("meta")
ONE_KERNEL = ("linear", "scaled_dot_product_attention", "rms_norm", "layer_norm", "upsample_nearest2d")
"""Operators that PyTorch takes apart on paper, and that a GPU runs as one kernel."""
NO_KERNEL = (
    "_unsafe_view",
    "empty",
    "empty_like",
    "empty_strided",
    "new_empty",
    "detach",
    "detach_",
    "resize_",
    "lift_fresh",
)
HOST_MADE = (torch.tensor, torch.as_tensor, torch.arange, torch.from_numpy, torch.linspace, Tensor.new_tensor)


class Launches(TorchDispatchMode):
    """Counts kernels by the operator's name, and copies that bring something from the CPU as "upload"."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.counts.total()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = func._schema.name.removeprefix("aten::"), kwargs or {}
        if name not in ONE_KERNEL:
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        if name not in NO_KERNEL and not _is_view(func):
            self.counts["upload" if _is_upload(args) else name] += 1
        if name == "scaled_dot_product_attention":  # a GPU's kernels write a token's heads side by side
            return torch.empty_like(args[0].transpose(1, 2).contiguous()).transpose(1, 2)
        return func(*args, **kwargs)


class HostMade(TorchFunctionMode):
    """Counts tensors that are made from numbers of the host, by the function that makes them."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in HOST_MADE:
            self.counts[func.__name__] += 1
        return func(*args, **(kwargs or {}))


class AnyGenerator(torch.Generator):
    def __new__(cls, device: object = None) -> AnyGenerator:
        return super().__new__(cls)


class MetaText:
    def encode(self, prompt: str) -> Tensor:
        return torch.empty((1, 512, 4096), device=META)


def meta_model(name: str, context_blocks: int = 0) -> Model:
    """A published pipeline at its full size in bfloat16, the tiny autoencoder beside it, without a byte of weights.

    context_blocks: so many, with the main blocks that belong to them; 0 = all.
    """
    rule = PIPELINES[name]
    if context_blocks:
        rule = replace(rule, architecture=shallow(rule.architecture, context_blocks))
    with META, pytest.MonkeyPatch.context() as patch:
        for layer in (nn.Linear, nn.Conv2d, nn.Conv3d):
            patch.setattr(layer, "reset_parameters", lambda self: None)  # random numbers that nobody sees take long
        transformer, autoencoder = CausalWan(rule.architecture).bfloat16().eval(), TinyAutoencoder().bfloat16().eval()
    return Model(rule, transformer, autoencoder, cast(TextEncoder, MetaText()), META, torch.bfloat16)


def shallow(architecture: Architecture, context_blocks: int) -> Architecture:
    """As wide and less deep: the main blocks up to the one before the next hint."""
    given = architecture.vace_layers[:context_blocks]
    return replace(architecture, layers=architecture.vace_layers[1] * context_blocks, vace_layers=given)


def meta_step(stream: Stream, **changes: Any) -> None:
    """A chunk with depth control, and what refreshes the memory after it."""
    shape = (1, 3, stream.frames_wanted, stream.height, stream.width)
    stream.step(Controls(**{"prompt": "gold", "control": torch.empty(shape, device=META), **changes}))
    stream.settle()


def settled_stream(
    name: str, context_blocks: int = 0, chunks: int = 12, graphs: Callable[[torch.device], Graphs] | None = None
) -> Stream:
    """A stream whose window (and bank) is full, after one chunk that ran all the same."""
    model = replace(meta_model(name, context_blocks), graphs=graphs)
    stream = Stream(model, model.pipeline.height, model.pipeline.width)
    fill(stream, chunks)
    meta_step(stream)
    return stream


def fill(stream: Stream, chunks: int) -> None:
    """Go on by so many chunks without the transformer's own work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CausalWan, "forward", lambda wan, latents, *rest, **named: torch.empty_like(latents))
        for _ in range(chunks):
            meta_step(stream)


@pytest.fixture
def meta_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The meta device has no random generator; the CPU's does for it."""
    monkeypatch.setattr(torch, "Generator", AnyGenerator)


@contextmanager
def counted() -> Iterator[tuple[Launches, HostMade]]:
    with Launches() as launches, HostMade() as made:
        yield launches, made


def _is_view(func: Any) -> bool:
    returns = func._schema.returns
    return bool(returns) and returns[0].alias_info is not None and not returns[0].alias_info.is_write


def _is_upload(args: Any) -> bool:
    tensors = [one for one in args if isinstance(one, Tensor)]
    return len({tensor.device.type for tensor in tensors if tensor.dim() or len(tensors) == 1}) > 1

"""LoRAs beside the weights, with strengths that change between chunks.

y = W x + sum of strength * scale * up (down x). All LoRAs of a layer are one product of their ranks together, so a
second LoRA costs no second pass. The strengths are numbers on the device, one for each rank, written in place: shapes
never change, and a captured graph goes on being right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv3d, linear
from torch.utils.hooks import RemovableHandle

from ..transformer.model import CausalWan
from .files import Lora, read, require_fit


class LiveLoras:
    """Several LoRAs on one transformer, each with a strength, at first 0.

    They belong to the model, as weights do: all its streams are drawn with the same strengths, forks included.
    Setting them clears nothing. What a stream keeps of the model's work, its timesteps, prompt and references, was
    made with the old strengths: whoever keeps such a thing remembers `version` beside it and makes it again when that
    has changed. What the memory holds was drawn as it was shown, and stays.

    Where all strengths are 0 the layers run as if there were no LoRAs, at no cost. Make it when the transformer is on
    its device and of its dtype, quantised or not; to take it off again, set all to 0 and let go of it. At most one
    LiveLoras a transformer.
    """

    def __init__(self, transformer: CausalWan, loras: Sequence[Lora]) -> None:
        """Raises CheckpointError where a LoRA is for another model, or changes quantised weights as a whole."""
        weights: dict[str, Tensor] = {}
        for lora in loras:
            weights = require_fit(transformer, lora)
        self.names = tuple(lora.name for lora in loras)
        self.strengths = (0.0,) * len(loras)
        self.version = 0
        """Goes up with every change of a strength."""
        self._gains: dict[_Ranks, Tensor] = {}
        self._layers = [
            (transformer.get_submodule(name), self._layer(transformer, name, loras))
            for name in dict.fromkeys(name for lora in loras for name in lora.adapters)
        ]
        self._handles: list[RemovableHandle] = []
        self._changed = [
            _Changed(weights[key], weights[key].clone(), _deltas(loras, key, weights[key]))
            for key in dict.fromkeys(key for lora in loras for key in lora.deltas)
        ]

    @property
    def active(self) -> bool:
        """Whether any strength is not 0. A captured graph holds for the answer that it was captured under."""
        return any(self.strengths)

    @torch.inference_mode()
    def set(self, strengths: Sequence[float]) -> None:
        """One strength for each LoRA, any finite number; between chunks. The same strengths give the same bits.

        Raises ValueError for another count, and for what is no number.
        """
        if len(strengths) != len(self.names) or not all(math.isfinite(strength) for strength in strengths):
            raise ValueError(f"strengths {list(strengths)}, expected {len(self.names)} finite numbers, one a LoRA")
        if tuple(strengths) == self.strengths:
            return
        self.strengths = tuple(strengths)
        self.version += 1
        for ranks, gain in self._gains.items():
            gain.copy_(torch.tensor([strengths[n] * scale for n, rank, scale in ranks for _ in range(rank)]))
        for changed in self._changed:
            changed.apply(strengths)
        if self.active and not self._handles:
            self._handles = [module.register_forward_hook(partial(_added, layer)) for module, layer in self._layers]
        elif not self.active:
            for handle in self._handles:
                handle.remove()
            self._handles = []

    def _layer(self, transformer: CausalWan, name: str, loras: Sequence[Lora]) -> _Layer:
        """The ranks of all LoRAs that change a layer, in one."""
        module = transformer.get_submodule(name)
        assert isinstance(module.weight, Tensor)
        like = module.weight if module.weight.is_floating_point() else transformer.patch_embedding.weight
        adapters = [(n, lora.adapters[name]) for n, lora in enumerate(loras) if name in lora.adapters]
        ranks = tuple((n, adapter.rank, adapter.scale) for n, adapter in adapters)
        if ranks not in self._gains:
            self._gains[ranks] = torch.zeros(sum(rank for _, rank, _ in ranks), device=like.device)
        downs, ups = zip(*(adapter.read(like.device, like.dtype) for _, adapter in adapters), strict=True)
        down, up = torch.cat(downs), torch.cat(ups, dim=1)
        if isinstance(module, nn.Conv3d):
            down, up = down.unflatten(1, module.weight.shape[1:]), up[..., None, None, None]
        return _Layer(down, up, self._gains[ranks])


_Ranks = tuple[tuple[int, int, float], ...]
"""What stands behind a layer's ranks: number of the LoRA, its rank and scale there. Equal ones share their gain."""


@dataclass(frozen=True)
class _Layer:
    """down [R, in], up [out, R] (a convolution's with kernels), gain [R] float32: strength times scale."""

    down: Tensor
    up: Tensor
    gain: Tensor


@dataclass(frozen=True)
class _Changed:
    """A parameter that LoRAs change as a whole: always written from its own first value, so that nothing drifts."""

    parameter: Tensor
    original: Tensor
    deltas: tuple[tuple[int, Tensor], ...]
    """Number of the LoRA and its change."""

    def apply(self, strengths: Sequence[float]) -> None:
        total = self.original.float()
        for n, delta in self.deltas:
            if strengths[n]:
                total = torch.add(total, delta, alpha=strengths[n])
        self.parameter.copy_(total)


def _deltas(loras: Sequence[Lora], key: str, like: Tensor) -> tuple[tuple[int, Tensor], ...]:
    return tuple(
        (n, read(lora.deltas[key], like.device, torch.float32)) for n, lora in enumerate(loras) if key in lora.deltas
    )


def _added(layer: _Layer, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    """A forward hook: the layer's output with what its LoRAs add."""
    (x,) = inputs
    if isinstance(module, nn.Conv3d):
        low = conv3d(x, layer.down, stride=module.stride) * layer.gain[:, None, None, None]
        return output + conv3d(low.to(x.dtype), layer.up)
    low = (linear(x, layer.down) * layer.gain).to(x.dtype)
    return torch.addmm(output.flatten(0, -2), low.flatten(0, -2), layer.up.t()).view_as(output)

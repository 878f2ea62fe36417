"""LoRAs beside the weights, with strengths that change between chunks.

`lora.live_layer` says what a layer adds. The strengths belong to a stream: `LiveLoras` holds what all streams of a
model share, and `AdaptedTransformer` is the transformer as one of them sees it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..transformer.block import Block
from ..transformer.model import CausalWan
from .changes import read
from .files import SHOWN, Lora, read_lora
from .live_layer import LiveLayer, Sources, live_layer, why_not_live
from .merging import require_fit


class LiveLoras:
    """Several LoRAs for one transformer, whose weights they never touch.

    Make it when the transformer is on its device and of its dtype, quantised or not.
    initial: the strengths with which a stream begins, one for each LoRA; by default 1, as trained.
    """

    def __init__(self, transformer: CausalWan, loras: Sequence[Lora], initial: Sequence[float] | None = None) -> None:
        """Raises CheckpointError where a LoRA is for another model, changes quantised weights as a whole, or changes
        layers in a form that cannot be played exactly at little cost."""
        weights: dict[str, Tensor] = {}
        for lora in loras:
            weights = require_fit(transformer, lora)
            _require_playable(transformer, lora)
        self.transformer = transformer
        self.names = tuple(lora.name for lora in loras)
        self.initial = (1.0,) * len(loras) if initial is None else tuple(initial)
        self.require(self.initial)
        self._layers = {
            name: live_layer(transformer, name, [lora.adapters.get(name) for lora in loras])
            for name in dict.fromkeys(name for lora in loras for name in lora.adapters)
        }
        self._deltas = {
            key: _deltas(loras, key, weights[key])
            for key in dict.fromkeys(key for lora in loras for key in lora.deltas)
        }

    def require(self, strengths: Sequence[float]) -> None:
        """Raises ValueError unless there is one finite number for each LoRA."""
        if len(strengths) != len(self.names) or not all(math.isfinite(strength) for strength in strengths):
            raise ValueError(f"strengths {list(strengths)}, expected {len(self.names)} finite numbers, one a LoRA")

    def beginning_at(self, strengths: Sequence[float]) -> LiveLoras:
        """The same LoRAs with other initial strengths. Raises ValueError as `require` does."""
        self.require(strengths)
        other = copy.copy(self)
        other.initial = tuple(strengths)
        return other

    def on(self, transformer: CausalWan) -> LiveLoras:
        """The same LoRAs for a transformer that has the very same weights."""
        other = copy.copy(self)
        other.transformer = transformer
        return other

    def adapted(self) -> AdaptedTransformer:
        """The transformer for one stream."""
        return AdaptedTransformer(self.transformer, self._layers, self._deltas)


class AdaptedTransformer:
    """A transformer with live LoRAs, as one stream sees it.

    It shares all weights. Its own are the strengths, as numbers on the device, as `live_layer` wants them, which are
    written in place: shapes and addresses never change, so that a captured graph goes on being right; and the few
    parameters (biases, norms) that a LoRA changes as a whole.
    """

    def __init__(
        self, plain: CausalWan, layers: dict[str, LiveLayer], deltas: dict[str, tuple[tuple[int, Tensor], ...]]
    ) -> None:
        self._plain = plain
        self._strengths: tuple[float, ...] = ()
        self._wan = _sharing_weights(plain)
        device = plain.patch_embedding.weight.device
        self._gains: dict[Sources, Tensor] = {}
        for name, layer in layers.items():
            if layer.sources not in self._gains:
                self._gains[layer.sources] = torch.zeros(sum(count for _, count, _ in layer.sources), device=device)
            self._wan.get_submodule(name).register_forward_hook(partial(layer.added, self._gains[layer.sources]))
        for block in self._wan.modules():
            if isinstance(block, Block) and any(part._forward_hooks for part in block.modules()):
                block.run_as_written()  # what is compiled would leave the hooks out without a word
        self._changed = [_Changed.of(self._wan, key, changes) for key, changes in deltas.items()]

    @torch.inference_mode()
    def at(self, strengths: tuple[float, ...]) -> CausalWan:
        """The transformer with these strengths, one for each LoRA. The same strengths give the same bits.

        It has them until the next call. Where all are 0 it is the plain transformer, which costs nothing more.
        """
        if not any(strengths):
            return self._plain
        if strengths != self._strengths:
            self._strengths = strengths
            for sources, gain in self._gains.items():
                gain.copy_(torch.tensor([strengths[n] * scale for n, count, scale in sources for _ in range(count)]))
            for changed in self._changed:
                changed.apply(strengths)
        return self._wan


def live_loras(transformer: CausalWan, paths: Sequence[Path]) -> LiveLoras | None:
    """Those of the user's files; None without any. Raises CheckpointError as `read_lora` and `LiveLoras` do."""
    return LiveLoras(transformer, [read_lora(path, transformer.architecture) for path in paths]) if paths else None


@dataclass(frozen=True)
class _Changed:
    """A parameter that LoRAs change as a whole: always written from the model's own, so that nothing drifts."""

    parameter: Tensor
    original: Tensor
    deltas: tuple[tuple[int, Tensor], ...]
    """Number of the LoRA and its change, in float32."""

    @staticmethod
    def of(transformer: CausalWan, key: str, deltas: tuple[tuple[int, Tensor], ...]) -> _Changed:
        """Give a transformer a parameter of its own in place of one that it shares."""
        module, _, name = key.rpartition(".")
        holder = transformer.get_submodule(module)
        original = getattr(holder, name)
        own = nn.Parameter(original.detach().clone(), requires_grad=False)
        setattr(holder, name, own)
        return _Changed(own, original, deltas)

    def apply(self, strengths: Sequence[float]) -> None:
        total = self.original.float()
        for n, delta in self.deltas:
            if strengths[n]:
                total = torch.add(total, delta, alpha=strengths[n])
        self.parameter.copy_(total)


def _require_playable(transformer: CausalWan, lora: Lora) -> None:
    reasons = {
        name: reason
        for name, change in lora.adapters.items()
        if (reason := why_not_live(transformer.get_submodule(name), change)) is not None
    }
    if reasons:
        raise CheckpointError(
            f"LoRA {lora.name} cannot be played: {len(reasons)} of its changes (first: {list(reasons)[:SHOWN]}) are "
            f"{'; '.join(dict.fromkeys(reasons.values()))}. Merge it at the start instead: --merge-lora FILE:STRENGTH"
        )


def _sharing_weights(transformer: CausalWan) -> CausalWan:
    """The same modules once more, over the very same parameters and buffers."""
    shared = {id(tensor): tensor for tensor in chain(transformer.parameters(), transformer.buffers())}
    return copy.deepcopy(transformer, shared)


def _deltas(loras: Sequence[Lora], key: str, like: Tensor) -> tuple[tuple[int, Tensor], ...]:
    return tuple(
        (n, read(lora.deltas[key], like.device, torch.float32)) for n, lora in enumerate(loras) if key in lora.deltas
    )

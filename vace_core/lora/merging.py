"""LoRAs added to a transformer's weights for good."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..checkpoints.lazy_tensor import all_finite
from ..errors import CheckpointError
from ..transformer import CausalWan
from .changes import read
from .files import SHOWN, Lora


@torch.no_grad()
def merge(transformer: CausalWan, lora: Lora, strength: float = 1.0) -> None:
    """Add a LoRA to the weights for good, tensor by tensor: computed in float32, rounded once to the weights' dtype.

    Raises CheckpointError, before anything is written, where the LoRA is for another model or a weight that it changes
    is quantised already; and at the first weight that would not be finite any more, when others are written.
    """
    weights = require_fit(transformer, lora, [f"{module}.weight" for module in lora.adapters])
    for module, change in lora.adapters.items():
        weight = weights[f"{module}.weight"]
        _write(weight, change.merged(weight.float(), strength), lora, f"{module}.weight")
    for key, stored in lora.deltas.items():
        weight = weights[key]
        changed = torch.add(weight.float(), read(stored, weight.device, torch.float32), alpha=strength)
        _write(weight, changed, lora, key)


def _write(weight: Tensor, changed: Tensor, lora: Lora, key: str) -> None:
    rounded = changed.to(weight.dtype)
    if not all_finite(rounded):
        raise CheckpointError(f"LoRA {lora.name} makes {key} too large for {weight.dtype}; leave it out")
    weight.copy_(rounded)


def require_fit(transformer: CausalWan, lora: Lora, written: Iterable[str] = ()) -> dict[str, Tensor]:
    """The transformer's weights, all that the LoRA changes among them and of its sizes.

    written: weights that will be written, so that they must not be quantised; those of `deltas` always are. Raises
    CheckpointError otherwise.
    """
    weights = transformer.state_dict()
    sizes = {f"{name}.weight": change.size for name, change in lora.adapters.items()}
    wrong = [
        f"{key} {size}" for key, size in sizes.items() if key not in weights or weights[key].flatten(1).shape != size
    ]
    wrong += [
        f"{key} {stored.shape}"
        for key, stored in lora.deltas.items()
        if key not in weights or weights[key].shape != stored.shape
    ]
    if wrong:
        raise CheckpointError(
            f"LoRA {lora.name} changes {len(wrong)} weights that this model does not have in that size (first: "
            f"{wrong[:SHOWN]}); read it for this model's architecture"
        )
    quantised = [key for key in (*written, *lora.deltas) if not weights[key].is_floating_point()]
    if quantised:
        raise CheckpointError(
            f"LoRA {lora.name} cannot be added to {len(quantised)} weights that are quantised already (first: "
            f"{quantised[:SHOWN]}); merge it before quantising (one that is low-rank only may also be used live)"
        )
    return weights

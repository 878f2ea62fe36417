"""bfloat16 where the processor multiplies in it, for training and for the layers of the bundled model as it runs.

A product of bfloat16 takes half the time of one of float32, or less. All that is between the products stays in float32:
rounding there is carried on from layer to layer and from chunk to chunk, and costs exactness without gaining time.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


def mixed_precision() -> torch.autocast:
    """A context for training in which products are bfloat16 where the processor multiplies it, float32 elsewhere, which
    takes ten times as long."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16())


@cache
def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AVX-512 BF16, AMX BF16, Arm's BF16), and PyTorch has it do so,
    by oneDNN."""
    held = any(there for name, there in torch.cpu.get_capabilities().items() if name.endswith("bf16"))
    return held and torch.backends.mkldnn.is_available()


def multiply_in_bfloat16(module: nn.Module) -> None:
    """Replace every linear layer within a module, in place, by one that multiplies in bfloat16.

    To be called last: on weights in float32, LoRAs merged. Layers that are quantised stay as they are. On a processor
    that has no bfloat16 it is as right, and slower than float32.
    """
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                setattr(parent, name, Bfloat16Linear(child))


class Bfloat16Linear(nn.Linear):
    """[..., in] -> [..., out]: weight, bias and product in bfloat16, the result in the format of what came in."""

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__(plain.in_features, plain.out_features, plain.bias is not None, device="meta")
        self.weight = _rounded(plain.weight)
        if plain.bias is not None:
            self.bias = _rounded(plain.bias)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  nn.Linear's own name
        return linear(input.bfloat16(), self.weight, self.bias).to(input.dtype)


def _rounded(parameter: Tensor) -> nn.Parameter:
    return nn.Parameter(parameter.detach().bfloat16(), requires_grad=False)

"""Linear layers in eight bits: int8 weights anywhere, fp8 weights and activations where the GPU multiplies them.

Each row has a scale of its own: a weight's row is what one output is made of, an activation's row is a token. So one
outlier costs its own row precision, and no other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import ScalingType, linear, scaled_mm

KINDS = ("int8", "fp8")
UNQUANTISED = ("before_proj", "after_proj", "SelfAttention.k")
"""How the names of layers end that stay as they are. Projections between the context blocks and the rest: what passes
them is added to everything after. Keys of a T5 encoder: its attention does not divide by the root of the head's size,
so that rounding goes into the logits whole."""
FP8 = torch.float8_e4m3fn
FP8_CAPABILITY = (8, 9)
"""Ada, and what came after."""
FP8_FEATURES = 16
"""Both sizes of an fp8 weight must be multiples of this."""
PROBE_ERROR = 0.06
"""Largest error of the probe's product, relative to its size, at which a GPU's fp8 counts as right; that of the
numbers themselves is 0.038."""


def quantise(module: nn.Module, kind: str, device: torch.device | None = None) -> None:
    """Replace every linear layer within a module, in place and one by one; kind: "int8" or "fp8".

    To be called last: on weights of their final dtype, LoRAs merged. A transformer's `blocks` and `vace_blocks` and a
    text encoder are what it is meant for; embeddings and head, which lie beside them, stay as they are.

    device: where it will run, if its weights are not there yet. Raises ValueError, before anything is replaced, for
    a kind that is not known or that the device cannot do, and for a module that is quantised already.
    """
    if kind not in KINDS:
        raise ValueError(f"quantisation {kind!r} is not known; choose one of {', '.join(KINDS)}")
    if any(isinstance(part, Quantised) for part in module.modules()):
        raise ValueError("the module is quantised already; quantise freshly loaded weights")
    places = [
        (parent, name, child)
        for path, parent in module.named_modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear) and not f"{path}.{name}".endswith(UNQUANTISED)
    ]
    if kind == "fp8" and places:
        _require_fp8([child for _, _, child in places], device or places[0][2].weight.device)
    for parent, name, child in places:
        setattr(parent, name, Int8Linear(child) if kind == "int8" else Fp8Linear(child))


class Quantised(nn.Module):
    """A linear layer [..., in] -> [..., out] whose weight [out, in] takes a byte an entry."""

    weight: Tensor
    """int8 in memory, whatever the bytes mean: casting a model to another float type passes it by."""
    scale: Tensor

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)


class Int8Linear(Quantised):
    """Whole numbers of -127..127 times the row's scale. Saves memory; it multiplies in the activations' type."""

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__(*int8_rows(plain.weight.detach()), plain.bias)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight * self.scale, self.bias)


class Fp8Linear(Quantised):
    """e4m3 weights, and e4m3 activations scaled as they come, for GPUs that multiply them faster than bfloat16."""

    def __init__(self, plain: nn.Linear) -> None:
        rows, scale = fp8_rows(plain.weight.detach())
        bias = None if plain.bias is None else plain.bias.detach().bfloat16()  # the product's own type
        super().__init__(rows.view(torch.int8), scale, bias)

    def forward(self, x: Tensor) -> Tensor:
        rows, scale = fp8_rows(x.flatten(0, -2))
        product = scaled_mm(
            rows,
            self.weight.view(FP8).t(),
            scale,
            ScalingType.RowWise,
            self.scale.t(),
            ScalingType.RowWise,
            bias=self.bias,
            output_dtype=torch.bfloat16,
            use_fast_accum=True,
        )
        return product.to(x.dtype).unflatten(0, x.shape[:-1])


def int8_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """[out, in] -> int8 [out, in] and scales [out, 1] of the weight's dtype; their product is the weight, nearly.

    The scale is rounded to its dtype first and the row by it, so that the rounding does not bend the whole row.
    """
    scale = (_largest(weight) / 127).to(weight.dtype)
    scale = scale.masked_fill(scale == 0, 1.0)  # float16 knows no smaller one
    return (weight.float() / scale.float()).round().clamp(-127, 127).to(torch.int8), scale


def fp8_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """[N, D] -> e4m3 [N, D] and float32 scales [N, 1] by which the largest of each row becomes e4m3's largest."""
    scale = _largest(x) / torch.finfo(FP8).max
    return (x / scale).to(FP8), scale


def _largest(x: Tensor) -> Tensor:
    """Largest magnitude of each row [N, 1], float32; never zero, so that a row of zeros can be divided by it."""
    return x.abs().amax(dim=-1, keepdim=True).float().clamp(min=1e-12)


def _require_fp8(layers: list[nn.Linear], device: torch.device) -> None:
    odd = [layer for layer in layers if layer.in_features % FP8_FEATURES or layer.out_features % FP8_FEATURES]
    if odd:
        raise ValueError(
            f"fp8 wants sizes that are multiples of {FP8_FEATURES}, got {odd[0].in_features} to "
            f"{odd[0].out_features}; use int8, which takes any"
        )
    trouble = fp8_trouble(device)
    if trouble:
        raise ValueError(f"fp8 was asked for, but {trouble}; use int8, which runs anywhere, or none")


@functools.cache
def fp8_trouble(device: torch.device) -> str | None:
    """Why fp8 does not run on a device, in words, or None where it does.

    Decided by a product and not by a list of names alone: whether row-wise scales work depends on the GPU, on CUDA
    and on PyTorch.
    """
    if device.type != "cuda":
        return f"{device.type} is no NVIDIA GPU"
    name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)
    if capability < FP8_CAPABILITY:
        return f"{name} has compute capability {capability[0]}.{capability[1]}, and fp8 needs 8.9 (Ada or later)"
    with torch.random.fork_rng([device], device_type="cuda"):
        plain = nn.Linear(512, 256, device=device, dtype=torch.bfloat16)
        x = torch.randn((96, 512), device=device, dtype=torch.bfloat16)
    try:
        with torch.no_grad():
            error = _relative_error(Fp8Linear(plain), plain, x)
    except RuntimeError as reason:
        return f"{name} does not run it ({str(reason).splitlines()[0]})"
    return None if error < PROBE_ERROR else f"on {name} its numbers are off by {error:.2f}"


def _relative_error(got: Callable[[Tensor], Tensor], expected: Callable[[Tensor], Tensor], x: Tensor) -> float:
    wanted = expected(x).float()
    return ((got(x).float() - wanted).norm() / wanted.norm()).item()

"""Linear layers in eight bits: int8 weights anywhere, fp8 weights and activations where the GPU multiplies them.

Each row of an int8 weight has a scale of its own, so that one outlier costs its own row precision, and no other; fp8
has several recipes (`fp8`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..mixed_precision import Bfloat16Linear
from .fp8 import FEATURES, FP8, ROWS, Recipe, fp8_choice

log = logging.getLogger(__name__)

KINDS = ("int8", "fp8")
UNQUANTISED = ("before_proj", "after_proj", "SelfAttention.k")
"""How the names of layers end that stay as they are. Projections between the context blocks and the rest: what passes
them is added to everything after. Keys of a T5 encoder: its attention does not divide by the root of the head's size,
so that rounding goes into the logits whole."""


def quantise(module: nn.Module, kind: str, device: torch.device | None = None) -> None:
    """Replace every linear layer within a module, in place and one by one; kind: "int8" or "fp8".

    To be called last: on weights of their final dtype, LoRAs merged. A transformer's `blocks` and `vace_blocks` and a
    text encoder are what it is meant for; embeddings and head, which lie beside them, stay as they are.

    device: where it will run, if its weights are not there yet. Raises ValueError, before anything is replaced, for
    a kind that is not known or that the device cannot do, and for a module that is quantised or narrowed already.
    """
    if kind not in KINDS:
        raise ValueError(f"quantisation {kind!r} is not known; choose one of {', '.join(KINDS)}")
    if any(isinstance(part, Quantised) for part in module.modules()):
        raise ValueError("the module is quantised already; quantise freshly loaded weights")
    if any(isinstance(part, Bfloat16Linear) for part in module.modules()):
        raise ValueError("the module multiplies in bfloat16 already; quantise it first, on weights in float32")
    places = [
        (parent, name, child)
        for path, parent in module.named_modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear) and not f"{path}.{name}".endswith(UNQUANTISED)
    ]
    if not places:
        return
    home = device or places[0][2].weight.device
    make = _maker_of_fp8([child for _, _, child in places], home) if kind == "fp8" else Int8Linear
    for parent, name, child in places:
        setattr(parent, name, make(child))


def warn_where_slower(parts: Iterable[object], device: torch.device) -> None:
    """Have the log say that layers of these parts are in fp8 although that is slower here, and what they save."""
    modules = chain.from_iterable(part.modules() for part in parts if isinstance(part, nn.Module))
    layers = [layer for layer in modules if isinstance(layer, Fp8Linear)]
    if layers and fp8_choice(device).slower:
        log.warning(
            "fp8 runs as it was asked for, but it is slower here: a product takes %s. It saves %.2g GB of memory, as "
            "int8 does",
            fp8_choice(device).times(),
            sum(layer.saved for layer in layers) / 1e9,
        )


class Quantised(nn.Module):
    """A linear layer [..., in] -> [..., out] whose weight [out, in] takes a byte an entry."""

    weight: Tensor
    """int8 in memory, whatever the bytes mean: casting a model to another float type passes it by."""
    scale: Tensor

    def __init__(self, plain: nn.Linear, weight: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.saved = plain.weight.nbytes - weight.nbytes - scale.nbytes
        """Bytes that the plain layer's weight takes more."""
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)


class Int8Linear(Quantised):
    """Whole numbers of -127..127 times the row's scale. Saves memory; it multiplies in the activations' type.

    The weight is multiplied out in each call. PyTorch's own kernel for such weights (`_weight_int8pack_mm` of 2.13) is
    not used: it is wrong, or ends the process, where a size is no multiple of 32, and slower in float32.
    """

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__(plain, *int8_rows(plain.weight.detach()), plain.bias)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight * self.scale, self.bias)


@dataclass(frozen=True)
class Fp8Input:
    """An activation [..., in] in eight bits, for layers of one recipe, and as it was, for what is beside them."""

    plain: Tensor
    numbers: Tensor
    scale: Tensor
    recipe: Recipe

    @classmethod
    def of(cls, x: Tensor, recipe: Recipe) -> Fp8Input:
        return cls(x, *recipe.quantise(x.flatten(0, -2)), recipe)


class Fp8Linear(Quantised):
    """e4m3 weights, and e4m3 activations scaled as they come, for GPUs that multiply them faster than bfloat16."""

    def __init__(self, plain: nn.Linear, recipe: Recipe = ROWS) -> None:
        numbers, scale = recipe.quantise(plain.weight.detach())
        bias = None if plain.bias is None else plain.bias.detach().bfloat16()  # the product's own type
        scale = scale.view(torch.uint8) if scale.dtype == torch.float8_e8m0fnu else scale
        super().__init__(plain, numbers.view(torch.int8), scale, bias)
        self.recipe = recipe

    def forward(self, x: Tensor | Fp8Input) -> Tensor:
        given = x if isinstance(x, Fp8Input) else Fp8Input.of(x, self.recipe)
        scale = self.scale.view(torch.float8_e8m0fnu) if self.scale.dtype == torch.uint8 else self.scale
        product = self.recipe.multiply(given.numbers, given.scale, self.weight.view(FP8), scale, self.bias)
        return product.to(given.plain.dtype).unflatten(0, given.plain.shape[:-1])


def shared_input(x: Tensor | Fp8Input, *layers: nn.Module) -> Tensor | Fp8Input:
    """What several layers are to be called with: x in eight bits, made once, where all of them want it so; else x."""
    recipes = {layer.recipe if isinstance(layer, Fp8Linear) else None for layer in layers}
    recipe = recipes.pop()
    if isinstance(x, Fp8Input) or recipes or recipe is None:
        return x
    return Fp8Input.of(x, recipe)


def plain_input(x: Tensor | Fp8Input) -> Tensor:
    """What a layer was called with, as it was."""
    return x.plain if isinstance(x, Fp8Input) else x


def int8_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """[out, in] -> int8 [out, in] and scales [out, 1] of the weight's dtype; their product is the weight, nearly.

    The scale is rounded to its dtype first and the row by it, so that the rounding does not bend the whole row.
    """
    scale = (weight.abs().amax(dim=-1, keepdim=True).float().clamp(min=1e-12) / 127).to(weight.dtype)
    scale = scale.masked_fill(scale == 0, 1.0)  # float16 knows no smaller one
    return (weight.float() / scale.float()).round().clamp(-127, 127).to(torch.int8), scale


def _maker_of_fp8(layers: list[nn.Linear], device: torch.device) -> Callable[[nn.Linear], nn.Module]:
    _require_multiples(layers, FEATURES)
    choice = fp8_choice(device)
    if choice.recipe is None:
        raise ValueError(f"fp8 was asked for, but {choice.trouble}; use int8, which runs anywhere, or none")
    recipe = choice.recipe
    _require_multiples(layers, recipe.features)
    return lambda plain: Fp8Linear(plain, recipe)


def _require_multiples(layers: list[nn.Linear], features: int) -> None:
    odd = [layer for layer in layers if layer.in_features % features or layer.out_features % features]
    if odd:
        raise ValueError(
            f"fp8 wants sizes that are multiples of {features}, got {odd[0].in_features} to "
            f"{odd[0].out_features}; use int8, which takes any"
        )

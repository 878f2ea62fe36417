"""Products in fp8 (e4m3), by three recipes, which differ in what shares a scale. What a GPU can do is found by trying.

rows     each row has a scale of its own, a weight's row being one output and an activation's a token. The most exact,
         first on every card; on some (compute capability 12.0) cuBLAS has no kernel for it.
mx       every 32 numbers of a row have one, a power of two, as the tensor cores of Blackwell take them.
tensor   all share one: an outlier costs everybody's precision. The last resort.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import ScalingType, SwizzleType, linear, pad, scaled_mm

from .laboratory import cuda_milliseconds, on

log = logging.getLogger(__name__)

FP8 = torch.float8_e4m3fn
LARGEST = torch.finfo(FP8).max
BLOCK = 32
"""Numbers that share a scale in `mx`."""
CAPABILITY = (8, 9)
"""Ada, and what came after."""
FEATURES = 16
"""Both sizes of an fp8 weight must be multiples of this, whatever the recipe."""
PROBE_ERROR = 0.06
"""Largest error of a probe's product, relative to its size, at which it counts as right. The formats' own is 0.038."""


@dataclass(frozen=True)
class Recipe:
    """quantise: [N, K] -> e4m3 [N, K] and its scales. scaling, swizzle: what `scaled_mm` is told of them. capability:
    the first compute capability that is worth a trial. features: what both sizes of a weight must be multiples of."""

    name: str
    quantise: Callable[[Tensor], tuple[Tensor, Tensor]]
    scaling: ScalingType
    swizzle: SwizzleType = SwizzleType.NO_SWIZZLE
    capability: tuple[int, int] = CAPABILITY
    features: int = FEATURES

    def multiply(self, x: Tensor, x_scale: Tensor, weight: Tensor, weight_scale: Tensor, bias: Tensor | None) -> Tensor:
        """x [N, in] times weight [out, in], both quantised by this recipe, plus bias: [N, out] in bfloat16."""
        by_rows = self.scaling == ScalingType.RowWise
        return scaled_mm(
            x,
            weight.t(),
            x_scale,
            self.scaling,
            weight_scale.t() if by_rows else weight_scale,
            self.scaling,
            self.swizzle,
            self.swizzle,
            bias=bias,
            output_dtype=torch.bfloat16,
            use_fast_accum=self.scaling != ScalingType.BlockWise1x32,
        )


def fp8_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """[N, K] -> e4m3 [N, K] and float32 scales [N, 1] by which the largest of each row becomes e4m3's largest."""
    scale = _some(x.abs().amax(dim=-1, keepdim=True)) / LARGEST
    return (x / scale).to(FP8), scale


def fp8_tensor(x: Tensor) -> tuple[Tensor, Tensor]:
    """[N, K] -> e4m3 [N, K] and one float32 scale []."""
    scale = _some(x.abs().amax()) / LARGEST
    return (x / scale).to(FP8), scale


def fp8_blocks(x: Tensor) -> tuple[Tensor, Tensor]:
    """[N, K] -> e4m3 [N, K] and a power of two for every 32 numbers, in the order of `tiled`."""
    blocks = x.unflatten(-1, (-1, BLOCK)).float()
    scale = (_some(blocks.abs().amax(dim=-1)) / LARGEST).log2().ceil().clamp(-127, 127).exp2()
    numbers = (blocks / scale[..., None]).clamp(-LARGEST, LARGEST).to(FP8)
    return numbers.flatten(-2), tiled(scale).to(torch.float8_e8m0fnu)


def tiled(scale: Tensor) -> Tensor:
    """Scales [N, K / 32] as cuBLAS reads them: in tiles of 128 rows and 4 columns, a row of tiles after the other.

    In a tile the place of row r and column c is 16 (r mod 32) + 4 (r div 32) + c. What is missing of a tile is ones.
    """
    rows, columns = scale.shape
    whole = pad(scale, (0, -columns % 4, 0, -rows % 128), value=1.0)
    tiles = whole.unflatten(0, (-1, 4, 32)).unflatten(-1, (-1, 4))  # [row tile, r div 32, r mod 32, column tile, c]
    return tiles.permute(0, 3, 2, 1, 4).flatten()


def _some(largest: Tensor) -> Tensor:
    """In float32 and never zero, so that zeros can be divided by it."""
    return largest.float().clamp(min=1e-12)


ROWS = Recipe("rows", fp8_rows, ScalingType.RowWise)
BLOCKS = Recipe("mx", fp8_blocks, ScalingType.BlockWise1x32, SwizzleType.SWIZZLE_32_4_4, (10, 0), BLOCK)
TENSOR = Recipe("tensor", fp8_tensor, ScalingType.TensorWise)
RECIPES = (ROWS, BLOCKS, TENSOR)


@dataclass(frozen=True)
class Fp8Choice:
    """The recipe that a device multiplies fp8 by, or in words that follow "as" why there is none.

    error: of the probe's product. milliseconds: of a product in fp8, the quantisation of its input included, and of the
    same in bfloat16, as they are called and not compiled; None where that was not measured. refused: what was tried
    before, and why it was not taken.
    """

    recipe: Recipe | None = None
    trouble: str = ""
    error: float = 0.0
    milliseconds: tuple[float, float] | None = None
    refused: tuple[str, ...] = ()

    @property
    def slower(self) -> bool:
        return self.milliseconds is not None and self.milliseconds[0] > self.milliseconds[1]

    def times(self) -> str:
        """Such as "1.20 ms where bfloat16 takes 0.80 ms"; "" where they were not measured."""
        if self.milliseconds is None:
            return ""
        return "{:.2f} ms where bfloat16 takes {:.2f} ms".format(*self.milliseconds)

    def words(self) -> str:
        """A sentence without its end."""
        if self.recipe is None:
            return self.trouble
        refused = "".join(f"; {reason}" for reason in self.refused)
        time = f" and takes {self.times()}" if self.milliseconds else ""
        slower = ", so that it gains memory alone, as int8 does" if self.slower else ""
        return f"fp8 by {self.recipe.name} is right to {self.error:.2g}{time}{slower}{refused}"


@functools.cache
def fp8_choice(device: torch.device) -> Fp8Choice:
    """By trying, as what works depends on the GPU, on CUDA and on PyTorch."""
    if device.type != "cuda":
        return Fp8Choice(trouble=f"{device.type} is no NVIDIA GPU")
    name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)

    def error_of(recipe: Recipe) -> float:
        with on(device):
            return probe(recipe, device)

    def times_of(recipe: Recipe) -> tuple[float, float]:
        with on(device):
            return product_milliseconds(recipe, device)

    choice = choose_fp8(name, capability, error_of, times_of)
    log.info("%s", choice.words())
    return choice


def choose_fp8(
    name: str,
    capability: tuple[int, int],
    error_of: Callable[[Recipe], float],
    times_of: Callable[[Recipe], tuple[float, float] | None],
    recipes: Sequence[Recipe] = RECIPES,
) -> Fp8Choice:
    """The first recipe whose product is right. error_of raises RuntimeError or ValueError where there is no kernel."""
    if capability < CAPABILITY:
        words = f"{name} has compute capability {capability[0]}.{capability[1]}, and fp8 needs 8.9 (Ada or later)"
        return Fp8Choice(trouble=words)
    refused: list[str] = []
    for recipe in recipes:
        if capability < recipe.capability:
            continue
        try:
            error = error_of(recipe)
        except (RuntimeError, ValueError) as reason:
            refused.append(f"{recipe.name} does not run ({str(reason).splitlines()[0]})")
            continue
        if error < PROBE_ERROR:
            return Fp8Choice(recipe, "", error, times_of(recipe), tuple(refused))
        refused.append(f"{recipe.name} is off by {error:.2f}")
    return Fp8Choice(trouble=f"{name} does not multiply it: {'; '.join(refused)}", refused=tuple(refused))


def probe(recipe: Recipe, device: torch.device) -> float:
    """The relative error of a product of random numbers."""
    generator = torch.Generator(device).manual_seed(0)
    x, weight = (torch.randn((n, 512), generator=generator, device=device) for n in (96, 256))
    bias = torch.randn(256, generator=generator, device=device).bfloat16()
    got = recipe.multiply(*recipe.quantise(x.bfloat16()), *recipe.quantise(weight.bfloat16()), bias).double()
    exact = linear(x.double(), weight.double(), bias.double())
    return ((got - exact).norm() / exact.norm()).item()


def product_milliseconds(recipe: Recipe, device: torch.device) -> tuple[float, float]:
    """Of a feed-forward layer of the 1.3B model over a chunk of 368x640, in fp8 and in bfloat16."""
    x, weight = (torch.randn((n, 1536), device=device, dtype=torch.bfloat16) for n in (2760, 8960))
    numbers, scale = recipe.quantise(weight)
    ours, plain = cuda_milliseconds(
        (lambda: recipe.multiply(*recipe.quantise(x), numbers, scale, None), lambda: linear(x, weight))
    )
    return ours, plain

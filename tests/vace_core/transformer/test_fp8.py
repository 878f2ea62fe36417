"""fp8: what its recipes keep of a product, which of them a GPU gets, and what is quantised once."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils._python_dispatch import TorchDispatchMode

from tests.vace_core.small import latents, text, transformer
from vace_core.checkpoints.options import LoadOptions, Quantise
from vace_core.load import load
from vace_core.transformer import quantised
from vace_core.transformer.fp8 import BLOCKS, FP8, RECIPES, ROWS, TENSOR, Fp8Choice, Recipe, choose_fp8, probe, tiled
from vace_core.transformer.quantised import Fp8Input, Fp8Linear, plain_input, quantise, shared_input

RTX_5090 = ("NVIDIA GeForce RTX 5090", (12, 0))


def error(got: Tensor, expected: Tensor) -> float:
    return ((got.float() - expected.float()).norm() / expected.float().norm()).item()


def numbers(rows: int, columns: int, seed: int) -> Tensor:
    return torch.randn((rows, columns), generator=torch.Generator().manual_seed(seed))


def untiled(scale: Tensor, rows: int, columns: int) -> Tensor:
    """The scales in their order, by the place that each has in memory."""
    across = -(-columns // 4)
    place = [
        [512 * (r // 128 * across + c // 4) + 16 * (r % 32) + 4 * (r % 128 // 32) + c % 4 for c in range(columns)]
        for r in range(rows)
    ]
    return scale[torch.tensor(place)]


def wide(recipe: Recipe, x: Tensor) -> Tensor:
    """What the eight-bit numbers of a matrix stand for."""
    eight, scale = recipe.quantise(x)
    assert eight.dtype == FP8
    if recipe is not BLOCKS:
        return eight.float() * scale
    blocks = untiled(scale.float(), x.shape[0], x.shape[1] // 32)
    return (eight.float().unflatten(-1, (-1, 32)) * blocks[..., None]).flatten(-2)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_recipe_keeps_a_product_of_even_numbers_to_four_per_cent(recipe: Recipe) -> None:
    x, weight = numbers(130, 320, 0), numbers(96, 320, 1)
    assert 0.02 < error(linear(wide(recipe, x), wide(recipe, weight)), linear(x, weight)) < 0.042


def test_an_outlier_costs_its_row_or_its_block_precision_and_by_tensor_everybody() -> None:
    x = numbers(130, 320, 0)
    x[7, 40] = 1e6
    others = torch.cat((x[:7], x[8:]))

    def of_others(recipe: Recipe) -> float:
        kept = wide(recipe, x)
        return error(torch.cat((kept[:7], kept[8:])), others)

    assert of_others(ROWS) < 0.03
    assert of_others(BLOCKS) < 0.03
    assert of_others(TENSOR) > 0.5
    row = torch.cat((x[7, :32], x[7, 64:]))
    assert error(torch.cat((wide(BLOCKS, x)[7, :32], wide(BLOCKS, x)[7, 64:])), row) < 0.03
    assert error(torch.cat((wide(ROWS, x)[7, :32], wide(ROWS, x)[7, 64:])), row) > 0.5


def test_scales_of_blocks_are_powers_of_two_and_let_nothing_overflow() -> None:
    x = torch.logspace(-6, 6, 64)[:, None] * numbers(64, 64, 0)
    eight, scale = BLOCKS.quantise(x)
    own = untiled(scale.float(), 64, 2)
    assert (own.log2() == own.log2().round()).all()
    largest = eight.float().unflatten(-1, (-1, 32)).abs().amax(-1)
    assert ((largest > 224 * 0.93) & (largest <= 448)).all()  # half of the range at least, but for rounding
    assert (wide(BLOCKS, x) - x).abs().le(x.abs() / 16 + own.repeat_interleave(32, dim=1) * 2**-10).all()


def test_scales_are_laid_out_in_tiles_and_missing_ones_are_one() -> None:
    scale = torch.arange(2.0, 2.0 + 130 * 5).reshape(130, 5)
    memory = tiled(scale)
    assert memory.shape == (4 * 512,)
    assert torch.equal(untiled(memory, 130, 5), scale)
    assert (memory == 1).sum() == 4 * 512 - 130 * 5


@pytest.mark.parametrize("recipe", [ROWS, TENSOR], ids=lambda recipe: recipe.name)
def test_the_kernel_of_the_cpu_follows_the_recipe(recipe: Recipe) -> None:
    try:
        assert 0.02 < probe(recipe, torch.device("cpu")) < 0.042
    except NotImplementedError:
        pytest.skip("this CPU has no fp8 product")


def trial(**errors: float | str) -> Callable[[Recipe], float]:
    """What becomes of each recipe by name: an error, or the words that it fails with; one left out is not tried."""

    def of(recipe: Recipe) -> float:
        found = errors[recipe.name]
        if isinstance(found, str):
            raise RuntimeError(found)
        return found

    return of


def test_the_first_recipe_that_is_right_is_taken() -> None:
    choice = choose_fp8("NVIDIA H100", (9, 0), trial(rows=0.037), lambda recipe: (0.8, 1.31))
    assert choice.recipe is ROWS
    assert choice.words() == "fp8 by rows is right to 0.037 and takes 0.80 ms where bfloat16 takes 1.31 ms"
    assert not choice.slower


def test_a_card_without_a_kernel_for_rows_gets_blocks_or_else_the_tensor() -> None:
    failing = "CUBLAS_STATUS_NOT_SUPPORTED when calling cublasLtMatmul\nand more"
    blocks = choose_fp8(*RTX_5090, trial(rows=failing, mx=0.04), lambda recipe: (0.7, 1.0))
    assert blocks.recipe is BLOCKS
    assert "rows does not run (CUBLAS_STATUS_NOT_SUPPORTED when calling cublasLtMatmul)" in blocks.words()
    tensor = choose_fp8(*RTX_5090, trial(rows=failing, mx=0.9, tensor=0.05), lambda recipe: (0.7, 1.0))
    assert tensor.recipe is TENSOR
    assert "mx is off by 0.90" in tensor.words()


def test_blocks_are_not_tried_before_blackwell() -> None:
    choice = choose_fp8("NVIDIA GeForce RTX 4090", (8, 9), trial(rows="no", tensor=0.05), lambda recipe: (0.7, 1.0))
    assert choice.recipe is TENSOR


def test_a_card_with_no_right_recipe_is_told_why_of_each() -> None:
    choice = choose_fp8(*RTX_5090, trial(rows="no", mx="no", tensor=float("nan")), lambda recipe: (0.7, 1.0))
    assert choice.recipe is None
    assert choice.words().endswith("rows does not run (no); mx does not run (no); tensor is off by nan")


def test_one_that_is_slower_than_bfloat16_says_so() -> None:
    choice = choose_fp8("NVIDIA H100", (9, 0), trial(rows=0.037), lambda recipe: (1.31, 1.0))
    assert choice.slower
    assert "takes 1.31 ms where bfloat16 takes 1.00 ms, so that it gains memory alone, as int8 does" in choice.words()


def fp8_that_takes(patch: pytest.MonkeyPatch, *milliseconds: float) -> None:
    choice = Fp8Choice(ROWS, milliseconds=milliseconds)  # pyright: ignore[reportArgumentType]
    patch.setattr(quantised, "fp8_choice", lambda device: choice)


@pytest.mark.usefixtures("fp8_anywhere")
def test_fp8_that_is_slower_is_obeyed_and_the_log_names_both_times_and_the_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fp8_that_takes(monkeypatch, 1.31, 1.0)
    loaded = load("pocket", options=LoadOptions(quantise=Quantise(main="fp8")))
    layers = [part for part in loaded.transformer.modules() if isinstance(part, Fp8Linear)]
    wide = sum(4 * layer.in_features * layer.out_features for layer in layers)  # the pocket's weights are float32
    narrow = sum(layer.weight.nbytes + layer.scale.nbytes for layer in layers)
    (said,) = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(layers) == 10 * len(loaded.transformer.blocks)
    assert "a product takes 1.31 ms where bfloat16 takes 1.00 ms" in said
    assert f"saves {(wide - narrow) / 1e9:.2g} GB of memory" in said


@pytest.mark.parametrize(("milliseconds", "part"), [((0.7, 1.0), "fp8"), ((1.31, 1.0), "int8")])
@pytest.mark.usefixtures("fp8_anywhere")
def test_nothing_is_said_of_fp8_that_is_quicker_or_was_not_asked_for(
    milliseconds: tuple[float, float], part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fp8_that_takes(monkeypatch, *milliseconds)
    load("pocket", options=LoadOptions(quantise=Quantise(text=part)))
    assert not caplog.records


def test_sizes_that_a_recipe_cannot_take_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "fp8_choice", lambda device: Fp8Choice(BLOCKS))
    odd = nn.Sequential(nn.Linear(64, 48))
    with pytest.raises(ValueError, match="multiples of 32, got 64 to 48; use int8"):
        quantise(odd, "fp8")
    assert isinstance(odd[0], nn.Linear)


def test_blocks_survive_a_cast_of_the_model() -> None:
    layer = Fp8Linear(nn.Linear(64, 32), BLOCKS)
    before = layer.scale.clone()
    assert torch.equal(layer.bfloat16().scale, before)


class Count(TorchDispatchMode):
    """How many matrices become e4m3."""

    def __init__(self) -> None:
        super().__init__()
        self.casts = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self.casts += func is torch.ops.aten._to_copy.default and kwargs.get("dtype") == FP8
        return func(*args, **kwargs)


@pytest.mark.usefixtures("fp8_anywhere")
@torch.no_grad()
def test_queries_keys_and_values_share_one_quantisation_of_their_input() -> None:
    wan = transformer()
    quantise(wan.blocks, "fp8")
    time, prompt = wan.embed_time(torch.tensor([[625.0]])), wan.embed_prompt(text())
    with Count() as count:
        wan(latents(3, 1), time, prompt)
    assert count.casts == 6 * len(
        wan.blocks
    )  # one for q, k and v, one for each of o, cross q, cross o and two of the ffn


@pytest.mark.usefixtures("fp8_anywhere")
@torch.no_grad()
def test_a_shared_input_gives_what_each_layer_gives_by_itself() -> None:
    layers = [Fp8Linear(nn.Linear(48, 32)) for _ in range(3)]
    x = numbers(10, 48, 0).reshape(2, 5, 48)
    shared = shared_input(x, *layers)
    assert isinstance(shared, Fp8Input)
    assert shared_input(shared, *layers) is shared
    assert plain_input(shared) is x
    for layer in layers:
        assert torch.equal(layer(shared), layer(x))


@pytest.mark.parametrize("kind", ["none", "int8", "fp8"])
@pytest.mark.usefixtures("fp8_anywhere")
@torch.no_grad()
def test_a_block_compiles_whole_in_each_number_format(kind: str) -> None:
    wan = transformer()
    if kind != "none":
        quantise(wan.blocks, kind)
    noisy, block = latents(3, 1), wan.blocks[0]
    given = (wan.patchify(noisy), wan.embed_time(torch.tensor([[625.0]])).blocks[0], wan.embed_prompt(text()).main[0])
    turn = wan.rotation(range(3), noisy)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*given, turn), block(*given, turn))


def test_an_input_is_left_alone_where_the_layers_differ() -> None:
    x = numbers(4, 64, 0)
    assert shared_input(x, nn.Linear(64, 64), nn.Linear(64, 64)) is x
    assert shared_input(x, Fp8Linear(nn.Linear(64, 64)), nn.Linear(64, 64)) is x
    assert shared_input(x, Fp8Linear(nn.Linear(64, 64)), Fp8Linear(nn.Linear(64, 64), TENSOR)) is x

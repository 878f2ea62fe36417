"""Eight-bit linear layers: how far from the exact ones they may be, and what they save."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from tests.vace_core.small import ARCHITECTURE, latents, step, text, transformer
from vace_core.checkpoints.options import LoadOptions
from vace_core.controls import Controls
from vace_core.load import load
from vace_core.model import Model
from vace_core.stream import Stream
from vace_core.transformer.fp8 import FP8, fp8_choice, fp8_rows
from vace_core.transformer.quantised import Fp8Linear, Int8Linear, Quantised, int8_rows, quantise


def matrix(rows: int, columns: int, seed: int = 0) -> Tensor:
    """Rows of very different size, as weights and tokens have them."""
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.logspace(-3, 2, rows)[:, None]
    return torch.randn((rows, columns), generator=generator) * sizes


def error(got: Tensor, expected: Tensor) -> float:
    return ((got.float() - expected.float()).norm() / expected.float().norm()).item()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_an_int8_weight_is_off_by_half_a_step_of_its_row_at_most(dtype: torch.dtype) -> None:
    weight = matrix(20, 64).to(dtype)
    rows, scale = int8_rows(weight)
    assert rows.dtype == torch.int8
    assert scale.dtype == dtype
    assert (rows.abs().amax(dim=1) >= 126).all()  # all of the range is used, in every row
    steps = (rows.double() * scale.double() - weight.double()).abs() / scale.double()
    # The largest of a row may be cut by as much as the scale was rounded.
    assert steps.max() <= 0.5 + 127 * torch.finfo(dtype).eps


def test_an_fp8_number_is_off_by_a_sixteenth_of_itself_at_most() -> None:
    x = matrix(20, 64)
    rows, scale = fp8_rows(x)
    assert rows.dtype == FP8
    assert (rows.float().abs().amax(dim=1) == 448).all()
    off = (rows.double() * scale.double() - x.double()).abs()
    assert (off <= x.double().abs() / 16 + scale.double() * 2**-10).all()  # and half the smallest number near zero
    assert error(rows.float() * scale, x) > 0.01  # it is eight bits indeed


@pytest.mark.parametrize("rows", [int8_rows, fp8_rows])
def test_rows_of_zeros_stay_zero(rows) -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        numbers, scale = rows(torch.zeros(2, 16, dtype=dtype))
        assert (numbers.float() * scale.float() == 0).all()


@pytest.mark.parametrize("rows", [int8_rows, fp8_rows])
def test_a_row_does_not_suffer_from_another(rows) -> None:
    x = matrix(4, 64)
    numbers, scale = rows(x)
    x[0] *= 1e4
    others, other_scale = rows(x)
    assert torch.equal(others[1:].float() * other_scale[1:], numbers[1:].float() * scale[1:])


def by_hand(plain: nn.Linear, x: Tensor) -> Tensor:
    """The rule of the fp8 kernel in float32: products of the eight-bit numbers, times both rows' scales, plus bias."""
    rows, scale = fp8_rows(x)
    weight, weight_scale = fp8_rows(plain.weight.detach())
    return linear(rows.float(), weight.float()) * scale * weight_scale.t() + plain.bias.float()


def layer(dtype: torch.dtype = torch.float32, device: str = "cpu") -> nn.Linear:
    torch.manual_seed(1)
    plain = nn.Linear(640, 192, device=device, dtype=dtype)
    nn.init.normal_(plain.weight)
    return plain.requires_grad_(False)


def test_an_fp8_product_is_right_to_four_per_cent() -> None:
    plain, x = layer(), matrix(50, 640)
    product = by_hand(plain, x)
    assert error(product, plain(x)) < 0.04
    for got, expected in zip(product, plain(x), strict=True):  # row by row: small ones count as much as large ones
        assert 0.005 < error(got, expected) < 0.06


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_fp8_kernel_follows_the_rule(device: str) -> None:
    """PyTorch multiplies fp8 on some CPUs too, slowly; that is good for a test only."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU here to multiply fp8 on")
    if device == "cuda" and fp8_choice(torch.device(device)).trouble:
        pytest.skip(fp8_choice(torch.device(device)).trouble)
    plain, x = layer(torch.bfloat16, device), matrix(50, 640).to(device, torch.bfloat16)
    expected = by_hand(plain, x)
    try:
        got = Fp8Linear(plain)(x.reshape(2, 25, 640))
    except NotImplementedError:
        pytest.skip(f"this {device} has no fp8 product")
    assert got.dtype == torch.bfloat16
    assert got.shape == (2, 25, 192)
    for row, wanted in zip(got.flatten(0, 1), expected, strict=True):
        assert error(row, wanted) < 0.006  # the rounding of bfloat16


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_int8_product_is_right_to_one_per_cent(dtype: torch.dtype) -> None:
    plain, x = layer(), matrix(50, 640).reshape(2, 25, 640)
    expected = plain(x)
    got = Int8Linear(plain.to(dtype))(x.to(dtype))
    assert got.dtype == dtype
    assert got.shape == expected.shape
    assert 1e-4 < error(got, expected) < 0.015


def test_only_the_linear_layers_of_the_blocks_are_quantised() -> None:
    wan = transformer()
    quantise(wan.vace_blocks, "int8")
    assert not any(isinstance(part, Quantised) for part in wan.blocks.modules())
    quantise(wan.blocks, "int8")
    kinds = {name: type(part) for name, part in wan.named_modules() if hasattr(part, "in_features")}
    plain = {name for name, kind in kinds.items() if kind is nn.Linear}
    beside = {"text_embedding.0", "text_embedding.2", "time_embedding.0", "time_embedding.2", "time_projection.1"}
    between = {"vace_blocks.0.before_proj", "vace_blocks.0.after_proj", "vace_blocks.1.after_proj"}
    assert plain == beside | between | {"head.head"}
    assert len(kinds) - len(plain) == 10 * (len(wan.blocks) + len(wan.vace_blocks))


def size(module: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in module.state_dict().values())


@pytest.mark.parametrize(("dtype", "share"), [(torch.float32, 0.27), (torch.bfloat16, 0.53)])
def test_int8_weights_take_a_byte_each(dtype: torch.dtype, share: float) -> None:
    blocks = transformer(architecture=replace(ARCHITECTURE, dim=192, ffn_dim=640)).to(dtype).blocks
    before = size(blocks)
    quantise(blocks, "int8")
    assert size(blocks) < share * before


def test_a_cast_of_the_model_leaves_the_eight_bits_alone() -> None:
    wan = transformer()
    quantise(wan.blocks, "int8")
    query = wan.blocks[0].get_submodule("self_attn.q")
    before = query.state_dict()["weight"]
    wan.bfloat16()
    assert torch.equal(query.state_dict()["weight"], before)
    assert Fp8Linear(nn.Linear(16, 16)).bfloat16().weight.dtype == torch.int8


@pytest.mark.parametrize(("kind", "bound"), [("int8", 0.003), ("fp8", 0.02)])
@pytest.mark.usefixtures("fp8_anywhere")
@torch.no_grad()
def test_flow_and_hints_of_a_quantised_model_are_near_the_exact_ones(kind: str, bound: float) -> None:
    exact, eight = transformer(), transformer()
    quantise(eight.blocks, kind)
    quantise(eight.vace_blocks, kind)
    flows, hints = [], []
    for wan in (exact, eight):
        time, prompt = wan.embed_time(torch.tensor([[625.0]])), wan.embed_prompt(text())
        context = wan.embed_context(latents(3, 2, channels=96))
        flows.append(wan(latents(3, 1), time, prompt, context))
        hints.append(torch.stack(wan.hints(wan.patchify(latents(3, 1)), time, prompt, context, latents(3, 1))))
        without = wan(latents(3, 1), time, prompt)
        assert error(without, flows[-1]) > 0.5  # the hints are there
    assert 1e-4 < error(flows[1], flows[0]) < bound
    assert 1e-4 < error(hints[1], hints[0]) < bound


def pocket() -> Model:
    return load("pocket", options=LoadOptions(precision="float32"))


def test_the_pocket_model_in_int8_paints_nearly_the_same_picture_under_control() -> None:
    """Relative error of the frames' difference from grey; context blocks, main blocks and text encoder at once."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.rand((1, 1, 3, 4, 6), generator=generator)
    exact, eight = pocket(), pocket()
    for part in (eight.transformer.blocks, eight.transformer.vace_blocks, eight.text.encoder):
        quantise(part, "int8")
    made = {}
    for name, weights, scale in (("exact", exact, 1.0), ("int8", eight, 1.0), ("uncontrolled", eight, 0.0)):
        stream = Stream(weights, 64, 96)
        frames = []
        for _ in range(2):
            control = nn.functional.interpolate(coarse, (stream.frames_wanted, 64, 96), mode="trilinear") * 2 - 1
            controls = Controls("gold on a mossy ground", control.expand(-1, 3, -1, -1, -1), scale=scale)
            frames.append(step(stream, controls).frames)
        made[name] = torch.cat(frames, dim=2)
    assert error(made["int8"], made["exact"]) < 0.01
    assert error(made["uncontrolled"], made["exact"]) > 20 * error(made["int8"], made["exact"])


@pytest.mark.parametrize(("kind", "bound"), [("int8", 0.01), ("fp8", 0.08)])
@pytest.mark.usefixtures("fp8_anywhere")
def test_a_text_encoder_in_eight_bits_means_nearly_the_same(kind: str, bound: float) -> None:
    text = pocket().text
    prompts = ("gold on a mossy ground", "ice at night")
    expected = [text.encode(prompt) for prompt in prompts]
    quantise(text.encoder, kind)
    got = [text.encode(prompt) for prompt in prompts]
    for n in range(2):
        assert 1e-4 < error(got[n], expected[n]) < bound
        assert error(got[n], expected[1 - n]) > 0.3


def test_what_cannot_be_quantised_is_refused_and_left_as_it_was() -> None:
    wan = transformer()
    with pytest.raises(ValueError, match="'int4' is not known; choose one of int8, fp8"):
        quantise(wan.blocks, "int4")
    with pytest.raises(ValueError, match="cpu is no NVIDIA GPU; use int8"):
        quantise(wan.blocks, "fp8")
    odd = nn.Sequential(nn.Linear(32, 32), nn.Linear(32, 20))
    with pytest.raises(ValueError, match="multiples of 16, got 32 to 20; use int8"):
        quantise(odd, "fp8")
    assert not any(isinstance(part, Quantised) for part in (*wan.modules(), *odd.modules()))
    quantise(wan.blocks, "int8")
    with pytest.raises(ValueError, match="quantised already"):
        quantise(wan.blocks, "int8")


def test_a_gpu_without_fp8_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA GeForce RTX 3090")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 6))
    with pytest.raises(ValueError, match=r"RTX 3090 has compute capability 8\.6.* 8\.9 .*use int8"):
        quantise(transformer().blocks, "fp8", torch.device("cuda:7"))


def test_a_copy_quantised_does_not_touch_the_original() -> None:
    wan = transformer()
    other = copy.deepcopy(wan)
    quantise(other.blocks, "int8")
    assert not any(isinstance(part, Quantised) for part in wan.modules())

"""Products are bfloat16 only on a processor that has instructions for them, and only products."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.vace_core.small import transformer
from vace_core.mixed_precision import Bfloat16Linear, has_bfloat16, mixed_precision, multiply_in_bfloat16
from vace_core.transformer.quantised import Int8Linear, quantise

ROUNDING = 2**-8
"""The largest relative error of a number that is rounded to bfloat16."""


@pytest.fixture(autouse=True)
def anew():
    has_bfloat16.cache_clear()
    yield
    has_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("processor", "dtype"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"cpu_name": "of another kind"}, torch.float32),
    ],
)
def test_products_are_in_what_the_processor_multiplies(monkeypatch, processor: dict, dtype: torch.dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: processor)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    with mixed_precision():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_where_pytorch_does_not_use_those_instructions_there_are_none(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"arm_bf16": True})
    for used in (True, False):
        has_bfloat16.cache_clear()
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda used=used: used)
        assert has_bfloat16() == used


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_takes_and_gives_float32_and_is_right_to_the_rounding_of_its_numbers(bias: bool):
    torch.manual_seed(0)
    plain, x = nn.Linear(96, 40, bias), torch.randn(2, 30, 96)
    layer = Bfloat16Linear(plain)
    made, exact = layer(x), plain(x)
    assert made.dtype == torch.float32
    assert {parameter.dtype for parameter in layer.parameters()} == {torch.bfloat16}
    assert layer.state_dict().keys() == plain.state_dict().keys()
    assert (made - exact).norm() < ROUNDING * exact.norm()
    assert (made - exact).norm() > 0


def test_of_a_block_the_linear_layers_alone_are_narrowed():
    wan = transformer()
    multiply_in_bfloat16(wan.blocks)
    linear = {name for name, part in wan.named_modules() if isinstance(part, Bfloat16Linear)}
    assert linear == {name for name, part in wan.blocks.named_modules(prefix="blocks") if isinstance(part, nn.Linear)}
    narrow = {name.rpartition(".")[0] for name, value in wan.named_parameters() if value.dtype == torch.bfloat16}
    assert narrow == linear
    assert wan.dtype == torch.float32


def test_what_is_quantised_stays_so_and_what_is_narrowed_is_not_quantised_after():
    wan = transformer()
    quantise(wan.blocks, "int8")
    multiply_in_bfloat16(wan.blocks)
    assert not any(isinstance(part, Bfloat16Linear) for part in wan.blocks.modules())
    assert any(isinstance(part, Int8Linear) for part in wan.blocks.modules())
    multiply_in_bfloat16(wan.vace_blocks)
    with pytest.raises(ValueError, match="multiplies in bfloat16 already; quantise it first"):
        quantise(wan.vace_blocks, "int8")

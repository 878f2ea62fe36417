"""Products are bfloat16 only on a processor that has instructions for them."""

from __future__ import annotations

import pytest
import torch

from vace_core.mixed_precision import has_bfloat16, mixed_precision


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
    with mixed_precision():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype

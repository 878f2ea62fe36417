"""How packages' kernels are called, by stand-ins that take what the packages take and do to it what they do."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from vace_core.transformer.attention_backends import backend_named
from vace_core.transformer.attention_cases import Case, inputs_of, relative_error


def sage(q: Tensor, k: Tensor, v: Tensor, tensor_layout: str = "HND", smooth_k: bool = True, **_: Any) -> Tensor:
    """SageAttention 1 takes the keys' mean off in place."""
    assert tensor_layout == "HND"
    if smooth_k:
        k -= k.mean(dim=2, keepdim=True)
    return scaled_dot_product_attention(q, k, v)


def sage2(q: Tensor, k: Tensor, v: Tensor, tensor_layout: str = "NHD") -> Tensor:
    assert tensor_layout == "HND"
    return scaled_dot_product_attention(q, k, v)


def sage3(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return sage(q, k, v)


def flash(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)).transpose(1, 2)


def flash_with_sums(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    return flash(q, k, v), q.sum(-1)


@pytest.mark.parametrize(
    ("name", "module", "function", "kernel"),
    [
        ("flash2", "flash_attn", "flash_attn_func", flash),
        ("flash3", "flash_attn_interface", "flash_attn_func", flash),
        ("flash3", "flash_attn_interface", "flash_attn_func", flash_with_sums),
        ("flash4", "flash_attn.cute", "flash_attn_func", flash_with_sums),
        ("sage1", "sageattention", "sageattn", sage),
        ("sage2", "sageattention", "sageattn", sage2),
        ("sage3", "sageattn3", "sageattn3_blackwell", sage3),
    ],
)
def test_a_package_is_called_as_it_wants_to_be_and_leaves_the_memory_alone(
    name: str, module: str, function: str, kernel: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ModuleType(module)
    setattr(made, function, kernel)
    monkeypatch.setitem(sys.modules, module.partition(".")[0], ModuleType("parent"))
    monkeypatch.setitem(sys.modules, module, made)
    inputs = inputs_of(Case("", 24, 101, 1, memory=True), 2, 64, torch.device("cpu"), torch.float32, 0)
    before = inputs[1].clone()
    out = backend_named(name).call()(*inputs)
    assert out.shape == inputs[0].shape
    assert relative_error(out, inputs) < 1e-4
    assert torch.equal(inputs[1], before)

"""The one attention call: an operator of PyTorch's, which is told by name the kernel that it runs.

As an operator it is one node to whatever compiles, captures or counts, on the meta device too, whichever kernel it is.
The result always lies in memory as [B, N, H, D], so that the projection behind it reads it as it is.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from .attention_backends import Call, backend_named

_library = torch.library.Library("vace_live", "DEF")
_library.define(
    "attend(Tensor queries, Tensor keys, Tensor values, Tensor? bias, str kernel) -> Tensor",
    tags=(torch.Tag.needs_fixed_stride_order,),
)


class Kernels(NamedTuple):
    """The names of the rows of `attention_backends.TABLE` that run, without and with a bias."""

    plain: str = "sdpa"
    biased: str = "sdpa"


OWN = Kernels()
"""PyTorch's own choice, which runs anywhere."""


def attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None, kernels: Kernels = OWN) -> Tensor:
    """softmax(q k / sqrt(d) + bias) v over queries [B, H, N, D], keys and values [B, H, M, D].

    bias: of the logits' shape [B, H, N, M], or of one that spreads to it; bool means True = may look. Where gradients
    are wanted, or the bias is bool, it is PyTorch's own function. Raises ValueError for a kernel that is in no row, and
    ImportError where its package cannot be imported.
    """
    if torch.is_grad_enabled() and (queries.requires_grad or keys.requires_grad or values.requires_grad):
        return scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
    if bias is not None and bias.dtype == torch.bool:
        kernels = OWN
    return torch.ops.vace_live.attend(queries, keys, values, bias, kernels[bias is not None])


@functools.cache
def _call_of(kernel: str) -> Call:
    return backend_named(kernel).call()


def _run(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None, kernel: str) -> Tensor:
    return _call_of(kernel)(queries, keys, values, bias).transpose(1, 2).contiguous().transpose(1, 2)


def _shape(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None, kernel: str) -> Tensor:
    batch, heads, tokens, _ = queries.shape
    return queries.new_empty((batch, tokens, heads, values.shape[-1])).transpose(1, 2)


_library.impl("attend", _run, "CompositeExplicitAutograd")
torch.library.register_fake("vace_live::attend", _shape, lib=_library)

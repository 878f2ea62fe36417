"""The one attention call: an operator of PyTorch's, behind which a device's chosen kernel runs.

As an operator it is one node to whatever compiles, captures or counts, on the meta device too, whichever kernel it is.
The result always lies in memory as [B, N, H, D], so that the projection behind it reads it as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from .attention_backends import Call, backend_named

_library = torch.library.Library("vace_live", "DEF")
_library.define(
    "attend(Tensor queries, Tensor keys, Tensor values, Tensor? bias) -> Tensor",
    tags=(torch.Tag.needs_fixed_stride_order,),
)
OWN = "sdpa"
"""The row that runs where nothing was chosen."""


class Kernel(NamedTuple):
    """A row's name, and how it is called."""

    name: str
    call: Call


_chosen: dict[torch.device, tuple[Kernel, Kernel]] = {}
"""For each device the kernel without and with a bias."""


def attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None) -> Tensor:
    """softmax(q k / sqrt(d) + bias) v over queries [B, H, N, D], keys and values [B, H, M, D].

    bias: of the logits' shape [B, H, N, M], or of one that spreads to it; bool means True = may look. Where gradients
    are wanted it is PyTorch's own function.
    """
    if torch.is_grad_enabled() and (queries.requires_grad or keys.requires_grad or values.requires_grad):
        return scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
    return torch.ops.vace_live.attend(queries, keys, values, bias)


def use(device: torch.device, plain: str, biased: str) -> None:
    """Run these rows of `attention_backends.TABLE` on a device from now on, without and with a bias.

    Raises ValueError for a name that is in no row, and ImportError where its package cannot be imported.
    """
    kernel, with_bias = (Kernel(name, backend_named(name).call()) for name in (plain, biased))
    _chosen[_indexed(device)] = kernel, with_bias


def used(device: torch.device) -> tuple[str, str]:
    """The names of the rows that run on a device, without and with a bias."""
    chosen = _chosen.get(_indexed(device))
    return (OWN, OWN) if chosen is None else (chosen[0].name, chosen[1].name)


def _indexed(device: torch.device) -> torch.device:
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device


def _run(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None) -> Tensor:
    chosen = _chosen.get(queries.device)
    if chosen is None or (bias is not None and bias.dtype == torch.bool):
        out = scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
    else:
        out = chosen[bias is not None].call(queries, keys, values, bias)
    return out.transpose(1, 2).contiguous().transpose(1, 2)


def _shape(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None) -> Tensor:
    batch, heads, tokens, _ = queries.shape
    return queries.new_empty((batch, tokens, heads, values.shape[-1])).transpose(1, 2)


_library.impl("attend", _run, "CompositeExplicitAutograd")
torch.library.register_fake("vace_live::attend", _shape, lib=_library)

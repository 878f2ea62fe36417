"""Which attention kernel runs: SageAttention where it is right on this GPU, PyTorch's own everywhere else."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

log = logging.getLogger(__name__)

PROBE_ERROR = 0.05
"""Largest mean error, relative to the result's own size, at which an 8-bit kernel counts as right."""


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """softmax(q k / sqrt(d)) v over [B, H, N, D]; mask is bool, True = may look, or is added to the logits."""
    if mask is None and queries.is_cuda and queries.dtype in (torch.float16, torch.bfloat16):
        sage = _sage(queries.device.index or 0, queries.shape[-1])
        if sage is not None:
            return sage(queries, keys, values)
    return scaled_dot_product_attention(queries, keys, values, attn_mask=mask)


@functools.cache
def _sage(device: int, head_dim: int) -> Callable[[Tensor, Tensor, Tensor], Tensor] | None:
    """SageAttention's kernel if it is installed and its numbers are right on this GPU, decided once by a probe.

    A probe and not a list of names: version 2.2.0 gives artefacts on Hopper (paper, Table 6), others do not.
    """
    try:
        kernel = importlib.import_module("sageattention").sageattn
    except ImportError:
        return None
    generator = torch.Generator(device=f"cuda:{device}").manual_seed(0)
    shape = (3, 1, 4, 1000, head_dim)
    q, k, v = torch.randn(shape, generator=generator, device=f"cuda:{device}", dtype=torch.bfloat16)
    expected = scaled_dot_product_attention(q, k, v).float()
    try:
        got = kernel(q, k, v).float()
    except (RuntimeError, ValueError, AssertionError) as reason:
        log.info("SageAttention does not run on cuda:%d (%s); PyTorch's attention is used", device, reason)
        return None
    error = ((got - expected).abs().mean() / expected.abs().mean()).item()
    if not error < PROBE_ERROR:
        log.info("SageAttention is off by %.3f on cuda:%d; PyTorch's attention is used", error, device)
        return None
    return lambda queries, keys, values: kernel(queries, keys, values)

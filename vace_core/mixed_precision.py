"""Training in bfloat16 on a processor that multiplies in it; on another that is done by float32, ten times slower."""

from __future__ import annotations

from functools import cache

import torch


def mixed_precision() -> torch.autocast:
    """A context in which products are bfloat16 where the processor has instructions for that, float32 elsewhere."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16())


@cache
def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AVX-512 BF16, AMX BF16, Arm's BF16)."""
    return any(held for name, held in torch.cpu.get_capabilities().items() if name.endswith("bf16"))

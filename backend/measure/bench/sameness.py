"""Whether two paths show the same pictures: where they do not, their times cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

ALLOWED = {torch.float32: 1e-4, torch.bfloat16: 2e-2, torch.float16: 2e-2}
"""By the transformer's number format, the most that pictures may differ by (`difference`). In 16 bits it is 40 dB: two
paths that add up in another order grow apart, chunk after chunk, by rounding alone."""


def difference(ours: Tensor, plain: Tensor) -> float:
    """Root mean square over a chunk's frames in [-1, 1]; infinite where a number is none."""
    found = (ours - plain).square().mean().sqrt().item()
    return found if found == found else float("inf")


def judged(found: float, dtype: torch.dtype) -> dict[str, Any]:
    """The columns of a row that say so; found: the largest of all chunks that both paths made."""
    return {"difference": found, "allowed_difference": ALLOWED[dtype], "same": found <= ALLOWED[dtype]}


def not_the_same(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The names of rows whose paths did not show the same."""
    return [row["name"] for row in rows if not row.get("same", True)]

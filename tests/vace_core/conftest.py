"""What tests of several folders need."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vace_core.transformer import quantised
from vace_core.transformer.fp8 import ROWS, Fp8Choice


@pytest.fixture
def fp8_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this CPU were a GPU with fp8: PyTorch multiplies it on most CPUs too, by the same rule."""
    try:
        quantised.Fp8Linear(nn.Linear(16, 16))(torch.ones(1, 16))
    except NotImplementedError:
        pytest.skip("this CPU has no fp8 product")
    monkeypatch.setattr(quantised, "fp8_choice", lambda device: Fp8Choice(ROWS))

"""Every layout of `layout_cases` does what its row in the docs says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.vace_core.checkpoints.layout_cases import CASES, WIDTH, Case, base
from tests.vace_core.small import ARCHITECTURE
from vace_core.checkpoints.loading import load_autoencoder, load_text_encoder, load_transformer
from vace_core.checkpoints.text import TIED, TRANSFORMERS
from vace_core.checkpoints.weights import Weights, open_weights
from vace_core.errors import CheckpointError

CPU = torch.device("cpu")
WITHOUT = replace(ARCHITECTURE, vace_layers=())


def load(part: str, weights: Weights, folder: Path) -> nn.Module:
    if part == "VACE module":
        torch.save(base(), folder / "base.pt")
        return load_transformer(ARCHITECTURE, open_weights(folder / "base.pt"), weights, CPU, torch.float32)
    if part == "text encoder":
        return load_text_encoder(weights, WIDTH, CPU, torch.float32, keep_float8=False)
    if part == "transformer":
        return load_transformer(WITHOUT, weights, None, CPU, torch.float32)
    return load_autoencoder(weights, "lightvae" if part == "autoencoder" else "taew2_1", CPU, torch.float32)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.part}, {case.layout}" for case in CASES])
def test_a_layout_does_what_its_row_says(tmp_path: Path, case: Case) -> None:
    path, expected = case.make(tmp_path)
    assert case.happens.startswith("refused" if case.told else "loaded")
    if case.told:
        with pytest.raises(CheckpointError, match=rf"{path.name}.*{case.told}"):
            load(case.part, open_weights(path), tmp_path)
        return
    own = load(case.part, open_weights(path), tmp_path).state_dict()
    if case.part == "text encoder":
        expected = TRANSFORMERS.to(expected) | {TIED: own[TIED]}
    expected = {key.removeprefix("diffusion_model."): value for key, value in expected.items()}
    assert own.keys() == expected.keys() | (base().keys() if case.part == "VACE module" else set())
    for key, value in expected.items():
        assert torch.equal(own[key], value.float().view_as(own[key])), key

"""Weights in eight bits with scales: what is wrong with one is told, and nothing is rounded twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.vace_core.checkpoints.layout_cases import WIDTH, scaled, text
from vace_core.checkpoints import scaled as scaled_module
from vace_core.checkpoints.loading import load_text_encoder
from vace_core.checkpoints.weights import open_weights
from vace_core.errors import CheckpointError

CPU = torch.device("cpu")
EIGHT = torch.randn((6, 10), generator=torch.Generator().manual_seed(0)).to(torch.float8_e4m3fn)
IDS = torch.tensor([[5, 9, 11, 38, 1]])


def opened(folder: Path, **content: Tensor):
    save_file({key.replace("_of_", "."): value for key, value in content.items()}, folder / "model.safetensors")
    return open_weights(folder / "model.safetensors").tensors


@pytest.mark.parametrize("shape", [(), (1,), (6,), (6, 1)])
def test_a_scale_is_for_all_or_for_each_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple) -> None:
    monkeypatch.setattr(scaled_module, "STEP", 7)
    scale = torch.rand(shape, generator=torch.Generator().manual_seed(1)) + 0.5
    tensors = opened(tmp_path, a_of_weight=EIGHT, a_of_weight_scale=scale, a_of_input_scale=torch.ones(()))
    assert tensors.keys() == {"a.weight"}
    rows = scale.reshape(-1, 1)
    assert torch.equal(tensors["a.weight"].read(), EIGHT.float() * rows)
    out = torch.empty((6, 10), dtype=torch.bfloat16)
    tensors["a.weight"].copy_to(out)
    assert torch.equal(out, (EIGHT.double() * rows.double()).float().bfloat16())


@pytest.mark.parametrize(
    ("weight", "scale", "words"),
    [
        (EIGHT.view(torch.uint8), torch.ones(()), "a.weight has a scale and is in torch.uint8, expected float8"),
        (EIGHT.float(), torch.ones(()), "a.weight has a scale and is in torch.float32, expected float8"),
        (EIGHT, torch.ones(5), r"a.weight \(6, 10\) has a scale of shape \(5,\), expected one number, or one for each"),
        (EIGHT, torch.ones(6, 2), r"has a scale of shape \(6, 2\)"),
        (EIGHT, torch.ones((), dtype=torch.uint8), "has a scale in torch.uint8, expected float32"),
    ],
)
def test_scales_of_other_forms_are_told(tmp_path: Path, weight: Tensor, scale: Tensor, words: str) -> None:
    with pytest.raises(CheckpointError, match=rf"model.safetensors: 1 weights have scales .*{words}.*get the file in"):
        opened(tmp_path, a_of_weight=weight, a_of_weight_scale=scale)


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_a_scale_that_is_not_finite_is_told_by_its_key(tmp_path: Path, odd: float) -> None:
    tensors = opened(tmp_path, a_of_weight=EIGHT, a_of_scale_weight=torch.tensor(odd))
    with pytest.raises(CheckpointError, match=r"model.safetensors: a.scale_weight holds NaN or infinite"):
        tensors["a.weight"].read()


def test_a_product_that_is_not_finite_is_told_by_its_key(tmp_path: Path) -> None:
    tensors = opened(tmp_path, a_of_weight=EIGHT, a_of_scale_weight=torch.tensor(3e38))
    with pytest.raises(CheckpointError, match=r"model.safetensors: a.weight holds NaN or infinite"):
        tensors["a.weight"].read()


@pytest.mark.parametrize("rows", [False, True])
@torch.no_grad()
def test_a_text_encoder_in_scaled_fp8_stays_so_and_computes_as_if_it_were_wide(tmp_path: Path, rows: bool) -> None:
    path, _ = scaled(text, "scale_weight", rows)(tmp_path)
    wide = load_text_encoder(open_weights(path), WIDTH, CPU, torch.bfloat16, keep_float8=False)
    kept = load_text_encoder(open_weights(path), WIDTH, CPU, torch.bfloat16)
    assert torch.equal(kept(IDS), wide(IDS))
    sizes = [sum(parameter.nbytes for parameter in model.parameters()) for model in (kept, wide)]
    assert sizes[0] < 0.6 * sizes[1]

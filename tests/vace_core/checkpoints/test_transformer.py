"""Loading of transformer weights: strict, and clear about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.vace_core.small import transformer
from vace_core.checkpoints.errors import CheckpointError
from vace_core.checkpoints.transformer import DIFFUSERS, load_strict


def test_weights_written_are_weights_read(tmp_path: Path) -> None:
    source, target = transformer(seed=0), transformer(seed=1)
    save_file(source.state_dict(), tmp_path / "model.safetensors")
    load_strict(target, tmp_path / "model.safetensors")
    assert all(torch.equal(value, target.state_dict()[key]) for key, value in source.state_dict().items())


def test_missing_unknown_and_misshapen_keys_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    model = transformer()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    weights = dict(transformer(seed=1).state_dict())
    weights["blocks.0.extra"] = weights.pop("blocks.0.modulation")
    save_file(weights, tmp_path / "keys.safetensors")
    with pytest.raises(CheckpointError, match=r"keys.safetensors.*blocks.0.modulation.*blocks.0.extra"):
        load_strict(model, tmp_path / "keys.safetensors")
    weights = dict(transformer(seed=1).state_dict(), **{"head.head.bias": torch.zeros(5)})
    save_file(weights, tmp_path / "shapes.safetensors")
    with pytest.raises(CheckpointError, match=r"head.head.bias \(5,\), expected \(64,\)"):
        load_strict(model, tmp_path / "shapes.safetensors")
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.safetensors").write_bytes(b"not weights")
    for name in ("torn.safetensors", "absent.safetensors"):
        with pytest.raises(CheckpointError, match=name):
            load_strict(transformer(), tmp_path / name)


def test_foreign_keys_are_refused_by_name() -> None:
    weights = transformer().state_dict()
    renamed = DIFFUSERS.to(weights)
    renamed["something.else"] = renamed.pop("proj_out.weight")
    with pytest.raises(CheckpointError, match=r"proj_out.weight.*something.else"):
        DIFFUSERS.back(renamed, weights)

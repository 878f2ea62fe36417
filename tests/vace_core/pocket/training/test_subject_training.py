"""Training what finds subjects, very small: it begins with depth's weights and leaves its own."""

import pytest
import torch
from safetensors.torch import load_file

from vace_core.annotators.depth import DepthNet
from vace_core.pocket.loading import store
from vace_core.pocket.training.clips import draw_all
from vace_core.pocket.training.data_parallel import DataParallel
from vace_core.pocket.training.depth_training import SUBJECT, DepthBudget, _overlap_loss, train_to_see


def test_it_goes_on_from_depth_and_leaves_a_network_of_its_own(tmp_path):
    draw_all(tmp_path / "takes", 1, seed=1, workers=1, report=print)
    torch.manual_seed(0)
    store(DepthNet(), "depth", tmp_path)
    before = (tmp_path / "depth.safetensors").read_bytes()
    train_to_see(
        DataParallel(), SUBJECT, tmp_path / "takes", 1, tmp_path, DepthBudget(2, 5, batch=2, rate=1e-3), 0, print
    )
    assert (tmp_path / "depth.safetensors").read_bytes() == before
    depth, subject = (load_file(tmp_path / f"{name}.safetensors")["head.weight"] for name in ("depth", "subject"))
    assert 0 < (depth - subject).abs().max() < 0.01


def test_the_error_falls_with_what_overlaps():
    truth = torch.zeros(1, 1, 8, 8)
    truth[..., :4] = 1
    right, half, wrong = (_overlap_loss(sign * (truth * 8 - 4), truth) for sign in (1.0, 0.0, -1.0))
    assert right < half < wrong
    assert right.item() == pytest.approx(0.03, abs=0.03)

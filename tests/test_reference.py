"""The golden pairs of the published implementations, where they are at hand, and the runner that compares them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.reference import stream_end_to_end
from tests.reference.__main__ import KNOWN, run
from tests.reference.small import architecture
from tests.vace_core.recorded_graphs import RecordedGraphs
from vace_core.transformer import CausalWan

ROOT = Path(__file__).parent.parent
PAIRS = Path(os.environ.get("VACE_REFERENCE", ROOT.parent / "shared" / "reference"))


@pytest.mark.parametrize("name", KNOWN)
@torch.no_grad()
def test_every_case_of_a_pair_is_within_its_tolerance(name: str) -> None:
    if not (PAIRS / f"{name}.safetensors").exists():
        pytest.skip("the reference numbers are not on this machine; set VACE_REFERENCE to their folder")
    lines = list(run(PAIRS, name))
    assert lines
    assert not [str(line) for line in lines if not line.passed]


@torch.no_grad()
def test_whole_streams_agree_too_where_their_network_calls_are_replayed() -> None:
    pair = PAIRS / "stream_end_to_end.safetensors"
    if not pair.exists():
        pytest.skip("the reference numbers are not on this machine; set VACE_REFERENCE to their folder")
    graphs = RecordedGraphs()
    info = json.loads(pair.with_suffix(".json").read_text())
    apart = {
        case: error
        for case, ours, expected, tolerance in stream_end_to_end.cases(load_file(pair), info, lambda device: graphs)
        if (error := (ours - expected).abs().max().item()) > tolerance
    }
    assert not apart
    assert graphs.replayed > graphs.recorded > 0


def test_a_wrong_number_fails_the_runner_by_name(tmp_path: Path) -> None:
    """A pair made here, right but for one output."""
    config = {"dim": 32, "ffn_dim": 32, "num_heads": 2, "num_layers": 1, "text_dim": 8, "text_len": 4, "freq_dim": 8}
    config |= {"vace_in_dim": 96, "vace_layers": [0]}
    torch.manual_seed(0)
    weights = CausalWan(architecture(config)).state_dict()
    tensors = {f"weights.{key}": value for key, value in weights.items()}
    tensors |= {"in.x": torch.randn(16, 1, 4, 4), "in.vace_context": torch.randn(96, 1, 4, 4)}
    tensors |= {"in.context": torch.randn(4, 8), "in.t": torch.tensor([750.0])}
    tensors |= {f"out.scale_{scale}": torch.zeros(16, 1, 4, 4) for scale in (1.0, 0.5, 0.0)}
    save_file(tensors, tmp_path / "vace_batch.safetensors")
    (tmp_path / "vace_batch.json").write_text(json.dumps({"config": config}))
    command = [sys.executable, "-m", "tests.reference", str(tmp_path), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    cases = json.loads(done.stdout)["cases"]
    assert cases[0]["case"] == "scale 1.0"
    assert not cases[0]["passed"]
    assert cases[-1]["case"] == "could not run"

"""The engine's own process."""

import math
import multiprocessing
import pickle
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from backend.engine.messages import Beat, EngineStart, Failed, RingNames
from backend.engine.options import ModelOptions
from backend.engine.process import main
from vace_core.checkpoints.options import LoadOptions


def damaged(path: Path) -> Path:
    """A LoRA as it may lie on a disk that has failed."""
    content = {"diffusion_model.blocks.0.self_attn.q.lora_A.weight": torch.ones(2, 192)}
    content["diffusion_model.blocks.0.self_attn.q.lora_B.weight"] = torch.full((192, 2), math.nan)
    if path.suffix == ".pt":
        path.write_bytes(pickle.dumps(content)[:200])
    else:
        save_file(content, path)
    return path


@pytest.mark.parametrize("name", ["nan.safetensors", "torn.pt", "absent.pt"])
def test_an_engine_that_loads_a_damaged_file_says_so_and_does_not_die_of_it(
    tmp_path: Path, forking: BaseContext, name: str
):
    path = tmp_path / name
    if name != "absent.pt":
        damaged(path)
    ours, theirs = multiprocessing.Pipe()
    options = ModelOptions(device="cpu", weights=LoadOptions(loras=(path,)))
    start = EngineStart("backend.engine.load:load", options, 64, 96, 30.0, RingNames("", "", "", ""))
    process = forking.Process(target=main, args=(theirs, start), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    while isinstance(told := ours.recv(), Beat):
        pass
    process.join(60)
    assert isinstance(told, Failed)
    assert name in told.reason
    assert process.exitcode == 0
